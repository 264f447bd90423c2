#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/clock.h"
#include "engine/option.h"
#include "command.h"
#include "logview.h"
#include "pane.h"
#include "sheet.h"
#include "status_text.h"
#include "ui.h"

enum { NARROW = 60, ROOMY = 100, LOAD_COLS = 110 };

/* Pieces of a row, two blanks between them, as many as fit. */
struct pieces {
	const struct ui *ui;
	struct pen pen;
	int y, x, end;		/* end: first column that is not free */
	int gap;
};

static bool
piece(struct pieces *p, enum role role, const char *text)
{
	int w = draw_columns(text);

	if (!*text)
		return true;
	if (p->x + w > p->end)
		return false;
	p->x = ui_text(p->ui, &p->pen, p->y, p->x, role, text) + p->gap;
	return true;
}

/* "bash" of "/usr/bin/bash -l", for titles. */
static void
program_of(const struct proc_row *r, char *out, size_t cap)
{
	size_t len = strcspn(r->command, " ");
	const char *s = r->command;

	for (size_t i = 0; i < len; i++)
		if (r->command[i] == '/' && i + 1 < len)
			s = r->command + i + 1;
	snprintf(out, cap, "%.*s", (int)(r->command + len - s), s);
}

static void
title_state(struct ui *ui, struct pieces *p, const struct proc_row *r)
{
	char text[STATUS_TEXT_MAX], state[STATUS_TEXT_MAX];
	bool screen = ui_shows_screen(ui);

	row_state(r, clock_wall_ms(), state);
	if (screen && !row_up(r) && r->has_exit)
		snprintf(state, sizeof(state), "ended");
	snprintf(text, sizeof(text), "%s %.50s", ui_shape(ui, row_shape(r)),
		 state);
	piece(p, row_role(r), text);
}

static void
title_screen(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	char text[STATUS_TEXT_MAX];

	(void)ui;
	program_of(r, text, sizeof(text));
	piece(p, ROLE_TITLE, text);
	if (!row_up(r)) {
		piece(p, ROLE_TITLE, row_end(r, text));
		return;
	}
	snprintf(text, sizeof(text), "pid %u", r->pid);
	if (r->pid)
		piece(p, ROLE_TITLE, text);
	if (proc->screen) {
		snprintf(text, sizeof(text), "%ux%u", proc->screen->head.cols,
			 proc->screen->head.rows);
		piece(p, ROLE_TITLE, text);
	}
}

static void
title_log(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	char text[STATUS_TEXT_MAX], command[512], age[32];
	bool narrow = canvas_cols(ui->canvas) < NARROW;
	bool roomy = canvas_cols(ui->canvas) >= ROOMY;

	if (r->pid && row_up(r) && !narrow) {
		snprintf(text, sizeof(text), "pid %u", r->pid);
		piece(p, ROLE_TITLE, text);
	}
	piece(p, ROLE_TITLE, row_ports(r, text));
	age[0] = 0;
	if (row_age_ms(r, clock_wall_ms()) >= 0 && !narrow)
		clock_age(age, sizeof(age),
			  (uint64_t)row_age_ms(r, clock_wall_ms()));
	if (!roomy) {
		piece(p, ROLE_TITLE, age);
		return;
	}
	int w = draw_columns(age);
	struct pen pen = p->pen;
	pen.style = ui_style(ui, ROLE_TITLE);
	draw_text(&pen, p->y, p->end - w - 1, age);
	p->x = draw_cut(&pen, p->y, p->x, p->end - w - 3 - p->x,
			one_line(r->command, command, sizeof(command)),
			ui_glyph(ui, GLYPH_MORE)) +
	       2;
	p->end -= w + 3;
}

/* "PAUSED  +128 new  G to follow" at the right end; gives its start. */
static int
title_paused(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	struct pane *pa = ui_pane(ui, proc);
	char text[96], n[STATUS_TEXT_MAX];
	const char *key = keymap_key(ui->keymap, MODE_LOG, "bottom");

	if (ui_shows_screen(ui)) {
		if (!pa->sb.on)
			return p->end;
		snprintf(text, sizeof(text), "PAUSED  %s to follow",
			 key ? key : ":bottom");
	} else {
		if (logview_following(pa->log))
			return p->end;
		grouped_number(logview_unseen(pa->log),
			       ui_glyph(ui, GLYPH_THOUSANDS), n);
		snprintf(text, sizeof(text), "PAUSED  +%s new  %s to follow",
			 n, key ? key : ":bottom");
	}
	if (draw_columns(text) >= p->end - p->x)
		snprintf(text, sizeof(text), "PAUSED");
	int w = draw_columns(text);
	if (w >= p->end - p->x)
		return p->end;
	ui_text(ui, &p->pen, p->y, p->end - w, ROLE_PAUSED, text);
	return p->end - w - 1;
}

/* One pane alone: "●api !3  2/11 ... follow ●". */
static void
title_one(struct ui *ui, struct pieces *p, struct model_proc *proc)
{
	const struct proc_row *r = proc->row;
	struct pane *pa = ui_pane(ui, proc);
	uint32_t errors = pane_errors(pa, proc);
	char text[STATUS_TEXT_MAX];

	p->x = ui_text(ui, &p->pen, p->y, p->x, row_role(r),
		       ui_shape(ui, row_shape(r)));
	p->x = draw_cut(&p->pen, p->y, p->x, p->end - p->x, r->name,
			ui_glyph(ui, GLYPH_MORE)) +
	       1;
	if (errors) {
		snprintf(text, sizeof(text), "!%u", errors);
		piece(p, ROLE_FLAG_ERROR, text);
	}
	int before = p->end;
	p->end = title_paused(ui, p, proc);
	snprintf(text, sizeof(text), "%d/%zu",
		 list_index(ui, proc->id) + 1, ui->list.count);
	piece(p, ROLE_TITLE, text);
	if (p->end != before || ui_shows_screen(ui))
		return;
	snprintf(text, sizeof(text), "follow %s", ui_glyph(ui, GLYPH_FOLLOW));
	int w = draw_columns(text);
	if (p->x + w <= p->end)
		ui_text(ui, &p->pen, p->y, p->end - w, ROLE_TEXT_DIM, text);
}

void
bar_main_title(struct ui *ui)
{
	struct rect r = ui->layout.main_title;
	struct model_proc *proc = ui_selected(ui);
	bool focus = ui->mode != MODE_LIST || ui->layout.kind == LAYOUT_TINY;

	if (rect_empty(r))
		return;
	struct pieces p = {
		.ui = ui, .y = r.y, .x = r.x + 1, .end = r.x + r.w, .gap = 2,
		.pen = ui_pen(ui, r, focus ? ROLE_TITLE_FOCUS : ROLE_TITLE),
	};
	if (focus)
		ui_text(ui, &p.pen, r.y, r.x, ROLE_BORDER_FOCUS,
			ui_glyph(ui, GLYPH_FOCUS));
	if (!proc) {
		piece(&p, ROLE_TITLE, ui->set_name);
		return;
	}
	if (ui->layout.kind == LAYOUT_ONE || ui->layout.kind == LAYOUT_TINY) {
		title_one(ui, &p, proc);
		return;
	}
	p.x = draw_cut(&p.pen, p.y, p.x, (p.end - p.x) / 2, proc->row->name,
		       ui_glyph(ui, GLYPH_MORE)) +
	      2;
	title_state(ui, &p, proc->row);
	p.end = title_paused(ui, &p, proc);
	if (ui_shows_screen(ui))
		title_screen(ui, &p, proc);
	else
		title_log(ui, &p, proc);
	if (ui->zoom) {
		p.x++;
		piece(&p, ROLE_TEXT_DIM, "zoom");
	}
	if (ui->layout.kind == LAYOUT_STACK && !ui->zoom) {
		struct pen dim = ui_pen(ui, r, ROLE_BORDER);
		draw_repeat(&dim, r.y, p.x, ui_glyph(ui, GLYPH_LINE),
			    p.end - p.x);
	}
}

static enum role
mode_role(enum mode m)
{
	return m == MODE_LIST	? ROLE_MODE_LIST
	       : m == MODE_LOG	? ROLE_MODE_LOG
				: ROLE_MODE_TERM;
}

const char *
bar_mode_word(const struct ui *ui, int *role)
{
	static const char *const words[MODE_COUNT] = { "LIST", "LOG", "TERM" };

	if (ui->sheet) {
		*role = ui->sheet->ops->role;
		return ui->sheet->ops->word;
	}
	*role = mode_role(ui->mode);
	return words[ui->mode];
}

/* Bad news of processes that are not looked at: "api !3  mailer ✗". */
static void
bad_news(struct ui *ui, char *out, size_t cap, bool short_form)
{
	size_t n = 0;

	out[0] = 0;
	for (size_t i = 0; i < ui->list.count && n + 80 < cap; i++) {
		struct model_proc *p =
			model_find(ui->model, ui->list.entries[i].id);
		if (!p || p->id == ui->selected)
			continue;
		uint32_t errors = pane_errors(ui_pane(ui, p), p);
		bool failed = row_failed(p->row);
		if (!errors && !failed)
			continue;
		if (short_form && !failed)
			continue;
		if (short_form)
			n += (size_t)snprintf(out + n, cap - n, "%s%.40s",
					      ui_shape(ui, SHAPE_FAILED),
					      p->row->name);
		else if (failed)
			n += (size_t)snprintf(out + n, cap - n, "%s%.40s %s",
					      n ? "  " : "", p->row->name,
					      ui_shape(ui, SHAPE_FAILED));
		else
			n += (size_t)snprintf(out + n, cap - n, "%s%.40s !%u",
					      n ? "  " : "", p->row->name,
					      errors);
		if (short_form)
			return;
	}
}

static void
totals_text(struct ui *ui, char *out, size_t cap, bool dotted)
{
	struct totals t = ui_totals(ui);
	char sep[16];
	size_t n;

	snprintf(sep, sizeof(sep), dotted ? " %s " : " ",
		 ui_glyph(ui, GLYPH_DOT));
	n = (size_t)snprintf(out, cap, "%d up", t.up);
	if (t.failed)
		n += (size_t)snprintf(out + n, cap - n, "%s%d failed", sep,
				      t.failed);
	if (t.retrying && dotted)
		n += (size_t)snprintf(out + n, cap - n, "%s%d retrying", sep,
				      t.retrying);
}

/* The right end of the status row; gives its first column. */
static int
status_right(struct ui *ui, const struct pen *pen, int left_columns)
{
	struct rect r = ui->layout.status;
	bool roomy = r.w >= ROOMY, clock = options_flag(ui->options,
							OPTION_CLOCK);
	char hms[16] = "", text[512] = "", load[32] = "";
	double avg;

	if (clock)
		clock_hms(hms, sizeof(hms), clock_wall_ms());
	if (r.w < NARROW)
		hms[hms[0] ? 5 : 0] = 0;
	int end = r.x + r.w;
	int x = end - draw_columns(hms);
	ui_text(ui, pen, r.y, x, ROLE_TEXT, hms);
	if (ui->mode == MODE_TERM && !ui->sheet)
		bad_news(ui, text, sizeof(text), false);
	else if (r.w >= NARROW)
		totals_text(ui, text, sizeof(text), roomy);
	if (r.w >= LOAD_COLS && getloadavg(&avg, 1) == 1)
		snprintf(load, sizeof(load), "load %.2f", avg);
	int gap = roomy ? 3 : 2;
	if (load[0] && hms[0]) {
		x -= draw_columns(load) + gap;
		ui_text(ui, pen, r.y, x, ROLE_TEXT_DIM, load);
	}
	int w = draw_columns(text);
	if (!w || x - gap - w < r.x + left_columns + 1)
		return x - 1;
	x -= w + gap;
	ui_text(ui, pen, r.y, x,
		ui->mode == MODE_TERM ? ROLE_FLAG_ERROR : ROLE_TEXT, text);
	return x - 1;
}

static enum role
toast_role(enum toast_level l)
{
	return l == TOAST_ERROR	 ? ROLE_TOAST_ERROR
	       : l == TOAST_WARN ? ROLE_TOAST_WARN
				 : ROLE_TOAST_INFO;
}

static int
status_toast(struct ui *ui, const struct pen *pen)
{
	struct rect r = ui->layout.status;
	int w = draw_columns(ui->toast.text), room = r.w - 8;

	w = SBX_MAX(SBX_MIN(w, room), 0);
	struct pen own = *pen;
	own.style = ui_style(ui, toast_role(ui->toast.level));
	own.style.bg = own.style.bg ? own.style.bg : pen->style.bg;
	draw_cut(&own, r.y, r.x + r.w - w, w, ui->toast.text,
		 ui_glyph(ui, GLYPH_MORE));
	return r.x + r.w - w - 1;
}

static void
left_search(struct pieces *p, struct pane *pa)
{
	const char *sep = ui_glyph(p->ui, GLYPH_THOUSANDS);
	char a[STATUS_TEXT_MAX], b[STATUS_TEXT_MAX], text[256];
	uint64_t k, n;
	bool all;

	snprintf(text, sizeof(text), "/%.60s", logview_pattern(pa->log));
	piece(p, ROLE_TEXT, text);
	logview_hits(pa->log, &k, &n, &all);
	if (n == 0 && all)
		snprintf(text, sizeof(text), "no match");
	else if (k)
		snprintf(text, sizeof(text), "match %s of %s%s",
			 grouped_number(k, sep, a), grouped_number(n, sep, b),
			 all ? "" : "+");
	else
		snprintf(text, sizeof(text), "%s matches%s",
			 grouped_number(n, sep, b), all ? "" : "+");
	piece(p, ROLE_TEXT, text);
}

static void
left_log(struct ui *ui, struct pieces *p, struct pane *pa)
{
	const char *sep = ui_glyph(ui, GLYPH_THOUSANDS);
	char a[STATUS_TEXT_MAX], b[STATUS_TEXT_MAX], text[256];
	struct logview *lv = pa->log;
	bool narrow = p->pen.clip.w < NARROW;
	uint64_t count = logview_count(lv);

	if (*logview_pattern(lv))
		left_search(p, pa);
	if (logview_following(lv)) {
		snprintf(text, sizeof(text), "follow %s",
			 ui_glyph(ui, GLYPH_FOLLOW));
		piece(p, ROLE_TEXT, text);
		snprintf(text, sizeof(text), "%s line%s",
			 grouped_number(count, sep, a),
			 count == 1 ? "" : "s");
		if (!narrow)
			piece(p, ROLE_TEXT, text);
	} else if (count > 0 && logview_log(lv)) {
		uint64_t at = logview_hit(lv) ? logview_hit(lv)
					      : logview_last_shown(lv);
		uint64_t first = logread_first_seq(logview_log(lv));
		uint64_t no = at >= first ? at - first + 1 : 0;
		snprintf(text, sizeof(text), "line %s of %s",
			 grouped_number(no, sep, a),
			 grouped_number(count, sep, b));
		if (!narrow)
			piece(p, ROLE_TEXT, text);
		snprintf(text, sizeof(text), "%u%%",
			 (unsigned)(no * 100 / count));
		piece(p, ROLE_TEXT, text);
	}
	piece(p, ROLE_FILTER, logview_filters(lv));
}

static void
status_left(struct ui *ui, struct pieces *p)
{
	struct model_proc *proc = ui_selected(ui);
	bool narrow = p->pen.clip.w < NARROW;
	char text[128];

	if (ui->sheet) {
		if (ui->sheet->ops->about)
			piece(p, ROLE_TEXT, ui->sheet->ops->about(ui,
								  ui->sheet));
		return;
	}
	if (!proc)
		return;
	if (ui->mode == MODE_TERM) {
		snprintf(text, sizeof(text),
			 ui_has_keys(ui, proc)
				 ? "every key goes to %.80s"
			 : row_up(proc->row)
				 ? "%.80s was started anew; keys are not sent"
				 : "%.80s has ended; keys are not sent",
			 proc->row->name);
		piece(p, ROLE_TEXT, text);
		return;
	}
	if (!narrow)
		piece(p, ROLE_TEXT, proc->row->name);
	struct pane *pa = ui_pane(ui, proc);
	if (!ui_shows_screen(ui))
		left_log(ui, p, pa);
	if (proc->row->errors) {
		snprintf(text, sizeof(text), "err %u", proc->row->errors);
		piece(p, ROLE_FLAG_ERROR, text);
	}
	if (narrow || ui_shows_screen(ui))
		return;
	piece(p, ROLE_TEXT_DIM, ui->wrap ? "wrap on" : "wrap off");
	if (p->pen.clip.w >= ROOMY)
		piece(p, ROLE_TEXT_DIM,
		      options_number(ui->options, OPTION_TIMESTAMPS)
			      ? "time on"
			      : "time off");
}

/* "5up 1✗" */
static char *
short_totals(const struct ui *ui, char out[STATUS_TEXT_MAX])
{
	struct totals t = ui_totals(ui);
	int n = snprintf(out, STATUS_TEXT_MAX, "%dup", t.up);

	if (t.failed)
		snprintf(out + n, STATUS_TEXT_MAX - (size_t)n, " %d%s",
			 t.failed, ui_shape(ui, SHAPE_FAILED));
	return out;
}

/* A single row or less than six columns: the totals, or one glyph. */
static void
status_tiny(struct ui *ui)
{
	struct rect r = ui->layout.status;
	struct pen pen = ui_pen(ui, r, ROLE_STATUS_ROW);
	struct totals t = ui_totals(ui);
	char text[STATUS_TEXT_MAX];

	if (draw_columns(short_totals(ui, text)) <= r.w) {
		draw_text(&pen, r.y, r.x, text);
		return;
	}
	ui_text(ui, &pen, r.y, r.x,
		t.failed ? ROLE_STATUS_FAILED : ROLE_STATUS_READY,
		ui_shape(ui, t.failed ? SHAPE_FAILED
			 : t.up	      ? SHAPE_RUNNING
				      : SHAPE_OFF));
}

/* One pane and no hint row: keys and bad news share the status row. */
static void
status_one(struct ui *ui, struct pieces *p)
{
	char text[128];

	if (p->pen.clip.w < NARROW && ui->mode == MODE_TERM && !ui->sheet) {
		/* The way out comes before everything else. */
		snprintf(text, sizeof(text), "%.32s list",
			 options_text(ui->options, OPTION_LEAVE));
		piece(p, ROLE_HINT_KEY, text);
	}
	if (p->pen.clip.w < NARROW && ui->mode != MODE_TERM && !ui->sheet) {
		char totals[STATUS_TEXT_MAX];
		if (p->pen.clip.w < 30)
			snprintf(text, sizeof(text), "%s  ? help",
				 short_totals(ui, totals));
		else
			snprintf(text, sizeof(text), "Tab %s  / : ?",
				 ui->mode == MODE_LIST ? "log" : "list");
		piece(p, ROLE_HINT, text);
		bad_news(ui, text, sizeof(text), true);
		int w = draw_columns(text);
		if (p->x + w <= p->end)
			ui_text(ui, &p->pen, p->y, p->end - w,
				ROLE_FLAG_ERROR, text);
		return;
	}
	status_left(ui, p);
}

static void
draw_mode_word(struct ui *ui, struct pieces *p)
{
	struct rect r = ui->layout.status;
	char text[32];
	int role;
	const char *word = bar_mode_word(ui, &role);

	snprintf(text, sizeof(text), ui->ascii ? "[%s]" : " %s ", word);
	p->x = ui_text(ui, &p->pen, p->y, r.x, (enum role)role, text) + 1;
}

void
bar_status(struct ui *ui)
{
	struct rect r = ui->layout.status;

	if (rect_empty(r))
		return;
	if (ui->layout.kind == LAYOUT_TINY && canvas_rows(ui->canvas) < 4) {
		status_tiny(ui);
		return;
	}
	struct pieces p = {
		.ui = ui, .y = r.y, .x = r.x, .end = r.x + r.w, .gap = 2,
		.pen = ui_pen(ui, r, ROLE_STATUS_ROW),
	};
	draw_fill(&p.pen, r);
	if (ui->layout.kind == LAYOUT_TINY) {
		status_tiny(ui);
		return;
	}
	draw_mode_word(ui, &p);
	if (ui->toast.level != TOAST_NONE) {
		p.end = status_toast(ui, &p.pen);
		status_left(ui, &p);
		return;
	}
	if (rect_empty(ui->layout.hint)) {
		status_one(ui, &p);
		return;
	}
	/* How much the left side wants decides what the right side shows. */
	struct pieces dry = p;
	dry.pen.clip = (struct rect){ 0, 0, 0, r.w };
	status_left(ui, &dry);
	p.end = status_right(ui, &p.pen, dry.x - r.x - p.gap);
	status_left(ui, &p);
}

/* A key and what it does; shown when the command has a key. */
struct hint {
	const char *command, *text;
	bool wide_only;
};

static const struct hint list_hints[] = {
	{ "open", "log", false },
	{ "start", "start", false },
	{ "stop", "stop", false },
	{ "restart", "restart", false },
	{ "kill", "kill", true },
	{ "details", "details", true },
	{ "find", "find", false },
	{ "filter", "filter", true },
	{ "time", "time", true },
	{ "zoom", "zoom", true },
	{ "command", "command", false },
	{ "keys", "keys", false },
	{ "back", "quit", false },
};

static const struct hint log_hints[] = {
	{ "next-pane", "list", false },
	{ "find", "find", false },
	{ "filter", "filter", false },
	{ "next-error", "next error", false },
	{ "wrap", "wrap", false },
	{ "time", "time", false },
	{ "zoom", "zoom", false },
	{ "restart", "restart", true },
	{ "details", "details", true },
	{ "command", "command", true },
	{ "keys", "keys", false },
	{ "back", "back", false },
};

static const struct hint search_hints[] = {
	{ "next", "next", false },
	{ "previous", "prev", false },
	{ "bottom", "newest + follow", false },
	{ "filter", "filter", false },
	{ "zoom", "zoom", false },
	{ "escape", "clear", false },
	{ "back", "back", false },
};

static const struct hint paused_hints[] = {
	{ "bottom", "newest + follow", false },
};

static void
put_hint(struct ui *ui, struct pieces *p, const struct hint *h)
{
	const char *key = keymap_key(ui->keymap, ui->mode, h->command);
	const char *text = h->text;
	char all[96];

	if (!key || (h->wide_only && p->pen.clip.w < ROOMY))
		return;
	if (!strcmp(h->command, "open") && ui_shows_screen(ui))
		text = "terminal";
	if (!strcmp(h->command, "zoom") && ui->zoom)
		text = "unzoom";
	snprintf(all, sizeof(all), "%s %s", key, text);
	if (p->x + draw_columns(all) > p->end)
		return;
	if (ui->spot_count < HINT_SPOTS)
		ui->spots[ui->spot_count++] = (struct hint_spot){
			p->x, p->x + draw_columns(all), h->command
		};
	int x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY, key);
	p->x = ui_text(ui, &p->pen, p->y, x + 1, ROLE_HINT, text) + p->gap;
}

static void
put_hints(struct ui *ui, struct pieces *p, const struct hint *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_hint(ui, p, &h[i]);
}

static void
hint_term(struct ui *ui, struct pieces *p)
{
	struct model_proc *proc = ui_selected(ui);
	const char *leave = options_text(ui->options, OPTION_LEAVE);
	char key[64], text[160];

	snprintf(key, sizeof(key), "%s%.40s",
		 !strncmp(leave, "C-", 2) ? "Ctrl-" : "",
		 !strncmp(leave, "C-", 2) ? leave + 2 : leave);
	bool cut = proc && !ui_has_keys(ui, proc);
	if (cut) {
		p->x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY,
			       "Enter");
		p->x = ui_text(ui, &p->pen, p->y, p->x + 1, ROLE_HINT,
			       row_up(proc->row) ? "type into it"
						 : "start again") +
		       3;
	}
	p->x = ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT_KEY, key);
	p->x = ui_text(ui, &p->pen, p->y, p->x + 1, ROLE_HINT,
		       "back to the list");
	if (cut)
		return;
	snprintf(text, sizeof(text),
		 " (press it twice quickly to send a real %s)", key);
	if (p->x + draw_columns(text) <= p->end)
		ui_text(ui, &p->pen, p->y, p->x, ROLE_HINT, text);
}

static void
hint_narrow(struct ui *ui, struct pieces *p)
{
	(void)ui;
	piece(p, ROLE_HINT, ui->mode == MODE_LIST ? "Enter log" : "Tab list");
	piece(p, ROLE_HINT, "r x s");
	piece(p, ROLE_HINT, "/ :");
	piece(p, ROLE_HINT, "? keys");
	piece(p, ROLE_HINT, "q");
}

void
bar_hint(struct ui *ui)
{
	struct rect r = ui->layout.hint;
	struct model_proc *proc = ui_selected(ui);

	ui->spot_count = 0;
	if (rect_empty(r))
		return;
	struct pieces p = {
		.ui = ui, .y = r.y, .x = r.x + 1, .end = r.x + r.w, .gap = 2,
		.pen = ui_pen(ui, r, ROLE_HINT),
	};
	if (ui->sheet) {
		if (ui->sheet->ops->hint)
			draw_cut(&p.pen, r.y, p.x, r.w - 1,
				 ui->sheet->ops->hint(ui, ui->sheet),
				 ui_glyph(ui, GLYPH_MORE));
		return;
	}
	if (ui->mode == MODE_TERM) {
		hint_term(ui, &p);
		return;
	}
	if (ui->echo[0])
		piece(&p, ROLE_TEXT_STRONG, ui->echo);
	if (r.w < NARROW) {
		hint_narrow(ui, &p);
		return;
	}
	if (ui->mode == MODE_LIST) {
		put_hints(ui, &p, list_hints, ARRAY_LEN(list_hints));
		return;
	}
	struct pane *pa = proc ? ui_pane(ui, proc) : NULL;
	if (pa && *logview_pattern(pa->log)) {
		put_hints(ui, &p, search_hints, ARRAY_LEN(search_hints));
		return;
	}
	if (pa && !logview_following(pa->log))
		put_hints(ui, &p, paused_hints, ARRAY_LEN(paused_hints));
	put_hints(ui, &p, log_hints, ARRAY_LEN(log_hints));
}

bool
bar_mouse(struct ui *ui, const struct vt_mouse *m)
{
	if (m->kind != VT_MOUSE_PRESS || m->button != VT_BUTTON_LEFT ||
	    !rect_holds(ui->layout.hint, m->row, m->col))
		return false;
	for (size_t i = 0; i < ui->spot_count; i++) {
		if (m->col < ui->spots[i].from || m->col >= ui->spots[i].to)
			continue;
		command_run(ui, ui->spots[i].command);
		return true;
	}
	return true;
}
