#ifndef SBX_PROBE_H
#define SBX_PROBE_H

/*
 * One attempt to find out whether a port accepts or an HTTP server answers,
 * without ever blocking: over the loop, with a deadline for the whole attempt
 * and a cap on what is read.  The caller asks again when it wants to (every
 * 100 ms until the first success).
 *
 * Hosts are numeric addresses or "localhost", which tries 127.0.0.1 and ::1.
 * Other names are refused with a clear text: there is no resolver that could
 * be asked without waiting.  Redirects are not followed, TLS is not spoken.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/base.h"

struct err;
struct loop;
struct probe;

enum {
	PROBE_HEAD_MAX = 64 * 1024,	/* of the status line and headers */
	PROBE_BODY_MAX = 64 * 1024,	/* kept for a pattern */
	PROBE_TIMEOUT_MS = 1000,
};

enum probe_kind { PROBE_TCP, PROBE_HTTP, PROBE_UNIX };

struct probe_result {
	bool ok;
	int status;		/* of HTTP; 0: no answer */
	uint64_t for_us;	/* how long it took */
	char text[160];		/* "HTTP 503", "connection refused
				 * 127.0.0.1:8080", "listening on [::1]:80" */
	const char *body;	/* HTTP with want_body; valid in the callback */
	size_t body_len;
};

typedef void probe_fn(struct probe *p, const struct probe_result *r,
		      void *arg);

struct probe_target {
	enum probe_kind kind;
	const char *host;	/* NULL = localhost; a path for UNIX */
	unsigned port;		/* 1..65535 */
	const char *path;	/* HTTP: "/" if NULL; query included */
	unsigned status_min, status_max;	/* HTTP; 0, 0 = 200..399 */
	unsigned timeout_ms;	/* 0 = PROBE_TIMEOUT_MS */
	const char *headers;	/* HTTP: more of them, each with \r\n; NULL */
	bool want_body;		/* HTTP: read the body, hand it over */
};

/* Does the host mean this machine, as far as its name says?  NULL does. */
bool	probe_is_local(const char *host);

/* What is wrong with a target, before it is used; 0 or -1. */
int	probe_check(const struct probe_target *t, struct err *e);

/*
 * Starts one attempt.  fn is called exactly once, from the loop and never
 * from here, unless the probe is cancelled; after it the probe is gone.  The
 * target is copied.  NULL when it is wrong or the kernel refuses (e).
 */
struct probe *probe_start(struct loop *l, const struct probe_target *t,
			  probe_fn *fn, void *arg, struct err *e);
void	probe_cancel(struct probe *p);		/* NULL is fine */

/*
 * "http://host[:port][/path]" into a target whose strings live in *store
 * (freed with free()).  https is refused with a hint.  0 or -1.
 */
int	probe_parse_url(const char *url, struct probe_target *t, char **store,
			struct err *e);

#endif
