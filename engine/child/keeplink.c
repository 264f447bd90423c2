#include "keeplink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"

enum {
	MESSAGES_A_TURN = 256,
	RETRY_US = 10 * 1000,
	DEATH_US = 500 * 1000,	/* from the socket's end to its own */
};

/* A message that the keeper has not taken yet. */
struct waiting {
	struct list node;
	int fd;			/* -1: none; else ours */
	size_t len;
	unsigned char data[];
};

struct keeplink {
	struct source *source;	/* NULL: the keeper is gone */
	struct timer *retry;
	const struct keeplink_events *ev;
	void *arg;
	struct list queue;
	size_t queued;
	int broken;		/* why it is to be lost; 0: it is not */
	struct buf out;
	bool adopted;		/* until then the slots are not all known */
};

static void
drop_waiting(struct keeplink *k, struct waiting *w)
{
	list_del(&w->node);
	sys_close(w->fd);
	free(w);
	k->queued--;
}

static void
lose_keeper(struct keeplink *k, int error)
{
	loop_drop(k->source);
	k->source = NULL;
	timer_stop(k->retry);
	list_each_safe(pos, next, &k->queue)
		drop_waiting(k, container_of(pos, struct waiting, node));
	k->ev->gone(error, k->arg);
}

static void
wait_for_room(struct keeplink *k, int error)
{
	/* Told from the loop: whoever sends is in the middle of something. */
	if (error != -EAGAIN && !sys_is_shortage(error)) {
		k->broken = -error;
		loop_want(k->source, 0);
		timer_arm(k->retry, clock_us());
		return;
	}
	/*
	 * A full socket says by poll when it is no longer; a limit on the
	 * descriptors under way, or a lack of memory, does not.
	 */
	if (error == -EAGAIN)
		loop_want(k->source, LOOP_IN | LOOP_OUT);
	else
		timer_arm(k->retry, clock_us() + RETRY_US);
}

/* Sends or queues; takes fd (-1: none) in every case.  behind may be NULL. */
static int
post_with(struct keeplink *k, const struct keepmsg *m, const struct buf *behind,
	  int fd)
{
	int r = k->source && !k->broken ? keepmsg_pack(m, &k->out) : -EPIPE;
	if (r == 0 && behind)
		r = buf_add(&k->out, behind->data, behind->len);
	if (r < 0)
		goto out;
	r = -EAGAIN;
	if (list_empty(&k->queue)) {
		ssize_t n = sys_sendmsg(loop_fd(k->source), k->out.data,
					k->out.len, &fd, fd >= 0);
		r = n < 0 ? (int)n : 0;
		if (r == 0 || r == -EPIPE || r == -ECONNRESET)
			goto out;
	}
	/* Who would have to say it again has nothing to remember it by. */
	if (k->queued >= KEEPLINK_QUEUE_MAX && m->type != KEEP_RELEASE) {
		r = -ENOBUFS;
		goto out;
	}
	if (list_empty(&k->queue))
		wait_for_room(k, r);
	struct waiting *w = mem_alloc(sizeof *w + k->out.len);
	memcpy(w->data, k->out.data, k->out.len);
	w->len = k->out.len;
	w->fd = fd;
	list_add_tail(&k->queue, &w->node);
	k->queued++;
	return 0;
out:
	sys_close(fd);
	return r;
}

static int
post(struct keeplink *k, const struct keepmsg *m, int fd)
{
	return post_with(k, m, NULL, fd);
}

static void
send_waiting(struct keeplink *k)
{
	list_each_safe(pos, next, &k->queue) {
		struct waiting *w = container_of(pos, struct waiting, node);
		ssize_t n = sys_sendmsg(loop_fd(k->source), w->data, w->len,
					&w->fd, w->fd >= 0);
		if (n < 0) {
			wait_for_room(k, (int)n);
			return;
		}
		drop_waiting(k, w);
	}
	loop_want(k->source, LOOP_IN);
}

static void
retry(struct timer *t, void *arg)
{
	struct keeplink *k = arg;

	(void)t;
	if (k->broken) {
		lose_keeper(k, k->broken);
		return;
	}
	loop_want(k->source, LOOP_IN);
	send_waiting(k);
}

static struct keep_exit
exit_of(const struct keepmsg *m)
{
	return (struct keep_exit){
		.status = m->status, .end_us = m->end_us,
		.user_us = m->user_us, .sys_us = m->sys_us,
		.maxrss_bytes = m->maxrss_bytes, .orphans = m->count,
	};
}

static void
got_hello(struct keeplink *k, const struct keepmsg *m, const int *fds, int nfds)
{
	struct keepmsg ready = { .type = KEEP_READY, .version = KEEP_VERSION };
	struct keep_hello h = {
		.version = m->version, .keeper = m->pid, .slots = m->count,
		.transit = { -1, -1 }, .registry = { -1, -1 },
	};
	int *const place[] = { &h.transit[0], &h.transit[1], &h.registry[0],
			       &h.registry[1] };

	for (int i = 0; i < nfds; i++) {
		if (i < (int)ARRAY_LEN(place))
			*place[i] = fds[i];
		else
			sys_close(fds[i]);
	}
	if (m->version != KEEP_VERSION || h.registry[1] < 0) {
		/* Ending without READY makes the keeper run its own binary. */
		for (size_t i = 0; i < ARRAY_LEN(place); i++)
			sys_close(*place[i]);
		lose_keeper(k, m->version != KEEP_VERSION ? EPROTO : EMFILE);
		return;
	}
	k->ev->hello(&h, k->arg);
	post(k, &ready, -1);
}

static void
got_adopt(struct keeplink *k, const struct keepmsg *m, const int *fds, int nfds,
	  bool lost)
{
	struct keep_slot s = {
		.slot = m->slot, .tag = m->tag,
		.state = (enum keep_state)m->state, .flags = m->flags,
		.pid = m->pid, .start_us = m->start_us, .exit = exit_of(m),
		.step = (enum spawn_step)m->step, .error = m->error,
		.fds_lost = lost,
	};

	keep_fds_take(&s.fds, m->fd_mask, fds, nfds);
	k->ev->adopt(&s, k->arg);
}

static void
got_started(struct keeplink *k, const struct keepmsg *m, const int *fds,
	    int nfds, bool lost)
{
	struct keep_start s = {
		.slot = m->slot, .pid = m->pid, .start_us = m->start_us,
		.fds_lost = lost,
	};

	keep_fds_take(&s.fds, m->fd_mask, fds, nfds);
	k->ev->started(&s, k->arg);
}

static void
dispatch(struct keeplink *k, const struct keepmsg *m, const int *fds, int nfds,
	 bool lost)
{
	struct keep_exit e = exit_of(m);

	switch (m->type) {
	case KEEP_HELLO:
		got_hello(k, m, fds, nfds);
		break;
	case KEEP_ADOPT:
		got_adopt(k, m, fds, nfds, lost);
		break;
	case KEEP_ADOPT_END:
		k->adopted = true;
		k->ev->adopted(k->arg);
		break;
	case KEEP_STARTED:
		got_started(k, m, fds, nfds, lost);
		break;
	case KEEP_FAILED:
		k->ev->failed(m->slot, (enum spawn_step)m->step, m->error,
			      k->arg);
		break;
	case KEEP_EXITED:
		k->ev->exited(m->slot, &e, k->arg);
		break;
	case KEEP_STOPPED:
	case KEEP_CONTINUED:
		k->ev->paused(m->slot, m->type == KEEP_STOPPED, k->arg);
		break;
	case KEEP_TERM:
		k->ev->term(k->arg);
		break;
	default:
		break;
	}
}

/* One message; false when there is none, or no keeper, any more. */
static bool
receive(struct keeplink *k)
{
	struct keepmsg m;
	unsigned char data[KEEP_LEN + 1];
	int fds[SYS_FDS_MAX], nfds;

	memset(data, 0, sizeof data);
	ssize_t n = sys_recvmsg(loop_fd(k->source), data, sizeof data, fds,
				&nfds);
	if (n == -EAGAIN)
		return false;
	/* The message is there even where its descriptors found no room. */
	bool lost = n == -EPROTO;
	if (lost)
		n = KEEP_LEN;
	if (n == -ENOMEM || n == -ENOBUFS) {
		loop_want(k->source, 0);
		timer_arm(k->retry, clock_us() + RETRY_US);
		return false;
	}
	if (n <= 0) {
		lose_keeper(k, (int)-n);
		return false;
	}
	if (keepmsg_unpack(&m, data, (size_t)n) < 0) {
		while (nfds > 0)
			sys_close(fds[--nfds]);
		lose_keeper(k, EPROTO);
		return false;
	}
	dispatch(k, &m, fds, nfds, lost);
	return k->source;
}

static void
on_ready(struct source *s, unsigned events, void *arg)
{
	struct keeplink *k = arg;

	(void)s;
	if (events & LOOP_OUT)
		send_waiting(k);
	for (int i = 0; i < MESSAGES_A_TURN && k->source; i++)
		if (!receive(k))
			break;
}

struct keeplink *
keeplink_new(struct loop *l, int fd, const struct keeplink_events *ev,
	     void *arg)
{
	struct keeplink *k = mem_alloc(sizeof *k);

	int r = sys_set_nonblock(fd, true);
	if (r == 0)
		r = sys_set_cloexec(fd, true);
	k->source = r < 0 ? NULL : loop_add(l, fd, LOOP_IN, "keeper", on_ready,
					    k);
	if (!k->source) {
		free(k);
		if (r < 0)
			errno = -r;
		return NULL;
	}
	k->retry = loop_timer(l, retry, k);
	k->ev = ev;
	k->arg = arg;
	list_init(&k->queue);
	buf_init(&k->out, KEEP_LEN + KEEP_BEHIND_MAX);
	return k;
}

void
keeplink_free(struct keeplink *k)
{
	if (!k)
		return;
	list_each_safe(pos, next, &k->queue)
		drop_waiting(k, container_of(pos, struct waiting, node));
	timer_drop(k->retry);
	loop_drop(k->source);
	buf_fini(&k->out);
	free(k);
}

/* A file with these bytes, or -errno. */
static int
memfd_of(const char *name, const void *data, size_t len)
{
	int fd = sys_memfd(name);
	int r = fd < 0 ? fd : sys_write_all(fd, data, len);

	if (r == 0)
		return fd;
	sys_close(fd);
	return r;
}

int
keeplink_spawn(struct keeplink *k, const struct spawn_req *r)
{
	struct keepmsg m = {
		.type = KEEP_SPAWN, .slot = r->slot, .tag = r->tag,
		.rows = r->rows, .cols = r->cols,
	};

	if (r->slot == 0 || (r->stdin_kind == SPAWN_STDIN_TTY && !r->tty))
		return -EINVAL;
	if (!k->adopted)
		return -ENOTCONN;
	if (r->stdin_kind == SPAWN_STDIN_PIPE)
		m.flags |= KEEP_STDIN_PIPE;
	if (r->stdin_kind == SPAWN_STDIN_TTY)
		m.flags |= KEEP_STDIN_TTY;
	if (r->tty)
		m.flags |= KEEP_TTY;
	if (r->stderr_apart)
		m.flags |= KEEP_ERR_APART;
	if (r->notify)
		m.flags |= KEEP_NOTIFY;
	struct buf b = BUF_INIT(SPAWN_PAYLOAD_MAX);
	int e = spawn_pack(r, &b), fd = -1;
	if (e == 0 && b.len <= KEEP_BEHIND_MAX)
		e = post_with(k, &m, &b, -1);
	else if (e == 0 && (e = fd = memfd_of("sbx-spawn", b.data, b.len)) >= 0)
		e = post(k, &m, fd);
	buf_fini(&b);
	return e;
}

int
keeplink_signal(struct keeplink *k, uint64_t slot, int signo, bool group)
{
	struct keepmsg m = {
		.type = KEEP_SIGNAL, .slot = slot, .signo = signo,
		.flags = group ? KEEP_GROUP : 0,
	};

	return post(k, &m, -1);
}

int
keeplink_close(struct keeplink *k, uint64_t slot, uint32_t fd_mask)
{
	struct keepmsg m = {
		.type = KEEP_CLOSE, .slot = slot, .fd_mask = fd_mask,
	};

	return post(k, &m, -1);
}

void
keeplink_release(struct keeplink *k, uint64_t slot)
{
	struct keepmsg m = { .type = KEEP_RELEASE, .slot = slot };

	/* Without a keeper there is no slot either. */
	(void)post(k, &m, -1);
}

int
keeplink_again(struct keeplink *k, uint64_t slot)
{
	struct keepmsg m = { .type = KEEP_AGAIN, .slot = slot };

	return post(k, &m, -1);
}

int
keeplink_binary(struct keeplink *k, const char *path)
{
	struct keepmsg m = { .type = KEEP_BINARY };
	int fd = memfd_of("sbx-binary", path, strlen(path));

	return fd < 0 ? fd : post(k, &m, fd);
}

int
keeplink_bye(struct keeplink *k)
{
	struct keepmsg m = { .type = KEEP_BYE };

	return post(k, &m, -1);
}

size_t
keeplink_queued(const struct keeplink *k)
{
	return k->queued;
}

bool
keeplink_died(pid_t keeper)
{
	uint64_t at_end_us = clock_us() + DEATH_US;

	/* Its descriptors are closed a moment before its children move. */
	while (getppid() == keeper) {
		if (clock_us() > at_end_us)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}
