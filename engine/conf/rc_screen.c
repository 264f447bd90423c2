#include "rcstate.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "datadir.h"
#include "keycmd.h"
#include "keymap.h"
#include "option.h"
#include "term/keys.h"
#include "theme.h"

static void
wrong(struct rcload *ld, const struct rc_word *w, size_t off, size_t len,
      const struct err *e)
{
	rc_wrong_in(ld, w, off, len, "%s", e->text);
	if (e->hint[0])
		rc_hint(ld, "%s", e->hint);
}

static bool
is_mode(const char *word)
{
	return mode_find(word) >= 0;
}

enum rc_expect
rc_expect_bind(const struct rc_stmt *s)
{
	size_t words = s->count > 1 && is_mode(s->words[1].text) ? 3 : 2;

	return s->count == words ? RC_EXPECT_RAW : RC_EXPECT_WORD;
}

static void
not_a_mode(struct rcload *ld, const struct rc_word *w)
{
	rc_wrong(ld, w, "'%s' is not a mode", w->text);
	rc_hint(ld, MODES_HINT);
}

/* mode: may be NULL.  command: the tail of the line, NULL: unbind. */
static void
add_bind(struct rcload *ld, const struct rc_word *mode,
	 const struct rc_word *key, const struct rc_word *command)
{
	struct set *set = ld->set;
	struct keymap *k = keymap_new();
	struct err e = ERR_INIT;

	/* What is text somewhere cannot be bound there. */
	if (keymap_bind(k, mode ? mode->text : NULL, key->text, NULL,
			&e) < 0) {
		wrong(ld, key, 0, 0, &e);
	} else {
		set->binds = mem_grow(set->binds, set->bind_count,
				      set->bind_count + 1,
				      sizeof(*set->binds));
		set->binds[set->bind_count++] = (struct set_bind){
			mem_str(mode ? mode->text : NULL), mem_str(key->text),
			mem_str(command ? command->text : NULL),
			mem_str(rcload_file_name(ld->file)), key->line,
			ld->where == RC_KEYS,
		};
	}
	keymap_free(k);
}

static bool
is_key(struct rcload *ld, const struct rc_word *w)
{
	struct err e = ERR_INIT;
	struct key key;

	if (key_parse(w->text, w->len, &key, &e) == 0)
		return true;
	wrong(ld, w, 0, 0, &e);
	return false;
}

/* "bind nomode C-k stop" reads as a key with the command "C-k stop". */
static bool
looks_like_mode(const struct rc_word *key, const char *command)
{
	struct key k;

	return key_parse(key->text, key->len, &k, NULL) < 0 &&
	       key_parse(command, strcspn(command, " \t"), &k, NULL) == 0;
}

void
rc_do_bind(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *mode = s->count > 3 ? &s->words[1] : NULL;
	const struct rc_word *key = &s->words[s->count - 2];
	const struct rc_word *command = &s->words[s->count - 1];
	struct err e = ERR_INIT;
	size_t off, len;

	if (!s->raw) {
		rc_wrong(ld, &s->words[0], "'bind' needs [MODE] KEY COMMAND");
		return;
	}
	if (!mode && looks_like_mode(key, command->text)) {
		not_a_mode(ld, key);
		return;
	}
	if (!is_key(ld, key))
		return;
	if (keycmd_check(command->text, &off, &len, &e) < 0)
		wrong(ld, command, off, len, &e);
	else
		add_bind(ld, mode, key, command);
}

void
rc_do_unbind(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *mode = s->count > 2 ? &s->words[1] : NULL;
	const struct rc_word *key = &s->words[s->count - 1];

	if (mode && !is_mode(mode->text))
		not_a_mode(ld, mode);
	else if (is_key(ld, key))
		add_bind(ld, mode, key, NULL);
}

static void
drop_preset(struct set *set)
{
	const struct option_row *leave = &option_rows[OPTION_LEAVE];
	size_t n = 0;

	for (size_t i = 0; i < set->bind_count; i++) {
		struct set_bind *b = &set->binds[i];
		if (b->preset)
			set_bind_fini(b);
		else
			set->binds[n++] = *b;
	}
	if (n < set->bind_count)
		options_set(set->options, leave, leave->standard, NULL);
	set->bind_count = n;
}

void
rc_set_keys(struct rcload *ld, const struct rc_word *w, const char *name)
{
	static const char *const own[] = { "sbx", NULL };
	struct err e = ERR_INIT;

	drop_preset(ld->set);
	if (!strcmp(name, own[0]))
		return;
	char *path = datadir_find("keys", name, "");
	if (path) {
		struct rcload_file *f = rc_open(ld, path, RC_FILE_MAX, true, w);
		ld->where = RC_KEYS;
		if (f)
			rc_read_file(ld, f);
		ld->where = RC_TOP;
	} else {
		char **names = datadir_names("keys", "", own);
		err_set(&e, ERR_USAGE, "there are no keys '%s'", name);
		datadir_hint(names, name, &e);
		wrong(ld, w, 0, 0, &e);
		strv_free(names);
	}
	free(path);
}

static struct theme *
open_theme(const char *name, struct diags *ds, struct err *e)
{
	struct theme_request rq = { .name = name, .depth = TERM_RGB };

	return theme_open(&rq, ds, e);
}

void
rc_set_theme(struct rcload *ld, const struct rc_word *w, const char *name)
{
	struct err e = ERR_INIT;
	struct theme *t = open_theme(name, ld->quiet ? NULL : ld->ds, &e);

	if (!t) {
		wrong(ld, w, 0, 0, &e);
		return;
	}
	theme_free(ld->theme);
	ld->theme = t;
}

static void
keep_color(struct rcload *ld, const struct rc_stmt *s)
{
	struct rcload_color *c;

	ld->colors = mem_grow(ld->colors, ld->color_count,
			      ld->color_count + 1, sizeof(*ld->colors));
	c = &ld->colors[ld->color_count++];
	*c = (struct rcload_color){ .idx = ld->set->color_count - 1 };
	for (size_t i = 1; i < s->count && i <= RC_COLOR_WORDS; i++)
		rc_place(ld->rc, &s->words[i], &c->at[i - 1]);
}

/*
 * A colour can be one of the palette of a theme, which a later line or file
 * may choose: what the theme so far does not know is asked again at the end.
 */
void
rc_do_color(struct rcload *ld, const struct rc_stmt *s)
{
	struct set *set = ld->set;
	char **words = mem_array(s->count - 1, sizeof(*words));
	const char *role = s->words[1].text;
	struct err e = ERR_INIT;
	struct set_color *c;
	size_t word;

	for (size_t i = 2; i < s->count; i++)
		words[i - 2] = mem_str(s->words[i].text);
	set->colors = mem_grow(set->colors, set->color_count,
			       set->color_count + 1, sizeof(*set->colors));
	c = &set->colors[set->color_count++];
	*c = (struct set_color){
		mem_str(role), words, mem_str(rcload_file_name(ld->file)),
		s->words[1].line,
	};
	if (!ld->theme)
		ld->theme = open_theme("terminal", NULL, NULL);
	if (ld->quiet || theme_color_check(ld->theme, c, &word, &e) == 0)
		return;
	if (word == 0)
		wrong(ld, &s->words[1], 0, 0, &e);
	else
		keep_color(ld, s);
}

void
rc_finish_colors(struct rcload *ld)
{
	for (size_t i = 0; i < ld->color_count; i++) {
		const struct rcload_color *c = &ld->colors[i];
		struct err e = ERR_INIT;
		size_t word;
		if (theme_color_check(ld->theme, &ld->set->colors[c->idx],
				      &word, &e) == 0)
			continue;
		rc_wrong_at(ld, &c->at[word], "%s", e.text);
		if (e.hint[0])
			rc_hint(ld, "%s", e.hint);
	}
	free(ld->colors);
	theme_free(ld->theme);
	ld->colors = NULL;
	ld->theme = NULL;
}
