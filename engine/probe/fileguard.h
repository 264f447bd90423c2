#ifndef SBX_FILEGUARD_H
#define SBX_FILEGUARD_H

/*
 * Does a process that is restarted for changed files change them itself?
 * Nobody tells who wrote a file, but a loop shows: run after run is of the
 * same age, or hardly begun, when its files change.  After FILEGUARD_RUNS
 * such runs in a row it is held: changes no longer restart it, and that is
 * said once.  A change after FILEGUARD_CALM_MS without one ends that, and so
 * does a start by hand (fileguard_reset).
 *
 * Pure: times are given.  A person who saves again and again does not save
 * at the same age of each run.
 */

#include <stdbool.h>
#include <stdint.h>

#define FILEGUARD_RUNS		5
#define FILEGUARD_YOUNG_MS	1000	/* too young for a person */
#define FILEGUARD_OLD_MS	60000	/* older runs are no loop */
#define FILEGUARD_CALM_MS	10000

/* A plain value, zero at first; may be kept in the registry. */
struct fileguard {
	uint64_t age_ms;	/* of the last run that files ended */
	uint64_t at_ms;		/* of the last change */
	uint32_t in_row;
	bool held;
};

enum fileguard_verdict {
	FILEGUARD_RESTART,
	FILEGUARD_HOLD,		/* from now on: tell why */
	FILEGUARD_HELD,		/* as before */
};

/* Files have changed at now_ms, for_ms after the present run began. */
enum fileguard_verdict fileguard_step(struct fileguard *g, uint64_t now_ms,
				      uint64_t for_ms);
void	fileguard_reset(struct fileguard *g);

#endif
