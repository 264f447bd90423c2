#include "vt_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/base.h"
#include "base/utf8.h"

/* The flag of the kitty protocol that we know: keys that share a byte with
 * another one are told apart. */
#define KITTY_DISAMBIGUATE 1

/* number: CSI number ~, or 0 for the letter: CSI letter, SS3 letter. */
struct function_key {
	uint32_t sym;
	int number;
	char letter;
	bool is_cursor;		/* SS3 in application cursor mode only */
};

static const struct function_key function_keys[] = {
	{ SYM_UP, 0, 'A', true },	{ SYM_DOWN, 0, 'B', true },
	{ SYM_RIGHT, 0, 'C', true },	{ SYM_LEFT, 0, 'D', true },
	{ SYM_HOME, 0, 'H', true },	{ SYM_END, 0, 'F', true },
	{ SYM_INS, 2, 0, false },	{ SYM_DEL, 3, 0, false },
	{ SYM_PGUP, 5, 0, false },	{ SYM_PGDN, 6, 0, false },
	{ SYM_F1, 0, 'P', false },	{ SYM_F1 + 1, 0, 'Q', false },
	{ SYM_F1 + 2, 0, 'R', false },	{ SYM_F1 + 3, 0, 'S', false },
	{ SYM_F1 + 4, 15, 0, false },	{ SYM_F1 + 5, 17, 0, false },
	{ SYM_F1 + 6, 18, 0, false },	{ SYM_F1 + 7, 19, 0, false },
	{ SYM_F1 + 8, 20, 0, false },	{ SYM_F1 + 9, 21, 0, false },
	{ SYM_F1 + 10, 23, 0, false },	{ SYM_F1 + 11, 24, 0, false },
};

static size_t
put(char *out, size_t cap, const char *s, size_t len)
{
	if (len > cap)
		return 0;
	memcpy(out, s, len);
	return len;
}

static const struct function_key *
find_function(uint32_t sym)
{
	for (size_t i = 0; i < ARRAY_LEN(function_keys); i++)
		if (function_keys[i].sym == sym)
			return &function_keys[i];
	return NULL;
}

static int
encode_function(const struct vt *vt, const struct function_key *f,
		unsigned mods, char *seq, size_t cap)
{
	bool is_ss3 = !f->is_cursor || vt->modes & VT_MODE_APPCURSOR;

	if (f->number && mods)
		return snprintf(seq, cap, "\033[%d;%u~", f->number, mods + 1);
	if (f->number)
		return snprintf(seq, cap, "\033[%d~", f->number);
	if (mods)
		return snprintf(seq, cap, "\033[1;%u%c", mods + 1, f->letter);
	return snprintf(seq, cap, "\033%c%c", is_ss3 ? 'O' : '[', f->letter);
}

/* The byte that Ctrl makes of a character; the character where it makes
 * nothing. */
static uint32_t
control_byte(uint32_t c)
{
	static const char digits[] = "\000\033\034\035\036\037\177";

	if (c >= 'a' && c <= 'z')
		return c & 0x1f;
	if (c >= '2' && c <= '8')
		return (unsigned char)digits[c - '2'];
	switch (c) {
	case ' ':
		return 0;
	case '\\':
	case ']':
	case '^':
	case '_':
		return c & 0x1f;
	case '/':
		return 0x1f;
	case '?':
		return 0x7f;
	}
	return c;
}

static uint32_t
plain_byte(const struct key *k)
{
	switch (k->sym) {
	case SYM_ENTER:
		return '\r';
	case SYM_TAB:
		return '\t';
	case SYM_ESC:
		return 0x1b;
	case SYM_BS:
		return k->mods & KEY_CTRL ? '\b' : 0x7f;
	}
	return k->mods & KEY_CTRL ? control_byte(k->sym) : k->sym;
}

/* The number of a key in the kitty protocol, 0 where the old form does. */
static uint32_t
kitty_number(const struct vt *vt, const struct key *k)
{
	int alt = vt_is_alt(vt), depth = vt->kitty_depth[alt];

	if (depth == 0 || !(vt->kitty[alt][depth - 1] & KITTY_DISAMBIGUATE))
		return 0;
	switch (k->sym) {
	case SYM_ESC:
		return 27;
	case SYM_ENTER:
		return k->mods ? 13 : 0;
	case SYM_TAB:
		return k->mods ? 9 : 0;
	case SYM_BS:
		return k->mods ? 127 : 0;
	}
	return k->mods & (KEY_CTRL | KEY_ALT) ? k->sym : 0;
}

size_t
vt_key(const struct vt *vt, struct key k, char *out, size_t cap)
{
	char seq[VT_KEY_MAX];
	int n = 0;

	k = key_canonical(k);
	if (k.sym >= SYM_F1 + 12 && k.sym <= SYM_F20) {
		/* As the terminfo entry says: F13 is shifted F1. */
		k.sym -= 12;
		k.mods |= KEY_SHIFT;
	}
	const struct function_key *f = find_function(k.sym);
	uint32_t number = kitty_number(vt, &k);
	if (f) {
		n = encode_function(vt, f, k.mods, seq, sizeof(seq));
	} else if (number && k.mods) {
		n = snprintf(seq, sizeof(seq), "\033[%u;%uu", number,
			     k.mods + 1);
	} else if (number) {
		n = snprintf(seq, sizeof(seq), "\033[%uu", number);
	} else if (k.sym == SYM_TAB && k.mods & KEY_SHIFT) {
		n = snprintf(seq, sizeof(seq), "%s\033[Z",
			     k.mods & KEY_ALT ? "\033" : "");
	} else {
		uint32_t c = plain_byte(&k);
		if (k.mods & KEY_ALT)
			seq[n++] = '\033';
		int len = utf8_encode(c, seq + n);
		n = len > 0 ? n + len : 0;
		if (c == '\r' && vt->modes & MODE_NEWLINE)
			seq[n++] = '\n';
	}
	return put(out, cap, seq, (size_t)n);
}

static bool
wants_mouse(const struct vt *vt, const struct vt_mouse *m)
{
	switch (m->kind) {
	case VT_MOUSE_PRESS:
		return vt->modes & VT_MODE_MOUSE_ANY &&
		       (!(vt->modes & VT_MODE_MOUSE_X10) || m->button < 3);
	case VT_MOUSE_RELEASE:
		return m->button < 3 &&
		       vt->modes & VT_MODE_MOUSE_ANY & ~VT_MODE_MOUSE_X10;
	case VT_MOUSE_MOTION:
		return vt->modes & VT_MODE_MOUSE_MOVE ||
		       (vt->modes & VT_MODE_MOUSE_DRAG &&
			m->button != VT_BUTTON_NONE);
	}
	return false;
}

size_t
vt_mouse(const struct vt *vt, struct vt_mouse m, char *out, size_t cap)
{
	bool is_release = m.kind == VT_MOUSE_RELEASE;
	int col = SBX_MAX(1, SBX_MIN(m.col + 1, vt->cols));
	int row = SBX_MAX(1, SBX_MIN(m.row + 1, vt->rows));
	int b = m.button & 0x43;
	char seq[VT_KEY_MAX];

	if (!wants_mouse(vt, &m))
		return 0;
	if (!(vt->modes & VT_MODE_MOUSE_X10)) {
		b += m.mods & KEY_SHIFT ? 4 : 0;
		b += m.mods & KEY_ALT ? 8 : 0;
		b += m.mods & KEY_CTRL ? 16 : 0;
	}
	if (m.kind == VT_MOUSE_MOTION)
		b += 32;
	if (vt->modes & VT_MODE_MOUSE_SGR)
		return put(out, cap, seq,
			   (size_t)snprintf(seq, sizeof(seq),
					    "\033[<%d;%d;%d%c", b, col, row,
					    is_release ? 'm' : 'M'));
	/* The older forms do not say which button went up. */
	if (is_release)
		b |= 3;
	if (vt->modes & MODE_MOUSE_URXVT)
		return put(out, cap, seq,
			   (size_t)snprintf(seq, sizeof(seq), "\033[%d;%d;%dM",
					    b + 32, col, row));
	if (col > 223 || row > 223)
		return 0;
	memcpy(seq, "\033[M", 3);
	seq[3] = (char)(b + 32);
	seq[4] = (char)(col + 32);
	seq[5] = (char)(row + 32);
	return put(out, cap, seq, 6);
}

size_t
vt_focus(const struct vt *vt, bool in, char *out, size_t cap)
{
	if (!(vt->modes & VT_MODE_FOCUS))
		return 0;
	return put(out, cap, in ? "\033[I" : "\033[O", 3);
}

int
vt_paste(const struct vt *vt, const char *text, size_t len, struct buf *out)
{
	bool is_bracketed = vt->modes & VT_MODE_PASTE;
	size_t start = out->len;
	int r = is_bracketed ? buf_adds(out, "\033[200~") : 0;

	for (size_t i = 0; i < len && r == 0;) {
		uint32_t cp;
		int n = utf8_decode(text + i, len - i, &cp);
		size_t step = n > 0 ? (size_t)n : 1;
		if (n <= 0)
			cp = (unsigned char)text[i];
		bool is_control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
		/* A line ends as the Enter key would end it. */
		if (cp == '\n' && i > 0 && text[i - 1] == '\r')
			is_control = true;
		else if (cp == '\n' || cp == '\r')
			r = buf_addc(out, '\r');
		else if (cp == '\t' || !is_control)
			r = buf_add(out, text + i, step);
		i += step;
	}
	if (r == 0 && is_bracketed)
		r = buf_adds(out, "\033[201~");
	if (r != 0)
		buf_cut(out, start);
	return r;
}
