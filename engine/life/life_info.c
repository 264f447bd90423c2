#include "life.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/msg.h"
#include "step.h"

enum { PACK_VERSION = 1 };

static const char *const event_names[] = {
#define X(e, name, help) [LIFE_EV_##e] = name,
	LIFE_EVENT_TABLE(X)
#undef X
};

static const enum life_event timer_events[] = {
	[LIFE_AT_STEP] = LIFE_EV_STEP_DUE,
	[LIFE_AT_KILL] = LIFE_EV_KILL_DUE,
	[LIFE_AT_BACKOFF] = LIFE_EV_BACKOFF_DUE,
	[LIFE_AT_RUN] = LIFE_EV_RUN_DUE,
	[LIFE_AT_READY] = LIFE_EV_READY_DUE,
};

/* The index of the earliest deadline, or -1. */
static int
earliest(const struct life *l)
{
	int found = -1;

	for (int i = 0; i < LIFE_AT_COUNT; i++)
		if (l->at_us[i] && (found < 0 || l->at_us[i] < l->at_us[found]))
			found = i;
	return found;
}

uint64_t
life_deadline(const struct life *l)
{
	int i = earliest(l);
	return i < 0 ? 0 : l->at_us[i];
}

int
life_due(const struct life *l, uint64_t now_us)
{
	int i = earliest(l);
	return i < 0 || l->at_us[i] > now_us ? -1 : (int)timer_events[i];
}

const char *
life_event_name(enum life_event e)
{
	assert((unsigned)e < LIFE_EV_COUNT);
	return event_names[e];
}

bool
life_is_at_rest(const struct life *l, const struct life_run *r)
{
	bool over = l->status == STATUS_OFF || status_get(l->status)->final;

	return over && !l->spawning && !l->alive && !l->ending && !l->again &&
	       life_deadline(l) == 0 && r->nring == 0;
}

static uint64_t
since_start(const struct life *l, uint64_t for_us)
{
	uint64_t at = l->at_started_us + for_us;

	return for_us == 0 ? 0 : at < for_us ? UINT64_MAX : SBX_MAX(at, 1u);
}

void
life_retime(struct life *l, const struct life_policy *old,
	    const struct life_policy *p)
{
	/* KILL stays KILL; a shorter ladder ends sooner. */
	if (l->step >= old->nladder || l->step > p->nladder)
		l->step = p->nladder;
	if (!l->alive || l->status == STATUS_STOPPING)
		return;
	if (old->timeout_us != p->timeout_us)
		l->at_us[LIFE_AT_RUN] = since_start(l, p->timeout_us);
	if (old->ready_timeout_us != p->ready_timeout_us && !l->ready &&
	    l->status == STATUS_STARTING)
		l->at_us[LIFE_AT_READY] = since_start(l, p->ready_timeout_us);
}

void
life_ok_code(struct life_policy *p, int code)
{
	if (code >= 0 && code < 256)
		p->ok_codes[code / 64] |= (uint64_t)1 << (code % 64);
}

void
life_ladder_default(struct life_policy *p, bool is_tty)
{
	static const struct life_rung pipes[] = {
		{ LIFE_STEP_SIGNAL, SIGTERM, 5000000 },
	};
	static const struct life_rung tty[] = {
		{ LIFE_STEP_SIGNAL, SIGHUP, 2000000 },
		{ LIFE_STEP_SIGNAL, SIGTERM, 3000000 },
	};
	const struct life_rung *from = is_tty ? tty : pipes;

	p->nladder = is_tty ? ARRAY_LEN(tty) : ARRAY_LEN(pipes);
	memcpy(p->ladder, from, p->nladder * sizeof *from);
}

/* One paragraph a status: "event action" pairs, as the cells have them. */
int
life_print_matrix(struct buf *b)
{
	int r = 0;

	for (int st = 0; st < STATUS_COUNT; st++) {
		r |= buf_addf(b, "%s\n", status_name((enum status)st));
		for (int e = 0; e < LIFE_EV_COUNT; e++) {
			const char *cell = step_cell((enum status)st,
						     (enum life_event)e);
			if (cell)
				r |= buf_addf(b, "\t%-14s %s\n",
					      event_names[e], cell);
		}
	}
	return r ? -EMSGSIZE : 0;
}

enum {
	BIT_READY, BIT_UNREADY, BIT_PAUSED, BIT_STOPPED, BIT_KEPT_DOWN,
	BIT_PINNED, BIT_WANTED, BIT_HAS_EXIT, BIT_CORE, BIT_SPAWNING,
	BIT_ALIVE, BIT_ENDING, BIT_HAS_SLOT, BIT_AGAIN, BIT_AGAIN_COUNTED,
	BIT_TIMED_OUT, BIT_LOST, BIT_NO_ESCALATE, BIT_RESTARTING, BIT_OVERDUE,
	BIT_AGAIN_NO_DEPS,
	BIT_COUNT
};

/* The flags in the order of the bits; the order is part of the form. */
static void
flags_of(struct life *l, bool *f[BIT_COUNT])
{
	bool *all[BIT_COUNT] = {
		&l->ready, &l->unready, &l->paused, &l->stopped,
		&l->kept_down, &l->pinned, &l->wanted, &l->has_exit, &l->core,
		&l->spawning, &l->alive, &l->ending, &l->has_slot, &l->again,
		&l->again_counted, &l->timed_out, &l->lost, &l->no_escalate,
		&l->restarting, &l->overdue, &l->again_no_deps,
	};
	memcpy(f, all, sizeof all);
}

int
life_pack(const struct life *l, const struct life_run *run, struct buf *b)
{
	struct life copy = *l;
	bool *flags[BIT_COUNT];
	uint32_t bits = 0;
	int r = 0;

	flags_of(&copy, flags);
	for (int i = 0; i < BIT_COUNT; i++)
		bits |= (uint32_t)*flags[i] << i;
	r |= msg_put_u8(b, PACK_VERSION);
	r |= msg_put_u8(b, (uint8_t)l->status);
	r |= msg_put_u8(b, (uint8_t)l->outcome);
	r |= msg_put_u8(b, (uint8_t)l->cause);
	r |= msg_put_u8(b, (uint8_t)l->start_cause);
	r |= msg_put_u8(b, (uint8_t)l->end_cause);
	r |= msg_put_u8(b, (uint8_t)l->again_cause);
	r |= msg_put_u32(b, bits);
	r |= msg_put_str(b, l->reason);
	r |= msg_put_str(b, run->start_why);
	r |= msg_put_str(b, run->end_why);
	r |= msg_put_str(b, run->again_why);
	r |= msg_put_i64(b, l->exit_code);
	r |= msg_put_i64(b, l->exit_signal);
	r |= msg_put_u64(b, l->run);
	r |= msg_put_u32(b, l->restarts);
	r |= msg_put_u64(b, l->at_started_us);
	r |= msg_put_u64(b, l->at_ended_us);
	for (int i = 0; i < LIFE_AT_COUNT; i++)
		r |= msg_put_u64(b, l->at_us[i]);
	r |= msg_put_u32(b, l->step);
	r |= msg_put_u32(b, l->kills);
	r |= msg_put_u32(b, l->backoff);
	r |= msg_put_u32(b, run->nring);
	/* Oldest first, so that the place in the ring need not be kept. */
	for (unsigned i = 0; i < run->nring; i++)
		r |= msg_put_u64(b, run->ring[(run->ring_idx +
					       LIFE_RESTARTS_MAX -
					       run->nring + i) %
					      LIFE_RESTARTS_MAX]);
	return r ? -EMSGSIZE : 0;
}

static void
take_text(struct msg_reader *r, char *out, size_t cap)
{
	snprintf(out, cap, "%s", msg_str_nn(r));
}

/* A value of an enum, which must be below count. */
static unsigned
take_enum(struct msg_reader *r, unsigned count)
{
	unsigned v = msg_u8(r);
	if (v >= count)
		r->bad = true;
	return v < count ? v : 0;
}

static void
take_ring(struct msg_reader *r, struct life_run *run)
{
	unsigned n = msg_u32(r);

	if (n > LIFE_RESTARTS_MAX) {
		r->bad = true;
		return;
	}
	for (unsigned i = 0; i < n; i++)
		run->ring[i] = msg_u64(r);
	run->nring = n;
	run->ring_idx = n % LIFE_RESTARTS_MAX;
}

int
life_unpack(struct life *l, struct life_run *run, const void *data, size_t len)
{
	struct msg_reader r;
	bool *flags[BIT_COUNT];

	life_init(l);
	memset(run, 0, sizeof *run);
	msg_open(&r, data, len);
	if (msg_u8(&r) != PACK_VERSION)
		return -EPROTO;
	l->status = (enum status)take_enum(&r, STATUS_COUNT);
	l->outcome = (enum status)take_enum(&r, STATUS_COUNT);
	l->cause = (enum cause)take_enum(&r, CAUSE_COUNT);
	l->start_cause = (enum cause)take_enum(&r, CAUSE_COUNT);
	l->end_cause = (enum cause)take_enum(&r, CAUSE_COUNT);
	l->again_cause = (enum cause)take_enum(&r, CAUSE_COUNT);
	uint32_t bits = msg_u32(&r);
	flags_of(l, flags);
	for (int i = 0; i < BIT_COUNT; i++)
		*flags[i] = bits >> i & 1;
	take_text(&r, l->reason, sizeof l->reason);
	take_text(&r, run->start_why, sizeof run->start_why);
	take_text(&r, run->end_why, sizeof run->end_why);
	take_text(&r, run->again_why, sizeof run->again_why);
	l->exit_code = (int)msg_i64(&r);
	l->exit_signal = (int)msg_i64(&r);
	l->run = msg_u64(&r);
	l->restarts = msg_u32(&r);
	l->at_started_us = msg_u64(&r);
	l->at_ended_us = msg_u64(&r);
	for (int i = 0; i < LIFE_AT_COUNT; i++)
		l->at_us[i] = msg_u64(&r);
	l->step = msg_u32(&r);
	l->kills = msg_u32(&r);
	l->backoff = msg_u32(&r);
	take_ring(&r, run);
	if (r.bad) {
		life_init(l);
		return -EPROTO;
	}
	return 0;
}
