#ifndef SBX_WORDS_H
#define SBX_WORDS_H

/*
 * Names in one text, as rows have them: with a blank between (groups,
 * watches), or each with a condition behind it ("db ready, migrate ok": what a
 * process depends on, what it waits for).  NULL is a text without any.
 */

#include <stdbool.h>

bool	words_have(const char *text, const char *word);
/* A copy of the next one, after which *at is moved; NULL at the end. */
char	*words_next(const char **at);

/* The same of names with conditions, which are passed over. */
bool	words_have_dep(const char *text, const char *name);
char	*words_next_dep(const char **at);

#endif
