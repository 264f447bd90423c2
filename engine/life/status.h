#ifndef SBX_STATUS_H
#define SBX_STATUS_H

/*
 * The statuses of a process and the shapes they are drawn with: two tables,
 * one row each, from which listings, filters, help and JSON are made.
 *
 * LIVE means that something of the run may exist and a slot of the limit is
 * taken; FINAL that the process has ended and stays so until somebody or
 * something starts it again.  "off" and "scheduled" are neither.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/table.h"

/* X(enum, name, shape, live, final, help) */
#define STATUS_TABLE(X)                                                        \
	X(OFF, "off", OFF, 0, 0, "not started")                                \
	X(QUEUED, "queued", WAITING, 0, 0,                                     \
	  "waits for one of the running processes to end")                     \
	X(WAITING, "waiting", WAITING, 0, 0,                                   \
	  "waits for the processes it depends on")                             \
	X(SCHEDULED, "scheduled", SCHEDULED, 0, 0,                             \
	  "waits for the next time of its schedule")                           \
	X(STARTING, "starting", STARTING, 1, 0,                                \
	  "being started, or started and not ready yet")                       \
	X(RUNNING, "running", RUNNING, 1, 0, "runs")                           \
	X(STOPPING, "stopping", STOPPING, 1, 0,                                \
	  "being stopped, or ended with some of its tree left")                \
	X(BACKOFF, "backoff", RETRY, 0, 0,                                     \
	  "ended and will be started again after a pause")                     \
	X(COMPLETED, "completed", DONE, 0, 1,                                  \
	  "ended with exit code 0 or one of ok-codes")                         \
	X(FAILED, "failed", FAILED, 0, 1,                                      \
	  "ended with another exit code, or given up")                         \
	X(KILLED, "killed", FAILED, 0, 1, "ended by a signal")                 \
	X(TIMED_OUT, "timed_out", FAILED, 0, 1,                                \
	  "stopped because it ran longer than its timeout")                    \
	X(ERROR, "error", FAILED, 0, 1, "could not be started")

enum status {
#define X(e, name, shape, live, final, help) STATUS_##e,
	STATUS_TABLE(X)
#undef X
	STATUS_COUNT
};

/* X(enum, unicode, ascii, theme role, help) */
#define SHAPE_TABLE(X)                                                         \
	X(OFF, "\u25cb", '.', "status.off", "not started")                     \
	X(WAITING, "\u2026", ':', "status.waiting", "waits")                   \
	X(SCHEDULED, "\u25f7", '%', "status.scheduled", "scheduled")           \
	X(STARTING, "\u25d0", '~', "status.starting", "not ready yet")         \
	X(RUNNING, "\u25cf", '*', "status.ready", "runs and is ready")         \
	X(UNREADY, "\u25b2", '^', "status.unhealthy", "its check fails")       \
	X(PAUSED, "\u2016", '=', "status.paused", "stopped by a signal")       \
	X(STOPPING, "\u25d2", '-', "status.stopping", "being stopped")         \
	X(RETRY, "\u21bb", '@', "status.retry", "will be started again")       \
	X(DONE, "\u2713", '+', "status.done", "ended well")                    \
	X(FAILED, "\u2717", '!', "status.failed", "ended badly")

enum shape {
#define X(e, unicode, ascii, role, help) SHAPE_##e,
	SHAPE_TABLE(X)
#undef X
	SHAPE_COUNT
};

struct status_row {
	struct row row;
	enum shape shape;	/* of the plain status, see status_shape */
	bool live, final;
};

struct shape_row {
	const char *unicode;	/* one column, except in some CJK terminals */
	char ascii;
	const char *role;	/* of the theme */
	const char *help;
};

extern const struct table status_table;

const struct status_row *status_get(enum status s);
const char *status_name(enum status s);
/* The exact name; -1 if there is no such status. */
int	status_find(const char *name, size_t len);

const struct shape_row *shape_get(enum shape s);
/*
 * What to draw: a paused or unready process has a shape of its own, and one
 * that a person stopped is not drawn as a failure.
 */
enum shape status_shape(enum status s, bool ready, bool paused, bool stopped);

#endif
