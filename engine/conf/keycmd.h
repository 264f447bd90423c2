#ifndef SBX_KEYCMD_H
#define SBX_KEYCMD_H

/*
 * Would the screen understand this line?  A line behind ':' or a bound key
 * is an action (actions.h) or a verb (cmd.h) that the screen can ask for, or
 * "set".  Only looked at, nothing is done: whether a process of that name
 * exists is known when the key is pressed.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct verb_row;

/* Words of a line; more are not read. */
#define KEYCMD_WORDS_MAX 128

/* Is it for the screen, and not for a shell only? */
bool	keycmd_has(const struct verb_row *v);

/* 0, or -1 with e; *off and *len are then the part of line that is wrong,
 * 0 and 0 for all of it. */
int	keycmd_check(const char *line, size_t *off, size_t *len,
		     struct err *e);

#endif
