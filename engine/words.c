#include "words.h"

#include <string.h>

#include "mem.h"

/* The length of the word at *at, which is moved behind it. */
static size_t
step(const char **at)
{
	size_t len = *at ? strcspn(*at, " ") : 0;

	if (len)
		*at += len + ((*at)[len] == ' ');
	return len;
}

bool
words_have(const char *text, const char *word)
{
	size_t want = strlen(word), len;

	for (const char *p = text; (len = step(&text)); p = text)
		if (len == want && memcmp(p, word, len) == 0)
			return true;
	return false;
}

char *
words_next(const char **at)
{
	const char *word = *at;
	size_t len = step(at);

	return len ? mem_strn(word, len) : NULL;
}
