#ifndef SBX_HTTP_LISTEN_H
#define SBX_HTTP_LISTEN_H

/*
 * The socket that is listened on: an address and port, or a path.  What is
 * not of this machine alone is refused without a token.
 */

#include <stdbool.h>

struct err;

#define HTTP_LISTEN_STANDARD "127.0.0.1:2468"

struct http_listen {
	int fd;
	char *url;	/* "http://127.0.0.1:2468", "unix:/path" */
	char *name;	/* of the host as it was given, NULL for a path */
	char *path;	/* to be unlinked at the end, or NULL */
};

/* "ADDR:PORT", "[::1]:PORT", ":PORT" or "PORT"; port 0: a free one. */
int	http_listen_tcp(struct http_listen *l, const char *where,
			bool has_token, struct err *e);
/* Mode 0600.  A socket that nobody answers at any more is replaced, any other
 * file is not touched. */
int	http_listen_unix(struct http_listen *l, const char *path,
			 struct err *e);
/* fd is somebody else's by now. */
void	http_listen_fini(struct http_listen *l);

#endif
