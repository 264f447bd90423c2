#ifndef SBX_CONFWATCH_H
#define SBX_CONFWATCH_H

/*
 * Notices that the sbxrc, or a file it reads, was edited.  The engine never
 * reads configuration: a client of its own is started for that, compares as
 * "sbx reload --plan" does and tells what it found (PROTO_RELOAD_NOTICE).
 * Nothing is applied.
 */

#include <stddef.h>

struct engine;

/* The files, or whether they are watched, may be others than they were. */
void	confwatch_update(struct engine *e);
void	confwatch_close(struct engine *e);
/* What somebody found who has read them. */
void	confwatch_tell(struct engine *e, size_t mistakes, size_t differences);

#endif
