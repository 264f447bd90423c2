#ifndef SBX_UPGRADE_H
#define SBX_UPGRADE_H

/*
 * A newer binary takes over a running set: the engine records what it has,
 * tells the keeper which file to start next, and ends.  The keeper, and with
 * it every child, goes on; an engine that cannot read the records gives way
 * to the former one (engine.c).
 *
 * Spoken over a connection of its own, in the part of the protocol that is
 * the same in every version: HELLO up to engine_pid, and UPGRADE.
 */

#include <stddef.h>

struct err;
struct loop;

enum { UPGRADE_RELEASE_MAX = 64 };

/*
 * Is the engine at sock another program than this one?  Then it is asked to
 * make room, and has ended on return; its release is in was.  1: so it is;
 * 0: it is the same, or there is none; -1 with e: it is another and stays.
 */
int	upgrade_engine(struct loop *l, const char *sock,
		       char was[UPGRADE_RELEASE_MAX], struct err *e);
/* Is the process of this number the same program as this one? */
int	upgrade_is_ours(int pid);

#endif
