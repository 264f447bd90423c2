#include "step.h"

#include <assert.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "life_text.h"

enum {
	SECOND_US = 1000000,
	KILL_AGAIN_US = SECOND_US,	/* between two KILLs of one tree */
};

void
step_note(struct step *s, enum event_kind event, enum cause cause,
	  const char *fmt, ...)
{
	va_list ap;

	s->out->event = event;
	s->out->cause = cause;
	va_start(ap, fmt);
	vsnprintf(s->out->text, sizeof s->out->text, fmt, ap);
	va_end(ap);
	s->fx |= LIFE_FX_ANNOUNCE;
}

static void
change(struct step *s, enum status to, enum event_kind event,
       enum cause cause, const char *fmt, va_list ap)
{
	struct life *l = s->l;
	char text[sizeof l->reason];

	/* The old reason may be among the arguments. */
	vsnprintf(text, sizeof text, fmt, ap);
	memcpy(l->reason, text, sizeof text);
	l->status = to;
	l->cause = cause;
	step_note(s, event, cause, "%s", text);
}

void
step_change(struct step *s, enum status to, enum event_kind event,
	    enum cause cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	change(s, to, event, cause, fmt, ap);
	va_end(ap);
}

const char *
step_by(const struct step *s, char out[96])
{
	return cause_phrase(s->in->cause, s->in->detail, out, 96);
}

void
step_arm(struct step *s, enum life_timer t, uint64_t for_us)
{
	uint64_t at = s->in->now_us + for_us;
	if (at < for_us)
		at = UINT64_MAX;
	s->l->at_us[t] = SBX_MAX(at, 1u);
}

bool
step_by_hand(const struct step *s)
{
	return cause_is_by_hand(s->in->cause) || (s->in->flags & LIFE_IN_HAND);
}

static void
forgive(struct step *s)
{
	s->l->restarts = s->l->backoff = 0;
	s->r->nring = s->r->ring_idx = 0;
}

bool
step_accept(struct step *s)
{
	struct life *l = s->l;
	enum cause c = s->in->cause;

	if (step_by_hand(s))
		l->kept_down = false;
	else if (l->kept_down)
		return false;
	if (cause_is_by_hand(c))
		l->pinned = true;
	if (c == CAUSE_AUTOSTART || c == CAUSE_DEPENDENT || c == CAUSE_CONFIG)
		l->wanted = true;
	if (step_by_hand(s) || c == CAUSE_FILES || c == CAUSE_CONFIG)
		forgive(s);
	return true;
}

void
step_keep_down(struct step *s)
{
	if (!step_by_hand(s))
		return;
	s->l->kept_down = true;
	s->l->pinned = s->l->wanted = false;
}

static void
free_slot(struct step *s)
{
	if (s->l->has_slot)
		s->fx |= LIFE_FX_FREE_SLOT;
	s->l->has_slot = false;
}

void
step_rest(struct step *s, enum status to, enum event_kind event,
	  enum cause cause, const char *fmt, ...)
{
	struct life *l = s->l;
	va_list ap;

	va_start(ap, fmt);
	change(s, to, event, cause, fmt, ap);
	va_end(ap);
	memset(l->at_us, 0, sizeof l->at_us);
	l->again = l->again_counted = false;
	free_slot(s);
	if (s->p->forget)
		s->fx |= LIFE_FX_FORGET;
}

/* What belongs to one run alone. */
static void
forget_run(struct step *s)
{
	struct life *l = s->l;

	memset(l->at_us, 0, sizeof l->at_us);
	l->has_exit = l->core = false;
	l->exit_code = l->exit_signal = 0;
	l->ready = l->unready = l->overdue = false;
	l->paused = l->stopped = false;
	l->timed_out = l->lost = l->no_escalate = false;
	l->again = l->again_counted = false;
	l->end_cause = CAUSE_NONE;
	s->r->end_why[0] = '\0';
	l->step = l->kills = 0;
}

void
step_advance(struct step *s, unsigned facts)
{
	struct life *l = s->l;

	if (!(facts & LIFE_IN_DEPS_MET)) {
		free_slot(s);
		step_change(s, STATUS_WAITING, EVENT_WAITING, l->start_cause,
			    "%s, looks at what it depends on", s->r->start_why);
		s->fx |= LIFE_FX_WANT_DEPS;
		return;
	}
	if (!l->has_slot && !(facts & LIFE_IN_SLOT)) {
		step_change(s, STATUS_QUEUED, EVENT_QUEUED, CAUSE_LIMIT,
			    "%s, waits for a free place", s->r->start_why);
		s->fx |= LIFE_FX_WANT_SLOT;
		return;
	}
	assert(!l->spawning && !l->alive && !l->ending);
	l->has_slot = l->spawning = true;
	step_change(s, STATUS_STARTING,
		    l->restarting ? EVENT_RESTART : EVENT_START,
		    l->start_cause, "%s", s->r->start_why);
	s->fx |= LIFE_FX_SPAWN;
}

void
step_begin(struct step *s)
{
	forget_run(s);
	step_advance(s, s->in->flags);
}

void
step_begin_by(struct step *s, const char *verb)
{
	struct life *l = s->l;
	char by[96];

	forgive(s);
	l->restarting = false;
	l->start_cause = s->in->cause;
	snprintf(s->r->start_why, sizeof s->r->start_why, "%s %s", verb,
		 step_by(s, by));
	step_begin(s);
}

void
step_again_by(struct step *s, const char *verb)
{
	struct life *l = s->l;
	char by[96];

	l->again = true;
	l->again_no_deps = s->in->flags & LIFE_IN_DEPS_MET;
	l->again_cause = s->in->cause;
	snprintf(s->r->again_why, sizeof s->r->again_why, "%s %s", verb,
		 step_by(s, by));
}

static void
take_again(struct step *s)
{
	struct life *l = s->l;

	l->restarting = true;
	l->start_cause = l->again_cause;
	memcpy(s->r->start_why, s->r->again_why, sizeof s->r->start_why);
}

void
step_begin_again(struct step *s)
{
	unsigned met = s->l->again_no_deps ? LIFE_IN_DEPS_MET : 0;

	take_again(s);
	forget_run(s);
	step_advance(s, s->in->flags | met);
}

void
step_rung(struct step *s)
{
	struct life *l = s->l;
	const struct life_policy *p = s->p;

	/* Commands and keys are for the leader alone. */
	while (!l->alive && l->step < p->nladder &&
	       p->ladder[l->step].kind != LIFE_STEP_SIGNAL)
		l->step++;
	const struct life_rung *r = NULL;
	if (l->step < p->nladder)
		r = &p->ladder[l->step];
	if (!r || (r->kind == LIFE_STEP_SIGNAL && r->signo == SIGKILL)) {
		l->step = p->nladder;
		l->kills++;
		l->at_us[LIFE_AT_KILL] = 0;
		step_arm(s, LIFE_AT_STEP, KILL_AGAIN_US);
		s->fx |= LIFE_FX_KILL_TREE;
		return;
	}
	/* What is paused would see neither a key nor what a command asks. */
	bool other = r->kind != LIFE_STEP_SIGNAL;
	s->out->step = l->step;
	s->out->signo = other ? SIGCONT : r->signo;
	s->fx |= LIFE_FX_SIGNAL | (other ? LIFE_FX_STOP_STEP : 0);
	l->at_us[LIFE_AT_STEP] = 0;
	if (!l->no_escalate)
		step_arm(s, LIFE_AT_STEP, r->for_us);
}

void
step_stop(struct step *s, unsigned rung, enum event_kind event,
	  const char *verb)
{
	struct life *l = s->l;
	const char *why = "over its timeout";
	char by[96], ladder[96];

	if (verb) {
		l->stopped = true;
		l->end_cause = s->in->cause;
		snprintf(s->r->end_why, sizeof s->r->end_why, "%s %s", verb,
			 step_by(s, by));
		why = s->r->end_why;
	}
	l->ready = l->unready = l->overdue = false;
	l->at_us[LIFE_AT_RUN] = l->at_us[LIFE_AT_READY] = 0;
	l->no_escalate = s->in->flags & LIFE_IN_NO_ESCALATE;
	if (s->in->for_us && !l->no_escalate)
		step_arm(s, LIFE_AT_KILL, s->in->for_us);
	l->step = rung;
	if (l->spawning) {
		/* The program is on its way and cannot be called back. */
		step_change(s, STATUS_STOPPING, event, s->in->cause,
			    "%s before it ran", why);
		return;
	}
	s->fx |= LIFE_FX_STOP_PROBES;
	step_rung(s);
	step_change(s, STATUS_STOPPING, event,
		    verb ? s->in->cause : CAUSE_TIMEOUT, "%s: %s", why,
		    life_ladder_text(l, s->p, ladder, sizeof ladder));
}

static void
give_up(struct step *s, unsigned count, const char *why)
{
	char in[32], within[48] = "";

	if (s->p->within_us)
		snprintf(within, sizeof within, " in %s",
			 life_time_text(s->p->within_us, in, sizeof in));
	/* Whoever ended the last run wanted another one, not its end. */
	s->l->stopped = false;
	step_rest(s, STATUS_FAILED, EVENT_GAVE_UP, CAUSE_LIMIT,
		  "gave up after %u restart%s%s: %s", count,
		  count == 1 ? "" : "s", within, why);
}

unsigned
life_retries(const struct life_run *r, uint64_t within_us, uint64_t now_us)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nring; i++)
		n += !within_us || now_us - r->ring[i] < within_us;
	return n;
}

/* min doubled as often as it has failed, at most max, then the jitter. */
static uint64_t
backoff_time(struct life *l, const struct life_policy *p, int jitter)
{
	uint64_t min = p->backoff_min_us ? p->backoff_min_us : SECOND_US;
	uint64_t max = SBX_MAX(p->backoff_max_us, min);
	uint64_t t = min;

	for (unsigned i = 0; i < l->backoff && t < max; i++)
		t = t > max / 2 ? max : t * 2;
	if (t < max)
		l->backoff++;
	jitter = SBX_MIN(SBX_MAX(jitter, -100), 100);
	int64_t shift = (int64_t)(t / 1000) * jitter;
	return SBX_MIN((uint64_t)((int64_t)t + shift), max);
}

void
step_left(struct step *s)
{
	char how[64];

	life_exit_text(s->l, how, sizeof how);
	step_change(s, STATUS_STOPPING, EVENT_STEP, s->l->end_cause,
		    "%s; ends the %u left of its tree", how,
		    s->in->tree_left);
}

void
step_retry(struct step *s, const char *why)
{
	struct life *l = s->l;
	struct life_run *r = s->r;
	const struct life_policy *p = s->p;
	unsigned max = SBX_MIN(p->max_restarts, (unsigned)LIFE_RESTARTS_MAX);
	unsigned count = life_retries(s->r, p->within_us, s->in->now_us);
	char in[32], of[24] = "";

	if (max && count >= max) {
		give_up(s, count, why);
		return;
	}
	if (l->has_exit && p->reset_us &&
	    l->at_ended_us - l->at_started_us >= p->reset_us)
		l->backoff = 0;
	uint64_t pause = backoff_time(l, p, s->in->jitter);
	r->ring[r->ring_idx] = s->in->now_us;
	r->ring_idx = (r->ring_idx + 1) % LIFE_RESTARTS_MAX;
	r->nring = SBX_MIN(r->nring + 1, (unsigned)LIFE_RESTARTS_MAX);
	l->restarts++;
	if (max)
		snprintf(of, sizeof of, " of %u", max);
	if (l->again_counted) {
		take_again(s);
	} else {
		l->restarting = true;
		l->start_cause = CAUSE_RESTART;
		snprintf(s->r->start_why, sizeof s->r->start_why,
			 "restart %u%s after %.60s", count + 1, of, why);
	}
	l->again = l->again_counted = false;
	free_slot(s);
	memset(l->at_us, 0, sizeof l->at_us);
	step_arm(s, LIFE_AT_BACKOFF, pause);
	step_change(s, STATUS_BACKOFF, EVENT_BACKOFF, l->start_cause,
		    "%s; restart %u%s in %s", why, count + 1, of,
		    life_time_text(pause, in, sizeof in));
}

static bool
exit_is_ok(const struct life_policy *p, int code)
{
	if (code == 0)
		return true;
	return code > 0 && code < 256 &&
		(p->ok_codes[code / 64] >> (code % 64) & 1);
}

static enum status
outcome_of(const struct life *l, const struct life_policy *p)
{
	if (l->timed_out)
		return STATUS_TIMED_OUT;
	if (!l->has_exit || l->exit_signal)
		return STATUS_KILLED;
	return exit_is_ok(p, l->exit_code) ? STATUS_COMPLETED : STATUS_FAILED;
}

void
step_finish(struct step *s)
{
	struct life *l = s->l;
	const struct life_policy *p = s->p;
	char why[160];

	l->alive = l->ending = l->paused = false;
	l->unready = l->overdue = false;
	memset(l->at_us, 0, sizeof l->at_us);
	l->outcome = outcome_of(l, p);
	l->ready = false;
	life_outcome_text(l, s->r, p, why, sizeof why);
	s->fx |= LIFE_FX_RUN_ENDED;
	bool failed = l->outcome != STATUS_COMPLETED;
	bool policy = p->restart == LIFE_ALWAYS ||
		(p->restart == LIFE_ON_FAILURE && failed);

	/* A stop by hand comes before every rule. */
	if (l->kept_down)
		step_rest(s, l->outcome, EVENT_ENDED, l->end_cause, "%s", why);
	else if (l->again && !l->again_counted)
		step_begin_again(s);
	else if (l->again || (policy && !l->stopped))
		step_retry(s, why);
	else
		step_rest(s, l->outcome, EVENT_ENDED, l->end_cause, "%s", why);
	/* Also where it is run again and again. */
	l->ready = p->ready_on_exit && l->outcome == STATUS_COMPLETED &&
		(l->status == STATUS_COMPLETED || l->status == STATUS_BACKOFF);
}
