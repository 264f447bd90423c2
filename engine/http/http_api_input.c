/*
 * Operations 13 and 14: bytes for a process, and the size of its terminal.
 */

#include "http_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/model.h"
#include "http_json.h"
#include "http_limits.h"
#include "http_link.h"
#include "http_request.h"
#include "term/vt.h"

struct input {
	struct http_request *request;
	struct http_api *api;
	struct link_ask *ask;
	struct http_limits_ask *limits;
	size_t len;
	unsigned rows, cols;		/* of a resize */
};

static void
on_end(struct http_request *r, void *arg)
{
	struct input *in = arg;
	(void)r;

	http_link_cancel(in->ask);
	http_limits_cancel(in->limits);
	free(in);
}

static struct input *
input_new(struct http_request *r, struct http_api *api, link_answer_fn *fn)
{
	struct input *in = mem_alloc(sizeof *in);

	*in = (struct input){ .request = r, .api = api };
	in->ask = http_link_ask(api->link, fn, in);
	http_on_end(r, on_end, in);
	return in;
}

static void
refused(struct input *in)
{
	http_link_ask_drop(in->ask);
	in->ask = NULL;
	http_problem(in->request, HTTP_E_NO_ENGINE,
		     "the engine takes no requests");
}

/* --- input --- */

static void
say_too_large(struct http_request *r, uint64_t max)
{
	http_problem(r, HTTP_E_TOO_LARGE, "input payload exceeds "
		     "maxInputBytesPerRequest (%llu)",
		     (unsigned long long)max);
}

static void
on_limits(const struct http_limits *l, const struct err *e, void *arg)
{
	struct input *in = arg;

	in->limits = NULL;
	if (l)
		say_too_large(in->request, l->v[HTTP_LIMIT_INPUT]);
	else
		http_engine_problem(in->request, e);
}

static void
on_input(const struct client_answer *a, void *arg)
{
	struct buf b = BUF_INIT(64);
	struct input *in = arg;

	in->ask = NULL;
	if (!a->err) {
		buf_addf(&b, "{\"bytesWritten\":%zu}", in->len);
		http_json(in->request, 200, &b);
	} else if (a->err->code == ERR_TOO_LARGE) {
		in->limits = http_limits_get(in->api, on_limits, in);
	} else {
		http_engine_problem(in->request, a->err);
	}
}

/* The decoded bytes; -1: 400 or 413 has been answered. */
static int
decode(struct http_request *r, const json_t *data, const char *encoding,
       struct buf *out)
{
	const char *text = json_string_value(data);
	size_t len = json_string_length(data);
	int rc;

	if (!encoding || strcmp(encoding, "base64") == 0) {
		rc = base64_decode(out, text, len);
		if (rc < 0)
			http_problem(r, HTTP_E_INVALID,
				     "the data is not base64");
	} else if (strcmp(encoding, "utf8") == 0 ||
		   strcmp(encoding, "text") == 0) {
		rc = buf_add(out, text, len);
	} else {
		http_problem(r, HTTP_E_INVALID, "the encoding '%.40s' "
			     "is none of base64, utf8, text", encoding);
		rc = -1;
	}
	return rc < 0 ? -1 : 0;
}

static void
send_input(struct http_request *r, struct http_api *api, uint32_t id,
	   struct buf *data)
{
	struct client *c = http_link_client(api->link);
	struct input *in = input_new(r, api, on_input);

	in->len = data->len;
	/* One that is too large for any limit is refused by its length. */
	if (data->len > CLIENT_INPUT_MOST) {
		http_link_ask_drop(in->ask);
		in->ask = NULL;
		in->limits = http_limits_get(api, on_limits, in);
	} else if (client_input(c, id, 0, http_key(r), buf_str(data),
				data->len, http_link_answered, in->ask) < 0) {
		refused(in);
	}
}

void
http_op_input(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	const char *encoding = NULL;
	json_t *data = NULL;
	const struct http_field fields[] = {
		{ "data", HTTP_F_BYTES, .required = true, .out = &data },
		{ "encoding", HTTP_F_STRING, .out = &encoding },
	};
	struct buf bytes = BUF_INIT(HTTP_BODY_MAX);
	json_t *body = http_json_body(r);
	struct model_proc *p;

	if (body && http_json_take(r, body, fields, ARRAY_LEN(fields)) == 0 &&
	    decode(r, data, encoding, &bytes) == 0 &&
	    (p = http_api_proc(r, api))) {
		/* The engine knows what it has taken before. */
		if (http_api_is_running(p->row) || http_is_again(r))
			send_input(r, api, p->id, &bytes);
		else
			http_problem(r, HTTP_E_CONFLICT,
				     "process is not running");
	}
	json_decref(body);
	buf_fini(&bytes);
}

/* --- resize --- */

static void
on_resized(const struct client_answer *a, void *arg)
{
	struct buf b = BUF_INIT(64);
	struct input *in = arg;

	in->ask = NULL;
	if (a->err) {
		http_engine_problem(in->request, a->err);
		return;
	}
	buf_addf(&b, "{\"cols\":%u,\"rows\":%u}", in->cols, in->rows);
	http_json(in->request, 200, &b);
}

static void
resize(struct http_request *r, struct http_api *api, struct model_proc *p,
       uint64_t rows, uint64_t cols)
{
	if (!p->row->tty) {
		http_problem(r, HTTP_E_CONFLICT,
			     "process is not a tty process");
	} else if (!http_api_is_running(p->row)) {
		http_problem(r, HTTP_E_CONFLICT, "process is not running");
	} else if (rows < 1 || cols < 1) {
		http_problem(r, HTTP_E_INVALID, "cols and rows have to be "
			     "greater than 0");
	} else {
		struct input *in = input_new(r, api, on_resized);
		/* What it gets, which the answer tells. */
		in->rows = (unsigned)SBX_MIN(rows, (uint64_t)VT_ROWS_MAX);
		in->cols = (unsigned)SBX_MIN(cols, (uint64_t)VT_COLS_MAX);
		if (client_resize(http_link_client(api->link), p->id,
				  (uint16_t)in->rows, (uint16_t)in->cols,
				  http_link_answered, in->ask) < 0)
			refused(in);
	}
}

void
http_op_resize(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	uint64_t rows = 0, cols = 0;
	const struct http_field fields[] = {
		{ "cols", HTTP_F_UINT, .required = true, .out = &cols,
		  .max = UINT16_MAX },
		{ "rows", HTTP_F_UINT, .required = true, .out = &rows,
		  .max = UINT16_MAX },
	};
	json_t *body = http_json_body(r);
	struct model_proc *p;

	if (body && http_json_take(r, body, fields, ARRAY_LEN(fields)) == 0 &&
	    (p = http_api_proc(r, api)))
		resize(r, api, p, rows, cols);
	json_decref(body);
}
