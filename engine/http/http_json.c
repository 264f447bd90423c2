#include "http_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/units.h"
#include "http_request.h"
#include "http_server.h"
#include "spec/spec.h"

#define URN "urn:sandbox-agent:error:"
#define DIGITS(number) #number
#define TEXT_OF(number) DIGITS(number)
#define MOST TEXT_OF(SPEC_LIST_MAX)

enum { PLAIN_MAX = 4096, DETAIL_MAX = 1024, PROBLEM_MAX = 16 << 10 };

static const struct {
	unsigned status;
	const char *urn, *title, *detail;	/* NULL: "token invalid" */
	bool has_message;
} problems[HTTP_E_COUNT] = {
#define X(e, status, urn, title, detail, message)                              \
	[HTTP_E_##e] = { status, URN urn, title, detail, message },
	HTTP_ERROR_TABLE(X)
#undef X
};

static void
begin(struct jsonout *j, struct buf *b, enum http_error e, const char *detail)
{
	jsonout_begin(j, b);
	jsonout_object(j, NULL);
	jsonout_string(j, "type", problems[e].urn);
	jsonout_string(j, "title", problems[e].title);
	jsonout_uint(j, "status", problems[e].status);
	jsonout_string(j, "detail", detail);
}

static void
end(struct http_request *r, struct jsonout *j, struct buf *b,
    enum http_error e)
{
	jsonout_close(j);
	http_respond(r, problems[e].status, "application/problem+json", b);
}

void
http_plain(struct http_request *r, unsigned status, const char *fmt, ...)
{
	struct buf b = BUF_INIT(PLAIN_MAX);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	http_respond(r, status, "text/plain; charset=utf-8", &b);
}

void
http_problem(struct http_request *r, enum http_error e, const char *fmt, ...)
{
	struct buf b = BUF_INIT(PROBLEM_MAX);
	char text[DETAIL_MAX], detail[DETAIL_MAX + 64];
	struct jsonout j;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (problems[e].detail)
		snprintf(detail, sizeof detail, "%s%s", problems[e].detail,
			 text);
	else
		snprintf(detail, sizeof detail, "token invalid");
	begin(&j, &b, e, detail);
	if (problems[e].has_message) {
		jsonout_object(&j, "details");
		jsonout_string(&j, "message", text);
		jsonout_close(&j);
	}
	end(r, &j, &b, e);
}

void
http_no_process(struct http_request *r, const char *id)
{
	struct buf b = BUF_INIT(PROBLEM_MAX);
	char detail[DETAIL_MAX];
	struct jsonout j;

	snprintf(detail, sizeof detail, "not found: process %.200s", id);
	begin(&j, &b, HTTP_E_NOT_FOUND, detail);
	jsonout_object(&j, "details");
	jsonout_stringn(&j, "id", id, strnlen(id, 200));
	jsonout_string(&j, "resource", "process");
	jsonout_close(&j);
	end(r, &j, &b, HTTP_E_NOT_FOUND);
}

void
http_engine_problem(struct http_request *r, const struct err *e)
{
	switch (e->code) {
	case ERR_NO_PROCESS:
		http_no_process(r, http_param(r, "id"));
		return;
	case ERR_NO_ENGINE:
		if (http_may_again(r))
			http_again(r);
		else
			http_problem(r, HTTP_E_NO_ENGINE, "%s", e->text);
		return;
	case ERR_USAGE:
		http_problem(r, HTTP_E_INVALID, "%s", e->text);
		return;
	case ERR_FAILED:
	case ERR_FULL:
		http_problem(r, HTTP_E_CONFLICT, "%s", e->text);
		return;
	default:
		http_problem(r, HTTP_E_STREAM, "%s", e->text);
	}
}

void
http_json(struct http_request *r, unsigned status, struct buf *b)
{
	http_respond(r, status, "application/json", b);
}

/* --- bodies that come --- */

bool
http_json_is_type(const struct http_request *r)
{
	const char *type = http_header(r, "content-type");

	if (!type)
		return false;
	type += strspn(type, " \t");
	size_t len = strcspn(type, "; \t");
	return (len == 16 && strncasecmp(type, "application/json", 16) == 0) ||
	       (len > 17 && strncasecmp(type, "application/", 12) == 0 &&
		strncasecmp(type + len - 5, "+json", 5) == 0);
}

json_t *
http_json_body(struct http_request *r)
{
	json_error_t why;
	size_t len;
	const char *text = http_body(r, &len);
	json_t *body = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
				  &why);

	if (!body)
		http_plain(r, 400, "the body is not JSON: %s at line %d "
			   "column %d", why.text, why.line, why.column);
	return body;
}

bool
http_json_is_text(const json_t *v)
{
	return json_is_string(v) && strlen(json_string_value(v)) ==
				    json_string_length(v);
}

static int
take_strings(json_t *v, char ***out)
{
	size_t count = json_array_size(v);

	if (!json_is_array(v) || count > SPEC_LIST_MAX)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!http_json_is_text(json_array_get(v, i)))
			return -1;
	char **list = mem_array(count + 1, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = (char *)(uintptr_t)
			json_string_value(json_array_get(v, i));
	*out = list;
	return 0;
}

static int
take_env(json_t *v, char ***out)
{
	size_t count = json_object_size(v), n = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(v) || count > SPEC_LIST_MAX)
		return -1;
	char **list = mem_array(count + 1, sizeof *list);
	json_object_foreach(v, key, value) {
		if (!spec_is_env_name(key, strlen(key)))
			goto refused;
		if (json_is_null(value))
			list[n++] = mem_fmt("-%s", key);
		else if (http_json_is_text(value))
			list[n++] = mem_fmt("%s=%s", key,
					    json_string_value(value));
		else
			goto refused;
	}
	*out = list;
	return 0;
refused:
	strv_free(list);
	return -1;
}

static int
take_uint(json_t *v, const struct http_field *f)
{
	uint64_t max = f->max ? f->max : (UINT64_C(1) << 53) - 1;
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < 0 || (uint64_t)n > max)
		return -1;
	*(uint64_t *)f->out = (uint64_t)n;
	if (f->given)
		*f->given = true;
	return 0;
}

static int
take(json_t *v, const struct http_field *f)
{
	switch (f->type) {
	case HTTP_F_STRING:
		*(const char **)f->out = json_string_value(v);
		return http_json_is_text(v) ? 0 : -1;
	case HTTP_F_BYTES:
		*(json_t **)f->out = v;
		return json_is_string(v) ? 0 : -1;
	case HTTP_F_BOOL:
		*(bool *)f->out = json_is_true(v);
		return json_is_boolean(v) ? 0 : -1;
	case HTTP_F_UINT:
		return take_uint(v, f);
	case HTTP_F_STRINGS:
		return take_strings(v, f->out);
	case HTTP_F_ENV:
		return take_env(v, f->out);
	case HTTP_F_ANY:
		*(json_t **)f->out = v;
		return 0;
	}
	return -1;
}

static const char *
type_name(enum http_field_type type)
{
	static const char *const names[] = {
		[HTTP_F_STRING] = "a string without NUL",
		[HTTP_F_BYTES] = "a string", [HTTP_F_BOOL] = "true or false",
		[HTTP_F_UINT] = "a whole number in its range",
		[HTTP_F_STRINGS] = "an array of at most " MOST " strings "
				   "without NUL",
		[HTTP_F_ENV] = "an object of at most " MOST " strings "
			       "without NUL, by names of variables",
		[HTTP_F_ANY] = "a value",
	};

	return names[type];
}

static void
give_up(const struct http_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].type == HTTP_F_STRINGS) {
			free(*(char ***)fields[i].out);
			*(char ***)fields[i].out = NULL;
		} else if (fields[i].type == HTTP_F_ENV) {
			strv_free(*(char ***)fields[i].out);
			*(char ***)fields[i].out = NULL;
		}
	}
}

int
http_json_take(struct http_request *r, json_t *body,
	       const struct http_field *fields, size_t count)
{
	if (!json_is_object(body)) {
		http_plain(r, 422, "the body has to be an object");
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct http_field *f = &fields[i];
		json_t *v = json_object_get(body, f->name);
		if (!f->required &&
		    (!v || (json_is_null(v) && !f->never_null)))
			continue;
		if (!v)
			http_plain(r, 422, "the body lacks '%s'", f->name);
		else if (take(v, f) < 0)
			http_plain(r, 422, "'%s' has to be %s", f->name,
				   type_name(f->type));
		else
			continue;
		give_up(fields, i);
		return -1;
	}
	return 0;
}

/* --- queries --- */

static int
bad_query(struct http_request *r, const char *name, const char *wants)
{
	http_plain(r, 400, "'%s' in the query has to be %s", name, wants);
	return -1;
}

int
http_query_uint(struct http_request *r, const char *name, uint64_t max,
		uint64_t *out, bool *given)
{
	const char *text = http_query(r, name);

	if (http_query_bad(r) || (text && units_uint(text, 0, max, out) < 0))
		return bad_query(r, name, "a whole number in its range");
	if (given)
		*given = text != NULL;
	return 0;
}

int
http_query_bool(struct http_request *r, const char *name, bool *out)
{
	const char *text = http_query(r, name);

	if (http_query_bad(r) || (text && strcmp(text, "true") != 0 &&
				  strcmp(text, "false") != 0))
		return bad_query(r, name, "true or false");
	if (text)
		*out = text[0] == 't';
	return 0;
}
