#ifndef SBX_LOGRUNS_H
#define SBX_LOGRUNS_H

/*
 * The `runs` file of a log: one record a run, appended when it starts and
 * written again as its end and its lines become known.  In memory are only
 * the runs that still miss something, and the last one.
 *
 * Each start and each end is a mark in the streams: offsets that the fold
 * reaches some time, when it tells which line that was.  Marks come in order.
 * A record that cannot be written stays dirty and is tried again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

struct logruns_item {
	uint64_t no;		/* place in the file, from 0 */
	struct log_run run;
	bool dirty;
};

struct logruns {
	int dir;		/* borrowed */
	uint64_t count;		/* records in the file */
	struct logruns_item *v;	/* oldest first */
	size_t len, cap;
	bool later;		/* there is no directory yet */
};

/* All good records of the file; caller frees *out.  How many or -errno. */
ssize_t	logruns_read(int dir, struct log_run **out);

/* end: where the streams end; marks behind it (the data was cut) move there.
 * 0 or -errno. */
int	logruns_init(struct logruns *lr, int dir, const uint64_t *end);
/* Of a log without a directory: kept in memory until there is one. */
void	logruns_init_later(struct logruns *lr);
int	logruns_begin_writing(struct logruns *lr, int dir);	/* or -errno */
void	logruns_fini(struct logruns *lr);
/* 0 or -errno: not on disk yet. */
int	logruns_begin(struct logruns *lr, uint64_t run, int32_t pid,
		int64_t wall_ms, const uint64_t *off);
int	logruns_end(struct logruns *lr, int32_t status, int64_t wall_ms,
		const uint64_t *off);
/* What is known of the last run when all of it is over: ready_ms,
 * maxrss_bytes, outcome and reason are taken from it. */
int	logruns_tell(struct logruns *lr, const struct log_run *from);
const struct log_run *logruns_last(const struct logruns *lr);

/* The offsets of the next mark, NULL if there is none; *is_end tells which
 * of the two it is. */
const uint64_t *logruns_mark(const struct logruns *lr, bool *is_end);
/* The next mark is where line seq will be.  0 or -errno. */
int	logruns_mark_done(struct logruns *lr, uint64_t seq);

#endif
