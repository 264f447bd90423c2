#ifndef SBX_ENVROW_H
#define SBX_ENVROW_H

/*
 * The answer to PROTO_V_ENV, made and read by one code: a line for each group,
 * each variable and each directory of the set and its groups, in the order
 * in which they apply.  A value may hold any byte but NUL.
 *
 * Groups that only their members know of are in rows, not here.
 */

#include <stdbool.h>

struct buf;

enum envrow_kind { ENVROW_GROUP, ENVROW_ENV, ENVROW_CWD };

struct envrow {
	const char *group;	/* "": the set */
	bool run_time;		/* else as the sbxrc says */
	enum envrow_kind kind;
	const char *name;	/* ENV */
	const char *value;	/* ENV: NULL, it is removed; CWD: the path */
};

/* word: "K=V" or "-K", a path, or "". */
void	envrow_put(struct buf *out, const char *group, bool run_time,
		   enum envrow_kind kind, const char *word);
/*
 * The next row of *text, in place; false at the end.  Lines that are none
 * are passed over.
 */
bool	envrow_next(char **text, struct envrow *row);

#endif
