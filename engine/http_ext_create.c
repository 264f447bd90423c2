/*
 * POST /v1/sbx/processes: what "sbx add" can say, in JSON.  Its answer comes
 * with the first row of the new process.
 */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "buf.h"
#include "client.h"
#include "err.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_server.h"
#include "joingroup.h"
#include "mem.h"
#include "model.h"
#include "msg.h"
#include "proto.h"
#include "spec.h"

enum { TALK_MAX = 8 << 10, SIZE_MAX_CELLS = 10000 };

extern char **environ;

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
	msg_strv_free(m->env);
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

/* command and args as one list; caller frees it, not its words. */
static char **
make_argv(const struct made *m)
{
	size_t count = 0;

	while (m->args && m->args[count])
		count++;
	char **argv = mem_array(count + 2, sizeof *argv);
	argv[0] = (char *)(uintptr_t)m->command;
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = m->args[i];
	return argv;
}

static struct spec *
make_spec(struct http_api *api, const struct made *m, struct err *e)
{
	char **argv = m->command ? make_argv(m) : NULL;
	const char *rc_path =
		client_hello(http_link_client(api->link))->rc_path;
	struct spec_args a = {
		.name = m->name, .command = m->shell, .argv = argv,
		.cwd = m->cwd ? m->cwd : http_link_dir(api->link),
		.env = m->env, .user = m->user,
		.group = m->group ? m->group : HTTP_API_GROUP,
		.tty = m->tty, .rows = (unsigned)m->rows,
		.cols = (unsigned)m->cols, .timeout_ms = m->timeout_ms,
		.stdin_kind = m->in && !strcmp(m->in, "null") ?
			SPEC_STDIN_NULL : SPEC_STDIN_PIPE,
		.forget = m->forget,
	};

	struct spec *s = spec_from_args(&a, e);
	free(argv);
	struct buf talk = BUF_INIT(TALK_MAX);
	if (s && m->group &&
	    joingroup(rc_path, true, m->group, s, m->cwd, &talk, e) < 0) {
		spec_free(s);
		s = NULL;
	}
	buf_fini(&talk);
	return s;
}

static void
on_created(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t none)
{
	(void)none;
	if (a->reply && a->reply->id_count == 1)
		http_ext_answer_behind(r, api, 201, a->reply->ids[0]);
	else
		http_problem(r, HTTP_E_STREAM, "%s",
			     "the engine's answer is malformed");
}

static void
create(struct http_request *r, struct http_api *api, const struct made *m)
{
	unsigned flags = (m->start ? 0 : PROTO_ADD_NO_START) |
			 (m->cwd ? PROTO_ADD_OWN_CWD : 0);
	struct err e = ERR_INIT;
	struct spec *s = make_spec(api, m, &e);
	struct http_ext_call *c;

	if (!s)
		http_engine_problem(r, &e);
	else if ((c = http_ext_call(r, api, on_created, 0)))
		http_ext_asked(c, client_add(http_link_client(api->link),
					     flags, environ, s, NULL,
					     http_link_answered,
					     http_ext_ask(c)));
	spec_free(s);
}

void
http_ext_create(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	struct made m = { .start = true };

	if (take_body(r, &m) == 0) {
		const char *fault = find_fault(&m);
		if (fault)
			http_problem(r, HTTP_E_INVALID, "%s", fault);
		else
			create(r, api, &m);
	}
	made_fini(&m);
}
