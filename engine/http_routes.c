/*
 * The one table of what is answered: the server's router, 405 and its
 * methods, the tests and the documents are made from it.
 */
#include "http_api.h"

#include "base.h"

const struct http_route http_routes[] = {
	{ "GET", "/v1/health", http_op_health, 0,
	  "tells that the server is there" },
	{ "GET", "/v1/processes/{id}/logs", http_op_logs, HTTP_ENGINE,
	  "its log, with follow=true as events" },
};

const size_t http_route_count = ARRAY_LEN(http_routes);
