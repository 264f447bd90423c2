#ifndef SBX_HTTP_LIMITS_H
#define SBX_HTTP_LIMITS_H

/*
 * The six limits of the API.  They are settings of the engine (option.h) and
 * nothing of them is kept here: each question is asked anew.
 */

#include <stdint.h>

struct err;
struct http_api;

/* Places in http_limits.v. */
enum http_limit {
	HTTP_LIMIT_PROCESSES, HTTP_LIMIT_RUN_TIMEOUT,
	HTTP_LIMIT_RUN_TIMEOUT_MAX, HTTP_LIMIT_OUTPUT, HTTP_LIMIT_LOG,
	HTTP_LIMIT_INPUT, HTTP_LIMIT_COUNT
};

struct http_limits {
	uint64_t v[HTTP_LIMIT_COUNT];
};

struct http_limits_ask;
/* l is NULL with e.  Called from the loop, never from within the question. */
typedef void http_limits_fn(const struct http_limits *l, const struct err *e,
			    void *arg);
struct http_limits_ask *http_limits_get(struct http_api *api,
					http_limits_fn *fn, void *arg);
void	http_limits_cancel(struct http_limits_ask *a);	/* NULL is fine */

#endif
