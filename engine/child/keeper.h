#ifndef SBX_KEEPER_H
#define SBX_KEEPER_H

/*
 * The keeper: parent and subreaper of every child, holder of our ends of
 * their descriptors and of the engine's registry.  It starts the engine,
 * starts it again when it dies and hands everything over to the next one.
 * It reads no byte of a child, parses nothing but keepmsg, and its memory
 * does not grow: KEEP_SLOTS_MAX slots, what does not fit is refused.
 *
 * Nothing waits for the engine: what it has not been told yet is a bit in the
 * slot, never a queue.
 */

#include <stdint.h>
#include <sys/types.h>

struct keeper_conf {
	const char *exe;	/* the engine's file; else /proc/self/exe */
	char *const *argv;	/* of the engine; SBX_KEEPER_FD is set */
};

/* What anchor, keeper and guard share, in a mapping made before the fork. */
struct keeper_shared {
	int32_t anchor;
	volatile int32_t engine;	/* pid; 0: none now */
	volatile uint32_t set_hash;	/* of the tags; 0: none given yet */
};

/* What prctl(PR_SET_NAME) is given; ps shows it. */
#define KEEPER_NAME "sbx: keeper"
#define ENGINE_NAME "sbx: engine"

/* It and its stand-in: a child is listed with the thread that has made it. */
enum { KEEPER_THREADS = 2 };

/* Descriptor number that an engine finds in SBX_KEEPER_FD. */
enum { KEEPER_FD = 3 };

/* Returns the exit status, or ends with it: 0 when the set is down. */
int	keeper_main(const struct keeper_conf *c, struct keeper_shared *sh);

#endif
