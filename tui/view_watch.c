#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/life/event.h"
#include "engine/spec/spec.h"
#include "status_text.h"
#include "ui.h"

enum {
	NAME_MIN = 8, VALUE_W = 6, SPARK_W = VIEW_CURVE_COLS,
	NOTE_W = 9,		/* behind the curve: "p95 1.234" */
};

int
view_watch_rows(const struct ui *ui)
{
	struct model_proc *p = ui_selected(ui);

	return p ? (int)SBX_MIN(p->value_count, 12u) : 0;
}

/* "4ms" for a value, the number of hits for the rest. */
static void
figure(const struct proto_value *v, char out[STATUS_TEXT_MAX])
{
	if (v->numeric)
		snprintf(out, STATUS_TEXT_MAX, "%.4g%s", v->last_number,
			 v->unit ? v->unit : "");
	else if (v->last && *v->last && v->level < SPEC_LEVEL_WARN)
		snprintf(out, STATUS_TEXT_MAX, "%.12s", v->last);
	else
		snprintf(out, STATUS_TEXT_MAX, "%llu",
			 (unsigned long long)v->count);
}

static void
spark(struct ui *ui, const struct pen *pen, int y, int x,
      const struct proto_value *v)
{
	size_t n = PROTO_HIT_SLOTS, from = n - SPARK_W;
	uint64_t now_us = clock_us();

	for (size_t i = from; i < n; i++) {
		int level = proto_value_hits(v, i, now_us) * 7 / 255;
		ui_text(ui, pen, y, x + (int)(i - from), ROLE_SPARK,
			ui_glyph(ui, (enum glyph)(GLYPH_SPARK_1 + level)));
	}
}

/* The newest samples between their least and greatest. */
static void
spark_samples(struct ui *ui, const struct pen *pen, int y, int x,
	      const struct proto_value *v)
{
	uint32_t n = SBX_MIN(v->sample_count, 64u);
	uint32_t from = n > SPARK_W ? n - SPARK_W : 0;
	double low = v->samples[from], high = low;

	for (uint32_t i = from; i < n; i++) {
		low = SBX_MIN(low, v->samples[i]);
		high = SBX_MAX(high, v->samples[i]);
	}
	for (uint32_t i = from; i < n; i++) {
		int level = high > low ? (int)((v->samples[i] - low) * 7 /
					       (high - low))
				       : 0;
		ui_text(ui, pen, y, x + (int)(i - from), ROLE_SPARK,
			ui_glyph(ui, (enum glyph)(GLYPH_SPARK_1 + level)));
	}
}

void
view_watch_curve(struct ui *ui, const struct pen *p, int y, int x,
		 const struct proto_value *v)
{
	if (v->numeric && v->sample_count)
		spark_samples(ui, p, y, x, v);
	else
		spark(ui, p, y, x, v);
}

/* Columns for names and a blank, where the rest leaves room for them. */
static int
name_columns(const struct model_proc *p, int width)
{
	int room = width - 2 - VALUE_W - 1 - SPARK_W - 1 - NOTE_W;
	int most = 0;

	for (size_t i = 0; i < p->value_count; i++)
		most = SBX_MAX(most, draw_columns(p->values[i].name) + 1);
	return SBX_MAX(NAME_MIN, SBX_MIN(most, room));
}

static void
draw_value(struct ui *ui, const struct pen *pen, int y, int name_w,
	   const struct proto_value *v)
{
	char text[STATUS_TEXT_MAX];
	int x = pen->clip.x + 2;

	draw_cut(pen, y, x, name_w - 1, v->name, ui_glyph(ui, GLYPH_MORE));
	figure(v, text);
	draw_right(pen, y, x + name_w, VALUE_W, text, "");
	x += name_w + VALUE_W + 1;
	view_watch_curve(ui, pen, y, x, v);
	x += SPARK_W + 1;
	if (v->off)
		ui_text(ui, pen, y, x, ROLE_TOAST_ERROR, "off");
	else if (v->numeric)
		draw_fmt(pen, y, x, "p95 %.4g", v->p95);
	else if (v->level == SPEC_LEVEL_ERROR && v->count)
		ui_text(ui, pen, y, x, ROLE_FLAG_ERROR, "!");
}

static void
draw_title(struct ui *ui, const struct pen *pen, int y, const char *text)
{
	const char *line = ui_glyph(ui, GLYPH_LINE);
	int x = ui_text(ui, pen, y, pen->clip.x + 1, ROLE_BORDER, line);

	x = draw_fmt(pen, y, x, " %s ", text);
	struct pen dim = *pen;
	dim.style = ui_style(ui, ROLE_BORDER);
	draw_repeat(&dim, y, x, line, pen->clip.x + pen->clip.w - 1 - x);
}

void
view_watch_draw(struct ui *ui)
{
	struct rect r = ui->layout.watches;
	struct model_proc *p = ui_selected(ui);
	char title[128];

	if (rect_empty(r) || !p)
		return;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	snprintf(title, sizeof(title), "watches of %.90s", p->row->name);
	draw_title(ui, &pen, r.y, title);
	int name_w = name_columns(p, r.w);
	for (int i = 0; i < r.h - 2 && (size_t)i < p->value_count; i++)
		draw_value(ui, &pen, r.y + 1 + i, name_w, &p->values[i]);
}

void
view_watch_click(struct ui *ui, int row)
{
	struct model_proc *p = ui_selected(ui);
	int i = row - ui->layout.watches.y - 1;

	if (p && i >= 0 && (size_t)i < p->value_count)
		log_show_watch(ui, p, &p->values[i]);
}

/* Hits of one watch that follow each other are one row, and what is done
 * about an end tells the end too. */
struct folded {
	const char *process, *text;
	int64_t wall_ms;
	int kind;
	unsigned more;
};

static bool
same_watch(const struct folded *f, const char *process, const char *text,
	   int kind)
{
	size_t len = strcspn(text, ":");

	return kind == EVENT_WATCH && f->kind == kind &&
	       !strcmp(f->process, process) && !strncmp(f->text, text, len);
}

/* From the newest on; returns how many rows there are. */
static int
fold_events(const struct events_view *ev, struct folded *out, int max)
{
	uint64_t no = events_next(ev), first = events_first(ev);
	int n = 0;

	while (no-- > first) {
		struct folded f = { .more = 0 };
		f.text = events_get(ev, no, &f.process, &f.wall_ms, &f.kind);
		struct folded *last = n ? &out[n - 1] : NULL;
		if (last && same_watch(last, f.process, f.text, f.kind))
			last->more++;
		else if (last && f.kind == EVENT_EXIT &&
			 (last->kind == EVENT_BACKOFF ||
			  last->kind == EVENT_GAVE_UP) &&
			 !strcmp(last->process, f.process))
			continue;
		else if (n == max)
			break;
		else
			out[n++] = f;
	}
	return n;
}

void
view_events_draw(struct ui *ui)
{
	struct rect r = ui->layout.events;

	if (rect_empty(r))
		return;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	struct folded *rows = mem_array((size_t)r.h, sizeof(*rows));
	int n = fold_events(ui->events, rows, r.h - 1);
	draw_title(ui, &pen, r.y, "events");
	for (int i = 0; i < n; i++) {
		char hms[16], more[24] = "";
		int y = r.y + 1 + i, end = r.x + r.w;
		clock_hms(hms, sizeof(hms), rows[i].wall_ms);
		ui_text(ui, &pen, y, r.x + 2, ROLE_TIME, hms);
		draw_cut(&pen, y, r.x + 11, 8, rows[i].process,
			 ui_glyph(ui, GLYPH_MORE));
		if (rows[i].more)
			snprintf(more, sizeof(more), " (%u more)",
				 rows[i].more);
		int x = draw_cut(&pen, y, r.x + 20,
				 end - r.x - 20 - draw_columns(more),
				 rows[i].text, ui_glyph(ui, GLYPH_MORE));
		draw_text(&pen, y, x, more);
	}
	free(rows);
}
