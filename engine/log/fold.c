#include "fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/mem.h"
#include "foldhand.h"
#include "logtold.h"
#include "spoolidx.h"

#define PENDING_MAX	(64 * 1024)	/* entries that wait for the disk */
#define GAP_QUIET_MS	1000
#define NEVER		UINT64_MAX
#define LINE_GUESS	32		/* bytes, when there was none yet */
/* Entries count milliseconds from their segment's start in 31 bits. */
#define SEGMENT_AGE_MS	(INT64_C(1) << 30)

static struct logseg *
segment_of(const struct fold *f)
{
	struct logsegs *t = spool_table(f->sp);
	for (size_t i = 0; i < t->count; i++)
		if (t->v[i].head.segment >= f->segment)
			return &t->v[i];
	return NULL;
}

static uint64_t
data_end(const struct logseg *g, enum log_stream s)
{
	return g->head.base[s] + g->size[s];
}

/* Writes what waits; 0 when nothing is left. */
static int
publish(struct fold *f, struct logseg *g)
{
	while (f->pending_count > 0) {
		ssize_t n = spool_index_add(f->sp, g, f->pending,
					    f->pending_count);
		if (n <= 0)
			return n < 0 ? (int)n : -ENOSPC;
		f->pending_count -= (size_t)n;
		memmove(f->pending, f->pending + n,
			f->pending_count * sizeof(*f->pending));
	}
	return 0;
}

/* Numbers the entries and publishes them, now or later. */
static void
add_entries(struct fold *f, struct logseg *g, const struct log_entry *e,
	    size_t count)
{
	f->next_seq += count;
	if (publish(f, g) == 0) {
		ssize_t n = spool_index_add(f->sp, g, e, count);
		if (n < 0)
			n = 0;
		e += n;
		count -= (size_t)n;
	}
	if (f->pending_count + count > f->pending_cap) {
		size_t cap = f->pending_count + count;
		f->pending = mem_grow(f->pending, f->pending_cap, cap,
				      sizeof(*f->pending));
		f->pending_cap = cap;
	}
	if (count)
		memcpy(f->pending + f->pending_count, e, count * sizeof(*e));
	f->pending_count += count;
}

static struct log_entry
entry(const struct logseg *g, enum log_stream s, unsigned flags, uint64_t off,
      uint64_t len, int64_t wall_ms)
{
	return log_entry_make(off, s, flags, SBX_MIN(len, LOG_LEN_MAX),
			      wall_ms - g->head.wall_ms);
}

static void
fill_entries(const struct logseg *g, enum log_stream s,
	     const struct linescan_line *l, size_t count, int64_t wall_ms,
	     struct log_entry *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = entry(g, s, l[i].partial ? LOG_PARTIAL : 0,
			       l[i].start, l[i].end - l[i].start, wall_ms);
}

static void
add_gap(struct fold *f, struct logseg *g, enum log_stream s, uint64_t off,
	uint64_t bytes, unsigned flags)
{
	struct log_entry e = entry(g, s, LOG_GAP | flags, off, bytes,
				   f->wall_ms);
	uint64_t seq = f->next_seq;
	add_entries(f, g, &e, 1);
	if (f->ops->gap && seq >= f->from_seq)
		f->ops->gap(f->arg, s, seq, bytes);
}

/* Ends the unfinished line of the stream, if there is one. */
static void
cut(struct fold *f, struct logseg *g, enum log_stream s)
{
	struct linescan_line l;
	if (linescan_cut(&f->scan[s], &l)) {
		struct log_entry e;
		fill_entries(g, s, &l, 1, f->wall_ms, &e);
		uint64_t seq = f->next_seq;
		add_entries(f, g, &e, 1);
		struct fold_block b = {
			.stream = s, .wall_ms = f->wall_ms, .partial = true,
		};
		foldhand_one(f, &b, buf_str(&f->carry[s].text),
			 f->carry[s].text.len, seq, l.end - l.start);
	}
	linewin_clear(&f->carry[s]);
	f->offer_ms[s] = NEVER;
}

/* What the consumer sees of line i when it is longer than the window. */
static void
hand_long(struct fold *f, struct fold_block *b, const struct linescan_line *l,
	  uint64_t seq, uint64_t chunk_off)
{
	enum log_stream s = b->stream;
	struct linewin *w = &f->scratch->win;
	const char *chunk = f->scratch->text + LOG_WINDOW;
	uint64_t from = l->start;
	if (l->start < chunk_off) {
		w = &f->carry[s];
		from = chunk_off;
	} else {
		linewin_clear(w);
	}
	uint64_t end = l->end - !l->partial;
	if (end > from)
		linewin_add(w, chunk + (from - chunk_off),
			    (size_t)(end - from));
	foldhand_one(f, b, buf_str(&w->text), w->text.len, seq,
		     l->end - l->start);
}

/*
 * Hands on the lines found in a chunk.  text is where the stream's byte at
 * text_off is: the carried line lies right in front of the chunk.
 */
static void
hand_lines(struct fold *f, enum log_stream s, size_t count, uint64_t seq,
	   const char *text, uint64_t text_off, uint64_t chunk_off)
{
	const struct linescan_line *l = f->scratch->lines;
	uint32_t *ends = f->scratch->ends;
	for (size_t i = 0; i < count;) {
		struct fold_block b = {
			.stream = s, .first_seq = seq + i,
			.wall_ms = f->wall_ms, .partial = l[i].partial,
		};
		uint64_t start = l[i].start;
		if (l[i].end - start - !l[i].partial > LOG_WINDOW) {
			hand_long(f, &b, &l[i], seq + i, chunk_off);
			i++;
			continue;
		}
		size_t n = 0;
		do {
			ends[n++] = (uint32_t)(l[i].end - start);
			i++;
		} while (i < count && !b.partial && !l[i].partial &&
			 l[i].start == l[i - 1].end &&
			 l[i].end - l[i].start <= LOG_WINDOW + 1);
		b.text = text + (start - text_off);
		b.len = ends[n - 1];
		b.count = n;
		b.full_len = b.len;
		foldhand_block(f, &b, ends);
	}
}

/* The unfinished line after a chunk is carried to the next one. */
static void
carry_on(struct fold *f, enum log_stream s, uint64_t chunk_off)
{
	const struct linescan *ls = &f->scan[s];
	struct linewin *w = &f->carry[s];
	const char *chunk = f->scratch->text + LOG_WINDOW;
	uint64_t from = chunk_off;
	if (ls->start >= chunk_off || ls->alt) {
		linewin_clear(w);
		from = SBX_MAX(ls->start, chunk_off);
	}
	if (!ls->alt && ls->off > from)
		linewin_add(w, chunk + (from - chunk_off),
			    (size_t)(ls->off - from));
	f->grown_ms[s] = f->now_ms;
	f->offer_ms[s] = w->text.len ? f->now_ms + FOLD_IDLE_MS : NEVER;
}

/* Data that was there is not any more (a file was cut): goes on behind it. */
static ssize_t
pass_hole(struct fold *f, struct logseg *g, enum log_stream s)
{
	uint64_t off = f->scan[s].off;
	uint64_t next = logsegs_after(spool_table(f->sp), s, off);
	if (next <= off)
		return -EIO;
	cut(f, g, s);
	add_gap(f, g, s, off, next - off, LOG_GONE);
	linescan_jump(&f->scan[s], next);
	return (ssize_t)SBX_MIN(next - off, (uint64_t)FOLD_CHUNK);
}

/* Folds up to max bytes of one stream, not beyond limit: bytes or -errno. */
static ssize_t
fold_chunk(struct fold *f, struct logseg *g, enum log_stream s, uint64_t limit,
	   size_t max)
{
	struct linescan *ls = &f->scan[s];
	struct fold_scratch *x = f->scratch;
	uint64_t off = ls->off, start = ls->start;
	if (off >= limit)
		return 0;
	uint64_t most = SBX_MIN(max, (size_t)FOLD_CHUNK);
	size_t want = (size_t)SBX_MIN(most, limit - off);
	char *chunk = x->text + LOG_WINDOW;
	ssize_t n = spool_read(f->sp, s, off, chunk, want);
	if (n == -ESTALE)
		return pass_hole(f, g, s);
	if (n <= 0)
		return n;
	size_t carried = f->carry[s].text.len;
	if (carried)
		memcpy(chunk - carried, f->carry[s].text.data, carried);
	size_t count;
	size_t used = linescan_feed(ls, chunk, (size_t)n, x->lines, FOLD_LINES,
				    &count);
	if (count)
		f->line_bytes = used / count;
	fill_entries(g, s, x->lines, count, f->wall_ms, x->entries);
	uint64_t seq = f->next_seq;
	if (count)
		add_entries(f, g, x->entries, count);
	/* A line whose head was dropped is shown from where it is there. */
	uint64_t text_off = off - carried;
	if (count && x->lines[0].start < text_off && start == x->lines[0].start
	    && x->lines[0].end - start <= LOG_WINDOW + 1)
		x->lines[0].start = text_off;
	hand_lines(f, s, count, seq, chunk - carried, text_off, off);
	carry_on(f, s, off);
	return (ssize_t)(ls->off - off);
}

/* Bytes are missing at this place: does the index have to say so now? */
static bool
gap_is_due(struct fold *f, enum log_stream s, const struct spool_gap *gap,
	   bool at_end)
{
	if (f->scan[s].off < gap->off)
		return false;
	if (spool_end(f->sp, s) > gap->off || at_end)
		return true;
	if (f->gap_seen[s] != gap->bytes) {
		f->gap_seen[s] = gap->bytes;
		f->gap_ms[s] = f->now_ms;
	}
	return f->now_ms - f->gap_ms[s] >= GAP_QUIET_MS;
}

static bool
fold_gap(struct fold *f, struct logseg *g, enum log_stream s, bool at_end)
{
	struct spool_gap gap;
	if (!spool_gap_find(f->sp, s, &gap) || !gap_is_due(f, s, &gap, at_end))
		return false;
	cut(f, g, s);
	add_gap(f, g, s, f->scan[s].off, gap.bytes, 0);
	spool_gap_done(f->sp, s);
	f->gap_seen[s] = 0;
	return true;
}

/* Where folding the stream has to stop for now. */
static uint64_t
limit_of(const struct fold *f, const struct logseg *g, enum log_stream s,
	 const uint64_t *mark)
{
	struct spool_gap gap;
	uint64_t limit = data_end(g, s);
	if (mark)
		limit = SBX_MIN(limit, mark[s]);
	if (f->held)
		limit = SBX_MIN(limit, f->hold[s]);
	if (spool_gap_find(f->sp, s, &gap))
		limit = SBX_MIN(limit, gap.off);
	return limit;
}

/* Starts on the segment that is due; bytes between are gone. */
static int
enter(struct fold *f, struct logseg **out)
{
	struct logseg *g = segment_of(f);
	*out = g;
	if (!g)
		return 0;
	if (g->head.segment != f->segment) {
		/* What was published to a segment that is gone is gone. */
		f->segment = g->head.segment;
		f->begun = false;
		f->pending_count = 0;
	}
	if (f->begun)
		return publish(f, g);
	uint64_t start[LOG_STREAMS];
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		start[s] = SBX_MIN(f->scan[s].start, g->head.base[s]);
	int r = spool_index_begin(f->sp, g, f->next_seq, start,
				  f->scan[LOG_PTY].alt ? LOG_HEADER_ALT : 0);
	if (r < 0)
		return r;
	f->begun = true;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		uint64_t at = f->scan[s].start, base = g->head.base[s];
		if (f->scan[s].off >= base)
			continue;
		linewin_clear(&f->carry[s]);
		f->offer_ms[s] = NEVER;
		linescan_jump(&f->scan[s], base);
		add_gap(f, g, (enum log_stream)s, at, base - at, LOG_GONE);
	}
	return 0;
}

static void
pass_mark(struct fold *f, struct logseg *g, bool is_end)
{
	for (unsigned i = 0; g && i < LOG_STREAMS; i++) {
		enum log_stream s = (enum log_stream)i;
		while (fold_gap(f, g, s, is_end))
			;
		cut(f, g, s);
	}
	spool_mark_done(f->sp, f->next_seq);
}

/* Is everything folded that came before bytes of another stream? */
static bool
pass_hold(struct fold *f)
{
	bool passed = f->held;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		passed &= f->scan[s].off >= f->hold[s];
	if (passed)
		f->held = false;
	return passed;
}

/* All streams have been folded as far as they may: what stopped them?  True
 * if that is out of the way. */
static bool
pass_limit(struct fold *f, struct logseg *g)
{
	bool is_end, marked = true, ended = g != NULL;
	if (pass_hold(f))
		return true;
	const uint64_t *mark = spool_mark(f->sp, &is_end);
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		marked &= !mark || f->scan[s].off >= mark[s];
		ended &= !g || f->scan[s].off >= data_end(g, s);
	}
	/* A mark is before or behind the end of a segment in all streams.
	 * In a repaired log it may be neither: then it is here. */
	if (mark && (marked || (g && !ended))) {
		pass_mark(f, g, is_end);
		return true;
	}
	const struct logsegs *t = spool_table(f->sp);
	if (!ended || g + 1 >= t->v + t->count || f->pending_count)
		return false;
	f->segment = g[1].head.segment;
	f->begun = false;
	return true;
}

/* One round over the streams: bytes folded or -errno. */
static ssize_t
round_of(struct fold *f, struct logseg *g, size_t max)
{
	ssize_t sum = 0;
	bool is_end;
	const uint64_t *mark = spool_mark(f->sp, &is_end);
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		enum log_stream s = (enum log_stream)((f->held_by + i) %
						      LOG_STREAMS);
		ssize_t n = fold_chunk(f, g, s, limit_of(f, g, s, mark), max);
		if (n < 0)
			return n;
		sum += n;
		if (fold_gap(f, g, s, false))
			sum++;
	}
	return sum;
}

struct fold_scratch *
fold_scratch_new(void)
{
	struct fold_scratch *x = mem_alloc(sizeof(*x));
	linewin_init(&x->win);
	return x;
}

void
fold_scratch_free(struct fold_scratch *x)
{
	if (!x)
		return;
	linewin_fini(&x->win);
	free(x);
}

/* The places where the index ends. */
static void
resume(struct fold *f, struct logsegs *t, const struct logseg *g)
{
	uint64_t off[LOG_STREAMS];
	bool alt = g->head.flags & LOG_HEADER_ALT;
	struct log_entry e[256];
	ssize_t n;
	memcpy(off, g->head.start, sizeof(off));
	for (uint64_t i = 0; (n = logsegs_entries(t, g, i, e,
						  ARRAY_LEN(e))) > 0;) {
		for (ssize_t k = 0; k < n; k++) {
			unsigned s = log_entry_stream(&e[k]) % LOG_STREAMS;
			unsigned flags = log_entry_flags(&e[k]);
			off[s] = log_entry_off(&e[k]);
			if (!(flags & LOG_GAP) || (flags & LOG_GONE))
				off[s] += log_entry_len(&e[k]);
			alt &= s != LOG_PTY;
		}
		i += (uint64_t)n;
	}
	f->segment = g->head.segment;
	f->begun = true;
	f->next_seq = g->head.first_seq + g->entries;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		struct linescan *ls = &f->scan[s];
		linescan_init(ls, s == LOG_PTY, off[s], alt);
		/* The head of a long line may be gone already. */
		ls->off = SBX_MAX(ls->off, t->v[0].head.base[s]);
	}
}

struct fold *
fold_new(struct spool *sp, struct fold_scratch *scratch,
	 const struct fold_ops *ops, void *arg, uint64_t from_seq)
{
	struct fold *f = mem_alloc(sizeof(*f));
	struct logsegs *t = spool_table(sp);
	f->sp = sp;
	f->scratch = scratch;
	f->ops = ops;
	f->arg = arg;
	f->next_seq = 1;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		linescan_init(&f->scan[s], s == LOG_PTY, 0, false);
		linewin_init(&f->carry[s]);
		f->offer_ms[s] = NEVER;
	}
	for (size_t i = t->count; i-- > 0 && !f->segment;)
		if (t->v[i].head.first_seq)
			resume(f, t, &t->v[i]);
	f->replay_end = f->next_seq;
	/* Somebody has removed the log: its numbers begin again. */
	if (t->count == 0)
		from_seq = 0;
	f->from_seq = from_seq ? from_seq : f->next_seq;
	f->replay = SBX_MIN(f->from_seq, f->replay_end);
	return f;
}

void
fold_free(struct fold *f)
{
	if (!f)
		return;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		linewin_fini(&f->carry[s]);
	free(f->pending);
	free(f);
}

/* As far as there are bytes, space for the index, and max_bytes. */
static int
fold_some(struct fold *f, size_t max_bytes)
{
	size_t done = 0;
	while (done < max_bytes) {
		struct logseg *g;
		int r = enter(f, &g);
		if (r < 0 && (!f->begun || f->pending_count >= PENDING_MAX))
			return r;
		ssize_t n = g ? round_of(f, g, max_bytes - done) : 0;
		if (n < 0)
			return (int)n;
		done += (size_t)n;
		if (n == 0 && !pass_limit(f, g))
			return f->pending_count ? r : 0;
	}
	return fold_is_caught_up(f) ? 0 : 1;
}

int
fold_step(struct fold *f, size_t max_bytes, int64_t wall_ms, uint64_t now_ms)
{
	f->wall_ms = wall_ms;
	f->now_ms = now_ms;
	if (f->replay < f->replay_end) {
		foldhand_replay(f, max_bytes);
		return 1;
	}
	int r = fold_some(f, max_bytes);
	/* Times are told from the segment's own, which has to be near. */
	const struct logsegs *t = spool_table(f->sp);
	int64_t age = t->count == 0 ? 0 :
		      wall_ms - t->v[t->count - 1].head.wall_ms;
	if (age > SEGMENT_AGE_MS || age < -SEGMENT_AGE_MS)
		spool_rotate(f->sp, wall_ms);
	return r;
}

void
fold_idle(struct fold *f, uint64_t now_ms)
{
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		enum log_stream s = (enum log_stream)i;
		struct fold_tail t;
		if (f->offer_ms[s] > now_ms)
			continue;
		f->offer_ms[s] = NEVER;
		if (f->scan[s].off < spool_end(f->sp, s) ||
		    !fold_tail(f, s, &t, now_ms) || !f->ops->tail)
			continue;
		uint64_t again = f->ops->tail(f->arg, &t);
		if (again)
			f->offer_ms[s] = now_ms + again;
	}
}

uint64_t
fold_deadline(const struct fold *f)
{
	uint64_t at = NEVER;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		at = SBX_MIN(at, f->offer_ms[s]);
	return at;
}

static uint64_t
lag_of(const struct fold *f, enum log_stream s)
{
	uint64_t end = spool_end(f->sp, s);

	return end - SBX_MIN(f->scan[s].off, end);
}

uint64_t
fold_lag(const struct fold *f)
{
	uint64_t lag = 0;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		lag += lag_of(f, (enum log_stream)s);
	return lag;
}

uint64_t
fold_room(const struct fold *f, uint64_t max)
{
	size_t line = f->line_bytes ? f->line_bytes : LINE_GUESS;
	uint64_t data = max / (line + sizeof(struct log_entry)) * line;
	return data - SBX_MIN(data, fold_lag(f));
}

void
fold_arrived(struct fold *f, enum log_stream s, size_t len)
{
	if (s == f->arrived)
		return;
	f->arrived = s;
	if (f->held || fold_lag(f) <= len)
		return;
	f->held = true;
	f->held_by = s;
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		f->hold[i] = spool_end(f->sp, (enum log_stream)i);
	f->hold[s] -= len;
}

void
fold_recall(struct fold *f, unsigned last, size_t len)
{
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (s != last && lag_of(f, (enum log_stream)s))
			f->arrived = (enum log_stream)s;
	if (last >= LOG_STREAMS)
		return;
	uint64_t lag = lag_of(f, (enum log_stream)last);
	if (lag)
		fold_arrived(f, (enum log_stream)last,
			     len && len < lag ? len : (size_t)lag);
}

bool
fold_foresee(const struct fold *f, enum log_stream s, const char *data,
	     size_t len, int64_t wall_ms, struct logtold *t)
{
	struct linescan_line lines[LOGTOLD_LINES];
	struct linescan ls = f->scan[s];

	if (!f->begun || f->pending_count || f->held || len > LOGTOLD_BYTES ||
	    !fold_is_caught_up(f) ||
	    !spool_fits(f->sp, len, &t->segment) || t->segment != f->segment)
		return false;
	t->stream = s;
	t->off = ls.off;
	t->seq = f->next_seq;
	t->len = len;
	if (linescan_feed(&ls, data, len, lines, LOGTOLD_LINES, &t->count) <
	    len)
		return false;
	fill_entries(segment_of(f), s, lines, t->count, wall_ms, t->lines);
	memcpy(t->data, data, len);
	return true;
}

bool
fold_is_caught_up(const struct fold *f)
{
	bool is_end;
	return fold_lag(f) == 0 && f->replay == f->replay_end &&
		!spool_mark(f->sp, &is_end);
}

uint64_t
fold_next_seq(const struct fold *f)
{
	return f ? f->next_seq - f->pending_count : 1;
}

uint64_t
fold_handed_seq(const struct fold *f)
{
	return !f ? 1 : f->replay < f->replay_end ? f->replay : f->next_seq;
}

bool
fold_tail(const struct fold *f, enum log_stream s, struct fold_tail *out,
	  uint64_t now_ms)
{
	const struct linewin *w = f ? &f->carry[s] : NULL;
	if (!w || w->text.len == 0)
		return false;
	*out = (struct fold_tail){
		.stream = s, .seq = f->next_seq, .off = f->scan[s].start,
		.text = w->text.data, .len = w->text.len,
		.quiet_ms = now_ms - SBX_MIN(now_ms, f->grown_ms[s]),
	};
	return true;
}
