#include "linescan.h"

#include <string.h>

enum { TEXT, ESC, CSI, STRING, STRING_ESC };

static void
plain_feed(struct linescan *ls, const char *data, size_t len,
	   struct linescan_line *out, size_t max, size_t *count, size_t *used)
{
	size_t pos = 0;
	while (pos < len && *count < max) {
		const char *nl = memchr(data + pos, '\n', len - pos);
		if (!nl) {
			pos = len;
			break;
		}
		pos = (size_t)(nl - data) + 1;
		struct linescan_line *l = &out[(*count)++];
		l->start = ls->start;
		l->end = ls->start = ls->off + pos;
		l->partial = false;
	}
	*used = pos;
}

static void
alt_enter(struct linescan *ls, struct linescan_line *out, size_t *count)
{
	if (ls->ink) {
		struct linescan_line *l = &out[(*count)++];
		l->start = ls->start;
		l->end = ls->escape;
		l->partial = true;
	}
	ls->alt = true;
	ls->ink = false;
}

/* The line begins after the sequence that is at its last byte now. */
static void
alt_leave(struct linescan *ls)
{
	if (ls->alt)
		ls->start = ls->off + 1;
	ls->alt = false;
}

/* The final byte of a control sequence has come. */
static void
csi_end(struct linescan *ls, char c, struct linescan_line *out, size_t *count)
{
	ls->state = TEXT;
	uint32_t p = ls->param;
	bool asked = ls->alt_asked || p == 47 || p == 1047 || p == 1049;
	if (!ls->private || !asked)
		return;
	if (c == 'h' && !ls->alt)
		alt_enter(ls, out, count);
	else if (c == 'l')
		alt_leave(ls);
}

static void
csi_byte(struct linescan *ls, char c, struct linescan_line *out, size_t *count)
{
	if (c >= '0' && c <= '9') {
		if (ls->param < 100000)
			ls->param = ls->param * 10 + (uint32_t)(c - '0');
	} else if (c == ';') {
		uint32_t p = ls->param;
		ls->alt_asked |= p == 47 || p == 1047 || p == 1049;
		ls->param = 0;
	} else if (c == '?') {
		ls->private = true;
	} else if (c >= 0x40 && c <= 0x7e) {
		csi_end(ls, c, out, count);
	} else if (c < 0x20) {
		ls->state = TEXT;
	}
}

static void
esc_byte(struct linescan *ls, char c)
{
	ls->state = TEXT;
	if (c == '[') {
		ls->state = CSI;
		ls->private = ls->alt_asked = false;
		ls->param = 0;
	} else if (c && strchr("]PX^_", c)) {
		ls->state = STRING;
	} else if (c == 'c') {
		alt_leave(ls);		/* full reset */
	}
}

static void
pty_byte(struct linescan *ls, char c, struct linescan_line *out, size_t *count)
{
	if (c == '\033' && ls->state != STRING) {
		ls->state = ls->state == STRING_ESC ? STRING_ESC : ESC;
		ls->escape = ls->off;
		return;
	}
	switch (ls->state) {
	case TEXT:
		ls->ink |= (unsigned char)c > 0x20;
		break;
	case ESC:
		esc_byte(ls, c);
		break;
	case CSI:
		csi_byte(ls, c, out, count);
		break;
	case STRING:
		if (c == '\033')
			ls->state = STRING_ESC;
		else if (c == '\a' || c == '\n')
			ls->state = TEXT;
		break;
	default:	/* ESC in a string: its end, or a new sequence */
		ls->state = TEXT;
		if (c != '\\')
			esc_byte(ls, c);
		break;
	}
}

static size_t
pty_feed(struct linescan *ls, const char *data, size_t len,
	 struct linescan_line *out, size_t max, size_t *count)
{
	size_t pos = 0;
	while (pos < len && *count < max) {
		char c = data[pos++];
		pty_byte(ls, c, out, count);
		ls->off++;
		if (ls->alt) {
			ls->start = ls->state == TEXT ? ls->off : ls->escape;
			ls->ink = false;
		} else if (c == '\n') {
			struct linescan_line *l = &out[(*count)++];
			l->start = ls->start;
			l->end = ls->start = ls->off;
			l->partial = false;
			ls->ink = false;
			ls->state = TEXT;
		}
	}
	return pos;
}

void
linescan_init(struct linescan *ls, bool pty, uint64_t off, bool alt)
{
	memset(ls, 0, sizeof(*ls));
	ls->pty = pty;
	ls->start = ls->off = ls->escape = off;
	ls->alt = pty && alt;
}

size_t
linescan_feed(struct linescan *ls, const char *data, size_t len,
	      struct linescan_line *out, size_t max, size_t *count)
{
	size_t used = 0;
	*count = 0;
	if (max == 0)
		return 0;
	if (ls->pty)
		return pty_feed(ls, data, len, out, max, count);
	plain_feed(ls, data, len, out, max, count, &used);
	ls->off += used;
	return used;
}

bool
linescan_cut(struct linescan *ls, struct linescan_line *out)
{
	bool any = ls->off > ls->start && !ls->alt && (!ls->pty || ls->ink);
	out->start = ls->start;
	out->end = ls->off;
	out->partial = true;
	linescan_init(ls, ls->pty, ls->off, false);
	return any;
}

void
linescan_jump(struct linescan *ls, uint64_t off)
{
	linescan_init(ls, ls->pty, off, false);
}
