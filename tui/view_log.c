#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/utf8.h"
#include "engine/client/client.h"
#include "engine/conf/option.h"
#include "engine/log/strip.h"
#include "engine/spec/spec.h"
#include "filters.h"
#include "loggone.h"
#include "logrules.h"
#include "logview.h"
#include "pane.h"
#include "sheet.h"
#include "shown.h"
#include "status_text.h"
#include "ui.h"

enum {
	SIDE_STEP = 8,
	NARROW = 60,
};

/* Where the parts of a log row are, and how lines are shown. */
struct log_place {
	struct rect text;	/* without gutter and time */
	int time_x;
	int time_columns;
	bool wrap;
	int left;
};

static int
time_mode(const struct ui *ui)
{
	return (int)options_number(ui->options, OPTION_TIMESTAMPS);
}

enum { TIME_OFF, TIME_TIME, TIME_DATE, TIME_DELTA };

int
log_time_columns(const struct ui *ui)
{
	bool narrow = canvas_cols(ui->canvas) < NARROW;

	switch (time_mode(ui)) {
	case TIME_TIME:
		return narrow ? LOG_TIME_SHORT : LOG_TIME;
	case TIME_DATE:
		return LOG_TIME_DATE;
	case TIME_DELTA:
		return LOG_TIME_DELTA;
	default:
		return 0;
	}
}

static struct log_place
place_of(const struct ui *ui, const struct pane *pa)
{
	const struct layout *l = &ui->layout;
	struct log_place p = { .wrap = ui->wrap };

	p.time_columns = log_time_columns(ui);
	if (p.time_columns + l->gutter + 8 > l->main.w)
		p.time_columns = 0;
	p.time_x = l->main.x + l->gutter;
	p.text = l->main;
	p.text.x += l->gutter + p.time_columns;
	p.text.w -= l->gutter + p.time_columns;
	/* A blank before the scroll bar. */
	if (l->scroll >= 0)
		p.text.w--;
	p.text.w = SBX_MAX(p.text.w, 1);
	p.left = p.wrap ? 0 : pa->left;
	return p;
}

struct wrap_arg {
	int columns;
	struct shown *shown;
};

static int
wrapped_rows(const struct logline *line, void *arg)
{
	struct wrap_arg *w = arg;
	int rows = 0;

	shown_set(w->shown, line);
	for (size_t off = 0; off < w->shown->text.len; rows++)
		off += shown_cut(&w->shown->text, off, w->columns);
	return rows;
}

void
log_put_time(const struct ui *ui, int y, int x, int columns, int64_t wall_ms,
	     int64_t before_ms)
{
	struct pen pen = ui_pen(ui, ui->layout.main, ROLE_TIME);
	double s = (double)(wall_ms - before_ms) / 1000;
	time_t t = (time_t)(wall_ms / 1000);
	char hms[16];
	struct tm tm;

	clock_hms(hms, sizeof(hms), wall_ms);
	if (columns == LOG_TIME_SHORT) {
		draw_text(&pen, y, x, hms + 3);
	} else if (columns == LOG_TIME) {
		draw_text(&pen, y, x, hms);
	} else if (columns == LOG_TIME_DATE) {
		localtime_r(&t, &tm);
		draw_fmt(&pen, y, x, "%02d-%02d %s", tm.tm_mon + 1,
			 tm.tm_mday, hms);
	} else if (columns == LOG_TIME_DELTA && s < 99999) {
		draw_fmt(&pen, y, x, "%+9.3f", s);
	}
}

static void
draw_time(const struct ui *ui, const struct log_place *p, int y,
	  const struct logline *l, struct logview *lv)
{
	struct logline before = *l;

	if (p->time_columns == LOG_TIME_DELTA && l->seq > 1 &&
	    logread_place(logview_log(lv), l->seq - 1, &before) != 1)
		before = *l;
	log_put_time(ui, y, p->time_x, p->time_columns, l->wall_ms,
		     before.wall_ms);
}

static void
draw_gap(const struct ui *ui, const struct log_place *p, int y,
	 const struct logline *l)
{
	struct pen pen = ui_pen(ui, p->text, ROLE_LOG_NOTE);
	const char *line = ui_glyph(ui, GLYPH_LINE);
	char text[LOGGONE_TEXT_MAX];

	(void)loggone_text(l, text);
	draw_fmt(&pen, y, p->text.x, "%s%s %s %s%s", line, line, text, line,
		 line);
}

/* The start of a run, or a line that was drawn by hand. */
static void
draw_rule(const struct ui *ui, const struct log_place *p, int y,
	  const struct logview_row *r)
{
	bool mark = r->kind == LOGVIEW_MARK;
	struct rect all = ui->layout.main;
	struct pen pen = ui_pen(ui, all, mark ? ROLE_MARK : ROLE_LOG_NOTE);
	const char *line = ui_glyph(ui, GLYPH_LINE);
	char hms[16];

	/* Over the column of times too: it has one of its own. */
	if (ui->layout.gutter > 0)
		draw_text(&pen, y, all.x, line);
	int x = draw_repeat(&pen, y, all.x + ui->layout.gutter, line, 2);

	clock_hms(hms, sizeof(hms), r->run_ms);
	x = draw_fmt(&pen, y, x, " %s %llu %s%s %s ", mark ? "mark" : "run",
		     (unsigned long long)r->run, line, line, hms);
	draw_repeat(&pen, y, x, line, p->text.x + p->text.w - x);
}

void
draw_gutter(const struct ui *ui, int y, int level, bool current)
{
	struct pen pen = ui_pen(ui, ui->layout.main, ROLE_GUTTER);
	int x = ui->layout.main.x;

	if (ui->layout.gutter == 0)
		return;
	if (current)
		ui_text(ui, &pen, y, x, ROLE_GUTTER_MARK,
			ui_glyph(ui, GLYPH_CURSOR));
	else if (level == SPEC_LEVEL_ERROR)
		ui_text(ui, &pen, y, x, ROLE_GUTTER_ERROR, "!");
	else if (level == SPEC_LEVEL_WARN)
		ui_text(ui, &pen, y, x, ROLE_GUTTER_WARN, "~");
	else if (level == SPEC_LEVEL_INFO)
		ui_text(ui, &pen, y, x, ROLE_GUTTER_WATCH, "+");
}

static void
draw_row(struct ui *ui, const struct log_place *p, int y, struct logview *lv,
	 const struct logview_row *row)
{
	struct shown *s = shown_scratch();
	struct logrules *rules = logview_rules(lv);
	struct logline l;
	size_t from = 0, to;

	if (row->kind == LOGVIEW_RUN || row->kind == LOGVIEW_MARK) {
		draw_rule(ui, p, y, row);
		return;
	}
	if (!logview_line(lv, row, SHOWN_LINE_BYTES, &l))
		return;
	if (l.flags & LOGLINE_GAP) {
		draw_gap(ui, p, y, &l);
		return;
	}
	bool current = row->kind == LOGVIEW_LINE &&
		       row->seq == logview_hit(lv);
	int level = rules ? logrules_level(rules, &l) : 0;
	shown_set(s, &l);
	shown_find(s, logview_find(lv));
	to = s->text.len;
	for (int i = 0; p->wrap && i < row->sub; i++)
		from += shown_cut(&s->text, from, p->text.w);
	if (p->wrap)
		to = from + shown_cut(&s->text, from, p->text.w);
	if (row->kind == LOGVIEW_LINE && !ui->other)
		ui->text_rows[y] = (struct text_row){
			.used = true, .line = row->seq, .x = p->text.x,
			.w = p->text.w,
			.col = p->left + utf8_columns(buf_str(&s->text), from),
		};
	if (row->sub == 0) {
		draw_gutter(ui, y, level, current);
		draw_time(ui, p, y, &l, lv);
	}
	if (shown_draw(ui, p->text, y, s, from, to, p->left,
		      shown_style(ui, level), current)) {
		struct pen pen = ui_pen(ui, p->text, ROLE_TEXT_DIM);
		draw_text(&pen, y, p->text.x + p->text.w - 1,
			  ui_glyph(ui, GLYPH_CUT));
	}
}

static void
draw_scroll_bar(struct ui *ui, struct logview *lv)
{
	const struct layout *l = &ui->layout;
	struct rect r = { l->main.y, l->scroll, l->main.h, 1 };
	struct pen pen = ui_pen(ui, r, ROLE_SCROLL);
	struct logrules *rules = logview_rules(lv);
	uint64_t n = logview_count(lv), first = 1;

	if (l->scroll < 0 || !logview_log(lv))
		return;
	first = logread_first_seq(logview_log(lv));
	uint64_t h = (uint64_t)SBX_MAX(r.h, 1);
	uint64_t from = logview_first_shown(lv), to = logview_last_shown(lv);
	for (int y = 0; y < r.h; y++) {
		uint64_t a = first + n * (uint64_t)y / h;
		uint64_t b = first + n * ((uint64_t)y + 1) / h;
		const char *g = ui_glyph(ui, GLYPH_TRACK);
		bool thumb = n > h && from && a <= to && b > from;
		enum role role = thumb ? ROLE_SCROLL_THUMB : ROLE_SCROLL;
		if (b <= a)
			b = a + 1;
		if (thumb)
			g = ui_glyph(ui, GLYPH_THUMB);
		if (n > h && logview_hit_in(lv, a, b)) {
			role = ROLE_SCROLL_TICK;
			g = ui_glyph(ui, GLYPH_TICK);
		} else if (n > h && rules && logrules_any(rules, a, b)) {
			role = ROLE_SCROLL_TICK;
			g = "!";
		}
		struct pen own = pen;
		own.style = ui_style(ui, role);
		/* A tick in the thumb must not hide the thumb. */
		if (thumb && role == ROLE_SCROLL_TICK)
			own.style.attrs |= VT_REVERSE;
		draw_text(&own, r.y + y, r.x, g);
	}
}

static void
on_log(struct client *c, const struct client_answer *a, void *arg)
{
	struct ui *ui = arg;
	struct err e = ERR_INIT;

	(void)c;
	if (a->err) {
		ui_toast(ui, TOAST_WARN, "%s", a->err->text);
		return;
	}
	/* The answer begins like a GROW: the process it is of. */
	struct proto_grow g;
	if (proto_get_grow(a->frame->data, a->frame->len, &g) < 0 ||
	    a->frame->nfds < 1)
		return;
	struct model_proc *p = model_find(ui->model, g.proc);
	if (!p)
		return;
	struct pane *pa = ui_pane(ui, p);
	if (logview_open(pa->log, a->frame->fds[0], &e) < 0)
		ui_toast(ui, TOAST_WARN, "%s", e.text);
	ui->dirty = true;
	ui->wants |= UI_AGAIN;
}

void
log_ensure(struct ui *ui, struct model_proc *p)
{
	if (!p || !ui->client)
		return;
	struct pane *pa = ui_pane(ui, p);
	if (pa->log_asked)
		return;
	if (client_log_open(ui->client, p->id, on_log, ui) == 0)
		pa->log_asked = true;
}

void
log_show_watch(struct ui *ui, struct model_proc *p,
	       const struct proto_value *v)
{
	struct logview *lv = ui_pane(ui, p)->log;
	bool open = logview_is_open(lv);
	struct logline l;

	if (!v->seq) {
		ui_toast(ui, TOAST_INFO, "no line has matched %.64s yet",
			 v->name);
	} else if (!open) {
		ui_toast(ui, TOAST_WARN, "the log is not there yet");
	} else if (logread_place(logview_log(lv), v->seq, &l) != 1) {
		ui_toast(ui, TOAST_WARN, "the last line of %.64s, %llu, has "
			 "fallen out of the log", v->name,
			 (unsigned long long)v->seq);
	} else {
		uint64_t now = p->row->run;
		sheet_close_all(ui);
		ui_select(ui, p->id);
		ui_set_mode(ui, MODE_LOG);
		ui->log_of_tty = p->row->tty;
		ui_relayout(ui);
		if (!logview_goto(lv, v->seq, true))
			ui_toast(ui, TOAST_WARN, "line %llu is hidden by a "
				 "filter, or cleared away",
				 (unsigned long long)v->seq);
		else if (l.run && l.run != now)
			ui_toast(ui, TOAST_INFO, "the last line of %.64s is "
				 "of run %llu; this is run %llu", v->name,
				 (unsigned long long)l.run,
				 (unsigned long long)now);
	}
}

void
log_harmless(struct buf *out, const char *text, size_t len)
{
	char *plain = mem_alloc(len + 1);
	size_t n = strip_text(text, len, plain);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)plain[i];
		bool c1 = c == 0xc2 && i + 1 < n &&
			  ((unsigned char)plain[i + 1] & 0xe0) == 0x80;
		if (c1)
			i++;
		else if ((c >= 0x20 && c != 0x7f) || c == '\t')
			buf_addc(out, (char)c);
	}
	free(plain);
}

bool
log_text(struct ui *ui, uint64_t line, bool raw, struct buf *out)
{
	struct model_proc *p = ui_selected(ui);
	struct shown *s = shown_scratch();
	struct logview_row row = { .kind = LOGVIEW_LINE, .seq = line };
	struct logline l;

	if (!p || !logview_line(ui_pane(ui, p)->log, &row, SHOWN_LINE_BYTES,
				&l))
		return false;
	if (raw) {
		log_harmless(out, l.text, l.len);
		return true;
	}
	shown_set(s, &l);
	buf_add(out, buf_str(&s->text), s->text.len);
	return true;
}

bool
log_step(struct ui *ui, uint64_t line, int direction, uint64_t *out)
{
	struct model_proc *p = ui_selected(ui);

	return p && logview_step(ui_pane(ui, p)->log, line, direction, out);
}

/* Why there is nothing to see. */
static void
draw_empty(struct ui *ui, const struct log_place *at,
	   const struct model_proc *p, const struct logview *lv)
{
	struct pen pen = ui_pen(ui, at->text, ROLE_TEXT_DIM);
	bool ended = p->row->has_exit && !row_up(p->row);
	const char *key = keymap_key(ui->keymap, MODE_LOG, "clear");
	int y = at->text.y;

	if (!logview_is_open(lv) && p->row->log_lines > 0)
		return;
	if (filters_any(logview_filters(lv)) && logview_count(lv) > 0)
		draw_text(&pen, y, at->text.x, "no line passes the filter");
	else if (logview_count(lv) > 0)
		draw_fmt(&pen, y, at->text.x, "cleared; %s shows it again",
			 key ? key : ":clear");
	else
		draw_text(&pen, y, at->text.x,
			  ended		    ? "nothing was printed"
			  : row_up(p->row) ? "no output yet"
					    : "it has not run yet");
	if (ended && *p->row->reason)
		draw_cut(&pen, y + 1, at->text.x, at->text.w, p->row->reason,
			 ui_glyph(ui, GLYPH_MORE));
}

static void
draw(struct ui *ui)
{
	struct rect r = ui->layout.main;
	struct model_proc *p;
	struct pane *pa = ui_main_pane(ui, &p);

	if (!pa)
		return;
	struct log_place place = place_of(ui, pa);
	struct wrap_arg wrap = { place.text.w, shown_scratch() };
	struct logview_row *rows = mem_array((size_t)r.h, sizeof(*rows));
	int n = logview_fill(pa->log, rows, r.h,
			     ui->wrap ? wrapped_rows : NULL, &wrap);
	for (int i = 0; i < n; i++)
		draw_row(ui, &place, r.y + i, pa->log, &rows[i]);
	free(rows);
	if (n == 0)
		draw_empty(ui, &place, p, pa->log);
	draw_scroll_bar(ui, pa->log);
}

static void
scroll(struct ui *ui, enum view_scroll how, int n)
{
	struct model_proc *p = ui_selected(ui);

	if (!p)
		return;
	struct pane *pa = ui_pane(ui, p);
	struct log_place place = place_of(ui, pa);
	struct wrap_arg wrap = { place.text.w, shown_scratch() };
	logview_rows_fn *fn = ui->wrap ? wrapped_rows : NULL;
	int h = SBX_MAX(ui->layout.main.h, 1);

	switch (how) {
	case VIEW_ROWS:
		logview_scroll(pa->log, n, fn, &wrap);
		break;
	case VIEW_HALF:
		logview_scroll(pa->log, n * SBX_MAX(h / 2, 1), fn, &wrap);
		break;
	case VIEW_PAGE:
		logview_scroll(pa->log, n * SBX_MAX(h - 1, 1), fn, &wrap);
		break;
	case VIEW_TOP:
		logview_top(pa->log);
		break;
	case VIEW_BOTTOM:
		logview_follow(pa->log);
		break;
	case VIEW_SIDE:
		pa->left = SBX_MAX(pa->left + n * SIDE_STEP, 0);
		pa->left = SBX_MIN(pa->left, SHOWN_LINE_BYTES);
		break;
	}
	ui->dirty = true;
}

static bool
mouse(struct ui *ui, const struct vt_mouse *m)
{
	int lines = (int)options_number(ui->options, OPTION_SCROLL_LINES);

	if (m->kind != VT_MOUSE_PRESS)
		return false;
	if (m->button == VT_BUTTON_WHEEL_UP) {
		scroll(ui, VIEW_ROWS, -lines);
		return true;
	}
	if (m->button == VT_BUTTON_WHEEL_DOWN) {
		scroll(ui, VIEW_ROWS, lines);
		return true;
	}
	if (m->button == VT_BUTTON_LEFT) {
		ui_set_mode(ui, MODE_LOG);
		return true;
	}
	return false;
}

const struct view view_log = { draw, scroll, mouse };
