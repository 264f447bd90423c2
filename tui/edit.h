#ifndef SBX_EDIT_H
#define SBX_EDIT_H

/*
 * One line of text being typed: what every prompt and form field is made of.
 * Keys are a subset of readline's.  The text is valid UTF-8 without controls
 * and at most EDIT_MAX bytes; the cursor stands between characters.
 */

#include <stdbool.h>
#include <stddef.h>
#include "engine/term/keys.h"

enum { EDIT_MAX = 4096 };

struct edit {
	char text[EDIT_MAX + 1];
	size_t len;
	size_t at;		/* cursor, in bytes */
	char killed[EDIT_MAX + 1];	/* for C-y */
};

void	edit_set(struct edit *ed, const char *text);	/* cursor at the end */
/* True when the key was one of editing; *changed when the text is new. */
bool	edit_key(struct edit *ed, struct key k, bool *changed);
/* Inserts at the cursor; newlines and tabs become blanks, controls go. */
void	edit_insert(struct edit *ed, const char *text, size_t len);
/* Replaces [from, cursor) by text. */
void	edit_replace(struct edit *ed, size_t from, const char *text);
/* Columns before the cursor. */
int	edit_column(const struct edit *ed);

/*
 * Lines typed before, oldest first, kept in a file.  A line that begins with
 * a blank is not kept, nor one twice in a row.
 */
enum { HISTORY_MAX = 1000 };

struct history;

/* path may be NULL: nothing is kept on disk. */
struct history *history_new(const char *path);
void	history_free(struct history *h);		/* NULL is fine */
void	history_add(struct history *h, const char *line);
/* The newest line before (direction -1) or oldest after (1) *pos that begins
 * with prefix; *pos starts at history_count.  NULL: no such. */
const char *history_find(const struct history *h, const char *prefix,
			 int direction, size_t *pos);
size_t	history_count(const struct history *h);

#endif
