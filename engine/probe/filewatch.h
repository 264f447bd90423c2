#ifndef SBX_FILEWATCH_H
#define SBX_FILEWATCH_H

/*
 * Files that a process wants to be started again for, watched by inotify.
 * One struct filewatch for an engine, one struct filewatch_set for each
 * `files` property; all share one inotify descriptor and never block: trees
 * are looked through in slices of the loop's turns.
 *
 * A file has changed when it was written and closed, made, linked, renamed
 * or removed; not while it is being written.  After the last change of a
 * while `debounce` passes, then they are told of at once; a stream of changes
 * that does not end puts that off no longer than FILEWATCH_WAIT_MAX_MS.
 *
 * What was changed since filewatch_add() is told of, also in directories that
 * were not looked at yet, that come later or that come back.  Symbolic links
 * are files: what they point at is not looked at.  When the kernel's queue
 * has overflowed, the trees are looked through again and `lost` is set.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct filewatch;
struct filewatch_set;
struct loop;

enum {
	FILEWATCH_DIRS_MAX = 200000,	/* of all sets */
	FILEWATCH_PATHS = 16,		/* told of at once */
	FILEWATCH_DEBOUNCE_MS = 300,
	FILEWATCH_WAIT_MAX_MS = 10000,
};

struct filewatch_change {
	const char *const *paths;	/* relative to cwd where below it */
	size_t count;			/* of paths, the first ones */
	uint64_t more;			/* other changes, paths not known */
	bool lost;			/* some may have been missed */
};

/* From a callback any set may be added or dropped, its own too. */
struct filewatch_ops {
	void (*changed)(void *arg, const struct filewatch_change *c);
	/* Not all of it can be watched; once a set. */
	void (*trouble)(void *arg, const struct err *e);
};

struct filewatch *filewatch_new(struct loop *l);
/* Drops its sets; NULL is fine. */
void	filewatch_free(struct filewatch *w);
/* Never told of: path, what is below it, and path.1 and the like: what the
 * engine itself writes. */
void	filewatch_ignore(struct filewatch *w, const char *path);

/* globs: see pathglob.h; debounce_ms 0: the default.  ops is borrowed.  NULL
 * with e: a wrong pattern, or no more inotify for this user. */
struct filewatch_set *filewatch_add(struct filewatch *w, const char *cwd,
				    char *const *globs, uint64_t debounce_ms,
				    const struct filewatch_ops *ops, void *arg,
				    struct err *e);
void	filewatch_drop(struct filewatch_set *s);	/* NULL is fine */

/* Has all of the set been looked at?  From then on changes are told of in
 * the time of its debounce. */
bool	filewatch_is_settled(const struct filewatch_set *s);
size_t	filewatch_dirs(const struct filewatch *w);	/* watched now */

#endif
