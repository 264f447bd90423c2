#include "keycmd.h"

#include <string.h>

#include "actions.h"
#include "base/err.h"
#include "cmd.h"
#include "keymap.h"
#include "option.h"
#include "rc.h"
#include "spec/proto.h"
#include "term/keys.h"
#include "theme.h"

/* The words of a line and the one that is wrong. */
struct walk {
	char *words[KEYCMD_WORDS_MAX + 2];	/* one for a name, and NULL */
	size_t count, at, wrong;
	struct err *err;
};

bool
keycmd_has(const struct verb_row *v)
{
	return v->built && (v->request || v->id == VERB_ADD ||
			    v->id == VERB_SET);
}

static int
unknown(struct walk *w)
{
	const char *names[ACTION_COUNT + VERB_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < action_table.count; i++)
		names[count++] = table_row(&action_table, i)->name;
	for (int v = 0; v < VERB_COUNT; v++)
		if (keycmd_has(cmd_verb((enum verb)v)))
			names[count++] = cmd_verb((enum verb)v)->row.name;
	w->wrong = w->at;
	err_set(w->err, ERR_USAGE, "there is no command '%.100s'",
		w->words[w->at]);
	const char *near = table_nearest(w->words[w->at], names, count);
	return near ? err_hint(w->err, "did you mean '%s'?", near) : -1;
}

/* "set KEY VALUE...", with the words that the option table takes. */
static int
check_set(struct walk *w)
{
	const struct option_row *row;
	char value[1024];
	size_t len = 0;

	if (w->at + 1 == w->count)
		return err_set(w->err, ERR_USAGE, "'set' needs KEY VALUE...");
	w->wrong = w->at + 1;
	row = option_get(w->words[w->at + 1], w->err);
	if (!row)
		return -1;
	if (!row->built)
		return err_set(w->err, ERR_USAGE, "'set %s' is not built yet "
			       "in this version", row->row.name);
	if (w->at + 2 == w->count)
		return 0;
	w->wrong = w->at + 2;
	value[0] = '\0';
	for (size_t i = w->at + 2; i < w->count; i++) {
		size_t n = strlen(w->words[i]);
		if (len + n + 2 > sizeof(value))
			return err_set(w->err, ERR_USAGE, "this value is too "
				       "long");
		if (len > 0)
			value[len++] = ' ';
		memcpy(value + len, w->words[i], n + 1);
		len += n;
	}
	struct options *o = options_new();
	int rc = options_change(o, row->row.name, value, w->err);
	options_free(o);
	if (rc == 0 && row == &option_rows[OPTION_THEME])
		rc = theme_check(value, NULL, w->err);
	return rc;
}

/* "bind [MODE] KEY ..." and "unbind [MODE] KEY": w->at is then behind it. */
static int
check_key(struct walk *w)
{
	struct key key;
	size_t last = w->at + 1;

	if (last == w->count)
		return err_set(w->err, ERR_USAGE, "'%s' needs [MODE] KEY",
			       w->words[w->at]);
	if (last + 1 < w->count && mode_find(w->words[last]) >= 0)
		last++;
	w->wrong = last;
	if (key_parse(w->words[last], strlen(w->words[last]), &key,
		      w->err) < 0)
		return -1;
	w->at = last + 1;
	return 0;
}

static int
check_action(struct walk *w, const struct action_row *a)
{
	const char *word = w->at + 1 < w->count ? w->words[w->at + 1] : NULL;

	w->wrong = w->at + 1;
	if (!word)
		return 0;
	if (!a->row.args[0])
		return err_set(w->err, ERR_USAGE, "'%s' takes no word",
			       a->row.name);
	if (a->id == ACTION_THEME)
		return theme_check(word, NULL, w->err);
	if (a->id != ACTION_MOUSE)
		return 0;
	struct options *o = options_new();
	int rc = options_set(o, &option_rows[OPTION_MOUSE], word, w->err);
	options_free(o);
	return rc;
}

/* The first word with which the mistake is there. */
static void
blame(struct walk *w)
{
	char *const *words = w->words + w->at;

	for (size_t n = 1; w->at + n <= w->count; n++) {
		struct err e = ERR_INIT;
		struct cmd c;
		w->wrong = w->at + n - 1;
		if (cmd_parse_verb(words, n, &c, &e) == 0)
			cmd_fini(&c);
		else if (strcmp(e.text, w->err->text) == 0)
			return;
	}
}

static int
check_verb(struct walk *w, const struct verb_row *v)
{
	static char name[] = "x";
	struct err without = ERR_INIT;
	struct proto_request q;
	struct cmd c;
	size_t n = w->count - w->at;

	w->wrong = w->at;
	if (v->built && !keycmd_has(v))
		return err_set(w->err, ERR_USAGE, "'%s' is for a shell, not "
			       "for the screen", v->row.name);
	int rc = cmd_parse_verb(w->words + w->at, n, &c, w->err);
	if (rc < 0 && v->request && v->words_min > 0) {
		/* The selected process is the NAME that is missing. */
		w->words[w->count] = name;
		rc = cmd_parse_verb(w->words + w->at, n + 1, &c, &without);
		w->words[w->count] = NULL;
	}
	if (rc < 0 && v->id == VERB_ADD && n == 1)
		return 0;	/* opens the form */
	if (rc < 0) {
		blame(w);
		return -1;
	}
	rc = v->request ? cmd_to_request(&c, &q, w->err) : 0;
	for (size_t i = w->at; rc < 0 && i < w->count; i++)
		if (c.word_count > 0 && w->words[i] == c.words[0])
			w->wrong = i;
	cmd_fini(&c);
	return rc;
}

static int
check(struct walk *w)
{
	const struct action_row *a;

	if (w->count == 0)
		return err_set(w->err, ERR_USAGE, "no command is given");
	while ((a = action_find(w->words[w->at])) &&
	       (a->id == ACTION_BIND || a->id == ACTION_UNBIND)) {
		if (check_key(w) < 0)
			return -1;
		w->wrong = w->at < w->count ? w->at : w->at - 1;
		if (a->id == ACTION_UNBIND)
			return w->at == w->count ? 0 :
				err_set(w->err, ERR_USAGE, "too many words "
					"after 'unbind'");
		if (w->at == w->count)
			return err_set(w->err, ERR_USAGE, "'bind' needs "
				       "[MODE] KEY COMMAND");
	}
	if (a)
		return check_action(w, a);
	if (strcmp(w->words[w->at], "set") == 0)
		return check_set(w);
	const struct row *r = table_find(&cmd_verb_table, w->words[w->at]);
	return r ? check_verb(w, container_of(r, const struct verb_row, row)) :
		   unknown(w);
}

int
keycmd_check(const char *line, size_t *off, size_t *len, struct err *e)
{
	struct err own = ERR_INIT;
	struct walk w = { .err = e ? e : &own };
	struct rc_stmt *st = NULL;

	*off = *len = 0;
	if (rc_line(line, &st, w.err) < 0)
		return -1;
	int rc = st->count <= KEYCMD_WORDS_MAX ? 0 :
		err_set(w.err, ERR_USAGE, "more than %d words",
			KEYCMD_WORDS_MAX);
	for (size_t i = 0; rc == 0 && i < st->count; i++)
		w.words[w.count++] = st->words[i].text;
	if (rc == 0)
		rc = check(&w);
	if (rc < 0 && w.wrong < w.count) {
		*off = st->words[w.wrong].col - 1;
		*len = st->words[w.wrong].width;
	}
	rc_line_free(st);
	return rc;
}
