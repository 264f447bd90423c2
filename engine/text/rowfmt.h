#ifndef SBX_ROWFMT_H
#define SBX_ROWFMT_H

/*
 * A row (struct proc_row) in words: the short state of a list, the table of
 * `ls`, the sheet of `show`, the object of --json.  Pure: the time is given.
 *
 * Names, commands and texts of processes come from outside; what is made for
 * a terminal holds no control bytes of theirs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/table.h"

struct buf;
struct jsonout;
struct proc_row;

#define ROWFMT_STATE_MAX 96

/* "ready", "exit 3", "retry 4s", "waits db", "stop 7s", "14:00". */
const char *rowfmt_state(const struct proc_row *r, int64_t now_ms,
			 char out[ROWFMT_STATE_MAX]);
/* "exit 3", "killed by SEGV (core dumped)"; "" while nothing has ended. */
const char *rowfmt_exit(const struct proc_row *r, char out[ROWFMT_STATE_MAX]);
/* Of the present run, or of the last one; 0 if there was none. */
uint64_t rowfmt_uptime_ms(const struct proc_row *r, int64_t now_ms);
/* True once nothing of the run is left and nothing is about to start. */
bool	rowfmt_is_over(const struct proc_row *r);

/* Why it stands as it does, in a sentence or a word; lives as long as r. */
const char *rowfmt_reason(const struct proc_row *r);

/* Who has no ready rule is up when it has lived so long. */
enum { ROWFMT_UP_MS = 1000 };

/*
 * When its present run, or the one that is over, is up, or was: in so many ms
 * if nothing happens to it, 0: it is, or was; UINT64_MAX: nothing tells.  It
 * follows from the times of the run and not from when it is looked at.
 */
uint64_t rowfmt_up_in_ms(const struct proc_row *r, int64_t now_ms);

/*
 * What runs that are over have left, one after the other: list is that of a
 * row, then what was returned last; command has *len bytes.  NULL: no more.
 */
const char *rowfmt_left(const char *list, unsigned *pid, const char **command,
			size_t *len);

/* The columns of `ls`, each a struct rowfmt_column. */
struct rowfmt_column {
	struct row row;		/* "state", ..., help */
	const char *title;
	bool right;		/* aligned */
	int (*text)(struct buf *out, const struct proc_row *r, int64_t now_ms);
};

extern const struct table rowfmt_column_table;

/* Each appends; 0 or -EMSGSIZE.  columns: of the terminal, 0 = no limit. */
int	rowfmt_list(struct buf *out, const struct proc_row *const *rows,
		    size_t count, int64_t now_ms, bool colours, int columns);
int	rowfmt_show(struct buf *out, const struct proc_row *r, int64_t now_ms,
		    bool colours);
/* One object; name as in jsonout.h. */
void	rowfmt_json(struct jsonout *j, const char *name,
		    const struct proc_row *r, int64_t now_ms);
/* The keys alone, into an object that is open. */
void	rowfmt_json_keys(struct jsonout *j, const struct proc_row *r,
		int64_t now_ms);
/* ... and without who it is. */
void	rowfmt_json_rest(struct jsonout *j, const struct proc_row *r,
		int64_t now_ms);
/* Text from outside, harmless for a terminal. */
int	rowfmt_plain(struct buf *out, const char *text);

#endif
