#include "rcstate.h"

#include <string.h>

#include "life/life.h"
#include "spec/replica.h"

#define ROW(name, args, help) .row = { (name), NULL, (args), (help) }
#define IN_PROCESS (RC_PROCESS | RC_DEFAULTS)

/* A word that only sets a member of struct spec. */
#define PLAIN(where_, value_, member_)                                         \
	.where = (where_), .value = (value_),                                  \
	.offset = offsetof(struct spec, member_), .flags = RC_ONCE,            \
	.min = 1, .max = 1
#define CALL(where_, fn_, min_, max_)                                          \
	.where = (where_), .fn = (fn_),                                        \
	.min = (min_), .max = (max_)

const struct rc_word_row rc_words[] = {
	/* Top level. */
	{ ROW("require", "N", "format of the file that is needed"),
	  CALL(RC_TOP, rc_do_require, 1, 1) },
	{ ROW("set", "KEY VALUE...", "change a setting"),
	  CALL(RC_TOP | RC_KEYS, rc_do_set, 2, 0), .flags = RC_LIST },
	{ ROW("let", "NAME VALUE", "name a text, used as ${NAME}"),
	  CALL(RC_TOP, rc_do_let, 2, 2) },
	{ ROW("include", "FILE [optional]", "read another file here"),
	  CALL(RC_TOP, rc_do_include, 1, 2) },
	{ ROW("import", "procfile|npm [FILE [NAME,...]]",
	      "take processes from the file of another program"),
	  CALL(RC_TOP, rc_do_import, 1, 3) },
	{ ROW("defaults", "{", "what every process after it starts from"),
	  CALL(RC_TOP, rc_do_defaults, 0, 0), .flags = RC_BLOCK },
	{ ROW("process", "NAME COMMAND | NAME {", "define a process"),
	  CALL(RC_TOP, rc_do_process, 1, 2), .flags = RC_BLOCK,
	  .raw_after = 2 },
	{ ROW("bind", "[MODE] KEY COMMAND", "give a key a command"),
	  CALL(RC_TOP | RC_KEYS, rc_do_bind, 2, 3), .expect = rc_expect_bind },
	{ ROW("unbind", "[MODE] KEY", "take the command of a key away"),
	  CALL(RC_TOP | RC_KEYS, rc_do_unbind, 1, 2) },
	{ ROW("color", "ROLE FG [BG] [bold dim italic underline reverse]",
	      "change a colour of the theme"),
	  CALL(RC_TOP | RC_THEME, rc_do_color, 2, 8) },
	{ ROW("theme", "NAME [dark|light]", "begins a theme file"),
	  CALL(RC_THEME, NULL, 1, 2) },
	{ ROW("palette", "[dark|light] {", "names of colours of a theme"),
	  CALL(RC_THEME, NULL, 0, 1), .flags = RC_BLOCK },
	{ ROW("inherit", "NAME", "start from another theme"),
	  CALL(RC_THEME, NULL, 1, 1) },

	/* Everywhere. */
	{ ROW("env", "NAME=VALUE... -NAME...",
	      "set or remove variables of the environment"),
	  CALL(RC_TOP | IN_PROCESS | RC_GROUP, rc_do_env, 1, 0),
	  .flags = RC_LIST },
	{ ROW("env-file", "FILE [optional]", "read lines NAME=VALUE or -NAME"),
	  CALL(RC_TOP | IN_PROCESS | RC_GROUP, rc_do_env_file, 1, 2) },
	{ ROW("path", "DIR...", "put directories in front of PATH"),
	  CALL(RC_TOP | IN_PROCESS | RC_GROUP, rc_do_path, 1, 0),
	  .flags = RC_LIST },
	{ ROW("group", "NAME [PROCESS...] | NAME {",
	      "define a group; in a process: the group it belongs to"),
	  CALL(RC_TOP | RC_PROCESS, rc_do_group, 1, 0),
	  .flags = RC_BLOCK | RC_LIST },
	{ ROW("members", "PROCESS...", "processes of a group, globs too"),
	  CALL(RC_GROUP, rc_do_members, 1, 0), .flags = RC_LIST },
	{ ROW("cwd", "DIR", "directory to run in"),
	  CALL(IN_PROCESS | RC_GROUP, rc_do_cwd, 1, 1),
	  .flags = RC_ONCE },

	/* What runs. */
	{ ROW("cmd", "COMMAND", "a line for the shell, taken as it is"),
	  CALL(RC_PROCESS, rc_do_cmd, 1, 1), .flags = RC_ONCE,
	  .raw_after = 1 },
	{ ROW("argv", "WORD...", "a program and its words, no shell"),
	  CALL(RC_PROCESS, rc_do_argv, 1, 0),
	  .flags = RC_ONCE | RC_LIST },
	{ ROW("desc", "TEXT", "one line about the process"),
	  PLAIN(RC_PROCESS, RC_TEXT, desc), .raw_after = 1 },
	{ ROW("tty", "yes | no", "run on a terminal of its own"),
	  PLAIN(IN_PROCESS, RC_BOOL, tty) },
	{ ROW("stdin", "null | pipe | tty", "where input comes from"),
	  CALL(IN_PROCESS, rc_do_stdin, 1, 1), .flags = RC_ONCE },
	{ ROW("stderr", "joined | separate",
	      "errors of a tty in its screen or apart"),
	  PLAIN(IN_PROCESS, RC_EITHER, stderr_separate) },
	{ ROW("user", "USER[:GROUP]",
	      "run as somebody else, for root; names or numbers"),
	  CALL(IN_PROCESS, rc_do_user, 1, 1), .flags = RC_ONCE },
	{ ROW("umask", "OCTAL", "mode bits that new files do not get"),
	  CALL(IN_PROCESS, rc_do_umask, 1, 1), .flags = RC_ONCE },
	{ ROW("nice", "N", "priority, -20 to 19, lower is more; not relative"),
	  CALL(IN_PROCESS, rc_do_nice, 1, 1), .flags = RC_ONCE },
	{ ROW("limit", "NAME=VALUE...", "resource limits of the kernel"),
	  CALL(IN_PROCESS, rc_do_limit, 1, 0), .flags = RC_LIST },

	/* How long. */
	{ ROW("depends", "PROCESS [started|ready|done|ok]",
	      "wait for another process first"),
	  CALL(RC_PROCESS, rc_do_depends, 1, 2) },
	{ ROW("ready", "KIND ...", "when the process counts as ready"),
	  CALL(RC_PROCESS, rc_do_ready, 1, 0),
	  .flags = RC_ONCE | RC_LIST, .expect = rc_expect_probe },
	{ ROW("ready.every", "TIME", "time between two checks"),
	  PLAIN(IN_PROCESS, RC_DURATION, ready_every_ms),
	  .least = 10 },
	{ ROW("ready.timeout", "TIME", "then it is called unready"),
	  PLAIN(IN_PROCESS, RC_DURATION, ready_timeout_ms) },
	{ ROW("live", "KIND ...", "checked for as long as it runs"),
	  CALL(RC_PROCESS, rc_do_live, 1, 0),
	  .flags = RC_ONCE | RC_LIST, .expect = rc_expect_probe },
	{ ROW("live.every", "TIME", "time between two live checks"),
	  PLAIN(IN_PROCESS, RC_DURATION, live_every_ms),
	  .least = 10 },
	{ ROW("live.fails", "N", "failed live checks before the action"),
	  PLAIN(IN_PROCESS, RC_UINT, live_fails), .least = 1,
	  .most = 1000 },
	{ ROW("live.action", "restart | mark | stop",
	      "what a failed live check does"),
	  PLAIN(IN_PROCESS, RC_CHOICE, live_action) },
	{ ROW("restart", "never | on-failure | always",
	      "start again after the end"),
	  PLAIN(IN_PROCESS, RC_CHOICE, restart) },
	{ ROW("restart.max", "N",
	      "restarts before it is given up, up to 64, 0 = never"),
	  PLAIN(IN_PROCESS, RC_UINT, restart_max),
	  .most = LIFE_RESTARTS_MAX },
	{ ROW("restart.within", "TIME", "the time restart.max counts in"),
	  PLAIN(IN_PROCESS, RC_DURATION, restart_within_ms),
	  .least = 1 },
	{ ROW("restart.backoff", "TIME..TIME",
	      "wait before a restart, doubled each time"),
	  CALL(IN_PROCESS, rc_do_backoff, 1, 1), .flags = RC_ONCE },
	{ ROW("restart.reset", "TIME",
	      "after so long a run the wait is short again"),
	  PLAIN(IN_PROCESS, RC_DURATION, restart_reset_ms) },
	{ ROW("stop", "SIGNAL TIME ... | cmd COMMAND | keys KEYS",
	      "steps to end it; the last one is always KILL"),
	  CALL(IN_PROCESS, rc_do_stop, 1, 0), .flags = RC_LIST,
	  .expect = rc_expect_stop },
	{ ROW("stop.timeout", "TIME", "time from the first step to KILL"),
	  CALL(IN_PROCESS, rc_do_stop_timeout, 1, 1),
	  .flags = RC_ONCE },
	{ ROW("timeout", "TIME", "longest run, then it is stopped"),
	  PLAIN(IN_PROCESS, RC_DURATION, timeout_ms) },
	{ ROW("keep", "yes | no", "no: forget it and its log after the end"),
	  PLAIN(IN_PROCESS, RC_BOOL, keep) },
	{ ROW("ok-codes", "CODE...", "exit codes that count as success"),
	  CALL(IN_PROCESS, rc_do_ok_codes, 1, 0), .flags = RC_LIST },
	{ ROW("autostart", "yes | no", "start it with the set"),
	  PLAIN(IN_PROCESS, RC_BOOL, autostart) },
	{ ROW("hidden", "yes | no", "leave it out of the list"),
	  PLAIN(IN_PROCESS, RC_BOOL, hidden) },
	{ ROW("tree", "stop | keep", "what happens to its own children; kept "
	      "ones write on to its log until its next run"),
	  PLAIN(IN_PROCESS, RC_EITHER, tree_keep) },
	{ ROW("replicas", "N", "run so many of it: NAME.0, NAME.1, ..."),
	  PLAIN(IN_PROCESS, RC_UINT, replicas), .least = 1,
	  .most = REPLICAS_MAX },
	{ ROW("schedule", "every TIME [at-start] | cron \"M H D M W\"",
	      "run it at times"),
	  CALL(RC_PROCESS, rc_do_schedule, 2, 3),
	  .flags = RC_ONCE },
	{ ROW("schedule.overlap", "skip | queue | replace",
	      "when the one before has not ended"),
	  PLAIN(IN_PROCESS, RC_CHOICE, schedule_overlap) },
	{ ROW("files", "GLOB... !GLOB... [debounce=TIME] [cascade=yes]",
	      "restart when files change"),
	  CALL(RC_PROCESS, rc_do_files, 1, 0), .flags = RC_LIST },

	/* What it says. */
	{ ROW("watch", "NAME /PATTERN/ ACTION...",
	      "do something for lines of its output"),
	  CALL(IN_PROCESS, rc_do_watch, 2, 0), .flags = RC_LIST,
	  .expect = rc_expect_watch },
	{ ROW("hook", "NAME COMMAND", "a command that a watch can run"),
	  CALL(IN_PROCESS, rc_do_hook, 2, 2), .raw_after = 2 },
	{ ROW("notify", "fail unready ready exit silence=TIME",
	      "events that the person is told of"),
	  CALL(IN_PROCESS, rc_do_notify, 1, 0), .flags = RC_LIST },
	{ ROW("port", "[NAME] N|auto", "a port that it listens on"),
	  CALL(RC_PROCESS, rc_do_port, 1, 2) },
	{ ROW("url", "URL", "where a browser finds it"),
	  PLAIN(RC_PROCESS, RC_TEXT, url) },
	{ ROW("log.keep", "SIZE", "bytes of log kept, oldest go first"),
	  PLAIN(IN_PROCESS, RC_SIZE, log_keep_bytes),
	  .least = 64 << 10 },
	{ ROW("log.file", "FILE", "a copy of the log as plain text"),
	  CALL(RC_PROCESS, rc_do_log_file, 1, 1), .flags = RC_ONCE },
	{ ROW("log.rotate", "SIZE [keep=N] [gzip]",
	      "begin a new log.file at this size"),
	  CALL(IN_PROCESS, rc_do_log_rotate, 1, 3),
	  .flags = RC_ONCE },
};
const struct table rc_word_table = TABLE(rc_words);

const struct rc_word_row *
rc_word_find(const char *name)
{
	const struct row *r = table_find(&rc_word_table, name);

	return r ? container_of(r, const struct rc_word_row, row) : NULL;
}

const char *
rc_choice_word(const char *property, int choice, size_t *len)
{
	return table_word(rc_word_find(property)->row.args, (size_t)choice,
			  len);
}

/* Only what would be right in this place is worth suggesting. */
const struct rc_word_row *
rc_word_suggest(const char *name, unsigned where)
{
	const char *names[ARRAY_LEN(rc_words)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(rc_words); i++)
		if (rc_words[i].where & where)
			names[count++] = rc_words[i].row.name;
	name = table_nearest(name, names, count);
	return name ? rc_word_find(name) : NULL;
}

size_t
rc_word_index(const struct rc_word_row *row)
{
	return (size_t)(row - rc_words);
}

size_t
rc_word_count(void)
{
	return ARRAY_LEN(rc_words);
}
