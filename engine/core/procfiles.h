#ifndef SBX_PROCFILES_H
#define SBX_PROCFILES_H

/*
 * Files that a process is started again for.  They are watched from its first
 * start until it is stopped by hand, between runs too: a task that has ended
 * runs once more.  What depends on it is left alone, as by `restart`, or with
 * cascade=yes started again behind it, as by `restart --with-dependents`.
 *
 * A process that writes what it watches is held after a few runs; see
 * fileguard.h.
 */

struct engine;
struct proc;

void	procfiles_take_spec(struct proc *p);
void	procfiles_settle(struct proc *p);
/* A file that the engine writes itself. */
void	procfiles_ignore(struct engine *e, const char *path);
void	procfiles_free(struct proc *p);

#endif
