#include "http_entries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "log/logread.h"

enum {
	LOOK_BACK = 64,		/* lines, for the last one of a terminal */
	LOOK_LINES = 4096,	/* at once, for the last ones */
	SCAN_BYTES = 64 << 10,
};

/* Bytes that became an entry before their line was one. */
struct piece {
	uint64_t seq;
	uint64_t line;		/* it comes before this line */
	uint64_t off, end;
	int64_t wall_ms;
	enum log_stream stream;
};

struct entries {
	struct logread *lr;
	struct piece *pieces;	/* oldest first */
	size_t count, cap;
	uint64_t forgotten;	/* pieces that are not among them any more */
	unsigned corrections;
	struct buf text;
};

struct entries *
entries_new(void)
{
	struct entries *e = mem_alloc(sizeof *e);

	buf_init(&e->text, ENTRY_PART_MAX);
	return e;
}

void
entries_free(struct entries *e)
{
	if (!e)
		return;
	logread_free(e->lr);
	free(e->pieces);
	buf_fini(&e->text);
	free(e);
}

void
entries_open(struct entries *e, struct logread *lr)
{
	logread_free(e->lr);
	e->lr = lr;
	buf_fini(&e->text);
	buf_init(&e->text, ENTRY_PART_MAX);
}

struct logread *
entries_log(const struct entries *e)
{
	return e->lr;
}

void
entries_correct(struct entries *e)
{
	e->corrections++;
}

uint64_t
entries_pieces(const struct entries *e)
{
	return e->forgotten + e->count;
}

/* --- numbers --- */

/* How many of the remembered pieces come before line `line`; with equal, those
 * right before it too. */
static size_t
pieces_before(const struct entries *e, uint64_t line, bool equal)
{
	size_t lo = 0, hi = e->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t at = e->pieces[mid].line;
		if (at < line || (equal && at == line))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t
entries_first(const struct entries *e)
{
	uint64_t line = logread_first_seq(e->lr);

	return line + e->forgotten + pieces_before(e, line, false);
}

uint64_t
entries_next(const struct entries *e)
{
	return logread_next_seq(e->lr) + entries_pieces(e);
}

/* The piece of that number; NULL: it is a line, *line. */
static const struct piece *
find(const struct entries *e, uint64_t seq, uint64_t *line)
{
	size_t lo = 0, hi = e->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (e->pieces[mid].seq == seq)
			return &e->pieces[mid];
		if (e->pieces[mid].seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	uint64_t shift = e->forgotten + lo;
	*line = seq > shift ? seq - shift : 1;
	return NULL;
}

uint64_t
entries_line(const struct entries *e, uint64_t seq)
{
	uint64_t line;
	const struct piece *p = find(e, seq, &line);

	return p ? p->line : line;
}

uint64_t
entries_behind_run(const struct entries *e, const struct log_run *run)
{
	size_t n = pieces_before(e, run->end_seq, false);

	/* Between its last line and the first one of the next run are pieces
	 * of both. */
	while (n < e->count && e->pieces[n].line == run->end_seq &&
	       e->pieces[n].off < run->end[e->pieces[n].stream])
		n++;
	return run->end_seq + e->forgotten + n;
}

/* How far the pieces before that line have come in a stream; 0: not at all. */
static uint64_t
published(const struct entries *e, enum log_stream s, uint64_t line)
{
	for (size_t i = pieces_before(e, line, true); i-- > 0;)
		if (e->pieces[i].stream == s)
			return e->pieces[i].end;
	return 0;
}

/* --- pieces --- */

static void
add_piece(struct entries *e, enum log_stream s, uint64_t off, uint64_t end)
{
	if (e->count == ENTRY_PIECES_MAX) {
		size_t half = ENTRY_PIECES_MAX / 2;
		memmove(e->pieces, e->pieces + half,
			(e->count - half) * sizeof *e->pieces);
		e->count -= half;
		e->forgotten += half;
	}
	if (e->count == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		e->pieces = mem_grow(e->pieces, e->cap, cap,
				     sizeof *e->pieces);
		e->cap = cap;
	}
	e->pieces[e->count] = (struct piece){
		.seq = entries_next(e), .line = logread_next_seq(e->lr),
		.off = off, .end = end, .stream = s,
		.wall_ms = clock_wall_ms(),
	};
	e->count++;
}

/* Bytes of a stream that are no entry yet; 0 or -errno. */
static int
find_tail(struct entries *e, enum log_stream s, uint64_t *from, uint64_t *to)
{
	uint64_t line_end;
	int r = logread_indexed_end(e->lr, s, &line_end);

	if (r < 0)
		return r;
	*from = SBX_MAX(line_end, published(e, s, UINT64_MAX));
	*to = SBX_MAX(*from, logread_end(e->lr, s));
	return 0;
}

uint64_t
entries_tail(struct entries *e)
{
	uint64_t from, to, sum = 0;

	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (find_tail(e, (enum log_stream)s, &from, &to) == 0)
			sum += to - from;
	return sum;
}

/* Reads [off, end), at most ENTRY_PART_MAX, into e->text. */
static int
read_bytes(struct entries *e, enum log_stream s, uint64_t off, uint64_t end)
{
	size_t len = (size_t)SBX_MIN(end - off, (uint64_t)ENTRY_PART_MAX);

	buf_clear(&e->text);
	while (e->text.len < len) {
		size_t want = len - e->text.len;
		char *room = buf_room(&e->text, want);
		ssize_t n = logread_read(e->lr, s, off + e->text.len, room,
					 want);
		if (n < 0 && e->text.len == 0)
			return (int)n;
		if (n <= 0)
			break;
		buf_grew(&e->text, (size_t)n);
	}
	return 0;
}

/* Is it a line that the index does not know yet? */
static bool
holds_newline(struct entries *e, enum log_stream s, uint64_t from, uint64_t to)
{
	while (from < to) {
		uint64_t end = SBX_MIN(to, from + SCAN_BYTES);
		if (read_bytes(e, s, from, end) < 0 || e->text.len == 0)
			return true;
		if (memchr(e->text.data, '\n', e->text.len))
			return true;
		from += e->text.len;
	}
	return false;
}

void
entries_publish(struct entries *e)
{
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		enum log_stream s = (enum log_stream)i;
		uint64_t from, to;
		if (find_tail(e, s, &from, &to) < 0 || from == to ||
		    (s != LOG_PTY && holds_newline(e, s, from, to)))
			continue;
		for (uint64_t end; from < to; from = end) {
			end = SBX_MIN(to, from + ENTRY_PART_MAX);
			add_piece(e, s, from, end);
		}
	}
}

/* --- a cursor --- */

void
entries_seek(const struct entries *e, struct entries_cursor *c,
	     unsigned streams, uint64_t seq)
{
	*c = (struct entries_cursor){ .streams = streams,
				      .seq = SBX_MIN(seq, UINT64_MAX - 1) + 1 };
	c->seq = SBX_MIN(c->seq, entries_next(e));
	/* From the first byte on it is known what is missing. */
	for (unsigned s = 0; seq == 0 && s < LOG_STREAMS; s++)
		c->placed[s] = true;
}

void
entries_seek_place(const struct entries *e, struct entries_cursor *c,
		   unsigned streams, const struct entries_place *at)
{
	uint64_t line = 0, before = at->line;
	const struct piece *p = find(e, at->seq, &line);

	entries_seek(e, c, streams, at->seq);
	if (!at->line || at->line >= logread_next_seq(e->lr) + 1 ||
	    (p ? p->end == at->piece_end && p->stream == at->stream :
		 line == at->line && !at->piece_end))
		return;
	/* The number of another server: its line counts. */
	if (at->piece_end) {
		c->skip[at->stream] = at->piece_end;
		before--;
	}
	c->seq = before + 1 + e->forgotten + pieces_before(e, before, true);
}

void
entries_place_put(const struct entries *e, const struct entry *en,
		  struct buf *out)
{
	buf_addu(out, en->seq);
	if (entries_pieces(e) == 0 || en->dropped)
		return;
	buf_addc(out, ':');
	buf_addu(out, en->line);
	if (en->piece_end)
		buf_addf(out, ":%d:%" PRIu64, (int)en->stream, en->piece_end);
}

int
entries_place_parse(const char *text, struct entries_place *out)
{
	uint64_t v[4] = { 0 };
	size_t n = 0;

	do {
		char part[24];
		size_t len = strcspn(text, ":");
		if (n == ARRAY_LEN(v) || len >= sizeof part)
			return -EINVAL;
		memcpy(part, text, len);
		part[len] = '\0';
		if (units_uint(part, 0, UINT64_MAX / 2, &v[n++]) < 0)
			return -EINVAL;
		text += len;
	} while (*text++ == ':');
	if (n == 3 || v[2] >= LOG_STREAMS)
		return -EINVAL;
	*out = (struct entries_place){ v[0], v[1], (enum log_stream)v[2],
				       v[3] };
	return 0;
}

/*
 * Where the bytes of a line begin that are its own entry's.  Those between
 * two lines of a terminal, of a full screen, belong to the second one.
 */
static uint64_t
line_begin(struct entries *e, const struct logline *l)
{
	uint64_t from = l->off, seq = l->seq;

	if (l->stream == LOG_PTY) {
		struct logline back;
		uint64_t first = logread_first_seq(e->lr);
		uint64_t stop = seq - SBX_MIN(seq, (uint64_t)LOOK_BACK);
		bool found = false;
		while (!found && seq > first && --seq >= stop)
			found = logread_place(e->lr, seq, &back) == 1 &&
				back.stream == LOG_PTY;
		if (found)
			from = back.off + back.full_len;
		else if (seq <= first)
			from = first > 1 ? logread_begin(e->lr, LOG_PTY) : 0;
	}
	return SBX_MAX(from, published(e, l->stream, l->seq));
}

static bool
is_wanted(struct entries *e, const struct entries_cursor *c, uint64_t seq)
{
	struct logline l;
	uint64_t line;
	const struct piece *p = find(e, seq, &line);

	if (p)
		return c->streams & 1u << p->stream;
	return logread_place(e->lr, line, &l) == 1 &&
	       !(l.flags & LOGLINE_GAP) && (c->streams & 1u << l.stream) &&
	       line_begin(e, &l) < l.off + l.full_len;
}

void
entries_seek_last(struct entries *e, struct entries_cursor *c,
		  unsigned streams, uint64_t n)
{
	*c = (struct entries_cursor){ .streams = streams,
				      .seq = entries_next(e), .wanted = n };
	/* All there are: nothing has to be counted. */
	if (n >= entries_next(e) - entries_first(e)) {
		c->seq = entries_first(e);
		c->wanted = 1;
	}
}

bool
entries_look_back(struct entries *e, struct entries_cursor *c)
{
	uint64_t first = entries_first(e);

	for (int i = 0; i < LOOK_LINES && c->wanted && c->seq > first; i++) {
		c->seq--;
		c->wanted -= is_wanted(e, c, c->seq);
	}
	if (c->wanted && c->seq > first)
		return true;
	/* There are fewer: those that the cap has taken were asked for too. */
	if (c->wanted && first > 1)
		entries_seek(e, c, c->streams, 0);
	c->wanted = 0;
	return false;
}

static int
put_mark(struct entry *out, uint64_t seq, uint64_t first, uint64_t bytes)
{
	*out = (struct entry){ .seq = seq, .dropped = true,
			       .first = first,
			       .dropped_bytes = bytes };
	return 1;
}

/* What the cap of the log has taken before it was read. */
static int
step_over_dropped(struct entries *e, struct entries_cursor *c,
		  struct entry *out)
{
	uint64_t first = entries_first(e), gone = c->seq, bytes = 0;

	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		uint64_t begin = logread_begin(e->lr, (enum log_stream)s);
		if (!c->placed[s] || begin <= c->pos[s])
			continue;
		if (c->streams & 1u << s)
			bytes += begin - c->pos[s];
		c->pos[s] = begin;
	}
	c->seq = first;
	c->part = 0;
	return put_mark(out, first - 1, gone, bytes);
}

/*
 * The next part of [from, end) of a stream, entry c->seq.  What of it is gone
 * is a mark before it, unless the cursor has told of it already.
 */
static int
give(struct entries *e, struct entries_cursor *c, enum log_stream s,
     uint64_t from, uint64_t end, int64_t wall_ms, struct entry *out)
{
	uint64_t at = SBX_MIN(SBX_MAX(from + c->part, c->skip[s]), end);
	uint64_t begin = SBX_MIN(logread_begin(e->lr, s), end);

	if (at < begin) {
		uint64_t told = c->placed[s] ? SBX_MAX(c->pos[s], at) : at;
		c->placed[s] = true;
		c->pos[s] = SBX_MAX(c->pos[s], begin);
		c->part = c->part ? begin - from : 0;
		if (told < begin)
			return put_mark(out, c->seq - 1, 0, begin - told);
		at = begin;
	}
	buf_clear(&e->text);
	int r = at < end ? read_bytes(e, s, at, end) : 0;
	if (r < 0)
		return r;
	*out = (struct entry){
		.seq = c->seq, .first = c->seq, .stream = s,
		.wall_ms = wall_ms,
		.data = buf_str(&e->text), .len = e->text.len,
		/* Nothing: it is shorter than its index says. */
		.more = e->text.len > 0 && at + e->text.len < end,
	};
	c->placed[s] = true;
	c->pos[s] = SBX_MAX(c->pos[s], at + out->len);
	c->part = out->more ? at + out->len - from : 0;
	c->seq += !out->more;
	return out->len > 0;
}

/* A line in one piece that is all there, which nearly all are. */
static int
give_line(struct entries *e, struct entries_cursor *c, uint64_t seq,
	  struct entry *out)
{
	struct logline l;
	int r = logread_line(e->lr, seq, ENTRY_PART_MAX, &l);

	if (r <= 0)
		return r;
	buf_clear(&e->text);
	if (buf_add(&e->text, l.text, l.len) < 0 ||
	    (!(l.flags & LOGLINE_PARTIAL) && buf_addc(&e->text, '\n') < 0))
		return -ENOSPC;
	*out = (struct entry){
		.seq = c->seq, .first = c->seq, .stream = l.stream,
		.wall_ms = l.wall_ms, .line = seq,
		.data = buf_str(&e->text), .len = e->text.len,
	};
	c->placed[l.stream] = true;
	c->pos[l.stream] = l.off + l.full_len;
	c->seq++;
	return 1;
}

/* The cursor does not come to this one. */
static uint64_t
stop_of(const struct entries *e, const struct entries_cursor *c)
{
	uint64_t next = entries_next(e);

	return c->stop ? SBX_MIN(c->stop, next) : next;
}

/*
 * The lines behind l that follow it in its stream without a break: as many as
 * make a good entry.  How many; *end is moved behind them.
 */
static uint64_t
join(struct entries *e, const struct entries_cursor *c, uint64_t from,
     const struct logline *l, uint64_t *end)
{
	uint64_t next = stop_of(e, c), n = 0, line;
	struct logline more;

	if (!c->join || c->part || next - c->seq <= ENTRY_JOIN_MIN)
		return 0;
	while (c->seq + n + 1 < next && !find(e, c->seq + n + 1, &line) &&
	       logread_place(e->lr, line, &more) == 1 &&
	       more.stream == l->stream && !(more.flags & LOGLINE_GAP) &&
	       more.off >= *end &&
	       more.off + more.full_len - from <= ENTRY_JOIN_BYTES &&
	       (more.off == *end || l->stream == LOG_PTY)) {
		*end = more.off + more.full_len;
		n++;
	}
	return n;
}

/* The bytes of a gap that no mark has told of yet. */
static uint64_t
missing_at(struct entries_cursor *c, const struct logline *l)
{
	uint64_t from = l->off, end = from + l->dropped_bytes;

	if (!(l->flags & LOGLINE_GONE))
		return l->dropped_bytes;
	if (c->placed[l->stream])
		from = SBX_MIN(SBX_MAX(from, c->pos[l->stream]), end);
	c->placed[l->stream] = true;
	c->pos[l->stream] = SBX_MAX(c->pos[l->stream], end);
	return end - from;
}

static int
step_line(struct entries *e, struct entries_cursor *c, uint64_t seq,
	  struct entry *out)
{
	struct logline l;
	int r = logread_place(e->lr, seq, &l);

	if (r <= 0)
		return r;
	if (!(c->streams & 1u << l.stream)) {
		c->seq++;
		return 0;
	}
	if (l.flags & LOGLINE_GAP) {
		uint64_t n = missing_at(c, &l);
		c->seq++;
		return n ? put_mark(out, c->seq - 1, 0, n) : 0;
	}
	uint64_t from = line_begin(e, &l);
	if (l.stream == LOG_PTY && c->placed[LOG_PTY])
		from = SBX_MAX(c->pos[LOG_PTY] - c->part, from);
	from = SBX_MAX(from, c->skip[l.stream]);
	uint64_t end = SBX_MAX(from, l.off + l.full_len), first = c->seq;
	bool whole = from >= logread_begin(e->lr, l.stream);
	uint64_t joined = whole ? join(e, c, from, &l, &end) : 0;
	if (whole && !joined && from == l.off && c->part == 0 &&
	    l.full_len < ENTRY_PART_MAX)
		return give_line(e, c, seq, out);
	c->seq += joined;
	r = give(e, c, l.stream, from, end, l.wall_ms, out);
	if (r < 0) {
		c->seq = first;
	} else if (r > 0) {
		out->line = seq + joined;
		out->first = joined ? first : out->first;
	}
	return r;
}

static int
step_piece(struct entries *e, struct entries_cursor *c, const struct piece *p,
	   struct entry *out)
{
	int r = give(e, c, p->stream, p->off, p->end, p->wall_ms, out);

	if (r > 0 && !out->dropped) {
		out->line = p->line;
		out->piece_end = p->end;
	}
	return r;
}

/* A cursor may be behind what did not come: that has not been given then. */
static void
correct(const struct entries *e, struct entries_cursor *c)
{
	c->corrections = e->corrections;
	c->seq = SBX_MIN(c->seq, entries_next(e));
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		c->pos[s] = SBX_MIN(c->pos[s],
				    logread_end(e->lr, (enum log_stream)s));
}

static int
step(struct entries *e, struct entries_cursor *c, struct entry *out)
{
	if (c->corrections != e->corrections)
		correct(e, c);
	if (c->seq < entries_first(e))
		return step_over_dropped(e, c, out);
	for (uint64_t next = stop_of(e, c); c->seq < next;) {
		uint64_t line, was = c->seq;
		const struct piece *p = find(e, was, &line);
		int r = 0;
		if (!p)
			r = step_line(e, c, line, out);
		else if (c->streams & 1u << p->stream)
			r = step_piece(e, c, p, out);
		else
			c->seq++;
		if (r != 0)
			return r;
		if (c->seq == was)
			return -ESTALE;
	}
	return 0;
}

int
entries_step(struct entries *e, struct entries_cursor *c, struct entry *out)
{
	int r = step(e, c, out);

	if (r != -ESTALE)
		return r;
	/* It went while it was read: a new look tells how much is left. */
	r = logread_refresh(e->lr);
	if (r >= 0)
		r = step(e, c, out);
	if (r != -ESTALE)
		return r;
	/* A hole that no cap has made. */
	c->part = 0;
	c->seq++;
	return put_mark(out, c->seq - 1, c->seq - 1, 0);
}
