#include "http_gate.h"

#include <string.h>

#include "http_json.h"
#include "http_request.h"
#include "http_route.h"
#include "http_server.h"

static bool
is_token_wanted(const struct http_request *r, const struct http_conf *conf)
{
	const char *path = http_path(r);

	return conf->token && (strncmp(path, "/v1/", 4) == 0 ||
			       strcmp(path, "/v1") == 0);
}

static bool
has_token(struct http_request *r, const char *token)
{
	const struct http_route *row = http_matched(r)->row;
	const char *given = http_bearer(http_header(r, "authorization"));

	if (!given && row && (row->flags & HTTP_SOCKET))
		given = http_query(r, "access_token");
	return given && http_token_is(given, token);
}

/* A page of a browser may ask only if it is ours; who knows the token is no
 * page that was lured here.  NULL, or what is wrong. */
static const char *
find_stranger(struct http_request *r, const struct http_conf *conf,
	      bool knows_token)
{
	const char *host = http_header(r, "host");
	const char *origin = http_header(r, "origin");

	if (conf->is_unix || knows_token)
		return NULL;
	if (!conf->token && !host)
		return "the request has no Host header";
	if (!conf->token && !http_host_is_local(host, conf->name))
		return "the Host header is not a name of this server";
	if (origin && !http_origin_is_ours(origin, host, conf->origins))
		return "pages of this origin may not ask here (--allow-origin)";
	return NULL;
}

bool
http_gate_is_open(struct http_request *r, const struct http_conf *conf)
{
	bool knows = conf->token && has_token(r, conf->token);

	return http_matched(r)->row && !find_stranger(r, conf, knows) &&
	       (knows || !is_token_wanted(r, conf));
}

/* What a browser wants to know before and after it asks for a foreign page. */
static void
add_cors(struct http_request *r, char *const *allowed, bool asked_before)
{
	const char *origin = http_header(r, "origin");

	if (!origin || !http_origin_is_ours(origin, NULL, allowed))
		return;
	http_add_header(r, "access-control-allow-origin", origin);
	http_add_header(r, "vary", "origin");
	if (!asked_before)
		return;
	http_add_header(r, "access-control-allow-methods",
			http_matched(r)->allow);
	http_add_header(r, "access-control-allow-headers",
			"authorization, content-type, last-event-id");
	http_add_header(r, "access-control-max-age", "600");
}

void
http_gate(struct http_request *r, const struct http_conf *conf)
{
	const struct http_match *m = http_matched(r);
	bool knows = conf->token && has_token(r, conf->token);
	bool before = strcmp(http_method(r), "OPTIONS") == 0 && m->allow[0] &&
		      http_header(r, "access-control-request-method");

	const char *stranger = find_stranger(r, conf, knows);

	if (http_misframed(r)) {
		/* What comes behind it may be a piece of it. */
		http_add_header(r, "connection", "close");
		http_plain(r, 400, "%s", http_misframed(r));
		return;
	}
	if (stranger) {
		/* Without Host it is no request (RFC 9112, 3.2). */
		if (http_header(r, "host"))
			http_problem(r, HTTP_E_FORBIDDEN, "%s", stranger);
		else
			http_plain(r, 400, "%s", stranger);
		return;
	}
	add_cors(r, conf->origins, before);
	if (before) {
		http_respond(r, 204, NULL, NULL);
	} else if (is_token_wanted(r, conf) && !knows) {
		http_problem(r, HTTP_E_TOKEN,
			     "missing or invalid bearer token");
	} else if (!m->allow[0]) {
		http_problem(r, HTTP_E_NOT_FOUND, "endpoint not found");
	} else if (!m->row) {
		http_add_header(r, "allow", m->allow);
		http_respond(r, 405, NULL, NULL);
	} else if (http_body_is_refused(r)) {
		http_plain(r, 413, "a body may have %d bytes at most",
			   HTTP_BODY_MAX);
	} else if ((m->row->flags & HTTP_JSON) && !http_json_is_type(r)) {
		http_plain(r, 415,
			   "the body has to be of type application/json");
	} else {
		conf->dispatch(r, m->row, conf->arg);
	}
}
