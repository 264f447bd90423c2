/* theme list, show, check: what things look like, and can be read. */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/jsonout.h"
#include "conf/color.h"
#include "conf/theme.h"
#include "term/cell.h"
#include "text/rowfmt.h"

enum { THEME_TEXT_MAX = 1 << 20 };

/* Below that a theme is hard to read. */
#define TEXT_RATIO	4.5
#define SHAPE_RATIO	3.0

/* A theme in one of its two variants. */
struct look_at {
	struct cli *c;
	struct buf out;
	struct jsonout j;
	struct theme *theme;
	const char *variant;		/* NULL: it has only one */
	bool hard;
};

typedef int word_fn(struct look_at *k, const char *name);

/* What a word behind "theme" does, once for each name. */
struct word_row {
	struct row row;
	word_fn *fn;		/* NULL: it takes no names */
};

static bool
is_file(const char *name)
{
	size_t len = strlen(name);
	return strchr(name, '/') ||
	       (len > 6 && strcmp(name + len - 6, ".theme") == 0);
}

static struct theme *
open_theme(struct cli *c, const char *name, bool light, struct diags *ds)
{
	struct theme_request rq = { .name = name, .depth = TERM_RGB,
				    .light = light };

	return is_file(name) ? theme_open_file(&rq, name, ds, &c->err) :
			       theme_open(&rq, ds, &c->err);
}

static bool
is_same(const struct theme *a, const struct theme *b)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct style x = theme_style(a, (enum role)i);
		struct style y = theme_style(b, (enum role)i);
		if (x.fg != y.fg || x.bg != y.bg || x.attrs != y.attrs)
			return false;
	}
	return true;
}

static double
contrast(const struct theme *t, int role)
{
	struct style st = theme_style(t, (enum role)role);
	return color_contrast(st.fg, st.bg);
}

/* What the role must have at least; 0: there is no rule for it. */
static double
least(int role)
{
	/* What is never without its ground, or has to be told apart. */
	static const char *const families[] = {
		"status.", "mode.", "match", "title", "cursor", "selection",
		"sheet", "text.dim", "hint", "toast.", "gutter.", "name.",
	};
	const char *name = table_row(&role_table, (size_t)role)->name;

	if (role == ROLE_TEXT)
		return TEXT_RATIO;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (!strncmp(name, families[i], strlen(families[i])))
			return SHAPE_RATIO;
	return 0;
}

/* --- show --- */

static int
put_role(struct look_at *k, int role)
{
	struct style st = theme_style(k->theme, (enum role)role);
	struct vt_cell cell = { .fg = st.fg, .bg = st.bg, .attrs = st.attrs };
	char fg[COLOR_TEXT_MAX], bg[COLOR_TEXT_MAX], sgr[CELL_SGR_MAX];
	const char *name = table_row(&role_table, (size_t)role)->name;
	int r = 0;

	if (k->c->colours)
		r |= buf_add(&k->out, sgr, cell_sgr(NULL, &cell, sgr));
	r |= buf_adds(&k->out, name);
	if (k->c->colours)
		r |= buf_adds(&k->out, "\033[m");
	r |= buf_addf(&k->out, "%*s %-14s %-14s%s%s%s%s%s",
		      (int)(20 - SBX_MIN(strlen(name), (size_t)20)), "",
		      color_text(st.fg, fg), color_text(st.bg, bg),
		      st.attrs & VT_BOLD ? " bold" : "",
		      st.attrs & VT_DIM ? " dim" : "",
		      st.attrs & VT_ITALIC ? " italic" : "",
		      st.attrs & VT_UNDERLINE ? " underline" : "",
		      st.attrs & VT_REVERSE ? " reverse" : "");
	while (k->out.len > 0 && k->out.data[k->out.len - 1] == ' ')
		buf_cut(&k->out, k->out.len - 1);
	return r | buf_addc(&k->out, '\n');
}

static int
put_title(struct look_at *k, const char *name)
{
	int r = rowfmt_plain(&k->out, name);
	if (k->variant)
		r |= buf_addf(&k->out, ", %s", k->variant);
	return r;
}

static void
json_role(struct look_at *k, int role)
{
	struct style st = theme_style(k->theme, (enum role)role);
	char text[COLOR_TEXT_MAX];
	double ratio = contrast(k->theme, role);

	jsonout_object(&k->j, NULL);
	jsonout_string(&k->j, "role",
		       table_row(&role_table, (size_t)role)->name);
	jsonout_string(&k->j, "fg", color_text(st.fg, text));
	jsonout_string(&k->j, "bg", color_text(st.bg, text));
	for (unsigned bit = VT_BOLD; bit <= VT_REVERSE; bit <<= 1)
		if (st.attrs & bit & (VT_BOLD | VT_DIM | VT_ITALIC |
				      VT_UNDERLINE | VT_REVERSE))
			jsonout_bool(&k->j, bit == VT_BOLD ? "bold" :
				     bit == VT_DIM ? "dim" :
				     bit == VT_ITALIC ? "italic" :
				     bit == VT_UNDERLINE ? "underline" :
							   "reverse", true);
	if (ratio > 0)
		jsonout_double(&k->j, "contrast",
			       (double)(int)(ratio * 10 + 0.5) / 10);
	jsonout_bool(&k->j, "own", theme_names_role(k->theme,
						    (enum role)role));
	jsonout_close(&k->j);
}

static void
json_theme(struct look_at *k, const char *name)
{
	jsonout_object(&k->j, NULL);
	jsonout_string(&k->j, "name", name);
	if (k->variant)
		jsonout_string(&k->j, "variant", k->variant);
	jsonout_bool(&k->j, "readable", !k->hard);
	jsonout_array(&k->j, "roles");
	for (int i = 0; i < ROLE_COUNT; i++)
		json_role(k, i);
	jsonout_close(&k->j);
	jsonout_close(&k->j);
}

static int
show(struct look_at *k, const char *name)
{
	if (k->c->json)
		return json_theme(k, name), 0;
	int r = put_title(k, name) | buf_addc(&k->out, '\n');
	for (int i = 0; i < ROLE_COUNT; i++)
		r |= put_role(k, i);
	return r;
}

/* --- check --- */

static int
put_ratios(struct look_at *k)
{
	int r = 0;

	for (int i = 0; i < ROLE_COUNT; i++) {
		double ratio = contrast(k->theme, i), want = least(i);
		if (!(want > 0) || !(ratio > 0))
			continue;
		bool low = ratio < want;
		r |= buf_addf(&k->out, "  %4.1f:1  %s", ratio,
			      table_row(&role_table, (size_t)i)->name);
		if (low)
			r |= buf_addf(&k->out,
				      "  hard to read: %.1f:1 at least", want);
		r |= buf_addc(&k->out, '\n');
	}
	return r;
}

static int
put_missing(struct look_at *k)
{
	size_t count = 0;
	int r = 0;

	for (int i = 0; i < ROLE_COUNT; i++) {
		if (theme_names_role(k->theme, (enum role)i))
			continue;
		r |= buf_addf(&k->out, "%s %s", count++ ? "" :
			      "  no line of their own:",
			      table_row(&role_table, (size_t)i)->name);
	}
	return count ? r | buf_addc(&k->out, '\n') : r;
}

static int
check(struct look_at *k, const char *name)
{
	bool hard = false;

	for (int i = 0; i < ROLE_COUNT; i++) {
		double ratio = contrast(k->theme, i);
		hard |= ratio > 0 && ratio < least(i);
	}
	bool before = k->hard;
	k->hard = hard;
	int r = 0;
	if (k->c->json) {
		json_theme(k, name);
	} else {
		r |= put_title(k, name);
		r |= buf_addf(&k->out, ": no mistakes%s\n",
			      hard ? ", but hard to read" : "");
		r |= put_ratios(k);
		r |= put_missing(k);
	}
	k->hard |= before;
	return r;
}

/* --- the words --- */

static const struct word_row words[] = {
	{ { "list", "ls", "", "the names of all themes" }, NULL },
	{ { "show", NULL, "[NAME|FILE...]", "what every role looks like" },
	  show },
	{ { "check", NULL, "[NAME|FILE...]", "mistakes, and how well text can "
	    "be read" }, check },
};
const struct table cli_theme_table = TABLE(words);

static int
list(struct look_at *k)
{
	char **names = theme_names();
	int r = 0;

	for (size_t i = 0; names[i]; i++) {
		if (k->c->json)
			jsonout_string(&k->j, NULL, names[i]);
		else
			r |= rowfmt_plain(&k->out, names[i]) |
			     buf_addc(&k->out, '\n');
		free(names[i]);
	}
	free(names);
	return r;
}

/* Both variants, where there are two. */
static int
one(struct look_at *k, word_fn *fn, const char *name)
{
	struct cli *c = k->c;
	struct diags *ds = diags_new();
	struct theme *dark = open_theme(c, name, false, ds);
	struct theme *light = dark ? open_theme(c, name, true, ds) : NULL;
	int r = 0;

	/* The places say more than that there are mistakes. */
	if (diags_errors(ds))
		diags_print(ds, name, "sbx would not use it", &c->quote);
	if (light) {
		bool two = !is_same(dark, light);
		k->theme = dark;
		k->variant = two ? "dark" : NULL;
		r = fn(k, name);
		k->theme = light;
		k->variant = "light";
		if (two)
			r |= fn(k, name);
	}
	theme_free(dark);
	theme_free(light);
	diags_free(ds);
	if (!light)
		return -1;
	return r < 0 ? err_set(&c->err, ERR_FAILED, "that is too long") : 0;
}

static int
each(struct look_at *k, word_fn *fn)
{
	char *const *given = k->c->cmd->words + 1;
	char **all = given[0] ? NULL : theme_names();
	char *const *names = all ? all : given;
	int r = 0;

	for (size_t i = 0; names[i] && r == 0; i++)
		r = one(k, fn, names[i]);
	for (size_t i = 0; all && all[i]; i++)
		free(all[i]);
	free(all);
	return r;
}

static int
run_word(struct look_at *k, const struct word_row *w)
{
	struct cli *c = k->c;
	int r;

	jsonout_begin(&k->j, &k->out);
	if (c->json) {
		jsonout_object(&k->j, NULL);
		jsonout_int(&k->j, "version", 1);
		jsonout_array(&k->j, "themes");
	}
	r = w->fn ? each(k, w->fn) : list(k);
	if (c->json && r == 0) {
		jsonout_close(&k->j);
		jsonout_close(&k->j);
		r = jsonout_end(&k->j) | buf_addc(&k->out, '\n');
		if (r < 0)
			err_set(&c->err, ERR_FAILED, "that is too long");
	}
	return r < 0 ? -1 : cli_put(c, &k->out);
}

int
cli_theme(struct cli *c)
{
	struct look_at k = { .c = c, .out = BUF_INIT(THEME_TEXT_MAX) };
	const char *word = c->cmd->words[0];
	const struct row *row = table_find(&cli_theme_table, word);
	const struct word_row *w = (const void *)row;
	int r = -1;

	if (!row) {
		const struct row *near = table_suggest(&cli_theme_table, word);
		err_set(&c->err, ERR_USAGE, "'sbx theme' has no '%.60s'", word);
		if (near)
			err_hint(&c->err, "did you mean '%s'?", near->name);
		else
			err_hint(&c->err, "one of: list show check");
	} else if (!w->fn && c->cmd->word_count > 1) {
		err_set(&c->err, ERR_USAGE, "'sbx theme %s' takes no names",
			row->name);
	} else {
		r = run_word(&k, w);
	}
	buf_fini(&k.out);
	if (r < 0)
		return cli_fail(c);
	return k.hard ? err_exit_code(ERR_FAILED) : 0;
}
