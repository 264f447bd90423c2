#ifndef SBX_LOGTAIL_H
#define SBX_LOGTAIL_H

/*
 * The lines of one log from a place on, as `logs` shows them: filtered, with
 * marks where bytes are missing, with pieces of lines that are not finished.
 * The texts of the pieces and of the rest of their line together are the
 * line: nothing is given twice.
 *
 * Lines of a terminal come without escapes, redrawn ones in their last
 * state; others as they are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "logread.h"

struct logtail;
struct regex;

struct logtail_filter {
	unsigned streams;	/* set of 1 << enum log_stream */
	struct regex *re;	/* NULL: all lines; borrowed */
	uint64_t run;		/* 0: all */
};

struct logtail_item {
	struct logline line;	/* text: the part that is new */
	bool piece;		/* more of this line may follow */
	size_t given;		/* bytes of this line that came before */
};

/* Takes lr. */
struct logtail *logtail_new(struct logread *lr,
			    const struct logtail_filter *f);
void	logtail_free(struct logtail *t);		/* NULL is fine */
struct logread *logtail_log(struct logtail *t);

/* Looks what has come; an item that was peeked at is looked at again. */
int	logtail_refresh(struct logtail *t);

/* Where to begin; the oldest line otherwise. */
void	logtail_seek(struct logtail *t, uint64_t seq);
/* So that n lines that pass the filter come before the end. */
void	logtail_seek_last(struct logtail *t, uint64_t n);
uint64_t logtail_seq(const struct logtail *t);	/* of the next line */

/*
 * The next one without taking it; 1 with *out (valid until the next call), 0
 * if there is none now, -errno.  tails: unfinished lines count (they are
 * quiet, or nothing more will come).
 */
int	logtail_peek(struct logtail *t, bool tails, struct logtail_item *out);
void	logtail_take(struct logtail *t);

#endif
