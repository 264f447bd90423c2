#include "logread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "linescan.h"
#include "logruns.h"
#include "logseg.h"

#define ENTRIES		1024		/* read at once */
#define AHEAD		(128 * 1024)	/* bytes of a stream read at once */
#define COPY		(256 * 1024)
#define SEGMENT_LINES	(UINT64_C(1) << 26)	/* no segment has more */
#define TICK_MS		100		/* far more than any clock of files */

/* Bytes of a stream that were read ahead. */
struct ahead {
	char *data;
	uint64_t off;
	size_t len;
};

/* Where the index of a stream ends, looked for up to next_seq. */
struct tail {
	uint64_t segment, next_seq, end;
	int64_t wall_ms;
	bool alt;
};

/* A file or directory when it was read last. */
struct seen {
	struct stat st;
	bool settled;		/* nothing can have come behind that unseen */
};

struct logread {
	struct logsegs table;
	struct log_entry entries[ENTRIES];
	uint64_t entry_segment, entry_first;	/* what is in it */
	size_t entry_count;
	struct ahead ahead[LOG_STREAMS];
	struct tail tails[LOG_STREAMS];
	char *text;			/* of a line that does not fit there */
	size_t text_cap;
	struct log_run *runs;
	size_t run_count;
	struct seen dir_seen, runs_seen;
};

static struct logseg *
newest(const struct logread *lr)
{
	return lr->table.count ? &lr->table.v[lr->table.count - 1] : NULL;
}

/* Is this a segment that may follow the last one of the table? */
static bool
follows(const struct logsegs *t, const struct logseg *g)
{
	if (g->broken)
		return false;
	if (t->count == 0)
		return true;
	const struct logseg *old = &t->v[t->count - 1];
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (g->head.base[s] < old->head.base[s])
			return false;
	uint64_t seq = g->head.first_seq, before = old->head.first_seq;
	return seq == 0 || (seq >= before && seq - before <= SEGMENT_LINES);
}

/* A file cannot have more than up to where the next segment goes on. */
static void
clip_sizes(struct logsegs *t)
{
	for (size_t i = 0; i + 1 < t->count; i++) {
		struct logseg *g = &t->v[i];
		for (unsigned s = 0; s < LOG_STREAMS; s++)
			g->size[s] = SBX_MIN(g->size[s], g[1].head.base[s] -
					     g->head.base[s]);
	}
}

/*
 * Is it as it was?  If not it is to be read now.  Times of files are those of
 * a clock that ticks: what was read in the tick of its last change may have
 * been changed once more.
 */
static bool
is_as_seen(const struct seen *seen, const struct stat *st)
{
	const struct stat *old = &seen->st;

	return seen->settled && old->st_ino == st->st_ino &&
	       old->st_size == st->st_size &&
	       old->st_mtim.tv_sec == st->st_mtim.tv_sec &&
	       old->st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

static bool
is_same(struct seen *seen, const struct stat *st)
{
	int64_t changed_ms = (int64_t)st->st_mtim.tv_sec * 1000 +
		st->st_mtim.tv_nsec / 1000000;

	if (is_as_seen(seen, st))
		return true;
	seen->st = *st;
	seen->settled = clock_wall_ms() - changed_ms > TICK_MS;
	return false;
}

/* Segments that are not in the table yet. */
static int
look_for_new(struct logread *lr, bool *changed)
{
	struct logsegs *t = &lr->table;
	uint64_t *v, last = t->count ? newest(lr)->head.segment : 0;
	ssize_t n = logsegs_list(t, &v);
	int r = n < 0 ? (int)n : 0;
	for (ssize_t i = 0; i < n && r == 0; i++) {
		struct logseg g;
		if (v[i] <= last)
			continue;
		r = logsegs_load(t, v[i], &g);
		if (r == 0 && follows(t, &g)) {
			logsegs_add(t, &g);
			*changed = true;
		} else {
			/* It may be about to get its first bytes. */
			lr->dir_seen.settled = false;
		}
		/* Dropped between list and load; or not a file of ours. */
		if (r == -ENOENT || r == -EINVAL || r == -ELOOP ||
		    r == -ESPIPE)
			r = 0;
	}
	free(v);
	return r;
}

/* Looks at one segment of the table again. */
static int
look_again(struct logread *lr, size_t i, bool *changed)
{
	struct logseg g, *old = &lr->table.v[i];
	int r = logsegs_load(&lr->table, old->head.segment, &g);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (g.broken || memcmp(g.head.base, old->head.base,
			       sizeof(g.head.base)) != 0)
		return 0;
	*changed |= memcmp(&g, old, sizeof(g)) != 0;
	*old = g;
	return 0;
}

/*
 * What may have changed since: segment `from`, which was the last one that
 * was indexed, and those behind it where lines seem to be missing between
 * two or that are not indexed yet.  The newest goes first: the index of one
 * is complete before the next one is begun.
 */
static int
look_for_growth(struct logread *lr, size_t from, bool *changed)
{
	const struct logsegs *t = &lr->table;
	if (from >= t->count)
		return 0;
	size_t settled = from + 1;
	while (settled + 1 < t->count && t->v[settled + 1].head.first_seq &&
	       t->v[settled + 1].head.first_seq -
	       t->v[settled].head.first_seq == t->v[settled].entries)
		settled++;
	int r = 0;
	for (size_t i = t->count; r == 0 && i-- > settled;)
		r = look_again(lr, i, changed);
	return r < 0 ? r : look_again(lr, from, changed);
}

/* The first segment whose lines or bytes may become more. */
static size_t
growing(const struct logread *lr)
{
	size_t i = lr->table.count;
	while (i > 0 && lr->table.v[i - 1].head.first_seq == 0)
		i--;
	return i > 0 ? i - 1 : 0;
}

static bool
is_there(const struct logread *lr, const struct logseg *g)
{
	char name[LOG_NAME_MAX];
	struct stat st;
	log_name(name, g->head.segment, LOG_SUFFIX_IDX);
	return fstatat(lr->table.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
look_for_dropped(struct logread *lr)
{
	size_t n = 0;
	while (n < lr->table.count && !is_there(lr, &lr->table.v[n]))
		n++;
	logsegs_drop_front(&lr->table, n);
	return n > 0;
}

static bool
look_for_runs(struct logread *lr)
{
	struct stat st;
	if (fstatat(lr->table.dir, "runs", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (is_same(&lr->runs_seen, &st))
		return false;
	struct log_run *runs;
	ssize_t n = logruns_read(lr->table.dir, &runs);
	if (n < 0) {
		lr->runs_seen.settled = false;
		return false;
	}
	bool changed = lr->run_count != (size_t)n ||
		(n && memcmp(runs, lr->runs, (size_t)n * sizeof(*runs)) != 0);
	free(lr->runs);
	lr->runs = runs;
	lr->run_count = (size_t)n;
	return changed;
}

struct logread *
logread_open(int dir, struct err *e)
{
	struct logread *lr = mem_alloc(sizeof(*lr));
	int r = logsegs_init(&lr->table, dir, O_RDONLY);
	if (r == 0)
		r = logread_refresh(lr);
	if (r < 0) {
		err_set(e, ERR_FAILED, "cannot read the log: %s",
			strerror(-r));
		logread_free(lr);
		return NULL;
	}
	return lr;
}

void
logread_free(struct logread *lr)
{
	if (!lr)
		return;
	logsegs_fini(&lr->table);
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		free(lr->ahead[s].data);
	free(lr->text);
	free(lr->runs);
	free(lr);
}

int
logread_refresh(struct logread *lr)
{
	struct stat st;
	/* Files that come and go change their directory. */
	bool same = sys_fstat(lr->table.dir, &st) == 0 &&
		is_same(&lr->dir_seen, &st);
	bool changed = !same && look_for_dropped(lr);
	size_t from = growing(lr);
	int r = same ? 0 : look_for_new(lr, &changed);
	if (r < 0)
		lr->dir_seen.settled = false;
	if (r == 0)
		r = look_for_growth(lr, from, &changed);
	changed |= look_for_runs(lr);
	clip_sizes(&lr->table);
	if (changed)
		lr->entry_count = 0;
	return r < 0 ? r : changed;
}

/* No file has come or gone, and the run is one whose lines are known: what is
 * new is at the end of the newest segment. */
static bool
grows_at_the_end(const struct logread *lr, uint64_t run)
{
	const struct logseg *g = newest(lr);
	struct stat st;

	if (!g || !g->head.first_seq || lr->run_count == 0)
		return false;
	const struct log_run *last = &lr->runs[lr->run_count - 1];
	return last->run == run && last->flags & LOG_RUN_SEQ &&
	       sys_fstat(lr->table.dir, &st) == 0 &&
	       is_as_seen(&lr->dir_seen, &st);
}

int
logread_grow(struct logread *lr, uint64_t next_seq, uint64_t run,
	     const uint64_t *end)
{
	struct logseg *g = newest(lr);

	if (!grows_at_the_end(lr, run))
		return logread_refresh(lr);
	/* Others may have looked meanwhile, and seen more. */
	uint64_t have = g->head.first_seq + g->entries;
	bool changed = next_seq > have;
	if (changed)
		g->entries += next_seq - have;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		have = g->head.base[s] + g->size[s];
		if (end[s] <= have)
			continue;
		g->size[s] += end[s] - have;
		changed = true;
	}
	return changed;
}

uint64_t
logread_first_seq(const struct logread *lr)
{
	const struct logsegs *t = &lr->table;
	if (t->count && t->v[0].head.first_seq)
		return t->v[0].head.first_seq;
	return logread_next_seq(lr);
}

uint64_t
logread_next_seq(const struct logread *lr)
{
	const struct logsegs *t = &lr->table;
	for (size_t i = t->count; i-- > 0;)
		if (t->v[i].head.first_seq)
			return t->v[i].head.first_seq +
				logsegs_lines(t, &t->v[i]);
	return 1;
}

uint64_t
logread_dropped_bytes(const struct logread *lr)
{
	uint64_t sum = 0;
	for (unsigned s = 0; lr->table.count && s < LOG_STREAMS; s++)
		sum += lr->table.v[0].head.base[s];
	return sum;
}

uint64_t
logread_begin(const struct logread *lr, enum log_stream s)
{
	return lr->table.count ? lr->table.v[0].head.base[s] : 0;
}

uint64_t
logread_end(const struct logread *lr, enum log_stream s)
{
	const struct logseg *g = newest(lr);
	return g ? g->head.base[s] + g->size[s] : 0;
}

uint64_t
logread_bytes(const struct logread *lr)
{
	uint64_t sum = 0;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		sum += logread_end(lr, (enum log_stream)s) -
			logread_begin(lr, (enum log_stream)s);
	return sum;
}

/* The entries around place `at` of a segment; 0 or -errno. */
static int
load_entries(struct logread *lr, const struct logseg *g, uint64_t at)
{
	size_t have = lr->entry_count;

	/* Lines are read downwards as well as upwards; who follows a log needs
	 * the ones behind those that are here already. */
	if (lr->entry_segment != g->head.segment || have == ENTRIES ||
	    at != lr->entry_first + have || have == 0) {
		lr->entry_segment = g->head.segment;
		lr->entry_first = at - at % (ENTRIES / 2);
		have = 0;
	}
	ssize_t n = logsegs_entries(&lr->table, g, lr->entry_first + have,
				    lr->entries + have, ENTRIES - have);
	lr->entry_count = n < 0 ? 0 : have + (size_t)n;
	if (n < 0)
		return (int)n;
	return at - lr->entry_first < lr->entry_count ? 0 : -ESTALE;
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
			a->data = mem_alloc(AHEAD);
		to = a->data;
		a->off = off;
		a->len = 0;
		want = AHEAD;
	} else {
		if (len > lr->text_cap) {
			free(lr->text);
			lr->text = mem_alloc(len);
			lr->text_cap = len;
		}
		to = lr->text;
	}
	size_t got = 0;
	while (got < want) {
		ssize_t n = logsegs_read(&lr->table, s, off + got, to + got,
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
	ssize_t got = logsegs_entries(&lr->table, g, at, out,
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

size_t
logread_runs(const struct logread *lr, const struct log_run **out)
{
	*out = lr->runs;
	return lr->run_count;
}

const struct log_run *
logread_run(const struct logread *lr, uint64_t number)
{
	for (size_t i = lr->run_count; i-- > 0;)
		if (lr->runs[i].run == number)
			return &lr->runs[i];
	return NULL;
}

ssize_t
logread_read(struct logread *lr, enum log_stream s, uint64_t off, void *data,
	     size_t cap)
{
	return logsegs_read(&lr->table, s, off, data, cap);
}

int64_t
logread_copy(struct logread *lr, enum log_stream s, uint64_t from, uint64_t to,
	     int fd)
{
	char *data = mem_alloc(COPY);
	uint64_t first = from;
	int64_t result = 0;
	while (from < to) {
		size_t want = (size_t)SBX_MIN((uint64_t)COPY, to - from);
		ssize_t n = logsegs_read(&lr->table, s, from, data, want);
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
