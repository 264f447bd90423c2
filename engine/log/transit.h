#ifndef SBX_TRANSIT_H
#define SBX_TRANSIT_H

/*
 * The one pipe through which all output goes on its way into the spools.  A
 * splice from a pipe into a file holds the pipe's lock for as long as the
 * file takes, and whoever wants to write waits; from pipe to pipe only pages
 * change hands.  A terminal cannot be spliced into a file at all.
 *
 * The pipe belongs to the keeper, so what is in it outlives an engine that
 * dies half way: the mark, kept outside too, says whose it is, and nothing
 * else moves before that is in its file.  Between two moves it is empty.
 *
 * Where a file takes nothing by splice, its bytes leave the pipe when they are
 * in the file; the mark says how far that was, so none comes twice.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "logfmt.h"

struct spool;
struct transit;

/*
 * Input to a process goes the same way: killed between a write and the note
 * of it, an engine would leave the next one to send the same again.  Bytes
 * leave the pipe as they arrive: what is not there any more has arrived.
 */

/* Whose bytes the pipe holds, or held last. */
enum { TRANSIT_INPUT = LOG_STREAMS };	/* in the place of a stream */
enum transit_state { TRANSIT_FILLING, TRANSIT_FILLED, TRANSIT_SETTLED };
struct transit_mark {
	uint32_t id, stream;
	/* Where they begin in the input or in the stream, and how many. */
	uint64_t off;
	uint32_t len, state;	/* state of input alone */
};

/* The spool of process id; NULL when there is none any more.  Asked for what
 * was left in the pipe only. */
typedef struct spool *transit_owner_fn(uint32_t id, void *arg);

/*
 * Takes both ends of the pipe; mark is borrowed and is not to be in memory
 * that dies with us.  What the pipe holds goes to its owner at once.
 */
struct transit *transit_new(int read_fd, int write_fd,
			    struct transit_mark *mark,
			    transit_owner_fn *owner, void *arg);
void	transit_free(struct transit *t);		/* NULL is fine */

/* Called with bytes that are safe, and not in their file yet; not of more than
 * LOGTOLD_BYTES. */
typedef void transit_seen_fn(const char *data, size_t len, void *arg);

/*
 * Moves up to max bytes from fd, a pipe or a terminal's master that does not
 * block, to stream s of process id, whose spool is sp.  Bytes moved, 0 at the
 * end, or -errno of fd (-EAGAIN: nothing now, or the way is not free).  seen
 * may be NULL.
 */
ssize_t	transit_move(struct transit *t, uint32_t id, enum log_stream s,
		     struct spool *sp, int fd, size_t max,
		     transit_seen_fn *seen, void *arg);

/*
 * Sends up to len bytes, which are input of process id from off on, to fd, that
 * does not block.  What arrived, or -errno with nothing done (-EAGAIN: it is
 * full); *typed becomes off and that, and is not to be in memory that dies
 * with us either.
 */
ssize_t	transit_send(struct transit *t, uint32_t id, uint64_t off, int fd,
		     const void *data, size_t len, uint64_t *typed);
/* For the next engine, before transit_new(): was input on its way?  Then how
 * far it has come. */
bool	transit_typed(int read_fd, const struct transit_mark *mark,
		      uint64_t *typed);
/* That is noted. */
void	transit_typed_is_noted(struct transit_mark *mark);

#endif
