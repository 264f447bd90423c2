#ifndef SBX_LAYOUT_H
#define SBX_LAYOUT_H

/*
 * Where everything goes: sizes and wishes in, rectangles out.  Pure, for
 * every size from 1x1.  Rectangles of a layout never overlap and never leave
 * the screen; what has no room is empty.
 */

#include <stdbool.h>
#include "rect.h"

enum layout_kind {
	LAYOUT_SIDE,	/* list and main pane side by side */
	LAYOUT_STACK,	/* list above the main pane */
	LAYOUT_ONE,	/* one pane, Tab changes it */
	LAYOUT_TINY,	/* a title and lines, or the totals, or one glyph */
};

enum layout_wish { LAYOUT_AUTO, LAYOUT_WISH_SIDE, LAYOUT_WISH_STACK };

struct layout_in {
	int rows, cols;
	enum layout_wish wish;
	int list_width;		/* 0: by itself; > 1000: 1000 + percent */
	int name_columns;	/* of the longest name */
	int wide_columns, full_columns;	/* what stands behind names */
	int list_rows;		/* entries, group lines included */
	int watch_rows;		/* values of the selected process */
	bool details;		/* a third pane is wanted, where it fits */
	bool zoom;		/* the main pane alone */
	bool list_focused;	/* which one LAYOUT_ONE shows */
};

struct layout {
	enum layout_kind kind;
	bool wide;		/* the list has columns and groups */
	bool full;		/* ... all columns */
	struct rect list_title, list;
	struct rect watches, events;	/* with their title row */
	int separator;		/* column, or -1 */
	struct rect main_title, main;	/* main without the scroll bar */
	int gutter;		/* columns at the left of a log */
	int scroll;		/* column of the scroll bar, or -1 */
	int details_separator;	/* column, or -1 */
	struct rect details_title, details;
	struct rect status, hint;
};

/* count parts of r, one below the other or in two columns; false if they
 * would be too small to be of use. */
bool	layout_split(struct rect r, int count, struct rect *out);

struct layout layout_make(const struct layout_in *in);

#endif
