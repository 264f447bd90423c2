#ifndef SBX_PROCTOLD_H
#define SBX_PROCTOLD_H

/*
 * Who follows a log closely is told of its next bytes while they are in
 * transit (log/transit.h): neither the write of a file nor that of the index
 * comes between.  Only where it is certain which lines they make; what else
 * there is to know is told by growth.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "log/logfmt.h"

struct peer;
struct proc;

void	proctold_want(struct proc *p, const struct peer *c, bool on);
/* transit_move() to the spool of p, with that. */
ssize_t	proctold_move(struct proc *p, enum log_stream s, int fd, size_t max);

#endif
