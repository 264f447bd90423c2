#include "keepslot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "keeper.h"
#include "pty.h"
#include "spawn.h"
#include "standin.h"

enum {
	STACK_BYTES = 256 << 10,	/* pages that are used count */
};

/* The ends that the child gets, on their way. */
struct ends {
	int in, out, err, notify;
};

int
keepslots_init(struct keepslots *t, struct standin *standin)
{
	*t = (struct keepslots){ .standin = standin };
	/* Pages that no slot has used cost nothing. */
	t->v = mmap(NULL, KEEP_SLOTS_MAX * sizeof *t->v,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->v == MAP_FAILED || getrlimit(RLIMIT_NOFILE, &t->nofile) < 0)
		return -errno;
#ifndef __SANITIZE_ADDRESS__
	/* A sanitizer does not know this stack. */
	t->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (t->stack == MAP_FAILED)
		t->stack = NULL;
#endif
	struct rlimit all = { t->nofile.rlim_max, t->nofile.rlim_max };
	setrlimit(RLIMIT_NOFILE, &all);
	return 0;
}

struct keepslot *
keepslot_find(struct keepslots *t, uint64_t id)
{
	for (size_t i = 0; i < t->used; i++)
		if (id && t->v[i].id == id)
			return &t->v[i];
	return NULL;
}

struct keepslot *
keepslot_of_pid(struct keepslots *t, pid_t pid)
{
	for (size_t i = 0; i < t->used; i++)
		if (t->v[i].id && t->v[i].pid == pid)
			return &t->v[i];
	return NULL;
}

static struct keepslot *
take_slot(struct keepslots *t, const struct keepmsg *m)
{
	size_t i = 0;

	while (i < t->used && t->v[i].id)
		i++;
	if (i == KEEP_SLOTS_MAX)
		return NULL;
	if (i == t->used)
		t->used++;
	t->count++;
	struct keepslot *s = &t->v[i];
	*s = (struct keepslot){
		.id = m->slot, .tag = m->tag, .flags = m->flags,
		.status_fd = -1, .start_us = clock_us(),
	};
	keep_fds_init(&s->fds);
	return s;
}

static void
close_ends(struct ends *e)
{
	sys_close(e->in);
	sys_close(e->out);
	sys_close(e->err);
	sys_close(e->notify);
	*e = (struct ends){ -1, -1, -1, -1 };
}

/* One pipe; ours never blocks, the child's is as it expects a pipe to be. */
static int
make_pipe(bool we_read, int *ours, int *theirs)
{
	int p[2];

	int r = sys_pipe(p, 0);
	if (r < 0)
		return r;
	*ours = we_read ? p[0] : p[1];
	*theirs = we_read ? p[1] : p[0];
	return sys_set_nonblock(*ours, true);
}

static int
open_pipes(struct keepslot *s, const struct keepmsg *m, struct ends *e)
{
	int *fd = s->fds.fd;
	int r = 0;

	if (m->flags & KEEP_STDIN_PIPE)
		r = make_pipe(false, &fd[KEEP_FD_STDIN], &e->in);
	if (r == 0 && !(m->flags & KEEP_TTY))
		r = make_pipe(true, &fd[KEEP_FD_STDOUT], &e->out);
	if (r == 0 && (m->flags & KEEP_ERR_APART))
		r = make_pipe(true, &fd[KEEP_FD_STDERR], &e->err);
	if (r == 0 && (m->flags & KEEP_NOTIFY))
		r = make_pipe(true, &fd[KEEP_FD_NOTIFY], &e->notify);
	return r;
}

static int
run_child(void *conf)
{
	spawn_child(conf);
}

/*
 * A copy of our memory, or for as long as it is no program our memory itself:
 * that is twice as fast, but we wait for it, and a cwd or a program on a file
 * system that does not answer lasts for ever.  Then the stand-in goes on; and
 * for it, who has none, there is the copy.
 */
static pid_t
make_child(struct keepslots *t, struct keepslot *s, struct spawn_child_conf *c,
	   bool shared)
{
	if (shared) {
		standin_away(t->standin);
		return sys_vfork(run_child, c, t->stack + STACK_BYTES,
				 &s->pid);
	}
	pid_t pid = sys_fork();
	if (pid == 0)
		spawn_child(c);
	if (pid > 0)
		s->pid = pid;
	return pid;
}

/* Takes the descriptor of what.  Last: the status pipe and the child. */
static int
start_child(struct keepslots *t, struct keepslot *s, struct ends *e,
	    const struct spawn_payload *what)
{
	struct spawn_child_conf c = {
		.parent = getpid(), .in = e->in, .out = e->out, .err = e->err,
		.in_tty = s->flags & KEEP_STDIN_TTY, .notify = e->notify,
		.master = s->fds.fd[KEEP_FD_PTY], .nofile = t->nofile,
	};
	int p[2];

	s->step = SPAWN_REQUEST;
	int r = spawn_job_read(what, &c.job);
	sys_close(what->fd);
	if (r < 0)
		return r;
	s->step = SPAWN_PIPE;
	/* What a child has to say always has room in it. */
	r = sys_pipe(p, O_NONBLOCK);
	if (r < 0)
		goto out;
	c.status = p[1];
	s->status_fd = p[0];
	s->state = KEEP_SPAWNING;
	t->spawning++;
	bool shared = t->stack && standin_ready(t->standin);
	pid_t pid = make_child(t, s, &c, shared);
	struct spawn_fail f = { SPAWN_FORK, -pid };
	/* For the stand-in, if it has taken over meanwhile. */
	if (pid < 0)
		(void)sys_write(p[1], &f, sizeof f);
	sys_close(p[1]);
	if (shared && !standin_back(t->standin)) {
		/* It is another's by now. */
		close_ends(e);
		spawn_job_free(c.job);
		standin_wait(t->standin);
	}
	if (pid < 0) {
		sys_close(s->status_fd);
		s->status_fd = -1;
		t->spawning--;
		s->step = SPAWN_FORK;
		r = pid;
	}
out:
	spawn_job_free(c.job);
	return r;
}

static void
never(struct keepslot *s, int step, int error)
{
	keep_fds_close(&s->fds, ~0U);
	s->state = KEEP_NEVER;
	s->step = step;
	s->error = error;
	/* A child that has failed to exec is reaped like any orphan. */
	s->pid = s->told_pid = 0;
}

struct keepslot *
keepslot_spawn(struct keepslots *t, const struct keepmsg *m,
	       const struct spawn_payload *p)
{
	struct ends e = { -1, -1, -1, -1 };

	struct keepslot *s = take_slot(t, m);
	if (!s) {
		sys_close(p->fd);
		return NULL;
	}
	int r = p->fd < 0 && !p->len ? -EMFILE : 0;
	s->step = SPAWN_PIPE;
	if (r == 0)
		r = open_pipes(s, m, &e);
	if (r == 0 && (m->flags & KEEP_TTY)) {
		s->step = SPAWN_TTY;
		s->fds.fd[KEEP_FD_PTY] = pty_open(m->rows, m->cols);
		r = SBX_MIN(s->fds.fd[KEEP_FD_PTY], 0);
	}
	if (r == 0)
		r = start_child(t, s, &e, p);
	else
		sys_close(p->fd);
	close_ends(&e);
	if (r < 0)
		never(s, s->step, -r);
	else
		s->step = SPAWN_OK;
	return s;
}

bool
keepslot_check_exec(struct keepslots *t, struct keepslot *s, bool ended)
{
	struct spawn_fail f;

	if (s->status_fd < 0)
		return false;
	ssize_t n = sys_read(s->status_fd, &f, sizeof f);
	if (n == -EAGAIN && !ended)
		return false;
	sys_close(s->status_fd);
	s->status_fd = -1;
	t->spawning--;
	if (n == sizeof f)
		never(s, f.step, f.error);
	else
		s->state = KEEP_RUNNING;
	s->told_pid = s->pid;
	return true;
}

static uint64_t
timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

void
keepslot_end(struct keepslot *s, int status, const struct rusage *ru)
{
	s->state = KEEP_ENDED;
	s->pid = 0;
	s->status = status;
	s->end_us = clock_us();
	s->user_us = timeval_us(&ru->ru_utime);
	s->sys_us = timeval_us(&ru->ru_stime);
	s->maxrss_bytes = (uint64_t)ru->ru_maxrss * 1024;
}

static void
count_child(pid_t pid, void *arg)
{
	(void)pid;
	++*(uint32_t *)arg;
}

void
keepslots_count_orphans(struct keepslots *t, uint32_t known)
{
	uint32_t children = 0;
	bool ended = false;

	for (size_t i = 0; i < t->used; i++) {
		known += t->v[i].id && t->v[i].pid > 0;
		ended |= t->v[i].unsent & UNSENT_EXITED;
	}
	if (!ended)
		return;
	/* The stand-in may have children, too. */
	int threads = atomic_load(&t->standin->relieved) ? KEEPER_THREADS : 1;
	int r = procfs_each_child(getpid(), threads, count_child, &children);
	uint32_t orphans = r < 0 || children < known ? KEEP_ORPHANS_UNKNOWN
						     : children - known;
	for (size_t i = 0; i < t->used; i++)
		if (t->v[i].unsent & UNSENT_EXITED)
			t->v[i].orphans = orphans;
}

void
keepslot_release(struct keepslots *t, struct keepslot *s)
{
	if (s->status_fd >= 0) {
		sys_close(s->status_fd);
		t->spawning--;
	}
	keep_fds_close(&s->fds, ~0U);
	t->count--;
	s->id = 0;
	while (t->used > 0 && !t->v[t->used - 1].id)
		t->used--;
}

void
keepslot_tell(const struct keepslot *s, enum keep_type type,
	      struct keepmsg *out)
{
	*out = (struct keepmsg){
		.type = type, .slot = s->id, .tag = s->tag, .flags = s->flags,
		.pid = s->told_pid, .state = (int32_t)s->state,
		.step = s->step, .error = s->error, .status = s->status,
		.start_us = s->start_us, .end_us = s->end_us,
		.user_us = s->user_us, .sys_us = s->sys_us,
		.maxrss_bytes = s->maxrss_bytes,
		.count = s->state == KEEP_ENDED ? s->orphans : 0,
	};
}
