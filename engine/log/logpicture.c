#include "logpicture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "logruns.h"
#include "logtold.h"

#define SEGMENT_LINES	(UINT64_C(1) << 26)	/* no segment has more */
#define TICK_MS		100		/* far more than any clock of files */

struct logseg *
logpicture_newest(const struct logread *lr)
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
	uint64_t *v, last = t->count ? logpicture_newest(lr)->head.segment : 0;
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
	free(lr->entries);
	free(lr->text);
	free(lr->runs);
	free(lr->told);
	free(lr);
}

/* What was told is there, whatever the files say yet. */
static void
take_told(struct logread *lr)
{
	const struct logtold *t = lr->told;
	struct logseg *g = logpicture_newest(lr);

	if (!t || !g || g->head.segment != t->segment || !g->head.first_seq)
		return;
	uint64_t next = g->head.first_seq + g->entries;
	uint64_t end = g->head.base[t->stream] + g->size[t->stream];
	if (next >= t->seq && next < t->seq + t->count)
		g->entries += t->seq + t->count - next;
	if (end >= t->off && end < t->off + t->len)
		g->size[t->stream] += t->off + t->len - end;
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
	take_told(lr);
	if (changed)
		lr->entry_count = 0;
	return r < 0 ? r : changed;
}

/* Is the newest segment one that has lines, of a run that is known? */
static bool
is_begun(const struct logread *lr, uint64_t run)
{
	const struct logseg *g = logpicture_newest(lr);

	if (!g || !g->head.first_seq || lr->run_count == 0)
		return false;
	const struct log_run *last = &lr->runs[lr->run_count - 1];
	return last->run == run && last->flags & LOG_RUN_SEQ;
}

/* No file has come or gone, too: what is new is at that segment's end. */
static bool
grows_at_the_end(const struct logread *lr, uint64_t run)
{
	struct stat st;

	return is_begun(lr, run) && sys_fstat(lr->table.dir, &st) == 0 &&
	       is_as_seen(&lr->dir_seen, &st);
}

int
logread_grow(struct logread *lr, uint64_t next_seq, uint64_t run,
	     const uint64_t *end)
{
	struct logseg *g = logpicture_newest(lr);

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

/* It may have been taken for what is in the files. */
static void
forget_told(struct logread *lr)
{
	free(lr->told);
	lr->told = NULL;
	lr->entry_count = 0;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		lr->ahead[s].len = 0;
		lr->tails[s].segment = 0;
	}
	logread_refresh(lr);
}

void
logread_tell(struct logread *lr, const struct logtold *t)
{
	const struct logseg *g = logpicture_newest(lr);

	if (t->len == 0) {
		forget_told(lr);
		return;
	}
	if (!is_begun(lr, t->run) || g->head.segment != t->segment ||
	    logread_next_seq(lr) != t->seq ||
	    logread_end(lr, t->stream) != t->off)
		logread_refresh(lr);
	if (!lr->told)
		lr->told = mem_alloc(sizeof *lr->told);
	logtold_copy(lr->told, t);
	take_told(lr);
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
	const struct logseg *g = logpicture_newest(lr);
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
