#include "proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "autoname.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/sys.h"
#include "core.h"
#include "life/graph.h"
#include "log/fold.h"
#include "log/spool.h"
#include "log/watch.h"
#include "ordered.h"
#include "proccheck.h"
#include "proccopy.h"
#include "procfiles.h"
#include "procio.h"
#include "proclife.h"
#include "procnotify.h"
#include "procsched.h"
#include "procwatch.h"
#include "spec/spec.h"
#include "term/vt.h"

/* Takes v.  It may be several KB, and a client that makes thousands has the
 * same for all of them: the newest ones tell. */
static struct proc_environ *
share_environ(const struct engine *e, char **v)
{
	enum { LOOKED_AT = 8 };
	size_t looked = 0;

	if (!v)
		return NULL;
	for (size_t i = e->nproc; i-- > 0 && looked < LOOKED_AT;) {
		struct proc_environ *other = e->procs[i]->environ;
		looked += other != NULL;
		if (!other || !strv_equal(other->v, v))
			continue;
		strv_free(v);
		other->users++;
		return other;
	}
	struct proc_environ *own = mem_alloc(sizeof(*own));
	*own = (struct proc_environ){ .users = 1, .v = v };
	return own;
}

/* Of one that was made for somebody alone, and he has left; after a change of
 * engines he has a while to come back. */
static void
end_orphan(struct proc *p)
{
	if (!p->owned || !proc_is_live(p))
		return;
	if (!engine_is_followed(p->e, p)) {
		p->owned = false;
		proc_tell(p, LIFE_EV_STOP, CAUSE_ENGINE,
			  "whoever ran it has left");
	} else if (p->at_unfollowed_us) {
		engine_turn_at(p->e, p->at_unfollowed_us);
	}
}

void
proc_touch(struct proc *p)
{
	p->row_gen = p->e->rows_gen = ++p->e->gen;
	p->still_saved = false;
}

void
proc_grew(struct proc *p)
{
	p->grow_gen = ++p->e->gen;
	list_del(&p->grown_node);
	list_add_tail(&p->e->grown, &p->grown_node);
}

bool
proc_is_live(const struct proc *p)
{
	return status_get(p->life.status)->live;
}

void
proc_remove(struct proc *p, enum cause by)
{
	if (p->removing)
		return;
	p->removing = true;
	p->removed_by = by;
	p->still_saved = false;
	p->e->registry_dirty = true;
}

void
proc_drop_environ(struct proc *p)
{
	struct proc_environ *own = p->environ;

	p->environ = NULL;
	p->spec_saved = false;
	if (!own || --own->users > 0)
		return;
	strv_free(own->v);
	free(own);
}

static struct proc **
bucket(struct engine *e, uint32_t id)
{
	return &e->by_id[id & (PROC_BUCKETS - 1)];
}

static void
leave_bucket(struct proc *p)
{
	struct proc **at = bucket(p->e, p->id);

	while (*at && *at != p)
		at = &(*at)->next_by_id;
	if (*at)
		*at = p->next_by_id;
}

struct proc *
proc_new(struct engine *e, struct spec *spec, char **environ_, uint32_t id,
	 uint64_t from_seq, struct err *err)
{
	if (!spec->name[0]) {
		free(spec->name);
		spec->name = autoname_take(e);
	}
	const char *wrong = NULL;
	if (engine_find_name(e, spec->name))
		wrong = "there is a process of that name already";
	else if (e->nproc >= PROCS_MAX)
		wrong = "too many processes";
	if (wrong) {
		err_set(err, ERR_FAILED, "'%s': %s", spec->name, wrong);
		spec_free(spec);
		strv_free(environ_);
		return NULL;
	}
	struct proc *p = mem_alloc(sizeof *p);
	*p = (struct proc){ .e = e, .id = id ? id : ++e->next_id,
			    .spec = spec,
			    .environ = share_environ(e, environ_),
			    .from_seq = from_seq,
			    .created_ms = clock_wall_ms() };
	list_init(&p->fold_node);
	list_init(&p->grown_node);
	buf_init(&p->base, 8 << 20);
	buf_init(&p->base_history, 8 << 20);
	p->dirname = mem_str(spec->name);
	life_init(&p->life);
	p->spec_new = true;
	if (procio_open_log(p, err) < 0 || procwatch_build(p, err) < 0) {
		proc_free(p, false);
		return NULL;
	}
	const struct log_run *last = spool_run(p->spool);
	p->life.run = last ? last->run : 0;
	if (e->nproc == e->proc_cap) {
		size_t cap = e->proc_cap ? 2 * e->proc_cap : 16;
		e->procs = mem_grow(e->procs, e->proc_cap, cap,
				    sizeof *e->procs);
		e->proc_cap = cap;
	}
	e->procs[e->nproc++] = p;
	p->next_by_id = *bucket(e, p->id);
	*bucket(e, p->id) = p;
	graph_free(e->graph);
	e->graph = NULL;
	e->registry_dirty = true;
	proc_touch(p);
	return p;
}

void
proc_free(struct proc *p, bool remove_log)
{
	struct engine *e = p->e;
	proccheck_stop(p);
	ordered_drop(p);
	if (p->kept && remove_log)
		keeplink_release(e->link, p->slot);
	if (remove_log)
		crumbs_drop(e->crumbs, p->id);
	procio_close(p);
	procrun_free(p);
	procsched_free(p);
	procfiles_free(p);
	proccopy_free(p);
	procnotify_take_spec(p);
	free(p->auto_ports);
	timer_drop(p->partial_timer);
	vt_free(p->vt);
	watchset_free(p->watches);
	free(p->watch_specs);
	free(p->hit_rings);
	fold_free(p->fold);
	if (remove_log && p->spool && !spool_is_planned(p->spool) &&
	    spool_dir(p->spool) >= 0) {
		spool_wipe(spool_dir(p->spool));
		sys_unlinkat(e->log_fd, p->dirname, AT_REMOVEDIR);
	}
	spool_free(p->spool);
	list_del(&p->fold_node);
	list_del(&p->grown_node);
	leave_bucket(p);
	for (size_t i = 0; i < e->nproc; i++) {
		if (e->procs[i] != p)
			continue;
		memmove(&e->procs[i], &e->procs[i + 1],
			(e->nproc - i - 1) * sizeof *e->procs);
		e->nproc--;
		break;
	}
	graph_free(e->graph);
	e->graph = NULL;
	e->registry_dirty = true;
	spec_free(p->spec);
	spec_free(p->next_spec);
	proc_drop_environ(p);
	buf_fini(&p->base);
	buf_fini(&p->base_history);
	free(p->dirname);
	free(p->waits);
	free(p->left_list);
	free(p);
}

/* What may start a process, and who follows what it says. */
void
proc_settle_aside(struct engine *e)
{
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->spec_new) {
			p->spec_new = false;
			procsched_take_spec(p);
			procfiles_take_spec(p);
			proccopy_take_spec(p);
			procnotify_take_spec(p);
		}
		end_orphan(p);
		procfiles_settle(p);
		procnotify_settle(p);
		proccopy_settle(p);
	}
	procsched_settle(e);
}
