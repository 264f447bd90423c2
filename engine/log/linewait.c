#include "linewait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fold.h"
#include "linematch.h"
#include "logread.h"
#include "logseek.h"
#include "strip.h"
#include "watch.h"

#define STEP_BYTES	(4 * 1024 * 1024)
#define STEP_US		5000		/* of a pattern that is slow */
#define NEVER		UINT64_MAX

struct linewait {
	struct logread *lr;
	struct regex *re;
	struct linematch *match;
	unsigned streams;
	uint64_t next;			/* the first line not looked at */
	uint64_t missed;
	uint64_t from[LOG_STREAMS];	/* 0: everything counts */
	bool cut_seen[LOG_STREAMS];	/* the line over that place */
	/* Unfinished lines as they were last seen. */
	struct {
		uint64_t off, len, since_ms;
	} tail[LOG_STREAMS];
	char text[LOG_WINDOW];
};

static int
take_hit(struct linewait *w, const struct logline *l, int r,
	 struct linewait_hit *hit, size_t len)
{
	if (r != REGEX_MATCH)
		return r == REGEX_LIMIT ? -ELOOP : 0;
	hit->seq = l->seq;
	hit->stream = l->stream;
	hit->wall_ms = l->wall_ms;
	hit->line = w->text;
	hit->len = len;
	hit->tail = l->flags & LOGLINE_TAIL;
	return 1;
}

/* Takes off what was there before; false if nothing is left. */
static bool
cut_old(const struct linewait *w, struct logline *l)
{
	uint64_t from = w->from[l->stream];
	if (from <= l->off)
		return true;
	if (from >= l->off + l->full_len)
		return false;
	/* Of a long line of a terminal the text is the end, else the start. */
	uint64_t newline = l->flags & LOGLINE_PARTIAL ? 0 : 1;
	uint64_t at = l->stream != LOG_PTY ? l->off :
		      l->off + l->full_len - newline - l->len;
	size_t old = from > at ? SBX_MIN((size_t)(from - at), l->len) : 0;
	l->text += old;
	l->len -= old;
	return true;
}

/* The line of that number, once more, for its captures. */
static int
catch_line(struct linewait *w, uint64_t seq, struct linewait_hit *hit)
{
	struct logline l;
	int r = logread_line(w->lr, seq, LOG_WINDOW, &l);
	if (r <= 0)
		return r;
	if (!cut_old(w, &l))
		return 0;
	size_t len = strip_text(l.text, l.len, w->text);
	return take_hit(w, &l, regex_match(w->re, w->text, len, 0, &hit->caps),
			hit, len);
}

static int
first_hit(struct linewait *w, ssize_t lines, struct linewait_hit *hit)
{
	uint64_t first;
	const uint64_t *bits = linematch_hits(w->match, &first);
	for (ssize_t i = 0; i < lines; i++) {
		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		int r = catch_line(w, first + (uint64_t)i, hit);
		if (r == 1)
			w->next = first + (uint64_t)i + 1;
		if (r != 0)
			return r;
	}
	return 0;
}

/* A line that matches only without its old part is no hit of a search. */
static int
cut_hit(struct linewait *w, struct linewait_hit *hit)
{
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		if (!w->from[s] || w->cut_seen[s] || !(w->streams >> s & 1))
			continue;
		uint64_t seq = logseek_byte(w->lr, (enum log_stream)s,
					      w->from[s]);
		if (seq == 0)
			continue;
		w->cut_seen[s] = true;
		int r = seq < w->next ? 0 : catch_line(w, seq, hit);
		if (r == 1)
			w->next = seq + 1;
		if (r != 0)
			return r;
	}
	return 0;
}

/* An unfinished line, by the rules of watches. */
static int
try_tail(struct linewait *w, enum log_stream s, uint64_t now_ms, bool at_end,
	 struct linewait_hit *hit, uint64_t *again_ms)
{
	struct logline l;
	int r = logread_tail(w->lr, s, LOG_WINDOW, &l);
	if (r <= 0 || l.seq < w->next || !cut_old(w, &l))
		return SBX_MIN(r, 0);
	if (l.off != w->tail[s].off || l.full_len != w->tail[s].len) {
		w->tail[s].off = l.off;
		w->tail[s].len = l.full_len;
		w->tail[s].since_ms = now_ms;
	}
	uint64_t quiet = now_ms - w->tail[s].since_ms;
	if (quiet < FOLD_IDLE_MS && !at_end) {
		*again_ms = SBX_MIN(*again_ms, FOLD_IDLE_MS - quiet);
		return 0;
	}
	size_t len = strip_text(l.text, l.len, w->text);
	if (len == 0)
		return 0;
	bool settled = at_end || quiet >= WATCH_SETTLE_MS;
	r = settled ? regex_match(w->re, w->text, len, 0, &hit->caps) :
		regex_partial(w->re, w->text, len, &hit->caps);
	if (r == REGEX_MORE) {
		*again_ms = SBX_MIN(*again_ms, WATCH_SETTLE_MS - quiet);
		return 0;
	}
	return take_hit(w, &l, r, hit, len);
}

struct linewait *
linewait_new(struct logread *lr, struct regex *re, unsigned streams,
	     uint64_t after)
{
	struct linewait *w = mem_alloc(sizeof(*w));
	w->lr = lr;
	w->re = re;
	w->streams = streams;
	w->next = after + 1;
	w->match = linematch_new(lr, re, streams);
	return w;
}

void
linewait_free(struct linewait *w)
{
	if (!w)
		return;
	linematch_free(w->match);
	free(w);
}

void
linewait_from(struct linewait *w, const uint64_t off[LOG_STREAMS])
{
	memcpy(w->from, off, sizeof(w->from));
}

uint64_t
linewait_missed(const struct linewait *w, uint64_t *bytes)
{
	*bytes = linematch_gap_bytes(w->match, w->missed > 0);
	return w->missed;
}

int
linewait_step(struct linewait *w, uint64_t now_ms, bool at_end,
	      struct linewait_hit *hit, uint64_t *again_ms)
{
	*again_ms = NEVER;
	int r = logread_refresh(w->lr);
	if (r < 0)
		return r;
	uint64_t first = logread_first_seq(w->lr);
	if (w->next < first) {
		w->missed += first - w->next;
		w->next = first;
	}
	uint64_t end = logread_next_seq(w->lr), at_begin_us = clock_us();
	r = cut_hit(w, hit);
	if (r != 0)
		return r;
	for (size_t seen = 0; w->next < end;) {
		ssize_t n = linematch_up(w->match, w->next, end, STEP_BYTES);
		if (n == -ESTALE || n == 0)
			break;
		if (n < 0)
			return (int)n;
		r = first_hit(w, n, hit);
		if (r != 0)
			return r;
		if (linematch_is_dangerous(w->match))
			return -ELOOP;
		w->next += (uint64_t)n;
		seen += linematch_bytes(w->match) +
			(size_t)n * sizeof(struct log_entry);
		if (seen >= STEP_BYTES ||
		    clock_us() - at_begin_us > STEP_US) {
			*again_ms = 0;
			return 0;
		}
	}
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		if (!(w->streams >> s & 1))
			continue;
		r = try_tail(w, (enum log_stream)s, now_ms, at_end, hit,
			     again_ms);
		if (r == 1)
			w->next = hit->seq + 1;
		if (r != 0)
			return r;
	}
	return 0;
}
