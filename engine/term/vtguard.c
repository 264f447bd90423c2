#include "vtguard.h"

#include <errno.h>
#include <string.h>
#include "base/base.h"
#include "base/utf8.h"

enum state {
	GROUND,
	ESCAPE,
	ESCAPE_INTER,
	CSI_ENTRY,
	CSI_PARAM,
	CSI_INTER,
	CSI_IGNORE,
	STRING,			/* OSC or DCS, kept */
	STRING_ESCAPE,
	SKIP,			/* SOS, PM, APC: nobody wants them */
	SKIP_ESCAPE,
};

#define POINTS_BATCH 128
#define ONES 0x0101010101010101u
#define HIGH 0x8080808080808080u

void
vtguard_init(struct vtguard *g, const struct vtguard_ops *ops, void *arg)
{
	memset(g, 0, sizeof(*g));
	g->ops = ops;
	g->arg = arg;
	buf_init(&g->string, VTGUARD_STRING_MAX);
}

void
vtguard_fini(struct vtguard *g)
{
	buf_fini(&g->string);
}

size_t
vtguard_ascii_run(const char *s, size_t len)
{
	size_t i = 0;
	/* Eight at a time: a byte is out when it is below 0x20, above 0x7f or
	 * DEL; a borrow can only err towards "look closer". */
	for (; i + 8 <= len; i += 8) {
		uint64_t w;
		memcpy(&w, s + i, 8);
		uint64_t low = w - ONES * 0x20;
		uint64_t del = (w ^ ONES * 0x7f) - ONES;
		if ((w | low | del) & HIGH)
			break;
	}
	while (i < len && (unsigned char)s[i] >= 0x20 &&
	       (unsigned char)s[i] < 0x7f)
		i++;
	return i;
}

static void
string_start(struct vtguard *g, bool is_osc)
{
	buf_clear(&g->string);
	g->string_is_osc = is_osc;
	g->overlong = false;
	g->state = STRING;
}

static void
string_end(struct vtguard *g)
{
	g->state = GROUND;
	if (!g->overlong) {
		if (g->string_is_osc)
			g->ops->osc(g->arg, buf_str(&g->string), g->string.len);
		else
			g->ops->dcs(g->arg, buf_str(&g->string), g->string.len);
	}
	/* One long string must not hold its memory for good. */
	if (g->string.cap > 4096)
		buf_fini(&g->string);
	else
		buf_clear(&g->string);
}

static void
string_add(struct vtguard *g, const char *s, size_t len)
{
	if (!g->overlong && buf_add(&g->string, s, len) != 0) {
		g->overlong = true;
		buf_fini(&g->string);
	}
}

static void
csi_start(struct vtguard *g)
{
	g->csi.count = 0;
	g->csi.sub = 0;
	g->csi.leader = g->csi.inter = 0;
	g->overlong = false;
	g->state = CSI_ENTRY;
}

static void
step_escape(struct vtguard *g, unsigned char c)
{
	if (c >= 0x20 && c < 0x30) {
		g->inter = (char)c;
		g->state = ESCAPE_INTER;
		return;
	}
	g->state = GROUND;
	switch (c) {
	case '[':
		csi_start(g);
		break;
	case ']':
		string_start(g, true);
		break;
	case 'P':
		string_start(g, false);
		break;
	case 'X':
	case '^':
	case '_':
		g->state = SKIP;
		break;
	default:
		if (c < 0x7f)
			g->ops->escape(g->arg, 0, (char)c);
	}
}

static void
step_escape_inter(struct vtguard *g, unsigned char c)
{
	if (c >= 0x20 && c < 0x30) {
		g->inter = '\177';	/* two of them: nothing we know */
		return;
	}
	g->state = GROUND;
	if (c < 0x7f)
		g->ops->escape(g->arg, g->inter, (char)c);
}

static void
csi_digit(struct vtguard *g, unsigned char c)
{
	struct vtguard_csi *p = &g->csi;

	if (p->count == 0) {
		p->count = 1;
		p->param[0] = -1;
	}
	if (g->overlong)
		return;
	int *v = &p->param[p->count - 1];
	*v = (*v < 0 ? 0 : *v) * 10 + (c - '0');
	if (*v > VTGUARD_VALUE_MAX)
		*v = VTGUARD_VALUE_MAX;
}

static void
csi_separator(struct vtguard *g, bool colon)
{
	struct vtguard_csi *p = &g->csi;

	if (p->count == 0) {
		p->count = 1;
		p->param[0] = -1;
	}
	if (p->count == VTGUARD_PARAMS) {
		g->overlong = true;
		return;
	}
	p->param[p->count] = -1;
	if (colon)
		p->sub |= 1u << p->count;
	p->count++;
}

static void
step_csi(struct vtguard *g, unsigned char c)
{
	if (c >= 0x40 && c < 0x7f) {
		bool known = g->state != CSI_IGNORE;
		g->state = GROUND;
		g->csi.final = (char)c;
		if (known)
			g->ops->csi(g->arg, &g->csi);
		return;
	}
	if (g->state == CSI_IGNORE)
		return;
	if (c < 0x30) {
		/* A second intermediate byte is nothing that we know. */
		g->state = g->csi.inter ? CSI_IGNORE : CSI_INTER;
		g->csi.inter = (char)c;
		return;
	}
	if (g->state == CSI_INTER || (c >= 0x3c && g->state != CSI_ENTRY)) {
		g->state = CSI_IGNORE;
		return;
	}
	g->state = CSI_PARAM;
	if (c <= '9')
		csi_digit(g, c);
	else if (c <= ';')
		csi_separator(g, c == ':');
	else
		g->csi.leader = (char)c;
}

/* The bytes that mean the same in every state.  True if c was one. */
static bool
step_anywhere(struct vtguard *g, unsigned char c)
{
	bool in_string = g->state >= STRING;

	if (c == 0x1b) {
		g->state = g->state == STRING ? STRING_ESCAPE :
			   g->state == SKIP ? SKIP_ESCAPE : ESCAPE;
		return true;
	}
	if (c == 0x18 || c == 0x1a) {
		g->state = GROUND;
		return true;
	}
	if (in_string || (c >= 0x20 && c != 0x7f))
		return false;
	if (c != 0 && c != 0x7f)
		g->ops->control(g->arg, c);
	return true;
}

static void
step(struct vtguard *g, unsigned char c)
{
	if (g->state == STRING_ESCAPE || g->state == SKIP_ESCAPE) {
		if (c == '\\' && g->state == STRING_ESCAPE) {
			string_end(g);
			return;
		}
		/* Any other escape ends the string as well, unheard. */
		g->state = ESCAPE;
	}
	if (step_anywhere(g, c))
		return;
	if (c >= 0x80) {
		/* No sequence has such a byte; it is dropped with it. */
		g->state = GROUND;
		return;
	}
	if (g->state == ESCAPE)
		step_escape(g, c);
	else if (g->state == ESCAPE_INTER)
		step_escape_inter(g, c);
	else
		step_csi(g, c);
}

/* Inside a string: takes all up to a byte that matters. */
static size_t
feed_string(struct vtguard *g, const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)s[n] >= 0x20)
		n++;
	if (n > 0) {
		if (g->state == STRING)
			string_add(g, s, n);
		return n;
	}
	if (step_anywhere(g, (unsigned char)*s))
		return 1;
	if (*s == '\a' && (g->state == SKIP || g->string_is_osc)) {
		if (g->state == STRING)
			string_end(g);
		else
			g->state = GROUND;
	}
	return 1;
}

static void
point_add(struct vtguard *g, uint32_t *points, size_t *count, uint32_t cp)
{
	if (cp < 0xa0)
		return;
	points[(*count)++] = cp;
	if (*count == POINTS_BATCH) {
		g->ops->points(g->arg, points, *count);
		*count = 0;
	}
}

/* The byte after a character that was cut off by the end of a piece. */
static void
feed_partial(struct vtguard *g, char c, uint32_t *points, size_t *count)
{
	g->partial[g->partial_len++] = c;
	while (g->partial_len > 0) {
		uint32_t cp;
		int n = utf8_decode(g->partial, (size_t)g->partial_len, &cp);
		if (n == 0)
			return;
		point_add(g, points, count, n < 0 ? 0xfffd : cp);
		n = n < 0 ? 1 : n;
		g->partial_len -= n;
		memmove(g->partial, g->partial + n, (size_t)g->partial_len);
	}
}

/* Bytes from 0x80 on, and what belongs to a character begun with them. */
static size_t
feed_points(struct vtguard *g, const char *s, size_t len)
{
	uint32_t points[POINTS_BATCH];
	size_t count = 0, i = 0;

	while (i < len && (s[i] & 0x80)) {
		uint32_t cp;
		int n = -1;
		if (g->partial_len > 0) {
			feed_partial(g, s[i++], points, &count);
			continue;
		}
		n = utf8_decode(s + i, len - i, &cp);
		if (n == 0) {
			g->partial[0] = s[i++];
			g->partial_len = 1;
			continue;
		}
		point_add(g, points, &count, n < 0 ? 0xfffd : cp);
		i += n < 0 ? 1 : (size_t)n;
	}
	if (g->partial_len > 0 && i < len) {
		/* Broken off by a byte of another kind. */
		for (int k = 0; k < g->partial_len; k++)
			point_add(g, points, &count, 0xfffd);
		g->partial_len = 0;
	}
	if (count > 0)
		g->ops->points(g->arg, points, count);
	return i;
}

static size_t
feed_ground(struct vtguard *g, const char *s, size_t len)
{
	if (g->partial_len > 0 || (*s & 0x80))
		return feed_points(g, s, len);
	size_t n = vtguard_ascii_run(s, len);
	if (n > 0) {
		g->ops->text(g->arg, s, n);
		return n;
	}
	step_anywhere(g, (unsigned char)*s);
	return 1;
}

void
vtguard_feed(struct vtguard *g, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (g->state == GROUND) {
			i += feed_ground(g, s + i, len - i);
		} else if (g->state == STRING || g->state == SKIP) {
			i += feed_string(g, s + i, len - i);
		} else {
			step(g, (unsigned char)s[i]);
			i++;
		}
	}
}

static int
resume_csi(const struct vtguard *g, struct buf *out)
{
	const struct vtguard_csi *c = &g->csi;
	int r = buf_adds(out, "\033[");

	if (c->leader)
		r |= buf_addc(out, c->leader);
	for (int i = 0; i < c->count; i++) {
		if (i > 0)
			r |= buf_addc(out, c->sub >> i & 1 ? ':' : ';');
		if (c->param[i] >= 0)
			r |= buf_addf(out, "%d", c->param[i]);
	}
	if (g->overlong)
		r |= buf_addc(out, ';');
	if (g->state == CSI_IGNORE)
		r |= buf_adds(out, "  ");
	else if (c->inter)
		r |= buf_addc(out, c->inter);
	return r;
}

int
vtguard_resume(const struct vtguard *g, struct buf *out)
{
	int r = 0;

	switch (g->state) {
	case GROUND:
		r = buf_add(out, g->partial, (size_t)g->partial_len);
		break;
	case ESCAPE:
		r = buf_addc(out, '\033');
		break;
	case ESCAPE_INTER:
		r = buf_addc(out, '\033');
		/* One that nobody knows stands for two. */
		if (g->inter == '\177')
			r |= buf_adds(out, "  ");
		else
			r |= buf_addc(out, g->inter);
		break;
	case STRING:
	case STRING_ESCAPE:
		if (g->overlong) {
			r = buf_adds(out, "\033_");
		} else {
			r = buf_adds(out, g->string_is_osc ? "\033]" : "\033P");
			r |= buf_add(out, buf_str(&g->string), g->string.len);
		}
		break;
	case SKIP:
	case SKIP_ESCAPE:
		r = buf_adds(out, "\033_");
		break;
	default:
		r = resume_csi(g, out);
	}
	if (g->state == STRING_ESCAPE || g->state == SKIP_ESCAPE)
		r |= buf_addc(out, '\033');
	return r ? -EMSGSIZE : 0;
}
