#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/option.h"
#include "core.h"
#include "life/graph.h"
#include "ordered.h"
#include "proc.h"
#include "procleft.h"
#include "proclife.h"
#include "respec.h"
#include "spec/replica.h"
#include "spec/spec.h"

/* What `stop cmd` and `stop keys` have before the next step. */
enum { STOP_FIRST_US = 5 * 1000 * 1000 };

static uint64_t
us(uint64_t ms)
{
	return ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000;
}

static enum life_restart
restart_of(int r)
{
	return r == SPEC_RESTART_ALWAYS ? LIFE_ALWAYS :
	       r == SPEC_RESTART_ON_FAILURE ? LIFE_ON_FAILURE : LIFE_NEVER;
}

static bool
has_ready_watch(const struct spec *s)
{
	for (size_t i = 0; i < s->watch_count; i++)
		if (s->watches[i].actions & SPEC_WATCH_READY)
			return true;
	return false;
}

bool
order_has_ready(const struct spec *s)
{
	return s->ready.kind != SPEC_PROBE_NONE || has_ready_watch(s);
}

void
order_policy(const struct spec *s, struct life_policy *y)
{
	*y = (struct life_policy){
		.restart = restart_of(s->restart),
		.backoff_min_us = us(s->backoff_min_ms),
		.backoff_max_us = us(s->backoff_max_ms),
		.reset_us = us(s->restart_reset_ms),
		.max_restarts = SBX_MIN(s->restart_max,
					(unsigned)LIFE_RESTARTS_MAX),
		.within_us = us(s->restart_within_ms),
		.timeout_us = us(s->timeout_ms),
		.ready_timeout_us = us(s->ready_timeout_ms),
		.live_action = s->live_action == SPEC_LIVE_MARK ? LIFE_MARK :
			       s->live_action == SPEC_LIVE_STOP ?
					LIFE_DO_STOP : LIFE_DO_RESTART,
		.overlap = s->schedule_overlap == SPEC_OVERLAP_QUEUE ?
					LIFE_QUEUE :
			   s->schedule_overlap == SPEC_OVERLAP_REPLACE ?
					LIFE_REPLACE : LIFE_SKIP,
		.has_ready = order_has_ready(s),
		.ready_on_exit = s->ready.kind == SPEC_PROBE_EXIT,
		.tree_keep = s->tree_keep,
		/* What runs again is not at its end. */
		.forget = !s->keep &&
			  s->schedule == SPEC_SCHEDULE_NONE &&
			  !(s->files && s->files[0]),
	};
	if (s->stop_command)
		y->ladder[y->nladder++] = (struct life_rung){
			.kind = LIFE_STEP_CMD, .for_us = STOP_FIRST_US };
	if (s->stop_keys)
		y->ladder[y->nladder++] = (struct life_rung){
			.kind = LIFE_STEP_KEYS, .for_us = STOP_FIRST_US };
	/* The last step of a spec is KILL, which the ladder implies. */
	for (size_t i = 0; i + 1 < s->stop_count &&
			   y->nladder < LIFE_STEPS_MAX; i++)
		y->ladder[y->nladder++] = (struct life_rung){
			.kind = LIFE_STEP_SIGNAL,
			.signo = s->stop[i].signo,
			.for_us = us(s->stop[i].wait_ms),
		};
	for (size_t i = 0; i < s->ok_code_count; i++)
		life_ok_code(y, s->ok_codes[i].code);
}

/* A name may mean all replicas: from is where to look on.  SIZE_MAX: no
 * more. */
static size_t
index_of(const struct engine *e, const char *name, size_t from)
{
	for (size_t i = from; i < e->nproc; i++)
		if (replica_is_meant(e->procs[i]->spec, name))
			return i;
	return SIZE_MAX;
}

static enum graph_cond
cond_of(const struct spec_dep *d, const struct spec *target)
{
	switch (d->condition) {
	case SPEC_COND_STARTED: return GRAPH_STARTED;
	case SPEC_COND_READY: return GRAPH_READY;
	case SPEC_COND_DONE: return GRAPH_DONE;
	case SPEC_COND_OK: return GRAPH_OK;
	default: return order_has_ready(target) ? GRAPH_READY : GRAPH_STARTED;
	}
}

static void
add_edges(struct engine *e, size_t from, const struct spec_dep *d)
{
	for (size_t to = index_of(e, d->name, 0); to != SIZE_MAX;
	     to = index_of(e, d->name, to + 1))
		graph_add(e->graph, from, to,
			  cond_of(d, e->procs[to]->spec));
}

static void
build_graph(struct engine *e)
{
	if (e->graph)
		return;
	e->graph = graph_new(e->nproc);
	for (size_t i = 0; i < e->nproc; i++) {
		const struct spec *s = e->procs[i]->spec;
		for (size_t k = 0; k < s->dep_count; k++)
			add_edges(e, i, &s->deps[k]);
	}
}

/* One that has yet to begin anew is as good as not there yet; for one of
 * several that goes, nobody waits. */
static void
fact_of(struct graph_fact *f, const struct proc *p)
{
	graph_fact_of(f, &p->life, p->spec->name);
	if (p->spec->replica_of && (p->removing || p->leaving))
		f->started = f->ready = f->done = f->ok = true;
	else if ((p->next_spec && proc_is_live(p)) || ordered_comes_back(p)) {
		f->started = f->ready = f->done = f->ok = false;
		f->coming = true;
	}
}

static struct graph_fact *
facts_of(const struct engine *e)
{
	struct graph_fact *f = mem_array(e->nproc + 1, sizeof *f);
	for (size_t i = 0; i < e->nproc; i++)
		fact_of(&f[i], e->procs[i]);
	return f;
}

/* A dependency that was removed from the set can never be met. */
static const char *
missing_dep(const struct engine *e, const struct spec *s)
{
	for (size_t k = 0; k < s->dep_count; k++)
		if (index_of(e, s->deps[k].name, 0) == SIZE_MAX)
			return s->deps[k].name;
	return NULL;
}

static void
judge(struct engine *e, size_t i, const struct graph_fact *facts,
      struct buf *text)
{
	struct proc *p = e->procs[i];
	const char *missing = missing_dep(e, p->spec);

	if (missing) {
		buf_clear(text);
		buf_addf(text, "there is no process '%s'", missing);
		proc_tell(p, LIFE_EV_DEPS_FAILED, CAUSE_DEPENDENCY,
			  buf_str(text));
		return;
	}
	switch (graph_judge(e->graph, i, facts, text)) {
	case GRAPH_MET:
		proc_tell(p, LIFE_EV_DEPS_MET, CAUSE_DEPENDENCY, NULL);
		break;
	case GRAPH_IMPOSSIBLE:
		proc_tell(p, LIFE_EV_DEPS_FAILED, CAUSE_DEPENDENCY,
			  buf_str(text));
		break;
	case GRAPH_WAIT:
		if (p->waits && strcmp(p->waits, buf_str(text)) == 0)
			break;
		free(p->waits);
		p->waits = mem_str(buf_str(text));
		proc_touch(p);
		proc_tell(p, LIFE_EV_DEPS_WAIT, CAUSE_DEPENDENCY,
			  buf_str(text));
		break;
	}
}

static void
settle_deps(struct engine *e)
{
	struct buf text = BUF_INIT(200);
	struct graph_fact *facts = NULL;

	e->deps_dirty = false;
	for (size_t i = 0; i < e->nproc; i++) {
		if (e->procs[i]->life.status != STATUS_WAITING)
			continue;
		build_graph(e);
		if (!facts)
			facts = facts_of(e);
		judge(e, i, facts, &text);
	}
	free(facts);
	buf_fini(&text);
}

/* Places that are free; *first is who has waited longest, NULL: nobody. */
static uint64_t
free_places(const struct engine *e, struct proc **first)
{
	uint64_t limit = options_number(e->options, OPTION_LIMIT_PROCESSES);
	uint64_t live = 0;

	*first = NULL;
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		live += proc_is_live(p);
		if (p->life.status == STATUS_QUEUED &&
		    (!*first || p->queued_gen < (*first)->queued_gen))
			*first = p;
	}
	return live < limit ? limit - live : 0;
}

int
order_room(const struct engine *e, size_t count, struct err *err)
{
	struct proc *first;
	uint64_t room = free_places(e, &first);

	for (size_t i = 0; i < e->nproc && room > 0; i++)
		room -= e->procs[i]->life.status == STATUS_QUEUED;
	if (count <= room)
		return 0;
	err_set(err, ERR_FULL, "no place for %zu more beside what runs and "
		"waits: limit.processes is %s", count,
		options_text(e->options, OPTION_LIMIT_PROCESSES));
	return err_hint(err, "sbx set limit.processes N, or let it be queued: "
			"without --no-queue");
}

static void
settle_slots(struct engine *e)
{
	struct proc *first;

	e->slots_dirty = false;
	while (free_places(e, &first) > 0 && first)
		proc_tell(first, LIFE_EV_SLOT_FREE, CAUSE_LIMIT, NULL);
}

unsigned
order_shortcuts(const struct proc *p)
{
	struct proc *first;
	/* What begins now or later begins as the newest definition says. */
	const struct spec *s = p->next_spec ? p->next_spec : p->spec;
	unsigned flags = s->dep_count == 0 ? LIFE_IN_DEPS_MET : 0;
	if (free_places(p->e, &first) > 0 && !first)
		flags |= LIFE_IN_SLOT;
	return flags;
}

/* Its run of now is to end, in its turn. */
bool
order_is_going(const struct proc *p)
{
	return p->leaving || p->next_spec || procrun_see(p)->asked.on;
}

/* Marks what is needed by those that live and are to end, and goes after
 * them.  Caller frees. */
static bool *
list_needed(struct engine *e)
{
	bool *ending = mem_array(e->nproc + 1, sizeof *ending);
	bool *needed = mem_array(e->nproc + 1, sizeof *needed);

	build_graph(e);
	for (size_t i = 0; i < e->nproc; i++)
		ending[i] = proc_is_live(e->procs[i]) &&
			    (e->going_down || order_is_going(e->procs[i]));
	graph_needed(e->graph, ending, needed);
	free(ending);
	return needed;
}

/* It does not run, and will without being told to. */
static bool
is_pending(const struct proc *p)
{
	enum status st = p->life.status;

	return st == STATUS_WAITING || st == STATUS_QUEUED ||
	       st == STATUS_BACKOFF || st == STATUS_SCHEDULED;
}

static void
settle_leaving(struct proc *p, bool is_needed, bool *looked)
{
	bool told = p->leave_told && p->life.status == STATUS_STOPPING;

	if (!proc_is_live(p) && !is_pending(p)) {
		if (!p->removing)
			procleft_end(p, CAUSE_CONFIG, false, looked);
		proc_remove(p, CAUSE_CONFIG);
	} else if (!told && !is_needed) {
		struct life_input in = { .event = LIFE_EV_STOP,
					 .cause = CAUSE_CONFIG,
					 .flags = LIFE_IN_HAND };
		p->leave_told = true;
		proc_event(p, &in);
	}
}

/*
 * What a request or a reload has left to do; told by what is, so that an
 * engine that takes over goes on with it.
 */
static void
settle_going(struct engine *e)
{
	bool *needed = NULL, looked = false;

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (!order_is_going(p))
			continue;
		if (!needed)
			needed = list_needed(e);
		if (p->leaving) {
			settle_leaving(p, needed[i], &looked);
		} else if (p->next_spec && !proc_is_live(p)) {
			respec_next(p);
		} else if (p->next_spec && !p->renew_told && !needed[i]) {
			p->renew_told = true;
			proc_tell(p, LIFE_EV_RESTART, CAUSE_CONFIG, NULL);
		}
		ordered_settle(p, needed[i]);
	}
	free(needed);
}

static void
settle_down(struct engine *e)
{
	bool *needed = list_needed(e);

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		bool running = proc_is_live(p) && !p->life.stopped;
		if (!is_pending(p) &&
		    !(running && !needed[i]))
			continue;
		struct life_input in = { .event = LIFE_EV_STOP,
					 .cause = e->down_cause,
					 .flags = LIFE_IN_HAND,
					 .for_us = e->down_for_us };
		proc_event(p, &in);
	}
	free(needed);
}

void
order_settle(struct engine *e)
{
	/* An answer can change the facts of another: until it is quiet. */
	for (int round = 0; round < 100; round++) {
		if (e->going_down)
			settle_down(e);
		else
			settle_going(e);
		if (e->deps_dirty)
			settle_deps(e);
		else if (e->slots_dirty)
			settle_slots(e);
		else
			return;
	}
}

void
order_changed(struct engine *e)
{
	graph_free(e->graph);
	e->graph = NULL;
	e->deps_dirty = e->registry_dirty = true;
}

void
order_needs(struct engine *e, bool *want)
{
	struct graph_fact *facts = facts_of(e);
	bool *need = mem_array(e->nproc + 1, sizeof *need);

	build_graph(e);
	graph_to_start(e->graph, want, facts, need);
	memcpy(want, need, e->nproc * sizeof *want);
	free(need);
	free(facts);
}

void
order_dependents(struct engine *e, bool *want)
{
	build_graph(e);
	graph_close_dependents(e->graph, want);
}

void
order_dependents_up(struct engine *e, bool *want)
{
	bool *all = mem_array(e->nproc + 1, sizeof *all);

	memcpy(all, want, e->nproc * sizeof *all);
	order_dependents(e, all);
	for (size_t i = 0; i < e->nproc; i++) {
		const struct life *l = &e->procs[i]->life;
		want[i] |= all[i] && l->status != STATUS_OFF && !l->kept_down;
	}
	free(all);
}
