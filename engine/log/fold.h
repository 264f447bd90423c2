#ifndef SBX_FOLD_H
#define SBX_FOLD_H

/*
 * Bytes of a spool become lines: finds newlines, writes the index, and hands
 * the lines to one consumer.  A fold is state plus offsets over the spool,
 * with no other input: the same bytes give the same lines however they
 * arrive, and a new fold over an old spool goes on where the index ends.
 *
 * Lines are published (written to the index) before the consumer sees them.
 * When the index cannot be written they are still handed on, and published
 * later.  An unfinished line that has been quiet for FOLD_IDLE_MS is offered
 * as a tail.  Lines are found in the raw bytes; escapes are for the consumer
 * (engine/log/watch.h does it).  On a pty the time between entering and leaving
 * the alternate screen has no lines.
 *
 * NULL is one without a line for fold_next_seq, fold_handed_seq, fold_tail.
 * No clock inside: times are given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "logfmt.h"

struct fold;
struct fold_scratch;
struct logtold;
struct spool;

#define FOLD_IDLE_MS	200

/*
 * Complete lines of one stream, one after the other in text, each with its
 * '\n' but for the last one if `partial`.  Line i starts at ends[i - 1] (0
 * for the first) and has number first_seq + i.  A line longer than
 * LOG_WINDOW is alone in its block and `text` is its window: its first
 * LOG_WINDOW bytes, or what follows a carriage return behind them; and
 * full_len its length.  Valid during the call only.
 */
struct fold_block {
	enum log_stream stream;
	uint64_t first_seq;
	const char *text;
	size_t len;
	const uint32_t *ends;
	size_t count;
	uint64_t full_len;	/* of the bytes in the spool */
	int64_t wall_ms;
	bool partial;
	bool replay;		/* was in the index before this fold began */
};

/* The window of an unfinished line. */
struct fold_tail {
	enum log_stream stream;
	uint64_t seq;		/* the number it would get now */
	uint64_t off;		/* of its first byte in the stream */
	const char *text;
	size_t len;
	uint64_t quiet_ms;	/* since it grew */
};

struct fold_ops {
	void (*lines)(void *arg, const struct fold_block *b);
	/* bytes are missing here; their GAP has that number */
	void (*gap)(void *arg, enum log_stream s, uint64_t seq,
		    uint64_t bytes);
	/* Quiet tail; returns in how many ms it wants it again if it still
	 * has not grown (0: not again). */
	uint64_t (*tail)(void *arg, const struct fold_tail *t);
};

/* Work space that all folds of an engine share (about 600 KiB). */
struct fold_scratch *fold_scratch_new(void);
void	fold_scratch_free(struct fold_scratch *s);	/* NULL is fine */

/*
 * sp, scratch and ops are borrowed; any of the ops may be NULL.  The consumer
 * gets all lines from number from_seq on: those that are in the index already
 * are replayed first.  0: only new ones.
 */
struct fold *fold_new(struct spool *sp, struct fold_scratch *scratch,
		      const struct fold_ops *ops, void *arg,
		      uint64_t from_seq);
void	fold_free(struct fold *f);			/* NULL is fine */

/*
 * Folds about max_bytes more.  1: there is more to do, 0: caught up, or
 * -errno: the index cannot be written at present (try again later; the lines
 * have been handed on).
 */
int	fold_step(struct fold *f, size_t max_bytes, int64_t wall_ms,
		  uint64_t now_ms);
/* Offers tails that are due. */
void	fold_idle(struct fold *f, uint64_t now_ms);
/* When fold_idle() is needed next, UINT64_MAX if it is not. */
uint64_t fold_deadline(const struct fold *f);

/*
 * The last len bytes of the spool's stream have just come.  What other streams
 * had brought before them, and is still to be folded, stays before them; while
 * that is being folded, no other such place is noted.
 */
void	fold_arrived(struct fold *f, enum log_stream s, size_t len);

/*
 * What the fold begins with has been left by another one: the last len bytes of
 * stream last (0: all of it) came last, or that is not known (LOG_STREAMS).
 * What is going to arrive comes behind it, whatever its stream.
 */
void	fold_recall(struct fold *f, unsigned last, size_t len);

/*
 * What the next len bytes of a stream will make, if they come at wall_ms: fills
 * in t, all but its run.  False where that cannot be said.
 */
bool	fold_foresee(const struct fold *f, enum log_stream s, const char *data,
		     size_t len, int64_t wall_ms, struct logtold *t);
/* Has every byte that the spool holds been folded (unfinished lines aside)? */
bool	fold_is_caught_up(const struct fold *f);
/* Bytes not folded yet. */
uint64_t fold_lag(const struct fold *f);
/* How many more may come before these and their index take max, if their lines
 * are like the last ones. */
uint64_t fold_room(const struct fold *f, uint64_t max);
/* Number that the next line gets: what clients are told. */
uint64_t fold_next_seq(const struct fold *f);
/* Lines below this number have been handed on: for the registry. */
uint64_t fold_handed_seq(const struct fold *f);
/* The unfinished line; false if there is none. */
bool	fold_tail(const struct fold *f, enum log_stream s,
		  struct fold_tail *out, uint64_t now_ms);

#endif
