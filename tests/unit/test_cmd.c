#include "engine/conf/cmd.h"

#include <signal.h>

#include "engine/base/err.h"
#include "engine/spec/proto.h"
#include "tests/lib/test.h"

/* Splits at blanks; a word stays as long as the program. */
static int
parse(const char *line, struct cmd *c, struct err *e)
{
	static char *words[64];
	static char text[16][512];
	static int turn;
	size_t n = 0;
	char *copy = text[turn++ % 16];

	snprintf(copy, sizeof text[0], "%s", line);
	for (char *w = copy; (w = w + strspn(w, " ")), *w; n++) {
		words[n] = w;
		w += strcspn(w, " ");
		if (*w)
			*w++ = '\0';
	}
	*e = (struct err)ERR_INIT;
	return cmd_parse(words, n, c, e);
}

#define WRONG(line, want, hint_)                                               \
	do {                                                                   \
		struct cmd c_;                                                 \
		struct err e_;                                                 \
		EQ_INT(parse(line, &c_, &e_), -1);                             \
		EQ_INT(e_.code, ERR_USAGE);                                    \
		EQ_STR(e_.text, want);                                         \
		EQ_STR(e_.hint, hint_);                                        \
	} while (0)

TEST(verbs_words_and_options)
{
	struct cmd c;
	struct err e;

	EQ_INT(parse("stop web 'test --wait 20s --no-escalate db", &c, &e), 0);
	EQ_INT(c.verb->id, VERB_STOP);
	EQ_INT(c.word_count, 3);
	EQ_STR(c.words[2], "db");
	OK(c.args[CMD_OPT_WAIT_END].given);
	EQ_INT(c.args[CMD_OPT_WAIT_END].number, 20000);
	OK(c.args[CMD_OPT_NO_ESCALATE].given);
	cmd_fini(&c);
}

TEST(wait_may_come_without_a_duration)
{
	struct cmd c;
	struct err e;

	EQ_INT(parse("up --wait web", &c, &e), 0);
	OK(c.args[CMD_OPT_WAIT].given);
	OK(!c.args[CMD_OPT_WAIT].text);
	EQ_STR(c.words[0], "web");
	cmd_fini(&c);
	EQ_INT(parse("up --wait=5s web", &c, &e), 0);
	EQ_INT(c.args[CMD_OPT_WAIT].number, 5000);
	cmd_fini(&c);
	WRONG("up --wait=soon",
	      "--wait: 'soon' is not a duration like 500ms, 30s or 2m", "");
}

TEST(short_options_cluster)
{
	struct cmd c;
	struct err e;

	EQ_INT(parse("logs -fn50 web", &c, &e), 0);
	OK(c.args[CMD_OPT_FOLLOW].given);
	EQ_INT(c.args[CMD_OPT_LINES].number, 50);
	cmd_fini(&c);
	/* -f is the file where the verb has no -f of its own. */
	EQ_INT(parse("ls -f other/sbxrc", &c, &e), 0);
	EQ_STR(c.args[CMD_OPT_FILE].text, "other/sbxrc");
	OK(!c.args[CMD_OPT_FOLLOW].given);
	cmd_fini(&c);
	EQ_INT(parse("-f x logs -f", &c, &e), 0);
	EQ_STR(c.args[CMD_OPT_FILE].text, "x");
	OK(c.args[CMD_OPT_FOLLOW].given);
	cmd_fini(&c);
}

TEST(a_command_behind_two_dashes)
{
	struct cmd c;
	struct err e;

	EQ_INT(parse("exec --timeout 3s --env A=1 --env -B -- ls -la -- x",
		     &c, &e), 0);
	EQ_INT(c.tail_count, 4);
	EQ_STR(c.tail[1], "-la");
	OK(!c.tail[4]);
	EQ_INT(c.args[CMD_OPT_ENV].list_count, 2);
	EQ_STR(c.args[CMD_OPT_ENV].list[1], "-B");
	OK(!c.args[CMD_OPT_ENV].list[2]);
	cmd_fini(&c);
	EQ_INT(parse("send web -- -x", &c, &e), 0);
	EQ_STR(c.words[1], "-x");
	cmd_fini(&c);
	WRONG("add web", "'sbx add' wants a command behind '--'",
	      "'sbx add --help' shows examples");
}

TEST(no_verb_is_the_screen)
{
	struct cmd c;
	struct err e;

	EQ_INT(parse("", &c, &e), 0);
	OK(!c.verb);
	cmd_fini(&c);
	EQ_INT(parse("-f sbxrc web db", &c, &e), 0);
	OK(!c.verb);
	EQ_INT(c.word_count, 2);
	cmd_fini(&c);
	EQ_INT(parse("--version", &c, &e), 0);
	OK(c.args[CMD_OPT_VERSION].given);
	cmd_fini(&c);
}

TEST(mistakes_have_suggestions)
{
	WRONG("ls --jsn", "'sbx ls' has no option '--jsn'",
	      "did you mean '--json'?");
	WRONG("ls --wait", "'sbx ls' has no option '--wait'",
	      "'sbx ls --help' lists them");
	WRONG("ls -x", "'sbx ls' has no option '-x'",
	      "'sbx ls --help' lists them");
	WRONG("ls --limit many", "--limit: 'many' is not a number", "");
	WRONG("ls --limit", "--limit wants N behind it", "");
	WRONG("ls --json=yes", "--json takes no value", "");
	WRONG("wait web --timeout 3s --timeout 4s",
	      "--timeout is given twice", "");
	WRONG("stop", "'sbx stop' wants NAME...",
	      "'sbx stop --help' shows examples");
	WRONG("show a b", "'b' is one word too many for 'sbx show'",
	      "'sbx show --help' shows examples");
	WRONG("wait web --port 80 --http / --status 399-200",
	      "--status: '399-200' is not a range like 200-399", "");
}

TEST(what_is_not_built_is_refused)
{
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		char line[128], want[128];
		struct cmd c;
		struct err e;
		if (v->built)
			continue;
		snprintf(line, sizeof line, "%s x", v->row.name);
		snprintf(want, sizeof want, "'sbx %s' is not built yet",
			 v->row.name);
		EQ_INT(parse(line, &c, &e), -1);
		EQ_STR(e.text, want);
		/* Its help is there. */
		snprintf(line, sizeof line, "%s --help", v->row.name);
		EQ_INT(parse(line, &c, &e), 0);
		cmd_fini(&c);
	}
}

TEST(all_stands_for_a_name)
{
	struct cmd c;
	struct err e;
	struct proto_request q;

	EQ_INT(parse("stop --all", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), 0);
	EQ_INT(q.verb, PROTO_V_STOP);
	EQ_INT(q.flags, PROTO_F_ALL);
	OK(!q.names[0]);
	cmd_fini(&c);
}

TEST(commands_become_requests)
{
	struct cmd c;
	struct err e;
	struct proto_request q;

	EQ_INT(parse("up", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), 0);
	EQ_INT(q.verb, PROTO_V_START);
	EQ_INT(q.flags, PROTO_F_AUTOSTART);
	cmd_fini(&c);
	EQ_INT(parse("up web --no-deps", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), 0);
	EQ_INT(q.flags, PROTO_F_NO_DEPS);
	EQ_STR(q.names[0], "web");
	cmd_fini(&c);
	EQ_INT(parse("signal hup web db", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), 0);
	EQ_INT(q.number, SIGHUP);
	EQ_STR(q.names[0], "web");
	EQ_STR(q.names[1], "db");
	cmd_fini(&c);
	EQ_INT(parse("signal TREM web", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), -1);
	EQ_STR(e.text, "there is no signal 'TREM'");
	EQ_STR(e.hint, "did you mean TERM?");
	cmd_fini(&c);
	EQ_INT(parse("down --timeout 2s", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), 0);
	EQ_INT(q.for_ms, 2000);
	cmd_fini(&c);
	EQ_INT(parse("ls", &c, &e), 0);
	EQ_INT(cmd_to_request(&c, &q, &e), -1);
	cmd_fini(&c);
}

TEST(lines_of_the_prompt_begin_with_a_verb)
{
	char *words[] = { "stpo", "web", NULL }, *fine[] = { "stop", "web" };
	struct cmd c;
	struct err e = ERR_INIT;

	EQ_INT(cmd_parse_verb(words, 2, &c, &e), -1);
	EQ_STR(e.text, "there is no command 'stpo'");
	EQ_STR(e.hint, "did you mean 'stop'?");
	EQ_INT(cmd_parse_verb(words, 0, &c, &e), -1);
	EQ_INT(cmd_parse_verb(fine, 2, &c, &e), 0);
	EQ_INT(c.verb->id, VERB_STOP);
	cmd_fini(&c);
}

/* A name or a letter in two rows of one verb could never be told apart. */
TEST(options_of_a_verb_are_different)
{
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		for (size_t a = 0; v->options[a] != CMD_OPT_COUNT; a++) {
			const struct cmd_option_row *x = cmd_option(
				(enum cmd_option)v->options[a]);
			OK(v->options[a] != CMD_OPT_HELP);
			for (size_t b = 0; b < a; b++) {
				const struct cmd_option_row *y = cmd_option(
					(enum cmd_option)v->options[b]);
				OK(strcmp(x->row.name, y->row.name) != 0);
				OK(!x->letter || x->letter != y->letter);
			}
		}
	}
}

static char *
help_text(const struct verb_row *v)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cmd_help(v, f);
	fclose(f);
	return text;
}

TEST(help_is_complete_and_fits_a_screen)
{
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		char *text = help_text(v);
		size_t lines = 0;
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			lines++;
		OK(strstr(text, v->row.help));
		OK(lines <= 36);
		for (size_t a = 0; v->options[a] != CMD_OPT_COUNT; a++)
			OK(strstr(text, cmd_option((enum cmd_option)
						   v->options[a])->row.name));
		OK(!v->built || v->examples);
		for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
			OK(strcspn(p, "\n") <= 79);
		free(text);
	}
	char *all = help_text(NULL);
	OK(strstr(all, "  stop NAME..."));
	OK(strstr(all, "  serve"));
	free(all);
}

/* Every example of the help is a command that is understood. */
TEST(examples_can_be_parsed)
{
	for (size_t i = 0; i < cmd_verb_table.count; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		const char *p = v->examples ? v->examples : "";
		while (*p) {
			char line[512];
			struct cmd c;
			struct err e;
			size_t len = strcspn(p, "\n");
			snprintf(line, sizeof line, "%.*s", (int)len, p);
			/* Quoted words and redirections are the shell's. */
			for (char *q = line, in = 0; *q; q++) {
				if (*q == '\'')
					in = !in;
				else if (*q == ' ' && in)
					*q = '_';
				else if ((*q == '<' || *q == '>') && !in)
					*q = '\0', q--;
			}
			if (parse(line, &c, &e) < 0)
				TEST_FAIL("%s: %s", line, e.text);
			EQ_INT(c.verb->id, v->id);
			cmd_fini(&c);
			p += len + (p[len] == '\n');
		}
	}
}

TEST_MAIN()
