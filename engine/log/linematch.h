#ifndef SBX_LINEMATCH_H
#define SBX_LINEMATCH_H

/*
 * Which of many lines of a log match: reads stretches of the log and looks at
 * each stream's bytes in blocks, which is some ten times faster than line by
 * line.  Lines are matched as watches see them, without escapes and by
 * LOG_WINDOW bytes.  Used by searches and waits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct linematch;
struct logread;
struct regex;

#define LINEMATCH_LINES	4096		/* looked at in one call */

/* lr and re are borrowed; streams is a set of 1 << enum log_stream. */
struct linematch *linematch_new(struct logread *lr, struct regex *re,
				unsigned streams);
void	linematch_free(struct linematch *m);		/* NULL is fine */

/*
 * Looks at lines from seq on, below `end`, until some max_bytes are seen (one
 * line at least).  Returns how many lines, 0 if none is there, -errno.
 */
ssize_t	linematch_up(struct linematch *m, uint64_t seq, uint64_t end,
		size_t max_bytes);
/* The same downwards: the lines just below `end`, not below seq. */
ssize_t	linematch_down(struct linematch *m, uint64_t seq, uint64_t end,
		size_t max_bytes);
/* Bytes and hits of the last call; hits are a bit a line, from *first on. */
uint64_t linematch_bytes(const struct linematch *m);
const uint64_t *linematch_hits(const struct linematch *m, uint64_t *first);
/* Bytes that are missing between the lines looked at, or all of them: from the
 * beginning of the log on, each counted once. */
uint64_t linematch_gap_bytes(const struct linematch *m, bool all);
/* WATCH_STRIKES lines were too dear for the pattern: no more are looked at. */
bool	linematch_is_dangerous(const struct linematch *m);

#endif
