#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base.h"
#include "buf.h"
#include "loop.h"
#include "mem.h"
#include "sys.h"

enum {
	HEAD = 12,
	READ_CHUNK = 64 << 10,
	TURN_BYTES = 256 << 10,		/* read from one peer in one turn */
	HELD_FDS_MAX = 64,	/* received, their frame still to come */
};

/* Descriptors waiting for the byte offset at which their frame starts. */
struct fd_batch {
	struct list node;
	uint64_t at;		/* stream offset of the frame's first byte */
	int fds[CONN_FDS_MAX];
	int nfds;
};

struct conn {
	struct loop *loop;
	struct source *source;
	conn_frame_fn *on_frame;
	conn_closed_fn *on_closed;
	void *arg;
	struct buf in, out;
	size_t in_used;			/* bytes of in that were delivered */
	size_t out_sent, out_max;
	uint64_t sent_total, queued_total;
	struct list out_fds;
	int held[HELD_FDS_MAX];
	int nheld;
	uid_t peer_uid;
	pid_t peer_pid;
	bool finishing, busy, dead, corked;
};

static uint32_t
load32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	       (uint32_t)u[3] << 24;
}

static void
store32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(v >> (8 * i));
}

static void
release(struct conn *c)
{
	loop_drop(c->source);
	c->source = NULL;
	while (c->nheld > 0)
		sys_close(c->held[--c->nheld]);
	list_each_safe(n, tmp, &c->out_fds) {
		struct fd_batch *b = container_of(n, struct fd_batch, node);
		for (int i = 0; i < b->nfds; i++)
			sys_close(b->fds[i]);
		list_del(n);
		free(b);
	}
	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

/* Frees now, or when the callback that is running returns. */
void
conn_free(struct conn *c)
{
	if (!c)
		return;
	if (c->busy)
		c->dead = true;
	else
		release(c);
}

static void
closed(struct conn *c, const char *why)
{
	if (c->dead)
		return;
	bool was_busy = c->busy;
	c->busy = true;
	c->on_closed(c, why, c->arg);
	c->busy = was_busy;
	conn_free(c);
}

static void
update_wants(struct conn *c)
{
	unsigned want = 0;
	if (!c->finishing)
		want |= LOOP_IN;
	/* Who has corked it lets it go by itself. */
	if (c->out.len > c->out_sent && !c->corked)
		want |= LOOP_OUT;
	loop_want(c->source, want);
}

/*
 * Descriptors go out with the first byte of their frame, so a write must not
 * run across the start of a frame that carries some.
 */
static int
flush(struct conn *c)
{
	while (!c->corked && c->out_sent < c->out.len) {
		size_t len = c->out.len - c->out_sent;
		struct fd_batch *b = NULL;
		if (!list_empty(&c->out_fds))
			b = container_of(c->out_fds.next, struct fd_batch,
					 node);
		bool now = b && b->at == c->sent_total;
		if (b && !now)
			len = SBX_MIN(len, (size_t)(b->at - c->sent_total));
		if (now && b->node.next != &c->out_fds) {
			struct fd_batch *next = container_of(
				b->node.next, struct fd_batch, node);
			len = SBX_MIN(len, (size_t)(next->at - b->at));
		}
		ssize_t n = sys_sendmsg(loop_fd(c->source),
					c->out.data + c->out_sent, len,
					now ? b->fds : NULL, now ? b->nfds : 0);
		if (n == -EAGAIN)
			break;
		if (n < 0)
			return (int)n;
		if (now) {
			for (int i = 0; i < b->nfds; i++)
				sys_close(b->fds[i]);
			list_del(&b->node);
			free(b);
		}
		c->out_sent += (size_t)n;
		c->sent_total += (uint64_t)n;
	}
	if (c->out_sent == c->out.len) {
		c->out_sent = 0;
		/* A burst must not keep its memory for ever. */
		if (c->out.cap > READ_CHUNK)
			buf_fini(&c->out);
		else
			buf_clear(&c->out);
	} else if (c->out_sent > READ_CHUNK) {
		buf_skip(&c->out, c->out_sent);
		c->out_sent = 0;
	}
	return 0;
}

void
conn_allow(struct conn *c, size_t queue_max)
{
	c->out_max = queue_max;
	/* What was sent of it already is cut off in larger pieces. */
	c->out.max = queue_max + READ_CHUNK;
}

size_t
conn_queued(const struct conn *c)
{
	return c->out.len - c->out_sent;
}

size_t
conn_room(const struct conn *c)
{
	size_t queued = conn_queued(c);

	return queued < c->out_max ? c->out_max - queued : 0;
}

int
conn_send(struct conn *c, uint16_t type, uint32_t id, const void *data,
	  size_t len, const int *fds, int nfds)
{
	if (len > CONN_FRAME_MAX || nfds > CONN_FDS_MAX)
		return -EMSGSIZE;
	if (c->dead || c->finishing || !c->source)
		return -EPIPE;
	if (len + HEAD > conn_room(c))
		return -EAGAIN;
	struct fd_batch *b = NULL;
	if (nfds > 0) {
		b = mem_alloc(sizeof *b);
		list_init(&b->node);
		b->at = c->queued_total;
		for (; b->nfds < nfds; b->nfds++) {
			int fd = sys_dup(fds[b->nfds]);
			if (fd < 0) {
				while (b->nfds > 0)
					sys_close(b->fds[--b->nfds]);
				free(b);
				return fd;
			}
			b->fds[b->nfds] = fd;
		}
		list_add_tail(&c->out_fds, &b->node);
	}
	char head[HEAD];
	store32(head, (uint32_t)len);
	head[4] = (char)type;
	head[5] = (char)(type >> 8);
	/* The receiver must know how many descriptors belong to the frame. */
	head[6] = (char)nfds;
	head[7] = 0;
	store32(head + 8, id);
	int r = buf_add(&c->out, head, HEAD);
	if (r == 0)
		r = buf_add(&c->out, data, len);
	assert(r == 0);
	c->queued_total += HEAD + len;
	/* At once: a reply or a key must not wait for the next turn.  What is
	 * sent from a callback leaves when it returns. */
	if (c->busy || c->corked)
		return 0;
	if (flush(c) == 0)
		update_wants(c);
	else
		loop_want(c->source, loop_wanted(c->source) | LOOP_OUT);
	return 0;
}

static bool
deliver(struct conn *c)
{
	while (!c->dead && !c->finishing) {
		size_t have = c->in.len - c->in_used;
		const char *p = c->in.data + c->in_used;
		if (have < HEAD)
			break;
		uint32_t len = load32(p);
		int nfds = (unsigned char)p[6];
		if (len > CONN_FRAME_MAX || nfds > CONN_FDS_MAX || p[7]) {
			closed(c, "the peer sent a malformed frame");
			return false;
		}
		if (have < HEAD + (size_t)len)
			break;
		if (nfds > c->nheld) {
			closed(c, "the peer sent a frame without its "
				  "descriptors");
			return false;
		}
		int fds[CONN_FDS_MAX];
		memcpy(fds, c->held, sizeof(int) * (size_t)nfds);
		c->nheld -= nfds;
		memmove(c->held, c->held + nfds,
			sizeof(int) * (size_t)c->nheld);
		struct conn_frame f = {
			.type = (uint16_t)((unsigned char)p[4] |
					   (unsigned char)p[5] << 8),
			.id = load32(p + 8),
			.data = p + HEAD,
			.len = len,
			.fds = fds,
			.nfds = nfds,
		};
		c->in_used += HEAD + (size_t)len;
		c->on_frame(c, &f, c->arg);
		for (int i = 0; i < nfds; i++)
			sys_close(fds[i]);
	}
	if (c->in_used == c->in.len) {
		c->in_used = 0;
		if (c->in.cap > READ_CHUNK * 2)
			buf_fini(&c->in);
		else
			buf_clear(&c->in);
	} else if (c->in_used > 0) {
		buf_skip(&c->in, c->in_used);
		c->in_used = 0;
	}
	return !c->dead;
}

static bool
read_some(struct conn *c)
{
	for (size_t total = 0; total < TURN_BYTES;) {
		int fds[SYS_FDS_MAX], nfds;
		char *room = buf_room(&c->in, READ_CHUNK);
		assert(room);
		ssize_t n = sys_recvmsg(loop_fd(c->source), room, READ_CHUNK,
					fds, &nfds);
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			closed(c, n == 0 || n == -ECONNRESET ? "" :
				  strerror((int)-n));
			return false;
		}
		bool fits = c->nheld + nfds <= HELD_FDS_MAX;
		for (int i = 0; i < nfds; i++) {
			if (fits)
				c->held[c->nheld++] = fds[i];
			else
				sys_close(fds[i]);
		}
		if (!fits) {
			closed(c, "the peer sent too many descriptors");
			return false;
		}
		buf_grew(&c->in, (size_t)n);
		total += (size_t)n;
		if (!deliver(c))
			return false;
		if (c->finishing || n < READ_CHUNK)
			break;
	}
	return true;
}

/* A peer that has just gone is no news. */
static void
flush_or_close(struct conn *c)
{
	int r = flush(c);

	if (r < 0)
		closed(c, r == -EPIPE || r == -ECONNRESET ? "" : strerror(-r));
}

static void
on_ready(struct source *s, unsigned events, void *arg)
{
	struct conn *c = arg;
	(void)s;

	c->busy = true;
	if ((events & LOOP_OUT) && !c->dead)
		flush_or_close(c);
	if ((events & LOOP_IN) && !c->dead && !c->finishing)
		read_some(c);
	/* Replies to what was just read leave in the same turn. */
	if (!c->dead)
		flush_or_close(c);
	c->busy = false;
	if (!c->dead && c->finishing && c->out.len == c->out_sent)
		closed(c, "");
	else if (c->dead)
		release(c);
	else
		update_wants(c);
}

struct conn *
conn_new(struct loop *l, int fd, conn_frame_fn *on_frame,
	 conn_closed_fn *on_closed, void *arg)
{
	struct conn *c = mem_alloc(sizeof *c);
	*c = (struct conn){ .loop = l, .on_frame = on_frame,
			    .on_closed = on_closed, .arg = arg,
			    .peer_uid = (uid_t)-1 };
	buf_init(&c->in, CONN_FRAME_MAX + HEAD + READ_CHUNK);
	conn_allow(c, CONN_QUEUE_MAX);
	list_init(&c->out_fds);
	struct ucred cred;
	socklen_t len = sizeof cred;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
		c->peer_uid = cred.uid;
		c->peer_pid = cred.pid;
	}
	int r = sys_set_nonblock(fd, true);
	if (r == 0) {
		c->source = loop_add(l, fd, LOOP_IN, "client", on_ready, c);
		r = c->source ? 0 : -errno;
	}
	if (r < 0) {
		sys_close(fd);
		free(c);
		errno = -r;
		return NULL;
	}
	return c;
}

void
conn_finish(struct conn *c)
{
	c->finishing = true;
	if (!c->busy) {
		/* Through the loop, so that on_closed is never reentrant. */
		loop_want(c->source, LOOP_OUT);
	}
}

void
conn_cork(struct conn *c)
{
	c->corked = true;
}

void
conn_uncork(struct conn *c)
{
	if (!c->corked)
		return;
	c->corked = false;
	/* An end that cannot be reached is found by the loop. */
	if (!c->busy && flush(c) == 0 && !c->finishing)
		update_wants(c);
	else
		loop_want(c->source, loop_wanted(c->source) | LOOP_OUT);
}

int
conn_peer_uid(const struct conn *c)
{
	return (int)c->peer_uid;
}

pid_t
conn_peer_pid(const struct conn *c)
{
	return c->peer_pid;
}
