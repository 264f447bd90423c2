#ifndef SBX_PORTOWNER_H
#define SBX_PORTOWNER_H

/*
 * Whose is a port that answers?  A stranger's server that listens there
 * already would answer for a process whose own bind fails.
 *
 * It counts as the process's own unless it is known not to be: the holder is
 * of another run of sbx, or began before this one.  What began later may well
 * work for it (the proxy of a container, a service that was asked to start),
 * and a holder that cannot be seen (another user's, another machine's) is
 * believed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * leader: of the run, whose tag is 0 where it is not known.  *holder is who
 * was found last time, 0 at first: looking through all processes is dear.
 * False: why (cap bytes) names the stranger.
 */
bool	portowner_is_own(pid_t leader, uint64_t tag, uint16_t port,
			 pid_t *holder, char *why, size_t cap);

/*
 * Who listens there now, for a run that has ended: 0 if nobody does or it is
 * of that run.  who (cap bytes) gets its name, *its its tag or 0.
 */
pid_t	portowner_other(uint64_t tag, uint16_t port, char *who, size_t cap,
			uint64_t *its);

#endif
