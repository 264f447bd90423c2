#ifndef SBX_LOGFIX_H
#define SBX_LOGFIX_H

/*
 * Makes the segments of a log fit together again after anything: an engine
 * killed in the middle of a write, an index cut at any byte, bad bytes in it,
 * data files cut short.  The data is the truth.  What is valid in an index is
 * kept; what is missing before the newest indexed segment is derived from the
 * data here, what is missing after it is left to the fold, which finds those
 * lines as new ones.
 */

#include <stdint.h>

struct logsegs;

/* Fills the table from the directory, repairing on the way: 0 or -errno. */
int	logfix(struct logsegs *t, int64_t wall_ms);

#endif
