#ifndef SBX_PROCFILTER_H
#define SBX_PROCFILTER_H

/*
 * A part of the list of processes: by status, group and time, some at a time
 * with a cursor for the rest.  The cursor is the number of a process, so that
 * what comes or goes between two questions shifts nothing.
 */

#include <stddef.h>
#include <stdint.h>

struct err;
struct model;
struct model_proc;

struct procfilter {		/* zero: everything */
	uint32_t statuses;	/* bits of 1 << enum status */
	const char *group;
	struct model_proc *const *among;	/* only these; NULL: all */
	size_t among_count;
	uint64_t after, limit;	/* cursor; limit 0: none */
	int64_t since_ms;	/* created or started since; wall clock */
	int64_t created_from_ms, created_until_ms;	/* [from, until) */
};

/* "failed,killed" into bits; 0, or -1 with a suggestion. */
int	procfilter_statuses(const char *text, uint32_t *bits, struct err *e);
/* A group lives by its members: one that nobody is in is misspelt.  NULL is
 * fine.  0 or -1. */
int	procfilter_check_group(struct model *m, const char *group,
			       struct err *e);
/* Those that pass, in their order; caller frees *out.  *next: the cursor, the
 * number of the first one that is left, 0 when these are all. */
size_t	procfilter_list(const struct procfilter *f, struct model *m,
			struct model_proc ***out, uint32_t *next);

#endif
