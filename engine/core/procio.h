#ifndef SBX_PROCIO_H
#define SBX_PROCIO_H

/*
 * The bytes of a process: its output goes to the spool by splice, never
 * through our memory; its input waits in a bounded queue until it is read.
 * Draining goes before folding, so that a child never waits for a pattern.
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
void	procio_close_input(struct proc *p);
/* The queue as the registry has it, without what was taken out since. */
void	procio_restore_input(struct proc *p, const char *data, size_t len);
bool	procio_is_open(const struct proc *p);	/* may output still come? */
void	procio_fold_all(struct engine *e);	/* a slice for everyone */
/* Drains and folds to the end; true when nothing is left to come. */
bool	procio_drained(struct proc *p);
void	procio_pace(struct engine *e);	/* the streams in a flood */
/* An answer of the terminal itself; dropped when the queue is full. */
void	procio_answer(struct proc *p, const char *data, size_t len);
/* HELD: it is queued, and leaves with procio_flush(). */
enum { PROCIO_EOF = 1, PROCIO_PASTE = 2, PROCIO_HELD = 4 };
int	procio_input(struct proc *p, const char *data, size_t len,
		     unsigned flags, struct err *err);
int	procio_flush(struct proc *p, struct err *err);
/* What of its input waits to be read. */
size_t	procio_waiting(const struct proc *p);
/* How much of each stream its process has written by now. */
void	procio_mark(struct proc *p, struct proto_mark *m);
/* Marks what a former engine threw away and had no time to tell. */
void	procio_find_lost(struct proc *p);
void	procio_grow(const struct proc *p, struct proto_grow *g);

#endif
