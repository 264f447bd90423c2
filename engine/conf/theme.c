#include "theme.h"

#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "datadir.h"
#include "rc.h"
#include "set.h"
#include "setfile.h"
#include "term/cell.h"

enum {
	PALETTE_MAX = 64,
	NAMED_MAX = 256,	/* processes with a colour of their own */
	THEME_FILE_MAX = 64 * 1024,
	INHERIT_MAX = 4,	/* themes that start from each other */
};

static const struct row role_rows[] = {
#define X(e, name, help) { name, NULL, "", help },
	ROLE_TABLE(X)
#undef X
};

const struct table role_table = TABLE(role_rows);

/* A colour of a role; SAME: that of the role before the dot. */
#define SAME 0xffffffffu

struct look {
	bool set;
	uint32_t fg, bg;
	uint16_t attrs;
};

struct swatch {
	char *name;
	uint32_t color;		/* chosen by the depth */
};

/* "name.api", "name.1": roles that are not in the table. */
struct named {
	char *role;
	struct look look;
};

struct theme {
	char *name;
	enum term_depth depth;
	struct look looks[ROLE_COUNT];
	struct style styles[ROLE_COUNT];	/* looks, resolved */
	struct swatch palette[PALETTE_MAX];
	size_t palette_count;
	struct named named[NAMED_MAX];
	size_t named_count;
};

/* What a file is being read with. */
struct reading {
	const struct theme_request *rq;
	struct theme *theme;
	struct rc *rc;
	struct diags *ds;
	int depth;		/* of inherit */
	bool in_palette, skip_palette;
	size_t errors;
};

static bool
parse_color(const struct theme *t, const char *s, uint32_t *out)
{
	if (!strcmp(s, "-")) {
		*out = SAME;
		return true;
	}
	for (size_t i = 0; i < t->palette_count; i++) {
		if (!strcmp(t->palette[i].name, s)) {
			*out = t->palette[i].color;
			return true;
		}
	}
	return color_ansi(s, out) || color_index(s, out) ||
	       color_hex(s, out);
}

/* FG [BG] [attribute ...].  0, or 1 + the index of the wrong word. */
static size_t
parse_look(const struct theme *t, char *const *words, size_t count,
	   struct look *out)
{
	struct look k = { true, SAME, SAME, 0 };
	size_t i = 0;

	if (count == 0 || !parse_color(t, words[0], &k.fg))
		return 1;
	if (++i < count && parse_color(t, words[i], &k.bg))
		i++;
	for (; i < count; i++)
		if (!color_attr(words[i], &k.attrs))
			return i + 1;
	*out = k;
	return 0;
}

static void
wrong(struct reading *rd, size_t word, const char *what, const char *hint,
      const struct rc_stmt *st)
{
	struct diag_place at;

	rd->errors++;
	if (!rd->ds)
		return;
	rc_place(rd->rc, &st->words[SBX_MIN(word, st->count - 1)], &at);
	diag_error(rd->ds, &at, "%s '%s'", what,
		   word < st->count ? st->words[word].text : "");
	if (hint)
		diag_hint(rd->ds, "did you mean '%s'?", hint);
}

/* name truecolour [256] 16 */
static void
read_swatch(struct reading *rd, const struct rc_stmt *st)
{
	struct theme *t = rd->theme;
	uint32_t rgb = 0, index = 0, ansi = 0;
	size_t last = st->count - 1;

	if (rd->skip_palette)
		return;
	if (st->count < 3 || st->count > 4) {
		wrong(rd, 0, "a colour is 'NAME #RRGGBB [0-255] ANSI':", NULL,
		      st);
		return;
	}
	if (!color_hex(st->words[1].text, &rgb)) {
		wrong(rd, 1, "not a colour:", NULL, st);
		return;
	}
	if (!color_ansi(st->words[last].text, &ansi)) {
		wrong(rd, last, "not one of the sixteen colours:",
		      color_suggest(st->words[last].text), st);
		return;
	}
	if (st->count == 3)
		index = VT_INDEXED |
			(uint32_t)color_nearest(rgb & 0xffffff, 256);
	else if (!color_index(st->words[2].text, &index)) {
		wrong(rd, 2, "not a colour of 256:", NULL, st);
		return;
	}
	if (t->palette_count == PALETTE_MAX) {
		wrong(rd, 0, "too many colours at", NULL, st);
		return;
	}
	struct swatch *s = &t->palette[t->palette_count++];
	s->name = mem_str(st->words[0].text);
	s->color = rd->rq->depth == TERM_RGB   ? rgb
		   : rd->rq->depth == TERM_256 ? index
					       : ansi;
}

/* The look of a role that is in the table or begins with "name."; NULL: there
 * is none yet. */
static struct look *
find_look(struct theme *t, const char *role)
{
	const struct row *r = table_find(&role_table, role);

	if (r)
		return &t->looks[table_index(&role_table, r)];
	for (size_t i = 0; i < t->named_count; i++)
		if (!strcmp(t->named[i].role, role))
			return &t->named[i].look;
	return NULL;
}

/* False when there are too many. */
static bool
set_look(struct theme *t, const char *role, const struct look *k)
{
	struct look *now = find_look(t, role);

	if (!now && t->named_count == NAMED_MAX)
		return false;
	if (!now) {
		t->named[t->named_count].role = mem_str(role);
		now = &t->named[t->named_count++].look;
	}
	*now = *k;
	return true;
}

static void
read_color(struct reading *rd, const struct rc_stmt *st)
{
	struct theme *t = rd->theme;
	char *words[8];
	size_t count = 0;

	if (st->count < 3) {
		wrong(rd, 0, "a role and a colour are missing after", NULL,
		      st);
		return;
	}
	const struct row *r = table_find(&role_table, st->words[1].text);
	if (!r && strncmp(st->words[1].text, "name.", 5) != 0) {
		const struct row *near =
			table_suggest(&role_table, st->words[1].text);
		wrong(rd, 1, "unknown role", near ? near->name : NULL, st);
		return;
	}
	for (size_t i = 2; i < st->count && count < ARRAY_LEN(words); i++)
		words[count++] = st->words[i].text;
	struct look k;
	size_t bad = parse_look(t, words, count, &k);
	if (bad)
		wrong(rd, bad + 1, "not a colour or attribute:", NULL, st);
	else if (!set_look(t, st->words[1].text, &k))
		wrong(rd, 1, "too many names at", NULL, st);
}

static char *
read_file(const char *path, size_t *len)
{
	struct buf b;

	buf_init(&b, THEME_FILE_MAX);
	if (setfile_read(path, 0, &b, NULL, NULL) < 0) {
		buf_fini(&b);
		return NULL;
	}
	*len = b.len;
	return buf_take(&b);
}

/* The text of a theme and the name of its file; caller frees both. */
static char *
find_text(const char *name, size_t *len, char **file)
{
	const char *own = theme_builtin(name);
	char *text;

	if (own) {
		*file = mem_fmt("%s.theme", name);
		*len = strlen(own);
		return mem_str(own);
	}
	*file = datadir_find("themes", name, ".theme");
	text = *file ? read_file(*file, len) : NULL;
	if (!text)
		free(*file);
	return text;
}

static void read_text(struct reading *rd, const char *file, const char *text,
		      size_t len);

static void
read_inherit(struct reading *rd, const struct rc_stmt *st)
{
	struct reading sub = *rd;
	size_t len = 0;
	char *file = NULL, *text = NULL;

	if (st->count != 2 || rd->depth >= INHERIT_MAX ||
	    !(text = find_text(st->words[1].text, &len, &file))) {
		wrong(rd, 1, "no theme to start from:", NULL, st);
		return;
	}
	sub.depth++;
	sub.in_palette = sub.skip_palette = false;
	read_text(&sub, file, text, len);
	rd->errors = sub.errors;
	free(file);
	free(text);
}

/* The last word of "theme NAME [dark|light]" and "palette [dark|light] {". */
static bool
is_variant(struct reading *rd, const struct rc_stmt *st, size_t idx)
{
	if (st->count <= idx)
		return true;
	const char *word = st->words[idx].text;
	if (st->count == idx + 1 &&
	    (!strcmp(word, "dark") || !strcmp(word, "light")))
		return true;
	wrong(rd, st->count > idx + 1 ? idx + 1 : idx,
	      "expected dark or light and nothing behind it, not", NULL, st);
	return false;
}

static void
read_statement(struct reading *rd, const struct rc_stmt *st)
{
	const char *word = st->words[0].text;

	if (rd->in_palette) {
		read_swatch(rd, st);
	} else if (!strcmp(word, "palette") && st->opens) {
		rd->in_palette = true;
		rd->skip_palette = is_variant(rd, st, 1) && st->count > 1 &&
				   !strcmp(st->words[1].text, "light") !=
					   rd->rq->light;
	} else if (!strcmp(word, "color")) {
		read_color(rd, st);
	} else if (!strcmp(word, "inherit")) {
		read_inherit(rd, st);
	} else if (strcmp(word, "theme") != 0) {
		wrong(rd, 0, "a theme cannot hold", NULL, st);
	} else if (st->count < 2) {
		wrong(rd, 0, "a name is missing after", NULL, st);
	} else {
		(void)is_variant(rd, st, 2);
	}
}

static void
read_text(struct reading *rd, const char *file, const char *text, size_t len)
{
	static const struct rc_hooks hooks = { NULL, NULL, NULL };
	struct diags *own = diags_new(), *ds = rd->ds ? rd->ds : own;
	size_t before = diags_errors(ds);
	const struct rc_stmt *st;

	rd->rc = rc_new(file, text, len, &hooks, ds);
	for (;;) {
		enum rc_event ev = rc_next(rd->rc, &st);
		if (ev == RC_END)
			break;
		if (ev == RC_CLOSE)
			rd->in_palette = rd->skip_palette = false;
		else if (!st->bad)
			read_statement(rd, st);
	}
	/* Those of the reader itself too. */
	rd->errors += diags_errors(ds) - before;
	rc_free(rd->rc);
	diags_free(own);
}

static struct style
resolve(const struct theme *t, const char *role)
{
	struct style st = { SAME, SAME, 0 };
	char name[64];
	bool attrs_set = false;
	size_t len = SBX_MIN(strlen(role), sizeof(name) - 1);

	memcpy(name, role, len);
	name[len] = 0;
	for (;;) {
		const struct look *k = find_look((struct theme *)t, name);
		if (k && k->set) {
			if (st.fg == SAME)
				st.fg = k->fg;
			if (st.bg == SAME)
				st.bg = k->bg;
			if (!attrs_set)
				st.attrs = k->attrs;
			attrs_set = true;
		}
		if (!strcmp(name, "text"))
			break;
		char *dot = strrchr(name, '.');
		if (dot)
			*dot = 0;
		else
			memcpy(name, "text", 5);
	}
	if (st.fg == SAME)
		st.fg = 0;
	if (st.bg == SAME)
		st.bg = 0;
	return st;
}

static void
resolve_all(struct theme *t)
{
	for (size_t i = 0; i < ROLE_COUNT; i++)
		t->styles[i] = resolve(t, role_rows[i].name);
}

struct theme *
theme_parse(const struct theme_request *rq, const char *file,
	    const char *text, size_t len, struct diags *ds, struct err *e)
{
	struct theme *t = mem_alloc(sizeof(*t));
	struct reading rd = { .rq = rq, .theme = t, .ds = ds };

	t->name = mem_str(rq->name);
	t->depth = rq->depth;
	read_text(&rd, file, text, len);
	if (rd.errors) {
		err_set(e, ERR_USAGE, "the theme '%s' has mistakes", rq->name);
		theme_free(t);
		return NULL;
	}
	resolve_all(t);
	return t;
}

char **
theme_names(void)
{
	static const char *const own[] = { "mono", "terminal", NULL };

	return datadir_names("themes", ".theme", own);
}

struct theme *
theme_open(const struct theme_request *rq, struct diags *ds, struct err *e)
{
	struct theme_request own = *rq;
	size_t len = 0;
	char *file = NULL;

	if (!own.name || !strcmp(own.name, "auto"))
		own.name = "terminal";
	if (own.depth == TERM_MONO)
		own.name = "mono";
	char *text = find_text(own.name, &len, &file);
	if (!text) {
		err_set(e, ERR_USAGE, "there is no theme '%s'", own.name);
		char **names = theme_names();
		datadir_hint(names, own.name, e);
		strv_free(names);
		return NULL;
	}
	struct theme *t = theme_parse(&own, file, text, len, ds, e);
	free(text);
	free(file);
	return t;
}

struct theme *
theme_open_file(const struct theme_request *rq, const char *path,
		struct diags *ds, struct err *e)
{
	struct buf b = BUF_INIT(THEME_FILE_MAX);
	struct theme *t = NULL;

	if (setfile_read(path, 0, &b, NULL, e) == 0)
		t = theme_parse(rq, path, buf_str(&b), b.len, ds, e);
	buf_fini(&b);
	return t;
}

void
theme_free(struct theme *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->palette_count; i++)
		free(t->palette[i].name);
	for (size_t i = 0; i < t->named_count; i++)
		free(t->named[i].role);
	free(t->name);
	free(t);
}

const char *
theme_name(const struct theme *t)
{
	return t->name;
}

struct style
theme_style(const struct theme *t, enum role r)
{
	return t->styles[r];
}

bool
theme_names_role(const struct theme *t, enum role r)
{
	return t->looks[r].set;
}

struct style
theme_named(const struct theme *t, const char *role)
{
	return resolve(t, role);
}

int
theme_check(const char *name, struct diags *ds, struct err *e)
{
	struct theme_request rq = { .name = name, .depth = TERM_RGB };
	struct theme *t = theme_open(&rq, ds, e);

	theme_free(t);
	return t ? 0 : -1;
}

/* The role of a line and its look; the role is NULL for one process alone. */
static int
read_look(const struct theme *t, const struct set_color *c,
	  const struct row **role, struct look *k, size_t *word,
	  struct err *e)
{
	size_t count = 0;

	*role = table_find(&role_table, c->role);
	*word = 0;
	if (!*role && strncmp(c->role, "name.", 5) != 0) {
		err_set(e, ERR_USAGE, "unknown role '%s'", c->role);
		const struct row *near = table_suggest(&role_table, c->role);
		return near ? err_hint(e, "did you mean '%s'?", near->name) :
			      -1;
	}
	while (c->words[count])
		count++;
	*word = parse_look(t, c->words, count, k);
	if (*word == 0)
		return 0;
	const char *bad = count ? c->words[*word - 1] : "";
	err_set(e, ERR_USAGE, *word == 1 ? "not a colour: '%s'" :
		"not a colour or attribute: '%s'", bad);
	const char *near = color_suggest(bad);
	return near ? err_hint(e, "did you mean '%s'?", near) :
		      err_hint(e, "a colour is a name, 0 to 255, #rrggbb, "
			       "'default' or '-', or of the theme's palette");
}

int
theme_color_check(const struct theme *t, const struct set_color *c,
		  size_t *word, struct err *e)
{
	const struct row *role;
	struct look k;

	return read_look(t, c, &role, &k, word, e);
}

int
theme_color(struct theme *t, const struct set_color *c, struct err *e)
{
	const struct row *role;
	struct look k;
	size_t word;

	if (read_look(t, c, &role, &k, &word, e) < 0)
		return -1;
	if (t->depth != TERM_MONO && !set_look(t, c->role, &k))
		return err_set(e, ERR_USAGE, "more than %d names with a "
			       "colour of their own", NAMED_MAX);
	resolve_all(t);
	return 0;
}
