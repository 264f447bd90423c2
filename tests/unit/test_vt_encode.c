#include "engine/term/vt.h"

#include <errno.h>
#include "engine/base/buf.h"
#include "tests/lib/test.h"

static struct vt *
terminal(const char *modes)
{
	struct vt *vt = vt_new(24, 300, 0, NULL, NULL);
	vt_feed(vt, modes, strlen(modes));
	return vt;
}

/* The bytes readable: ESC as ^[, controls as ^X. */
static const char *
readable(const char *s, size_t len)
{
	static char out[200];
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c < 0x20 || c == 0x7f) {
			out[n++] = '^';
			c ^= 0x40;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return out;
}

TEST(keys_as_xterm_sends_them)
{
	static const struct {
		const char *modes, *key, *bytes;
	} cases[] = {
		{ "", "a", "a" },
		{ "", "é", "é" },
		{ "", "M-a", "^[a" },
		{ "", "C-a", "^A" },
		{ "", "C-M-a", "^[^A" },
		{ "", "C-Space", "^@" },
		{ "", "C-]", "^]" },
		{ "", "C-\\", "^\\" },
		{ "", "C-_", "^_" },
		{ "", "C-/", "^_" },
		{ "", "C-3", "^[" },
		{ "", "C-8", "^?" },
		{ "", "C-1", "1" },
		{ "", "Enter", "^M" },
		{ "", "M-Enter", "^[^M" },
		{ "\033[20h", "Enter", "^M^J" },
		{ "", "Tab", "^I" },
		{ "", "S-Tab", "^[[Z" },
		{ "", "Esc", "^[" },
		{ "", "M-Esc", "^[^[" },
		{ "", "BS", "^?" },
		{ "", "C-BS", "^H" },
		{ "", "C-h", "^H" },
		{ "", "Up", "^[[A" },
		{ "\033[?1h", "Up", "^[OA" },
		{ "\033[?1h", "C-Up", "^[[1;5A" },
		{ "\033[?1h", "Home", "^[OH" },
		{ "", "S-M-C-Left", "^[[1;8D" },
		{ "", "End", "^[[F" },
		{ "", "Ins", "^[[2~" },
		{ "", "Del", "^[[3~" },
		{ "", "S-PgUp", "^[[5;2~" },
		{ "", "PgDn", "^[[6~" },
		{ "", "F1", "^[OP" },
		{ "", "S-F1", "^[[1;2P" },
		{ "", "F5", "^[[15~" },
		{ "", "F12", "^[[24~" },
		{ "", "F13", "^[[1;2P" },
		{ "", "F20", "^[[19;2~" },
		{ "\033[>1u", "Esc", "^[[27u" },
		{ "\033[>1u", "C-a", "^[[97;5u" },
		{ "\033[>1u", "M-a", "^[[97;3u" },
		{ "\033[>1u", "a", "a" },
		{ "\033[>1u", "Enter", "^M" },
		{ "\033[>1u", "S-Enter", "^[[13;2u" },
		{ "\033[>1u\033[<u", "C-a", "^A" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vt *vt = terminal(cases[i].modes);
		struct key k;
		char out[VT_KEY_MAX];
		EQ_INT(key_parse(cases[i].key, strlen(cases[i].key), &k, NULL),
		       0);
		size_t n = vt_key(vt, k, out, sizeof(out));
		if (strcmp(readable(out, n), cases[i].bytes) != 0)
			TEST_FAIL("%s is %s, not %s", cases[i].key,
				  readable(out, n), cases[i].bytes);
		EQ_INT(vt_key(vt, k, out, n - 1), 0);
		vt_free(vt);
	}
}

TEST(mouse_by_mode_and_coding)
{
	static const struct {
		const char *modes;
		struct vt_mouse m;
		const char *bytes;
	} cases[] = {
		{ "", { VT_MOUSE_PRESS, 0, 1, 2, 0 }, "" },
		{ "\033[?9h", { VT_MOUSE_PRESS, 2, 1, 2, KEY_CTRL }, "^[[M\"#\"" },
		{ "\033[?9h", { VT_MOUSE_RELEASE, 0, 1, 2, 0 }, "" },
		{ "\033[?9h", { VT_MOUSE_PRESS, 64, 1, 2, 0 }, "" },
		{ "\033[?1000h", { VT_MOUSE_PRESS, 0, 1, 2, 0 }, "^[[M #\"" },
		{ "\033[?1000h", { VT_MOUSE_RELEASE, 0, 1, 2, 0 }, "^[[M##\"" },
		{ "\033[?1000h", { VT_MOUSE_MOTION, 0, 1, 2, 0 }, "" },
		{ "\033[?1000h", { VT_MOUSE_PRESS, 64, 1, 2, 0 }, "^[[M`#\"" },
		{ "\033[?1000h", { VT_MOUSE_PRESS, 0, 1, 250, 0 }, "" },
		{ "\033[?1000h\033[?1006h", { VT_MOUSE_PRESS, 0, 1, 250, 0 },
		  "^[[<0;251;2M" },
		{ "\033[?1000h\033[?1006h", { VT_MOUSE_RELEASE, 2, 1, 2, 0 },
		  "^[[<2;3;2m" },
		{ "\033[?1002h\033[?1006h", { VT_MOUSE_MOTION, 0, 1, 2, 0 },
		  "^[[<32;3;2M" },
		{ "\033[?1002h\033[?1006h", { VT_MOUSE_MOTION, 3, 1, 2, 0 }, "" },
		{ "\033[?1003h\033[?1006h", { VT_MOUSE_MOTION, 3, 1, 2, 0 },
		  "^[[<35;3;2M" },
		{ "\033[?1003h\033[?1000h", { VT_MOUSE_MOTION, 3, 1, 2, 0 }, "" },
		{ "\033[?1003h\033[?1003l", { VT_MOUSE_PRESS, 0, 1, 2, 0 }, "" },
		{ "\033[?1000h\033[?1006h",
		  { VT_MOUSE_PRESS, 65, 99, 999, KEY_CTRL | KEY_ALT | KEY_SHIFT },
		  "^[[<93;300;24M" },
		{ "\033[?1000h\033[?1015h", { VT_MOUSE_PRESS, 1, 1, 2, 0 },
		  "^[[33;3;2M" },
		{ "\033[?1000h\033[?1006h", { VT_MOUSE_RELEASE, 64, 1, 2, 0 }, "" },
		{ "\033[?1000h\033[?1006h", { VT_MOUSE_PRESS, 0, -4, -4, 0 },
		  "^[[<0;1;1M" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vt *vt = terminal(cases[i].modes);
		char out[VT_KEY_MAX];
		size_t n = vt_mouse(vt, cases[i].m, out, sizeof(out));
		if (strcmp(readable(out, n), cases[i].bytes) != 0)
			TEST_FAIL("case %zu is %s, not %s", i,
				  readable(out, n), cases[i].bytes);
		vt_free(vt);
	}
}

TEST(focus_when_asked_for)
{
	struct vt *vt = terminal("");
	char out[VT_KEY_MAX];
	EQ_INT(vt_focus(vt, true, out, sizeof(out)), 0);
	vt_feed(vt, "\033[?1004h", 8);
	EQ_STR(readable(out, vt_focus(vt, true, out, sizeof(out))), "^[[I");
	EQ_STR(readable(out, vt_focus(vt, false, out, sizeof(out))), "^[[O");
	vt_free(vt);
}

TEST(paste)
{
	static const char evil[] = "a\tb\r\nc\nd\033[201~e\x7f\x01\xc2\x9b"
				   "f\x9bgé\xe9";
	struct vt *vt = terminal("");
	struct buf b = BUF_INIT(60);
	EQ_INT(vt_paste(vt, evil, sizeof(evil) - 1, &b), 0);
	EQ_STR(buf_str(&b), "a\tb\rc\rd[201~efgé\xe9");
	buf_clear(&b);
	vt_feed(vt, "\033[?2004h", 8);
	EQ_INT(vt_paste(vt, evil, sizeof(evil) - 1, &b), 0);
	EQ_STR(buf_str(&b), "\033[200~a\tb\rc\rd[201~efgé\xe9\033[201~");
	EQ_INT(vt_paste(vt, evil, sizeof(evil) - 1, &b), 0);
	size_t len = b.len;
	EQ_INT(vt_paste(vt, evil, sizeof(evil) - 1, &b), -EMSGSIZE);
	EQ_INT(b.len, len);
	buf_fini(&b);
	vt_free(vt);
}

TEST_MAIN()
