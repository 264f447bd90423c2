#ifndef SBX_SCROLLBACK_H
#define SBX_SCROLLBACK_H

/*
 * Rows that have left a screen, oldest first, in the packed form of cell.h.
 * A ring with a maximum of rows and of bytes: when either is reached the
 * oldest rows go.  Memory grows as it is needed.  Each row has an id; ids
 * count up and a later row never takes an id that a reader may still know,
 * unless gen has changed.
 */

#include <stddef.h>
#include <stdint.h>

struct scrollback;

/* rows_max 0 keeps nothing but still counts ids. */
struct scrollback *scrollback_new(size_t rows_max, size_t bytes_max);
void	scrollback_free(struct scrollback *sb);		/* NULL is fine */

void	scrollback_push(struct scrollback *sb, const char *row, size_t len);
/* Valid until the next push, pop or clear; NULL if it is not there. */
const char *scrollback_row(const struct scrollback *sb, uint64_t id,
			   size_t *len);
/* Takes the newest row back: ids go down by one, gen changes. */
void	scrollback_pop(struct scrollback *sb);
void	scrollback_clear(struct scrollback *sb);
/* Rows are there when first <= id < next. */
uint64_t scrollback_first(const struct scrollback *sb);
uint64_t scrollback_next(const struct scrollback *sb);
uint64_t scrollback_gen(const struct scrollback *sb);
/* Drops the oldest row. */
void	scrollback_shift(struct scrollback *sb);
/* An empty one to take the place of sb: its ids and gen come after.  The
 * maximum of rows holds again with the first push after settle, so that what
 * was only wrapped anew is not lost. */
struct scrollback *scrollback_successor(const struct scrollback *sb);
void	scrollback_settle(struct scrollback *sb);
/* Only on an empty one. */
void	scrollback_start(struct scrollback *sb, uint64_t id);

#endif
