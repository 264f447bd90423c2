#ifndef SBX_PROCRUN_H
#define SBX_PROCRUN_H

/*
 * What a process needs from its first start until it is at rest again.  A
 * record that has ended is kept without it, and thousands of them are; the
 * log of one that has said nothing goes, too.  Part of core.h, for the
 * engine's own files alone.
 *
 * It is made when something is to be written there, and goes at the end of a
 * turn in which nothing of it says anything any more.  Who only looks finds
 * one in which nothing is set.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "life/life.h"
#include "log/arrival.h"

struct engine;
struct err;
struct probe;
struct proc;
struct timer;

enum { ENDS_MAX = 16 };	/* members of a tree that are being ended */

/* The rule that makes a process ready, and the one that keeps it so. */
enum { CHECK_READY, CHECK_LIVE, CHECKS };

/* How an attempt of one ended. */
enum { RESULTS_MAX = 50, RESULT_TEXT_MAX = 160 };
struct check_result {
	int64_t at_ms;		/* wall; when it was over */
	uint64_t for_us, run;
	bool ok;
	char text[RESULT_TEXT_MAX];
};

struct check {
	struct proc *p;
	struct probe *probe;	/* one attempt by socket; NULL: none now */
	uint64_t helper_slot;	/* one by command; 0: none now */
	struct timer *timer;	/* the next attempt */
	uint64_t screen_gen;	/* of the picture that was looked at */
	unsigned fails;		/* one after the other */
	bool beat;		/* live log, notify: heard since it was asked */
	bool saved;		/* the results are in the registry */
	char text[160];		/* the last failure */
	uint64_t at_begun_us;	/* of the attempt that is under way */
	/* The newest ones, of former runs and engines too: a ring.  NULL
	 * before the first. */
	struct check_result *results;
	uint64_t result_count;	/* ever; the next place is modulo the size */
};

/* A stop or restart that waits for its turn (ordered.c). */
struct asked {
	bool on;		/* from the request to the end of the run */
	bool told;		/* its turn has come */
	enum life_event event;	/* STOP or RESTART */
	enum cause cause;
	unsigned flags;		/* LIFE_IN_* */
	uint64_t for_us;
	char *detail;		/* NULL: none */
};

/* A member of a tree that is being ended alone (procmember.c). */
struct member_end {
	pid_t pid;
	uint64_t start_ticks;	/* with pid it names a process */
	uint64_t at_kill_us;
};

struct run {
	struct life_run life;
	struct life_policy policy;
	struct timer *timer;	/* of its life */
	struct asked asked;
	struct check checks[CHECKS];
	struct member_end ends[ENDS_MAX];
	uint8_t end_count;
	struct arrivals came;	/* of output that is to be folded */
	struct buf input;	/* what waits for it to be read */
	size_t input_off;	/* of it, that were taken out already */
	struct buf notify_line;	/* of SBX_NOTIFY_FD, not ended yet */
	char ports[128];
};

struct run *procrun_get(struct proc *p);	/* makes it if there is none */
/* To look at: at rest it is one in which nothing is set. */
const struct run *procrun_see(const struct proc *p);
/* The log of one at rest that has said nothing is there again.  0 or -1. */
int	procrun_wake_log(struct proc *p, struct err *err);
/* For the list of its runs; why is of before the end was told, which may have
 * led to another start and its reason. */
void	procrun_record(struct proc *p, const char *why);
/* After registry_save(), with what it gave: what the keeper has of a run that
 * is over is given back. */
void	procrun_release(struct proc *p, int saved);
/* The same for all, and of those at rest what is not needed goes; nobody waits
 * for that. */
void	procrun_settle_all(struct engine *e, int saved);
void	procrun_free(struct proc *p);

#endif
