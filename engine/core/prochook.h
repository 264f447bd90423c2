#ifndef SBX_PROCHOOK_H
#define SBX_PROCHOOK_H

/*
 * Hooks: commands that a watch runs.  What a child has printed reaches them
 * by the environment only, never as text of the command.
 */

#include <sys/types.h>

struct err;
struct helper;
struct proc;
struct watch_hit;

void	prochook_run(struct proc *p, const struct watch_hit *h);
void	prochook_ended(struct proc *p, const struct helper *h,
		       const char *text);
/*
 * A process that is who asks for a restart of p.  If it is a hook of p, and p
 * prints what brings the hook again, that goes on for ever: after as many as
 * restart.max and restart.within allow it is refused.  0 or -1.
 */
int	prochook_restarts(struct proc *p, pid_t who, struct err *err);

#endif
