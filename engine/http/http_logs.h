#ifndef SBX_HTTP_LOGS_H
#define SBX_HTTP_LOGS_H

/*
 * The logs that HTTP clients read: each open once, however many read it, and
 * closed when nobody does.  What is behind it (an engine that dies and comes
 * back, a process that is forgotten) is dealt with here; a reader only hears
 * that there may be something new.
 *
 * Unfinished lines become entries (http_entries.h) when they have been quiet,
 * or are long; the numbers that this makes stay as long as the process is
 * known.
 */

#include <stdbool.h>
#include <stdint.h>

struct entries;
struct err;
struct http_link;
struct http_log;
struct http_logs;
struct loop;
struct proc_row;

enum {
	HTTP_LOG_QUIET_MS = 200,
	HTTP_LOG_TAIL_MAX = 1 << 20,	/* bytes that do not wait for quiet */
	HTTP_LOG_BEHIND = 64,		/* lines, where many read */
	HTTP_LOG_STUCK_MS = 5000,	/* not for one that takes nothing */
};

/* Called from the loop, never from http_logs_read: look again.  May close. */
typedef void http_log_fn(struct http_log *g, void *arg);

struct http_logs *http_logs_new(struct http_link *k, struct loop *l);
/* Readers must have closed. */
void	http_logs_free(struct http_logs *ls);		/* NULL is fine */

/* A reader; the process is known to the link's model at present. */
struct http_log *http_logs_read(struct http_logs *ls, uint32_t proc,
				http_log_fn *fn, void *arg);
void	http_log_close(struct http_log *g);		/* NULL is fine */

/* All that is there now; NULL: not open (yet), see the error. */
struct entries *http_log_entries(struct http_log *g);
/* Makes entries of what is not a line yet, at once. */
void	http_log_publish(struct http_log *g);
/*
 * The next entry that this reader takes is seq.  One that is behind and gets
 * on is not outrun by the cap of the log, within limits (spool_hold).
 */
void	http_log_at(struct http_log *g, uint64_t seq);
/* Why it cannot be opened; NULL: it can, or it is being tried. */
const struct err *http_log_error(const struct http_log *g);
/* The newest row, the last one if the process is forgotten. */
const struct proc_row *http_log_row(const struct http_log *g);
/* No run goes on or is to come: what http_log_entries() shows is all. */
bool	http_log_is_over(const struct http_log *g);

#endif
