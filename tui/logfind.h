#ifndef SBX_LOGFIND_H
#define SBX_LOGFIND_H

/*
 * What is looked for in a log: a pattern, its hits, and the jump to one of
 * them, or to an error line, that was asked for and cannot be made before
 * the search has come that far.  Knows lines by their numbers; what is shown
 * of the log is logview's.
 *
 * The log is borrowed by a search: logfind_drop_search() before it goes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct logfind;
struct logread;
struct logrules;
struct regex;

struct logfind *logfind_new(void);
void	logfind_free(struct logfind *f);		/* NULL is fine */

/* NULL or "" for none.  0 or -1 (nothing changes). */
int	logfind_set(struct logfind *f, const char *pattern, struct err *e);
struct regex *logfind_regex(const struct logfind *f);	/* NULL: none */
const char *logfind_pattern(const struct logfind *f);

/* Searches the log from a line on, the other direction last, and jumps to
 * the nearest hit. */
void	logfind_search(struct logfind *f, struct logread *lr, uint64_t from,
		       int direction);
bool	logfind_searches(const struct logfind *f);
void	logfind_drop_search(struct logfind *f);
/* The log has grown. */
void	logfind_grew(struct logfind *f);
/* A slice of the search; false when nothing was left of it. */
bool	logfind_step(struct logfind *f, size_t bytes);
bool	logfind_busy(const struct logfind *f);

/* A jump to the next (1) or previous (-1) one from that line on. */
void	logfind_to_hit(struct logfind *f, uint64_t from, int direction);
void	logfind_to_error(struct logfind *f, uint64_t from, int direction);
/* Is one waiting, and is it to an error line? */
bool	logfind_jumping(const struct logfind *f);
bool	logfind_wants_error(const struct logfind *f);
/* The jump that waits, if its line is known: true once. */
bool	logfind_jump(struct logfind *f, struct logrules *rules,
		     uint64_t *seq);
/* True once after there was nothing more in its direction. */
bool	logfind_missed(struct logfind *f);
void	logfind_miss(struct logfind *f);

/* The line that it is at, 0 if none. */
uint64_t logfind_at(const struct logfind *f);
void	logfind_set_at(struct logfind *f, uint64_t seq);
/* As logview_hits() and logview_hit_in() say. */
void	logfind_hits(const struct logfind *f, uint64_t *k, uint64_t *n,
		     bool *all);
bool	logfind_hit_in(const struct logfind *f, uint64_t from, uint64_t to);

#endif
