#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64 };

static const char between_words[] = " |";

const struct row *
table_row(const struct table *t, size_t idx)
{
	return (const void *)((const char *)t->base + idx * t->stride);
}

int
table_index(const struct table *t, const struct row *r)
{
	return (int)((size_t)((const char *)r - (const char *)t->base) /
		     t->stride);
}

const char *
table_word(const char *args, size_t n, size_t *len)
{
	while (n-- > 0) {
		args += strcspn(args, between_words);
		args += strspn(args, between_words);
	}
	*len = strcspn(args, between_words);
	return args;
}

const struct row *
table_find(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct row *r = table_row(t, i);
		if (strcmp(r->name, name) == 0 ||
		    (r->alias && strcmp(r->alias, name) == 0))
			return r;
	}
	return NULL;
}

const struct row *
table_match(const struct table *t, const char *name)
{
	const struct row *found = table_find(t, name);
	size_t len = strlen(name);
	if (found || len == 0)
		return found;
	for (size_t i = 0; i < t->count; i++) {
		const struct row *r = table_row(t, i);
		if (strncmp(r->name, name, len) != 0)
			continue;
		if (found)
			return NULL;
		found = r;
	}
	return found;
}

int
table_distance(const char *a, const char *b, int max)
{
	size_t la = strlen(a), lb = strlen(b);
	int d[3][WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return max + 1;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (int)j;
	for (size_t i = 1; i <= la; i++) {
		int *row = d[i % 3], *up = d[(i - 1) % 3];
		int *up2 = d[(i + 1) % 3];
		row[0] = (int)i;
		for (size_t j = 1; j <= lb; j++) {
			int best = up[j - 1] + (a[i - 1] != b[j - 1]);
			best = SBX_MIN(best, up[j] + 1);
			best = SBX_MIN(best, row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = SBX_MIN(best, up2[j - 2] + 1);
			row[j] = best;
		}
	}
	int distance = d[la % 3][lb];
	return distance > max ? max + 1 : distance;
}

/* A third of the word may be wrong, and at least one letter. */
static int
near_enough(const char *word)
{
	int allowed = (int)strlen(word) / 3;

	/* Every word of one letter is near to none. */
	if (!*word)
		return -1;
	return SBX_MIN(SBX_MAX(allowed, 1), 3);
}

const char *
table_nearest(const char *word, const char *const *words, size_t count)
{
	int best = near_enough(word) + 1;
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		int distance = table_distance(word, words[i], best);
		if (distance < best) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}

const struct row *
table_suggest(const struct table *t, const char *name)
{
	int best = near_enough(name) + 1;
	const struct row *found = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const struct row *r = table_row(t, i);
		int distance = table_distance(name, r->name, best);
		if (r->alias)
			distance = SBX_MIN(distance, table_distance(
						   name, r->alias, best));
		if (distance < best) {
			best = distance;
			found = r;
		}
	}
	return found;
}
