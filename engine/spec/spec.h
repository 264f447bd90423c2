#ifndef SBX_SPEC_H
#define SBX_SPEC_H

/*
 * What to run: one process as its definition says, complete and checked.  A
 * spec is built once (by the loader of sbxrc, or by spec_from_args() for
 * "sbx add" and "sbx exec") and never changed afterwards; whoever wants
 * another one builds another one.  All memory in it is its own.
 *
 * Everything is final: paths are absolute, the environment of the set, the
 * group and the process is merged into one list of operations, the stop
 * ladder ends in KILL, defaults are filled in.  What is not here is the state
 * of a run.
 *
 * The packed form crosses the socket and outlives the engine: fields carry
 * numbers, so an older or newer program skips what it does not know.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

#define SPEC_NAME_MAX	64	/* bytes of a process, group or watch name */
#define SPEC_TEXT_MAX	131071	/* bytes of any string: what exec can take */
#define SPEC_LIST_MAX	4096	/* words, variables, watches, ... */
#define SPEC_EVERY_MIN_MS 1000	/* between two times of a schedule */
#define SPEC_STEPS_MAX	16	/* of a stop ladder, KILL included */
#define SPEC_PACK_MAX	(512 * 1024)
#define SPEC_NICE_ZERO	40	/* nice 0 as it is kept: 0 is none */

enum spec_stdin { SPEC_STDIN_NULL, SPEC_STDIN_PIPE, SPEC_STDIN_TTY };
enum spec_restart {
	SPEC_RESTART_NEVER, SPEC_RESTART_ON_FAILURE, SPEC_RESTART_ALWAYS,
	SPEC_RESTART_COUNT
};
enum spec_source { SPEC_FROM_SBXRC, SPEC_FROM_ADD };

/* What a process waits for of another.  AUTO is READY if the other has a
 * ready check and STARTED if not; the loader resolves it, spec_from_args()
 * leaves it to the engine, which knows the other. */
enum spec_cond {
	SPEC_COND_AUTO, SPEC_COND_STARTED, SPEC_COND_READY, SPEC_COND_DONE,
	SPEC_COND_OK
};

enum spec_probe_kind {
	SPEC_PROBE_NONE, SPEC_PROBE_LOG, SPEC_PROBE_SCREEN, SPEC_PROBE_PORT,
	SPEC_PROBE_HTTP, SPEC_PROBE_EXEC, SPEC_PROBE_NOTIFY, SPEC_PROBE_DELAY,
	SPEC_PROBE_EXIT, SPEC_PROBE_UNIX
};

enum spec_stream {
	SPEC_STREAM_ANY, SPEC_STREAM_STDOUT, SPEC_STREAM_STDERR,
	SPEC_STREAM_PTY
};

enum spec_level {
	SPEC_LEVEL_NONE, SPEC_LEVEL_INFO, SPEC_LEVEL_WARN, SPEC_LEVEL_ERROR
};

/* Letters behind a pattern. */
#define SPEC_RE_CASELESS 1u	/* i */
#define SPEC_RE_EXTENDED 2u	/* x: spaces and comments in the pattern */
#define SPEC_RE_DOTALL	 4u	/* s */
#define SPEC_RE_LITERAL	 8u	/* not a pattern but a plain text */
#define SPEC_RE_FLAGS_MAX 4	/* bytes of their letters */
unsigned spec_re_flag(char letter);	/* 0: it is none */
/* The letters of flags; returns out. */
const char *spec_re_flags_text(unsigned flags, char out[SPEC_RE_FLAGS_MAX]);

/* What a watch does with a line, beside level, value and alert. */
#define SPEC_WATCH_MARK	   1u
#define SPEC_WATCH_READY   2u
#define SPEC_WATCH_COUNT   4u
#define SPEC_WATCH_NOTIFY  8u
#define SPEC_WATCH_HIDE	   16u
#define SPEC_WATCH_RESTART 32u
#define SPEC_WATCH_STOP	   64u
#define SPEC_WATCH_BELL	   128u

enum spec_live_action {
	SPEC_LIVE_RESTART, SPEC_LIVE_MARK, SPEC_LIVE_STOP
};
enum spec_schedule { SPEC_SCHEDULE_NONE, SPEC_SCHEDULE_EVERY,
	SPEC_SCHEDULE_CRON };
enum spec_overlap {
	SPEC_OVERLAP_SKIP, SPEC_OVERLAP_QUEUE, SPEC_OVERLAP_REPLACE
};

#define SPEC_NOTIFY_FAIL    1u
#define SPEC_NOTIFY_UNREADY 2u
#define SPEC_NOTIFY_READY   4u
#define SPEC_NOTIFY_EXIT    8u

/* Who says so: those of the set come first, then groups, then its own. */
enum spec_env_level { SPEC_ENV_OWN, SPEC_ENV_SET, SPEC_ENV_GROUP };

/* One change of the environment, applied in order. */
struct spec_env {
	char *name;
	char *value;		/* NULL: the name is removed */
	bool prepend;		/* value goes before the old one, with ':' */
	int level;		/* enum spec_env_level */
};

/* Signal, then that long a wait before the next one. */
struct spec_step {
	int signo;
	uint64_t wait_ms;	/* 0 for the last one, which is SIGKILL */
};

struct spec_limit {
	int resource;		/* RLIMIT_... */
	uint64_t value;		/* soft and hard; UINT64_MAX = unlimited */
};

struct spec_dep {
	char *name;
	int condition;		/* enum spec_cond */
};

struct spec_pattern {
	char *text;		/* NULL = none */
	unsigned flags;		/* SPEC_RE_... */
};

struct spec_probe {
	int kind;		/* enum spec_probe_kind */
	struct spec_pattern pattern;	/* log, screen; http: of the body */
	char *host;		/* port, http; NULL = localhost, both families;
				 * unix: the path of the socket */
	unsigned port;
	bool any_holder;	/* port, http: whoever listens there */
	char *path;		/* http, with its '/' and query */
	unsigned status_min, status_max;	/* http, 200..399 by default */
	char *headers;		/* http: more, each with \r\n; or NULL */
	char *command;		/* exec: a line for the shell */
	uint64_t delay_ms;
};

struct spec_watch {
	char *name;
	struct spec_pattern pattern;
	int stream;		/* enum spec_stream */
	unsigned actions;	/* SPEC_WATCH_... */
	int level;		/* enum spec_level */
	char *value;		/* group whose text is the value; NULL = none */
	char *unit;		/* NULL = none */
	char *start;		/* process to start; NULL = none */
	char *hook;		/* name of the hook to run; NULL = none */
	bool alert;		/* value > alert_above is an alert */
	double alert_above;
	unsigned max_count;	/* actions at most ...; 0 = no limit */
	uint64_t max_per_ms;	/* ... in that time */
	uint64_t absent_ms;	/* fires when no line matched for so long */
};

struct spec_port {
	char *name;		/* "" if it has none */
	unsigned port;		/* 0 = auto: a free one is picked */
};

struct spec_hook {
	char *name;
	char *command;
};

struct spec_code {
	int code;
};

struct spec {
	char *name;		/* "" = the engine picks proc_N */
	char *desc;		/* NULL = none */
	int source;		/* enum spec_source */
	char *by;		/* who added it: "api"; NULL: a person */
	bool interactive;	/* its client says that somebody will type */
	bool own_cwd;		/* its client says where */
	char *file;		/* where it is written; NULL for added ones */
	unsigned line;

	char *command;		/* a line for the shell, or ... */
	char **argv;		/* ... words, NULL-terminated; one of them */
	char *shell;		/* runs command, with -c */
	char *cwd;		/* absolute */
	struct spec_env *env;
	size_t env_count;
	char *user;		/* "user" or "user:group"; NULL = as oneself */
	int umask_bits;		/* -1 = inherited */
	int nice;		/* 0 = inherited; see spec_nice() */
	struct spec_limit *limits;
	size_t limit_count;

	bool tty;
	int stdin_kind;		/* enum spec_stdin */
	bool stderr_separate;	/* of a tty: pipes are always apart */
	unsigned rows, cols;	/* of a tty */

	uint64_t timeout_ms;	/* of the whole run; 0 = none */
	bool keep;		/* false: record and log go after exit */
	struct spec_step *stop;
	size_t stop_count;	/* >= 1, the last one is SIGKILL */
	char *stop_command;	/* before the other steps; NULL = none */
	char *stop_keys;	/* the same, of a tty */
	bool tree_keep;		/* what outlives the leader stays */

	int restart;		/* enum spec_restart */
	uint64_t backoff_min_ms, backoff_max_ms;
	uint64_t restart_reset_ms;
	unsigned restart_max;	/* 0 = no limit */
	uint64_t restart_within_ms;

	struct spec_dep *deps;
	size_t dep_count;
	struct spec_probe ready;
	uint64_t ready_every_ms;
	uint64_t ready_timeout_ms;	/* 0 = waits for ever */
	struct spec_probe live;
	uint64_t live_every_ms;
	unsigned live_fails;
	int live_action;	/* enum spec_live_action */

	struct spec_watch *watches;
	size_t watch_count;
	struct spec_hook *hooks;
	size_t hook_count;
	unsigned notify;	/* SPEC_NOTIFY_... */
	uint64_t notify_silence_ms;

	bool autostart;
	bool hidden;
	char **groups;		/* NULL-terminated; the first one is its own */
	struct spec_code *ok_codes;	/* beside 0 */
	size_t ok_code_count;
	struct spec_port *ports;
	size_t port_count;
	char *url;

	uint64_t log_keep_bytes;
	char *log_file;		/* a second copy of the output; NULL = none */
	uint64_t log_rotate_bytes;	/* of log_file; 0 = never */
	unsigned log_rotate_keep;
	bool log_rotate_gzip;

	int schedule;		/* enum spec_schedule */
	uint64_t schedule_every_ms;
	char *schedule_cron;
	bool schedule_at_start;
	int schedule_overlap;	/* enum spec_overlap */
	char **files;		/* globs; a leading '!' takes away */
	uint64_t files_debounce_ms;
	bool files_cascade;	/* restart what depends on it too */
	unsigned replicas;	/* of it, as the file says; 0: it is one */
	char *replica_of;	/* name of the definition it is a copy of */
	unsigned replica_idx;
};

/* Does anything ever come on that stream?  If not, why and what helps. */
bool	spec_has_stream(const struct spec *s, enum spec_stream stream,
			struct err *e);
/* The same where no more is known of it: stderr is that of a terminal. */
bool	spec_comes_on(const char *name, bool tty, enum spec_stream stream,
		      struct err *e);
/* As it was given; nice is not 0. */
int	spec_nice(const struct spec *s);
struct spec *spec_new(void);			/* defaults, no command */
void	spec_free(struct spec *s);		/* NULL is fine */
struct spec *spec_dup(const struct spec *s);
void	spec_watch_fini(struct spec_watch *w);
bool	spec_equal(const struct spec *a, const struct spec *b);
/* The word of the first property that differs ("cwd"), NULL if none does;
 * where it is written (file, line) is no difference. */
const char *spec_diff(const struct spec *a, const struct spec *b);
bool	spec_same_ready(const struct spec *a, const struct spec *b);
bool	spec_same_checks(const struct spec *a, const struct spec *b);
/* All of them, "cwd, desc", those that need another run first; NULL if there
 * is none, caller frees. */
char	*spec_diff_words(const struct spec *a, const struct spec *b);
/* The first one that only another run can take over, NULL if none. */
const char *spec_diff_run(const struct spec *a, const struct spec *b);

/* 0, or -EMSGSIZE when it does not fit into SPEC_PACK_MAX or b. */
int	spec_pack(const struct spec *s, struct buf *b);
/* Accepts any bytes; what it gives has passed spec_check(). */
int	spec_unpack(const char *data, size_t len, struct spec **out,
		struct err *e);
/* The rules that hold for every spec wherever it comes from; 0 or -1. */
int	spec_check(const struct spec *s, struct err *e);

/*
 * The environment of a run: base (environ) with the operations applied,
 * SBX's own variables not included.  Caller frees with strv_free().
 */
char	**spec_environ(const struct spec *s, char *const *base);
/* Does s belong to the group? */
bool	spec_in_group(const struct spec *s, const char *group);
/* Not empty, without a blank, '=', control character or '-' in front. */
bool	spec_is_env_name(const char *name, size_t len);
/* A name that speaks of a secret, or a URL with a password in it. */
bool	spec_env_is_secret(const char *name, const char *value);
/* Appends one operation; "K=V" words and "-K" words alike.  0 or -1. */
int	spec_add_env(struct spec *s, const char *word, struct err *e);
int	spec_env_add(struct spec_env **env, size_t *count, const char *word,
		     struct err *e);
/* The word of one operation, as a person writes it; caller frees. */
char	*spec_env_word(const struct spec_env *v);
struct spec_env spec_env_dup(const struct spec_env *v);
/* Such words in front of those that s has.  0 or -1: some are there then. */
int	spec_env_before(struct spec *s, enum spec_env_level level,
			char *const *words, struct err *e);

/* Letters, digits, '_', '-', '.', ':', 1 to 64 bytes; 0 or -1. */
int	spec_name_check(const char *name, struct err *e);

/* USER or USER:GROUP; numbers from 0 on that the kernel knows.  0 or -1. */
int	spec_user_check(const char *user, struct err *e);

/* A process that is asked for by hand; NULL and 0 mean "as usual". */
struct spec_args {
	const char *name;	/* NULL: the engine picks one */
	const char *command;	/* or ... */
	char *const *argv;	/* ... words */
	const char *cwd;	/* absolute, needed */
	char *const *env;	/* "K=V" and "-K", NULL-terminated */
	const char *user;
	const char *group;
	const char *shell;
	bool tty;
	int stdin_kind;		/* enum spec_stdin; a tty has its own */
	unsigned rows, cols;
	uint64_t timeout_ms;
	bool forget;		/* --rm */
	const char *by;
	bool interactive, own_cwd;
	uint64_t stop_wait_ms;	/* after its first signal */
};

struct spec *spec_from_args(const struct spec_args *a, struct err *e);

/* A name for a command: "npm run storybook" gives "storybook".  Always a
 * valid name; out holds SPEC_NAME_MAX + 1 bytes. */
void	spec_guess_name(const char *command, char *out);

#endif
