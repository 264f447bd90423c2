#ifndef SBX_HTTP_GATE_H
#define SBX_HTTP_GATE_H

/*
 * What a request has to pass before its row is called: that it is clear where
 * it ends, the page it comes from (Host and Origin), the token, the path, the
 * method, the size and the type of its body, in this order.  A browser's
 * question before a request of a foreign page (CORS) is answered here too.
 */

#include <stdbool.h>

struct http_conf;
struct http_request;

/* Would a request of that head be dispatched? */
bool	http_gate_is_open(struct http_request *r,
			  const struct http_conf *conf);
/* Answers, or dispatches. */
void	http_gate(struct http_request *r, const struct http_conf *conf);

#endif
