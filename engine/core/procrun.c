/*
 * What only a process needs that is not at rest.  Thousands of records that
 * have ended are kept, so what is of no use to them goes with the last turn
 * of their run: struct run, and the log of one that has said nothing.
 */
#include "proclife.h"
#include "procrun.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/signame.h"
#include "core.h"
#include "log/fold.h"
#include "log/spool.h"
#include "log/watch.h"
#include "order.h"
#include "probe/probe.h"
#include "procinput.h"
#include "procio.h"
#include "procwatch.h"
#include "spec/spec.h"

enum {
	PASTE_MARKS = 64,	/* bytes that a terminal has around one */
};

struct run *
procrun_get(struct proc *p)
{
	if (p->run)
		return p->run;
	p->still_saved = false;
	struct run *r = mem_alloc(sizeof *r);
	*r = (struct run){ .timer = loop_timer(p->e->loop, proc_on_timer, p) };
	for (size_t i = 0; i < CHECKS; i++)
		r->checks[i].p = p;
	buf_init(&r->input, INPUT_MAX + PROTO_PASTE_MAX + PASTE_MARKS);
	buf_init(&r->notify_line, NOTIFY_LINE_MAX);
	order_policy(p->spec, &r->policy);
	p->run = r;
	return r;
}

const struct run *
procrun_see(const struct proc *p)
{
	static const struct run at_rest;

	return p->run ? p->run : &at_rest;
}

void
procrun_free(struct proc *p)
{
	struct run *r = p->run;

	if (!r)
		return;
	timer_drop(r->timer);
	for (size_t i = 0; i < CHECKS; i++) {
		timer_drop(r->checks[i].timer);
		free(r->checks[i].results);
	}
	free(r->asked.detail);
	buf_fini(&r->input);
	buf_fini(&r->notify_line);
	free(r);
	p->run = NULL;
}

/* How its last checks have ended is worth its memory. */
static bool
has_checks(const struct run *r)
{
	for (size_t i = 0; i < CHECKS; i++)
		if (r->checks[i].probe || r->checks[i].helper_slot ||
		    r->checks[i].results)
			return true;
	return false;
}

static bool
is_over(const struct proc *p)
{
	const struct run *r = p->run;

	return life_is_at_rest(&p->life, &r->life) && !p->kept &&
	       !p->release_slot && !p->spawn_wanted && !p->signal_wanted &&
	       !p->leader_ended && !p->killing && !p->notify &&
	       !r->asked.on && r->end_count == 0 &&
	       procinput_waiting(p) == 0 && !has_checks(r);
}

/* What it could tell is in its record, and there is no file of it. */
static bool
says_nothing(const struct proc *p)
{
	const struct spec *s = p->spec;

	if (!spool_is_planned(p->spool) || spool_gap_bytes(p->spool) ||
	    p->fold_dirty || p->at_retry_us || p->hits_untold ||
	    s->tty || s->watch_count || s->live.kind == SPEC_PROBE_LOG ||
	    s->ready.kind == SPEC_PROBE_LOG || p->copy || p->holder)
		return false;
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		if (spool_end(p->spool, (enum log_stream)i))
			return false;
	return true;
}

static void
drop_log(struct proc *p)
{
	timer_drop(p->partial_timer);
	p->partial_timer = NULL;
	watchset_free(p->watches);
	p->watches = NULL;
	free(p->watch_specs);
	p->watch_specs = NULL;
	free(p->hit_rings);
	p->hit_rings = NULL;
	fold_free(p->fold);
	p->fold = NULL;
	spool_free(p->spool);
	p->spool = NULL;
}

int
procrun_wake_log(struct proc *p, struct err *err)
{
	if (p->spool)
		return 0;
	if (procio_open_log(p, err) < 0 || procwatch_build(p, err) < 0) {
		drop_log(p);
		return -1;
	}
	proc_restore_run(p);
	return 0;
}

void
procrun_record(struct proc *p, const char *why)
{
	const struct life *l = &p->life;
	struct log_run r = { .ready_ms = p->ready_ms,
			     .maxrss_bytes = p->maxrss_bytes };
	char name[SIGNAME_MAX];

	snprintf(r.outcome, sizeof r.outcome, "%s", status_name(l->outcome));
	if (status_get(l->status)->final || l->status == STATUS_OFF)
		snprintf(r.reason, sizeof r.reason, "%.*s",
			 (int)sizeof r.reason - 1, l->reason);
	else if (why[0])
		snprintf(r.reason, sizeof r.reason, "%.*s",
			 (int)sizeof r.reason - 1, why);
	else if (l->exit_signal)
		snprintf(r.reason, sizeof r.reason, "%s",
			 signame_text(l->exit_signal, name));
	else
		snprintf(r.reason, sizeof r.reason, "exit %d", l->exit_code);
	spool_run_tell(p->spool, &r);
}

static void
settle(struct proc *p)
{
	if (p->run && is_over(p))
		procrun_free(p);
	if (!p->run && p->spool && says_nothing(p))
		drop_log(p);
}

void
procrun_release(struct proc *p, int saved)
{
	struct engine *e = p->e;

	if (!p->release_slot || (saved < 0 && !e->going_down))
		return;
	keeplink_release(e->link, p->release_slot);
	p->release_slot = 0;
}

void
procrun_settle_all(struct engine *e, int saved)
{
	for (size_t i = 0; i < e->nproc; i++) {
		procrun_release(e->procs[i], saved);
		settle(e->procs[i]);
	}
}
