#ifndef SBX_MERGEVIEW_H
#define SBX_MERGEVIEW_H

/*
 * A window on the logs of several processes, their lines in the order in
 * which they came, and what happened to them between their lines: following
 * or standing still, filtered, with a search.
 * Places are a line number a log, so what is far away costs nothing, and what
 * has been shown never changes its order.  Unfinished lines are not in it.
 *
 * The logs belong to others.  Before anything else is called after a turn of
 * the loop, mergeview_sources() tells which there are now.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/log/logread.h"

struct filters;
struct logrules;
struct mergescan;
struct mergeview;
struct regex;

enum {
	MERGE_MAX = 64,			/* logs at the same time */
	MERGE_SOURCES_MAX = MERGE_MAX + 1,
};

struct merge_source {
	uint32_t id;		/* of the process; a key that stays */
	struct logread *lr;
	struct logrules *rules;	/* may be NULL */
};

struct merge_row {
	size_t source;		/* index of mergeview_source(); the number of
				 * sources: an event */
	uint64_t seq;
};

/* Events first <= seq < next, in the order of their times. */
struct merge_events {
	uint64_t first, next;
	/* Time and text of one, as if it were a line; false when it is not to
	 * be seen. */
	bool (*get)(void *arg, uint64_t seq, struct logline *out);
	/* Is it to be seen, and bad news? */
	bool (*failed)(void *arg, uint64_t seq);
	void *arg;
};

/* Where the lines come from: source i is a log, or behind them the events. */
struct merge_sources {
	struct merge_source logs[MERGE_MAX];
	size_t count;		/* of logs */
	struct merge_events events;
};

static inline uint64_t
merge_first(const struct merge_sources *m, size_t i)
{
	return i < m->count ? logread_first_seq(m->logs[i].lr)
			    : m->events.first;
}

static inline bool
merge_is_of(const struct merge_sources *m, const struct merge_source *logs,
	    size_t count)
{
	bool same = count == m->count;

	for (size_t i = 0; same && i < count; i++)
		same = m->logs[i].id == logs[i].id &&
		       m->logs[i].lr == logs[i].lr;
	return same;
}

static inline uint64_t
merge_next(const struct merge_sources *m, size_t i)
{
	return i < m->count ? logread_next_seq(m->logs[i].lr) : m->events.next;
}

/* How many rows of the window a line takes. */
typedef int merge_rows_fn(const struct logline *line, void *arg);

struct mergeview *mergeview_new(void);
void	mergeview_free(struct mergeview *mv);		/* NULL is fine */

/* count <= MERGE_MAX, in the order in which lines of one moment are shown. */
void	mergeview_sources(struct mergeview *mv, const struct merge_source *s,
			  size_t count);
/* Events too; until it is called there are none. */
void	mergeview_events(struct mergeview *mv, const struct merge_events *e);
/* Lines take several rows from now on; NULL: one each. */
void	mergeview_wrap(struct mergeview *mv, merge_rows_fn *fn, void *arg);
bool	mergeview_is_event(const struct mergeview *mv,
			   const struct merge_row *row);
const struct merge_source *mergeview_source(const struct mergeview *mv,
					    size_t idx);
size_t	mergeview_count(const struct mergeview *mv);

/* The lines of a window of that height; returns their number.  Of the first
 * one *skip rows are above the window. */
int	mergeview_fill(struct mergeview *mv, struct merge_row *rows,
		       int height, int *skip);
/* The line of a row; false when it is gone. */
bool	mergeview_line(struct mergeview *mv, const struct merge_row *row,
		       struct logline *out);

/* Lines above the window as it was last filled, and of all logs together. */
void	mergeview_share(const struct mergeview *mv, uint64_t *above,
			uint64_t *all);

/* Moves the cursor row, and the window where it has to; n may be pages. */
void	mergeview_move(struct mergeview *mv, int rows);
/* Moves the window; down past the end follows again. */
void	mergeview_scroll(struct mergeview *mv, int rows);
void	mergeview_top(struct mergeview *mv);
void	mergeview_follow(struct mergeview *mv);
void	mergeview_pause(struct mergeview *mv);
bool	mergeview_following(const struct mergeview *mv);
/* Line of the window that the cursor is on; -1 while it follows. */
int	mergeview_cursor(const struct mergeview *mv);
/* The line at the cursor, else the last one shown; false: there is none. */
bool	mergeview_current(const struct mergeview *mv, struct merge_row *out);
void	mergeview_set_cursor(struct mergeview *mv, int line);

struct filters *mergeview_filters(struct mergeview *mv);
/* What is known of all its lines; mergeview_work() finds it out. */
const struct mergescan *mergeview_scan(const struct mergeview *mv);

/* NULL or "": no pattern.  0 or -1 (nothing changes). */
struct err;
int	mergeview_highlight(struct mergeview *mv, const char *pattern,
			    struct err *e);
struct regex *mergeview_find(const struct mergeview *mv);
const char *mergeview_pattern(const struct mergeview *mv);
/* "match *k of *n": k is 0 where the cursor is on none; all: n is final. */
void	mergeview_hits(struct mergeview *mv, uint64_t *k, uint64_t *n,
		       bool *all);
/* To the next (1) or previous (-1) hit, or line that a watch marks. */
void	mergeview_next(struct mergeview *mv, int direction, bool error);
/* A slice of what is looked for: true if there is more.  *changed: draw. */
bool	mergeview_work(struct mergeview *mv, bool *changed);
/* True once after a search found nothing. */
bool	mergeview_missed(struct mergeview *mv);

#endif
