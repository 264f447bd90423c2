#include "verblife.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/conn.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/signame.h"
#include "core.h"
#include "order.h"
#include "ordered.h"
#include "proc.h"
#include "procleft.h"
#include "prochook.h"
#include "proclife.h"
#include "procmember.h"
#include "procsched.h"
#include "scale.h"
#include "spec/replica.h"
#include "spec/spec.h"
#include "verbcall.h"

static struct life_input
by_hand(const struct verbcall *c, enum life_event ev)
{
	return (struct life_input){
		.event = ev,
		.cause = c->peer->cause,
		.flags = LIFE_IN_HAND | (c->q->flags & PROTO_F_NO_ESCALATE ?
					 LIFE_IN_NO_ESCALATE : 0),
		.for_us = c->q->for_ms * 1000,
		.detail = c->q->text && c->q->text[0] ? c->q->text : NULL,
	};
}

/* Who asks by hand takes back a stop by hand; who runs loses nothing, like
 * the count of its restarts. */
static void
start_one(struct verbcall *c, struct proc *p, struct life_input in)
{
	if (p->life.kept_down)
		in.flags |= LIFE_IN_HAND;
	if (c->q->flags & PROTO_F_NO_DEPS)
		in.flags |= LIFE_IN_DEPS_MET;
	if (in.event == LIFE_EV_RESTART && !(in.flags & LIFE_IN_DEPS_MET))
		ordered_ask(p, &in);
	else
		proc_event(p, &in);
	verbcall_acted_on(c, p);
}

/* Who does not want to wait for a place gets one now or nothing. */
static bool
have_room(struct verbcall *c, const bool *asked)
{
	size_t count = 0;

	if (!(c->q->flags & PROTO_F_NO_QUEUE))
		return true;
	for (size_t i = 0; i < c->e->nproc; i++) {
		const struct proc *p = c->e->procs[i];
		count += (c->hit[i] || asked[i]) && !proc_is_live(p);
	}
	return order_room(c->e, count, &c->err) == 0;
}

static bool
hooks_allow(struct verbcall *c)
{
	pid_t who = conn_peer_pid(c->peer->conn);

	for (size_t i = 0; i < c->e->nproc; i++)
		if (c->hit[i] && prochook_restarts(c->e->procs[i], who,
						   &c->err) < 0)
			return false;
	return true;
}

/* What is only not forgotten yet has had its time: a command of exec whose
 * client is slow is not run again by an up. */
static void
leave_removed(struct verbcall *c, bool *asked)
{
	for (size_t i = 0; i < c->e->nproc; i++)
		if (c->e->procs[i]->removing)
			asked[i] = c->hit[i] = false;
}

/* Those asked for get ev; what they need and does not run is started. */
static void
start_all(struct verbcall *c, enum life_event ev, bool autostart)
{
	static const struct life_input needed = {
		.event = LIFE_EV_START, .cause = CAUSE_DEPENDENT,
	}, by_set = {
		.event = LIFE_EV_START, .cause = CAUSE_AUTOSTART,
	};
	size_t n = c->e->nproc;
	bool *asked = mem_array(n + 1, sizeof *asked);

	memcpy(asked, c->hit, n * sizeof *asked);
	if (!(c->q->flags & PROTO_F_NO_DEPS))
		order_needs(c->e, c->hit);
	leave_removed(c, asked);
	if (!have_room(c, asked))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct proc *p = c->e->procs[i];
		unsigned hand = p->life.kept_down ? LIFE_IN_HAND : 0;
		if (asked[i] && autostart && procsched_up(p, hand))
			verbcall_acted_on(c, p);
		else if (c->hit[i] || asked[i])
			start_one(c, p, !asked[i] ? needed :
				  autostart ? by_set : by_hand(c, ev));
	}
	free(asked);
}

static bool
is_going_down(struct verbcall *c)
{
	if (c->e->going_down)
		err_set(&c->err, ERR_FAILED, "the set is being stopped");
	return c->e->going_down;
}

static void
to_each(struct verbcall *c, enum life_event ev)
{
	if (c->q->flags & PROTO_F_WITH_DEPENDENTS)
		order_dependents(c->e, c->hit);
	bool looked = c->member_count > 0;
	for (size_t i = 0; i < c->e->nproc; i++) {
		if (!c->hit[i])
			continue;
		struct life_input in = by_hand(c, ev);
		procleft_end(c->e->procs[i], in.cause, ev == LIFE_EV_KILL,
			     &looked);
		/* One that never ends would keep the others from even the
		 * first step. */
		if (ev == LIFE_EV_KILL || in.flags & LIFE_IN_NO_ESCALATE)
			proc_event(c->e->procs[i], &in);
		else
			ordered_ask(c->e->procs[i], &in);
		verbcall_acted_on(c, c->e->procs[i]);
	}
}

/*
 * All of what is named, or nothing: is each of the members there, by a look
 * made now, and may be ended where that is asked for?
 */
static bool
members_are_there(struct verbcall *c)
{
	bool end = c->q->verb != PROTO_V_SIGNAL;

	if (c->member_count == 0)
		return true;
	if (procmember_look(c->e, &c->err) < 0)
		return false;
	for (size_t i = 0; i < c->member_count; i++) {
		struct proc *p = c->members[i].p;
		pid_t pid = c->members[i].pid;
		size_t before = 0;
		for (size_t k = 0; k < i; k++)
			before += c->members[k].p == p;
		int r = !end ? procmember_check(p, pid, &c->err) :
			procmember_check_end(p, pid, before,
					     c->q->verb == PROTO_V_KILL,
					     &c->err);
		if (r < 0)
			return false;
	}
	return true;
}

/* False: nothing is to be done at all. */
static bool
end_members(struct verbcall *c, bool now)
{
	if (!members_are_there(c))
		return false;
	for (size_t i = 0; i < c->member_count; i++)
		(void)procmember_end(c->members[i].p, c->members[i].pid,
				     c->peer->cause, now, &c->err);
	return true;
}

static bool
is_over(const struct proc *p)
{
	return status_get(p->life.status)->final ||
	       p->life.status == STATUS_OFF;
}

void
verblife_start(struct verbcall *c)
{
	bool autostart = c->q->flags & PROTO_F_AUTOSTART;

	if (is_going_down(c))
		return;
	for (size_t i = 0; autostart && i < c->e->nproc; i++)
		c->hit[i] |= c->e->procs[i]->spec->autostart;
	start_all(c, LIFE_EV_START, autostart);
}

void
verblife_stop(struct verbcall *c)
{
	if (end_members(c, false))
		to_each(c, LIFE_EV_STOP);
}

void
verblife_restart(struct verbcall *c)
{
	if (is_going_down(c) || !hooks_allow(c))
		return;
	if (c->q->flags & PROTO_F_WITH_DEPENDENTS)
		order_dependents_up(c->e, c->hit);
	start_all(c, LIFE_EV_RESTART, false);
}

void
verblife_kill(struct verbcall *c)
{
	if (end_members(c, true))
		to_each(c, LIFE_EV_KILL);
}

/* Those that had it from the engine which died over this request. */
static void
leave_had(struct verbcall *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->member_count; i++)
		if (!procmember_had(c->members[i].p, c->members[i].pid,
				    c->q->key))
			c->members[n++] = c->members[i];
	c->member_count = n;
}

void
verblife_signal(struct verbcall *c)
{
	int signo = (int)c->q->number;
	char name[SIGNAME_MAX];
	if (c->q->number < 1 || c->q->number > SIGRTMAX) {
		err_set(&c->err, ERR_USAGE, "%lld is not a signal",
			(long long)c->q->number);
		return;
	}
	/* One look for both: a tree whose members cannot be seen still has
	 * its leader. */
	leave_had(c);
	if (c->member_count == 0)
		(void)procmember_look(c->e, NULL);
	else if (!members_are_there(c))
		return;
	for (size_t i = 0; i < c->member_count; i++)
		(void)procmember_signal(c->members[i].p, c->members[i].pid,
					signo, c->peer->cause, c->q->key,
					&c->err);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i])
			continue;
		if (procmember_all_had(p, c->q->key)) {
			verbcall_acted_on(c, p);
			continue;
		}
		if (!p->pid && p->left_tag_count == 0) {
			if (c->q->flags & PROTO_F_ALL)
				continue;
			err_set(&c->err, ERR_FAILED, "'%s' is not running",
				p->spec->name);
			continue;
		}
		procmember_signal_all(p, signo, c->peer->cause, c->q->key);
		engine_note(c->e, p, EVENT_SIGNAL, c->peer->cause, "%s",
			    signame_text(signo, name));
		verbcall_acted_on(c, p);
	}
}

void
verblife_rm(struct verbcall *c)
{
	procleft_look(c->e, true);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i] || (is_over(p) && !p->left_count))
			continue;
		if (is_over(p))
			err_set(&c->err, ERR_FAILED, "'%s' has left %u "
				"process%s running", p->spec->name,
				p->left_count, p->left_count == 1 ? "" : "es");
		else
			err_set(&c->err, ERR_FAILED, "'%s' is %s",
				p->spec->name, status_name(p->life.status));
		err_hint(&c->err, "stop it first: sbx stop %s",
			 p->spec->name);
		return;
	}
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i])
			continue;
		/* Who wants it gone does not follow it any more. */
		if (p->follower == c->peer->no)
			p->follower = 0;
		proc_remove(p, c->peer->cause);
		verbcall_acted_on(c, p);
	}
}

void
verblife_clean(struct verbcall *c)
{
	procleft_look(c->e, true);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!status_get(p->life.status)->final || p->left_count)
			continue;
		proc_remove(p, c->peer->cause);
		verbcall_acted_on(c, p);
	}
	buf_addf(&c->text, "%zu", c->id_count);
}

void
verblife_down(struct verbcall *c)
{
	for (size_t i = 0; i < c->e->nproc; i++)
		if (proc_is_live(c->e->procs[i]))
			verbcall_acted_on(c, c->e->procs[i]);
	engine_down(c->e, c->peer->cause, c->q->for_ms * 1000);
}

/* The numbers of processes may change: hit and ids are made anew. */
void
verblife_scale(struct verbcall *c)
{
	struct engine *e = c->e;
	unsigned count = (unsigned)c->q->number;
	const char *name = c->q->text;

	if (c->q->number < 1 || c->q->number > REPLICAS_MAX) {
		err_set(&c->err, ERR_USAGE, "a number from 1 to %d is needed",
			REPLICAS_MAX);
		return;
	}
	if (is_going_down(c))
		return;
	struct proc **procs = mem_array(e->nproc + count + 1, sizeof *procs);
	int n = scale_up(e, name, count, procs, &c->err);
	verbcall_clear(c);
	for (size_t i = 0; i < e->nproc; i++)
		for (int k = 0; k < n; k++)
			c->hit[i] |= e->procs[i] == procs[k];
	c->q->text = "scale";
	if (n > 0)
		start_all(c, LIFE_EV_START, false);
	n = n < 0 ? 0 : scale_down(e, name, count, procs);
	for (int k = 0; k < n; k++) {
		struct life_input in = by_hand(c, LIFE_EV_STOP);
		proc_event(procs[k], &in);
		verbcall_acted_on(c, procs[k]);
	}
	free(procs);
	loop_again(e->loop);
}
