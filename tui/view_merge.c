#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/conf/option.h"
#include "engine/life/event.h"
#include "loggone.h"
#include "logrules.h"
#include "logview.h"
#include "mergescan.h"
#include "mergeview.h"
#include "pane.h"
#include "shown.h"
#include "ui.h"

/* The logs of all processes, or of the marked ones, as one. */

enum {
	NAME_MAX_COLS = 16, NAME_COLORS = 8, SIDE_STEP = 8,
	TOLD_AGAIN = 8,		/* events further on that is looked for */
};

/* Where the parts of a row are. */
struct place {
	int time_x, time_w;	/* w 0: no time */
	int64_t before_ms;	/* of the line above; 0: it is not known */
	int name_x, name_w;
	struct rect text;
};

/* What happens to a process is a line of its own, in the looks of the status
 * that it leads to; the rest is in the list of events. */
static const enum shape event_shapes[EVENT_COUNT] = {
	[EVENT_STARTED] = SHAPE_STARTING, [EVENT_READY] = SHAPE_RUNNING,
	[EVENT_UNREADY] = SHAPE_UNREADY,  [EVENT_PAUSED] = SHAPE_PAUSED,
	[EVENT_CONTINUED] = SHAPE_RUNNING, [EVENT_STOP] = SHAPE_STOPPING,
	[EVENT_KILL] = SHAPE_STOPPING,	  [EVENT_EXIT] = SHAPE_FAILED,
	[EVENT_TIMEOUT] = SHAPE_FAILED,	  [EVENT_BACKOFF] = SHAPE_RETRY,
	[EVENT_GAVE_UP] = SHAPE_FAILED,	  [EVENT_SPAWN_FAILED] = SHAPE_FAILED,
	[EVENT_RESTART] = SHAPE_STARTING, [EVENT_START] = SHAPE_STARTING,
};

/* Those that are merged: what is marked, else the group that the cursor of
 * the list was on, else all. */
static bool
takes_part(struct ui *ui, const struct model_proc *p, bool marks)
{
	const struct pane *pa = ui_pane(ui, (struct model_proc *)p);

	bool hidden = p->row->hidden && !ui->list.hidden;

	if (ui->merge_solo)
		return ui->merge_solo == p->id;
	if (marks)
		return !pa->merge_hidden && pa->mark_no;
	return !pa->merge_hidden && !hidden &&
	       (!ui->merge_group ||
		list_in_group(p->row->group, ui->merge_group));
}

/* What is done about an end tells the end too. */
static bool
told_again(const struct events_view *ev, uint64_t seq, const char *process)
{
	const char *whose;
	int64_t wall_ms;
	int kind;

	for (uint64_t no = seq + 1;
	     no < events_next(ev) && no <= seq + TOLD_AGAIN; no++) {
		(void)events_get(ev, no, &whose, &wall_ms, &kind);
		if (!strcmp(whose, process))
			return kind == EVENT_BACKOFF || kind == EVENT_GAVE_UP;
	}
	return false;
}

/* mergeview_events(): of those that take part. */
static bool
get_event(void *arg, uint64_t seq, struct logline *out)
{
	struct ui *ui = arg;
	const char *process, *text;
	int64_t wall_ms;
	int kind;

	text = events_get(ui->events, seq, &process, &wall_ms, &kind);
	*out = (struct logline){ .seq = seq, .wall_ms = wall_ms,
				 .text = text, .len = strlen(text) };
	if (!event_shapes[kind] || (kind == EVENT_EXIT &&
				    told_again(ui->events, seq, process)))
		return false;
	struct model_proc *p = model_find_name(ui->model, process);
	return p && takes_part(ui, p, ui_marks(ui) > 0);
}

static enum shape
event_shape(const struct events_view *ev, uint64_t seq)
{
	const char *process, *text;
	int64_t wall_ms;
	int kind;

	text = events_get(ev, seq, &process, &wall_ms, &kind);
	return kind == EVENT_EXIT && !strncmp(text, "exit 0", 6)
		       ? SHAPE_DONE
		       : event_shapes[kind];
}

/* mergeview_events(): bad news. */
static bool
event_failed(void *arg, uint64_t seq)
{
	struct ui *ui = arg;
	struct logline l;

	return event_shape(ui->events, seq) == SHAPE_FAILED &&
	       get_event(ui, seq, &l);
}

static int
name_columns(struct ui *ui)
{
	bool marks = ui_marks(ui) > 0;
	int w = 0;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		struct model_proc *p = model_at(ui->model, i);
		if (takes_part(ui, p, marks))
			w = SBX_MAX(w, draw_columns(p->row->name));
	}
	return SBX_MIN(w, NAME_MAX_COLS);
}

static struct place
place_of(struct ui *ui)
{
	struct rect r = ui->layout.main;
	struct place p = { .name_w = name_columns(ui) };
	int x = r.x + ui->layout.gutter;

	/* What is ordered by time shows it where there is room. */
	p.time_w = log_time_columns(ui);
	if (!p.time_w && r.w >= 40)
		p.time_w = LOG_TIME;
	p.time_x = x;
	x += p.time_w;
	p.name_x = x;
	x += p.name_w + 3;
	/* A blank before the scroll bar. */
	int end = r.x + r.w - (ui->layout.scroll >= 0);
	p.text = (struct rect){ r.y, x, r.h, SBX_MAX(end - x, 1) };
	return p;
}

static int
wrapped_rows(const struct logline *line, void *arg)
{
	struct ui *ui = arg;
	struct shown *s = shown_scratch();
	int rows = 0, columns = place_of(ui).text.w;

	if (line->flags & LOGLINE_GAP)
		return 1;
	shown_set(s, line);
	for (size_t off = 0; off < s->text.len; rows++)
		off += shown_cut(&s->text, off, columns);
	return rows;
}

void
merge_sync(struct ui *ui)
{
	struct merge_source s[MERGE_MAX];
	struct merge_events events = {
		events_first(ui->events), events_next(ui->events), get_event,
		event_failed, ui
	};
	bool marks = ui_marks(ui) > 0;
	size_t n = 0;

	if (!model_find(ui->model, ui->merge_solo))
		ui->merge_solo = 0;
	for (size_t i = 0; i < model_count(ui->model) && n < MERGE_MAX; i++) {
		struct model_proc *p = model_at(ui->model, i);
		if (!takes_part(ui, p, marks))
			continue;
		struct pane *pa = ui_pane(ui, p);
		log_ensure(ui, p);
		if (!logview_is_open(pa->log))
			continue;
		s[n++] = (struct merge_source){ p->id, logview_log(pa->log),
						logview_rules(pa->log) };
	}
	mergeview_events(ui->merge, &events);
	mergeview_sources(ui->merge, s, n);
	mergeview_wrap(ui->merge, ui->wrap ? wrapped_rows : NULL, ui);
}

/* NULL when it is gone. */
static struct model_proc *
process_of(struct ui *ui, const struct merge_row *row)
{
	const char *process, *text;
	int64_t wall_ms;
	int kind;

	if (!mergeview_is_event(ui->merge, row))
		return model_find(ui->model,
				  mergeview_source(ui->merge, row->source)->id);
	text = events_get(ui->events, row->seq, &process, &wall_ms, &kind);
	return text ? model_find_name(ui->model, process) : NULL;
}

void
merge_choose(struct ui *ui)
{
	struct merge_row r;

	merge_sync(ui);
	if (!mergeview_current(ui->merge, &r))
		return;
	struct model_proc *p = process_of(ui, &r);
	if (!p)
		return;
	bool solo = ui->merge_solo == p->id;
	const char *again = keymap_key(ui->keymap, MODE_LOG, "mark");
	const char *all = keymap_key(ui->keymap, MODE_LOG, "unmark");
	ui->merge_solo = solo ? 0 : p->id;
	ui_pane(ui, p)->merge_hidden = solo;
	if (solo)
		ui_toast(ui, TOAST_INFO, "%.64s is hidden; %s shows all again",
			 p->row->name, all ? all : ":unmark");
	else
		ui_toast(ui, TOAST_INFO, "only %.64s; %s again hides it, %s "
			 "shows all", p->row->name, again ? again : ":mark",
			 all ? all : ":unmark");
	ui->dirty = true;
}

void
merge_show_all(struct ui *ui)
{
	ui->merge_solo = 0;
	for (size_t i = 0; i < model_count(ui->model); i++)
		ui_pane(ui, model_at(ui->model, i))->merge_hidden = false;
	ui->dirty = true;
}

size_t
merge_hidden(const struct ui *ui)
{
	size_t n = 0;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct pane *pa = model_at(ui->model, i)->user;
		n += pa && pa->merge_hidden;
	}
	return n;
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

	merge_sync(ui);
	if (!mergeview_current(ui->merge, &r))
		return;
	struct model_proc *p = process_of(ui, &r);
	bool line = !mergeview_is_event(ui->merge, &r);
	if (!p)
		return;
	uint32_t id = p->id;
	ui_show_merged(ui, false);
	ui->chosen = true;
	ui_select(ui, id);
	p = ui_selected(ui);
	ui_set_mode(ui, MODE_LOG);
	if (p && p->id == id) {
		ui->log_of_tty = p->row->tty;
		ui_relayout(ui);
		if (line)
			logview_goto(ui_pane(ui, p)->log, r.seq, true);
	}
}

/* "name.api" of the theme, else one of its eight in turn. */
static struct style
name_style(const struct ui *ui, const struct model_proc *p)
{
	char role[32];

	/* By its place in the set: what is listed may change. */
	snprintf(role, sizeof(role), "name.%u",
		 p->row->order % NAME_COLORS + 1);
	struct style st = theme_named(ui->theme, role);
	char *own = mem_fmt("name.%s", p->row->name);
	struct style text = ui_style(ui, ROLE_TEXT);
	struct style named = theme_named(ui->theme, own);
	free(own);
	if (named.fg != text.fg || named.attrs != text.attrs)
		st = named;
	return st;
}

static void
draw_head(struct ui *ui, const struct place *at, int y,
	  const struct model_proc *p, const struct logline *l)
{
	struct pen name = ui_pen(ui, ui->layout.main, ROLE_TEXT);

	log_put_time(ui, y, at->time_x, at->time_w, l->wall_ms,
		     at->before_ms ? at->before_ms : l->wall_ms);
	name.style = name_style(ui, p);
	draw_cut(&name, y, at->name_x, at->name_w, p->row->name,
		 ui_glyph(ui, GLYPH_MORE));
}

/* The sign of what has happened, and its style. */
static struct style
draw_event_sign(struct ui *ui, int y, const struct logline *l, bool here)
{
	struct pen pen = ui_pen(ui, ui->layout.main, ROLE_GUTTER);
	enum shape shape = event_shape(ui->events, l->seq);

	pen.style = theme_named(ui->theme, shape_get(shape)->role);
	if (here || ui->layout.gutter == 0)
		draw_gutter(ui, y, 0, here);
	else
		draw_text(&pen, y, ui->layout.main.x, ui_shape(ui, shape));
	return pen.style;
}

/* One line from its row `sub` on; returns the number of rows. */
static int
draw_line(struct ui *ui, struct place *at, int y,
	  const struct merge_row *row, int sub, bool here)
{
	struct model_proc *p = process_of(ui, row);
	bool event = mergeview_is_event(ui->merge, row);
	int end = ui->layout.main.y + ui->layout.main.h, first = y;
	struct logrules *rules =
		event ? NULL
		      : mergeview_source(ui->merge, row->source)->rules;
	struct pen pen = ui_pen(ui, ui->layout.main, ROLE_TEXT);
	struct shown *s = shown_scratch();
	struct logline l;
	char missing[LOGGONE_TEXT_MAX];
	size_t from = 0;

	if (!p || !mergeview_line(ui->merge, row, &l))
		return 1;
	bool gap = l.flags & LOGLINE_GAP;
	int level = rules && !gap ? logrules_level(rules, &l) : 0;
	struct style style = shown_style(ui, level);
	if (sub == 0) {
		draw_head(ui, at, y, p, &l);
		at->before_ms = l.wall_ms;
		if (event)
			style = draw_event_sign(ui, y, &l, here);
		else
			draw_gutter(ui, y, level, here);
	}
	if (gap)
		l = (struct logline){ .text = missing,
				      .len = loggone_text(&l, missing) };
	shown_set(s, &l);
	shown_find(s, mergeview_find(ui->merge));
	for (int i = 0; ui->wrap && i < sub; i++)
		from += shown_cut(&s->text, from, at->text.w);
	do {
		size_t to = ui->wrap ? from + shown_cut(&s->text, from,
							at->text.w)
				     : s->text.len;
		ui_text(ui, &pen, y, at->text.x - 2, ROLE_BORDER,
			ui_glyph(ui, GLYPH_SEPARATOR));
		if (shown_draw(ui, at->text, y, s, from, to,
			       ui->wrap ? 0 : ui->merge_left, style, here))
			ui_text(ui, &pen, y, at->text.x + at->text.w - 1,
				ROLE_TEXT_DIM, ui_glyph(ui, GLYPH_CUT));
		from = to;
		y++;
	} while (from < s->text.len && y < end);
	return y - first;
}

/* Where the window is, and what lies where. */
static void
draw_scroll_bar(struct ui *ui, int shown)
{
	static const enum role roles[] = {
		[TICK_ERROR] = ROLE_SCROLL_TICK, [TICK_HIT] = ROLE_SCROLL_TICK,
		[TICK_FAILED] = ROLE_STATUS_FAILED,
	};
	const struct layout *l = &ui->layout;
	const struct mergescan *scan = mergeview_scan(ui->merge);
	struct rect r = { l->main.y, l->scroll, l->main.h, 1 };
	uint64_t above, all, h = (uint64_t)SBX_MAX(r.h, 1);

	if (l->scroll < 0)
		return;
	mergeview_share(ui->merge, &above, &all);
	for (int y = 0; y < r.h; y++) {
		uint64_t a = all * (uint64_t)y / h;
		uint64_t b = all * ((uint64_t)y + 1) / h;
		bool thumb = all > h && b > above &&
			     a < above + (uint64_t)shown;
		enum merge_tick tick = mergescan_tick(scan, y);
		struct pen pen = ui_pen(ui, r, tick ? roles[tick]
					: thumb	    ? ROLE_SCROLL_THUMB
						    : ROLE_SCROLL);
		/* A tick in the thumb must not hide the thumb. */
		if (tick && thumb)
			pen.style.attrs |= VT_REVERSE;
		draw_text(&pen, r.y + y, r.x,
			  tick == TICK_HIT	? ui_glyph(ui, GLYPH_TICK)
			  : tick == TICK_FAILED ? ui_shape(ui, SHAPE_FAILED)
			  : tick		? "!"
			  : ui_glyph(ui, thumb ? GLYPH_THUMB : GLYPH_TRACK));
	}
}

static void
draw(struct ui *ui)
{
	struct rect r = ui->layout.main;
	int skip, y = r.y;

	if (rect_empty(r))
		return;
	merge_sync(ui);
	struct place at = place_of(ui);
	struct merge_row *rows = mem_array((size_t)r.h, sizeof(*rows));
	int n = mergeview_fill(ui->merge, rows, r.h, &skip);
	int cursor = mergeview_cursor(ui->merge);
	for (int i = 0; i < n && y < r.y + r.h; i++) {
		int used = draw_line(ui, &at, y, &rows[i], i ? 0 : skip,
				     i == cursor);
		/* For the mouse: which line is there. */
		for (; used-- > 0; y++)
			ui->text_rows[y].line = (uint64_t)i;
	}
	free(rows);
	draw_scroll_bar(ui, n);
	ui->wants |= UI_AGAIN;
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
		mergeview_set_cursor(ui->merge,
				     (int)ui->text_rows[m->row].line);
	ui->dirty = true;
	return true;
}

const struct view view_merge = { draw, scroll, mouse };
