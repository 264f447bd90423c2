/*
 * `replicas N`: where everything else of a file is known, one definition
 * becomes N of them.
 */

#include "rcstate.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "spec/replica.h"

/* "worker.1" of worker, of which there are two.  Names of replicas that may
 * come by `scale` are left to that. */
static bool
is_name_of(const struct spec *of, const char *name)
{
	size_t len = strlen(of->name);
	char *end;

	if (strncmp(name, of->name, len) != 0 || name[len] != '.' ||
	    name[len + 1] < '0' || name[len + 1] > '9')
		return false;
	unsigned long idx = strtoul(name + len + 1, &end, 10);
	return *end == '\0' && idx < of->replicas;
}

const struct spec *
rc_replicated(const struct rcload *ld, const char *name)
{
	for (size_t i = 0; i < ld->proc_count; i++)
		if (is_name_of(ld->procs[i]->spec, name))
			return ld->procs[i]->spec;
	return NULL;
}

static void
check_names(struct rcload *ld, const struct rcload_proc *p)
{
	for (size_t i = 0; i < ld->proc_count; i++) {
		const struct rcload_proc *q = ld->procs[i];
		if (!is_name_of(p->spec, q->spec->name))
			continue;
		rc_wrong_at(ld, &q->name_at, "'%s' is a replica of '%s' "
			    "already", q->spec->name, p->spec->name);
		rc_hint(ld, "that one is at %s:%u", p->name_at.file,
			p->name_at.line);
	}
}

/* NULL after the message. */
static struct rcload_proc *
copy_of(struct rcload *ld, const struct rcload_proc *p, unsigned idx)
{
	struct err e = ERR_INIT;
	struct spec *s = replica_new(p->spec, idx, &e);

	if (!s) {
		rc_wrong_at(ld, &p->name_at, "%s", e.text);
		return NULL;
	}
	struct rcload_proc *q = rc_proc_new(p);
	spec_free(q->spec);
	q->spec = s;
	q->name_at = p->name_at;
	q->argv_at = p->argv_at;
	q->broken = p->broken;
	q->layer = p->layer;
	if (s->port_count)
		q->port_at = mem_dup(p->port_at,
				     s->port_count * sizeof *q->port_at);
	return q;
}

void
rc_expand_replicas(struct rcload *ld)
{
	struct rcload_proc **all = NULL, **old = ld->procs;
	size_t count = 0, total = 0;

	for (size_t i = 0; i < ld->proc_count; i++) {
		total += SBX_MAX(old[i]->spec->replicas, 1u);
		if (old[i]->spec->replicas)
			check_names(ld, old[i]);
		if (total > SET_PROCESSES_MAX) {
			rc_wrong_at(ld, &old[i]->name_at, "with the replicas "
				    "these are more than %d processes",
				    SET_PROCESSES_MAX);
			return;
		}
	}
	all = mem_array(total + 1, sizeof *all);
	for (size_t i = 0; i < ld->proc_count; i++) {
		unsigned n = old[i]->spec->replicas;
		if (n == 0) {
			all[count++] = old[i];
			continue;
		}
		for (unsigned k = 0; k < n; k++) {
			all[count] = copy_of(ld, old[i], k);
			if (!all[count])
				break;
			count++;
		}
		rc_proc_free(old[i]);
	}
	free(old);
	ld->procs = all;
	ld->proc_count = count;
}
