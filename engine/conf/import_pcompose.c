/*
 * process-compose.yaml: of all formats the one that is nearest to sbxrc.
 */

#include "import_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/units.h"
#include "life/cron.h"
#include "probe/probe.h"

/* --- probes --- */

struct words {
	const char *http, *exec, *every, *fails;
};

static const struct words ready_words = {
	"ready http", "ready exec", "ready.every", NULL
};
static const struct words live_words = {
	"live http", "live exec", "live.every", "live.fails"
};

static void
exec_probe(struct import_yaml *y, struct import_proc *p,
	   const struct ytree_node *exec, const struct words *w)
{
	const char *dir = ytree_text(ytree_get(exec, "working_dir"));
	char *line = import_undouble(ytree_text(ytree_get(exec, "command")));
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);

	if (dir && import_shell_words(&dir, 1, true, &b) == 0) {
		char *whole = mem_fmt("cd %s && %s", buf_str(&b), line);
		free(line);
		line = whole;
	}
	import_line(y->im, p, exec->line, w->exec, IMPORT_RAW, line);
	free(line);
	buf_fini(&b);
}

/* Can a check of http ask it?  Names are not looked up there. */
static bool
is_plain(const char *host, unsigned port, const char *path)
{
	const struct probe_target t = { .kind = PROBE_HTTP, .host = host,
					.port = port, .path = path };

	return !strpbrk(host, ":[]@/?#$") && !strchr(path, '$') &&
		probe_check(&t, NULL) == 0;
}

/* Headers of a check, as "header=NAME:VALUE" or as words for curl. */
static void
add_headers(const struct ytree_node *headers, bool plain, struct buf *b)
{
	for (size_t i = 0; ytree_is_map(headers) && i < headers->count; i++) {
		const char *value = ytree_text(ytree_value_at(headers, i));
		char *line = mem_fmt("%s%s:%s", plain ? "header=" : "",
				     ytree_key_at(headers, i)->text,
				     value ? value : "");
		(void)buf_adds(b, plain ? " " : " -H ");
		if (plain)
			(void)import_quote(line, false, b);
		else
			(void)import_shell_words((const char *[]){ line }, 1,
						 true, b);
		free(line);
	}
}

/* What a check of http cannot ask for is asked by curl. */
static void
http_probe(struct import_yaml *y, struct import_proc *p,
	   const struct ytree_node *get, const struct words *w)
{
	const char *host = ytree_text(ytree_get(get, "host"));
	const char *scheme = ytree_text(ytree_get(get, "scheme"));
	const char *path = ytree_text(ytree_get(get, "path"));
	const char *port = ytree_text(ytree_get(get, "port"));
	const struct ytree_node *headers = ytree_get(get, "headers");
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);
	uint64_t number = 80;
	unsigned status = 0;
	bool plain = !port || units_uint(port, 1, 65535, &number) == 0;

	host = host ? host : "127.0.0.1";
	scheme = scheme ? scheme : "http";
	char *rest = mem_fmt("%s%s", path && path[0] == '/' ? "" : "/",
			     path ? path : "");
	char *url = mem_fmt("%s://%s%s%s%s", scheme, host, port ? ":" : "",
			    port ? port : "", rest);
	plain = plain && is_plain(host, (unsigned)number, rest) &&
		strcmp(scheme, "http") == 0;
	if (ytree_get(get, "status_code"))
		(void)import_yuint(y, p, ytree_get(get, "status_code"), 599,
				   &status);
	if (plain) {
		(void)import_quote(url, false, &b);
		if (status >= 100)
			(void)buf_addf(&b, " status=%u-%u", status, status);
		add_headers(headers, true, &b);
		import_line(y->im, p, get->line, w->http, IMPORT_WORDS,
			    buf_str(&b));
	} else {
		(void)buf_adds(&b, "curl -fsS -o /dev/null ");
		(void)import_shell_words((const char *[]){ url }, 1, true, &b);
		add_headers(headers, false, &b);
		import_line(y->im, p, get->line, w->exec, IMPORT_RAW,
			    buf_str(&b));
		if (status >= 100)
			import_ynote(y, p, get, "any answer below 400 is well "
				     "for curl, not %u alone", status);
	}
	free(rest);
	free(url);
	buf_fini(&b);
}

/* False after a note that there is none. */
static bool
probe(struct import_yaml *y, struct import_proc *p,
      const struct ytree_node *v, const struct words *w)
{
	const struct ytree_node *exec = ytree_get(v, "exec");
	const struct ytree_node *get = ytree_get(v, "http_get");
	const struct ytree_node *period = ytree_get(v, "period_seconds");
	const struct ytree_node *fails = ytree_get(v, "failure_threshold");
	unsigned n;

	if (ytree_text(ytree_get(exec, "command"))) {
		exec_probe(y, p, exec, w);
	} else if (ytree_is_map(get)) {
		http_probe(y, p, get, w);
	} else {
		import_ynote(y, p, v, "neither exec nor http_get");
		return false;
	}
	if (period && import_yuint(y, p, period, 86400, &n) && n > 0)
		import_linef(y->im, p, w->every, "%us", n);
	if (w->fails && fails && import_yuint(y, p, fails, 1000, &n) && n > 0)
		import_linef(y->im, p, w->fails, "%u", n);
	return true;
}

static void
key_readiness(struct import_yaml *y, struct import_proc *p,
	      const struct ytree_node *v)
{
	if (ytree_is_null(v) || !probe(y, p, v, &ready_words))
		return;
	if (ytree_get(v, "failure_threshold") ||
	    ytree_get(v, "initial_delay_seconds"))
		import_ynote(y, p, v, "it is checked from the start until the "
			     "first success, and only that counts");
}

static void
key_liveness(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	if (!ytree_is_null(v))
		(void)probe(y, p, v, &live_words);
}

/* A plain text as a pattern. */
static void
key_ready_log_line(struct import_yaml *y, struct import_proc *p,
		   const struct ytree_node *v)
{
	const char *text = import_ytext(y, p, v);
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);

	if (!text || !text[0] || strlen(text) > IMPORT_TEXT_MAX)
		return;
	(void)buf_addc(&b, '/');
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			(void)buf_addf(&b, "\\x%02x", (unsigned char)*text);
		else if (strchr("\\^$.[]|()?*+{}/#", *text))
			(void)buf_addf(&b, "\\%c", *text);
		else
			(void)buf_addc(&b, *text);
	}
	(void)buf_addc(&b, '/');
	import_line(y->im, p, v->line, "ready log", IMPORT_WORDS, buf_str(&b));
	buf_fini(&b);
}

/* --- policies --- */

static void
restart(struct import_yaml *y, struct import_proc *p,
	const struct ytree_node *v, const char *policy)
{
	const struct ytree_node *max = ytree_get(v, "max_restarts");
	const struct ytree_node *pause = ytree_get(v, "backoff_seconds");
	unsigned n = 0;

	import_linef(y->im, p, "restart", "%s", policy);
	/* Without a number there is no limit; sbx has one then. */
	if (!max || import_yuint(y, p, max, 1000000, &n))
		import_linef(y->im, p, "restart.max", "%u", n);
	if (pause && import_yuint(y, p, pause, 86400, &n) && n > 0)
		import_linef(y->im, p, "restart.backoff", "%us..%us", n, n);
}

static void
key_availability(struct import_yaml *y, struct import_proc *p,
		 const struct ytree_node *v)
{
	const struct ytree_node *at = ytree_get(v, "restart");
	const char *policy = ytree_text(at);
	bool no = true, ends = false;

	if (policy && strcmp(policy, "always") == 0)
		restart(y, p, v, "always");
	else if (policy && strcmp(policy, "on_failure") == 0)
		restart(y, p, v, "on-failure");
	else if (policy && strcmp(policy, "exit_on_failure") == 0)
		import_ynote(y, p, at, "a failure does not end the others: "
			     "see 'sbx run'");
	else if (policy && (!ytree_bool(at, &no) || no))
		import_ynote(y, p, at, "'%.60s' is no policy", policy);
	at = ytree_get(v, "exit_on_end");
	if (ytree_bool(at, &ends) && ends)
		import_ynote(y, p, at, "its end does not end the others: see "
			     "'sbx run'");
	at = ytree_get(v, "exit_on_skipped");
	if (ytree_bool(at, &ends) && ends)
		import_ynote(y, p, at, "its failure does not end the others");
}

static void
key_shutdown(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	const char *command = ytree_text(ytree_get(v, "command"));
	const struct ytree_node *signal = ytree_get(v, "signal");
	const struct ytree_node *wait = ytree_get(v, "timeout_seconds");
	bool parent = false;
	unsigned seconds = 0;
	char time[32];

	if (command) {
		char *line = import_undouble(command);
		import_line(y->im, p, v->line, "stop cmd", IMPORT_RAW, line);
		free(line);
	}
	if (wait)
		(void)import_yuint(y, p, wait, 86400, &seconds);
	snprintf(time, sizeof(time), "%us", seconds);
	if (signal || seconds > 0)
		import_ystop(y, p, v, ytree_text(signal),
			     seconds > 0 ? time : NULL);
	if (ytree_bool(ytree_get(v, "parent_only"), &parent) && parent)
		import_ynote(y, p, v, "sbx stops the whole tree, not the "
			     "parent only");
	if (ytree_get(v, "send_keys"))
		import_ynote(y, p, v, "send_keys: write 'stop keys' for it");
}

static const struct {
	const char *said, *condition;
} conditions[] = {
	{ "process_completed", "done" },
	{ "process_completed_successfully", "ok" },
	{ "process_healthy", "ready" },
	{ "process_log_ready", "ready" },
	{ "process_started", "started" },
};

static void
key_depends_on(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *v)
{
	if (!ytree_is_map(v) && !ytree_is_null(v))
		import_ynote(y, p, v, "it is no map");
	for (size_t i = 0; ytree_is_map(v) && i < v->count; i++) {
		const struct ytree_node *how = ytree_value_at(v, i);
		const char *said = ytree_text(ytree_get(how, "condition"));
		const char *condition = NULL;
		for (size_t c = 0; said && c < ARRAY_LEN(conditions); c++)
			if (strcmp(said, conditions[c].said) == 0)
				condition = conditions[c].condition;
		if (!condition)
			import_ynote(y, p, how, "'%.60s' is no condition; "
				     "taken as started", said ? said : "");
		import_depend(y->im, p, ytree_key_at(v, i)->line,
			      ytree_key_at(v, i)->text,
			      condition ? condition : "started");
	}
}

static void
key_schedule(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	const char *cron = ytree_text(ytree_get(v, "cron"));
	const char *every = ytree_text(ytree_get(v, "interval"));
	char time[UNITS_TEXT_MAX];
	struct cron parsed;
	const struct ytree_node *many = ytree_get(v, "max_concurrent");
	bool now = false;
	unsigned n;
	uint64_t ms;

	(void)ytree_bool(ytree_get(v, "run_on_start"), &now);
	if (cron && cron_parse(cron, &parsed, NULL, NULL) == 0) {
		struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);
		(void)buf_adds(&b, "cron ");
		(void)import_quote(cron, false, &b);
		import_line(y->im, p, v->line, "schedule", IMPORT_WORDS,
			    buf_str(&b));
		buf_fini(&b);
		if (now)
			import_ynote(y, p, v, "run_on_start: 'cron' has no "
				     "'at-start'");
	} else if (every && units_duration(every, &ms) == 0 && ms > 0) {
		units_duration_text(ms, time);
		import_linef(y->im, p, "schedule", "every %s%s", time,
			     now ? " at-start" : "");
	} else {
		import_ynote(y, p, v, "it is neither an interval nor the five "
			     "fields of cron");
		p->off = true;
	}
	if (ytree_get(v, "timezone"))
		import_ynote(y, p, v, "the time is that of this machine");
	if (many && import_yuint(y, p, many, 1000, &n) && n > 1)
		import_ynote(y, p, v, "max_concurrent: one run at a time, see "
			     "'schedule.overlap'");
}

/* --- the rest of a process --- */

/* Where there are both, the command is what runs. */
static bool
entrypoint_is_over(struct import_yaml *y, struct import_proc *p,
		   const struct ytree_node *at, bool over)
{
	if (over)
		import_ynote(y, p, at, "of 'command' and 'entrypoint' the "
			     "command is run");
	return over;
}

static void
key_command(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *v)
{
	const char *text = import_ytext(y, p, v);

	if (!text || !text[0])
		return;
	if (entrypoint_is_over(y, p, v, p->argv || p->command)) {
		strv_free(p->argv);
		p->argv = NULL;
	}
	import_script(y->im, p, v->line, text, true);
	if (strstr(text, "PC_REPLICA_NUM"))
		import_ynote(y, p, v, "the number of a replica is $SBX_INDEX");
}

static void
key_entrypoint(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *v)
{
	size_t n;

	if (ytree_is_null(v) || entrypoint_is_over(y, p, v, p->command))
		return;
	const char **words = import_ylist(y, p, v, &n);
	import_argv(y->im, p, v->line, words, n, true);
	free(words);
}

static void
key_environment(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	import_yenv(y, p, v, false);
}

static void
key_env_file(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	for (size_t i = 0; ytree_is_seq(v) && i < v->count; i++)
		import_yword(y, p, v->items[i], "env-file", true);
	if (!ytree_is_seq(v))
		import_yword(y, p, v, "env-file", true);
}

static void
key_working_dir(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	if (ytree_text(v) && ytree_text(v)[0])
		import_yword(y, p, v, "cwd", true);
}

static void
key_log_location(struct import_yaml *y, struct import_proc *p,
		 const struct ytree_node *v)
{
	import_yword(y, p, v, "log.file", true);
}

static void
key_description(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	const char *text = import_ytext(y, p, v);

	if (!text)
		return;
	char *line = mem_str(text);
	for (char *c = line; *c; c++)
		if (*c == '\n')
			*c = ' ';
	import_line(y->im, p, v->line, "desc", IMPORT_RAW, line);
	free(line);
}

static void
key_disabled(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	bool off = false;

	if (import_ybool(y, p, v, &off) && off)
		p->off = true;
}

/* One that takes the terminal is only started by hand. */
static void
key_foreground(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *v)
{
	import_key_tty(y, p, v);
	key_disabled(y, p, v);
}

static void
key_daemon(struct import_yaml *y, struct import_proc *p,
	   const struct ytree_node *v)
{
	bool yes = false;

	if (import_ybool(y, p, v, &yes) && yes)
		import_linef(y->im, p, "tree", "keep");
}

static void
key_namespace(struct import_yaml *y, struct import_proc *p,
	      const struct ytree_node *v)
{
	size_t n;
	const char **names = import_ylist(y, p, v, &n);

	for (size_t i = 0; i < n; i++)
		if (names[i][0] && strcmp(names[i], "default") != 0)
			import_group(y->im, p, v->line, names[i]);
	free(names);
}

static void
key_ok_codes(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	for (size_t i = 0; ytree_is_seq(v) && i < v->count; i++) {
		unsigned code;
		if (import_yuint(y, p, v->items[i], 255, &code))
			import_linef(y->im, p, "ok-codes", "%u", code);
	}
}

static const struct import_key process_keys[] = {
	{ "command", key_command, NULL },
	{ "entrypoint", key_entrypoint, NULL },
	{ "description", key_description, NULL },
	{ "working_dir", key_working_dir, NULL },
	{ "environment", key_environment, NULL },
	{ "env_file", key_env_file, NULL },
	{ "depends_on", key_depends_on, NULL },
	{ "availability", key_availability, NULL },
	{ "readiness_probe", key_readiness, NULL },
	{ "liveness_probe", key_liveness, NULL },
	{ "ready_log_line", key_ready_log_line, NULL },
	{ "shutdown", key_shutdown, NULL },
	{ "schedule", key_schedule, NULL },
	{ "log_location", key_log_location, NULL },
	{ "disabled", key_disabled, NULL },
	{ "is_disabled", key_disabled, NULL },
	{ "is_tty", import_key_tty, NULL },
	{ "is_interactive", import_key_tty, NULL },
	{ "is_foreground", key_foreground, NULL },
	{ "is_daemon", key_daemon, NULL },
	{ "replicas", import_key_replicas, NULL },
	{ "namespace", key_namespace, NULL },
	{ "success_exit_codes", key_ok_codes, NULL },
	{ "disable_ansi_colors", NULL, NULL },
	{ "launch_timeout_seconds", NULL, "no start of a daemon is waited "
	  "for" },
	{ "is_elevated", NULL, "run sbx as root and give it a 'user'" },
	{ "vars", NULL, "{{ }} is no template here" },
	{ "log_configuration", NULL, "see 'log.rotate'" },
	{ "extends", NULL, "what it takes from there is missing here" },
	{ "watch", NULL, "see 'files'" },
	{ "monitor_for", NULL, "see 'notify'" },
	{ "monitor_silence_threshold", NULL, NULL },
	{ "is_template_disabled", NULL, NULL },
	{ "is_dotenv_disabled", NULL, "the .env file is for all processes" },
};

static bool
has_template(const struct ytree_node *n)
{
	const char *text = ytree_text(n);

	if (text && strstr(text, "{{"))
		return true;
	for (size_t i = 0; ytree_is_seq(n) && i < n->count; i++)
		if (has_template(n->items[i]))
			return true;
	for (size_t i = 0; ytree_is_map(n) && i < n->count; i++)
		if (has_template(ytree_value_at(n, i)))
			return true;
	return false;
}

static void
one_process(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *v)
{
	bool literal = false;

	(void)ytree_bool(ytree_get(v, "is_template_disabled"), &literal);
	if (!literal && has_template(v))
		import_ynote(y, p, v, "{{ }} is no template here");
	import_keys_of(y, p, v, process_keys, ARRAY_LEN(process_keys));
}

static void
key_processes(struct import_yaml *y, struct import_proc *none,
	      const struct ytree_node *v)
{
	(void)none;
	import_procs_of(y, "processes", v, false, one_process);
}

static const struct import_key top_keys[] = {
	{ "processes", key_processes, NULL },
	{ "environment", key_environment, NULL },
	{ "version", NULL, NULL }, { "is_strict", NULL, NULL },
	{ "shell", NULL, NULL }, { "ordered_shutdown", NULL, NULL },
	{ "log_level", NULL, NULL }, { "log_length", NULL, NULL },
	{ "log_location", NULL, "sbx keeps a log of every process: "
	  "'sbx logs'" },
	{ "log_configuration", NULL, "see 'log.rotate'" },
	{ "vars", NULL, "{{ }} is no template here" },
	{ "env_cmds", NULL, "variables from commands: set them before sbx" },
	{ "extends", NULL, "import that file too" },
	{ "is_tui_disabled", NULL, NULL },
	{ "disable_env_expansion", NULL, "$X in values is a variable here" },
};

/* Its shell is bash unless the file says otherwise. */
static void
set_shell(struct import_yaml *y)
{
	const struct ytree_node *shell = ytree_get(y->root, "shell");
	const char *command = ytree_text(ytree_get(shell, "shell_command"));
	const char *arg = ytree_text(ytree_get(shell, "shell_argument"));

	y->key = "shell";
	if (arg && strcmp(arg, "-c") != 0)
		import_ynote(y, NULL, shell, "a shell of sbx gets '-c'");
	else if (!command || strcmp(command, "bash") == 0)
		import_linef(y->im, NULL, "set", "shell /bin/bash");
	else if (strcmp(command, "sh") == 0)
		return;
	else if (command[0] == '/' && !strpbrk(command, " \t\n\"'\\$#{}"))
		import_linef(y->im, NULL, "set", "shell %.300s", command);
	else
		import_ynote(y, NULL, shell, "write 'set shell /PATH' for "
			     "'%.60s'", command);
}

static bool
read_root(struct import_yaml *y)
{
	const struct ytree_node *processes = ytree_get(y->root, "processes");

	if (!ytree_is_map(processes))
		return import_wrong(y->m, processes ? processes->line : 0, 0,
				    "there are no 'processes' in it");
	set_shell(y);
	import_line(y->im, NULL, 1, "env-file", IMPORT_PATH, ".env");
	import_keys(y, NULL, y->root, top_keys, ARRAY_LEN(top_keys));
	return !y->m->text[0];
}

bool
import_pcompose(struct import *im, const char *text, size_t len,
		const char *runner, struct import_mistake *m)
{
	(void)runner;
	return import_yaml(im, text, len, true, m, read_root);
}
