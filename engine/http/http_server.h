#ifndef SBX_HTTP_SERVER_H
#define SBX_HTTP_SERVER_H

/*
 * HTTP/1.1 over one listening socket, in our loop: the only file that knows
 * the library.  It reads a request whole (header and body have limits), asks
 * who it is (token, Host, Origin), finds its row in the table and calls it.
 *
 * A handler answers exactly once, at once or at any later time, with a body,
 * a stream or an upgrade.  A request is valid until its end function has been
 * called; that comes exactly once, whether it was answered or the client has
 * left (which is noticed also while nothing is sent).
 *
 * Nobody holds anybody up: a stream is asked for bytes only when its client
 * can take some.  When connections become scarce those that have not asked
 * anything yet are closed, the oldest first.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "http_route.h"

struct buf;
struct err;
struct http_server;
struct loop;

enum {
	HTTP_BODY_MAX = 2 << 20,	/* bytes; more is 413 */
	HTTP_BODIES_MAX = 256 << 20,	/* ... of all requests together */
	HTTP_HEAD_MAX = 64 << 10,	/* bytes of a header */
	HTTP_PEERS_MAX = 4096,		/* connections */
	HTTP_IDLE_S = 75,		/* that neither ask nor take anything */
};

/* What became of a request. */
typedef void http_end_fn(struct http_request *r, void *arg);
/* At most cap bytes into out: how many, 0: nothing at present (ask again
 * after http_stream_wake), -1: that was all. */
typedef ssize_t http_produce_fn(struct http_request *r, char *out, size_t cap,
				void *arg);
/* The 101 is sent: takes fd, a non-blocking socket; extra are bytes that came
 * behind the request.  The request ends right behind. */
typedef void http_upgraded_fn(int fd, const char *extra, size_t len,
			      void *arg);

struct http_conf {			/* borrowed for the server's life */
	const struct http_route *routes;
	size_t route_count;
	/* Calls row->fn, now or later. */
	void (*dispatch)(struct http_request *r, const struct http_route *row,
			 void *arg);
	void *arg;			/* of dispatch and of all handlers */
	const char *token;		/* NULL: nobody needs one */
	char *const *origins;		/* of foreign pages that may ask */
	const char *name;		/* own name beside localhost, or NULL */
	bool is_unix;			/* no browser comes here */
};

/* Takes fd, a listening socket (http_listen.h).  NULL with e. */
struct http_server *http_server_new(struct loop *l, int fd,
				    const struct http_conf *conf,
				    struct err *e);
/* Every request ends, every connection is closed. */
void	http_server_free(struct http_server *s);	/* NULL is fine */

/*
 * For a question to the engine that is to be carried out once (answered.h): a
 * new one each time, and the same ones in the same order when the handler
 * begins anew (http_again).  The engine remembers few of them, so only some
 * requests at a time have any; else 0.
 */
enum { HTTP_KEYED_MAX = 64 };	/* others ask the engine, too */
uint64_t http_key(struct http_request *r);
/* The engine was lost before it answered: may r begin anew? */
bool	http_may_again(const struct http_request *r);

/* --- what was asked; strings live as long as the request --- */

const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r);	/* as it came */
const struct http_match *http_matched(const struct http_request *r);
bool	http_body_is_refused(const struct http_request *r);	/* too large */
const char *http_param(const struct http_request *r, const char *name);
/* NULL: not given, or not readable: then http_query_bad is true. */
const char *http_query(struct http_request *r, const char *name);
bool	http_query_bad(const struct http_request *r);
const char *http_header(const struct http_request *r, const char *name);
const char *http_body(const struct http_request *r, size_t *len);

/* Has the handler begun anew? */
bool	http_is_again(const struct http_request *r);
/* Called when r ends; one at a time, fn NULL takes it away. */
void	http_on_end(struct http_request *r, http_end_fn *fn, void *arg);

/* --- the answer --- */

/* The handler begins anew, as if it had not been called: its end function
 * is, and then dispatch. */
void	http_again(struct http_request *r);
/* Before the answer; a few of them, copied. */
void	http_add_header(struct http_request *r, const char *name,
			const char *value);
/* body is emptied; NULL: there is none.  type NULL: no content type. */
void	http_respond(struct http_request *r, unsigned status,
		     const char *type, struct buf *body);
/* The headers go out at once, fn is called when there is room for bytes. */
void	http_stream(struct http_request *r, unsigned status, const char *type,
		    http_produce_fn *fn, void *arg);
/* fn may have bytes again.  Cheap when it is not needed. */
void	http_stream_wake(struct http_request *r);
/* 101 with the headers that were added; fn is not called if the client leaves
 * before (the end function is, always). */
void	http_upgrade(struct http_request *r, const char *protocol,
		     http_upgraded_fn *fn, void *arg);

#endif
