#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/buf.h"
#include "engine/clock.h"
#include "engine/mem.h"
#include "engine/option.h"
#include "logrules.h"
#include "logview.h"
#include "mergeview.h"
#include "pane.h"
#include "shown.h"
#include "status_text.h"
#include "ui.h"

/* The logs of all processes, or of the marked ones, as one. */

enum { NAME_MAX_COLS = 16, NAME_COLORS = 8, SIDE_STEP = 8 };

/* Those that are merged: what is marked, else all that are listed. */
static bool
takes_part(struct ui *ui, const struct model_proc *p, bool marks)
{
	const struct pane *pa = ui_pane(ui, (struct model_proc *)p);

	return !pa->merge_hidden && (!marks || pa->mark_no);
}

void
merge_sync(struct ui *ui)
{
	struct merge_source s[MERGE_MAX];
	bool marks = ui_marks(ui) > 0;
	size_t n = 0;

	for (size_t i = 0; i < ui->list.count && n < MERGE_MAX; i++) {
		struct model_proc *p =
			model_find(ui->model, ui->list.entries[i].id);
		if (!p || !takes_part(ui, p, marks))
			continue;
		struct pane *pa = ui_pane(ui, p);
		log_ensure(ui, p);
		if (!logview_is_open(pa->log))
			continue;
		s[n++] = (struct merge_source){ p->id, logview_log(pa->log),
						logview_rules(pa->log) };
	}
	mergeview_sources(ui->merge, s, n);
}

void
merge_hide(struct ui *ui)
{
	struct merge_row r;

	merge_sync(ui);
	if (!mergeview_current(ui->merge, &r))
		return;
	struct model_proc *p = model_find(
		ui->model, mergeview_source(ui->merge, r.source)->id);
	if (!p)
		return;
	ui_pane(ui, p)->merge_hidden = true;
	ui_toast(ui, TOAST_INFO, "%.80s is hidden; U shows all again",
		 p->row->name);
}

void
merge_show_all(struct ui *ui)
{
	for (size_t i = 0; i < model_count(ui->model); i++)
		ui_pane(ui, model_at(ui->model, i))->merge_hidden = false;
	ui->dirty = true;
}

void
merge_copy(struct ui *ui)
{
	struct merge_row r;
	struct logline l;
	struct buf text;

	merge_sync(ui);
	if (!mergeview_current(ui->merge, &r) ||
	    !mergeview_line(ui->merge, &r, &l))
		return;
	buf_init(&text, SHOWN_LINE_BYTES);
	log_harmless(&text, l.text, l.len);
	size_t len = text.len;
	ui_copy(ui, buf_take(&text), len, "1 line");
}

void
merge_open(struct ui *ui)
{
	struct merge_row r;
	uint32_t id;

	merge_sync(ui);
	if (!mergeview_current(ui->merge, &r))
		return;
	id = mergeview_source(ui->merge, r.source)->id;
	ui_show_merged(ui, false);
	ui->chosen = true;
	ui_select(ui, id);
	struct model_proc *p = ui_selected(ui);
	ui_set_mode(ui, MODE_LOG);
	if (p && p->id == id) {
		ui->log_of_tty = p->row->tty;
		ui_relayout(ui);
		logview_goto(ui_pane(ui, p)->log, r.seq);
	}
}

static int
name_columns(struct ui *ui)
{
	int w = 0;

	for (size_t i = 0; i < mergeview_count(ui->merge); i++) {
		struct model_proc *p = model_find(
			ui->model, mergeview_source(ui->merge, i)->id);
		w = SBX_MAX(w, p ? draw_columns(p->row->name) : 0);
	}
	return SBX_MIN(w, NAME_MAX_COLS);
}

/* "name.api" of the theme, else one of its eight in turn. */
static struct style
name_style(const struct ui *ui, const struct model_proc *p)
{
	char role[32];
	int no = list_index(ui, p->id);

	snprintf(role, sizeof(role), "name.%d",
		 SBX_MAX(no, 0) % NAME_COLORS + 1);
	struct style st = theme_named(ui->theme, role);
	char *own = mem_fmt("name.%s", p->row->name);
	struct style text = ui_style(ui, ROLE_TEXT);
	struct style named = theme_named(ui->theme, own);
	free(own);
	if (named.fg != text.fg || named.attrs != text.attrs)
		st = named;
	return st;
}

static int
draw_time(struct ui *ui, const struct pen *pen, int y, int x, int64_t ms)
{
	char hms[16];

	if (options_number(ui->options, OPTION_TIMESTAMPS) == 0 &&
	    pen->clip.w < 40)
		return x;
	clock_hms(hms, sizeof(hms), ms);
	return ui_text(ui, pen, y, x, ROLE_TIME, hms) + 1;
}

static void
draw_row(struct ui *ui, int y, const struct merge_row *row, int name_w,
	 bool here)
{
	const struct merge_source *src =
		mergeview_source(ui->merge, row->source);
	struct model_proc *p = model_find(ui->model, src->id);
	struct rect r = ui->layout.main;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	struct shown *s = shown_scratch();
	struct logline l;

	if (!p || !mergeview_line(ui->merge, row, &l))
		return;
	int level = src->rules && !(l.flags & LOGLINE_GAP)
			    ? logrules_level(src->rules, &l)
			    : 0;
	draw_gutter(ui, y, level, here);
	int x = draw_time(ui, &pen, y, r.x + ui->layout.gutter, l.wall_ms);
	struct pen name = pen;
	name.style = name_style(ui, p);
	draw_cut(&name, y, x, name_w, p->row->name, ui_glyph(ui, GLYPH_MORE));
	x = ui_text(ui, &pen, y, x + name_w + 1, ROLE_BORDER,
		    ui_glyph(ui, GLYPH_SEPARATOR)) + 1;
	if (l.flags & LOGLINE_GAP) {
		ui_text(ui, &pen, y, x, ROLE_LOG_NOTE,
			"bytes are missing here");
		return;
	}
	struct rect text = { r.y, x, r.h, r.x + r.w - x };
	if (ui->layout.scroll >= 0)
		text.w--;
	shown_set(s, &l);
	shown_find(s, mergeview_find(ui->merge));
	if (shown_draw(ui, text, y, s, 0, s->text.len, ui->merge_left,
		       shown_style(ui, level), here))
		ui_text(ui, &pen, y, text.x + text.w - 1, ROLE_TEXT_DIM,
			ui_glyph(ui, GLYPH_CUT));
}

static void
draw(struct ui *ui)
{
	struct rect r = ui->layout.main;

	if (rect_empty(r))
		return;
	merge_sync(ui);
	struct merge_row *rows = mem_array((size_t)r.h, sizeof(*rows));
	int n = mergeview_fill(ui->merge, rows, r.h), name_w = name_columns(ui);
	int cursor = mergeview_cursor(ui->merge);
	for (int i = 0; i < n; i++)
		draw_row(ui, r.y + i, &rows[i], name_w, i == cursor);
	free(rows);
	if (n == 0)
		ui_text(ui, &(struct pen){ ui->canvas, r,
					   ui_style(ui, ROLE_TEXT) },
			r.y, r.x + ui->layout.gutter, ROLE_TEXT_DIM,
			"no lines");
}

static void
scroll(struct ui *ui, enum view_scroll how, int n)
{
	int h = SBX_MAX(ui->layout.main.h, 1);

	merge_sync(ui);
	switch (how) {
	case VIEW_ROWS:
		mergeview_move(ui->merge, n);
		break;
	case VIEW_HALF:
		mergeview_scroll(ui->merge, n * SBX_MAX(h / 2, 1));
		break;
	case VIEW_PAGE:
		mergeview_scroll(ui->merge, n * SBX_MAX(h - 1, 1));
		break;
	case VIEW_TOP:
		mergeview_top(ui->merge);
		break;
	case VIEW_BOTTOM:
		mergeview_follow(ui->merge);
		break;
	case VIEW_SIDE:
		ui->merge_left = SBX_MAX(ui->merge_left + n * SIDE_STEP, 0);
		ui->merge_left = SBX_MIN(ui->merge_left, SHOWN_LINE_BYTES);
		break;
	}
	ui->dirty = true;
}

static bool
mouse(struct ui *ui, const struct vt_mouse *m)
{
	int lines = (int)options_number(ui->options, OPTION_SCROLL_LINES);
	bool up = m->button == VT_BUTTON_WHEEL_UP;

	if (m->kind != VT_MOUSE_PRESS)
		return false;
	merge_sync(ui);
	if (up || m->button == VT_BUTTON_WHEEL_DOWN)
		mergeview_scroll(ui->merge, up ? -lines : lines);
	else if (m->button == VT_BUTTON_LEFT)
		mergeview_set_cursor(ui->merge, m->row - ui->layout.main.y);
	ui->dirty = true;
	return true;
}

const struct view view_merge = { draw, scroll, mouse };
