#ifndef SBX_TESTS_RND_H
#define SBX_TESTS_RND_H

/*
 * Numbers that look random and are the same in every run: xorshift64 of
 * Marsaglia (Xorshift RNGs, 2003), the upper half of its state.
 */
#include <stdint.h>

static uint64_t seed = 1;	/* never 0 */

/* 0 to below - 1. */
static unsigned
rnd(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

#endif
