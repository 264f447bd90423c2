#include "http_body.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"

void
http_command_fini(struct http_command *c)
{
	free(c->argv);
	strv_free(c->env);
	free(c->own);
	json_decref(c->body);
	*c = (struct http_command){ .body = NULL };
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

char **
http_body_argv(const char *command, char **args)
{
	size_t n = strv_count(args);
	char **argv = mem_array(n + 2, sizeof(*argv));
	argv[0] = (char *)(uintptr_t)command;
	if (n)
		memcpy(argv + 1, args, n * sizeof(*argv));
	free(args);
	return argv;
}

int
http_body_command(struct http_request *r, struct http_api *api,
		  struct http_command *out)
{
	const char *command = NULL, *cwd = NULL;
	char **args = NULL;

	*out = (struct http_command){ .body = http_json_body(r) };
	const struct http_field fields[] = {
		{ "command", HTTP_F_STRING, .required = true, .out = &command },
		{ "args", HTTP_F_STRINGS, .never_null = true,
		  .out = &args },
		{ "cwd", HTTP_F_STRING, .out = &cwd },
		{ "env", HTTP_F_ENV, .never_null = true,
		  .out = &out->env },
		{ "tty", HTTP_F_BOOL, .never_null = true,
		  .out = &out->tty },
		{ "interactive", HTTP_F_BOOL, .never_null = true,
		  .out = &out->interactive },
		{ "timeoutMs", HTTP_F_UINT, .out = &out->timeout_ms,
		  .given = &out->has_timeout },
		{ "maxOutputBytes", HTTP_F_UINT,
		  .out = &out->max_output_bytes,
		  .given = &out->has_max_output },
	};
	if (!out->body || http_json_take(r, out->body, fields,
					 ARRAY_LEN(fields)) < 0)
		goto fail;
	out->argv = http_body_argv(command, args);
	if (is_blank(command)) {
		http_problem(r, HTTP_E_INVALID, "command must not be empty");
		goto fail;
	}
	const char *dir = http_link_dir(api->link);
	out->own_cwd = cwd != NULL;
	out->own = !cwd ? mem_str(dir) : cwd[0] == '/' ? mem_str(cwd) :
					 mem_fmt("%s/%s", dir, cwd);
	out->cwd = out->own;
	return 0;
fail:
	http_command_fini(out);
	return -1;
}
