#include "logread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"
#include "linescan.h"
#include "logtold.h"
#include "logpicture.h"

#define AHEAD		(128 * 1024)	/* bytes of a stream read at once */
#define COPY		(256 * 1024)

static ssize_t
read_entries(struct logread *lr, const struct logseg *g, uint64_t at,
	     struct log_entry *out, size_t cap)
{
	ssize_t n = lr->told ? logtold_entries(lr->told,
					       g->head.first_seq + at, out,
					       cap) : -ENOENT;

	return n != -ENOENT ? n : logsegs_entries(&lr->table, g, at, out, cap);
}

/* The entries around place `at` of a segment; 0 or -errno. */
static int
load_entries(struct logread *lr, const struct logseg *g, uint64_t at)
{
	size_t have = lr->entry_count;

	/* Lines are read downwards as well as upwards; who follows a log needs
	 * the ones behind those that are here already. */
	if (lr->entry_segment != g->head.segment || have == 0 ||
	    have == LOGPICTURE_ENTRIES || at != lr->entry_first + have) {
		lr->entry_segment = g->head.segment;
		lr->entry_first = at - at % (LOGPICTURE_ENTRIES / 2);
		have = 0;
	}
	if (!lr->entries)
		lr->entries = mem_raw(LOGPICTURE_ENTRIES * sizeof *lr->entries);
	ssize_t n;
	do {
		n = read_entries(lr, g, lr->entry_first + have,
				 lr->entries + have, LOGPICTURE_ENTRIES - have);
		have += (size_t)SBX_MAX(n, 0);
	} while (n > 0 && at - lr->entry_first >= have);
	lr->entry_count = n < 0 ? 0 : have;
	if (n < 0)
		return (int)n;
	return at - lr->entry_first < have ? 0 : -ESTALE;
}

/* The entry of a line: 1, 0 or -errno as logread_line(). */
static int
find_entry(struct logread *lr, uint64_t seq, const struct logseg **seg,
	   struct log_entry *out)
{
	if (seq < logread_first_seq(lr))
		return -ESTALE;
	if (seq >= logread_next_seq(lr))
		return 0;
	const struct logseg *g = logsegs_find_seq(&lr->table, seq);
	if (!g)
		return -ESTALE;
	uint64_t at = seq - g->head.first_seq;
	if (lr->entry_segment != g->head.segment || at < lr->entry_first ||
	    at - lr->entry_first >= lr->entry_count) {
		int r = load_entries(lr, g, at);
		if (r < 0)
			return r;
	}
	*out = lr->entries[at - lr->entry_first];
	*seg = g;
	return 1;
}

static uint64_t
run_of(const struct logread *lr, uint64_t seq)
{
	uint64_t run = 0;
	size_t lo = 0, hi = lr->run_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct log_run *r = &lr->runs[mid];
		if ((r->flags & LOG_RUN_SEQ) && r->first_seq <= seq) {
			run = r->run;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return run;
}

/* Bytes [off, off + len) in one piece, as far as they are there. */
static ssize_t
gather(struct logread *lr, enum log_stream s, uint64_t off, size_t len,
       const char **out)
{
	struct ahead *a = &lr->ahead[s];
	if (off >= a->off && off - a->off <= a->len &&
	    len <= a->len - (off - a->off)) {
		*out = a->data + (off - a->off);
		return (ssize_t)len;
	}
	char *to;
	size_t want = len;
	if (len <= AHEAD) {
		if (!a->data)
			a->data = mem_raw(AHEAD);
		to = a->data;
		a->off = off;
		a->len = 0;
		want = AHEAD;
	} else {
		if (len > lr->text_cap) {
			free(lr->text);
			lr->text = mem_raw(len);
			lr->text_cap = len;
		}
		to = lr->text;
	}
	size_t got = 0;
	while (got < want) {
		ssize_t n = logread_read(lr, s, off + got, to + got,
					 want - got);
		/* What was read ahead may end in a hole: that is later. */
		if (n < 0 && got < len)
			return n;
		if (n <= 0)
			break;
		got += (size_t)n;
		if (got >= len && len > AHEAD / 2)
			break;
	}
	if (to == a->data)
		a->len = got;
	*out = to;
	return (ssize_t)SBX_MIN(got, len);
}

/* Fills in the text of a line whose place is known. */
static int
fill_text(struct logread *lr, size_t max, struct logline *out)
{
	uint64_t off = out->off, begin = logread_begin(lr, out->stream);
	uint64_t len = out->full_len;
	bool whole = true;
	if (off < begin) {
		uint64_t gone = SBX_MIN(begin - off, len);
		off += gone;
		len -= gone;
		whole = false;
	}
	bool newline = len > 0 && !(out->flags & LOGLINE_PARTIAL);
	len -= newline;
	if (len > max) {
		if (out->stream == LOG_PTY)
			off += len - max;
		len = max;
		whole = false;
	}
	out->text = "";
	out->len = 0;
	if (len > 0) {
		ssize_t n = gather(lr, out->stream, off, (size_t)len,
				   &out->text);
		/* A hole: show what is behind it. */
		uint64_t next = n == -ESTALE ?
			logsegs_after(&lr->table, out->stream, off) : off;
		if (next > off && next - off < len)
			n = gather(lr, out->stream, next,
				   (size_t)(len - (next - off)), &out->text);
		if (n < 0 && n != -ESTALE)
			return (int)n;
		out->len = n > 0 ? (size_t)n : 0;
		whole &= out->len == len;
	}
	if (!whole)
		out->flags |= LOGLINE_CUT;
	return 1;
}

int
logread_place(struct logread *lr, uint64_t seq, struct logline *out)
{
	const struct logseg *g;
	struct log_entry e;
	int r = find_entry(lr, seq, &g, &e);
	if (r <= 0)
		return r;
	unsigned s = log_entry_stream(&e), flags = log_entry_flags(&e);
	*out = (struct logline){
		.seq = seq, .wall_ms = log_entry_wall(&g->head, &e),
		.stream = (enum log_stream)(s % LOG_STREAMS),
		.run = run_of(lr, seq), .off = log_entry_off(&e),
		.full_len = log_entry_len(&e),
		.flags = flags & LOG_PARTIAL ? LOGLINE_PARTIAL : 0,
	};
	if (flags & LOG_GAP) {
		out->flags = LOGLINE_GAP |
			(flags & LOG_GONE ? LOGLINE_GONE : 0);
		out->dropped_bytes = out->full_len;
		out->full_len = 0;
	}
	return 1;
}

ssize_t
logread_entries(struct logread *lr, uint64_t seq, struct log_entry *out,
		size_t cap)
{
	uint64_t next = logread_next_seq(lr);
	if (seq < logread_first_seq(lr))
		return -ESTALE;
	if (seq >= next)
		return 0;
	const struct logseg *g = logsegs_find_seq(&lr->table, seq);
	if (!g) {
		/* A hole: it takes a broken log. */
		uint64_t end = logsegs_after_seq(&lr->table, seq);
		size_t n = 0;
		while (n < cap && seq + n < end)
			out[n++] = log_entry_make(0, 0, LOG_GAP | LOG_GONE, 0,
						  0);
		return n ? (ssize_t)n : -ESTALE;
	}
	uint64_t at = seq - g->head.first_seq;
	uint64_t there = logsegs_lines(&lr->table, g) - at;
	ssize_t got = read_entries(lr, g, at, out,
				   (size_t)SBX_MIN((uint64_t)cap, there));
	return got == 0 ? -ESTALE : got;
}

int
logread_line(struct logread *lr, uint64_t seq, size_t max, struct logline *out)
{
	int r = logread_place(lr, seq, out);
	if (r <= 0)
		return r;
	out->text = "";
	return out->flags & LOGLINE_GAP ? 1 : fill_text(lr, max, out);
}

/* Where the last indexed line of the stream ends: 1, 0 if nothing is indexed,
 * -errno.  What was found before is not looked for again. */
static int
indexed_end(struct logread *lr, enum log_stream s)
{
	struct tail *k = &lr->tails[s];
	const struct logsegs *t = &lr->table;
	size_t i = t->count;
	while (i > 0 && t->v[i - 1].head.first_seq == 0)
		i--;
	if (i == 0)
		return 0;
	const struct logseg *g = &t->v[i - 1];
	uint64_t first = g->head.first_seq, next = first + logsegs_lines(t, g);
	if (k->segment != g->head.segment || k->next_seq > next) {
		k->segment = g->head.segment;
		k->next_seq = first;
		k->end = g->head.start[s];
		k->alt = s == LOG_PTY && (g->head.flags & LOG_HEADER_ALT);
		k->wall_ms = g->head.wall_ms;
	}
	/* All of it is in lines: those of the others are not looked through. */
	if (k->end >= logread_end(lr, s))
		return 1;
	for (uint64_t seq = next; seq-- > k->next_seq;) {
		const struct logseg *found;
		struct log_entry e;
		int r = find_entry(lr, seq, &found, &e);
		if (r <= 0)
			return r < 0 ? r : -ESTALE;
		if (log_entry_stream(&e) != s)
			continue;
		unsigned flags = log_entry_flags(&e);
		k->end = log_entry_off(&e);
		if (!(flags & LOG_GAP) || (flags & LOG_GONE))
			k->end += log_entry_len(&e);
		k->alt = false;
		k->wall_ms = log_entry_wall(&g->head, &e);
		break;
	}
	k->next_seq = next;
	return 1;
}

int
logread_indexed_end(struct logread *lr, enum log_stream s, uint64_t *off)
{
	uint64_t begin = logread_begin(lr, s);
	int r = indexed_end(lr, s);

	*off = r > 0 ? SBX_MAX(lr->tails[s].end, begin) : begin;
	return r < 0 ? r : 0;
}

/* What of a terminal's tail is a line; false if a full screen is shown. */
static bool
skip_full_screen(struct logline *l)
{
	struct linescan ls;
	struct linescan_line cut;
	size_t count;
	linescan_init(&ls, true, 0, false);
	size_t used = linescan_feed(&ls, l->text, l->len, &cut, 1, &count);
	if (count || ls.alt || used < l->len)
		return false;
	l->text += ls.start;
	l->len -= (size_t)ls.start;
	return true;
}

int
logread_tail(struct logread *lr, enum log_stream s, size_t max,
	     struct logline *out)
{
	const struct tail *k = &lr->tails[s];
	uint64_t end = logread_end(lr, s);
	int r = indexed_end(lr, s);
	if (r <= 0)
		return r;
	if (k->alt || k->end >= end)
		return 0;
	*out = (struct logline){
		.seq = logread_next_seq(lr), .wall_ms = k->wall_ms, .stream = s,
		.run = lr->run_count ? lr->runs[lr->run_count - 1].run : 0,
		.off = k->end, .full_len = end - k->end,
		.flags = LOGLINE_PARTIAL | LOGLINE_TAIL,
	};
	r = fill_text(lr, max, out);
	if (r <= 0)
		return r;
	/* Whole lines: the index is behind. */
	if (memchr(out->text, '\n', out->len))
		return 0;
	if (s == LOG_PTY && !skip_full_screen(out))
		return 0;
	return out->len > 0;
}

ssize_t
logread_read(struct logread *lr, enum log_stream s, uint64_t off, void *data,
	     size_t cap)
{
	ssize_t n = lr->told ? logtold_read(lr->told, s, off, data, cap) :
			       -ENOENT;

	return n != -ENOENT ? n : logsegs_read(&lr->table, s, off, data, cap);
}

int64_t
logread_copy(struct logread *lr, enum log_stream s, uint64_t from, uint64_t to,
	     int fd)
{
	char *data = mem_raw(COPY);
	uint64_t first = from;
	int64_t result = 0;
	while (from < to) {
		size_t want = (size_t)SBX_MIN((uint64_t)COPY, to - from);
		ssize_t n = logread_read(lr, s, from, data, want);
		if (n > 0)
			result = sys_write_all(fd, data, (size_t)n);
		else if (n != -ESTALE || from == first)
			result = n;
		if (n <= 0 || result < 0)
			break;
		from += (uint64_t)n;
	}
	free(data);
	return result < 0 ? result : (int64_t)from;
}
