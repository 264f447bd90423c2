#include "life.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "life_text.h"
#include "step.h"

enum { KILLS_HUNG = 5 };	/* that many KILLs to no avail: say so */

typedef void step_fn(struct step *s);

static void
do_start(struct step *s)
{
	if (step_accept(s))
		step_begin_by(s, "started");
}

/* It is on its way already; only the intents change. */
static void
do_want(struct step *s)
{
	step_accept(s);
}

/* The same, unless somebody who may says that it need not wait. */
static void
do_want_waiting(struct step *s)
{
	if (step_accept(s) && step_by_hand(s) &&
	    (s->in->flags & LIFE_IN_DEPS_MET))
		step_begin_by(s, "started");
}

/* Only these cut a pause short: the others would defeat it. */
static void
do_start_now(struct step *s)
{
	enum cause c = s->in->cause;
	bool now = step_by_hand(s) || c == CAUSE_FILES || c == CAUSE_CONFIG;

	if (now && step_accept(s))
		step_begin_by(s, "started");
}

/* A watch or check may fire for ever, so its restarts count. */
static void
restart_run(struct step *s)
{
	struct life *l = s->l;
	enum cause c = s->in->cause;

	step_again_by(s, "restarted");
	l->again_counted = c == CAUSE_WATCH || c == CAUSE_PROBE;
	if (l->ending)
		step_note(s, EVENT_RESTART, c,
			  "starts again when the last run is gone");
	else
		step_stop(s, 0, EVENT_RESTART, "restarted");
}

/* A scheduled start while the last run is not over. */
static void
overlap(struct step *s)
{
	struct life *l = s->l;

	if (s->p->overlap == LIFE_SKIP) {
		step_note(s, EVENT_SKIPPED, s->in->cause,
			  "the last run is not over: start left out");
	} else if (s->p->overlap == LIFE_REPLACE &&
		   l->status != STATUS_STOPPING) {
		restart_run(s);
	} else if (!l->again) {
		step_again_by(s, "started");
		step_note(s, EVENT_SCHEDULED, s->in->cause,
			  "the last run is not over: starts after it");
	}
}

static void
start_after(struct step *s, const char *verb)
{
	if (s->l->again && !s->l->again_counted)
		return;
	step_again_by(s, verb);
	s->l->again_counted = false;
	step_note(s, EVENT_START, s->in->cause,
		  "starts when the last run is gone");
}

static void
do_start_live(struct step *s)
{
	if (!step_accept(s))
		return;
	if (s->in->cause == CAUSE_SCHEDULE)
		overlap(s);
	else if (s->l->ending && step_by_hand(s))
		start_after(s, "started");
}

/* What a dying process prints or serves is no reason to start it again. */
static bool
is_reflex(const struct step *s)
{
	return s->in->cause == CAUSE_WATCH || s->in->cause == CAUSE_PROBE;
}

static void
do_start_stopping(struct step *s)
{
	if (is_reflex(s) || !step_accept(s))
		return;
	if (s->in->cause == CAUSE_SCHEDULE)
		overlap(s);
	else
		start_after(s, "started");
}

static void
do_restart_stopping(struct step *s)
{
	if (!is_reflex(s) && step_accept(s))
		start_after(s, "restarted");
}

static void
do_restart_ended(struct step *s)
{
	bool files = s->in->cause == CAUSE_FILES && s->l->run > 0;

	if ((step_by_hand(s) || files) && step_accept(s))
		step_begin_by(s, "started");
}

static void
do_restart(struct step *s)
{
	if (!(is_reflex(s) && s->l->ending) && step_accept(s))
		restart_run(s);
}

static void
do_keep_down(struct step *s)
{
	step_keep_down(s);
}

static void
do_begin(struct step *s)
{
	step_begin(s);
}

/* Called off before anything ran. */
static void
do_cancel(struct step *s)
{
	struct life *l = s->l;
	bool planned = l->status == STATUS_SCHEDULED;
	char by[96];

	step_keep_down(s);
	l->ready = false;
	if (planned) {
		step_rest(s, STATUS_OFF, EVENT_CANCELLED, s->in->cause,
			  "stopped %s, no further scheduled run",
			  step_by(s, by));
		return;
	}
	l->stopped = true;
	l->outcome = STATUS_OFF;
	s->fx |= LIFE_FX_RUN_ENDED;
	step_rest(s, STATUS_OFF, EVENT_CANCELLED, s->in->cause,
		  "stopped %s before it ran (%.120s)", step_by(s, by),
		  l->reason);
}

/* The last run's end stays the truth; there is just no further try. */
static void
do_cancel_retry(struct step *s)
{
	struct life *l = s->l;
	char by[96], how[64] = "could not be started";

	step_keep_down(s);
	l->stopped = true;
	if (l->outcome != STATUS_ERROR)
		life_exit_text(l, how, sizeof how);
	step_rest(s, l->outcome, EVENT_CANCELLED, s->in->cause,
		  "%s; the next try was stopped %s", how, step_by(s, by));
}

static void
do_stop(struct step *s)
{
	struct life *l = s->l;
	char by[96];

	step_keep_down(s);
	l->again = l->again_counted = false;
	if (!l->ending) {
		step_stop(s, 0, EVENT_STOP, "stopped");
		return;
	}
	/* The leader has ended by itself: the outcome is its own. */
	l->stopped = true;
	if (!l->at_us[LIFE_AT_STEP])
		step_rung(s);
	step_change(s, STATUS_STOPPING, EVENT_STOP, s->in->cause,
		    "stopped %s while its tree ends", step_by(s, by));
}

/* Takes back a start that was to follow, and lets the ladder go on where it
 * was told not to; else a second stop is the first one. */
static void
do_stop_again(struct step *s)
{
	struct life *l = s->l;
	bool held = l->no_escalate && !(s->in->flags & LIFE_IN_NO_ESCALATE);
	bool news = l->again || held;
	uint64_t old = l->at_us[LIFE_AT_KILL];
	char by[96];

	if (l->ending && !l->stopped && !l->again) {
		do_stop(s);
		return;
	}
	step_keep_down(s);
	l->stopped = true;
	l->again = l->again_counted = false;
	if (held) {
		l->no_escalate = false;
		if (!l->spawning && l->step < s->p->nladder)
			step_arm(s, LIFE_AT_STEP,
				 s->p->ladder[l->step].for_us);
	}
	if (s->in->for_us && !l->no_escalate && l->step < s->p->nladder) {
		step_arm(s, LIFE_AT_KILL, s->in->for_us);
		if (old)
			l->at_us[LIFE_AT_KILL] =
				SBX_MIN(old, l->at_us[LIFE_AT_KILL]);
	}
	if (!news)
		return;
	l->end_cause = s->in->cause;
	snprintf(s->r->end_why, sizeof s->r->end_why, "stopped %s",
		 step_by(s, by));
	step_change(s, STATUS_STOPPING, EVENT_STOP, s->in->cause, "%s",
		    s->r->end_why);
}

static void
do_kill(struct step *s)
{
	struct life *l = s->l;
	char by[96];

	step_keep_down(s);
	l->again = l->again_counted = false;
	if (!l->ending) {
		step_stop(s, s->p->nladder, EVENT_KILL, "killed");
		return;
	}
	l->stopped = true;
	l->step = s->p->nladder;
	step_rung(s);
	step_change(s, STATUS_STOPPING, EVENT_KILL, s->in->cause,
		    "what is left of its tree is killed %s", step_by(s, by));
}

static void
do_deps_wait(struct step *s)
{
	char text[sizeof s->l->reason];

	snprintf(text, sizeof text, "waits %s",
		 s->in->detail ? s->in->detail : "for what it depends on");
	if (strcmp(text, s->l->reason) != 0)
		step_change(s, STATUS_WAITING, EVENT_WAITING,
			    CAUSE_DEPENDENCY, "%s", text);
}

static void
do_deps_met(struct step *s)
{
	step_advance(s, s->in->flags | LIFE_IN_DEPS_MET);
}

static void
do_deps_failed(struct step *s)
{
	s->l->outcome = STATUS_FAILED;
	s->fx |= LIFE_FX_RUN_ENDED;
	step_rest(s, STATUS_FAILED, EVENT_DEPENDENCY, CAUSE_DEPENDENCY, "%s",
		  s->in->detail ? s->in->detail : "a dependency failed");
}

/* The dependencies were met when it was queued; the place is all it lacks. */
static void
do_slot_free(struct step *s)
{
	step_advance(s, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
}

/* How the last run ended; "" if there was none. */
static void
last_text(const struct life *l, char *out, size_t cap)
{
	const char *told = strstr(l->reason, "; last: ");

	out[0] = '\0';
	if (l->has_exit)
		life_exit_text(l, out, cap);
	else if (l->status == STATUS_SCHEDULED && told)
		snprintf(out, cap, "%.120s", told + strlen("; last: "));
	else if (status_get(l->status)->final)
		snprintf(out, cap, "%.120s", l->reason);
}

static void
do_scheduled(struct step *s)
{
	struct life *l = s->l;
	const char *when = s->in->detail ? s->in->detail : "by its schedule";
	char last[128];

	if (!step_accept(s))
		return;
	last_text(l, last, sizeof last);
	step_change(s, STATUS_SCHEDULED, EVENT_SCHEDULED, CAUSE_SCHEDULE,
		    "next run %.100s%s%s", when, last[0] ? "; last: " : "",
		    last);
}

static void
ran(struct step *s)
{
	struct life *l = s->l;

	l->spawning = false;
	l->alive = true;
	l->run++;
	l->at_started_us = s->in->now_us;
	l->at_ended_us = 0;
}

static void
do_spawned(struct step *s)
{
	struct life *l = s->l;
	const struct life_policy *p = s->p;

	if (!l->spawning)
		return;
	ran(s);
	if (p->timeout_us)
		step_arm(s, LIFE_AT_RUN, p->timeout_us);
	s->fx |= LIFE_FX_START_PROBES;
	if (!p->has_ready || p->ready_on_exit) {
		l->ready = !p->ready_on_exit;
		step_change(s, STATUS_RUNNING, EVENT_STARTED, l->start_cause,
			    "%s", s->r->start_why);
		return;
	}
	if (p->ready_timeout_us)
		step_arm(s, LIFE_AT_READY, p->ready_timeout_us);
	step_change(s, STATUS_STARTING, EVENT_STARTED, l->start_cause,
		    "%s, not ready yet", s->r->start_why);
}

/* Stopped between the request and the program: the ladder begins now. */
static void
do_spawned_stopping(struct step *s)
{
	struct life *l = s->l;
	char ladder[96];

	if (!l->spawning)
		return;
	ran(s);
	step_rung(s);
	step_change(s, STATUS_STOPPING, EVENT_STARTED, l->end_cause, "%s: %s",
		    s->r->end_why,
		    life_ladder_text(l, s->p, ladder, sizeof ladder));
}

static void
do_spawn_failed(struct step *s)
{
	struct life *l = s->l;
	const char *why = s->in->detail ? s->in->detail : "could not be run";

	if (!l->spawning)
		return;
	l->spawning = false;
	l->outcome = STATUS_ERROR;
	s->fx |= LIFE_FX_RUN_ENDED;
	if (l->again && !l->kept_down)
		step_begin_again(s);
	else if ((s->in->flags & LIFE_IN_TRANSIENT) && !l->stopped)
		step_retry(s, why);
	else
		step_rest(s, STATUS_ERROR, EVENT_SPAWN_FAILED, CAUSE_ENGINE,
			  "%s", why);
}

static void
do_exited(struct step *s)
{
	struct life *l = s->l;
	bool by_itself = l->status != STATUS_STOPPING;
	bool early = l->status == STATUS_STARTING;
	char how[64], by[96];

	if (!l->alive)
		return;
	l->alive = l->paused = l->ready = l->unready = l->overdue = false;
	l->ending = l->has_exit = true;
	l->exit_code = s->in->exit_code;
	l->exit_signal = s->in->exit_signal;
	l->core = s->in->flags & LIFE_IN_CORE;
	l->at_ended_us = s->in->now_us;
	l->at_us[LIFE_AT_RUN] = l->at_us[LIFE_AT_READY] = 0;
	s->fx |= LIFE_FX_STOP_PROBES | LIFE_FX_DRAIN;
	life_exit_text(l, how, sizeof how);
	if (by_itself && s->in->cause != CAUSE_NONE) {
		l->end_cause = s->in->cause;
		snprintf(s->r->end_why, sizeof s->r->end_why, "signalled %s",
			 step_by(s, by));
	}
	/* What outlives the leader gets the ladder, unless it may stay. */
	if (by_itself && !s->p->tree_keep) {
		l->step = 0;
		step_rung(s);
	}
	step_change(s, l->status, EVENT_EXIT, l->end_cause, "%s%s", how,
		    early ? " before it was ready" : "");
}

static void
do_left(struct step *s)
{
	if (s->l->ending && !s->p->tree_keep)
		step_left(s);
}

static void
do_gone(struct step *s)
{
	if (s->l->ending)
		step_finish(s);
}

static void
do_ready(struct step *s)
{
	struct life *l = s->l;
	const char *what = s->in->detail;
	char after[32];

	if (!l->alive || l->ready || s->p->ready_on_exit)
		return;
	l->ready = true;
	l->unready = l->overdue = false;
	l->at_us[LIFE_AT_READY] = 0;
	uint64_t for_us = s->in->now_us - l->at_started_us;
	life_time_text(for_us, after, sizeof after);
	step_change(s, STATUS_RUNNING, EVENT_READY, s->in->cause,
		    "ready %s%s%s%s", for_us < 1000 ? "at once" : "after ",
		    for_us < 1000 ? "" : after, what ? ": " : "",
		    what ? what : "");
}

/* A check has given up on it: told, stopped or started anew. */
static void
give_up_ready(struct step *s, enum life_action action, const char *mark,
	      const char *by)
{
	struct life_input in = *s->in;
	struct step sub = { s->l, s->r, s->p, &in, s->out, s->fx };
	char why[160];

	/* "it is unready: MARK", "restarted by BY" */
	snprintf(why, sizeof why, "%s%s%s",
		 action == LIFE_MARK ? mark : by, in.detail ? ": " : "",
		 in.detail ? in.detail : "");
	in.cause = CAUSE_PROBE;
	in.detail = why;
	in.flags = 0;
	in.for_us = 0;
	if (action == LIFE_MARK) {
		s->l->ready = false;
		s->l->unready = true;
		step_change(&sub, STATUS_RUNNING, EVENT_UNREADY, CAUSE_PROBE,
			    "%s", why);
	} else if (action == LIFE_DO_STOP) {
		do_stop(&sub);
	} else {
		do_restart(&sub);
	}
	s->fx = sub.fx;
}

/* Before it was ever ready: a failure that is worth a word. */
static void
do_not_yet(struct step *s)
{
	struct life *l = s->l;
	char text[sizeof l->reason];

	if (!l->alive || l->ready || !s->in->detail)
		return;
	snprintf(text, sizeof text, "%s, not ready yet: %s", s->r->start_why,
		 s->in->detail);
	if (strcmp(text, l->reason) != 0)
		step_change(s, STATUS_STARTING, EVENT_NOTE, CAUSE_PROBE, "%s",
			    text);
}

static void
do_unready(struct step *s)
{
	if (s->l->alive && s->l->ready)
		give_up_ready(s, s->p->live_action, "its check fails",
			      "its check");
}

static void
do_ready_due(struct step *s)
{
	struct life *l = s->l;
	char by[64], in[32];

	l->at_us[LIFE_AT_READY] = 0;
	if (!l->alive || l->ready)
		return;
	snprintf(by, sizeof by, "its check: not ready within %s",
		 life_time_text(s->p->ready_timeout_us, in, sizeof in));
	l->overdue = s->p->ready_action == LIFE_MARK;
	give_up_ready(s, s->p->ready_action, by + strlen("its check: "), by);
}

static void
do_paused(struct step *s)
{
	if (!s->l->alive || s->l->paused)
		return;
	s->l->paused = true;
	step_note(s, EVENT_PAUSED, s->in->cause, "stopped by a signal");
}

static void
do_continued(struct step *s)
{
	if (!s->l->alive || !s->l->paused)
		return;
	s->l->paused = false;
	step_note(s, EVENT_CONTINUED, s->in->cause, "goes on");
}

static void
do_step_due(struct step *s)
{
	struct life *l = s->l;
	bool killing = l->step >= s->p->nladder;
	char ladder[96], how[64], why[128];

	l->at_us[LIFE_AT_STEP] = 0;
	if (!l->alive && !l->ending)
		return;
	if (!killing)
		l->step++;
	step_rung(s);
	/* KILL is repeated quietly: a fork can race with the killer. */
	if (killing && l->kills != KILLS_HUNG)
		return;
	if (l->timed_out)
		snprintf(why, sizeof why, "over its timeout");
	else if (s->r->end_why[0])
		snprintf(why, sizeof why, "%s", s->r->end_why);
	else
		snprintf(why, sizeof why, "%s, its tree does not end",
			 life_exit_text(l, how, sizeof how));
	if (killing)
		snprintf(ladder, sizeof ladder,
			 "does not end after KILL, may hang in the kernel");
	else
		life_ladder_text(l, s->p, ladder, sizeof ladder);
	step_change(s, STATUS_STOPPING, EVENT_STEP,
		    l->timed_out ? CAUSE_TIMEOUT : l->end_cause, "%s: %s", why,
		    ladder);
}

/* The caller of the stop gave it that long. */
static void
do_kill_due(struct step *s)
{
	struct life *l = s->l;

	l->at_us[LIFE_AT_KILL] = 0;
	if (l->step >= s->p->nladder)
		return;
	l->step = s->p->nladder;
	if (l->spawning)
		return;
	step_rung(s);
	step_change(s, STATUS_STOPPING, EVENT_STEP, l->end_cause,
		    "%s: KILL, the time for the stop has passed",
		    s->r->end_why);
}

static void
do_run_due(struct step *s)
{
	s->l->at_us[LIFE_AT_RUN] = 0;
	if (!s->l->alive)
		return;
	s->l->timed_out = true;
	s->l->end_cause = CAUSE_TIMEOUT;
	step_stop(s, 0, EVENT_TIMEOUT, NULL);
}

static void
do_adopted_waiting(struct step *s)
{
	s->fx |= s->l->status == STATUS_WAITING ? LIFE_FX_WANT_DEPS :
		LIFE_FX_WANT_SLOT;
}

/*
 * At most once for a signal of the ladder: whether the last engine sent it is
 * not known, and two TERMs mean more than one to many programs.  The next
 * rung comes in any case.  KILL and the watch for the end are repeated.
 */
static void
do_adopted(struct step *s)
{
	struct life *l = s->l;

	if (!l->alive && !l->ending)
		return;
	if (l->status != STATUS_STOPPING && l->alive)
		s->fx |= LIFE_FX_START_PROBES;
	if (l->ending)
		s->fx |= LIFE_FX_DRAIN;
	if (l->kills > 0)
		s->fx |= LIFE_FX_KILL_TREE;
	step_note(s, EVENT_ADOPTED, CAUSE_ENGINE, "taken over by a new engine");
}

static void
do_lost(struct step *s)
{
	struct life *l = s->l;

	if (l->spawning) {
		/* The request never arrived. */
		s->fx |= LIFE_FX_SPAWN;
		step_note(s, EVENT_START, CAUSE_ENGINE, "asked for once more");
		return;
	}
	if (l->alive) {
		l->lost = true;
		l->at_ended_us = s->in->now_us;
		if (!l->stopped)
			l->end_cause = CAUSE_KEEPER;
	}
	s->fx |= LIFE_FX_STOP_PROBES;
	step_finish(s);
}

/* Nothing ran, so there is nothing to stop. */
static void
do_lost_stopping(struct step *s)
{
	struct life *l = s->l;

	if (!l->spawning) {
		do_lost(s);
		return;
	}
	l->spawning = false;
	l->outcome = STATUS_OFF;
	s->fx |= LIFE_FX_RUN_ENDED;
	if (l->again && !l->kept_down)
		step_begin_again(s);
	else
		step_rest(s, STATUS_OFF, EVENT_CANCELLED, l->end_cause,
			  "%s before it ran", s->r->end_why);
}

/* The name of a cell is that of its function, for life_print_matrix. */
struct cell {
	step_fn *fn;
	const char *name;
};

#define ON(event, cell) [LIFE_EV_##event] = { do_##cell, #cell }

#define ENDED                                                                  \
	{                                                                      \
		ON(START, start), ON(STOP, keep_down),                 \
		ON(KILL, keep_down), ON(RESTART, restart_ended),       \
		ON(SCHEDULED, scheduled),                                  \
	}

#define LIVE                                                                   \
	ON(START, start_live), ON(STOP, stop), ON(KILL, kill),     \
	ON(RESTART, restart), ON(SPAWNED, spawned),                    \
	ON(SPAWN_FAILED, spawn_failed), ON(EXITED, exited),            \
	ON(LEFT, left), ON(GONE, gone), ON(READY, ready),              \
	ON(PAUSED, paused), ON(CONTINUED, continued),                  \
	ON(STEP_DUE, step_due), ON(RUN_DUE, run_due),                  \
	ON(READY_DUE, ready_due), ON(ADOPTED, adopted),                \
	ON(LOST, lost)

/* An empty cell: the event is legal here and changes nothing. */
static const struct cell matrix[STATUS_COUNT][LIFE_EV_COUNT] = {
	[STATUS_OFF] = ENDED,
	[STATUS_QUEUED] = {
		ON(START, want), ON(STOP, cancel),
		ON(KILL, cancel), ON(RESTART, want),
		ON(SLOT_FREE, slot_free), ON(ADOPTED, adopted_waiting),
	},
	[STATUS_WAITING] = {
		ON(START, want_waiting), ON(STOP, cancel),
		ON(KILL, cancel), ON(RESTART, want_waiting),
		ON(DEPS_WAIT, deps_wait), ON(DEPS_MET, deps_met),
		ON(DEPS_FAILED, deps_failed),
		ON(ADOPTED, adopted_waiting),
	},
	[STATUS_SCHEDULED] = {
		ON(START, start), ON(STOP, cancel),
		ON(KILL, cancel), ON(RESTART, restart_ended),
		ON(SCHEDULED, scheduled),
	},
	[STATUS_STARTING] = { LIVE, ON(UNREADY, not_yet) },
	[STATUS_RUNNING] = { LIVE, ON(UNREADY, unready) },
	[STATUS_STOPPING] = {
		ON(START, start_stopping), ON(STOP, stop_again),
		ON(KILL, kill), ON(RESTART, restart_stopping),
		ON(SPAWNED, spawned_stopping),
		ON(SPAWN_FAILED, spawn_failed),
		ON(EXITED, exited), ON(GONE, gone),
		ON(PAUSED, paused), ON(CONTINUED, continued),
		ON(STEP_DUE, step_due), ON(KILL_DUE, kill_due),
		ON(ADOPTED, adopted), ON(LOST, lost_stopping),
	},
	[STATUS_BACKOFF] = {
		ON(START, start_now), ON(STOP, cancel_retry),
		ON(KILL, cancel_retry), ON(RESTART, start_now),
		ON(BACKOFF_DUE, begin),
	},
	[STATUS_COMPLETED] = ENDED,
	[STATUS_FAILED] = ENDED,
	[STATUS_KILLED] = ENDED,
	[STATUS_TIMED_OUT] = ENDED,
	[STATUS_ERROR] = ENDED,
};

void
life_init(struct life *l)
{
	memset(l, 0, sizeof *l);
	snprintf(l->reason, sizeof l->reason, "not started yet");
}

unsigned
life_step(struct life *l, struct life_run *r, const struct life_policy *p,
	  const struct life_input *in, struct life_output *out)
{
	struct life_input given = *in;
	struct step s = { .l = l, .r = r, .p = p, .in = &given, .out = out };

	assert((unsigned)l->status < STATUS_COUNT);
	assert((unsigned)in->event < LIFE_EV_COUNT);
	assert(p->nladder <= LIFE_STEPS_MAX);
	if (given.detail && !*given.detail)
		given.detail = NULL;
	memset(out, 0, sizeof *out);
	out->from = l->status;
	step_fn *fn = matrix[l->status][in->event].fn;
	if (fn)
		fn(&s);
	return s.fx;
}

const char *
step_cell(enum status st, enum life_event e)
{
	return matrix[st][e].name;
}
