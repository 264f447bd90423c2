#ifndef SBX_RESPEC_H
#define SBX_RESPEC_H

/*
 * Another definition for a process that there is already.  A run that is
 * alive keeps the one it was started with wherever the new one needs another
 * run: it is stopped as that says, and a new engine that takes it over finds
 * what really runs.
 */

struct err;
struct proc;
struct spec;

/* Would respec_now() be able to take it?  0 or -1. */
int	respec_check(const struct spec *s, struct err *err);
/* These take s.  At once, for one that does not run or goes on with it ... */
void	respec_now(struct proc *p, struct spec *s);
/* ... or with its next run, which order_settle() asks for in its turn. */
void	respec_later(struct proc *p, struct spec *s);
/* Equal, but perhaps written in another place. */
void	respec_place(struct proc *p, struct spec *s);
/* The run is over: what respec_later() was given becomes true. */
void	respec_next(struct proc *p);

#endif
