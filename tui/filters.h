#ifndef SBX_FILTERS_H
#define SBX_FILTERS_H

/*
 * The filters of a log window: they stack, "re" keeps a line, "!re" hides
 * it.  Lines are matched as watches see them, without escapes.  Bytes that
 * are missing are never filtered away.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct filters;
struct logline;
struct regex;

struct filters *filters_new(void);
void	filters_free(struct filters *f);		/* NULL is fine */
/* 0 or -1. */
int	filters_add(struct filters *f, const char *text, struct err *e);
bool	filters_drop(struct filters *f);	/* the newest; any left? */
/* As filters_add() takes it; NULL behind the last one. */
const char *filters_get(struct filters *f, size_t idx);
bool	filters_any(const struct filters *f);
/* "&re &!re"; "" without filters.  Valid until the next change. */
const char *filters_text(const struct filters *f);
bool	filters_pass(struct filters *f, const struct logline *l);
/* One pattern on one line, in the same way. */
bool	filters_match(struct filters *f, struct regex *re,
		      const struct logline *l);

#endif
