#include "strv.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"

/* Between two words; in a word it is escaped, as is the escape itself. */
#define BETWEEN	'\x1f'
#define ESCAPE	'\x1e'
#define SPECIAL	"\x1f\x1e"

enum { ESCAPED = '@' };		/* the byte behind ESCAPE: with this added */

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

static void
pack_word(const char *word, struct buf *out)
{
	for (;;) {
		size_t len = strcspn(word, SPECIAL);
		buf_add(out, word, len);
		word += len;
		if (!*word)
			return;
		buf_addc(out, ESCAPE);
		buf_addc(out, (char)(*word++ + ESCAPED));
	}
}

void
strv_join(char *const *v, struct buf *out)
{
	for (size_t i = 0; v && v[i]; i++) {
		if (i)
			buf_addc(out, BETWEEN);
		pack_word(v[i], out);
	}
}

static char *
unpack_word(const char *text, size_t len)
{
	char *word = mem_strn(text, len), *to = word;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ESCAPE && i + 1 < len)
			*to++ = (char)(text[++i] - ESCAPED);
		else
			*to++ = text[i];
	}
	*to = '\0';
	return word;
}

char **
strv_split(const char *text)
{
	size_t n = 1;

	if (!text[0])
		return NULL;
	for (const char *p = text; (p = strchr(p, BETWEEN)); p++)
		n++;
	char **v = mem_array(n + 1, sizeof *v);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(text, (char [2]){ BETWEEN });
		v[i] = unpack_word(text, len);
		text += len + 1;
	}
	return v;
}
