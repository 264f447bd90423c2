/*
 * Operation 6: a command is run to its end, and the head of its output is
 * the answer.  It is a process like any other while it runs: it is on the
 * screen, its whole tree goes with its timeout, and it goes with a client
 * that does not wait for it.
 */

#include "http_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/signame.h"
#include "client/client.h"
#include "client/model.h"
#include "http_body.h"
#include "http_json.h"
#include "http_limits.h"
#include "http_link.h"
#include "http_request.h"
#include "log/logread.h"
#include "spec/spec.h"
#include "text/rowfmt.h"

enum {
	STREAMS = 2,
	OUTPUT_MOST = 16 << 20,		/* bytes of a stream, whoever asks */
	STOP_WAIT_MS = 1000,		/* somebody waits for the answer */
	CHUNK = 64 * 1024,
	ANSWER_MAX = STREAMS * 6 * OUTPUT_MOST + 65536,	/* "\u0000" */
};

struct run {
	struct http_request *request;
	struct http_api *api;
	struct http_command cmd;
	struct http_limits_ask *limits;
	struct http_adding *adding;
	struct link_watch *watch;
	struct link_ask *log;
	struct logread *lr;
	uint32_t id;			/* 0: not made yet, or gone */
	struct buf kept[STREAMS];
	struct proc_row *over;		/* its last row; NULL: it runs */
	bool answered;
};

static const enum log_stream streams[STREAMS] = { LOG_OUT, LOG_ERR };

static void
on_end(struct http_request *r, void *arg)
{
	struct run *x = arg;
	struct model_proc *p = x->id ? model_find(http_link_model(
					x->api->link), x->id) : NULL;
	struct client *c = http_link_client(x->api->link);
	(void)r;

	http_limits_cancel(x->limits);
	http_api_add_cancel(x->adding, true);
	http_link_unwatch(x->watch);
	http_link_cancel(x->log);
	if (p && http_api_is_running(p->row))
		http_api_tell(x->api, p->row, PROTO_V_KILL);
	if (p && c)
		client_log_close(c, x->id);
	logread_free(x->lr);
	for (int i = 0; i < STREAMS; i++)
		buf_fini(&x->kept[i]);
	http_command_fini(&x->cmd);
	proc_row_free(x->over);
	free(x);
}

/* What is there now of the head that is kept. */
static void
read_head(struct run *x)
{
	logread_refresh(x->lr);
	for (int i = 0; i < STREAMS; i++) {
		struct buf *b = &x->kept[i];
		while (b->len < b->max) {
			size_t want = SBX_MIN(b->max - b->len, (size_t)CHUNK);
			char *room = buf_room(b, want);
			ssize_t n = room ? logread_read(x->lr, streams[i],
							b->len, room, want) :
					   0;
			if (n <= 0)
				break;
			buf_grew(b, (size_t)n);
		}
	}
}

static bool
is_cut(const struct run *x, int i)
{
	return logread_end(x->lr, streams[i]) > x->kept[i].len;
}

static void
answer(struct run *x)
{
	struct buf b = BUF_INIT(ANSWER_MAX);
	const struct proc_row *row = x->over;
	char name[SIGNAME_MAX];
	bool timed_out = row->status == STATUS_TIMED_OUT;
	struct jsonout j;

	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	if (row->has_exit && !row->exit_signal && !timed_out)
		jsonout_int(&j, "exitCode", row->exit_code);
	else
		jsonout_null(&j, "exitCode");
	jsonout_bool(&j, "timedOut", timed_out);
	jsonout_stringn(&j, "stdout", buf_str(&x->kept[0]), x->kept[0].len);
	jsonout_stringn(&j, "stderr", buf_str(&x->kept[1]), x->kept[1].len);
	jsonout_bool(&j, "stdoutTruncated", is_cut(x, 0));
	jsonout_bool(&j, "stderrTruncated", is_cut(x, 1));
	jsonout_uint(&j, "durationMs", rowfmt_uptime_ms(row,
							clock_wall_ms()));
	if (row->has_exit && row->exit_signal)
		jsonout_string(&j, "signal",
			       signame_text(row->exit_signal, name));
	if (!http_api_is_plain_exit(row))
		jsonout_string(&j, "reason", row->reason);
	jsonout_close(&j);
	http_json(x->request, 200, &b);
}

/* Both are needed: its end, and its log. */
static void
check(struct run *x)
{
	if (!x->lr || x->answered)
		return;
	read_head(x);
	if (!x->over)
		return;
	x->answered = true;
	http_link_unwatch(x->watch);
	x->watch = NULL;
	answer(x);
}

static void
on_log(struct logread *lr, const struct proto_grow *g, const struct err *e,
       void *arg)
{
	struct run *x = arg;
	(void)g;

	x->log = NULL;
	if (lr) {
		logread_free(x->lr);
		x->lr = lr;
		check(x);
	} else if (!x->lr && e->code != ERR_NO_ENGINE) {
		x->answered = true;
		http_engine_problem(x->request, e);
	}
}

static void
open_log(struct run *x)
{
	http_link_cancel(x->log);
	x->log = http_link_log(x->api->link, x->id, on_log, x);
}

static void
on_news(struct model_proc *p, unsigned what, void *arg)
{
	struct run *x = arg;

	/* A new engine has to learn that somebody follows it. */
	if (what & LINK_BACK)
		open_log(x);
	if (!p)
		return;
	if (!x->over && (!http_api_is_running(p->row) || (what & LINK_GONE)))
		x->over = proc_row_dup(p->row);
	if (what & LINK_GONE)
		x->id = 0;
	check(x);
}

static void
on_added(struct model_proc *p, const struct err *e, void *arg)
{
	struct run *x = arg;

	x->adding = NULL;
	if (!p) {
		http_api_add_problem(x->request, e);
		return;
	}
	x->id = p->id;
	x->watch = http_link_watch(x->api->link, p->id, on_news, x);
	open_log(x);
	on_news(p, LINK_ROW, x);
}

static void
on_limits(const struct http_limits *l, const struct err *e, void *arg)
{
	struct run *x = arg;
	const struct http_command *cmd = &x->cmd;

	x->limits = NULL;
	if (!l) {
		http_engine_problem(x->request, e);
		return;
	}
	uint64_t max = cmd->has_max_output ? cmd->max_output_bytes :
					     l->v[HTTP_LIMIT_OUTPUT];
	for (int i = 0; i < STREAMS; i++)
		buf_init(&x->kept[i], SBX_MIN(max, (uint64_t)OUTPUT_MOST));
	struct spec_args a = {
		.argv = cmd->argv, .cwd = cmd->cwd, .env = cmd->env,
		.stdin_kind = SPEC_STDIN_NULL, .own_cwd = cmd->own_cwd,
		.timeout_ms = cmd->timeout_ms, .forget = true,
		.stop_wait_ms = STOP_WAIT_MS,
	};
	x->adding = http_api_add(x->api, &a, PROTO_ADD_EXEC |
				 PROTO_ADD_OWNED |
				 PROTO_ADD_NO_QUEUE | PROTO_ADD_BOUNDED |
				 PROTO_ADD_OWN_CWD, on_added, x);
}

void
http_op_run(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct http_command cmd;

	if (http_body_command(r, api, &cmd) < 0)
		return;
	if (cmd.has_timeout && cmd.timeout_ms == 0) {
		http_command_fini(&cmd);
		http_problem(r, HTTP_E_INVALID,
			     "timeoutMs must be greater than 0");
		return;
	}
	struct run *x = mem_alloc(sizeof *x);
	*x = (struct run){ .request = r, .api = api, .cmd = cmd };
	http_on_end(r, on_end, x);
	x->limits = http_limits_get(api, on_limits, x);
}
