#include "strip.h"

#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/utf8.h"
#include "term/cell.h"

#define PARAMS_MAX	32
#define MARKS_MAX	8	/* combining marks shown on one character */
#define TAB		8
#define NO_CONTROL	SIZE_MAX

enum { ESC = 0x1b, DEL = 0x7f };

/* An escape sequence that was recognised. */
struct sequence {
	size_t len;		/* bytes it takes, ESC included */
	char final;		/* of a CSI; 0 for any other kind */
	char private;		/* '?', '>', ... or 0 */
	const char *params;
	size_t params_len;
};

static size_t
string_end(const char *p, size_t len, size_t i)
{
	for (; i < len; i++) {
		if (p[i] == '\a')
			return i + 1;
		if (p[i] == ESC)
			return i + 1 < len && p[i + 1] == '\\' ? i + 2 : i;
	}
	return len;
}

/* The sequence that starts at p[0] == ESC.  One that is cut off by the end
 * of the line takes the rest. */
static void
parse_sequence(const char *p, size_t len, struct sequence *q)
{
	memset(q, 0, sizeof(*q));
	q->len = len < 2 ? len : 2;
	if (len < 2)
		return;
	if (p[1] == '[') {
		size_t i = 2;
		if (i < len && p[i] >= '<' && p[i] <= '?')
			q->private = p[i++];
		q->params = p + i;
		while (i < len && p[i] >= 0x30 && p[i] <= 0x3f)
			i++;
		q->params_len = (size_t)(p + i - q->params);
		while (i < len && p[i] >= 0x20 && p[i] <= 0x2f) {
			q->private = p[i];
			i++;
		}
		/* Anything else breaks it off and is a byte of its own. */
		if (i < len && p[i] >= 0x40 && p[i] <= 0x7e)
			q->final = p[i++];
		q->len = i;
	} else if (p[1] != '\0' && strchr("]PX^_", p[1])) {
		q->len = string_end(p, len, 2);
	} else if (p[1] >= 0x20 && p[1] <= 0x2f) {
		size_t i = 2;
		while (i < len && p[i] >= 0x20 && p[i] <= 0x2f)
			i++;
		q->len = i < len && p[i] >= 0x30 && p[i] <= 0x7e ? i + 1 : i;
	} else if (p[1] < 0x30 || p[1] > 0x7e) {
		q->len = 1;
	}
}

/* First parameter of a sequence, 0 if there is none. */
static unsigned
first_param(const struct sequence *q)
{
	unsigned v = 0;
	for (size_t i = 0; i < q->params_len; i++) {
		if (q->params[i] < '0' || q->params[i] > '9' || v > 100000)
			break;
		v = v * 10 + (unsigned)(q->params[i] - '0');
	}
	return v;
}

/* What a sequence does to the line: nothing, or ... */
enum effect { NOTHING, TO_START, ERASE_REST, ERASE_ALL };

static enum effect
effect_of(const struct sequence *q)
{
	if (q->private)
		return NOTHING;
	unsigned v = first_param(q);
	if (q->final == 'G' && v <= 1)
		return TO_START;
	if (q->final == 'K')
		return v == 2 ? ERASE_ALL : v == 0 ? ERASE_REST : NOTHING;
	return NOTHING;
}

bool
strip_needed(const char *text, size_t len)
{
	return len > 0 && (memchr(text, ESC, len) || memchr(text, '\r', len) ||
			   memchr(text, '\b', len));
}

/* Length of s without its last character. */
static size_t
without_last(const char *s, size_t len)
{
	size_t n = len;
	while (n > 0 && len - n < 3 && ((unsigned char)s[n - 1] & 0xc0) == 0x80)
		n--;
	return n > 0 ? n - 1 : 0;
}

size_t
strip_text(const char *text, size_t len, char *out)
{
	size_t n = 0;
	bool at_start = false;	/* the next character starts it over */
	for (size_t i = 0; i < len;) {
		char c = text[i];
		if (c == ESC) {
			struct sequence q;
			parse_sequence(text + i, len - i, &q);
			enum effect e = effect_of(&q);
			at_start |= e == TO_START;
			if (e == ERASE_ALL || (e == ERASE_REST && at_start))
				n = 0;
			i += q.len;
			continue;
		}
		i++;
		if (c == '\r') {
			at_start = true;
		} else if (c == '\b') {
			n = at_start ? n : without_last(out, n);
		} else {
			n = at_start ? 0 : n;
			at_start = false;
			out[n++] = c;
		}
	}
	return n;
}

size_t
strip_lines(const char *text, uint32_t *ends, size_t count, char *out)
{
	size_t start = 0, n = 0;
	for (size_t i = 0; i < count; i++) {
		size_t end = ends[i];
		bool newline = end > start && text[end - 1] == '\n';
		size_t len = end - start - newline;
		if (strip_needed(text + start, len)) {
			n += strip_text(text + start, len, out + n);
		} else {
			memmove(out + n, text + start, len);
			n += len;
		}
		if (newline)
			out[n++] = '\n';
		start = end;
		ends[i] = (uint32_t)n;
	}
	return n;
}

/* The line being built for the screen. */
struct display {
	struct buf *out;
	struct strip_run *runs;
	size_t run_count, run_cap;
	struct strip_state now;
	unsigned columns;
	unsigned marks;		/* on the present character */
	size_t control_off;	/* of the last thing, if it is of ours */
	bool at_start;
	bool full;
};

static void
add_run(struct display *d, bool control)
{
	struct strip_run r = {
		.off = (uint32_t)d->out->len, .fg = d->now.fg,
		.bg = d->now.bg, .attrs = d->now.attrs, .control = control,
	};
	if (d->run_count) {
		const struct strip_run *old = &d->runs[d->run_count - 1];
		if (old->fg == r.fg && old->bg == r.bg &&
		    old->attrs == r.attrs && !old->control && !control)
			return;
	}
	if (d->run_count < d->run_cap)
		d->runs[d->run_count++] = r;
}

static void
restart_line(struct display *d)
{
	buf_clear(d->out);
	d->run_count = 0;
	d->columns = d->marks = 0;
	d->control_off = NO_CONTROL;
	d->full = false;
}

static void
put(struct display *d, const char *s, size_t len, unsigned width, bool control)
{
	if (d->at_start)
		restart_line(d);
	d->at_start = false;
	if (d->out->len + len > d->out->max)
		d->full = true;
	if (d->full)
		return;
	add_run(d, control);
	d->control_off = control ? d->out->len : NO_CONTROL;
	buf_add(d->out, s, len);
	d->columns += width;
}

static void
put_control(struct display *d, const char *s)
{
	size_t len = strlen(s);
	put(d, s, len, (unsigned)len, true);
}

static void
put_tab(struct display *d)
{
	static const char blanks[TAB + 1] = "        ";
	unsigned n = TAB - (d->at_start ? 0 : d->columns % TAB);
	put(d, blanks, n, n, false);
}

/* Takes the last character back; one of ours as a whole. */
static void
take_back(struct display *d)
{
	size_t len = d->out->len;
	if (d->at_start || len == 0)
		return;
	size_t keep = without_last(d->out->data, len);
	if (d->control_off != NO_CONTROL)
		keep = d->control_off;
	d->control_off = NO_CONTROL;
	int width = utf8_columns(d->out->data + keep, len - keep);
	d->columns -= SBX_MIN(d->columns, (unsigned)SBX_MAX(width, 0));
	buf_cut(d->out, keep);
	while (d->run_count && d->runs[d->run_count - 1].off >= keep)
		d->run_count--;
	d->marks = 0;
}

/* Characters that turn text around, or that nobody can see. */
static bool
is_hidden(uint32_t cp)
{
	static const uint32_t ranges[][2] = {
		{ 0x061c, 0x061c }, { 0x115f, 0x1160 }, { 0x180e, 0x180e },
		{ 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfdd0, 0xfdef },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i][0] && cp <= ranges[i][1])
			return true;
	return (cp & 0xfffe) == 0xfffe;
}

static void
put_character(struct display *d, const char *s, size_t len, uint32_t cp)
{
	char text[16];
	int width = utf8_width(cp);
	d->marks = width == 0 && cp >= 0x20 ? d->marks + 1 : 0;
	if (cp < 0x20 || cp == DEL) {
		snprintf(text, sizeof(text), "^%c", (char)(cp ^ 0x40));
		put_control(d, text);
		return;
	}
	if (cp >= 0x80 && cp < 0xa0) {
		snprintf(text, sizeof(text), "^[%c", (char)(cp - 0x40));
		put_control(d, text);
		return;
	}
	if (is_hidden(cp) || d->marks > MARKS_MAX) {
		snprintf(text, sizeof(text), "<U+%04X>", (unsigned)cp);
		put_control(d, text);
		return;
	}
	put(d, s, len, (unsigned)SBX_MAX(width, 0), false);
}

/* Numbers of a parameter list; separators are ';' and ':' alike, but an empty
 * colour space ("38:2::r:g:b") is left out.  Returns their count. */
static size_t
params(const struct sequence *q, unsigned *v)
{
	size_t n = 0;
	v[0] = 0;
	for (size_t i = 0; i < q->params_len; i++) {
		char c = q->params[i];
		if (c >= '0' && c <= '9') {
			v[n] = v[n] < 1000 ? v[n] * 10 + (unsigned)(c - '0') :
				v[n];
			continue;
		}
		bool space = c == ':' && i > 0 && q->params[i - 1] == ':' &&
			n >= 2 && v[n - 1] == 2 &&
			(v[n - 2] == 38 || v[n - 2] == 48);
		if (space)
			continue;
		if (n + 1 == PARAMS_MAX)
			break;
		v[++n] = 0;
	}
	return n + 1;
}

/* 38 or 48 at v[0]: sets *colour, returns how many numbers it took. */
static size_t
extended_colour(const unsigned *v, size_t n, uint32_t *colour)
{
	if (n >= 3 && v[1] == 5) {
		*colour = VT_INDEXED | (v[2] & 255);
		return 3;
	}
	if (n >= 5 && v[1] == 2) {
		*colour = VT_RGB | (v[2] & 255) << 16 | (v[3] & 255) << 8 |
			(v[4] & 255);
		return 5;
	}
	return n;
}

/* An SGR number that switches attributes. */
static void
set_attribute(struct strip_state *now, unsigned v)
{
	static const struct {
		uint8_t code;
		uint16_t set, clear;
	} table[] = {
		{ 0, 0, VT_ATTRS_ALL }, { 1, VT_BOLD, 0 }, { 2, VT_DIM, 0 },
		{ 3, VT_ITALIC, 0 }, { 4, VT_UNDERLINE, 0 },
		{ 5, VT_BLINK, 0 }, { 6, VT_BLINK, 0 }, { 7, VT_REVERSE, 0 },
		{ 8, VT_CONCEAL, 0 }, { 9, VT_STRIKE, 0 },
		{ 21, VT_UNDERLINE, 0 }, { 22, 0, VT_BOLD | VT_DIM },
		{ 23, 0, VT_ITALIC }, { 24, 0, VT_UNDERLINE },
		{ 25, 0, VT_BLINK }, { 27, 0, VT_REVERSE },
		{ 28, 0, VT_CONCEAL }, { 29, 0, VT_STRIKE },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == v)
			now->attrs = (uint16_t)((now->attrs & ~table[i].clear) |
						table[i].set);
}

static void
sgr(struct strip_state *now, const struct sequence *q)
{
	unsigned v[PARAMS_MAX];
	size_t n = params(q, v);
	for (size_t i = 0; i < n;) {
		unsigned p = v[i];
		if (p == 38 || p == 48) {
			i += extended_colour(v + i, n - i,
					     p == 38 ? &now->fg : &now->bg);
			continue;
		}
		if (p == 0)
			now->fg = now->bg = 0;
		if (p >= 30 && p <= 37)
			now->fg = VT_INDEXED | (p - 30);
		else if (p >= 40 && p <= 47)
			now->bg = VT_INDEXED | (p - 40);
		else if (p >= 90 && p <= 97)
			now->fg = VT_INDEXED | (p - 90 + 8);
		else if (p >= 100 && p <= 107)
			now->bg = VT_INDEXED | (p - 100 + 8);
		else if (p == 39)
			now->fg = 0;
		else if (p == 49)
			now->bg = 0;
		else
			set_attribute(now, p);
		i++;
	}
}

static size_t
display_sequence(struct display *d, const char *p, size_t len)
{
	struct sequence q;
	parse_sequence(p, len, &q);
	if (q.final == 'm' && !q.private)
		sgr(&d->now, &q);
	enum effect e = effect_of(&q);
	d->at_start |= e == TO_START;
	if (e == ERASE_ALL || (e == ERASE_REST && d->at_start))
		restart_line(d);
	return q.len;
}

void
strip_display(const char *text, size_t len, struct buf *out,
	      struct strip_run *runs, size_t *run_count,
	      struct strip_state *state)
{
	struct strip_run none;
	struct display d = {
		.out = out, .runs = runs ? runs : &none,
		.run_cap = runs ? *run_count : 0, .control_off = NO_CONTROL,
	};
	if (state)
		d.now = *state;
	buf_clear(out);
	for (size_t i = 0; i < len;) {
		uint32_t cp;
		int n = utf8_decode(text + i, len - i, &cp);
		if (n <= 0) {
			char hex[8];
			snprintf(hex, sizeof(hex), "\\x%02X",
				 (unsigned char)text[i]);
			put_control(&d, hex);
			i++;
		} else if (cp == ESC) {
			i += display_sequence(&d, text + i, len - i);
		} else {
			if (cp == '\r')
				d.at_start = true;
			else if (cp == '\b')
				take_back(&d);
			else if (cp == '\t')
				put_tab(&d);
			else
				put_character(&d, text + i, (size_t)n, cp);
			i += (size_t)n;
		}
	}
	if (runs)
		*run_count = d.run_count;
	if (state)
		*state = d.now;
}
