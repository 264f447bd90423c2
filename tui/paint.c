#include "paint.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include "draw.h"
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/conf/color.h"
#include "term.h"
#include "terminfo.h"

enum { PAIRS_MAX = 60000, SLOTS = 1 << 17 };

struct slot {
	int fg, bg;		/* as curses counts; -1: default */
	int pair;		/* 0: empty */
};

static struct {
	struct slot *slots;
	int used, max;
	bool overflowed;	/* in this frame */
	struct vt_cell *last;	/* the frame that curses knows */
	char *last_valid;	/* per row */
	const struct cell_pool *last_pool;
	int rows, cols;
} paint;

/* A colour as curses counts it; bold is set where eight colours need it for
 * the bright ones.  Bold black is black on black where bold is only bold, so
 * what is to be grey is dim there. */
static int
curses_color(uint32_t color, bool is_fg, attr_t *attrs)
{
	enum term_depth depth = term_depth();
	int index;

	if (!VT_COLOUR_IS_INDEXED(color) && !VT_COLOUR_IS_RGB(color))
		return -1;
	if (VT_COLOUR_IS_RGB(color)) {
		uint32_t rgb = color & 0xffffff;
		if (depth == TERM_RGB)
			return TERMINFO_RGB | (int)rgb;
		index = color_nearest(rgb, depth == TERM_256 ? 256 : 16);
	} else {
		index = (int)(color & 255);
		if (index >= 16 && depth < TERM_256)
			index = color_nearest(color_rgb(index), 16);
	}
	if (index == 8 && depth == TERM_8 && is_fg) {
		*attrs |= A_DIM;
		return -1;
	}
	if (index >= 8 && depth == TERM_8) {
		index -= 8;
		if (is_fg)
			*attrs |= A_BOLD;
	}
	return index;
}

static void
pairs_start(void)
{
	if (!paint.slots)
		paint.slots = mem_array(SLOTS, sizeof(*paint.slots));
	else
		memset(paint.slots, 0, SLOTS * sizeof(*paint.slots));
	paint.used = 0;
	paint.max = SBX_MIN(COLOR_PAIRS - 1, PAIRS_MAX);
}

static int
pair_of(int fg, int bg)
{
	if (fg == -1 && bg == -1)
		return 0;
	if (!paint.slots)
		pairs_start();
	size_t h = ((size_t)(unsigned)fg * 2654435761u) ^
		   ((size_t)(unsigned)bg * 40503u);
	for (h ^= h >> 15;; h++) {
		struct slot *s = &paint.slots[h & (SLOTS - 1)];
		if (s->pair && s->fg == fg && s->bg == bg)
			return s->pair;
		if (s->pair)
			continue;
		if (paint.used >= paint.max) {
			paint.overflowed = true;
			return 0;
		}
		*s = (struct slot){ fg, bg, ++paint.used };
		if (init_extended_pair(s->pair, fg, bg) == ERR) {
			s->pair = 0;
			paint.used--;
			return 0;
		}
		return s->pair;
	}
}

static attr_t
curses_attrs(uint16_t attrs)
{
	static const struct {
		uint16_t ours;
		attr_t theirs;
	} map[] = {
		{ VT_BOLD, A_BOLD },	   { VT_DIM, A_DIM },
		{ VT_ITALIC, A_ITALIC },   { VT_UNDERLINE, A_UNDERLINE },
		{ VT_BLINK, A_BLINK },	   { VT_REVERSE, A_REVERSE },
		{ VT_CONCEAL, A_INVIS },
	};
	attr_t a = A_NORMAL;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (attrs & map[i].ours)
			a |= map[i].theirs;
	/* terminfo.c made "protected" mean struck through. */
	if ((attrs & VT_STRIKE) && term_depth() == TERM_RGB)
		a |= A_PROTECT;
	return a;
}

static void
fill_cell(cchar_t *out, const struct canvas *c, const struct vt_cell *cell)
{
	uint32_t points[CELL_MARKS_MAX + 1];
	wchar_t text[CCHARW_MAX + 1];
	attr_t attrs = curses_attrs(cell->attrs);
	int pair = 0;

	int n = cell_points(canvas_pool(c), cell->glyph, points);
	n = SBX_MIN(n, CCHARW_MAX);
	for (int i = 0; i < n; i++)
		text[i] = (wchar_t)points[i];
	if (n < 1) {
		text[0] = L' ';
		n = 1;
	}
	text[n] = 0;
	if (term_depth() != TERM_MONO) {
		int fg = curses_color(cell->fg, true, &attrs);
		int bg = curses_color(cell->bg, false, &attrs);
		pair = pair_of(fg, bg);
	}
	setcchar(out, text, attrs, 0, &pair);
}

static void
paint_row(const struct canvas *c, int y)
{
	static cchar_t row[1025];
	const struct vt_cell *cells = canvas_row(c, y);
	int cols = canvas_cols(c), n = 0;

	for (int x = 0; x < cols; x++)
		if (cells[x].width > 0)
			fill_cell(&row[n++], c, &cells[x]);
	mvwadd_wchnstr(stdscr, y, 0, row, n);
}

/* Rows that differ from the last frame; returns their number. */
static int
paint_rows(const struct canvas *c)
{
	size_t row_bytes = (size_t)paint.cols * sizeof(struct vt_cell);
	int changed = 0;

	for (int y = 0; y < paint.rows && y < canvas_rows(c); y++) {
		struct vt_cell *last =
			&paint.last[(size_t)y * (size_t)paint.cols];
		const struct vt_cell *now = canvas_row(c, y);
		if (paint.last_valid[y] && !memcmp(last, now, row_bytes))
			continue;
		memcpy(last, now, row_bytes);
		paint.last_valid[y] = 1;
		paint_row(c, y);
		changed++;
	}
	return changed;
}

void
paint_resize(int rows, int cols)
{
	resizeterm(rows, cols);
	free(paint.last);
	free(paint.last_valid);
	paint.last = mem_array((size_t)rows * (size_t)cols,
			       sizeof(*paint.last));
	paint.last_valid = mem_array((size_t)rows, 1);
	paint.rows = rows;
	paint.cols = cols;
	clearok(curscr, TRUE);
}

void
paint_all(void)
{
	memset(paint.last_valid, 0, (size_t)paint.rows);
	clearok(curscr, TRUE);
}

/* Curses writes the last cell of the screen by a trick that needs a second
 * column. */
static void
paint_single(const struct canvas *c)
{
	char text[CELL_TEXT_MAX + 16];

	memcpy(text, "\033[H", 3);
	size_t n = cell_text(canvas_pool(c), canvas_row(c, 0), text + 3);
	term_write(text, n + 3);
}

void
paint_frame(const struct canvas *c, bool sync)
{
	struct canvas_cursor cur = canvas_cursor(c);

	if (canvas_rows(c) != paint.rows || canvas_cols(c) != paint.cols)
		paint_resize(canvas_rows(c), canvas_cols(c));
	if (canvas_pool(c) != paint.last_pool)
		memset(paint.last_valid, 0, (size_t)paint.rows);
	paint.last_pool = canvas_pool(c);
	paint.overflowed = false;
	int changed = paint_rows(c);
	if (paint.overflowed) {
		reset_color_pairs();
		pairs_start();
		paint_all();
		touchwin(curscr);
		changed = paint_rows(c);
	}
	curs_set(cur.visible);
	wmove(stdscr, cur.y, cur.x);
	wnoutrefresh(stdscr);
	/* A small frame arrives in one piece anyway. */
	sync = sync && changed > 2;
	if (sync)
		term_write("\033[?2026h", 8);
	doupdate();
	if (sync)
		term_write("\033[?2026l", 8);
	if (paint.rows == 1 && paint.cols == 1)
		paint_single(c);
	term_cursor_shape(cur.visible ? cur.shape : -1);
}
