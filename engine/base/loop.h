#ifndef SBX_LOOP_H
#define SBX_LOOP_H

/*
 * The only place that blocks.  One epoll set (or poll), one timer heap, one
 * pipe for signals.  A turn: wait, deliver signals, run the timers that are
 * due, run the ready sources, run the idle hooks once, free what was dropped.
 *
 * Callbacks may add and drop any source or timer, themselves included: what
 * was dropped is never called again, even in the same turn and even if its
 * descriptor number is used again.  Sources are level-triggered.
 *
 * Times are clock_us() microseconds.  Not reentrant: a callback must not call
 * loop_turn.  LOOP_POLL=1 in the environment selects poll instead of epoll.
 */

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct source;
struct timer;

enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_HUP = 4 };	/* HUP: only reported */

typedef void source_fn(struct source *s, unsigned events, void *arg);
typedef void timer_fn(struct timer *t, void *arg);
typedef void loop_signal_fn(int signo, void *arg);
typedef void loop_idle_fn(void *arg);

/* NULL and errno when the kernel refuses. */
struct loop *loop_new(void);
void	loop_free(struct loop *l);		/* closes the sources left */

/*
 * Watches fd and takes it: loop_drop closes it.  NULL and errno on failure;
 * then fd is still the caller's.  name is kept as a pointer (a literal).
 */
struct source *loop_add(struct loop *l, int fd, unsigned events,
			const char *name, source_fn *fn, void *arg);
void	loop_want(struct source *s, unsigned events);	/* 0 = none */
unsigned loop_wanted(const struct source *s);
int	loop_fd(const struct source *s);
void	loop_drop(struct source *s);			/* NULL is fine */
int	loop_release(struct source *s);	/* drops but gives fd back */

struct timer *loop_timer(struct loop *l, timer_fn *fn, void *arg);
void	timer_arm(struct timer *t, uint64_t at_us);	/* re-arms too */
void	timer_stop(struct timer *t);
bool	timer_armed(const struct timer *t);
uint64_t timer_at(const struct timer *t);		/* UINT64_MAX: not */
void	timer_drop(struct timer *t);			/* NULL is fine */

/* One handler a signal; it runs in the loop, never in signal context. */
int	loop_signal(struct loop *l, int signo, loop_signal_fn *fn, void *arg);

/* Called once at the end of each turn, in the order they were added. */
void	loop_idle(struct loop *l, loop_idle_fn *fn, void *arg);
/*
 * What is looked for at the end of each turn may be left out of one that is
 * calm: all of its callbacks have said so, and no work was left over.  stir:
 * this callback is not calm, whatever it says.
 */
void	loop_calm(struct loop *l);
void	loop_stir(struct loop *l);
bool	loop_is_calm(const struct loop *l);
/* The next turn will not wait (work is left over). */
void	loop_again(struct loop *l);

/* max_wait_us < 0: as long as it takes.  0, or -errno. */
int	loop_turn(struct loop *l, int64_t max_wait_us);
int	loop_run(struct loop *l);		/* until loop_stop */
void	loop_stop(struct loop *l);

/* The slowest callback since the last call: its name and duration. */
const char *loop_slowest(struct loop *l, uint64_t *for_us);

#endif
