#ifndef SBX_TESTS_VTCHECK_H
#define SBX_TESTS_VTCHECK_H

/*
 * What must hold of every terminal, and when two of them are the same.  For
 * the unit tests and the fuzz target; both return a static text that says
 * what is wrong, or NULL.
 */

#include <stdio.h>
#include <string.h>
#include "engine/term/vt_int.h"

static const char *vt_wrong(const struct vt *vt);
static const char *vt_differ(const struct vt *a, const struct vt *b);

static const char *
grid_wrong(const struct vt *vt, const struct grid *g)
{
	if (g->rows != vt->rows || g->cols != vt->cols)
		return "the grid has another size";
	for (int row = 0; row < g->rows; row++) {
		const struct grid_row *r = grid_row(g, row);
		if (r->used < 0 || r->used > g->cols)
			return "used is outside of the row";
		if (row == g->rows - 1 && r->wrapped)
			return "the last row is wrapped";
		for (int i = 0; i < g->cols; i++) {
			const struct vt_cell *c = &r->cells[i];
			uint32_t points[CELL_MARKS_MAX + 1];
			bool is_left = i > 0 && c[-1].width == 2;
			if (i >= r->used && !cell_is_blank(c))
				return "a cell behind used is not blank";
			if (c->width > 2 || (c->width == 0) != is_left)
				return "half of a wide character";
			if (c->width == 2 && i == g->cols - 1)
				return "a wide character is cut";
			cell_points(vt->pool, c->glyph, points);
			if (points[0] < 0x20 || points[0] == 0x7f ||
			    (points[0] > 0x7f && points[0] < 0xa0))
				return "a control in a cell";
		}
	}
	return NULL;
}

static const char *
vt_wrong(const struct vt *vt)
{
	const char *wrong = grid_wrong(vt, vt->primary);

	if (!wrong && vt->alt)
		wrong = grid_wrong(vt, vt->alt);
	if (wrong)
		return wrong;
	if (vt->row < 0 || vt->row >= vt->rows || vt->col < 0 ||
	    vt->col >= vt->cols)
		return "the cursor is outside";
	if (vt->pending && vt->col != vt->cols - 1)
		return "a wrap is pending inside of the row";
	if (vt->top < 0 || vt->top >= vt->bottom || vt->bottom > vt->rows)
		return "margins";
	if (vt->modes & MODE_ORIGIN &&
	    (vt->row < vt->top || vt->row >= vt->bottom))
		return "the cursor left the origin";
	if ((vt->grid == vt->alt) != (vt->alt != NULL) ||
	    !(vt->modes & VT_MODE_ALTSCREEN) != !vt->alt)
		return "which screen is shown";
	if (vt->guard.string.len > VTGUARD_STRING_MAX)
		return "a string is too long";
	return NULL;
}

static const char *
grid_differ(const struct vt *a, const struct grid *ga, const struct vt *b,
	    const struct grid *gb)
{
	static char where[160];
	char ta[CELL_TEXT_MAX], tb[CELL_TEXT_MAX];

	for (int row = 0; row < ga->rows; row++) {
		const struct grid_row *ra = grid_row(ga, row);
		const struct grid_row *rb = grid_row(gb, row);
		snprintf(where, sizeof(where), "wrapped of row %d", row);
		if (ra->wrapped != rb->wrapped)
			return where;
		for (int i = 0; i < ga->cols; i++) {
			cell_text(a->pool, &ra->cells[i], ta);
			cell_text(b->pool, &rb->cells[i], tb);
			if (strcmp(ta, tb) == 0 &&
			    cell_same_looks(&ra->cells[i], &rb->cells[i]) &&
			    ra->cells[i].width == rb->cells[i].width)
				continue;
			snprintf(where, sizeof(where),
				 "cell %d,%d: '%s' %x %x %x, '%s' %x %x %x",
				 row, i, ta, ra->cells[i].fg, ra->cells[i].bg,
				 ra->cells[i].attrs, tb, rb->cells[i].fg,
				 rb->cells[i].bg, rb->cells[i].attrs);
			return where;
		}
	}
	return NULL;
}

static bool
saved_same(const struct vt_saved *a, const struct vt_saved *b)
{
	return a->row == b->row && a->col == b->col &&
	       a->pending == b->pending && a->origin == b->origin &&
	       cell_same_looks(&a->pen, &b->pen) &&
	       memcmp(&a->charsets, &b->charsets, sizeof(a->charsets)) == 0;
}

/* The scrollback is not compared. */
static const char *
vt_differ(const struct vt *a, const struct vt *b)
{
	if (a->rows != b->rows || a->cols != b->cols)
		return "size";
	if (a->row != b->row || a->col != b->col)
		return "cursor";
	if (a->pending != b->pending)
		return "pending wrap";
	if (a->top != b->top || a->bottom != b->bottom)
		return "margins";
	if (a->modes != b->modes)
		return "modes";
	if (a->shape != b->shape)
		return "shape";
	if (!cell_same_looks(&a->pen, &b->pen))
		return "pen";
	if (memcmp(&a->charsets, &b->charsets, sizeof(a->charsets)) != 0)
		return "character sets";
	if (!saved_same(&a->saved[0], &b->saved[0]))
		return "saved cursor";
	if (a->alt && !saved_same(&a->saved[1], &b->saved[1]))
		return "saved cursor of the alternate screen";
	for (int i = 0; i < a->cols; i++)
		if ((a->tabs[i / 8] ^ b->tabs[i / 8]) >> i % 8 & 1)
			return "tabs";
	for (int i = 0; i <= vt_is_alt(a); i++)
		if (a->kitty_depth[i] != b->kitty_depth[i] ||
		    memcmp(a->kitty[i], b->kitty[i],
			   (size_t)a->kitty_depth[i]) != 0)
			return "keyboard flags";
	if (strcmp(a->title, b->title) != 0)
		return "title";
	if (!a->alt != !b->alt)
		return "which screen";
	const char *differ = grid_differ(a, a->primary, b, b->primary);
	if (!differ && a->alt)
		differ = grid_differ(a, a->alt, b, b->alt);
	return differ;
}

#endif
