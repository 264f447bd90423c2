#ifndef SBX_SELECT_H
#define SBX_SELECT_H

/*
 * The words by which a person means processes, the same for the engine and
 * for its clients: names, groups, globs, replicas ("worker" is worker.0 and
 * the others when there is no plain worker), --all, --failed.  Pure.
 *
 * A word that means nothing is an error with a suggestion; it is never
 * skipped, so that a misspelt name cannot make a command do less unnoticed.
 */

#include <stdbool.h>
#include <stddef.h>
#include "status.h"

struct err;

enum { SELECT_ALL = 1, SELECT_FAILED = 2 };

struct select_item {
	const char *name;
	const char *groups;	/* names separated by blanks; NULL = none */
	bool failed;		/* counts for SELECT_FAILED */
	bool hidden;		/* only by its name or its group */
};

/*
 * Sets hit[i] for each item that is meant.  names: NULL-terminated, may be
 * NULL.  The number of items, or -1 with e (ERR_NO_PROCESS).  With neither
 * names nor flags nothing is meant: 0.
 */
int	select_match(const struct select_item *items, size_t count,
		     char *const *names, unsigned flags, bool *hit,
		     struct err *e);

/* "NAME/PID", one process of a tree: the length of NAME, else 0. */
size_t	select_member(const char *word, unsigned *pid);

/* What --failed means: ended badly, or will be tried again because of it. */
bool	select_is_failed(enum status s, bool stopped);

#endif
