#ifndef SBX_HOLD_H
#define SBX_HOLD_H

/*
 * What the engine holds in the runtime directory while it lives: the lock of
 * the set, the number of its anchor and the socket.  A cleaner of /tmp or a
 * person may remove them, and a client that finds nothing there starts an
 * engine beside this one, which would take our processes for leftovers.  So
 * the directory is watched, and what is missing is put back at once.
 *
 * A mark in the state directory says that the last engine did not end in
 * order, so that the processes of a killed sbx are looked for.
 *
 * Logs that were removed cannot be put back.  So that new output is kept
 * again, the next engine takes over, which makes the directories anew.
 */

#include <stdbool.h>

struct engine;

/* Takes the lock of the set: 0, -EBUSY when another engine has it. */
int	hold_lock(struct engine *e);
/* True if processes of a former engine may be left; until hold_unmark. */
bool	hold_mark(struct engine *e);
void	hold_unmark(struct engine *e);
void	hold_start(struct engine *e);
void	hold_stop(struct engine *e);

#endif
