#include "http_ext.h"

#include <errno.h>
#include <signal.h>
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
#include "client/procfilter.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "http_server.h"
#include "life/status.h"
#include "spec/proto.h"
#include "text/rowfmt.h"

struct http_ext_call {
	struct http_request *request;
	struct http_api *api;
	http_ext_fn *fn;
	uint32_t proc;
	struct link_ask *ask;
};

/* --- what all of them share --- */

struct model_proc *
http_ext_proc(struct http_request *r, struct http_api *api)
{
	struct model *m = http_link_model(api->link);
	const char *text = http_param(r, "id");
	uint32_t id = http_api_id(text);
	struct model_proc *p = id ? model_find(m, id) : NULL;

	if (!p)
		p = model_find_name(m, text);
	if (!p)
		http_no_process(r, text);
	return p;
}

/* Its log is told of by growth, which is newer than its row. */
void
http_ext_put(struct jsonout *j, const char *name, const struct model_proc *p)
{
	struct proc_row row = *p->row;
	const struct proto_grow *g = &p->grow;
	char id[HTTP_ID_MAX];

	if (g->next_seq > row.log_lines) {
		row.log_lines = g->next_seq - 1;
		row.dropped_bytes = g->dropped_bytes;
		row.log_bytes = g->bytes[0] + g->bytes[1] + g->bytes[2];
	}
	http_api_id_text(row.id, id);
	jsonout_object(j, name);
	jsonout_string(j, "id", id);
	jsonout_string(j, "name", row.name);
	rowfmt_json_rest(j, &row, clock_wall_ms());
	jsonout_close(j);
}

void
http_ext_send(struct http_request *r, struct jsonout *j)
{
	struct buf *b = j->b;

	if (jsonout_end(j) < 0) {
		buf_clear(b);
		http_problem(r, HTTP_E_TOO_LARGE, "the answer is longer than "
			     "%d MiB", HTTP_EXT_ANSWER_MAX >> 20);
		return;
	}
	http_json(r, 200, b);
}

void
http_ext_answer(struct http_request *r, struct http_api *api, unsigned status,
		uint32_t id)
{
	struct model_proc *p = model_find(http_link_model(api->link), id);
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	char text[HTTP_ID_MAX];
	struct jsonout j;

	if (!p) {
		http_api_id_text(id, text);
		http_no_process(r, text);
		return;
	}
	if (status == 204) {
		http_respond(r, status, NULL, NULL);
		return;
	}
	jsonout_begin_camel(&j, &b);
	http_ext_put(&j, NULL, p);
	http_json(r, status, &b);
	buf_fini(&b);
}

static void
on_end(struct http_request *r, void *arg)
{
	struct http_ext_call *c = arg;
	(void)r;

	http_link_cancel(c->ask);
	free(c);
}

static void
on_answer(const struct client_answer *a, void *arg)
{
	struct http_ext_call c = *(struct http_ext_call *)arg;

	http_on_end(c.request, NULL, NULL);
	free(arg);
	/* What has no {id} means a group. */
	if (a->err && a->err->code == ERR_NO_PROCESS && !c.proc)
		http_problem(c.request, HTTP_E_NOT_FOUND, "not found: %s",
			     a->err->text);
	else if (a->err)
		http_engine_problem(c.request, a->err);
	else
		c.fn(c.request, c.api, a, c.proc);
}

/* One that was lost in the middle comes back, or somebody says that it does
 * not. */
void
http_ext_no_engine(struct http_request *r, struct http_api *api)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_NO_ENGINE, "there is no engine of this set");
	if (http_link_state(api->link) == LINK_LOST)
		http_engine_problem(r, &e);
	else
		http_problem(r, HTTP_E_NO_ENGINE, "%s", e.text);
}

struct http_ext_call *
http_ext_call(struct http_request *r, struct http_api *api, http_ext_fn *fn,
	      uint32_t proc)
{
	if (!http_link_client(api->link)) {
		http_ext_no_engine(r, api);
		return NULL;
	}
	struct http_ext_call *c = mem_alloc(sizeof *c);
	*c = (struct http_ext_call){ .request = r, .api = api, .fn = fn,
				     .proc = proc };
	c->ask = http_link_ask(api->link, on_answer, c);
	http_on_end(r, on_end, c);
	return c;
}

struct link_ask *
http_ext_ask(struct http_ext_call *c)
{
	return c->ask;
}

void
http_ext_asked(struct http_ext_call *c, int rc)
{
	struct http_request *r = c->request;

	if (rc == 0)
		return;
	http_on_end(r, NULL, NULL);
	http_link_ask_drop(c->ask);
	free(c);
	if (rc == -EMSGSIZE)
		http_problem(r, HTTP_E_TOO_LARGE, "%s",
			     "that is too large for one message");
	else
		http_problem(r, HTTP_E_NO_ENGINE, "asking the engine: %s",
			     strerror(-rc));
}

void
http_ext_request(struct http_request *r, struct http_api *api,
		 const struct proto_request *q, http_ext_fn *fn,
		 uint32_t proc)
{
	struct http_ext_call *c = http_ext_call(r, api, fn, proc);
	struct proto_request keyed = *q;

	keyed.key = http_key(r);
	if (c)
		http_ext_asked(c, client_request(http_link_client(api->link),
						 &keyed, http_link_answered,
						 c->ask));
}

/* --- who serves --- */

void
http_ext_info(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct client *client = http_link_client(api->link);
	const struct proto_hello *h = client ? client_hello(client) : NULL;
	struct buf b = BUF_INIT(64 << 10);
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "version", SBX_VERSION);
	jsonout_bool(&j, "engine", h != NULL);
	if (h) {
		jsonout_uint(&j, "engine_pid", h->engine_pid);
		jsonout_string(&j, "set", h->set_name);
		if (h->rc_path[0])
			jsonout_string(&j, "file", h->rc_path);
		jsonout_string(&j, "dir", http_link_dir(api->link));
	}
	jsonout_uint(&j, "processes",
		     model_count(http_link_model(api->link)));
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
}

/* --- processes --- */

static int
take_filter(struct http_request *r, struct procfilter *f)
{
	struct err e = ERR_INIT;
	const char *statuses = http_query(r, "status");
	uint64_t from_ms = 0, until_ms = 0;
	bool limited = false, ends = false;

	*f = (struct procfilter){ .group = http_query(r, "group") };
	if (http_query_uint(r, "limit", UINT32_MAX, &f->limit,
			    &limited) < 0 ||
	    http_query_uint(r, "cursor", UINT32_MAX, &f->after, NULL) < 0 ||
	    http_query_uint(r, "createdAfterMs", INT64_MAX, &from_ms,
			    NULL) < 0 ||
	    http_query_uint(r, "createdBeforeMs", INT64_MAX, &until_ms,
			    &ends) < 0)
		return -1;
	f->created_from_ms = (int64_t)from_ms;
	f->created_until_ms = ends ? (int64_t)SBX_MAX(until_ms, 1u) : 0;
	if (limited && f->limit == 0) {
		http_problem(r, HTTP_E_INVALID, "%s", "a limit of 0 is "
			     "nothing to show");
		return -1;
	}
	if (!statuses || procfilter_statuses(statuses, &f->statuses, &e) == 0)
		return 0;
	http_problem(r, HTTP_E_INVALID, "%s", e.text);
	return -1;
}

static void
list(struct http_request *r, struct http_api *api,
     const struct client_answer *a, uint32_t none)
{
	struct procfilter f;
	struct model_proc **procs;
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;
	uint32_t next;
	(void)a;
	(void)none;

	if (take_filter(r, &f) < 0)
		return;
	size_t count = procfilter_list(&f, http_link_model(api->link), &procs,
				       &next);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "processes");
	for (size_t i = 0; i < count; i++)
		http_ext_put(&j, NULL, procs[i]);
	jsonout_close(&j);
	if (next)
		jsonout_uint(&j, "next", next);
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
	free(procs);
}

static void
answer_now(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t id)
{
	(void)a;
	http_ext_answer(r, api, 200, id);
}

/*
 * What a process costs is looked at when somebody asks: the rows that tell of
 * it are behind the answer to the first question, and before that to the
 * second one.
 */
static const struct proto_request figures = { .verb = PROTO_V_FIGURES };

static void
list_behind(struct http_request *r, struct http_api *api,
	    const struct client_answer *a, uint32_t none)
{
	(void)a;
	http_ext_request(r, api, &figures, list, none);
}

static void
get_behind(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t id)
{
	(void)a;
	http_ext_request(r, api, &figures, answer_now, id);
}

void
http_ext_list(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct procfilter f;

	if (take_filter(r, &f) < 0)
		return;
	/* Without an engine there is nobody to be listed. */
	if (http_link_client(api->link))
		http_ext_request(r, api, &figures, list_behind, 0);
	else
		list(r, api, NULL, 0);
}

void
http_ext_get(struct http_request *r, void *arg)
{
	struct model_proc *p = http_ext_proc(r, arg);

	if (p)
		http_ext_request(r, arg, &figures, get_behind, p->id);
}

/* Its row comes behind the engine's answer: the request waits for it. */
struct behind {
	struct http_request *request;
	struct http_api *api;
	unsigned status;
	uint32_t id;
	struct link_watch *watch;
};

static void
on_behind_end(struct http_request *r, void *arg)
{
	struct behind *b = arg;
	(void)r;

	http_link_unwatch(b->watch);
	free(b);
}

static void
on_row(struct model_proc *p, unsigned what, void *arg)
{
	struct behind b = *(struct behind *)arg;
	(void)p;

	if (!(what & (LINK_ROW | LINK_GONE | LINK_BACK)))
		return;
	/* The request lasts until its answer is sent; nothing more is to. */
	http_on_end(b.request, NULL, NULL);
	on_behind_end(b.request, arg);
	http_ext_answer(b.request, b.api, b.status, b.id);
}

void
http_ext_answer_behind(struct http_request *r, struct http_api *api,
		       unsigned status, uint32_t id)
{
	struct behind *b = mem_alloc(sizeof *b);

	*b = (struct behind){ .request = r, .api = api, .status = status,
			      .id = id };
	http_on_end(r, on_behind_end, b);
	b->watch = http_link_watch(api->link, id, on_row, b);
}

static void
answer_behind(struct http_request *r, struct http_api *api,
	      const struct client_answer *a, uint32_t id)
{
	(void)a;
	http_ext_answer_behind(r, api, 200, id);
}

/* One that runs stays as it is: there is no other row to come. */
static void
answer_started(struct http_request *r, struct http_api *api,
	       const struct client_answer *a, uint32_t id)
{
	struct model_proc *p = model_find(http_link_model(api->link), id);

	if (p && status_get(p->row->status)->live)
		http_ext_answer(r, api, 200, id);
	else
		answer_behind(r, api, a, id);
}

static void
ask(struct http_request *r, struct http_api *api, enum proto_verb verb,
    int64_t number, http_ext_fn *fn)
{
	struct model_proc *p = http_ext_proc(r, api);
	char *names[] = { NULL, NULL };
	struct proto_request q = { .verb = verb, .number = number,
				   .names = names };

	if (!p)
		return;
	names[0] = (char *)(uintptr_t)p->row->name;
	http_ext_request(r, api, &q, fn, p->id);
}

void
http_ext_start(struct http_request *r, void *arg)
{
	ask(r, arg, PROTO_V_START, 0, answer_started);
}

void
http_ext_restart(struct http_request *r, void *arg)
{
	ask(r, arg, PROTO_V_RESTART, 0, answer_behind);
}

void
http_ext_signal(struct http_request *r, void *arg)
{
	json_t *body = http_json_body(r), *v = NULL;
	const struct http_field fields[] = {
		{ .name = "signal", .type = HTTP_F_ANY, .required = true,
		  .out = &v },
	};
	int signo = 0;

	if (!body)
		return;
	if (http_json_take(r, body, fields, ARRAY_LEN(fields)) == 0) {
		if (json_is_integer(v) && json_integer_value(v) <= SIGRTMAX)
			signo = (int)json_integer_value(v);
		else if (http_json_is_text(v))
			signo = signame_parse(json_string_value(v));
		if (signo > 0)
			ask(r, arg, PROTO_V_SIGNAL, signo, answer_now);
		else
			http_problem(r, HTTP_E_INVALID, "%s",
				     "signal has to be a name like HUP or a "
				     "number");
	}
	json_decref(body);
}

static void
answer_eof(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t id)
{
	struct buf b = BUF_INIT(64);
	(void)api;
	(void)a;
	(void)id;

	buf_adds(&b, "{\"eof\":true}");
	http_json(r, 200, &b);
	buf_fini(&b);
}

void
http_ext_eof(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model_proc *p = http_ext_proc(r, api);
	struct http_ext_call *c = p ? http_ext_call(r, api, answer_eof,
						    p->id) : NULL;

	if (c)
		http_ext_asked(c, client_input(http_link_client(api->link),
					       p->id, PROTO_INPUT_EOF,
					       http_key(r), NULL, 0,
					       http_link_answered,
					       http_ext_ask(c)));
}
