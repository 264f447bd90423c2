#include "proctree.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "child/tree.h"
#include "core.h"
#include "helper.h"
#include "log/spool.h"
#include "proc.h"
#include "procinput.h"
#include "procio.h"
#include "procleft.h"
#include "proclife.h"
#include "procmember.h"
#include "procwatch.h"
#include "registry.h"
#include "spec/spec.h"

enum {
	LOOK_FIRST_US = 1000,	/* at what a killed or ended tree has left */
	LOOK_MAX_US = 50000,
	LOOKS_QUIET = 4,	/* what is gone by then is not worth a word */
	ASKED_MAX = 8,		/* runs that are signalled one by one */
};

/* Everything of the run is over: the last line is in the log.  looked: see
 * tree_scan_once(). */
static void
run_is_gone(struct proc *p, bool *looked)
{
	struct engine *e = p->e;

	/* What was to end has ended, as a whole. */
	bool keeps = p->spec->tree_keep &&
		     p->life.status != STATUS_STOPPING;
	p->kept = keeps && procio_is_open(p);
	if (p->kept)
		procinput_close(p);
	else
		procio_close(p);
	procwatch_run(p, false);
	p->log_ended = true;
	proc_grew(p);
	p->rss_bytes = 0;
	p->tree_count = 0;
	if (p->run)
		p->run->ports[0] = '\0';
	p->killing = p->leader_ended = false;
	p->at_tree_look_us = 0;
	if (p->kept)
		engine_note(e, p, EVENT_NOTE, CAUSE_NONE,
			    "what it has left goes on, and its output is "
			    "still kept");
	else
		p->release_slot = p->slot;
	tree_forget(e->tree, p->tag);
	if (keeps)
		procleft_take(p, looked);
	char why[sizeof p->run->life.end_why];
	memcpy(why, procrun_get(p)->life.end_why, sizeof why);
	proc_tell(p, LIFE_EV_GONE, CAUSE_NONE, NULL);
	procrun_record(p, why);
	spool_rest(p->spool);
}

static bool
wants_look(const struct proc *p)
{
	return p->signal_wanted ||
	       ((p->leader_ended || p->killing) && !p->tree_gone);
}

/*
 * Where /proc cannot be read (no descriptors, no permission) the keeper still
 * reaches the leader and its group.
 */
static void
reach_leader(struct proc *p, int signo, bool blind)
{
	if (blind && !p->leader_ended)
		keeplink_signal(p->e->link, p->slot, signo, true);
}

/* A polite signal to a run that has its leader; nothing is to be proved. */
static bool
is_only_asked(const struct proc *p)
{
	return p->signal_wanted && p->signal_wanted != SIGKILL &&
	       !p->leader_ended && !p->killing;
}

/* A stopped process acts on a signal only when it goes on. */
static int
signal_behind(int signo)
{
	return signo == SIGKILL || signo == SIGCONT || signo == SIGSTOP ||
	       signo == SIGTSTP ? 0 : SIGCONT;
}

/* Without a look at all that runs on this machine. */
static void
ask(struct proc *p)
{
	int signo = p->signal_wanted, then = signal_behind(signo);

	p->signal_wanted = 0;
	bool blind = tree_reach(p->e->tree, p->tag, signo, then) == 0;
	reach_leader(p, signo, blind);
	if (then)
		reach_leader(p, then, blind);
}

/* Few at a time are asked one by one; for many, one scan is less. */
static bool
are_few_asked(const struct engine *e)
{
	size_t asked = 0;

	for (size_t i = 0; i < e->nproc && asked <= ASKED_MAX; i++)
		asked += is_only_asked(e->procs[i]);
	return asked <= ASKED_MAX;
}

/* After a scan: what is left of the tree, and what is done about it. */
static void
look(struct proc *p, uint64_t now, bool blind)
{
	struct engine *e = p->e;
	size_t left = tree_count(e->tree, p->tag);

	p->tree_count = (uint32_t)left;
	blind |= left == 0 && !p->leader_ended;
	if (p->signal_wanted) {
		int signo = p->signal_wanted, then = signal_behind(signo);
		p->signal_wanted = 0;
		tree_signal(e->tree, p->tag, signo, 0);
		reach_leader(p, signo, blind);
		if (then) {
			tree_signal(e->tree, p->tag, then, 0);
			reach_leader(p, then, blind);
		}
	}
	if (left == 0 && p->leader_ended) {
		p->tree_gone = true;
		return;
	}
	if (p->killing)
		tree_kill(e->tree, p->tag);
	if (p->leader_ended && p->tree_looks >= LOOKS_QUIET &&
	    p->life.status != STATUS_STOPPING)
		proc_event(p, &(struct life_input){
				.event = LIFE_EV_LEFT,
				.tree_left = (unsigned)left });
	uint64_t pause = (uint64_t)LOOK_FIRST_US << SBX_MIN(p->tree_looks, 6u);
	p->tree_looks++;
	p->at_tree_look_us = now + SBX_MIN(pause, (uint64_t)LOOK_MAX_US);
}

/* What is ended one by one: all of it by one look. */
static uint64_t
settle_ends(struct engine *e)
{
	uint64_t next = UINT64_MAX;
	bool looked = false;

	for (size_t i = 0; i < e->nproc; i++) {
		uint64_t left_us = procleft_settle(e->procs[i], &looked);
		uint64_t one_us = procmember_settle(e->procs[i], &looked);
		next = SBX_MIN(next, SBX_MIN(left_us, one_us));
	}
	return next;
}

void
proctree_look_soon(struct proc *p)
{
	p->tree_looks = 0;
	p->at_tree_look_us = clock_us();
	p->e->tree_dirty = true;
}

bool
proctree_is_killed_early(const struct proc *p)
{
	const struct life *l = &p->life;

	return l->spawning && l->stopped && !p->spawn_wanted &&
	       l->step >= p->run->policy.nladder;
}

void
proc_settle_trees(struct engine *e)
{
	uint64_t now = clock_us();
	bool scanned = false, blind = false, few = are_few_asked(e);
	bool looked = false;
	uint64_t next = settle_ends(e);

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->spec->tree_keep && p->leader_ended && !p->killing &&
		    p->life.status != STATUS_STOPPING)
			p->tree_gone = true;
		if (wants_look(p) &&
		    (p->signal_wanted || p->at_tree_look_us <= now)) {
			/* Who asked for an end and why has to outlive us. */
			bool alone = few && !scanned && is_only_asked(p);
			if (!scanned && (p->signal_wanted || p->killing))
				(void)registry_save(e);
			if (!scanned && !alone)
				blind = tree_scan(e->tree, TREE_EXACT) < 0;
			scanned |= !alone;
			if (alone)
				ask(p);
			else
				look(p, now, blind);
		}
		looked |= scanned && !blind;
		if (p->leader_ended && p->tree_gone && procio_drained(p))
			run_is_gone(p, &looked);
		if (proctree_is_killed_early(p)) {
			(void)keeplink_signal(e->link, p->slot, SIGKILL, true);
			next = SBX_MIN(next, now + LOOK_MAX_US);
		}
		if (wants_look(p))
			next = SBX_MIN(next, p->at_tree_look_us);
		else if (p->leader_ended)
			next = SBX_MIN(next, now + LOOK_FIRST_US);
	}
	next = SBX_MIN(next, helper_settle(e, now));
	e->tree_dirty = next != UINT64_MAX;
	if (e->tree_dirty)
		engine_turn_at(e, next);
}
