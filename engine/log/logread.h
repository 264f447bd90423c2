#ifndef SBX_LOGREAD_H
#define SBX_LOGREAD_H

/*
 * Reading a log (engine/log/logfmt.h) by a descriptor of its directory, while
 * somebody else writes it: in clients, and in the engine.  Nothing is locked;
 * segments may go and lines come between two calls.  logread_refresh() looks
 * what is there now, everything else works on that picture.
 *
 * Any file content is survived: what does not make sense is not there.
 * Memory is bounded (some hundred KiB) whatever the size of the log; a line
 * is found by its number in constant time.  Files are read, never mapped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

struct err;
struct logread;
struct logtold;

/* Flags of a line. */
#define LOGLINE_PARTIAL	1u	/* has no newline (yet) */
#define LOGLINE_GAP	2u	/* no text: dropped_bytes are missing here */
#define LOGLINE_CUT	4u	/* text is not all of it (max, or dropped) */
#define LOGLINE_TAIL	8u	/* unfinished: may still grow */
#define LOGLINE_GONE	16u	/* GAP: its bytes were at [off, + dropped) */

struct logline {
	uint64_t seq;
	int64_t wall_ms;
	enum log_stream stream;
	uint64_t run;		/* 0 if not known */
	unsigned flags;
	const char *text;	/* raw bytes, without the newline */
	size_t len;
	uint64_t off;		/* of the line in its stream */
	uint64_t full_len;	/* in the stream, newline included */
	uint64_t dropped_bytes;	/* GAP */
	uint64_t dropped_to;	/* ... the last line that is gone; 0: unsaid */
};

/*
 * Its beginning went with what is before `begin`, and it is short: what is
 * left would read like another line, and counts as dropped too.
 */
static inline bool
logline_is_torn(const struct logline *l, uint64_t begin)
{
	return !(l->flags & LOGLINE_GAP) && l->off < begin &&
	       l->full_len <= LOG_WINDOW;
}

/* dir is borrowed (a copy is kept).  An empty directory is an empty log. */
struct logread *logread_open(int dir, struct err *e);
void	logread_free(struct logread *lr);		/* NULL is fine */
/* 1 if something changed, 0 if not, or -errno (the old picture stays). */
int	logread_refresh(struct logread *lr);

/*
 * The same where it is known by how much it has grown: next_seq, the run that
 * it is in, and where each stream ends.  Mostly that is all there is to know,
 * and nothing of it is looked for.
 */
int	logread_grow(struct logread *lr, uint64_t next_seq, uint64_t run,
		const uint64_t *end);

/*
 * The next bytes, and lines, which are on their way into the files; borrows t.
 * They are there from now on.  Without bytes: the last ones have not arrived,
 * or not all; what has is looked for.
 */
void	logread_tell(struct logread *lr, const struct logtold *t);

/* Lines first <= seq < next are there.  Both are 1 in an empty log. */
uint64_t logread_first_seq(const struct logread *lr);
uint64_t logread_next_seq(const struct logread *lr);
/* Bytes gone with dropped segments (lines: first_seq - 1). */
uint64_t logread_dropped_bytes(const struct logread *lr);
/* Bytes of all streams that are there. */
uint64_t logread_bytes(const struct logread *lr);

/*
 * The line of that number, at most max bytes of it (of a pty line its last
 * ones, else its first).  1; 0: not there yet; -ESTALE: dropped; -errno.
 * out->text is valid until the next call with lr.
 */
int	logread_line(struct logread *lr, uint64_t seq, size_t max,
		struct logline *out);
/* The unfinished line of a stream; 1, 0 if there is none, -errno.  Its seq
 * is the number it would get now. */
int	logread_tail(struct logread *lr, enum log_stream s, size_t max,
		struct logline *out);
/* Where the last indexed line of the stream ends: what is behind it is no
 * line yet, or none at all (a full screen).  0 or -errno. */
int	logread_indexed_end(struct logread *lr, enum log_stream s,
		uint64_t *off);
/* Only where the line is; text is NULL. */
int	logread_place(struct logread *lr, uint64_t seq, struct logline *out);
/* The index as it is, for those who look at many lines at once: entries from
 * line seq on, within one segment.  How many, 0, -ESTALE, -errno. */
ssize_t	logread_entries(struct logread *lr, uint64_t seq,
		struct log_entry *out, size_t cap);

/* Runs, oldest first; valid until the next refresh. */
size_t	logread_runs(const struct logread *lr, const struct log_run **out);
/* The run of that number, as valid; NULL if none is known. */
const struct log_run *logread_run(const struct logread *lr, uint64_t number);

/* Exact bytes.  begin <= off < end are there. */
uint64_t logread_begin(const struct logread *lr, enum log_stream s);
uint64_t logread_end(const struct logread *lr, enum log_stream s);
/* Bytes read, short at a segment's end, 0 at the end, -ESTALE, -errno. */
ssize_t	logread_read(struct logread *lr, enum log_stream s, uint64_t off,
		void *data, size_t cap);
/* Writes [from, to) to a blocking descriptor; returns the offset reached
 * (less than `to` at the end of the log), or -errno. */
int64_t	logread_copy(struct logread *lr, enum log_stream s, uint64_t from,
		uint64_t to, int fd);

#endif
