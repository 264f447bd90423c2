#ifndef SBX_TEST_KEEPRIG_H
#define SBX_TEST_KEEPRIG_H

/*
 * A real anchor and keeper with the test in the place of the engine.  The
 * keeper starts this same program as its engine; that process hands its end
 * of the keeper's socket to the test and then only lives, so that the test
 * can speak as the engine and kill it as often as it likes.
 *
 * The test is a subreaper: what escapes from the keeper and the anchor comes
 * to it, and rig_survivors() counts that.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/loop.h"
#include "engine/base/mem.h"
#include "engine/base/procfs.h"
#include "engine/base/sys.h"
#include "engine/child/anchor.h"
#include "engine/child/keeplink.h"
#include "engine/child/tree.h"

enum { RIG_RUNS_MAX = 5000, RIG_WAIT_S = 20 };
/* For what takes milliseconds, on a machine that has other things to do. */
enum { SOON_MS = RIG_WAIT_S * 1000 };

/* Tests that run side by side must not take each other's processes. */
#define RIG_SET (0x1000000u + (uint32_t)getpid())

struct rig_run {
	uint64_t tag;
	pid_t pid;
	bool started, failed, exited, adopted, fds_lost;
	int paused, continued;
	int step, error;
	enum keep_state state;
	struct keep_exit exit;
	struct keep_fds fds;
	struct buf out[KEEP_FDS];
	bool eof[KEEP_FDS];
	uint64_t exited_at_us;
};

struct rig {
	struct loop *loop;
	struct keeplink *link;
	int listen, ctl, fd;		/* fd: of link */
	pid_t anchor, keeper, engine;
	int nadopt, adopt_ends, terms, gone;
	int registry[KEEP_FILES];
	bool reading;			/* outputs are gathered */
	struct rig_run *runs;		/* slot = index + 1 */
	size_t nruns;
};

/* Where the name of the test's socket is told to the engine. */
#define RIG_ENV "SBX_TEST_RIG"

static inline socklen_t
rig_address(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	size_t len = strlen(name);
	memcpy(a->sun_path + 1, name, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

/* What the engine does at a byte of the test; at the end it exits, too. */
enum { RIG_EXIT = 'x', RIG_HANG_UP = 'h' };

/* This program as the engine; runs before main. */
__attribute__((constructor)) static void
rig_be_engine(void)
{
	const char *name = getenv(RIG_ENV);
	struct sockaddr_un a;
	char c;

	if (!name || !getenv("SBX_KEEPER_FD"))
		return;
	prctl(PR_SET_NAME, ENGINE_NAME);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid = getpid();
	int fd = KEEPER_FD;
	/* Without its test there is nothing to live for. */
	if (connect(s, (struct sockaddr *)&a, rig_address(&a, name)) < 0 ||
	    sys_sendmsg(s, &pid, sizeof pid, &fd, 1) < 0) {
		kill(getppid(), SIGKILL);
		_exit(1);
	}
	while (read(s, &c, 1) == 1 && c != RIG_EXIT)
		close(KEEPER_FD);
	_exit(0);
}

static inline struct rig_run *
rig_run(struct rig *r, uint64_t slot)
{
	return &r->runs[slot - 1];
}

static inline void
rig_on_hello(const struct keep_hello *h, void *arg)
{
	struct rig *r = arg;

	r->keeper = h->keeper;
	for (int i = 0; i < KEEP_FILES; i++) {
		sys_close(r->registry[i]);
		r->registry[i] = h->registry[i];
		sys_close(h->transit[i]);
	}
}

static inline void
rig_on_adopt(const struct keep_slot *s, void *arg)
{
	struct rig *r = arg;
	struct rig_run *run = rig_run(r, s->slot);

	r->nadopt++;
	run->adopted = true;
	run->state = s->state;
	run->tag = s->tag;
	run->pid = s->pid;
	run->exit = s->exit;
	run->step = s->step;
	run->error = s->error;
	run->fds = s->fds;
	run->fds_lost = s->fds_lost;
}

static inline void
rig_on_adopted(void *arg)
{
	((struct rig *)arg)->adopt_ends++;
}

static inline void
rig_on_started(const struct keep_start *s, void *arg)
{
	struct rig_run *run = rig_run(arg, s->slot);

	run->started = true;
	run->pid = s->pid;
	run->fds = s->fds;
	run->fds_lost = s->fds_lost;
}

static inline void
rig_on_failed(uint64_t slot, enum spawn_step step, int error, void *arg)
{
	struct rig_run *run = rig_run(arg, slot);

	run->failed = true;
	run->step = step;
	run->error = error;
}

static inline void
rig_on_exited(uint64_t slot, const struct keep_exit *e, void *arg)
{
	struct rig_run *run = rig_run(arg, slot);

	run->exited = true;
	run->exit = *e;
	run->exited_at_us = clock_us();
}

static inline void
rig_on_paused(uint64_t slot, bool paused, void *arg)
{
	struct rig_run *run = rig_run(arg, slot);

	if (paused)
		run->paused++;
	else
		run->continued++;
}

static inline void
rig_on_term(void *arg)
{
	((struct rig *)arg)->terms++;
}

static inline void
rig_on_gone(int error, void *arg)
{
	(void)error;
	((struct rig *)arg)->gone++;
}

static const struct keeplink_events rig_events = {
	.hello = rig_on_hello, .adopt = rig_on_adopt,
	.adopted = rig_on_adopted, .started = rig_on_started,
	.failed = rig_on_failed, .exited = rig_on_exited,
	.paused = rig_on_paused, .term = rig_on_term, .gone = rig_on_gone,
};

/* What one descriptor has now. */
static inline void
rig_drain(struct rig_run *run, int which)
{
	int fd = run->fds.fd[which];
	ssize_t n;

	if (fd < 0 || run->eof[which])
		return;
	for (;;) {
		char *room = buf_room(&run->out[which], 65536);
		if (!room)
			return;
		n = sys_read(fd, room, 65536);
		if (n <= 0)
			break;
		buf_grew(&run->out[which], (size_t)n);
	}
	run->eof[which] = n != -EAGAIN;
}

static inline void
rig_pump(struct rig *r)
{
	loop_turn(r->loop, 2000);
	for (size_t i = 0; r->reading && i < r->nruns; i++) {
		rig_drain(&r->runs[i], KEEP_FD_STDOUT);
		rig_drain(&r->runs[i], KEEP_FD_STDERR);
		rig_drain(&r->runs[i], KEEP_FD_PTY);
		rig_drain(&r->runs[i], KEEP_FD_NOTIFY);
	}
}

/* Fails the test when cond does not become true in time. */
#define RIG_WAIT(r, cond)                                                      \
	do {                                                                   \
		uint64_t until_ = clock_ms() + RIG_WAIT_S * 1000;              \
		while (!(cond)) {                                              \
			rig_pump(r);                                           \
			if (clock_ms() > until_)                               \
				TEST_FAIL("not in time: %s", #cond);           \
		}                                                              \
	} while (0)

/* Takes the next engine's place; 0 or -errno. */
static inline int
rig_take_engine(struct rig *r)
{
	struct pollfd p = { r->listen, POLLIN, 0 };
	int nfds;

	if (poll(&p, 1, RIG_WAIT_S * 1000) != 1)
		return -ETIMEDOUT;
	r->ctl = accept4(r->listen, NULL, NULL, SOCK_CLOEXEC);
	if (sys_recvmsg(r->ctl, &r->engine, sizeof r->engine, &r->fd,
			&nfds) < 0 ||
	    nfds != 1)
		return -EPROTO;
	r->link = keeplink_new(r->loop, r->fd, &rig_events, r);
	if (!r->link)
		return -errno;
	int before = r->adopt_ends;
	uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;
	while (r->adopt_ends == before && clock_ms() < until_ms)
		rig_pump(r);
	return r->adopt_ends > before ? 0 : -ETIMEDOUT;
}

/* Descriptors as a dead engine has them: gone. */
static inline void
rig_forget_engine(struct rig *r)
{
	keeplink_free(r->link);
	r->link = NULL;
	sys_close(r->ctl);
	r->ctl = -1;
	for (size_t i = 0; i < r->nruns; i++)
		keep_fds_close(&r->runs[i].fds, ~0U);
}

static inline int
rig_start_argv(struct rig *r, char *const *argv, const char *exe)
{
	struct sockaddr_un a;
	static int serial;
	struct keeper_conf conf = { .exe = exe, .argv = argv };
	char *name = mem_fmt("sbx-rig-%d-%d", (int)getpid(), serial++);

	memset(r, 0, sizeof *r);
	r->registry[0] = r->registry[1] = r->ctl = -1;
	r->reading = true;
	r->runs = mem_array(RIG_RUNS_MAX, sizeof *r->runs);
	r->loop = loop_new();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = rig_address(&a, name);
	if (bind(r->listen, (struct sockaddr *)&a, len) < 0 ||
	    listen(r->listen, 8) < 0)
		return -errno;
	setenv(RIG_ENV, name, 1);
	free(name);
	r->anchor = fork();
	if (r->anchor == 0) {
		alarm(0);
		setsid();
		_exit(anchor_run(&conf));
	}
	unsetenv(RIG_ENV);
	return 0;
}

static inline int
rig_start(struct rig *r)
{
	static char *const argv[] = { "engine", NULL };

	int e = rig_start_argv(r, argv, "/proc/self/exe");
	if (e == 0)
		e = rig_take_engine(r);
	return e;
}

static inline void
rig_free(struct rig *r)
{
	rig_forget_engine(r);
	for (int i = 0; i < KEEP_FILES; i++)
		sys_close(r->registry[i]);
	sys_close(r->listen);
	for (size_t i = 0; i < r->nruns; i++)
		for (int k = 0; k < KEEP_FDS; k++)
			buf_fini(&r->runs[i].out[k]);
	free(r->runs);
	loop_free(r->loop);
}

/* Live processes that have come to the test; all are reaped that can be. */
static inline void
rig_count_live(pid_t pid, void *arg)
{
	struct procfs_stat st;

	if (procfs_stat(pid, &st) == 0 && !procfs_is_dead(&st))
		++*(int *)arg;
}

static inline int
rig_survivors(void)
{
	int live = 0;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	procfs_each_child(getpid(), 1, rig_count_live, &live);
	return live;
}

/* True when nothing is left within the time. */
static inline bool
rig_all_gone(unsigned within_ms)
{
	uint64_t until_ms = clock_ms() + within_ms;

	while (rig_survivors() > 0) {
		if (clock_ms() > until_ms)
			return false;
		poll(NULL, 0, 2);
	}
	return true;
}

/* The orderly end; the exit status of the anchor, or -1. */
static inline int
rig_stop(struct rig *r)
{
	int status = -1;
	char byte = RIG_EXIT;
	uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;

	keeplink_bye(r->link);
	while (keeplink_queued(r->link) > 0 && clock_ms() < until_ms)
		rig_pump(r);
	if (write(r->ctl, &byte, 1) != 1)
		return -1;
	rig_forget_engine(r);
	while (waitpid(r->anchor, &status, WNOHANG) != r->anchor) {
		if (clock_ms() > until_ms)
			return -1;
		poll(NULL, 0, 2);
	}
	rig_free(r);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Fills slot and tag of q and asks for it; the slot, or 0. */
static inline uint64_t
rig_spawn(struct rig *r, struct spawn_req *q)
{
	q->slot = ++r->nruns;
	q->tag = tree_tag(RIG_SET, (uint32_t)q->slot);
	struct rig_run *run = rig_run(r, q->slot);
	run->tag = q->tag;
	keep_fds_init(&run->fds);
	for (int i = 0; i < KEEP_FDS; i++)
		buf_init(&run->out[i], 64 << 20);
	return keeplink_spawn(r->link, q) == 0 ? q->slot : 0;
}

static inline const char *
rig_zoo(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);

	/* BUILD/tests/unit/test_x -> BUILD/tests/lib/zoo */
	for (int up = 0; up < 2; up++) {
		while (n > 0 && path[n - 1] != '/')
			n--;
		n--;
	}
	memcpy(path + n, "/lib/zoo", sizeof "/lib/zoo");
	return path;
}

/* An animal with up to three words. */
static inline uint64_t
rig_zoo_run(struct rig *r, struct spawn_req *q, const char *a, const char *b,
	    const char *c)
{
	static char *env[] = { "PATH=/usr/bin:/bin", NULL };
	char *argv[] = { (char *)(uintptr_t)rig_zoo(), (char *)(uintptr_t)a,
			 (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL };

	q->argv = argv;
	if (!q->envp)
		q->envp = env;
	uint64_t slot = rig_spawn(r, q);
	q->argv = NULL;
	return slot;
}

static inline uint64_t
rig_zoo_plain(struct rig *r, const char *a, const char *b, const char *c)
{
	struct spawn_req q;

	spawn_req_init(&q);
	return rig_zoo_run(r, &q, a, b, c);
}

/* An exact scan and a kill.  How many were alive in the scan; never 0 when it
 * has failed. */
static inline size_t
rig_kill_round(struct tree *t, uint64_t tag)
{
	tree_scan(t, TREE_EXACT);
	size_t count = tree_count(t, tag);
	tree_kill(t, tag);
	return count;
}

#endif
