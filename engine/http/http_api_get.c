/*
 * One process.  Clients wait for its end by asking again as soon as they are
 * answered, and the answers take the processor from what they wait for.  So
 * who is told nothing new about a run that has just begun is told it when
 * there is something new, or a moment later.
 */

#include "http_api.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/model.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"

enum {
	HELD_US = 1000,		/* such a question, at most */
	AGAIN_US = 1000,	/* after the last answer it is one */
	YOUNG_MS = 20,		/* what runs longer is not about to end */
};

struct held {
	struct http_request *r;
	struct http_api *api;
	uint32_t id;
	struct link_watch *watch;
	struct timer *timer;
};

void
http_api_put_proc(struct http_request *r, struct http_api *api,
		  const struct model_proc *p)
{
	api->told_id = p->id;
	api->told_rev = p->rev;
	api->at_told_us = clock_us();
	http_api_put_info(r, api, p->row);
}

static void
held_free(struct held *h)
{
	http_link_unwatch(h->watch);
	timer_drop(h->timer);
	free(h);
}

static void
on_end(struct http_request *r, void *arg)
{
	(void)r;
	held_free(arg);
}

/* It may be that its end is only told later: nothing is left of h then. */
static void
let_go(struct held *h, bool gone)
{
	struct held was = *h;
	struct model *m = http_link_model(h->api->link);
	struct model_proc *p = gone ? NULL : model_find(m, h->id);

	http_on_end(h->r, NULL, NULL);
	held_free(h);
	if (p)
		http_api_put_proc(was.r, was.api, p);
	else
		http_no_process(was.r, http_param(was.r, "id"));
}

static void
on_watch(struct model_proc *p, unsigned what, void *arg)
{
	(void)p;
	if (what & (LINK_ROW | LINK_GONE | LINK_BACK))
		let_go(arg, what & LINK_GONE);
}

static void
on_timer(struct timer *t, void *arg)
{
	(void)t;
	let_go(arg, false);
}

static void
hold(struct http_request *r, struct http_api *api, uint32_t id)
{
	struct held *h = mem_alloc(sizeof(*h));

	*h = (struct held){ .r = r, .api = api, .id = id };
	http_on_end(r, on_end, h);
	h->watch = http_link_watch(api->link, id, on_watch, h);
	h->timer = loop_timer(api->loop, on_timer, h);
	timer_arm(h->timer, clock_us() + HELD_US);
}

static bool
is_impatient(const struct http_api *api, const struct model_proc *p)
{
	return api->told_id == p->id && api->told_rev == p->rev &&
	       clock_us() - api->at_told_us < AGAIN_US &&
	       http_api_is_running(p->row) && p->row->pid &&
	       clock_wall_ms() - p->row->started_at_ms < YOUNG_MS;
}

void
http_op_get(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model_proc *p = http_api_proc(r, api);

	if (!p)
		return;
	if (is_impatient(api, p))
		hold(r, api, p->id);
	else
		http_api_put_proc(r, api, p);
}
