#include "strv.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

size_t
strv_count(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

bool
strv_has(char *const *v, const char *word)
{
	while (v && *v && strcmp(*v, word) != 0)
		v++;
	return v && *v;
}

bool
strv_equal(char *const *a, char *const *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

char **
strv_dup(char *const *v)
{
	size_t n = strv_count(v);

	if (!v)
		return NULL;
	char **copy = mem_array(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_str(v[i]);
	return copy;
}

char **
strv_add(char **v, const char *word)
{
	size_t n = strv_count(v);

	v = mem_grow(v, v ? n + 1 : 0, n + 2, sizeof(*v));
	v[n] = mem_str(word);
	return v;
}

void
strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}
