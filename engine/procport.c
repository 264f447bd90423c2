/*
 * Whose is the port that a check has reached?  A stranger's server that
 * listens there already would make a process ready whose own bind fails.
 *
 * It counts as the process's own unless it is known not to be: the holder is
 * of another run, or began before this one.  What began later may well work
 * for it (the proxy of a container, a service that was asked to start), and a
 * holder that cannot be seen (another user's, another machine's) is believed.
 */

#include "core.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "probe.h"
#include "procfs.h"
#include "spec.h"
#include "tree.h"

static bool
tree_listens(const struct proc *p, uint16_t port)
{
	size_t count;

	if (tree_scan(p->e->tree, TREE_QUICK) < 0)
		return true;
	const struct tree_proc *tp = tree_members(p->e->tree, p->tag, &count);
	pid_t *pids = mem_array(count + 1, sizeof *pids);
	for (size_t i = 0; i < count; i++)
		pids[i] = tp[i].st.pid;
	pid_t holder = procfs_listener(port, pids, count);
	free(pids);
	return holder != 0;
}

static bool
is_stranger(const struct proc *p, pid_t pid, const struct procfs_stat *holder)
{
	struct procfs_stat leader;
	uint64_t tag = 0;

	if (procfs_rttime(pid, &tag) < 0 || tag == p->tag)
		return false;
	if (tree_tag_set(tag))
		return true;
	return procfs_stat(p->pid, &leader) == 0 &&
	       holder->start_ticks < leader.start_ticks;
}

/* Names of processes are what they like to be. */
static void
clean(char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

bool
procport_is_own(struct proc *p, char *why, size_t cap)
{
	const struct spec_probe *s = &p->spec->ready;
	struct procfs_stat st;
	unsigned port = s->port ? s->port : autoport_first(p);

	if (s->any_holder || !probe_is_local(s->host) ||
	    tree_listens(p, (uint16_t)port))
		return true;
	/* To look through all processes is dear: the one of the last time. */
	pid_t pid = procfs_listener((uint16_t)port, &p->port_holder, 1);
	if (!pid)
		pid = procfs_listener((uint16_t)port, NULL, 0);
	p->port_holder = pid;
	if (!pid || procfs_stat(pid, &st) < 0 || !is_stranger(p, pid, &st))
		return true;
	clean(st.comm);
	snprintf(why, cap, "port %u is held by %s (pid %d), not by this "
		 "process", port, st.comm, (int)pid);
	return false;
}
