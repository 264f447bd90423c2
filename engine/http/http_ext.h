#ifndef SBX_HTTP_EXT_H
#define SBX_HTTP_EXT_H

/*
 * The second set of paths, below /v1/sbx: what the first one (http_api.h) has
 * no word for.  A process is named by its id or its name; keys are in
 * camelCase, made by the writers that the command line uses (jsonout.h).
 *
 * Most operations ask the engine one question and answer with what it says:
 * struct http_ext_call stands for that question, and is forgotten when the
 * client leaves before.
 */

#include <stdbool.h>
#include <stdint.h>
#include "http_route.h"

struct buf;
struct client_answer;
struct http_api;
struct http_ext_call;
struct jsonout;
struct link_ask;
struct model_proc;
struct proc_row;
struct proto_request;

enum {
	HTTP_EXT_ANSWER_MAX = 64 << 20,
	HTTP_EXT_WAITS_MAX = 256,	/* each has a log open */
};

/* The process of {id}: "proc_7", else a name; NULL: 404 has been answered. */
struct model_proc *http_ext_proc(struct http_request *r,
				 struct http_api *api);
/* A P as an object; name is that of the member, NULL at the top. */
void	http_ext_put(struct jsonout *j, const char *name,
		     const struct model_proc *p);
/* Answers with the P of that id, with nothing for 204; 404 if it is gone. */
void	http_ext_answer(struct http_request *r, struct http_api *api,
			unsigned status, uint32_t id);
/* The same with its next row, which is on its way. */
void	http_ext_answer_behind(struct http_request *r, struct http_api *api,
			       unsigned status, uint32_t id);
/* Closes what jsonout_begin_camel() began over b, and answers. */
void	http_ext_send(struct http_request *r, struct jsonout *j);

/* --- one question --- */

/* Called when the answer is there and is none of the engine's errors. */
typedef void http_ext_fn(struct http_request *r, struct http_api *api,
			 const struct client_answer *a, uint32_t proc);

/* proc is handed to fn.  NULL: there is no engine, which has been answered. */
struct http_ext_call *http_ext_call(struct http_request *r,
				    struct http_api *api, http_ext_fn *fn,
				    uint32_t proc);
/* 503, or the request is begun anew if it may be and one is looked for. */
void	http_ext_no_engine(struct http_request *r, struct http_api *api);
/* What a question of client.h takes as its argument, and what it gave: a
 * refusal is answered. */
struct link_ask *http_ext_ask(struct http_ext_call *c);
void	http_ext_asked(struct http_ext_call *c, int rc);
/* All of it for a request. */
void	http_ext_request(struct http_request *r, struct http_api *api,
			 const struct proto_request *q, http_ext_fn *fn,
			 uint32_t proc);

/* --- the operations; see http_routes.c --- */

http_fn http_ext_info, http_ext_list, http_ext_get, http_ext_create;
http_fn http_ext_start, http_ext_restart, http_ext_signal, http_ext_eof;
http_fn http_ext_wait, http_ext_why, http_ext_events, http_ext_screen;
http_fn http_ext_values, http_ext_value, http_ext_watches, http_ext_watch_add;
http_fn http_ext_watch_drop;
http_fn http_ext_groups, http_ext_group, http_ext_group_change;
http_fn http_ext_group_drop, http_ext_env, http_ext_env_change;

#endif
