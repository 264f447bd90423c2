#include "rcload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/units.h"
#include "import_find.h"
#include "option.h"
#include "rcstate.h"
#include "setfile.h"

struct rcload_file {
	char *path;		/* absolute */
	char *shown;		/* in messages: as short as it can be */
	char *dir;
	struct buf text;
	struct setfile_id id;
	bool open;		/* being read: an include of it is a circle */
};

/* Mistakes. */

static void
report(struct rcload *ld, const struct diag_place *at, const char *fmt,
       va_list ap)
{
	char text[600];

	if (ld->proc)
		ld->proc->broken = true;
	if (ld->quiet)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	diag_error(ld->ds, at, "%s", text);
}

void
rc_wrong(struct rcload *ld, const struct rc_word *w, const char *fmt, ...)
{
	struct diag_place at;
	va_list ap;

	rc_place(ld->rc, w, &at);
	va_start(ap, fmt);
	report(ld, &at, fmt, ap);
	va_end(ap);
}

void
rc_wrong_in(struct rcload *ld, const struct rc_word *w, size_t off, size_t len,
	    const char *fmt, ...)
{
	struct diag_place at;
	va_list ap;

	/* A whole word is shown with its quotes. */
	if (off == 0 && len == w->len)
		len = 0;
	rc_place_in(ld->rc, w, off, len, &at);
	va_start(ap, fmt);
	report(ld, &at, fmt, ap);
	va_end(ap);
}

void
rc_wrong_at(struct rcload *ld, const struct diag_place *at, const char *fmt,
	    ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(ld, at, fmt, ap);
	va_end(ap);
}

void
rc_hint(struct rcload *ld, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	if (ld->quiet)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_hint(ld->ds, "%s", text);
}

void
rc_hint_word(struct rcload *ld, const char *near)
{
	if (near)
		rc_hint(ld, "did you mean '%s'?", near);
}

/* Variables, and how the next word is read. */

static const char *
variable(const char *name, void *arg)
{
	struct rcload *ld = arg;
	size_t len = strlen(name);

	for (size_t i = ld->let_count; i > 0; i--)
		if (strcmp(ld->lets[i - 1].name, name) == 0)
			return ld->lets[i - 1].value;
	for (char *const *e = ld->rq->environment; e && *e; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return *e + len + 1;
	return NULL;
}

/* A misspelt word is read like the one that was meant.  A file that is no
 * sbxrc at all is not worth the search at each of its lines. */
static const struct rc_word_row *
meant(const struct rcload *ld, const char *word)
{
	const struct rc_word_row *row = rc_word_find(word);

	if (row || ld->where == RC_SKIP ||
	    diags_errors(ld->ds) > 10 * DIAG_MAX)
		return row;
	return rc_word_suggest(word, ld->where);
}

static enum rc_expect
expect(const struct rc_stmt *s, void *arg)
{
	struct rcload *ld = arg;
	enum rc_expect how = RC_EXPECT_WORD;

	if (s->count == 1)
		ld->meant = meant(ld, s->words[0].text);
	const struct rc_word_row *row = ld->meant;

	if (!row)
		return RC_EXPECT_SKIP;
	if (row->expect)
		how = row->expect(s);
	else if (row->raw_after == s->count)
		how = row->flags & RC_BLOCK ? RC_EXPECT_RAW_OR_BLOCK :
			RC_EXPECT_RAW;
	if (strcmp(row->row.name, s->words[0].text) != 0)
		how |= RC_EXPECT_QUIET;
	return how;
}

/* Files. */

const char *
rcload_file_text(const struct rcload_file *f, size_t *len)
{
	*len = f->text.len;
	return buf_str(&f->text);
}

const char *
rcload_file_name(const struct rcload_file *f)
{
	return f->shown;
}

const char *
rcload_file_dir(const struct rcload_file *f)
{
	return f->dir;
}

static char *
dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? mem_str("/") :
		mem_strn(path, (size_t)(slash - path));
}

static char *
shown_name(const struct rcload *ld, const char *path)
{
	size_t len = strlen(ld->here);

	if (strncmp(path, ld->here, len) == 0 && path[len] == '/')
		path += len + 1;
	return mem_str(path);
}

struct rcload_file *
rc_open(struct rcload *ld, const char *path, size_t max, bool checked,
	const struct rc_word *at)
{
	struct rcload_file *f = mem_alloc(sizeof(*f));
	struct err e = ERR_INIT;
	unsigned flags = 0;

	if (checked && !ld->rq->trusted)
		flags |= SETFILE_CHECK;
	if (checked && !at && !ld->rq->trusted &&
	    ld->layer >= RC_LAYER_PROJECT)
		flags |= SETFILE_REAL;
	f->path = setfile_path(ld->here, NULL, path);
	f->shown = shown_name(ld, f->path);
	f->dir = dir_of(f->path);
	buf_init(&f->text, max);
	ld->files = mem_grow(ld->files, ld->file_count, ld->file_count + 1,
			     sizeof(struct rcload_file *));
	ld->files[ld->file_count++] = f;
	if (ld->file_count > RC_FILES_MAX)
		err_set(&e, ERR_USAGE, "more than %d files", RC_FILES_MAX);
	else if (setfile_read(f->shown, flags, &f->text, &f->id, &e) == 0)
		return f;
	if (at)
		rc_wrong(ld, at, "%s", e.text);
	else
		rc_wrong_at(ld, &(struct diag_place){ .file = f->shown },
			    "%s", e.text);
	if (e.hint[0])
		rc_hint(ld, "%s", e.hint);
	return NULL;
}

bool
rc_is_open(const struct rcload *ld, const struct rcload_file *f)
{
	for (size_t i = 0; i < ld->file_count; i++)
		if (ld->files[i] != f && ld->files[i]->open &&
		    ld->files[i]->id.dev == f->id.dev &&
		    ld->files[i]->id.ino == f->id.ino)
			return true;
	return false;
}

/* Statements. */

static const char *
place_name(const struct rcload *ld, char out[SPEC_NAME_MAX + 32])
{
	switch (ld->where) {
	case RC_PROCESS:
		snprintf(out, SPEC_NAME_MAX + 32, "in process '%.*s'",
			 SPEC_NAME_MAX, ld->proc->spec->name);
		return out;
	case RC_GROUP:
		snprintf(out, SPEC_NAME_MAX + 32, "in group '%.*s'",
			 SPEC_NAME_MAX, ld->group->group.name);
		return out;
	case RC_DEFAULTS:
		return "in defaults";
	case RC_KEYS:
		return "in a file of keys";
	default:
		return "at top level";
	}
}

/* "cmd=npm start" and "web: npm start" are what other languages write. */
static bool
hint_other_language(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[0];
	const char *eq = strchr(w->text, '=');
	char *key = eq ? mem_strn(w->text, (size_t)(eq - w->text)) : NULL;
	const struct rc_word_row *row = key ? rc_word_find(key) : NULL;
	bool hinted = false;

	if (row && (row->where & ld->where)) {
		const char *rest = s->count > 1 ? s->words[1].text : "";
		const char *blank = rest[0] ? " " : "";
		rc_hint(ld, "no '=' here: write '%s %s%s%s', not '%s%s%s'",
			key, eq + 1, blank, rest, w->text, blank, rest);
		hinted = true;
	} else if (ld->where == RC_TOP && w->len > 1 &&
		   w->text[w->len - 1] == ':') {
		rc_hint(ld, "this looks like a Procfile line: 'process %.*s "
			"COMMAND', or 'import procfile %s'", (int)w->len - 1,
			w->text, ld->file->shown);
		hinted = true;
	}
	free(key);
	return hinted;
}

static void
misplaced(struct rcload *ld, const struct rc_stmt *s,
	  const struct rc_word_row *row)
{
	char place[SPEC_NAME_MAX + 32];

	rc_wrong(ld, &s->words[0], "'%s' is not allowed %s", row->row.name,
		 place_name(ld, place));
	if (ld->where == RC_KEYS)
		rc_hint(ld, "it has lines of bind, unbind and 'set leave'");
	else if (row->where & RC_PROCESS)
		rc_hint(ld, "put it between 'process NAME {' and '}'");
	else if (row->where & RC_GROUP)
		rc_hint(ld, "put it between 'group NAME {' and '}'");
	else if (row->where & RC_TOP)
		rc_hint(ld, "put it outside of '{' and '}'");
	else
		rc_hint(ld, "it belongs in a theme file, themes/NAME.theme");
}

static bool
right_count(struct rcload *ld, const struct rc_stmt *s,
	    const struct rc_word_row *row)
{
	unsigned words = (unsigned)s->count - 1;

	if (words < row->min) {
		rc_wrong(ld, &s->words[0], "'%s' needs %s", row->row.name,
			 row->row.args);
		return false;
	}
	if (words <= row->max || (row->flags & RC_LIST))
		return true;
	const struct rc_word *extra = &s->words[row->max + 1];
	rc_wrong(ld, extra, "too many words after '%s'", row->row.name);
	if (extra->text[0] == '#')
		rc_hint(ld, "a comment after a directive needs a space: "
			"'# like this'");
	return false;
}

/* The second of two lines that can only be one. */
static bool
first_time(struct rcload *ld, const struct rc_stmt *s,
	   const struct rc_word_row *row)
{
	unsigned *seen = ld->proc ? ld->proc->seen :
		ld->group ? ld->group->seen : NULL;
	char place[SPEC_NAME_MAX + 32];

	if (!seen || !(row->flags & RC_ONCE))
		return true;
	seen += rc_word_index(row);
	if (*seen) {
		rc_wrong(ld, &s->words[0], "'%s' is given twice %s",
			 row->row.name, place_name(ld, place));
		rc_hint(ld, "the first one is on line %u", *seen);
		return false;
	}
	*seen = s->words[0].line;
	return true;
}

static void
set_plain(struct rcload *ld, const struct rc_stmt *s,
	  const struct rc_word_row *row)
{
	void *member = (char *)ld->proc->spec + row->offset;
	const struct rc_word *w = &s->words[1];
	uint64_t n;
	int choice;

	switch (row->value) {
	case RC_BOOL:
		if (units_bool(w->text, member) < 0)
			rc_wrong(ld, w, "expected yes or no");
		break;
	case RC_UINT:
		if (rc_uint(ld, w, 0, (uint64_t)row->least,
			    (uint64_t)row->most, &n))
			*(unsigned *)member = (unsigned)n;
		break;
	case RC_DURATION:
		if (!rc_duration(ld, w, 0, &n))
			break;
		if (n < (uint64_t)row->least)
			rc_wrong(ld, w, "this time is too short");
		*(uint64_t *)member = n;
		break;
	case RC_SIZE:		/* of log.keep alone */
		if (!rc_size(ld, w, 0, &n))
			break;
		if (n < (uint64_t)row->least)
			rc_wrong(ld, w, "this size is too small");
		*(uint64_t *)member = n;
		rc_place(ld->rc, w, &ld->proc->keep_at);
		break;
	case RC_TEXT:
		rc_set_str(member, w->text);
		break;
	case RC_CHOICE:
		choice = rc_choice(ld, w, 0, row->row.args);
		if (choice >= 0)
			*(int *)member = choice;
		break;
	case RC_EITHER:
		choice = rc_choice(ld, w, 0, row->row.args);
		if (choice >= 0)
			*(bool *)member = choice;
		break;
	case RC_FN:
		break;
	}
}

/* One statement whose word is known and in its place. */
static void
perform(struct rcload *ld, const struct rc_stmt *s,
	const struct rc_word_row *row)
{
	if (s->opens && !(row->flags & RC_BLOCK)) {
		rc_wrong(ld, &s->words[0], "'%s' opens no block",
			 row->row.name);
		return;
	}
	if (!right_count(ld, s, row) || !first_time(ld, s, row))
		return;
	if (row->fn)
		row->fn(ld, s);
	else if (ld->proc)
		set_plain(ld, s, row);
}

static void
unknown(struct rcload *ld, const struct rc_stmt *s,
	const struct rc_word_row *near)
{
	char place[SPEC_NAME_MAX + 32];

	rc_wrong(ld, &s->words[0], "unknown word '%s' %s", s->words[0].text,
		 place_name(ld, place));
	if (!hint_other_language(ld, s))
		rc_hint_word(ld, near ? near->row.name : NULL);
}

/* In the wrong place, or misspelt: its effect is taken all the same, in
 * silence, so that one mistake is one message. */
static void
statement(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word_row *row = rc_word_find(s->words[0].text);
	unsigned where = ld->where;
	bool quiet = s->bad;

	/* A process never stands inside of anything: a '}' is missing. */
	if (row && row->fn == rc_do_process && where != RC_TOP &&
	    where != RC_KEYS) {
		rc_process_end(ld);
		ld->where = RC_TOP;
		ld->group = NULL;
		rc_close_missing(ld->rc);
		where = RC_TOP;
	}
	if (s->bad && ld->proc)
		ld->proc->broken = true;
	if (!row && !s->bad) {
		row = meant(ld, s->words[0].text);
		unknown(ld, s, row);
		quiet = true;
	} else if (row && !(row->where & ld->where)) {
		if (!s->bad)
			misplaced(ld, s, row);
		row = NULL;
	}
	ld->quiet = quiet;
	if (row)
		perform(ld, s, row);
	ld->quiet = false;
	/* Whatever could not make sense of its block leaves it to nobody. */
	if (s->opens && ld->where == where) {
		ld->skipped = where;
		ld->where = RC_SKIP;
	}
}

static void
close_block(struct rcload *ld)
{
	if (ld->where == RC_SKIP) {
		ld->where = ld->skipped;
		return;
	}
	rc_process_end(ld);
	ld->group = NULL;
	ld->where = RC_TOP;
}

void
rc_read_file(struct rcload *ld, struct rcload_file *f)
{
	const struct rc_hooks hooks = { expect, variable, ld };
	struct rc *outer_rc = ld->rc;
	struct rcload_file *outer = ld->file;
	const struct rc_stmt *s;
	enum rc_event ev;
	unsigned depth = 0;

	ld->rc = rc_new(f->shown, buf_str(&f->text), f->text.len, &hooks,
			ld->ds);
	ld->file = f;
	f->open = true;
	while ((ev = rc_next(ld->rc, &s)) != RC_END) {
		if (ld->where == RC_SKIP) {
			depth += ev == RC_STMT && s->opens;
			if (ev == RC_CLOSE && depth-- == 0) {
				depth = 0;
				close_block(ld);
			}
		} else if (ev == RC_CLOSE) {
			close_block(ld);
		} else {
			statement(ld, s);
		}
	}
	/* A reader that gave up may have left blocks open. */
	ld->where = RC_TOP;
	ld->proc = NULL;
	ld->group = NULL;
	f->open = false;
	rc_free(ld->rc);
	ld->rc = outer_rc;
	ld->file = outer;
}

/*
 * A Procfile or a package.json in the place of the sbxrc, which only a person
 * can name, is a set of one line that imports it.
 */
static void
read_foreign(struct rcload *ld, enum import_format format, const char *path)
{
	struct rcload_file *f = mem_alloc(sizeof(*f));

	f->path = mem_str(path);
	f->shown = shown_name(ld, path);
	f->dir = dir_of(path);
	buf_init(&f->text, RC_FILE_MAX);
	buf_addf(&f->text, "import %s '%s'\n", import_row(format)->row.name,
		 strrchr(path, '/') + 1);
	ld->files = mem_grow(ld->files, ld->file_count, ld->file_count + 1,
			     sizeof(struct rcload_file *));
	ld->files[ld->file_count++] = f;
	rc_read_file(ld, f);
}

/* One of the files that are looked for.  needed: it has to be there. */
static void
read_layer(struct rcload *ld, int layer, const char *path, bool needed)
{
	ld->layer = layer;
	if (!needed && access(path, F_OK) < 0)
		return;
	int format = layer == RC_LAYER_PROJECT && ld->rq->trusted ?
		     import_format_of(path) : -1;
	if (format >= 0) {
		read_foreign(ld, (enum import_format)format, path);
		return;
	}
	struct rcload_file *f = rc_open(ld, path, RC_FILE_MAX, true, NULL);
	if (f)
		rc_read_file(ld, f);
}

static void
read_user(struct rcload *ld)
{
	const char *config = variable("XDG_CONFIG_HOME", ld);
	char *path = NULL;

	if (config && config[0] == '/')
		path = mem_fmt("%s/sbx/sbxrc", config);
	else if (ld->home)
		path = mem_fmt("%s/.config/sbx/sbxrc", ld->home);
	if (path)
		read_layer(ld, RC_LAYER_USER, path, false);
	free(path);
}

static void
read_all(struct rcload *ld)
{
	const struct set_request *rq = ld->rq;
	const char *system = rq->system_file ? rq->system_file :
		"/etc/sbx/sbxrc";

	if (!rq->alone) {
		read_layer(ld, RC_LAYER_SYSTEM, system, false);
		read_user(ld);
	}
	if (!ld->set->path)
		return;
	char *shown = shown_name(ld, ld->set->path);
	diags_title(ld->ds, shown);
	free(shown);
	read_layer(ld, RC_LAYER_PROJECT, ld->set->path, true);
	if (rq->alone)
		return;
	char *local = mem_fmt("%s.local", ld->set->path);
	read_layer(ld, RC_LAYER_LOCAL, local, false);
	free(local);
}

static void
fini(struct rcload *ld)
{
	for (size_t i = 0; i < ld->file_count; i++) {
		free(ld->files[i]->path);
		free(ld->files[i]->shown);
		free(ld->files[i]->dir);
		buf_fini(&ld->files[i]->text);
		free(ld->files[i]);
	}
	free(ld->files);
	for (size_t i = 0; i < ld->proc_count; i++)
		rc_proc_free(ld->procs[i]);
	free(ld->procs);
	rc_proc_free(ld->defaults);
	for (size_t i = 0; i < ld->group_count; i++)
		rc_group_free(ld->groups[i]);
	free(ld->groups);
	for (size_t i = 0; i < ld->let_count; i++) {
		free(ld->lets[i].name);
		free(ld->lets[i].value);
	}
	free(ld->lets);
	free(ld->here);
	set_free(ld->set);
}

static char *
working_dir(void)
{
	char *dir = getcwd(NULL, 0);

	return dir ? dir : mem_str("/");
}

/* Absolute paths of every file that was read, for noticing their edits. */
static char **
file_list(const struct rcload *ld)
{
	char **list = mem_array(ld->file_count + 1, sizeof(*list));

	for (size_t i = 0; i < ld->file_count; i++)
		list[i] = mem_str(ld->files[i]->path);
	return list;
}

int
set_load(const struct set_request *rq, struct set **set, struct diags *ds)
{
	struct rcload ld = { .rq = rq, .ds = ds, .where = RC_TOP };

	ld.here = working_dir();
	ld.home = variable("HOME", &ld);
	ld.set = mem_alloc(sizeof(*ld.set));
	ld.set->options = options_new();
	ld.set->path = rq->path ? setfile_path(ld.here, NULL, rq->path) : NULL;
	ld.set->dir = rq->base ? mem_str(rq->base) :
		rq->path ? dir_of(ld.set->path) :
		mem_str(rq->dir ? rq->dir : ld.here);
	ld.defaults = rc_proc_new(NULL);
	/* Not given yet: a setting decides, and it may come later. */
	ld.defaults->spec->log_keep_bytes = 0;
	read_all(&ld);
	rc_finish(&ld);
	int rc = diags_errors(ds) == 0 ? 0 : -1;
	if (rc == 0 || (rq->guess && ld.set->spec_count > 0)) {
		ld.set->files = file_list(&ld);
		*(rc == 0 ? set : rq->guess) = ld.set;
		ld.set = NULL;
	}
	fini(&ld);
	return rc;
}
