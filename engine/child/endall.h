#ifndef SBX_ENDALL_H
#define SBX_ENDALL_H

/*
 * The end of everything below a subreaper.  It kills its direct children and
 * reaps them; their children then become its own, and so on until there is
 * none.  A direct child cannot give its pid away before it is reaped, so no
 * signal can reach a stranger.  SIGCHLD must be blocked.
 */

#include <sys/types.h>

/*
 * spare (0: none) is let live for spare_ms, or until it ends by itself.
 * 0 when nothing is left; -ETIMEDOUT when something could not be ended within
 * limit_ms (a system call that hangs, a program of another user).
 */
int	endall_run(pid_t spare, unsigned spare_ms, unsigned limit_ms);

#endif
