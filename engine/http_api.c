#include "http_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"
#include "http_json.h"
#include "http_link.h"
#include "http_server.h"
#include "jsonout.h"
#include "mem.h"
#include "model.h"
#include "status.h"
#include "units.h"

#define ID_PREFIX "proc_"

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

static void
on_settled(void *arg)
{
	struct held h = *(struct held *)arg;

	http_on_end(h.request, NULL, NULL);
	free(arg);
	h.row->fn(h.request, h.api);
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
	if (http_link_state(api->link) != LINK_LOST) {
		row->fn(r, api);
		return;
	}
	struct held *h = mem_alloc(sizeof *h);
	*h = (struct held){ r, api, row, NULL };
	http_on_end(r, on_held_end, h);
	h->wait = http_link_settle(api->link, on_settled, h);
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

void
http_op_health(struct http_request *r, void *arg)
{
	struct buf b = BUF_INIT(64);
	(void)arg;

	buf_adds(&b, "{\"status\":\"ok\"}");
	http_json(r, 200, &b);
}
