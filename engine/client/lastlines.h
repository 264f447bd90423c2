#ifndef SBX_LASTLINES_H
#define SBX_LASTLINES_H

/*
 * What a process said last before it ended, to be told with its end.  Only
 * its present run counts: what an earlier one printed explains nothing, so
 * that there is nothing to tell of a start that has failed.  Places where
 * bytes were lost are left out, and of a long line the rest.
 */

#include <stddef.h>
#include <stdint.h>

struct logread;
struct proc_row;

#define LASTLINES_BYTES	512		/* of a line */

/* text is as it was printed, without the newline. */
typedef void lastlines_fn(void *arg, const char *text, size_t len);

/* The run that the row tells of, 0 if of none.  To be taken with what else is
 * told of the row: another one may begin while the log is opened. */
uint64_t lastlines_run(const struct proc_row *row);
/* Its last `count` lines, oldest first; refreshes lr. */
void	lastlines_each(struct logread *lr, uint64_t run, unsigned count,
		       lastlines_fn *fn, void *arg);

#endif
