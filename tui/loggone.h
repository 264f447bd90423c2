#ifndef SBX_LOGGONE_H
#define SBX_LOGGONE_H

/*
 * The beginning of a log that has lost some: what the cap has taken is told
 * in front of the oldest line, or in place of it where most of that is gone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOGGONE_TEXT_MAX = 100 };

struct logline;
struct logread;

/* Is this the oldest line, with others before it that were dropped?  *torn:
 * they took it along. */
bool	loggone_is_above(struct logread *lr, uint64_t seq, bool *torn);
/* In place of the oldest line: all that is gone before it, and with it. */
void	loggone_put(struct logread *lr, bool torn, struct logline *l);
/* What is said of it, and of any other line that is none; its length. */
size_t	loggone_text(const struct logline *l, char out[LOGGONE_TEXT_MAX]);

#endif
