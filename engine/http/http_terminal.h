#ifndef SBX_HTTP_TERMINAL_H
#define SBX_HTTP_TERMINAL_H

/*
 * Terminals over WebSockets: they live on when the request that made them has
 * ended, so the api keeps them.
 */

struct http_api;

void	http_terminals_init(struct http_api *api);
/* Closes them all, without a word; after the server, before the link. */
void	http_terminals_fini(struct http_api *api);

#endif
