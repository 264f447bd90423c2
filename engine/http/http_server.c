#include "http_server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "client/client.h"
#include "http_gate.h"

enum {
	ADDED_MAX = 8,		/* headers of an answer */
	DRAIN_MAX = 64 << 20,	/* of a body that is refused anyway */
	BACKLOG_SHARE = 8,	/* of the connections that are kept free */
	STREAM_BLOCK = 32 << 10,
	LOOK_US = 20 * 1000,	/* most questions are answered by then */
	SEND_BYTES = 128 << 10,	/* that the kernel holds for a client; it
				 * takes that twice */
};

struct http_server {
	struct loop *loop;
	const struct http_conf *conf;
	struct MHD_Daemon *daemon;
	struct source *ready;		/* the daemon's own epoll set */
	struct timer *timer, *look;
	bool due, stopping;
	size_t peers, peers_max;
	size_t body_bytes;		/* of all requests */
	struct list waiting;		/* idle peers, oldest first */
	struct list requests;
	struct list unwatched;		/* requests that are suspended */
	struct list upgraded;		/* handles to be given back */
	size_t keyed;			/* requests that have a key */
};

/* One connection. */
struct peer {
	struct list node;		/* in waiting, or alone */
	struct http_server *server;
	int fd;				/* the daemon's */
	struct http_request *request;
};

struct added {
	char *name, *value;
};

struct query {
	struct query *next;
	char *name, *value;		/* value NULL: not there */
};

struct handle {
	struct list node;
	struct MHD_UpgradeResponseHandle *urh;
};

struct http_request {
	struct list node, unwatched;
	struct http_server *server;
	struct peer *peer;
	struct MHD_Connection *conn;
	char *method, *path;		/* path as it came */
	char *query;			/* behind the '?', or NULL */
	struct http_match match;
	struct query *queries;
	bool query_bad;
	struct buf body;
	uint64_t drained_bytes;
	bool begun, asked, refused_body;
	bool suspended, gone, answered, woken;
	struct source *watch;		/* of its socket, while suspended */
	struct added added[ADDED_MAX];
	size_t added_count;
	struct MHD_Response *response;	/* not given to the daemon yet */
	unsigned status;
	http_end_fn *end;
	void *end_arg;
	uint64_t key;			/* of its questions; 0: none yet */
	unsigned asks;			/* ... of this try */
	bool again, keyless;
	http_produce_fn *produce;
	http_upgraded_fn *upgraded;
	void *arg;			/* of those two */
};

/* --- the life of a request --- */

static void
drop_body(struct http_request *r)
{
	r->server->body_bytes -= r->body.len;
	buf_fini(&r->body);
}

static void
release(struct http_request *r)
{
	struct source *watch = r->watch;

	r->server->keyed -= r->key != 0;
	r->watch = NULL;
	if (watch)
		loop_release(watch);
	list_del(&r->unwatched);
	list_del(&r->node);
	if (r->peer)
		r->peer->request = NULL;
	if (r->end)
		r->end(r, r->end_arg);
	if (r->response)
		MHD_destroy_response(r->response);
	while (r->queries) {
		struct query *q = r->queries;
		r->queries = q->next;
		free(q->name);
		free(q->value);
		free(q);
	}
	for (size_t i = 0; i < r->added_count; i++) {
		free(r->added[i].name);
		free(r->added[i].value);
	}
	http_match_fini(&r->match);
	drop_body(r);
	free(r->method);
	free(r->path);
	free(r);
}

static void
turn(struct http_server *s)
{
	s->due = true;
	loop_again(s->loop);
}

static void
resume(struct http_request *r)
{
	if (!r->suspended)
		return;
	r->suspended = false;
	list_del(&r->unwatched);
	/* A stream is about to be suspended again. */
	if (r->watch && !r->produce) {
		loop_release(r->watch);
		r->watch = NULL;
	}
	MHD_resume_connection(r->conn);
	turn(r->server);
}

/* The daemon does not look at a connection that is suspended: whether its
 * client is still there is seen here. */
static void
on_peer(struct source *src, unsigned events, void *arg)
{
	struct http_request *r = arg;
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
	r->gone = true;
	resume(r);
}

static void
suspend(struct http_request *r)
{
	r->suspended = true;
	MHD_suspend_connection(r->conn);
	if (r->watch)
		return;
	list_add_tail(&r->server->unwatched, &r->unwatched);
	if (!timer_armed(r->server->look))
		timer_arm(r->server->look, clock_us() + LOOK_US);
}

/* Not at once: what is answered soon need not be watched for that. */
static void
on_look(struct timer *t, void *arg)
{
	struct http_server *s = arg;
	(void)t;

	list_each_safe(n, tmp, &s->unwatched) {
		struct http_request *r = container_of(n, struct http_request,
						      unwatched);
		list_del(n);
		r->watch = loop_add(s->loop, r->peer->fd, LOOP_IN,
				    "http peer", on_peer, r);
	}
}

/* --- what was asked --- */

const char *
http_method(const struct http_request *r)
{
	return r->method;
}

const char *
http_path(const struct http_request *r)
{
	return r->path;
}

const struct http_match *
http_matched(const struct http_request *r)
{
	return &r->match;
}

bool
http_body_is_refused(const struct http_request *r)
{
	return r->refused_body;
}

const char *
http_param(const struct http_request *r, const char *name)
{
	return http_match_param(&r->match, name);
}

const char *
http_query(struct http_request *r, const char *name)
{
	struct query *q = r->queries;

	while (q && strcmp(q->name, name) != 0)
		q = q->next;
	if (!q) {
		q = mem_alloc(sizeof *q);
		*q = (struct query){ r->queries, mem_str(name), NULL };
		r->queries = q;
		if (http_query_find(r->query, name, &q->value) < 0)
			r->query_bad = true;
	}
	return q->value;
}

bool
http_query_bad(const struct http_request *r)
{
	return r->query_bad;
}

const char *
http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *
http_body(const struct http_request *r, size_t *len)
{
	*len = r->body.len;
	return buf_str(&r->body);
}

uint64_t
http_key(struct http_request *r)
{
	enum { ASKS_MAX = 256 };	/* of one request: far less */

	r->keyless |= !r->key && r->server->keyed == HTTP_KEYED_MAX;
	if (r->keyless)
		return 0;
	if (!r->key) {
		r->server->keyed++;
		r->key = client_new_keys(ASKS_MAX);
	}
	return r->key + r->asks++;
}

bool
http_may_again(const struct http_request *r)
{
	unsigned flags = r->match.row->flags;

	return flags & HTTP_AGAIN || (flags & HTTP_ONCE && !r->keyless);
}

bool
http_is_again(const struct http_request *r)
{
	return r->again;
}

void
http_on_end(struct http_request *r, http_end_fn *fn, void *arg)
{
	r->end = fn;
	r->end_arg = arg;
}

/* --- the answer --- */

void
http_add_header(struct http_request *r, const char *name, const char *value)
{
	assert(r->added_count < ADDED_MAX);
	r->added[r->added_count++] =
		(struct added){ mem_str(name), mem_str(value) };
}

static void
answer(struct http_request *r, unsigned status, const char *type,
       struct MHD_Response *response)
{
	assert(!r->answered);
	r->answered = true;
	r->status = status;
	r->response = response;
	if (type)
		MHD_add_response_header(response, "content-type", type);
	for (size_t i = 0; i < r->added_count; i++)
		MHD_add_response_header(response, r->added[i].name,
					r->added[i].value);
	resume(r);
}

void
http_respond(struct http_request *r, unsigned status, const char *type,
	     struct buf *body)
{
	size_t len = body ? body->len : 0;
	char *data = body ? buf_take(body) : mem_str("");

	answer(r, status, type,
	       MHD_create_response_from_buffer(len, data,
					       MHD_RESPMEM_MUST_FREE));
}

static ssize_t
produce(void *cls, uint64_t pos, char *out, size_t cap)
{
	struct http_request *r = cls;
	(void)pos;

	if (r->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	r->woken = false;
	ssize_t n = r->produce(r, out, cap, r->arg);
	if (n < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == 0 && !r->woken)
		suspend(r);
	return n;
}

void
http_stream(struct http_request *r, unsigned status, const char *type,
	    http_produce_fn *fn, void *arg)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, produce, r, NULL);

	/* Else the library ends the chunks that a HEAD does not have. */
	if (strcmp(r->method, "HEAD") == 0)
		MHD_set_response_options(response,
					 MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
					 MHD_RO_END);
	r->produce = fn;
	r->arg = arg;
	answer(r, status, type, response);
	/* A client that takes nothing for a while is not gone. */
	MHD_set_connection_option(r->conn, MHD_CONNECTION_OPTION_TIMEOUT, 0);
}

void
http_stream_wake(struct http_request *r)
{
	r->woken = true;
	if (r->produce)
		resume(r);
}

static void
on_upgraded(void *cls, struct MHD_Connection *conn, void *con_cls,
	    const char *extra, size_t len, MHD_socket sock,
	    struct MHD_UpgradeResponseHandle *urh)
{
	struct http_request *r = cls;
	struct handle *h = mem_alloc(sizeof *h);
	int fd = sys_dup(sock), one = 1;
	(void)conn;
	(void)con_cls;

	/* The daemon closes its own descriptor when it gets the handle back,
	 * which it does not take from inside of this call. */
	h->urh = urh;
	list_add_tail(&r->server->upgraded, &h->node);
	turn(r->server);
	if (fd < 0)
		return;
	sys_set_nonblock(fd, true);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	r->upgraded(fd, extra, len, r->arg);
}

void
http_upgrade(struct http_request *r, const char *protocol,
	     http_upgraded_fn *fn, void *arg)
{
	r->upgraded = fn;
	r->arg = arg;
	http_add_header(r, "upgrade", protocol);
	answer(r, MHD_HTTP_SWITCHING_PROTOCOLS, NULL,
	       MHD_create_response_for_upgrade(on_upgraded, r));
}

/* Lets it pass, or answers why not. */
static void
ask(struct http_request *r)
{
	const struct http_conf *conf = r->server->conf;

	r->asked = true;
	list_del(&r->peer->node);
	http_gate(r, conf);
}

void
http_again(struct http_request *r)
{
	const struct http_conf *conf = r->server->conf;
	http_end_fn *end = r->end;

	r->end = NULL;
	r->asks = 0;
	r->again = true;
	if (end)
		end(r, r->end_arg);
	conf->dispatch(r, r->match.row, conf->arg);
}

/* --- the daemon's calls --- */

static struct peer *
peer_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(
		conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
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
	if (p->request)
		release(p->request);
	struct http_request *r = mem_alloc(sizeof *r);
	*r = (struct http_request){ .server = s, .peer = p, .conn = conn,
				    .path = mem_str(http_target(uri)) };
	buf_init(&r->body, HTTP_BODY_MAX);
	list_init(&r->unwatched);
	list_add_tail(&s->requests, &r->node);
	p->request = r;
	char *mark = strchr(r->path, '?');
	if (mark) {
		*mark = '\0';
		r->query = mark + 1;
	}
	return r;
}

static bool
is_hopeless(const struct http_request *r)
{
	const char *len = http_header(r, "content-length");

	return len && strtoull(len, NULL, 10) > DRAIN_MAX;
}

/* Nothing is kept of what is sent by those who may not send it. */
static void
begin(struct http_request *r, const char *method)
{
	const struct http_conf *conf = r->server->conf;

	r->begun = true;
	r->method = mem_str(method);
	http_match(conf->routes, conf->route_count, r->method, r->path,
		   &r->match);
	r->refused_body = !http_gate_is_open(r, conf) || is_hopeless(r);
}

/* A body that is too large is read to its end all the same: a client that is
 * cut off while it sends does not see the answer. */
static bool
take_body(struct http_request *r, const char *data, size_t len)
{
	struct http_server *s = r->server;

	r->drained_bytes += len;
	if (!r->refused_body && (s->body_bytes + len > HTTP_BODIES_MAX ||
				 buf_add(&r->body, data, len) < 0)) {
		r->refused_body = true;
		drop_body(r);
	} else if (!r->refused_body) {
		s->body_bytes += len;
	}
	return r->drained_bytes <= DRAIN_MAX;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *conn, const char *url,
	   const char *method, const char *version, const char *data,
	   size_t *len, void **req)
{
	struct http_request *r = *req;
	(void)cls;
	(void)url;
	(void)version;

	if (!r || r->gone)
		return MHD_NO;
	if (!r->begun) {
		begin(r, method);
		if (!is_hopeless(r))
			return MHD_YES;
	} else if (*len > 0) {
		bool taken = take_body(r, data, *len);
		*len = 0;
		return taken ? MHD_YES : MHD_NO;
	}
	if (!r->asked)
		ask(r);
	if (!r->response) {
		suspend(r);
		return MHD_YES;
	}
	enum MHD_Result rc = MHD_queue_response(conn, r->status, r->response);
	MHD_destroy_response(r->response);
	r->response = NULL;
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
	struct http_request *r = *req;
	(void)cls;
	(void)conn;
	(void)why;

	*req = NULL;
	if (!r)
		return;
	struct peer *p = r->peer;
	release(r);
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
	if (p->request) {
		p->request->peer = NULL;
		release(p->request);
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

	*s = (struct http_server){ .loop = l, .conf = conf,
				   .peers_max = most_peers() };
	list_init(&s->waiting);
	list_init(&s->requests);
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
	list_each_safe(n, tmp, &s->requests) {
		struct http_request *r = container_of(n, struct http_request,
						      node);
		r->gone = true;
		resume(r);
	}
	give_back(s);
	MHD_run(s->daemon);
	give_back(s);
	MHD_stop_daemon(s->daemon);
	free(s);
}
