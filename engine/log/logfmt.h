#ifndef SBX_LOGFMT_H
#define SBX_LOGFMT_H

/*
 * A log on disk: one directory a process record.
 *
 *	000001.out .err .pty	exact bytes of each stream, made when needed
 *	000001.idx		a header, then one entry a line
 *	runs			one record a run
 *
 * Segments are numbered from 1; segment N+1 goes on where N ends.  Offsets
 * count the bytes of a stream over the life of the record: the first byte of
 * a data file has the header's base.  The data files are the truth: what is
 * in the index can be derived from them, and is, after a crash.  An entry
 * belongs to the segment in which its line ends; the line may have begun in
 * an earlier one.  Line numbers (seq) start at 1 and are not stored: the
 * first one of a segment is in its header, a later one is a matter of place.
 *
 * Nothing here is ever truncated; whole segments are unlinked, the oldest
 * first.  A repaired index and a shortened list of runs are written beside
 * the old file and renamed over it.  Numbers are in the machine's own order:
 * the magic refuses a foreign one.
 */

#include <stdbool.h>
#include <stdint.h>

enum log_stream { LOG_OUT, LOG_ERR, LOG_PTY, LOG_STREAMS };
/* The set of all: bits 1 << enum log_stream. */
#define LOG_ALL_STREAMS	((1u << LOG_STREAMS) - 1)

#define LOG_MAGIC	0x0a31786469786273ull	/* "sbxidx1\n" */
#define LOG_RUN_MAGIC	0x32786273u		/* "sbx2" */
/* The first form of a record: as many bytes as LOG_RUN_OLD, without what is
 * behind end_seq.  Read, and written anew by the next engine. */
#define LOG_RUN_MAGIC_1	0x72786273u		/* "sbxr" */

/* Lines are matched and shown by a window of this size. */
#ifndef LOG_WINDOW
#define LOG_WINDOW	(64 * 1024)
#endif

/* Header flags. */
#define LOG_HEADER_ALT	1u	/* pty: indexing starts in a full screen */

struct log_header {
	uint64_t magic;
	uint64_t segment;		/* its own number */
	int64_t wall_ms;		/* entries' times are relative to it */
	uint64_t base[LOG_STREAMS];	/* offset of the data file's start */
	uint64_t gap_bytes;		/* never written, before this segment */
	/* Written when indexing reaches the segment; first_seq is 0 before. */
	uint64_t first_seq;
	uint64_t start[LOG_STREAMS];	/* offset of the first line to index */
	uint32_t flags;
	uint32_t sum;			/* log_header_sum() */
	uint32_t unused[8];
};

/*
 * One line: where its bytes are, newline included.  A GAP entry stands for
 * bytes that were never written (the disk was full) or are gone before they
 * were indexed; its offset is the place, its length their number.
 */
#define LOG_PARTIAL	1u	/* no newline: the run or a screen cut it */
#define LOG_GAP		2u
#define LOG_GONE	4u	/* a GAP of bytes that retention took */
#define LOG_SECONDS	8u	/* since is in seconds */
#define LOG_FLAGS	(LOG_PARTIAL | LOG_GAP | LOG_GONE | LOG_SECONDS)
#define LOG_LEN_MAX	((UINT64_C(1) << 40) - 1)

struct log_entry {
	uint64_t place;		/* offset 48, stream 2, flags 6, len high 8 */
	uint32_t len_low;
	int32_t since;		/* the header's wall_ms; may be < 0: ms, or s
				 * with LOG_SECONDS */
};

_Static_assert(sizeof(struct log_header) == 128, "header is 128 bytes");
_Static_assert(sizeof(struct log_entry) == 16, "entry is 16 bytes");

static inline uint64_t
log_entry_off(const struct log_entry *e)
{
	return e->place >> 16;
}

static inline unsigned
log_entry_stream(const struct log_entry *e)
{
	return (unsigned)(e->place >> 14) & 3;
}

static inline unsigned
log_entry_flags(const struct log_entry *e)
{
	return (unsigned)(e->place >> 8) & 63;
}

static inline uint64_t
log_entry_len(const struct log_entry *e)
{
	return (e->place & 255) << 32 | e->len_low;
}

/* 32 bits of ms are 24 days, and silence or a clock may be longer. */
static inline int64_t
log_entry_wall(const struct log_header *h, const struct log_entry *e)
{
	bool seconds = log_entry_flags(e) & LOG_SECONDS;

	return h->wall_ms + (seconds ? (int64_t)e->since * 1000 : e->since);
}

/* since_ms: the header's wall_ms.  Rounded up, so that order stays. */
static inline struct log_entry
log_entry_make(uint64_t off, unsigned stream, unsigned flags, uint64_t len,
	       int64_t since_ms)
{
	int64_t since = since_ms;

	if (since_ms > INT32_MAX || since_ms < INT32_MIN) {
		flags |= LOG_SECONDS;
		since = since_ms / 1000 + (since_ms % 1000 > 0);
		since = since > INT32_MAX ? INT32_MAX :
			since < INT32_MIN ? INT32_MIN : since;
	}
	struct log_entry e = {
		.place = off << 16 | (uint64_t)stream << 14 |
			(uint64_t)flags << 8 | len >> 32,
		.len_low = (uint32_t)len,
		.since = (int32_t)since,
	};
	return e;
}

#define LOG_RUN_ENDED	1u	/* end_* and status are set */
#define LOG_RUN_SEQ	2u	/* first_seq is set */
#define LOG_RUN_SEQ_END	4u	/* end_seq is set */
#define LOG_RUNS_MAX	8192	/* records kept in the file */

struct log_run {
	uint32_t magic;
	uint32_t flags;
	uint64_t run;			/* number, from 1 */
	int32_t pid;
	int32_t status;			/* as waitpid gives it */
	int64_t start_ms, end_ms;	/* wall */
	uint64_t start[LOG_STREAMS];	/* stream offsets when it started ... */
	uint64_t end[LOG_STREAMS];	/* ... and after its last byte */
	uint64_t first_seq;		/* of its first line */
	uint64_t end_seq;		/* after its last line */
	int64_t ready_ms;		/* wall; 0: it has not been */
	uint64_t maxrss_bytes;		/* of its largest process; 0: ? */
	char outcome[16];		/* status (status.h); "": not over */
	char reason[104];		/* a sentence; may be cut */
};

_Static_assert(sizeof(struct log_run) == 240, "run is 240 bytes");
enum { LOG_RUN_OLD = 112 };

/* Of all of the header but sum itself. */
uint32_t log_header_sum(const struct log_header *h);

/* "000001.out": the name of a file of a segment, in out[LOG_NAME_MAX]. */
#define LOG_NAME_MAX	32
#define LOG_SUFFIX_IDX	LOG_STREAMS	/* in place of a stream */
void	log_name(char *out, uint64_t segment, unsigned stream);
/* Segment number of an index file's name, 0 if it is none. */
uint64_t log_name_segment(const char *name);
/* "stdout", "stderr", "pty"; NULL and -1 for what is none. */
const char *log_stream_name(unsigned stream);
int	log_stream_find(const char *name);

#endif
