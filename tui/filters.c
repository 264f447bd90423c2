#include "filters.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/log/logread.h"
#include "engine/log/strip.h"

enum { FILTERS_MAX = 8, LINE_MAX_BYTES = 64 * 1024 };

struct filter {
	struct regex *re;
	bool hide;
	char *text;		/* as it was given */
};

struct filters {
	struct filter rows[FILTERS_MAX];
	size_t count;
	char *text;
	char scratch[LINE_MAX_BYTES];
};

struct filters *
filters_new(void)
{
	return mem_alloc(sizeof(struct filters));
}

void
filters_free(struct filters *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		regex_free(f->rows[i].re);
		free(f->rows[i].text);
	}
	free(f->text);
	free(f);
}

static void
changed(struct filters *f)
{
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < f->count; i++)
		buf_addf(&b, "%s&%s", i ? " " : "", f->rows[i].text);
	free(f->text);
	f->text = buf_take(&b);
}

int
filters_add(struct filters *f, const char *text, struct err *e)
{
	bool hide = text[0] == '!';
	const char *pattern = text + hide;

	if (!*pattern)
		return err_set(e, ERR_USAGE, "a filter needs a pattern");
	if (f->count == FILTERS_MAX)
		return err_set(e, ERR_USAGE, "there are %d filters already",
			       FILTERS_MAX);
	struct regex *re = regex_new(pattern, strlen(pattern), 0, e, NULL);
	if (!re)
		return -1;
	f->rows[f->count++] = (struct filter){ re, hide, mem_str(text) };
	changed(f);
	return 0;
}

const char *
filters_get(struct filters *f, size_t idx)
{
	return idx < f->count ? f->rows[idx].text : NULL;
}

bool
filters_drop(struct filters *f)
{
	if (f->count > 0) {
		struct filter *last = &f->rows[--f->count];
		regex_free(last->re);
		free(last->text);
		changed(f);
	}
	return f->count > 0;
}

bool
filters_any(const struct filters *f)
{
	return f->count > 0;
}

const char *
filters_text(const struct filters *f)
{
	return f->text ? f->text : "";
}

bool
filters_match(struct filters *f, struct regex *re, const struct logline *l)
{
	const char *text = l->text;
	size_t len = SBX_MIN(l->len, sizeof(f->scratch));

	if (strip_needed(text, len)) {
		len = strip_text(text, len, f->scratch);
		text = f->scratch;
	}
	return regex_match(re, text, len, 0, NULL) == REGEX_MATCH;
}

bool
filters_pass(struct filters *f, const struct logline *l)
{
	if (l->flags & LOGLINE_GAP)
		return true;
	for (size_t i = 0; i < f->count; i++)
		if (filters_match(f, f->rows[i].re, l) == f->rows[i].hide)
			return false;
	return true;
}
