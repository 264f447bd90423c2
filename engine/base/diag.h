#ifndef SBX_DIAG_H
#define SBX_DIAG_H

/*
 * What is wrong with a file, for the person who wrote it: place, one
 * sentence, the source line with a caret under the exact word, at most one
 * hint.  All mistakes of a run are collected and printed together, the first
 * DIAG_MAX of each level in the order they were found; the rest is counted.
 *
 * Texts may quote words of the file: control bytes and invalid UTF-8 are
 * made harmless here, long lines are cut to a window around the caret.
 */

#include <stddef.h>
#include "base.h"

struct buf;
struct diags;

#define DIAG_MAX 20		/* kept of each level */

enum diag_level { DIAG_ERROR, DIAG_WARNING };

/* Columns and widths are bytes of the source line, columns from 1. */
struct diag_place {
	const char *file;
	unsigned line;		/* 0: the file as a whole */
	unsigned col;
	unsigned width;		/* under the caret; 0 counts as 1 */
	const char *text;	/* the source line, without its end, or NULL */
	size_t text_len;
};

struct diag {
	enum diag_level level;
	char *file;
	unsigned line, col;
	char *text;		/* "unknown word 'restrat' in process 'api'" */
	char *source;		/* as shown, NULL = none */
	char *caret;		/* "    ^~~~", NULL = none */
	char *hint;		/* NULL = none */
};

struct diags *diags_new(void);
void	diags_free(struct diags *ds);			/* NULL is fine */

/* The place is copied. */
void	diag_error(struct diags *ds, const struct diag_place *at,
		   const char *fmt, ...) SBX_PRINTF(3, 4);
void	diag_warning(struct diags *ds, const struct diag_place *at,
		     const char *fmt, ...) SBX_PRINTF(3, 4);
/* Belongs to the one that was added last; the first hint stays. */
void	diag_hint(struct diags *ds, const char *fmt, ...) SBX_PRINTF(2, 3);

size_t	diags_errors(const struct diags *ds);	/* also those not kept */
/* Kept ones in the order they were added; NULL past the end. */
const struct diag *diags_get(const struct diags *ds, size_t idx);

/* What the last line of diags_print() is about, if its caller knows less. */
void	diags_title(struct diags *ds, const char *file);
/* All of it as text, with the "FILE: N errors; OUTCOME." line at the end if
 * there are errors.  0 or -EMSGSIZE, with what fitted. */
int	diags_print(const struct diags *ds, const char *file,
		    const char *outcome, struct buf *out);

#endif
