#ifndef SBX_STRV_H
#define SBX_STRV_H

/*
 * Lists of words as the kernel has them: NULL-terminated, words and list each
 * allocated on their own.  NULL stands for no list and counts as an empty one
 * where it is read.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;

size_t	strv_count(char *const *v);
bool	strv_has(char *const *v, const char *word);
bool	strv_equal(char *const *a, char *const *b);	/* NULL is no {} */
char	**strv_dup(char *const *v);		/* NULL gives NULL */
/* Appends a copy of word; v (or NULL) has moved. */
char	**strv_add(char **v, const char *word);
void	strv_free(char **v);

/* A list in one text, whatever its words hold.  No list and an empty one are
 * the empty text, which is NULL again; so a first word may not be empty. */
void	strv_join(char *const *v, struct buf *out);
char	**strv_split(const char *text);

#endif
