#ifndef SBX_WATCH_H
#define SBX_WATCH_H

/*
 * Watches: patterns over the lines of one process, and what they know about
 * it.  A watch says "hit" and keeps counts and values; what is done about a
 * hit (restart, notify, ...) is the owner's affair.  `ready log` and
 * `wait --log` are watches of one row.
 *
 * Patterns see whole lines without escapes (strip_text), at most LOG_WINDOW
 * bytes.  A tail (an unfinished quiet line) is matched too: a match that more
 * text could change waits until the line has been quiet for WATCH_SETTLE_MS.
 * What was hit as a tail is not hit again when the line only grows; one hit
 * a line and watch at most.  A pattern that hits its limits WATCH_STRIKES
 * times is switched off and says so.
 *
 * Pure: no clock, no system call; the same lines in any cut give the same
 * hits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/regex.h"
#include "logfmt.h"

struct buf;
struct err;
struct fold_block;
struct fold_tail;
struct spec_watch;
struct stats;
struct watchset;

#define WATCH_SETTLE_MS	1000
#define WATCH_STRIKES	3
#define WATCH_MAX	1024		/* watches of one process */
#define WATCH_VALUES_MAX 16		/* values of one watch */

struct watch_hit {
	size_t idx;			/* of the watch, in the given order */
	const struct spec_watch *spec;
	enum log_stream stream;
	uint64_t seq;
	int64_t wall_ms;
	const char *line;		/* without escapes, no newline */
	size_t len;
	const struct regex_caps *caps;	/* offsets into line */
	struct regex *re;		/* for names of groups */
	bool act;			/* false: over max=N/min, only count */
	bool alert;			/* the value passed alert_above */
	bool tail;			/* the line was not finished */
	bool absent;			/* nothing matched in time: no line */
	bool off;			/* off now, by its limits: no line */
	bool replay;			/* a line from before this engine */
};

typedef void watch_fn(void *arg, const struct watch_hit *hit);

/* specs are borrowed and must outlive the set.  NULL with e on a pattern
 * that does not compile. */
struct watchset *watchset_new(const struct spec_watch *specs, size_t count,
			      watch_fn *fn, void *arg, struct err *e);
void	watchset_free(struct watchset *ws);		/* NULL is fine */

/* Hits come in the order of lines, then of watches. */
void	watchset_lines(struct watchset *ws, const struct fold_block *b);
/* Returns in how many ms it wants the tail again if it does not grow; 0:
 * not again.  (struct fold_ops.tail) */
uint64_t watchset_tail(struct watchset *ws, const struct fold_tail *t,
		int64_t wall_ms);
/* `absent` watches are armed when a run starts and off when it ends. */
void	watchset_run(struct watchset *ws, bool running, uint64_t now_ms);
/* The same for one that takes the place of old while a run goes on: a silence
 * that both watch for lasts on, or stays told. */
void	watchset_follow(struct watchset *ws, const struct watchset *old,
		bool running, uint64_t now_ms);
/* Fires what is due by time; when the next is, UINT64_MAX if none is. */
void	watchset_tick(struct watchset *ws, uint64_t now_ms, int64_t wall_ms);
uint64_t watchset_deadline(const struct watchset *ws);

const struct spec_watch *watchset_spec(const struct watchset *ws, size_t idx);
bool	watchset_is_off(const struct watchset *ws, size_t idx);
uint64_t watchset_hits(const struct watchset *ws, size_t idx);
/* Number and text of the last line hit, 0 and "" if there was none. */
uint64_t watchset_last(const struct watchset *ws, size_t idx,
		const char **line);
/*
 * Values of a watch: `value=GROUP` names one, else each named group is one,
 * in the order of the pattern.  Returns how many; name may be NULL.
 */
size_t	watchset_values(const struct watchset *ws, size_t idx);
const struct stats *watchset_value(const struct watchset *ws, size_t idx,
		size_t value, const char **name);

/* What it has counted, for the registry.  0 or -EMSGSIZE. */
int	watchset_save(const struct watchset *ws, struct buf *out);
/* Takes over the counts of watches of the same name and pattern; trusts
 * nothing.  0 or -EBADMSG (what could be read is taken). */
int	watchset_load(struct watchset *ws, const char *data, size_t len);

#endif
