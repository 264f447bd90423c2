#ifndef SBX_KEEPSLOT_H
#define SBX_KEEPSLOT_H

/*
 * The keeper's table of children: one slot a run, from SPAWN to RELEASE, with
 * our ends of its descriptors and what is known of its state.  Of fixed size;
 * only the part that was ever used is touched.  It forks and reads the status
 * pipe; it knows nothing of the engine but the message that asks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "keepmsg.h"

struct spawn_payload;
struct standin;

/* What the engine has not been told of a slot yet. */
enum {
	UNSENT_ADOPT	= 1,
	UNSENT_STARTED	= 2,
	UNSENT_FAILED	= 4,
	UNSENT_PAUSED	= 8,	/* or continued: the state says which */
	UNSENT_EXITED	= 16,
};

struct keepslot {
	uint64_t id;		/* 0: free */
	uint64_t tag;
	pid_t pid;		/* 0: none, or reaped */
	pid_t told_pid;		/* the same from exec on, also after the end */
	enum keep_state state;
	uint32_t flags;
	uint32_t unsent;
	int status, step, error;
	int status_fd;		/* -1: it is known whether exec worked */
	uint32_t orphans;	/* ENDED: KEEP_ORPHANS_UNKNOWN or how many */
	uint64_t start_us, end_us, user_us, sys_us, maxrss_bytes;
	struct keep_fds fds;
};

struct keepslots {
	struct keepslot *v;	/* KEEP_SLOTS_MAX */
	size_t used;		/* none at or above it is live */
	size_t count;		/* live ones */
	size_t spawning;
	struct rlimit nofile;	/* for the children: as sbx was started */
	struct standin *standin;
	char *stack;		/* of a child that shares our memory; or NULL */
};

/* 0 or -errno; remembers and raises RLIMIT_NOFILE.  Borrows the stand-in. */
int	keepslots_init(struct keepslots *t, struct standin *standin);

struct keepslot *keepslot_find(struct keepslots *t, uint64_t id);
struct keepslot *keepslot_of_pid(struct keepslots *t, pid_t pid);
/*
 * Starts what m and p ask for; takes the descriptor of p.  The slot is
 * SPAWNING, or NEVER with step and error.  NULL: the table is full.  Does not
 * return where the stand-in had to take over.
 */
struct keepslot *keepslot_spawn(struct keepslots *t, const struct keepmsg *m,
				const struct spawn_payload *p);
/*
 * Reads the status pipe, without waiting; true when the state has changed.  Of
 * a child that has ended it is known then: what has failed was said before.
 */
bool	keepslot_check_exec(struct keepslots *t, struct keepslot *s,
			    bool ended);
/* The child was reaped. */
void	keepslot_end(struct keepslot *s, int status, const struct rusage *ru);
void	keepslot_release(struct keepslots *t, struct keepslot *s);
/*
 * After children were reaped, for the slots whose end is not told yet.  What
 * survives the leader of a run becomes our child, or descends from one: with
 * no child but leaders, nothing of an ended run is left.  Nobody else reaps
 * our children, so the list cannot shrink while it is read.  known: children
 * that are of no slot.
 */
void	keepslots_count_orphans(struct keepslots *t, uint32_t known);

/* The message of this type about s, without its descriptors. */
void	keepslot_tell(const struct keepslot *s, enum keep_type type,
		      struct keepmsg *out);

#endif
