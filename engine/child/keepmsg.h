#ifndef SBX_KEEPMSG_H
#define SBX_KEEPMSG_H

/*
 * What engine and keeper say to each other: fixed-size messages over a
 * SOCK_SEQPACKET pair, descriptors beside them.  Every message has every
 * field; those that its type does not use are zero.  The descriptors of a
 * message are named by the bits of fd_mask, lowest bit first.
 *
 * The keeper speaks of states, not of history: after an engine has died the
 * next one is told each slot once more (ADOPT), with the status if it has
 * ended.  A slot lives until the engine says RELEASE, also one that FAILED.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum {
	KEEP_VERSION	= 4,
	KEEP_MAGIC	= 0x53425855,
	KEEP_LEN	= 108,		/* of every message, in bytes */
	KEEP_BEHIND_MAX	= 8192,		/* ... and of what is behind a SPAWN */
	KEEP_FILES	= 2,		/* of the registry */
	KEEP_SLOTS_MAX	= 4096,
};

/* EXITED, count: it is not known what else the keeper's tree holds. */
#define KEEP_ORPHANS_UNKNOWN UINT32_MAX

enum keep_type {
	/* engine to keeper */
	KEEP_READY = 1,	/* version: this engine understands you */
	KEEP_SPAWN,	/* slot, tag, flags, rows, cols; the packed
			 * request behind it, or as a memfd where it is
			 * larger than KEEP_BEHIND_MAX */
	KEEP_SIGNAL,	/* slot, signo, flags KEEP_GROUP */
	KEEP_CLOSE,	/* slot, fd_mask: drop the keeper's copies */
	KEEP_RELEASE,	/* slot: forget it */
	KEEP_BYE,	/* when I exit with 0 the set is down */
	/* keeper to engine */
	KEEP_HELLO,	/* version, pid of the keeper, count + both ends of
			 * the transit pipe, and the files of the registry */
	KEEP_ADOPT,	/* slot, tag, state, pid, ... + descriptors */
	KEEP_ADOPT_END,
	KEEP_STARTED,	/* slot, pid + descriptors: exec has worked */
	KEEP_FAILED,	/* slot, step, error: no process */
	KEEP_EXITED,	/* slot, status, usage; always after STARTED; count
			 * of the keeper's children that lead no slot: with 0
			 * nothing is left of any run that has ended */
	KEEP_STOPPED,	/* slot: by a signal of job control */
	KEEP_CONTINUED,	/* slot */
	KEEP_TERM,	/* somebody asks sbx to end: shut down */
	/* engine to keeper; older ones do not know it */
	KEEP_BINARY,	/* + memfd with a path: the file of the next engine */
	KEEP_AGAIN,	/* slot: ADOPT once more, its descriptors were lost */
	KEEP_TYPES,
};

/* The place of a descriptor in struct keep_fds, and its bit in fd_mask. */
enum keep_fd {
	KEEP_FD_STDIN,		/* we write */
	KEEP_FD_STDOUT,		/* we read, and so on */
	KEEP_FD_STDERR,
	KEEP_FD_PTY,		/* the master */
	KEEP_FD_NOTIFY,		/* we read what the child says on its fd 3 */
	KEEP_FDS,
};

struct keep_fds {
	int fd[KEEP_FDS];	/* -1 where there is none */
};

/* Bits of flags. */
enum {
	KEEP_STDIN_PIPE	= 1,	/* neither of the two: /dev/null */
	KEEP_TTY	= 2,
	KEEP_ERR_APART	= 4,	/* stderr has a pipe of its own */
	KEEP_NOTIFY	= 8,	/* fd 3 of the child is a pipe to us */
	KEEP_STDIN_TTY	= 16,	/* with TTY */
	KEEP_GROUP	= 32,	/* SIGNAL: the process group, not the leader */
};

enum keep_state {
	KEEP_SPAWNING = 1,	/* forked; whether exec works is not known */
	KEEP_RUNNING,
	KEEP_PAUSED,		/* stopped by a signal */
	KEEP_ENDED,
	KEEP_NEVER,		/* failed to start */
};

struct keepmsg {
	enum keep_type type;
	uint32_t fd_mask;
	uint32_t flags;
	uint64_t slot;
	uint64_t tag;
	uint32_t version;
	uint32_t count;
	int32_t pid;
	int32_t state;		/* enum keep_state */
	int32_t step;		/* enum spawn_step */
	int32_t error;		/* errno, positive */
	int32_t status;		/* as of waitpid */
	int32_t signo;
	uint16_t rows, cols;
	uint64_t start_us, end_us;	/* clock_us() of fork and of the end */
	uint64_t user_us, sys_us;
	uint64_t maxrss_bytes;
};

/* Replaces the content of out, whose maximum is KEEP_LEN or more. */
int	keepmsg_pack(const struct keepmsg *m, struct buf *out);
/* 0, or -EPROTO: wrong length, magic or type.  What is behind is left alone. */
int	keepmsg_unpack(struct keepmsg *m, const void *data, size_t len);

void	keep_fds_init(struct keep_fds *f);		/* all -1 */
void	keep_fds_close(struct keep_fds *f, uint32_t mask);
/* Lists the open ones in out (KEEP_FDS places); returns their mask. */
uint32_t keep_fds_list(const struct keep_fds *f, int *out, int *count);
/* The other way round; descriptors that have no bit are closed. */
void	keep_fds_take(struct keep_fds *f, uint32_t mask, const int *in,
		      int count);

#endif
