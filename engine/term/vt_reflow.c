#include "vt_int.h"

#include <stdlib.h>
#include "base/base.h"
#include "base/mem.h"

/*
 * Lines are wrapped anew when the columns change.  Every row, oldest first
 * and packed, goes in; cells come out one after the other into a row of the
 * new width, so a line may be as long as the whole scrollback and never has
 * to be held at once.  Rows of the scrollback go into its successor, those
 * of the screen into a list of their own, for only at the end it is known
 * how many of them are too many.
 */

#define TAIL_ROWS_MAX ((size_t)1 << 24)
#define TAIL_BYTES_MAX ((size_t)1 << 31)
#define POOL_MAX 16384

struct flow {
	struct scrollback *out;		/* where finished rows go */
	struct scrollback *tail;	/* those of the screen */
	struct cell_pool *pool;
	struct buf packed;
	struct vt_cell *in;		/* one row, of the old width */
	struct vt_cell *row;		/* the row that is being filled */
	int cols, fill;
	struct vt_place *places;	/* to be moved with their text */
	struct vt_place *moved;		/* row: of the tail; -1: not yet */
	int place_count;
};

static void
finish_row(struct flow *f, bool wrapped)
{
	buf_clear(&f->packed);
	if (cell_pack(f->pool, f->row, f->fill,
		      wrapped ? CELL_ROW_WRAPPED : 0, &f->packed) == 0)
		scrollback_push(f->out, f->packed.data, f->packed.len);
	f->fill = 0;
}

/* The places at column from <= col < to of screen row y are at the cell that
 * comes next. */
static void
mark_places(struct flow *f, int y, int from, int to)
{
	for (int i = 0; i < f->place_count; i++) {
		const struct vt_place *p = &f->places[i];
		int col = p->col + p->pending;
		if (p->row != y || col < from || col >= to ||
		    f->moved[i].row >= 0)
			continue;
		/* Right behind the last column it waits there; what is
		 * further away from the text comes nearer. */
		int most = col == from ? f->cols : f->cols - 1;
		f->moved[i] = (struct vt_place){
			.row = (int)scrollback_next(f->tail),
			.col = SBX_MIN(f->fill + col - from, most),
		};
	}
}

/* Appends n cells of screen row y (-1: of the scrollback). */
static void
add_cells(struct flow *f, int y, int n)
{
	for (int i = 0; i < n;) {
		struct vt_cell c = f->in[i];
		int width = c.width == 2 ? 2 : 1;
		if (width > f->cols) {
			c.glyph = ' ';
			c.width = 1;
		}
		if (f->fill + c.width > f->cols)
			finish_row(f, true);
		mark_places(f, y, i, i + width);
		f->row[f->fill++] = c;
		if (c.width == 2) {
			c.glyph = ' ';
			c.width = 0;
			f->row[f->fill++] = c;
		}
		i += width;
	}
}

/* One row as it was; the last one ends its line whatever it says. */
static void
add_row(struct flow *f, int y, const char *data, size_t len, bool last)
{
	unsigned flags = 0;
	int n = cell_packed_cols(data, len);

	if (cell_pool_full(f->pool)) {
		cell_pool_sweep_begin(f->pool);
		cell_pool_keep(f->pool, f->row, f->fill);
		cell_pool_sweep_end(f->pool);
	}
	cell_unpack(data, len, f->pool, f->in, CELL_COLS_MAX, &flags);
	add_cells(f, y, SBX_MAX(n, 0));
	/* Behind the text, where a cursor likes to be. */
	mark_places(f, y, SBX_MAX(n, 0), CELL_COLS_MAX + 1);
	if (!(flags & CELL_ROW_WRAPPED) || last)
		finish_row(f, false);
}

static void
add_scrollback(struct flow *f, const struct scrollback *sb)
{
	uint64_t next = scrollback_next(sb);
	size_t len;

	for (uint64_t id = scrollback_first(sb); id < next; id++) {
		const char *data = scrollback_row(sb, id, &len);
		add_row(f, -1, data, len, false);
	}
}

static void
add_screen(struct flow *f, struct vt *vt, int count)
{
	for (int y = 0; y < count; y++)
		if (vt_pack_row(vt, vt->primary, y) == 0)
			add_row(f, y, vt->packed.data, vt->packed.len,
				y == count - 1);
}

/* Rows on the screen from its top on that hold something or the cursor. */
static int
rows_in_use(const struct vt *vt, const struct vt_place *cursor)
{
	return SBX_MAX(grid_filled(vt->primary), cursor->row + 1);
}

static void
fill_row(struct vt *vt, struct grid *g, int row, const char *data, size_t len)
{
	struct grid_row *r = grid_row(g, row);
	unsigned flags = 0;

	cell_unpack(data, len, vt->pool, r->cells, g->cols, &flags);
	r->used = SBX_MAX(0, SBX_MIN(cell_packed_cols(data, len), g->cols));
	r->wrapped = flags & CELL_ROW_WRAPPED;
}

/* A new primary screen: pull rows of the end of the scrollback, then those
 * of the tail. */
static void
make_screen(struct vt *vt, struct flow *f, struct scrollback *sb, int pull)
{
	struct grid *old = vt->primary;
	struct grid *g = grid_new(old->rows, f->cols);
	int count = (int)(scrollback_next(f->tail) -
			  scrollback_first(f->tail));
	size_t len;

	g->tick = old->tick;
	for (int y = pull - 1; y >= 0; y--) {
		const char *data =
			scrollback_row(sb, scrollback_next(sb) - 1, &len);
		fill_row(vt, g, y, data, len);
		scrollback_pop(sb);
	}
	for (int y = 0; y < count; y++) {
		uint64_t id = scrollback_first(f->tail) + (uint64_t)y;
		const char *data = scrollback_row(f->tail, id, &len);
		fill_row(vt, g, pull + y, data, len);
	}
	grid_row(g, g->rows - 1)->wrapped = false;
	grid_touch_all(g);
	if (vt->grid == old)
		vt->grid = g;
	vt->primary = g;
	grid_free(old);
}

/* Where a place of the tail is on the screen whose first row is tail row
 * top. */
static struct vt_place
place_on_screen(const struct flow *f, struct vt_place p, int top, int rows)
{
	if (p.row < top)
		return (struct vt_place){ 0, 0, false };
	p.row = SBX_MIN(p.row - top, rows - 1);
	p.pending = p.col >= f->cols;
	p.col = SBX_MIN(p.col, f->cols - 1);
	return p;
}

/* A line that begins in the scrollback may end on the screen: the row where
 * they meet belongs to the screen. */
void
vt_reflow(struct vt *vt, int cols, struct vt_place *places, int count)
{
	struct scrollback *sb = scrollback_successor(vt->scrollback);
	struct vt_place moved[VT_PLACES_MAX];
	struct flow f = {
		.out = sb,
		.tail = scrollback_new(TAIL_ROWS_MAX, TAIL_BYTES_MAX),
		.pool = cell_pool_new(POOL_MAX),
		.packed = BUF_INIT(vt->packed.max),
		.in = mem_array(CELL_COLS_MAX, sizeof(*f.in)),
		.row = mem_array((size_t)cols, sizeof(*f.row)),
		.cols = cols,
		.places = places, .moved = moved, .place_count = count,
	};
	int rows = vt->primary->rows;
	int used = rows_in_use(vt, &places[0]);
	bool is_full = used == rows;

	for (int i = 0; i < count; i++)
		moved[i].row = -1;
	add_scrollback(&f, vt->scrollback);
	f.out = f.tail;
	add_screen(&f, vt, used);
	int have = (int)scrollback_next(f.tail), top = 0;
	for (; have - top > rows; top++) {
		size_t len;
		const char *data =
			scrollback_row(f.tail, (uint64_t)top, &len);
		scrollback_push(sb, data, len);
		scrollback_shift(f.tail);
	}
	int pull = 0;
	if (is_full)
		pull = (int)SBX_MIN((uint64_t)(rows - (have - top)),
				    scrollback_next(sb) -
					    scrollback_first(sb));
	make_screen(vt, &f, sb, pull);
	for (int i = 0; i < count; i++) {
		if (moved[i].row < 0)
			moved[i] = (struct vt_place){
				have + places[i].row - used,
				SBX_MIN(places[i].col, cols - 1), false };
		places[i] = place_on_screen(&f, moved[i], top - pull, rows);
	}
	scrollback_free(vt->scrollback);
	scrollback_settle(sb);
	vt->scrollback = sb;
	scrollback_free(f.tail);
	cell_pool_free(f.pool);
	buf_fini(&f.packed);
	free(f.in);
	free(f.row);
}
