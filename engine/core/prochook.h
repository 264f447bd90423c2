#ifndef SBX_PROCHOOK_H
#define SBX_PROCHOOK_H

/*
 * Hooks: commands that a watch runs.  What a child has printed reaches them
 * by the environment only, never as text of the command.
 */

struct helper;
struct proc;
struct watch_hit;

void	prochook_run(struct proc *p, const struct watch_hit *h);
void	prochook_ended(struct proc *p, const struct helper *h,
		       const char *text);

#endif
