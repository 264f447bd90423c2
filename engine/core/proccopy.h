#ifndef SBX_PROCCOPY_H
#define SBX_PROCCOPY_H

/*
 * The copy of a process's log for other programs: log.file and log.rotate.
 * It follows the spool in pieces, after everything that others wait for.
 */

#include <stdbool.h>

struct engine;
struct helper;
struct proc;

void	proccopy_take_spec(struct proc *p);
void	proccopy_settle(struct proc *p);	/* a piece */
void	proccopy_squeezed(struct engine *e, const struct helper *h, bool fine);
void	proccopy_free(struct proc *p);
/* Is there more to copy, and nothing in the way? */
bool	proccopy_is_busy(const struct proc *p);

#endif
