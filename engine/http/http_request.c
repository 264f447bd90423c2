#include "http_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/client.h"
#include "http_gate.h"
#include "http_route.h"
#include "http_server.h"

enum { DRAIN_MAX = 64 << 20 };	/* of a body that is refused anyway */

struct query {
	struct query *next;
	char *name, *value;		/* value NULL: not there */
};

struct http_request {
	struct http_pool *pool;
	struct http_exchange *exchange;
	http_find_header_fn *find_header;
	char *method, *path;		/* path as it came */
	char *query;			/* behind the '?', or NULL */
	struct http_match match;
	struct query *queries;
	bool query_bad;
	struct buf body;
	uint64_t drained_bytes;
	bool refused_body;
	bool framed;			/* a header says where it ends */
	const char *misframed;		/* what is wrong with that, or NULL */
	http_end_fn *end;
	void *end_arg;
	uint64_t key;			/* of its questions; 0: none yet */
	unsigned asks;			/* ... of this try */
	bool again, keyless;
};

/* --- what was asked --- */

const char *
http_method(const struct http_request *r)
{
	return r->method;
}

const char *
http_path(const struct http_request *r)
{
	return r->path;
}

const struct http_match *
http_matched(const struct http_request *r)
{
	return &r->match;
}

const char *
http_param(const struct http_request *r, const char *name)
{
	return http_match_param(&r->match, name);
}

const char *
http_query(struct http_request *r, const char *name)
{
	struct query *q = r->queries;

	while (q && strcmp(q->name, name) != 0)
		q = q->next;
	if (!q) {
		q = mem_alloc(sizeof *q);
		*q = (struct query){ r->queries, mem_str(name), NULL };
		r->queries = q;
		if (http_query_find(r->query, name, &q->value) < 0)
			r->query_bad = true;
	}
	return q->value;
}

bool
http_query_bad(const struct http_request *r)
{
	return r->query_bad;
}

const char *
http_header(const struct http_request *r, const char *name)
{
	return r->find_header(r->exchange, name);
}

const char *
http_body(const struct http_request *r, size_t *len)
{
	*len = r->body.len;
	return buf_str(&r->body);
}

bool
http_body_is_refused(const struct http_request *r)
{
	return r->refused_body;
}

const char *
http_misframed(const struct http_request *r)
{
	return r->misframed;
}

void
http_on_end(struct http_request *r, http_end_fn *fn, void *arg)
{
	r->end = fn;
	r->end_arg = arg;
}

/* --- asked twice --- */

uint64_t
http_key(struct http_request *r)
{
	enum { ASKS_MAX = 256 };	/* of one request: far less */

	r->keyless |= !r->key && r->pool->keyed == HTTP_KEYED_MAX;
	if (r->keyless)
		return 0;
	if (!r->key) {
		r->pool->keyed++;
		r->key = client_new_keys(ASKS_MAX);
	}
	return r->key + r->asks++;
}

bool
http_may_again(const struct http_request *r)
{
	unsigned flags = r->match.row->flags;

	return flags & HTTP_AGAIN || (flags & HTTP_ONCE && !r->keyless);
}

void
http_again(struct http_request *r)
{
	const struct http_conf *conf = r->pool->conf;
	http_end_fn *end = r->end;

	r->end = NULL;
	r->asks = 0;
	r->again = true;
	if (end)
		end(r, r->end_arg);
	conf->dispatch(r, r->match.row, conf->arg);
}

bool
http_is_again(const struct http_request *r)
{
	return r->again;
}

/* --- of the server alone --- */

struct http_request *
http_request_new(struct http_pool *pool, const char *uri,
		 struct http_exchange *x, http_find_header_fn *find_header)
{
	struct http_request *r = mem_alloc(sizeof *r);

	*r = (struct http_request){ .pool = pool, .exchange = x,
				    .find_header = find_header,
				    .path = mem_str(http_target(uri)) };
	buf_init(&r->body, HTTP_BODY_MAX);
	char *mark = strchr(r->path, '?');
	if (mark) {
		*mark = '\0';
		r->query = mark + 1;
	}
	return r;
}

static void
drop_body(struct http_request *r)
{
	r->pool->body_bytes -= r->body.len;
	buf_fini(&r->body);
}

void
http_request_free(struct http_request *r)
{
	r->pool->keyed -= r->key != 0;
	if (r->end)
		r->end(r, r->end_arg);
	while (r->queries) {
		struct query *q = r->queries;
		r->queries = q->next;
		free(q->name);
		free(q->value);
		free(q);
	}
	http_match_fini(&r->match);
	drop_body(r);
	free(r->method);
	free(r->path);
	free(r);
}

struct http_exchange *
http_request_exchange(const struct http_request *r)
{
	return r->exchange;
}

bool
http_request_is_hopeless(const struct http_request *r)
{
	const char *len = http_header(r, "content-length");

	if (r->misframed)
		return true;
	return len && strtoull(len, NULL, 10) > DRAIN_MAX;
}

/*
 * Where a request ends is to be said once (RFC 9112, 6.3): a proxy in front
 * that goes by another header than we do takes a part of it for the next
 * request, of somebody else.  The library refuses a length that is no number;
 * but of several headers it takes the first, chunks before lengths, and with
 * a coding that it does not know it reads until the connection ends.  A blank
 * before the colon is a part of the name for it, and so is a folded line.
 *
 * Also the same length twice is refused: that "5" and "05" are the same is
 * one more thing to agree on, and no client sends it.
 */
void
http_request_see_header(struct http_request *r, const char *name,
			const char *value)
{
	static const char length[] = "content-length";
	static const char coding[] = "transfer-encoding";
	bool is_length = !strncasecmp(name, length, sizeof length - 1);
	bool is_coding = !strncasecmp(name, coding, sizeof coding - 1);
	const char *rest = is_length ? name + sizeof length - 1 :
			   is_coding ? name + sizeof coding - 1 : "";

	if (strpbrk(name, " \t"))
		r->misframed = "the name of a header holds a blank";
	else if (*rest)
		r->misframed = "the length of the request cannot be read";
	else if ((is_length || is_coding) && r->framed)
		r->misframed = "the request says twice where it ends";
	else if (is_coding && strcasecmp(value, "chunked") != 0)
		r->misframed = "the only transfer coding here is chunked";
	r->framed |= is_length || is_coding;
}

/* Nothing is kept of what is sent by those who may not send it. */
void
http_request_begin(struct http_request *r, const char *method,
		   const char *version)
{
	const struct http_conf *conf = r->pool->conf;

	/* Who speaks 1.0 knows no chunks, and has passed them on unread. */
	if (strcmp(version, "HTTP/1.0") == 0 &&
	    http_header(r, "transfer-encoding"))
		r->misframed = "HTTP/1.0 has no transfer codings";
	r->method = mem_str(method);
	http_match(conf->routes, conf->route_count, r->method, r->path,
		   &r->match);
	r->refused_body = !http_gate_is_open(r, conf) ||
			  http_request_is_hopeless(r);
}

/* A body that is too large is read to its end all the same: a client that is
 * cut off while it sends does not see the answer. */
bool
http_request_take_body(struct http_request *r, const char *data, size_t len)
{
	struct http_pool *pool = r->pool;

	r->drained_bytes += len;
	if (!r->refused_body && (pool->body_bytes + len > HTTP_BODIES_MAX ||
				 buf_add(&r->body, data, len) < 0)) {
		r->refused_body = true;
		drop_body(r);
	} else if (!r->refused_body) {
		pool->body_bytes += len;
	}
	return r->drained_bytes <= DRAIN_MAX;
}
