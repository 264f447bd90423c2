#include "view.h"

#include <stdio.h>
#include <string.h>
#include "engine/base.h"
#include "engine/clock.h"
#include "engine/spec.h"
#include "status_text.h"
#include "ui.h"

enum { NAME_W = 8, VALUE_W = 6, SPARK_W = VIEW_CURVE_COLS };

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
	size_t n = ARRAY_LEN(v->hits), from = n - SPARK_W;

	for (size_t i = from; i < n; i++) {
		int level = v->hits[i] * 7 / 255;
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

static void
draw_value(struct ui *ui, const struct pen *pen, int y,
	   const struct proto_value *v)
{
	char text[STATUS_TEXT_MAX];
	int x = pen->clip.x + 2;

	draw_cut(pen, y, x, NAME_W, v->name, ui_glyph(ui, GLYPH_MORE));
	figure(v, text);
	draw_right(pen, y, x + NAME_W, VALUE_W, text, "");
	x += NAME_W + VALUE_W + 1;
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
	for (int i = 0; i < r.h - 2 && (size_t)i < p->value_count; i++)
		draw_value(ui, &pen, r.y + 1 + i, &p->values[i]);
}

void
view_events_draw(struct ui *ui)
{
	struct rect r = ui->layout.events;

	if (rect_empty(r))
		return;
	struct pen pen = ui_pen(ui, r, ROLE_TEXT);
	draw_title(ui, &pen, r.y, "events");
	for (int i = 0; i + 1 < r.h; i++) {
		const char *process;
		int64_t wall_ms;
		char hms[16];
		const char *text =
			events_text(ui->events, (unsigned)i, &process,
				    &wall_ms);
		if (!text)
			break;
		clock_hms(hms, sizeof(hms), wall_ms);
		int y = r.y + 1 + i;
		ui_text(ui, &pen, y, r.x + 2, ROLE_TIME, hms);
		draw_cut(&pen, y, r.x + 11, 8, process,
			 ui_glyph(ui, GLYPH_MORE));
		draw_cut(&pen, y, r.x + 20, r.w - 20, text,
			 ui_glyph(ui, GLYPH_MORE));
	}
}
