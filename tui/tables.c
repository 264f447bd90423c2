#include "tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "action.h"
#include "engine/base/base.h"
#include "engine/conf/cmd.h"
#include "engine/conf/keymap.h"
#include "engine/conf/option.h"
#include "engine/conf/rcstate.h"
#include "engine/conf/theme.h"
#include "engine/life/event.h"
#include "engine/life/status.h"
#include "engine/text/rowfmt.h"

/* Text in a manual: nothing of it may act as a request. */
static void
roff(const char *s)
{
	bool fresh = true;

	for (; *s; s++) {
		if (fresh && (*s == '.' || *s == '\''))
			fputs("\\&", stdout);
		fresh = *s == '\n';
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

/* The same as an argument of a macro, in double quotes. */
static void
quoted(const char *s)
{
	fputs("\"\\&", stdout);
	for (; *s; s++) {
		if (*s == '"')
			fputs("\\(dq", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
	putchar('"');
}

/* Source lines of at most 80 columns, as mandoc wants them. */
static void
wrap(char *text)
{
	char *blank = NULL;
	size_t columns = 0;

	for (char *at = text; *at; at++) {
		columns += *at == '-' || *at == '\\' ? 2 : 1;
		if (columns > 79 && blank) {
			*blank = '\n';
			at = blank;
			columns = 0;
			blank = NULL;
		} else if (*at == ' ') {
			blank = at;
		}
	}
}

/* A phrase of a table as a sentence. */
static void
sentence(const char *phrase)
{
	char text[512];

	snprintf(text, sizeof text, "%s", phrase);
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	wrap(text);
	roff(text);
	puts(".");
}

/* Running text, each sentence on a line of its own. */
static void
paragraph(const char *text)
{
	puts(".Pp");
	while (*text) {
		size_t len = strcspn(text, "\n.");
		char part[512];
		bool ends = text[len] == '.' &&
			(text[len + 1] == ' ' || text[len + 1] == '\n');
		len += text[len] == '.';
		snprintf(part, sizeof part, "%.*s", (int)len, text);
		roff(part);
		text += len;
		if (ends || *text == '\n')
			putchar('\n');
		while (ends ? *text == ' ' || *text == '\n' : *text == '\n')
			text++;
	}
}

/* ".It NAME ARGS", then the help as a sentence. */
static void
item(const struct row *r)
{
	fputs(".It Ic ", stdout);
	quoted(r->name);
	if (r->args && r->args[0]) {
		fputs(" No ", stdout);
		quoted(r->args);
	}
	putchar('\n');
	sentence(r->help);
}

static void
list_begin(void)
{
	puts(".Bl -tag -width Ds");
}

static void
list_end(void)
{
	puts(".El");
}

static void
option_item(const struct cmd_option_row *o)
{
	fputs(".It ", stdout);
	if (o->letter)
		printf("Fl %c , ", o->letter);
	fputs("Fl \\-", stdout);
	roff(o->row.name);
	if (o->row.args[0]) {
		fputs(" No ", stdout);
		quoted(o->row.args);
	}
	putchar('\n');
	sentence(o->row.help);
}

/* Lines of text, each one behind a prefix. */
static void
lines(const char *text, const char *prefix)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");
		char line[256];
		snprintf(line, sizeof line, "%.*s", len, text);
		fputs(prefix, stdout);
		roff(line);
		putchar('\n');
		text += len + (text[len] == '\n');
	}
}

static void
verb_item(const struct verb_row *v)
{
	item(&v->row);
	if (v->more)
		paragraph(v->more);
	if (v->options[0] != CMD_OPT_COUNT) {
		puts(".Bl -tag -width Ds -compact");
		for (size_t i = 0; v->options[i] != CMD_OPT_COUNT; i++)
			option_item(cmd_option((enum cmd_option)v->options[i]));
		puts(".El");
	}
	if (v->examples) {
		puts(".Pp\n.Bd -literal -offset indent -compact");
		lines(v->examples, "sbx ");
		puts(".Ed");
	}
}

static void
setting_item(const struct option_row *o)
{
	item(&o->row);
	fputs("Default:\n", stdout);
	roff(o->standard);
	puts(".");
}

static bool
verb_built(const struct row *r)
{
	return container_of(r, const struct verb_row, row)->built;
}

static bool
setting_built(const struct row *r)
{
	return container_of(r, const struct option_row, row)->built;
}

static bool
option_of_serve(const struct row *r)
{
	return cmd_takes(cmd_verb(VERB_SERVE),
			 (enum cmd_option)table_index(&cmd_option_table, r));
}

static bool
word_is(const struct row *r, unsigned where)
{
	return container_of(r, const struct rc_word_row, row)->where & where;
}

static bool
word_at_top(const struct row *r)
{
	return word_is(r, RC_TOP);
}

static bool
word_in_process(const struct row *r)
{
	return word_is(r, RC_PROCESS | RC_DEFAULTS);
}

static bool
word_in_group(const struct row *r)
{
	return word_is(r, RC_GROUP);
}

static bool
word_in_theme(const struct row *r)
{
	return word_is(r, RC_THEME);
}

static void
print_verb(const struct row *r)
{
	verb_item(container_of(r, const struct verb_row, row));
}

static void
print_option(const struct row *r)
{
	option_item(container_of(r, const struct cmd_option_row, row));
}

static void
print_setting(const struct row *r)
{
	setting_item(container_of(r, const struct option_row, row));
}

/* Where a word of a process may stand beside a process. */
static void
print_word(const struct row *r)
{
	item(r);
	if (word_is(r, RC_PROCESS) && !word_is(r, RC_DEFAULTS))
		puts("Not in\n.Ic defaults .");
}

/* A list of the manuals: rows of a table that are built, or are not. */
struct section {
	const char *name;
	const struct table *table;
	bool (*has)(const struct row *r);	/* NULL: all of them */
	bool missing;		/* those that has() says no to, names only */
	void (*print)(const struct row *r);	/* NULL: item */
};

static const struct section lists[] = {
	{ "commands", &cmd_verb_table, verb_built, false, print_verb },
	{ "serve-options", &cmd_option_table, option_of_serve, false,
	  print_option },
	{ "settings", &option_table, setting_built, false, print_setting },
	{ "settings-later", &option_table, setting_built, true, NULL },
	{ "words-top", &rc_word_table, word_at_top, false, NULL },
	{ "words-process", &rc_word_table, word_in_process, false,
	  print_word },
	{ "words-group", &rc_word_table, word_in_group, false, NULL },
	{ "words-theme", &rc_word_table, word_in_theme, false, NULL },
	{ "checks", &rc_probe_table, NULL, false, NULL },
	{ "watch-actions", &rc_watch_table, NULL, false, NULL },
	{ "columns", &rowfmt_column_table, NULL, false, NULL },
	{ "list-columns", &list_column_table, NULL, false, NULL },
	{ "statuses", &status_table, NULL, false, NULL },
	{ "events", &event_table, NULL, false, NULL },
	{ "causes", &cause_table, NULL, false, NULL },
	{ "actions", &action_table, NULL, false, NULL },
	{ "modes", &mode_table, NULL, false, NULL },
	{ "roles", &role_table, NULL, false, NULL },
};

static bool
in_list(const struct section *l, const struct row *r)
{
	return !l->has || l->has(r) != l->missing;
}

static void
print_names(const struct section *l)
{
	for (size_t i = 0; i < l->table->count; i++)
		if (in_list(l, table_row(l->table, i)))
			puts(table_row(l->table, i)->name);
}

/* "a, b, c." */
static void
print_missing(const struct section *l)
{
	size_t left = 0;

	for (size_t i = 0; i < l->table->count; i++)
		left += in_list(l, table_row(l->table, i));
	for (size_t i = 0; i < l->table->count; i++) {
		const struct row *r = table_row(l->table, i);
		if (!in_list(l, r))
			continue;
		fputs(".Ic ", stdout);
		quoted(r->name);
		puts(--left ? " ," : " .");
	}
}

static void
print_mdoc(const struct section *l)
{
	if (l->missing) {
		print_missing(l);
		return;
	}
	list_begin();
	for (size_t i = 0; i < l->table->count; i++) {
		const struct row *r = table_row(l->table, i);
		if (in_list(l, r))
			(l->print ? l->print : item)(r);
	}
	list_end();
}

/* The default bindings as they could stand in an sbxrc. */
static void
print_keys(bool mdoc)
{
	if (mdoc)
		puts(".Bd -literal -offset indent -compact");
	lines(keymap_default(), "");
	if (mdoc)
		puts(".Ed");
}

/* A topic of "sbx help", as it is printed there. */
static bool
print_topic(const char *topic, bool mdoc)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool found = f && cmd_help_topic(topic, f) == 0;

	if (f)
		fclose(f);
	if (found) {
		puts(mdoc ? ".Bd -literal -offset indent -compact" : "");
		lines(text, "");
		if (mdoc)
			puts(".Ed");
	}
	free(text);
	return found;
}

bool
tables_asked(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "__table") == 0;
}

int
tables_main(int argc, char **argv)
{
	if (argc == 4) {
		bool mdoc = strcmp(argv[3], "mdoc") == 0;
		if (strcmp(argv[2], "keys") == 0) {
			print_keys(mdoc);
			return 0;
		}
		if (strncmp(argv[2], "topic-", 6) == 0 &&
		    print_topic(argv[2] + 6, mdoc))
			return 0;
		for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
			if (strcmp(lists[i].name, argv[2]) != 0)
				continue;
			if (mdoc)
				print_mdoc(&lists[i]);
			else
				print_names(&lists[i]);
			return 0;
		}
		fprintf(stderr, "sbx: no table '%s'\n", argv[2]);
	}
	fputs("usage: sbx __table NAME mdoc|names, NAME is keys, "
		      "topic-TOPIC", stderr);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		fprintf(stderr, ", %s", lists[i].name);
	fputs("\n", stderr);
	return 2;
}
