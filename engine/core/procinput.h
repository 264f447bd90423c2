#ifndef SBX_PROCINPUT_H
#define SBX_PROCINPUT_H

/*
 * What a process is told: through its stdin or its terminal.  It waits in a
 * bounded queue until it is read, and outlives an engine: what has been taken
 * out of the queue is in the crumbs.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct proc;

/* The pipe to its stdin, taken; -1: it has none. */
void	procinput_attach(struct proc *p, int fd);
void	procinput_close(struct proc *p);
/* The queue as the registry has it, without what was taken out since. */
void	procinput_restore(struct proc *p, const char *data, size_t len);
/* An answer of the terminal itself; dropped when the queue is full. */
void	procinput_answer(struct proc *p, const char *data, size_t len);
/* HELD: it is queued, and leaves with procinput_flush().  0, or -1 and err. */
enum { PROCINPUT_EOF = 1, PROCINPUT_PASTE = 2, PROCINPUT_HELD = 4 };
int	procinput_add(struct proc *p, const char *data, size_t len,
		      unsigned flags, struct err *err);
/* Sends what the child takes now.  What is left is to outlive us: of what has
 * just been queued that has to be recorded. */
int	procinput_flush(struct proc *p, struct err *err);
/* The same of what is recorded.  False: the child takes no more at all. */
bool	procinput_push(struct proc *p);
/* How much of it waits to be read. */
size_t	procinput_waiting(const struct proc *p);

#endif
