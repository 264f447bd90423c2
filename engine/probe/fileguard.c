#include "fileguard.h"

/* As old as the one before, give or take what a machine is late. */
static bool
is_same_age(uint64_t a, uint64_t b)
{
	uint64_t apart = a > b ? a - b : b - a;

	return apart <= a / 10 + 100;
}

static bool
looks_like_loop(const struct fileguard *g, uint64_t for_ms)
{
	if (for_ms <= FILEGUARD_YOUNG_MS)
		return true;
	return g->in_row > 0 && for_ms <= FILEGUARD_OLD_MS &&
	       is_same_age(for_ms, g->age_ms);
}

enum fileguard_verdict
fileguard_step(struct fileguard *g, uint64_t now_ms, uint64_t for_ms)
{
	uint64_t calm_ms = now_ms - g->at_ms;

	g->at_ms = now_ms;
	if (g->held && calm_ms < FILEGUARD_CALM_MS)
		return FILEGUARD_HELD;
	if (g->held) {
		/* It was left alone and was quiet: somebody else wrote. */
		g->held = false;
		g->in_row = 0;
	} else {
		g->in_row = looks_like_loop(g, for_ms) ? g->in_row + 1 : 1;
	}
	g->age_ms = for_ms;
	g->held = g->in_row > FILEGUARD_RUNS;
	return g->held ? FILEGUARD_HOLD : FILEGUARD_RESTART;
}

void
fileguard_reset(struct fileguard *g)
{
	*g = (struct fileguard){ 0 };
}
