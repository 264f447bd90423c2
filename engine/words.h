#ifndef SBX_WORDS_H
#define SBX_WORDS_H

/*
 * Names in one text with a blank between: the groups and watches of a row.
 * NULL is a text without any.
 */

#include <stdbool.h>

bool	words_have(const char *text, const char *word);
/* A copy of the next one, after which *at is moved; NULL at the end. */
char	*words_next(const char **at);

#endif
