#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "rcwrite.h"

struct writer {
	const struct import *im;
	const char *file, *dir;
	struct buf *out;
	int rc;
};

static void
text(struct writer *w, const char *s)
{
	if (w->rc == 0)
		w->rc = buf_adds(w->out, s);
}

/* In a comment nothing ends the line but its end. */
static void
comment_text(struct writer *w, const char *s)
{
	for (; *s && w->rc == 0; s++)
		w->rc = buf_addc(w->out, (unsigned char)*s < 0x20 ||
				 *s == 0x7f ? ' ' : *s);
}

/* The word and blanks up to where values begin. */
static void
head(struct writer *w, const char *indent, const char *word)
{
	size_t width = strlen(word);

	text(w, indent);
	text(w, word);
	do
		text(w, " ");
	while (++width < 14 && indent[0]);
}

static void
raw(struct writer *w, const char *indent, const char *s)
{
	if (w->rc == 0)
		w->rc = rcwrite_tail(w->out, indent, s);
	text(w, "\n");
}

static void
word(struct writer *w, const char *s, bool expand)
{
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX + 1024);

	/* What could not stay a variable was noted by whoever read it. */
	(void)import_quote(s, expand, &b);
	text(w, buf_str(&b));
	buf_fini(&b);
}

/* A path of the imported file, from where the sbxrc is. */
static void
path(struct writer *w, const char *s, bool expand)
{
	while (s[0] == '.' && s[1] == '/')
		s += 1 + strspn(s + 1, "/");
	if (strcmp(s, ".") == 0)
		s = "";
	char *whole = !w->dir || s[0] == '/' || s[0] == '~' ||
		(expand && s[0] == '$') ? mem_str(s) :
		mem_fmt("%s%s%s", w->dir, s[0] ? "/" : "", s);
	word(w, whole[0] ? whole : ".", expand);
	free(whole);
}

static void
line(struct writer *w, const char *indent, const struct import_line *l)
{
	head(w, indent, l->head);
	switch (l->kind) {
	case IMPORT_RAW:
		raw(w, indent, l->text);
		return;
	case IMPORT_WORDS:
		text(w, l->text);
		break;
	case IMPORT_WORD:
	case IMPORT_EXPAND:
		word(w, l->text, l->kind == IMPORT_EXPAND);
		break;
	case IMPORT_PATH:
	case IMPORT_PATH_EXPAND:
		path(w, l->text, l->kind == IMPORT_PATH_EXPAND);
		if (strcmp(l->head, "env-file") == 0)
			text(w, " optional");
		break;
	}
	text(w, "\n");
}

static void
notes(struct writer *w, const struct import_proc *p, const char *indent)
{
	char at[32];

	for (size_t i = 0; i < w->im->note_count; i++) {
		const struct import_note *n = &w->im->notes[i];
		if (n->proc != p)
			continue;
		snprintf(at, sizeof(at), " (line %u): ", n->line);
		text(w, indent);
		text(w, "# not translated: ");
		comment_text(w, n->key);
		text(w, at);
		comment_text(w, n->why);
		text(w, "\n");
	}
}

static bool
has_notes(const struct import *im, const struct import_proc *p)
{
	for (size_t i = 0; i < im->note_count; i++)
		if (im->notes[i].proc == p)
			return true;
	return false;
}

static bool
has_line(const struct import_proc *p, const char *name)
{
	for (size_t i = 0; i < p->line_count; i++)
		if (strcmp(p->lines[i].head, name) == 0)
			return true;
	return false;
}

static void
comment_word(struct writer *w, const char *s)
{
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);

	(void)import_shell_words(&s, 1, false, &b);
	comment_text(w, buf_str(&b));
	buf_fini(&b);
}

/* No process, but how its container can be run from here. */
static void
no_process(struct writer *w, const struct import_proc *p)
{
	notes(w, p, "");
	if (w->im->format != IMPORT_COMPOSE)
		return;
	text(w, "# Its container can be run from here:\n#process ");
	text(w, p->name);
	text(w, " docker compose -f ");
	comment_word(w, w->file);
	text(w, " up --no-deps ");
	comment_word(w, p->said);
	text(w, "\n");
}

static void
number(struct writer *w, unsigned n)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", n);
	text(w, digits);
}

static void
command(struct writer *w, const struct import_proc *p)
{
	static const char indent[] = "    ";

	if (p->command) {
		head(w, indent, "cmd");
		raw(w, indent, p->command);
		return;
	}
	head(w, indent, "argv");
	for (size_t i = 0; p->argv[i]; i++) {
		text(w, i ? " " : "");
		word(w, p->argv[i], false);
	}
	text(w, "\n");
}

static void
properties(struct writer *w, const struct import_proc *p)
{
	static const char indent[] = "    ";

	command(w, p);
	if (w->dir && !has_line(p, "cwd")) {
		head(w, indent, "cwd");
		path(w, "", false);
		text(w, "\n");
	}
	if (p->port) {
		head(w, indent, "env");
		text(w, "PORT=");
		number(w, p->port);
		text(w, "\n");
	}
	for (size_t i = 0; i < p->line_count; i++)
		line(w, indent, &p->lines[i]);
	for (size_t i = 0; i < p->dep_count; i++) {
		const struct import_dep *d = &p->deps[i];
		if (d->dropped)
			continue;
		head(w, indent, "depends");
		text(w, w->im->procs[d->proc]->name);
		text(w, " ");
		text(w, d->condition);
		text(w, "\n");
	}
	if (p->off) {
		head(w, indent, "autostart");
		text(w, "no\n");
	}
	notes(w, p, indent);
}

/* A name and a command alone need no block. */
static bool
is_short(const struct writer *w, const struct import_proc *p)
{
	return p->command && !w->dir && !p->port && !p->line_count &&
	       !p->dep_count && !p->off && !has_notes(w->im, p) &&
	       !strchr(p->command, '\n') && p->command[0] != '{';
}

/* Values of an sbxrc are fixed when it is read, by what is set then. */
static bool
has_variables(const struct import_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((lines[i].kind == IMPORT_EXPAND ||
		     lines[i].kind == IMPORT_PATH_EXPAND) &&
		    strchr(lines[i].text, '$'))
			return true;
	return false;
}

static void
about_variables(struct writer *w)
{
	const struct import *im = w->im;
	bool any = has_variables(im->lines, im->line_count);

	for (size_t i = 0; i < im->proc_count; i++)
		any = any || has_variables(im->procs[i]->lines,
					   im->procs[i]->line_count);
	if (any)
		text(w, "# ${X} is a variable that is set where sbx is "
			"started, not one of an env-file.\n");
}

static void
process(struct writer *w, const struct import_proc *p)
{
	text(w, "\n");
	if (p->instead) {
		no_process(w, p);
		return;
	}
	if (strcmp(p->name, p->said) != 0) {
		text(w, "# there it is called ");
		comment_text(w, p->said);
		text(w, "\n");
	}
	text(w, "process ");
	text(w, p->name);
	if (is_short(w, p)) {
		text(w, " ");
		raw(w, "", p->command);
		return;
	}
	text(w, " {\n");
	properties(w, p);
	text(w, "}\n");
}

int
import_write(const struct import *im, const char *file, const char *dir,
	     struct buf *out)
{
	struct writer w = { im, file, dir, out, 0 };

	text(&w, "# sbxrc - what 'sbx' runs in this directory, made from ");
	comment_text(&w, file);
	text(&w, "\n# ('sbx init --from ");
	text(&w, import_row(im->format)->row.name);
	text(&w, "').  'sbx check' explains mistakes, 'man 5 sbxrc' lists "
		"every word.\n");
	if (im->format == IMPORT_PROCFILE)
		text(&w, "# PORT is what foreman gives: 5000, or the one of "
			".env, and 100 more for each one.\n");
	about_variables(&w);
	if (im->format == IMPORT_COMPOSE) {
		text(&w, "#\n# All its containers as one process:\n"
			"#process compose docker compose -f ");
		comment_word(&w, file);
		text(&w, " up\n");
	}
	if (im->tty)
		text(&w, "\ndefaults {\n    tty           yes\n}\n");
	if (im->line_count > 0)
		text(&w, "\n");
	for (size_t i = 0; i < im->line_count; i++)
		line(&w, "", &im->lines[i]);
	if (has_notes(im, NULL))
		text(&w, "\n");
	notes(&w, NULL, "");
	for (size_t i = 0; i < im->proc_count; i++)
		process(&w, im->procs[i]);
	return w.rc;
}
