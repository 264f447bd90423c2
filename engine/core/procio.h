#ifndef SBX_PROCIO_H
#define SBX_PROCIO_H

/*
 * What a process says: it goes to the spool by splice, never through our
 * memory.  Draining goes before folding, so that a child never waits for a
 * pattern.  What it is told: procinput.h.
 */

#include <stdbool.h>
#include <stddef.h>

struct engine;
struct err;
struct keep_fds;
struct proc;
struct proto_grow;
struct proto_mark;

int	procio_open_log(struct proc *p, struct err *err);
/* As much as its definition and limit.log let it keep. */
void	procio_set_keep(struct proc *p);
void	procio_attach(struct proc *p, struct keep_fds *fds);	/* takes them */
void	procio_close(struct proc *p);		/* all descriptors of the run */
bool	procio_is_open(const struct proc *p);	/* may output still come? */
/* There may be bytes to fold, at the end of the turn. */
void	procio_fold_later(struct proc *p);
void	procio_fold_all(struct engine *e);	/* a slice for everyone */
/* Drains and folds to the end; true when nothing is left to come. */
bool	procio_drained(struct proc *p);
void	procio_pace(struct engine *e);	/* the streams in a flood */
/* How much of each stream its process has written by now. */
void	procio_mark(struct proc *p, struct proto_mark *m);
/* Marks what a former engine threw away and had no time to tell. */
void	procio_find_lost(struct proc *p);
void	procio_grow(const struct proc *p, struct proto_grow *g);

#endif
