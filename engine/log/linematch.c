#include "linematch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"
#include "base/regex.h"
#include "logread.h"
#include "strip.h"
#include "watch.h"

#define BLOCK	(256 * 1024)

struct linematch {
	struct logread *lr;
	struct regex *re;
	unsigned streams;
	unsigned strikes;
	uint64_t first, bytes, gap_bytes;
	/* Gone by retention: in all, up to where, and the line that lost its
	 * beginning by that. */
	uint64_t gone_bytes[LOG_STREAMS], gone_end[LOG_STREAMS];
	uint64_t torn_end[LOG_STREAMS];
	struct log_entry entries[LINEMATCH_LINES];
	uint64_t hits[LINEMATCH_LINES / 64];
	/* Lines of one stream that follow each other. */
	char text[BLOCK], stripped[BLOCK];
	uint32_t ends[LINEMATCH_LINES];
	uint16_t line[LINEMATCH_LINES];	/* which entry it is */
	size_t count;
	uint64_t off, len;
};

static void
mark(struct linematch *m, size_t i)
{
	m->hits[i / 64] |= UINT64_C(1) << i % 64;
}

static size_t
line_at(const struct linematch *m, size_t off)
{
	size_t lo = 0, hi = m->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (m->ends[mid] <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return SBX_MIN(lo, m->count - 1);
}

/* Bytes of the block that could be read; all or (a hole) nothing. */
static int
read_block(struct linematch *m, enum log_stream s)
{
	size_t got = 0;
	while (got < m->len) {
		ssize_t n = logread_read(m->lr, s, m->off + got, m->text + got,
					 (size_t)m->len - got);
		if (n == 0 || n == -ESTALE)
			return 0;
		if (n < 0)
			return (int)n;
		got += (size_t)n;
	}
	return 1;
}

static bool
is_dangerous(const struct linematch *m)
{
	return m->strikes >= WATCH_STRIKES;
}

static int
look_at_block(struct linematch *m, enum log_stream s)
{
	if (m->count == 0)
		return 0;
	int r = read_block(m, s);
	size_t len = (size_t)m->len, pos = 0, off, end;
	const char *text = m->text;
	if (r > 0 && strip_needed(text, len)) {
		len = strip_lines(text, m->ends, m->count, m->stripped);
		text = m->stripped;
	}
	int got;
	while (r > 0 && !is_dangerous(m) &&
	       (got = regex_line(m->re, text, len, LOG_WINDOW, &pos, &off,
				 &end, NULL)) != REGEX_NONE) {
		if (got == REGEX_MATCH)
			mark(m, m->line[line_at(m, off)]);
		else
			m->strikes++;
	}
	m->count = 0;
	m->len = 0;
	return SBX_MIN(r, 0);
}

/* A line that is no part of a block: too long, or without its newline. */
static int
look_at_line(struct linematch *m, size_t i)
{
	struct logline l;
	if (is_dangerous(m))
		return 0;
	int r = logread_line(m->lr, m->first + i, LOG_WINDOW, &l);
	if (r <= 0 || (l.flags & LOGLINE_GAP))
		return r == -ESTALE ? 0 : SBX_MIN(r, 0);
	size_t len = strip_text(l.text, l.len, m->text);
	r = regex_match(m->re, m->text, len, 0, NULL);
	if (r == REGEX_MATCH)
		mark(m, i);
	m->strikes += r == REGEX_LIMIT;
	return 0;
}

static void
note_gone(struct linematch *m, enum log_stream s, const struct log_entry *e,
	  bool torn)
{
	uint64_t off = log_entry_off(e), len = log_entry_len(e);
	unsigned flags = log_entry_flags(e);

	if (flags & LOG_GONE) {
		m->gone_bytes[s] += len;
		m->gone_end[s] = SBX_MAX(m->gone_end[s], off + len);
	} else if (flags & LOG_GAP) {
		m->gap_bytes += len;
	} else if (torn && len <= LOG_WINDOW && off > 0) {
		m->torn_end[s] = off + len;
	}
}

static int
look_at_stream(struct linematch *m, enum log_stream s, size_t from, size_t to)
{
	uint64_t begin = logread_begin(m->lr, s);
	int r = 0;
	m->count = 0;
	m->len = 0;
	for (size_t i = from; i < to && r == 0; i++) {
		const struct log_entry *e = &m->entries[i];
		if (log_entry_stream(e) != (unsigned)s)
			continue;
		uint64_t off = log_entry_off(e), len = log_entry_len(e);
		bool torn = off < begin || off == m->gone_end[s];
		if (torn || log_entry_flags(e))
			note_gone(m, s, e, torn);
		if (log_entry_flags(e) || len > LOG_WINDOW || len == 0) {
			r = look_at_block(m, s);
			if (r == 0 && !(log_entry_flags(e) & LOG_GAP))
				r = look_at_line(m, i);
			continue;
		}
		if (m->count && (off != m->off + m->len ||
				 m->len + len > BLOCK))
			r = look_at_block(m, s);
		if (m->count == 0)
			m->off = off;
		m->len += len;
		m->line[m->count] = (uint16_t)i;
		m->ends[m->count++] = (uint32_t)m->len;
	}
	return r < 0 ? r : look_at_block(m, s);
}

static ssize_t
look(struct linematch *m, size_t from, size_t to)
{
	memset(m->hits, 0, sizeof(m->hits));
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		if (!(m->streams >> s & 1))
			continue;
		int r = look_at_stream(m, (enum log_stream)s, from, to);
		if (r < 0)
			return r;
	}
	return (ssize_t)(to - from);
}

/* What a line costs: no more of it is looked at. */
static uint64_t
cost(const struct log_entry *e)
{
	return SBX_MIN(log_entry_len(e), (uint64_t)LOG_WINDOW);
}

struct linematch *
linematch_new(struct logread *lr, struct regex *re, unsigned streams)
{
	struct linematch *m = mem_alloc(sizeof(*m));
	m->lr = lr;
	m->re = re;
	m->streams = streams;
	return m;
}

void
linematch_free(struct linematch *m)
{
	free(m);
}

ssize_t
linematch_up(struct linematch *m, uint64_t seq, uint64_t end, size_t max_bytes)
{
	if (seq >= end)
		return 0;
	size_t cap = (size_t)SBX_MIN((uint64_t)LINEMATCH_LINES, end - seq);
	ssize_t n = logread_entries(m->lr, seq, m->entries, cap);
	if (n <= 0)
		return n;
	m->first = seq;
	m->bytes = 0;
	size_t to = 0;
	while (to < (size_t)n && (to == 0 || m->bytes < max_bytes))
		m->bytes += cost(&m->entries[to++]);
	return look(m, 0, to);
}

ssize_t
linematch_down(struct linematch *m, uint64_t seq, uint64_t end,
	       size_t max_bytes)
{
	uint64_t from = end - SBX_MIN(end - SBX_MIN(seq, end),
				      (uint64_t)LINEMATCH_LINES);
	if (from >= end)
		return 0;
	ssize_t n = 0;
	/* The last stretch that one segment holds. */
	do {
		from += (uint64_t)n;
		n = logread_entries(m->lr, from, m->entries,
				    (size_t)(end - from));
		if (n <= 0)
			return n;
	} while (from + (uint64_t)n < end);
	m->first = from;
	m->bytes = 0;
	size_t at = (size_t)n;
	while (at > 0 && (at == (size_t)n || m->bytes < max_bytes))
		m->bytes += cost(&m->entries[--at]);
	return look(m, at, (size_t)n);
}

uint64_t
linematch_bytes(const struct linematch *m)
{
	return m->bytes;
}

const uint64_t *
linematch_hits(const struct linematch *m, uint64_t *first)
{
	*first = m->first;
	return m->hits;
}

bool
linematch_is_dangerous(const struct linematch *m)
{
	return is_dangerous(m);
}

uint64_t
linematch_gap_bytes(const struct linematch *m, bool all)
{
	uint64_t sum = m->gap_bytes;

	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		if (!(m->streams >> s & 1))
			continue;
		uint64_t begin = logread_begin(m->lr, (enum log_stream)s);
		uint64_t end = SBX_MAX(m->gone_end[s], m->torn_end[s]);
		sum += all ? SBX_MAX(begin, end) : m->gone_bytes[s];
	}
	return sum;
}
