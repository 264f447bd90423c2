#ifndef SBX_ORDERED_H
#define SBX_ORDERED_H

/*
 * Stops and restarts that were asked for several processes at once.  Each has
 * its turn when nobody is left who depends on it and is to end too: what
 * others need goes last, as in `down`.  One that waits for its turn counts as
 * not there yet for those that come back before it.
 *
 * What was asked is in the registry; an engine that takes over goes on.
 */

#include <stdbool.h>

struct buf;
struct life_input;
struct msg_reader;
struct proc;

/* in: STOP or RESTART; takes the place of one that waits. */
void	ordered_ask(struct proc *p, const struct life_input *in);
/* is_needed: somebody who depends on it is to end and has not. */
void	ordered_settle(struct proc *p, bool is_needed);
void	ordered_run_ended(struct proc *p);
void	ordered_drop(struct proc *p);
/* It is to end and to begin anew. */
bool	ordered_comes_back(const struct proc *p);
int	ordered_pack(const struct proc *p, struct buf *b);
void	ordered_unpack(struct proc *p, struct msg_reader *r);

#endif
