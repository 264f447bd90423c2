#include "http_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/strv.h"
#include "base/units.h"
#include "client/client.h"
#include "client/model.h"
#include "http_json.h"
#include "http_link.h"
#include "http_logs.h"
#include "http_request.h"
#include "http_terminal.h"
#include "life/status.h"
#include "text/rowfmt.h"

#define ID_PREFIX "proc_"

enum { INFO_MAX = 4 << 20 };

/* One that waits until it is known whether there is an engine. */
struct held {
	struct http_request *request;
	struct http_api *api;
	const struct http_route *row;
	struct link_wait *wait;
};

static void
on_held_end(struct http_request *r, void *arg)
{
	struct held *h = arg;
	(void)r;

	http_link_wait_cancel(h->wait);
	free(h);
}

/* Without an engine there is no process, and most questions have an answer;
 * an engine that is another sbx has processes that we cannot tell of. */
static void
call(struct http_request *r, const struct http_route *row,
     struct http_api *api)
{
	const struct err *e = http_link_error(api->link);

	if (http_link_state(api->link) == LINK_NONE &&
	    ((row->flags & HTTP_START) || e->code != ERR_NO_ENGINE))
		http_problem(r, HTTP_E_NO_ENGINE, "%s", e->text);
	else
		row->fn(r, api);
}

static void
on_settled(void *arg)
{
	struct held h = *(struct held *)arg;

	http_on_end(h.request, NULL, NULL);
	free(arg);
	call(h.request, h.row, h.api);
}

void
http_api_dispatch(struct http_request *r, const struct http_route *row,
		  void *arg)
{
	struct http_api *api = arg;

	if (!(row->flags & HTTP_ENGINE)) {
		row->fn(r, api);
		return;
	}
	http_link_look(api->link);
	if (row->flags & HTTP_START)
		http_link_start(api->link);
	if (http_link_state(api->link) != LINK_LOST) {
		call(r, row, api);
		return;
	}
	struct held *h = mem_alloc(sizeof *h);
	*h = (struct held){ r, api, row, NULL };
	http_on_end(r, on_held_end, h);
	h->wait = http_link_settle(api->link, on_settled, h);
}

void
http_api_init(struct http_api *api, struct loop *l, struct http_link *k)
{
	*api = (struct http_api){ .loop = l, .link = k,
				  .logs = http_logs_new(k, l) };
	list_init(&api->adding);
	http_terminals_init(api);
}

void
http_api_fini(struct http_api *api)
{
	if (!api->link)
		return;
	http_terminals_fini(api);
	http_logs_free(api->logs);
	http_link_free(api->link);
	http_api_add_fini(api);
}

uint32_t
http_api_id(const char *text)
{
	uint64_t id;

	if (strncmp(text, ID_PREFIX, sizeof ID_PREFIX - 1) != 0 ||
	    units_uint(text + sizeof ID_PREFIX - 1, 1, UINT32_MAX, &id) < 0)
		return 0;
	return (uint32_t)id;
}

void
http_api_id_text(uint32_t id, char out[HTTP_ID_MAX])
{
	snprintf(out, HTTP_ID_MAX, ID_PREFIX "%u", id);
}

struct model_proc *
http_api_proc(struct http_request *r, struct http_api *api)
{
	const char *text = http_param(r, "id");
	uint32_t id = http_api_id(text);
	struct model_proc *p = id ? model_find(http_link_model(api->link),
					       id) : NULL;

	if (!p)
		http_no_process(r, text);
	return p;
}

/* --- what is told of one --- */

bool
http_api_is_running(const struct proc_row *row)
{
	return !rowfmt_is_over(row);
}

/* A line for the shell is the command itself, words are words. */
static void
put_command(struct jsonout *j, const struct proc_row *row)
{
	char **argv = strv_split(row->argv);

	jsonout_string(j, "command", argv ? argv[0] : row->command);
	jsonout_array(j, "args");
	for (size_t i = 1; argv && argv[i]; i++)
		jsonout_string(j, NULL, argv[i]);
	jsonout_close(j);
	strv_free(argv);
}

bool
http_api_is_plain_exit(const struct proc_row *row)
{
	return row->has_exit && !row->exit_signal && !row->restarts &&
	       (row->status == STATUS_COMPLETED ||
		row->status == STATUS_FAILED);
}

/* Why it ended, where its exit code does not say so: clients of the protocol
 * do not ask for these. */
static void
put_end(struct jsonout *j, const struct proc_row *row)
{
	char name[SIGNAME_MAX];

	if (row->has_exit && row->exit_signal)
		jsonout_string(j, "signal",
			       signame_text(row->exit_signal, name));
	if (!http_api_is_plain_exit(row))
		jsonout_string(j, "reason", row->reason);
}

void
http_api_info(struct jsonout *j, const char *name,
	      const struct http_api *api, const struct proc_row *row)
{
	bool running = http_api_is_running(row);
	char id[HTTP_ID_MAX];

	http_api_id_text(row->id, id);
	jsonout_object(j, name);
	jsonout_string(j, "id", id);
	put_command(j, row);
	if (row->own_cwd || strcmp(row->cwd, http_link_dir(api->link)) != 0)
		jsonout_string(j, "cwd", row->cwd);
	jsonout_bool(j, "tty", row->tty);
	jsonout_bool(j, "interactive", row->interactive);
	jsonout_string(j, "owner", "user");
	jsonout_string(j, "status", running ? "running" : "exited");
	if (running && row->pid)
		jsonout_uint(j, "pid", row->pid);
	if (!running && row->has_exit && !row->exit_signal)
		jsonout_int(j, "exitCode", row->exit_code);
	jsonout_int(j, "createdAtMs", row->created_at_ms);
	if (!running && row->ended_at_ms)
		jsonout_int(j, "exitedAtMs", row->ended_at_ms);
	if (!running)
		put_end(j, row);
	jsonout_close(j);
}

void
http_api_put_info(struct http_request *r, const struct http_api *api,
		  const struct proc_row *row)
{
	struct buf b = BUF_INIT(INFO_MAX);
	struct jsonout j;

	jsonout_begin(&j, &b);
	http_api_info(&j, NULL, api, row);
	http_json(r, 200, &b);
}

void
http_api_tell(struct http_api *api, const struct proc_row *row,
	      enum proto_verb verb)
{
	char *names[] = { (char *)(uintptr_t)row->name, NULL };
	struct proto_request q = { .verb = verb, .names = names };
	struct client *c = http_link_client(api->link);

	if (c)
		client_request(c, &q, NULL, NULL);
}
