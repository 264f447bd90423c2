/*
 * POST …/wait: what engine/client/waiting.h waits for, as one request that is
 * answered when it is met or cannot be any more.  A wait costs an open log;
 * nothing is polled but ports.
 */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/units.h"
#include "client/model.h"
#include "client/lastlines.h"
#include "client/waiting.h"
#include "client/waitjson.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "log/logread.h"
#include "spec/proto.h"

enum { FOR_MAX_MS = 24 * 3600 * 1000 };

struct wait {
	struct http_request *request;
	struct http_api *api;
	uint32_t id;
	struct waiting_conf conf;
	char *pattern, *path;		/* what conf borrows */
	struct waiting *w;		/* NULL: its log is being opened */
	struct link_ask *log;
	struct link_watch *watch;
	struct link_screen *screen;
	struct timer *timer;
	uint64_t at_end_ms;		/* 0: no limit */
	struct proc_row *last;		/* of one that is forgotten */
};

/* What the body may say; numbers that were not given are SIZE_MAX. */
struct asked {
	const char *log, *string, *screen, *stream, *http, *status;
	bool ready, exit, ignore_case;
	uint64_t port, idle_ms, cursor, timeout_ms;
	bool has_port, has_idle, has_timeout;
};

static void
wait_free(struct wait *w)
{
	if (w->api->waits > 0)
		w->api->waits--;
	http_link_cancel(w->log);
	http_link_unwatch(w->watch);
	http_link_screen_drop(w->screen);
	timer_drop(w->timer);
	waiting_free(w->w);
	proc_row_free(w->last);
	free(w->pattern);
	free(w->path);
	free(w);
}

static void
on_end(struct http_request *r, void *arg)
{
	(void)r;
	wait_free(arg);
}

/*
 * The request lasts until its answer is sent; what could answer it again goes
 * now.
 */
static struct http_request *
finish(struct wait *w)
{
	struct http_request *r = w->request;

	http_on_end(r, NULL, NULL);
	wait_free(w);
	return r;
}

static void
answer(struct wait *w, enum waiting_end end, const struct proc_row *row,
       const struct waiting_result *result)
{
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	uint64_t bytes = 0, lines = w->w ? waiting_missed(w->w, &bytes) : 0;
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	if (end == WAITING_MET)
		waitjson_met(&j, row, &w->conf, result);
	else
		waitjson_not_met(&j, end == WAITING_ENDED ? "ended" :
				 "timeout", row);
	waitjson_missed(&j, lines, bytes);
	if (end == WAITING_ENDED && w->w && waiting_log(w->w))
		waitjson_last_lines(&j, lastlines_run(row),
				    waiting_log(w->w));
	/* What was there, and was not enough. */
	if (end == WAITING_NOT_YET && w->w && waiting_note(w->w)[0])
		jsonout_string(&j, "note", waiting_note(w->w));
	jsonout_close(&j);
	http_ext_send(finish(w), &j);
	buf_fini(&b);
}

/* Its row, also of one that was forgotten since. */
static const struct proc_row *
row_of(const struct wait *w, const struct model_proc *p)
{
	return p ? p->row : w->last;
}

/* Answers if it can, which frees w. */
static void
look(struct wait *w)
{
	struct model_proc *p = model_find(http_link_model(w->api->link),
					  w->id);
	const struct proc_row *row = row_of(w, p);
	uint64_t now_ms = clock_ms(), again_ms = UINT64_MAX;
	struct waiting_result result = { .hit = NULL };
	enum waiting_end end = WAITING_NOT_YET;
	struct err e = ERR_INIT;

	if (!row) {
		struct http_request *r = finish(w);
		http_no_process(r, http_param(r, "id"));
		return;
	}
	if (w->w)
		end = waiting_step(w->w, row, p, now_ms, &result, &again_ms,
				   &e);
	/* Of one that is forgotten there is no more news. */
	if (end == WAITING_NOT_YET && w->w && !p && again_ms == UINT64_MAX)
		end = WAITING_ENDED;
	if (end == WAITING_WRONG) {
		http_engine_problem(finish(w), &e);
	} else if (end != WAITING_NOT_YET ||
		   (w->at_end_ms && now_ms >= w->at_end_ms)) {
		answer(w, end, row, &result);
	} else {
		if (w->at_end_ms)
			again_ms = SBX_MIN(again_ms, w->at_end_ms - now_ms);
		if (again_ms != UINT64_MAX)
			timer_arm(w->timer, clock_us() + again_ms * 1000);
	}
}

static void
on_timer(struct timer *t, void *arg)
{
	(void)t;
	look(arg);
}

/* It may be in the middle of a look: another one comes. */
static void
wake(void *arg)
{
	struct wait *w = arg;

	timer_arm(w->timer, clock_us());
}

static void
on_news(struct model_proc *p, unsigned what, void *arg)
{
	struct wait *w = arg;

	if ((what & LINK_GONE) && p && !w->last)
		w->last = proc_row_dup(p->row);
	if ((what & LINK_TOLD) && w->w && waiting_log(w->w))
		logread_tell(waiting_log(w->w),
			     model_told(http_link_model(w->api->link)));
	wake(w);
}

static void
begin(struct wait *w, struct logread *lr)
{
	struct err e = ERR_INIT;

	w->w = waiting_new(w->api->loop, &w->conf, lr, wake, w, &e);
	if (w->w)
		look(w);
	else
		http_engine_problem(finish(w), &e);
}

/* To the others it gives the last lines of one that ends. */
static bool
needs_log(const struct wait *w)
{
	return w->conf.kind == WAITING_LOG || w->conf.kind == WAITING_IDLE;
}

static void
on_log(struct logread *lr, const struct proto_grow *g, const struct err *e,
       void *arg)
{
	struct wait *w = arg;
	(void)g;

	w->log = NULL;
	if (lr || !needs_log(w))
		begin(w, lr);
	else
		http_engine_problem(finish(w), e);
}

static void
give_up(struct wait *w)
{
	struct http_api *api = w->api;

	http_ext_no_engine(finish(w), api);
}

static void
start(struct wait *w)
{
	http_on_end(w->request, on_end, w);
	w->timer = loop_timer(w->api->loop, on_timer, w);
	w->watch = http_link_watch(w->api->link, w->id, on_news, w);
	if (w->conf.kind == WAITING_SCREEN)
		w->screen = http_link_screen(w->api->link, w->id);
	if (w->conf.kind == WAITING_EXIT) {
		begin(w, NULL);
		return;
	}
	w->log = http_link_log(w->api->link, w->id, on_log, w);
	if (!w->log)
		give_up(w);
	else if (w->at_end_ms)
		wake(w);
}

/* --- what is asked for --- */

static const char *
take_port(struct wait *w, const struct asked *a)
{
	uint64_t from = 0, to = 0;

	if (!a->has_port)
		return a->http || a->status ? "http and status go with port" :
					      NULL;
	if (a->port < 1 || a->port > 65535)
		return "port has to be 1 to 65535";
	if (a->http && a->http[0] != '/')
		return "http has to be a path";
	if (a->status && (!a->http ||
			  units_uint_range(a->status, 100, 599, &from,
					   &to) < 0))
		return "status has to be a range like 200-399, with http";
	w->path = a->http ? mem_str(a->http) : NULL;
	w->conf.target = (struct probe_target){
		.kind = a->http ? PROBE_HTTP : PROBE_TCP,
		.port = (unsigned)a->port, .path = w->path,
		.status_min = (unsigned)from, .status_max = (unsigned)to,
	};
	return NULL;
}

static const char *
take_pattern(struct wait *w, const struct asked *a)
{
	const char *text = a->log ? a->log : a->string ? a->string : a->screen;
	int stream = a->stream ? log_stream_find(a->stream) : 0;

	if ((!text || a->screen) && (a->stream || a->cursor))
		return "stream and cursor go with log or string";
	if (!text)
		return a->ignore_case ? "ignoreCase goes with log, string or "
					"screen" : NULL;
	if (stream < 0)
		return "stream has to be stdout, stderr or pty";
	w->pattern = mem_str(text);
	w->conf.pattern = w->pattern;
	w->conf.pattern_flags = (a->string ? REGEX_LITERAL : 0) |
				(a->ignore_case ? REGEX_ICASE : 0);
	w->conf.after = a->cursor;
	w->conf.streams = a->stream ? 1u << stream : LOG_ALL_STREAMS;
	return NULL;
}

static const char *
take_condition(struct wait *w, const struct asked *a)
{
	const struct {
		bool given;
		enum waiting_kind kind;
	} conditions[] = {
		{ a->log, WAITING_LOG }, { a->string, WAITING_LOG },
		{ a->screen, WAITING_SCREEN }, { a->has_port, WAITING_PORT },
		{ a->ready, WAITING_READY },
		{ a->exit, WAITING_EXIT }, { a->has_idle, WAITING_IDLE },
	};
	int count = 0;

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (!conditions[i].given)
			continue;
		w->conf.kind = conditions[i].kind;
		count++;
	}
	if (count != 1)
		return "exactly one of log, string, screen, port, ready, "
		       "exit and idleMs is needed";
	w->conf.idle_ms = a->idle_ms;
	if (a->has_timeout)
		w->at_end_ms = clock_ms() + SBX_MAX(a->timeout_ms, 1u);
	const char *wrong = take_pattern(w, a);
	return wrong ? wrong : take_port(w, a);
}

static int
take_body(struct http_request *r, json_t *body, struct asked *a)
{
	const struct http_field fields[] = {
		{ .name = "log", .type = HTTP_F_STRING, .out = &a->log },
		{ .name = "string", .type = HTTP_F_STRING, .out = &a->string },
		{ .name = "screen", .type = HTTP_F_STRING, .out = &a->screen },
		{ .name = "stream", .type = HTTP_F_STRING, .out = &a->stream },
		{ .name = "http", .type = HTTP_F_STRING, .out = &a->http },
		{ .name = "status", .type = HTTP_F_STRING, .out = &a->status },
		{ .name = "ready", .type = HTTP_F_BOOL, .out = &a->ready },
		{ .name = "exit", .type = HTTP_F_BOOL, .out = &a->exit },
		{ .name = "ignoreCase", .type = HTTP_F_BOOL,
		  .out = &a->ignore_case },
		{ .name = "port", .type = HTTP_F_UINT, .out = &a->port,
		  .max = UINT32_MAX, .given = &a->has_port },
		{ .name = "idleMs", .type = HTTP_F_UINT, .out = &a->idle_ms,
		  .max = FOR_MAX_MS, .given = &a->has_idle },
		{ .name = "cursor", .type = HTTP_F_UINT, .out = &a->cursor },
		{ .name = "timeoutMs", .type = HTTP_F_UINT,
		  .out = &a->timeout_ms, .max = FOR_MAX_MS,
		  .given = &a->has_timeout },
	};

	return http_json_take(r, body, fields, ARRAY_LEN(fields));
}

void
http_ext_wait(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct asked a = { .log = NULL };
	json_t *body = http_json_body(r);
	struct model_proc *p;

	if (!body)
		return;
	if (take_body(r, body, &a) < 0 || !(p = http_ext_proc(r, api)))
		goto out;
	if (api->waits >= HTTP_EXT_WAITS_MAX) {
		http_problem(r, HTTP_E_BUSY, "%d requests wait already",
			     HTTP_EXT_WAITS_MAX);
		goto out;
	}
	struct wait *w = mem_alloc(sizeof *w);
	*w = (struct wait){ .request = r, .api = api, .id = p->id };
	api->waits++;
	const char *wrong = take_condition(w, &a);
	if (wrong) {
		wait_free(w);
		http_problem(r, HTTP_E_INVALID, "%s", wrong);
	} else {
		start(w);
	}
out:
	json_decref(body);
}
