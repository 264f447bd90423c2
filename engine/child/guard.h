#ifndef SBX_GUARD_H
#define SBX_GUARD_H

/*
 * Who stands in for a dead anchor.  Nobody can become the subreaper of
 * processes that exist, so the guard goes by the tags of the set: it waits
 * for the keeper to die and then kills everything that carries one.
 */

#include <sys/types.h>

struct keeper_shared;

/* Forks it; its pid or -errno.  The caller reaps it. */
pid_t	guard_start(const struct keeper_shared *sh);

#endif
