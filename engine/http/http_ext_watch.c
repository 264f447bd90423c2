/* Watches of a process and their values: read, added, taken away. */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/words.h"
#include "client/client.h"
#include "client/model.h"
#include "client/watchline.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "spec/proto.h"
#include "spec/spec.h"
#include "text/valuefmt.h"

enum { LINE_MAX_BYTES = 64 << 10, QUOTE_MAX = 8 << 10 };

/* The engine's answer is taken into the model, where values belong. */
static struct model_proc *
take_values(struct http_request *r, struct http_api *api,
	    const struct client_answer *a, uint32_t id)
{
	struct model *m = http_link_model(api->link);
	struct model_proc *p = NULL;

	if (model_take(m, a->frame, NULL) >= 0)
		p = model_find(m, id);
	if (!p)
		http_no_process(r, http_param(r, "id"));
	return p;
}

static void
ask_values(struct http_request *r, struct http_api *api, http_ext_fn *fn)
{
	struct model_proc *p = http_ext_proc(r, api);
	struct http_ext_call *c = p ? http_ext_call(r, api, fn, p->id) : NULL;

	if (c)
		http_ext_asked(c, client_values(http_link_client(api->link),
						p->id, http_link_answered,
						http_ext_ask(c)));
}

static void
no_watch(struct http_request *r, const char *watch)
{
	http_problem(r, HTTP_E_NOT_FOUND, "not found: watch %.100s", watch);
}

/* --- values --- */

static void
put_values(struct http_request *r, const struct model_proc *p,
	   const char *watch)
{
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "values");
	for (size_t i = 0; i < p->value_count; i++)
		if (!watch || valuefmt_is_of(p->values[i].name, watch))
			valuefmt_json(&j, &p->values[i]);
	jsonout_close(&j);
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
}

static void
on_values(struct http_request *r, struct http_api *api,
	  const struct client_answer *a, uint32_t id)
{
	struct model_proc *p = take_values(r, api, a, id);

	if (p)
		put_values(r, p, NULL);
}

static void
on_value(struct http_request *r, struct http_api *api,
	 const struct client_answer *a, uint32_t id)
{
	struct model_proc *p = take_values(r, api, a, id);
	const char *watch = http_param(r, "watch");

	if (!p)
		return;
	for (size_t i = 0; i < p->value_count; i++)
		if (valuefmt_is_of(p->values[i].name, watch)) {
			put_values(r, p, watch);
			return;
		}
	no_watch(r, watch);
}

void
http_ext_values(struct http_request *r, void *arg)
{
	ask_values(r, arg, on_values);
}

void
http_ext_value(struct http_request *r, void *arg)
{
	ask_values(r, arg, on_value);
}

/* --- watches --- */

static void
on_watches(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t id)
{
	struct model_proc *p = take_values(r, api, a, id);
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;

	if (!p)
		return;
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "watches");
	for (size_t i = 0; i < p->value_count; i++)
		if (words_have(p->row->watches, p->values[i].name))
			valuefmt_json(&j, &p->values[i]);
	jsonout_close(&j);
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
}

void
http_ext_watches(struct http_request *r, void *arg)
{
	ask_values(r, arg, on_watches);
}

/* A word that cannot be anything but one word of its line. */
static bool
is_word(const char *text)
{
	return text[0] && !strpbrk(text, " \t\r\n\"'\\/{};#");
}

/*
 * "watch NAME /PATTERN/FLAGS ACTION...", to be read by the code that reads an
 * sbxrc; so a slash in the pattern has a backslash.
 */
static int
make_line(struct buf *line, const char *name, const char *pattern,
	  const char *flags, const char *stream, char *const *actions,
	  struct err *e)
{
	bool escaped = false;
	int r = buf_addf(line, "watch %s /", name);

	if (!is_word(name) || (flags[0] && !is_word(flags)) ||
	    (stream && !is_word(stream)) || strchr(pattern, '\n'))
		return err_set(e, ERR_USAGE, "name, flags and stream are one "
			       "word each, the pattern is one line");
	for (const char *p = pattern; *p; p++) {
		if (*p == '/' && !escaped)
			r |= buf_addc(line, '\\');
		escaped = *p == '\\' && !escaped;
		r |= buf_addc(line, *p);
	}
	if (escaped)
		return err_set(e, ERR_USAGE, "the pattern ends in a "
			       "backslash");
	r |= buf_addf(line, "/%s", flags);
	if (stream)
		r |= buf_addf(line, " stream=%s", stream);
	for (; *actions; actions++) {
		if (!is_word(*actions))
			return err_set(e, ERR_USAGE, "'%.100s' is no action",
				       *actions);
		r |= buf_addf(line, " %s", *actions);
	}
	return r < 0 ? err_set(e, ERR_USAGE, "the watch is too long") : 0;
}

static void
on_changed(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t id)
{
	(void)a;
	/* Who asks next finds it as it is now. */
	http_ext_answer_behind(r, api, 204, id);
}

static void
change(struct http_request *r, struct http_api *api, enum proto_verb verb,
       const char *text, const struct model_proc *p)
{
	char *names[] = { (char *)(uintptr_t)p->row->name, NULL };
	struct proto_request q = { .verb = verb, .names = names,
				   .text = text };

	http_ext_request(r, api, &q, on_changed, p->id);
}

static void
add(struct http_request *r, struct http_api *api, const char *line,
    const struct model_proc *p)
{
	struct buf text = BUF_INIT(2 * SPEC_PACK_MAX);
	struct buf quote = BUF_INIT(QUOTE_MAX);
	struct err e = ERR_INIT;
	struct spec *s = watchline_read(line, &quote, &e);

	if (!s)
		http_problem(r, HTTP_E_INVALID, "%s: %s", e.text,
			     buf_str(&quote));
	else if (watchline_pack(s, &text, &e) < 0)
		http_engine_problem(r, &e);
	else
		change(r, api, PROTO_V_WATCH_ADD, buf_str(&text), p);
	spec_free(s);
	buf_fini(&quote);
	buf_fini(&text);
}

void
http_ext_watch_add(struct http_request *r, void *arg)
{
	const char *name = NULL, *pattern = NULL, *flags = "", *stream = NULL;
	char **actions = NULL, *none[] = { (char[]){ "count" }, NULL };
	const struct http_field fields[] = {
		{ .name = "name", .type = HTTP_F_STRING, .required = true,
		  .out = &name },
		{ .name = "pattern", .type = HTTP_F_STRING, .required = true,
		  .out = &pattern },
		{ .name = "flags", .type = HTTP_F_STRING, .out = &flags },
		{ .name = "stream", .type = HTTP_F_STRING, .out = &stream },
		{ .name = "actions", .type = HTTP_F_STRINGS, .out = &actions },
	};
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	struct err e = ERR_INIT;
	json_t *body = http_json_body(r);
	struct model_proc *p;

	if (!body)
		return;
	if (http_json_take(r, body, fields, ARRAY_LEN(fields)) < 0 ||
	    !(p = http_ext_proc(r, arg)))
		goto out;
	if (make_line(&line, name, pattern, flags, stream,
		      actions && actions[0] ? actions : none, &e) < 0)
		http_engine_problem(r, &e);
	else
		add(r, arg, buf_str(&line), p);
out:
	buf_fini(&line);
	free(actions);
	json_decref(body);
}

void
http_ext_watch_drop(struct http_request *r, void *arg)
{
	struct model_proc *p = http_ext_proc(r, arg);
	const char *watch = http_param(r, "watch");

	if (p && !words_have(p->row->watches, watch))
		no_watch(r, watch);
	else if (p)
		change(r, arg, PROTO_V_WATCH_RM, watch, p);
}
