#ifndef SBX_PROCTREE_H
#define SBX_PROCTREE_H

/*
 * The tree of a run: signals to all of it, and its end, which has to be
 * proved by looks at the machine (tree.h).  One look serves all processes of
 * a turn.  A run is gone when nothing of its tree is left and its output is
 * drained and folded; that is an event of its life.
 */

#include <stdbool.h>

struct engine;
struct proc;

/* What is left of it is looked at, or ended, from this turn on. */
void	proctree_look_soon(struct proc *p);
/* Is it to be killed before it is a program?  Only the keeper has its pid. */
bool	proctree_is_killed_early(const struct proc *p);
/* End-of-turn work. */
void	proc_settle_trees(struct engine *e);

#endif
