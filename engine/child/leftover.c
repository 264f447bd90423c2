#include "leftover.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/births.h"
#include "base/procfs.h"
#include "tree.h"

enum { ROUNDS_MAX = 64, ROUND_NS = 1000 * 1000 };

struct leftovers {
	uint32_t set_hash;
	pid_t keeper, self;
	size_t found;
	bool unknown;		/* one has ended before it was told whose */
};

static void
kill_one(pid_t pid, void *arg)
{
	struct leftovers *l = arg;
	struct tree_proc p;

	if (pid == l->self)
		return;
	if (procfs_stat(pid, &p.st) < 0) {
		l->unknown = true;
		return;
	}
	if (procfs_is_dead(&p.st))
		return;
	p.tag = tree_tag_of(l->set_hash, pid);
	if (!p.tag) {
		l->unknown |= procfs_stat(pid, &p.st) < 0;
		return;
	}
	/* sbx may itself have been started from within a leftover. */
	if (l->keeper &&
	    (procfs_is_above(l->keeper, pid) ||
	     procfs_is_above(pid, l->keeper)))
		return;
	if (tree_signal_one(&p, SIGKILL) == 0)
		l->found++;
}

static void
kill_newcomer(pid_t pid, void *arg)
{
	if (procfs_is_process(pid))
		kill_one(pid, arg);
}

/* How many were met alive; *sure: and there were no others. */
static size_t
kill_all(uint32_t set_hash, pid_t keeper, bool *sure)
{
	struct leftovers l = { set_hash, keeper, getpid(), 0, false };
	struct births births;

	births_begin(&births);
	bool listed = procfs_each(kill_one, &l) == 0;
	/* Whoever ended in the list has children among those, if any. */
	l.unknown = false;
	*sure = births_look(&births, kill_newcomer, &l) && listed && !l.unknown;
	return l.found;
}

bool
leftover_kill(uint32_t set_hash, pid_t keeper, size_t *found)
{
	size_t most = 0;
	struct timespec pause = { 0, ROUND_NS };
	bool gone = false;

	for (int i = 0; !gone && i < ROUNDS_MAX; i++) {
		bool sure;
		size_t n = kill_all(set_hash, keeper, &sure);
		most = SBX_MAX(most, n);
		gone = n == 0 && sure;
		if (n > 0)
			nanosleep(&pause, NULL);
	}
	if (found)
		*found = most;
	return gone;
}
