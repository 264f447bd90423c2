#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sys.h"

/*
 * A reader goes through journal.1 and then journal, and what it has seen
 * already it skips by number.  So a rotation is simply gone through again:
 * nothing is missed even if the writer rotated more than once.
 */
enum phase { OLD_FILE, NEW_FILE };

struct journal_reader {
	int dirfd;
	int fd;			/* -1: to be opened */
	enum phase phase;
	uint64_t last;		/* number of the last event given out */
	struct buf line;
	size_t at;		/* in line: the next byte to look at */
	bool overlong;		/* the line has no end within the maximum */
};

static const char *
name_of(enum phase p)
{
	return p == OLD_FILE ? "journal.1" : "journal";
}

/* To the beginning of the file of this phase. */
static void
enter(struct journal_reader *r, enum phase p)
{
	sys_close(r->fd);
	r->fd = -1;
	r->phase = p;
	r->overlong = false;
	r->at = 0;
	buf_clear(&r->line);
}

/* Is the file that has this name still the one that is read?  So it is where
 * nobody can tell: else it would be begun anew for ever. */
static bool
is_current(const struct journal_reader *r)
{
	struct stat mine, there;
	bool same = true;

	int fd = sys_openat(r->dirfd, "journal", O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return true;	/* nothing newer to go to */
	if (sys_fstat(fd, &there) == 0 && sys_fstat(r->fd, &mine) == 0)
		same = there.st_ino == mine.st_ino &&
			there.st_dev == mine.st_dev;
	sys_close(fd);
	return same;
}

/* More bytes: 1, 0 at the end of the file, -errno. */
static int
fill(struct journal_reader *r)
{
	enum { CHUNK = 16 * 1024 };
	char chunk[CHUNK];

	if (r->at)
		buf_skip(&r->line, r->at);
	r->at = 0;
	/* A line over the maximum is none of ours: its bytes go. */
	if (r->line.len >= JOURNAL_RECORD_MAX) {
		buf_clear(&r->line);
		r->overlong = true;
	}
	ssize_t n = sys_read(r->fd, chunk, sizeof chunk);
	if (n <= 0)
		return (int)n;
	return buf_add(&r->line, chunk, (size_t)n) < 0 ? -EMSGSIZE : 1;
}

/* 1: an event of the present file; 0: no more of them at present. */
static int
next_of_file(struct journal_reader *r, struct journal_event *e)
{
	for (;;) {
		size_t left = r->line.len - r->at;
		char *line = left ? r->line.data + r->at : NULL;
		char *nl = left ? memchr(line, '\n', left) : NULL;
		if (!nl) {
			int n = fill(r);
			if (n <= 0)
				return n;
			continue;
		}
		size_t len = (size_t)(nl - line);
		r->at += len + 1;
		bool tail = r->overlong;
		r->overlong = false;
		if (tail || journal_parse(line, len, e) < 0 ||
		    e->seq <= r->last)
			continue;
		r->last = e->seq;
		return 1;
	}
}

struct journal_reader *
journal_open(int dirfd, uint64_t after)
{
	struct journal_reader *r = mem_alloc(sizeof *r);

	r->dirfd = dirfd;
	r->fd = -1;
	r->last = after;
	buf_init(&r->line, 4 * JOURNAL_RECORD_MAX);
	enter(r, OLD_FILE);
	return r;
}

void
journal_close(struct journal_reader *r)
{
	if (!r)
		return;
	sys_close(r->fd);
	buf_fini(&r->line);
	free(r);
}

int
journal_next(struct journal_reader *r, struct journal_event *e)
{
	for (;;) {
		if (r->fd < 0) {
			int fd = sys_openat(r->dirfd, name_of(r->phase),
					    O_RDONLY | O_NOFOLLOW, 0);
			if (fd < 0 && fd != -ENOENT)
				return fd;
			r->fd = SBX_MAX(fd, -1);
		}
		int n = r->fd < 0 ? 0 : next_of_file(r, e);
		if (n != 0)
			return n;
		/* Asked after the end was seen: what was written between the
		 * two is found when journal.1 is gone through. */
		if (r->phase == OLD_FILE)
			enter(r, NEW_FILE);
		else if (r->fd < 0 || is_current(r))
			return 0;
		else
			enter(r, OLD_FILE);
	}
}
