#ifndef SBX_DETAILROW_H
#define SBX_DETAILROW_H

/*
 * The answer to PROTO_V_DETAILS, made and read by one code: records of
 * fields, set apart by the separators that ASCII has for that, so that a value
 * may have several lines.  Which records there are: details.c.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct detailrow {
	const char *kind, *a, *b, *c;	/* "" if it has fewer */
};

/* One process of a tree. */
struct detailrow_member {
	int pid, ppid;
	uint64_t cpu_us, rss_bytes;
	const char *ports;	/* "8080 5353" */
	const char *command;
	bool left;		/* by a run that is over */
};

/* c may be NULL.  Separators in a field become '?'. */
void	detailrow_put(struct buf *out, const char *kind, const char *a,
		      const char *b, const char *c);
/* The next record of *text, in place; false at the end. */
bool	detailrow_next(char **text, struct detailrow *row);
/* False if it tells of no process; else its texts are row's. */
bool	detailrow_member(const struct detailrow *row,
			 struct detailrow_member *m);

#endif
