#ifndef SBX_HTTP_JSON_H
#define SBX_HTTP_JSON_H

/*
 * Bodies: JSON in (jansson), JSON out (jsonout.h), and the one table of
 * problems (application/problem+json).  What is wrong with a body is answered
 * here; the handler that gets NULL or -1 has nothing left to do.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct buf;
struct err;
struct http_request;

/* X(enum, status, urn, title, how the detail begins, details.message?) */
#define HTTP_ERROR_TABLE(X)                                                    \
	X(INVALID, 400, "invalid_request", "Invalid Request",                  \
	  "invalid request: ", false)                                          \
	X(TOO_LARGE, 413, "invalid_request", "Payload Too Large",              \
	  "invalid request: ", false)                                          \
	X(TOKEN, 401, "token_invalid", "Token Invalid", NULL, true)            \
	X(FORBIDDEN, 403, "permission_denied", "Permission Denied",            \
	  "permission denied: ", true)                                         \
	X(NOT_FOUND, 404, "not_found", "Not Found", "", false)                 \
	X(CONFLICT, 409, "conflict", "Conflict", "conflict: ", true)           \
	X(STREAM, 502, "stream_error", "Stream Error", "stream error: ", true) \
	X(BUSY, 503, "busy", "Busy", "busy: ", true)                          \
	X(NO_ENGINE, 503, "stream_error", "No Engine", "stream error: ", true)

enum http_error {
#define X(e, status, urn, title, detail, message) HTTP_E_##e,
	HTTP_ERROR_TABLE(X)
#undef X
	HTTP_E_COUNT
};

/* text/plain, for what is wrong with the request as HTTP. */
void	http_plain(struct http_request *r, unsigned status, const char *fmt,
		   ...) SBX_PRINTF(3, 4);

void	http_problem(struct http_request *r, enum http_error e,
		     const char *fmt, ...) SBX_PRINTF(3, 4);
/* 404 for {id}. */
void	http_no_process(struct http_request *r, const char *id);
/* What an engine, or the way to it, said: 404, 409, 502 or 503.  The request
 * may begin anew: the handler's own object is gone on return. */
void	http_engine_problem(struct http_request *r, const struct err *e);

/* 200 with what was written into b (emptied); "too large" if it failed. */
void	http_json(struct http_request *r, unsigned status, struct buf *b);

/* Is the body said to be JSON? */
bool	http_json_is_type(const struct http_request *r);
/* The body; NULL: 400 has been answered.  Caller: json_decref. */
json_t	*http_json_body(struct http_request *r);

/* A string that is a C string, too. */
bool	http_json_is_text(const json_t *v);

enum http_field_type {
	HTTP_F_STRING,		/* const char *: lives as long as the body,
				 * and has no NUL, nor have the others */
	HTTP_F_BYTES,		/* json_t *: a string that may have some */
	HTTP_F_BOOL,		/* bool */
	HTTP_F_UINT,		/* uint64_t, min..max; see also given */
	HTTP_F_STRINGS,		/* char **, NULL-terminated: free() it */
	HTTP_F_ENV,		/* char **, "K=V" and, for null, "-K":
				 * strv_free() it */
	HTTP_F_ANY,		/* json_t *, borrowed */
};

struct http_field {
	const char *name;
	enum http_field_type type;
	bool required;		/* else it may be missing or null: *out is
				 * left as it is */
	bool never_null;	/* ... but not null */
	void *out;
	uint64_t max;		/* of UINT; 0: 2^53 - 1 */
	bool *given;		/* of UINT; may be NULL */
};

/* 0, or -1: 422 has been answered, and what was taken is freed. */
int	http_json_take(struct http_request *r, json_t *body,
		       const struct http_field *fields, size_t count);

/* An optional number of a query, an optional true or false.  0, or -1: 400
 * has been answered. */
int	http_query_uint(struct http_request *r, const char *name, uint64_t max,
			uint64_t *out, bool *given);
int	http_query_bool(struct http_request *r, const char *name, bool *out);

#endif
