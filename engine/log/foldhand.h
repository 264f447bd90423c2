#ifndef SBX_FOLDHAND_H
#define SBX_FOLDHAND_H

/*
 * What a fold consists of, for its two files alone: fold.c finds lines and
 * publishes them; foldhand.c hands lines to the consumer, also those of the
 * index that were there before.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "fold.h"
#include "linescan.h"
#include "linewin.h"
#include "logfmt.h"

#define FOLD_CHUNK	(256 * 1024)
#define FOLD_LINES	8192		/* found in one piece of a chunk */

struct fold_scratch {
	char text[LOG_WINDOW + FOLD_CHUNK];	/* a carried line, a chunk */
	struct linescan_line lines[FOLD_LINES];
	struct log_entry entries[FOLD_LINES];
	uint32_t ends[FOLD_LINES];
	struct linewin win;
};

struct fold {
	struct spool *sp;
	struct fold_scratch *scratch;
	const struct fold_ops *ops;
	void *arg;
	uint64_t segment;		/* being indexed; 0: none yet */
	bool begun;			/* its header is written */
	struct linescan scan[LOG_STREAMS];
	struct linewin carry[LOG_STREAMS];	/* of the unfinished line */
	uint64_t grown_ms[LOG_STREAMS], offer_ms[LOG_STREAMS];
	uint64_t gap_seen[LOG_STREAMS], gap_ms[LOG_STREAMS];
	enum log_stream arrived;	/* brought the last bytes */
	bool held;			/* no stream is folded beyond hold[], */
	enum log_stream held_by;	/* where this one goes first */
	uint64_t hold[LOG_STREAMS];
	size_t line_bytes;		/* of a line, as they were last */
	uint64_t next_seq;
	uint64_t from_seq;		/* the consumer wants these */
	uint64_t replay, replay_end;	/* lines still to be handed again */
	struct log_entry *pending;
	size_t pending_count, pending_cap;
	int64_t wall_ms;		/* of the present step */
	uint64_t now_ms;
};

/* A block, without the lines that the consumer has seen; ends are its own. */
void	foldhand_block(struct fold *f, struct fold_block *b, uint32_t *ends);
/* One line of the stream and time of b, of which text is the window. */
void	foldhand_one(struct fold *f, struct fold_block *b, const char *text,
		     size_t len, uint64_t seq, uint64_t full_len);
/* About so much of what is to be replayed. */
void	foldhand_replay(struct fold *f, size_t max_bytes);

#endif
