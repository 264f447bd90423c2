#include "transit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"
#include "spool.h"

struct transit {
	int read_fd, write_fd;
	struct transit_mark *mark;
	transit_owner_fn *owner;
	void *arg;
	bool in_use;		/* there may be bytes in the pipe */
};

static size_t
waiting_bytes(const struct transit *t)
{
	int n = 0;

	return ioctl(t->read_fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

/* Nobody will ever ask for these. */
static ssize_t
throw_away(struct transit *t, size_t len)
{
	char data[4096];

	return sys_read(t->read_fd, data, SBX_MIN(len, sizeof data));
}

/* From the pipe to where the mark says; false if some of it is left. */
static bool
deliver(struct transit *t, struct spool *sp, size_t left)
{
	while (left > 0) {
		ssize_t n = sp ? spool_splice(sp,
					      (enum log_stream)t->mark->stream,
					      t->read_fd, left) :
				 throw_away(t, left);
		if (n <= 0)
			return false;
		left -= (size_t)n;
	}
	t->in_use = false;
	return true;
}

/* What a former engine, or a failing disk, has left in the pipe. */
static bool
deliver_rest(struct transit *t)
{
	bool is_ours = t->mark->stream < LOG_STREAMS;

	return deliver(t, is_ours ? t->owner(t->mark->id, t->arg) : NULL,
		       waiting_bytes(t));
}

struct transit *
transit_new(int read_fd, int write_fd, struct transit_mark *mark,
	    transit_owner_fn *owner, void *arg)
{
	struct transit *t = mem_alloc(sizeof *t);

	*t = (struct transit){
		.read_fd = read_fd, .write_fd = write_fd, .mark = mark,
		.owner = owner, .arg = arg, .in_use = true,
	};
	deliver_rest(t);
	return t;
}

void
transit_free(struct transit *t)
{
	if (!t)
		return;
	sys_close(t->read_fd);
	sys_close(t->write_fd);
	free(t);
}

ssize_t
transit_move(struct transit *t, uint32_t id, enum log_stream s,
	     struct spool *sp, int fd, size_t max)
{
	if (t->in_use && !deliver_rest(t))
		return -EAGAIN;
	*t->mark = (struct transit_mark){ id, s };
	t->in_use = true;
	ssize_t n = sys_splice(fd, t->write_fd, NULL, max);
	if (n > 0) {
		deliver(t, sp, (size_t)n);
		return n;
	}
	t->in_use = false;
	/* Of a terminal EIO is the end. */
	if (n == 0 || n == -EAGAIN || n == -EBADF ||
	    (n == -EIO && s == LOG_PTY))
		return n;
	/* Where splice is refused or fails, the spool copies. */
	return spool_splice(sp, s, fd, max);
}
