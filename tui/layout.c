#include "layout.h"

#include <string.h>
#include "engine/base/base.h"

enum {
	STACK_COLS = 60,	/* below: one above the other */
	WIDE_COLS = 100,	/* from here: columns and panes */
	FULL_COLS = 170,
	FULL_ROWS = 30,
	ONE_ROWS = 14,		/* narrow and lower: one pane */
	TINY_COLS = 20,
	TINY_ROWS = 4,
	LIST_EXTRA = 19,	/* cursor, glyph, state and flag */
	LIST_MIN = 20,
	WIDE_NAME = 18,		/* columns of a name with columns */
	WIDE_EXTRA = 5,		/* cursor, mark, glyph and group */
	SPLIT_ROWS = 6,		/* of a pane among others, with its title */
	SPLIT_COLS = 60,	/* in two columns */
	PANES_MIN = 6,		/* rows below the list that panes need */
	DETAILS_MOST = 60,
};

static int
list_width(const struct layout_in *in, const struct layout *l)
{
	int most = l->wide ? in->cols / 2 : in->cols * 2 / 5;
	int w;

	if (in->list_width > 1000)
		w = in->cols * (in->list_width - 1000) / 100;
	else if (in->list_width > 0)
		w = in->list_width;
	else if (l->wide)
		return SBX_MIN(most, WIDE_EXTRA +
				(l->full ? in->full_columns
					 : in->wide_columns) +
				SBX_MAX(in->name_columns + 1, WIDE_NAME));
	else
		w = SBX_MIN(in->name_columns + LIST_EXTRA, most);
	w = SBX_MAX(w, LIST_MIN);
	return SBX_MIN(w, SBX_MAX(in->cols - LIST_MIN, 1));
}

/* Watches and events under the list, if it leaves room for them. */
static void
place_panes(const struct layout_in *in, struct layout *l)
{
	int used = in->list_rows + 3;
	int rest = l->list.h - used;

	if (!l->wide || rest < PANES_MIN)
		return;
	struct rect r = { l->list.y + used, l->list.x, rest, l->list.w };
	l->list.h = used;
	/* The details have the watches too. */
	if (in->watch_rows > 0 && l->details_separator < 0) {
		int h = SBX_MIN(in->watch_rows + 2, rest / 2);
		l->watches = (struct rect){ r.y, r.x, h, r.w };
		r.y += h;
		r.h -= h;
	}
	l->events = r;
}

/* The log or terminal in this part of the screen, title first. */
static void
place_main(struct layout *l, struct rect r, bool roomy)
{
	l->main_title = (struct rect){ r.y, r.x, SBX_MIN(r.h, 1), r.w };
	l->main = (struct rect){ r.y + 1, r.x, SBX_MAX(r.h - 1, 0), r.w };
	l->gutter = roomy ? 2 : 1;
	if (roomy && r.w > 4) {
		l->main.w--;
		l->scroll = r.x + r.w - 1;
	}
}

/* A quarter of the screen at the right end of r; the rest stays in it. */
static void
place_details(struct layout *l, struct rect *r, int cols)
{
	int w = SBX_MIN(cols * 47 / 200, DETAILS_MOST);
	int x = r->x + r->w - w;

	r->w -= w + 1;
	l->details_separator = x - 1;
	l->details_title = (struct rect){ r->y, x, 1, w };
	l->details = (struct rect){ r->y + 1, x, r->h - 1, w };
}

static void
place_side(const struct layout_in *in, struct layout *l, int body)
{
	int w = list_width(in, l);

	l->list_title = (struct rect){ 0, 0, 1, w };
	l->list = (struct rect){ 1, 0, body - 1, w };
	l->separator = w;
	struct rect r = { 0, w + 1, body, in->cols - w - 1 };
	if (in->details && l->full)
		place_details(l, &r, in->cols);
	place_main(l, r, true);
	place_panes(in, l);
}

static void
place_stack(const struct layout_in *in, struct layout *l, int body)
{
	int h = SBX_MIN(in->list_rows, (body + 2) / 3 - 1);

	h = SBX_MAX(h, 1);
	l->list_title = (struct rect){ 0, 0, 1, in->cols };
	l->list = (struct rect){ 1, 0, h, in->cols };
	place_main(l, (struct rect){ h + 1, 0, body - h - 1, in->cols },
		   in->cols >= STACK_COLS);
}

static void
place_one(const struct layout_in *in, struct layout *l, int body)
{
	if (in->list_focused && !in->zoom) {
		l->list_title = (struct rect){ 0, 0, 1, in->cols };
		l->list = (struct rect){ 1, 0, body - 1, in->cols };
		return;
	}
	place_main(l, (struct rect){ 0, 0, body, in->cols },
		   in->cols >= STACK_COLS);
}

/* Less than 20x4: a title and the last lines, the totals alone in one row;
 * the gutter goes too. */
static void
place_tiny(const struct layout_in *in, struct layout *l)
{
	int rows = in->rows;

	if (rows == 1 || in->cols < 6) {
		l->status = (struct rect){ 0, 0, 1, in->cols };
		return;
	}
	l->main_title = (struct rect){ 0, 0, 1, in->cols };
	l->main = (struct rect){ 1, 0, rows - 1, in->cols };
	l->gutter = 0;
	if (rows >= TINY_ROWS) {
		l->main.h--;
		l->status = (struct rect){ rows - 1, 0, 1, in->cols };
	}
}

bool
layout_split(struct rect r, int count, struct rect *out)
{
	bool grid = r.h / count < SPLIT_ROWS;
	int rows = grid ? (count + 1) / 2 : count;
	int w = grid ? (r.w - 1) / 2 : r.w;

	if (r.h / rows < SPLIT_ROWS || (grid && w < SPLIT_COLS))
		return false;
	for (int i = 0; i < count; i++) {
		int row = grid ? i / 2 : i;
		int y = r.h * row / rows, end = r.h * (row + 1) / rows;
		bool right = grid && i % 2;
		/* The last one of an odd number has both columns. */
		bool wide = grid && i == count - 1 && !right;
		out[i] = (struct rect){
			r.y + y, right ? r.x + w + 1 : r.x, end - y,
			wide ? r.w : right ? r.w - w - 1 : w
		};
	}
	return true;
}

static enum layout_kind
kind_of(const struct layout_in *in)
{
	if (in->cols < TINY_COLS || in->rows < TINY_ROWS)
		return LAYOUT_TINY;
	if (in->cols < STACK_COLS || in->rows < ONE_ROWS / 2)
		return in->rows < ONE_ROWS ? LAYOUT_ONE : LAYOUT_STACK;
	if (in->wish == LAYOUT_WISH_STACK && in->rows >= ONE_ROWS)
		return LAYOUT_STACK;
	return LAYOUT_SIDE;
}

struct layout
layout_make(const struct layout_in *in)
{
	struct layout l;

	memset(&l, 0, sizeof(l));
	l.separator = l.scroll = l.details_separator = -1;
	l.kind = kind_of(in);
	l.wide = l.kind == LAYOUT_SIDE && in->cols >= WIDE_COLS &&
		 (in->list_width == 0 || in->list_width >= 44);
	l.full = l.wide && in->cols >= FULL_COLS && in->rows >= FULL_ROWS;
	if (l.kind == LAYOUT_TINY) {
		place_tiny(in, &l);
		return l;
	}
	bool hint = l.kind != LAYOUT_ONE || in->rows >= ONE_ROWS;
	int body = in->rows - (hint ? 2 : 1);
	l.status = (struct rect){ body, 0, 1, in->cols };
	if (hint)
		l.hint = (struct rect){ body + 1, 0, 1, in->cols };
	if (in->zoom && l.kind != LAYOUT_ONE)
		place_main(&l, (struct rect){ 0, 0, body, in->cols },
			   in->cols >= STACK_COLS);
	else if (l.kind == LAYOUT_SIDE)
		place_side(in, &l, body);
	else if (l.kind == LAYOUT_STACK)
		place_stack(in, &l, body);
	else
		place_one(in, &l, body);
	return l;
}
