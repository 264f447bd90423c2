#include "http_server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "http_gate.h"
#include "http_request.h"

enum {
	ADDED_MAX = 8,		/* headers of an answer */
	BACKLOG_SHARE = 8,	/* of the connections that are kept free */
	STREAM_BLOCK = 32 << 10,
	LOOK_US = 20 * 1000,	/* most questions are answered by then */
	SEND_BYTES = 128 << 10,	/* that the kernel holds for a client; it
				 * takes that twice */
};

struct http_server {
	struct loop *loop;
	struct http_pool pool;
	struct MHD_Daemon *daemon;
	struct source *ready;		/* the daemon's own epoll set */
	struct timer *timer, *look;
	bool due, stopping;
	size_t peers, peers_max;
	struct list waiting;		/* idle peers, oldest first */
	struct list exchanges;
	struct list unwatched;		/* exchanges that are suspended */
	struct list upgraded;		/* handles to be given back */
};

/* One connection. */
struct peer {
	struct list node;		/* in waiting, or alone */
	struct http_server *server;
	int fd;				/* the daemon's */
	struct http_exchange *exchange;
};

struct added {
	char *name, *value;
};

struct handle {
	struct list node;
	struct MHD_UpgradeResponseHandle *urh;
};

/* A request and its answer, as the daemon has them. */
struct http_exchange {
	struct list node, unwatched;
	struct http_server *server;
	struct peer *peer;
	struct MHD_Connection *conn;
	struct http_request *request;
	bool begun, asked;
	bool suspended, gone, answered, woken;
	struct source *watch;		/* of its socket, while suspended */
	struct added added[ADDED_MAX];
	size_t added_count;
	struct MHD_Response *response;	/* not given to the daemon yet */
	unsigned status;
	http_produce_fn *produce;
	http_upgraded_fn *upgraded;
	void *arg;			/* of those two */
};

/* --- the life of an exchange --- */

static void
release(struct http_exchange *x)
{
	struct source *watch = x->watch;

	x->watch = NULL;
	if (watch)
		loop_release(watch);
	list_del(&x->unwatched);
	list_del(&x->node);
	if (x->peer)
		x->peer->exchange = NULL;
	http_request_free(x->request);
	if (x->response)
		MHD_destroy_response(x->response);
	for (size_t i = 0; i < x->added_count; i++) {
		free(x->added[i].name);
		free(x->added[i].value);
	}
	free(x);
}

static void
turn(struct http_server *s)
{
	s->due = true;
	loop_again(s->loop);
}

static void
resume(struct http_exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	list_del(&x->unwatched);
	/* A stream is about to be suspended again. */
	if (x->watch && !x->produce) {
		loop_release(x->watch);
		x->watch = NULL;
	}
	MHD_resume_connection(x->conn);
	turn(x->server);
}

/* The daemon does not look at a connection that is suspended: whether its
 * client is still there is seen here. */
static void
on_peer(struct source *src, unsigned events, void *arg)
{
	struct http_exchange *x = arg;
	char byte;
	ssize_t n = recv(loop_fd(src), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0) {
		/* The next request, or the socket's own end later. */
		loop_want(src, 0);
		if (!(events & LOOP_HUP))
			return;
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	x->gone = true;
	resume(x);
}

static void
suspend(struct http_exchange *x)
{
	x->suspended = true;
	MHD_suspend_connection(x->conn);
	if (x->watch)
		return;
	list_add_tail(&x->server->unwatched, &x->unwatched);
	if (!timer_armed(x->server->look))
		timer_arm(x->server->look, clock_us() + LOOK_US);
}

/* Not at once: what is answered soon need not be watched for that. */
static void
on_look(struct timer *t, void *arg)
{
	struct http_server *s = arg;
	(void)t;

	list_each_safe(n, tmp, &s->unwatched) {
		struct http_exchange *x = container_of(n, struct http_exchange,
						       unwatched);
		list_del(n);
		x->watch = loop_add(s->loop, x->peer->fd, LOOP_IN,
				    "http peer", on_peer, x);
	}
}

/* --- the answer --- */

void
http_add_header(struct http_request *r, const char *name, const char *value)
{
	struct http_exchange *x = http_request_exchange(r);

	assert(x->added_count < ADDED_MAX);
	x->added[x->added_count++] =
		(struct added){ mem_str(name), mem_str(value) };
}

static void
answer(struct http_exchange *x, unsigned status, const char *type,
       struct MHD_Response *response)
{
	assert(!x->answered);
	x->answered = true;
	x->status = status;
	x->response = response;
	if (type)
		MHD_add_response_header(response, "content-type", type);
	for (size_t i = 0; i < x->added_count; i++)
		MHD_add_response_header(response, x->added[i].name,
					x->added[i].value);
	resume(x);
}

void
http_respond(struct http_request *r, unsigned status, const char *type,
	     struct buf *body)
{
	size_t len = body ? body->len : 0;
	char *data = body ? buf_take(body) : mem_str("");

	answer(http_request_exchange(r), status, type,
	       MHD_create_response_from_buffer(len, data,
					       MHD_RESPMEM_MUST_FREE));
}

static ssize_t
produce(void *cls, uint64_t pos, char *out, size_t cap)
{
	struct http_exchange *x = cls;
	(void)pos;

	if (x->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	x->woken = false;
	ssize_t n = x->produce(x->request, out, cap, x->arg);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0 && !x->woken)
		suspend(x);
	return n;
}

void
http_stream(struct http_request *r, unsigned status, const char *type,
	    http_produce_fn *fn, void *arg)
{
	struct http_exchange *x = http_request_exchange(r);
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, produce, x, NULL);

	/* Else the library ends the chunks that a HEAD does not have. */
	if (strcmp(http_method(r), "HEAD") == 0)
		MHD_set_response_options(response,
					 MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
					 MHD_RO_END);
	x->produce = fn;
	x->arg = arg;
	answer(x, status, type, response);
	/* A client that takes nothing for a while is not gone. */
	MHD_set_connection_option(x->conn, MHD_CONNECTION_OPTION_TIMEOUT, 0);
}

void
http_stream_wake(struct http_request *r)
{
	struct http_exchange *x = http_request_exchange(r);

	x->woken = true;
	if (x->produce)
		resume(x);
}

static void
on_upgraded(void *cls, struct MHD_Connection *conn, void *con_cls,
	    const char *extra, size_t len, MHD_socket sock,
	    struct MHD_UpgradeResponseHandle *urh)
{
	struct http_exchange *x = cls;
	struct handle *h = mem_alloc(sizeof *h);
	int fd = sys_dup(sock), one = 1;
	(void)conn;
	(void)con_cls;

	/* The daemon closes its own descriptor when it gets the handle back,
	 * which it does not take from inside of this call. */
	h->urh = urh;
	list_add_tail(&x->server->upgraded, &h->node);
	turn(x->server);
	if (fd < 0)
		return;
	sys_set_nonblock(fd, true);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	x->upgraded(fd, extra, len, x->arg);
}

void
http_upgrade(struct http_request *r, const char *protocol,
	     http_upgraded_fn *fn, void *arg)
{
	struct http_exchange *x = http_request_exchange(r);

	x->upgraded = fn;
	x->arg = arg;
	http_add_header(r, "upgrade", protocol);
	answer(x, MHD_HTTP_SWITCHING_PROTOCOLS, NULL,
	       MHD_create_response_for_upgrade(on_upgraded, x));
}

/* Lets it pass, or answers why not. */
static void
ask(struct http_exchange *x)
{
	x->asked = true;
	list_del(&x->peer->node);
	http_gate(x->request, x->server->pool.conf);
}

/* --- the daemon's calls --- */

static struct peer *
peer_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(
		conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

static const char *
find_header(const struct http_exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, name);
}

/* The request line has come; what it returns comes along with the request. */
static void *
on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct http_server *s = cls;
	struct peer *p = peer_of(conn);

	if (!p)
		return NULL;
	/* Nobody was told of the end of one that the daemon itself refused. */
	if (p->exchange)
		release(p->exchange);
	struct http_exchange *x = mem_alloc(sizeof *x);
	*x = (struct http_exchange){ .server = s, .peer = p, .conn = conn };
	x->request = http_request_new(&s->pool, uri, x, find_header);
	list_init(&x->unwatched);
	list_add_tail(&s->exchanges, &x->node);
	p->exchange = x;
	return x;
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name,
	  const char *value)
{
	struct http_exchange *x = cls;
	(void)kind;

	http_request_see_header(x->request, name, value ? value : "");
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *conn, const char *url,
	   const char *method, const char *version, const char *data,
	   size_t *len, void **req)
{
	struct http_exchange *x = *req;
	(void)cls;
	(void)url;

	if (!x || x->gone)
		return MHD_NO;
	if (!x->begun) {
		x->begun = true;
		MHD_get_connection_values(conn, MHD_HEADER_KIND, on_header, x);
		http_request_begin(x->request, method, version);
		if (!http_request_is_hopeless(x->request))
			return MHD_YES;
	} else if (*len > 0) {
		bool taken = http_request_take_body(x->request, data, *len);
		*len = 0;
		return taken ? MHD_YES : MHD_NO;
	}
	if (!x->asked)
		ask(x);
	if (!x->response) {
		suspend(x);
		return MHD_YES;
	}
	enum MHD_Result rc = MHD_queue_response(conn, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return rc;
}

static void
wait_again(struct peer *p)
{
	list_del(&p->node);
	list_add_tail(&p->server->waiting, &p->node);
}

static void
on_completed(void *cls, struct MHD_Connection *conn, void **req,
	     enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *req;
	(void)cls;
	(void)conn;
	(void)why;

	*req = NULL;
	if (!x)
		return;
	struct peer *p = x->peer;
	release(x);
	wait_again(p);
}

/* Those that only sit there make room for one that may ask. */
static void
make_room(struct http_server *s)
{
	size_t spare = s->peers_max / BACKLOG_SHARE;

	if (s->peers + spare < s->peers_max || list_empty(&s->waiting))
		return;
	struct peer *p = container_of(s->waiting.next, struct peer, node);
	list_del(&p->node);
	/* The daemon reads an end of file and closes it in order. */
	shutdown(p->fd, SHUT_RDWR);
}

static void
on_connection(void *cls, struct MHD_Connection *conn, void **ctx,
	      enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = cls;
	struct peer *p = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *i = MHD_get_connection_info(
			conn, MHD_CONNECTION_INFO_CONNECTION_FD);
		int bytes = SEND_BYTES;
		make_room(s);
		/* Somebody who reads nothing would be given megabytes. */
		setsockopt(i->connect_fd, SOL_SOCKET, SO_SNDBUF, &bytes,
			   sizeof bytes);
		p = mem_alloc(sizeof *p);
		*p = (struct peer){ .server = s, .fd = i->connect_fd };
		list_add_tail(&s->waiting, &p->node);
		s->peers++;
		*ctx = p;
		return;
	}
	if (!p)
		return;
	if (p->exchange) {
		p->exchange->peer = NULL;
		release(p->exchange);
	}
	list_del(&p->node);
	free(p);
	s->peers--;
	*ctx = NULL;
}

/* Paths and queries are decoded by us: by segments, and without a NUL. */
static size_t
keep_encoded(void *cls, struct MHD_Connection *conn, char *text)
{
	(void)cls;
	(void)conn;
	return strlen(text);
}

/* --- the server --- */

static void
give_back(struct http_server *s)
{
	list_each_safe(n, tmp, &s->upgraded) {
		struct handle *h = container_of(n, struct handle, node);
		list_del(n);
		MHD_upgrade_action(h->urh, MHD_UPGRADE_ACTION_CLOSE);
		free(h);
		s->due = true;
	}
}

static void
pump(void *arg)
{
	struct http_server *s = arg;
	MHD_UNSIGNED_LONG_LONG ms;

	if (!s->due || s->stopping)
		return;
	s->due = false;
	MHD_run(s->daemon);
	give_back(s);
	if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
		timer_stop(s->timer);
	else if (ms > 0)
		timer_arm(s->timer, clock_us() + ms * 1000);
	else
		s->due = true;
	if (s->due)
		loop_again(s->loop);
}

static void
on_ready(struct source *src, unsigned events, void *arg)
{
	struct http_server *s = arg;
	(void)src;
	(void)events;

	s->due = true;
}

static void
on_timer(struct timer *t, void *arg)
{
	struct http_server *s = arg;
	(void)t;

	s->due = true;
}

/* A follower needs two descriptors: its socket and its log. */
static size_t
most_peers(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 ||
	    l.rlim_cur / 2 >= HTTP_PEERS_MAX)
		return HTTP_PEERS_MAX;
	return l.rlim_cur / 2;
}

static struct MHD_Daemon *
start(struct http_server *s, int fd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_ALLOW_UPGRADE | MHD_USE_ITC;

	return MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, s,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->peers_max,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, s,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_END);
}

struct http_server *
http_server_new(struct loop *l, int fd, const struct http_conf *conf,
		struct err *e)
{
	struct http_server *s = mem_alloc(sizeof *s);

	*s = (struct http_server){ .loop = l, .pool = { .conf = conf },
				   .peers_max = most_peers() };
	list_init(&s->waiting);
	list_init(&s->exchanges);
	list_init(&s->unwatched);
	list_init(&s->upgraded);
	s->daemon = start(s, fd);
	if (!s->daemon) {
		err_set(e, ERR_INTERNAL, "libmicrohttpd does not start: %s",
			strerror(errno));
		sys_close(fd);
		free(s);
		return NULL;
	}
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(
		s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	s->ready = i ? loop_add(l, i->epoll_fd, LOOP_IN, "http", on_ready, s) :
		       NULL;
	if (!s->ready) {
		err_set(e, ERR_INTERNAL, "watching libmicrohttpd: %s",
			strerror(errno));
		MHD_stop_daemon(s->daemon);
		free(s);
		return NULL;
	}
	s->timer = loop_timer(l, on_timer, s);
	s->look = loop_timer(l, on_look, s);
	loop_idle(l, pump, s);
	turn(s);
	return s;
}

void
http_server_free(struct http_server *s)
{
	if (!s)
		return;
	s->stopping = true;
	loop_release(s->ready);
	timer_drop(s->timer);
	timer_drop(s->look);
	/* The daemon may not be stopped while somebody is suspended. */
	list_each_safe(n, tmp, &s->exchanges) {
		struct http_exchange *x = container_of(n, struct http_exchange,
						       node);
		x->gone = true;
		resume(x);
	}
	give_back(s);
	MHD_run(s->daemon);
	give_back(s);
	MHD_stop_daemon(s->daemon);
	free(s);
}
