#ifndef SBX_DRAW_H
#define SBX_DRAW_H

/*
 * The picture of a frame: a grid of cells that the views draw into.  Nothing
 * here knows a terminal; paint.h brings a canvas to one.  Every drawing call
 * is clipped to the rectangle it is given and to the canvas, counts columns
 * and not bytes, and never stores a control character: whatever text a child
 * printed, a cell holds a printable character or a blank.
 *
 * A wide character that does not fit is replaced by blanks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/base/base.h"
#include "engine/conf/color.h"
#include "engine/term/cell.h"
#include "rect.h"

struct canvas;

struct canvas_cursor {
	int y, x;
	bool visible;
	int shape;		/* 0 block, 1 underline, 2 bar */
};

struct canvas *canvas_new(int rows, int cols);	/* clamped to 1..1024 */
void	canvas_free(struct canvas *c);		/* NULL is fine */
void	canvas_resize(struct canvas *c, int rows, int cols);
int	canvas_rows(const struct canvas *c);
int	canvas_cols(const struct canvas *c);
/* All blank in this style, cursor hidden. */
void	canvas_clear(struct canvas *c, struct style st);
const struct vt_cell *canvas_row(const struct canvas *c, int y);
const struct cell_pool *canvas_pool(const struct canvas *c);
struct rect canvas_rect(const struct canvas *c);
void	canvas_set_cursor(struct canvas *c, struct canvas_cursor at);
struct canvas_cursor canvas_cursor(const struct canvas *c);
/* The text of the picture, blanks at line ends cut; caller frees. */
char	*canvas_text(const struct canvas *c);

/* Where and how to draw; x and y are absolute, clip keeps it inside. */
struct pen {
	struct canvas *canvas;
	struct rect clip;
	struct style style;
};

/* Each returns the column after what it drew (also where it was clipped). */
int	draw_text(const struct pen *p, int y, int x, const char *text);
int	draw_bytes(const struct pen *p, int y, int x, const char *text,
		   size_t len);
int	draw_fmt(const struct pen *p, int y, int x, const char *fmt, ...)
	SBX_PRINTF(4, 5);
/* At most width columns; text that is longer ends in mark. */
int	draw_cut(const struct pen *p, int y, int x, int width,
		 const char *text, const char *mark);
/* The same, ending at column x + width. */
int	draw_right(const struct pen *p, int y, int x, int width,
		   const char *text, const char *mark);
/* glyph (one column) n times. */
int	draw_repeat(const struct pen *p, int y, int x, const char *glyph,
		    int n);
void	draw_fill(const struct pen *p, struct rect r);
/* Cells of another pool, e.g. a terminal's row; colours as they are. */
void	draw_cells(const struct pen *p, int y, int x,
		   const struct cell_pool *pool, const struct vt_cell *cells,
		   int count);
/* Changes looks, not text: bits are added, colours that are not the default
 * replace those of the cells. */
void	draw_tint(const struct pen *p, struct rect r);

/* Columns of text as draw_text() would use them. */
int	draw_columns(const char *text);

#endif
