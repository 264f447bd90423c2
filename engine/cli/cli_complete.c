/*
 * completion and __complete: the scripts of the shells ask sbx itself, so
 * what they offer is what the tables say and the processes that are there.
 */

#include "cli_ctx.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/signame.h"
#include "base/sys.h"
#include "conf/import.h"
#include "conf/option.h"
#include "conf/set.h"
#include "conf/theme.h"
#include "life/status.h"
#include "spec/spec.h"

enum { NAMES_MS = 200, NAMES_MAX = 4 << 20 };

/*
 * bash takes a name like test:unit apart at its colon, and replaces only what
 * is behind the colon: the words are put together again, and what stands
 * before the last colon is taken off what is offered.
 */
static const char bash_script[] =
	"_sbx() {\n"
	"	local line word gap words=() i cut=\n"
	"	local rest=${COMP_LINE:0:COMP_POINT}\n"
	"	for ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"		word=${COMP_WORDS[i]} gap=${rest%%[^[:space:]]*}\n"
	"		rest=${rest#\"$gap\"}\n"
	"		[[ $rest == \"$word\"* ]] || word=$rest\n"
	"		rest=${rest#\"$word\"}\n"
	"		if [[ -z $gap && $i != 0 ]]; then\n"
	"			words[-1]+=$word\n"
	"		else\n"
	"			words+=(\"$word\")\n"
	"		fi\n"
	"	done\n"
	"	word=${words[-1]}\n"
	"	[[ $COMP_WORDBREAKS != *:* ]] || cut=${word%\"${word##*:}\"}\n"
	"	COMPREPLY=()\n"
	"	while IFS= read -r line; do\n"
	"		line=${line%%$'\\t'*}\n"
	"		COMPREPLY+=(\"${line#\"$cut\"}\")\n"
	"	done < <(\"${words[0]}\" __complete "
	"\"${words[@]:1}\" 2>/dev/null)\n"
	"}\n"
	"complete -o default -F _sbx sbx\n";

/* Sourced it announces itself; as a file of fpath it is run by the first Tab,
 * and has to answer it. */
static const char zsh_script[] =
	"#compdef sbx\n"
	"_sbx() {\n"
	"	local -a rows\n"
	"	local line\n"
	"	while IFS= read -r line; do\n"
	"		rows+=(\"${${line%%$'\\t'*}//:/\\\\:}"
	":${line#*$'\\t'}\")\n"
	"	done < <(\"$words[1]\" __complete "
	"\"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
	"	if (( $#rows )); then _describe sbx rows; else _files; fi\n"
	"}\n"
	"if [[ $funcstack[1] == _sbx ]]; then _sbx \"$@\"; "
	"else compdef _sbx sbx; fi\n";

/* Files only where sbx has nothing to offer, as in the other two. */
static const char fish_script[] =
	"function __sbx_complete\n"
	"	set -l words (commandline -opc)\n"
	"	set -l now (commandline -ct)\n"
	"	set -l rows (command $words[1] __complete $words[2..-1] "
	"\"$now\" 2>/dev/null)\n"
	"	if set -q rows[1]\n"
	"		printf '%s\\n' $rows\n"
	"	else\n"
	"		__fish_complete_path \"$now\"\n"
	"	end\n"
	"end\n"
	"complete -c sbx -f -a '(__sbx_complete)'\n";

static const struct {
	const char *shell, *script;
} scripts[] = {
	{ "bash", bash_script }, { "zsh", zsh_script },
	{ "fish", fish_script },
};

int
cli_completion(struct cli *c)
{
	const char *shell = c->cmd->words[0];

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		if (strcmp(shell, scripts[i].shell) != 0)
			continue;
		fputs(scripts[i].script, stdout);
		return 0;
	}
	err_set(&c->err, ERR_USAGE, "there is no completion for '%.60s'",
		shell);
	err_hint(&c->err, "one of: bash zsh fish");
	return cli_fail(c);
}

/* --- what fits --- */

struct complete {
	struct cli *c;
	const char *now;	/* the word that is being typed */
};

static void
offer(const struct complete *k, const char *text, const char *help)
{
	if (strncmp(text, k->now, strlen(k->now)) == 0)
		printf("%s\t%s\n", text, help ? help : "");
}

/* Of the running engine, in a process of its own: it may hang. */
static void
write_names(struct cli *c, int fd)
{
	struct buf b = BUF_INIT(NAMES_MAX);

	if (cli_rows(c, 0) < 0)
		_exit(1);
	for (size_t i = 0; i < model_count(c->model); i++)
		buf_addf(&b, "%s\n", model_at(c->model, i)->row->name);
	_exit(sys_write_all(fd, buf_str(&b), b.len) < 0);
}

static bool
read_names(struct cli *c, struct buf *out)
{
	uint64_t at_ms = clock_ms() + NAMES_MS;
	int fds[2], status = 0;
	char part[4096];

	if (sys_pipe(fds, 0) < 0)
		return false;
	fflush(NULL);
	pid_t pid = sys_fork();
	if (pid == 0)
		write_names(c, fds[1]);
	sys_close(fds[1]);
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	ssize_t n = pid < 0 ? 0 : 1;
	while (n > 0) {
		uint64_t now = clock_ms();
		if (now >= at_ms || poll(&p, 1, (int)(at_ms - now)) == 0)
			break;
		n = sys_read(fds[0], part, sizeof part);
		if (n > 0 && buf_add(out, part, (size_t)n) < 0)
			break;
	}
	sys_close(fds[0]);
	if (pid < 0)
		return false;
	if (n != 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && clock_ms() < at_ms)
		;
	return n == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
offer_names(const struct complete *k)
{
	struct session *s = &k->c->session;
	struct buf names = BUF_INIT(NAMES_MAX);

	if (!k->c->found)
		return;
	if (read_names(k->c, &names)) {
		char *save = NULL;
		char *name = names.data ? strtok_r(names.data, "\n", &save) :
					  NULL;
		for (; name; name = strtok_r(NULL, "\n", &save))
			offer(k, name, "process");
	} else if (session_load(s, &k->c->err) == 0) {
		for (size_t i = 0; i < s->set->spec_count; i++)
			offer(k, s->set->specs[i]->name, "process");
	}
	buf_fini(&names);
}

static void
offer_groups(const struct complete *k)
{
	struct session *s = &k->c->session;

	if (!k->c->found || session_load(s, &k->c->err) < 0)
		return;
	for (size_t i = 0; i < s->set->group_count; i++)
		offer(k, s->set->groups[i].name, "group");
}

/* What "scale" takes, and a word for all of them elsewhere. */
static void
offer_replicated(const struct complete *k)
{
	struct session *s = &k->c->session;

	if (!k->c->found || session_load(s, &k->c->err) < 0)
		return;
	for (size_t i = 0; i < s->set->spec_count; i++) {
		const struct spec *one = s->set->specs[i];
		if (one->replica_of && one->replica_idx == 0)
			offer(k, one->replica_of, "replicas");
	}
}

static void
offer_verbs(const struct complete *k)
{
	for (int i = 0; i < VERB_COUNT; i++) {
		const struct verb_row *v = cmd_verb((enum verb)i);
		if (v->built)
			offer(k, v->row.name, v->row.help);
	}
}

static void
offer_options(const struct complete *k, const struct verb_row *v)
{
	char text[64];

	for (int i = 0; i < CMD_OPT_COUNT; i++) {
		const struct cmd_option_row *o = cmd_option((enum cmd_option)i);
		snprintf(text, sizeof text, "--%s", o->row.name);
		if (cmd_takes(v, (enum cmd_option)i))
			offer(k, text, o->row.help);
	}
}

/* The option of the verb that a word is, or CMD_OPT_COUNT. */
static enum cmd_option
option_of(const struct verb_row *v, const char *word)
{
	for (int i = 0; i < CMD_OPT_COUNT; i++) {
		const struct cmd_option_row *o = cmd_option((enum cmd_option)i);
		bool is = strncmp(word, "--", 2) == 0 ?
			strcmp(word + 2, o->row.name) == 0 :
			word[0] == '-' && o->letter && word[1] == o->letter &&
			!word[2];
		if (is && cmd_takes(v, (enum cmd_option)i))
			return (enum cmd_option)i;
	}
	return CMD_OPT_COUNT;
}

/* The words that a setting can be; those in capitals stand for others. */
static void
offer_values(const struct complete *k, const struct row *setting)
{
	char text[32];
	size_t i = 0, len;

	for (;;) {
		const char *word = table_word(setting->args, i++, &len);
		if (len == 0)
			return;
		snprintf(text, sizeof text, "%.*s", (int)len, word);
		if (word[0] < 'A' || word[0] > 'Z')
			offer(k, text, NULL);
	}
}

static void
offer_setting(const struct complete *k, size_t idx, const char *before)
{
	for (int i = 0; idx == 0 && i < OPTION_COUNT; i++)
		offer(k, option_rows[i].row.name, option_rows[i].row.help);
	const struct row *r = idx == 1 ? table_find(&option_table, before) :
		NULL;
	if (r)
		offer_values(k, r);
}

static void
offer_value(const struct complete *k, enum cmd_option o)
{
	static const char *const which[] = { "all", "first", "last" };
	static const char *const streams[] = { "stdout", "stderr", "pty" };

	for (size_t i = 0; o == CMD_OPT_SUCCESS && i < ARRAY_LEN(which); i++)
		offer(k, which[i], NULL);
	for (size_t i = 0; o == CMD_OPT_STREAM && i < ARRAY_LEN(streams); i++)
		offer(k, streams[i], NULL);
	if (o == CMD_OPT_COLOR)
		offer_values(k, &option_rows[OPTION_COLOR].row);
	if (o == CMD_OPT_GROUP_IN || o == CMD_OPT_GROUP_OF)
		offer_groups(k);
	for (size_t i = 0; o == CMD_OPT_FROM && i < import_table.count; i++)
		offer(k, table_row(&import_table, i)->name,
		      table_row(&import_table, i)->help);
	for (int i = 0; o == CMD_OPT_STATUS_IS && i < STATUS_COUNT; i++)
		offer(k, status_name((enum status)i), NULL);
	if (o == CMD_OPT_LIKE || o == CMD_OPT_SUCCESS)
		offer_names(k);
}

static void
offer_theme(const struct complete *k, size_t idx)
{
	for (size_t i = 0; idx == 0 && i < cli_theme_table.count; i++) {
		const struct row *r = table_row(&cli_theme_table, i);
		offer(k, r->name, r->help);
	}
	char **names = idx > 0 ? theme_names() : NULL;
	for (size_t i = 0; names && names[i]; i++) {
		offer(k, names[i], "theme");
		free(names[i]);
	}
	free(names);
}

static void
offer_watch(const struct complete *k, size_t idx)
{
	if (idx > 1)
		return;
	offer(k, "add", "a watch, from now on");
	offer(k, "rm", "a watch");
}

static bool
takes_names(const struct verb_row *v)
{
	return strstr(v->row.args, "NAME") && v->id != VERB_ADD &&
		v->id != VERB_SCALE;
}

/* before: the word in front of the one that is typed. */
static void
offer_words(const struct complete *k, const struct verb_row *v, size_t idx,
	    const char *before)
{
	const char *name;

	if (v->id == VERB_WATCH && idx > 0)
		offer_watch(k, idx);
	else if (v->id == VERB_SET)
		offer_setting(k, idx, before);
	else if (v->id == VERB_SCALE && idx == 0)
		offer_replicated(k);
	else if (v->id == VERB_ENV && idx == 0)
		offer_groups(k);
	else if (v->id == VERB_COMPLETION)
		for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
			offer(k, scripts[i].shell, NULL);
	else if (v->id == VERB_THEME)
		offer_theme(k, idx);
	else if (v->id == VERB_HELP)
		offer_verbs(k);
	else if (v->id == VERB_SIGNAL && idx == 0)
		for (size_t i = 0; (name = signame_row(i)); i++)
			offer(k, name, "signal");
	else if (takes_names(v)) {
		offer_names(k);
		offer_replicated(k);
		if (strstr(v->row.args, "NAME..."))
			offer_groups(k);
	}
}

static bool
takes_value(enum cmd_option o)
{
	enum cmd_value value = cmd_option(o)->value;
	return value != CMD_FLAG && value != CMD_MAYBE_DURATION;
}

int
cli_complete(struct cli *c, int count, char **words)
{
	struct complete k = { c, count > 0 ? words[count - 1] : "" };
	const struct verb_row *v = NULL;
	enum cmd_option open = CMD_OPT_COUNT;
	const char *file = NULL;
	size_t idx = 0;

	for (int i = 0; i + 1 < count; i++) {
		if (open != CMD_OPT_COUNT) {
			file = open == CMD_OPT_FILE ? words[i] : file;
			open = CMD_OPT_COUNT;
		} else if (strcmp(words[i], "--") == 0) {
			return 0;	/* a command: the shell knows better */
		} else if (words[i][0] == '-') {
			open = option_of(v, words[i]);
			if (open != CMD_OPT_COUNT && !takes_value(open))
				open = CMD_OPT_COUNT;
		} else if (!v && idx == 0 &&
			   table_find(&cmd_verb_table, words[i])) {
			v = (const struct verb_row *)(const void *)table_find(
				&cmd_verb_table, words[i]);
		} else {
			idx++;
		}
	}
	c->json = true;		/* no talk */
	c->found = session_find(&c->session, file, &c->err) == 0;
	if (open != CMD_OPT_COUNT) {
		offer_value(&k, open);
	} else if (k.now[0] == '-') {
		offer_options(&k, v);
	} else if (v) {
		offer_words(&k, v, idx, words[count - 2]);
	} else {
		if (idx == 0)
			offer_verbs(&k);
		offer_names(&k);
	}
	return 0;
}
