#ifndef SBX_LOGVIEW_H
#define SBX_LOGVIEW_H

/*
 * A window on the log of one process: which lines are to be seen, following
 * or standing still, filtered, with a search.  It reads only what is asked
 * for, so the size of the log does not matter; searches go on in slices.
 * Draws nothing: view_log.h does.
 *
 * Without a log (logview_open was not called yet) it is empty.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/log/logread.h"

struct err;
struct filters;
struct logrules;
struct logview;
struct regex;

enum logview_kind {
	LOGVIEW_LINE,
	LOGVIEW_TAIL,		/* unfinished line of a stream */
	LOGVIEW_RUN,		/* a separator before the lines of a run */
	LOGVIEW_MARK,		/* a line that logview_mark() drew */
	LOGVIEW_GONE,		/* above the first line: what was dropped */
};

/* One row of the window. */
struct logview_row {
	enum logview_kind kind;
	uint64_t seq;
	enum log_stream stream;	/* of a tail */
	uint64_t run;		/* of a separator; the number of a mark */
	int64_t run_ms;		/* when it began or was drawn, wall */
	int sub;		/* which row of a wrapped line, from 0 */
};

/* How many rows a line of these bytes takes; 1 when lines are cut. */
typedef int logview_rows_fn(const struct logline *line, void *arg);

struct logview *logview_new(void);
void	logview_free(struct logview *lv);		/* NULL is fine */
/* dir is borrowed.  0 or -1. */
int	logview_open(struct logview *lv, int dir, struct err *e);
bool	logview_is_open(const struct logview *lv);
/* The log has grown. */
void	logview_refresh(struct logview *lv);
/* Taken; NULL: none. */
void	logview_set_rules(struct logview *lv, struct logrules *r);
struct logrules *logview_rules(const struct logview *lv);
struct logread *logview_log(const struct logview *lv);

/* The rows of a window of that height, first to last; returns their number.
 * Remembers them as what is shown. */
int	logview_fill(struct logview *lv, struct logview_row *rows, int height,
		     logview_rows_fn *fn, void *arg);
/* The line of a row; false when it is gone.  Of what was dropped a GAP, also
 * where it took most of the line. */
bool	logview_line(struct logview *lv, const struct logview_row *row,
		     size_t max, struct logline *out);

/* By rows of the window; down past the end follows again. */
void	logview_scroll(struct logview *lv, int rows, logview_rows_fn *fn,
		       void *arg);
void	logview_top(struct logview *lv);
void	logview_follow(struct logview *lv);
void	logview_pause(struct logview *lv);
bool	logview_following(const struct logview *lv);
/* Lines that came since it stands still. */
uint64_t logview_unseen(const struct logview *lv);
/* Shows that line about a third from the top, perhaps with the cursor on it,
 * and stands still; false when filters hide it or it was cleared away. */
bool	logview_goto(struct logview *lv, uint64_t seq, bool cursor);
uint64_t logview_count(const struct logview *lv);	/* lines there */
/* First and last line shown; 0 when none is. */
uint64_t logview_first_shown(const struct logview *lv);
uint64_t logview_last_shown(const struct logview *lv);

/* The next line to be seen after (1) or before (-1) seq. */
bool	logview_step(struct logview *lv, uint64_t seq, int direction,
		     uint64_t *out);

/* Draws a line under what is there; false when there are too many, or no
 * line yet. */
bool	logview_mark(struct logview *lv, int64_t wall_ms);
/* Those there are, one after the other; and one that there was. */
bool	logview_get_mark(const struct logview *lv, size_t idx,
			 uint64_t *after, int64_t *wall_ms);
void	logview_put_mark(struct logview *lv, uint64_t after, int64_t wall_ms);
/* Hides what is there, or shows it again; true when it is hidden now. */
bool	logview_clear(struct logview *lv);
/* To the next (1) or previous (-1) start of a run or mark; false: none. */
bool	logview_boundary(struct logview *lv, int direction);

/* Never NULL; they take effect at once. */
struct filters *logview_filters(const struct logview *lv);

/* Highlights only; NULL or "" for none.  0 or -1 (nothing changes). */
int	logview_highlight(struct logview *lv, const char *pattern,
			  struct err *e);
struct regex *logview_find(const struct logview *lv);
const char *logview_pattern(const struct logview *lv);
/* Searches for what is highlighted and goes to the hit nearest to what is
 * shown. */
void	logview_search(struct logview *lv);
/* To the next (1) or previous (-1) hit, or error line.  What is not known
 * yet is gone to as soon as it is: see logview_missed(). */
void	logview_next(struct logview *lv, int direction);
void	logview_next_error(struct logview *lv, int direction);
/* True once after a search found nothing more in its direction. */
bool	logview_missed(struct logview *lv);
/* The hit the search is at, 0 if none; "match *k of *n", all: n is final. */
uint64_t logview_hit(const struct logview *lv);
void	logview_hits(const struct logview *lv, uint64_t *k, uint64_t *n,
		     bool *all);
/* Is a hit known in [from, to)? */
bool	logview_hit_in(const struct logview *lv, uint64_t from, uint64_t to);

/* A slice of background work: true if there is more at once.  due: when it
 * should be called again anyway, UINT64_MAX: never. */
bool	logview_work(struct logview *lv, bool *changed);
uint64_t logview_due_us(const struct logview *lv);

#endif
