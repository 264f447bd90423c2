#ifndef SBX_MERGESCAN_H
#define SBX_MERGESCAN_H

/*
 * What there is to know of all lines of the merged log together, found out in
 * slices: where hits, errors and ends lie on its scroll bar, and how much its
 * filters hide.  The bar is cut by time: where each log is at the end of a row
 * is looked for until the row is right to a quarter of it, anew only when the
 * logs have grown by a part of a row.  What is hidden is counted where there
 * are SCAN_SAMPLE lines at most, and estimated from as many where there are
 * more.
 *
 * Logs, patterns and filters are borrowed; what was found goes with them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mergeview.h"

enum { SCAN_SAMPLE = 4096 };

enum merge_tick { TICK_NONE, TICK_ERROR, TICK_FAILED, TICK_HIT };

struct mergescan;

struct mergescan *mergescan_new(void);
void	mergescan_free(struct mergescan *ms);		/* NULL is fine */
/* At each turn: what there is now. */
void	mergescan_sources(struct mergescan *ms, const struct merge_source *s,
			  size_t count);
void	mergescan_events(struct mergescan *ms, const struct merge_events *e);
/* Its hits are ticks from now on; NULL: none. */
void	mergescan_find(struct mergescan *ms, struct regex *re);
void	mergescan_rows(struct mergescan *ms, int rows);
/* A slice: true if there is more.  *changed: draw. */
bool	mergescan_work(struct mergescan *ms, struct filters *f, bool *changed);
/* What lies in row y of the bar, from 0: the most important of it. */
enum merge_tick mergescan_tick(const struct mergescan *ms, int y);
/* Hits so far, and whether that is all of them; of those, how many are in lines
 * before at[i] of each log. */
uint64_t mergescan_hits(const struct mergescan *ms, bool *all);
uint64_t mergescan_rank(const struct mergescan *ms, const uint64_t *at);
bool	mergescan_is_hit(const struct mergescan *ms, size_t source,
			 uint64_t seq);
/* How many of a hundred lines are hidden; -1: not known yet, or no filter. */
int	mergescan_hidden(const struct mergescan *ms);

#endif
