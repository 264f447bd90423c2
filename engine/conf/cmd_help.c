#include "cmd.h"

#include <string.h>

#include "import.h"

struct topic {
	struct row row;
	const char *text;
	const struct table *table;	/* its rows follow the text */
};

static const struct topic topics[] = {
	{ { "exit-codes", NULL, "", "what the exit status means" },
	  "0    done\n"
	  "1    it failed, or the process ended before a wait was met\n"
	  "2    wrong words or a mistake in the configuration\n"
	  "3    no engine serves this set\n"
	  "4    there is no such process\n"
	  "124  the time given has passed\n"
	  "125  sbx itself failed\n"
	  "126, 127  exec: the command could not be run, was not found\n"
	  "128+n     exec: the command was ended by signal n\n", NULL },
	{ { "names", NULL, "", "how processes are named" },
	  "web          the process of that name\n"
	  "backend      every process of that group\n"
	  "'test:*'     every process whose name fits the pattern (* ? [a-z])\n"
	  "worker       worker.0, worker.1, ... when it has replicas\n"
	  "--all        every process\n"
	  "--failed     every process that has failed\n", NULL },
	{ { "sets", NULL, "", "which engine is meant" },
	  "One engine serves the processes of one sbxrc.  It is found by\n"
	  "  -f FILE       the sbxrc\n"
	  "  SBX_SOCKET    the path of its socket\n"
	  "  sbxrc         or .sbxrc here or in a directory above, up to the\n"
	  "                root of the repository or the home directory;\n"
	  "                one that was removed counts while its set runs\n"
	  "and where there is none, by the directory itself; an sbxrc that\n"
	  "is written there belongs to the set that runs ('sbx reload').\n",
	  NULL },
	{ { "formats", NULL, "", "what init --from can read" }, "",
	  .table = &import_table },
};

static const struct table topic_table = TABLE(topics);

static void
option_line(const struct cmd_option_row *o, FILE *out)
{
	char head[64];
	snprintf(head, sizeof head, "%c%c%s --%s%s%s",
		 o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		 o->letter ? "," : " ", o->row.name,
		 o->row.args[0] ? " " : "", o->row.args);
	fprintf(out, "  %-24s %s\n", head, o->row.help);
}

static void
each_line(const char *text, const char *prefix, FILE *out)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		fprintf(out, "%s%.*s\n", prefix, (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void
help_of_sbx(FILE *out)
{
	fputs("usage: sbx [-f FILE] [options] [NAME...]\n"
	      "           the full screen, or lines instead of it\n"
	      "       sbx [-f FILE] COMMAND ...\n\n", out);
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		char head[64];
		if (!v->built)
			continue;
		snprintf(head, sizeof head, "%s%s%s", v->row.name,
			 v->row.args[0] ? " " : "", v->row.args);
		fprintf(out, "  %-26s %s\n", head, v->row.help);
	}
	fputs("\noptions of sbx without a command:\n", out);
	for (int i = 0; i < CMD_OPT_COUNT; i++)
		if (cmd_takes(NULL, (enum cmd_option)i))
			option_line(cmd_option((enum cmd_option)i), out);
	fputs("\n'sbx help COMMAND' tells more; other topics:", out);
	for (size_t i = 0; i < topic_table.count; i++)
		fprintf(out, " %s", topics[i].row.name);
	fputc('\n', out);
}

void
cmd_help(const struct verb_row *v, FILE *out)
{
	if (!v) {
		help_of_sbx(out);
		return;
	}
	fprintf(out, "usage: sbx %s%s%s%s\n%s%s\n", v->row.name,
		v->options[0] == CMD_OPT_COUNT ? "" : " [options]",
		v->row.args[0] ? " " : "", v->row.args, v->row.help,
		v->built ? "" : " (not built yet)");
	if (v->examples) {
		fputs("\nexamples:\n", out);
		each_line(v->examples, "  sbx ", out);
	}
	fputs("\noptions:\n", out);
	for (size_t i = 0; v->options[i] != CMD_OPT_COUNT; i++)
		option_line(cmd_option((enum cmd_option)v->options[i]), out);
	if (!cmd_takes(v, CMD_OPT_FOLLOW))
		option_line(cmd_option(CMD_OPT_FILE), out);
	if (v->more) {
		fputc('\n', out);
		each_line(v->more, "", out);
	}
}

int
cmd_help_topic(const char *topic, FILE *out)
{
	const struct row *r = table_find(&topic_table, topic);
	if (!r)
		return -1;
	const struct topic *t = (const struct topic *)(const void *)r;
	each_line(t->text, "", out);
	for (size_t i = 0; t->table && i < t->table->count; i++)
		fprintf(out, "%-16s %s\n", table_row(t->table, i)->name,
			table_row(t->table, i)->help);
	return 0;
}
