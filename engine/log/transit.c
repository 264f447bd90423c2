#include "transit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"
#include "logtold.h"
#include "spool.h"

enum { PIECE_MIN = 4096, COPY_MAX = 64 << 10 };

struct transit {
	int read_fd, write_fd;
	struct transit_mark *mark;
	transit_owner_fn *owner;
	void *arg;
	bool in_use;		/* there may be bytes in the pipe */
	int peek[2];		/* a pipe of our own; -1: not yet */
};

static size_t
bytes_in(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

/* Nobody will ever ask for these. */
static ssize_t
throw_away(struct transit *t, size_t len)
{
	char data[4096];

	return sys_read(t->read_fd, data, SBX_MIN(len, sizeof data));
}

/* What is in the pipe, of which nothing leaves: bytes, -EAGAIN: not now,
 * -EINVAL: never. */
static ssize_t
peek(struct transit *t, char *data, size_t len)
{
	if (t->peek[0] < 0 && sys_pipe(t->peek, O_NONBLOCK) < 0)
		return -EAGAIN;
	ssize_t n = sys_tee(t->read_fd, t->peek[1], len);
	if (n <= 0)
		return -EINVAL;
	n = sys_read(t->peek[0], data, (size_t)n);
	return n > 0 ? n : -EAGAIN;
}

/*
 * Through our memory.  They leave the pipe behind that, so whoever is killed
 * has lost none, and the mark says that they are in the file already.
 */
static ssize_t
copy_out(struct transit *t, struct spool *sp, size_t left)
{
	enum log_stream s = (enum log_stream)t->mark->stream;
	char data[COPY_MAX];

	ssize_t n = peek(t, data, SBX_MIN(left, sizeof data));
	if (n < 0)
		return n == -EAGAIN ? n : spool_copy(sp, s, t->read_fd, left);
	spool_append(sp, s, data, (size_t)n);
	return sys_read(t->read_fd, data, (size_t)n);
}

static ssize_t
take_out(struct transit *t, struct spool *sp, size_t left)
{
	if (!sp)
		return throw_away(t, left);
	ssize_t n = spool_splice(sp, (enum log_stream)t->mark->stream,
				 t->read_fd, left);
	return n == -EINVAL ? copy_out(t, sp, left) : n;
}

/* From the pipe to where the mark says; false if some of it is left. */
static bool
deliver(struct transit *t, struct spool *sp, size_t left)
{
	while (left > 0) {
		ssize_t n = take_out(t, sp, left);
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
		       bytes_in(t->read_fd));
}

/* Killed while it copied: what is in the file and still in the pipe. */
static void
skip_copied(struct transit *t)
{
	const struct transit_mark *m = t->mark;
	struct spool *sp = m->stream < LOG_STREAMS && m->len ?
		t->owner(m->id, t->arg) : NULL;
	if (!sp)
		return;
	uint64_t end = spool_end(sp, (enum log_stream)m->stream);
	uint64_t there = end > m->off ? end - m->off : 0;
	size_t left = bytes_in(t->read_fd);
	ssize_t n = 1;

	while (left > 0 && there + left > m->len && n > 0) {
		n = throw_away(t, SBX_MIN(left, there + left - m->len));
		left -= (size_t)SBX_MAX(n, 0);
	}
}

struct transit *
transit_new(int read_fd, int write_fd, struct transit_mark *mark,
	    transit_owner_fn *owner, void *arg)
{
	struct transit *t = mem_alloc(sizeof *t);

	*t = (struct transit){
		.read_fd = read_fd, .write_fd = write_fd, .mark = mark,
		.owner = owner, .arg = arg, .in_use = true,
		.peek = { -1, -1 },
	};
	skip_copied(t);
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
	sys_close(t->peek[0]);
	sys_close(t->peek[1]);
	free(t);
}

/* The pipe keeps them: whoever is killed here has lost none. */
static void
show(struct transit *t, size_t len, transit_seen_fn *seen, void *arg)
{
	char data[LOGTOLD_BYTES];

	if (len > sizeof data || peek(t, data, len) != (ssize_t)len)
		return;
	seen(data, len, arg);
}

ssize_t
transit_move(struct transit *t, uint32_t id, enum log_stream s,
	     struct spool *sp, int fd, size_t max, transit_seen_fn *seen,
	     void *arg)
{
	if (t->in_use && !deliver_rest(t))
		return -EAGAIN;
	*t->mark = (struct transit_mark){ .id = id, .stream = s,
					  .off = spool_end(sp, s) };
	t->in_use = true;
	ssize_t n = sys_splice(fd, t->write_fd, NULL, max);
	if (n > 0) {
		t->mark->len = (uint32_t)n;
		atomic_signal_fence(memory_order_seq_cst);
		if (seen)
			show(t, (size_t)n, seen, arg);
		deliver(t, sp, (size_t)n);
		return n;
	}
	t->in_use = false;
	/* Of a terminal EIO is the end. */
	if (n == 0 || n == -EAGAIN || n == -EBADF ||
	    (n == -EIO && s == LOG_PTY))
		return n;
	n = spool_splice(sp, s, fd, max);
	return n == -EINVAL ? spool_copy(sp, s, fd, max) : n;
}

/* What is said before has to be there when somebody looks after our death. */
static void
set_state(struct transit_mark *m, enum transit_state state)
{
	atomic_signal_fence(memory_order_seq_cst);
	m->state = state;
	atomic_signal_fence(memory_order_seq_cst);
}

/* What fd takes now, about: what it does not take comes back from the pipe. */
static size_t
room_of(int fd)
{
	int cap = fcntl(fd, F_GETPIPE_SZ);
	size_t used = cap > 0 ? bytes_in(fd) : 0;

	return cap > 0 && (size_t)cap > used + PIECE_MIN ? (size_t)cap - used :
							   PIECE_MIN;
}

/* -EBUSY: the way is not free. */
static ssize_t
send_by_pipe(struct transit *t, uint32_t id, uint64_t off, int fd,
	     const void *data, size_t len, uint64_t *typed)
{
	if (t->in_use && !deliver_rest(t))
		return -EBUSY;
	*t->mark = (struct transit_mark){ .id = id, .stream = TRANSIT_INPUT,
					  .off = off };
	set_state(t->mark, TRANSIT_FILLING);
	t->in_use = true;
	if (len > PIECE_MIN)
		len = SBX_MIN(len, room_of(fd));
	ssize_t n = sys_write(t->write_fd, data, len);
	if (n <= 0) {
		t->in_use = false;
		return -EBUSY;
	}
	t->mark->len = (uint32_t)n;
	set_state(t->mark, TRANSIT_FILLED);
	ssize_t sent = sys_splice(t->read_fd, fd, NULL, (size_t)n);
	if (sent > 0)
		*typed = off + (uint64_t)sent;
	set_state(t->mark, TRANSIT_SETTLED);
	deliver(t, NULL, (size_t)(n - SBX_MAX(sent, 0)));
	return sent;
}

ssize_t
transit_send(struct transit *t, uint32_t id, uint64_t off, int fd,
	     const void *data, size_t len, uint64_t *typed)
{
	ssize_t n = send_by_pipe(t, id, off, fd, data, len, typed);

	if (n > 0 || n == -EAGAIN || n == -EPIPE)
		return n;
	/* Where splice is refused or fails. */
	n = sys_write(fd, data, len);
	if (n > 0)
		*typed = off + (uint64_t)n;
	return n;
}

bool
transit_typed(int read_fd, const struct transit_mark *mark, uint64_t *typed)
{
	size_t left = bytes_in(read_fd);

	if (mark->stream != TRANSIT_INPUT || mark->state != TRANSIT_FILLED ||
	    left > mark->len)
		return false;
	*typed = mark->off + (mark->len - left);
	return true;
}

void
transit_typed_is_noted(struct transit_mark *mark)
{
	set_state(mark, TRANSIT_SETTLED);
}
