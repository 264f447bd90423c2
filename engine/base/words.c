#include "words.h"

#include <string.h>

#include "mem.h"

/* What ends a name, what an item with all that belongs to it, and what is
 * between two items. */
struct form {
	const char *name_end, *item_end, *between;
};

static const struct form plain = { " ", " ", " " };
static const struct form dep = { " ,", ",", ", " };

/* The length of the name at *at, which is moved to the next one. */
static size_t
step(const char **at, const struct form *f)
{
	size_t len = *at ? strcspn(*at, f->name_end) : 0;

	if (len) {
		*at += strcspn(*at, f->item_end);
		*at += strspn(*at, f->between);
	}
	return len;
}

static bool
have(const char *text, const char *word, const struct form *f)
{
	size_t want = strlen(word), len;

	for (const char *p = text; (len = step(&text, f)); p = text)
		if (len == want && memcmp(p, word, len) == 0)
			return true;
	return false;
}

static char *
next(const char **at, const struct form *f)
{
	const char *word = *at;
	size_t len = step(at, f);

	return len ? mem_strn(word, len) : NULL;
}

bool
words_have(const char *text, const char *word)
{
	return have(text, word, &plain);
}

char *
words_next(const char **at)
{
	return next(at, &plain);
}

bool
words_have_dep(const char *text, const char *name)
{
	return have(text, name, &dep);
}

char *
words_next_dep(const char **at)
{
	return next(at, &dep);
}
