#include "rcstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/units.h"
#include "setfile.h"

static const char *
tail(const struct rc_word *w, size_t off)
{
	return w->text + off;
}

#define WRONG(ld, w, off, ...)                                                 \
	rc_wrong_in((ld), (w), (off), (w)->len - (off), __VA_ARGS__)

bool
rc_duration(struct rcload *ld, const struct rc_word *w, size_t off,
	    uint64_t *ms)
{
	uint64_t plain;
	int rc = units_duration(tail(w, off), ms);

	if (rc == 0)
		return true;
	if (rc == -ERANGE) {
		WRONG(ld, w, off, "this time is too long");
		return false;
	}
	WRONG(ld, w, off, "expected a time like 500ms, 3s or 2m");
	if (units_uint(tail(w, off), 0, UINT64_MAX, &plain) == 0)
		rc_hint(ld, "a time needs a unit: %ss", tail(w, off));
	return false;
}

bool
rc_size(struct rcload *ld, const struct rc_word *w, size_t off,
	uint64_t *bytes)
{
	int rc = units_size(tail(w, off), bytes);

	if (rc == 0)
		return true;
	if (rc == -ERANGE)
		WRONG(ld, w, off, "this size is too large");
	else
		WRONG(ld, w, off, "expected a size like 64K, 32M or 1G");
	return false;
}

bool
rc_uint(struct rcload *ld, const struct rc_word *w, size_t off,
	uint64_t least, uint64_t most, uint64_t *out)
{
	if (units_uint(tail(w, off), least, most, out) == 0)
		return true;
	WRONG(ld, w, off, "expected a number from %llu to %llu",
	      (unsigned long long)least, (unsigned long long)most);
	return false;
}

bool
rc_name(struct rcload *ld, const struct rc_word *w)
{
	struct err e = ERR_INIT;

	if (spec_name_check(w->text, &e) == 0)
		return true;
	rc_wrong(ld, w, "%s", e.text);
	if (e.hint[0])
		rc_hint(ld, "%s", e.hint);
	return false;
}

int
rc_choice(struct rcload *ld, const struct rc_word *w, size_t off,
	  const char *choices)
{
	const char *words[16], *text = tail(w, off);
	size_t count = 0, len;
	int found = -1;

	for (; count < ARRAY_LEN(words); count++) {
		const char *word = table_word(choices, count, &len);
		if (len == 0)
			break;
		words[count] = mem_strn(word, len);
	}
	for (size_t i = 0; i < count && found < 0; i++)
		if (strcmp(words[i], text) == 0)
			found = (int)i;
	if (found < 0) {
		WRONG(ld, w, off, "expected one of: %s", choices);
		rc_hint_word(ld, table_nearest(text, words, count));
	}
	while (count > 0)
		free((char *)(uintptr_t)words[--count]);
	return found;
}

size_t
rc_option(const struct rc_word *w, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(w->text, name, len) != 0 || w->text[len] != '=')
		return 0;
	return len + 1;
}

void
rc_set_str(char **to, const char *value)
{
	char *copy = mem_str(value);

	free(*to);
	*to = copy;
}

char *
rc_path(const struct rcload *ld, const char *text)
{
	return setfile_path(ld->set->dir, ld->home, text);
}
