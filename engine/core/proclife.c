#include "proclife.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "autoport.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "child/tree.h"
#include "core.h"
#include "helper.h"
#include "launch.h"
#include "log/journal.h"
#include "log/spool.h"
#include "order.h"
#include "ordered.h"
#include "proc.h"
#include "proccheck.h"
#include "procio.h"
#include "procmember.h"
#include "procnotify.h"
#include "procport.h"
#include "procstop.h"
#include "proctree.h"
#include "proctty.h"
#include "procwatch.h"
#include "respec.h"
#include "spec/spec.h"

/* What is due meanwhile waits so long. */
enum { ADOPTED_US = 5 * 1000 };

/* The journal's entry of a change, and everything that follows from it. */
static void
announce(struct proc *p, const struct life_output *out)
{
	struct engine *e = p->e;
	struct journal_event ev = {
		.kind = out->event,
		.cause = out->cause,
		.from = out->from,
		.to = p->life.status,
		.run = p->life.run,
		.process = p->spec->name,
		.text = out->text,
	};
	journal_add(e->journal, &ev);
	if (p->life.status != STATUS_WAITING) {
		free(p->waits);
		p->waits = NULL;
	}
	e->deps_dirty = e->slots_dirty = true;
	if (p->life.ready && !p->ready_ms)
		p->ready_ms = clock_wall_ms();
	e->gen++;
}

/* The pipes of what a run has left, and the keeper's copies. */
static void
let_go(struct proc *p)
{
	if (!p->kept)
		return;
	p->kept = false;
	procio_close(p);
	p->release_slot = p->slot;
}

static void
perform(struct proc *p, unsigned fx, const struct life_output *out)
{
	struct engine *e = p->e;
	if (fx & LIFE_FX_ANNOUNCE) {
		announce(p, out);
		procnotify_event(p, out, fx & LIFE_FX_RUN_ENDED);
	}
	if (fx & LIFE_FX_STOP_PROBES)
		proccheck_stop(p);
	if (fx & LIFE_FX_SIGNAL && !p->tree_gone) {
		p->signal_wanted = out->signo;
		e->tree_dirty = true;
	}
	if (fx & LIFE_FX_STOP_STEP)
		procstop_step(p, out->step);
	if (fx & LIFE_FX_KILL_TREE) {
		p->killing = true;
		proctree_look_soon(p);
	}
	if (fx & LIFE_FX_DRAIN) {
		p->leader_ended = true;
		proctree_look_soon(p);
	}
	if (fx & LIFE_FX_RUN_ENDED)
		ordered_run_ended(p);
	if (fx & LIFE_FX_FREE_SLOT)
		e->slots_dirty = true;
	if (fx & LIFE_FX_WANT_DEPS)
		e->deps_dirty = true;
	if (fx & LIFE_FX_WANT_SLOT) {
		p->queued_gen = ++e->gen;
		e->slots_dirty = true;
	}
	if (fx & LIFE_FX_SPAWN) {
		let_go(p);
		autoport_pick(p);
		/* Named in the registry before it exists. */
		p->slot = launch_slot(e, &p->tag);
		p->spawn_wanted = true;
	}
	if (fx & LIFE_FX_START_PROBES)
		proccheck_start(p);
	if (fx & LIFE_FX_FORGET)
		proc_remove(p, CAUSE_NONE);
	/* What is left to do runs at the end of this turn. */
	loop_again(e->loop);
}

/* The machine is short of something: another try may succeed. */
static bool
is_shortage(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE ||
	       error == ENFILE || error == ENOBUFS || error == ENOSPC;
}

static void
not_started(struct proc *p, enum spawn_step step, int error, const char *why)
{
	p->fail_step = step;
	p->fail_error = (uint32_t)error;

	struct life_input in = {
		.event = LIFE_EV_SPAWN_FAILED,
		.detail = why,
		.flags = is_shortage(error) ? LIFE_IN_TRANSIENT : 0,
	};
	proc_event(p, &in);
}

static int
copy_why(const struct err *err, char *why, size_t cap)
{
	snprintf(why, cap, "%.*s", (int)cap - 1, err->text);
	return -EIO;
}

void
proc_arm(struct proc *p)
{
	uint64_t at = life_deadline(&p->life);

	if (at)
		timer_arm(procrun_get(p)->timer, at);
	else if (p->run)
		timer_stop(p->run->timer);
}

void
proc_on_timer(struct timer *t, void *arg)
{
	struct proc *p = arg;
	char missing[160];

	/* What is due needs what the keeper has not handed over yet; a slot
	 * that was taken now could have the number of one that it has. */
	if (!p->e->adopted) {
		timer_arm(t, clock_us() + ADOPTED_US);
		return;
	}
	int due = life_due(&p->life, clock_us());
	if (due >= 0) {
		struct life_input in = {
			.event = (enum life_event)due,
			.cause = CAUSE_NONE,
			.detail = due != LIFE_EV_READY_DUE ? NULL :
				  proccheck_missing(p, missing, sizeof missing),
		};
		proc_event(p, &in);
	}
	proc_arm(p);
}

void
proc_event(struct proc *p, const struct life_input *given)
{
	struct life_input in = *given;
	struct life_output out = { .text = "" };
	struct run *r = procrun_get(p);
	struct err err = ERR_INIT;

	/* A line is looked at after the end of who ended right behind it. */
	if (in.event == LIFE_EV_READY && p->life.ending && !p->life.alive &&
	    !p->ready_ms)
		p->ready_ms = p->ended_ms;

	/* As long as its record tells what its last run was.  If that fails
	 * it is tried once more, with a word to say, when it starts. */
	(void)procrun_wake_log(p, &err);
	in.now_us = clock_us();
	/* These are the ends of a run: what follows is another one. */
	if (p->next_spec && (in.event == LIFE_EV_GONE ||
			     in.event == LIFE_EV_SPAWN_FAILED ||
			     in.event == LIFE_EV_LOST))
		respec_next(p);
	/* Who says something else takes back what waits for its turn. */
	if (r->asked.on && !r->asked.told &&
	    (in.event == LIFE_EV_START || in.event == LIFE_EV_STOP ||
	     in.event == LIFE_EV_RESTART || in.event == LIFE_EV_KILL) &&
	    (in.cause == CAUSE_USER || in.flags & LIFE_IN_HAND))
		ordered_drop(p);
	in.flags |= order_shortcuts(p);
	/* Jitter only spreads restarts: the low bits of the clock will do. */
	in.jitter = (int)(in.now_us % 201) - 100;
	unsigned fx = life_step(&p->life, &r->life, &r->policy, &in, &out);
	p->still_saved = false;
	proc_arm(p);
	p->e->tree_dirty |= proctree_is_killed_early(p);
	if (!fx)
		return;
	p->e->registry_dirty = true;
	proc_touch(p);
	perform(p, fx, &out);
}

void
proc_tell(struct proc *p, enum life_event ev, enum cause cause,
	  const char *detail)
{
	struct life_input in = { .event = ev, .cause = cause,
				 .detail = detail };
	proc_event(p, &in);
}

void
proc_started(struct proc *p, const struct keep_start *s)
{
	struct keep_fds fds = s->fds;
	int64_t now = clock_wall_ms();

	p->slot_known = true;
	p->pid = p->run_pid = s->pid;
	p->started_ms = now;
	p->ended_ms = p->ready_ms = 0;
	p->leader_ended = p->tree_gone = p->killing = p->log_ended = false;
	p->errors = p->warnings = 0;
	p->fail_step = p->fail_error = 0;
	p->sent_signo = 0;
	p->tree_count = 1;
	tree_leader(p->e->tree, p->tag, s->pid);
	p->run_cut = false;
	p->at_drain_end_us = p->drain_owed_bytes = 0;
	/* A former engine may have come as far as this before it died. */
	const struct log_run *last = spool_run(p->spool);
	if (!last || last->run != p->life.run + 1)
		spool_run_begin(p->spool, p->life.run + 1, s->pid, now);
	procwatch_run(p, true);
	if (p->spec->tty)
		proctty_open(p);
	procio_attach(p, &fds);
	proc_tell(p, LIFE_EV_SPAWNED, CAUSE_NONE, NULL);
	procmember_find_sent(p);
	if (s->fds_lost)
		proc_tell(p, LIFE_EV_KILL, CAUSE_LIMIT,
			  "no descriptors left for its output");
}

void
proc_failed(struct proc *p, enum spawn_step step, int error)
{
	char why[256];
	launch_explain(p, step, error, why, sizeof why);
	p->slot_known = false;
	p->release_slot = p->slot;
	not_started(p, step, error, why);
}

void
proc_exited(struct proc *p, const struct keep_exit *x)
{
	struct life_input in = { .event = LIFE_EV_EXITED };
	/* The keeper's word saves looking through /proc for what is left. */
	if (x->orphans == 0)
		p->tree_gone = true;
	if (WIFSIGNALED(x->status)) {
		in.exit_signal = WTERMSIG(x->status);
		in.flags = WCOREDUMP(x->status) ? LIFE_IN_CORE : 0;
		if (in.exit_signal == p->sent_signo)
			in.cause = p->sent_by;
	} else {
		in.exit_code = WEXITSTATUS(x->status);
	}
	if (p->leader_ended)
		return;		/* told twice after a change of engines */
	p->ended_ms = clock_wall_ms();
	p->maxrss_bytes = x->maxrss_bytes;
	p->pid = 0;
	p->cpu_permille = p->at_cpu_us = 0;
	p->leader_ended = true;
	const uint64_t *ok = procrun_get(p)->policy.ok_codes;
	bool failed = p->life.status != STATUS_STOPPING && in.exit_code &&
		      !(ok[in.exit_code / 64] >> in.exit_code % 64 & 1);
	proc_event(p, &in);
	if (failed)
		procport_failed(p);
	proctree_look_soon(p);
}

void
proc_restore_run(struct proc *p)
{
	const struct life *l = &p->life;
	int status = l->exit_signal ? l->exit_signal : l->exit_code << 8;

	if (!l->run || spool_run(p->spool))
		return;
	spool_run_begin(p->spool, l->run, p->run_pid, p->started_ms);
	if (p->run_cut || !(l->alive || l->ending))
		spool_run_end(p->spool, status, p->ended_ms);
	if (!l->alive && !l->ending)
		procrun_record(p, "");
}

/*
 * After the registry was saved: a new engine that finds a slot unknown to
 * the keeper knows that the spawn was never sent.  What could not be saved
 * does not happen, or nobody would know of it after this engine: here a start
 * fails, in procrun_release an end stays with the keeper.
 */
void
proc_settle_starts(struct engine *e, int saved)
{
	char why[256];

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->kept && !procio_is_open(p))
			let_go(p);
		if (!p->spawn_wanted || saved == -EAGAIN)
			continue;
		p->spawn_wanted = false;
		struct err err = ERR_INIT;
		int r = saved;
		if (r < 0)
			snprintf(why, sizeof why, "its record cannot be "
				 "kept: %s", strerror(-r));
		else if (procrun_wake_log(p, &err) < 0)
			r = copy_why(&err, why, sizeof why);
		else
			r = launch_run(p, why, sizeof why);
		if (r < 0)
			not_started(p, SPAWN_REQUEST, -r, why);
	}
	helper_settle_planned(e, saved);
}
