#ifndef SBX_HTTP_REQUEST_H
#define SBX_HTTP_REQUEST_H

/*
 * What is asked: method, path, query, header and body, and which row of the
 * table answers it.  A handler is called when all of it is there.
 *
 * A request is valid until its end function has been called; that comes
 * exactly once, whether it was answered or the client has left.  All strings
 * live as long as it does.  How it is answered is in http_server.h, whose
 * half of it is its exchange: this file knows no library and no socket.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_conf;
struct http_exchange;
struct http_match;
struct http_request;

enum {
	HTTP_BODY_MAX = 2 << 20,	/* bytes; more is 413 */
	HTTP_BODIES_MAX = 256 << 20,	/* ... of all requests together */
	HTTP_KEYED_MAX = 64,		/* requests that have keys */
};

/* What became of a request. */
typedef void http_end_fn(struct http_request *r, void *arg);

const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r);	/* as it came */
const struct http_match *http_matched(const struct http_request *r);
const char *http_param(const struct http_request *r, const char *name);
/* NULL: not given, or not readable: then http_query_bad is true. */
const char *http_query(struct http_request *r, const char *name);
bool	http_query_bad(const struct http_request *r);
const char *http_header(const struct http_request *r, const char *name);
const char *http_body(const struct http_request *r, size_t *len);
bool	http_body_is_refused(const struct http_request *r);	/* too large */
/* Why nobody knows where it ends; NULL: it is clear. */
const char *http_misframed(const struct http_request *r);

/* Called when r ends; one at a time, fn NULL takes it away. */
void	http_on_end(struct http_request *r, http_end_fn *fn, void *arg);

/* --- asked twice --- */

/*
 * For a question to the engine that is to be carried out once (answered.h): a
 * new one each time, and the same ones in the same order when the handler
 * begins anew (http_again).  The engine remembers few of them, so only some
 * requests at a time have any; else 0: others ask the engine, too.
 */
uint64_t http_key(struct http_request *r);
/* The engine was lost before it answered: may r begin anew? */
bool	http_may_again(const struct http_request *r);
/* The handler begins anew, as if it had not been called: its end function
 * is, and then dispatch. */
void	http_again(struct http_request *r);
/* Has the handler begun anew? */
bool	http_is_again(const struct http_request *r);

/* --- of the server alone --- */

/* What the requests of one server have together. */
struct http_pool {
	const struct http_conf *conf;
	size_t body_bytes, keyed;
};

/* The first value of that name, or NULL. */
typedef const char *http_find_header_fn(const struct http_exchange *x,
					const char *name);

/* The request line has come: uri is its target. */
struct http_request *http_request_new(struct http_pool *pool,
				      const char *uri,
				      struct http_exchange *x,
				      http_find_header_fn *find_header);
/* Calls its end function. */
void	http_request_free(struct http_request *r);
struct http_exchange *http_request_exchange(const struct http_request *r);
/* Each line of the header, in its order. */
void	http_request_see_header(struct http_request *r, const char *name,
				const char *value);
/* All of it has come: says what answers it, and whether its body is kept.
 * version: "HTTP/1.1". */
void	http_request_begin(struct http_request *r, const char *method,
			   const char *version);
/* The next bytes of its body.  False: nobody waits for the end of that. */
bool	http_request_take_body(struct http_request *r, const char *data,
			       size_t len);
/* Would it be in vain to wait for the end of its body? */
bool	http_request_is_hopeless(const struct http_request *r);

#endif
