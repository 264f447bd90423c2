#include "scale.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"
#include "core.h"
#include "life/graph.h"
#include "proc.h"
#include "respec.h"
#include "spec/replica.h"
#include "spec/spec.h"

static struct proc *
find(const struct engine *e, const char *name, unsigned idx)
{
	for (size_t i = 0; i < e->nproc; i++) {
		const struct spec *s = e->procs[i]->spec;
		if (s->replica_of && s->replica_idx == idx &&
		    strcmp(s->replica_of, name) == 0)
			return e->procs[i];
	}
	return NULL;
}

static int
refuse(const struct engine *e, const char *name, struct err *err)
{
	const char **names = mem_array(e->nproc + 1, sizeof *names);
	size_t n = 0;

	if (engine_find_name(e, name)) {
		free(names);
		err_set(err, ERR_FAILED, "'%.100s' has no replicas", name);
		return err_hint(err, "its definition needs a line "
				"'replicas N'");
	}
	for (size_t i = 0; i < e->nproc; i++)
		if (e->procs[i]->spec->replica_of)
			names[n++] = e->procs[i]->spec->replica_of;
	const char *near = table_nearest(name, names, n);
	err_set(err, ERR_NO_PROCESS, "no process '%.100s' has replicas", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "'sbx ls' lists them");
	free(names);
	return -1;
}

/* Where a person looks for it: behind the one before. */
static void
put_behind(struct engine *e, struct proc *p, const struct proc *before)
{
	size_t at = 0;

	while (e->procs[at] != before)
		at++;
	/* It is the last one now. */
	memmove(&e->procs[at + 2], &e->procs[at + 1],
		(e->nproc - at - 2) * sizeof *e->procs);
	e->procs[at + 1] = p;
	for (size_t i = at + 1; i < e->nproc; i++)
		proc_touch(e->procs[i]);
	graph_free(e->graph);
	e->graph = NULL;
}

/* A reload may have given the others a new definition, which is true from
 * their next run on. */
static const struct spec *
latest(const struct proc *p)
{
	return p->next_spec ? p->next_spec : p->spec;
}

/* One that was on its way out: what it is does not have to be what they are
 * by now.  0 or -1. */
static int
take_back(struct proc *p, const struct proc *first, struct err *err)
{
	struct spec *s = replica_new(latest(first), p->spec->replica_idx, err);

	if (!s)
		return -1;
	p->removing = p->leaving = p->leave_told = false;
	p->still_saved = false;
	if (!spec_diff(latest(p), s))
		spec_free(s);
	else if (proc_is_live(p))
		respec_later(p, s);
	else
		respec_now(p, s);
	return 0;
}

static struct proc *
add(struct engine *e, const struct proc *first, const struct proc *before,
    unsigned idx, struct err *err)
{
	struct spec *s = replica_new(latest(first), idx, err);

	if (!s)
		return NULL;
	struct proc *p = proc_new(e, s, NULL, 0, 0, err);
	if (!p)
		return NULL;
	put_behind(e, p, before);
	engine_note(e, p, EVENT_ADDED, CAUSE_USER, "added by you (scale)");
	return p;
}

int
scale_up(struct engine *e, const char *name, unsigned count,
	 struct proc **added, struct err *err)
{
	const struct proc *first = find(e, name, 0), *before = first;
	int n = 0;

	if (!first || first->leaving)
		return refuse(e, name, err);
	for (unsigned idx = 1; idx < count && before; idx++) {
		struct proc *p = find(e, name, idx);
		if (p && (p->removing || p->leaving)) {
			if (take_back(p, first, err) == 0)
				added[n++] = p;
			else
				p = NULL;
		} else if (!p) {
			p = add(e, first, before, idx, err);
			if (p)
				added[n++] = p;
		}
		before = p;
	}
	e->registry_dirty = true;
	if (before)
		return n;
	/* All of them or none. */
	while (n > 0)
		proc_remove(added[--n], CAUSE_USER);
	return -1;
}

int
scale_down(struct engine *e, const char *name, unsigned count,
	   struct proc **leaving)
{
	int n = 0;

	for (size_t i = e->nproc; i-- > 0;) {
		struct proc *p = e->procs[i];
		const struct spec *s = p->spec;
		if (!s->replica_of || s->replica_idx < count || p->removing ||
		    strcmp(s->replica_of, name) != 0)
			continue;
		proc_remove(p, CAUSE_USER);
		leaving[n++] = p;
	}
	e->registry_dirty |= n > 0;
	return n;
}

/* How many there are, without those that go; what the file said of it. */
static unsigned
replicas_now(const struct engine *e, const char *name, unsigned *file)
{
	unsigned n = 0;

	for (size_t i = 0; i < e->nproc; i++) {
		const struct proc *p = e->procs[i];
		if (!p->spec->replica_of || p->removing || p->leaving ||
		    strcmp(p->spec->replica_of, name) != 0)
			continue;
		n++;
		*file = p->next_spec ? p->next_spec->replicas :
				       p->spec->replicas;
	}
	return n;
}

int
scale_keep(struct engine *e, struct spec ***specs, size_t *count,
	   struct err *err)
{
	struct spec **old = *specs, **all = NULL;
	size_t n = 0, cap = 0;
	int r = 0;

	for (size_t i = 0; i < *count; i++) {
		struct spec *s = old[i];
		bool last = s->replica_of && s->replica_idx + 1 == s->replicas;
		unsigned file = 0, now = 0;
		if (s->replica_of)
			now = replicas_now(e, s->replica_of, &file);
		bool keep = now > 0 && file == s->replicas;
		unsigned more = keep && last && now > file ? now - file : 0;
		if (n + more + 1 > cap) {
			all = mem_grow(all, cap, 2 * (n + more + 1),
				       sizeof *all);
			cap = 2 * (n + more + 1);
		}
		if (keep && s->replica_idx >= now)
			spec_free(s);
		else
			all[n++] = s;
		for (unsigned k = 0; k < more && r == 0; k++) {
			struct spec *one = replica_new(s, file + k, err);
			if (one)
				all[n++] = one;
			else
				r = -1;
		}
	}
	free(old);
	*specs = all;
	*count = n;
	return r;
}
