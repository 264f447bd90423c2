#ifndef SBX_PROCLEFT_H
#define SBX_PROCLEFT_H

/*
 * What `tree keep` has left of runs that are over.  It is known by the tags of
 * those runs, so that it is shown and can be stopped as long as it lives, over
 * further runs and engines; a record is not forgotten while something of it
 * is left.
 *
 * That the last of them has ended is noticed when somebody looks, or when it
 * is waited for.
 */

#include <stdbool.h>
#include <stdint.h>
#include "life/event.h"

struct buf;
struct engine;
struct keep_slot;
struct msg_reader;
struct proc;

/* Its run is over; what lives of it is known from now on.  looked, here and
 * below: see tree_scan_once(); one look serves all that a turn has to do. */
void	procleft_take(struct proc *p, bool *looked);
/* A slot that the former engine did not give back: is it of such a
 * run?  Takes it then. */
bool	procleft_adopt(struct engine *e, const struct keep_slot *s);
/* Counts them all anew; scan: after a look at /proc. */
void	procleft_look(struct engine *e, bool scan);
/* TERM, and KILL after five seconds, or at once. */
void	procleft_end(struct proc *p, enum cause cause, bool now, bool *looked);
/* When it wants to look again; UINT64_MAX: not by itself. */
uint64_t procleft_settle(struct proc *p, bool *looked);
int	procleft_pack(const struct proc *p, struct buf *b);
void	procleft_unpack(struct proc *p, struct msg_reader *r);

#endif
