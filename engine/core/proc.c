#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "autoname.h"
#include "autoport.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/sys.h"
#include "child/tree.h"
#include "core.h"
#include "helper.h"
#include "launch.h"
#include "life/graph.h"
#include "log/fold.h"
#include "log/journal.h"
#include "log/spool.h"
#include "log/watch.h"
#include "order.h"
#include "ordered.h"
#include "proccheck.h"
#include "proccopy.h"
#include "procfiles.h"
#include "procio.h"
#include "procleft.h"
#include "procmember.h"
#include "procnotify.h"
#include "procport.h"
#include "procsched.h"
#include "procstop.h"
#include "proctty.h"
#include "procwatch.h"
#include "registry.h"
#include "respec.h"
#include "spec/spec.h"
#include "term/vt.h"

enum {
	LOOK_FIRST_US = 1000,	/* at what a killed or ended tree has left */
	LOOK_MAX_US = 50000,
	LOOKS_QUIET = 4,	/* what is gone by then is not worth a word */
	ADOPTED_US = 5 * 1000,	/* what is due meanwhile waits so long */
	ASKED_MAX = 8,		/* runs that are signalled one by one */
};

void
proc_touch(struct proc *p)
{
	p->row_gen = ++p->e->gen;
	p->still_saved = false;
}

bool
proc_is_live(const struct proc *p)
{
	return status_get(p->life.status)->live;
}

void
proc_on_timer(struct timer *t, void *arg)
{
	struct proc *p = arg;
	const struct check *ready = &p->run->checks[CHECK_READY];

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
			.detail = due == LIFE_EV_READY_DUE &&
				  ready->text[0] ? ready->text : NULL,
		};
		proc_event(p, &in);
	}
	proc_arm(p);
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

static void
look_soon(struct proc *p)
{
	p->tree_looks = 0;
	p->at_tree_look_us = clock_us();
	p->e->tree_dirty = true;
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
		look_soon(p);
	}
	if (fx & LIFE_FX_DRAIN) {
		p->leader_ended = true;
		look_soon(p);
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

/* Who is to be killed before it is a program: only the keeper has its pid. */
static bool
is_killed_early(const struct proc *p)
{
	const struct life *l = &p->life;

	return l->spawning && l->stopped && !p->spawn_wanted &&
	       l->step >= p->run->policy.nladder;
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
	proc_arm(p);
	p->e->tree_dirty |= is_killed_early(p);
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
proc_remove(struct proc *p, enum cause by)
{
	if (p->removing)
		return;
	p->removing = true;
	p->removed_by = by;
	p->still_saved = false;
	p->e->registry_dirty = true;
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
	look_soon(p);
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
		procio_close_input(p);
	else
		procio_close(p);
	procwatch_run(p, false);
	p->log_ended = true;
	p->grow_gen = ++e->gen;
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
		if (is_killed_early(p)) {
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

/* Of one that was made for somebody alone, and he has left; after a change of
 * engines he has a while to come back. */
static void
end_orphan(struct proc *p)
{
	if (!p->owned || !proc_is_live(p))
		return;
	if (!engine_is_followed(p->e, p)) {
		p->owned = false;
		proc_tell(p, LIFE_EV_STOP, CAUSE_ENGINE,
			  "whoever ran it has left");
	} else if (p->at_unfollowed_us) {
		engine_turn_at(p->e, p->at_unfollowed_us);
	}
}

/* What may start a process, and who follows what it says. */
void
proc_settle_aside(struct engine *e)
{
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->spec_new) {
			p->spec_new = false;
			procsched_take_spec(p);
			procfiles_take_spec(p);
			proccopy_take_spec(p);
			procnotify_take_spec(p);
		}
		end_orphan(p);
		procfiles_settle(p);
		procnotify_settle(p);
		proccopy_settle(p);
	}
	procsched_settle(e);
}

static int
copy_why(const struct err *err, char *why, size_t cap)
{
	snprintf(why, cap, "%.*s", (int)cap - 1, err->text);
	return -EIO;
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

/* Takes v.  It may be several KB, and a client that makes thousands has the
 * same for all of them: the newest ones tell. */
static struct proc_environ *
share_environ(const struct engine *e, char **v)
{
	enum { LOOKED_AT = 8 };
	size_t looked = 0;

	if (!v)
		return NULL;
	for (size_t i = e->nproc; i-- > 0 && looked < LOOKED_AT;) {
		struct proc_environ *other = e->procs[i]->environ;
		looked += other != NULL;
		if (!other || !strv_equal(other->v, v))
			continue;
		strv_free(v);
		other->users++;
		return other;
	}
	struct proc_environ *own = mem_alloc(sizeof(*own));
	*own = (struct proc_environ){ .users = 1, .v = v };
	return own;
}

void
proc_drop_environ(struct proc *p)
{
	struct proc_environ *own = p->environ;

	p->environ = NULL;
	p->spec_saved = false;
	if (!own || --own->users > 0)
		return;
	strv_free(own->v);
	free(own);
}

struct proc *
proc_new(struct engine *e, struct spec *spec, char **environ_, uint32_t id,
	 uint64_t from_seq, struct err *err)
{
	if (!spec->name[0]) {
		free(spec->name);
		spec->name = autoname_take(e);
	}
	const char *wrong = NULL;
	if (engine_find_name(e, spec->name))
		wrong = "there is a process of that name already";
	else if (e->nproc >= PROCS_MAX)
		wrong = "too many processes";
	if (wrong) {
		err_set(err, ERR_FAILED, "'%s': %s", spec->name, wrong);
		spec_free(spec);
		strv_free(environ_);
		return NULL;
	}
	struct proc *p = mem_alloc(sizeof *p);
	*p = (struct proc){ .e = e, .id = id ? id : ++e->next_id,
			    .spec = spec,
			    .environ = share_environ(e, environ_),
			    .from_seq = from_seq,
			    .created_ms = clock_wall_ms() };
	buf_init(&p->base, 8 << 20);
	buf_init(&p->base_history, 8 << 20);
	p->dirname = mem_str(spec->name);
	life_init(&p->life);
	p->spec_new = true;
	if (procio_open_log(p, err) < 0 || procwatch_build(p, err) < 0) {
		proc_free(p, false);
		return NULL;
	}
	const struct log_run *last = spool_run(p->spool);
	p->life.run = last ? last->run : 0;
	if (e->nproc == e->proc_cap) {
		size_t cap = e->proc_cap ? 2 * e->proc_cap : 16;
		e->procs = mem_grow(e->procs, e->proc_cap, cap,
				    sizeof *e->procs);
		e->proc_cap = cap;
	}
	e->procs[e->nproc++] = p;
	graph_free(e->graph);
	e->graph = NULL;
	e->registry_dirty = true;
	proc_touch(p);
	return p;
}

void
proc_free(struct proc *p, bool remove_log)
{
	struct engine *e = p->e;
	proccheck_stop(p);
	ordered_drop(p);
	if (p->kept && remove_log)
		keeplink_release(e->link, p->slot);
	if (remove_log)
		crumbs_drop(e->crumbs, p->id);
	procio_close(p);
	procrun_free(p);
	procsched_free(p);
	procfiles_free(p);
	proccopy_free(p);
	procnotify_take_spec(p);
	free(p->auto_ports);
	timer_drop(p->partial_timer);
	vt_free(p->vt);
	watchset_free(p->watches);
	free(p->watch_specs);
	free(p->hit_rings);
	fold_free(p->fold);
	if (remove_log && p->spool && !spool_is_planned(p->spool) &&
	    spool_dir(p->spool) >= 0) {
		spool_wipe(spool_dir(p->spool));
		sys_unlinkat(e->log_fd, p->dirname, AT_REMOVEDIR);
	}
	spool_free(p->spool);
	for (size_t i = 0; i < e->nproc; i++) {
		if (e->procs[i] != p)
			continue;
		memmove(&e->procs[i], &e->procs[i + 1],
			(e->nproc - i - 1) * sizeof *e->procs);
		e->nproc--;
		break;
	}
	graph_free(e->graph);
	e->graph = NULL;
	e->registry_dirty = true;
	spec_free(p->spec);
	spec_free(p->next_spec);
	proc_drop_environ(p);
	buf_fini(&p->base);
	buf_fini(&p->base_history);
	free(p->dirname);
	free(p->waits);
	free(p->left_list);
	free(p);
}
