#ifndef SBX_REWATCH_H
#define SBX_REWATCH_H

/*
 * Watches that somebody adds to a process, or takes away, while it runs.  They
 * become a part of its definition: they survive this engine as that does, and
 * go when the file is read again and does not have them.
 */

#include "life/event.h"

struct err;
struct proc;

/* text: a packed spec that holds the one watch, as base64.  0 or -1. */
int	rewatch_add(struct proc *p, enum cause by, const char *text,
		    struct err *err);
int	rewatch_rm(struct proc *p, enum cause by, const char *name,
		   struct err *err);

#endif
