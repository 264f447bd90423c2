#ifndef SBX_LINEWAIT_H
#define SBX_LINEWAIT_H

/*
 * Waiting for a line: one pattern over one log, from a cursor on.  What was
 * there before counts, each line once: a loop that hands the number of its
 * hit to the next wait sees every line.  An unfinished line counts by the
 * rules of watches (engine/log/watch.h): when it is quiet, and what more text
 * could change waits up to a second.
 *
 * No clock and no descriptor to poll: the caller calls again when the log
 * grows or the time that was asked for has passed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/regex.h"
#include "logfmt.h"

struct linewait;
struct logread;

struct linewait_hit {
	uint64_t seq;			/* the cursor after it */
	enum log_stream stream;
	int64_t wall_ms;
	const char *line;		/* without escapes; valid until the */
	size_t len;			/* next call */
	struct regex_caps caps;
	bool tail;			/* the line was not finished */
};

/* lr and re are borrowed.  Lines with a number > after count, of the streams
 * in this set of 1 << enum log_stream. */
struct linewait *linewait_new(struct logread *lr, struct regex *re,
			      unsigned streams, uint64_t after);
void	linewait_free(struct linewait *w);		/* NULL is fine */
/*
 * Only what follows these offsets of the streams counts: of a line that goes
 * over such a place only the part behind it.
 */
void	linewait_from(struct linewait *w, const uint64_t off[LOG_STREAMS]);
/*
 * Lines it should have seen but were dropped before it could, and the bytes
 * that the log has dropped there, at its beginning and in gaps.
 */
uint64_t linewait_missed(const struct linewait *w, uint64_t *bytes);
/*
 * Refreshes lr and looks.  1: *hit; 0: not yet: call again when the log
 * grows, or in *again_ms (UINT64_MAX: only when it grows) as a quiet tail may
 * then count; -ELOOP: the pattern hit its limit; -errno.  at_end: nothing
 * more will come, so that a tail counts at once.  A call looks at a few MiB
 * at most: *again_ms is 0 when there is more to look at.
 */
int	linewait_step(struct linewait *w, uint64_t now_ms, bool at_end,
		struct linewait_hit *hit, uint64_t *again_ms);

#endif
