#ifndef SBX_CELL_H
#define SBX_CELL_H

/*
 * One place of a terminal screen, and a row of them as bytes.  A cell holds a
 * code point, or, with CELL_CLUSTER set, the number of a base character with
 * combining marks in a pool; so a cell's text can only be read together with
 * the pool it was made with.  The engine has one pool a terminal, a client
 * one a picture.
 *
 * A blank is always U+0020 of width 1.  A wide character is a cell of width 2
 * followed by one of width 0 with the same colours; neither stands alone.
 *
 * The packed form is used on the wire and in the scrollback: flags, then runs
 * of cells alike in looks, trailing default blanks left out.  Unpacking
 * trusts nothing: any bytes give a well-formed row or -EBADMSG.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cell_pool;

enum {
	VT_BOLD = 1,
	VT_DIM = 2,
	VT_ITALIC = 4,
	VT_UNDERLINE = 8,
	VT_BLINK = 16,
	VT_REVERSE = 32,
	VT_CONCEAL = 64,
	VT_STRIKE = 128,
	VT_ATTRS_ALL = 255,
};

/* A colour: 0 is the default, VT_INDEXED | 0..255, VT_RGB | 0xrrggbb. */
#define VT_INDEXED 0x01000000u
#define VT_RGB 0x02000000u
#define VT_COLOUR_IS_INDEXED(c) (((c) >> 24) == 1)
#define VT_COLOUR_IS_RGB(c) (((c) >> 24) == 2)

struct vt_cell {
	uint32_t glyph;		/* code point, or CELL_CLUSTER | number */
	uint32_t fg, bg;
	uint16_t attrs;		/* VT_BOLD ... */
	uint8_t width;		/* 1, 2; 0 is the right half of a wide one */
	uint8_t unused;		/* 0 */
};

#define CELL_BLANK ((struct vt_cell){ .glyph = ' ', .width = 1 })

#define CELL_CLUSTER 0x80000000u
#define CELL_MARKS_MAX 8		/* combining marks a cell can hold */
#define CELL_TEXT_MAX (4 * (CELL_MARKS_MAX + 1) + 1)
#define CELL_COLS_MAX 4096		/* no row is longer */

/* max limits the number of different clusters alive at once. */
struct cell_pool *cell_pool_new(size_t max);
void	cell_pool_free(struct cell_pool *p);		/* NULL is fine */

/* The glyph of base and marks; when the pool is full just the base. */
uint32_t cell_pool_add(struct cell_pool *p, const uint32_t *points, int count);
/* The code points of any glyph (p may be NULL if no cluster is expected);
 * returns their count, 1 to CELL_MARKS_MAX + 1. */
int	cell_points(const struct cell_pool *p, uint32_t glyph, uint32_t *out);

/* A full pool is swept by its owner: begin, keep every row that is still
 * shown, end.  Numbers of kept clusters do not change. */
bool	cell_pool_full(const struct cell_pool *p);
void	cell_pool_sweep_begin(struct cell_pool *p);
void	cell_pool_keep(struct cell_pool *p, const struct vt_cell *c, int count);
void	cell_pool_sweep_end(struct cell_pool *p);

/* UTF-8 of one cell, NUL-terminated; "" for the right half of a wide one.
 * out has CELL_TEXT_MAX bytes; returns the length. */
size_t	cell_text(const struct cell_pool *p, const struct vt_cell *c,
		  char *out);
bool	cell_same(const struct vt_cell *a, const struct vt_cell *b);
bool	cell_is_blank(const struct vt_cell *c);		/* and default looks */

/* True when fg, bg and attrs agree. */
static inline bool
cell_same_looks(const struct vt_cell *a, const struct vt_cell *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

enum { CELL_ROW_WRAPPED = 1 };	/* the line goes on in the next row */

/* Appends the packed row.  0 or -EMSGSIZE. */
int	cell_pack(const struct cell_pool *p, const struct vt_cell *cells,
		  int cols, unsigned row_flags, struct buf *out);
/* Fills all of out[cols]: what does not fit is cut, the rest is blank.
 * row_flags may be NULL.  0 or -EBADMSG (out is then all blank). */
int	cell_unpack(const char *data, size_t len, struct cell_pool *p,
		    struct vt_cell *out, int cols, unsigned *row_flags);
/* How many columns the packed row takes, or -EBADMSG.  Blanks at the end of
 * a wrapped row count. */
int	cell_packed_cols(const char *data, size_t len);

/* The escape sequence that turns the looks of `from` into those of `to`;
 * from may be NULL for an unknown state.  out has CELL_SGR_MAX bytes;
 * returns the length. */
#define CELL_SGR_MAX 96
size_t	cell_sgr(const struct vt_cell *from, const struct vt_cell *to,
		 char *out);

#endif
