#ifndef SBX_HTTP_API_H
#define SBX_HTTP_API_H

/*
 * What the operations share: the link to the engine, and how a process is
 * named, found and told of.  Each operation is one function in the table of
 * http_routes.c; they are in http_api_*.c, http_sse.c, http_terminal.c.
 */

#include <stdbool.h>
#include <stdint.h>
#include "base.h"
#include "http_route.h"
#include "proto.h"

struct http_link;
struct http_logs;
struct http_request;
struct jsonout;
struct loop;
struct model_proc;

/* Whose members the created ones are, unless they say another. */
#define HTTP_API_GROUP "api"

struct http_api {
	struct loop *loop;
	struct http_link *link;
	struct http_logs *logs;
	unsigned waits;		/* requests that wait for a process */
	/* http_terminal.c: what is open, and what was typed there. */
	struct list terminals, typed;
	size_t terminal_count;
};

extern const struct http_route http_routes[];
extern const size_t http_route_count;

/* dispatch of struct http_conf; arg is a struct http_api. */
void	http_api_dispatch(struct http_request *r,
			  const struct http_route *row, void *arg);

/* The process that {id} names ("proc_7"); NULL: 404 has been answered. */
struct model_proc *http_api_proc(struct http_request *r,
				 struct http_api *api);
/* "proc_7": of an id; 0 if it is none. */
uint32_t http_api_id(const char *text);
enum { HTTP_ID_MAX = 24 };
void	http_api_id_text(uint32_t id, char out[HTTP_ID_MAX]);
/* Does its run go on (also one that waits, or has to start)?  Otherwise it is
 * "exited". */
bool	http_api_is_running(const struct proc_row *row);
/* Info; name is that of the member, NULL at the top. */
void	http_api_info(struct jsonout *j, const char *name,
		      const struct http_api *api, const struct proc_row *row);

/* The operations; see http_routes.c. */
http_fn http_op_health, http_op_logs, http_op_terminal;

#endif
