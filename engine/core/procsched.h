#ifndef SBX_PROCSCHED_H
#define SBX_PROCSCHED_H

/*
 * When a process with a schedule is started.  A schedule is followed from the
 * moment somebody wants the process up (the set, a person, a dependent) until
 * it is stopped by hand.  Between runs its status is `scheduled`; a restart
 * policy comes first.
 *
 * `cron` goes by the wall clock: a timer for the next time, and a descriptor
 * that wakes us when the clock is set or the machine was asleep.  `every` goes
 * by the monotonic clock.  How far a schedule has come is in the registry, so
 * a new engine runs what was due meanwhile, once.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct engine;
struct msg_reader;
struct proc;

void	procsched_take_spec(struct proc *p);
/* Its schedule begins with the set: true where that is all that starting it
 * means.  flags: LIFE_IN_HAND takes back a stop by hand. */
bool	procsched_up(struct proc *p, unsigned flags);
void	procsched_settle(struct engine *e);
int64_t	procsched_next_wall_ms(const struct proc *p);	/* 0: none */
int	procsched_pack(const struct proc *p, struct buf *b);
void	procsched_unpack(struct proc *p, struct msg_reader *r);
void	procsched_free(struct proc *p);
void	procsched_close(struct engine *e);

#endif
