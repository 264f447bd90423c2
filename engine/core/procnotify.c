#include "procnotify.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/units.h"
#include "core.h"
#include "feed.h"
#include "spec/spec.h"

static void
tell(struct proc *p, int level, const char *what, const char *why)
{
	char text[400];

	snprintf(text, sizeof text, "%s %s%s%.200s", p->spec->name, what,
		 why[0] ? ": " : "", why);
	feed_note(p->e, level, text);
}

static bool
is_bad(enum status outcome)
{
	return outcome == STATUS_FAILED || outcome == STATUS_KILLED ||
	       outcome == STATUS_TIMED_OUT || outcome == STATUS_ERROR;
}

/* Nobody has asked for this end; of those that are tried again the first one
 * counts, and each one after a run that was well. */
static bool
has_failed(const struct proc *p, enum event_kind what)
{
	const struct life *l = &p->life;
	uint64_t reset_us = procrun_see(p)->policy.reset_us;

	if (what == EVENT_BACKOFF)
		return l->restarts <= 1 ||
		       (reset_us && l->has_exit &&
			l->at_ended_us - l->at_started_us >= reset_us);
	if (what == EVENT_GAVE_UP || what == EVENT_DEPENDENCY)
		return true;
	return status_get(l->status)->final && !l->stopped &&
	       is_bad(l->status);
}

void
procnotify_event(struct proc *p, const struct life_output *out, bool ended)
{
	const struct life *l = &p->life;
	unsigned want = p->spec->notify;
	bool failed = (ended || out->event == EVENT_DEPENDENCY) &&
		      has_failed(p, out->event);
	bool became_ready = l->ready && !p->was_ready;
	bool became_unready = l->unready && !p->was_unready;

	p->was_ready = l->ready;
	p->was_unready = l->unready;
	if (failed && want & SPEC_NOTIFY_FAIL)
		tell(p, SPEC_LEVEL_ERROR, "has failed", l->reason);
	else if (ended && !l->stopped && l->outcome != STATUS_OFF &&
		 want & SPEC_NOTIFY_EXIT)
		tell(p, SPEC_LEVEL_INFO, "has ended", l->reason);
	if (became_ready && want & SPEC_NOTIFY_READY)
		tell(p, SPEC_LEVEL_INFO, "is ready", "");
	if (became_unready && want & SPEC_NOTIFY_UNREADY)
		tell(p, SPEC_LEVEL_WARN, "is not ready", l->reason);
}

/* --- silence --- */

static uint64_t
last_output_us(const struct proc *p)
{
	uint64_t at = p->at_heard_us;

	for (size_t s = 0; s < LOG_STREAMS; s++)
		at = SBX_MAX(at, p->at_drained_us[s]);
	return at;
}

static void
on_silence(struct timer *t, void *arg)
{
	struct proc *p = arg;
	uint64_t for_us = p->spec->notify_silence_ms * 1000;
	uint64_t heard = last_output_us(p), now = clock_us();
	char text[64], age[UNITS_TEXT_MAX];

	if (now - heard < for_us) {
		p->silence_told = false;
		timer_arm(t, heard + for_us);
		return;
	}
	if (!p->silence_told) {
		p->silence_told = true;
		units_duration_text(p->spec->notify_silence_ms, age);
		snprintf(text, sizeof text, "has been silent for %s", age);
		engine_note(p->e, p, EVENT_NOTE, CAUSE_NONE, "%s", text);
		tell(p, SPEC_LEVEL_WARN, text, "");
	}
	timer_arm(t, now + for_us);
}

void
procnotify_settle(struct proc *p)
{
	bool want = p->spec->notify_silence_ms > 0 && p->pid > 0;

	if (!want && p->silence) {
		timer_drop(p->silence);
		p->silence = NULL;
	} else if (want && !p->silence) {
		p->silence = loop_timer(p->e->loop, on_silence, p);
		p->silence_told = false;
		p->at_heard_us = clock_us();
		timer_arm(p->silence, p->at_heard_us +
				      p->spec->notify_silence_ms * 1000);
	}
}

void
procnotify_take_spec(struct proc *p)
{
	timer_drop(p->silence);
	p->silence = NULL;
}
