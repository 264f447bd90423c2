/*
 * Operations 8, 9 and 10: delete, stop and kill.  What they ask for is
 * followed through the rows of the process.
 */

#include "http_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/model.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "http_server.h"

enum { DAY_MS = 86400000 };

struct control {
	struct http_request *request;
	struct http_api *api;
	struct link_ask *ask;
	struct link_watch *watch;
	struct timer *timer;
	uint32_t id;
	enum proto_verb verb;
	uint64_t wait_ms;
	bool asked;		/* the engine has answered */
};

static void
on_end(struct http_request *r, void *arg)
{
	struct control *c = arg;
	(void)r;

	http_link_cancel(c->ask);
	http_link_unwatch(c->watch);
	timer_drop(c->timer);
	free(c);
}

/* Nothing of c is called any more, it goes with its request. */
static void
stop_following(struct control *c)
{
	http_link_unwatch(c->watch);
	c->watch = NULL;
	timer_stop(c->timer);
}

static void
put(struct control *c, const struct proc_row *row)
{
	stop_following(c);
	http_api_put_info(c->request, c->api, row);
}

static void
on_time(struct timer *t, void *arg)
{
	struct control *c = arg;
	struct model_proc *p = model_find(http_link_model(c->api->link),
					  c->id);
	(void)t;

	stop_following(c);
	if (p)
		put(c, p->row);
	else
		http_no_process(c->request, http_param(c->request, "id"));
}

static void
on_row(struct model_proc *p, unsigned what, void *arg)
{
	struct control *c = arg;

	if (!p || !c->asked || !(what & (LINK_ROW | LINK_GONE)))
		return;
	if (c->verb == PROTO_V_RM) {
		if (!(what & LINK_GONE))
			return;
		stop_following(c);
		http_respond(c->request, 204, NULL, NULL);
	} else if ((what & LINK_GONE) || !http_api_is_running(p->row)) {
		put(c, p->row);
	}
}

static void
on_answer(const struct client_answer *a, void *arg)
{
	struct control *c = arg;
	struct model_proc *p = model_find(http_link_model(c->api->link),
					  c->id);

	c->ask = NULL;
	c->asked = true;
	if (a->err) {
		stop_following(c);
		http_engine_problem(c->request, a->err);
	} else if (!p) {
		stop_following(c);
		http_no_process(c->request, http_param(c->request, "id"));
	} else if (c->verb == PROTO_V_RM) {
		return;		/* until the engine has let go of it */
	} else if (!c->wait_ms || !http_api_is_running(p->row)) {
		put(c, p->row);
	} else {
		timer_arm(c->timer, clock_us() + c->wait_ms * 1000);
	}
}

static void
begin(struct http_request *r, struct http_api *api, struct model_proc *p,
      enum proto_verb verb, uint64_t wait_ms)
{
	struct client *client = http_link_client(api->link);
	char *names[] = { (char *)(uintptr_t)p->row->name, NULL };
	struct proto_request q = { .verb = verb, .names = names };
	struct control *c = mem_alloc(sizeof *c);

	*c = (struct control){ .request = r, .api = api, .id = p->id,
			       .verb = verb, .wait_ms = wait_ms };
	c->timer = loop_timer(api->loop, on_time, c);
	c->watch = http_link_watch(api->link, p->id, on_row, c);
	c->ask = http_link_ask(api->link, on_answer, c);
	http_on_end(r, on_end, c);
	if (client_request(client, &q, http_link_answered, c->ask) == 0)
		return;
	http_link_ask_drop(c->ask);
	c->ask = NULL;
	stop_following(c);
	http_problem(r, HTTP_E_NO_ENGINE, "the engine takes no requests");
}

static void
control(struct http_request *r, struct http_api *api, enum proto_verb verb)
{
	uint64_t wait_ms = 0;
	struct model_proc *p;

	if (http_query_uint(r, "waitMs", UINT64_MAX, &wait_ms, NULL) < 0)
		return;
	p = http_api_proc(r, api);
	if (!p)
		return;
	/* What has ended stays as it is. */
	if (!http_api_is_running(p->row))
		http_api_put_info(r, api, p->row);
	else
		begin(r, api, p, verb, wait_ms > DAY_MS ? DAY_MS : wait_ms);
}

void
http_op_stop(struct http_request *r, void *arg)
{
	control(r, arg, PROTO_V_STOP);
}

void
http_op_kill(struct http_request *r, void *arg)
{
	control(r, arg, PROTO_V_KILL);
}

void
http_op_delete(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct model_proc *p = http_api_proc(r, api);

	if (!p)
		return;
	if (http_api_is_running(p->row)) {
		http_problem(r, HTTP_E_CONFLICT, "process is still running; "
			     "stop or kill it first");
		return;
	}
	begin(r, api, p, PROTO_V_RM, 0);
}
