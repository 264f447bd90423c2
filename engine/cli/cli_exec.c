/*
 * add and exec: a process that is asked for by hand.  exec follows it to its
 * end: its bytes in their order, its exit code.
 */

#include "cli_ctx.h"
#include "cli_stdin.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/sys.h"
#include "child/spawn.h"
#include "client/joingroup.h"
#include "conf/option.h"
#include "conf/set.h"
#include "life/status.h"
#include "log/logcopy.h"
#include "log/logread.h"
#include "spec/spec.h"
#include "text/rowfmt.h"

enum {
	EXIT_TIMEOUT = 124, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128,
};

extern char **environ;

/* A single word with a blank in it is a line for the shell. */
static bool
is_shell_line(const struct cmd *cmd)
{
	return cmd->tail_count == 1 && strpbrk(cmd->tail[0], " \t\n");
}

/* A group that the engine's sbxrc does not have is a new one: a name. */
static int
join_group(struct cli *c, const char *name, struct spec *s)
{
	struct buf talk = BUF_INIT(CLI_QUOTE_MAX);
	int rc = joingroup(client_hello(c->client)->rc_path, c->session.named,
			   name, s, cli_given(c, CMD_OPT_CWD), &talk, &c->err);

	if (rc < 0 && !c->json)
		fputs(buf_str(&talk), stderr);
	buf_fini(&talk);
	return rc;
}

/* What the options say; stdin is a pipe where somebody can send to it. */
static struct spec *
make_spec(struct cli *c, bool exec)
{
	const struct cmd *cmd = c->cmd;
	bool line = is_shell_line(cmd);
	char *cwd = cli_absolute(c, cli_arg(c, CMD_OPT_CWD)->text);
	struct spec_args a = {
		.name = cmd->words[0],
		.command = line ? cmd->tail[0] : NULL,
		.argv = line ? NULL : cmd->tail,
		.cwd = cwd,
		.env = (char *const *)(uintptr_t)cli_arg(c, CMD_OPT_ENV)->list,
		.user = cli_arg(c, CMD_OPT_USER)->text,
		.group = cli_arg(c, CMD_OPT_GROUP_IN)->text,
		.tty = cli_given(c, CMD_OPT_TTY),
		.stdin_kind = exec && !cli_stdin_is_given() ?
			SPEC_STDIN_NULL : SPEC_STDIN_PIPE,
		.timeout_ms = cli_arg(c, CMD_OPT_RUN_TIMEOUT)->number,
		.forget = exec || cli_given(c, CMD_OPT_RM),
	};
	struct spec *s = NULL;

	if (cwd && cli_given(c, CMD_OPT_RUN_TIMEOUT) && a.timeout_ms == 0)
		err_set(&c->err, ERR_USAGE, "--timeout: 0 is no time at all");
	else if (cwd)
		s = spec_from_args(&a, &c->err);
	free(cwd);
	if (s && a.group && join_group(c, a.group, s) < 0) {
		spec_free(s);
		s = NULL;
	}
	return s;
}

struct added {
	bool done;
	uint32_t id;
	char *name;
	struct err err;
};

static void
on_added(struct client *client, const struct client_answer *a, void *arg)
{
	struct added *added = arg;
	(void)client;

	added->done = true;
	if (a->err) {
		added->err = *a->err;
	} else if (!a->reply || a->reply->id_count != 1) {
		err_set(&added->err, ERR_INTERNAL,
			"the engine's answer is malformed");
	} else {
		added->id = a->reply->ids[0];
		added->name = mem_str(a->reply->text);
	}
}

static int
add_once(struct cli *c, unsigned flags, const struct spec *s,
	 const char *like, uint64_t key, struct added *out)
{
	*out = (struct added){ .err = ERR_INIT };
	int r = client_add(c->client, flags, environ, s, like, key, on_added,
			   out);
	if (r == -EMSGSIZE)
		return err_set(&c->err, ERR_USAGE, "command and environment "
			       "are too large for one message");
	if (r < 0)
		return err_set(&c->err, ERR_NO_ENGINE,
			       "asking the engine: %s", strerror(-r));
	if (client_wait(c->client, &out->done, 0, &c->err) < 0)
		return -1;
	if (out->err.code == ERR_NONE)
		return 0;
	c->err = out->err;
	return -1;
}

/* Whom --like means; the caller frees.  0, or -1 with c->err. */
static int
find_model(struct cli *c, char **name)
{
	const struct model_proc *p;
	const char *word = cli_arg(c, CMD_OPT_LIKE)->text;

	*name = NULL;
	if (!word)
		return 0;
	p = cli_one(c, word);
	*name = p ? mem_str(p->row->name) : NULL;
	return p ? 0 : -1;
}

static int
add(struct cli *c, unsigned flags, struct added *out)
{
	struct spec *s = make_spec(c, c->cmd->verb->id == VERB_EXEC);
	uint64_t key = client_new_keys(1);
	char *like = NULL;
	int rc;

	*out = (struct added){ .err = ERR_INIT };
	if (!s || find_model(c, &like) < 0) {
		spec_free(s);
		return -1;
	}
	if (cli_given(c, CMD_OPT_CWD))
		flags |= PROTO_ADD_OWN_CWD;
	if (cli_given(c, CMD_OPT_NO_QUEUE))
		flags |= PROTO_ADD_NO_QUEUE;
	if (cli_given(c, CMD_OPT_BOUNDED))
		flags |= PROTO_ADD_BOUNDED;
	do {
		rc = add_once(c, flags, s, like, key, out);
	} while (rc < 0 && cli_come_again(c));
	spec_free(s);
	free(like);
	return rc;
}

static int
check_started(struct cli *c, void *arg)
{
	const uint32_t *id = arg;
	const struct proc_row *r = cli_row(c, *id);

	return !r || (r->status != STATUS_STARTING || r->pid);
}

static int
put_added(struct cli *c, const struct added *a)
{
	struct model_proc *p = model_find(c->model, a->id);
	struct buf b = BUF_INIT(1000);

	if (c->json)
		return cli_put_rows(c, &p, p != NULL, 0);
	buf_addf(&b, "%s\n", a->name);
	int rc = cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

int
cli_add(struct cli *c)
{
	struct added a = { .name = NULL };
	bool idle = cli_given(c, CMD_OPT_NO_START);

	if (cli_connect(c, true) < 0 ||
	    add(c, idle ? PROTO_ADD_NO_START : 0, &a) < 0 ||
	    cli_sync(c, 0) < 0 ||
	    (!idle && cli_until(c, check_started, &a.id, 0) < 0))
		goto fail;
	const struct proc_row *r = cli_row(c, a.id);
	if (r && r->status == STATUS_ERROR) {
		err_set(&c->err, ERR_FAILED, "%s: %s", a.name, r->reason);
		goto fail;
	}
	if (put_added(c, &a) < 0)
		goto fail;
	free(a.name);
	return 0;
fail:
	free(a.name);
	return cli_fail(c);
}

/* --- exec --- */

struct exec {
	struct cli *c;
	struct added added;
	struct logread *lr;
	struct logcopy copy;
	struct buf kept[LOG_STREAMS];	/* with --json */
	uint64_t put[LOG_STREAMS], max;	/* bytes; max 0: no limit */
	bool truncated[LOG_STREAMS];
	unsigned interrupts;
	int write_error;	/* of our stdout or stderr; 0: none */
	unsigned connect;	/* the connection that has its log open */
	struct cli_stdin *in;	/* NULL: not begun, or there is none */
};

/* The first one asks politely, the next ones do not. */
static void
interrupt(struct exec *x)
{
	char *names[] = { x->added.name, NULL };
	struct proto_request q = {
		.verb = x->interrupts++ ? PROTO_V_KILL : PROTO_V_STOP,
		.names = names,
	};

	if (x->c->client && x->added.name)
		client_request(x->c->client, &q, NULL, NULL);
}

static void
on_interrupt(int signo, void *arg)
{
	(void)signo;
	interrupt(arg);
}

static int
take_bytes(void *arg, enum log_stream s, const char *data, size_t len)
{
	struct exec *x = arg;
	size_t n = len;

	if (x->max && x->put[s] + len > x->max) {
		n = (size_t)(x->max - x->put[s]);
		x->truncated[s] = true;
	}
	x->put[s] += n;
	if (x->c->json)
		return buf_add(&x->kept[s], data, n);
	if (x->write_error)
		return 0;
	int r = sys_write_all(s == LOG_ERR ? STDERR_FILENO : STDOUT_FILENO,
			      data, n);
	if (r == 0)
		return 0;
	/* Nobody reads any more: "sbx exec -- yes | head" has to end. */
	x->write_error = -r;
	interrupt(x);
	return 0;
}

/*
 * The record stays while somebody who has its log open is connected: a new
 * engine has to learn that it is followed.
 */
static int
open_log(struct exec *x)
{
	struct cli_log log;

	x->connect = x->c->connects;
	if (cli_log_open(x->c, x->added.id, &log) < 0)
		return -1;
	logread_free(x->lr);
	x->lr = x->copy.lr = log.lr;
	return 0;
}

/* Its stdin is there when it runs; what is piped in goes to it from then. */
static int
pass_stdin(struct exec *x, const struct proc_row *row)
{
	struct cli *c = x->c;

	if (x->in || !row || !row->pid || row->tty || !cli_stdin_is_given())
		return 0;
	x->in = cli_stdin_new(c, x->added.id);
	return x->in ? 0 : -1;
}

static int
follow_engine(struct exec *x)
{
	if (x->connect == x->c->connects ||
	    !model_find(x->c->model, x->added.id))
		return 0;
	if (open_log(x) < 0)
		return -1;
	if (x->in)
		cli_stdin_again(x->in);
	return 0;
}

static int
check_exec(struct cli *c, void *arg)
{
	struct exec *x = arg;

	if (follow_engine(x) < 0 ||
	    pass_stdin(x, cli_row(c, x->added.id)) < 0)
		return -1;
	struct model_proc *p = model_find(c->model, x->added.id);
	const struct proc_row *row = cli_row(c, x->added.id);
	/* The reply comes before the first row; one that is gone has ended. */
	bool over = row && (!p || rowfmt_is_over(row));
	bool tails = over || (p && p->grow.partial);
	int r;

	logread_refresh(x->lr);
	do
		r = logcopy_step(&x->copy, tails, take_bytes, x);
	while (r > 0);
	if (r < 0)
		return err_set(&c->err, ERR_INTERNAL,
			       "copying the output: %s", strerror(-r));
	if (x->copy.dropped_bytes)
		cli_say(c, "dropped %llu bytes",
			(unsigned long long)x->copy.dropped_bytes);
	x->copy.dropped_bytes = 0;
	return over;
}

/* As a shell tells it: the program, not its directory or its interpreter. */
static bool
is_not_found(const struct proc_row *r)
{
	return r->fail_step == SPAWN_EXEC && r->fail_error == ENOENT;
}

static int
exit_code(const struct proc_row *r)
{
	if (r->status == STATUS_TIMED_OUT)
		return EXIT_TIMEOUT;
	if (r->status == STATUS_ERROR)
		return is_not_found(r) ? EXIT_NOT_FOUND :
					 EXIT_CANNOT_RUN;
	if (r->has_exit)
		return r->exit_signal ? EXIT_SIGNAL + r->exit_signal :
					r->exit_code;
	return 1;
}

/* "stdout":"text", or "stdout_base64" where it is not UTF-8. */
static void
json_stream(struct jsonout *j, struct exec *x, enum log_stream s,
	    const char *name, const char *base64_name, const char *cut_name)
{
	jsonout_bytes(j, name, base64_name, buf_str(&x->kept[s]),
		      x->kept[s].len);
	jsonout_bool(j, cut_name, x->truncated[s]);
}

static int
put_result(struct exec *x, const struct proc_row *r)
{
	struct buf b = BUF_INIT(256u << 20);
	char name[SIGNAME_MAX];
	struct jsonout j;
	enum log_stream out = r->tty ? LOG_PTY : LOG_OUT;

	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	if (r->has_exit && r->exit_signal)
		jsonout_string(&j, "signal",
			       signame_text(r->exit_signal, name));
	else
		jsonout_int(&j, "exit_code", exit_code(r));
	jsonout_bool(&j, "timed_out", r->status == STATUS_TIMED_OUT);
	jsonout_string(&j, "status", status_name(r->status));
	jsonout_string(&j, "reason", r->reason);
	json_stream(&j, x, out, "stdout", "stdout_base64",
		    "stdout_truncated");
	json_stream(&j, x, LOG_ERR, "stderr", "stderr_base64",
		    "stderr_truncated");
	jsonout_uint(&j, "duration_ms", rowfmt_uptime_ms(r,
							clock_wall_ms()));
	jsonout_close(&j);
	int rc = jsonout_end(&j) | buf_addc(&b, '\n');
	rc = rc < 0 ? err_set(&x->c->err, ERR_FAILED,
			      "the output is too large for JSON") :
		      cli_put(x->c, &b);
	buf_fini(&b);
	return rc;
}

static int
report(struct exec *x)
{
	struct cli *c = x->c;
	const struct proc_row *r = cli_row(c, x->added.id);

	if (!r) {
		err_set(&c->err, ERR_INTERNAL,
			"the engine has lost the process");
		return cli_fail(c);
	}
	if (x->write_error == EPIPE)
		return EXIT_SIGNAL + SIGPIPE;
	if (x->write_error) {
		cli_write_failed(c, x->write_error);
		return cli_fail(c);
	}
	if (r->status == STATUS_ERROR || r->status == STATUS_TIMED_OUT)
		cli_say(c, "%s", r->reason);
	for (int s = 0; s < LOG_STREAMS; s++)
		if (x->truncated[s] && !c->json)
			cli_say(c, "%s: only the first %llu bytes are shown",
				log_stream_name((unsigned)s),
				(unsigned long long)x->max);
	if (c->json && put_result(x, r) < 0)
		return cli_fail(c);
	return exit_code(r);
}

static int
follow(struct exec *x)
{
	struct cli *c = x->c;

	if (cli_sync(c, PROTO_SUB_GROWTH) < 0 ||
	    add(c, PROTO_ADD_EXEC, &x->added) < 0 || open_log(x) < 0)
		return -1;
	logread_refresh(x->lr);
	logcopy_init(&x->copy, x->lr, LOG_ALL_STREAMS, 0, 0);
	return cli_until(c, check_exec, x, 0);
}

/* Bytes of a stream with --json, as the engine says. */
static uint64_t
default_output(struct cli *c)
{
	struct proto_request q = { .verb = PROTO_V_GET,
				   .text = "limit.output" };
	struct client_result r = { .text = NULL };
	struct err ignored = ERR_INIT;
	struct options *o = options_new();

	if (client_call(c->client, &q, &r, &ignored) == 0) {
		char *value = strchr(r.text, ' '), *end = strchr(r.text, '\n');
		if (value && end)
			*end = '\0';
		if (value)
			(void)options_set(o, &option_rows[OPTION_LIMIT_OUTPUT],
					  value + 1, NULL);
	}
	uint64_t bytes = options_number(o, OPTION_LIMIT_OUTPUT);
	client_result_fini(&r);
	options_free(o);
	return bytes;
}

int
cli_exec(struct cli *c)
{
	const struct cmd_arg *max = cli_arg(c, CMD_OPT_MAX_OUTPUT);
	struct exec x = { .c = c, .max = max->number };

	if (max->given && max->number == 0) {
		err_set(&c->err, ERR_USAGE, "--max-output: 0 keeps nothing");
		return cli_fail(c);
	}
	c->come_back = true;
	signal(SIGPIPE, SIG_IGN);
	int code = -1;
	bool connected = cli_connect(c, true) == 0;
	if (connected && c->json && !max->given)
		x.max = default_output(c);
	for (int s = 0; s < LOG_STREAMS; s++)
		buf_init(&x.kept[s], x.max ? x.max : 1);
	if (connected &&
	    cli_on_interrupt(c, on_interrupt, &x) == 0 && follow(&x) == 0)
		code = report(&x);
	else
		code = cli_fail(c);
	cli_stdin_free(x.in);
	logread_free(x.lr);
	for (int s = 0; s < LOG_STREAMS; s++)
		buf_fini(&x.kept[s]);
	free(x.added.name);
	return code;
}
