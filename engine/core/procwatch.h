#ifndef SBX_PROCWATCH_H
#define SBX_PROCWATCH_H

/*
 * The watches of a process over the lines of its log: what they count, and what
 * a hit does.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct err;
struct fold_ops;
struct proc;
struct spec;

int	procwatch_build(struct proc *p, struct err *err);
/* The same for another definition in the place of old; what watches of the
 * same name and pattern have counted stays.  -1: nothing has changed. */
int	procwatch_rebuild(struct proc *p, const struct spec *old,
			  struct err *err);
void	procwatch_run(struct proc *p, bool running);
/* The watches' next deadline in clock_ms; UINT64_MAX if none. */
uint64_t procwatch_deadline(const struct proc *p);
void	procwatch_tick(struct proc *p);
/* struct fold_ops for the fold of a process; the argument is the proc. */
extern const struct fold_ops procwatch_ops;
void	procwatch_values(struct proc *p, struct buf *out);

#endif
