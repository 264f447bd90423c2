#ifndef SBX_CLIENT_H
#define SBX_CLIENT_H

/*
 * A client's end of the socket: greeting, requests with their answers,
 * subscriptions.  Over the loop and never blocking; the functions at the end
 * turn the loop until something is there and are for the command line only.
 *
 * Each question is answered exactly once, with what the engine said or with
 * an error (the engine refused, or left).  Frames that are nobody's answer
 * go to on_frame, most of them into a model (model.h).
 *
 * The client does not reconnect and does not start engines: see session.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/conn.h"
#include "spec/proto.h"
#include "term/keys.h"

struct buf;
struct client;
struct err;
struct loop;
struct spec;

enum {
	CLIENT_HELLO_MS = 5000,		/* an engine that says nothing */
	CLIENT_INPUT_MAX = 64 * 1024,	/* bytes of input to send at a time */
	CLIENT_INPUT_MOST = 1 << 20,	/* ... that limit.input can allow */
};

struct client_hooks {		/* any of them may be NULL */
	/* The greeting has come: requests may be sent since client_new, but
	 * only now is it known who answers. */
	void (*on_hello)(struct client *c, const struct proto_hello *h,
			 void *arg);
	void (*on_frame)(struct client *c, const struct conn_frame *f,
			 void *arg);
	/* The last call; free the client when you like, also in here. */
	void (*on_closed)(struct client *c, const struct err *why, void *arg);
	const char *who;	/* asks; NULL: a person (struct proto_hello) */
};

/* What came back: an error, or a frame (and the reply if it is one). */
struct client_answer {
	const struct err *err;		/* NULL: it went well */
	const struct conn_frame *frame;	/* NULL with err; fds: see conn.h */
	const struct proto_reply *reply;	/* NULL unless a REPLY */
};

typedef void client_answer_fn(struct client *c, const struct client_answer *a,
			      void *arg);

/*
 * Connects and sends the greeting.  NULL with ERR_NO_ENGINE when nobody
 * listens at path.  hooks are copied.  Freeing answers nobody any more.
 */
struct client *client_new(struct loop *l, const char *path,
			  const struct client_hooks *hooks, void *arg,
			  struct err *e);
/* The same over a connected socket, which is taken: for tests. */
struct client *client_new_fd(struct loop *l, int fd,
			     const struct client_hooks *hooks, void *arg,
			     struct err *e);
void	client_free(struct client *c);			/* NULL is fine */

/* NULL before the greeting; the strings are the client's. */
const struct proto_hello *client_hello(const struct client *c);
bool	client_closed(const struct client *c);
/* Why it was closed; no error while it is not. */
const struct err *client_error(const struct client *c);

/* 0, or -errno (-EPIPE: closed, -EAGAIN: the queue is full, -EMSGSIZE);
 * fn is called only after 0.  fn may be NULL: the answer is dropped. */
int	client_ask(struct client *c, uint16_t type, const struct buf *payload,
		   client_answer_fn *fn, void *arg);
int	client_request(struct client *c, const struct proto_request *q,
		       client_answer_fn *fn, void *arg);
int	client_log_open(struct client *c, uint32_t proc, client_answer_fn *fn,
			void *arg);
int	client_journal_open(struct client *c, client_answer_fn *fn, void *arg);
int	client_values(struct client *c, uint32_t proc, client_answer_fn *fn,
		      void *arg);
int	client_snapshot(struct client *c, uint32_t proc, client_answer_fn *fn,
			void *arg);
/* rows and cols: from 1. */
int	client_resize(struct client *c, uint32_t proc, uint16_t rows,
		      uint16_t cols, client_answer_fn *fn, void *arg);
int	client_scrollback(struct client *c, uint32_t proc, uint64_t id,
			  uint32_t count, client_answer_fn *fn, void *arg);
/* key: the same when it is sent again, to an engine that does not know whether
 * the one before it has taken it (answered.h); 0: it never is. */
int	client_input(struct client *c, uint32_t proc, unsigned flags,
		     uint64_t key, const void *data, size_t len,
		     client_answer_fn *fn, void *arg);
/* For what must not be done twice: the first of so many keys in a row that
 * nobody else has, never 0. */
uint64_t client_new_keys(unsigned count);
/* set: packed by setpack_put. */
int	client_load(struct client *c, const struct buf *set,
		    client_answer_fn *fn, void *arg);
/* The same for PROTO_RELOAD; set may be NULL: flags are PROTO_RELOAD_*. */
int	client_reload(struct client *c, unsigned flags, uint64_t key,
		      size_t mistakes, const struct buf *set,
		      client_answer_fn *fn, void *arg);
int	client_add(struct client *c, unsigned flags, char *const *environment,
		   const struct spec *s, const char *like, uint64_t key,
		   client_answer_fn *fn, void *arg);

int	client_key_ask(struct client *c, uint32_t proc, struct key k,
		       uint64_t key, client_answer_fn *fn, void *arg);

/* Not answered. */
/* Who stays connected says so when it has read enough: a log that goes with
 * its process stays while it is open. */
int	client_log_close(struct client *c, uint32_t proc);
/* So that a flood does not outrun a reader who is not far behind. */
int	client_log_hold(struct client *c, uint32_t proc, uint64_t seq);
/* TOLD for what its log is going to have, or not any more. */
int	client_log_tell(struct client *c, uint32_t proc, bool on);
int	client_subscribe(struct client *c, uint32_t bits);
int	client_screen_watch(struct client *c, uint32_t proc, uint16_t rows,
			    uint16_t cols);
/* Pictures of one more process, at most PROTO_SCREENS_MAX; 0: no more. */
int	client_screen_also(struct client *c, uint32_t proc);
int	client_key(struct client *c, uint32_t proc, struct key k);
/* All of it or nothing: -EMSGSIZE above PROTO_PASTE_MAX, -EAGAIN while too
 * much waits for the engine. */
int	client_paste(struct client *c, uint32_t proc, const void *data,
		     size_t len);
int	client_mouse(struct client *c, uint32_t proc, unsigned kind,
		     unsigned button, unsigned row, unsigned col,
		     unsigned mods);
int	client_focus(struct client *c, uint32_t proc, bool in);

/* --- for the command line: these turn the loop --- */

/*
 * Until *done is true (0), the engine has left (-1, ERR_NO_ENGINE) or the
 * time has passed (-1, ERR_TIMEOUT).  at_ms is clock_ms(); 0: no limit.
 */
int	client_wait(struct client *c, const bool *done, uint64_t at_ms,
		    struct err *e);
int	client_wait_hello(struct client *c, struct err *e);

/* How long the oldest question waits for its answer; 0: there is none. */
uint64_t client_waits_ms(const struct client *c);
/* Does the engine's process stand still, so that no answer can come?  Then
 * what holds it is in e. */
bool	client_is_held(const struct client *c, struct err *e);

struct client_result {		/* what a call brought, our own copy */
	char *text;
	char *hint;		/* done, but not as it should be; or "" */
	uint32_t *ids;
	size_t id_count;
};

/* One request and its reply.  0 with *out (may be NULL), or -1. */
int	client_call(struct client *c, const struct proto_request *q,
		    struct client_result *out, struct err *e);
void	client_result_fini(struct client_result *r);

#endif
