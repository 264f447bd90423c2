#include "vt_int.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "base/base.h"

/*
 * The order matters: a screen is painted while the terminal is as after a
 * reset (no margins, no origin, wrapping on), then come the saved cursors,
 * then margins, the cursor and last the modes.
 */

/* Additions after a failed one are skipped; the error is told at the end. */
struct sink {
	struct buf *buf;
	int error;
};

static void
put(struct sink *s, const char *data, size_t len)
{
	if (s->error == 0)
		s->error = buf_add(s->buf, data, len);
}

static void SBX_PRINTF(2, 3)
putf(struct sink *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s->error == 0)
		s->error = buf_vaddf(s->buf, fmt, ap);
	va_end(ap);
}

static void
put_cell(struct sink *s, const struct vt *vt, const struct vt_cell *looks,
	 const struct vt_cell *c)
{
	char text[CELL_SGR_MAX];

	put(s, text, cell_sgr(looks, c, text));
	put(s, text, cell_text(vt->pool, c, text));
}

/* Wrapped rows are painted by wrapping, so that they are wrapped again. */
static void
put_grid(struct sink *s, const struct vt *vt, const struct grid *g)
{
	struct vt_cell looks = CELL_BLANK;
	bool joined = false;
	char sgr[CELL_SGR_MAX];

	put(s, sgr, cell_sgr(NULL, &looks, sgr));
	for (int row = 0; row < g->rows; row++) {
		const struct grid_row *r = grid_row(g, row);
		int cols = grid_row_len(g, row);
		while (!r->wrapped && cols > 0 &&
		       cell_is_blank(&r->cells[cols - 1]))
			cols--;
		if (joined)
			cols = SBX_MAX(cols, 1);
		else if (cols > 0)
			putf(s, "\033[%d;1H", row + 1);
		for (int i = 0; i < cols; i++) {
			if (r->cells[i].width == 0)
				continue;
			put_cell(s, vt, &looks, &r->cells[i]);
			looks = r->cells[i];
		}
		joined = r->wrapped;
	}
}

static void
put_charsets(struct sink *s, const struct vt_charsets *sets)
{
	static const char *const shift[] = { "\017", "\016", "\033n", "\033o" };

	for (int i = 0; i < 4; i++)
		putf(s, "\033%c%c", '(' + i, sets->g[i] == CHARSET_GRAPHICS ?
		     '0' : sets->g[i] == CHARSET_UK ? 'A' : 'B');
	putf(s, "%s", shift[sets->gl]);
}

/* Cursor, pen and character sets; top is what origin mode adds to rows.
 * ASCII must be the character set in use. */
static void
put_cursor(struct sink *s, const struct vt *vt, const struct grid *g,
	   const struct vt_saved *at, int top)
{
	const struct vt_cell *cells = grid_row(g, at->row)->cells;
	char sgr[CELL_SGR_MAX];
	int col = at->col;

	if (at->pending) {
		/* Only printing in the last column makes the next wrap. */
		col = cells[at->col].width == 0 ? at->col - 1 : at->col;
	}
	putf(s, "\033[%d;%dH", at->row - top + 1, col + 1);
	if (at->pending)
		put_cell(s, vt, NULL, &cells[col]);
	put(s, sgr, cell_sgr(NULL, &at->pen, sgr));
	put_charsets(s, &at->charsets);
}

/* A cursor for DECSC to take, then everything as it was before. */
static void
put_saved(struct sink *s, const struct vt *vt, const struct grid *g,
	  const struct vt_saved *saved, const char *save)
{
	static const struct vt_charsets none;

	/* Without margins, origin mode allows every place. */
	if (saved->origin)
		putf(s, "\033[?6h");
	put_cursor(s, vt, g, saved, 0);
	putf(s, "%s", save);
	if (saved->origin)
		putf(s, "\033[?6l");
	put_charsets(s, &none);
}

static void
put_kitty(struct sink *s, const struct vt *vt, int alt)
{
	for (int i = 0; i < vt->kitty_depth[alt]; i++)
		putf(s, "\033[>%du", vt->kitty[alt][i]);
}

static void
put_tabs(struct sink *s, const struct vt *vt)
{
	uint8_t usual[VT_TAB_BYTES];

	memset(usual, 1, sizeof(usual));
	if (memcmp(usual, vt->tabs, sizeof(usual)) == 0)
		return;
	putf(s, "\033[3g");
	for (int col = 0; col < vt->cols; col++)
		if (vt->tabs[col / 8] >> col % 8 & 1)
			putf(s, "\033[1;%dH\033H", col + 1);
}

static void
put_modes(struct sink *s, const struct vt *vt)
{
	/* These have their own ways, or moving effects. */
	unsigned apart = VT_MODE_ALTSCREEN | MODE_ORIGIN | MODE_BLINK;

	for (size_t i = 0; i < vt_mode_count; i++) {
		const struct vt_mode *m = &vt_mode_table[i];
		if (!((vt->modes ^ MODE_AT_START) & m->bit & ~apart))
			continue;
		putf(s, "\033[%s%d%c", m->is_private ? "?" : "", m->number,
		     vt->modes & m->bit ? 'h' : 'l');
	}
	putf(s, "\033[%d q", vt->shape * 2 + (vt->modes & MODE_BLINK ? 1 : 2));
}

int
vt_snapshot(const struct vt *vt, struct buf *out)
{
	struct sink sink = { out, 0 }, *s = &sink;
	size_t start = out->len;
	struct vt_saved cursor = {
		.row = vt->row,
		.col = vt->col,
		.pending = vt->pending,
		.pen = vt->pen,
		.charsets = vt->charsets,
	};
	bool origin = vt->modes & MODE_ORIGIN;

	putf(s, "\033c");
	if (vt->title[0])
		putf(s, "\033]2;%s\033\\", vt->title);
	put_grid(s, vt, vt->primary);
	put_kitty(s, vt, 0);
	put_tabs(s, vt);
	put_saved(s, vt, vt->primary, &vt->saved[0],
		  vt_is_alt(vt) ? "\033[?1049h" : "\0337");
	if (vt_is_alt(vt)) {
		put_grid(s, vt, vt->alt);
		put_kitty(s, vt, 1);
		put_saved(s, vt, vt->alt, &vt->saved[1], "\0337");
	}
	putf(s, "\033[%d;%dr", vt->top + 1, vt->bottom);
	if (origin)
		putf(s, "\033[?6h");
	put_cursor(s, vt, vt->grid, &cursor, origin ? vt->top : 0);
	put_modes(s, vt);
	if (vt->charsets.single)
		putf(s, "\033%c", vt->charsets.single == 2 ? 'N' : 'O');
	if (s->error == 0)
		s->error = vtguard_resume(&vt->guard, out);
	if (s->error)
		buf_cut(out, start);
	return s->error;
}
