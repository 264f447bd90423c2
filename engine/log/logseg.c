#include "logseg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"

static int
compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void
close_slot(struct logsegs *t, size_t i)
{
	sys_close(t->open[i].fd);
	t->open[i].segment = 0;
	t->open[i].fd = -1;
}

/* Size of a file of a segment, 0 if there is none. */
static int
file_size(const struct logsegs *t, uint64_t segment, unsigned suffix,
	  uint64_t *size)
{
	char name[LOG_NAME_MAX];
	struct stat st;
	log_name(name, segment, suffix);
	*size = 0;
	if (fstatat(t->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*size = (uint64_t)st.st_size;
	return 0;
}

static bool
header_good(const struct log_header *h, uint64_t segment)
{
	if (h->magic != LOG_MAGIC || h->segment != segment ||
	    h->sum != log_header_sum(h))
		return false;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (h->base[s] >> 48 || h->start[s] > h->base[s])
			return false;
	/* Entries' times are added to it. */
	int64_t beyond = h->wall_ms >> 48;
	return h->first_seq >> 48 == 0 && (beyond == 0 || beyond == -1);
}

/* How many segments begin at or before off. */
static size_t
begun(const struct logsegs *t, enum log_stream s, uint64_t off)
{
	size_t lo = 0, hi = t->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->v[mid].head.base[s] <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* How many segments begin at or before line seq; those that are not indexed
 * yet are at the end, with 0. */
static size_t
numbered(const struct logsegs *t, uint64_t seq)
{
	size_t lo = 0, hi = t->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t first = t->v[mid].head.first_seq;
		if (first && first <= seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int
logsegs_init(struct logsegs *t, int dir, int flags)
{
	memset(t, 0, sizeof(*t));
	t->flags = flags;
	for (size_t i = 0; i < LOGSEG_FDS; i++)
		t->open[i].fd = -1;
	t->dir = dir < 0 ? -1 : sys_dup(dir);
	return dir >= 0 && t->dir < 0 ? t->dir : 0;
}

void
logsegs_fini(struct logsegs *t)
{
	logsegs_close_files(t);
	sys_close(t->dir);
	free(t->v);
	t->v = NULL;
	t->count = t->cap = 0;
}

int
logsegs_dir(struct logsegs *t)
{
	if (t->dir >= 0)
		return t->dir;
	int fd = t->reopen ? t->reopen(t->reopen_arg) : -EBADF;
	if (fd >= 0)
		t->dir = fd;
	return fd;
}

ssize_t
logsegs_list(const struct logsegs *t, uint64_t **out)
{
	size_t count = 0, cap = 0;
	*out = NULL;
	DIR *d;
	int rc = sys_list_dir(t->dir, &d);
	if (rc < 0)
		return rc;
	for (struct dirent *e; (e = readdir(d)) && count < LOGSEG_MAX;) {
		uint64_t no = log_name_segment(e->d_name);
		if (!no)
			continue;
		if (count == cap) {
			size_t more = cap ? 2 * cap : 16;
			*out = mem_grow(*out, cap, more, sizeof(**out));
			cap = more;
		}
		(*out)[count++] = no;
	}
	closedir(d);
	if (count)
		qsort(*out, count, sizeof(**out), compare_numbers);
	return (ssize_t)count;
}

int
logsegs_load(struct logsegs *t, uint64_t segment, struct logseg *out)
{
	memset(out, 0, sizeof(*out));
	int fd = logsegs_fd(t, segment, LOG_SUFFIX_IDX, false);
	if (fd < 0)
		return fd;
	struct stat st;
	int r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	ssize_t n = sys_pread(fd, &out->head, sizeof(out->head), 0);
	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof(out->head) ||
	    !header_good(&out->head, segment)) {
		memset(&out->head, 0, sizeof(out->head));
		out->head.segment = segment;
		out->broken = true;
	} else {
		out->entries = ((uint64_t)st.st_size - sizeof(out->head)) /
			sizeof(struct log_entry);
	}
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		r = file_size(t, segment, s, &out->size[s]);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

struct logseg *
logsegs_add(struct logsegs *t, const struct logseg *s)
{
	if (t->count == t->cap) {
		size_t more = t->cap ? 2 * t->cap : 8;
		t->v = mem_grow(t->v, t->cap, more, sizeof(*t->v));
		t->cap = more;
	}
	t->v[t->count] = *s;
	return &t->v[t->count++];
}

void
logsegs_drop_front(struct logsegs *t, size_t n)
{
	if (n == 0)
		return;
	for (size_t i = 0; i < LOGSEG_FDS; i++)
		for (size_t k = 0; k < n; k++)
			if (t->open[i].segment == t->v[k].head.segment)
				close_slot(t, i);
	t->count -= n;
	memmove(t->v, t->v + n, t->count * sizeof(*t->v));
}

/*
 * Each line that is read behind a line that was written would change the time
 * of the last access, too.  Who is not the owner may not ask for less.
 */
static int
open_quietly(int dir, const char *name, int flags)
{
	int fd = sys_openat(dir, name, flags | O_NOATIME, 0600);

	return fd == -EPERM ? sys_openat(dir, name, flags, 0600) : fd;
}

int
logsegs_fd(struct logsegs *t, uint64_t segment, unsigned suffix, bool create)
{
	size_t oldest = 0;
	for (size_t i = 0; i < LOGSEG_FDS; i++) {
		if (t->open[i].segment == segment &&
		    t->open[i].suffix == suffix) {
			t->open[i].used = ++t->clock;
			return t->open[i].fd;
		}
		if (t->open[i].segment == 0 ||
		    (t->open[oldest].segment &&
		     t->open[i].used < t->open[oldest].used))
			oldest = i;
	}
	char name[LOG_NAME_MAX];
	log_name(name, segment, suffix);
	/* NONBLOCK: a FIFO put there by somebody must not hang the open. */
	int flags = t->flags | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0);
	int dir = logsegs_dir(t);
	int fd = dir < 0 ? dir : open_quietly(dir, name, flags);
	if (fd < 0)
		return fd;
	if (t->open[oldest].segment)
		close_slot(t, oldest);
	t->open[oldest].segment = segment;
	t->open[oldest].suffix = suffix;
	t->open[oldest].fd = fd;
	t->open[oldest].used = ++t->clock;
	return fd;
}

void
logsegs_close_files(struct logsegs *t)
{
	for (size_t i = 0; i < LOGSEG_FDS; i++)
		if (t->open[i].segment)
			close_slot(t, i);
}

void
logsegs_rest(struct logsegs *t)
{
	logsegs_close_files(t);
	if (!t->reopen)
		return;
	sys_close(t->dir);
	t->dir = -1;
}

struct logseg *
logsegs_find(const struct logsegs *t, enum log_stream s, uint64_t off)
{
	size_t n = begun(t, s, off);
	if (n == 0)
		return NULL;
	struct logseg *g = &t->v[n - 1];
	return off - g->head.base[s] < g->size[s] ? g : NULL;
}

uint64_t
logsegs_after(const struct logsegs *t, enum log_stream s, uint64_t off)
{
	size_t n = begun(t, s, off);
	return n < t->count ? t->v[n].head.base[s] : 0;
}

uint64_t
logsegs_lines(const struct logsegs *t, const struct logseg *s)
{
	uint64_t first = s->head.first_seq;
	if (first == 0)
		return 0;
	const struct logseg *next = s + 1;
	if (next < t->v + t->count && next->head.first_seq)
		return SBX_MIN(s->entries, next->head.first_seq - first);
	return s->entries;
}

struct logseg *
logsegs_find_seq(const struct logsegs *t, uint64_t seq)
{
	size_t n = numbered(t, seq);
	if (n == 0)
		return NULL;
	struct logseg *g = &t->v[n - 1];
	return seq - g->head.first_seq < logsegs_lines(t, g) ? g : NULL;
}

uint64_t
logsegs_after_seq(const struct logsegs *t, uint64_t seq)
{
	size_t n = numbered(t, seq);
	return n < t->count ? t->v[n].head.first_seq : 0;
}

ssize_t
logsegs_read(struct logsegs *t, enum log_stream s, uint64_t off, void *data,
	     size_t cap)
{
	struct logseg *g = logsegs_find(t, s, off);
	if (!g) {
		struct logseg *last = t->count ? &t->v[t->count - 1] : NULL;
		bool end = !last || off >= last->head.base[s] + last->size[s];
		return end ? 0 : -ESTALE;
	}
	uint64_t at = off - g->head.base[s];
	if (cap > g->size[s] - at)
		cap = (size_t)(g->size[s] - at);
	int fd = logsegs_fd(t, g->head.segment, s, false);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	ssize_t n = sys_pread(fd, data, cap, (int64_t)at);
	return n == 0 ? -ESTALE : n;
}

ssize_t
logsegs_entries(struct logsegs *t, const struct logseg *s, uint64_t from,
		struct log_entry *out, size_t cap)
{
	if (from >= s->entries)
		return 0;
	cap = (size_t)SBX_MIN((uint64_t)cap, s->entries - from);
	int fd = logsegs_fd(t, s->head.segment, LOG_SUFFIX_IDX, false);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	ssize_t n = sys_pread(fd, out, cap * sizeof(*out),
			      (int64_t)(sizeof(struct log_header) +
					from * sizeof(*out)));
	return n < 0 ? n : n / (ssize_t)sizeof(*out);
}
