#ifndef SBX_GRID_H
#define SBX_GRID_H

/*
 * The picture of one terminal screen: a ring of rows, so that scrolling the
 * whole screen moves an index.  Each row knows how far it was ever written
 * (everything from `used` on is a default blank), which makes clearing and
 * packing of short lines cheap, and the tick of its last change.
 *
 * Wide characters are kept whole: whatever overwrites, shifts or cuts one
 * half blanks the other.  Knows nothing of escape sequences or the cursor.
 * Positions are the caller's to check, except where said otherwise.
 */

#include <stdbool.h>
#include <stdint.h>
#include "cell.h"

struct grid_row {
	struct vt_cell *cells;
	uint64_t gen;
	int used;
	bool wrapped;		/* the line goes on in the next row */
};

struct grid {
	struct grid_row *ring;
	int rows, cols;
	int top;		/* ring index of row 0 */
	uint64_t tick;		/* stamped on what changes */
	uint64_t all_gen;	/* when all rows changed their place */
	bool changed;		/* set with every change; the owner clears it */
};

struct grid *grid_new(int rows, int cols);
void	grid_free(struct grid *g);			/* NULL is fine */

static inline struct grid_row *
grid_row(const struct grid *g, int row)
{
	int i = g->top + row;
	return &g->ring[i >= g->rows ? i - g->rows : i];
}

/* Cells of the row that belong to its line.  A wide character that did not
 * fit leaves the last column of a wrapped row free: that is no blank. */
int	grid_row_len(const struct grid *g, int row);
uint64_t grid_row_gen(const struct grid *g, int row);
/* All rows count as changed. */
void	grid_touch_all(struct grid *g);

/* cell->width columns from col on must be inside the row. */
void	grid_put_slow(struct grid *g, struct grid_row *r, int col,
		      const struct vt_cell *cell);

/* The owner has itself put cells of width 1 over such, up to column end. */
static inline void
grid_written(struct grid *g, struct grid_row *r, int end)
{
	if (r->used < end)
		r->used = end;
	r->gen = g->tick;
	g->changed = true;
}

static inline void
grid_put(struct grid *g, int row, int col, const struct vt_cell *cell)
{
	struct grid_row *r = grid_row(g, row);

	if (r->cells[col].width != 1 || cell->width != 1) {
		grid_put_slow(g, r, col, cell);
		return;
	}
	r->cells[col] = *cell;
	grid_written(g, r, col + 1);
}

/* Columns from <= col < to become blanks with background bg. */
void	grid_erase(struct grid *g, int row, int from, int to, uint32_t bg);
/* Moves columns from <= col < to by n to the right (or left if n < 0) and
 * fills the gap; what passes the ends is lost. */
void	grid_shift(struct grid *g, int row, int from, int to, int n,
		   uint32_t bg);
/* Moves rows top <= row < bottom up by n (or down if n < 0). */
void	grid_scroll(struct grid *g, int top, int bottom, int n, uint32_t bg);
/* Row r becomes what was row r + skip, or blank where there was none. */
void	grid_resize(struct grid *g, int rows, int cols, int skip);
/* Rows up to and with the last one that is not blank. */
int	grid_filled(const struct grid *g);

#endif
