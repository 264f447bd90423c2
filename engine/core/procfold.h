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
/* All that a GROW tells, in one number: is it news? */
uint64_t procfold_growth(const struct proc *p);
/* Some have just come, and so many are coming. */
void	procfold_note(struct proc *p, size_t coming, int64_t wall_ms);
/* As fold_step(). */
int	procfold_step(struct proc *p, size_t max_bytes);

#endif
