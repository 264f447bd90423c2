#ifndef SBX_SHOWN_H
#define SBX_SHOWN_H

/*
 * A line of a log as it is drawn: its text made harmless, the looks its
 * program gave it, the hits of a search in it.  One line at a time, in
 * bounded memory that is kept over frames.
 */

#include <stdbool.h>
#include <stddef.h>
#include "engine/base/buf.h"
#include "engine/log/logread.h"
#include "engine/log/strip.h"
#include "ui.h"

struct regex;

enum {
	SHOWN_RUNS = 512,
	SHOWN_HITS = 64,
	SHOWN_LINE_BYTES = 64 * 1024,	/* more of a line is not shown */
};

struct shown {
	struct buf text;
	struct strip_run runs[SHOWN_RUNS];
	size_t run_count;
	struct {
		size_t off, end;
	} hits[SHOWN_HITS];
	size_t hit_count;
};

/* The one there is. */
struct shown *shown_scratch(void);
void	shown_set(struct shown *s, const struct logline *l);
void	shown_find(struct shown *s, struct regex *re);	/* NULL: no hits */
/* Bytes of the first `columns` columns from off on; > 0 before the end. */
size_t	shown_cut(const struct buf *b, size_t off, int columns);
/* Of a line that a watch gave this level. */
struct style shown_style(const struct ui *ui, int level);
/* text[from, to) at the left of clip, skipping `skip` columns.  True when it
 * did not fit. */
bool	shown_draw(const struct ui *ui, struct rect clip, int y,
		   const struct shown *s, size_t from, size_t to, int skip,
		   struct style base, bool current);

#endif
