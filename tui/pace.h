#ifndef SBX_PACE_H
#define SBX_PACE_H

/*
 * When the next frame is due.  Frames keep a gap, a wider one while they
 * follow each other without end; what answers a key waits for nothing; the
 * first one waits for the list, so that nobody sees an empty one, but not
 * long.  Pure: times in us in and out; it paints nothing and has no timer.
 */

#include <stdbool.h>
#include <stdint.h>

enum { PACE_FLOOD_US = 33000 };	/* between frames that follow each other */

struct pace {
	uint64_t began_us, painted_us, typed_us;	/* 0: not yet */
	unsigned in_a_row;
};

void	pace_begin(struct pace *p, uint64_t now_us);
void	pace_typed(struct pace *p, uint64_t now_us);
void	pace_painted(struct pace *p, uint64_t now_us);
/* May the first frame be shown, or was it?  list: it has come. */
bool	pace_is_first_due(const struct pace *p, bool list, uint64_t now_us);
/* From when on the next frame may be painted. */
uint64_t pace_due_us(const struct pace *p, bool list, uint64_t now_us);

#endif
