#ifndef SBX_ANCHOR_H
#define SBX_ANCHOR_H

/*
 * The anchor: parent of the keeper and the subreaper behind it.  When the
 * keeper dies by whatever means, all that descends from it, daemons in
 * sessions of their own included, becomes a child of the anchor, which gives
 * the engine a second for its last words and kills everything else until
 * nothing is left.  It does nothing else and never grows.
 */

#include "keeper.h"

/*
 * In a process made for it: session leader, stdio on /dev/null.  Returns the
 * exit status.  anchor_main is the hidden verb: it runs "sbx __engine RUNDIR"
 * from the file this program was started from.
 */
int	anchor_run(const struct keeper_conf *c);
int	anchor_main(const char *rundir);

#endif
