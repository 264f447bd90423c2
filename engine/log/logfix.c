#include "logfix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"
#include "linescan.h"
#include "logruns.h"
#include "logseg.h"

#define INDEX_NEW	"index.new"
#define BATCH		512
#define DATA		(16 * 1024)

/* An index being checked or written anew. */
struct fix {
	struct logsegs *t;
	size_t at;			/* segment in the table */
	struct linescan scan[LOG_STREAMS];
	struct log_run *runs;		/* they cut lines where they end */
	size_t run_count;
	uint64_t entries;		/* good ones, old and new */
	int fd;				/* the new file, or -1 */
	struct log_entry batch[BATCH];
	size_t batched;
	/* Bytes of a stream, read in larger pieces than lines are. */
	char data[LOG_STREAMS][DATA];
	uint64_t data_off[LOG_STREAMS];
	size_t data_len[LOG_STREAMS];
};

/* The segment a data file's name speaks of, 0 if it is none. */
static uint64_t
data_segment(const char *name)
{
	char index[LOG_NAME_MAX];
	size_t len = strlen(name);
	if (len < 5 || len >= sizeof(index) || name[len - 4] != '.')
		return 0;
	memcpy(index, name, len + 1);
	memcpy(index + len - 3, "idx", 4);
	uint64_t no = log_name_segment(index);
	for (unsigned s = 0; no && s < LOG_STREAMS; s++) {
		char want[LOG_NAME_MAX];
		log_name(want, no, s);
		if (strcmp(want, name) == 0)
			return no;
	}
	return 0;
}

static int
compare_segments(const void *a, const void *b)
{
	const struct logseg *x = a, *y = b;
	return x->head.segment < y->head.segment ? -1 :
		x->head.segment > y->head.segment;
}

static bool
listed(const uint64_t *v, size_t count, uint64_t no)
{
	size_t lo = 0, hi = count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (v[mid] < no)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && v[lo] == no;
}

static void
add_broken(struct logsegs *t, uint64_t no)
{
	struct logseg g = { .head = { .segment = no }, .broken = true };
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		char name[LOG_NAME_MAX];
		struct stat st;
		log_name(name, no, s);
		if (fstatat(t->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			g.size[s] = (uint64_t)st.st_size;
	}
	logsegs_add(t, &g);
}

/*
 * Data without an index: what an interrupted drop left in front of the first
 * index is removed, the rest gets an index again.
 */
static int
find_orphans(struct logsegs *t, const uint64_t *indexed, size_t count)
{
	DIR *d;
	int rc = sys_list_dir(t->dir, &d);
	if (rc < 0)
		return rc;
	for (struct dirent *e; (e = readdir(d));) {
		uint64_t no = data_segment(e->d_name);
		bool known = !no || listed(indexed, count, no);
		for (size_t i = count; !known && i < t->count; i++)
			known = t->v[i].head.segment == no;
		if (known)
			continue;
		if (count && no < indexed[0])
			sys_unlinkat(t->dir, e->d_name, 0);
		else
			add_broken(t, no);
	}
	closedir(d);
	return 0;
}

static int
load_all(struct logsegs *t)
{
	uint64_t *v;
	ssize_t n = logsegs_list(t, &v);
	int r = n < 0 ? (int)n : 0;
	for (ssize_t i = 0; i < n && r == 0; i++) {
		struct logseg g;
		r = logsegs_load(t, v[i], &g);
		if (r == 0)
			logsegs_add(t, &g);
	}
	if (r == 0)
		r = find_orphans(t, v, (size_t)n);
	free(v);
	if (r == 0 && t->count)
		qsort(t->v, t->count, sizeof(*t->v), compare_segments);
	return r;
}

/* Where the streams of segment i begin, as far as it can be known. */
static void
bases(const struct logsegs *t, size_t i, uint64_t *base)
{
	const struct logseg *g = &t->v[i];
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		base[s] = 0;
		if (i > 0) {
			const struct logseg *old = g - 1;
			base[s] = old->head.base[s] + old->size[s];
		} else if (i + 1 < t->count && !g[1].broken) {
			uint64_t next = g[1].head.base[s];
			base[s] = next - SBX_MIN(next, g->size[s]);
		}
	}
}

/* Puts a file with this header (and no entry) in the place of the index. */
static int
new_index(struct logsegs *t, const struct log_header *h)
{
	char name[LOG_NAME_MAX];
	log_name(name, h->segment, LOG_SUFFIX_IDX);
	logsegs_close_files(t);
	int fd = sys_openat(t->dir, INDEX_NEW,
			    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	int r = sys_write_all(fd, h, sizeof(*h));
	sys_close(fd);
	return r < 0 ? r : sys_renameat(t->dir, INDEX_NEW, name);
}

/*
 * A base above what is there means data cut short: the hole stays and is
 * marked; unless the next segment disagrees.  A base below is impossible.
 */
static bool
base_bad(const struct logsegs *t, size_t i, unsigned s, uint64_t want)
{
	const struct logseg *g = &t->v[i];
	uint64_t base = g->head.base[s];
	if (base <= want)
		return base < want;
	return i + 1 < t->count && !g[1].broken &&
		g[1].head.base[s] == want + g->size[s];
}

/* Gives every segment a header that fits its neighbours. */
static int
fix_headers(struct logsegs *t, int64_t wall_ms)
{
	for (size_t i = 0; i < t->count; i++) {
		struct logseg *g = &t->v[i];
		uint64_t base[LOG_STREAMS];
		bases(t, i, base);
		for (unsigned s = 0; i > 0 && s < LOG_STREAMS; s++)
			g->broken |= base_bad(t, i, s, base[s]);
		if (!g->broken)
			continue;
		struct log_header h = {
			.magic = LOG_MAGIC, .segment = g->head.segment,
			.wall_ms = wall_ms,
		};
		memcpy(h.base, base, sizeof(h.base));
		h.sum = log_header_sum(&h);
		int r = new_index(t, &h);
		if (r < 0)
			return r;
		g->head = h;
		g->entries = 0;
		g->broken = false;
	}
	return 0;
}

/* The end of a stream's data in the segment. */
static uint64_t
data_end(const struct logseg *g, unsigned s)
{
	return g->head.base[s] + g->size[s];
}

/* The place of the first newline at or after off, or `end`. */
static uint64_t
newline_in(struct fix *f, unsigned s, uint64_t off, uint64_t end)
{
	while (off < end) {
		uint64_t have = f->data_off[s], len = f->data_len[s];
		if (off < have || off - have >= len) {
			ssize_t n = logsegs_read(f->t, s, off, f->data[s],
						 DATA);
			f->data_off[s] = off;
			f->data_len[s] = n > 0 ? (size_t)n : 0;
			/* A hole has no newlines. */
			uint64_t next = n == -ESTALE ?
				logsegs_after(f->t, s, off) : 0;
			if (n <= 0 && next == 0)
				return end;
			off = SBX_MAX(off, next);
			continue;
		}
		const char *p = f->data[s] + (off - have);
		size_t want = (size_t)SBX_MIN(len - (off - have), end - off);
		const char *nl = memchr(p, '\n', want);
		if (nl)
			return off + (uint64_t)(nl - p);
		off += want;
	}
	return end;
}

/* Does this entry go on where the stream's last one ended? */
static bool
entry_good(struct fix *f, const struct log_entry *e)
{
	unsigned s = log_entry_stream(e), flags = log_entry_flags(e);
	uint64_t off = log_entry_off(e), len = log_entry_len(e);
	if (s >= LOG_STREAMS || flags & ~LOG_FLAGS)
		return false;
	struct linescan *ls = &f->scan[s];
	const struct logseg *g = &f->t->v[f->at];
	bool fits = s == LOG_PTY ? off >= ls->start : off == ls->start;
	if (flags & LOG_GAP) {
		if (!fits || off > data_end(g, s))
			return false;
		/* What retention took ends where a segment begins. */
		if ((flags & LOG_GONE) && (off > g->head.base[s] ||
					   len > g->head.base[s] - off))
			return false;
		linescan_jump(ls, flags & LOG_GONE ? off + len : off);
		return true;
	}
	if (!fits || len == 0 || len > data_end(g, s) ||
	    off > data_end(g, s) - len)
		return false;
	/* A newline is at the end of a whole line and nowhere else. */
	uint64_t end = off + len;
	uint64_t from = SBX_MAX(off, f->t->v[0].head.base[s]);
	bool partial = flags & LOG_PARTIAL;
	if (end > from && newline_in(f, s, from, end) != end - !partial)
		return false;
	linescan_jump(ls, end);
	return true;
}

static void
fix_begin(struct fix *f, struct logsegs *t, size_t at)
{
	f->t = t;
	f->at = at;
	f->fd = -1;
	f->entries = 0;
	f->batched = 0;
	const struct log_header *h = &t->v[at].head;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		linescan_init(&f->scan[s], s == LOG_PTY, h->start[s],
			      h->flags & LOG_HEADER_ALT);
}

/* Counts the entries from the start that make sense. */
static int
check_entries(struct fix *f)
{
	const struct logseg *g = &f->t->v[f->at];
	for (;;) {
		ssize_t n = logsegs_entries(f->t, g, f->entries, f->batch,
					    BATCH);
		if (n <= 0)
			return (int)n;
		for (ssize_t i = 0; i < n; i++) {
			if (!entry_good(f, &f->batch[i]))
				return 0;
			f->entries++;
		}
	}
}

static int
flush(struct fix *f)
{
	int r = sys_write_all(f->fd, f->batch, f->batched * sizeof(*f->batch));
	f->entries += f->batched;
	f->batched = 0;
	return r;
}

static int
put(struct fix *f, unsigned s, unsigned flags, uint64_t off, uint64_t len)
{
	int r = f->batched == BATCH ? flush(f) : 0;
	/* When the line came is lost: the segment's time is near it. */
	f->batch[f->batched++] = log_entry_make(off, s, flags, len, 0);
	return r;
}

/* Where the first run begins or ends behind that place of the stream. */
static uint64_t
next_mark(const struct fix *f, unsigned s, uint64_t off)
{
	uint64_t mark = UINT64_MAX;
	for (size_t i = 0; i < f->run_count; i++) {
		const struct log_run *r = &f->runs[i];
		if (r->start[s] > off)
			mark = SBX_MIN(mark, r->start[s]);
		if ((r->flags & LOG_RUN_ENDED) && r->end[s] > off)
			mark = SBX_MIN(mark, r->end[s]);
	}
	return mark;
}

static int
put_lines(struct fix *f, unsigned s, const struct linescan_line *l,
	  size_t count, uint64_t until)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (l[i].end <= until)
			r = put(f, s, l[i].partial ? LOG_PARTIAL : 0,
				l[i].start, l[i].end - l[i].start);
	return r;
}

/* Bytes are not there: of the head of the first line, dropped with an older
 * segment; or those of a file that was cut, which leave a mark. */
static int
pass_hole(struct fix *f, unsigned s, uint64_t until)
{
	struct linescan *ls = &f->scan[s];
	struct linescan_line line;
	uint64_t off = ls->off;
	uint64_t next = logsegs_after(f->t, s, off);
	if (off < f->t->v[0].head.base[s]) {
		ls->off = f->t->v[0].head.base[s];
		return 0;
	}
	int r = 0;
	if (linescan_cut(ls, &line))
		r = put_lines(f, s, &line, 1, until);
	uint64_t end = SBX_MIN(data_end(&f->t->v[f->at], s), until);
	next = next ? SBX_MIN(next, until) : end;
	if (r == 0 && next > off)
		r = put(f, s, LOG_GAP | LOG_GONE, off, next - off);
	linescan_jump(ls, SBX_MAX(next, off + 1));
	return r;
}

/* Lines that end at or before `until`, from the data. */
static int
derive(struct fix *f, unsigned s, uint64_t until)
{
	struct linescan *ls = &f->scan[s];
	struct linescan_line lines[64];
	uint64_t end = data_end(&f->t->v[f->at], s);
	char data[DATA];
	int r = 0;
	while (r == 0 && ls->off < end && ls->start < until) {
		uint64_t mark = next_mark(f, s, ls->off);
		uint64_t want = SBX_MIN(sizeof(data),
					SBX_MIN(end, mark) - ls->off);
		ssize_t n = logsegs_read(f->t, s, ls->off, data, (size_t)want);
		if (n == -ESTALE) {
			r = pass_hole(f, s, until);
			continue;
		}
		if (n <= 0)
			return (int)n;
		size_t count;
		linescan_feed(ls, data, (size_t)n, lines, ARRAY_LEN(lines),
			      &count);
		r = put_lines(f, s, lines, count, until);
		if (r == 0 && ls->off == mark && linescan_cut(ls, lines))
			r = put_lines(f, s, lines, 1, until);
	}
	return r;
}

/* Between the last line found and where the next segment goes on there is
 * the end of a run, or a hole. */
static int
close_stream(struct fix *f, unsigned s, uint64_t until)
{
	const struct linescan *ls = &f->scan[s];
	uint64_t end = SBX_MIN(data_end(&f->t->v[f->at], s), until);
	int r = 0;
	if (end > ls->start && !ls->alt && (!ls->pty || ls->ink))
		r = put(f, s, LOG_PARTIAL, ls->start, end - ls->start);
	if (r == 0 && until > end && until > ls->start) {
		uint64_t from = SBX_MAX(end, ls->start);
		r = put(f, s, LOG_GAP | LOG_GONE, from, until - from);
	}
	return r;
}

static int
copy_good(struct fix *f, const struct log_header *h)
{
	int r = sys_write_all(f->fd, h, sizeof(*h));
	const struct logseg *g = &f->t->v[f->at];
	for (uint64_t i = 0; r == 0 && i < f->entries;) {
		size_t want = (size_t)SBX_MIN((uint64_t)BATCH, f->entries - i);
		ssize_t n = logsegs_entries(f->t, g, i, f->batch, want);
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		r = sys_write_all(f->fd, f->batch,
				  (size_t)n * sizeof(*f->batch));
		i += (uint64_t)n;
	}
	return r;
}

/* Writes the index of a segment anew: its good entries, and with `until` the
 * rest from the data, up to there; if `last` nothing is left over. */
static int
rewrite(struct fix *f, const uint64_t *until, bool last)
{
	struct logseg *g = &f->t->v[f->at];
	char name[LOG_NAME_MAX];
	f->fd = sys_openat(f->t->dir, INDEX_NEW,
			   O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return f->fd;
	int r = copy_good(f, &g->head);
	for (unsigned s = 0; until && r == 0 && s < LOG_STREAMS; s++) {
		r = derive(f, s, until[s]);
		if (r == 0 && last)
			r = close_stream(f, s, until[s]);
	}
	if (r == 0)
		r = flush(f);
	sys_close(f->fd);
	if (r < 0)
		return r;
	logsegs_close_files(f->t);
	log_name(name, g->head.segment, LOG_SUFFIX_IDX);
	g->entries = f->entries;
	return sys_renameat(f->t->dir, INDEX_NEW, name);
}

static int
write_header(struct logsegs *t, struct logseg *g)
{
	g->head.sum = log_header_sum(&g->head);
	int fd = logsegs_fd(t, g->head.segment, LOG_SUFFIX_IDX, false);
	if (fd < 0)
		return fd;
	ssize_t n = sys_pwrite(fd, &g->head, sizeof(g->head), 0);
	return n < 0 ? (int)n : 0;
}

/* A segment with indexed ones behind it: its index has to be complete. */
static int
fix_closed(struct logsegs *t, size_t i)
{
	struct logseg *g = &t->v[i];
	struct log_header *next = &g[1].head;
	/* Lines belong to the first segment behind this one that knows where
	 * it began; those between have lost their index. */
	size_t known = i + 1;
	while (t->v[known].head.first_seq == 0)
		known++;
	const uint64_t *until = t->v[known].head.start;
	bool whole = g->head.first_seq && known == i + 1 &&
		next->first_seq - g->head.first_seq == g->entries;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		whole &= next->base[s] == data_end(g, s);
	if (whole)
		return 0;
	struct fix *f = mem_alloc(sizeof(*f));
	fix_begin(f, t, i);
	int r = check_entries(f);
	ssize_t runs = logruns_read(t->dir, &f->runs);
	f->run_count = runs < 0 ? 0 : (size_t)runs;
	if (r == 0)
		r = rewrite(f, until, known == i + 1);
	free(f->runs);
	if (known > i + 1) {
		for (unsigned s = 0; s < LOG_STREAMS; s++)
			next->start[s] = SBX_MIN(f->scan[s].start, until[s]);
		next->flags = f->scan[LOG_PTY].alt ? LOG_HEADER_ALT : 0;
	}
	free(f);
	return r;
}

/* The newest indexed segment: the fold goes on after its good entries. */
static int
fix_newest(struct logsegs *t, size_t i)
{
	struct fix *f = mem_alloc(sizeof(*f));
	fix_begin(f, t, i);
	int r = check_entries(f);
	if (r == 0 && f->entries < t->v[i].entries)
		r = rewrite(f, NULL, false);
	free(f);
	return r;
}

/* Line numbers follow from the first one that is known. */
static int
number(struct logsegs *t, size_t indexed)
{
	uint64_t seq = 0, before = 0;
	for (size_t i = 0; i < indexed && seq == 0; i++) {
		uint64_t first = t->v[i].head.first_seq;
		if (first)
			seq = first > before ? first - before : 1;
		before += t->v[i].entries;
	}
	for (size_t i = 0; i < indexed; i++) {
		struct logseg *g = &t->v[i];
		if (g->head.first_seq != seq) {
			g->head.first_seq = seq;
			int r = write_header(t, g);
			if (r < 0)
				return r;
		}
		seq += g->entries;
	}
	return 0;
}

int
logfix(struct logsegs *t, int64_t wall_ms)
{
	int r = load_all(t);
	if (r == 0)
		r = fix_headers(t, wall_ms);
	size_t indexed = t->count;
	while (indexed > 0 && t->v[indexed - 1].head.first_seq == 0)
		indexed--;
	if (r < 0 || indexed == 0)
		return r;
	struct logseg *first = &t->v[0];
	if (first->head.first_seq == 0)
		memcpy(first->head.start, first->head.base,
		       sizeof(first->head.start));
	for (size_t i = 0; i + 1 < indexed && r == 0; i++)
		r = fix_closed(t, i);
	if (r == 0)
		r = fix_newest(t, indexed - 1);
	return r < 0 ? r : number(t, indexed);
}
