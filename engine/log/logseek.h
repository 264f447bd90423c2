#ifndef SBX_LOGSEEK_H
#define SBX_LOGSEEK_H

/*
 * Where in a log something is: numbers of lines, for a time, for a byte of a
 * stream, for a run.  All of it is about the picture that the reader has
 * (logread.h), which is looked at and not refreshed; a number that comes back
 * may be of a line that was dropped since.
 */

#include <stdbool.h>
#include <stdint.h>

#include "logfmt.h"

struct logread;

/* First line at or after that time; next_seq if there is none. */
uint64_t logseek_time(struct logread *lr, int64_t wall_ms);
/* The number of the line of stream s that holds byte off; 0 if none does. */
uint64_t logseek_byte(struct logread *lr, enum log_stream s, uint64_t off);
/* Lines [*first, *end) of a run; false if no such run is known. */
bool	logseek_run(const struct logread *lr, uint64_t number,
		    uint64_t *first, uint64_t *end);

#endif
