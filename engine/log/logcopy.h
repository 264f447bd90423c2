#ifndef SBX_LOGCOPY_H
#define SBX_LOGCOPY_H

/*
 * The exact bytes of a log, its streams in the order of its lines: what
 * `exec` prints and `logs --raw`.  Each byte is given once; unfinished lines
 * are given when the caller says so, and what follows of them later.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "logfmt.h"

struct logread;

/* 0, or -errno: the copy stops there. */
typedef int logcopy_fn(void *arg, enum log_stream s, const char *data,
		       size_t len);

struct logcopy {
	struct logread *lr;	/* borrowed; the caller refreshes it */
	unsigned streams;	/* set of 1 << enum log_stream */
	uint64_t seq;		/* next line */
	uint64_t end_seq;	/* lines from here on are not wanted; 0: all */
	uint64_t pos[LOG_STREAMS];	/* given up to here */
	bool placed[LOG_STREAMS];	/* pos is known */
	uint64_t dropped_bytes;	/* gone before they could be given; the
				 * caller tells of it and sets it to 0 */
};

/* Of a run (0: all of them), from line seq on; 0: from its first byte.  What
 * of that is not there any more is dropped.  False: no such run is known. */
bool	logcopy_init(struct logcopy *c, struct logread *lr, unsigned streams,
		     uint64_t run, uint64_t seq);
/*
 * Gives what is there now.  tails: unfinished lines too.  1 if there may be
 * more at once, 0 if that was all, -errno.
 */
int	logcopy_step(struct logcopy *c, bool tails, logcopy_fn *fn, void *arg);

#endif
