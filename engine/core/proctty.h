#ifndef SBX_PROCTTY_H
#define SBX_PROCTTY_H

/*
 * The terminal of a process: the spool's bytes through the emulator, which may
 * lag, and never by more than TTY_LAG_MAX.  What it shows can be made again
 * from the last snapshot and the spool.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct engine;
struct proc;

void	proctty_open(struct proc *p);
/* Feeds what the spool has, for about 2 ms; true when more is left. */
bool	proctty_feed(struct proc *p);
uint64_t proctty_lag(const struct proc *p);
/* What draws a screen, and the place in the stream that it shows: a recent
 * one, so that what follows brings some history too; empty at the start. */
void	proctty_snapshot(const struct proc *p, struct buf *out, uint64_t *off);
/*
 * To wrap long histories anew takes a while, so the sizes of a window that is
 * being dragged are paced: the first at once, the last for sure.  settle does
 * what is due, now: what waits as well; the program is told (tell) when the
 * registry has its size.  Until then it is owed, and input waits for it.
 */
void	proctty_resize(struct proc *p, int rows, int cols);
bool	proctty_owes_size(const struct proc *p);
void	proctty_settle_size(struct proc *p, bool now);
void	proctty_settle_sizes(struct engine *e);
void	proctty_tell_sizes(struct engine *e);
void	proctty_rebuild(struct proc *p);	/* from base and spool */

#endif
