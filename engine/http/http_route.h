#ifndef SBX_HTTP_ROUTE_H
#define SBX_HTTP_ROUTE_H

/*
 * Which row of the one table of routes answers a request, what stands in its
 * path and query, and whether who asks may ask at all.  Pure: bytes in,
 * values out; no socket and no library.
 *
 * A path is split before its segments are decoded, so an encoded slash stays
 * inside of one.  Nothing that is decoded ever holds a NUL byte.
 */

#include <stdbool.h>
#include <stddef.h>

struct http_request;

/* Answers r at once or later (http_server.h); arg is of the server. */
typedef void http_fn(struct http_request *r, void *arg);

/* Flags of a row. */
enum {
	HTTP_ENGINE = 1,	/* asked when it is known whether there is an
				 * engine: model and client can be relied on */
	HTTP_SOCKET = 2,	/* a browser cannot set headers here: the
				 * token may come as ?access_token= too */
	HTTP_START = 8,		/* with ENGINE: one is started where there is
				 * none, 503 if that fails */
	HTTP_AGAIN = 16,	/* asked anew when the engine was lost before
				 * it answered: twice is as good as once */
	HTTP_ONCE = 32,		/* the same, by keys (http_key): done once;
				 * 503 where it could get none */
	HTTP_JSON = 4,		/* wants a body of JSON: else 415 */
};

enum { HTTP_PARAMS_MAX = 4, HTTP_ALLOW_MAX = 64 };

struct http_route {
	const char *method;	/* GET answers HEAD as well */
	const char *path;	/* "/v1/processes/{id}/logs" */
	http_fn *fn;
	unsigned flags;
	const char *help;	/* what it does, one line */
};

struct http_match {
	const struct http_route *row;	/* NULL: nothing answers it */
	/* Methods of that path, "GET,HEAD"; "": there is no such path. */
	char allow[HTTP_ALLOW_MAX];
	const char *pattern;		/* of what params were taken from */
	char *params[HTTP_PARAMS_MAX];	/* decoded, in their order */
};

/* The path and query of what a request line names: itself, or behind the
 * authority of an absolute form, which clients of a proxy send. */
const char *http_target(const char *uri);

/* path: as it came, without the query.  Free with http_match_fini. */
void	http_match(const struct http_route *rows, size_t count,
		   const char *method, const char *path,
		   struct http_match *out);
void	http_match_fini(struct http_match *m);
/* The value of "{name}" in its pattern; asking for another is our mistake. */
const char *http_match_param(const struct http_match *m, const char *name);

/* Percent-decoded copy of len bytes, '+' as it is; caller frees.  NULL for a
 * NUL byte; what is no encoding stays as it is written. */
char	*http_decode(const char *text, size_t len);
/* The decoded value of a name in a query; caller frees.  1 with *out, 0 if it
 * is not there, -EINVAL if it is there twice or holds a NUL. */
int	http_query_find(const char *query, const char *name, char **out);

/*
 * May a browser's page mean this server?  A page of a stranger's name that is
 * made to resolve to a loopback address still sends that name.  host is the
 * Host header: an address, "localhost", a name below it, or own (a name that
 * was listened on; may be NULL).
 */
bool	http_host_is_local(const char *host, const char *own);
/* Is the Origin header that of a page of this server itself (same host and
 * port as the Host header), or one of allowed (NULL-terminated, may be NULL;
 * "*" allows all)? */
bool	http_origin_is_ours(const char *origin, const char *host,
			    char *const *allowed);
/* Takes as long for each text of the same length. */
bool	http_token_is(const char *given, const char *token);
/* "Bearer TOKEN": where the token begins, or NULL. */
const char *http_bearer(const char *header);

#endif
