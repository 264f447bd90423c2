#include "input.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/base/utf8.h"

enum {
	PENDING_MAX = 4096,	/* longest sequence that is not a paste */
	PARAMS_MAX = 8,
	WAIT_ESC_MS = 25,
	WAIT_SEQUENCE_MS = 250,	/* a slow link may cut a sequence */
	WAIT_PASTE_MS = 3000,
};

struct input {
	input_fn *fn;
	void *arg;
	char pending[PENDING_MAX];
	size_t pending_len;
	bool pasting;
	bool skipping;		/* in a string that is too long to keep */
	bool cursor_wanted;
	struct buf paste;
	bool paste_over;
};

static void
emit(struct input *in, struct input_event ev)
{
	in->fn(&ev, in->arg);
}

static void
emit_key(struct input *in, uint32_t sym, unsigned mods)
{
	struct key k = key_canonical((struct key){ sym, mods });

	if (sym)
		emit(in, (struct input_event){ .type = INPUT_KEY, .key = k });
}

static void
emit_paste(struct input *in)
{
	struct input_event ev = { .type = INPUT_PASTE };

	if (in->paste_over)
		buf_clear(&in->paste);
	ev.paste = buf_str(&in->paste);
	ev.paste_len = in->paste.len;
	ev.paste_over = in->paste_over;
	emit(in, ev);
	buf_fini(&in->paste);
	in->paste_over = false;
}

/* One byte below 0x20, 0x7f, with the modifiers that came before it. */
static void
emit_control(struct input *in, unsigned char c, unsigned mods)
{
	switch (c) {
	case 0:
		emit_key(in, ' ', mods | KEY_CTRL);
		break;
	case '\t':
		emit_key(in, SYM_TAB, mods);
		break;
	case '\r':
		emit_key(in, SYM_ENTER, mods);
		break;
	case 27:
		emit_key(in, SYM_ESC, mods);
		break;
	case 127:
		emit_key(in, SYM_BS, mods);
		break;
	default:
		if (c < 27)
			emit_key(in, (uint32_t)c + 'a' - 1, mods | KEY_CTRL);
		else
			emit_key(in, (uint32_t)c + '@', mods | KEY_CTRL);
		break;
	}
}

/* The xterm modifier parameter: 1 + bits of shift, alt, ctrl, meta. */
static unsigned
mods_of(int param)
{
	if (param < 2)
		return 0;
	unsigned bits = (unsigned)(param - 1), mods = 0;
	if (bits & 1)
		mods |= KEY_SHIFT;
	if (bits & (2 | 8))
		mods |= KEY_ALT;
	if (bits & 4)
		mods |= KEY_CTRL;
	return mods;
}

static uint32_t
sym_of_letter(char final)
{
	switch (final) {
	case 'A': return SYM_UP;
	case 'B': return SYM_DOWN;
	case 'C': return SYM_RIGHT;
	case 'D': return SYM_LEFT;
	case 'H': return SYM_HOME;
	case 'F': return SYM_END;
	case 'P': return SYM_F1;
	case 'Q': return SYM_F1 + 1;
	case 'R': return SYM_F1 + 2;
	case 'S': return SYM_F1 + 3;
	default: return 0;
	}
}

/* The number in "CSI number ~". */
static uint32_t
sym_of_number(int n)
{
	static const uint32_t low[] = { 0, SYM_HOME, SYM_INS, SYM_DEL,
					SYM_END, SYM_PGUP, SYM_PGDN,
					SYM_HOME, SYM_END };
	static const int fkeys[] = { 11, 12, 13, 14, 15, 17, 18, 19, 20, 21,
				     23, 24, 25, 26, 28, 29, 31, 32, 33, 34 };

	if (n > 0 && n < (int)ARRAY_LEN(low))
		return low[n];
	for (size_t i = 0; i < ARRAY_LEN(fkeys); i++)
		if (fkeys[i] == n)
			return SYM_F1 + (uint32_t)i;
	return 0;
}

/* A code point of CSI u: controls have symbols of their own. */
static void
emit_codepoint(struct input *in, int cp, unsigned mods)
{
	if (cp == 27 || cp == 13 || cp == 9 || cp == 127)
		emit_control(in, (unsigned char)cp, mods);
	else if (cp == 8)
		emit_key(in, SYM_BS, mods);
	else if (cp >= 32 && cp < 0xd800)
		emit_key(in, (uint32_t)cp, mods);
	else if (cp >= 0x10000 && cp < 0x110000)
		emit_key(in, (uint32_t)cp, mods);
}

static void
emit_mouse(struct input *in, int code, int x, int y, bool release)
{
	struct vt_mouse m = { .row = y - 1, .col = x - 1 };

	if (x < 1 || y < 1)
		return;
	if (code & 4)
		m.mods |= KEY_SHIFT;
	if (code & 8)
		m.mods |= KEY_ALT;
	if (code & 16)
		m.mods |= KEY_CTRL;
	m.button = code & 3;
	if (code & 64)
		m.button = VT_BUTTON_WHEEL_UP + (code & 3);
	m.kind = (code & 32) ? VT_MOUSE_MOTION
		 : release   ? VT_MOUSE_RELEASE
			     : VT_MOUSE_PRESS;
	emit(in, (struct input_event){ .type = INPUT_MOUSE, .mouse = m });
}

struct csi {
	char private;		/* '<', '?', '>' or 0 */
	char middle;		/* last intermediate or 0 */
	char final;
	int params[PARAMS_MAX];
	int count;
};

static void
csi_read(struct csi *c, const char *s, size_t len)
{
	size_t i = 0;
	bool sub = false;

	memset(c, 0, sizeof(*c));
	if (len > 0 && s[0] >= '<' && s[0] <= '?')
		c->private = s[i++];
	for (; i < len; i++) {
		int *p = &c->params[c->count];
		if (s[i] >= '0' && s[i] <= '9') {
			if (!sub && *p < 0x110000)
				*p = *p * 10 + (s[i] - '0');
		} else if (s[i] == ';') {
			sub = false;
			if (c->count < PARAMS_MAX - 1)
				c->count++;
		} else if (s[i] == ':') {
			sub = true;
		} else if (s[i] >= 0x20 && s[i] <= 0x2f) {
			c->middle = s[i];
		}
	}
	c->count++;
	c->final = s[len];
}

static void
emit_reply(struct input *in, enum input_reply r, int a, int b)
{
	emit(in, (struct input_event){ .type = INPUT_REPLY,
				       .reply = r,
				       .args = { a, b } });
}

/* rxvt says the modifiers with the final character. */
static unsigned
mods_of_final(char final)
{
	switch (final) {
	case '$': return KEY_SHIFT;
	case '^': return KEY_CTRL;
	case '@': return KEY_SHIFT | KEY_CTRL;
	default: return 0;
	}
}

static void
do_csi_plain(struct input *in, const struct csi *c, unsigned alt)
{
	unsigned mods = alt | mods_of(c->count > 1 ? c->params[1] : 0);

	switch (c->final) {
	case '~':
		if (c->params[0] == 200) {
			in->pasting = true;
			return;
		}
		if (c->params[0] == 27 && c->count > 2) {
			emit_codepoint(in, c->params[2], mods);
			return;
		}
		emit_key(in, sym_of_number(c->params[0]), mods);
		return;
	case '$':
	case '^':
	case '@':
		emit_key(in, sym_of_number(c->params[0]),
			 alt | mods_of_final(c->final));
		return;
	case 'u':
		emit_codepoint(in, c->params[0], mods);
		return;
	case 'Z':
		emit_key(in, SYM_TAB, mods | KEY_SHIFT);
		return;
	case 'I':
	case 'O':
		emit(in, (struct input_event){ .type = INPUT_FOCUS,
					       .focus = c->final == 'I' });
		return;
	case 'a':
	case 'b':
	case 'c':
	case 'd':
		emit_key(in, sym_of_letter((char)(c->final - 32)),
			 alt | KEY_SHIFT);
		return;
	case 'R':
		if (in->cursor_wanted && c->count == 2) {
			emit_reply(in, INPUT_REPLY_CURSOR, c->params[0],
				   c->params[1]);
			return;
		}
		break;
	default:
		break;
	}
	emit_key(in, sym_of_letter(c->final), mods);
}

static void
do_csi(struct input *in, const char *body, size_t len, unsigned alt)
{
	struct csi c;

	csi_read(&c, body, len);
	if (c.private == '<' && (c.final == 'M' || c.final == 'm'))
		emit_mouse(in, c.params[0], c.params[1], c.params[2],
			   c.final == 'm');
	else if (c.private == '?' && c.middle == '$' && c.final == 'y')
		emit_reply(in, INPUT_REPLY_MODE, c.params[0], c.params[1]);
	else if (c.private == '?' && c.final == 'c')
		emit_reply(in, INPUT_REPLY_DEVICE, 0, 0);
	else if (c.private == '?' && c.final == 'n' && c.params[0] == 997)
		emit_reply(in, INPUT_REPLY_GROUND, c.params[1] == 2, 0);
	else if (c.private)
		emit_reply(in, INPUT_REPLY_OTHER, 0, 0);
	else if (!c.middle)
		do_csi_plain(in, &c, alt);
}

static void
do_ss3(struct input *in, char final, unsigned alt)
{
	if (final >= 'a' && final <= 'd')
		emit_key(in, sym_of_letter((char)(final - 32)),
			 alt | KEY_CTRL);
	else if (final == 'M')
		emit_key(in, SYM_ENTER, alt);
	else if (final >= 'j' && final <= 'y')
		emit_key(in, (uint32_t)(final - 'j' + '*'), alt);
	else
		emit_key(in, sym_of_letter(final), alt);
}

/* A string (DCS, OSC, APC, PM, SOS) up to its end.  0: more is needed. */
static size_t
string_end(const char *s, size_t len)
{
	for (size_t i = 2; i < len; i++) {
		if (s[i] == 7)
			return i + 1;
		if (s[i] == 27 && i + 1 < len)
			return s[i + 1] == '\\' ? i + 2 : i;
	}
	return 0;
}

/* "11;rgb:RRRR/GGGG/BBBB", one to four hexadecimal digits each. */
static void
do_osc(struct input *in, const char *s, size_t len)
{
	/* What the eye makes of each, in thousandths. */
	static const unsigned weights[] = { 299, 587, 114 };
	unsigned long light = 0;
	char text[64], *at = text;

	if (len >= sizeof(text) || len < 4 || strncmp(s, "11;", 3) != 0)
		return;
	memcpy(text, s + 3, len - 3);
	text[len - 3] = 0;
	at = strchr(text, ':');
	for (size_t i = 0; i < ARRAY_LEN(weights); i++) {
		char *end;
		if (!at)
			return;
		unsigned long v = strtoul(at + 1, &end, 16);
		size_t digits = (size_t)(end - at - 1);
		if (digits < 1 || digits > 4)
			return;
		light += v * weights[i] / ((1ul << 4 * digits) - 1);
		at = i < 2 && *end != '/' ? NULL : end;
	}
	emit_reply(in, INPUT_REPLY_GROUND, light > 500, 0);
}

/* The same for a string at s; 0: more is needed. */
static size_t
take_string(struct input *in, const char *s, size_t len)
{
	size_t end = string_end(s, len), body = end;

	if (!end || s[1] != ']')
		return end;
	if (s[end - 1] == 7)
		body = end - 1;
	else if (s[end - 1] == '\\')
		body = end - 2;
	do_osc(in, s + 2, body - 2);
	return end;
}

/* CSI at s[start]: '[' is at start - 1.  0: more is needed. */
static size_t
take_csi(struct input *in, const char *s, size_t len, size_t start,
	 unsigned alt)
{
	if (len <= start)
		return 0;
	if (s[start] == '[') {		/* linux console: F1 to F5 */
		if (len <= start + 1)
			return 0;
		if (s[start + 1] >= 'A' && s[start + 1] <= 'E')
			emit_key(in, SYM_F1 + (uint32_t)(s[start + 1] - 'A'),
				 alt);
		return start + 2;
	}
	if (s[start] == 'M') {		/* mouse without 1006 */
		if (len < start + 4)
			return 0;
		const unsigned char *m = (const unsigned char *)s + start + 1;
		int code = m[0] - 32;
		bool up = (code & 3) == 3 && !(code & (32 | 64));
		emit_mouse(in, up ? code & ~3 : code, m[1] - 32, m[2] - 32,
			   up);
		return start + 4;
	}
	for (size_t i = start; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		/* rxvt ends keys in '$', which is an intermediate of an
		 * answer otherwise. */
		bool rxvt = c == '$' && i > start && s[start] != '?';
		if ((c >= 0x40 && c <= 0x7e) || rxvt) {
			do_csi(in, s + start, i - start, alt);
			return i + 1;
		}
		if (c < 0x20 || c > 0x7e)
			return i;	/* broken off: drop what came */
	}
	return 0;
}

/* s[0] is ESC.  Bytes used, 0: more is needed. */
static size_t
take_escape(struct input *in, const char *s, size_t len)
{
	size_t at = 1;
	unsigned alt = 0;

	if (len > 2 && s[1] == 27 && (s[2] == '[' || s[2] == 'O')) {
		alt = KEY_ALT;
		at = 2;
	}
	if (len <= at)
		return 0;
	unsigned char c = (unsigned char)s[at];
	switch (c) {
	case '[':
		return take_csi(in, s, len, at + 1, alt);
	case 'O':
		if (len <= at + 1)
			return 0;
		do_ss3(in, s[at + 1], alt);
		return at + 2;
	case ']':
	case 'P':
	case '_':
	case '^':
	case 'X':
		if (len == 2)
			return 0;
		return take_string(in, s, len);
	case 27:
		if (len == 2)
			return 0;	/* ESC ESC [ A may follow */
		emit_key(in, SYM_ESC, 0);
		return 1;
	default:
		break;
	}
	if (c < 0x20 || c == 127) {
		emit_control(in, c, KEY_ALT);
		return 2;
	}
	uint32_t cp = 0;
	int n = utf8_decode(s + 1, len - 1, &cp);
	if (n == 0)
		return 0;
	if (n > 0)
		emit_key(in, cp, KEY_ALT);
	return 1 + (n > 0 ? (size_t)n : 1);
}

static size_t
take_paste(struct input *in, const char *s, size_t len)
{
	static const char end[] = "\033[201~";
	const size_t end_len = sizeof(end) - 1;
	const char *hit = memmem(s, len, end, end_len);
	size_t use = hit ? (size_t)(hit - s) : len;

	/* The end mark may be cut: keep what could be its beginning. */
	if (!hit) {
		size_t keep = SBX_MIN(len, end_len - 1);
		while (keep > 0 && memcmp(s + len - keep, end, keep) != 0)
			keep--;
		use -= keep;
	}
	in->paste_over |= buf_add(&in->paste, s, use) < 0;
	if (hit) {
		in->pasting = false;
		emit_paste(in);
		use += end_len;
	}
	return use;
}

/* The rest of a string that was given up: bytes of it, its end included.
 * 0: an ESC may be its end, more is needed; or it was not and is a new
 * sequence (then skipping is over). */
static size_t
take_skipped(struct input *in, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == 7) {
			in->skipping = false;
			return i + 1;
		}
		if (s[i] != 27)
			continue;
		if (i > 0)
			return i;
		if (len > 1) {
			in->skipping = false;
			return s[1] == '\\' ? 2 : 0;
		}
		return 0;
	}
	return len;
}

static size_t
take_one(struct input *in, const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];

	if (in->skipping) {
		size_t n = take_skipped(in, s, len);
		if (n > 0 || in->skipping)
			return n;
	}
	if (in->pasting)
		return take_paste(in, s, len);
	if (c == 27)
		return take_escape(in, s, len);
	if (c < 0x20 || c == 127) {
		emit_control(in, c, 0);
		return 1;
	}
	uint32_t cp = 0;
	int n = utf8_decode(s, len, &cp);
	if (n == 0)
		return 0;
	if (n > 0)
		emit_key(in, cp, 0);
	return n > 0 ? (size_t)n : 1;
}

static void
run(struct input *in, const char *s, size_t len)
{
	size_t off = 0;

	while (off < len) {
		size_t n = take_one(in, s + off, len - off);
		if (n == 0)
			break;
		off += n;
	}
	size_t left = len - off;
	if (left > sizeof(in->pending)) {
		left = 0;
		in->skipping = true;
	}
	memmove(in->pending, s + len - left, left);
	in->pending_len = left;
}

struct input *
input_new(input_fn *fn, void *arg)
{
	struct input *in = mem_alloc(sizeof(*in));

	in->fn = fn;
	in->arg = arg;
	buf_init(&in->paste, INPUT_PASTE_MAX);
	return in;
}

void
input_free(struct input *in)
{
	if (!in)
		return;
	buf_fini(&in->paste);
	free(in);
}

void
input_feed(struct input *in, const void *bytes, size_t len)
{
	char piece[2 * PENDING_MAX];
	const char *s = bytes;

	while (len > 0) {
		size_t had = in->pending_len;
		size_t n = SBX_MIN(len, sizeof(piece) - had);
		memcpy(piece, in->pending, had);
		memcpy(piece + had, s, n);
		in->pending_len = 0;
		run(in, piece, had + n);
		s += n;
		len -= n;
	}
}

int
input_wait_ms(const struct input *in)
{
	if (in->pasting)
		return WAIT_PASTE_MS;
	if (!in->pending_len)
		return -1;
	return in->pending_len <= 2 ? WAIT_ESC_MS : WAIT_SEQUENCE_MS;
}

void
input_timeout(struct input *in)
{
	char s[PENDING_MAX];
	size_t len = in->pending_len;

	memcpy(s, in->pending, len);
	in->pending_len = 0;
	if (in->pasting) {
		in->pasting = false;
		emit_paste(in);
		return;
	}
	/* ESC alone, ESC ESC, or Alt with a letter that begins sequences. */
	if (len == 1 && s[0] == 27) {
		emit_key(in, SYM_ESC, 0);
	} else if (len == 2 && s[0] == 27 && s[1] == 27) {
		emit_key(in, SYM_ESC, 0);
		emit_key(in, SYM_ESC, 0);
	} else if (len == 2 && s[0] == 27) {
		emit_key(in, (uint32_t)(unsigned char)s[1], KEY_ALT);
	}
}

void
input_expect_cursor(struct input *in, bool wanted)
{
	in->cursor_wanted = wanted;
}
