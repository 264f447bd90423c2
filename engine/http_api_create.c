/*
 * Operation 4: a process that is started and goes on by itself.
 */

#include "http_api.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "http_body.h"
#include "http_json.h"
#include "http_link.h"
#include "http_server.h"
#include "mem.h"
#include "model.h"
#include "msg.h"
#include "spec.h"

struct create {
	struct http_request *request;
	struct http_api *api;
	struct http_adding *adding;
};

static void
on_end(struct http_request *r, void *arg)
{
	struct create *c = arg;
	(void)r;

	/* A client that does not wait for the answer still wanted it made. */
	http_api_add_cancel(c->adding, false);
	free(c);
}

static void
on_added(struct model_proc *p, const struct err *e, void *arg)
{
	struct create *c = arg;

	c->adding = NULL;
	if (p)
		http_api_put_info(c->request, c->api, p->row);
	else
		http_api_add_problem(c->request, e);
}

void
http_op_create(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct http_command cmd;

	if (http_body_command(r, api, &cmd) < 0)
		return;
	struct create *c = mem_alloc(sizeof *c);
	*c = (struct create){ .request = r, .api = api };
	http_on_end(r, on_end, c);
	struct spec_args a = {
		.argv = cmd.argv, .cwd = cmd.cwd, .env = cmd.env,
		.tty = cmd.tty, .stdin_kind = SPEC_STDIN_PIPE,
		.interactive = cmd.interactive, .own_cwd = cmd.own_cwd,
		.by = HTTP_API_BY,
	};
	c->adding = http_api_add(api, &a, PROTO_ADD_NO_QUEUE |
				 PROTO_ADD_OWN_CWD, on_added, c);
	http_command_fini(&cmd);
}
