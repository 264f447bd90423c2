#ifndef SBX_TURN_H
#define SBX_TURN_H

/*
 * What the engine does once at the end of each turn of its loop, when all that
 * was ready has been read: lines, ends, orders, the registry, effects, news,
 * in this order.  Callbacks only note; here it is seen what follows, and what
 * several of them noted is done once.
 *
 * A turn in which only bytes have moved (loop_calm) ends with those.
 */

struct engine;

/* Its timers, and its place at the end of the loop's turns. */
void	turn_init(struct engine *e);

#endif
