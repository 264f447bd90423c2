/*
 * Operation 4: a process that is started and goes on by itself; and what the
 * two paths that make one have in common.
 */

#include "http_api.h"

#include <stdlib.h>

#include "base/mem.h"
#include "client/model.h"
#include "http_body.h"
#include "http_request.h"
#include "spec/spec.h"

struct making {
	struct http_request *request;
	struct http_api *api;
	struct http_adding *adding;
	http_made_fn *fn;
};

static void
on_end(struct http_request *r, void *arg)
{
	struct making *m = arg;
	(void)r;

	http_api_add_cancel(m->adding, false);
	free(m);
}

static void
on_added(struct model_proc *p, const struct err *e, void *arg)
{
	struct making *m = arg;

	m->adding = NULL;
	if (p)
		m->fn(m->request, m->api, p);
	else
		http_api_add_problem(m->request, e);
}

void
http_api_make(struct http_request *r, struct http_api *api,
	      const struct spec_args *a, unsigned flags, http_made_fn *fn)
{
	struct making *m = mem_alloc(sizeof *m);

	*m = (struct making){ .request = r, .api = api, .fn = fn };
	http_on_end(r, on_end, m);
	m->adding = http_api_add(api, a, flags, on_added, m);
}

void
http_op_create(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct http_command cmd;

	if (http_body_command(r, api, &cmd) < 0)
		return;
	struct spec_args a = {
		.argv = cmd.argv, .cwd = cmd.cwd, .env = cmd.env,
		.tty = cmd.tty, .stdin_kind = SPEC_STDIN_PIPE,
		.interactive = cmd.interactive, .own_cwd = cmd.own_cwd,
	};
	http_api_make(r, api, &a, PROTO_ADD_NO_QUEUE | PROTO_ADD_OWN_CWD,
		      http_api_put_proc);
	http_command_fini(&cmd);
}
