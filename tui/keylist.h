#ifndef SBX_KEYLIST_H
#define SBX_KEYLIST_H

/*
 * The key bindings in words, for "sbx keys": the default ones and those of a
 * set, only what the keys really do.  A key that means the same in the list
 * and in the log is one row.
 */

#include <stdbool.h>

struct buf;
struct err;
struct row;
struct set;

/* The row of the tables of actions and verbs that a command is, or NULL;
 * *section is where the list of keys has it. */
const struct row *keylist_row(const char *command, const char **section);
/* Appends them, as text or JSON; set NULL: the default ones.  0, or -1: a
 * mistake in a bind line. */
int	keylist_print(const struct set *set, bool json, struct buf *out,
		      struct err *e);

#endif
