/*
 * POST /v1/sbx/processes: what "sbx add" can say, in JSON.  Its answer comes
 * with the first row of the new process.
 */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/strv.h"
#include "client/model.h"
#include "http_api.h"
#include "http_body.h"
#include "http_json.h"
#include "http_link.h"
#include "spec/proto.h"
#include "spec/spec.h"

enum { SIZE_MAX_CELLS = 10000 };

/* What the body says; strings live as long as it does. */
struct made {
	json_t *body;
	const char *command, *shell, *name, *cwd, *user, *group, *in;
	char **args, **env;
	bool tty, forget, start;
	uint64_t cols, rows, timeout_ms;
	bool has_timeout;
};

static void
made_fini(struct made *m)
{
	free(m->args);
	strv_free(m->env);
	json_decref(m->body);
}

static int
take_body(struct http_request *r, struct made *m)
{
	const struct http_field fields[] = {
		{ .name = "command", .type = HTTP_F_STRING,
		  .out = &m->command },
		{ .name = "shell", .type = HTTP_F_STRING, .out = &m->shell },
		{ .name = "args", .type = HTTP_F_STRINGS, .out = &m->args },
		{ .name = "name", .type = HTTP_F_STRING, .out = &m->name },
		{ .name = "cwd", .type = HTTP_F_STRING, .out = &m->cwd },
		{ .name = "env", .type = HTTP_F_ENV, .out = &m->env },
		{ .name = "user", .type = HTTP_F_STRING, .out = &m->user },
		{ .name = "group", .type = HTTP_F_STRING, .out = &m->group },
		{ .name = "tty", .type = HTTP_F_BOOL, .out = &m->tty },
		{ .name = "cols", .type = HTTP_F_UINT, .out = &m->cols,
		  .max = SIZE_MAX_CELLS },
		{ .name = "rows", .type = HTTP_F_UINT, .out = &m->rows,
		  .max = SIZE_MAX_CELLS },
		{ .name = "stdin", .type = HTTP_F_STRING, .out = &m->in },
		{ .name = "timeoutMs", .type = HTTP_F_UINT,
		  .out = &m->timeout_ms, .given = &m->has_timeout },
		{ .name = "autoRemove", .type = HTTP_F_BOOL,
		  .out = &m->forget },
		{ .name = "start", .type = HTTP_F_BOOL, .out = &m->start },
	};

	m->body = http_json_body(r);
	if (!m->body)
		return -1;
	return http_json_take(r, m->body, fields, ARRAY_LEN(fields));
}

static const char *
find_fault(const struct made *m)
{
	bool command = m->command && m->command[0];
	bool shell = m->shell && m->shell[0];

	if (command == shell)
		return command ? "command and shell: one of them" :
				 "command must not be empty";
	if (shell && m->args)
		return "args go with command";
	if (m->cwd && m->cwd[0] != '/')
		return "cwd has to be an absolute path";
	if (m->in && strcmp(m->in, "pipe") && strcmp(m->in, "null"))
		return "stdin has to be pipe or null";
	if (m->has_timeout && m->timeout_ms == 0)
		return "timeoutMs of 0 is no time at all";
	return NULL;
}

static void
answer(struct http_request *r, struct http_api *api,
       const struct model_proc *p)
{
	http_ext_answer(r, api, 201, p->id);
}

static void
create(struct http_request *r, struct http_api *api, struct made *m)
{
	char **argv = m->command ? http_body_argv(m->command, m->args) : NULL;
	unsigned flags = (m->start ? 0 : PROTO_ADD_NO_START) |
			 (m->cwd ? PROTO_ADD_OWN_CWD : 0);
	struct spec_args a = {
		.name = m->name, .command = m->shell, .argv = argv,
		.cwd = m->cwd ? m->cwd : http_link_dir(api->link),
		.own_cwd = m->cwd != NULL, .env = m->env, .user = m->user,
		.group = m->group, .tty = m->tty, .rows = (unsigned)m->rows,
		.cols = (unsigned)m->cols, .timeout_ms = m->timeout_ms,
		.stdin_kind = m->in && !strcmp(m->in, "null") ?
			SPEC_STDIN_NULL : SPEC_STDIN_PIPE,
		.forget = m->forget,
	};

	m->args = NULL;		/* argv is made of it */
	http_api_make(r, api, &a, flags, answer);
	free(argv);
}

void
http_ext_create(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct made m = { .start = true };

	if (take_body(r, &m) == 0) {
		const char *fault = find_fault(&m);
		struct model *all = http_link_model(api->link);
		if (m.name && model_find_name(all, m.name))
			http_problem(r, HTTP_E_CONFLICT, "there is a process "
				     "'%s' already", m.name);
		else if (fault)
			http_problem(r, HTTP_E_INVALID, "%s", fault);
		else
			create(r, api, &m);
	}
	made_fini(&m);
}
