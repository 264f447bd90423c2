#include "view.h"

#include <string.h>
#include "engine/base/base.h"
#include "pane.h"
#include "ui.h"

/* Room for all of the panes: what the main one would have alone. */
static struct rect
area(const struct layout *l)
{
	struct rect r = l->main_title;

	r.h += l->main.h;
	return r;
}

static void
use(struct layout *l, struct rect r)
{
	l->main_title = (struct rect){ r.y, r.x, 1, r.w };
	l->main = (struct rect){ r.y + 1, r.x, r.h - 1, r.w - 1 };
	l->scroll = r.x + r.w - 1;
}

bool
split_has(const struct ui *ui, uint32_t id)
{
	for (size_t i = 0; i < ui->split_count; i++)
		if (ui->split[i] == id)
			return true;
	return false;
}

/* Where the panes are; false when they have no room now. */
static bool
places(const struct ui *ui, struct rect *out)
{
	struct rect r = ui->split_area;

	return ui->split_count > 0 && !ui->zoom && !ui->merged &&
	       !rect_empty(r) && layout_split(r, (int)ui->split_count, out);
}

bool
split_open(struct ui *ui, const uint32_t *ids, size_t count)
{
	struct rect parts[SPLIT_MAX];

	if (ui->layout.kind == LAYOUT_ONE || ui->layout.kind == LAYOUT_TINY ||
	    count > SPLIT_MAX ||
	    !layout_split(area(&ui->layout), (int)count, parts))
		return false;
	memcpy(ui->split, ids, count * sizeof(*ids));
	ui->split_count = count;
	ui->zoom = false;
	for (size_t i = 0; i < count; i++) {
		struct model_proc *p = model_find(ui->model, ids[i]);
		log_ensure(ui, p);
		if (p)
			ui_pane(ui, p)->log_stale = true;
	}
	ui_relayout(ui);
	return true;
}

void
split_close(struct ui *ui)
{
	ui->split_count = 0;
	ui_relayout(ui);
}

void
split_place(struct ui *ui)
{
	struct rect parts[SPLIT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ui->split_count; i++)
		if (model_find(ui->model, ui->split[i]))
			ui->split[n++] = ui->split[i];
	ui->split_count = n > 1 ? n : 0;
	ui->split_area = area(&ui->layout);
	/* A smaller window: the selected one alone, until there is room. */
	if (!places(ui, parts))
		return;
	for (size_t i = 0; i < ui->split_count; i++)
		if (ui->split[i] == ui->selected) {
			use(&ui->layout, parts[i]);
			return;
		}
	ui->layout.main = ui->layout.main_title = (struct rect){ 0, 0, 0, 0 };
	ui->layout.scroll = -1;
}

uint32_t
split_next(const struct ui *ui, int direction)
{
	int at = direction > 0 ? -1 : (int)ui->split_count;

	for (size_t i = 0; ui->mode != MODE_LIST && i < ui->split_count; i++)
		if (ui->split[i] == ui->selected)
			at = (int)i;
	at += direction;
	return at >= 0 && at < (int)ui->split_count ? ui->split[at] : 0;
}

uint32_t
split_at(struct ui *ui, int y, int x)
{
	struct rect parts[SPLIT_MAX];

	if (!places(ui, parts))
		return 0;
	for (size_t i = 0; i < ui->split_count; i++)
		if (rect_holds(parts[i], y, x))
			return ui->split[i];
	return 0;
}

/* The panes of the others, each as if it were the selected one; the selected
 * one is drawn as always. */
void
split_draw(struct ui *ui)
{
	struct rect parts[SPLIT_MAX];
	struct layout layout = ui->layout;
	uint32_t selected = ui->selected;
	bool log_of_tty = ui->log_of_tty;

	if (!places(ui, parts))
		return;
	ui->other = true;
	/* The engine sends the picture of one terminal only. */
	ui->log_of_tty = true;
	for (size_t i = 0; i < ui->split_count; i++) {
		if (ui->split[i] == selected)
			continue;
		ui->selected = ui->split[i];
		use(&ui->layout, parts[i]);
		bar_main_title(ui);
		view_main(ui)->draw(ui);
	}
	ui->other = false;
	ui->log_of_tty = log_of_tty;
	ui->selected = selected;
	ui->layout = layout;
}
