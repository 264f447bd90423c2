#include "rcstate.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "option.h"
#include "setfile.h"

#define FORMAT 1		/* of the file, for "require" */

void
rc_do_require(struct rcload *ld, const struct rc_stmt *s)
{
	uint64_t n;

	if (rc_uint(ld, &s->words[1], 0, 1, 1000000, &n) && n > FORMAT) {
		rc_wrong(ld, &s->words[1], "this file needs format %s, this "
			 "sbx knows up to %d", s->words[1].text, FORMAT);
		rc_hint(ld, "use a newer sbx");
	}
}

/* Words from idx on, joined by one space; caller frees. */
static char *
join(const struct rc_stmt *s, size_t idx)
{
	struct buf text = BUF_INIT(RC_WORD_MAX);

	for (; idx < s->count; idx++) {
		if (text.len > 0)
			(void)buf_addc(&text, ' ');
		(void)buf_adds(&text, s->words[idx].text);
	}
	return buf_take(&text);
}

static bool
takes_words(const struct option_row *row)
{
	return row->type == OPTION_COLUMNS || row->type == OPTION_TEXT;
}

void
rc_do_set(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *key = &s->words[1];
	struct err e = ERR_INIT;
	const struct option_row *row = option_get(key->text, &e);

	if (!row) {
		rc_wrong(ld, key, "%s", e.text);
		if (e.hint[0])
			rc_hint(ld, "%s", e.hint);
		return;
	}
	if (!row->built && !ld->rq->all_words) {
		rc_wrong(ld, key, "'set %s' is not built yet in this version",
			 key->text);
		return;
	}
	if (ld->where == RC_KEYS && row != &option_rows[OPTION_LEAVE]) {
		rc_wrong(ld, key, "'set %s' is not allowed in a file of keys",
			 key->text);
		return;
	}
	if (s->count > 3 && !takes_words(row)) {
		rc_wrong(ld, &s->words[3], "too many words after 'set %s'",
			 key->text);
		if (s->words[3].text[0] == '#')
			rc_hint(ld, "a comment after a directive needs a "
				"space: '# like this'");
		return;
	}
	char *value = join(s, 2);
	if (options_set(ld->set->options, row, value, &e) < 0) {
		rc_wrong(ld, &s->words[2], "%s", e.text);
		if (e.hint[0])
			rc_hint(ld, "%s", e.hint);
	} else if (row == &option_rows[OPTION_LOG_KEEP] ||
		   strncmp(key->text, "limit.", 6) == 0) {
		rc_place(ld->rc, &s->words[2], &ld->limit_at);
	} else if (row == &option_rows[OPTION_THEME]) {
		rc_set_theme(ld, &s->words[2], value);
	} else if (row == &option_rows[OPTION_KEYS]) {
		rc_set_keys(ld, &s->words[2], value);
	}
	free(value);
}

static bool
is_variable_name(const char *name)
{
	if (!name[0] || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') ||
		      (*name >= 'A' && *name <= 'Z') ||
		      (*name >= '0' && *name <= '9') || *name == '_'))
			return false;
	return true;
}

void
rc_do_let(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[1];

	if (!is_variable_name(w->text)) {
		rc_wrong(ld, w, "'%s' is no name for a variable", w->text);
		rc_hint(ld, "letters, digits and '_', no digit first");
		return;
	}
	for (size_t i = 0; i < ld->let_count; i++)
		if (strcmp(ld->lets[i].name, w->text) == 0) {
			rc_set_str(&ld->lets[i].value, s->words[2].text);
			return;
		}
	if (ld->let_count == RC_LETS_MAX) {
		rc_wrong(ld, w, "more than %d names", RC_LETS_MAX);
		return;
	}
	ld->lets = mem_grow(ld->lets, ld->let_count, ld->let_count + 1,
			    sizeof(*ld->lets));
	ld->lets[ld->let_count++] = (struct rcload_let){
		mem_str(w->text), mem_str(s->words[2].text)
	};
}

static void
include_one(struct rcload *ld, const struct rc_word *w, const char *path)
{
	struct rcload_file *f = rc_open(ld, path, RC_FILE_MAX, true, w);

	if (!f)
		return;
	if (rc_is_open(ld, f)) {
		rc_wrong(ld, w, "'%s' includes itself", rcload_file_name(f));
		return;
	}
	ld->depth++;
	rc_read_file(ld, f);
	ld->depth--;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
rc_do_include(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[1];
	bool optional = s->count > 2;
	glob_t found = { 0 };

	if (optional && rc_choice(ld, &s->words[2], 0, "optional") < 0)
		return;
	if (ld->depth == RC_INCLUDES_MAX) {
		rc_wrong(ld, w, "more than %d files inside each other",
			 RC_INCLUDES_MAX);
		return;
	}
	char *path = setfile_path(rcload_file_dir(ld->file), ld->home,
				  w->text);
	if (!strpbrk(w->text, "*?[")) {
		if (!optional || access(path, F_OK) == 0)
			include_one(ld, w, path);
	} else if (glob(path, GLOB_NOSORT, NULL, &found) == 0) {
		/* glob() sorts by locale, which differs between people. */
		qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), by_name);
		for (size_t i = 0; i < found.gl_pathc; i++)
			include_one(ld, w, found.gl_pathv[i]);
		globfree(&found);
	} else if (!optional) {
		rc_wrong(ld, w, "no file matches '%s'", w->text);
		rc_hint(ld, "write 'optional' behind it if there may be none");
	}
	free(path);
}
