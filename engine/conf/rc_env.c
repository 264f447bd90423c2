#include "rcstate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define ENV_FILE_MAX (1u << 20)

/* The list that "env" in this place adds to. */
struct target {
	struct spec_env **env;
	size_t *count;
};

static struct target
target(struct rcload *ld)
{
	if (ld->proc)
		return (struct target){ &ld->proc->spec->env,
					&ld->proc->spec->env_count };
	if (ld->group)
		return (struct target){ &ld->group->group.env,
					&ld->group->group.env_count };
	return (struct target){ &ld->set->env, &ld->set->env_count };
}

void
rc_do_env(struct rcload *ld, const struct rc_stmt *s)
{
	struct target t = target(ld);

	for (size_t i = 1; i < s->count; i++) {
		struct err e = ERR_INIT;
		if (spec_env_add(t.env, t.count, s->words[i].text, &e) == 0)
			continue;
		rc_wrong(ld, &s->words[i], "%s", e.text);
		if (e.hint[0])
			rc_hint(ld, "%s", e.hint);
	}
}

void
rc_do_path(struct rcload *ld, const struct rc_stmt *s)
{
	struct target t = target(ld);

	/* The first word ends up first in PATH, so it is put there last. */
	for (size_t i = s->count - 1; i > 0; i--) {
		const struct rc_word *w = &s->words[i];
		char *path = rc_path(ld, w->text);
		char *word = mem_fmt("PATH=%s", path);
		struct err e = ERR_INIT;
		if (strchr(path, ':'))
			rc_wrong(ld, w, "a directory in PATH has no ':'");
		else if (spec_env_add(t.env, t.count, word, &e) < 0)
			rc_wrong(ld, w, "%s", e.text);
		else
			(*t.env)[*t.count - 1].prepend = true;
		free(word);
		free(path);
	}
}

/* A line of an env-file, between the blanks around it. */
struct env_line {
	const struct rcload_file *file;
	const char *text;	/* of the whole line */
	size_t len;
	unsigned no;
};

static void
wrong_line(struct rcload *ld, const struct env_line *l, size_t off, size_t len,
	   const char *what, const char *hint)
{
	struct diag_place at = {
		.file = rcload_file_name(l->file), .line = l->no,
		.col = (unsigned)off + 1, .width = (unsigned)len,
		.text = l->text, .text_len = l->len,
	};

	rc_wrong_at(ld, &at, "%s", what);
	if (hint)
		rc_hint(ld, "%s", hint);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "text" or 'text' from at on; false if it does not end. */
static bool
quoted_value(const struct env_line *l, size_t at, struct buf *out)
{
	char quote = l->text[at++];

	for (; at < l->len && l->text[at] != quote; at++) {
		char c = l->text[at];
		if (quote == '"' && c == '\\' && at + 1 < l->len) {
			c = l->text[++at];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		if (buf_addc(out, c) < 0)
			return false;
	}
	return at < l->len;
}

/* Up to the end or to a comment, less the blanks at the end. */
static void
plain_value(const struct env_line *l, size_t at, struct buf *out)
{
	size_t end = at;

	while (end < l->len && !(l->text[end] == '#' && end > at &&
				 is_blank(l->text[end - 1])))
		end++;
	while (end > at && is_blank(l->text[end - 1]))
		end--;
	(void)buf_add(out, l->text + at, end - at);
}

/* "-NAME" from at on: takes the variable away. */
static void
remove_line(struct rcload *ld, const struct env_line *l, size_t at)
{
	struct buf word = BUF_INIT(SPEC_TEXT_MAX);
	struct target t = target(ld);
	struct err e = ERR_INIT;

	plain_value(l, at, &word);
	if (strchr(buf_str(&word), '=') ||
	    spec_env_add(t.env, t.count, buf_str(&word), &e) < 0)
		wrong_line(ld, l, at, SBX_MAX(word.len, (size_t)1),
			   "expected NAME=VALUE or -NAME", NULL);
	buf_fini(&word);
}

static void
env_line(struct rcload *ld, const struct env_line *l)
{
	struct buf word = BUF_INIT(SPEC_TEXT_MAX);
	struct target t = target(ld);
	struct err e = ERR_INIT;
	size_t at = 0, name;

	while (at < l->len && is_blank(l->text[at]))
		at++;
	if (at == l->len || l->text[at] == '#')
		return;
	if (l->len - at > 7 && memcmp(l->text + at, "export ", 7) == 0)
		at += 7;
	for (name = at; at < l->len && l->text[at] != '='; at++)
		if (is_blank(l->text[at]))
			break;
	if (l->text[name] == '-') {
		remove_line(ld, l, name);
		return;
	}
	if (at == name || at == l->len || l->text[at] != '=') {
		wrong_line(ld, l, name, SBX_MAX(at - name, (size_t)1),
			   "expected NAME=VALUE", NULL);
		return;
	}
	(void)buf_add(&word, l->text + name, ++at - name);
	while (at < l->len && is_blank(l->text[at]))
		at++;
	if (at < l->len && (l->text[at] == '"' || l->text[at] == '\'')) {
		if (!quoted_value(l, at, &word))
			wrong_line(ld, l, at, l->len - at,
				   "this quote is not closed", NULL);
	} else {
		plain_value(l, at, &word);
	}
	if (strlen(buf_str(&word)) < word.len)
		wrong_line(ld, l, name, 1, "a NUL byte in a value", NULL);
	else if (spec_env_add(t.env, t.count, buf_str(&word), &e) < 0)
		wrong_line(ld, l, name, 1, e.text, e.hint);
	buf_fini(&word);
}

void
rc_env_lines(struct rcload *ld, const struct rcload_file *f)
{
	size_t len;
	const char *text = rcload_file_text(f, &len);
	struct env_line l = { .file = f };

	for (size_t at = 0; at < len; at += l.len + 1) {
		const char *nl = memchr(text + at, '\n', len - at);
		l.text = text + at;
		l.len = nl ? (size_t)(nl - l.text) : len - at;
		l.no++;
		struct env_line line = l;
		if (line.len > 0 && line.text[line.len - 1] == '\r')
			line.len--;
		env_line(ld, &line);
	}
}

void
rc_do_env_file(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[1];
	bool optional = false;

	if (s->count > 2) {
		if (rc_choice(ld, &s->words[2], 0, "optional") < 0)
			return;
		optional = true;
	}
	char *path = rc_path(ld, w->text);
	if (!optional || access(path, F_OK) == 0) {
		struct rcload_file *f = rc_open(ld, path, ENV_FILE_MAX, true,
						w);
		if (f)
			rc_env_lines(ld, f);
		else if (!optional)
			rc_hint(ld, "write 'optional' behind it if it may be "
				"missing");
	}
	free(path);
}
