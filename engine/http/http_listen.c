#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/units.h"

enum { BACKLOG = 1024 };

static bool
is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in =
			(const struct sockaddr_in *)(const void *)sa;
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *in6 =
		(const struct sockaddr_in6 *)(const void *)sa;
	return sa->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* Host without brackets and port; false: it has no such form. */
static bool
split(const char *where, char **host, char **port)
{
	const char *colon = strrchr(where, ':');
	const char *begin = where, *end = colon ? colon : where;
	uint64_t number;

	if (where[0] == '[') {
		begin++;
		end = strchr(where, ']');
		if (!end || end + 1 != colon)
			return false;
	} else if (colon && memchr(where, ':', (size_t)(colon - where))) {
		return false;
	}
	const char *tail = colon ? colon + 1 : where;
	if (units_uint(tail, 0, 65535, &number) < 0)
		return false;
	*host = end == begin ? mem_str("127.0.0.1") :
			       mem_strn(begin, (size_t)(end - begin));
	*port = mem_str(tail);
	return true;
}

static void
note_url(struct http_listen *l)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	char host[64] = "", port[16] = "";

	if (getsockname(l->fd, (struct sockaddr *)&ss, &len) == 0)
		getnameinfo((struct sockaddr *)&ss, len, host, sizeof host,
			    port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	bool six = strchr(host, ':') != NULL;
	l->url = mem_fmt("http://%s%s%s:%s", six ? "[" : "", host,
			 six ? "]" : "", port);
}

/*
 * A client whose machine is gone says nothing, and its wait or terminal would
 * have its place for ever.  Those that are accepted have it from here.
 */
static void
notice_the_dead(int fd)
{
	int yes = 1, idle_s = 60, pause_s = 15, tries = 4;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &pause_s, sizeof pause_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
}

static int
bind_tcp(struct http_listen *l, const struct addrinfo *ai)
{
	int one = 1;

	l->fd = sys_socket(ai->ai_family, SOCK_STREAM);
	if (l->fd < 0)
		return l->fd;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	notice_the_dead(l->fd);
	if (bind(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(l->fd, BACKLOG) == 0)
		return sys_set_nonblock(l->fd, true);
	int r = -errno;
	sys_close(l->fd);
	l->fd = -1;
	return r;
}

int
http_listen_tcp(struct http_listen *l, const char *where, bool has_token,
		struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE }, *list = NULL;
	char *host = NULL, *port = NULL;
	int rc = -1;

	*l = (struct http_listen){ .fd = -1 };
	if (!split(where, &host, &port)) {
		err_set(e, ERR_USAGE, "'%.200s' is not ADDR:PORT", where);
		return err_hint(e, "as in %s", HTTP_LISTEN_STANDARD);
	}
	int r = getaddrinfo(host, port, &hints, &list);
	if (r != 0) {
		err_set(e, ERR_USAGE, "'%.200s': %s", host, gai_strerror(r));
	} else if (!is_loopback(list->ai_addr) && !has_token) {
		err_set(e, ERR_USAGE, "'%.200s' is not of this machine alone: "
			"whoever reaches it could run commands", where);
		err_hint(e, "give it a token: --token-file FILE");
	} else if ((r = bind_tcp(l, list)) < 0) {
		err_set(e, ERR_FAILED, "listening on '%.200s': %s", where,
			strerror(-r));
	} else {
		note_url(l);
		l->name = host;
		host = NULL;
		rc = 0;
	}
	if (list)
		freeaddrinfo(list);
	free(host);
	free(port);
	return rc;
}

/* Left by one that was killed: a socket, and nobody listens. */
static bool
is_stale(const char *path, const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	int fd = sys_socket(AF_UNIX, SOCK_STREAM);
	int r = fd < 0 ? fd : sys_connect(fd, (const struct sockaddr *)addr,
					  sizeof *addr);
	sys_close(fd);
	return r == -ECONNREFUSED;
}

int
http_listen_unix(struct http_listen *l, const char *path, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	*l = (struct http_listen){ .fd = -1 };
	/* Without one the kernel makes a socket that has no mode. */
	if (!path[0])
		return err_set(e, ERR_USAGE, "the path of the socket is "
			       "empty");
	if (strlen(path) >= sizeof addr.sun_path)
		return err_set(e, ERR_USAGE, "'%.200s' is too long for a "
			       "socket", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (is_stale(path, &addr))
		unlink(path);
	l->fd = sys_socket(AF_UNIX, SOCK_STREAM);
	/* From its first moment nobody else may connect. */
	mode_t mask = umask(0177);
	int r = l->fd;
	if (r >= 0 && (bind(l->fd, (struct sockaddr *)&addr,
			    sizeof addr) < 0 || listen(l->fd, BACKLOG) < 0))
		r = -errno;
	umask(mask);
	if (r >= 0)
		r = sys_set_nonblock(l->fd, true);
	if (r < 0) {
		sys_close(l->fd);
		l->fd = -1;
		return err_set(e, ERR_FAILED, "listening on '%.200s': %s",
			       path, strerror(-r));
	}
	l->path = mem_str(path);
	l->url = mem_fmt("unix:%s", path);
	return 0;
}

void
http_listen_fini(struct http_listen *l)
{
	if (l->path)
		unlink(l->path);
	free(l->path);
	free(l->url);
	free(l->name);
	*l = (struct http_listen){ .fd = -1 };
}
