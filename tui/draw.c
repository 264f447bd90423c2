#include "draw.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/utf8.h"

enum { SIZE_MAX_CELLS = 1024, POOL_MAX = 4096 };

struct canvas {
	int rows, cols;
	struct vt_cell *cells;
	struct cell_pool *pool;
	struct canvas_cursor cursor;
};

static int
clamp_size(int n)
{
	return n < 1 ? 1 : n > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : n;
}

static struct vt_cell *
cell_at(struct canvas *c, int y, int x)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

static void
blank_cell(struct vt_cell *cell, struct style st)
{
	*cell = (struct vt_cell){ .glyph = ' ',
				  .width = 1,
				  .fg = st.fg,
				  .bg = st.bg,
				  .attrs = st.attrs };
}

/* Writing over one half of a wide character must not leave the other. */
static void
unpair(struct canvas *c, int y, int x)
{
	struct vt_cell *cell = cell_at(c, y, x);

	if (cell->width == 0 && x > 0) {
		struct vt_cell *left = cell_at(c, y, x - 1);
		left->glyph = ' ';
		left->width = 1;
	} else if (cell->width == 2 && x + 1 < c->cols) {
		struct vt_cell *right = cell_at(c, y, x + 1);
		right->glyph = ' ';
		right->width = 1;
	}
	cell->glyph = ' ';
	cell->width = 1;
}

static void
put_glyph(const struct pen *p, int y, int x, uint32_t glyph, int width)
{
	struct canvas *c = p->canvas;
	struct rect r = rect_clip(p->clip, canvas_rect(c));

	if (!rect_holds(r, y, x))
		return;
	if (width == 2 && !rect_holds(r, y, x + 1)) {
		glyph = ' ';
		width = 1;
	}
	struct vt_cell *cell = cell_at(c, y, x);
	if (cell->width != 1)
		unpair(c, y, x);
	if (width == 2)
		unpair(c, y, x + 1);
	blank_cell(cell, p->style);
	cell->glyph = glyph;
	cell->width = (uint8_t)width;
	if (width == 2) {
		blank_cell(cell + 1, p->style);
		cell[1].glyph = 0;
		cell[1].width = 0;
	}
}

/* Joiners, variation selectors and direction marks would let the terminal
 * lay the line out differently from what was counted here. */
static bool
is_layout_mark(uint32_t cp)
{
	return (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) ||
	       (cp >= 0xfe00 && cp <= 0xfe0f) || cp == 0xfeff ||
	       cp == 0x2028 || cp == 0x2029;
}

static void
add_mark(const struct pen *p, int y, int x, uint32_t mark)
{
	struct canvas *c = p->canvas;
	uint32_t points[CELL_MARKS_MAX + 2];

	if (!rect_holds(rect_clip(p->clip, canvas_rect(c)), y, x))
		return;
	struct vt_cell *cell = cell_at(c, y, x);
	if (cell->width == 0 && x > 0)
		cell--;
	int n = cell_points(c->pool, cell->glyph, points);
	if (n < 1 || n > CELL_MARKS_MAX)
		return;
	points[n++] = mark;
	cell->glyph = cell_pool_add(c->pool, points, n);
}

struct canvas *
canvas_new(int rows, int cols)
{
	struct canvas *c = mem_alloc(sizeof(*c));

	canvas_resize(c, rows, cols);
	return c;
}

void
canvas_free(struct canvas *c)
{
	if (!c)
		return;
	cell_pool_free(c->pool);
	free(c->cells);
	free(c);
}

void
canvas_resize(struct canvas *c, int rows, int cols)
{
	rows = clamp_size(rows);
	cols = clamp_size(cols);
	free(c->cells);
	c->cells = mem_array((size_t)rows * (size_t)cols, sizeof(*c->cells));
	c->rows = rows;
	c->cols = cols;
	canvas_clear(c, (struct style){ 0, 0, 0 });
}

int
canvas_rows(const struct canvas *c)
{
	return c->rows;
}

int
canvas_cols(const struct canvas *c)
{
	return c->cols;
}

void
canvas_clear(struct canvas *c, struct style st)
{
	size_t n = (size_t)c->rows * (size_t)c->cols;

	for (size_t i = 0; i < n; i++)
		blank_cell(&c->cells[i], st);
	/* Nothing refers to the clusters of the last frame any more. */
	if (!c->pool || cell_pool_full(c->pool)) {
		/* Made before the old one goes, so that its address tells a
		 * painter that the numbers have a new meaning. */
		struct cell_pool *fresh = cell_pool_new(POOL_MAX);
		cell_pool_free(c->pool);
		c->pool = fresh;
	}
	c->cursor = (struct canvas_cursor){ 0, 0, false, 0 };
}

const struct vt_cell *
canvas_row(const struct canvas *c, int y)
{
	return &c->cells[(size_t)y * (size_t)c->cols];
}

const struct cell_pool *
canvas_pool(const struct canvas *c)
{
	return c->pool;
}

struct rect
canvas_rect(const struct canvas *c)
{
	return (struct rect){ 0, 0, c->rows, c->cols };
}

void
canvas_set_cursor(struct canvas *c, struct canvas_cursor at)
{
	if (!rect_holds(canvas_rect(c), at.y, at.x)) {
		at.visible = false;
		at.y = at.x = 0;
	}
	c->cursor = at;
}

struct canvas_cursor
canvas_cursor(const struct canvas *c)
{
	return c->cursor;
}

char *
canvas_text(const struct canvas *c)
{
	struct buf b;
	char text[CELL_TEXT_MAX];

	buf_init(&b, (size_t)c->rows * ((size_t)c->cols * CELL_TEXT_MAX + 1) +
		1);
	for (int y = 0; y < c->rows; y++) {
		const struct vt_cell *row = canvas_row(c, y);
		size_t solid = b.len;
		for (int x = 0; x < c->cols; x++) {
			size_t n = cell_text(c->pool, &row[x], text);
			buf_add(&b, text, n);
			if (n > 0 && !(n == 1 && text[0] == ' '))
				solid = b.len;
		}
		buf_cut(&b, solid);
		buf_addc(&b, '\n');
	}
	return buf_take(&b);
}

int
draw_bytes(const struct pen *p, int y, int x, const char *text, size_t len)
{
	size_t off = 0;
	int start = x;

	while (off < len) {
		uint32_t cp = 0;
		int n = utf8_decode(text + off, len - off, &cp);
		if (n <= 0) {
			cp = 0xfffd;
			n = 1;
		}
		off += (size_t)n;
		int w = utf8_width(cp);
		if (w < 0) {
			cp = cp == '\t' ? ' ' : 0xfffd;
			w = 1;
		}
		if (is_layout_mark(cp))
			continue;
		if (w == 0) {
			if (x > start)
				add_mark(p, y, x - 1, cp);
			continue;
		}
		put_glyph(p, y, x, cp, w);
		x += w;
	}
	return x;
}

int
draw_text(const struct pen *p, int y, int x, const char *text)
{
	return draw_bytes(p, y, x, text, strlen(text));
}

int
draw_fmt(const struct pen *p, int y, int x, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return draw_text(p, y, x, text);
}

int
draw_columns(const char *text)
{
	size_t len = strlen(text), off = 0;
	int columns = 0;

	while (off < len) {
		uint32_t cp = 0;
		int n = utf8_decode(text + off, len - off, &cp);
		off += n > 0 ? (size_t)n : 1;
		if (n > 0 && is_layout_mark(cp))
			continue;
		int w = n > 0 ? utf8_width(cp) : 1;
		columns += w < 0 ? 1 : w;
	}
	return columns;
}

int
draw_cut(const struct pen *p, int y, int x, int width, const char *text,
	 const char *mark)
{
	if (width <= 0)
		return x;
	if (draw_columns(text) <= width)
		return draw_text(p, y, x, text);
	int room = width - draw_columns(mark);
	if (room < 0)
		return draw_text(p, y, x, mark);
	size_t n = utf8_prefix(text, strlen(text), room);
	int end = draw_bytes(p, y, x, text, n);
	end = draw_repeat(p, y, end, " ", x + room - end);
	return draw_text(p, y, end, mark);
}

int
draw_right(const struct pen *p, int y, int x, int width, const char *text,
	   const char *mark)
{
	int columns = draw_columns(text);

	if (columns < width)
		x += width - columns, width = columns;
	return draw_cut(p, y, x, width, text, mark);
}

int
draw_repeat(const struct pen *p, int y, int x, const char *glyph, int n)
{
	for (int i = 0; i < n; i++)
		draw_text(p, y, x + i, glyph);
	return n > 0 ? x + n : x;
}

void
draw_fill(const struct pen *p, struct rect r)
{
	r = rect_clip(r, rect_clip(p->clip, canvas_rect(p->canvas)));
	for (int y = r.y; y < r.y + r.h; y++) {
		for (int x = r.x; x < r.x + r.w; x++) {
			struct vt_cell *cell = cell_at(p->canvas, y, x);
			if (cell->width != 1)
				unpair(p->canvas, y, x);
			blank_cell(cell, p->style);
		}
	}
}

/* ASCII that a terminal shows: one column, no pool. */
static bool
is_plain(const struct vt_cell *cell)
{
	return cell->width == 1 && cell->glyph >= ' ' && cell->glyph < 0x7f;
}

void
draw_cells(const struct pen *p, int y, int x, const struct cell_pool *pool,
	   const struct vt_cell *cells, int count)
{
	struct rect r = rect_clip(p->clip, canvas_rect(p->canvas));

	for (int i = 0; i < count; i++) {
		const struct vt_cell *from = &cells[i];
		uint32_t points[CELL_MARKS_MAX + 1];
		if (from->width == 0)
			continue;
		/* Nearly all of a frame: in the time of a key's echo. */
		if (is_plain(from) && rect_holds(r, y, x + i) &&
		    cell_at(p->canvas, y, x + i)->width == 1) {
			*cell_at(p->canvas, y, x + i) = *from;
			continue;
		}
		struct pen own = *p;
		own.style = (struct style){ from->fg, from->bg, from->attrs };
		int n = cell_points(pool, from->glyph, points);
		if (n < 1)
			points[0] = ' ';
		int w = utf8_width(points[0]);
		/* A width that the outer terminal would not agree with would
		 * shift the rest of the line. */
		if (w != from->width) {
			put_glyph(&own, y, x + i, 0xfffd, 1);
			if (from->width == 2)
				put_glyph(&own, y, x + i + 1, ' ', 1);
			continue;
		}
		put_glyph(&own, y, x + i, points[0], w);
		for (int k = 1; k < n; k++)
			if (!is_layout_mark(points[k]))
				add_mark(&own, y, x + i, points[k]);
	}
}

void
draw_tint(const struct pen *p, struct rect r)
{
	r = rect_clip(r, rect_clip(p->clip, canvas_rect(p->canvas)));
	for (int y = r.y; y < r.y + r.h; y++) {
		for (int x = r.x; x < r.x + r.w; x++) {
			struct vt_cell *cell = cell_at(p->canvas, y, x);
			cell->attrs |= p->style.attrs;
			if (p->style.fg)
				cell->fg = p->style.fg;
			if (p->style.bg)
				cell->bg = p->style.bg;
		}
	}
}
