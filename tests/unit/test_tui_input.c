#include <stdbool.h>
#include "../lib/test.h"
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "tui/input.h"

/* Events as text: keys by name, the rest in words. */
static struct buf seen;

static void
on_event(const struct input_event *ev, void *arg)
{
	char name[KEY_NAME_MAX];

	(void)arg;
	if (seen.len)
		buf_addc(&seen, ' ');
	switch (ev->type) {
	case INPUT_KEY:
		key_print(ev->key, name);
		buf_adds(&seen, name);
		break;
	case INPUT_MOUSE:
		buf_addf(&seen, "mouse(%d,%d,%d,%d,%u)", ev->mouse.kind,
			 ev->mouse.button, ev->mouse.row, ev->mouse.col,
			 ev->mouse.mods);
		break;
	case INPUT_PASTE:
		buf_addf(&seen, "paste%s(%.*s)", ev->paste_over ? "!" : "",
			 (int)ev->paste_len, ev->paste);
		break;
	case INPUT_FOCUS:
		buf_addf(&seen, "focus(%d)", ev->focus);
		break;
	case INPUT_REPLY:
		buf_addf(&seen, "reply(%d,%d,%d)", (int)ev->reply,
			 ev->args[0], ev->args[1]);
		break;
	}
}

/* In one piece, then byte by byte: the events must be the same. */
static const char *
decode_len(const char *bytes, size_t len)
{
	static char first[4096];

	buf_fini(&seen);
	buf_init(&seen, sizeof(first) - 1);
	struct input *in = input_new(on_event, NULL);
	input_feed(in, bytes, len);
	if (input_wait_ms(in) >= 0)
		input_timeout(in);
	input_free(in);
	snprintf(first, sizeof(first), "%s", buf_str(&seen));
	buf_clear(&seen);
	in = input_new(on_event, NULL);
	for (size_t i = 0; i < len; i++)
		input_feed(in, bytes + i, 1);
	if (input_wait_ms(in) >= 0)
		input_timeout(in);
	input_free(in);
	return strcmp(first, buf_str(&seen)) == 0 ? first : "(split differs)";
}

static const char *
decode(const char *bytes)
{
	return decode_len(bytes, strlen(bytes));
}

TEST(letters_and_controls)
{
	EQ_STR(decode("aZ9 "), "a Z 9 Space");
	EQ_STR(decode("\001\032\t\r\177"), "C-a C-z Tab Enter BS");
	EQ_STR(decode("\x1d\x1c\x1f"), "C-] C-\\ C-_");
	EQ_STR(decode_len("\0", 1), "C-Space");
	EQ_STR(decode("\xc3\xa4\xe2\x82\xac"), "\xc3\xa4 \xe2\x82\xac");
	EQ_STR(decode("\xff" "a"), "a");
}

TEST(cursor_and_function_keys)
{
	EQ_STR(decode("\033[A\033OB\033[C\033[D"), "Up Down Right Left");
	EQ_STR(decode("\033[H\033[F\033[1~\033[4~"), "Home End Home End");
	EQ_STR(decode("\033[5~\033[6~\033[3~\033[2~"), "PgUp PgDn Del Ins");
	EQ_STR(decode("\033OP\033[[A\033[11~\033[15~\033[24~"),
	       "F1 F1 F1 F5 F12");
	EQ_STR(decode("\033[1;5A\033[3;3~\033[Z"), "C-Up M-Del S-Tab");
	EQ_STR(decode("\033[1;2R"), "S-F3");
	EQ_STR(decode("\033[5$\033[5^\033[a\033Oa"), "S-PgUp C-PgUp S-Up C-Up");
}

TEST(alt_and_escape)
{
	EQ_STR(decode("\033x\0331"), "M-x M-1");
	EQ_STR(decode("\033"), "Esc");
	EQ_STR(decode("\033\033"), "Esc Esc");
	EQ_STR(decode("\033\033[A"), "M-Up");
	EQ_STR(decode("\033["), "M-[");
	EQ_STR(decode("\033\001"), "C-M-a");
}

TEST(csi_u_and_modify_other_keys)
{
	EQ_STR(decode("\033[97;5u"), "C-a");
	EQ_STR(decode("\033[13;2u"), "S-Enter");
	EQ_STR(decode("\033[27;5;9~"), "C-Tab");
	EQ_STR(decode("\033[27u"), "Esc");
}

TEST(mouse)
{
	EQ_STR(decode("\033[<0;5;3M\033[<0;5;3m"),
	       "mouse(0,0,2,4,0) mouse(1,0,2,4,0)");
	EQ_STR(decode("\033[<64;1;1M\033[<65;1;1M"),
	       "mouse(0,64,0,0,0) mouse(0,65,0,0,0)");
	EQ_STR(decode("\033[<36;7;8M"), "mouse(2,0,7,6,1)");
	EQ_STR(decode("\033[M !!"), "mouse(0,0,0,0,0)");
}

TEST(paste_is_content)
{
	EQ_STR(decode("\033[200~q\x1d\033[Ax\033[201~j"),
	       "paste(q\x1d\033[Ax) j");
	EQ_STR(decode("\033[200~\033[201~a"), "paste() a");
	/* Never ended: given out, and keys are keys again. */
	EQ_STR(decode("\033[200~abc"), "paste(abc)");
}

/* One of so many letters, in reads of a terminal, and a key behind it. */
static void
paste_of(size_t len)
{
	char *bytes = malloc(len + 13);
	struct input *in = input_new(on_event, NULL);

	buf_fini(&seen);
	buf_init(&seen, len + 100);
	memcpy(bytes, "\033[200~", 6);
	memset(bytes + 6, 'a', len);
	memcpy(bytes + 6 + len, "\033[201~j", 7);
	for (size_t off = 0; off < len + 13; off += 65536)
		input_feed(in, bytes + off, SBX_MIN(len + 13 - off, 65536u));
	input_free(in);
	free(bytes);
}

TEST(large_paste_comes_whole_or_not_at_all)
{
	paste_of(INPUT_PASTE_MAX);
	EQ_INT(seen.len, INPUT_PASTE_MAX + strlen("paste() j"));
	paste_of(INPUT_PASTE_MAX + 1);
	EQ_STR(buf_str(&seen), "paste!() j");
}

TEST(focus_and_answers)
{
	EQ_STR(decode("\033[I\033[O"), "focus(1) focus(0)");
	EQ_STR(decode("\033[?2026;2$y"), "reply(0,2026,2)");
	EQ_STR(decode("\033[?62;22c"), "reply(2,0,0)");
	EQ_STR(decode("\033]11;rgb:ffff/ffff/dddd\007"), "reply(4,1,0)");
	EQ_STR(decode("\033]11;rgb:28/28/28\033\\a"), "reply(4,0,0) a");
	EQ_STR(decode("\033]11;rgb:28/28\007\033]11;?\007a"), "a");
	EQ_STR(decode("\033]11;rgb:28282/2/2\007\033]4;1;rgb:f/f/f\007a"),
	       "a");
	EQ_STR(decode("\033[?997;2n\033[?997;1n"),
	       "reply(4,1,0) reply(4,0,0)");
	/* Strings are swallowed whole, also unknown ones. */
	EQ_STR(decode("\033]11;rgb:0/0/0\033\\a\033P1$r0m\033\\b"),
	       "reply(4,0,0) a b");
	EQ_STR(decode("\033]0;title\007c"), "c");
}

TEST(cursor_answer_when_awaited)
{
	struct input *in = input_new(on_event, NULL);

	buf_fini(&seen);
	buf_init(&seen, 1000);
	input_expect_cursor(in, true);
	input_feed(in, "\033[1;3R", 6);
	input_expect_cursor(in, false);
	input_feed(in, "\033[1;3R", 6);
	input_free(in);
	EQ_STR(buf_str(&seen), "reply(1,1,3) M-F3");
}

TEST(garbage_is_dropped)
{
	EQ_STR(decode("\033[99999999999999999999~a"), "a");
	EQ_STR(decode("\033[>1;2;3ca"), "reply(3,0,0) a");
	EQ_STR(decode("\033[1;2;3;4;5;6;7;8;9;10;11Ha"), "S-Home a");
}

TEST(an_endless_string_is_not_typed)
{
	struct input *in = input_new(on_event, NULL);
	char block[1024];

	memset(block, 'j', sizeof(block));
	buf_fini(&seen);
	buf_init(&seen, 100000);
	input_feed(in, "\033]52;", 5);
	for (int i = 0; i < 20; i++)
		input_feed(in, block, sizeof(block));
	input_feed(in, "\007k", 2);
	input_free(in);
	EQ_STR(buf_str(&seen), "k");
}

TEST_MAIN()
