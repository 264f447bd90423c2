#ifndef SBX_LIFE_TEXT_H
#define SBX_LIFE_TEXT_H

/*
 * The words of life.c: how a run ended, what the stop ladder does next, how
 * long something takes.  Everything is cut to the room it is given.
 */

#include <stddef.h>
#include <stdint.h>

struct life;
struct life_run;
struct life_policy;

/* "TERM", "the stop command", "KILL" */
const char *life_rung_text(const struct life_policy *p, unsigned step,
			   char *out, size_t cap);
/* "TERM, then KILL in 5s"; what follows is left out when nothing does. */
const char *life_ladder_text(const struct life *l,
			     const struct life_policy *p, char *out,
			     size_t cap);
/* The outcome with who wanted it: "stopped by you (TERM)", "exit 1". */
const char *life_outcome_text(const struct life *l, const struct life_run *r,
			      const struct life_policy *p, char *out,
			      size_t cap);
/* "1.5s", "2m" */
const char *life_time_text(uint64_t for_us, char *out, size_t cap);

#endif
