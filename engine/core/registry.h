#ifndef SBX_REGISTRY_H
#define SBX_REGISTRY_H

/*
 * The records of an engine as bytes, kept by the keeper for the next engine.
 * They are in two memfds that the keeper has made and every engine is given: a
 * full disk cannot hurt them, and a save needs no word to the keeper.  They
 * are slices (reglog.h): a save costs what has changed, however many records
 * there are, and is whole or not there.  It is saved before the effects it
 * describes: what it says was started may not exist yet (then it is started
 * again), but nothing exists that it does not say.
 *
 * Where a save fails (the machine is out of memory, files may not be as long),
 * answers, starts and the journal wait for it for some time, and it is tried
 * again.  Then it is said, in the journal, by doctor and to who asks for
 * something; starts are refused until saves succeed again.
 *
 * The next engine may be of another release.  A new field goes behind the
 * last one of its slice, or into a table of fields with a tag of its own
 * (record.h), with 0 for "as it was before": then older and newer engines
 * read each other's records.  Any other change raises REGISTRY_VERSION, and
 * then neither takes over from the other.
 */

struct buf;
struct engine;
struct err;
struct reglog;

struct reglog *registry_log(const int *files);	/* takes them */
int	registry_save(struct engine *e);	/* 0 or -errno */
/* At the end of a turn: 0, -EAGAIN: it is tried again, or another -errno:
 * that was in vain and has been said. */
int	registry_settle(struct engine *e);
/* Lines "key value" for doctor. */
void	registry_facts(const struct engine *e, struct buf *out);
int	registry_load(struct engine *e, struct err *err);

#endif
