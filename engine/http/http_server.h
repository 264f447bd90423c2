#ifndef SBX_HTTP_SERVER_H
#define SBX_HTTP_SERVER_H

/*
 * HTTP/1.1 over one listening socket, in our loop: the only file that knows
 * the library.  It reads a request whole (header and body have limits), asks
 * who it is (token, Host, Origin), finds its row in the table and calls it.
 *
 * A handler answers exactly once, at once or at any later time, with a body,
 * a stream or an upgrade.  That the client has left is noticed also while
 * nothing is sent.
 *
 * Nobody holds anybody up: a stream is asked for bytes only when its client
 * can take some.  When connections become scarce those that have not asked
 * anything yet are closed, the oldest first.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct http_request;
struct http_route;
struct http_server;
struct loop;

enum {
	HTTP_HEAD_MAX = 64 << 10,	/* bytes of a header */
	HTTP_PEERS_MAX = 4096,		/* connections */
	HTTP_IDLE_S = 75,		/* that neither ask nor take anything */
};

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

/* --- the answer --- */

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
