#ifndef SBX_KEEPLINK_H
#define SBX_KEEPLINK_H

/*
 * The engine's end of the socket to the keeper.  Requests never block: what
 * the keeper does not take at once waits in a bounded queue, in order.  Events
 * are callbacks from the loop; they may send requests and may free nothing
 * but their own objects.  Descriptors given to a callback are the engine's to
 * close; the keeper has copies of its own until keeplink_close or _release,
 * so end of file reaches a child's stdin only after keeplink_close.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "keepmsg.h"
#include "spawn.h"

struct keeplink;
struct loop;

enum { KEEPLINK_QUEUE_MAX = 16384 };	/* messages; then -ENOBUFS */

/* HELLO: who the keeper is and what the engine before us has left. */
struct keep_hello {
	uint32_t version;
	pid_t keeper;
	size_t slots;		/* ADOPTs to come */
	int transit[2];		/* read, write: the engine's to close */
	int registry[KEEP_FILES];	/* the same; empty at first */
};

struct keep_exit {
	int status;		/* as of waitpid */
	uint64_t end_us;	/* clock_us() when it was reaped */
	uint64_t user_us, sys_us, maxrss_bytes;
	uint32_t orphans;	/* of all ended runs; KEEP_ORPHANS_UNKNOWN */
};

/* A slot as it was taken over. */
struct keep_slot {
	uint64_t slot, tag;
	enum keep_state state;
	uint32_t flags;		/* KEEP_TTY, ... */
	pid_t pid;		/* 0 while KEEP_NEVER */
	uint64_t start_us;
	struct keep_exit exit;	/* KEEP_ENDED */
	enum spawn_step step;	/* KEEP_NEVER */
	int error;
	struct keep_fds fds;	/* none yet while KEEP_SPAWNING */
	bool fds_lost;		/* we had no room for them (EMFILE) */
};

struct keep_start {
	uint64_t slot;
	pid_t pid;
	uint64_t start_us;
	struct keep_fds fds;
	bool fds_lost;		/* as above: stop it and say so */
};

typedef void keep_hello_fn(const struct keep_hello *h, void *arg);
typedef void keep_adopt_fn(const struct keep_slot *s, void *arg);
typedef void keep_plain_fn(void *arg);
typedef void keep_started_fn(const struct keep_start *s, void *arg);
typedef void keep_failed_fn(uint64_t slot, enum spawn_step step, int error,
			    void *arg);
typedef void keep_exited_fn(uint64_t slot, const struct keep_exit *e,
			    void *arg);
typedef void keep_paused_fn(uint64_t slot, bool paused, void *arg);
typedef void keep_gone_fn(int error, void *arg);

/* All must be there. */
struct keeplink_events {
	keep_hello_fn *hello;
	keep_adopt_fn *adopt;		/* also after keeplink_again() */
	keep_plain_fn *adopted;		/* after the last adopt; also of none */
	keep_started_fn *started;
	keep_failed_fn *failed;
	keep_exited_fn *exited;
	keep_paused_fn *paused;
	keep_plain_fn *term;		/* somebody asked the keeper to end */
	keep_gone_fn *gone;		/* dead, or the socket is: last words */
};

/* Takes fd.  NULL and errno on failure; then fd is still the caller's. */
struct keeplink *keeplink_new(struct loop *l, int fd,
			      const struct keeplink_events *ev, void *arg);
void	keeplink_free(struct keeplink *k);		/* NULL is fine */

/*
 * Each 0 or -errno: -ENOBUFS queue full, -EPIPE no keeper; spawn also
 * -ENOTCONN before the adopted event, -EINVAL and -E2BIG.
 */
int	keeplink_spawn(struct keeplink *k, const struct spawn_req *r);
int	keeplink_signal(struct keeplink *k, uint64_t slot, int signo,
			bool group);
int	keeplink_close(struct keeplink *k, uint64_t slot, uint32_t fd_mask);
/* Always finds room: there are no more of them than slots. */
void	keeplink_release(struct keeplink *k, uint64_t slot);
/* The slot is told by another adopt event: its descriptors were lost. */
int	keeplink_again(struct keeplink *k, uint64_t slot);
/* Another file than this engine's is started next. */
int	keeplink_binary(struct keeplink *k, const char *path);
/* After it exit with 0: the keeper ends what is left and itself. */
int	keeplink_bye(struct keeplink *k);

size_t	keeplink_queued(const struct keeplink *k);

/*
 * For the gone event: is it the keeper that is dead, or the socket alone?
 * keeper is our parent; waits up to half a second where the end is unsure.
 */
bool	keeplink_died(pid_t keeper);

#endif
