#include "engine/term/grid.h"

#include <errno.h>
#include "engine/base/buf.h"
#include "engine/term/scrollback.h"
#include "tests/lib/test.h"

static void
put_text(struct grid *g, int row, int col, const char *s)
{
	for (; *s; s++, col++) {
		struct vt_cell c = CELL_BLANK;
		c.glyph = (unsigned char)*s;
		grid_put(g, row, col, &c);
	}
}

static void
put_wide(struct grid *g, int row, int col)
{
	struct vt_cell c = CELL_BLANK;
	c.glyph = 0x4f60;
	c.width = 2;
	grid_put(g, row, col, &c);
}

/* A row as text: '#' and '-' are the halves of a wide character. */
static const char *
row_text(const struct grid *g, int row)
{
	static char text[64];
	int i;
	for (i = 0; i < g->cols; i++) {
		const struct vt_cell *c = &grid_row(g, row)->cells[i];
		text[i] = c->width == 2 ? '#' : c->width == 0 ? '-'
						: (char)c->glyph;
	}
	while (i > 0 && text[i - 1] == ' ')
		i--;
	text[i] = '\0';
	return text;
}

#define EQ_ROW(row, want) EQ_STR(row_text(g, row), want)

static struct grid *
numbered(int rows)
{
	struct grid *g = grid_new(rows, 8);
	for (int i = 0; i < rows; i++) {
		char s[2] = { (char)('0' + i), '\0' };
		put_text(g, i, 0, s);
	}
	g->tick = 10;
	return g;
}

TEST(scroll_of_all_rows)
{
	struct grid *g = numbered(4);
	grid_scroll(g, 0, 4, 1, 0);
	EQ_ROW(0, "1");
	EQ_ROW(2, "3");
	EQ_ROW(3, "");
	EQ_INT(grid_row_gen(g, 0), 10);
	grid_scroll(g, 0, 4, -2, 0);
	EQ_ROW(0, "");
	EQ_ROW(1, "");
	EQ_ROW(2, "1");
	EQ_ROW(3, "2");
	grid_scroll(g, 0, 4, 99, VT_INDEXED | 4);
	EQ_ROW(0, "");
	EQ_INT(grid_row(g, 3)->cells[7].bg, VT_INDEXED | 4);
	grid_free(g);
}

TEST(scroll_of_a_region_leaves_the_rest)
{
	struct grid *g = numbered(6);
	grid_scroll(g, 1, 5, 1, 0);
	EQ_ROW(0, "0");
	EQ_ROW(1, "2");
	EQ_ROW(3, "4");
	EQ_ROW(4, "");
	EQ_ROW(5, "5");
	EQ_INT(grid_row_gen(g, 0), 0);
	EQ_INT(grid_row_gen(g, 1), 10);
	grid_scroll(g, 1, 5, -3, 0);
	EQ_ROW(0, "0");
	EQ_ROW(1, "");
	EQ_ROW(3, "");
	EQ_ROW(4, "2");
	EQ_ROW(5, "5");
	grid_free(g);
}

TEST(wide_characters_stay_whole)
{
	struct grid *g = grid_new(1, 8);
	put_wide(g, 0, 0);
	put_wide(g, 0, 2);
	EQ_ROW(0, "#-#-");
	put_text(g, 0, 1, "x");
	EQ_ROW(0, " x#-");
	put_wide(g, 0, 1);
	EQ_ROW(0, " #-");
	put_wide(g, 0, 6);
	grid_erase(g, 0, 2, 7, 0);
	EQ_ROW(0, "");
	put_text(g, 0, 0, "ab");
	put_wide(g, 0, 2);
	put_wide(g, 0, 6);
	grid_shift(g, 0, 1, 8, 1, 0);
	EQ_ROW(0, "a b#-");
	grid_shift(g, 0, 0, 8, -4, 0);
	EQ_ROW(0, "");
	grid_free(g);
}

TEST(shift_within_a_part)
{
	struct grid *g = grid_new(1, 8);
	put_text(g, 0, 0, "abcdefgh");
	grid_shift(g, 0, 2, 6, 2, VT_INDEXED | 1);
	EQ_ROW(0, "ab  cdgh");
	EQ_INT(grid_row(g, 0)->cells[3].bg, VT_INDEXED | 1);
	EQ_INT(grid_row(g, 0)->cells[4].bg, 0);
	grid_shift(g, 0, 2, 6, -9, 0);
	EQ_ROW(0, "ab    gh");
	grid_free(g);
}

TEST(used_is_how_far_a_row_was_written)
{
	struct grid *g = grid_new(2, 8);
	put_text(g, 0, 0, "abc");
	EQ_INT(grid_row(g, 0)->used, 3);
	grid_erase(g, 0, 1, 8, 0);
	EQ_INT(grid_row(g, 0)->used, 1);
	grid_erase(g, 0, 4, 8, VT_INDEXED | 2);
	EQ_INT(grid_row(g, 0)->used, 8);
	EQ_INT(grid_filled(g), 1);
	grid_erase(g, 0, 0, 8, 0);
	EQ_INT(grid_row(g, 0)->used, 0);
	EQ_INT(grid_filled(g), 0);
	grid_free(g);
}

TEST(resize_keeps_what_fits)
{
	struct grid *g = numbered(4);
	put_text(g, 1, 2, "cdefgh");
	put_wide(g, 2, 3);
	grid_resize(g, 3, 4, 1);
	EQ_ROW(0, "1 cd");
	EQ_ROW(1, "2");
	EQ_ROW(2, "3");
	grid_resize(g, 5, 10, -1);
	EQ_ROW(0, "");
	EQ_ROW(1, "1 cd");
	EQ_ROW(3, "3");
	EQ_ROW(4, "");
	grid_resize(g, 1, 1, 1);
	EQ_ROW(0, "1");
	grid_free(g);
}

TEST(scrollback_drops_the_oldest_rows)
{
	struct scrollback *sb = scrollback_new(3, 1 << 20);
	size_t len;
	for (int i = 0; i < 10; i++) {
		char row[2] = { (char)('0' + i), 'x' };
		scrollback_push(sb, row, 2);
	}
	EQ_INT(scrollback_first(sb), 7);
	EQ_INT(scrollback_next(sb), 10);
	OK(scrollback_row(sb, 6, &len) == NULL);
	OK(scrollback_row(sb, 10, &len) == NULL);
	EQ_INT(scrollback_row(sb, 8, &len)[0], '8');
	uint64_t gen = scrollback_gen(sb);
	scrollback_pop(sb);
	OK(scrollback_gen(sb) != gen);
	EQ_INT(scrollback_next(sb), 9);
	scrollback_clear(sb);
	EQ_INT(scrollback_first(sb), 9);
	scrollback_push(sb, "a", 1);
	EQ_INT(scrollback_row(sb, 9, &len)[0], 'a');
	scrollback_free(sb);
}

TEST(scrollback_of_nothing_still_counts)
{
	struct scrollback *sb = scrollback_new(0, 100);
	scrollback_start(sb, 100);
	scrollback_push(sb, "a", 1);
	scrollback_push(sb, "b", 1);
	EQ_INT(scrollback_first(sb), 102);
	EQ_INT(scrollback_next(sb), 102);
	scrollback_free(sb);
}

/* Every row that is said to be there reads back as it was pushed, with
 * lengths that hit the ends of the ring in all ways. */
TEST(scrollback_ring_against_a_list)
{
	unsigned seed = 7;
	struct scrollback *sb = scrollback_new(200, 5000);
	for (unsigned i = 0; i < 20000; i++) {
		char row[700];
		seed = seed * 1103515245u + 12345u;
		size_t len = 1 + (seed >> 8) % (i % 50 ? 90 : 650);
		uint64_t id = scrollback_next(sb);
		if (i % 97 == 0 && scrollback_first(sb) < id)
			scrollback_pop(sb);
		id = scrollback_next(sb);
		memset(row, (int)(id & 0x7f), len);
		scrollback_push(sb, row, len);
		OK(scrollback_next(sb) - scrollback_first(sb) <= 200);
		size_t bytes = 0;
		for (id = scrollback_first(sb); id < scrollback_next(sb);
		     id++) {
			const char *r = scrollback_row(sb, id, &len);
			EQ_INT(r[0], id & 0x7f);
			EQ_INT(r[len - 1], id & 0x7f);
			bytes += len;
		}
		OK(bytes <= 5000);
	}
	scrollback_free(sb);
}

TEST(cells_pack_and_unpack)
{
	struct cell_pool *p = cell_pool_new(100), *q = cell_pool_new(100);
	struct vt_cell row[300], back[300];
	struct buf b = BUF_INIT(1 << 16);
	uint32_t e[3] = { 'e', 0x301, 0x323 };
	unsigned flags;
	for (int i = 0; i < 300; i++) {
		row[i] = CELL_BLANK;
		row[i].glyph = i < 280 ? 'a' : ' ';
	}
	row[3].fg = VT_RGB | 0x123456;
	row[4].bg = VT_INDEXED | 200;
	row[5].attrs = VT_ATTRS_ALL;
	row[6].glyph = cell_pool_add(p, e, 3);
	row[7].glyph = 0x4f60;
	row[7].width = 2;
	row[8].glyph = ' ';
	row[8].width = 0;
	row[9].glyph = 0x1f44d;
	EQ_INT(cell_pack(p, row, 300, 0, &b), 0);
	EQ_INT(cell_packed_cols(b.data, b.len), 280);
	EQ_INT(cell_unpack(b.data, b.len, q, back, 300, &flags), 0);
	EQ_INT(flags, 0);
	for (int i = 0; i < 300; i++) {
		char ta[CELL_TEXT_MAX], tb[CELL_TEXT_MAX];
		cell_text(p, &row[i], ta);
		cell_text(q, &back[i], tb);
		EQ_STR(tb, ta);
		OK(cell_same_looks(&row[i], &back[i]));
		EQ_INT(back[i].width, row[i].width);
	}
	/* Cut in the middle of the wide one. */
	EQ_INT(cell_unpack(b.data, b.len, q, back, 8, &flags), 0);
	EQ_INT(back[7].glyph, ' ');
	EQ_INT(back[7].width, 1);
	buf_clear(&b);
	EQ_INT(cell_pack(p, row, 300, CELL_ROW_WRAPPED, &b), 0);
	EQ_INT(cell_packed_cols(b.data, b.len), 300);
	EQ_INT(cell_unpack(b.data, b.len, q, back, 300, &flags), 0);
	EQ_INT(flags, CELL_ROW_WRAPPED);
	/* No prefix of it does harm, and no room is an error. */
	for (size_t n = 0; n < b.len; n++)
		cell_unpack(b.data, n, q, back, 300, NULL);
	struct buf small = BUF_INIT(20);
	EQ_INT(cell_pack(p, row, 300, 0, &small), -EMSGSIZE);
	EQ_INT(small.len, 0);
	EQ_INT(cell_pack(p, row, 3, 0, &small), 0);
	buf_fini(&small);
	buf_fini(&b);
	cell_pool_free(p);
	cell_pool_free(q);
}

TEST(unpack_refuses_what_is_not_a_row)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "", 0 },		/* no flags */
		{ "\x02", 1 },		/* unknown flag */
		{ "\0\x20\1a", 4 },	/* unknown kind */
		{ "\0\0\0", 3 },	/* run of nothing */
		{ "\0\0\2a", 4 },	/* a glyph is missing */
		{ "\0\0\1\n", 4 },	/* a control */
		{ "\0\0\1\xc2\x95", 5 },
		{ "\0\0\1\xff", 4 },
		{ "\0\4\1\3\1a", 6 },	/* unknown colour */
		{ "\0\4\1\2\1\1", 6 },	/* half a colour */
		{ "\0\2\1\0", 4 },	/* cluster of nothing */
		{ "\0\2\1\x0a" "aaaaaaaaaa", 14 },
	};
	struct vt_cell row[4];
	struct cell_pool *p = cell_pool_new(10);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		EQ_INT(cell_unpack(bad[i].bytes, bad[i].len, p, row, 4, NULL),
		       -EBADMSG);
		OK(cell_is_blank(&row[0]) || row[0].glyph == 'a');
		OK(cell_is_blank(&row[3]));
	}
	cell_pool_free(p);
}

TEST(a_full_pool_gives_the_base_until_it_is_swept)
{
	struct cell_pool *p = cell_pool_new(40);
	struct vt_cell kept = CELL_BLANK;
	uint32_t points[9], out[9];
	for (uint32_t i = 0; i < 40; i++) {
		points[0] = 'a' + i;
		points[1] = 0x301;
		OK(cell_pool_add(p, points, 2) & CELL_CLUSTER);
	}
	OK(cell_pool_full(p));
	points[0] = 'Z';
	EQ_INT(cell_pool_add(p, points, 2), 'Z');
	points[0] = 'c';
	kept.glyph = cell_pool_add(p, points, 2);
	OK(kept.glyph & CELL_CLUSTER);
	cell_pool_sweep_begin(p);
	cell_pool_keep(p, &kept, 1);
	cell_pool_sweep_end(p);
	OK(!cell_pool_full(p));
	EQ_INT(cell_points(p, kept.glyph, out), 2);
	EQ_INT(out[0], 'c');
	EQ_INT(cell_pool_add(p, points, 2), kept.glyph);
	points[0] = 'Z';
	OK(cell_pool_add(p, points, 2) & CELL_CLUSTER);
	EQ_INT(cell_points(p, CELL_CLUSTER | 99999, out), 1);
	EQ_INT(out[0], 0xfffd);
	cell_pool_free(p);
}

TEST(sgr_is_the_shortest_way)
{
	struct vt_cell a = CELL_BLANK, b = CELL_BLANK;
	char out[CELL_SGR_MAX];
	EQ_INT(cell_sgr(&a, &b, out), 0);
	cell_sgr(NULL, &b, out);
	EQ_STR(out, "\033[0m");
	b.attrs = VT_BOLD | VT_STRIKE;
	b.fg = VT_INDEXED | 9;
	cell_sgr(&a, &b, out);
	EQ_STR(out, "\033[1;9;91m");
	cell_sgr(&b, &a, out);
	EQ_STR(out, "\033[0m");
	a = b;
	a.bg = VT_RGB | 0xff8000;
	cell_sgr(&b, &a, out);
	EQ_STR(out, "\033[48;2;255;128;0m");
	cell_sgr(&a, &b, out);
	EQ_STR(out, "\033[49m");
	a = b = CELL_BLANK;
	a.attrs = VT_ATTRS_ALL;
	a.fg = a.bg = VT_RGB | 0xffffff;
	OK(cell_sgr(NULL, &a, out) < CELL_SGR_MAX);
}

TEST_MAIN()
