#include "engine/log/strip.h"

#include "engine/base/buf.h"
#include "engine/base/utf8.h"
#include "engine/term/cell.h"
#include "tests/lib/test.h"

static char stripped[4096];

static const char *
text_of(const char *s)
{
	size_t n = strip_text(s, strlen(s), stripped);
	stripped[n] = '\0';
	return stripped;
}

static const char *
shown(const char *s, size_t len)
{
	static struct buf b = BUF_INIT(4096);
	strip_display(s, len, &b, NULL, NULL, NULL);
	return buf_str(&b);
}

#define SHOWN(s) shown(s, sizeof(s) - 1)

TEST(escapes_are_gone_from_text)
{
	EQ_STR(text_of("plain"), "plain");
	EQ_STR(text_of("\033[1;31mERR\033[0mOR"), "ERROR");
	EQ_STR(text_of("\033]0;title\ax\033]8;;u\033\\y"), "xy");
	EQ_STR(text_of("a\033(Bb\033=c\033Md"), "abcd");
	EQ_STR(text_of("a\033Pq#0\033\\b"), "ab");
	EQ_STR(text_of("cut\033[3"), "cut");
	EQ_STR(text_of("cut\033"), "cut");
	EQ_STR(text_of("a\033[38:2::1:2:3mb"), "ab");
	EQ_STR(text_of("a\033[?25lb"), "ab");
	EQ_STR(text_of("a\tb\x01\xff"), "a\tb\x01\xff");
}

TEST(carriage_return_starts_over)
{
	EQ_STR(text_of("10%\r20%\r30%"), "30%");
	EQ_STR(text_of("text\r"), "text");
	EQ_STR(text_of("text\r\r"), "text");
	EQ_STR(text_of("50%\r\033[K"), "");
	EQ_STR(text_of("50%\033[2K\rdone"), "done");
	EQ_STR(text_of("\033[2K\033[1Gnew"), "new");
	EQ_STR(text_of("abc\033[K"), "abc");
	EQ_STR(text_of("a\033[Gb"), "b");
}

TEST(backspace_takes_back)
{
	EQ_STR(text_of("ab\b \b"), "a");
	EQ_STR(text_of("N\bNA\bA"), "NA");
	EQ_STR(text_of("\b\bx"), "x");
	EQ_STR(text_of("\xc3\xa9\b!"), "!");
}

TEST(blocks_keep_their_newlines)
{
	char block[] = "\033[1ma\n\nb\rcd\nend\r";
	uint32_t ends[] = { 6, 7, 12, 16 };
	EQ_INT(strip_needed(block, 16), 1);
	size_t n = strip_lines(block, ends, 4, block);
	EQ_MEM(block, n, "a\n\ncd\nend", 9);
	EQ_INT(ends[0], 2);
	EQ_INT(ends[1], 3);
	EQ_INT(ends[2], 6);
	EQ_INT(ends[3], 9);
}

TEST(display_shows_controls)
{
	EQ_STR(SHOWN("a\0b\x1f\x7f\n"), "a^@b^_^?^J");
	EQ_STR(SHOWN("\xc2\x9b" "31m"), "^[[31m");
	EQ_STR(SHOWN("\xff\xc3"), "\\xFF\\xC3");
	EQ_STR(SHOWN("a\tb\t"), "a       b       ");
	EQ_STR(SHOWN("\xe2\x80\xaex"), "<U+202E>x");
	EQ_STR(SHOWN("\xc3\xa9\xe4\xb8\xad"), "\xc3\xa9\xe4\xb8\xad");
	EQ_STR(SHOWN("\033]52;c;QQ==\a\033[31mred\033[6n"), "red");
	EQ_STR(SHOWN("\xe4\xb8\xad\tx"), "\xe4\xb8\xad      x");
	EQ_STR(SHOWN("5\r6\r\n"), "^J");
	EQ_STR(SHOWN("x\x01\b!"), "x!");
}

TEST(too_many_marks_do_not_pile_up)
{
	char s[101] = "a";
	for (int i = 0; i < 50; i++)
		memcpy(s + 1 + 2 * i, "\xcc\x81", 2);
	const char *got = shown(s, sizeof(s));
	OK(strstr(got, "<U+0301>") != NULL);
	int marks = 0;
	for (const char *p = got; (p = strstr(p, "\xcc\x81")); p += 2)
		marks++;
	EQ_INT(marks, 8);
}

TEST(colours_come_out_beside_the_text)
{
	struct buf b = BUF_INIT(1000);
	struct strip_run runs[8];
	size_t n = 8;
	struct strip_state st = { 0 };
	static const char s[] = "a\033[1;31mb\x01\033[0;38;5;200;48;2;1;2;3mc"
		"\033[91;4md";
	strip_display(s, sizeof(s) - 1, &b, runs, &n, &st);
	EQ_STR(buf_str(&b), "ab^Acd");
	EQ_INT(n, 5);
	EQ_INT(runs[0].off, 0);
	EQ_INT(runs[0].fg, 0);
	EQ_INT(runs[1].off, 1);
	EQ_INT(runs[1].fg, VT_INDEXED | 1);
	EQ_INT(runs[1].attrs, VT_BOLD);
	EQ_INT(runs[2].off, 2);
	OK(runs[2].control);
	EQ_INT(runs[3].off, 4);
	EQ_INT(runs[3].fg, VT_INDEXED | 200);
	EQ_INT(runs[3].bg, VT_RGB | 0x010203);
	EQ_INT(runs[4].fg, VT_INDEXED | 9);
	EQ_INT(runs[4].attrs, VT_UNDERLINE);
	/* The next line goes on with the looks of this one. */
	n = 8;
	strip_display("e\033[mf", 5, &b, runs, &n, &st);
	EQ_INT(n, 2);
	EQ_INT(runs[0].fg, VT_INDEXED | 9);
	EQ_INT(runs[1].fg, 0);
	EQ_INT(st.attrs, 0);
	/* What was overwritten has no runs. */
	n = 8;
	static const char over[] = "\033[31mxx\r\033[32my";
	strip_display(over, sizeof(over) - 1, &b, runs, &n, NULL);
	EQ_STR(buf_str(&b), "y");
	EQ_INT(n, 1);
	EQ_INT(runs[0].fg, VT_INDEXED | 2);
	/* Colons with and without a colour space. */
	n = 8;
	static const char rgb[] = "\033[38:2::1:2:3mx\033[48:2:4:5:6my";
	strip_display(rgb, sizeof(rgb) - 1, &b, runs, &n, NULL);
	EQ_INT(runs[0].fg, VT_RGB | 0x010203);
	EQ_INT(runs[1].bg, VT_RGB | 0x040506);
	buf_fini(&b);
}

TEST(display_is_cut_at_a_character)
{
	struct buf b = BUF_INIT(5);
	strip_display("abcd\xc3\xa9z", 7, &b, NULL, NULL, NULL);
	EQ_STR(buf_str(&b), "abcd");
	buf_fini(&b);
}

TEST_MAIN()
