#include "journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sys.h"

struct journal {
	int dirfd;
	int fd;			/* -1: cannot be opened at present */
	size_t size, cap;	/* of the file */
	bool torn;		/* it ends in the middle of a line */
	uint64_t seq;		/* of the newest event */
	uint64_t written;	/* up to this one all is in the file */
	uint64_t tried;		/* to write, up to this one */
	bool held;		/* nothing is written by itself */
	struct journal_event ring[JOURNAL_RING];
	char *texts[JOURNAL_RING];	/* what the strings point into */
	struct buf lines;	/* to be written */
};

/* --- finding the last number --- */

/* The number of the last line of a file that can be read, 0 if none. */
static uint64_t
last_seq(int fd, size_t size)
{
	enum { TAIL = 4 * JOURNAL_RECORD_MAX };
	size_t len = SBX_MIN(size, (size_t)TAIL);
	char *tail = mem_alloc(TAIL + 1);
	uint64_t seq = 0;

	ssize_t n = sys_pread(fd, tail, len, (int64_t)(size - len));
	char *at = tail, *end = tail + SBX_MAX(n, 0);
	/* The first line may be cut in front; then it hardly parses, and if
	 * it does its number is no higher than the ones behind it. */
	while (at < end) {
		struct journal_event e;
		char *nl = memchr(at, '\n', (size_t)(end - at));
		/* A last line that lacks just its end is going to get it. */
		if (!nl)
			nl = end;
		if (journal_parse(at, (size_t)(nl - at), &e) == 0)
			seq = SBX_MAX(seq, e.seq);
		at = nl + 1;
	}
	free(tail);
	return seq;
}

static bool
ends_torn(int fd, size_t size)
{
	char c;

	return size > 0 && sys_pread(fd, &c, 1, (int64_t)size - 1) == 1 &&
		c != '\n';
}

static uint64_t
seq_of(int dirfd, const char *name)
{
	struct stat st;
	uint64_t seq = 0;

	int fd = sys_openat(dirfd, name, O_RDONLY | O_NOFOLLOW, 0);
	if (fd >= 0 && sys_fstat(fd, &st) == 0)
		seq = last_seq(fd, (size_t)st.st_size);
	sys_close(fd);
	return seq;
}

/* --- the file --- */

static void
close_file(struct journal *j)
{
	sys_close(j->fd);
	j->fd = -1;
}

static bool
open_file(struct journal *j)
{
	struct stat st;

	if (j->fd >= 0)
		return true;
	int fd = sys_openat(j->dirfd, "journal",
			    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	if (sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		sys_close(fd);
		return false;
	}
	j->fd = fd;
	j->size = (size_t)st.st_size;
	j->torn = ends_torn(fd, j->size);
	return true;
}

/* Somebody removed or replaced it: the next event starts a new one. */
static void
check_file(struct journal *j)
{
	struct stat st;

	if (j->fd >= 0 && sys_fstat(j->fd, &st) == 0 && st.st_nlink == 0)
		close_file(j);
}

static void
rotate(struct journal *j, size_t len)
{
	if (j->size == 0 || j->size + len <= j->cap)
		return;
	if (sys_renameat(j->dirfd, "journal", "journal.1") == 0)
		close_file(j);
}

static bool
append(struct journal *j, const char *data, size_t len)
{
	ssize_t n = sys_write(j->fd, data, len);
	if (n == (ssize_t)len) {
		j->size += len;
		return true;
	}
	/* Half a line is taken back, or ended by the next write. */
	if (n > 0 && sys_ftruncate(j->fd, (int64_t)j->size) < 0) {
		j->size += (size_t)n;
		j->torn = true;
	}
	return false;
}

/* What is in the buffer, whole or not at all. */
static bool
write_lines(struct journal *j)
{
	check_file(j);
	if (!open_file(j))
		return false;
	rotate(j, j->lines.len);
	if (!open_file(j))
		return false;
	if (j->torn) {
		if (!append(j, "\n", 1))
			return false;
		j->torn = false;
	}
	return append(j, j->lines.data, j->lines.len);
}

/* --- the ring --- */

static uint64_t
oldest(const struct journal *j)
{
	uint64_t seq = j->seq > JOURNAL_RING ? j->seq - JOURNAL_RING + 1 : 1;

	/* After a new start of the engine the ring begins empty. */
	while (seq <= j->seq && j->ring[seq % JOURNAL_RING].seq != seq)
		seq++;
	return seq;
}

static size_t
cut_len(const char *s)
{
	return s ? strnlen(s, JOURNAL_TEXT_MAX) : 0;
}

/* Puts one string behind the others in the slot's own memory. */
static const char *
keep(char **at, const char *s, size_t len)
{
	char *copy = *at;

	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	*at += len + 1;
	return copy;
}

static struct journal_event *
remember(struct journal *j, const struct journal_event *e)
{
	size_t slot = e->seq % JOURNAL_RING;
	size_t process = cut_len(e->process), text = cut_len(e->text);
	size_t line = cut_len(e->line_text);

	char *old = j->texts[slot];
	char *at = mem_alloc(process + text + line + 3);
	j->texts[slot] = at;
	j->ring[slot] = *e;
	j->ring[slot].process = keep(&at, e->process, process);
	j->ring[slot].text = keep(&at, e->text, text);
	j->ring[slot].line_text = keep(&at, e->line_text, line);
	/* The new event's strings may be those of the old one. */
	free(old);
	return &j->ring[slot];
}

/* Tells of the events that left the ring before they could be written; the
 * number of the last of them is free for it. */
static bool
write_gap(struct journal *j, uint64_t first_kept)
{
	char text[80];
	uint64_t count = first_kept - 1 - j->written;
	struct journal_event gap = {
		.seq = first_kept - 1,
		.wall_ms = clock_wall_ms(),
		.mono_us = clock_us(),
		.kind = EVENT_JOURNAL_GAP,
		.cause = CAUSE_ENGINE,
		.from = -1, .to = -1,
		.text = text,
	};
	snprintf(text, sizeof text, "%llu event%s could not be written",
		 (unsigned long long)count, count == 1 ? "" : "s");
	buf_clear(&j->lines);
	if (journal_format(&j->lines, &gap) < 0 || !write_lines(j))
		return false;
	j->written = first_kept - 1;
	return true;
}

/* So many of the events that are not written as find room: how many? */
static uint64_t
put_lines(struct journal *j, uint64_t max)
{
	uint64_t n = 0;

	buf_clear(&j->lines);
	while (n < max &&
	       journal_format(&j->lines, &j->ring[(j->written + n + 1) %
						  JOURNAL_RING]) == 0)
		n++;
	return n;
}

static void
write_pending(struct journal *j)
{
	uint64_t first = oldest(j);

	j->tried = j->seq;
	if (first > j->written + 1 && !write_gap(j, first))
		return;
	while (j->written < j->seq) {
		uint64_t n = put_lines(j, j->seq - j->written);
		bool done = n > 0 && write_lines(j);
		/* Where not all find room the first one may. */
		if (!done && n > 1) {
			n = put_lines(j, 1);
			done = write_lines(j);
		}
		if (!done)
			return;
		j->written += n;
	}
}

struct journal *
journal_new(int dirfd)
{
	struct stat st;

	if (dirfd < 0 || sys_fstat(dirfd, &st) < 0 || !S_ISDIR(st.st_mode))
		return NULL;
	struct journal *j = mem_alloc(sizeof *j);
	j->dirfd = dirfd;
	j->fd = -1;
	j->cap = JOURNAL_CAP;
	buf_init(&j->lines, JOURNAL_RECORD_MAX);
	if (open_file(j))
		j->seq = last_seq(j->fd, j->size);
	uint64_t old = j->seq ? 0 : seq_of(dirfd, "journal.1");
	j->seq = SBX_MAX(j->seq, old);
	j->written = j->tried = j->seq;
	return j;
}

void
journal_free(struct journal *j)
{
	if (!j)
		return;
	write_pending(j);
	close_file(j);
	for (size_t i = 0; i < JOURNAL_RING; i++)
		free(j->texts[i]);
	buf_fini(&j->lines);
	free(j);
}

void
journal_set_cap(struct journal *j, size_t bytes)
{
	j->cap = bytes;
}

uint64_t
journal_add(struct journal *j, const struct journal_event *e)
{
	struct journal_event copy = *e;

	copy.seq = ++j->seq;
	if (!copy.wall_ms)
		copy.wall_ms = clock_wall_ms();
	if (!copy.mono_us)
		copy.mono_us = clock_us();
	remember(j, &copy);
	/* Rather too early than never. */
	if (!j->held || j->seq - j->written == JOURNAL_RING)
		write_pending(j);
	return copy.seq;
}

void
journal_hold(struct journal *j)
{
	j->held = true;
}

void
journal_flush(struct journal *j)
{
	write_pending(j);
}

int
journal_pack(struct journal *j, struct buf *out)
{
	int r = 0;

	for (uint64_t seq = SBX_MAX(oldest(j), j->written + 1); seq <= j->seq;
	     seq++)
		r |= journal_format(out, &j->ring[seq % JOURNAL_RING]);
	return r;
}

void
journal_unpack(struct journal *j, const char *data, size_t len)
{
	const char *nl;

	for (; (nl = memchr(data, '\n', len)); data = nl + 1) {
		struct journal_event e;
		size_t line = (size_t)(nl - data);
		char *copy = mem_strn(data, line);
		len -= line + 1;
		if (journal_parse(copy, line, &e) == 0 && e.seq > j->seq) {
			j->seq = e.seq;
			remember(j, &e);
		}
		free(copy);
	}
	write_pending(j);
}

uint64_t
journal_unwritten(const struct journal *j)
{
	return j->tried - j->written;
}

bool
journal_waits(const struct journal *j)
{
	return j->tried < j->seq;
}

uint64_t
journal_last_seq(const struct journal *j)
{
	return j->written;
}

const struct journal_event *
journal_prev(const struct journal *j, uint64_t before, const char *name)
{
	uint64_t first = oldest(j);
	uint64_t seq = before ? SBX_MIN(before - 1, j->seq) : j->seq;

	for (; seq >= first && seq > 0; seq--) {
		const struct journal_event *e = &j->ring[seq % JOURNAL_RING];
		if (!name || strcmp(e->process, name) == 0)
			return e;
	}
	return NULL;
}
