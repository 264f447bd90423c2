#ifndef SBX_HTTP_API_H
#define SBX_HTTP_API_H

/*
 * What the operations share: the link to the engine, how a process is named,
 * found and told of, how one is made.  Each operation is one function in the
 * table of http_routes.c; they are in http_api_*.c, http_sse.c,
 * http_terminal.c.
 */

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "http_route.h"
#include "spec/proto.h"

struct err;
struct http_link;
struct http_logs;
struct http_request;
struct jsonout;
struct loop;
struct model_proc;
struct spec_args;

#define HTTP_API_GROUP	"api"	/* of processes that are made here */
#define HTTP_API_BY	"api"	/* who has made them */

struct http_api {
	struct loop *loop;
	struct http_link *link;
	struct http_logs *logs;
	unsigned waits;		/* requests that wait for a process */
	/* http_terminal.c: what is open, and what was typed there. */
	struct list terminals, typed;
	size_t terminal_count;
	/* http_api_get.c: who was told of last, what, and when. */
	uint32_t told_id;
	uint64_t told_rev, at_told_us;
	unsigned names;		/* grows with each name that was taken */
	struct list adding;	/* struct http_adding: not in the model yet */
};

extern const struct http_route http_routes[];
extern const size_t http_route_count;
/* The rows as a list of a manual page, on stdout. */
void	http_routes_print(void);

void	http_api_init(struct http_api *api, struct loop *l,
		      struct http_link *k);
/* Ends the link and all that waits for it. */
void	http_api_fini(struct http_api *api);
/* dispatch of struct http_conf; arg is a struct http_api. */
void	http_api_dispatch(struct http_request *r,
			  const struct http_route *row, void *arg);

/* --- processes --- */

enum { HTTP_ID_MAX = 24 };

/* The process that {id} names ("proc_7"); NULL: 404 has been answered. */
struct model_proc *http_api_proc(struct http_request *r,
				 struct http_api *api);
/* "proc_7": of an id; 0 if it is none. */
uint32_t http_api_id(const char *text);
void	http_api_id_text(uint32_t id, char out[HTTP_ID_MAX]);
/* Does its run go on (also one that waits, or has to start)?  Otherwise it is
 * "exited". */
bool	http_api_is_running(const struct proc_row *row);
/* Does its exit code say all of how it ended? */
bool	http_api_is_plain_exit(const struct proc_row *row);
/* Info; name is that of the member, NULL at the top. */
void	http_api_info(struct jsonout *j, const char *name,
		      const struct http_api *api, const struct proc_row *row);
/* 200 and Info. */
void	http_api_put_info(struct http_request *r, const struct http_api *api,
			  const struct proc_row *row);
/* The same, for who may ask again at once (http_api_get.c). */
void	http_api_put_proc(struct http_request *r, struct http_api *api,
			  const struct model_proc *p);

/* --- making one --- */

struct http_adding;
/* It has begun (or waits for its place); or p is NULL and e says why not. */
typedef void http_added_fn(struct model_proc *p, const struct err *e,
			   void *arg);
/*
 * One that cannot be spawned is forgotten again: ERR_FAILED with the system's
 * own words; ERR_FULL: no place.  a: by, group and, without a name, a name
 * after its command are filled in.  flags: PROTO_ADD_*.  NULL: fn has been
 * called already.
 */
struct http_adding *http_api_add(struct http_api *api,
				 const struct spec_args *a, unsigned flags,
				 http_added_fn *fn, void *arg);
/* Frees those whose answers will not come. */
void	http_api_add_fini(struct http_api *api);
/* fn is not called.  kill: nor shall what the engine was asked for run. */
void	http_api_add_cancel(struct http_adding *g, bool kill);	/* or NULL */
/* 409, 400 or 502 for what went wrong with it. */
void	http_api_add_problem(struct http_request *r, const struct err *e);

/* The answer of a request that makes one. */
typedef void http_made_fn(struct http_request *r, struct http_api *api,
			  const struct model_proc *p);
/* The whole of such a request: fn answers for the new process, and what went
 * wrong is answered here.  A client that leaves still wanted it made. */
void	http_api_make(struct http_request *r, struct http_api *api,
		      const struct spec_args *a, unsigned flags,
		      http_made_fn *fn);

/* One request about a process, by its name; nobody hears the answer. */
void	http_api_tell(struct http_api *api, const struct proc_row *row,
		      enum proto_verb verb);

/* The operations; see http_routes.c. */
http_fn http_op_health, http_op_config_get, http_op_config_set;
http_fn http_op_create, http_op_list, http_op_run, http_op_get;
http_fn http_op_delete, http_op_stop, http_op_kill;
http_fn http_op_input, http_op_resize, http_op_logs;
http_fn http_op_terminal;

#endif
