#ifndef SBX_CLI_CTX_H
#define SBX_CLI_CTX_H

/*
 * What the verbs of the command line share: the engine they talk to, the
 * model of it, how they end.  Internal to cli_*.c.
 *
 * A verb returns its exit status.  One that fails sets c->err and returns
 * cli_fail(c), which prints it; nothing else prints errors.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "cli.h"
#include "client/client.h"
#include "client/model.h"
#include "client/session.h"
#include "conf/cmd.h"

struct jsonout;
struct logread;
struct proc_row;
struct regex;

enum { CLI_QUOTE_MAX = 4096 };

struct cli {
	const struct cmd *cmd;
	const struct cli_hooks *hooks;
	struct cli_open *open;
	struct loop *loop;
	struct session session;
	struct client *client;
	unsigned connects;	/* grows with each new client */
	struct model *model;
	struct err err;
	struct buf quote;	/* lines that show where the error is */
	bool found;		/* session_find has been called */
	bool json;
	bool come_back;		/* an engine that left is connected again */
	bool synced;
	struct proc_row **gone;	/* last rows of those that are forgotten */
	size_t gone_count;
	uint32_t subs;		/* bits of the subscription */
	bool keeps_notes;	/* what the person is told of: lines in ... */
	struct buf notes;
	const uint32_t *screens;	/* that are watched, borrowed */
	size_t screen_count;
	bool out_tty, colours;	/* of stdout */
	int out_columns;	/* 0: not a terminal */
	int write_error;	/* of stdout: why it took no more; 0: it has */
};

typedef int cli_verb_fn(struct cli *c);

/* Each of these has the name of its verb. */
cli_verb_fn cli_up, cli_down, cli_ls, cli_show, cli_add, cli_exec;
cli_verb_fn cli_control, cli_signal, cli_rm, cli_logs, cli_send, cli_screen;
cli_verb_fn cli_wait, cli_values, cli_events, cli_check, cli_doctor;
cli_verb_fn cli_reset, cli_version, cli_why, cli_keys, cli_run;
cli_verb_fn cli_plain, cli_completion, cli_init, cli_theme, cli_reload;
cli_verb_fn cli_set, cli_env, cli_serve;
cli_verb_fn cli_watch;
/* list, show, check. */
extern const struct table cli_theme_table;
/* "sbx __notice FILE SOCKET": compares, and tells the engine of it. */
int	cli_notice(struct cli *c, const char *path, const char *sock);
/* "sbx __complete WORD...": what the last word may become, for the shells. */
int	cli_complete(struct cli *c, int count, char **words);

static inline bool
cli_given(const struct cli *c, enum cmd_option o)
{
	return c->cmd->args[o].given;
}

static inline const struct cmd_arg *
cli_arg(const struct cli *c, enum cmd_option o)
{
	return &c->cmd->args[o];
}

/* Prints c->err as text or JSON; the exit status that belongs to it. */
int	cli_fail(struct cli *c);
/* Talk on stderr, "sbx: ...": not with --json. */
void	cli_say(const struct cli *c, const char *fmt, ...) SBX_PRINTF(2, 3);

void	cli_fini(struct cli *c);

/* The engine, with start: one is started if there is none.  0 or -1. */
int	cli_connect(struct cli *c, bool start);
/* The same with a start, for verbs that mean nothing without an sbxrc: where
 * there is none, only an engine that runs already will do. */
int	cli_connect_set(struct cli *c);
/* An engine of another binary than this one makes room for it; says so.
 * One that has to stay is no error, nor is none.  0 or -1. */
int	cli_upgrade(struct cli *c);
/* The last one, for what stays in the foreground: was there no engine before?
 * 0 or -1. */
int	cli_connect_fresh(struct cli *c, bool *fresh);
/* Makes c->loop; SIGINT, SIGTERM and SIGHUP come as calls from it.  0 or -1. */
int	cli_on_interrupt(struct cli *c, loop_signal_fn *fn, void *arg);
/* Subscribes to these bits anew and waits until all rows are there. */
int	cli_sync(struct cli *c, uint32_t bits);
/* After an error: the engine died without an answer, and another one is
 * connected. */
bool	cli_come_again(struct cli *c);
/* client_call() over the death of an engine: what was done is done once. */
int	cli_call(struct cli *c, const struct proto_request *q,
		 struct client_result *out);
/* Both, for verbs that need the rows of a running engine. */
int	cli_rows(struct cli *c, uint32_t bits);

/* Its screen comes into the model from now on; at its present size. */
void	cli_watch_screens(struct cli *c, const uint32_t *ids, size_t count);

/* What is asked after every turn: 1 done, 0 not yet, -1 failed (c->err). */
typedef int cli_check_fn(struct cli *c, void *arg);
/* Turns the loop until fn says so or at_ms (clock_ms(); 0: no limit) has
 * passed: -1 with ERR_TIMEOUT. */
int	cli_until(struct cli *c, cli_check_fn *fn, void *arg, uint64_t at_ms);
/* Something happened that no frame tells of: check again now. */
void	cli_wake(struct cli *c);
/* Of a duration option: clock_ms() when it ends, 0 if it is not given. */
uint64_t cli_deadline(const struct cli *c, enum cmd_option o);

/* Processes by the words of the command from number first on, --all and
 * --failed; with none of them everything if all_by_default, else nobody is
 * an error.  Their number or -1. */
int	cli_select(struct cli *c, size_t first, bool all_by_default,
		   struct model_proc ***out);
/* The pattern that a given option is, compiled; NULL with c->err. */
struct regex *cli_pattern(struct cli *c, enum cmd_option o, unsigned flags);
/* Is it one, if it is given?  0 or -1. */
int	cli_check_pattern(struct cli *c, enum cmd_option o);
/* The streams that --stream names, all without it.  0 or -1. */
int	cli_streams(struct cli *c, unsigned *streams);
/* Says so when the process has nothing on the one that --stream names. */
void	cli_look_for_stream(struct cli *c, uint32_t id);
/* The row of a process, also of one that was forgotten since; NULL: never
 * heard of. */
const struct proc_row *cli_row(struct cli *c, uint32_t id);
/* Prints the values of its watches, or of that one.  0 or -1. */
int	cli_put_values(struct cli *c, struct model_proc *p, const char *watch);
/* A path from the working directory, itself with NULL; caller frees.  NULL
 * with c->err. */
char	*cli_absolute(struct cli *c, const char *path);
/* Exactly one, by its name. */
struct model_proc *cli_one(struct cli *c, const char *name);

/* One question whose answer is a frame with descriptors. */
struct cli_log {
	struct logread *lr;
	struct proto_grow grow;		/* when it was opened */
};
int	cli_log_open(struct cli *c, uint32_t proc, struct cli_log *out);
/* The descriptor of the journal's directory and its newest event; or -1. */
int	cli_journal_open(struct cli *c, uint64_t *newest);

/*
 * Waits until what a reload makes of these processes is so: they are gone or
 * run anew (with --wait: are ready).  0, or -1 with c->err.
 */
int	cli_follow_reload(struct cli *c, struct client_result *r);
/* One line on stderr if the sbxrc is not what the engine runs. */
void	cli_compare_file(struct cli *c);

struct waiting_conf;
/* Waits for the same thing of each of these processes and prints what came
 * of it; the exit status. */
int	cli_wait_for(struct cli *c, const uint32_t *ids, size_t count,
		     const struct waiting_conf *conf, uint64_t at_ms);

/* The run that --run means of this process, 0 if it is not given.  0 or -1. */
int	cli_run_number(struct cli *c, const struct proc_row *r, uint64_t *run);
/* stdout took no more, for this reason: -1 with c->err. */
int	cli_write_failed(struct cli *c, int error);
/* Writes b to stdout and clears it; 0, or -1 with c->err. */
int	cli_put(struct cli *c, struct buf *b);
/* The last lines of its run, quoted on stderr, when it has ended badly. */
void	cli_quote_log(struct cli *c, uint32_t proc, unsigned lines);
/* {"version":1,"processes":[...]} of these; next 0: none. */
int	cli_put_rows(struct cli *c, struct model_proc *const *procs,
		     size_t count, uint32_t next);

#endif
