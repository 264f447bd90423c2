#ifndef SBX_SPOOL_H
#define SBX_SPOOL_H

/*
 * The writing side of one process's log (engine/log/logfmt.h): exact bytes per
 * stream in segments, old segments unlinked when the sum passes `keep`.
 *
 * Bytes of a pipe are moved by splice and never pass through the engine's
 * memory: whatever kills the engine, a byte is either still in the pipe or in
 * the file.  A child is never held back by the disk: when nothing can be
 * written and no room can be made, bytes are read, thrown away and counted,
 * and the count becomes a GAP in the index when writing works again.
 *
 * NULL is a log of nothing for whoever only asks how much there is, holds it,
 * sets its cap, or has some of it dropped.
 *
 * There is one writer a directory.  The line index is written through here by
 * struct fold only.  No fsync.  Needs SIGXFSZ ignored.  Not for readers: see
 * logread.h.  Only what is in the private part (spool_index_*) knows lines.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

struct err;
struct spool;

#ifndef SPOOL_SEGMENT_MIN
#define SPOOL_SEGMENT_MIN (64 * 1024)
#endif
#ifndef SPOOL_SEGMENT_MAX
#define SPOOL_SEGMENT_MAX (16 * 1024 * 1024)
#endif
#define SPOOL_KEEP_DEFAULT (256ull * 1024 * 1024)

/*
 * Opens or makes the log in directory dir (borrowed; 0700, the caller makes
 * it) and repairs what a crash left: nothing valid is thrown away.  keep is
 * the cap in bytes, index included; segments have keep/8 within the limits
 * above.  NULL with e set.
 */
struct spool *spool_open(int dir, uint64_t keep, int64_t wall_ms,
			 struct err *e);
/*
 * One for which nothing is there yet: make gives a new descriptor of the
 * directory, and makes that first, or -errno.  It is called when there is
 * something to put there: a byte, a second run, or when somebody asks for it.
 * Until then its run is in memory.
 */
typedef int spool_dir_fn(void *arg);
struct spool *spool_plan(uint64_t keep, spool_dir_fn *make, void *arg);
bool	spool_is_planned(const struct spool *sp);	/* ... still */
void	spool_free(struct spool *sp);			/* NULL is fine */
void	spool_set_keep(struct spool *sp, uint64_t keep);
/* Somebody is reading at line seq, and gets on: the segments from there stay
 * while they are not more than SPOOL_HOLD_MAX above the cap.  0: nobody. */
#define SPOOL_HOLD_MAX (128ull * 1024 * 1024)
void	spool_hold(struct spool *sp, uint64_t seq);
/* The directory, for handing to a client; valid until spool_rest().  Or
 * -errno. */
int	spool_dir(struct spool *sp);
/* Closes its files until they are needed again; for runs that have ended. */
void	spool_rest(struct spool *sp);
/* Then the directory, too: fn gives a new descriptor of it, or -errno. */
void	spool_on_dir(struct spool *sp, spool_dir_fn *fn, void *arg);
/* Removes every file of a log; for records that are forgotten. */
int	spool_wipe(int dir);

/*
 * Asked when the disk is full, before the spool drops its own oldest closed
 * segment: frees some bytes elsewhere in the set (spool_drop_oldest of the
 * one with the oldest segment) and returns true, or false if it cannot.
 */
typedef bool spool_room_fn(void *arg);
void	spool_on_full(struct spool *sp, spool_room_fn *fn, void *arg);

/*
 * Moves up to max bytes from pipe fd to the end of the stream.  Returns how
 * many left the pipe, 0 at the end of file, -EAGAIN when it is empty, or
 * another -errno of reading fd.  Never fails because of the disk; -EINVAL:
 * nothing is done, fd or the file system refuses to be spliced.
 */
ssize_t	spool_splice(struct spool *sp, enum log_stream s, int fd, size_t max);
/* The same through our memory: killed in between, its bytes are lost. */
ssize_t	spool_copy(struct spool *sp, enum log_stream s, int fd, size_t max);
/* Will so many bytes be appended behind the last ones of their segment, of that
 * number, as far as can be known? */
bool	spool_fits(const struct spool *sp, size_t len, uint64_t *segment);
/* Appends bytes of the engine's own; what cannot be written is a gap. */
void	spool_append(struct spool *sp, enum log_stream s, const void *data,
		     size_t len);
/* Is the disk refusing bytes at present?  0 or -errno of the last try. */
int	spool_trouble(const struct spool *sp);

/* Offset after the last byte of the stream. */
uint64_t spool_end(const struct spool *sp, enum log_stream s);
/* Offset of the first byte still there. */
uint64_t spool_begin(const struct spool *sp, enum log_stream s);
/* Reads bytes of a stream; short at a segment's end, 0 at the end of all,
 * -ESTALE when off is dropped already, or another -errno. */
ssize_t	spool_read(struct spool *sp, enum log_stream s, uint64_t off,
		   void *data, size_t cap);

/* What it holds on disk, data and index. */
uint64_t spool_total(const struct spool *sp);
/* Bytes gone for good: by retention, and by a full disk. */
uint64_t spool_dropped(const struct spool *sp);
uint64_t spool_gap_bytes(const struct spool *sp);
/* When the oldest segment was begun; INT64_MAX if there is none to drop. */
int64_t	spool_oldest_ms(const struct spool *sp);
/* Unlinks the oldest closed segment: 0, or -ENOENT if there is none. */
int	spool_drop_oldest(struct spool *sp);
/* Ends the present segment, so that it may be dropped: 0 or -errno. */
int	spool_rotate(struct spool *sp, int64_t wall_ms);

/*
 * Bytes thrown away that have no GAP in the index yet.  They are in memory
 * only: the engine saves them in its registry and gives them back after
 * spool_open().
 */
struct spool_gap {
	uint8_t stream;
	uint64_t off;		/* the bytes were lost here */
	uint64_t bytes;
};
#define SPOOL_GAPS_MAX 32
size_t	spool_gaps(const struct spool *sp, struct spool_gap *out, size_t cap);
void	spool_restore_gap(struct spool *sp, const struct spool_gap *g);

/*
 * Runs.  begin takes effect for bytes written from now on; end for all up to
 * now: the fold cuts unfinished lines there.  0 or -errno (the run is kept
 * in memory and written when the disk works again).
 */
int	spool_run_begin(struct spool *sp, uint64_t run, int32_t pid,
			int64_t wall_ms);
int	spool_run_end(struct spool *sp, int32_t status, int64_t wall_ms);
/* What else is known of the last run (logruns_tell); 0 or -errno. */
int	spool_run_tell(struct spool *sp, const struct log_run *from);
/* The last run; NULL if there was none. */
const struct log_run *spool_run(const struct spool *sp);

#endif
