#include "pace.h"

enum {
	FRAME_US = 16000,
	TYPED_US = 100000,	/* after a key: frames wait for nothing */
	FIRST_US = 100000,	/* the first one waits for the list so long */
	FLOOD_FRAMES = 12,	/* so many in a row are a flood */
};

void
pace_begin(struct pace *p, uint64_t now_us)
{
	*p = (struct pace){ .began_us = now_us };
}

void
pace_typed(struct pace *p, uint64_t now_us)
{
	p->in_a_row = 0;
	p->typed_us = now_us;
}

void
pace_painted(struct pace *p, uint64_t now_us)
{
	p->in_a_row = now_us - p->painted_us < 2 * PACE_FLOOD_US ?
		p->in_a_row + 1 : 0;
	p->painted_us = now_us;
}

bool
pace_is_first_due(const struct pace *p, bool list, uint64_t now_us)
{
	return p->painted_us || list || now_us >= p->began_us + FIRST_US;
}

uint64_t
pace_due_us(const struct pace *p, bool list, uint64_t now_us)
{
	uint64_t gap = p->in_a_row > FLOOD_FRAMES ? PACE_FLOOD_US : FRAME_US;

	if (!pace_is_first_due(p, list, now_us))
		return p->began_us + FIRST_US;
	/* The engine paces its pictures: what answers a key comes at once. */
	if (now_us - p->typed_us < TYPED_US)
		gap = 0;
	return p->painted_us + gap;
}
