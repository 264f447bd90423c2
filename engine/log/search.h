#ifndef SBX_SEARCH_H
#define SBX_SEARCH_H

/*
 * Finding a pattern in a log, in slices, so that whoever draws a screen can
 * go on drawing.  A search starts at a line and goes in one direction first,
 * then covers the rest of the log, then follows its growth; hits are kept as
 * bits, so "next", "previous" and "n of m" are look-ups.  A line counts once
 * however often it matches.  Lines are matched without escapes, as watches
 * see them.
 *
 * The logread and the regex are borrowed; the caller refreshes the logread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logread;
struct regex;
struct search;

/* Only lines of the streams in this set of 1 << enum log_stream. */
#define SEARCH_ALL_STREAMS 7u

/* direction 1 or -1; from is a line number. */
struct search *search_new(struct logread *lr, struct regex *re,
			  unsigned streams, uint64_t from, int direction);
void	search_free(struct search *s);			/* NULL is fine */

/*
 * Looks through about max_bytes more (8 MiB take some 5 ms).  1: there is
 * more to do; 0: all that the log holds has been seen; -errno; -ELOOP when
 * the pattern hit its limit (hits so far stay).
 */
int	search_step(struct search *s, size_t max_bytes);

/*
 * The nearest hit after (before) line seq.  1: *hit is it; 0: there is none;
 * -EAGAIN: not known yet, step on.
 */
int	search_next(const struct search *s, uint64_t seq, uint64_t *hit);
int	search_prev(const struct search *s, uint64_t seq, uint64_t *hit);
bool	search_is_hit(const struct search *s, uint64_t seq);
/* Hits so far; is that all of them? */
uint64_t search_count(const struct search *s, bool *all);
/* Hits up to and including seq: "match 2 of 6"; counts what is known. */
uint64_t search_rank(const struct search *s, uint64_t seq);

#endif
