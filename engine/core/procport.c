#include "procport.h"

#include <stdlib.h>

#include "autoport.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "child/tree.h"
#include "core.h"
#include "probe/portowner.h"
#include "probe/probe.h"
#include "spec/spec.h"

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

bool
procport_is_own(struct proc *p, char *why, size_t cap)
{
	const struct spec_probe *s = &p->spec->ready;
	unsigned port = s->port ? s->port : autoport_first(p);

	if (s->any_holder || !probe_is_local(s->host) ||
	    tree_listens(p, (uint16_t)port))
		return true;
	return portowner_is_own(p->pid, p->tag, (uint16_t)port,
				&p->port_holder, why, cap);
}

static const struct proc *
find_tag(const struct engine *e, uint64_t tag)
{
	for (size_t i = 0; tag && i < e->nproc; i++)
		if (e->procs[i]->tag == tag && e->procs[i]->pid)
			return e->procs[i];
	return NULL;
}

static bool
tell_holder(const struct proc *p, unsigned port)
{
	char who[64];
	uint64_t tag;

	pid_t pid = port ? portowner_other(p->tag, (uint16_t)port, who,
					   sizeof who, &tag) : 0;
	if (!pid)
		return false;
	const struct proc *other = find_tag(p->e, tag);
	engine_note(p->e, p, EVENT_PORT_TAKEN, CAUSE_NONE,
		    "port %u was held by %s%s%s (pid %d)", port,
		    other ? other->spec->name : "", other ? ", " : "", who,
		    (int)pid);
	return true;
}

void
procport_failed(struct proc *p)
{
	const struct spec *s = p->spec;

	for (size_t i = 0; i < s->port_count; i++)
		if (tell_holder(p, autoport_get(p, i)))
			return;
	if (probe_is_local(s->ready.host))
		(void)tell_holder(p, s->ready.port);
}
