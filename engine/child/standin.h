#ifndef SBX_STANDIN_H
#define SBX_STANDIN_H

/*
 * A thread that goes on where the first one is held up.  One of the two is on
 * duty and runs the loop; the other sleeps.  Before a call that should be
 * short but may last for ever the one on duty says that it is away; when it is
 * not back after STANDIN_MS the other one takes the loop over, and the first
 * becomes the stand-in when its call returns.  So what the loop uses must be
 * in order before standin_away(), and is not to be touched after a
 * standin_back() that says no.
 *
 * A stand-in that is not needed costs a stack, and each call two settings of
 * a timer.  Threads are never ended: what they have forked would be told that
 * its parent has died.
 */

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "base/base.h"

enum { STANDIN_MS = 50 };

typedef void standin_fn(void *arg);

struct standin {
	int timer;		/* fires when the one on duty is held up */
	atomic_int state;
	atomic_bool relieved;	/* it has happened */
	standin_fn *loop;
	void *arg;
};

/*
 * Runs loop, which does not return, in this thread, and in the other one when
 * it has to.  Where none is wanted, or possible, standin_ready() is false.
 */
SBX_NORETURN void standin_run(struct standin *s, bool wanted, standin_fn *loop,
			      void *arg);
/* Is somebody there who would take over? */
bool	standin_ready(const struct standin *s);
void	standin_away(struct standin *s);
/* False: the other one has taken over; only standin_wait() is left to do. */
bool	standin_back(struct standin *s);
SBX_NORETURN void standin_wait(struct standin *s);

#endif
