#ifndef SBX_REGISTRY_H
#define SBX_REGISTRY_H

/*
 * The records of an engine as bytes, kept by the keeper for the next engine.
 * They are in a memfd that keeper and engine share, so that a full disk cannot
 * hurt them, as slices (reglog.h): a save costs what has changed, however many
 * records there are, and is whole or not there.  It is saved before the
 * effects it describes: what it says was started may not exist yet (then it
 * is started again), but nothing exists that it does not say.
 */

struct engine;
struct err;
struct reglog;

struct reglog *registry_log(void);		/* an empty one */
int	registry_save(struct engine *e);	/* 0 or -errno */
int	registry_load(struct engine *e, int memfd, struct err *err);

#endif
