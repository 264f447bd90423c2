#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base.h"
#include "clock.h"
#include "mem.h"
#include "sys.h"

enum { EVENTS_PER_TURN = 64, IDLE_MAX = 8, SIGNALS_MAX = 65 };

struct source {
	struct list node;
	struct loop *loop;
	int fd;
	unsigned events;
	bool dropped;
	const char *name;
	source_fn *fn;
	void *arg;
};

struct timer {
	struct list node;
	struct loop *loop;
	uint64_t at_us;
	size_t heap_idx;	/* SIZE_MAX when not armed */
	bool dropped;
	timer_fn *fn;
	void *arg;
};

struct loop {
	int epoll_fd;		/* -1: poll is used */
	struct list sources, dropped_sources, timers, dropped_timers;
	size_t source_count;
	struct pollfd *pollfds;
	struct source **polled;
	size_t poll_cap;
	struct timer **heap;
	size_t heap_len, heap_cap;
	uint64_t timers_due_us;	/* while timers run: the earliest new one */
	int signal_pipe[2];
	struct source *signal_source;
	struct {
		loop_signal_fn *fn;
		void *arg;
	} signals[SIGNALS_MAX];
	struct {
		loop_idle_fn *fn;
		void *arg;
	} idle[IDLE_MAX];
	size_t idle_count;
	bool again, stopped, in_turn;
	bool calm, stirred;	/* what the present callback has said */
	bool calm_turn;
	const char *slow_name;
	uint64_t slow_us;
};

/* The write end that the handler uses; one loop at a time handles signals. */
static volatile sig_atomic_t signal_write_fd = -1;

static void
on_signal(int signo)
{
	int saved = errno;
	unsigned char byte = (unsigned char)signo;
	/* A full pipe means that the loop will wake up anyway. */
	ssize_t ignored = write(signal_write_fd, &byte, 1);
	(void)ignored;
	errno = saved;
}

static void
deliver_signals(struct source *s, unsigned events, void *arg)
{
	struct loop *l = arg;
	unsigned char bytes[256];
	(void)events;

	ssize_t n = sys_read(s->fd, bytes, sizeof bytes);
	for (ssize_t i = 0; i < n; i++) {
		int signo = bytes[i];
		if (signo < SIGNALS_MAX && l->signals[signo].fn)
			l->signals[signo].fn(signo, l->signals[signo].arg);
	}
}

static void
heap_swap(struct loop *l, size_t a, size_t b)
{
	struct timer *t = l->heap[a];
	l->heap[a] = l->heap[b];
	l->heap[b] = t;
	l->heap[a]->heap_idx = a;
	l->heap[b]->heap_idx = b;
}

static void
heap_up(struct loop *l, size_t i)
{
	while (i > 0) {
		size_t parent = (i - 1) / 2;
		if (l->heap[parent]->at_us <= l->heap[i]->at_us)
			return;
		heap_swap(l, i, parent);
		i = parent;
	}
}

static void
heap_down(struct loop *l, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;
		if (left < l->heap_len &&
		    l->heap[left]->at_us < l->heap[least]->at_us)
			least = left;
		if (right < l->heap_len &&
		    l->heap[right]->at_us < l->heap[least]->at_us)
			least = right;
		if (least == i)
			return;
		heap_swap(l, i, least);
		i = least;
	}
}

struct loop *
loop_new(void)
{
	struct loop *l = mem_alloc(sizeof *l);
	list_init(&l->sources);
	list_init(&l->dropped_sources);
	list_init(&l->timers);
	list_init(&l->dropped_timers);
	l->signal_pipe[0] = l->signal_pipe[1] = -1;
	l->epoll_fd = -1;
	if (!getenv("LOOP_POLL"))
		l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return l;
}

static void
sweep(struct loop *l)
{
	list_each_safe(n, tmp, &l->dropped_sources) {
		list_del(n);
		free(container_of(n, struct source, node));
	}
	list_each_safe(n, tmp, &l->dropped_timers) {
		list_del(n);
		free(container_of(n, struct timer, node));
	}
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	for (int i = 0; i < SIGNALS_MAX; i++)
		if (l->signals[i].fn)
			signal(i, SIG_DFL);
	list_each_safe(n, tmp, &l->sources)
		loop_drop(container_of(n, struct source, node));
	list_each_safe(n, tmp, &l->timers)
		timer_drop(container_of(n, struct timer, node));
	sweep(l);
	if (l->signal_pipe[1] >= 0) {
		signal_write_fd = -1;
		sys_close(l->signal_pipe[1]);
	}
	sys_close(l->epoll_fd);
	free(l->pollfds);
	free(l->polled);
	free(l->heap);
	free(l);
}

static uint32_t
epoll_bits(unsigned events)
{
	return (events & LOOP_IN ? (uint32_t)EPOLLIN : 0) |
	       (events & LOOP_OUT ? (uint32_t)EPOLLOUT : 0);
}

struct source *
loop_add(struct loop *l, int fd, unsigned events, const char *name,
	 source_fn *fn, void *arg)
{
	struct source *s = mem_alloc(sizeof *s);
	*s = (struct source){ .loop = l, .fd = fd, .events = events,
			      .name = name, .fn = fn, .arg = arg };
	if (l->epoll_fd >= 0 && events) {
		struct epoll_event ev = { .events = epoll_bits(events),
					  .data.ptr = s };
		if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
			free(s);
			return NULL;
		}
	}
	list_add_tail(&l->sources, &s->node);
	l->source_count++;
	return s;
}

/*
 * A source that wants nothing is taken out of the set: epoll reports HUP and
 * ERR whether asked or not, and a peer that hung up would spin the loop.
 */
void
loop_want(struct source *s, unsigned events)
{
	if (events == s->events)
		return;
	if (s->loop->epoll_fd >= 0) {
		struct epoll_event ev = { .events = epoll_bits(events),
					  .data.ptr = s };
		int op = !events ? EPOLL_CTL_DEL :
			 !s->events ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
		epoll_ctl(s->loop->epoll_fd, op, s->fd, &ev);
	}
	s->events = events;
}

unsigned
loop_wanted(const struct source *s)
{
	return s->events;
}

int
loop_fd(const struct source *s)
{
	return s->fd;
}

int
loop_release(struct source *s)
{
	int fd = s->fd;
	assert(!s->dropped);
	/* Before the close: a child may share the open file description. */
	loop_want(s, 0);
	s->dropped = true;
	s->fd = -1;
	list_del(&s->node);
	s->loop->source_count--;
	list_add_tail(&s->loop->dropped_sources, &s->node);
	return fd;
}

void
loop_drop(struct source *s)
{
	if (s)
		sys_close(loop_release(s));
}

struct timer *
loop_timer(struct loop *l, timer_fn *fn, void *arg)
{
	struct timer *t = mem_alloc(sizeof *t);
	*t = (struct timer){ .loop = l, .heap_idx = SIZE_MAX, .fn = fn,
			     .arg = arg };
	list_add_tail(&l->timers, &t->node);
	return t;
}

void
timer_arm(struct timer *t, uint64_t at_us)
{
	struct loop *l = t->loop;
	assert(!t->dropped);
	/* Armed in the past by a timer callback: it waits for the next turn. */
	t->at_us = SBX_MAX(at_us, l->timers_due_us);
	if (t->heap_idx == SIZE_MAX) {
		if (l->heap_len == l->heap_cap) {
			size_t cap = l->heap_cap ? 2 * l->heap_cap : 16;
			l->heap = mem_grow(l->heap, l->heap_cap, cap,
					   sizeof *l->heap);
			l->heap_cap = cap;
		}
		t->heap_idx = l->heap_len;
		l->heap[l->heap_len++] = t;
	}
	heap_up(l, t->heap_idx);
	heap_down(l, t->heap_idx);
}

void
timer_stop(struct timer *t)
{
	struct loop *l = t->loop;
	size_t i = t->heap_idx;
	if (i == SIZE_MAX)
		return;
	heap_swap(l, i, l->heap_len - 1);
	l->heap_len--;
	t->heap_idx = SIZE_MAX;
	if (i < l->heap_len) {
		heap_up(l, i);
		heap_down(l, i);
	}
}

bool
timer_armed(const struct timer *t)
{
	return t->heap_idx != SIZE_MAX;
}

uint64_t
timer_at(const struct timer *t)
{
	return timer_armed(t) ? t->at_us : UINT64_MAX;
}

void
timer_drop(struct timer *t)
{
	if (!t)
		return;
	timer_stop(t);
	t->dropped = true;
	list_del(&t->node);
	list_add_tail(&t->loop->dropped_timers, &t->node);
}

int
loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *arg)
{
	assert(signo > 0 && signo < SIGNALS_MAX);
	if (l->signal_pipe[1] < 0) {
		int r = sys_pipe(l->signal_pipe, O_NONBLOCK);
		if (r < 0)
			return r;
		l->signal_source = loop_add(l, l->signal_pipe[0], LOOP_IN,
					    "signals", deliver_signals, l);
		if (!l->signal_source) {
			r = -errno;
			sys_close(l->signal_pipe[0]);
			sys_close(l->signal_pipe[1]);
			l->signal_pipe[1] = -1;
			return r;
		}
		signal_write_fd = l->signal_pipe[1];
	}
	l->signals[signo].fn = fn;
	l->signals[signo].arg = arg;
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };
	sigfillset(&sa.sa_mask);
	return sigaction(signo, &sa, NULL) < 0 ? -errno : 0;
}

void
loop_idle(struct loop *l, loop_idle_fn *fn, void *arg)
{
	assert(l->idle_count < IDLE_MAX);
	l->idle[l->idle_count].fn = fn;
	l->idle[l->idle_count++].arg = arg;
}

void
loop_again(struct loop *l)
{
	l->again = true;
}

static void
note_duration(struct loop *l, const char *name, uint64_t since_us)
{
	uint64_t for_us = clock_us() - since_us;
	if (for_us > l->slow_us) {
		l->slow_us = for_us;
		l->slow_name = name;
	}
}

static void
begin_callback(struct loop *l)
{
	l->calm = l->stirred = false;
}

static void
end_callback(struct loop *l)
{
	l->calm_turn &= l->calm && !l->stirred;
}

static void
run_source(struct source *s, unsigned events)
{
	if (s->dropped || !s->events)
		return;
	uint64_t start = clock_us();
	struct loop *l = s->loop;
	const char *name = s->name;
	begin_callback(l);
	s->fn(s, events, s->arg);
	end_callback(l);
	note_duration(l, name, start);
}

static void
run_timers(struct loop *l)
{
	uint64_t now = clock_us();
	l->timers_due_us = now + 1;
	while (l->heap_len && l->heap[0]->at_us <= now) {
		struct timer *t = l->heap[0];
		timer_stop(t);
		begin_callback(l);
		t->fn(t, t->arg);
		end_callback(l);
	}
	l->timers_due_us = 0;
	note_duration(l, "timers", now);
}

static int64_t
wait_time(struct loop *l, int64_t max_wait_us)
{
	if (l->again)
		return 0;
	if (!l->heap_len)
		return max_wait_us;
	uint64_t now = clock_us(), at = l->heap[0]->at_us;
	int64_t left = at <= now ? 0 : (int64_t)(at - now);
	return max_wait_us < 0 || left < max_wait_us ? left : max_wait_us;
}

static int
wait_epoll(struct loop *l, int64_t wait_us)
{
	struct epoll_event evs[EVENTS_PER_TURN];
	struct timespec ts = { wait_us / 1000000, wait_us % 1000000 * 1000 };
	static bool no_pwait2;
	int n = -1;

	if (!no_pwait2) {
		n = epoll_pwait2(l->epoll_fd, evs, EVENTS_PER_TURN,
				 wait_us < 0 ? NULL : &ts, NULL);
		no_pwait2 = n < 0 && errno == ENOSYS;
	}
	if (no_pwait2)
		n = epoll_wait(l->epoll_fd, evs, EVENTS_PER_TURN,
			       wait_us < 0 ? -1
					   : (int)((wait_us + 999) / 1000));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	run_timers(l);
	for (int i = 0; i < n; i++) {
		uint32_t e = evs[i].events;
		run_source(evs[i].data.ptr,
			   (e & (EPOLLIN | EPOLLHUP | EPOLLERR) ? LOOP_IN : 0) |
			   (e & (EPOLLOUT | EPOLLERR) ? LOOP_OUT : 0) |
			   (e & EPOLLHUP ? LOOP_HUP : 0));
	}
	return 0;
}

static int
wait_poll(struct loop *l, int64_t wait_us)
{
	if (l->poll_cap < l->source_count) {
		l->pollfds = mem_grow(l->pollfds, l->poll_cap, l->source_count,
				      sizeof *l->pollfds);
		l->polled = mem_grow(l->polled, l->poll_cap, l->source_count,
				     sizeof *l->polled);
		l->poll_cap = l->source_count;
	}
	size_t count = 0;
	list_each(node, &l->sources) {
		struct source *s = container_of(node, struct source, node);
		if (!s->events)
			continue;
		l->polled[count] = s;
		l->pollfds[count++] = (struct pollfd){
			.fd = s->fd,
			.events = (short)((s->events & LOOP_IN ? POLLIN : 0) |
					  (s->events & LOOP_OUT ? POLLOUT : 0)),
		};
	}
	int n = poll(l->pollfds, count,
		     wait_us < 0 ? -1 : (int)((wait_us + 999) / 1000));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	run_timers(l);
	for (size_t i = 0; i < count && n > 0; i++) {
		short e = l->pollfds[i].revents;
		if (!e)
			continue;
		n--;
		run_source(l->polled[i],
			   (e & (POLLIN | POLLHUP | POLLERR) ? LOOP_IN : 0) |
			   (e & (POLLOUT | POLLERR) ? LOOP_OUT : 0) |
			   (e & POLLHUP ? LOOP_HUP : 0));
	}
	return 0;
}

int
loop_turn(struct loop *l, int64_t max_wait_us)
{
	assert(!l->in_turn);
	l->in_turn = true;
	int64_t wait_us = wait_time(l, max_wait_us);
	l->calm_turn = !l->again;
	l->again = false;
	int r = l->epoll_fd >= 0 ? wait_epoll(l, wait_us) :
				   wait_poll(l, wait_us);
	uint64_t start = clock_us();
	for (size_t i = 0; i < l->idle_count; i++)
		l->idle[i].fn(l->idle[i].arg);
	note_duration(l, "idle", start);
	sweep(l);
	l->in_turn = false;
	return r;
}

int
loop_run(struct loop *l)
{
	int r = 0;
	l->stopped = false;
	while (!l->stopped && r == 0)
		r = loop_turn(l, -1);
	return r;
}

void
loop_calm(struct loop *l)
{
	l->calm = true;
}

void
loop_stir(struct loop *l)
{
	l->stirred = true;
}

bool
loop_is_calm(const struct loop *l)
{
	return l->calm_turn;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
	l->again = true;
}

const char *
loop_slowest(struct loop *l, uint64_t *for_us)
{
	*for_us = l->slow_us;
	l->slow_us = 0;
	return l->slow_name ? l->slow_name : "";
}
