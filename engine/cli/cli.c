#include "cli_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/sys.h"
#include "conf/option.h"
#include "conf/set.h"
#include "life/select.h"
#include "spec/spec.h"

static int
cli_help(struct cli *c)
{
	const char *word = c->cmd->words[0];

	if (!word) {
		cmd_help(NULL, stdout);
		return 0;
	}
	const struct row *r = table_find(&cmd_verb_table, word);
	if (r) {
		cmd_help((const struct verb_row *)(const void *)r, stdout);
		return 0;
	}
	if (cmd_help_topic(word, stdout) == 0)
		return 0;
	r = table_suggest(&cmd_verb_table, word);
	err_set(&c->err, ERR_USAGE, "there is no help about '%.100s'", word);
	if (r)
		err_hint(&c->err, "did you mean '%s'?", r->name);
	else
		err_hint(&c->err, "'sbx help' lists what there is");
	return cli_fail(c);
}

static int
cli_attach(struct cli *c)
{
	const struct model_proc *p = NULL;

	/* Keys must never reach another one than is meant. */
	if (cli_rows(c, 0) == 0)
		p = cli_one(c, c->cmd->words[0]);
	if (!p)
		return cli_fail(c);
	c->open->attach = mem_str(p->row->name);
	return CLI_OPEN_SCREEN;
}

/* A verb that is not here is not built, and was refused by the parser. */
static cli_verb_fn *const functions[VERB_COUNT] = {
	[VERB_UP] = cli_up,
	[VERB_DOWN] = cli_down,
	[VERB_LS] = cli_ls,
	[VERB_SHOW] = cli_show,
	[VERB_ADD] = cli_add,
	[VERB_EXEC] = cli_exec,
	[VERB_START] = cli_control,
	[VERB_SCALE] = cli_control,
	[VERB_STOP] = cli_control,
	[VERB_RESTART] = cli_control,
	[VERB_KILL] = cli_control,
	[VERB_SIGNAL] = cli_signal,
	[VERB_RM] = cli_rm,
	[VERB_CLEAN] = cli_rm,
	[VERB_LOGS] = cli_logs,
	[VERB_SEND] = cli_send,
	[VERB_ATTACH] = cli_attach,
	[VERB_SCREEN] = cli_screen,
	[VERB_WAIT] = cli_wait,
	[VERB_VALUES] = cli_values,
	[VERB_WATCH] = cli_watch,
	[VERB_EVENTS] = cli_events,
	[VERB_CHECK] = cli_check,
	[VERB_INIT] = cli_init,
	[VERB_DOCTOR] = cli_doctor,
	[VERB_RESET] = cli_reset,
	[VERB_VERSION] = cli_version,
	[VERB_HELP] = cli_help,
	[VERB_WHY] = cli_why,
	[VERB_COMPLETION] = cli_completion,
	[VERB_RUN] = cli_run,
	[VERB_KEYS] = cli_keys,
	[VERB_THEME] = cli_theme,
	[VERB_RELOAD] = cli_reload,
	[VERB_SET] = cli_set,
	[VERB_ENV] = cli_env,
	[VERB_SERVE] = cli_serve,
};

/* The names of the set without an engine that could be asked. */
static int
match_set(struct cli *c)
{
	const struct set *set = c->session.set;
	size_t count = set->spec_count;
	struct select_item *items = mem_array(count + 1, sizeof *items);
	char **groups = mem_array(count + 1, sizeof *groups);
	bool *hit = mem_array(count + 1, sizeof *hit);

	for (size_t i = 0; i < count; i++) {
		const struct spec *spec = set->specs[i];
		struct buf b = BUF_INIT(64 * 1024);
		for (size_t k = 0; spec->groups && spec->groups[k]; k++)
			buf_addf(&b, "%s%s", k ? " " : "", spec->groups[k]);
		groups[i] = buf_take(&b);
		items[i] = (struct select_item){ .name = spec->name,
						 .groups = groups[i] };
	}
	int n = select_match(items, count, c->cmd->words, 0, hit, &c->err);
	for (size_t i = 0; i < count; i++)
		free(groups[i]);
	free(groups);
	free(items);
	free(hit);
	return n < 0 ? -1 : 0;
}

/*
 * "sbx WORD...": names for the screen, of the running engine or else of the
 * set.  A word that is neither but nearly a command is taken for one.
 */
static int
check_names(struct cli *c)
{
	const char *word = c->cmd->words[0];
	struct model_proc **procs;
	int rc = -1;

	if (cli_rows(c, 0) == 0) {
		rc = model_select(c->model, c->cmd->words, 0, &procs,
				  &c->err);
		free(procs);
	} else if (c->err.code == ERR_NO_ENGINE && c->found &&
		   session_load(&c->session, &c->err) == 0) {
		rc = match_set(c);
	}
	if (rc >= 0 || c->err.code != ERR_NO_PROCESS)
		return rc < 0 ? -1 : 0;
	const struct row *near = table_suggest(&cmd_verb_table, word);
	if (!near || strncmp(c->err.hint, "did you mean", 12) == 0)
		return -1;
	err_set(&c->err, ERR_USAGE, "there is no command and no process "
		"'%.100s'", word);
	return err_hint(&c->err, "did you mean 'sbx %s'?", near->name);
}

/* Asked for, or the terminal can do no more. */
static bool
wants_plain(const struct cli *c)
{
	const char *term = getenv("TERM");

	return cli_given(c, CMD_OPT_PLAIN) || !c->out_tty ||
	       (term && strcmp(term, "dumb") == 0);
}

/* --color is set color for once. */
static int
take_color(struct cli *c)
{
	struct options *o = options_new();
	int rc = options_set(o, &option_rows[OPTION_COLOR],
			     cli_arg(c, CMD_OPT_COLOR)->text, &c->err);

	c->open->color = (int)options_number(o, OPTION_COLOR);
	options_free(o);
	return rc;
}

static int
open_set(struct cli *c)
{
	const struct cmd *cmd = c->cmd;

	if (cmd->word_count > 0 && check_names(c) < 0)
		return cli_fail(c);
	if (cli_given(c, CMD_OPT_COLOR) && take_color(c) < 0)
		return cli_fail(c);
	c->open->ascii = cli_given(c, CMD_OPT_ASCII);
	if (wants_plain(c))
		return cli_plain(c);
	if (cmd->word_count > 0)
		c->open->names = mem_array(cmd->word_count + 1,
					   sizeof *c->open->names);
	for (size_t i = 0; i < cmd->word_count; i++)
		c->open->names[i] = mem_str(cmd->words[i]);
	return CLI_OPEN_SCREEN;
}

static int
run(struct cli *c)
{
	const struct cmd *cmd = c->cmd;
	int code;

	if (cli_given(c, CMD_OPT_HELP)) {
		cmd_help(cmd->verb, stdout);
		return 0;
	}
	if (!cmd->verb)
		code = cli_given(c, CMD_OPT_VERSION) ? cli_version(c) :
						       open_set(c);
	else
		code = functions[cmd->verb->id](c);
	if (code == CLI_OPEN_SCREEN && cli_given(c, CMD_OPT_FILE))
		c->open->file = mem_str(cli_arg(c, CMD_OPT_FILE)->text);
	return code;
}

/* --procfile and --npm are short for a -f. */
static int
take_file(struct cmd *cmd, struct err *e)
{
	static const struct {
		enum cmd_option option;
		const char *file;
	} shorts[] = {
		{ CMD_OPT_PROCFILE, "Procfile" },
		{ CMD_OPT_NPM, "package.json" },
	};
	struct cmd_arg *a = &cmd->args[CMD_OPT_FILE];

	for (size_t i = 0; i < ARRAY_LEN(shorts); i++) {
		if (!cmd->args[shorts[i].option].given)
			continue;
		if (a->given)
			return err_set(e, ERR_USAGE, "one file at a time: -f, "
				       "--procfile or --npm");
		*a = (struct cmd_arg){ .given = true, .text = shorts[i].file };
	}
	return 0;
}

static void
look_at_stdout(struct cli *c)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = { .ws_col = 0 };

	c->out_tty = isatty(STDOUT_FILENO);
	c->colours = c->out_tty && !(no_color && no_color[0]) &&
		     !(term && strcmp(term, "dumb") == 0);
	if (c->out_tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		c->out_columns = size.ws_col;
}

/* "--json" anywhere before a "--": errors of the parser obey it too. */
static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

int
cli_main(int argc, char **argv, const struct cli_hooks *hooks,
	 struct cli_open *open)
{
	struct cmd cmd;
	struct cli c = { .hooks = hooks, .open = open, .cmd = &cmd,
			 .quote = BUF_INIT(CLI_QUOTE_MAX) };
	int code;

	*open = (struct cli_open){ .file = NULL };
	/* Who was started without one of these must not take the socket of
	 * the engine for it later.  What cannot be written to is no stdout
	 * still; messages may be lost. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			sys_open("/dev/null", fd == STDERR_FILENO ? O_WRONLY :
				 O_RDONLY, 0);
	/* Numbers are written and read with a point everywhere. */
	setlocale(LC_CTYPE, "");
	if (argc > 1 && strcmp(argv[1], "__complete") == 0) {
		code = cli_complete(&c, argc - 2, argv + 2);
		cli_fini(&c);
		return code;
	}
	if (argc == 4 && strcmp(argv[1], "__notice") == 0) {
		code = cli_notice(&c, argv[2], argv[3]);
		cli_fini(&c);
		return code;
	}
	c.json = wants_json(argc, argv);
	look_at_stdout(&c);
	if (cmd_parse(argv + 1, argc > 0 ? (size_t)argc - 1 : 0, &cmd,
		      &c.err) < 0)
		return cli_fail(&c);
	/* What processes are called and print is UTF-8 also where the
	 * environment knows nothing of it: columns are counted by it. */
	if (cmd.verb && MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	code = take_file(&cmd, &c.err) < 0 ? cli_fail(&c) : run(&c);
	if (code != CLI_OPEN_SCREEN && !c.write_error &&
	    (fflush(stdout) || ferror(stdout))) {
		cli_write_failed(&c, errno);
		code = cli_fail(&c);
	}
	cli_fini(&c);
	cmd_fini(&cmd);
	return code;
}

void
cli_open_fini(struct cli_open *o)
{
	free(o->file);
	free(o->attach);
	strv_free(o->names);
	*o = (struct cli_open){ .file = NULL };
}
