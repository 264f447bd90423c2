#include "import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "rcstate.h"
#include "spec/spec.h"

/* Of one process, so that a definition always fits where it is sent. */
#define PROC_BYTES_MAX 100000

static const char *const procfile_files[] = {
	"Procfile", "Procfile.dev", NULL
};
static const char *const npm_files[] = { "package.json", NULL };
static const char *const compose_files[] = {
	"compose.yaml", "compose.yml", "docker-compose.yml",
	"docker-compose.yaml", NULL
};
static const char *const mprocs_files[] = {
	"mprocs.yaml", "mprocs.yml", "mprocs.json", NULL
};
static const char *const pcompose_files[] = {
	"process-compose.yaml", "process-compose.yml", NULL
};

#define ROW(name, help) { (name), NULL, "", (help) }

static const struct import_row formats[IMPORT_FORMATS] = {
	[IMPORT_PROCFILE] = {
		ROW("procfile", "NAME: COMMAND lines, as foreman reads them"),
		import_procfile, procfile_files },
	[IMPORT_NPM] = {
		ROW("npm", "the scripts of a package.json"),
		import_npm, npm_files },
	[IMPORT_COMPOSE] = {
		ROW("compose", "services of a compose file that run commands "
		    "of this directory"),
		import_compose, compose_files },
	[IMPORT_MPROCS] = {
		ROW("mprocs", "an mprocs.yaml"),
		import_mprocs, mprocs_files },
	[IMPORT_PCOMPOSE] = {
		ROW("process-compose", "a process-compose.yaml"),
		import_pcompose, pcompose_files },
};
const struct table import_table = TABLE(formats);

const struct import_row *
import_row(enum import_format f)
{
	return &formats[f];
}

int
import_format_find(const char *name)
{
	const struct row *r = table_find(&import_table, name);

	return r ? table_index(&import_table, r) : -1;
}

bool
import_wrong(struct import_mistake *m, unsigned line, unsigned col,
	     const char *fmt, ...)
{
	va_list ap;

	m->line = line;
	m->col = col;
	va_start(ap, fmt);
	vsnprintf(m->text, sizeof(m->text), fmt, ap);
	va_end(ap);
	return false;
}

/* One more of anything; false past the limit, which is told at the end. */
static bool
count(struct import *im)
{
	return im->total++ < IMPORT_LINES_MAX;
}

void
import_note(struct import *im, const struct import_proc *p, unsigned line,
	    const char *key, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	if (!count(im))
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	im->notes = mem_grow(im->notes, im->note_count, im->note_count + 1,
			     sizeof(*im->notes));
	im->notes[im->note_count++] = (struct import_note){
		p, line, mem_str(key), mem_str(why)
	};
}

/* What a file calls a process as a name of sbx: 64 bytes at most. */
static void
clean_name(const char *said, char out[SPEC_NAME_MAX + 1])
{
	size_t len = 0;

	for (; *said && len < SPEC_NAME_MAX; said++) {
		unsigned char c = (unsigned char)*said;
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || strchr("_-.:", c);
		/* One '-' for a whole character and for a row of them. */
		if ((!fine || c == '-') && len == 0)
			continue;
		if (!fine && out[len - 1] == '-')
			continue;
		out[len++] = fine ? (char)c : '-';
	}
	while (len > 0 && out[len - 1] == '-' && said[-1] != '-')
		len--;
	out[len] = '\0';
	if (spec_name_check(out, NULL) < 0)
		memcpy(out, "process", sizeof("process"));
}

static bool
is_taken(const struct import *im, const char *name)
{
	for (size_t i = 0; i < im->proc_count; i++)
		if (strcmp(im->procs[i]->name, name) == 0)
			return true;
	return false;
}

struct import_proc *
import_add(struct import *im, const char *said, unsigned line,
	   struct import_mistake *m)
{
	char name[SPEC_NAME_MAX + 1], unique[SPEC_NAME_MAX + 1];

	if (im->proc_count == IMPORT_PROCS_MAX) {
		import_wrong(m, line, 0, "more than %d processes",
			     IMPORT_PROCS_MAX);
		return NULL;
	}
	clean_name(said, name);
	memcpy(unique, name, sizeof(unique));
	for (unsigned n = 2; is_taken(im, unique); n++)
		snprintf(unique, sizeof(unique), "%.*s-%u", SPEC_NAME_MAX - 6,
			 name, n);
	struct import_proc *p = mem_alloc(sizeof(*p));
	p->name = mem_str(unique);
	p->said = mem_str(said);
	p->line = line;
	im->procs = mem_grow(im->procs, im->proc_count, im->proc_count + 1,
			     sizeof(struct import_proc *));
	im->procs[im->proc_count++] = p;
	return p;
}

/* False after the note that it is too long, alone or with the others. */
static bool
fits(struct import *im, struct import_proc *p, unsigned line,
     const char *what, size_t len)
{
	size_t *bytes = p ? &p->bytes : &im->bytes;

	if (len <= IMPORT_TEXT_MAX && *bytes + len <= PROC_BYTES_MAX) {
		*bytes += len;
		return true;
	}
	import_note(im, p, line, what, "too long (%zu bytes)", len);
	return false;
}

/* The way a line of the shell can stand in an sbxrc: no blanks around it, no
 * carriage returns, no indentation that all its lines share.  Caller frees;
 * NULL if nothing is left. */
static char *
tidy(const char *text)
{
	size_t len = strlen(text), shared = SIZE_MAX;
	struct buf b = BUF_INIT(len + 1);

	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	for (;;) {
		size_t blanks = strspn(text, " \t\r");
		if (blanks >= len || text[blanks] != '\n')
			break;
		text += blanks + 1;
		len -= blanks + 1;
	}
	for (size_t at = 0; at < len; at += strcspn(text + at, "\n") + 1) {
		size_t blanks = strspn(text + at, " \t");
		if (at + blanks < len && !strchr("\r\n", text[at + blanks]))
			shared = SBX_MIN(shared, blanks);
	}
	for (size_t at = 0; at < len;) {
		size_t end = at + strcspn(text + at, "\n");
		end = SBX_MIN(end, len);
		size_t blanks = strspn(text + at, " \t");
		at += SBX_MIN(SBX_MIN(shared, blanks), end - at);
		for (; at < end; at++)
			if (text[at] != '\r')
				(void)buf_addc(&b, text[at]);
		if (end < len)
			(void)buf_addc(&b, '\n');
		at = end + 1;
	}
	if (b.len > 0 && !strchr(buf_str(&b), '\n'))
		buf_skip(&b, strspn(buf_str(&b), " \t"));
	if (b.len > 0)
		return buf_take(&b);
	buf_fini(&b);
	return NULL;
}

static bool
env_is_valid(struct import *im, const struct import_proc *p, unsigned line,
	     const char *word)
{
	struct spec_env *env = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	bool ok = spec_env_add(&env, &n, word, &e) == 0;

	for (size_t i = 0; i < n; i++) {
		free(env[i].name);
		free(env[i].value);
	}
	free(env);
	if (!ok)
		import_note(im, p, line, "environment", "%s", e.text);
	return ok;
}

static const struct rc_word_row *
word_of(const char *head)
{
	char *name = mem_strn(head, strcspn(head, " "));
	const struct rc_word_row *row = rc_word_find(name);

	free(name);
	return row;
}

/* Words that may stand once in a process. */
static bool
is_first(const struct import_proc *p, const char *head)
{
	const struct rc_word_row *row = word_of(head);

	for (size_t i = 0; row->flags & RC_ONCE && i < p->line_count; i++)
		if (word_of(p->lines[i].head) == row)
			return false;
	return true;
}

void
import_line(struct import *im, struct import_proc *p, unsigned line,
	    const char *head, enum import_kind kind, const char *text)
{
	struct import_line **list = p ? &p->lines : &im->lines;
	size_t *n = p ? &p->line_count : &im->line_count;
	char *kept;

	if (strcmp(head, "env") == 0 && !env_is_valid(im, p, line, text))
		return;
	if (p && !is_first(p, head)) {
		import_note(im, p, line, head, "there is a '%s' already",
			    head);
		return;
	}
	if (!fits(im, p, line, head, strlen(text)) || !count(im))
		return;
	kept = kind == IMPORT_RAW ? tidy(text) : mem_str(text);
	if (!kept)
		return;
	*list = mem_grow(*list, *n, *n + 1, sizeof(**list));
	(*list)[(*n)++] = (struct import_line){ head, kind, kept };
}

void
import_linef(struct import *im, struct import_proc *p, const char *head,
	     const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	import_line(im, p, p ? p->line : 1, head, IMPORT_WORDS, text);
}

void
import_command(struct import *im, struct import_proc *p, unsigned line,
	       const char *command)
{
	if (!fits(im, p, line, "command", strlen(command)))
		return;
	free(p->command);
	p->command = tidy(command);
}

static void
take_argv(struct import_proc *p, const char *const *words, size_t n)
{
	strv_free(p->argv);
	p->argv = mem_array(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		p->argv[i] = mem_str(words[i]);
}

static bool
is_shell(const char *word)
{
	const char *slash = strrchr(word, '/');
	const char *name = slash ? slash + 1 : word;

	return strcmp(name, "sh") == 0;
}

void
import_argv(struct import *im, struct import_proc *p, unsigned line,
	    const char *const *words, size_t n, bool dollars)
{
	struct buf b = BUF_INIT(2 * IMPORT_TEXT_MAX);
	size_t bytes = 0;
	bool dollar = false;

	for (size_t i = 0; i < n; i++) {
		bytes += strlen(words[i]) + 1;
		dollar = dollar || strchr(words[i], '$');
	}
	if (n == 0 || n > 1000 || !words[0][0])
		import_note(im, p, line, "command", n == 0 || !words[0][0] ?
			    "it is empty" : "more than 1000 words");
	else if (n == 3 && is_shell(words[0]) && strcmp(words[1], "-c") == 0)
		import_script(im, p, line, words[2], dollars);
	else if (!fits(im, p, line, "command", bytes))
		return;
	else if (!dollars || !dollar)
		take_argv(p, words, n);
	else if (import_shell_words(words, n, true, &b) == 0)
		p->command = mem_str(buf_str(&b));
	else
		import_note(im, p, line, "command", "too long");
	buf_fini(&b);
}

void
import_script(struct import *im, struct import_proc *p, unsigned line,
	      const char *script, bool dollars)
{
	char *text = dollars ? import_undouble(script) : mem_str(script);

	import_command(im, p, line, text);
	free(text);
}

void
import_depend(struct import *im, struct import_proc *p, unsigned line,
	      const char *on, const char *condition)
{
	if (!count(im))
		return;
	p->deps = mem_grow(p->deps, p->dep_count, p->dep_count + 1,
			   sizeof(*p->deps));
	p->deps[p->dep_count++] = (struct import_dep){
		.name = mem_str(on), .condition = condition, .line = line
	};
}

void
import_group(struct import *im, struct import_proc *p, unsigned line,
	     const char *said)
{
	char name[SPEC_NAME_MAX + 1];

	clean_name(said, name);
	import_line(im, p, line, "group", IMPORT_WORDS, name);
}

/* --- what only all processes together tell --- */

static void
resolve(struct import *im, struct import_proc *p, struct import_dep *d)
{
	d->dropped = true;
	for (size_t i = 0; i < im->proc_count; i++) {
		if (strcmp(im->procs[i]->said, d->name) != 0)
			continue;
		d->proc = i;
		d->dropped = im->procs[i]->instead != NULL;
		if (d->dropped)
			import_note(im, p, d->line, "depends_on", "'%s' is "
				    "not translated", d->name);
		return;
	}
	import_note(im, p, d->line, "depends_on", "there is no '%s'", d->name);
}

/* Depth first; a dependency that leads back to where it came from is
 * dropped.  The marks: 0 not seen, 1 on the way, 2 done. */
static void
break_cycles(struct import *im, size_t idx, unsigned char *marks)
{
	struct import_proc *p = im->procs[idx];

	marks[idx] = 1;
	for (size_t i = 0; i < p->dep_count; i++) {
		struct import_dep *d = &p->deps[i];
		if (d->dropped || marks[d->proc] == 2)
			continue;
		if (marks[d->proc] == 0) {
			break_cycles(im, d->proc, marks);
			continue;
		}
		d->dropped = true;
		import_note(im, p, d->line, "depends_on", "'%s' waits for "
			    "this one already: a circle", d->name);
	}
	marks[idx] = 2;
}

/* A group and a process cannot have the same name. */
static void
drop_groups(struct import *im, struct import_proc *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->line_count; i++) {
		struct import_line *l = &p->lines[i];
		if (strcmp(l->head, "group") == 0 && is_taken(im, l->text)) {
			import_note(im, p, p->line, "group", "'%s' is the "
				    "name of a process", l->text);
			free(l->text);
		} else {
			p->lines[kept++] = *l;
		}
	}
	p->line_count = kept;
}

static void
settle(struct import *im)
{
	unsigned char *marks = mem_alloc(im->proc_count + 1);

	for (size_t i = 0; i < im->proc_count; i++) {
		struct import_proc *p = im->procs[i];
		if (!p->command && !p->argv && !p->instead)
			p->instead = mem_str("it has no command");
		if (p->instead)
			import_note(im, p, p->line, p->said, "%s", p->instead);
	}
	for (size_t i = 0; i < im->proc_count; i++) {
		struct import_proc *p = im->procs[i];
		drop_groups(im, p);
		for (size_t d = 0; d < p->dep_count; d++)
			resolve(im, p, &p->deps[d]);
	}
	for (size_t i = 0; i < im->proc_count; i++)
		if (marks[i] == 0)
			break_cycles(im, i, marks);
	free(marks);
}

size_t
import_active(const struct import *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->proc_count; i++)
		n += !im->procs[i]->instead;
	return n;
}

static bool
is_text(const char *text, size_t len, struct import_mistake *m)
{
	unsigned line = 1;

	if (len > IMPORT_BYTES_MAX)
		return import_wrong(m, 0, 0, "larger than %u KiB",
				    IMPORT_BYTES_MAX / 1024);
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - text) : len;
		if (memchr(text + at, '\0', end - at))
			return import_wrong(m, line, 0, "a NUL byte");
		if (!utf8_valid(text + at, end - at))
			return import_wrong(m, line, 0, "this is not UTF-8");
		at = end + 1;
		line++;
	}
	return true;
}

struct import *
import_parse(enum import_format f, const char *text, size_t len,
	     const char *runner, struct import_mistake *m)
{
	struct import *im = mem_alloc(sizeof(*im));
	bool ok;

	im->format = f;
	*m = (struct import_mistake){ 0, 0, "" };
	/* A byte order mark says nothing about UTF-8. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	ok = is_text(text, len, m) &&
		formats[f].parse(im, text, len, runner, m);
	if (ok && im->proc_count == 0)
		ok = import_wrong(m, 0, 0, "there is no process in it");
	if (ok)
		settle(im);
	if (ok && im->total > IMPORT_LINES_MAX)
		ok = import_wrong(m, 0, 0, "more than %d settings",
				  IMPORT_LINES_MAX);
	if (ok)
		return im;
	import_free(im);
	return NULL;
}

static void
free_lines(struct import_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(lines[i].text);
	free(lines);
}

static void
free_proc(struct import_proc *p)
{
	free(p->name);
	free(p->said);
	free(p->command);
	strv_free(p->argv);
	free(p->instead);
	free_lines(p->lines, p->line_count);
	for (size_t i = 0; i < p->dep_count; i++)
		free(p->deps[i].name);
	free(p->deps);
	free(p);
}

void
import_free(struct import *im)
{
	if (!im)
		return;
	free_lines(im->lines, im->line_count);
	for (size_t i = 0; i < im->proc_count; i++)
		free_proc(im->procs[i]);
	free(im->procs);
	for (size_t i = 0; i < im->note_count; i++) {
		free(im->notes[i].key);
		free(im->notes[i].why);
	}
	free(im->notes);
	free(im);
}
