#include "tests/lib/rnd.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "engine/base/buf.h"
#include "engine/life/life.h"

#define S 1000000ull	/* a second in microseconds */

/* The kernel and the engine around one life, as far as life can see them. */
struct world {
	struct life l;
	struct life_run r;
	struct life_policy p;
	struct life_output out;
	uint64_t now_us;
	unsigned fx;
	bool spawn_out, leader, tree;
	bool slot;
	bool barred;		/* a hand has stopped it, none has started it */
	unsigned long spawned, ended, steps;
	const char *broken;	/* the first invariant that did not hold */
};

static void
world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	life_init(&w->l);
	life_ladder_default(&w->p, false);
	w->p.backoff_min_us = 1 * S;
	w->p.backoff_max_us = 30 * S;
	w->p.reset_us = 10 * S;
	w->p.max_restarts = 5;
	w->p.within_us = 120 * S;
	w->now_us = 1000 * S;
}

static void
must(struct world *w, bool holds, const char *what)
{
	if (!holds && !w->broken)
		w->broken = what;
}

static void
check_value(struct world *w)
{
	const struct life *l = &w->l;
	const struct status_row *row = status_get(l->status);
	bool working = l->spawning || l->alive || l->ending;

	must(w, l->reason[0] != '\0', "a reason");
	must(w, strlen(l->reason) < sizeof l->reason, "a whole reason");
	must(w, working == row->live, "live is what works");
	must(w, l->has_slot == row->live, "a slot while live");
	must(w, l->has_slot == w->slot, "slots balance");
	must(w, l->spawning + l->alive + l->ending <= 1, "one phase");
	must(w, !l->overdue || l->unready, "overdue means unready");
	must(w, !l->unready || l->alive, "unready only while it runs");
	must(w, l->spawning == w->spawn_out, "spawning is known");
	must(w, l->alive == w->leader, "alive is known");
	must(w, l->run == w->spawned, "runs are counted");
	must(w, !l->ready || l->alive || l->status == STATUS_COMPLETED ||
	     l->status == STATUS_SCHEDULED ||
	     (l->status == STATUS_BACKOFF && w->p.ready_on_exit),
	     "ready only while it runs");
	if (row->final || l->status == STATUS_OFF)
		must(w, life_deadline(l) == 0, "no deadline at rest");
	if (l->status == STATUS_BACKOFF)
		must(w, l->at_us[LIFE_AT_BACKOFF] != 0, "backoff ends");
	if (l->status == STATUS_STOPPING && !l->spawning && !l->no_escalate)
		must(w, l->at_us[LIFE_AT_STEP] || w->p.tree_keep,
		     "a stop goes on");
	for (int i = 0; i < LIFE_AT_COUNT; i++)
		must(w, l->at_us[i] < w->now_us + 1000 * S, "sane deadline");
}

/* One event with everything that always has to be true. */
static void
give(struct world *w, struct life_input in)
{
	struct life before = w->l;
	bool hand = cause_is_by_hand(in.cause) || (in.flags & LIFE_IN_HAND);

	in.now_us = w->now_us;
	w->steps++;
	if (in.event == LIFE_EV_SPAWNED && w->spawn_out) {
		w->spawn_out = false;
		w->leader = w->tree = true;
		w->spawned++;
	} else if (in.event == LIFE_EV_SPAWN_FAILED && w->spawn_out) {
		w->spawn_out = false;
	} else if (in.event == LIFE_EV_EXITED) {
		w->leader = false;
	} else if (in.event == LIFE_EV_GONE) {
		w->tree = false;
	} else if (in.event == LIFE_EV_LOST) {
		w->leader = w->tree = w->spawn_out = false;
	}
	if (hand && (in.event == LIFE_EV_STOP || in.event == LIFE_EV_KILL))
		w->barred = true;
	if (hand && (in.event == LIFE_EV_START ||
		     in.event == LIFE_EV_RESTART))
		w->barred = false;

	w->fx = life_step(&w->l, &w->r, &w->p, &in, &w->out);

	/* A hand that gives it back to its schedule. */
	if (hand && in.event == LIFE_EV_SCHEDULED &&
	    w->l.status == STATUS_SCHEDULED)
		w->barred = false;
	must(w, w->out.from == before.status, "from is told");
	if (w->l.status != before.status) {
		must(w, w->fx & LIFE_FX_ANNOUNCE, "a change is announced");
		must(w, strcmp(w->l.reason, before.reason) != 0 ||
		     before.ending || before.spawning ||
		     w->l.status == STATUS_RUNNING ||
		     w->l.status == STATUS_STARTING, "a reason of its own");
		must(w, w->out.text[0] != '\0', "the journal has a text");
	}
	if (w->fx == 0)
		must(w, w->l.status == before.status, "silent means still");
	if (w->fx & LIFE_FX_SPAWN) {
		must(w, !w->spawn_out && !w->leader && !w->tree,
		     "never two copies");
		must(w, !w->barred, "a stop by hand wins");
		w->spawn_out = true;
		w->slot = true;
	}
	if (w->fx & LIFE_FX_FREE_SLOT) {
		must(w, w->slot, "a slot is freed once");
		w->slot = false;
	}
	if (w->fx & LIFE_FX_RUN_ENDED) {
		must(w, !w->leader && !w->tree, "ended means gone");
		w->ended++;
	}
	if (status_get(w->l.status)->final)
		must(w, !w->spawn_out && !w->leader && !w->tree,
		     "final means gone");
	check_value(w);
}

static void
ev(struct world *w, enum life_event e, enum cause c, unsigned flags)
{
	give(w, (struct life_input){ .event = e, .cause = c, .flags = flags });
}

static void
start(struct world *w, enum cause c)
{
	ev(w, LIFE_EV_START, c, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
}

static void
up(struct world *w)
{
	start(w, CAUSE_USER);
	ev(w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
}

static void
exits(struct world *w, int code, int signo)
{
	give(w, (struct life_input){ .event = LIFE_EV_EXITED,
				     .exit_code = code,
				     .exit_signal = signo });
}

static void
gone(struct world *w)
{
	ev(w, LIFE_EV_GONE, CAUSE_NONE, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
}

/* Lets time pass to the next deadline and delivers it. */
static void
tick(struct world *w)
{
	uint64_t at = life_deadline(&w->l);
	if (at > w->now_us)
		w->now_us = at;
	int e = life_due(&w->l, w->now_us);
	if (e >= 0)
		ev(w, (enum life_event)e, CAUSE_NONE,
		   LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
}

#define IS(w, status_)                                                         \
	do {                                                                   \
		EQ_STR((w)->broken ? (w)->broken : "", "");                    \
		EQ_STR(status_name((w)->l.status), status_);                   \
	} while (0)

TEST(a_plain_run_completes)
{
	struct world w;
	world_init(&w);
	IS(&w, "off");
	start(&w, CAUSE_USER);
	IS(&w, "starting");
	OK(w.fx & LIFE_FX_SPAWN);
	EQ_INT(w.l.run, 0);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	IS(&w, "running");
	OK(w.l.ready);
	EQ_STR(w.l.reason, "started by you");
	exits(&w, 0, 0);
	IS(&w, "running");
	OK(w.fx & LIFE_FX_DRAIN);
	EQ_INT(w.out.event, EVENT_EXIT);
	gone(&w);
	IS(&w, "completed");
	EQ_STR(w.l.reason, "exit 0");
	EQ_INT(w.out.event, EVENT_ENDED);
	OK(w.fx & LIFE_FX_RUN_ENDED);
	OK(w.fx & LIFE_FX_FREE_SLOT);
	EQ_INT(w.l.run, 1);
}

TEST(outcomes)
{
	static const struct {
		int code, signo;
		const char *status, *reason;
	} rows[] = {
		{ 0, 0, "completed", "exit 0" },
		{ 3, 0, "completed", "exit 3, which counts as success" },
		{ 1, 0, "failed", "exit 1" },
		{ 137, 0, "failed", "exit 137" },
		{ 255, 0, "completed", "exit 255, which counts as success" },
		{ 0, SIGSEGV, "killed", "killed by SEGV" },
		{ 0, SIGKILL, "killed", "killed by KILL" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w);
		life_ok_code(&w.p, 3);
		life_ok_code(&w.p, 255);
		up(&w);
		exits(&w, rows[i].code, rows[i].signo);
		gone(&w);
		IS(&w, rows[i].status);
		EQ_STR(w.l.reason, rows[i].reason);
	}
}

TEST(who_sent_the_signal_is_the_cause)
{
	static const enum cause by[] = { CAUSE_USER, CAUSE_API };
	static const char *const reasons[] = {
		"signalled by you (USR1)", "signalled by the API (USR1)",
	};
	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		struct world w;
		world_init(&w);
		up(&w);
		give(&w, (struct life_input){ .event = LIFE_EV_EXITED,
				.exit_signal = SIGUSR1, .cause = by[i] });
		EQ_INT(w.out.cause, by[i]);
		EQ_STR(w.out.text, "killed by USR1");
		gone(&w);
		IS(&w, "killed");
		EQ_STR(w.l.reason, reasons[i]);
		EQ_INT(w.l.cause, by[i]);
	}
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_EXITED,
			.exit_signal = SIGKILL, .cause = CAUSE_USER });
	gone(&w);
	IS(&w, "backoff");
	EQ_STR(w.l.reason, "signalled by you (KILL); restart 1 of 5 in 1s");
}

TEST(waits_and_queue)
{
	struct world w;
	world_init(&w);
	ev(&w, LIFE_EV_START, CAUSE_AUTOSTART, 0);
	IS(&w, "waiting");
	OK(w.fx & LIFE_FX_WANT_DEPS);
	struct life_input in = { .event = LIFE_EV_DEPS_WAIT,
				 .detail = "db ready, migrate ok" };
	give(&w, in);
	EQ_STR(w.l.reason, "waits db ready, migrate ok");
	give(&w, in);
	EQ_INT(w.fx, 0);
	ev(&w, LIFE_EV_DEPS_MET, CAUSE_NONE, 0);
	IS(&w, "queued");
	OK(w.fx & LIFE_FX_WANT_SLOT);
	ev(&w, LIFE_EV_SLOT_FREE, CAUSE_NONE, 0);
	IS(&w, "starting");
	EQ_STR(w.l.reason, "started with the set");
}

TEST(a_dependency_that_fails)
{
	struct world w;
	world_init(&w);
	ev(&w, LIFE_EV_START, CAUSE_AUTOSTART, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_DEPS_FAILED,
				      .detail = "db failed: exit 1" });
	IS(&w, "failed");
	EQ_STR(w.l.reason, "db failed: exit 1");
	EQ_INT(w.l.cause, CAUSE_DEPENDENCY);
	OK(w.fx & LIFE_FX_RUN_ENDED);
	EQ_INT(w.l.run, 0);
}

TEST(ready_at_once)
{
	struct world w;
	world_init(&w);
	w.p.has_ready = true;
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_READY,
				      .detail = "port 8080" });
	EQ_STR(w.l.reason, "ready at once: port 8080");
}

TEST(readiness)
{
	struct world w;
	world_init(&w);
	w.p.has_ready = true;
	w.p.ready_timeout_us = 30 * S;
	up(&w);
	IS(&w, "starting");
	OK(w.fx & LIFE_FX_START_PROBES);
	w.now_us += 2100000;
	give(&w, (struct life_input){ .event = LIFE_EV_READY,
				      .detail = "port 8080" });
	IS(&w, "running");
	EQ_STR(w.l.reason, "ready after 2.1s: port 8080");
	ev(&w, LIFE_EV_READY, CAUSE_NONE, 0);
	EQ_INT(w.fx, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_UNREADY,
				      .detail = "HTTP 503" });
	IS(&w, "running");
	OK(!w.l.ready && w.l.unready);
	EQ_STR(w.l.reason, "its check fails: HTTP 503");
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "completed");
	OK(!w.l.unready);
}

TEST(ready_timeout_marks_and_late_readiness_counts)
{
	struct world w;
	world_init(&w);
	w.p.has_ready = true;
	w.p.ready_timeout_us = 30 * S;
	up(&w);
	tick(&w);
	IS(&w, "running");
	OK(!w.l.ready && w.l.unready);
	EQ_STR(w.l.reason, "not ready within 30s");
	ev(&w, LIFE_EV_READY, CAUSE_NONE, 0);
	OK(w.l.ready && !w.l.unready);
}

TEST(ready_timeout_can_restart)
{
	struct world w;
	world_init(&w);
	w.p.has_ready = true;
	w.p.ready_timeout_us = 30 * S;
	w.p.ready_action = LIFE_DO_RESTART;
	up(&w);
	for (int i = 0; i < 5; i++) {
		tick(&w);
		IS(&w, "stopping");
		exits(&w, 0, SIGTERM);
		gone(&w);
		IS(&w, "backoff");
		tick(&w);
		IS(&w, "starting");
		ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
		w.p.within_us = 0;
	}
	tick(&w);
	exits(&w, 0, SIGTERM);
	gone(&w);
	IS(&w, "failed");
	EQ_STR(w.l.reason, "gave up after 5 restarts: restarted by its check: "
	       "not ready within 30s (TERM)");
	OK(!w.l.stopped);	/* a failure, and nobody's wish */
}

TEST(a_word_about_what_keeps_it_from_being_ready)
{
	struct world w;
	struct life_input held = { .event = LIFE_EV_UNREADY,
				   .cause = CAUSE_PROBE,
				   .detail = "port 80 is held by nginx" };
	world_init(&w);
	w.p.has_ready = true;
	up(&w);
	give(&w, held);
	IS(&w, "starting");
	EQ_INT(w.out.event, EVENT_NOTE);
	EQ_STR(w.l.reason, "started by you, not ready yet: port 80 is held "
	       "by nginx");
	give(&w, held);
	EQ_INT(w.fx, 0);
	ev(&w, LIFE_EV_READY, CAUSE_PROBE, 0);
	IS(&w, "running");
}

/* start --no-deps of one that waits already. */
TEST(waiting_can_be_cut_short)
{
	struct world w;
	world_init(&w);
	ev(&w, LIFE_EV_START, CAUSE_AUTOSTART, LIFE_IN_SLOT);
	IS(&w, "waiting");
	ev(&w, LIFE_EV_START, CAUSE_SCHEDULE, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
	IS(&w, "waiting");
	ev(&w, LIFE_EV_START, CAUSE_USER, LIFE_IN_SLOT);
	IS(&w, "waiting");
	ev(&w, LIFE_EV_START, CAUSE_USER, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
	IS(&w, "starting");
	EQ_STR(w.l.reason, "started by you");
}

TEST(ready_exit)
{
	struct world w;
	world_init(&w);
	w.p.has_ready = w.p.ready_on_exit = true;
	up(&w);
	IS(&w, "running");
	OK(!w.l.ready);
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "completed");
	OK(w.l.ready);

	w.p.restart = LIFE_ALWAYS;
	up(&w);
	OK(!w.l.ready);
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "backoff");
	OK(w.l.ready);
	tick(&w);
	OK(!w.l.ready);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	OK(!w.l.ready);
	exits(&w, 1, 0);
	gone(&w);
	IS(&w, "backoff");
	OK(!w.l.ready);
}

TEST(the_ladder_ends_in_kill)
{
	struct world w;
	world_init(&w);
	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	IS(&w, "stopping");
	OK(w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.signo, SIGTERM);
	EQ_STR(w.l.reason, "stopped by you: TERM, then KILL in 5s");
	uint64_t begun = w.now_us;
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	EQ_INT(w.fx, 0);
	tick(&w);
	EQ_INT(w.now_us - begun, 5 * S);
	OK(w.fx & LIFE_FX_KILL_TREE);
	EQ_STR(w.l.reason, "stopped by you: KILL");
	/* Something forks faster than it is killed. */
	for (int i = 0; i < 10; i++) {
		tick(&w);
		OK(w.fx & LIFE_FX_KILL_TREE);
	}
	exits(&w, 0, SIGKILL);
	gone(&w);
	IS(&w, "killed");
	EQ_STR(w.l.reason, "stopped by you (KILL)");
	OK(w.l.stopped);
	EQ_INT(w.l.cause, CAUSE_USER);
}

TEST(a_long_ladder_with_command_and_keys)
{
	struct world w;
	world_init(&w);
	w.p.nladder = 4;
	w.p.ladder[0] = (struct life_rung){ LIFE_STEP_CMD, 0, 2 * S };
	w.p.ladder[1] = (struct life_rung){ LIFE_STEP_KEYS, 0, 1 * S };
	w.p.ladder[2] = (struct life_rung){ LIFE_STEP_SIGNAL, SIGINT, 3 * S };
	w.p.ladder[3] = (struct life_rung){ LIFE_STEP_SIGNAL, SIGKILL, 0 };
	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	OK(w.fx & LIFE_FX_STOP_STEP && w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.signo, SIGCONT);
	EQ_INT(w.out.step, 0);
	tick(&w);
	OK(w.fx & LIFE_FX_STOP_STEP && w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.signo, SIGCONT);
	EQ_INT(w.out.step, 1);
	/* The leader is gone: what is left gets signals only. */
	exits(&w, 0, 0);
	tick(&w);
	OK(w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.signo, SIGINT);
	tick(&w);
	OK(w.fx & LIFE_FX_KILL_TREE);
	gone(&w);
	IS(&w, "completed");
	EQ_STR(w.l.reason, "stopped by you (exit 0)");

	up(&w);
	exits(&w, 0, 0);
	OK(w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.signo, SIGINT);
}

TEST(kill_is_at_once)
{
	struct world w;
	world_init(&w);
	up(&w);
	ev(&w, LIFE_EV_KILL, CAUSE_USER, 0);
	IS(&w, "stopping");
	OK(w.fx & LIFE_FX_KILL_TREE);
	exits(&w, 0, SIGKILL);
	gone(&w);
	IS(&w, "killed");
	EQ_STR(w.l.reason, "killed by you (KILL)");

	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	ev(&w, LIFE_EV_KILL, CAUSE_USER, 0);
	OK(w.fx & LIFE_FX_KILL_TREE);
}

TEST(no_escalate_and_its_end)
{
	struct world w;
	world_init(&w);
	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, LIFE_IN_NO_ESCALATE);
	EQ_INT(life_deadline(&w.l), 0);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, LIFE_IN_NO_ESCALATE);
	EQ_INT(life_deadline(&w.l), 0);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	EQ_INT(life_deadline(&w.l), w.now_us + 5 * S);
	IS(&w, "stopping");
}

TEST(a_stop_with_a_time_of_its_own)
{
	struct world w;
	world_init(&w);
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_STOP,
				      .cause = CAUSE_USER, .for_us = 1 * S });
	EQ_INT(life_deadline(&w.l), w.now_us + 1 * S);
	tick(&w);
	OK(w.fx & LIFE_FX_KILL_TREE);
	EQ_INT(w.l.at_us[LIFE_AT_KILL], 0);
	IS(&w, "stopping");
}

TEST(stop_cancels_what_has_not_run)
{
	struct world w;
	world_init(&w);
	ev(&w, LIFE_EV_START, CAUSE_USER, 0);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	IS(&w, "off");
	OK(w.fx & LIFE_FX_RUN_ENDED);
	EQ_STR(w.l.reason, "stopped by you before it ran (started by you, "
	       "looks at what it depends on)");
	ev(&w, LIFE_EV_DEPS_MET, CAUSE_NONE, LIFE_IN_SLOT);
	IS(&w, "off");

	ev(&w, LIFE_EV_START, CAUSE_USER, LIFE_IN_DEPS_MET);
	IS(&w, "queued");
	ev(&w, LIFE_EV_KILL, CAUSE_USER, 0);
	IS(&w, "off");
	ev(&w, LIFE_EV_SLOT_FREE, CAUSE_NONE, 0);
	IS(&w, "off");
}

TEST(stop_between_spawn_and_program)
{
	struct world w;
	world_init(&w);
	start(&w, CAUSE_USER);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	IS(&w, "stopping");
	OK(!(w.fx & LIFE_FX_SIGNAL));
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	IS(&w, "stopping");
	OK(w.fx & LIFE_FX_SIGNAL);
	exits(&w, 0, SIGTERM);
	gone(&w);
	IS(&w, "killed");

	start(&w, CAUSE_USER);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_SPAWN_FAILED,
				      .detail = "exec /x: no such file" });
	IS(&w, "error");
	EQ_STR(w.l.reason, "exec /x: no such file");
}

TEST(start_while_stopping_waits_for_the_end)
{
	struct world w;
	world_init(&w);
	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	start(&w, CAUSE_DEPENDENT);
	OK(!w.l.again);
	start(&w, CAUSE_USER);
	OK(w.l.again);
	exits(&w, 0, SIGTERM);
	OK(!(w.fx & LIFE_FX_SPAWN));
	gone(&w);
	IS(&w, "starting");
	OK(w.fx & LIFE_FX_RUN_ENDED);
	EQ_INT(w.l.outcome, STATUS_KILLED);
	EQ_INT(w.out.event, EVENT_RESTART);

	/* And a stop takes that back. */
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	ev(&w, LIFE_EV_RESTART, CAUSE_USER, 0);
	IS(&w, "stopping");
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "completed");
	EQ_STR(w.l.reason, "stopped by you (exit 0)");
}

TEST(restart_by_hand)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	ev(&w, LIFE_EV_RESTART, CAUSE_USER, 0);
	IS(&w, "stopping");
	exits(&w, 1, 0);
	gone(&w);
	IS(&w, "starting");
	EQ_STR(w.l.reason, "restarted by you");
	EQ_INT(w.l.restarts, 0);
	OK(!(w.fx & LIFE_FX_FREE_SLOT));

	/* The dependencies have gone meanwhile. */
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	ev(&w, LIFE_EV_RESTART, CAUSE_USER, 0);
	exits(&w, 1, 0);
	ev(&w, LIFE_EV_GONE, CAUSE_NONE, 0);
	IS(&w, "waiting");
	OK(w.fx & LIFE_FX_FREE_SLOT);
	OK(w.fx & LIFE_FX_WANT_DEPS);
}

TEST(backoff_doubles_then_gives_up)
{
	static const unsigned want_s[] = { 1, 2, 4, 8, 16 };
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	for (size_t i = 0; i < ARRAY_LEN(want_s); i++) {
		exits(&w, 1, 0);
		gone(&w);
		IS(&w, "backoff");
		EQ_INT(life_deadline(&w.l) - w.now_us, want_s[i] * S);
		tick(&w);
		IS(&w, "starting");
		EQ_INT(w.out.event, EVENT_RESTART);
		ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	}
	EQ_INT(w.l.restarts, 5);
	EQ_STR(w.l.reason, "restart 5 of 5 after exit 1");
	exits(&w, 1, 0);
	gone(&w);
	IS(&w, "failed");
	EQ_STR(w.l.reason, "gave up after 5 restarts in 2m: exit 1");
	EQ_INT(w.out.event, EVENT_GAVE_UP);

	/* A start by hand forgives. */
	up(&w);
	exits(&w, 1, 0);
	gone(&w);
	IS(&w, "backoff");
	EQ_INT(w.l.restarts, 1);
	EQ_STR(w.l.reason, "exit 1; restart 1 of 5 in 1s");
}

TEST(backoff_caps_resets_and_jitters)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ALWAYS;
	w.p.max_restarts = 0;
	up(&w);
	for (int i = 0; i < 100; i++) {
		exits(&w, 0, 0);
		gone(&w);
		IS(&w, "backoff");
		OK(life_deadline(&w.l) - w.now_us <= 30 * S);
		tick(&w);
		ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	}
	exits(&w, 0, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_GONE, .jitter = -100 });
	EQ_INT(life_deadline(&w.l) - w.now_us, 27 * S);
	tick(&w);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	/* Never longer than what was asked for. */
	exits(&w, 0, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_GONE, .jitter = 100 });
	EQ_INT(life_deadline(&w.l) - w.now_us, 30 * S);
	tick(&w);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	w.now_us += 10 * S;
	exits(&w, 1, 0);
	give(&w, (struct life_input){ .event = LIFE_EV_GONE, .jitter = 100 });
	EQ_INT(life_deadline(&w.l) - w.now_us, 1100000);
}

TEST(old_restarts_leave_the_window)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	for (int i = 0; i < 200; i++) {
		w.now_us += 30 * S;
		exits(&w, 1, 0);
		gone(&w);
		IS(&w, "backoff");
		tick(&w);
		ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	}
	EQ_INT(w.l.restarts, 200);
	/* Two minutes count, and the pause before the last one was short. */
	EQ_INT(life_retries(&w.r, w.p.within_us, w.now_us), 4);
	EQ_INT(life_retries(&w.r, w.p.within_us, w.now_us + 200 * S), 0);
	EQ_INT(life_retries(&w.r, 0, w.now_us), LIFE_RESTARTS_MAX);
}

TEST(stop_in_backoff_keeps_the_outcome)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	exits(&w, 7, 0);
	gone(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	IS(&w, "failed");
	EQ_STR(w.l.reason, "exit 7; the next try was stopped by you");
	EQ_INT(life_deadline(&w.l), 0);
	OK(!(w.fx & LIFE_FX_RUN_ENDED));
}

TEST(start_in_backoff)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	exits(&w, 7, 0);
	gone(&w);
	start(&w, CAUSE_DEPENDENT);
	IS(&w, "backoff");
	start(&w, CAUSE_USER);
	IS(&w, "starting");
	EQ_INT(w.l.restarts, 0);
}

TEST(never_and_always_do_not_ask_how_it_ended)
{
	for (int code = 0; code < 2; code++) {
		struct world w;
		world_init(&w);
		w.p.restart = LIFE_ALWAYS;
		up(&w);
		exits(&w, code, 0);
		gone(&w);
		IS(&w, "backoff");
		world_init(&w);
		w.p.restart = LIFE_NEVER;
		up(&w);
		exits(&w, code, 0);
		gone(&w);
		IS(&w, code ? "failed" : "completed");
	}
}

TEST(on_failure_leaves_success_and_stops_alone)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "completed");
	w.p.restart = LIFE_ALWAYS;
	up(&w);
	ev(&w, LIFE_EV_STOP, CAUSE_WATCH, 0);
	exits(&w, 1, 0);
	gone(&w);
	IS(&w, "failed");
	EQ_STR(w.l.reason, "stopped by a watch (exit 1)");
}

TEST(timeout)
{
	struct world w;
	world_init(&w);
	w.p.timeout_us = 30 * S;
	up(&w);
	tick(&w);
	IS(&w, "stopping");
	OK(w.fx & LIFE_FX_SIGNAL);
	EQ_INT(w.out.event, EVENT_TIMEOUT);
	EQ_STR(w.l.reason, "over its timeout: TERM, then KILL in 5s");
	exits(&w, 0, 0);
	gone(&w);
	IS(&w, "timed_out");
	EQ_STR(w.l.reason, "ran longer than its timeout of 30s (exit 0)");
	EQ_INT(w.l.cause, CAUSE_TIMEOUT);
	w.p.restart = LIFE_ON_FAILURE;
	up(&w);
	tick(&w);
	tick(&w);
	exits(&w, 0, SIGKILL);
	gone(&w);
	IS(&w, "backoff");
}

TEST(what_outlives_the_leader_gets_the_ladder)
{
	struct world w;
	world_init(&w);
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_EXITED,
				      .exit_code = 1 });
	OK(w.fx & LIFE_FX_SIGNAL);
	give(&w, (struct life_input){ .event = LIFE_EV_LEFT, .tree_left = 2 });
	IS(&w, "stopping");
	EQ_STR(w.l.reason, "exit 1; ends the 2 left of its tree");
	tick(&w);
	OK(w.fx & LIFE_FX_KILL_TREE);
	gone(&w);
	IS(&w, "failed");
	EQ_STR(w.l.reason, "exit 1");

	/* A stop while they end is told, and no run follows. */
	w.p.restart = LIFE_ALWAYS;
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_EXITED,
				      .exit_code = 1 });
	give(&w, (struct life_input){ .event = LIFE_EV_LEFT, .tree_left = 2 });
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	EQ_STR(w.l.reason, "stopped by you while its tree ends");
	gone(&w);
	IS(&w, "failed");
	w.p.restart = LIFE_NEVER;

	w.p.tree_keep = true;
	up(&w);
	give(&w, (struct life_input){ .event = LIFE_EV_EXITED,
				      .exit_code = 1 });
	give(&w, (struct life_input){ .event = LIFE_EV_LEFT, .tree_left = 2 });
	IS(&w, "running");
	OK(!(w.fx & (LIFE_FX_SIGNAL | LIFE_FX_KILL_TREE)));
	EQ_INT(life_deadline(&w.l), 0);
	/* A stop is about the whole tree all the same. */
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	OK(w.fx & LIFE_FX_SIGNAL);
	gone(&w);
	IS(&w, "failed");
}

TEST(spawn_failures)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ALWAYS;
	start(&w, CAUSE_USER);
	give(&w, (struct life_input){ .event = LIFE_EV_SPAWN_FAILED,
				      .detail = "cwd /x: no such file" });
	IS(&w, "error");
	EQ_INT(w.l.run, 0);
	start(&w, CAUSE_USER);
	give(&w, (struct life_input){ .event = LIFE_EV_SPAWN_FAILED,
				      .flags = LIFE_IN_TRANSIENT,
				      .detail = "fork: try again" });
	IS(&w, "backoff");
	tick(&w);
	IS(&w, "starting");
}

TEST(watch_restarts_are_counted_and_never_revive_a_stop)
{
	struct world w;
	world_init(&w);
	up(&w);
	for (int i = 0; i < 5; i++) {
		ev(&w, LIFE_EV_RESTART, CAUSE_WATCH, 0);
		IS(&w, "stopping");
		exits(&w, 0, SIGTERM);
		gone(&w);
		IS(&w, "backoff");
		tick(&w);
		EQ_STR(w.l.reason, "restarted by a watch");
		ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	}
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	ev(&w, LIFE_EV_RESTART, CAUSE_WATCH, 0);
	exits(&w, 0, SIGTERM);
	gone(&w);
	IS(&w, "killed");
	ev(&w, LIFE_EV_RESTART, CAUSE_FILES, 0);
	IS(&w, "killed");
	start(&w, CAUSE_SCHEDULE);
	IS(&w, "killed");
	start(&w, CAUSE_AUTOSTART);
	IS(&w, "killed");
	ev(&w, LIFE_EV_START, CAUSE_DEPENDENT,
	   LIFE_IN_HAND | LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
	IS(&w, "starting");
}

/* Neither what a dying process prints nor a queued turn undoes a stop. */
TEST(a_stop_by_a_watch_lasts_too)
{
	struct world w;
	world_init(&w);
	w.p.overlap = LIFE_QUEUE;
	up(&w);
	start(&w, CAUSE_SCHEDULE);
	OK(w.l.again);
	ev(&w, LIFE_EV_STOP, CAUSE_WATCH, 0);
	ev(&w, LIFE_EV_RESTART, CAUSE_WATCH, 0);
	ev(&w, LIFE_EV_START, CAUSE_PROBE, 0);
	exits(&w, 0, SIGTERM);
	gone(&w);
	IS(&w, "killed");
	EQ_STR(w.l.reason, "stopped by a watch (TERM)");
	/* It is no stop by hand: the schedule goes on. */
	start(&w, CAUSE_SCHEDULE);
	IS(&w, "starting");
}

TEST(the_time_of_a_stop_can_pass_before_the_program_runs)
{
	struct world w;
	world_init(&w);
	start(&w, CAUSE_USER);
	give(&w, (struct life_input){ .event = LIFE_EV_STOP,
				      .cause = CAUSE_USER, .for_us = 1 * S });
	tick(&w);
	IS(&w, "stopping");
	OK(!(w.fx & LIFE_FX_KILL_TREE));
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	OK(w.fx & LIFE_FX_KILL_TREE);
	IS(&w, "stopping");
}

TEST(files_revive_a_failed_one)
{
	struct world w;
	world_init(&w);
	ev(&w, LIFE_EV_RESTART, CAUSE_FILES, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
	IS(&w, "off");
	up(&w);
	exits(&w, 1, 0);
	gone(&w);
	ev(&w, LIFE_EV_RESTART, CAUSE_FILES, LIFE_IN_DEPS_MET | LIFE_IN_SLOT);
	IS(&w, "starting");
	EQ_STR(w.l.reason, "started because files changed");
}

TEST(schedule_and_overlap)
{
	struct world w;
	world_init(&w);
	struct life_input next = { .event = LIFE_EV_SCHEDULED,
				   .detail = "at 14:00" };
	give(&w, next);
	IS(&w, "scheduled");
	EQ_STR(w.l.reason, "next run at 14:00");
	start(&w, CAUSE_SCHEDULE);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	start(&w, CAUSE_SCHEDULE);
	EQ_INT(w.out.event, EVENT_SKIPPED);
	w.p.overlap = LIFE_QUEUE;
	start(&w, CAUSE_SCHEDULE);
	exits(&w, 2, 0);
	gone(&w);
	IS(&w, "starting");
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	w.p.overlap = LIFE_REPLACE;
	start(&w, CAUSE_SCHEDULE);
	IS(&w, "stopping");
	exits(&w, 2, 0);
	gone(&w);
	IS(&w, "starting");
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	exits(&w, 2, 0);
	gone(&w);
	IS(&w, "failed");
	give(&w, next);
	EQ_STR(w.l.reason, "next run at 14:00; last: exit 2");
	next.detail = "at 15:00";
	give(&w, next);
	EQ_STR(w.l.reason, "next run at 15:00; last: exit 2");
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	IS(&w, "off");
	give(&w, next);
	IS(&w, "off");
	next.flags = LIFE_IN_HAND;
	give(&w, next);
	IS(&w, "scheduled");
	start(&w, CAUSE_SCHEDULE);
	ev(&w, LIFE_EV_SPAWN_FAILED, CAUSE_NONE, 0);
	give(&w, next);
	OK(strstr(w.l.reason, "next run at 15:00; last: could not") ||
	   strstr(w.l.reason, "next run at 15:00; last: cannot"));
}

TEST(pause_is_a_flag)
{
	struct world w;
	world_init(&w);
	up(&w);
	ev(&w, LIFE_EV_PAUSED, CAUSE_NONE, 0);
	IS(&w, "running");
	OK(w.l.paused);
	EQ_INT(status_shape(w.l.status, w.l.ready, true, false), SHAPE_PAUSED);
	ev(&w, LIFE_EV_CONTINUED, CAUSE_NONE, 0);
	OK(!w.l.paused);
	ev(&w, LIFE_EV_CONTINUED, CAUSE_NONE, 0);
	EQ_INT(w.fx, 0);
}

TEST(takeover)
{
	struct world w;
	world_init(&w);
	w.p.restart = LIFE_ON_FAILURE;
	start(&w, CAUSE_USER);
	w.spawn_out = false;
	ev(&w, LIFE_EV_LOST, CAUSE_NONE, 0);
	IS(&w, "starting");
	OK(w.fx & LIFE_FX_SPAWN);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	ev(&w, LIFE_EV_ADOPTED, CAUSE_NONE, 0);
	IS(&w, "running");
	OK(w.fx & LIFE_FX_START_PROBES);
	ev(&w, LIFE_EV_LOST, CAUSE_KEEPER, LIFE_IN_DEPS_MET);
	IS(&w, "backoff");
	EQ_STR(w.l.reason, "killed with the keeper; restart 1 of 5 in 1s");
	tick(&w);
	ev(&w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
	ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
	ev(&w, LIFE_EV_ADOPTED, CAUSE_NONE, 0);
	OK(!(w.fx & (LIFE_FX_SIGNAL | LIFE_FX_KILL_TREE)));
	tick(&w);
	ev(&w, LIFE_EV_ADOPTED, CAUSE_NONE, 0);
	OK(w.fx & LIFE_FX_KILL_TREE);
	exits(&w, 0, SIGKILL);
	ev(&w, LIFE_EV_ADOPTED, CAUSE_NONE, 0);
	OK(w.fx & LIFE_FX_DRAIN);
	gone(&w);
	IS(&w, "killed");
}

TEST(forget)
{
	struct world w;
	world_init(&w);
	w.p.forget = true;
	up(&w);
	exits(&w, 1, 0);
	OK(!(w.fx & LIFE_FX_FORGET));
	gone(&w);
	OK(w.fx & LIFE_FX_FORGET);
	OK(w.fx & LIFE_FX_RUN_ENDED);
}

/* --- properties --- */

static void
random_policy(struct world *w)
{
	w->p.restart = (enum life_restart)rnd(3);
	w->p.has_ready = rnd(2);
	w->p.ready_on_exit = w->p.has_ready && rnd(4) == 0;
	w->p.ready_timeout_us = rnd(2) ? 3 * S : 0;
	w->p.timeout_us = rnd(3) ? 0 : 7 * S;
	w->p.ready_action = (enum life_action)rnd(3);
	w->p.live_action = (enum life_action)rnd(3);
	w->p.overlap = (enum life_overlap)rnd(3);
	w->p.tree_keep = rnd(4) == 0;
	w->p.max_restarts = rnd(4);
	w->p.within_us = rnd(2) ? 20 * S : 0;
	w->p.nladder = rnd(4);
	for (unsigned i = 0; i < w->p.nladder; i++) {
		w->p.ladder[i].kind = (enum life_step_kind)rnd(3);
		w->p.ladder[i].signo = rnd(4) ? SIGTERM : SIGKILL;
		w->p.ladder[i].for_us = rnd(3) * S;
	}
}

/* Is the kernel able to say that now?  Spurious ones are given too. */
static bool
is_stray(const struct world *w, enum life_event e)
{
	switch (e) {
	case LIFE_EV_SPAWNED:
	case LIFE_EV_SPAWN_FAILED:
		return !w->spawn_out;
	case LIFE_EV_EXITED:
		return !w->leader;
	case LIFE_EV_GONE:
		return w->leader || w->spawn_out || !w->tree;
	case LIFE_EV_READY:
	case LIFE_EV_UNREADY:
	case LIFE_EV_PAUSED:
	case LIFE_EV_CONTINUED:
		return !w->leader;
	default:
		return false;
	}
}

/* All that outlives an engine; the rest of the bytes is nobody's. */
static bool
same_life(const struct world *a, const struct world *b)
{
	struct buf one = BUF_INIT(64 * 1024), two = BUF_INIT(64 * 1024);
	bool packed = life_pack(&a->l, &a->r, &one) == 0 &&
		      life_pack(&b->l, &b->r, &two) == 0;
	bool same = packed && one.len == two.len &&
		    !memcmp(one.data, two.data, one.len);

	buf_fini(&one);
	buf_fini(&two);
	return same;
}

static void
random_event(struct world *w)
{
	static const char *const details[] = { NULL, "", "web needs it",
		"a text that is much longer than most of the room that there "
		"is for texts, so that everything that copies it is tried and "
		"cut where it has to be cut, without a byte too many, and a "
		"few more words to be past every one of the buffers there is "
		"in it, and then some" };
	struct life_input in = {
		.event = (enum life_event)rnd(LIFE_EV_COUNT),
		.cause = rnd(3) ? (enum cause)rnd(CAUSE_COUNT) : CAUSE_USER,
		.flags = rnd(4) ? LIFE_IN_DEPS_MET | LIFE_IN_SLOT : rnd(64),
		.exit_code = rnd(2) ? 0 : (int)rnd(256),
		.exit_signal = rnd(3) ? 0 : 1 + (int)rnd(31),
		.tree_left = rnd(3),
		.jitter = (int)rnd(201) - 100,
		.for_us = rnd(6) ? 0 : rnd(5) * S,
		.detail = details[rnd(4)],
	};
	w->now_us += rnd(1500000);
	int due = life_due(&w->l, w->now_us);
	if (due >= 0 && rnd(2))
		in.event = (enum life_event)due;
	/* Half of the time the kernel says what is likely. */
	if (rnd(2)) {
		if (w->spawn_out)
			in.event = rnd(8) ? LIFE_EV_SPAWNED :
				LIFE_EV_SPAWN_FAILED;
		else if (w->leader && rnd(3) == 0)
			in.event = LIFE_EV_EXITED;
		else if (!w->leader && w->tree)
			in.event = LIFE_EV_GONE;
	}
	if (in.event == LIFE_EV_LOST && rnd(20))
		return;
	if (is_stray(w, in.event)) {
		struct world before = *w;
		in.now_us = w->now_us;
		unsigned fx = life_step(&w->l, &w->r, &w->p, &in, &w->out);
		must(w, fx == 0 && same_life(&before, w),
		     "a stray word of the kernel changes nothing");
		w->steps++;
		return;
	}
	if (in.event >= LIFE_EV_STEP_DUE && in.event <= LIFE_EV_READY_DUE &&
	    due != (int)in.event)
		return;
	give(w, in);
}

/* A kernel that does what it is told, until the process is at rest. */
static void
obey(struct world *w)
{
	for (int i = 0; i < 100 && status_get(w->l.status)->live; i++) {
		if (w->spawn_out)
			ev(w, LIFE_EV_SPAWNED, CAUSE_NONE, 0);
		else if (w->leader && (w->fx & LIFE_FX_KILL_TREE))
			exits(w, 0, SIGKILL);
		else if (!w->leader && w->tree && rnd(2))
			gone(w);
		else if (w->p.tree_keep && !w->leader)
			gone(w);
		else
			tick(w);
	}
}

TEST(random_lives_keep_every_promise)
{
	unsigned long steps = 0, runs = 0;
	for (unsigned n = 1; n <= 4000; n++) {
		struct world w;
		seed = n * 0x9e3779b97f4a7c15ull;
		world_init(&w);
		random_policy(&w);
		for (int i = 0; i < 60 && !w.broken; i++)
			random_event(&w);
		/* A stop by hand always leads to an end that lasts. */
		ev(&w, LIFE_EV_STOP, CAUSE_USER, 0);
		obey(&w);
		must(&w, !status_get(w.l.status)->live, "a stop ends it");
		must(&w, !w.leader && !w.tree && !w.spawn_out, "stop is gone");
		must(&w, life_deadline(&w.l) == 0, "nothing is to follow");
		enum status end = w.l.status;
		for (int i = 0; i < 10; i++) {
			tick(&w);
			ev(&w, LIFE_EV_RESTART, CAUSE_WATCH, 0);
			ev(&w, LIFE_EV_RESTART, CAUSE_FILES, 0);
			start(&w, CAUSE_SCHEDULE);
		}
		must(&w, w.l.status == end, "a stop by hand lasts");
		if (w.broken)
			TEST_FAIL("seed %u: %s (%s: %s)", n, w.broken,
				  status_name(w.l.status), w.l.reason);
		steps += w.steps;
		runs += w.spawned;
	}
	OK(steps > 200000);
	OK(runs > 5000);
	printf("# %lu events, %lu runs\n", steps, runs);
}

TEST(every_cell_is_visited)
{
	static unsigned long seen[STATUS_COUNT][LIFE_EV_COUNT];
	struct world w;
	for (unsigned n = 1; n <= 3000; n++) {
		seed = n * 0x2545f4914f6cdd1dull;
		world_init(&w);
		random_policy(&w);
		for (int i = 0; i < 60; i++) {
			random_event(&w);
			/* Every event from a copy of this very state. */
			for (int e = 0; e < LIFE_EV_COUNT; e++) {
				struct world copy = w;
				if (is_stray(&w, (enum life_event)e) ||
				    e == LIFE_EV_LOST)
					continue;
				ev(&copy, (enum life_event)e, CAUSE_USER, 0);
				seen[w.l.status][e]++;
				if (copy.broken && !w.broken)
					TEST_FAIL("%s at %s/%s", copy.broken,
						  status_name(w.l.status),
						  life_event_name(e));
			}
		}
	}
	for (int st = 0; st < STATUS_COUNT; st++)
		for (int e = 0; e < LIFE_EV_COUNT; e++) {
			bool kernel = e == LIFE_EV_LOST ||
				(e >= LIFE_EV_SPAWNED &&
				 e <= LIFE_EV_CONTINUED);
			if (!seen[st][e] && !kernel)
				TEST_FAIL("%s/%s was never tried",
					  status_name((enum status)st),
					  life_event_name(e));
		}
}

TEST(pack_round_trip)
{
	struct buf b = BUF_INIT(64 * 1024);
	for (unsigned n = 1; n <= 500; n++) {
		struct world w;
		struct life back;
		struct life_run run;
		seed = n * 0x9e3779b97f4a7c15ull;
		world_init(&w);
		random_policy(&w);
		w.p.max_restarts = 0;
		for (int i = 0; i < 200; i++)
			random_event(&w);
		buf_clear(&b);
		EQ_INT(life_pack(&w.l, &w.r, &b), 0);
		EQ_INT(life_unpack(&back, &run, b.data, b.len), 0);
		EQ_STR(back.reason, w.l.reason);
		EQ_INT(back.status, w.l.status);
		EQ_INT(life_deadline(&back), life_deadline(&w.l));
		EQ_INT(run.nring, w.r.nring);
		/* Both go the same way from here. */
		uint64_t keep = seed;
		struct world other = w;
		other.l = back;
		other.r = run;
		for (int i = 0; i < 50; i++)
			random_event(&w);
		seed = keep;
		for (int i = 0; i < 50; i++)
			random_event(&other);
		EQ_STR(other.l.reason, w.l.reason);
		EQ_INT(other.l.status, w.l.status);
		EQ_INT(other.l.run, w.l.run);
		for (size_t cut = 0; cut < b.len; cut += 7) {
			EQ_INT(life_unpack(&back, &run, b.data, cut), -EPROTO);
			EQ_STR(back.reason, "not started yet");
		}
	}
	buf_fini(&b);
}

/* Two that are told the same; one of them forgets what it may. */
TEST(at_rest_the_run_may_be_forgotten)
{
	unsigned rests = 0;
	for (unsigned n = 1; n <= 1000; n++) {
		struct world w;
		seed = n * 0x9e3779b97f4a7c15ull;
		world_init(&w);
		random_policy(&w);
		struct world other = w;
		for (int i = 0; i < 100; i++) {
			uint64_t before = seed;
			random_event(&w);
			seed = before;
			random_event(&other);
			EQ_INT(other.l.status, w.l.status);
			EQ_INT(other.fx, w.fx);
			EQ_STR(other.l.reason, w.l.reason);
			EQ_STR(other.out.text, w.out.text);
			if (life_is_at_rest(&other.l, &other.r)) {
				memset(&other.r, 0, sizeof other.r);
				rests++;
			}
		}
	}
	OK(rests > 5000);
}

TEST(unpack_takes_any_bytes)
{
	char bytes[512];
	struct life l;
	struct life_run r;
	seed = 42;
	for (int n = 0; n < 20000; n++) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (char)(rnd(3) ? rnd(4) : rnd(256));
		bytes[0] = 1;
		if (life_unpack(&l, &r, bytes, rnd(sizeof bytes)) == 0) {
			OK((unsigned)l.status < STATUS_COUNT);
			OK(r.nring <= LIFE_RESTARTS_MAX);
		}
	}
}

TEST(the_matrix_can_be_printed)
{
	struct buf b = BUF_INIT(64 * 1024), small = BUF_INIT(100);
	EQ_INT(life_print_matrix(&b), 0);
	OK(strstr(buf_str(&b), "backoff\n"));
	OK(strstr(buf_str(&b), "backoff-due    begin\n"));
	EQ_INT(life_print_matrix(&small), -EMSGSIZE);
	buf_fini(&b);
	buf_fini(&small);
}

TEST(tables_are_whole)
{
	const struct table *all[] = { &status_table, &event_table,
				      &cause_table };
	for (size_t t = 0; t < ARRAY_LEN(all); t++)
		for (size_t i = 0; i < all[t]->count; i++) {
			const struct row *r = table_row(all[t], i);
			OK(r->name && *r->name && r->help && *r->help);
			OK(r->help[strlen(r->help) - 1] != '.');
			OK(table_find(all[t], r->name) == r);
		}
	for (int s = 0; s < STATUS_COUNT; s++)
		EQ_INT(status_find(status_name(s), strlen(status_name(s))), s);
	EQ_INT(status_find("runn", 4), -1);
	EQ_INT(event_find("gave-up", 7), EVENT_GAVE_UP);
	EQ_INT(cause_find("user", 4), CAUSE_USER);
	for (int a = 0; a < SHAPE_COUNT; a++)
		for (int b = 0; b < a; b++)
			OK(shape_get(a)->ascii != shape_get(b)->ascii &&
			   strcmp(shape_get(a)->unicode,
				  shape_get(b)->unicode) != 0);
}

TEST_MAIN()
