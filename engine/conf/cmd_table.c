#include "cmd.h"

#include <assert.h>

#include "spec/proto.h"

static const struct cmd_option_row options[] = {
#define X(e, name, letter, value, arg, help)                                   \
	[CMD_OPT_##e] = { { name, NULL, arg, help }, letter, value },
	CMD_OPTION_TABLE(X)
#undef X
};

enum { MANY = 10000 };

#define O(e) CMD_OPT_##e
#define OPTIONS(...) { __VA_ARGS__, CMD_OPT_COUNT }
#define NO_OPTIONS { CMD_OPT_COUNT }

#define NAMES_MORE                                                             \
	"NAME is the name of a process, a group, or a pattern such as\n"       \
	"'test:*'.\n"

#define UP_MORE                                                                \
	"--wait: who has no ready rule is ready when it has lived for 1s\n"    \
	"(or as long as there is time); who ends before it was, with a\n"      \
	"code that is not ok, is exit 1.\n"

/* What becomes of it stands behind. */
#define MEMBER_MORE                                                            \
	"NAME/PID is one process of its tree ('show' lists them), or one\n"    \
	"that 'tree keep' has left (so does 'ls'): it alone gets\n"

#define X_UP                                                                   \
	.built = true,                                                         \
	.words_max = MANY, .request = PROTO_V_START,                           \
	.options = OPTIONS(O(WAIT), O(NO_DEPS), O(ALL), O(JSON)),              \
	.examples = "up\n" "up --wait 30s\n" "up web worker --no-deps\n",      \
	.more = "Without NAME: those that start by themselves.  The engine\n"  \
		"is started if there is none.  What runs is left alone;\n"     \
		"what has ended runs once more, a task that was done too.\n"   \
		"What NAME depends on is started only where it is not met\n"   \
		"yet.  An engine of another sbx than this one gives way to\n"  \
		"it, and no process notices.\n" UP_MORE NAMES_MORE

#define X_DOWN                                                                 \
	.built = true,                                                         \
	.request = PROTO_V_DOWN,                                               \
	.options = OPTIONS(O(DOWN_TIMEOUT), O(JSON)),                          \
	.examples = "down\n" "down --timeout 3s\n",                            \
	.more = "Returns when nothing of any process is alive and the\n"       \
		"engine has ended.\n"

#define X_RUN                                                                  \
	.built = true,                                                         \
	.words_max = MANY, .options = OPTIONS(O(SUCCESS)),                     \
	.examples = "run\n" "run web worker\n" "run --success test\n",         \
	.more = "Until all that it started has ended.  Ctrl-C stops it, a\n"   \
		"second one kills it: exit 130.  An engine that it had to\n"   \
		"start goes with it.  The exit code is the worst one (all),\n" \
		"that of the one that ended first or last, or of NAME.\n"

#define X_LS                                                                   \
	.built = true, .words_max = MANY,                                      \
	.options = OPTIONS(O(JSON), O(STATUS_IS), O(GROUP_OF), O(LIMIT),       \
			   O(AFTER), O(SINCE), O(CREATED)),                    \
	.examples = "ls\n" "ls web\n" "ls --status failed,killed\n"            \
		    "ls --json --limit 50\n",                                  \
	.more = "--since: created or started since then.  Times are as in\n"   \
		"'sbx logs --since': 12:00, 5m, 2026-03-01T12:00:00Z.\n"       \
		"With --json: {\"version\":1,\"processes\":[...],"             \
		"\"next\":CURSOR}; next is\n"                                  \
		"there when --limit left some out, for --after.\n"

#define X_SHOW                                                                 \
	.built = true,                                                         \
	.words_min = 1, .words_max = 1, .options = OPTIONS(O(JSON)),           \
	.examples = "show web\n" "show web --json\n"

#define X_WHY                                                                  \
	.built = true,                                                         \
	.words_min = 1, .words_max = 1, .options = OPTIONS(O(RUN), O(JSON)),   \
	.examples = "why web\n" "why web --run -1\n" "why web --json\n",       \
	.more = "A sentence or two: its status, who or what brought it\n"      \
		"there, with the line of output if a watch did, and what\n"    \
		"comes next.  --json adds its last events.\n"

#define X_ADD                                                                  \
	.built = true,                                                         \
	.words_max = 1, .has_tail = true,                                      \
	.options = OPTIONS(O(TTY), O(CWD), O(ENV), O(USER), O(RUN_TIMEOUT),    \
			   O(GROUP_IN), O(RM), O(NO_START), O(NO_QUEUE),       \
			   O(JSON)),                                           \
	.examples = "add -- npm run storybook\n"                               \
		    "add db --cwd ../db -- docker compose up db\n"             \
		    "add shell --tty -- bash\n",                               \
	.more = "Prints the name.  CMD is run as it stands, word by word;\n"   \
		"a single word with spaces in it is given to the shell.\n"

#define X_EXEC                                                                 \
	.built = true,                                                         \
	.has_tail = true,                                                      \
	.options = OPTIONS(O(LIKE), O(TTY), O(CWD), O(ENV), O(USER),           \
			   O(RUN_TIMEOUT), O(BOUNDED), O(GROUP_IN),            \
			   O(MAX_OUTPUT), O(NO_QUEUE), O(JSON)),               \
	.examples = "exec -- make test\n"                                      \
		    "exec --like web -- npm run migrate\n"                     \
		    "exec --json --timeout 10s -- ./probe\n",                  \
	.more = "Its output and its exit code; 128+n for signal n, 124 when\n" \
		"the timeout passed, 126 and 127 when it could not be run.\n"  \
		"What is piped into it goes to the command, with its end; a\n" \
		"terminal's keys do not, and --tty has no stdin but its\n"     \
		"own.  With --json at most 1M of each stream is kept.\n"

#define X_START                                                                \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .request = PROTO_V_START,           \
	.options = OPTIONS(O(WAIT), O(NO_DEPS), O(NO_QUEUE), O(ALL),           \
			   O(FAILED), O(JSON)),                                \
	.examples = "start web\n" "start web db --wait 30s\n"                  \
		    "start --failed\n", .more = UP_MORE NAMES_MORE

#define X_STOP                                                                 \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .request = PROTO_V_STOP,            \
	.options = OPTIONS(O(WAIT_END), O(NO_ESCALATE), O(WITH_DEPENDENTS),    \
			   O(ALL), O(FAILED), O(JSON)),                        \
	.examples = "stop web\n" "stop 'test:*'\n" "stop --all --wait 20s\n"   \
		    "stop web/4160\n",                                         \
	.more = "Of several those end first that need others.  Returns when\n" \
		"nothing of them is alive.\n" MEMBER_MORE                      \
		"TERM, and KILL after 5s.\n" NAMES_MORE

#define X_RESTART                                                              \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .request = PROTO_V_RESTART,         \
	.options = OPTIONS(O(WAIT), O(NO_DEPS), O(WITH_DEPENDENTS), O(ALL),    \
			   O(FAILED), O(JSON)),                                \
	.examples = "restart web\n" "restart --failed\n"                       \
		    "restart db --with-dependents --wait\n",                   \
	.more = "Of several those end first that need others, and begin\n"     \
		"last; --with-dependents takes those that run.  Returns\n"     \
		"when the new run has started; with --wait when it is\n"       \
		"ready.  A command of exec is run again only if it is\n"       \
		"named.\n" NAMES_MORE

#define X_KILL                                                                 \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .request = PROTO_V_KILL,            \
	.options = OPTIONS(O(WAIT_END), O(ALL), O(FAILED), O(JSON)),           \
	.examples = "kill web\n" "kill --all\n" "kill web/4160\n",             \
	.more = "SIGKILL at once.  Returns when nothing of them is alive.\n"   \
		MEMBER_MORE "SIGKILL.\n" NAMES_MORE

#define X_SIGNAL                                                               \
	.built = true,                                                         \
	.words_min = 2, .words_max = MANY, .request = PROTO_V_SIGNAL,          \
	.options = OPTIONS(O(ALL), O(FAILED), O(JSON)),                        \
	.examples = "signal HUP web\n" "signal USR1 'worker.*'\n"              \
		    "signal TERM web/4160\n",                                  \
	.more = "SIG is a name (HUP, SIGHUP) or a number.  NAME/PID is one\n"  \
		"process of its tree.\n" NAMES_MORE

#define X_RM                                                                   \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .request = PROTO_V_RM,              \
	.options = OPTIONS(O(ALL), O(FAILED), O(JSON)),                        \
	.examples = "rm proc_1\n" "rm --failed\n",                             \
	.more = "One that runs is refused: stop it first.\n" NAMES_MORE

#define X_CLEAN                                                                \
	.built = true,                                                         \
	.request = PROTO_V_CLEAN, .options = OPTIONS(O(JSON)),                 \
	.examples = "clean\n", .more = "Prints how many.\n"

#define X_LOGS                                                                 \
	.built = true,                                                         \
	.words_max = MANY,                                                     \
	.options = OPTIONS(O(FOLLOW), O(LINES), O(SINCE), O(STREAM), O(GREP),  \
			   O(RAW), O(JSON), O(RUN), O(NO_PREFIX), O(ALL),      \
			   O(FAILED)),                                         \
	.examples = "logs\n" "logs -f web\n"                                   \
		    "logs web -n 50 --grep 'ERROR|WARN'\n"                     \
		    "logs web --raw --stream stdout >out\n",                   \
	.more = "Everything that is kept, several processes in the order of\n" \
		"time; -f goes on until all of them have ended.\n" NAMES_MORE

#define X_SEND                                                                 \
	.built = true,                                                         \
	.words_min = 1, .words_max = 2,                                        \
	.options = OPTIONS(O(BASE64), O(KEYS), O(EOF), O(UNTIL),               \
			   O(UNTIL_SCREEN), O(TIMEOUT), O(JSON)),              \
	.examples = "send web 'status'\n" "send shell --keys 'C-c Enter Up'\n" \
		    "send db - <dump.sql\n"                                    \
		    "send repl '1+1' --until '^2$' --timeout 5s\n",            \
	.more = "TEXT is sent with a newline behind it (Enter for a\n"         \
		"terminal), what is read from - and base64 as it is.  TEXT\n"  \
		"is sent as a whole or not at all, limit.input bytes at\n"     \
		"most; what is read from - goes in pieces and waits for\n"     \
		"room.  Done when it was taken; it may well end the\n"         \
		"process.  --keys takes text in quotes too:\n"                 \
		"--keys \"'exit' Enter\".  --until and --until-screen look\n"  \
		"only at what comes behind the input, of a line that was\n"    \
		"begun before only at its rest.\n"

#define X_ATTACH                                                               \
	.built = true,                                                         \
	.words_min = 1, .words_max = 1, .options = NO_OPTIONS,                 \
	.examples = "attach shell\n"

#define X_SCREEN                                                               \
	.built = true,                                                         \
	.words_min = 1, .words_max = 1,                                        \
	.options = OPTIONS(O(JSON), O(ANSI), O(SCROLLBACK)),                   \
	.examples = "screen shell\n" "screen shell --ansi\n"

#define X_WAIT                                                                 \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY,                                     \
	.options = OPTIONS(O(LOG), O(STRING), O(AFTER), O(STREAM), O(SCREEN),  \
			   O(PORT), O(HTTP), O(STATUS_IN), O(READY), O(EXIT),  \
			   O(IDLE), O(TIMEOUT), O(ALL), O(FAILED), O(JSON)),   \
	.examples = "wait web --ready --timeout 30s\n"                         \
		    "wait web --log 'listening on port (\\d+)' --json\n"       \
		    "wait web --port 8080 --http /health\n"                    \
		    "wait build --exit\n",                                     \
	.more = "Without a condition: until they are ready, or have ended\n"   \
		"well; who has no ready rule has to live for 1s.\n"            \
		"Exit 0: met; 124: timed out, they live on; 1: the\n"          \
		"process ended first; 4: there is no such process.\n"          \
		"--log and --string begin with the oldest line; --after\n"     \
		"begins behind the cursor that the last wait printed.\n"       \
		"Lines that the log has dropped before are told on\n"          \
		"stderr, with --json as \"dropped_bytes\".\n"

#define X_WATCH                                                                \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY,                                     \
	.options = OPTIONS(O(STREAM), O(JSON)),                                \
	.examples = "watch web '/took (?<ms>\\d+) ms/'\n"                      \
		    "watch web add slow '/took (?<ms>\\d{4,}) ms/' "           \
		    "level=warn value=ms\n" "watch web rm slow\n",             \
	.more = "With a pattern alone: how many lines of its log match,\n"     \
		"which first and last, what its named groups held.  add\n"     \
		"takes what a watch line of sbxrc takes, matches from now\n"   \
		"on, and goes when a reload finds it not in the file; rm\n"    \
		"takes away.  With NAME alone: its watches and values.\n"

#define X_VALUES                                                               \
	.built = true,                                                         \
	.words_min = 1, .words_max = 2, .options = OPTIONS(O(JSON)),           \
	.examples = "values web\n" "values web latency --json\n"

#define X_EVENTS                                                               \
	.built = true,                                                         \
	.options = OPTIONS(O(FOLLOW), O(LINES), O(JSON)),                      \
	.examples = "events\n" "events -f --json\n",                           \
	.more = "A line for each thing that happened.  --json has both ends\n" \
		"of each step (start and started, exit and ended), plain\n"    \
		"lines have the second one where it adds something.\n"

#define X_SET                                                                  \
	.built = true,                                                         \
	.words_max = 2, .options = OPTIONS(O(JSON)),                           \
	.examples = "set\n" "set limit.processes\n" "set limit.processes 8\n", \
	.more = "Without VALUE: what it is.  Those that act in the engine\n"   \
		"can be changed while it runs, until the next reload; the\n"   \
		"ones of the screen by ':set' there.  A value that is wrong\n" \
		"or at odds with another one is refused, and the old one\n"    \
		"stays.\n"

#define X_ENV                                                                  \
	.built = true, .dash_words = true,                                     \
	.words_max = MANY, .options = OPTIONS(O(CWD), O(JSON)),                \
	.examples = "env\n" "env DEBUG=1 -LESS\n" "env backend PORT=8081\n"    \
		    "env backend --cwd /srv/api\n",                            \
	.more = "For runs that start later, of all processes or of a group;\n" \
		"what runs is not touched.  A variable of the process\n"       \
		"itself goes before one of its group, and that before one\n"   \
		"of the set.  --cwd: where processes that are added to the\n"  \
		"group start; - takes it back.  Until the next reload.\n"      \
		"Without changes: what there is.\n"

#define X_SCALE                                                                \
	.built = true,                                                         \
	.words_min = 2, .words_max = 2, .request = PROTO_V_SCALE,              \
	.options = OPTIONS(O(JSON)),                                           \
	.examples = "scale worker 4\n" "scale worker 1\n",                     \
	.more = "NAME is a process with a line 'replicas'.  New ones are\n"    \
		"started; those with the highest numbers are stopped and\n"    \
		"forgotten.  A reload keeps the number unless the line says\n" \
		"another one than before.\n"

#define X_RELOAD                                                               \
	.built = true,                                                         \
	.options = OPTIONS(O(PLAN), O(WAIT), O(JSON)),                         \
	.examples = "reload --plan\n" "reload\n" "reload --wait 30s\n",        \
	.more = "What has not changed is not touched.  What runs and has\n"    \
		"changed is restarted only where it has to be: for another\n"  \
		"command, directory, environment, user or terminal.  What\n"   \
		"is not in the file any more is stopped and forgotten, what\n" \
		"is new and starts by itself is started; what was added by\n"  \
		"'sbx add' stays.  Settings and variables are as the file\n"   \
		"says again.  A file with mistakes changes nothing (exit\n"    \
		"2).\n"

#define X_CHECK                                                                \
	.built = true,                                                         \
	.words_max = MANY, .options = OPTIONS(O(JSON)),                        \
	.examples = "check\n" "check deploy/sbxrc\n" "check --json\n",         \
	.more = "All mistakes at once, each with its place.  Exit 0: none;\n"  \
		"2: there are some.  Nothing is started or changed.\n"         \
		"--json: a line for each mistake, with file, line, column,\n"  \
		"level, text, and source, hint where there is one.\n"

#define X_INIT                                                                 \
	.built = true,                                                         \
	.words_max = 1, .options = OPTIONS(O(FROM), O(FORCE)),                 \
	.examples = "init\n" "init --from procfile\n"                          \
		    "init --from compose docker/compose.yaml\n",               \
	.more = "Writes ./sbxrc, or the one that -f names.  Without --from:\n" \
		"from what is found here, or a file to begin with.  What\n"    \
		"has no word in sbxrc is told with its place, and stands as\n" \
		"a comment in the new file.  'sbx help formats' lists what\n"  \
		"can be read.\n"

#define X_DOCTOR                                                               \
	.built = true,                                                         \
	.options = OPTIONS(O(JSON)), .examples = "doctor\n" "doctor --json\n"

#define X_RESET                                                                \
	.built = true,                                                         \
	.options = NO_OPTIONS, .examples = "reset\n"

#define X_KEYS                                                                 \
	.built = true,                                                         \
	.options = OPTIONS(O(JSON)), .examples = "keys\n" "keys --json\n",     \
	.more = "Those of the screen: the default ones and what the bind\n"    \
		"lines of the sbxrc make of them.\n"

#define X_THEME                                                                \
	.built = true,                                                         \
	.words_min = 1, .words_max = MANY, .options = OPTIONS(O(JSON)),        \
	.examples = "theme list\n" "theme show nord\n"                         \
		    "theme check ./mine.theme\n",                              \
	.more = "list: the names that 'set theme' takes.  show: what every\n"  \
		"role looks like.  check: mistakes, how well text can be\n"    \
		"read on its ground, and the roles without a line of their\n"  \
		"own; all themes without NAME.  Exit 2: mistakes; 1: text\n"   \
		"below 4.5:1, or dim text or a status below 3:1.\n"

#define X_COMPLETION                                                           \
	.built = true,                                                         \
	.words_min = 1, .words_max = 1, .options = NO_OPTIONS,                 \
	.examples = "completion bash\n" "completion fish\n",                   \
	.more = "A script to be sourced, for zsh also a file _sbx of fpath.\n" \
		"It offers commands, options, settings and the names of\n"    \
		"processes and groups.\n"

#define X_SERVE                                                                \
	.built = true,                                                         \
	.options = OPTIONS(O(LISTEN), O(UNIX), O(TOKEN), O(TOKEN_FILE),        \
			   O(ALLOW_ORIGIN)),                                   \
	.examples = "serve\n" "serve --unix /run/user/1000/sbx-api.sock\n"     \
		    "serve --listen 0.0.0.0:2468 --token-file token\n",        \
	.more = "HTTP, events and WebSockets for programs and browsers; the\n" \
		"processes are those of the set here, and its engine is\n"     \
		"started if there is none.  Prints its address and stays\n"    \
		"in the foreground.  An address that is not of this machine\n" \
		"alone needs a token.\n"

#define X_VERSION                                                              \
	.built = true,                                                         \
	.options = OPTIONS(O(JSON)), .examples = "version\n"

#define X_HELP                                                                 \
	.built = true,                                                         \
	.words_max = 1, .options = NO_OPTIONS,                                 \
	.examples = "help wait\n" "help exit-codes\n"

static const struct verb_row verbs[] = {
#define X(e, name_, args_, help_)                                              \
	[VERB_##e] = { .row = { name_, NULL, args_, help_ },                   \
		       .id = VERB_##e, X_##e },
	VERB_TABLE(X)
#undef X
};

const struct table cmd_option_table = TABLE(options);
const struct table cmd_verb_table = TABLE(verbs);

const struct verb_row *
cmd_verb(enum verb v)
{
	assert((unsigned)v < VERB_COUNT);
	return &verbs[v];
}

const struct cmd_option_row *
cmd_option(enum cmd_option o)
{
	assert((unsigned)o < CMD_OPT_COUNT);
	return &options[o];
}

/* --help and --file are everybody's. */
bool
cmd_takes(const struct verb_row *v, enum cmd_option o)
{
	if (o == CMD_OPT_HELP || o == CMD_OPT_FILE)
		return true;
	if (!v)
		return o == CMD_OPT_ASCII || o == CMD_OPT_COLOR ||
		       o == CMD_OPT_NPM || o == CMD_OPT_PLAIN ||
		       o == CMD_OPT_PROCFILE || o == CMD_OPT_VERSION;
	for (size_t i = 0; v->options[i] != CMD_OPT_COUNT; i++)
		if (v->options[i] == o)
			return true;
	return false;
}
