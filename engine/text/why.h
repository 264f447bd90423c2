#ifndef SBX_WHY_H
#define SBX_WHY_H

/*
 * Why a process is in its status, in a sentence or two: from its row and the
 * last events of the journal.  Pure: rows, events and the time are given.
 *
 * The events are those of the process and the watches that fired anywhere
 * (the line that started one process may be another's).  The sentences quote
 * texts from outside: for a terminal they go through rowfmt_plain.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct journal_event;
struct log_run;
struct proc_row;

/* Appends the sentences without a newline; events are oldest first.  0 or
 * -EMSGSIZE. */
int	why_text(struct buf *out, const struct proc_row *r,
		 const struct journal_event *events, size_t count,
		 int64_t now_ms);
/* The same of a run that is over: how it ended, how it began. */
int	why_run_text(struct buf *out, const char *name,
		     const struct log_run *run,
		     const struct journal_event *events, size_t count,
		     int64_t now_ms);
/* The watch, the line and the process of the event are those that the reason
 * of `name` tells ("stopped by watch 'oom', line 3", "started by watch 'up',
 * line 3 of db"). */
bool	why_is_named(const struct journal_event *e, const char *name,
		     const char *reason);

#endif
