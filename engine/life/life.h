#ifndef SBX_LIFE_H
#define SBX_LIFE_H

/*
 * The life of one process as a pure state × event matrix: a value and an
 * event in, the changed value and effects out.  No clock, no system call, no
 * allocation.  The engine performs the effects and brings the kernel's word
 * back as events.
 *
 * Invariants: one run at a time (SPAWN is only asked for when nothing of the
 * last run is left); a final status is reached only after the tree is gone
 * and the output drained (GONE); no status changes without a reason; after a
 * stop by hand nothing but a hand starts the process again.
 *
 * A run ends in two steps: EXITED (the leader's end, journalled at once; what
 * is left of the tree gets the rest of the ladder) and GONE (tree gone or
 * kept, output drained), which alone changes the status to the outcome.
 */

#include <stdbool.h>
#include <stdint.h>
#include "event.h"
#include "status.h"

struct buf;

enum {
	LIFE_STEPS_MAX = 20,	/* of a stop ladder */
	LIFE_RESTARTS_MAX = 64,	/* highest useful restart.max */
};

/* X(enum, name, help) */
#define LIFE_EVENT_TABLE(X)                                                    \
	X(START, "start", "somebody wants it to run")                          \
	X(STOP, "stop", "somebody wants it to end")                            \
	X(KILL, "kill", "somebody wants it to end now")                        \
	X(RESTART, "restart", "somebody wants a new run")                      \
	X(DEPS_WAIT, "deps-wait", "the list of unmet dependencies changed")    \
	X(DEPS_MET, "deps-met", "all dependencies are met")                    \
	X(DEPS_FAILED, "deps-failed", "a dependency cannot be met any more")   \
	X(SLOT_FREE, "slot-free", "there is a free place")                     \
	X(SCHEDULED, "scheduled", "the next time is known")                    \
	X(SPAWNED, "spawned", "the program runs (exec succeeded)")             \
	X(SPAWN_FAILED, "spawn-failed", "the program could not be run")        \
	X(EXITED, "exited", "the leader has ended")                            \
	X(LEFT, "left", "the leader has ended, others of its tree have not")   \
	X(GONE, "gone", "the tree is gone and the output drained")             \
	X(READY, "ready", "its ready rule was met")                            \
	X(UNREADY, "unready", "live checks failed often enough, or it is not " \
	  "ready for a cause worth telling")                                   \
	X(PAUSED, "paused", "stopped by SIGSTOP or the like")                  \
	X(CONTINUED, "continued", "goes on after a pause")                     \
	X(STEP_DUE, "step-due", "the time of a ladder step has passed")        \
	X(KILL_DUE, "kill-due", "the time given to a stop has passed")         \
	X(BACKOFF_DUE, "backoff-due", "the pause before a restart has passed") \
	X(RUN_DUE, "run-due", "the run's timeout has passed")                  \
	X(READY_DUE, "ready-due", "ready.timeout has passed")                  \
	X(ADOPTED, "adopted", "a new engine found it alive")                   \
	X(LOST, "lost", "a new engine or keeper does not find it")

enum life_event {
#define X(e, name, help) LIFE_EV_##e,
	LIFE_EVENT_TABLE(X)
#undef X
	LIFE_EV_COUNT
};

/* Effects, to be performed in this order. */
enum {
	LIFE_FX_ANNOUNCE = 1 << 0,	/* journal out->event; tell clients;
					 * look again at who waits for it */
	LIFE_FX_STOP_PROBES = 1 << 1,
	LIFE_FX_SIGNAL = 1 << 2,	/* out->signo, then CONT: whole tree */
	LIFE_FX_STOP_STEP = 1 << 3,	/* cmd or keys of ladder step
					 * out->step */
	LIFE_FX_KILL_TREE = 1 << 4,	/* until nothing is left, then GONE */
	LIFE_FX_DRAIN = 1 << 5,		/* watch for the tree's end and the
					 * end of output, then GONE */
	LIFE_FX_RUN_ENDED = 1 << 6,	/* what was started is over with
					 * l->outcome (OFF: called off before
					 * it ran), even if a restart follows */
	LIFE_FX_FREE_SLOT = 1 << 7,	/* let the next queued one go */
	LIFE_FX_WANT_DEPS = 1 << 8,	/* answer DEPS_MET, _WAIT, _FAILED */
	LIFE_FX_WANT_SLOT = 1 << 9,	/* queue it; answer SLOT_FREE */
	LIFE_FX_SPAWN = 1 << 10,	/* run number l->run + 1; answer
					 * SPAWNED or SPAWN_FAILED */
	LIFE_FX_START_PROBES = 1 << 11,	/* the ready rule of this run */
	LIFE_FX_FORGET = 1 << 12,	/* keep no: drop record and log */
};

enum life_timer {
	LIFE_AT_STEP, LIFE_AT_KILL, LIFE_AT_BACKOFF, LIFE_AT_RUN,
	LIFE_AT_READY, LIFE_AT_COUNT
};

enum life_restart { LIFE_NEVER, LIFE_ON_FAILURE, LIFE_ALWAYS };
enum life_action { LIFE_MARK, LIFE_DO_RESTART, LIFE_DO_STOP };
enum life_overlap { LIFE_SKIP, LIFE_QUEUE, LIFE_REPLACE };
enum life_step_kind { LIFE_STEP_SIGNAL, LIFE_STEP_CMD, LIFE_STEP_KEYS };

struct life_rung {
	enum life_step_kind kind;
	int signo;		/* of a SIGNAL step */
	uint64_t for_us;	/* until the next step */
};

/* Plain values, mapped from the spec; zero everywhere is "never restart". */
struct life_policy {
	enum life_restart restart;
	uint64_t backoff_min_us, backoff_max_us;
	uint64_t reset_us;	/* good uptime that resets the backoff */
	unsigned max_restarts;	/* 0 = no limit; at most LIFE_RESTARTS_MAX */
	uint64_t within_us;	/* 0 = over the whole life */
	struct life_rung ladder[LIFE_STEPS_MAX];	/* KILL is implied */
	unsigned nladder;
	uint64_t timeout_us;	/* of a run; 0 = none */
	uint64_t ready_timeout_us;	/* 0 = none */
	enum life_action ready_action;	/* when ready.timeout passes */
	enum life_action live_action;	/* when live checks fail */
	enum life_overlap overlap;	/* a scheduled start while it runs */
	bool has_ready;		/* else ready as soon as it runs */
	bool ready_on_exit;	/* ready exit: ready once it completed */
	bool tree_keep;		/* what outlives the leader is left alone */
	bool forget;		/* keep no */
	uint64_t ok_codes[4];	/* a bit for each code, besides 0 */
};

/* Read by everybody, written by life.c alone; life_init makes a new one. */
struct life {
	enum status status;
	enum status outcome;	/* of the last start; OFF: none has ended */
	enum cause cause;	/* who made the present status */
	char reason[256];	/* why it is so; one sentence, never empty */
	bool ready, paused;
	bool unready;		/* a check has given up on it ... */
	bool overdue;		/* ... because ready.timeout has passed */
	bool stopped;		/* the (last) run's end was asked for */
	bool kept_down;		/* stopped by hand: only a hand starts it */
	bool pinned;		/* a person wants it up */
	bool wanted;		/* autostart or a dependent wants it up */
	bool has_exit, core;	/* exit_* are those of the last run */
	int exit_code, exit_signal;	/* signal 0: exit_code counts */
	uint64_t run;		/* runs that really started */
	unsigned restarts;	/* automatic ones since the last hand start */
	uint64_t at_started_us, at_ended_us;	/* of the last run; 0: not */
	uint64_t at_us[LIFE_AT_COUNT];		/* deadlines; 0 = off */

	/* How the step function remembers; of no use to others. */
	bool spawning;		/* SPAWN is out, not answered */
	bool alive;		/* SPAWNED, not EXITED */
	bool ending;		/* EXITED, not GONE */
	bool has_slot;
	bool again;		/* start a new run when this one is gone */
	bool again_counted;	/* ... as a restart with backoff and limit */
	bool again_no_deps;	/* ... whatever it depends on does */
	bool timed_out, lost, no_escalate;
	bool restarting;	/* the start is a restart */
	enum cause start_cause, end_cause;
	enum cause again_cause;
	unsigned step;		/* of the ladder; nladder = KILL */
	unsigned kills;		/* times that KILL was sent to no avail */
	unsigned backoff;	/* doublings so far */
};

/*
 * The rest of it, of which nothing is needed at rest (life_is_at_rest): its
 * owner may throw it away then, and begin with zeroes.
 */
struct life_run {
	char start_why[112];	/* "started by you" */
	char end_why[112];	/* "stopped by you"; "" = by itself */
	char again_why[112];	/* start_why of the next run */
	unsigned nring, ring_idx;
	uint64_t ring[LIFE_RESTARTS_MAX];	/* times of restarts */
};

enum {	/* life_input.flags */
	LIFE_IN_DEPS_MET = 1,	/* nothing to wait for: skip WANT_DEPS */
	LIFE_IN_SLOT = 2,	/* a place is free: skip WANT_SLOT */
	LIFE_IN_HAND = 4,	/* a person is behind it (USER implies) */
	LIFE_IN_NO_ESCALATE = 8, /* STOP: first step only */
	LIFE_IN_TRANSIENT = 16,	/* SPAWN_FAILED: worth another try */
	LIFE_IN_CORE = 32,	/* EXITED: core dumped */
};

struct life_input {
	enum life_event event;
	enum cause cause;	/* EXITED: who sent exit_signal through us */
	unsigned flags;
	uint64_t now_us;
	int exit_code, exit_signal;	/* EXITED */
	unsigned tree_left;	/* LEFT: how many */
	int jitter;		/* -100..100 per mille, for a backoff */
	uint64_t for_us;	/* STOP: KILL at the latest after this */
	/*
	 * Borrowed, may be NULL; one phrase without a full stop.  START, STOP,
	 * RESTART: what fired ("watch 'oom', line 1204", "needed by web");
	 * DEPS_*: graph_explain's text; SPAWN_FAILED: step and errno text;
	 * SCHEDULED: the time; READY: which rule; UNREADY, READY_DUE: the last
	 * failure of the check.
	 */
	const char *detail;
};

struct life_output {
	enum status from;	/* the status before */
	enum event_kind event;	/* for ANNOUNCE */
	enum cause cause;
	char text[256];		/* detail for the journal */
	int signo;
	unsigned step;
};

void	life_init(struct life *l);
/* Fills *out; returns effects, 0 when nothing has changed. */
unsigned life_step(struct life *l, struct life_run *r,
		   const struct life_policy *p, const struct life_input *in,
		   struct life_output *out);
/* How many of its restarts count against the most that are allowed within a
 * time; 0: for ever. */
unsigned life_retries(const struct life_run *r, uint64_t within_us,
		      uint64_t now_us);
/* Nothing runs, nothing is to follow by itself, nothing is to be counted. */
bool	life_is_at_rest(const struct life *l, const struct life_run *r);

/* Its policy was old and is p from now on: what a run of now has to keep of
 * it.  The deadlines may have changed. */
void	life_retime(struct life *l, const struct life_policy *old,
		    const struct life_policy *p);

/* The earliest deadline, 0 if there is none; and the event that is due. */
uint64_t life_deadline(const struct life *l);
int	life_due(const struct life *l, uint64_t now_us); /* -1: none */

void	life_ok_code(struct life_policy *p, int code);	/* counts as success */
/* The default ladders: TERM 5s KILL; for a tty HUP 2s TERM 3s KILL. */
void	life_ladder_default(struct life_policy *p, bool is_tty);

/*
 * How the last run ended: "exit 1", "killed by SEGV (core dumped)", "never
 * ran".  Cut to cap; returns out.
 */
const char *life_exit_text(const struct life *l, char *out, size_t cap);
const char *life_event_name(enum life_event e);
/* The matrix as text, for doc/architecture.md; 0 or -EMSGSIZE. */
int	life_print_matrix(struct buf *b);

/* For the registry: deadlines are absolute and stay valid on this boot.  0 or
 * -EMSGSIZE. */
int	life_pack(const struct life *l, const struct life_run *r,
		  struct buf *b);
/* -EPROTO when malformed, with l as after life_init.  Bytes that a newer
 * program put behind the known ones are skipped. */
int	life_unpack(struct life *l, struct life_run *r, const void *data,
		    size_t len);

#endif
