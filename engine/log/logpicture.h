#ifndef SBX_LOGPICTURE_H
#define SBX_LOGPICTURE_H

/*
 * What a logread consists of, for its two files alone: logpicture.c has the
 * picture of what is there, and renews it; logread.c reads by it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "logread.h"
#include "logseg.h"

struct logtold;

enum { LOGPICTURE_ENTRIES = 1024 };	/* read at once */

/* Bytes of a stream that were read ahead. */
struct ahead {
	char *data;
	uint64_t off;
	size_t len;
};

/* Where the index of a stream ends, looked for up to next_seq. */
struct tail {
	uint64_t segment, next_seq, end;
	int64_t wall_ms;
	bool alt;
};

/* A file or directory when it was read last. */
struct seen {
	struct stat st;
	bool settled;		/* nothing can have come behind that unseen */
};

struct logread {
	struct logsegs table;
	struct log_entry *entries;	/* LOGPICTURE_ENTRIES; NULL: not yet */
	uint64_t entry_segment, entry_first;	/* what is in it */
	size_t entry_count;
	struct ahead ahead[LOG_STREAMS];
	struct tail tails[LOG_STREAMS];
	char *text;			/* of a line that does not fit there */
	size_t text_cap;
	struct log_run *runs;
	size_t run_count;
	struct seen dir_seen, runs_seen;
	struct logtold *told;		/* NULL: nothing, or nothing yet */
};

/* The segment that grows; NULL in an empty log. */
struct logseg *logpicture_newest(const struct logread *lr);

#endif
