#ifndef SBX_LEFTOVER_H
#define SBX_LEFTOVER_H

/*
 * What a former sbx that was killed has left behind: every process of the
 * machine that carries a tag of the set, by its limit or by its environment,
 * and is not in the tree of the keeper that runs now.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * SIGKILL to all of them (keeper 0: there is none), again and again for up to
 * some 100 ms.  *found, if not NULL, says how many there were.  False: some
 * may still live, call again.
 */
bool	leftover_kill(uint32_t set_hash, pid_t keeper, size_t *found);

#endif
