#ifndef SBX_PROCFOLD_H
#define SBX_PROCFOLD_H

/*
 * The fold of a process, which lags behind its output in a flood: a line has
 * the time at which it came, however long it has waited since.
 */

#include <stddef.h>
#include <stdint.h>

struct proc;

/* Bytes of all streams that have ever come. */
uint64_t procfold_arrived(const struct proc *p);
/* Some have just come. */
void	procfold_note(struct proc *p);
/* As fold_step(). */
int	procfold_step(struct proc *p, size_t max_bytes);

#endif
