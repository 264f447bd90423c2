#ifndef SBX_PROCSTOP_H
#define SBX_PROCSTOP_H

/*
 * The steps of a stop ladder that are no signals: a command beside the
 * process, and keys typed into its terminal.  One that cannot be taken is
 * told, and the ladder goes on by its own time.
 */

struct helper;
struct proc;

void	procstop_step(struct proc *p, unsigned step);
void	procstop_ended(struct proc *p, const struct helper *h,
		       const char *text);

#endif
