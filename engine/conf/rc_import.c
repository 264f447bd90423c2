#include "rcstate.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/units.h"
#include "import_find.h"
#include "setfile.h"

/* One "import" line while its processes are made. */
struct importing {
	struct rcload *ld;
	const struct rc_stmt *s;
	const struct rcload_file *file;
	const struct rcload_file *env;	/* .env beside it, or NULL */
	struct import *im;
	char **patterns;	/* of names, NULL-terminated; NULL: all */
	bool *used;		/* as many: it has matched */
};

/* Where something stands in the imported file. */
static void
place(const struct rcload_file *f, unsigned line, unsigned col,
      unsigned width, struct diag_place *at)
{
	size_t len, from = 0;
	const char *text = rcload_file_text(f, &len);

	*at = (struct diag_place){ .file = rcload_file_name(f) };
	if (line == 0)
		return;
	for (unsigned n = 1; n < line && from < len; n++) {
		const char *nl = memchr(text + from, '\n', len - from);
		from = nl ? (size_t)(nl + 1 - text) : len;
	}
	const char *nl = memchr(text + from, '\n', len - from);
	at->text = text + from;
	at->text_len = nl ? (size_t)(nl - at->text) : len - from;
	if (at->text_len > 0 && at->text[at->text_len - 1] == '\r')
		at->text_len--;
	at->line = line;
	at->col = SBX_MAX(1u, SBX_MIN(col, (unsigned)at->text_len + 1));
	at->width = width;
}

/* "procfile" or "npm": the other formats are not for a line of sbxrc. */
static int
format(struct rcload *ld, const struct rc_word *w)
{
	int f = import_format_find(w->text);

	if (f == IMPORT_PROCFILE || f == IMPORT_NPM)
		return f;
	if (f >= 0) {
		rc_wrong(ld, w, "'%s' cannot be imported", w->text);
		rc_hint(ld, "'sbx init --from %s' makes an sbxrc of it",
			w->text);
	} else {
		(void)rc_choice(ld, w, 0, "procfile | npm");
	}
	return -1;
}

static void
split_patterns(struct importing *imp, const char *text)
{
	size_t n = 0;

	imp->patterns = mem_array(strlen(text) + 2, sizeof(char *));
	imp->used = mem_array(strlen(text) + 2, sizeof(bool));
	while (*text) {
		size_t len = strcspn(text, ",");
		if (len > 0)
			imp->patterns[n++] = mem_strn(text, len);
		text += len + (text[len] == ',');
	}
}

/* Names of scripts are meant without the "npm:" that sbx puts before. */
static bool
is_named(struct importing *imp, const struct import_proc *p)
{
	const char *said = strncmp(p->said, "npm:", 4) == 0 ? p->said + 4 :
		p->said;
	bool named = false;

	for (size_t i = 0; imp->patterns[i]; i++)
		if (fnmatch(imp->patterns[i], said, 0) == 0 ||
		    strcmp(imp->patterns[i], p->name) == 0)
			named = imp->used[i] = true;
	return named;
}

static void
check_patterns(struct importing *imp)
{
	const char **names = mem_array(imp->im->proc_count + 1,
				       sizeof(*names));
	size_t n = 0;

	for (; n < imp->im->proc_count; n++) {
		const char *said = imp->im->procs[n]->said;
		names[n] = strncmp(said, "npm:", 4) == 0 ? said + 4 : said;
	}
	for (size_t i = 0; imp->patterns && imp->patterns[i]; i++) {
		if (imp->used[i])
			continue;
		rc_wrong(imp->ld, &imp->s->words[3], "there is no '%s' in %s",
			 imp->patterns[i], rcload_file_name(imp->file));
		rc_hint_word(imp->ld, table_nearest(imp->patterns[i], names,
						    n));
	}
	free(names);
}

/* foreman reads it for every process. */
static const struct rcload_file *
env_beside(struct importing *imp, const struct rc_word *at)
{
	char *path = setfile_path(rcload_file_dir(imp->file), NULL, ".env");
	const struct rcload_file *f = access(path, F_OK) < 0 ? NULL :
		rc_open(imp->ld, path, IMPORT_BYTES_MAX, true, at);

	free(path);
	return f;
}

/* The ports are counted from the PORT of the .env file, if it has one. */
static void
set_port(const struct rcload_proc *to, const struct import_proc *p)
{
	struct spec *spec = to->spec;
	uint64_t base = IMPORT_PORT;

	for (size_t i = 0; i < spec->env_count; i++)
		if (strcmp(spec->env[i].name, "PORT") == 0 &&
		    spec->env[i].value)
			(void)units_uint(spec->env[i].value, 1, 65535, &base);
	char *word = mem_fmt("PORT=%u", (unsigned)base + p->port -
			     IMPORT_PORT);
	(void)spec_add_env(spec, word, NULL);
	free(word);
}

static void
add(struct importing *imp, const struct import_proc *p, bool off)
{
	struct rcload *ld = imp->ld;
	bool quiet = ld->quiet;

	if (!rc_may_define(ld, imp->s))
		return;
	struct rcload_proc *to = rc_process_add(ld, p->name,
						rcload_file_name(imp->file),
						p->line);
	place(imp->file, p->line, p->col, p->width, &to->name_at);
	to->spec->command = mem_str(p->command);
	to->spec->autostart = !off;
	rc_set_str(&to->spec->cwd, rcload_file_dir(imp->file));
	to->cwd_given = true;
	to->cwd_at = to->name_at;
	if (imp->env) {
		rc_env_lines(ld, imp->env);
		/* What is wrong in it is told once. */
		ld->quiet = true;
	}
	if (p->port)
		set_port(to, p);
	rc_process_end(ld);
	ld->where = RC_TOP;
	ld->quiet = quiet || imp->env;
}

static void
add_all(struct importing *imp)
{
	struct rcload *ld = imp->ld;
	bool npm = imp->im->format == IMPORT_NPM, quiet = ld->quiet;

	for (size_t i = 0; i < imp->im->proc_count; i++) {
		const struct import_proc *p = imp->im->procs[i];
		bool named = imp->patterns && is_named(imp, p);
		if (p->instead || (imp->patterns && !named && !npm))
			continue;
		add(imp, p, imp->patterns ? !named : p->off);
	}
	ld->quiet = quiet;
	check_patterns(imp);
	/* Hooks of npm are no mistake; a line that is nothing may be one. */
	for (size_t i = 0; i < imp->im->note_count && !npm; i++) {
		const struct import_note *n = &imp->im->notes[i];
		struct diag_place at;
		place(imp->file, n->line, 1, 0, &at);
		if (at.text)
			at.width = (unsigned)at.text_len;
		diag_warning(ld->ds, &at, "passed over: %s", n->why);
	}
}

static void
fini(struct importing *imp)
{
	for (size_t i = 0; imp->patterns && imp->patterns[i]; i++)
		free(imp->patterns[i]);
	free(imp->patterns);
	free(imp->used);
	import_free(imp->im);
}

void
rc_do_import(struct rcload *ld, const struct rc_stmt *s)
{
	struct importing imp = { .ld = ld, .s = s };
	int f = format(ld, &s->words[1]);
	const struct rc_word *w = &s->words[s->count > 2 ? 2 : 1];
	struct import_mistake m;
	struct diag_place at;
	size_t len;

	if (f < 0 || !rc_may_define(ld, s))
		return;
	char *path = setfile_path(rcload_file_dir(ld->file), ld->home,
				  s->count > 2 ? w->text :
				  import_row(f)->files[0]);
	imp.file = rc_open(ld, path, IMPORT_BYTES_MAX, true, w);
	free(path);
	if (!imp.file)
		return;
	const char *dir = rcload_file_dir(imp.file);
	const char *text = rcload_file_text(imp.file, &len);
	imp.im = import_parse(f, text, len, f == IMPORT_NPM ?
			      import_runner(dir) : NULL, &m);
	if (!imp.im) {
		place(imp.file, m.line, m.col, 1, &at);
		rc_wrong_at(ld, &at, "%s", m.text);
		return;
	}
	if (f == IMPORT_PROCFILE)
		imp.env = env_beside(&imp, w);
	if (s->count > 3)
		split_patterns(&imp, s->words[3].text);
	add_all(&imp);
	fini(&imp);
}
