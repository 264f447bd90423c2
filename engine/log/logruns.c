#include "logruns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"

#define FILE_NAME	"runs"
#define FILE_NEW	"runs.new"
/* Runs whose lines are not known yet; more means that nobody folds. */
#define PENDING_MAX	256

static bool
run_good(const struct log_run *r)
{
	return r->magic == LOG_RUN_MAGIC && r->run > 0;
}

/* Records of that size, one after the other, to good ones of today. */
static size_t
take_good(struct log_run *v, size_t got, size_t size)
{
	char *raw = mem_dup(v, got * size);
	size_t count = 0;

	for (size_t i = 0; i < got; i++) {
		struct log_run r = { .magic = 0 };
		memcpy(&r, raw + i * size, size);
		if (size == LOG_RUN_OLD) {
			/* Was unused then. */
			r.ready_ms = 0;
			if (r.magic == LOG_RUN_MAGIC_1)
				r.magic = LOG_RUN_MAGIC;
		}
		r.outcome[sizeof(r.outcome) - 1] = '\0';
		r.reason[sizeof(r.reason) - 1] = '\0';
		if (run_good(&r))
			v[count++] = r;
	}
	free(raw);
	return count;
}

ssize_t
logruns_read(int dir, struct log_run **out)
{
	struct stat st;
	*out = NULL;
	int fd = sys_openat(dir, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
			    0);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	ssize_t n = sys_fstat(fd, &st);
	if (n < 0 || !S_ISREG(st.st_mode) || st.st_size < LOG_RUN_OLD)
		goto out;
	/* A file longer than it can become is not ours: read what fits. */
	uint32_t magic = 0;
	n = sys_pread(fd, &magic, sizeof(magic), 0);
	if (n < 0)
		goto out;
	size_t size = magic == LOG_RUN_MAGIC_1 ? (size_t)LOG_RUN_OLD :
						 sizeof(struct log_run);
	size_t want = SBX_MIN((size_t)st.st_size / size,
			      (size_t)2 * LOG_RUNS_MAX);
	*out = mem_array(want + 1, sizeof(struct log_run));
	n = sys_pread(fd, *out, want * size, 0);
	if (n >= 0)
		n = (ssize_t)take_good(*out, (size_t)n / size, size);
out:
	sys_close(fd);
	if (n <= 0) {
		free(*out);
		*out = NULL;
	}
	return n;
}

static bool
complete(const struct log_run *r)
{
	unsigned all = LOG_RUN_ENDED | LOG_RUN_SEQ | LOG_RUN_SEQ_END;
	return (r->flags & all) == all;
}

static struct logruns_item *
add(struct logruns *lr, uint64_t no, const struct log_run *r)
{
	if (lr->len == lr->cap) {
		size_t more = lr->cap ? 2 * lr->cap : 1;
		lr->v = mem_grow(lr->v, lr->cap, more, sizeof(*lr->v));
		lr->cap = more;
	}
	struct logruns_item *it = &lr->v[lr->len++];
	it->no = no;
	it->run = *r;
	it->dirty = false;
	return it;
}

/* Forgets the runs in front that nothing is missing of, but for the last. */
static void
forget(struct logruns *lr)
{
	while (lr->len > 1 && !lr->v[0].dirty &&
	       (complete(&lr->v[0].run) || lr->len > PENDING_MAX)) {
		lr->len--;
		memmove(lr->v, lr->v + 1, lr->len * sizeof(*lr->v));
	}
}

static int
write_dirty(struct logruns *lr)
{
	if (lr->later)
		return 0;
	int fd = sys_openat(lr->dir, FILE_NAME,
			    O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	int r = 0;
	for (size_t i = 0; i < lr->len && r == 0; i++) {
		struct logruns_item *it = &lr->v[i];
		if (!it->dirty)
			continue;
		ssize_t n = sys_pwrite(fd, &it->run, sizeof(it->run),
				       (int64_t)(it->no * sizeof(it->run)));
		if (n == (ssize_t)sizeof(it->run))
			it->dirty = false;
		else
			r = n < 0 ? (int)n : -ENOSPC;
	}
	sys_close(fd);
	if (r == 0)
		forget(lr);
	return r;
}

/* Puts a file with these records in the place of the present one. */
static int
replace(struct logruns *lr, const struct log_run *v, size_t n)
{
	int fd = sys_openat(lr->dir, FILE_NEW,
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	int r = sys_write_all(fd, v, n * sizeof(*v));
	sys_close(fd);
	return r < 0 ? r : sys_renameat(lr->dir, FILE_NEW, FILE_NAME);
}

/* Keeps the newer half of a full file. */
static void
shorten(struct logruns *lr)
{
	struct log_run *all;
	ssize_t n = logruns_read(lr->dir, &all);
	size_t keep = LOG_RUNS_MAX / 2;
	if (n == (ssize_t)lr->count && n > (ssize_t)keep &&
	    replace(lr, all + (size_t)n - keep, keep) == 0) {
		uint64_t gone = lr->count - keep;
		lr->count = keep;
		for (size_t i = 0; i < lr->len; i++)
			lr->v[i].no -= SBX_MIN(gone, lr->v[i].no);
	}
	free(all);
}

static void
clamp(struct log_run *r, const uint64_t *end)
{
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		r->start[s] = SBX_MIN(r->start[s], end[s]);
		r->end[s] = SBX_MIN(r->end[s], end[s]);
	}
}

int
logruns_init(struct logruns *lr, int dir, const uint64_t *end)
{
	struct log_run *all;
	struct stat st;
	int r = 0;
	memset(lr, 0, sizeof(*lr));
	lr->dir = dir;
	ssize_t n = logruns_read(dir, &all);
	if (n < 0)
		return (int)n;
	/* A bad or torn record would shift the places of later ones. */
	if (fstatat(dir, FILE_NAME, &st, 0) == 0 &&
	    (size_t)st.st_size != (size_t)n * sizeof(*all))
		r = replace(lr, all, (size_t)n);
	lr->count = (uint64_t)n;
	for (ssize_t i = 0; i < n; i++)
		if (i == n - 1 || !complete(&all[i]))
			clamp(&add(lr, (uint64_t)i, &all[i])->run, end);
	free(all);
	return r;
}

void
logruns_init_later(struct logruns *lr)
{
	*lr = (struct logruns){ .dir = -1, .later = true };
}

int
logruns_begin_writing(struct logruns *lr, int dir)
{
	lr->later = false;
	lr->dir = dir;
	return lr->len ? write_dirty(lr) : 0;
}

void
logruns_fini(struct logruns *lr)
{
	free(lr->v);
	lr->v = NULL;
	lr->len = lr->cap = 0;
}

int
logruns_begin(struct logruns *lr, uint64_t run, int32_t pid, int64_t wall_ms,
	      const uint64_t *off)
{
	struct log_run r = {
		.magic = LOG_RUN_MAGIC, .run = run, .pid = pid,
		.start_ms = wall_ms,
	};
	memcpy(r.start, off, sizeof(r.start));
	/* A run that nobody ended (the engine was away) ends here. */
	if (lr->len && !(lr->v[lr->len - 1].run.flags & LOG_RUN_ENDED))
		logruns_end(lr, -1, wall_ms, off);
	if (lr->count >= LOG_RUNS_MAX)
		shorten(lr);
	add(lr, lr->count++, &r)->dirty = true;
	return write_dirty(lr);
}

int
logruns_end(struct logruns *lr, int32_t status, int64_t wall_ms,
	    const uint64_t *off)
{
	if (lr->len == 0)
		return 0;
	struct logruns_item *it = &lr->v[lr->len - 1];
	if (it->run.flags & LOG_RUN_ENDED)
		return 0;
	it->run.flags |= LOG_RUN_ENDED;
	it->run.status = status;
	it->run.end_ms = wall_ms;
	memcpy(it->run.end, off, sizeof(it->run.end));
	it->dirty = true;
	return write_dirty(lr);
}

int
logruns_tell(struct logruns *lr, const struct log_run *from)
{
	if (lr->len == 0)
		return 0;
	struct logruns_item *it = &lr->v[lr->len - 1];
	it->run.ready_ms = from->ready_ms;
	it->run.maxrss_bytes = from->maxrss_bytes;
	memcpy(it->run.outcome, from->outcome, sizeof(it->run.outcome));
	memcpy(it->run.reason, from->reason, sizeof(it->run.reason));
	it->dirty = true;
	return write_dirty(lr);
}

const struct log_run *
logruns_last(const struct logruns *lr)
{
	return lr->len ? &lr->v[lr->len - 1].run : NULL;
}

/* The run whose start or end is the next mark; NULL if all are known. */
static struct logruns_item *
marked(const struct logruns *lr)
{
	for (size_t i = 0; i < lr->len; i++) {
		unsigned flags = lr->v[i].run.flags;
		if (!(flags & LOG_RUN_SEQ) ||
		    ((flags & LOG_RUN_ENDED) && !(flags & LOG_RUN_SEQ_END)))
			return &lr->v[i];
	}
	return NULL;
}

const uint64_t *
logruns_mark(const struct logruns *lr, bool *is_end)
{
	const struct logruns_item *it = marked(lr);
	if (!it)
		return NULL;
	*is_end = it->run.flags & LOG_RUN_SEQ;
	return *is_end ? it->run.end : it->run.start;
}

int
logruns_mark_done(struct logruns *lr, uint64_t seq)
{
	struct logruns_item *it = marked(lr);
	if (!it)
		return 0;
	if (it->run.flags & LOG_RUN_SEQ) {
		it->run.flags |= LOG_RUN_SEQ_END;
		it->run.end_seq = seq;
	} else {
		it->run.flags |= LOG_RUN_SEQ;
		it->run.first_seq = seq;
	}
	it->dirty = true;
	return write_dirty(lr);
}
