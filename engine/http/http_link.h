#ifndef SBX_HTTP_LINK_H
#define SBX_HTTP_LINK_H

/*
 * One connection to the engine for all requests, and the model of its
 * processes.  It never blocks: an engine that dies is looked for until its
 * successor is there, one that has gone for good leaves an empty model, and
 * another one is started (by a process of its own) when somebody needs it.
 *
 * Whoever waits for something of the engine has an object that can be
 * cancelled; after that its function is not called.  All of them are called
 * from the loop, never from within the call that makes them, unless said.
 */

#include <stdint.h>

struct client;
struct client_answer;
struct err;
struct http_link;
struct logread;
struct loop;
struct model;
struct model_proc;
struct proto_grow;
struct session;

enum link_state {
	LINK_LOST,		/* being looked for, or started */
	LINK_UP,		/* greeted, and the model is complete */
	LINK_NONE,		/* there is no engine, and so no process */
};

/* s is borrowed and has been found; nothing is started.  NULL with e. */
struct http_link *http_link_new(struct loop *l, struct session *s);
void	http_link_free(struct http_link *k);		/* NULL is fine */

enum link_state http_link_state(const struct http_link *k);
/* NULL unless it is up. */
struct client *http_link_client(const struct http_link *k);
/* Never NULL; empty without an engine. */
struct model *http_link_model(const struct http_link *k);
/* The directory that the set is in: where a process begins. */
const char *http_link_dir(const struct http_link *k);
/* Why there is none: what the last attempt to start one said; another code
 * than ERR_NO_ENGINE: there is one, but not for us. */
const struct err *http_link_error(const struct http_link *k);
/* Has it looked lately?  One that somebody else has started is found. */
void	http_link_look(struct http_link *k);
/* Starts one where there is none. */
void	http_link_start(struct http_link *k);

/* --- waiting until it is up or there is none --- */

struct link_wait;
typedef void link_settled_fn(void *arg);
/* NULL: fn has been called already, it is settled. */
struct link_wait *http_link_settle(struct http_link *k, link_settled_fn *fn,
				   void *arg);
void	http_link_wait_cancel(struct link_wait *w);	/* NULL is fine */

/* --- what happens to a process --- */

enum {
	LINK_ROW = 1,		/* p->row is new */
	LINK_GROW = 2,		/* p->grow is */
	LINK_GONE = 4,		/* p is seen for the last time */
	LINK_BACK = 8,		/* a new engine: what was opened is not open */
	LINK_VALUES = 16,	/* p->values are new */
	LINK_TOLD = 128,	/* model_told() is about it, and new */
	LINK_SCREEN = 64,	/* p->screen is (http_link_screen) */
	LINK_EVENTS = 32,	/* with proc 0, p NULL: the journal has grown */
};

struct link_watch;
/* p is NULL for BACK and EVENTS. */
typedef void link_watch_fn(struct model_proc *p, unsigned what, void *arg);
/* proc 0: of every one. */
struct link_watch *http_link_watch(struct http_link *k, uint32_t proc,
				   link_watch_fn *fn, void *arg);
void	http_link_unwatch(struct link_watch *w);	/* NULL is fine */

/* The picture of a terminal comes into p->screen and is kept up to date while
 * one of these is there; at most PROTO_SCREENS_MAX. */
struct link_screen;
struct link_screen *http_link_screen(struct http_link *k, uint32_t proc);
void	http_link_screen_drop(struct link_screen *s);	/* NULL is fine */

/* --- questions --- */

struct link_ask;
typedef void link_answer_fn(const struct client_answer *a, void *arg);
/*
 * Stands for an answer: give http_link_answered and it to any question of
 * client.h.  If that refuses, drop it; if nobody wants to hear the answer any
 * more, cancel it.
 */
struct link_ask *http_link_ask(struct http_link *k, link_answer_fn *fn,
			       void *arg);
void	http_link_answered(struct client *c, const struct client_answer *a,
			   void *ask);
void	http_link_ask_drop(struct link_ask *a);
void	http_link_cancel(struct link_ask *a);		/* NULL is fine */

/* A log is open: lr is yours, and refreshed; or NULL and e. */
typedef void link_log_fn(struct logread *lr, const struct proto_grow *g,
			 const struct err *e, void *arg);
/* NULL: it cannot be asked (fn is not called). */
struct link_ask *http_link_log(struct http_link *k, uint32_t proc,
			       link_log_fn *fn, void *arg);

#endif
