#ifndef SBX_LOGCAP_H
#define SBX_LOGCAP_H

/*
 * limit.logs: what the logs of all processes may have together.  Above it the
 * oldest segment of the set goes first, whosever it is; where nobody has more
 * than the one he writes to, the largest log begins another one.  Readers are
 * told as they are by the cap of one log.
 *
 * Looked at now and then while output comes: a flood may be above the limit by
 * what it writes in that time.
 */

struct engine;

void	logcap_settle(struct engine *e);
/* Logs of processes that are not in the set any more. */
void	logcap_remove_unknown(struct engine *e);

#endif
