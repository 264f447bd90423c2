#ifndef SBX_CLI_RUNS_H
#define SBX_CLI_RUNS_H

/*
 * The runs of one process, from the list that is kept beside its log.
 * Internal to cli_*.c.
 */

#include <stdint.h>

struct buf;
struct jsonout;
struct logread;

/* "runs":[...], the newest first, a limited number.  Each: none of a log that
 * is NULL. */
void	runs_json(struct jsonout *j, const struct logread *lr);
/* A line each for the last few.  0 or -EMSGSIZE. */
int	runs_text(struct buf *out, const struct logread *lr, int64_t now_ms);

#endif
