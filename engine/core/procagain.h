#ifndef SBX_PROCAGAIN_H
#define SBX_PROCAGAIN_H

/*
 * A new engine that has no room for the descriptors of a running process, for
 * the machine is short of them, asks the keeper for them until it has: its
 * output waits in its pipes meanwhile, and its run does not end without it.
 */

#include <stdbool.h>

struct engine;
struct keep_slot;
struct proc;

/* It was handed over; were they? */
void	procagain_owe(struct proc *p, const struct keep_slot *s);
/* After the hand-over (else false): they have come, or not again.  Takes the
 * descriptors. */
bool	procagain_take(struct engine *e, struct proc *p,
		       const struct keep_slot *s);
/* Its run is over, but what it has said may still come: for a while. */
bool	procagain_waits(const struct proc *p);
/* At the end of a turn. */
void	procagain_settle(struct engine *e);

#endif
