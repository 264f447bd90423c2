#ifndef SBX_PROCPORT_H
#define SBX_PROCPORT_H

/*
 * Whose is the port that a ready check has reached, or a run has wanted?
 */

#include <stdbool.h>
#include <stddef.h>

struct proc;

/*
 * May the port that its check has reached count as its own?  Else why (cap
 * bytes) names the holder.
 */
bool	procport_is_own(struct proc *p, char *why, size_t cap);
/* It has failed: is that because somebody else has its port?  Tells it. */
void	procport_failed(struct proc *p);

#endif
