#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "logfix.h"
#include "logruns.h"
#include "spoolidx.h"

#define COPY_BYTES	(64 * 1024)	/* where splice is refused */
#define ROOM_TRIES	64
/*
 * The kernel takes memory for a file in pieces as large as what is written at
 * once.  Up to this size they come from what the processor has freed last and
 * may still have in its cache; larger ones may be memory that was given back
 * to the host of a virtual machine, where each page is a fault.
 */
#define PIECE_BYTES	(32 * 1024)

struct spool {
	struct logsegs table;
	struct logruns runs;
	uint64_t keep, segment_bytes;
	uint64_t hold_seq;		/* 0: no line is held */
	uint64_t end[LOG_STREAMS];
	uint64_t total;			/* on disk, index included */
	uint64_t gap_indexed;		/* bytes of GAP entries */
	uint64_t gap_bytes;		/* those, and of gaps */
	struct spool_gap *gaps;		/* SPOOL_GAPS_MAX; NULL: no need yet */
	size_t gap_count;
	int trouble;
	bool planned;			/* there is no directory yet */
	spool_room_fn *room;
	void *room_arg;
	spool_dir_fn *make;		/* a planned one's */
	void *make_arg;
};

/*
 * With a directory to write to; a failure of that is one of writing.  Of a
 * planned log one run fits into memory.
 */
static struct logruns *
runs(struct spool *sp)
{
	if (!sp->planned)
		sp->runs.dir = spool_dir(sp);
	return &sp->runs;
}

/* The directory of a planned log is needed now. */
static int
make_dir(void *arg)
{
	struct spool *sp = arg;
	int fd = sp->make(sp->make_arg);

	if (fd < 0 || !sp->planned)
		return fd;
	sp->planned = false;
	logruns_begin_writing(&sp->runs, fd);
	return fd;
}

static struct logseg *
present(const struct spool *sp)
{
	return sp->table.count ? &sp->table.v[sp->table.count - 1] : NULL;
}

static uint64_t
data_bytes(const struct logseg *g)
{
	return g->size[LOG_OUT] + g->size[LOG_ERR] + g->size[LOG_PTY];
}

static uint64_t
all_bytes(const struct logseg *g)
{
	return data_bytes(g) + sizeof(struct log_header) +
		g->entries * sizeof(struct log_entry);
}

/* Does the oldest segment have a line that is still to be read? */
static bool
is_held(const struct spool *sp)
{
	if (!sp->hold_seq || sp->table.count < 2 ||
	    sp->total > sp->keep + SPOOL_HOLD_MAX)
		return false;
	uint64_t next = sp->table.v[1].head.first_seq;
	return next == 0 || next > sp->hold_seq;
}

static void
trim(struct spool *sp)
{
	while (sp->total > sp->keep && !is_held(sp) &&
	       spool_drop_oldest(sp) == 0)
		;
}

static int
segment_new(struct spool *sp, int64_t wall_ms)
{
	const struct logseg *old = present(sp);
	struct logseg g = { .head = {
		.magic = LOG_MAGIC,
		.segment = old ? old->head.segment + 1 : 1,
		.wall_ms = wall_ms,
		.gap_bytes = sp->gap_indexed,
	} };
	memcpy(g.head.base, sp->end, sizeof(g.head.base));
	g.head.sum = log_header_sum(&g.head);
	int fd = logsegs_fd(&sp->table, g.head.segment, LOG_SUFFIX_IDX, true);
	if (fd < 0)
		return fd;
	ssize_t n = sys_pwrite(fd, &g.head, sizeof(g.head), 0);
	if (n != (ssize_t)sizeof(g.head)) {
		/* An index that is half a header would be a broken segment. */
		char name[LOG_NAME_MAX];
		log_name(name, g.head.segment, LOG_SUFFIX_IDX);
		logsegs_close_files(&sp->table);
		sys_unlinkat(spool_dir(sp), name, 0);
		return n < 0 ? (int)n : -ENOSPC;
	}
	logsegs_add(&sp->table, &g);
	sp->total += sizeof(g.head);
	trim(sp);
	return 0;
}

/* The segment that takes the next bytes. */
static int
segment_for_write(struct spool *sp)
{
	struct logseg *g = present(sp);
	if (g && data_bytes(g) < sp->segment_bytes)
		return 0;
	int r = segment_new(sp, clock_wall_ms());
	/* A full disk must not stop what fits into the present one. */
	return g ? 0 : r;
}

static void
grew(struct spool *sp, enum log_stream s, size_t n)
{
	present(sp)->size[s] += n;
	sp->end[s] += n;
	sp->total += n;
	sp->trouble = 0;
	trim(sp);
}

/* Is there hope that the same write succeeds now? */
static bool
make_room(struct spool *sp, int error)
{
	struct logseg *g = present(sp);
	if (error == -EFBIG)
		return g && data_bytes(g) > 0 &&
			segment_new(sp, clock_wall_ms()) == 0;
	if (error != -ENOSPC && error != -EDQUOT)
		return false;
	if (sp->room && sp->room(sp->room_arg))
		return true;
	return spool_drop_oldest(sp) == 0;
}

static struct spool_gap *
add_gap(struct spool *sp)
{
	if (!sp->gaps)
		sp->gaps = mem_array(SPOOL_GAPS_MAX, sizeof(*sp->gaps));
	return &sp->gaps[sp->gap_count++];
}

static void
lost(struct spool *sp, enum log_stream s, uint64_t bytes)
{
	struct spool_gap *g = NULL;
	for (size_t i = sp->gap_count; i-- > 0 && !g;)
		if (sp->gaps[i].stream == s)
			g = &sp->gaps[i];
	if ((!g || g->off != sp->end[s]) && sp->gap_count < SPOOL_GAPS_MAX) {
		g = add_gap(sp);
		*g = (struct spool_gap){ .stream = (uint8_t)s,
					 .off = sp->end[s] };
	}
	/* With no room for another one the last one gets the bytes: the
	 * place is then not exact, the number is. */
	if (!g)
		g = &sp->gaps[SPOOL_GAPS_MAX - 1];
	g->bytes += bytes;
	sp->gap_bytes += bytes;
}

/* The file that takes the next bytes of a stream, or -errno; *g is its
 * segment. */
static int
file_for_write(struct spool *sp, enum log_stream s, struct logseg **g)
{
	int r = segment_for_write(sp);
	if (r < 0)
		return r;
	*g = present(sp);
	return logsegs_fd(&sp->table, (*g)->head.segment, s, true);
}

/* One write at the end of the stream: bytes taken or -errno. */
static ssize_t
write_once(struct spool *sp, enum log_stream s, const char *data, size_t len)
{
	struct logseg *g;
	int fd = file_for_write(sp, s, &g);
	if (fd < 0)
		return fd;
	ssize_t n = sys_pwrite(fd, data, len, (int64_t)g->size[s]);
	if (n == 0 && len > 0)
		return -ENOSPC;
	if (n > 0)
		grew(sp, s, (size_t)n);
	return n;
}

/* The same from a pipe; -EAGAIN and 0 are about the pipe. */
static ssize_t
splice_once(struct spool *sp, enum log_stream s, int in, size_t max)
{
	struct logseg *g;
	int fd = file_for_write(sp, s, &g);
	if (fd < 0)
		return fd;
	uint64_t used = data_bytes(g);
	if (used < sp->segment_bytes)
		max = (size_t)SBX_MIN((uint64_t)max, sp->segment_bytes - used);
	int64_t off = (int64_t)g->size[s];
	max = SBX_MIN(max, PIECE_BYTES - (size_t)(off % PIECE_BYTES));
	ssize_t n = sys_splice(in, fd, &off, max);
	if (n > 0)
		grew(sp, s, (size_t)n);
	return n;
}

/* Reads what is there without waiting. */
static ssize_t
take(int in, char *data, size_t cap)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	if (poll(&p, 1, 0) <= 0)
		return -EAGAIN;
	return sys_read(in, data, cap);
}

static ssize_t
discard(struct spool *sp, enum log_stream s, int in, size_t max)
{
	char data[COPY_BYTES];
	ssize_t n = take(in, data, SBX_MIN(max, sizeof(data)));
	if (n > 0)
		lost(sp, s, (uint64_t)n);
	return n;
}

static void
set_keep(struct spool *sp, uint64_t keep)
{
	sp->keep = keep ? keep : SPOOL_KEEP_DEFAULT;
	sp->segment_bytes = SBX_MIN(sp->keep / 8, (uint64_t)SPOOL_SEGMENT_MAX);
	sp->segment_bytes = SBX_MAX(sp->segment_bytes,
				    (uint64_t)SPOOL_SEGMENT_MIN);
}

/* Bytes that were never written, by the newest header that tells, and the
 * entries after it. */
static uint64_t
count_gaps(struct spool *sp)
{
	size_t i = sp->table.count;
	while (i > 0 && sp->table.v[i - 1].head.first_seq == 0)
		i--;
	if (i == 0)
		return 0;
	const struct logseg *g = &sp->table.v[i - 1];
	uint64_t bytes = g->head.gap_bytes;
	struct log_entry e[256];
	ssize_t n;
	for (uint64_t at = 0; (n = logsegs_entries(&sp->table, g, at, e,
						   ARRAY_LEN(e))) > 0;) {
		for (ssize_t k = 0; k < n; k++) {
			unsigned flags = log_entry_flags(&e[k]);
			if ((flags & LOG_GAP) && !(flags & LOG_GONE))
				bytes += log_entry_len(&e[k]);
		}
		at += (uint64_t)n;
	}
	return bytes;
}

struct spool *
spool_open(int dir, uint64_t keep, int64_t wall_ms, struct err *e)
{
	struct spool *sp = mem_alloc(sizeof(*sp));
	set_keep(sp, keep);
	int r = logsegs_init(&sp->table, dir, O_RDWR);
	if (r == 0)
		r = logfix(&sp->table, wall_ms);
	if (r == 0) {
		const struct logseg *g = present(sp);
		for (unsigned s = 0; g && s < LOG_STREAMS; s++)
			sp->end[s] = g->head.base[s] + g->size[s];
		for (size_t i = 0; i < sp->table.count; i++)
			sp->total += all_bytes(&sp->table.v[i]);
		r = logruns_init(&sp->runs, sp->table.dir, sp->end);
	}
	if (r < 0) {
		err_set(e, ERR_FAILED, "cannot open the log: %s",
			strerror(-r));
		spool_free(sp);
		return NULL;
	}
	sp->gap_bytes = sp->gap_indexed = count_gaps(sp);
	trim(sp);
	return sp;
}

void
spool_on_dir(struct spool *sp, spool_dir_fn *fn, void *arg)
{
	sp->table.reopen = fn;
	sp->table.reopen_arg = arg;
}

struct spool *
spool_plan(uint64_t keep, spool_dir_fn *make, void *arg)
{
	struct spool *sp = mem_alloc(sizeof(*sp));

	set_keep(sp, keep);
	logsegs_init(&sp->table, -1, O_RDWR);
	logruns_init_later(&sp->runs);
	sp->planned = true;
	sp->make = make;
	sp->make_arg = arg;
	spool_on_dir(sp, make_dir, sp);
	return sp;
}

bool
spool_is_planned(const struct spool *sp)
{
	return sp->planned;
}

void
spool_free(struct spool *sp)
{
	if (!sp)
		return;
	logsegs_fini(&sp->table);
	logruns_fini(&sp->runs);
	free(sp->gaps);
	free(sp);
}

void
spool_set_keep(struct spool *sp, uint64_t keep)
{
	if (!sp)
		return;
	set_keep(sp, keep);
	trim(sp);
}

void
spool_hold(struct spool *sp, uint64_t seq)
{
	if (!sp)
		return;
	sp->hold_seq = seq;
	trim(sp);
}

int
spool_dir(struct spool *sp)
{
	return logsegs_dir(&sp->table);
}

void
spool_rest(struct spool *sp)
{
	logsegs_rest(&sp->table);
}

int
spool_wipe(int dir)
{
	DIR *d;
	int result = sys_list_dir(dir, &d);
	if (result < 0)
		return result;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		int r = sys_unlinkat(dirfd(d), e->d_name, 0);
		if (r < 0)
			result = r;
	}
	closedir(d);
	return result;
}

void
spool_on_full(struct spool *sp, spool_room_fn *fn, void *arg)
{
	sp->room = fn;
	sp->room_arg = arg;
}

/* By the file system, or by whoever has said which calls we may make. */
static bool
is_refusal(int error)
{
	return error == -EINVAL || error == -ENOSYS || error == -EPERM;
}

ssize_t
spool_splice(struct spool *sp, enum log_stream s, int fd, size_t max)
{
	ssize_t n = -EAGAIN;
	for (int tries = 0; tries < ROOM_TRIES; tries++) {
		n = splice_once(sp, s, fd, max);
		if (n >= 0 || n == -EAGAIN || n == -EBADF)
			return n;
		if (is_refusal((int)n))
			return -EINVAL;
		if (!make_room(sp, (int)n))
			break;
	}
	sp->trouble = (int)n;
	return discard(sp, s, fd, max);
}

bool
spool_fits(const struct spool *sp, size_t len, uint64_t *segment)
{
	const struct logseg *g = present(sp);

	if (!g || sp->trouble || sp->gap_count ||
	    data_bytes(g) + len > sp->segment_bytes)
		return false;
	*segment = g->head.segment;
	return true;
}

ssize_t
spool_copy(struct spool *sp, enum log_stream s, int fd, size_t max)
{
	char data[COPY_BYTES];
	ssize_t n = take(fd, data, SBX_MIN(max, sizeof(data)));
	if (n > 0)
		spool_append(sp, s, data, (size_t)n);
	return n;
}

void
spool_append(struct spool *sp, enum log_stream s, const void *data, size_t len)
{
	const char *p = data;
	int tries = 0;
	while (len > 0) {
		ssize_t n = write_once(sp, s, p, len);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (++tries > ROOM_TRIES || !make_room(sp, (int)n)) {
			sp->trouble = (int)n;
			lost(sp, s, len);
			return;
		}
	}
}

int
spool_trouble(const struct spool *sp)
{
	return sp->trouble;
}

uint64_t
spool_end(const struct spool *sp, enum log_stream s)
{
	return sp ? sp->end[s] : 0;
}

uint64_t
spool_begin(const struct spool *sp, enum log_stream s)
{
	return sp->table.count ? sp->table.v[0].head.base[s] : 0;
}

ssize_t
spool_read(struct spool *sp, enum log_stream s, uint64_t off, void *data,
	   size_t cap)
{
	return logsegs_read(&sp->table, s, off, data, cap);
}

uint64_t
spool_total(const struct spool *sp)
{
	return sp ? sp->total : 0;
}

uint64_t
spool_dropped(const struct spool *sp)
{
	return !sp ? 0 : spool_begin(sp, LOG_OUT) + spool_begin(sp, LOG_ERR) +
		spool_begin(sp, LOG_PTY) + sp->gap_bytes;
}

uint64_t
spool_gap_bytes(const struct spool *sp)
{
	return sp ? sp->gap_bytes : 0;
}

int64_t
spool_oldest_ms(const struct spool *sp)
{
	return sp && sp->table.count > 1 ? sp->table.v[0].head.wall_ms
					 : INT64_MAX;
}

int
spool_drop_oldest(struct spool *sp)
{
	if (!sp || sp->table.count < 2)
		return -ENOENT;
	/* The index goes first: without it the segment is not there. */
	static const uint8_t order[] = { LOG_SUFFIX_IDX, LOG_OUT, LOG_ERR,
		LOG_PTY };
	const struct logseg *g = &sp->table.v[0];
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		char name[LOG_NAME_MAX];
		log_name(name, g->head.segment, order[i]);
		sys_unlinkat(spool_dir(sp), name, 0);
	}
	sp->total -= SBX_MIN(sp->total, all_bytes(g));
	logsegs_drop_front(&sp->table, 1);
	return 0;
}

int
spool_rotate(struct spool *sp, int64_t wall_ms)
{
	const struct logseg *g = sp ? present(sp) : NULL;
	return g && data_bytes(g) > 0 ? segment_new(sp, wall_ms) : 0;
}

size_t
spool_gaps(const struct spool *sp, struct spool_gap *out, size_t cap)
{
	size_t n = sp ? SBX_MIN(cap, sp->gap_count) : 0;
	if (n > 0)
		memcpy(out, sp->gaps, n * sizeof(*out));
	return n;
}

void
spool_restore_gap(struct spool *sp, const struct spool_gap *g)
{
	if (g->stream >= LOG_STREAMS || sp->gap_count == SPOOL_GAPS_MAX)
		return;
	struct spool_gap *to = add_gap(sp);
	*to = *g;
	to->off = SBX_MIN(to->off, sp->end[g->stream]);
	sp->gap_bytes += g->bytes;
}

int
spool_run_begin(struct spool *sp, uint64_t run, int32_t pid, int64_t wall_ms)
{
	/* Of earlier ones only the file knows. */
	if (sp->planned && logruns_last(&sp->runs))
		(void)spool_dir(sp);
	return logruns_begin(runs(sp), run, pid, wall_ms, sp->end);
}

int
spool_run_end(struct spool *sp, int32_t status, int64_t wall_ms)
{
	return logruns_end(runs(sp), status, wall_ms, sp->end);
}

int
spool_run_tell(struct spool *sp, const struct log_run *from)
{
	return logruns_tell(runs(sp), from);
}

const struct log_run *
spool_run(const struct spool *sp)
{
	return logruns_last(&sp->runs);
}

struct logsegs *
spool_table(struct spool *sp)
{
	return &sp->table;
}

int
spool_index_begin(struct spool *sp, struct logseg *g, uint64_t first_seq,
		  const uint64_t *start, uint32_t flags)
{
	struct log_header h = g->head;
	h.first_seq = first_seq;
	memcpy(h.start, start, sizeof(h.start));
	h.flags = flags;
	h.gap_bytes = sp->gap_indexed;
	h.sum = log_header_sum(&h);
	int fd = logsegs_fd(&sp->table, h.segment, LOG_SUFFIX_IDX, false);
	if (fd < 0)
		return fd;
	ssize_t n = sys_pwrite(fd, &h, sizeof(h), 0);
	if (n != (ssize_t)sizeof(h))
		return n < 0 ? (int)n : -ENOSPC;
	g->head = h;
	return 0;
}

ssize_t
spool_index_add(struct spool *sp, struct logseg *g, const struct log_entry *e,
		size_t count)
{
	int fd = logsegs_fd(&sp->table, g->head.segment, LOG_SUFFIX_IDX, false);
	if (fd < 0)
		return fd;
	ssize_t n = sys_pwrite(fd, e, count * sizeof(*e),
			       (int64_t)(sizeof(struct log_header) +
					 g->entries * sizeof(*e)));
	if (n < 0)
		return n;
	n /= (ssize_t)sizeof(*e);
	g->entries += (size_t)n;
	sp->total += (size_t)n * sizeof(*e);
	return n;
}

bool
spool_gap_find(const struct spool *sp, enum log_stream s,
	       struct spool_gap *out)
{
	for (size_t i = 0; i < sp->gap_count; i++) {
		if (sp->gaps[i].stream == s) {
			*out = sp->gaps[i];
			return true;
		}
	}
	return false;
}

void
spool_gap_done(struct spool *sp, enum log_stream s)
{
	size_t i = 0;
	while (i < sp->gap_count && sp->gaps[i].stream != s)
		i++;
	if (i == sp->gap_count)
		return;
	sp->gap_indexed += sp->gaps[i].bytes;
	sp->gap_count--;
	memmove(&sp->gaps[i], &sp->gaps[i + 1],
		(sp->gap_count - i) * sizeof(sp->gaps[0]));
}

const uint64_t *
spool_mark(const struct spool *sp, bool *is_end)
{
	return logruns_mark(&sp->runs, is_end);
}

void
spool_mark_done(struct spool *sp, uint64_t seq)
{
	logruns_mark_done(runs(sp), seq);
}
