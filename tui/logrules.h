#ifndef SBX_LOGRULES_H
#define SBX_LOGRULES_H

/*
 * The watches of one process as the log view needs them: which lines are
 * errors, warnings or marked, which are hidden.  Compiled from the sbxrc that
 * this client has read, so a process that somebody added by hand has none.  The
 * engine counts hits by the same patterns; here they only mark lines.
 */

#include <stdbool.h>
#include <stdint.h>
#include "engine/spec/spec.h"

struct logline;
struct logread;
struct logrules;
struct set;

/* NULL when there is nothing to mark or hide. */
struct logrules *logrules_new(const struct set *set, const char *process);
void	logrules_free(struct logrules *r);		/* NULL is fine */

/* enum spec_level of a line (text as it came); a mark is INFO. */
int	logrules_level(struct logrules *r, const struct logline *l);
bool	logrules_hides(struct logrules *r, const struct logline *l);
bool	logrules_can_hide(const struct logrules *r);

/*
 * Background search for lines with a level, for "next error" and the ticks
 * of the scroll bar.  step: 1 more to do, 0 done, -errno.
 */
void	logrules_search(struct logrules *r, struct logread *lr);
/* The log of the search is about to be closed. */
void	logrules_unsearch(struct logrules *r);
int	logrules_step(struct logrules *r, size_t max_bytes);
/*
 * The log has grown.  While it goes on growing the search takes a small part
 * of the time only: what floods it needs the processors.  due: when the next
 * step should be.
 */
void	logrules_grew(struct logrules *r);
uint64_t logrules_due_us(const struct logrules *r);
/* Nearest line with a level after (direction 1) or before (-1) seq.  1 with
 * *hit, 0 none, -EAGAIN not known yet. */
int	logrules_near(const struct logrules *r, uint64_t seq, int direction,
		      uint64_t *hit);
/* Is there one in [from, to)?  What is not known yet counts as no. */
bool	logrules_any(const struct logrules *r, uint64_t from, uint64_t to);

#endif
