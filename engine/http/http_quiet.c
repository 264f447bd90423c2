#include "http_quiet.h"

#include <string.h>

enum state {
	GROUND,
	ESCAPE,
	CSI,
	OSC,
	DCS,		/* its first bytes */
	DROP,		/* the rest of a string that is a question */
	DROP_ESCAPE,	/* ... and the first half of its end */
};

enum { BEL = 7, CAN = 24, SUB = 26, ESC = 27 };

struct sink {
	struct quiet *q;
	char *out;
	size_t len;
};

void
quiet_init(struct quiet *q)
{
	q->state = GROUND;
	q->len = 0;
}

static void
pass(struct sink *s)
{
	memcpy(s->out + s->len, s->q->held, s->q->len);
	s->len += s->q->len;
	quiet_init(s->q);
}

/* Of a window report: CSI 14 t asks, CSI 8 ; 24 ; 80 t does not. */
static bool
is_report(const char *text, size_t len)
{
	static const char *const asks[] = { "11", "13", "14", "15", "16",
					    "18", "19", "20", "21" };
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9')
		n++;
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
		if (n == 2 && memcmp(text, asks[i], 2) == 0)
			return true;
	return false;
}

/* held is ESC [ ... and its last byte. */
static bool
is_csi_question(const struct quiet *q)
{
	const char *text = q->held + 2;
	size_t len = q->len - 3;
	char mark = len && text[0] >= '<' && text[0] <= '?' ? text[0] : 0;
	char middle = len && text[len - 1] >= ' ' && text[len - 1] <= '/' ?
		      text[len - 1] : 0;

	switch (q->held[q->len - 1]) {
	case 'c':	/* device attributes */
		return !middle;
	case 'n':	/* status, place of the cursor */
		return !middle && mark != '>';
	case 'p':	/* is a mode set? */
		return middle == '$';
	case 'q':	/* version */
		return mark == '>';
	case 't':
		return !mark && !middle && is_report(text, len);
	case 'u':	/* flags of keys */
		return mark == '?';
	case 'w':	/* state of the screen */
		return middle == '$';
	case 'x':	/* terminal parameters */
		return !mark && !middle && len <= 1;
	case 'S':	/* graphics */
		return mark == '?';
	default:
		return false;
	}
}

/* A colour or the clipboard is asked for with a ? in place of a value. */
static bool
is_osc_question(const struct quiet *q)
{
	for (size_t i = 2; i + 1 < q->len; i++)
		if (q->held[i] == ';' && q->held[i + 1] == '?' &&
		    (i + 2 == q->len || q->held[i + 2] == ';'))
			return true;
	return false;
}

/* A sequence is over or cannot be one any more; c begins what follows. */
static void
begin(struct sink *s, char c)
{
	if (c == ESC) {
		s->q->state = ESCAPE;
		s->q->held[s->q->len++] = c;
	} else {
		s->out[s->len++] = c;
	}
}

static void
take_escape(struct sink *s, char c)
{
	struct quiet *q = s->q;

	switch (c) {
	case '[':
		q->state = CSI;
		return;
	case ']':
		q->state = OSC;
		return;
	case 'P':
		q->state = DCS;
		return;
	case 'Z':	/* device attributes, the old way */
		quiet_init(q);
		return;
	case ESC:
		q->len--;
		pass(s);
		begin(s, c);
		return;
	default:
		pass(s);
	}
}

static void
take_csi(struct sink *s, char c)
{
	struct quiet *q = s->q;

	if (c == ESC) {
		q->len--;
		pass(s);
		begin(s, c);
	} else if (c >= 0 && c < ' ' && c != CAN && c != SUB) {
		/* Acts at once, wherever it stands. */
		q->len--;
		s->out[s->len++] = c;
	} else if (c >= '@' && c <= '~' && is_csi_question(q)) {
		quiet_init(q);
	} else if (c < ' ' || c >= '@') {
		pass(s);
	}
}

static void
take_osc(struct sink *s, char c)
{
	struct quiet *q = s->q;
	bool ends = c == BEL || c == ESC;

	if (c == CAN || c == SUB) {
		pass(s);
		return;
	}
	if (!ends)
		return;
	q->len--;
	bool question = is_osc_question(q);
	if (!question)
		pass(s);
	quiet_init(q);
	if (question)
		q->state = c == ESC ? DROP_ESCAPE : GROUND;
	else
		begin(s, c);
}

static void
take_dcs(struct sink *s, char c)
{
	struct quiet *q = s->q;

	if (c == 'q' && (q->held[q->len - 2] == '$' ||
			 q->held[q->len - 2] == '+')) {
		quiet_init(q);
		q->state = DROP;
	} else if (c == ESC) {
		q->len--;
		pass(s);
		begin(s, c);
	} else if (c < ' ' || c >= '@') {
		pass(s);
	}
}

static void
take_dropped(struct sink *s, char c)
{
	struct quiet *q = s->q;

	if (c == CAN || c == SUB)
		q->state = GROUND;
	else if (q->state == DROP)
		q->state = c == ESC ? DROP_ESCAPE : DROP;
	else if (c == '\\')
		q->state = GROUND;
	else {
		/* It was the beginning of something else. */
		quiet_init(q);
		begin(s, ESC);
		q->held[q->len++] = c;
		take_escape(s, c);
	}
}

size_t
quiet_feed(struct quiet *q, const char *data, size_t len, char *out)
{
	static void (*const takes[])(struct sink *s, char c) = {
		[ESCAPE] = take_escape, [CSI] = take_csi, [OSC] = take_osc,
		[DCS] = take_dcs,
	};
	struct sink s = { .q = q, .out = out };

	for (size_t i = 0; i < len; i++) {
		if (q->state == GROUND) {
			const char *end = memchr(data + i, ESC, len - i);
			size_t n = end ? (size_t)(end - data) - i : len - i;
			memcpy(out + s.len, data + i, n);
			s.len += n;
			i += n;
			if (end)
				begin(&s, ESC);
		} else if (q->state >= DROP) {
			take_dropped(&s, data[i]);
		} else {
			q->held[q->len++] = data[i];
			takes[q->state](&s, data[i]);
			if (q->len == QUIET_MAX)
				pass(&s);
		}
	}
	return s.len;
}
