#include "../lib/test.h"
#include "engine/base/base.h"
#include "engine/base/diag.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/conf/set.h"
#include "engine/conf/theme.h"
#include "engine/term/cell.h"

static struct theme *
parse(const char *text, enum term_depth depth, struct diags *ds)
{
	struct theme_request rq = { .name = "test", .depth = depth };

	return theme_parse(&rq, "test.theme", text, strlen(text), ds, NULL);
}

static char *
slurp(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = 0;
	return text;
}

TEST(a_role_takes_its_prefix)
{
	struct theme *t = parse("theme t\ncolor text white blue\n"
				"color status red\n"
				"color status.failed - - bold\n",
				TERM_16, NULL);
	OK(t != NULL);
	struct style st = theme_style(t, ROLE_STATUS_FAILED);
	EQ_INT(st.fg, VT_INDEXED | 1);
	EQ_INT(st.bg, VT_INDEXED | 4);
	EQ_INT(st.attrs, VT_BOLD);
	st = theme_style(t, ROLE_HINT_KEY);
	EQ_INT(st.fg, VT_INDEXED | 7);
	theme_free(t);
}

TEST(a_palette_has_three_depths)
{
	static const char text[] = "theme t\npalette {\n"
				   "  x #102030 99 bright-red\n"
				   "  y #ff0000 red\n}\n"
				   "color text x y\n";
	struct theme *t = parse(text, TERM_RGB, NULL);
	EQ_INT(theme_style(t, ROLE_TEXT).fg, VT_RGB | 0x102030);
	EQ_INT(theme_style(t, ROLE_TEXT).bg, VT_RGB | 0xff0000);
	theme_free(t);
	t = parse(text, TERM_256, NULL);
	EQ_INT(theme_style(t, ROLE_TEXT).fg, VT_INDEXED | 99);
	EQ_INT(theme_style(t, ROLE_TEXT).bg, VT_INDEXED | 196);
	theme_free(t);
	t = parse(text, TERM_8, NULL);
	EQ_INT(theme_style(t, ROLE_TEXT).fg, VT_INDEXED | 9);
	theme_free(t);
}

TEST(mistakes_are_told_with_their_place)
{
	static const struct {
		const char *text, *word;
		unsigned line;
	} cases[] = {
		{ "color txt red\n", "txt", 1 },
		{ "theme t\ncolor text redd\n", "redd", 2 },
		{ "color text red blue shiny\n", "shiny", 1 },
		{ "process x ls\n", "process", 1 },
		{ "palette {\n a #12345 red\n}\n", "#12345", 2 },
		{ "palette {\n a #123456 reddish\n}\n", "reddish", 2 },
		{ "theme t\ncolor text \"red\n", "not closed", 2 },
		{ "theme\n", "theme", 1 },
		{ "theme t purple\n", "purple", 1 },
		{ "theme t dark x\n", "x", 1 },
		{ "palette dusk {\n a #123456 red\n}\n", "dusk", 1 },
		{ "inherit nothing-of-that-name\n", "nothing", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct diags *ds = diags_new();
		struct theme *t = parse(cases[i].text, TERM_256, ds);
		OK(t == NULL);
		EQ_INT(diags_errors(ds), 1);
		const struct diag *d = diags_get(ds, 0);
		EQ_INT(d->line, cases[i].line);
		OK(strstr(d->text, cases[i].word));
		diags_free(ds);
	}
}

TEST(compiled_in_themes_are_right)
{
	static const char *const names[] = { "terminal", "mono" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct theme_request rq = { names[i], TERM_16, false };
		struct diags *ds = diags_new();
		struct err e = ERR_INIT;
		struct theme *t = theme_open(&rq, ds, &e);
		OK(t != NULL);
		EQ_INT(diags_errors(ds), 0);
		EQ_STR(theme_name(t), names[i]);
		theme_free(t);
		diags_free(ds);
	}
	EQ_STR(slurp("themes/terminal.theme")[0] ? slurp(
		       "themes/terminal.theme") : theme_builtin("terminal"),
	       theme_builtin("terminal"));
}

TEST(nord_is_right)
{
	const char *text = slurp("themes/nord.theme");
	struct diags *ds = diags_new();

	if (!*text)
		SKIP_TEST("not in the source directory");
	for (int d = TERM_8; d <= TERM_RGB; d++) {
		struct theme *t = parse(text, (enum term_depth)d, ds);
		EQ_INT(diags_errors(ds), 0);
		OK(t != NULL);
		theme_free(t);
	}
	diags_free(ds);
}

TEST(without_colours_there_are_none)
{
	struct theme_request rq = { "nord", TERM_MONO, false };
	struct err e = ERR_INIT;
	struct theme *t = theme_open(&rq, NULL, &e);
	char *words[] = { "red", NULL };
	struct set_color c = { .role = "text", .words = words };

	OK(t != NULL);
	EQ_INT(theme_color(t, &c, &e), 0);
	for (int r = 0; r < ROLE_COUNT; r++) {
		struct style st = theme_style(t, (enum role)r);
		OK(st.fg == 0 && st.bg == 0);
	}
	OK(theme_style(t, ROLE_CURSOR).attrs & VT_REVERSE);
	theme_free(t);
}

TEST(roles_are_well_named)
{
	for (size_t i = 0; i < role_table.count; i++) {
		const struct row *r = table_row(&role_table, i);
		OK(r->help[0] && r->help[strlen(r->help) - 1] != '.');
		OK(table_find(&role_table, r->name) == r);
	}
}

TEST(nearest_colours)
{
	EQ_INT(color_nearest(0xff0000, 256), 196);
	EQ_INT(color_nearest(0x000000, 256), 16);
	EQ_INT(color_nearest(0x808080, 256), 244);
	EQ_INT(color_nearest(0xff0000, 8), 1);
	EQ_INT(color_nearest(0x00ff00, 16), 10);
}

TEST_MAIN()
