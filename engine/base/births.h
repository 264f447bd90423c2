#ifndef SBX_BIRTHS_H
#define SBX_BIRTHS_H

/*
 * Who is born while one looks at all processes.  A list of /proc misses who
 * is born behind the place that was reached, and who was in it may have ended
 * before it was looked at: a chain of processes that fork and end slips
 * through.  But numbers are given out in order, so what was born since has
 * one after the number that was the last before.  When no number is given out
 * while all of these are looked at, then who had ended had no child but among
 * them, and all have been seen.
 *
 * It is right for who can be told by looking at him while he lives: one who
 * has ended before he was told may have a child, so another look is needed.
 */

#include <stdbool.h>
#include "procfs.h"

struct births {
	long from, start;	/* numbers; from 0: the kernel does not say */
};

/* Before the list of /proc is read. */
void	births_begin(struct births *b);
/*
 * Calls fn for each number that was given out since, also for those of the
 * look before; most are of nobody, or of a thread.  The less fn does with them
 * the sooner a look is quiet.  True: nobody was born meanwhile, so nobody was
 * missed; also where the kernel does not say.
 */
bool	births_look(struct births *b, procfs_pid_fn *fn, void *arg);

#endif
