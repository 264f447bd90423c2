#ifndef SBX_AUTONAME_H
#define SBX_AUTONAME_H

/*
 * Names for processes that were given none: proc_1, proc_2 and so on.  The
 * last number is in the registry, and in a file "names" of the state
 * directory for the engine after a down: the journal still speaks of the
 * former ones, so that none comes again.  After a keeper that was killed some
 * numbers are left out.  A file that cannot be written costs only this memory.
 */

struct engine;

/* A name that no process has and none has had; to be freed. */
char	*autoname_take(struct engine *e);
/* At an orderly end. */
void	autoname_end(struct engine *e);

#endif
