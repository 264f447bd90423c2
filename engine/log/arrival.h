#ifndef SBX_ARRIVAL_H
#define SBX_ARRIVAL_H

/*
 * When bytes came that are looked at later: a line is found by folding, which
 * may lag behind a flood, but its time is that of its arrival.  A place is
 * counted in bytes of all streams of a process, in the order in which they
 * came.  Of fixed size: what is behind for long is known less exactly, and
 * never too early.
 */

#include <stdint.h>

enum { ARRIVALS_MAX = 16 };

/* Empty when zero. */
struct arrivals {
	struct {
		uint64_t end;		/* place behind the last byte */
		int64_t wall_ms;	/* when that came */
	} v[ARRIVALS_MAX];		/* oldest first */
	unsigned count;
	int64_t step_ms;		/* one for all that come within */
	int64_t from_ms;		/* ... from when on the last one does */
};

/* All before the place end have come by now. */
void	arrivals_note(struct arrivals *a, uint64_t end, int64_t wall_ms);
/*
 * When the byte at place at came, which is not asked for those before it any
 * more; now_ms where nothing is known.  *end becomes the place where that is
 * another time, if it is before.
 */
int64_t	arrivals_of(struct arrivals *a, uint64_t at, int64_t now_ms,
		    uint64_t *end);

#endif
