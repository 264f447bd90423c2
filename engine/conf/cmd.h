#ifndef SBX_CMD_H
#define SBX_CMD_H

/*
 * The language of commands: one table of verbs and one of options, from
 * which the parser, --help, completion and the manual are made.  The same
 * rows serve "sbx stop web", ":stop web" on the screen and "bind x stop".
 *
 * A verb that is known but not there yet is a row too: it is refused with a
 * clear error and never accepted and ignored.  Nothing is done here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/table.h"

struct err;
struct proto_request;

enum cmd_value {
	CMD_FLAG, CMD_TEXT, CMD_UINT, CMD_DURATION, CMD_SIZE,
	CMD_RANGE,	/* "200-399" */
	CMD_LIST,	/* text, may be given many times */
	CMD_MAYBE_DURATION,	/* --wait or --wait 5s */
};

/* X(enum, "name", 'letter', value, "ARG", help): a name may occur in several
 * rows as long as no verb has two of them. */
#define CMD_OPTION_TABLE(X)                                                    \
	X(AFTER, "after", 0, CMD_TEXT, "CURSOR",                               \
	  "only what comes after this cursor")                                 \
	X(ALL, "all", 'a', CMD_FLAG, "", "every process")                      \
	X(ALLOW_ORIGIN, "allow-origin", 0, CMD_LIST, "ORIGIN",                 \
	  "pages from there may ask (may be repeated; *: all)")                \
	X(ANSI, "ansi", 0, CMD_FLAG, "", "with colours as escape sequences")   \
	X(ASCII, "ascii", 0, CMD_FLAG, "",                                     \
	  "ASCII signs on the full screen, whatever set glyphs says")          \
	X(BASE64, "base64", 0, CMD_FLAG, "", "TEXT is base64, for any bytes")  \
	X(COLOR, "color", 0, CMD_TEXT, "WHEN",                                 \
	  "colours of the full screen: auto, never, 16, 256 or true")          \
	X(CREATED, "created", 0, CMD_TEXT, "[A]..[B]",                         \
	  "only those created from A on and before B")                         \
	X(CWD, "cwd", 0, CMD_TEXT, "DIR", "working directory")                 \
	X(ENV, "env", 'e', CMD_LIST, "K=V|-K",                                 \
	  "set or remove a variable (may be repeated)")                        \
	X(EOF, "eof", 0, CMD_FLAG, "", "close its stdin")                      \
	X(EXIT, "exit", 0, CMD_FLAG, "", "until it has ended")                 \
	X(FAILED, "failed", 0, CMD_FLAG, "", "every process that has failed")  \
	X(FILE, "file", 'f', CMD_TEXT, "FILE", "this sbxrc")                   \
	X(FOLLOW, "follow", 'f', CMD_FLAG, "", "go on with what comes")        \
	X(FORCE, "force", 0, CMD_FLAG, "",                                     \
	  "write over the file that is there")                                 \
	X(FROM, "from", 0, CMD_TEXT, "FORMAT",                                 \
	  "what to make it from: sbx help formats")                            \
	X(GREP, "grep", 0, CMD_TEXT, "RE", "only lines that match")            \
	X(GROUP_OF, "group", 0, CMD_TEXT, "GROUP", "only of this group")       \
	X(GROUP_IN, "group", 0, CMD_TEXT, "GROUP",                             \
	  "into this group, with its variables and directory")                 \
	X(HELP, "help", 'h', CMD_FLAG, "", "tell how it is used")              \
	X(HTTP, "http", 0, CMD_TEXT, "PATH",                                   \
	  "with --port: until a GET of PATH is answered well")                 \
	X(IDLE, "idle", 0, CMD_DURATION, "T", "until it was silent so long")   \
	X(JSON, "json", 0, CMD_FLAG, "", "as JSON")                            \
	X(KEYS, "keys", 0, CMD_TEXT, "KEYS",                                   \
	  "keys by name: 'C-c Enter Up'")                                      \
	X(LIKE, "like", 0, CMD_TEXT, "NAME",                                   \
	  "with the directory, user and environment of NAME")                  \
	X(LIMIT, "limit", 0, CMD_UINT, "N", "at most N of them")               \
	X(LINES, "lines", 'n', CMD_UINT, "N", "only the last N lines")         \
	X(LISTEN, "listen", 0, CMD_TEXT, "ADDR:PORT",                          \
	  "where to listen (127.0.0.1:2468)")                                  \
	X(LOG, "log", 0, CMD_TEXT, "RE", "until a line of its log matches")    \
	X(MAX_OUTPUT, "max-output", 0, CMD_SIZE, "SIZE",                       \
	  "keep so much of each stream (head), drop the rest")                 \
	X(BOUNDED, "bounded", 0, CMD_FLAG, "",                                 \
	  "limit.run-timeout is its timeout, or the longest")                  \
	X(NO_DEPS, "no-deps", 0, CMD_FLAG, "",                                 \
	  "without what they depend on")                                       \
	X(NO_ESCALATE, "no-escalate", 0, CMD_FLAG, "",                         \
	  "only the first step of the stop ladder")                            \
	X(NO_PREFIX, "no-prefix", 0, CMD_FLAG, "", "without the names")        \
	X(NO_QUEUE, "no-queue", 0, CMD_FLAG, "",                               \
	  "refused where limit.processes leaves no place")                     \
	X(NO_START, "no-start", 0, CMD_FLAG, "", "do not start it yet")        \
	X(NPM, "npm", 0, CMD_FLAG, "",                                         \
	  "the scripts of ./package.json: -f package.json")                    \
	X(PLAIN, "plain", 0, CMD_FLAG, "",                                     \
	  "lines instead of the full screen")                                  \
	X(PLAN, "plan", 0, CMD_FLAG, "",                                       \
	  "show what would be done, and change nothing")                       \
	X(PORT, "port", 0, CMD_UINT, "N", "until the port accepts")            \
	X(PROCFILE, "procfile", 0, CMD_FLAG, "",                               \
	  "the processes of ./Procfile: -f Procfile")                          \
	X(RAW, "raw", 0, CMD_FLAG, "", "the exact bytes")                      \
	X(READY, "ready", 0, CMD_FLAG, "", "until it is ready")                \
	X(RM, "rm", 0, CMD_FLAG, "", "forget it when it has ended")            \
	X(RUN, "run", 0, CMD_TEXT, "N",                                        \
	  "only of run N; -1 is the one before the last")                      \
	X(SCREEN, "screen", 0, CMD_TEXT, "RE", "until its screen matches")     \
	X(SCROLLBACK, "scrollback", 0, CMD_FLAG, "",                           \
	  "with the lines that scrolled off")                                  \
	X(SINCE, "since", 0, CMD_TEXT, "WHEN",                                 \
	  "a time (RFC 3339), a duration back, or a cursor")                   \
	X(STATUS_IS, "status", 0, CMD_TEXT, "S,...",                           \
	  "only in one of these statuses")                                     \
	X(STATUS_IN, "status", 0, CMD_RANGE, "A-B",                            \
	  "with --http: what counts as well (200-399)")                        \
	X(STREAM, "stream", 0, CMD_TEXT, "S", "only stdout, stderr or pty")    \
	X(STRING, "string", 0, CMD_TEXT, "TEXT",                               \
	  "until a line of its log holds TEXT")                                \
	X(SUCCESS, "success", 0, CMD_TEXT, "WHICH",                            \
	  "whose exit code: all, first, last or NAME")                         \
	X(DOWN_TIMEOUT, "timeout", 0, CMD_DURATION, "T",                       \
	  "kill what is left after T")                                         \
	X(RUN_TIMEOUT, "timeout", 0, CMD_DURATION, "T",                        \
	  "stop it when it runs longer than T")                                \
	X(TIMEOUT, "timeout", 0, CMD_DURATION, "T",                            \
	  "give up after T (exit 124)")                                        \
	X(TOKEN, "token", 0, CMD_TEXT, "T",                                    \
	  "who asks has to know T (better: --token-file)")                     \
	X(TOKEN_FILE, "token-file", 0, CMD_TEXT, "FILE",                       \
	  "the same, from the first line of FILE (-: stdin)")                  \
	X(TTY, "tty", 't', CMD_FLAG, "", "give it a terminal")                 \
	X(UNIX, "unix", 0, CMD_TEXT, "PATH",                                   \
	  "listen on a socket in the file system instead")                     \
	X(UNTIL, "until", 0, CMD_TEXT, "RE",                                   \
	  "then wait for a new line of its log that matches")                  \
	X(UNTIL_SCREEN, "until-screen", 0, CMD_TEXT, "RE",                     \
	  "then wait for its screen to match")                                 \
	X(USER, "user", 'u', CMD_TEXT, "USER", "run it as USER[:GROUP]")       \
	X(VERSION, "version", 'V', CMD_FLAG, "", "tell the version")           \
	X(WAIT, "wait", 0, CMD_MAYBE_DURATION, "[T]",                          \
	  "until they are ready, at most T (exit 124)")                        \
	X(WAIT_END, "wait", 0, CMD_MAYBE_DURATION, "[T]",                      \
	  "wait for their end at most T (exit 124)")                           \
	X(WITH_DEPENDENTS, "with-dependents", 0, CMD_FLAG, "",                 \
	  "and the processes that depend on them")

enum cmd_option {
#define X(e, name, letter, value, arg, help) CMD_OPT_##e,
	CMD_OPTION_TABLE(X)
#undef X
	CMD_OPT_COUNT
};

struct cmd_option_row {
	struct row row;		/* name without dashes, args */
	char letter;		/* 0: none */
	enum cmd_value value;
};

/* X(enum, "name", "args", help): the rest of a row is in cmd_table.c */
#define VERB_TABLE(X)                                                          \
	X(UP, "up", "[NAME...]", "start the processes without a screen")       \
	X(DOWN, "down", "", "stop everything and the engine")                  \
	X(RUN, "run", "[NAME...]", "run in the foreground, prefixed output")   \
	X(LS, "ls", "[NAME...]", "list the processes")                         \
	X(SHOW, "show", "NAME", "tell everything about one process")           \
	X(WHY, "why", "NAME", "tell why it is in its status")                  \
	X(ADD, "add", "[NAME] -- CMD...", "add a process and start it")        \
	X(EXEC, "exec", "-- CMD...", "run a command to its end")               \
	X(START, "start", "NAME...", "start processes")                        \
	X(STOP, "stop", "NAME...", "stop processes with their whole tree")     \
	X(RESTART, "restart", "NAME...", "stop and start processes")           \
	X(KILL, "kill", "NAME...", "kill processes with their whole tree")     \
	X(SIGNAL, "signal", "SIG NAME...", "send a signal to their trees")     \
	X(RM, "rm", "NAME...", "forget processes that have ended")             \
	X(CLEAN, "clean", "", "forget all processes that have ended")          \
	X(LOGS, "logs", "[NAME...]", "show what processes print")              \
	X(SEND, "send", "NAME [TEXT|-]", "type something into a process")      \
	X(ATTACH, "attach", "NAME", "its terminal, full screen; C-] leaves")   \
	X(SCREEN, "screen", "NAME", "show what is on its terminal")            \
	X(WAIT, "wait", "NAME...", "wait for something to happen")             \
	X(WATCH, "watch", "NAME [/RE/|add W /RE/...|rm W]",                    \
	  "try a pattern on its log, add and remove watches")                  \
	X(VALUES, "values", "NAME [WATCH]", "what its watches have seen")      \
	X(EVENTS, "events", "", "show what happened, and because of what")     \
	X(SET, "set", "[KEY [VALUE]]", "show or change settings")              \
	X(ENV, "env", "[GROUP] [K=V|-K...]", "show or change the environment") \
	X(SCALE, "scale", "NAME N", "run N of them")                           \
	X(RELOAD, "reload", "", "read the sbxrc again")                        \
	X(CHECK, "check", "[FILE...]", "look for mistakes in an sbxrc")        \
	X(INIT, "init", "[FILE]", "write an sbxrc")                            \
	X(DOCTOR, "doctor", "", "tell about this machine and the engine")      \
	X(RESET, "reset", "", "put the terminal right after a crash")          \
	X(KEYS, "keys", "", "list the keys")                                   \
	X(THEME, "theme", "list|show|check [NAME|FILE...]",                    \
	  "list, show and check themes")                                       \
	X(COMPLETION, "completion", "bash|zsh|fish", "for your shell")         \
	X(SERVE, "serve", "", "answer over HTTP")                              \
	X(VERSION, "version", "", "tell the version")                          \
	X(HELP, "help", "[VERB|TOPIC]", "tell how something is used")

enum verb {
#define X(e, name, args, help) VERB_##e,
	VERB_TABLE(X)
#undef X
	VERB_COUNT
};

enum { CMD_VERB_OPTIONS = 24 };

struct verb_row {
	struct row row;
	enum verb id;
	bool built;
	bool has_tail;		/* words after "--" are a command */
	bool dash_words;	/* "-NAME" is a word */
	unsigned words_min, words_max;	/* NAME... and the like */
	int request;		/* enum proto_verb; 0: not one request */
	/* CMD_OPT_... in the order of the help; ends with CMD_OPT_COUNT */
	unsigned char options[CMD_VERB_OPTIONS];
	const char *examples;	/* a line each, without "sbx " */
	const char *more;	/* a paragraph or two for --help, or NULL */
};

extern const struct table cmd_verb_table;	/* of struct verb_row */
extern const struct table cmd_option_table;	/* of cmd_option_row */

const struct verb_row *cmd_verb(enum verb v);
const struct cmd_option_row *cmd_option(enum cmd_option o);
/* Does the verb take this option?  NULL: sbx without a command. */
bool	cmd_takes(const struct verb_row *v, enum cmd_option o);

struct cmd_arg {
	bool given;
	const char *text;	/* as written; NULL for a flag */
	uint64_t number;	/* UINT, SIZE: bytes, DURATION: ms, RANGE: a */
	uint64_t number2;	/* RANGE: b */
	const char **list;	/* LIST: NULL-terminated */
	size_t list_count;
};

/* A command that was understood.  Words point into what was parsed. */
struct cmd {
	const struct verb_row *verb;	/* NULL: the full screen */
	struct cmd_arg args[CMD_OPT_COUNT];
	char **words;		/* NULL-terminated: names and the like */
	size_t word_count;
	char **tail;		/* after "--", NULL-terminated; NULL: none */
	size_t tail_count;
};

/*
 * words: without "sbx" and without ':'.  No verb but options of sbx itself
 * or names: verb is NULL.  0, or -1 with ERR_USAGE.  --help makes a command
 * of any verb valid.  Free with cmd_fini; the words must live as long.
 */
int	cmd_parse(char *const *words, size_t count, struct cmd *out,
		  struct err *e);
/* The same for one that must begin with a verb: ':' and bind. */
int	cmd_parse_verb(char *const *words, size_t count, struct cmd *out,
		       struct err *e);
void	cmd_fini(struct cmd *c);

/*
 * The one request that a command is (start stop restart kill signal rm clean
 * up down).  names borrows from c: q lives no longer, no fini.  0, or -1 when
 * it is none or a word is wrong (signal).
 */
int	cmd_to_request(const struct cmd *c, struct proto_request *q,
		       struct err *e);

void	cmd_help(const struct verb_row *v, FILE *out);	/* NULL: of sbx */
/* "exit-codes", "names", ...: -1 when there is no such topic. */
int	cmd_help_topic(const char *topic, FILE *out);

#endif
