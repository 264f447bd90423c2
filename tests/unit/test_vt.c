#include "engine/term/vt.h"

#include <errno.h>
#include "engine/base/err.h"
#include "tests/lib/test.h"
#include "tests/lib/vtcheck.h"

/* Bytes in, screen out: rows are set apart by '|', blanks at the end and
 * blank rows at the end are left out. */
struct transcript {
	const char *name;
	int rows, cols;
	const char *in;
	const char *screen;
	int row, col;		/* of the cursor afterwards */
};

static const struct transcript transcripts[] = {
	{ "text", 3, 5, "ab", "ab", 0, 2 },
	{ "wrap", 3, 5, "abcdefg", "abcde|fg", 1, 2 },
	{ "wrap waits", 3, 5, "abcde", "abcde", 0, 4 },
	{ "wrap waits for a newline", 3, 5, "abcde\r\nx", "abcde|x", 1, 1 },
	{ "erase behind the last column", 3, 5, "abcde\033[Kx", "abcde|x", 1, 1 },
	{ "back from behind the last column", 3, 5, "abcde\bx\033[2Dy",
	  "abcyx", 0, 4 },
	{ "no wrap", 3, 5, "\033[?7labcdefg", "abcdg", 0, 4 },
	{ "scroll", 3, 5, "1\r\n2\r\n3\r\n4", "2|3|4", 2, 1 },
	{ "line feed keeps the column", 3, 5, "ab\nc", "ab|  c", 1, 3 },
	{ "newline mode", 3, 5, "\033[20hab\nc", "ab|c", 1, 1 },
	{ "backspace stops", 3, 5, "a\b\b\bb", "b", 0, 1 },
	{ "tab", 2, 20, "a\tb\tc", "a       b       c", 0, 17 },
	{ "tab stops at the end", 2, 10, "\t\t\tx", "         x", 0, 9 },
	{ "own tabs", 2, 20, "\033[3g\033[4G\033H\r\tx", "   x", 0, 4 },
	{ "tab cleared", 2, 20, "\033[9G\033[g\r\tx", "                x", 0, 17 },
	{ "back tab", 2, 20, "\t\tx\033[2Zy", "        y       x", 0, 9 },
	{ "position", 3, 5, "\033[2;3Hx", "|  x", 1, 3 },
	{ "position is clamped", 3, 5, "\033[99;99Hx", "||    x", 2, 4 },
	{ "zero means one", 3, 5, "\033[0;0Hx", "x", 0, 1 },
	{ "up stops", 3, 5, "\033[3;3H\033[9Ax", "  x", 0, 3 },
	{ "down stops at the margin", 4, 5, "\033[1;2r\033[9Bx", "|x", 1, 1 },
	{ "down below the margin", 4, 5, "\033[1;2r\033[3H\033[9Bx", "|||x", 3, 1 },
	{ "columns", 2, 8, "abc\033[2Dx\033[3Cy\033[2G!", "a!c  y", 0, 2 },
	{ "lines with column", 4, 5, "ab\033[2Ex\033[Fy", "ab|y|x", 1, 1 },
	{ "row", 4, 5, "ab\033[3dx", "ab||  x", 2, 3 },
	{ "erase to end", 2, 8, "abcdef\033[3G\033[K", "ab", 0, 2 },
	{ "erase to start", 2, 8, "abcdef\033[3G\033[1K", "   def", 0, 2 },
	{ "erase the line", 2, 8, "abcdef\033[3G\033[2K", "", 0, 2 },
	{ "erase below", 3, 3, "aaabbbccc\033[2;2H\033[J", "aaa|b", 1, 1 },
	{ "erase above", 3, 3, "aaabbbccc\033[2;2H\033[1J", "|  b|ccc", 1, 1 },
	{ "erase all", 3, 3, "aaabbbccc\033[2;2H\033[2J", "", 1, 1 },
	{ "insert cells", 2, 6, "abcdef\033[2G\033[2@", "a  bcd", 0, 1 },
	{ "delete cells", 2, 6, "abcdef\033[2G\033[2P", "adef", 0, 1 },
	{ "erase cells", 2, 6, "abcdef\033[2G\033[2X", "a  def", 0, 1 },
	{ "cells outside of the margins", 4, 4,
	  "\033[2;3r\033[Habcd\033[1;2H\033[P\033[4;1Hefgh\033[4;1H\033[@",
	  "acd||| efg", 3, 0 },
	{ "insert lines", 4, 3, "a\r\nb\r\nc\033[2H\033[L", "a||b|c", 1, 0 },
	{ "delete lines", 4, 3, "a\r\nb\r\nc\033[1H\033[2M", "c", 0, 0 },
	{ "insert mode", 2, 6, "abc\r\033[4hxy\033[4lz", "xyzbc", 0, 3 },
	{ "scroll up", 3, 3, "a\r\nb\r\nc\033[S", "b|c", 2, 1 },
	{ "scroll down", 3, 3, "a\r\nb\r\nc\033[2T", "||a", 2, 1 },
	{ "margins scroll", 4, 3, "1\r\n2\r\n3\r\n4\033[2;3r\033[3H\nx",
	  "1|3|x|4", 2, 1 },
	{ "reverse index", 3, 3, "a\r\nb\033[H\033Mx", "x|a|b", 0, 1 },
	{ "origin", 4, 3, "\033[2;3r\033[?6h\033[Hx\033[9;1Hy", "|x|y", 2, 1 },
	{ "save and restore", 3, 5, "a\0337\033[3;3Hb\0338c", "ac||  b", 0, 2 },
	{ "save and restore of ANSI", 3, 5, "a\033[s\033[3;3Hb\033[uc",
	  "ac||  b", 0, 2 },
	{ "save keeps the waiting wrap", 3, 3, "abc\0337\033[3;1H\0338d",
	  "abc|d", 1, 1 },
	{ "alignment", 2, 3, "\033#8", "EEE|EEE", 0, 0 },
	{ "repeat", 2, 6, "a\033[3bb", "aaaab", 0, 5 },
	{ "repeat of nothing", 2, 6, "\033[3bx", "x", 0, 1 },
	{ "repeat ends with the row", 2, 4, "a\033[99b", "aaaa", 0, 3 },
	{ "graphics", 2, 6, "\033(0lqk\033(Bx", "┌─┐x", 0, 4 },
	{ "shift out and in", 2, 6, "\033)0a\016x\017x", "a│x", 0, 3 },
	{ "single shift", 2, 6, "\033*0\033Nxx", "│x", 0, 2 },
	{ "british", 2, 6, "\033(A#", "£", 0, 1 },
	{ "wide", 2, 6, "你x", "你x", 0, 3 },
	{ "wide at the edge", 3, 3, "ab你", "ab|你", 1, 2 },
	{ "wide without wrap", 2, 3, "\033[?7lab你", "a你", 0, 2 },
	{ "wide on one column", 2, 1, "你", "\xef\xbf\xbd", 0, 0 },
	{ "half overwritten", 2, 6, "你\033[2Gx", " x", 0, 2 },
	{ "combining", 2, 6, "e\xcc\x81x", "e\xcc\x81x", 0, 2 },
	{ "combining in the last column", 2, 2, "ae\xcc\x81x", "ae\xcc\x81|x", 1, 1 },
	{ "combining on wide", 2, 6, "你\xcc\x81", "你\xcc\x81", 0, 2 },
	{ "what turns text is left out", 2, 9,
	  "a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xd8\x9c\xe2\x80\xa9" "d", "abcd",
	  0, 4 },
	{ "combining on nothing", 2, 6, "\xcc\x81x", "x", 0, 1 },
	{ "invalid UTF-8", 2, 8, "a\xff" "b\xe4\xbd" "c", "a\xef\xbf\xbd" "b"
	  "\xef\xbf\xbd\xef\xbf\xbd" "c", 0, 6 },
	{ "encoded C1 vanishes", 2, 8, "a\xc2\x9b" "1mb", "a1mb", 0, 4 },
	{ "alternate screen", 2, 5, "ab\033[?1049hx", "  x", 0, 3 },
	{ "and back", 2, 5, "ab\033[?1049h\033[2;2Hx\033[?1049lc", "abc", 0, 3 },
	{ "alternate without cursor", 2, 5, "ab\033[?47h\033[2;2Hx\033[?47lc",
	  "ab|  c", 1, 3 },
	{ "reset", 2, 5, "ab\033[?1049hx\033cd", "d", 0, 1 },
	{ "soft reset", 3, 5, "\033[4h\033[?6h\033[2;3r\033[!pab\rx",
	  "|xb", 1, 1 },
	{ "strings leave no trace", 2, 8,
	  "a\033]2;t\007b\033P1$rx\033\\c\033_z\033\\d\033^z\033\\e\033Xz\033\\f",
	  "abcdef", 0, 6 },
	{ "string broken by an escape", 2, 8, "a\033]2;t\033[2Gb", "ab", 0, 2 },
	{ "string broken by CAN", 2, 8, "a\033]2;t\030b", "ab", 0, 2 },
	{ "control inside of a sequence", 2, 8, "ab\033[\r2Cx", "abx", 0, 3 },
	{ "unknown sequences", 2, 8, "a\033[?1;2$zb\033[1 2mc\033[>5md\033 Fe",
	  "abcde", 0, 5 },
	{ "many parameters", 2, 8,
	  "a\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;"
	  "1;1;1;1;1;1;1;1;1mb", "ab", 0, 2 },
	{ "huge numbers", 2, 8, "a\033[99999999999999999999Cb", "a      b", 0, 7 },
	{ "one cell", 1, 1, "ab\r\nc\033[?1049h你d\033[Me\033[L\033[Tf", "f", 0, 0 },
	{ "one column", 3, 1, "abc", "a|b|c", 2, 0 },
	{ "column mode clears", 2, 5, "ab\033[?3hc", "c", 0, 1 },
};

static void
screen_of(const struct vt *vt, char *out, size_t cap)
{
	struct buf b = BUF_INIT(1 << 20);
	vt_text(vt, vt_sb_next(vt), UINT64_MAX, VT_TEXT_TRIM, &b);
	snprintf(out, cap, "%s", buf_str(&b));
	for (char *c = out; *c; c++)
		if (*c == '\n')
			*c = c[1] ? '|' : '\0';
	buf_fini(&b);
}

static void
feed(struct vt *vt, const char *s)
{
	vt_feed(vt, s, strlen(s));
}

static struct vt *
fed(int rows, int cols, const char *in)
{
	struct vt *vt = vt_new(rows, cols, 100, NULL, NULL);
	vt_feed(vt, in, strlen(in));
	return vt;
}

/* The same at every cut into two pieces, and byte by byte. */
static const char *
cut_everywhere(const struct transcript *t, const struct vt *whole)
{
	const char *wrong = NULL;
	size_t len = strlen(t->in);

	for (size_t cut = 0; cut <= len + 1 && !wrong; cut++) {
		struct vt *vt = vt_new(t->rows, t->cols, 100, NULL, NULL);
		if (cut <= len) {
			vt_feed(vt, t->in, cut);
			vt_feed(vt, t->in + cut, len - cut);
		} else {
			for (size_t i = 0; i < len; i++)
				vt_feed(vt, t->in + i, 1);
		}
		wrong = vt_differ(whole, vt);
		vt_free(vt);
	}
	return wrong;
}

/* A snapshot taken at any byte, then the rest: the same in the end. */
static const char *
snapshot_everywhere(const struct transcript *t, const struct vt *whole)
{
	const char *wrong = NULL;
	size_t len = strlen(t->in);

	for (size_t cut = 0; cut <= len && !wrong; cut++) {
		struct vt *vt = vt_new(t->rows, t->cols, 100, NULL, NULL);
		struct vt *copy = vt_new(t->rows, t->cols, 100, NULL, NULL);
		struct buf b = BUF_INIT(1 << 20);
		vt_feed(vt, t->in, cut);
		if (vt_snapshot(vt, &b) != 0)
			wrong = "no snapshot";
		vt_feed(copy, b.data, b.len);
		if (!wrong)
			wrong = vt_differ(vt, copy);
		/* REP reaches back over the snapshot. */
		if (!wrong && vt->last == 0) {
			vt_feed(copy, t->in + cut, len - cut);
			wrong = vt_differ(whole, copy);
		}
		buf_fini(&b);
		vt_free(vt);
		vt_free(copy);
	}
	return wrong;
}

TEST(transcripts_hold)
{
	for (size_t i = 0; i < ARRAY_LEN(transcripts); i++) {
		const struct transcript *t = &transcripts[i];
		struct vt *vt = fed(t->rows, t->cols, t->in);
		char screen[4096];
		screen_of(vt, screen, sizeof(screen));
		struct vt_cursor c = vt_cursor(vt);
		const char *wrong = vt_wrong(vt);
		if (strcmp(screen, t->screen) != 0)
			TEST_FAIL("%s: screen is \"%s\", not \"%s\"", t->name,
				  screen, t->screen);
		if (c.row != t->row || c.col != t->col)
			TEST_FAIL("%s: cursor is %d,%d, not %d,%d", t->name,
				  c.row, c.col, t->row, t->col);
		if (wrong)
			TEST_FAIL("%s: %s", t->name, wrong);
		vt_free(vt);
	}
}

TEST(pieces_make_no_difference)
{
	for (size_t i = 0; i < ARRAY_LEN(transcripts); i++) {
		const struct transcript *t = &transcripts[i];
		struct vt *vt = fed(t->rows, t->cols, t->in);
		const char *wrong = cut_everywhere(t, vt);
		if (wrong)
			TEST_FAIL("%s: %s", t->name, wrong);
		vt_free(vt);
	}
}

TEST(a_snapshot_is_the_same_terminal)
{
	for (size_t i = 0; i < ARRAY_LEN(transcripts); i++) {
		const struct transcript *t = &transcripts[i];
		struct vt *vt = fed(t->rows, t->cols, t->in);
		const char *wrong = snapshot_everywhere(t, vt);
		if (wrong)
			TEST_FAIL("%s: %s", t->name, wrong);
		vt_free(vt);
	}
}

TEST(a_snapshot_keeps_everything)
{
	struct vt *vt = fed(6, 10,
		"\033[2;5r\033[3g\033[4G\033H\033]2;tïtle\007\033[?1h\033="
		"\033[?1003h\033[?1006h\033[?1004h\033[?2004h\033[?25l"
		"\033[6 q\033[>1u\033(0\033)A\033[1;3;38;5;200;48;2;1;2;3m"
		"\033[3;10Hq\0337\033[?1049h\033[7mxyz\033[2;9Hab\0337"
		"\033[?7l\033[4h\033[?5h\033[?6h\033[>1u\033[>0u\033[3;3H"
		"e\xcc\x81");
	struct vt *copy = vt_new(6, 10, 100, NULL, NULL);
	struct buf b = BUF_INIT(1 << 20);
	EQ_INT(vt_snapshot(vt, &b), 0);
	vt_feed(copy, b.data, b.len);
	const char *wrong = vt_differ(vt, copy);
	if (wrong)
		TEST_FAIL("%s", wrong);
	EQ_STR(vt_title(copy), "tïtle");
	struct buf tiny = BUF_INIT(40);
	EQ_INT(vt_snapshot(vt, &tiny), -EMSGSIZE);
	EQ_INT(tiny.len, 0);
	buf_fini(&tiny);
	buf_fini(&b);
	vt_free(vt);
	vt_free(copy);
}

TEST(looks)
{
	static const struct {
		const char *sgr;
		uint32_t fg, bg;
		unsigned attrs;
	} cases[] = {
		{ "1;2;3;4;5;7;8;9", 0, 0, VT_ATTRS_ALL },
		{ "1;2;22", 0, 0, 0 },
		{ "1;2;3;4;5;7;8;9;22;23;24;25;27;28;29", 0, 0, 0 },
		{ "31;42", VT_INDEXED | 1, VT_INDEXED | 2, 0 },
		{ "97;100", VT_INDEXED | 15, VT_INDEXED | 8, 0 },
		{ "38;5;123;48;5;7", VT_INDEXED | 123, VT_INDEXED | 7, 0 },
		{ "38;2;1;2;3", VT_RGB | 0x010203, 0, 0 },
		{ "38:2::1:2:3;1", VT_RGB | 0x010203, 0, VT_BOLD },
		{ "38:2:1:2:3;1", VT_RGB | 0x010203, 0, VT_BOLD },
		{ "48:5:9", 0, VT_INDEXED | 9, 0 },
		{ "58;5;1;3", 0, 0, VT_ITALIC },
		{ "58:2::1:1:1;3", 0, 0, VT_ITALIC },
		{ "4:3", 0, 0, VT_UNDERLINE },
		{ "4;4:0", 0, 0, 0 },
		{ "21", 0, 0, VT_UNDERLINE },
		{ "31;39;42;49", 0, 0, 0 },
		{ "31;1;", 0, 0, 0 },
		{ "38;5", 0, 0, 0 },
		{ "38;5;999", 0, 0, 0 },
		{ "38", 0, 0, 0 },
		{ "38:5", 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char in[100];
		snprintf(in, sizeof(in), "\033[%smx", cases[i].sgr);
		struct vt *vt = fed(1, 4, in);
		const struct vt_cell *c = vt_row(vt, 0);
		if (c->fg != cases[i].fg || c->bg != cases[i].bg ||
		    c->attrs != cases[i].attrs)
			TEST_FAIL("SGR %s: %x %x %x", cases[i].sgr, c->fg,
				  c->bg, c->attrs);
		vt_free(vt);
	}
}

TEST(erasing_takes_the_background)
{
	struct vt *vt = fed(3, 4, "abcd\033[7;1;44m\033[1;2H\033[K\033[3H\n");
	const struct vt_cell *c = vt_row(vt, 2);
	EQ_INT(c->bg, VT_INDEXED | 4);
	EQ_INT(c->attrs, 0);
	vt_free(vt);
}

struct heard {
	struct buf reply;
	char title[VT_TITLE_MAX], clip[100];
	int bells;
};

static void
on_reply(void *arg, const char *s, size_t len)
{
	struct heard *h = arg;
	buf_add(&h->reply, s, len);
}

static void
on_bell(void *arg)
{
	struct heard *h = arg;
	h->bells++;
}

static void
on_title(void *arg, const char *s)
{
	struct heard *h = arg;
	snprintf(h->title, sizeof(h->title), "%s", s);
}

static void
on_clipboard(void *arg, const char *s, size_t len)
{
	struct heard *h = arg;
	snprintf(h->clip, sizeof(h->clip), "%.*s", (int)len, s);
}

static const struct vt_hooks all_hooks = { on_reply, on_bell, on_title,
					   on_clipboard };

TEST(questions_are_answered)
{
	static const char *const cases[][2] = {
		{ "\033[c", "\033[?62;22c" },
		{ "\033[0c", "\033[?62;22c" },
		{ "\033Z", "\033[?62;22c" },
		{ "\033[>c", "\033[>0;100;0c" },
		{ "\033[5n", "\033[0n" },
		{ "\033[3;4H\033[6n", "\033[3;4R" },
		{ "\033[2;5r\033[?6h\033[2;2H\033[6n", "\033[2;2R" },
		{ "\033[?6n", "\033[?1;1;1R" },
		{ "\033[?7$p", "\033[?7;1$y" },
		{ "\033[?1000$p", "\033[?1000;2$y" },
		{ "\033[?2026h\033[?2026$p", "\033[?2026;1$y" },
		{ "\033[?9999$p", "\033[?9999;0$y" },
		{ "\033[4h\033[4$p", "\033[4;1$y" },
		{ "\033P$qm\033\\", "\033P1$r0m\033\\" },
		{ "\033[1;38;5;9m\033P$qm\033\\", "\033P1$r0;1;91m\033\\" },
		{ "\033[2;5r\033P$qr\033\\", "\033P1$r2;5r\033\\" },
		{ "\033[4 q\033P$q q\033\\", "\033P1$r4 q\033\\" },
		{ "\033P$qz\033\\", "\033P0$r\033\\" },
		{ "\033P+q544e\033\\", "\033P0+r\033\\" },
		{ "\033[>0q", "\033P>|sbx(" SBX_VERSION ")\033\\" },
		{ "\033]10;?\033\\", "\033]10;rgb:d0d0/d0d0/d0d0\033\\" },
		{ "\033]11;?\007", "\033]11;rgb:0000/0000/0000\033\\" },
		{ "\033]4;9;?\007", "\033]4;9;rgb:ffff/0000/0000\033\\" },
		{ "\033]4;196;?\007", "\033]4;196;rgb:ffff/0000/0000\033\\" },
		{ "\033[?u", "\033[?0u" },
		{ "\033[>1u\033[?u", "\033[?1u" },
		{ "\033[>1u\033[<u\033[?u", "\033[?0u" },
		{ "\033[18t", "\033[8;6;10t" },
		{ "\033]52;c;?\007", "" },
		{ "\033[x", "\033[2;1;1;112;112;1;0x" },
		{ "\033[99t\033]4;999;?\007\033]99;?\007\033]x\007", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct heard h = { .reply = BUF_INIT(1000) };
		struct vt *vt = vt_new(6, 10, 0, &all_hooks, &h);
		vt_feed(vt, cases[i][0], strlen(cases[i][0]));
		EQ_STR(buf_str(&h.reply), cases[i][1]);
		buf_fini(&h.reply);
		vt_free(vt);
	}
}

TEST(titles_bells_and_clipboard)
{
	struct heard h = { .reply = BUF_INIT(1000) };
	struct vt *vt = vt_new(2, 10, 0, &all_hooks, &h);
	static const char in[] = "\a\a\033]0;a\xff\x01" "b\xc2\x9b" "é\007";
	vt_feed(vt, in, sizeof(in) - 1);
	EQ_INT(h.bells, 2);
	EQ_STR(h.title, "abé");
	EQ_STR(vt_title(vt), "abé");
	feed(vt, "\033]52;c;aGVsbG8=\033\\");
	EQ_STR(h.clip, "hello");
	char big[1000];
	memset(big, 'x', sizeof(big));
	memcpy(big, "\033]2;", 4);
	big[999] = '\a';
	vt_feed(vt, big, sizeof(big));
	EQ_INT(strlen(vt_title(vt)), VT_TITLE_MAX - 1);
	/* Too long a string is dropped whole, and text goes on behind it. */
	feed(vt, "\033]2;");
	memset(big, 'y', sizeof(big));
	for (int i = 0; i < 70; i++)
		vt_feed(vt, big, sizeof(big));
	feed(vt, "\aok");
	EQ_INT(vt_title(vt)[0], 'x');
	EQ_INT(vt_row(vt, 0)[0].glyph, 'o');
	feed(vt, "\033c");
	EQ_STR(h.title, "");
	vt_free(vt);
}

static const char *
lines_of(const struct vt *vt, uint64_t from, uint64_t to, unsigned flags)
{
	static struct buf b = BUF_INIT(1 << 20);
	buf_clear(&b);
	vt_text(vt, from, to, flags, &b);
	return buf_str(&b);
}

TEST(scrollback_gets_what_leaves_the_top)
{
	struct vt *vt = fed(2, 4, "1\r\n2\r\n3\r\n4");
	EQ_INT(vt_sb_first(vt), 0);
	EQ_INT(vt_sb_next(vt), 2);
	EQ_STR(lines_of(vt, 0, UINT64_MAX, 0), "1\n2\n3\n4\n");
	EQ_STR(lines_of(vt, 1, 3, 0), "2\n3\n");
	struct vt_cell row[4];
	EQ_INT(vt_sb_row(vt, 1, row, 4), 0);
	EQ_INT(row[0].glyph, '2');
	EQ_INT(vt_sb_row(vt, 2, row, 4), -ENOENT);
	/* Not from a region below the top, not by DL, not on the other
	 * screen. */
	feed(vt, "\033[H\033[M");
	EQ_INT(vt_sb_next(vt), 2);
	feed(vt, "\033[?1049h\r\n\r\n\r\n\033[?1049l");
	EQ_INT(vt_sb_next(vt), 2);
	uint64_t gen = vt_sb_gen(vt);
	feed(vt, "\033[3J");
	EQ_INT(vt_sb_first(vt), 2);
	OK(vt_sb_gen(vt) != gen);
	vt_free(vt);
}

TEST(scrollback_has_a_limit)
{
	struct vt *vt = vt_new(2, 10, 50, NULL, NULL);
	for (int i = 0; i < 1000; i++)
		feed(vt, "x\r\n");
	EQ_INT(vt_sb_next(vt), 999);
	EQ_INT(vt_sb_first(vt), 949);
	vt_free(vt);
}

TEST(scrollback_moves_to_another_terminal)
{
	struct vt *vt = fed(2, 8, "a\r\n\033[31mé你\r\nabcdefghij\r\n\r\n");
	struct vt *copy = vt_new(2, 8, 100, NULL, NULL);
	vt_sb_start(copy, vt_sb_first(vt));
	for (uint64_t id = vt_sb_first(vt); id < vt_sb_next(vt); id++) {
		size_t len;
		const char *row = vt_sb_packed(vt, id, &len);
		EQ_INT(vt_sb_add(copy, row, len), 0);
	}
	EQ_INT(vt_sb_next(copy), vt_sb_next(vt));
	char want[4096];
	snprintf(want, sizeof(want), "%s",
		 lines_of(vt, 0, vt_sb_next(vt), VT_TEXT_ANSI));
	EQ_STR(lines_of(copy, 0, vt_sb_next(copy), VT_TEXT_ANSI), want);
	EQ_INT(vt_sb_add(copy, "\x77", 1), -EBADMSG);
	vt_free(vt);
	vt_free(copy);
}

TEST(text_with_colours_and_joined_lines)
{
	struct vt *vt = fed(2, 4, "abcdef\r\n\033[31mx\033[m y");
	EQ_STR(lines_of(vt, 0, UINT64_MAX, 0), "abcd\nef\nx y\n");
	EQ_STR(lines_of(vt, 0, UINT64_MAX, VT_TEXT_UNWRAP), "abcdef\nx y\n");
	feed(vt, "\r\n\033[K");
	EQ_STR(lines_of(vt, 2, 3, VT_TEXT_ANSI),
	       "\033[31mx\033[39m y\n");
	vt_free(vt);
	vt = fed(2, 6, "a\033[44m b\033[m");
	EQ_STR(lines_of(vt, 0, 1, VT_TEXT_ANSI), "a\033[44m b\033[m\n");
	EQ_STR(lines_of(vt, 0, UINT64_MAX, VT_TEXT_TRIM), "a b\n");
	vt_free(vt);
}

TEST(resize_follows_the_cursor)
{
	char s[4096];
	struct vt *vt = fed(4, 6, "1\r\n2\r\n3\r\n4");
	vt_resize(vt, 2, 6);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "3|4");
	EQ_INT(vt_sb_next(vt), 2);
	EQ_INT(vt_cursor(vt).row, 1);
	uint64_t gen = vt_sb_gen(vt);
	vt_resize(vt, 3, 6);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "2|3|4");
	EQ_INT(vt_cursor(vt).row, 2);
	OK(vt_sb_gen(vt) != gen);
	vt_resize(vt, 6, 3);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "1|2|3|4");
	EQ_INT(vt_cursor(vt).row, 3);
	feed(vt, "\033[H");
	vt_resize(vt, 2, 3);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "1|2");
	vt_resize(vt, 0, -5);
	EQ_INT(vt_rows(vt), 1);
	EQ_INT(vt_cols(vt), 1);
	vt_resize(vt, 1 << 30, 1 << 30);
	EQ_INT(vt_rows(vt), VT_ROWS_MAX);
	EQ_INT(vt_cols(vt), VT_COLS_MAX);
	OK(vt_wrong(vt) == NULL);
	vt_free(vt);
}

/* One row a line of in, of a terminal that was fed and resized. */
struct reflow {
	const char *name;
	int rows, cols;
	const char *in;
	int sizes[6];		/* rows, cols ...; 0 ends */
	const char *all;	/* scrollback and screen, rows set apart by | */
	int sb, row, col;	/* rows of scrollback, cursor */
};

static const struct reflow reflows[] = {
	{ "narrow", 4, 6, "abcdef\r\n$ ", { 4, 4 }, "abcd|ef|$", 0, 2, 2 },
	{ "and wide again", 4, 6, "abcdef\r\n$ ", { 4, 4, 4, 6 },
	  "abcdef|$", 0, 1, 2 },
	{ "wide", 4, 4, "abcdefghi", { 4, 6 }, "abcdef|ghi", 0, 1, 3 },
	{ "a newline is kept", 4, 4, "abcd\r\nefgh", { 4, 9 }, "abcd|efgh",
	  0, 1, 4 },
	{ "out at the top", 2, 6, "1\r\nabcdef", { 2, 3 }, "1|abc|def", 1, 1,
	  2 },
	{ "and back", 2, 6, "1\r\nabcdef", { 2, 3, 2, 6 }, "1|abcdef", 0, 1,
	  5 },
	{ "across the edge", 2, 3, "abcdefghi", { 2, 5 }, "abcde|fghi", 0, 1,
	  4 },
	{ "all of the history", 2, 4, "abcdefgh\r\n1\r\n2\r\n3", { 2, 8 },
	  "abcdefgh|1|2|3", 2, 1, 1 },
	{ "blank rows go first", 4, 6, "abcdef\r\nx", { 4, 3 }, "abc|def|x",
	  0, 2, 1 },
	{ "nothing comes to a screen with room", 3, 6,
	  "1\r\n2\r\n3\r\n4\033[2J\033[Habcdefgh", { 3, 9 },
	  "1|abcdefgh", 1, 0, 8 },
	{ "wide characters", 3, 5, "ab\346\261\211\346\261\211x", { 3, 3 },
	  "ab|\346\261\211|\346\261\211x", 0, 2, 2 },
	{ "and the column they left", 3, 5,
	  "ab\346\261\211\346\261\211x", { 3, 3, 3, 9 },
	  "ab\346\261\211\346\261\211x", 0, 0, 7 },
	{ "a cursor behind the end waits", 3, 6, "abc", { 3, 3 }, "abc", 0, 0,
	  2 },
	{ "a cursor far from the text", 3, 9, "a\033[1;8H", { 3, 4 }, "a", 0,
	  0, 3 },
	{ "a cursor in the text", 3, 6, "abcdef\033[1;5H", { 3, 3 },
	  "abc|def", 0, 1, 1 },
	{ "one column", 3, 3, "abc", { 3, 1 }, "a|b|c", 0, 2, 0 },
	{ "rows and columns", 4, 4, "1\r\nabcdef", { 2, 3 }, "1|abc|def", 1,
	  1, 2 },
};

TEST(lines_are_wrapped_anew)
{
	for (size_t i = 0; i < sizeof(reflows) / sizeof(*reflows); i++) {
		const struct reflow *t = &reflows[i];
		struct vt *vt = fed(t->rows, t->cols, t->in);
		for (int k = 0; k < 6 && t->sizes[k]; k += 2)
			vt_resize(vt, t->sizes[k], t->sizes[k + 1]);
		char all[256];
		snprintf(all, sizeof(all), "%s",
			 lines_of(vt, 0, UINT64_MAX, VT_TEXT_TRIM));
		for (char *s = all; (s = strchr(s, '\n')); s++)
			*s = s[1] ? '|' : 0;
		if (strcmp(all, t->all) != 0)
			fprintf(stderr, "# %s\n", t->name);
		EQ_STR(all, t->all);
		EQ_INT(vt_sb_next(vt) - vt_sb_first(vt), t->sb);
		EQ_INT(vt_cursor(vt).row, t->row);
		EQ_INT(vt_cursor(vt).col, t->col);
		OK(vt_wrong(vt) == NULL);
		vt_free(vt);
	}
}

TEST(what_waits_at_the_edge_goes_on_in_the_next_row)
{
	char s[4096];
	struct vt *vt = fed(3, 6, "abc");
	vt_resize(vt, 3, 3);
	feed(vt, "d");
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "abc|d");
	vt_resize(vt, 3, 8);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "abcd");
	vt_free(vt);
}

/* Whatever was printed: any sizes, then the first one, and all is there (but
 * for blanks at the end of a line, which nobody sees). */
TEST(narrow_and_wide_again_loses_nothing)
{
	static const char *const words[] = {
		"a", "word", "\346\261\211", " ", "\033[31m", "e\314\201",
		".\r\n", "a longer piece",
	};
	const unsigned joined = VT_TEXT_UNWRAP | VT_TEXT_TRIM;
	unsigned seed = 1;

	for (int round = 0; round < 200; round++) {
		int cols = 4 + round % 60, rows = 2 + round % 7;
		struct vt *vt = fed(rows, cols, "");
		for (int n = 0; n < 300; n++) {
			seed = seed * 1103515245 + 12345;
			feed(vt, words[seed >> 16 & 7]);
		}
		feed(vt, "end");
		char *text = strdup(lines_of(vt, 0, UINT64_MAX, joined));
		char *looks = strdup(lines_of(vt, 0, UINT64_MAX,
					      VT_TEXT_ANSI | VT_TEXT_TRIM));
		struct vt_cursor c = vt_cursor(vt);
		for (int n = 0; n < 3; n++) {
			seed = seed * 1103515245 + 12345;
			vt_resize(vt, rows, 2 + (int)(seed >> 16 & 127));
			OK(vt_wrong(vt) == NULL);
			EQ_STR(lines_of(vt, 0, UINT64_MAX, joined), text);
		}
		vt_resize(vt, rows, cols);
		EQ_INT(vt_cursor(vt).col, c.col);
		EQ_STR(lines_of(vt, 0, UINT64_MAX,
				VT_TEXT_ANSI | VT_TEXT_TRIM), looks);
		free(text);
		free(looks);
		vt_free(vt);
	}
}

TEST(resize_in_the_alternate_screen_keeps_the_other)
{
	char s[4096];
	struct vt *vt = fed(4, 6, "1\r\n2\r\n3\r\n4x\033[?1049hfull");
	vt_resize(vt, 2, 4);
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "|  fu");
	vt_resize(vt, 4, 6);
	feed(vt, "\033[?1049l!");
	screen_of(vt, s, sizeof(s));
	EQ_STR(s, "1|2|3|4x!");
	vt_free(vt);
}

TEST(generations_tell_what_changed)
{
	struct vt *vt = fed(4, 6, "1\r\n2");
	uint64_t gen = vt_gen(vt), first = vt_row_gen(vt, 0);
	feed(vt, "");
	feed(vt, "\033[m\033[1");
	EQ_INT(vt_gen(vt), gen);
	feed(vt, "m3");
	OK(vt_gen(vt) > gen);
	OK(vt_row_gen(vt, 1) > gen);
	EQ_INT(vt_row_gen(vt, 0), first);
	gen = vt_gen(vt);
	feed(vt, "\033[H");
	OK(vt_gen(vt) > gen);
	EQ_INT(vt_row_gen(vt, 0), first);
	gen = vt_gen(vt);
	feed(vt, "\033[?1049h");
	OK(vt_row_gen(vt, 3) > gen);
	gen = vt_gen(vt);
	feed(vt, "\033[?1049l");
	OK(vt_row_gen(vt, 3) > gen);
	gen = vt_gen(vt);
	feed(vt, "\033[4H\n");
	OK(vt_row_gen(vt, 0) > gen);
	vt_free(vt);
}

/* More different clusters than the pool holds, ever new on one screen. */
TEST(clusters_are_swept)
{
	struct vt *vt = vt_new(4, 20, 10, NULL, NULL);
	for (uint32_t i = 0; i < 40000; i++) {
		char s[16];
		int n = snprintf(s, sizeof(s), "%c", 'a' + (int)(i % 26));
		uint32_t mark[2] = { 0x300 + i / 26 % 0x40,
				     0x300 + i / 1664 % 0x40 };
		for (int k = 0; k < 2; k++) {
			s[n++] = (char)(0xc0 | mark[k] >> 6);
			s[n++] = (char)(0x80 | (mark[k] & 0x3f));
		}
		vt_feed(vt, s, (size_t)n);
	}
	/* The last ones have their marks. */
	char text[CELL_TEXT_MAX];
	struct vt_cursor c = vt_cursor(vt);
	cell_text(vt_pool(vt), &vt_row(vt, c.row)[SBX_MAX(c.col - 1, 0)],
		  text);
	EQ_INT(strlen(text), 5);
	vt_free(vt);
}

TEST(marks_in_a_cell_are_bounded)
{
	struct vt *vt = fed(1, 4, "e");
	char text[CELL_TEXT_MAX];
	for (int i = 0; i < 40000; i++)
		feed(vt, "\xcc\x81");
	EQ_INT(cell_text(vt_pool(vt), vt_row(vt, 0), text),
	       1 + 2 * CELL_MARKS_MAX);
	vt_free(vt);
}

/* The largest size, with rows longer than what goes to libvterm at once. */
TEST(the_largest_terminal)
{
	struct vt *vt = vt_new(VT_ROWS_MAX, VT_COLS_MAX, 10, NULL, NULL);
	for (int i = 0; i < 3000; i++)
		feed(vt, i % 3 ? "你好" : "\033[65535Xaé");
	feed(vt, "\033[2J\033[44m\033[2J\033[65535;65535Hx\033[4h");
	for (int i = 0; i < 3000; i++)
		feed(vt, i % 3 ? "界" : "plain");
	OK(vt_wrong(vt) == NULL);
	EQ_INT(vt_cursor(vt).row, VT_ROWS_MAX - 1);
	vt_free(vt);
}

TEST(the_library_is_the_one_it_was_built_for)
{
	struct err e = ERR_INIT;
	EQ_INT(vt_check_library(&e), 0);
}

TEST_MAIN()
