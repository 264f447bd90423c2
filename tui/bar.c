#include "bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/conf/option.h"
#include "filters.h"
#include "logview.h"
#include "mergescan.h"
#include "mergeview.h"
#include "pane.h"
#include "sheet.h"
#include "status_text.h"
#include "target.h"
#include "view.h"

enum { LOAD_COLS = 110, USAGE_COLS = 170 };

bool
bar_piece(struct pieces *p, enum role role, const char *text)
{
	int w = draw_columns(text);

	if (!*text)
		return true;
	if (p->x + w > p->end)
		return false;
	p->x = ui_text(p->ui, &p->pen, p->y, p->x, role, text) + p->gap;
	return true;
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

/* "cpu 17%  mem 511M" of all that run. */
static size_t
usage_text(struct ui *ui, char *out, size_t cap)
{
	char cpu[STATUS_TEXT_MAX], mem[STATUS_TEXT_MAX];
	uint64_t permille = 0, bytes = 0;

	for (size_t i = 0; i < model_count(ui->model); i++) {
		const struct proc_row *r = model_at(ui->model, i)->row;
		if (row_up(r)) {
			permille += r->cpu_permille;
			bytes += r->rss_bytes;
		}
	}
	return (size_t)snprintf(out, cap, "cpu %s%%  mem %s  ",
				short_cpu(permille, cpu),
				short_bytes(bytes, mem));
}

/* The right end of the status row; gives its first column. */
static int
status_right(struct ui *ui, const struct pen *pen, int left_columns)
{
	struct rect r = ui->layout.status;
	bool roomy = r.w >= BAR_ROOMY, clock = options_flag(ui->options,
							OPTION_CLOCK);
	char hms[16] = "", text[512] = "", load[128] = "";
	size_t n = 0;
	double avg;

	if (clock)
		clock_hms(hms, sizeof(hms), clock_wall_ms());
	if (r.w < BAR_NARROW)
		hms[hms[0] ? 5 : 0] = 0;
	int end = r.x + r.w;
	int x = end - draw_columns(hms);
	ui_text(ui, pen, r.y, x, ROLE_TEXT, hms);
	if (ui->mode == MODE_TERM && !ui->sheet)
		bad_news(ui, text, sizeof(text), false);
	else if (r.w >= BAR_NARROW)
		totals_text(ui, text, sizeof(text), roomy);
	if (r.w >= USAGE_COLS)
		n = usage_text(ui, load, sizeof(load));
	if (r.w >= LOAD_COLS && getloadavg(&avg, 1) == 1)
		snprintf(load + n, sizeof(load) - n, "load %.2f", avg);
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
status_toast(struct ui *ui, const struct toast *toast, const struct pen *pen)
{
	struct rect r = ui->layout.status;
	size_t waiting = toasts_waiting(&ui->toasts);
	char more[32] = "";

	if (waiting)
		snprintf(more, sizeof(more), "  +%zu", waiting);
	int m = draw_columns(more), room = r.w - 8 - m;
	int w = SBX_MAX(SBX_MIN(draw_columns(toast->text), room), 0);
	int x = r.x + r.w - m - w;
	struct pen own = *pen;
	own.style = ui_style(ui, toast_role(toast->level));
	own.style.bg = own.style.bg ? own.style.bg : pen->style.bg;
	draw_cut(&own, r.y, x, w, toast->text, ui_glyph(ui, GLYPH_MORE));
	ui_text(ui, pen, r.y, x + w, ROLE_TEXT_DIM, more);
	return x - 1;
}

/* "/timeout  match 2 of 6" */
static void
left_search(struct pieces *p, const char *pattern, uint64_t k, uint64_t n,
	    bool all)
{
	const char *sep = ui_glyph(p->ui, GLYPH_THOUSANDS);
	char a[STATUS_TEXT_MAX], b[STATUS_TEXT_MAX], text[256];

	snprintf(text, sizeof(text), "/%.60s", pattern);
	bar_piece(p, ROLE_TEXT, text);
	if (n == 0 && all)
		snprintf(text, sizeof(text), "no match");
	else if (k)
		snprintf(text, sizeof(text), "match %s of %s%s",
			 grouped_number(k, sep, a), grouped_number(n, sep, b),
			 all ? "" : "+");
	else
		snprintf(text, sizeof(text), "%s matches%s",
			 grouped_number(n, sep, b), all ? "" : "+");
	bar_piece(p, ROLE_TEXT, text);
}

static void
left_log(struct ui *ui, struct pieces *p, struct pane *pa)
{
	const char *sep = ui_glyph(ui, GLYPH_THOUSANDS);
	char a[STATUS_TEXT_MAX], b[STATUS_TEXT_MAX], text[256];
	struct logview *lv = pa->log;
	bool narrow = p->pen.clip.w < BAR_NARROW;
	uint64_t count = logview_count(lv);

	if (*logview_pattern(lv)) {
		uint64_t k, n;
		bool all;
		logview_hits(lv, &k, &n, &all);
		left_search(p, logview_pattern(lv), k, n, all);
	}
	if (logview_following(lv)) {
		snprintf(text, sizeof(text), "follow %s",
			 ui_glyph(ui, GLYPH_FOLLOW));
		bar_piece(p, ROLE_TEXT, text);
		snprintf(text, sizeof(text), "%s line%s",
			 grouped_number(count, sep, a),
			 count == 1 ? "" : "s");
		if (!narrow)
			bar_piece(p, ROLE_TEXT, text);
	} else if (count > 0 && logview_log(lv)) {
		uint64_t at = logview_hit(lv) ? logview_hit(lv)
					      : logview_last_shown(lv);
		uint64_t first = logread_first_seq(logview_log(lv));
		uint64_t no = at >= first ? at - first + 1 : 0;
		snprintf(text, sizeof(text), "line %s of %s",
			 grouped_number(no, sep, a),
			 grouped_number(count, sep, b));
		if (!narrow)
			bar_piece(p, ROLE_TEXT, text);
		snprintf(text, sizeof(text), "%u%%",
			 (unsigned)(no * 100 / count));
		bar_piece(p, ROLE_TEXT, text);
	}
	bar_piece(p, ROLE_FILTER, filters_text(logview_filters(lv)));
}

/* "&!/health  (1 filter hides 12%)" */
static void
left_filters(struct ui *ui, struct pieces *p)
{
	struct filters *f = target_filters(ui);
	int hidden = mergescan_hidden(mergeview_scan(ui->merge));
	size_t n = 0;
	char text[64];

	bar_piece(p, ROLE_FILTER, filters_text(f));
	while (filters_get(f, n))
		n++;
	snprintf(text, sizeof(text), "(%zu filter%s %d%%)", n,
		 n == 1 ? " hides" : "s hide", hidden);
	if (hidden >= 0)
		bar_piece(p, ROLE_TEXT_DIM, text);
}

static void
left_merged(struct ui *ui, struct pieces *p)
{
	const struct model_proc *solo =
		model_find(ui->model, ui->merge_solo);
	char text[128];

	if (solo)
		snprintf(text, sizeof(text), "only %.64s", solo->row->name);
	bar_piece(p, ROLE_TEXT, solo			 ? text
				: ui_marks(ui) > 0  ? "marked"
				: ui->merge_group ? ui->merge_group
						  : "all");
	if (!solo && merge_hidden(ui)) {
		snprintf(text, sizeof(text), "%zu hidden", merge_hidden(ui));
		bar_piece(p, ROLE_TEXT_DIM, text);
	}
	if (*target_pattern(ui)) {
		uint64_t k, n;
		bool all;
		mergeview_hits(ui->merge, &k, &n, &all);
		left_search(p, target_pattern(ui), k, n, all);
	}
	if (target_following(ui)) {
		snprintf(text, sizeof(text), "follow %s",
			 ui_glyph(ui, GLYPH_FOLLOW));
		bar_piece(p, ROLE_TEXT, text);
	}
	left_filters(ui, p);
	if (ui->wrap)
		bar_piece(p, ROLE_TEXT_DIM, "wrap on");
}

static void
status_left(struct ui *ui, struct pieces *p)
{
	struct model_proc *proc = ui_selected(ui);
	bool narrow = p->pen.clip.w < BAR_NARROW;
	char text[128];

	if (ui->sheet) {
		if (ui->sheet->ops->about)
			bar_piece(p, ROLE_TEXT, ui->sheet->ops->about(ui,
								  ui->sheet));
		return;
	}
	if (ui->merged) {
		left_merged(ui, p);
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
		bar_piece(p, ROLE_TEXT, text);
		return;
	}
	if (list_group(ui)) {
		snprintf(text, sizeof(text), "group %.64s", list_group(ui));
		bar_piece(p, ROLE_TEXT, text);
		return;
	} else if (list_survivor(ui)) {
		snprintf(text, sizeof(text), "%u, left by %.64s",
			 list_survivor(ui), proc->row->name);
		bar_piece(p, ROLE_TEXT, text);
	} else if (!narrow) {
		bar_piece(p, ROLE_TEXT, proc->row->name);
	}
	if (ui->split_count && !ui->zoom) {
		snprintf(text, sizeof(text), "split %zu", ui->split_count);
		bar_piece(p, ROLE_TEXT, text);
	} else if (ui_marks(ui) > 0) {
		snprintf(text, sizeof(text), "%zu marked", ui_marks(ui));
		bar_piece(p, ROLE_MARK, text);
	}
	struct pane *pa = ui_pane(ui, proc);
	if (!ui_shows_screen(ui))
		left_log(ui, p, pa);
	if (proc->row->errors) {
		snprintf(text, sizeof(text), "err %u", proc->row->errors);
		bar_piece(p, ROLE_FLAG_ERROR, text);
	}
	if (narrow || ui_shows_screen(ui))
		return;
	bar_piece(p, ROLE_TEXT_DIM, ui->wrap ? "wrap on" : "wrap off");
	if (p->pen.clip.w >= BAR_ROOMY)
		bar_piece(p, ROLE_TEXT_DIM,
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

	if (p->pen.clip.w < BAR_NARROW && ui->mode == MODE_TERM && !ui->sheet) {
		/* The way out comes before everything else. */
		snprintf(text, sizeof(text), "%.32s list",
			 options_text(ui->options, OPTION_LEAVE));
		bar_piece(p, ROLE_HINT_KEY, text);
	}
	if (p->pen.clip.w < BAR_NARROW && ui->mode != MODE_TERM && !ui->sheet) {
		char totals[STATUS_TEXT_MAX];
		if (p->pen.clip.w < 30)
			snprintf(text, sizeof(text), "%s  ? help",
				 short_totals(ui, totals));
		else
			snprintf(text, sizeof(text), "Tab %s  / : ?",
				 ui->mode == MODE_LIST ? "log" : "list");
		bar_piece(p, ROLE_HINT, text);
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
	const struct toast *toast = toasts_shown(&ui->toasts);
	if (toast) {
		p.end = status_toast(ui, toast, &p.pen);
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
