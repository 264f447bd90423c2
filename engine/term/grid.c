#include "grid.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"

static void
fill(struct vt_cell *c, int count, uint32_t bg)
{
	struct vt_cell blank = CELL_BLANK;
	blank.bg = bg;
	for (int i = 0; i < count; i++)
		c[i] = blank;
}

static void
row_init(struct grid_row *r, int cols)
{
	r->cells = mem_array((size_t)cols, sizeof(*r->cells));
	fill(r->cells, cols, 0);
	r->used = 0;
	r->wrapped = false;
}

struct grid *
grid_new(int rows, int cols)
{
	assert(rows > 0 && cols > 0);
	struct grid *g = mem_alloc(sizeof(*g));
	g->rows = rows;
	g->cols = cols;
	g->ring = mem_array((size_t)rows, sizeof(*g->ring));
	for (int i = 0; i < rows; i++)
		row_init(&g->ring[i], cols);
	return g;
}

void
grid_free(struct grid *g)
{
	if (!g)
		return;
	for (int i = 0; i < g->rows; i++)
		free(g->ring[i].cells);
	free(g->ring);
	free(g);
}

int
grid_row_len(const struct grid *g, int row)
{
	const struct grid_row *r = grid_row(g, row);

	if (!r->wrapped)
		return r->used;
	bool cut_short = r->used == g->cols - 1 && r->used > 0 &&
			 (row == g->rows - 1 ||
			  grid_row(g, row + 1)->cells[0].width == 2);
	return cut_short ? g->cols - 1 : g->cols;
}

uint64_t
grid_row_gen(const struct grid *g, int row)
{
	return SBX_MAX(grid_row(g, row)->gen, g->all_gen);
}

void
grid_touch_all(struct grid *g)
{
	g->all_gen = g->tick;
	g->changed = true;
}

static void
touch(struct grid *g, struct grid_row *r)
{
	r->gen = g->tick;
	g->changed = true;
}

/* Makes col the left border of a cell: a wide one across it is blanked. */
static void
cut(struct grid *g, struct grid_row *r, int col)
{
	if (col <= 0 || col >= g->cols || r->cells[col].width != 0)
		return;
	for (int i = col - 1; i <= col; i++) {
		r->cells[i].glyph = ' ';
		r->cells[i].width = 1;
	}
}

void
grid_put_slow(struct grid *g, struct grid_row *r, int col,
	      const struct vt_cell *cell)
{
	int width = cell->width == 2 ? 2 : 1;

	cut(g, r, col);
	cut(g, r, col + width);
	r->cells[col] = *cell;
	if (width == 2) {
		r->cells[col + 1] = *cell;
		r->cells[col + 1].glyph = ' ';
		r->cells[col + 1].width = 0;
	}
	r->used = SBX_MAX(r->used, col + width);
	touch(g, r);
}

static void
erase_row(struct grid *g, struct grid_row *r, int from, int to, uint32_t bg)
{
	cut(g, r, from);
	cut(g, r, to);
	if (to >= g->cols)
		r->wrapped = false;
	if (bg == 0 && to >= r->used) {
		/* The rest of the row is blank already. */
		if (from < r->used) {
			fill(r->cells + from, r->used - from, 0);
			r->used = from;
		}
	} else {
		fill(r->cells + from, to - from, bg);
		r->used = SBX_MAX(r->used, to);
	}
}

void
grid_erase(struct grid *g, int row, int from, int to, uint32_t bg)
{
	struct grid_row *r = grid_row(g, row);

	erase_row(g, r, from, to, bg);
	touch(g, r);
}

void
grid_shift(struct grid *g, int row, int from, int to, int n, uint32_t bg)
{
	struct grid_row *r = grid_row(g, row);
	int width = to - from;
	int by = SBX_MIN(n < 0 ? -n : n, width);
	int keep = width - by;

	cut(g, r, from);
	cut(g, r, to);
	if (n > 0) {
		cut(g, r, to - by);
		memmove(r->cells + from + by, r->cells + from,
			(size_t)keep * sizeof(*r->cells));
		fill(r->cells + from, by, bg);
	} else {
		cut(g, r, from + by);
		memmove(r->cells + from, r->cells + from + by,
			(size_t)keep * sizeof(*r->cells));
		fill(r->cells + from + keep, by, bg);
	}
	r->used = SBX_MAX(r->used, to);
	touch(g, r);
}

static void
swap_rows(struct grid *g, int a, int b)
{
	for (; a < b; a++, b--) {
		struct grid_row keep = *grid_row(g, a);
		*grid_row(g, a) = *grid_row(g, b);
		*grid_row(g, b) = keep;
	}
}

/* Rotates rows upwards by n, 0 < n < height, by three reversals. */
static void
rotate(struct grid *g, int top, int bottom, int n)
{
	swap_rows(g, top, top + n - 1);
	swap_rows(g, top + n, bottom - 1);
	swap_rows(g, top, bottom - 1);
}

void
grid_scroll(struct grid *g, int top, int bottom, int n, uint32_t bg)
{
	int height = bottom - top;
	int by = SBX_MIN(n < 0 ? -n : n, height);
	int clear = n > 0 ? top : bottom - by;	/* rows that go */

	if (by == 0)
		return;
	for (int i = 0; i < by; i++) {
		struct grid_row *r = grid_row(g, clear + i);
		erase_row(g, r, 0, g->cols, bg);
	}
	if (height == g->rows) {
		g->top = (g->top + (n > 0 ? by : g->rows - by)) % g->rows;
		grid_row(g, g->rows - 1)->wrapped = false;
		grid_touch_all(g);
		return;
	}
	if (by < height)
		rotate(g, top, bottom, n > 0 ? by : height - by);
	for (int i = top; i < bottom; i++)
		touch(g, grid_row(g, i));
	/* What followed these rows is no longer what follows them. */
	grid_row(g, bottom - 1)->wrapped = false;
	if (top > 0)
		grid_row(g, top - 1)->wrapped = false;
}

static void
row_resize(struct grid_row *r, int old_cols, int cols)
{
	if (cols == old_cols)
		return;
	struct vt_cell *cells = mem_array((size_t)cols, sizeof(*cells));
	int keep = SBX_MIN(SBX_MIN(old_cols, cols), r->used);
	memcpy(cells, r->cells, (size_t)keep * sizeof(*cells));
	fill(cells + keep, cols - keep, 0);
	if (cells[cols - 1].width == 2) {
		cells[cols - 1].glyph = ' ';
		cells[cols - 1].width = 1;
	}
	free(r->cells);
	r->cells = cells;
	r->used = keep;
	r->wrapped = false;
}

void
grid_resize(struct grid *g, int rows, int cols, int skip)
{
	struct grid_row *ring = mem_array((size_t)rows, sizeof(*ring));

	for (int i = 0; i < rows; i++) {
		int from = i + skip;
		if (from < 0 || from >= g->rows) {
			row_init(&ring[i], cols);
			continue;
		}
		ring[i] = *grid_row(g, from);
		grid_row(g, from)->cells = NULL;
		row_resize(&ring[i], g->cols, cols);
	}
	for (int i = 0; i < g->rows; i++)
		free(g->ring[i].cells);
	free(g->ring);
	g->ring = ring;
	g->rows = rows;
	g->cols = cols;
	g->top = 0;
	grid_row(g, rows - 1)->wrapped = false;
	grid_touch_all(g);
}

int
grid_filled(const struct grid *g)
{
	for (int row = g->rows; row > 0; row--) {
		const struct grid_row *r = grid_row(g, row - 1);
		for (int i = 0; i < r->used; i++)
			if (!cell_is_blank(&r->cells[i]))
				return row;
	}
	return 0;
}
