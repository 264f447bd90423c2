#include "arrival.h"

#include <stdbool.h>
#include <string.h>

/* Each two become one, with the time of the later one. */
static void
thin_out(struct arrivals *a)
{
	for (unsigned i = 0; i < a->count / 2; i++)
		a->v[i] = a->v[2 * i + 1];
	a->count /= 2;
	a->step_ms *= 2;
}

void
arrivals_note(struct arrivals *a, uint64_t end, int64_t wall_ms)
{
	/* What was foretold has not come; or it has, as it was. */
	while (a->count > 0 && a->v[a->count - 1].end > end) {
		a->count--;
		a->from_ms = a->count ? a->v[a->count - 1].wall_ms : 0;
	}
	if (a->count > 0 && a->v[a->count - 1].end == end)
		return;
	if (a->count == 0)
		a->step_ms = 1;
	/* A clock that was set back begins another one. */
	bool is_near = a->count > 0 && wall_ms >= a->from_ms &&
		       wall_ms - a->from_ms < a->step_ms;
	if (!is_near && a->count == ARRIVALS_MAX)
		thin_out(a);
	if (!is_near) {
		a->count++;
		a->from_ms = wall_ms;
	}
	a->v[a->count - 1].end = end;
	a->v[a->count - 1].wall_ms = wall_ms;
}

int64_t
arrivals_of(struct arrivals *a, uint64_t at, int64_t now_ms, uint64_t *end)
{
	unsigned past = 0;

	while (past < a->count && a->v[past].end <= at)
		past++;
	a->count -= past;
	memmove(a->v, a->v + past, a->count * sizeof(a->v[0]));
	if (a->count == 0)
		return now_ms;
	if (a->v[0].end < *end)
		*end = a->v[0].end;
	return a->v[0].wall_ms;
}
