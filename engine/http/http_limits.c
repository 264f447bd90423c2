#include "http_limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "conf/option.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"

enum { CONFIG_MAX = 4096 };

/* Their names in JSON, and the settings that they are. */
static const struct {
	const char *name;
	enum option_id option;
} limits[HTTP_LIMIT_COUNT] = {
	[HTTP_LIMIT_PROCESSES] = { "maxConcurrentProcesses",
				   OPTION_LIMIT_PROCESSES },
	[HTTP_LIMIT_RUN_TIMEOUT] = { "defaultRunTimeoutMs",
				     OPTION_LIMIT_RUN_TIMEOUT },
	[HTTP_LIMIT_RUN_TIMEOUT_MAX] = { "maxRunTimeoutMs",
					 OPTION_LIMIT_RUN_TIMEOUT_MAX },
	[HTTP_LIMIT_OUTPUT] = { "maxOutputBytes", OPTION_LIMIT_OUTPUT },
	[HTTP_LIMIT_LOG] = { "maxLogBytesPerProcess", OPTION_LIMIT_API_LOG },
	[HTTP_LIMIT_INPUT] = { "maxInputBytesPerRequest",
			       OPTION_LIMIT_INPUT },
};

/* --- reading them --- */

struct http_limits_ask {
	struct link_ask *ask;
	struct timer *refused;		/* the question could not be asked */
	http_limits_fn *fn;
	void *arg;
};

void
http_limits_cancel(struct http_limits_ask *a)
{
	if (!a)
		return;
	http_link_cancel(a->ask);
	timer_drop(a->refused);
	free(a);
}

static void
finish(struct http_limits_ask *a, const struct http_limits *l,
       const struct err *e)
{
	http_limits_fn *fn = a->fn;
	void *arg = a->arg;

	a->ask = NULL;
	http_limits_cancel(a);
	fn(l, e, arg);
}

/* "KEY VALUE" lines, of which others are for others. */
static void
read_lines(const char *text, struct http_limits *out)
{
	struct options *o = options_new();

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *key = mem_strn(text, len), *value = strchr(key, ' ');
		if (value)
			*value++ = '\0';
		for (size_t i = 0; value && i < ARRAY_LEN(limits); i++) {
			const struct option_row *row =
				&option_rows[limits[i].option];
			if (strcmp(row->row.name, key) == 0)
				(void)options_set(o, row, value, NULL);
		}
		free(key);
		text += len + (text[len] == '\n');
	}
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		out->v[i] = options_number(o, limits[i].option);
	options_free(o);
}

static void
on_values(const struct client_answer *answer, void *arg)
{
	struct http_limits_ask *a = arg;
	struct http_limits l;

	if (answer->err) {
		finish(a, NULL, answer->err);
		return;
	}
	read_lines(answer->reply ? answer->reply->text : "", &l);
	finish(a, &l, NULL);
}

static void
on_refused(struct timer *t, void *arg)
{
	struct err e = ERR_INIT;
	(void)t;

	err_set(&e, ERR_NO_ENGINE, "the engine takes no requests");
	finish(arg, NULL, &e);
}

struct http_limits_ask *
http_limits_get(struct http_api *api, http_limits_fn *fn, void *arg)
{
	struct client *c = http_link_client(api->link);
	struct proto_request q = { .verb = PROTO_V_GET, .text = "" };
	struct http_limits_ask *a = mem_alloc(sizeof *a);

	*a = (struct http_limits_ask){ .fn = fn, .arg = arg };
	a->ask = http_link_ask(api->link, on_values, a);
	if (c && client_request(c, &q, http_link_answered, a->ask) == 0)
		return a;
	http_link_ask_drop(a->ask);
	a->ask = NULL;
	a->refused = loop_timer(api->loop, on_refused, a);
	timer_arm(a->refused, clock_us());
	return a;
}

/* --- operations 2 and 3 --- */

struct config {
	struct http_request *request;
	struct http_api *api;
	struct http_limits_ask *limits;
	struct link_ask *ask;
};

static void
on_end(struct http_request *r, void *arg)
{
	struct config *c = arg;
	(void)r;

	http_limits_cancel(c->limits);
	http_link_cancel(c->ask);
	free(c);
}

static struct config *
config_new(struct http_request *r, struct http_api *api)
{
	struct config *c = mem_alloc(sizeof *c);

	*c = (struct config){ .request = r, .api = api };
	http_on_end(r, on_end, c);
	return c;
}

static void
on_limits(const struct http_limits *l, const struct err *e, void *arg)
{
	struct buf b = BUF_INIT(CONFIG_MAX);
	struct config *c = arg;
	struct jsonout j;

	c->limits = NULL;
	if (!l) {
		http_engine_problem(c->request, e);
		return;
	}
	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		jsonout_uint(&j, limits[i].name, l->v[i]);
	jsonout_close(&j);
	http_json(c->request, 200, &b);
}

void
http_op_config_get(struct http_request *r, void *arg)
{
	struct config *c = config_new(r, arg);

	c->limits = http_limits_get(arg, on_limits, c);
}

static void
on_set(const struct client_answer *a, void *arg)
{
	struct config *c = arg;

	c->ask = NULL;
	if (a->err)
		http_engine_problem(c->request, a->err);
	else
		c->limits = http_limits_get(c->api, on_limits, c);
}

/* Durations are in milliseconds there too; what a setting cannot hold is as
 * much as it can. */
static void
put_lines(struct buf *b, struct http_limits *l)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const struct option_row *row = &option_rows[limits[i].option];
		l->v[i] = SBX_MAX(l->v[i], row->min);
		l->v[i] = SBX_MIN(l->v[i], row->max);
	}
	uint64_t *run_ms = &l->v[HTTP_LIMIT_RUN_TIMEOUT];
	*run_ms = SBX_MIN(*run_ms, l->v[HTTP_LIMIT_RUN_TIMEOUT_MAX]);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const struct option_row *row = &option_rows[limits[i].option];
		buf_addf(b, "%s %llu%s\n", row->row.name,
			 (unsigned long long)l->v[i],
			 row->type == OPTION_DURATION ? "ms" : "");
	}
}

static void
set_limits(struct http_request *r, struct http_api *api,
	   struct http_limits *l)
{
	struct buf lines = BUF_INIT(CONFIG_MAX);
	struct config *c = config_new(r, api);

	put_lines(&lines, l);
	struct proto_request q = { .verb = PROTO_V_SET,
				   .text = buf_str(&lines) };
	c->ask = http_link_ask(api->link, on_set, c);
	if (client_request(http_link_client(api->link), &q,
			   http_link_answered, c->ask) < 0) {
		http_link_ask_drop(c->ask);
		c->ask = NULL;
		http_problem(r, HTTP_E_NO_ENGINE,
			     "the engine takes no requests");
	}
	buf_fini(&lines);
}

void
http_op_config_set(struct http_request *r, void *arg)
{
	struct http_field fields[HTTP_LIMIT_COUNT];
	json_t *body = http_json_body(r);
	struct http_limits l;
	size_t i;

	for (i = 0; i < ARRAY_LEN(limits); i++)
		fields[i] = (struct http_field){
			.name = limits[i].name, .type = HTTP_F_UINT,
			.required = true, .out = &l.v[i],
		};
	int rc = body ? http_json_take(r, body, fields, ARRAY_LEN(fields)) :
			-1;
	json_decref(body);
	if (rc < 0)
		return;
	for (i = 0; i < ARRAY_LEN(limits) && l.v[i] > 0; i++)
		;
	if (i < ARRAY_LEN(limits))
		http_problem(r, HTTP_E_INVALID, "%s must be greater than 0",
			     limits[i].name);
	else
		set_limits(r, arg, &l);
}
