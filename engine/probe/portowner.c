#include "portowner.h"

#include <stdio.h>

#include "base/procfs.h"
#include "child/tree.h"

static bool
is_stranger(pid_t leader, uint64_t tag, pid_t pid,
	    const struct procfs_stat *holder)
{
	struct procfs_stat first;
	uint64_t its = 0;

	if (pid == leader || procfs_rttime(pid, &its) < 0 || its == tag)
		return false;
	if (tree_tag_set(its))
		return true;
	return procfs_stat(leader, &first) == 0 &&
	       holder->start_ticks < first.start_ticks;
}

/* Names of processes are what they like to be. */
static void
clean(char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

pid_t
portowner_other(uint64_t tag, uint16_t port, char *who, size_t cap,
		uint64_t *its)
{
	struct procfs_stat st;
	pid_t pid = procfs_listener(port, NULL, 0);

	*its = 0;
	if (!pid || procfs_stat(pid, &st) < 0)
		return 0;
	if (procfs_rttime(pid, its) == 0 && *its == tag)
		return 0;
	clean(st.comm);
	snprintf(who, cap, "%s", st.comm);
	return pid;
}

bool
portowner_is_own(pid_t leader, uint64_t tag, uint16_t port, pid_t *holder,
		 char *why, size_t cap)
{
	struct procfs_stat st;
	pid_t pid = procfs_listener(port, holder, 1);

	if (!pid)
		pid = procfs_listener(port, NULL, 0);
	*holder = pid;
	if (!pid || procfs_stat(pid, &st) < 0 ||
	    !is_stranger(leader, tag, pid, &st))
		return true;
	clean(st.comm);
	snprintf(why, cap, "port %u is held by %s (pid %d), not by this "
		 "process", (unsigned)port, st.comm, (int)pid);
	return false;
}
