#include "procsched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "core.h"
#include "life/cron.h"
#include "order.h"
#include "proc.h"
#include "proclife.h"
#include "spec/spec.h"

enum { LOOK_US = 60 * 1000 * 1000 };	/* at least so often at the clock */

struct sched {
	/* What it is made from, to know another one. */
	int kind;		/* enum spec_schedule */
	uint64_t every_ms;
	char *text;
	struct cron cron;

	bool begun;
	int64_t last_s, next_s;		/* cron: wall time */
	uint64_t last_ms, next_ms;	/* every: clock_ms */
};

struct schedules {
	struct timer *timer;
	struct source *clock;	/* readable when the clock was set; or NULL */
	bool due;		/* look at all of them in this turn */
	bool clock_set;
};

static void
on_timer(struct timer *t, void *arg)
{
	struct schedules *all = arg;
	(void)t;
	all->due = true;
}

static void
on_clock_set(struct source *s, unsigned events, void *arg)
{
	struct schedules *all = arg;
	(void)events;

	clock_set_taken(loop_fd(s));
	all->due = all->clock_set = true;
}

static struct schedules *
schedules_get(struct engine *e)
{
	if (e->schedules)
		return e->schedules;
	struct schedules *all = mem_alloc(sizeof *all);
	int fd = clock_set_fd();

	*all = (struct schedules){
		.timer = loop_timer(e->loop, on_timer, all),
	};
	if (fd >= 0)
		all->clock = loop_add(e->loop, fd, LOOP_IN, "clock",
				      on_clock_set, all);
	/* Without it the clock is looked at once a minute. */
	if (!all->clock)
		sys_close(fd);
	e->schedules = all;
	return all;
}

void
procsched_close(struct engine *e)
{
	if (!e->schedules)
		return;
	timer_drop(e->schedules->timer);
	loop_drop(e->schedules->clock);
	free(e->schedules);
	e->schedules = NULL;
}

void
procsched_free(struct proc *p)
{
	if (p->sched)
		free(p->sched->text);
	free(p->sched);
	p->sched = NULL;
}

void
procsched_take_spec(struct proc *p)
{
	const struct spec *s = p->spec;
	struct sched *x = p->sched;

	if (x && x->kind == s->schedule &&
	    x->every_ms == s->schedule_every_ms &&
	    strcmp(x->text, s->schedule_cron ? s->schedule_cron : "") == 0)
		return;
	procsched_free(p);
	if (s->schedule == SPEC_SCHEDULE_NONE)
		return;
	x = mem_alloc(sizeof *x);
	*x = (struct sched){
		.kind = s->schedule, .every_ms = s->schedule_every_ms,
		.text = mem_str(s->schedule_cron ? s->schedule_cron : ""),
	};
	p->sched = x;
	/* spec_check() has read it before. */
	if (x->kind == SPEC_SCHEDULE_CRON &&
	    cron_parse(x->text, &x->cron, NULL, NULL) < 0)
		procsched_free(p);
}

static bool
is_followed(const struct proc *p)
{
	const struct life *l = &p->life;

	return p->sched && !p->removing && !p->leaving && !p->e->going_down &&
	       !l->kept_down && (l->pinned || l->wanted);
}

/* The time of the next run, given what has been until now; true: one is due.
 * Seconds of the wall are cut, so that none comes early. */
static bool
look(struct proc *p, unsigned *missed)
{
	struct sched *s = p->sched;

	if (s->kind == SPEC_SCHEDULE_CRON) {
		struct cron_look c;
		cron_look(&s->cron, NULL, s->last_s, clock_wall_ms() / 1000,
			  &c);
		s->last_s = c.last;
		s->next_s = c.next;
		*missed = c.missed;
		return c.fire;
	}
	struct every_look v;
	every_look(s->every_ms, s->last_ms, clock_ms(), &v);
	s->last_ms = v.last_ms;
	s->next_ms = v.next_ms;
	*missed = (unsigned)SBX_MIN(v.missed, (uint64_t)CRON_MISSED_MAX);
	return v.fire;
}

static void
begin(struct proc *p)
{
	struct sched *s = p->sched;
	unsigned missed;

	if (s->begun)
		return;
	s->begun = true;
	s->last_s = clock_wall_ms() / 1000;
	s->last_ms = clock_ms();
	look(p, &missed);
	p->e->registry_dirty = true;
	schedules_get(p->e)->due = true;
	proc_touch(p);
}

int64_t
procsched_next_wall_ms(const struct proc *p)
{
	const struct sched *s = p->sched;

	if (!s || !s->begun)
		return 0;
	if (s->kind == SPEC_SCHEDULE_CRON)
		return s->next_s * 1000;
	return clock_wall_ms() + (int64_t)(s->next_ms - clock_ms());
}

/* "at 14:00:00", with the day where it is another one. */
static void
when_text(const struct proc *p, char *out, size_t cap)
{
	time_t at = (time_t)((procsched_next_wall_ms(p) + 500) / 1000);
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm then, today;

	if (!localtime_r(&at, &then) || !localtime_r(&now, &today)) {
		snprintf(out, cap, "by its schedule");
		return;
	}
	bool same = then.tm_year == today.tm_year &&
		    then.tm_yday == today.tm_yday;
	strftime(out, cap, same ? "at %H:%M:%S" : "at %Y-%m-%d %H:%M:%S",
		 &then);
}

static void
plan(struct proc *p, enum cause cause, unsigned flags)
{
	char when[64];

	when_text(p, when, sizeof when);
	struct life_input in = { .event = LIFE_EV_SCHEDULED, .cause = cause,
				 .flags = flags, .detail = when };
	proc_event(p, &in);
}

bool
procsched_up(struct proc *p, unsigned flags)
{
	const struct life *l = &p->life;
	bool rests = status_get(l->status)->final || l->status == STATUS_OFF;

	procsched_take_spec(p);
	if (!p->sched)
		return false;
	if (l->status == STATUS_SCHEDULED)
		return true;
	if (!rests || (p->spec->schedule_at_start && !p->sched->begun))
		return false;
	begin(p);
	plan(p, CAUSE_AUTOSTART, flags);
	return true;
}

/* What it needs and does not run is started too, as for a start by hand. */
static void
fire(struct proc *p, unsigned missed)
{
	struct engine *e = p->e;
	bool *want = mem_array(e->nproc + 1, sizeof *want);
	bool needs = !proc_is_live(p) && p->spec->dep_count > 0;

	if (missed > 0)
		engine_note(e, p, EVENT_SKIPPED, CAUSE_SCHEDULE,
			    "%u time%s of its schedule passed unseen; it runs "
			    "once", missed, missed == 1 ? "" : "s");
	for (size_t i = 0; needs && i < e->nproc; i++)
		want[i] = e->procs[i] == p;
	if (needs)
		order_needs(e, want);
	for (size_t i = 0; needs && i < e->nproc; i++)
		if (want[i] && e->procs[i] != p)
			proc_tell(e->procs[i], LIFE_EV_START, CAUSE_DEPENDENT,
				  p->spec->name);
	free(want);
	proc_tell(p, LIFE_EV_START, CAUSE_SCHEDULE, NULL);
}

static void
look_at(struct proc *p, bool clock_set)
{
	struct sched *s = p->sched;
	int64_t before_s = s->next_s;
	unsigned missed;

	if (look(p, &missed)) {
		p->e->registry_dirty = true;
		fire(p, missed);
	} else if (p->life.status == STATUS_SCHEDULED &&
		   (clock_set || (before_s && before_s != s->next_s))) {
		/* The time that its reason tells is not true any more. */
		plan(p, CAUSE_SCHEDULE, 0);
	}
	proc_touch(p);
}

static void
settle_one(struct proc *p, bool due, bool clock_set)
{
	if (!is_followed(p)) {
		if (p->sched && p->sched->begun) {
			p->sched->begun = false;
			p->e->registry_dirty = true;
			proc_touch(p);
		}
		if (!p->sched && p->life.status == STATUS_SCHEDULED)
			proc_tell(p, LIFE_EV_STOP, CAUSE_CONFIG,
				  "it has no schedule any more");
		return;
	}
	bool anew = !p->sched->begun && p->life.status == STATUS_SCHEDULED;
	if (!p->sched->begun)
		begin(p);
	else if (due)
		look_at(p, clock_set);
	if (anew || status_get(p->life.status)->final ||
	    p->life.status == STATUS_OFF)
		plan(p, CAUSE_SCHEDULE, 0);
}

/* In microseconds from now; nothing is due earlier. */
static uint64_t
left_us(const struct proc *p)
{
	int64_t ms = procsched_next_wall_ms(p) - clock_wall_ms();

	return ms > 0 ? (uint64_t)ms * 1000 : 0;
}

void
procsched_settle(struct engine *e)
{
	bool due = e->schedules && e->schedules->due;
	bool clock_set = due && e->schedules->clock_set;
	uint64_t next = UINT64_MAX;

	if (due)
		e->schedules->due = e->schedules->clock_set = false;
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->sched || p->life.status == STATUS_SCHEDULED)
			settle_one(p, due, clock_set);
		if (p->sched && p->sched->begun)
			next = SBX_MIN(next, left_us(p));
	}
	if (next == UINT64_MAX)
		return;
	/* Never at once: a clock that is read twice may differ by a little. */
	next = SBX_MAX(SBX_MIN(next, (uint64_t)LOOK_US), (uint64_t)1000);
	timer_arm(schedules_get(e)->timer, clock_us() + next);
}

int
procsched_pack(const struct proc *p, struct buf *b)
{
	const struct sched *s = p->sched;
	int r = msg_put_u8(b, s && s->begun);

	r |= msg_put_i64(b, s ? s->last_s : 0);
	r |= msg_put_u64(b, s ? s->last_ms : 0);
	return r;
}

void
procsched_unpack(struct proc *p, struct msg_reader *r)
{
	bool begun = msg_u8(r) != 0;
	int64_t last_s = msg_i64(r);
	uint64_t last_ms = msg_u64(r);
	struct sched *s = p->sched;

	if (!s || !begun || r->bad)
		return;
	s->begun = true;
	s->last_s = last_s;
	s->last_ms = last_ms;
	s->next_ms = last_ms + s->every_ms;
	schedules_get(p->e)->due = true;
}
