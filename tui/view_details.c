#include "view.h"

#include <stdlib.h>
#include "details_page.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "sheet.h"
#include "ui.h"

/* The details of the selected process, beside its log. */

enum { ASK_MS = 1000, WHEEL_LINES = 3 };

struct details_view {
	uint32_t proc;		/* whose facts these are */
	struct page_facts facts;
	uint64_t at_asked_ms;
	int top, lines;		/* as last drawn */
};

struct details_view *
details_new(void)
{
	return mem_alloc(sizeof(struct details_view));
}

void
details_free(struct details_view *d)
{
	if (!d)
		return;
	page_facts_fini(&d->facts);
	free(d);
}

static void
on_details(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;

	(void)c;
	if (!ui->details->proc || page_answer(a) != ui->details->proc)
		return;
	page_facts_take(&ui->details->facts, a->reply->text, clock_ms());
	ui->dirty = true;
}

void
view_details_tick(struct ui *ui)
{
	struct details_view *d = ui->details;
	struct model_proc *p = ui_selected(ui);

	if (!p || rect_empty(ui->layout.details))
		return;
	if (d->proc != p->id) {
		page_facts_fini(&d->facts);
		*d = (struct details_view){ .proc = p->id };
	} else if (clock_ms() - d->at_asked_ms < ASK_MS) {
		return;
	}
	d->at_asked_ms = clock_ms();
	page_ask(ui, p, on_details);
}

void
view_details_draw(struct ui *ui)
{
	struct details_view *d = ui->details;
	struct rect r = ui->layout.details;
	struct model_proc *p = ui_selected(ui);
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	struct pen title = ui_pen(ui, ui->layout.details_title, ROLE_TITLE);

	if (!p || rect_empty(r))
		return;
	view_details_tick(ui);
	int x = draw_cut(&title, title.clip.y, r.x + 1, r.w - 12, p->row->name,
			 ui_glyph(ui, GLYPH_MORE));
	ui_text(ui, &title, title.clip.y, x + 2, ROLE_TEXT_DIM, "details");
	struct page page = { .cols = r.w };
	page_make(&page, PAGE_SIDE, ui, p, &d->facts, false);
	d->lines = (int)page.count;
	d->top = SBX_MAX(0, SBX_MIN(d->top, d->lines - r.h));
	for (int y = 0; y < r.h && d->top + y < d->lines; y++)
		page_draw(ui, &pen, r.y + y, &page.lines[d->top + y]);
	page_fini(&page);
}

bool
view_details_mouse(struct ui *ui, const struct vt_mouse *m)
{
	struct rect title = ui->layout.details_title;

	if (m->kind != VT_MOUSE_PRESS ||
	    (!rect_holds(ui->layout.details, m->row, m->col) &&
	     !rect_holds(title, m->row, m->col)))
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP)
		ui->details->top -= WHEEL_LINES;
	else if (m->button == VT_BUTTON_WHEEL_DOWN)
		ui->details->top += WHEEL_LINES;
	else if (m->button == VT_BUTTON_LEFT && m->row == title.y)
		sheet_details_open(ui);
	ui->dirty = true;
	return true;
}
