/*
 * The one table of what is answered: the server's router, 405 and its
 * methods, the tests and the documents are made from it.
 */
#include "http_api.h"

#include <stdio.h>

#include "base/base.h"
#include "http_ext.h"

const struct http_route http_routes[] = {
	{ "GET", "/v1/health", http_op_health, 0,
	  "tells that the server is there" },
	{ "GET", "/v1/processes/config", http_op_config_get,
	  HTTP_ENGINE | HTTP_AGAIN | HTTP_START, "the six limits" },
	{ "POST", "/v1/processes/config", http_op_config_set,
	  HTTP_ENGINE | HTTP_AGAIN | HTTP_START | HTTP_JSON,
	  "sets all six limits" },
	{ "GET", "/v1/processes", http_op_list, HTTP_ENGINE,
	  "lists the processes in the order they were made" },
	{ "POST", "/v1/processes", http_op_create,
	  HTTP_ENGINE | HTTP_START | HTTP_JSON, "starts a process" },
	{ "POST", "/v1/processes/run", http_op_run,
	  HTTP_ENGINE | HTTP_AGAIN | HTTP_START | HTTP_JSON,
	  "runs a command to its end and gives its output" },
	{ "GET", "/v1/processes/{id}", http_op_get, HTTP_ENGINE,
	  "one process" },
	{ "DELETE", "/v1/processes/{id}", http_op_delete,
	  HTTP_ENGINE | HTTP_AGAIN, "forgets one that has ended" },
	{ "POST", "/v1/processes/{id}/stop", http_op_stop,
	  HTTP_ENGINE | HTTP_AGAIN,
	  "stops its whole tree: asks first, then kills" },
	{ "POST", "/v1/processes/{id}/kill", http_op_kill,
	  HTTP_ENGINE | HTTP_AGAIN, "kills its whole tree" },
	{ "GET", "/v1/processes/{id}/logs", http_op_logs, HTTP_ENGINE,
	  "its log, with follow=true as events" },
	{ "POST", "/v1/processes/{id}/input", http_op_input,
	  HTTP_ENGINE | HTTP_ONCE | HTTP_JSON,
	  "sends bytes to its stdin or terminal" },
	{ "POST", "/v1/processes/{id}/terminal/resize", http_op_resize,
	  HTTP_ENGINE | HTTP_AGAIN | HTTP_JSON,
	  "sets the size of its terminal" },
	{ "GET", "/v1/processes/{id}/terminal/ws", http_op_terminal,
	  HTTP_ENGINE | HTTP_SOCKET, "its terminal, over a WebSocket" },
	{ "GET", "/v1/sbx",
	  http_ext_info, HTTP_ENGINE,
	  "tells who serves" },
	{ "GET", "/v1/sbx/processes",
	  http_ext_list, HTTP_ENGINE | HTTP_AGAIN,
	  "lists processes by status, group and time" },
	{ "POST", "/v1/sbx/processes",
	  http_ext_create, HTTP_ENGINE | HTTP_START | HTTP_JSON,
	  "makes a process, with user, group and timeout" },
	{ "GET", "/v1/sbx/processes/{id}",
	  http_ext_get, HTTP_ENGINE | HTTP_AGAIN,
	  "tells of one, by id or name" },
	{ "POST", "/v1/sbx/processes/{id}/start",
	  http_ext_start, HTTP_ENGINE | HTTP_AGAIN,
	  "starts it" },
	{ "POST", "/v1/sbx/processes/{id}/restart",
	  http_ext_restart, HTTP_ENGINE | HTTP_ONCE,
	  "restarts it" },
	{ "POST", "/v1/sbx/processes/{id}/signal",
	  http_ext_signal, HTTP_ENGINE | HTTP_ONCE | HTTP_JSON,
	  "sends a signal to its tree" },
	{ "POST", "/v1/sbx/processes/{id}/stdin/eof",
	  http_ext_eof, HTTP_ENGINE | HTTP_ONCE,
	  "closes its stdin" },
	{ "POST", "/v1/sbx/processes/{id}/wait",
	  http_ext_wait, HTTP_ENGINE | HTTP_AGAIN | HTTP_JSON,
	  "waits for a line, a port, its end" },
	{ "GET", "/v1/sbx/processes/{id}/screen",
	  http_ext_screen, HTTP_ENGINE | HTTP_AGAIN,
	  "gives what its terminal shows, as text" },
	{ "GET", "/v1/sbx/processes/{id}/why",
	  http_ext_why, HTTP_ENGINE | HTTP_AGAIN,
	  "says why it is in its status" },
	{ "GET", "/v1/sbx/processes/{id}/values",
	  http_ext_values, HTTP_ENGINE | HTTP_AGAIN,
	  "gives the values of its watches" },
	{ "GET", "/v1/sbx/processes/{id}/values/{watch}",
	  http_ext_value, HTTP_ENGINE | HTTP_AGAIN,
	  "gives those of one watch" },
	{ "GET", "/v1/sbx/processes/{id}/watches",
	  http_ext_watches, HTTP_ENGINE | HTTP_AGAIN,
	  "lists its watches" },
	{ "POST", "/v1/sbx/processes/{id}/watches",
	  http_ext_watch_add, HTTP_ENGINE | HTTP_ONCE | HTTP_JSON,
	  "adds a watch" },
	{ "DELETE", "/v1/sbx/processes/{id}/watches/{watch}",
	  http_ext_watch_drop, HTTP_ENGINE | HTTP_ONCE,
	  "takes a watch away" },
	{ "GET", "/v1/sbx/groups",
	  http_ext_groups, HTTP_ENGINE | HTTP_AGAIN,
	  "lists groups" },
	{ "GET", "/v1/sbx/groups/{group}",
	  http_ext_group, HTTP_ENGINE | HTTP_AGAIN,
	  "tells of one" },
	{ "PATCH", "/v1/sbx/groups/{group}",
	  http_ext_group_change, HTTP_ENGINE | HTTP_AGAIN | HTTP_JSON,
	  "changes its variables and directory" },
	{ "DELETE", "/v1/sbx/groups/{group}",
	  http_ext_group_drop, HTTP_ENGINE | HTTP_ONCE,
	  "forgets these changes" },
	{ "GET", "/v1/sbx/env",
	  http_ext_env, HTTP_ENGINE | HTTP_AGAIN,
	  "gives the variables of the set" },
	{ "PATCH", "/v1/sbx/env",
	  http_ext_env_change, HTTP_ENGINE | HTTP_AGAIN | HTTP_JSON,
	  "changes them" },
	{ "GET", "/v1/sbx/events",
	  http_ext_events, HTTP_ENGINE | HTTP_AGAIN,
	  "gives the journal, as a stream with follow" },
};

const size_t http_route_count = ARRAY_LEN(http_routes);

void
http_routes_print(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < http_route_count; i++) {
		const struct http_route *r = &http_routes[i];
		printf(".It Li %s %s\n%c%s.\n", r->method, r->path,
		       r->help[0] & ~0x20, r->help + 1);
	}
	puts(".El");
}
