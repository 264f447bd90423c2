#ifndef SBX_RCLEX_H
#define SBX_RCLEX_H

/*
 * The lower half of rc.c: a cursor over the text that knows its place, and
 * words.  A '\' at the end of a line joins it to the next one; the cursor
 * hides this, so nobody above sees more than one line at a time.  Every line
 * is checked for what no text has (NUL, invalid UTF-8, a lone CR) when the
 * cursor enters it.
 */

#include <stdbool.h>
#include <stddef.h>
#include "rc.h"

#define RCLEX_EOL (-1)

struct rclex {
	const char *file;
	const char *data;
	size_t len;
	size_t at;		/* next byte */
	size_t line_start, line_end;	/* without LF or CRLF */
	unsigned line;		/* from 1 */
	const struct rc_hooks *hooks;
	struct diags *ds;
	size_t text_bytes;	/* of all words so far */
	bool bad;		/* something was reported; caller resets */
	bool quiet;		/* mistakes in words are not reported */
	bool give_up;		/* a limit was passed: nothing more is read */
};

void	rclex_init(struct rclex *lx, const char *file, const char *data,
		   size_t len, const struct rc_hooks *hooks, struct diags *ds);
/* To the beginning of the next physical line; false at the end of the text. */
bool	rclex_next_line(struct rclex *lx);
/* Is the next physical line this text, blanks and a comment aside? */
bool	rclex_line_ahead(const struct rclex *lx, const char *text);

/* The byte at the cursor, or RCLEX_EOL; enters a joined line if needed. */
int	rclex_peek(struct rclex *lx);
void	rclex_skip_blanks(struct rclex *lx);
/* At a '#' that begins a comment?  first: no word came before. */
bool	rclex_at_comment(struct rclex *lx, bool first);
/* Comments end with the physical line: a '\' in them joins nothing. */
void	rclex_skip_comment(struct rclex *lx);

/* Reads the word at the cursor.  False when it was reported as wrong; w is
 * then still complete enough to be freed and to give a place. */
bool	rclex_word(struct rclex *lx, enum rc_expect expect, struct rc_word *w);
/* Reads the rest of the line, or the lines of '<<WORD'. */
bool	rclex_raw(struct rclex *lx, struct rc_word *w);

/* The place of width bytes from offset on, in the cursor's line. */
void	rclex_place(const struct rclex *lx, size_t off, size_t width,
		    struct diag_place *at);

#endif
