#ifndef SBX_PROCNOTIFY_H
#define SBX_PROCNOTIFY_H

/*
 * `notify`: events of a process that the person is told of, like a watch tells
 * of a line.  A process that fails again and again is told of at its first
 * failure after it was well, and when it is given up.
 *
 * Silence is time without a byte of output while the process runs; after a
 * takeover it is counted anew.
 */

#include <stdbool.h>

struct life_output;
struct proc;

/* Its state has changed; ended: and so ended a run. */
void	procnotify_event(struct proc *p, const struct life_output *out,
			 bool ended);
void	procnotify_settle(struct proc *p);
void	procnotify_take_spec(struct proc *p);	/* and at its end */

#endif
