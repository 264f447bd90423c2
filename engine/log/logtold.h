#ifndef SBX_LOGTOLD_H
#define SBX_LOGTOLD_H

/*
 * The next bytes of a log, and the lines that they complete, as somebody is
 * told of them on their way into the files: a reader sees them a file's write
 * and an index's write earlier.  They are as safe as those that are in the
 * file (engine/log/transit.h); an entry is the one that the index will have.
 *
 * Of one log and one piece at a time: whoever hears of the next one finds the
 * one before it in the files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

enum {
	LOGTOLD_BYTES = 4096,		/* more are not told */
	LOGTOLD_LINES = 64,
};

struct buf;
struct msg_reader;

struct logtold {
	uint64_t segment, run;		/* that they go to, and are of */
	uint64_t off;			/* of the first byte in the stream */
	uint64_t seq;			/* of the first line */
	enum log_stream stream;
	size_t len, count;
	struct log_entry lines[LOGTOLD_LINES];	/* and data: behind the rest */
	char data[LOGTOLD_BYTES];
};

/* Only what there is of it. */
void	logtold_copy(struct logtold *to, const struct logtold *from);
/* Bytes of it from off on, or -ENOENT: those are not told here. */
ssize_t	logtold_read(const struct logtold *t, enum log_stream s, uint64_t off,
		     void *data, size_t cap);
/* Its entries from line seq on, likewise. */
ssize_t	logtold_entries(const struct logtold *t, uint64_t seq,
			struct log_entry *out, size_t cap);

/* As a part of a message: 0 or -errno.  What get gives fits together. */
int	logtold_put(struct buf *b, const struct logtold *t);
int	logtold_get(struct msg_reader *r, struct logtold *t);

#endif
