#ifndef SBX_TABLE_H
#define SBX_TABLE_H

/*
 * One table per concept.  Whatever a person can type is the name of one row,
 * and the parser, the help, completion and the manual pages all walk the same
 * rows.  A concrete row type starts with a struct row; struct table says
 * where the rows are.
 */

#include "base.h"

struct row {
	const char *name;	/* canonical, lower case with dashes or dots */
	const char *alias;	/* a second name, or NULL */
	const char *args;	/* what follows, e.g. "NAME…"; "" if nothing */
	const char *help;	/* one sentence, no full stop */
};

struct table {
	const void *base;
	size_t count, stride;
};

/* rows: an array of structs whose first member is a struct row. */
#define TABLE(rows) { (rows), ARRAY_LEN(rows), sizeof((rows)[0]) }

const struct row *table_row(const struct table *t, size_t idx);
/* By name or alias; NULL if there is none. */
const struct row *table_find(const struct table *t, const char *name);
/* By name, alias or a prefix that fits exactly one row. */
const struct row *table_match(const struct table *t, const char *name);
int	table_index(const struct table *t, const struct row *r);
/* Word n, from 0, of what args lists: "a b" or "a | b"; *len bytes of it count,
 * 0 behind the last one. */
const char *table_word(const char *args, size_t n, size_t *len);
/* The row whose name is nearest to a misspelt one; NULL if none is near. */
const struct row *table_suggest(const struct table *t, const char *name);

/*
 * Edit distance with transpositions (optimal string alignment), at most max;
 * max + 1 when it is larger.  Words over 64 bytes are never near.
 */
int	table_distance(const char *a, const char *b, int max);
/* The one of count words that is nearest to word and near enough, or NULL. */
const char *table_nearest(const char *word, const char *const *words,
			  size_t count);

#endif
