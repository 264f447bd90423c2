#ifndef SBX_AUTOPORT_H
#define SBX_AUTOPORT_H

/*
 * `port auto`: a free port is picked before a run starts, and kept for the
 * next runs as long as it is free.  Between the pick and the process's own
 * bind anybody may take it; then the process fails as with any other port.
 */

#include <stddef.h>

struct buf;
struct msg_reader;
struct proc;

void	autoport_pick(struct proc *p);		/* for the next run */
/* The port at this place of its spec; 0: not picked yet. */
unsigned autoport_get(const struct proc *p, size_t idx);
unsigned autoport_first(const struct proc *p);	/* of `port auto`; 0: none */
int	autoport_pack(const struct proc *p, struct buf *b);
void	autoport_unpack(struct proc *p, struct msg_reader *r);

#endif
