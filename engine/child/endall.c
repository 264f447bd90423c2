#include "endall.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/procfs.h"
#include "keeper.h"

struct ending {
	pid_t self;
	pid_t own_session;
	pid_t spare;		/* 0: nobody any more */
};

static void
end_child(pid_t pid, void *arg)
{
	const struct ending *e = arg;

	if (pid == e->spare)
		return;
	/*
	 * Every child that was started for the set leads a session, and so
	 * do its daemons: their whole group goes at once, before it can fork
	 * again.  The group of sbx itself is in our session.
	 */
	pid_t group = getpgid(pid);
	if (group > 1 && getsid(pid) != e->own_session)
		kill(-group, SIGKILL);
	kill(pid, SIGKILL);
}

static void
end_if_child(pid_t pid, void *arg)
{
	const struct ending *e = arg;
	struct procfs_stat st;

	if (procfs_stat(pid, &st) == 0 && st.ppid == e->self)
		end_child(pid, arg);
}

/* Returns false when there are no children at all. */
static bool
reap(struct ending *e)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == e->spare)
			e->spare = 0;
	return !(pid < 0 && errno == ECHILD);
}

int
endall_run(pid_t spare, unsigned spare_ms, unsigned limit_ms)
{
	struct ending e = { getpid(), getsid(0), spare };
	uint64_t start_ms = clock_ms();
	long pause_ns = 200000;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (reap(&e)) {
		uint64_t for_ms = clock_ms() - start_ms;
		if (for_ms >= limit_ms)
			return -ETIMEDOUT;
		if (for_ms >= spare_ms)
			e.spare = 0;
		if (procfs_each_child(e.self, KEEPER_THREADS, end_child, &e) <
		    0)
			procfs_each(end_if_child, &e);
		/*
		 * Woken by the next death; the time-out is for children that
		 * were handed to us without one.
		 */
		struct timespec t = { 0, pause_ns };
		sigtimedwait(&child, NULL, &t);
		if (pause_ns < 20000000)
			pause_ns *= 2;
	}
	return 0;
}
