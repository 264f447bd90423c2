#ifndef SBX_MERGEVIEW_H
#define SBX_MERGEVIEW_H

/*
 * A window on the logs of several processes, their lines in the order in
 * which they came: following or standing still, filtered, with a search.
 * Places are a line number a log, so what is far away costs nothing, and what
 * has been shown never changes its order.  Unfinished lines are not in it.
 *
 * The logs belong to others.  Before anything else is called after a turn of
 * the loop, mergeview_sources() tells which there are now.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/logread.h"

struct filters;
struct logrules;
struct mergeview;
struct regex;

enum { MERGE_MAX = 64 };		/* logs at the same time */

struct merge_source {
	uint32_t id;		/* of the process; a key that stays */
	struct logread *lr;
	struct logrules *rules;	/* may be NULL */
};

struct merge_row {
	size_t source;		/* index of mergeview_source() */
	uint64_t seq;
};

struct mergeview *mergeview_new(void);
void	mergeview_free(struct mergeview *mv);		/* NULL is fine */

/* count <= MERGE_MAX, in the order in which lines of one moment are shown. */
void	mergeview_sources(struct mergeview *mv, const struct merge_source *s,
			  size_t count);
const struct merge_source *mergeview_source(const struct mergeview *mv,
					    size_t idx);
size_t	mergeview_count(const struct mergeview *mv);

/* The rows of a window of that height; returns their number. */
int	mergeview_fill(struct mergeview *mv, struct merge_row *rows,
		       int height);
/* The line of a row; false when it is gone. */
bool	mergeview_line(struct mergeview *mv, const struct merge_row *row,
		       struct logline *out);

/* Moves the cursor row, and the window where it has to; n may be pages. */
void	mergeview_move(struct mergeview *mv, int rows);
/* Moves the window; down past the end follows again. */
void	mergeview_scroll(struct mergeview *mv, int rows);
void	mergeview_top(struct mergeview *mv);
void	mergeview_follow(struct mergeview *mv);
void	mergeview_pause(struct mergeview *mv);
bool	mergeview_following(const struct mergeview *mv);
/* Row of the window that the cursor is on; -1 while it follows. */
int	mergeview_cursor(const struct mergeview *mv);
/* The line at the cursor, else the last one shown; false: there is none. */
bool	mergeview_current(const struct mergeview *mv, struct merge_row *out);
void	mergeview_set_cursor(struct mergeview *mv, int row);

struct filters *mergeview_filters(struct mergeview *mv);

/* NULL or "": no pattern.  0 or -1 (nothing changes). */
struct err;
int	mergeview_highlight(struct mergeview *mv, const char *pattern,
			    struct err *e);
struct regex *mergeview_find(const struct mergeview *mv);
const char *mergeview_pattern(const struct mergeview *mv);
/* To the next (1) or previous (-1) hit, or line that a watch marks. */
void	mergeview_next(struct mergeview *mv, int direction, bool error);
/* A slice of the search: true if there is more.  *changed: draw. */
bool	mergeview_work(struct mergeview *mv, bool *changed);
/* True once after a search found nothing. */
bool	mergeview_missed(struct mergeview *mv);

#endif
