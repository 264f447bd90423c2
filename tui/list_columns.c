#include "list_columns.h"

#include <stdio.h>
#include <string.h>
#include "draw.h"
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/spec/proto.h"
#include "ui.h"

enum {
	INDENT_X = 5,		/* of names: cursor, mark, shape and group */
	NAME_LEAST = 10,
};

static const struct {
	const char *title;
	int gap, w;
	bool left;
} columns[LIST_COLUMN_COUNT] = {
	[LIST_COLUMN_STATE] = { "STATE", 2, 11, true },
	[LIST_COLUMN_CPU] = { "CPU", 2, 3, false },
	[LIST_COLUMN_MEM] = { "MEM", 2, 4, false },
	[LIST_COLUMN_AGE] = { "AGE", 2, 4, false },
	[LIST_COLUMN_PID] = { "PID", 0, 9, false },
	[LIST_COLUMN_PORTS] = { "PORTS", 2, 9, true },
	[LIST_COLUMN_RESTARTS] = { "RST", 1, 3, false },
	[LIST_COLUMN_RUN] = { "RUN", 1, 4, false },
	[LIST_COLUMN_ERRORS] = { "ERR", 1, 4, false },
};

/* What is shown where all have room and nobody has said which. */
static const enum list_column all[] = {
	LIST_COLUMN_STATE, LIST_COLUMN_PID, LIST_COLUMN_CPU, LIST_COLUMN_MEM,
	LIST_COLUMN_PORTS, LIST_COLUMN_RESTARTS, LIST_COLUMN_AGE,
};

static size_t
which(const struct options *o, bool full,
      enum list_column out[LIST_COLUMN_COUNT])
{
	const char *standard = option_rows[OPTION_LIST_COLUMNS].standard;

	if (!full || strcmp(options_text(o, OPTION_LIST_COLUMNS), standard))
		return options_columns(o, out);
	memcpy(out, all, sizeof(all));
	return ARRAY_LEN(all);
}

/* The state has blanks enough behind it. */
static int
gap_before(const enum list_column *what, size_t i)
{
	if (i == 0 || what[i - 1] == LIST_COLUMN_STATE)
		return 0;
	return columns[what[i]].gap;
}

static int
width(const enum list_column *what, size_t count)
{
	int w = 1;

	for (size_t i = 0; i < count; i++)
		w += gap_before(what, i) + columns[what[i]].w;
	return w;
}

int
list_columns_width(const struct options *o, bool full)
{
	enum list_column what[LIST_COLUMN_COUNT];
	size_t n = which(o, full, what);

	return width(what, n);
}

struct list_columns
list_columns_place(const struct ui *ui, struct rect r)
{
	struct list_columns c = { .name_x = r.x + INDENT_X };
	enum list_column what[LIST_COLUMN_COUNT];
	size_t n = which(ui->options, ui->layout.full, what);

	while (n > 1 && r.w - INDENT_X - width(what, n) < NAME_LEAST)
		n--;
	int x = r.x + r.w - width(what, n);
	c.name_w = x - c.name_x - 1;
	c.count = n;
	for (size_t i = 0; i < n; i++) {
		x += gap_before(what, i);
		c.at[i].what = what[i];
		c.at[i].x = x;
		c.at[i].w = columns[what[i]].w;
		x += c.at[i].w;
	}
	return c;
}

static void
put(const struct pen *p, int y, int x, int w, bool left, const char *text)
{
	int cols = draw_columns(text);

	if (left)
		draw_cut(p, y, x, w, text, "");
	else
		draw_text(p, y, x + w - cols, text);
}

void
list_columns_title(const struct list_columns *c, const struct pen *p, int y)
{
	for (size_t i = 0; i < c->count; i++)
		put(p, y, c->at[i].x, c->at[i].w, columns[c->at[i].what].left,
		    columns[c->at[i].what].title);
}

/* "" where there is nothing to tell. */
static const char *
figure(const struct proc_row *r, enum list_column what,
       char out[STATUS_TEXT_MAX])
{
	bool runs = r->pid && row_up(r);

	out[0] = 0;
	switch (what) {
	case LIST_COLUMN_CPU:
		return runs ? short_cpu(r->cpu_permille, out) : out;
	case LIST_COLUMN_MEM:
		return runs && r->rss_bytes ? short_bytes(r->rss_bytes, out)
					    : out;
	case LIST_COLUMN_AGE:
		return short_age(row_age_ms(r, clock_wall_ms()), out);
	case LIST_COLUMN_PID:
		if (r->pid)
			snprintf(out, STATUS_TEXT_MAX, "%u", r->pid);
		return out;
	case LIST_COLUMN_PORTS:
		return row_ports(r, out);
	case LIST_COLUMN_RESTARTS:
		if (r->run)
			snprintf(out, STATUS_TEXT_MAX, "%llu",
				 (unsigned long long)r->restarts);
		return out;
	case LIST_COLUMN_RUN:
		if (r->run)
			snprintf(out, STATUS_TEXT_MAX, "%llu",
				 (unsigned long long)r->run);
		return out;
	case LIST_COLUMN_ERRORS:
		if (r->errors)
			snprintf(out, STATUS_TEXT_MAX, "%u", r->errors);
		return out;
	default:
		return out;
	}
}

void
list_columns_draw(const struct list_columns *c, const struct pen *p, int y,
		  const struct proc_row *r)
{
	char text[STATUS_TEXT_MAX];

	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].what != LIST_COLUMN_STATE)
			put(p, y, c->at[i].x, c->at[i].w,
			    columns[c->at[i].what].left,
			    figure(r, c->at[i].what, text));
}

bool
list_columns_state(const struct list_columns *c, const struct proc_row *r,
		   int *x, int *room)
{
	char text[STATUS_TEXT_MAX];
	size_t i = 0;

	while (i < c->count && c->at[i].what != LIST_COLUMN_STATE)
		i++;
	if (i == c->count)
		return false;
	*x = c->at[i].x;
	*room = c->at[i].w;
	/* Without figures a long state may go on under their columns. */
	for (i++; i < c->count; i++) {
		int w = draw_columns(figure(r, c->at[i].what, text));
		if (!w) {
			*room = c->at[i].x + c->at[i].w - *x;
			continue;
		}
		int from = columns[c->at[i].what].left
				   ? c->at[i].x
				   : c->at[i].x + c->at[i].w - w;
		/* ... and a state with its flag does not touch a figure. */
		*room = SBX_MAX(*room - 1, from - 1 - *x);
		break;
	}
	return true;
}
