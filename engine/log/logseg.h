#ifndef SBX_LOGSEG_H
#define SBX_LOGSEG_H

/*
 * The segments of a log as a table, for its writer and its readers alike:
 * which there are, what their headers say, how long their files are, and
 * reading bytes and entries through a small cache of descriptors.
 *
 * The table is sorted by number and sane: bases and first lines never go
 * down, a segment has no more bytes and entries than fit before the next
 * one.  What breaks that is left out; `broken` says so to the writer, which
 * repairs it.  Nothing here writes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

#define LOGSEG_MAX	(1u << 20)	/* segments looked at */
#define LOGSEG_FDS	6

struct logseg {
	struct log_header head;
	uint64_t size[LOG_STREAMS];	/* of the data files */
	uint64_t entries;		/* whole ones in the index file */
	bool broken;			/* the header is not to be believed */
};

/* A new descriptor of the directory, or -errno. */
typedef int logsegs_dir_fn(void *arg);

struct logsegs {
	int dir;			/* -1: logsegs_dir() opens it again */
	logsegs_dir_fn *reopen;		/* NULL: it stays open */
	void *reopen_arg;
	int flags;			/* O_RDONLY or O_RDWR */
	struct logseg *v;
	size_t count, cap;
	uint64_t clock;
	struct {
		uint64_t segment;	/* 0: free */
		unsigned suffix;
		int fd;
		uint64_t used;
	} open[LOGSEG_FDS];
};

/* dir is borrowed (a copy is kept).  0 or -errno. */
int	logsegs_init(struct logsegs *t, int dir, int flags);
void	logsegs_fini(struct logsegs *t);

/* The directory; good until logsegs_rest().  Or -errno. */
int	logsegs_dir(struct logsegs *t);
/* Closes the files, and the directory if it can be opened again. */
void	logsegs_rest(struct logsegs *t);

/* Numbers of the segments in the directory, sorted; caller frees *out.
 * Returns how many or -errno. */
ssize_t	logsegs_list(const struct logsegs *t, uint64_t **out);
/* Header and sizes of one segment as they are on disk: 0 or -errno
 * (-ENOENT: no such segment). */
int	logsegs_load(struct logsegs *t, uint64_t segment, struct logseg *out);
struct logseg *logsegs_add(struct logsegs *t, const struct logseg *s);
/* Forgets the first n, closing their files. */
void	logsegs_drop_front(struct logsegs *t, size_t n);

/* A descriptor of the file, owned by the cache; good until the next call.
 * With create the file is made (0600).  Or -errno. */
int	logsegs_fd(struct logsegs *t, uint64_t segment, unsigned suffix,
		bool create);
void	logsegs_close_files(struct logsegs *t);

/* The segment that holds byte off of the stream, NULL if none does. */
struct logseg *logsegs_find(const struct logsegs *t, enum log_stream s,
		uint64_t off);
/* Where the first segment begins that begins after off; 0 if none does. */
uint64_t logsegs_after(const struct logsegs *t, enum log_stream s,
		uint64_t off);
/* The segment that holds line seq, NULL if none does. */
struct logseg *logsegs_find_seq(const struct logsegs *t, uint64_t seq);
/* The first line of the first segment that begins after seq; 0: none. */
uint64_t logsegs_after_seq(const struct logsegs *t, uint64_t seq);
/* Lines in the segment, by its index and the next one's header. */
uint64_t logsegs_lines(const struct logsegs *t, const struct logseg *s);

/* Short at a segment's end, 0 at the end of all, -ESTALE before the first
 * byte there is (and in a hole), or another -errno. */
ssize_t	logsegs_read(struct logsegs *t, enum log_stream s, uint64_t off,
		void *data, size_t cap);
/* Entries from number `from` (from 0) of a segment's index file, those behind
 * logsegs_lines() included; how many or -errno. */
ssize_t	logsegs_entries(struct logsegs *t, const struct logseg *s,
		uint64_t from, struct log_entry *out, size_t cap);

#endif
