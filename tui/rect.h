#ifndef SBX_RECT_H
#define SBX_RECT_H

/*
 * A part of the screen, in cells from the top left corner.  A plain value; a
 * rectangle without height or width is empty and holds no place.
 */

#include <stdbool.h>

struct rect {
	int y, x, h, w;
};

static inline bool
rect_empty(struct rect r)
{
	return r.h <= 0 || r.w <= 0;
}

static inline bool
rect_holds(struct rect r, int y, int x)
{
	return y >= r.y && y < r.y + r.h && x >= r.x && x < r.x + r.w;
}

/* The part of a that is in b. */
static inline struct rect
rect_clip(struct rect a, struct rect b)
{
	int y = a.y > b.y ? a.y : b.y, x = a.x > b.x ? a.x : b.x;
	int ye = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
	int xe = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
	return (struct rect){ y, x, ye > y ? ye - y : 0, xe > x ? xe - x : 0 };
}

#endif
