#include "vt_int.h"

#include <errno.h>
#include <stdlib.h>
#include "base/base.h"
#include "base/mem.h"

/* One row with what is needed to print it. */
struct line {
	const struct vt_cell *cells;
	int cols;
	bool wrapped;
};

static const struct vt_cell plain = CELL_BLANK;

/* Row id, from the scrollback by way of room[CELL_COLS_MAX]. */
static struct line
line_get(const struct vt *vt, uint64_t id, struct vt_cell *room)
{
	uint64_t next = scrollback_next(vt->scrollback);
	unsigned flags = 0;
	size_t len;

	if (id >= next) {
		const struct grid_row *r = grid_row(vt->grid, (int)(id - next));
		return (struct line){ r->cells,
				      grid_row_len(vt->grid,
						   (int)(id - next)),
				      r->wrapped };
	}
	const char *data = scrollback_row(vt->scrollback, id, &len);
	int cols = cell_packed_cols(data, len);
	cell_unpack(data, len, vt->pool, room, CELL_COLS_MAX, &flags);
	return (struct line){ room, cols, flags & CELL_ROW_WRAPPED };
}

/* Columns that are worth printing. */
static int
visible_cols(const struct line *l, unsigned flags)
{
	int n = l->cols;

	while (n > 0 && l->cells[n - 1].glyph == ' ' &&
	       l->cells[n - 1].width == 1 &&
	       (!(flags & VT_TEXT_ANSI) || cell_is_blank(&l->cells[n - 1])))
		n--;
	return n;
}

static int
add_line(const struct vt *vt, const struct line *l, unsigned flags,
	 struct buf *out)
{
	bool joined = l->wrapped && flags & VT_TEXT_UNWRAP;
	int cols = joined ? l->cols : visible_cols(l, flags);
	const struct vt_cell *looks = &plain;
	char text[CELL_SGR_MAX];
	int r = 0;

	for (int i = 0; i < cols; i++) {
		const struct vt_cell *c = &l->cells[i];
		if (c->width == 0)
			continue;
		if (flags & VT_TEXT_ANSI) {
			r |= buf_add(out, text, cell_sgr(looks, c, text));
			looks = c;
		}
		r |= buf_add(out, text, cell_text(vt->pool, c, text));
	}
	if (!cell_same_looks(looks, &plain))
		r |= buf_adds(out, "\033[m");
	if (!joined)
		r |= buf_addc(out, '\n');
	return r;
}

int
vt_text(const struct vt *vt, uint64_t from, uint64_t to, unsigned flags,
	struct buf *out)
{
	uint64_t first = scrollback_first(vt->scrollback);
	uint64_t end = scrollback_next(vt->scrollback) + (uint64_t)vt->rows;
	struct vt_cell *room = mem_array(CELL_COLS_MAX, sizeof(*room));
	size_t start = out->len, keep = start;
	int r = 0;

	to = SBX_MIN(to, end);
	for (uint64_t id = SBX_MAX(from, first); id < to && r == 0; id++) {
		struct line l = line_get(vt, id, room);
		bool is_blank = visible_cols(&l, flags) == 0;
		r = add_line(vt, &l, flags, out);
		if (!is_blank)
			keep = out->len;
	}
	free(room);
	if (r == 0 && flags & VT_TEXT_TRIM)
		buf_cut(out, keep);
	/* The last line is whole even where its wrapping led out of range. */
	if (r == 0 && out->len > start && out->data[out->len - 1] != '\n')
		r = buf_addc(out, '\n');
	if (r != 0)
		buf_cut(out, start);
	return r ? -EMSGSIZE : 0;
}
