#include "sample.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/procfs.h"
#include "child/tree.h"
#include "core.h"
#include "life/life.h"
#include "proc.h"
#include "procleft.h"

enum {
	STATS_US = 1000 * 1000,
	PORTS_US = 4 * STATS_US,	/* they are dear */
	YOUNG_US = 10 * 1000 * 1000,	/* opens its ports about now */
};

static void
take_ports(struct proc *p)
{
	pid_t pids[64];
	struct procfs_port ports[16];
	size_t n, at = 0;
	const struct tree_proc *tp = tree_members(p->e->tree, p->tag, &n);

	n = SBX_MIN(n, ARRAY_LEN(pids));
	for (size_t k = 0; k < n; k++)
		pids[k] = tp[k].st.pid;
	int found = procfs_ports(pids, n, ports, ARRAY_LEN(ports));
	struct run *r = procrun_get(p);
	r->ports[0] = '\0';
	for (int k = 0; k < found && at < sizeof r->ports - 8; k++)
		at += (size_t)snprintf(r->ports + at, sizeof r->ports - at,
				       "%s%u", k ? " " : "", ports[k].port);
}

/* Over the time since the last look, or over the run for the first one. */
static void
take_cpu(struct proc *p, uint64_t cpu_us)
{
	uint64_t now = clock_us(), since = p->at_cpu_us;
	uint64_t used = cpu_us;

	if (since)
		used = cpu_us > p->cpu_us ? cpu_us - p->cpu_us : 0;
	else
		since = p->life.at_started_us;
	p->cpu_permille = now > since ? used * 1000 / (now - since) : 0;
	p->cpu_us = cpu_us;
	p->at_cpu_us = now;
}

/*
 * A script looks once in a while and not in rounds: what it is told of a run
 * is never older than PORTS_US, and of one that has just begun not at all.
 */
static bool
is_young(const struct proc *p)
{
	return clock_us() < p->life.at_started_us + YOUNG_US;
}

void
sample_all(struct engine *e)
{
	if (clock_us() < e->at_stats_us)
		return;
	bool ports_due = clock_us() >= e->at_ports_us;
	tree_scan(e->tree, TREE_QUICK);
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		struct tree_usage u;
		if (!p->pid)
			continue;
		tree_usage(e->tree, p->tag, &u);
		take_cpu(p, u.cpu_us);
		p->rss_bytes = u.rss_bytes;
		p->tree_count = (uint32_t)u.count;
		if (ports_due || is_young(p))
			take_ports(p);
		proc_touch(p);
	}
	procleft_look(e, false);
	if (ports_due)
		e->at_ports_us = clock_us() + PORTS_US;
	e->at_stats_us = clock_us() + STATS_US;
}
