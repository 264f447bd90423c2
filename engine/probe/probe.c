#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "answer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"

enum { HOST_MAX = 253, HEADERS_MAX = 4096 };

/* RFC 9110, 5.6.2: what a name of a header is made of. */
#define HEADER_LETTERS "!#$%&'*+-.^_`|~0123456789"                          \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

struct probe {
	struct loop *loop;
	probe_fn *fn;
	void *arg;
	struct source *source;
	struct timer *timer;	/* the deadline; at once to tell a failure */
	struct probe_target t;	/* host and path are copies */
	union address addr[2];	/* tried one after the other */
	socklen_t addr_len[2];
	unsigned count, idx;
	char where[80];		/* "127.0.0.1:8080", the one tried now */
	bool connected, failed;
	struct buf out, in;
	size_t sent;
	struct answer answer;
	uint64_t at_start_us;
	char text[160];		/* of the first failure */
};

/* --- addresses --- */

static bool
is_localhost(const char *host)
{
	static const char tail[] = ".localhost", letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-.";
	size_t len = host ? strlen(host) : 0, n = sizeof tail - 1;

	if (!host || strcasecmp(host, "localhost") == 0)
		return true;
	/* It goes into a header, so nothing but a name will do. */
	return len > n && len <= HOST_MAX && strspn(host, letters) == len &&
		strcasecmp(host + len - n, tail) == 0;
}

bool
probe_is_local(const char *host)
{
	return is_localhost(host) || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "::1") == 0 || strcmp(host, "0.0.0.0") == 0 ||
	       strcmp(host, "::") == 0;
}

static bool
add_v4(union address *a, socklen_t *len, const char *host, unsigned port)
{
	memset(a, 0, sizeof *a);
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons((uint16_t)port);
	*len = sizeof a->v4;
	return inet_pton(AF_INET, host, &a->v4.sin_addr) == 1;
}

/* With or without its brackets. */
static bool
add_v6(union address *a, socklen_t *len, const char *host, unsigned port)
{
	char bare[INET6_ADDRSTRLEN + 2];
	size_t n = strlen(host);

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n >= sizeof bare)
		return false;
	memcpy(bare, host, n);
	bare[n] = '\0';
	memset(a, 0, sizeof *a);
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons((uint16_t)port);
	*len = sizeof a->v6;
	return inet_pton(AF_INET6, bare, &a->v6.sin6_addr) == 1;
}

static bool
add_unix(union address *a, socklen_t *len, const char *path)
{
	size_t n = strlen(path);

	memset(a, 0, sizeof *a);
	a->un.sun_family = AF_UNIX;
	*len = sizeof a->un;
	if (n == 0 || n >= sizeof a->un.sun_path)
		return false;
	memcpy(a->un.sun_path, path, n);
	return true;
}

/* How many addresses the target has, 0 if it is none. */
static unsigned
resolve(const struct probe_target *t, union address a[2], socklen_t len[2])
{
	if (t->kind == PROBE_UNIX)
		return t->host && add_unix(&a[0], &len[0], t->host);
	if (is_localhost(t->host))
		return add_v4(&a[0], &len[0], "127.0.0.1", t->port) +
			add_v6(&a[1], &len[1], "::1", t->port);
	return add_v4(&a[0], &len[0], t->host, t->port) ||
		add_v6(&a[0], &len[0], t->host, t->port);
}

static void
name_address(struct probe *p)
{
	const union address *a = &p->addr[p->idx];
	char host[INET6_ADDRSTRLEN];

	if (a->any.sa_family == AF_UNIX)
		snprintf(p->where, sizeof p->where, "%.79s", a->un.sun_path);
	else if (a->any.sa_family == AF_INET)
		snprintf(p->where, sizeof p->where, "%s:%u",
			 inet_ntop(AF_INET, &a->v4.sin_addr, host,
				   sizeof host), p->t.port);
	else
		snprintf(p->where, sizeof p->where, "[%s]:%u",
			 inet_ntop(AF_INET6, &a->v6.sin6_addr, host,
				   sizeof host), p->t.port);
}

/* --- the end --- */

static void
release(struct probe *p)
{
	loop_drop(p->source);
	timer_drop(p->timer);
	free((char *)(uintptr_t)p->t.host);
	free((char *)(uintptr_t)p->t.path);
	buf_fini(&p->out);
	buf_fini(&p->in);
	free(p);
}

static void
done(struct probe *p, bool ok, const char *text)
{
	struct probe_result r = {
		.ok = ok,
		.for_us = clock_us() - p->at_start_us,
	};

	snprintf(r.text, sizeof r.text, "%s", text);
	if (p->answer.final)
		r.status = p->answer.status;
	if (p->answer.body_off && p->t.want_body) {
		char *body = p->in.data + p->answer.body_off;
		r.body_len = p->in.len - p->answer.body_off;
		if (p->answer.chunked)
			r.body_len = answer_dechunk(body, r.body_len);
		r.body_len = SBX_MIN(r.body_len, (size_t)PROBE_BODY_MAX);
		r.body = body;
	}
	/* Neither may call in again; the probe itself is gone after fn. */
	loop_drop(p->source);
	p->source = NULL;
	timer_stop(p->timer);
	p->fn(p, &r, p->arg);
	release(p);
}

static void
done_status(struct probe *p)
{
	int s = p->answer.status;
	int min = p->t.status_max ? (int)p->t.status_min : 200;
	int max = p->t.status_max ? (int)p->t.status_max : 399;
	char text[32];

	snprintf(text, sizeof text, "HTTP %d", s);
	done(p, s >= min && s <= max, text);
}

static const char *
errno_text(int code, char *out, size_t cap)
{
	snprintf(out, cap, "%s", strerror(code));
	/* "Connection refused": a phrase inside of our own ones. */
	if (out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'a' && out[1] <= 'z')
		out[0] = (char)(out[0] + ('a' - 'A'));
	return out;
}

/* --- one address after the other --- */

static void on_ready(struct source *s, unsigned events, void *arg);

/* The first failure is the one that is told: it is that of 127.0.0.1. */
static void
note_failure(struct probe *p, int code)
{
	char why[64];

	if (p->text[0])
		return;
	snprintf(p->text, sizeof p->text, "%s %s",
		 errno_text(code, why, sizeof why), p->where);
}

/* Begins a connection to address idx; true when it is under way. */
static bool
try_one(struct probe *p)
{
	const union address *a = &p->addr[p->idx];

	name_address(p);
	int fd = sys_socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0) {
		note_failure(p, -fd);
		return false;
	}
	int r = sys_connect(fd, &a->any, p->addr_len[p->idx]);
	/* A Unix socket whose queue is full has somebody who listens. */
	if (r < 0 && r != -EINPROGRESS && r != -EAGAIN) {
		note_failure(p, -r);
		sys_close(fd);
		return false;
	}
	p->source = loop_add(p->loop, fd, LOOP_OUT, "probe", on_ready, p);
	if (!p->source) {
		note_failure(p, errno);
		sys_close(fd);
		return false;
	}
	return true;
}

/* From the present address on; false when none is left. */
static bool
try_on(struct probe *p)
{
	for (; p->idx < p->count; p->idx++)
		if (try_one(p))
			return true;
	return false;
}

static void
fail_address(struct probe *p, int code)
{
	note_failure(p, code);
	loop_drop(p->source);
	p->source = NULL;
	p->idx++;
	if (!try_on(p))
		done(p, false, p->text);
}

/*
 * A connection to a free local port can meet itself: the kernel may pick the
 * very port that is asked for as the source, and the two ends are one.
 */
static bool
is_self(int fd)
{
	union address me, peer;
	socklen_t len = sizeof me;
	bool same;

	memset(&me, 0, sizeof me);
	memset(&peer, 0, sizeof peer);
	if (getsockname(fd, &me.any, &len) < 0)
		return false;
	len = sizeof peer;
	if (getpeername(fd, &peer.any, &len) < 0)
		return false;
	if (me.any.sa_family == AF_INET)
		same = me.v4.sin_port == peer.v4.sin_port &&
			me.v4.sin_addr.s_addr == peer.v4.sin_addr.s_addr;
	else
		same = me.any.sa_family == AF_INET6 &&
			me.v6.sin6_port == peer.v6.sin6_port &&
			memcmp(&me.v6.sin6_addr, &peer.v6.sin6_addr,
			       sizeof me.v6.sin6_addr) == 0;
	return same;
}

/* --- HTTP --- */

static void
fail_answer(struct probe *p, const char *what)
{
	char text[160];

	snprintf(text, sizeof text, "%s %s", what, p->where);
	done(p, false, text);
}

static void
send_request(struct probe *p)
{
	ssize_t n = sys_send(loop_fd(p->source), p->out.data + p->sent,
			     p->out.len - p->sent);
	if (n == -EAGAIN)
		return;
	if (n < 0) {
		char why[64];
		fail_answer(p, errno_text((int)-n, why, sizeof why));
		return;
	}
	p->sent += (size_t)n;
	if (p->sent == p->out.len)
		loop_want(p->source, LOOP_IN);
}

static void
read_answer(struct probe *p)
{
	char chunk[16 * 1024];
	struct answer *a = &p->answer;
	bool had_head = a->body_off > 0;
	char why[64];

	ssize_t n = sys_read(loop_fd(p->source), chunk, sizeof chunk);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		/* A body without a length ends like this. */
		if (had_head)
			done_status(p);
		else if (n == 0)
			fail_answer(p, "closed without an answer by");
		else
			fail_answer(p, errno_text((int)-n, why, sizeof why));
		return;
	}
	size_t room = p->in.max - p->in.len;
	buf_add(&p->in, chunk, SBX_MIN((size_t)n, room));
	enum answer_state st = had_head ? ANSWER_HEAD :
		answer_feed(a, p->in.data, p->in.len);
	if (st == ANSWER_BAD) {
		done(p, false, a->text);
		return;
	}
	bool enough = st == ANSWER_HEAD &&
		(answer_is_whole(a, p->in.data, p->in.len) ||
		 p->in.len - a->body_off >= PROBE_BODY_MAX);
	if (enough || (a->final && !p->t.want_body))
		done_status(p);
}

static void
build_request(struct probe *p)
{
	const struct probe_target *t = &p->t;
	bool bare6 = t->host && strchr(t->host, ':') && t->host[0] != '[';

	buf_init(&p->out, 16 * 1024);
	buf_init(&p->in, ANSWER_HEAD_MAX + PROBE_BODY_MAX + 16 * 1024);
	buf_addf(&p->out, "GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\n"
		 "User-Agent: sbx\r\nAccept: */*\r\nConnection: close\r\n"
		 "%s\r\n", t->path ? t->path : "/", bare6 ? "[" : "",
		 t->host ? t->host : "localhost", bare6 ? "]" : "", t->port,
		 t->headers ? t->headers : "");
}

static void
on_connected(struct probe *p)
{
	char text[100];

	if (p->t.kind != PROBE_HTTP) {
		snprintf(text, sizeof text, "listening on %s", p->where);
		done(p, true, text);
		return;
	}
	p->connected = true;
	send_request(p);
}

static void
on_ready(struct source *s, unsigned events, void *arg)
{
	struct probe *p = arg;
	int code = 0;
	socklen_t len = sizeof code;

	if (!p->connected) {
		if (getsockopt(loop_fd(s), SOL_SOCKET, SO_ERROR, &code,
			       &len) < 0)
			code = errno;
		if (!code && is_self(loop_fd(s)))
			code = ECONNREFUSED;
		if (code)
			fail_address(p, code);
		else
			on_connected(p);
	} else if (p->sent < p->out.len && (events & LOOP_OUT)) {
		send_request(p);
	} else {
		read_answer(p);
	}
}

static void
on_timer(struct timer *t, void *arg)
{
	struct probe *p = arg;
	char text[160];

	(void)t;
	if (p->failed) {
		done(p, false, p->text);
		return;
	}
	/* An endless body: what came of it is what there is. */
	if (p->answer.body_off) {
		done_status(p);
		return;
	}
	snprintf(text, sizeof text, "no %s within %u ms from %s",
		 p->connected ? "answer" : "connection", p->t.timeout_ms,
		 p->where);
	done(p, false, text);
}

/* --- what may be asked for --- */

static int
check_host(const struct probe_target *t, struct err *e)
{
	union address a[2];
	socklen_t len[2];

	if (resolve(t, a, len))
		return 0;
	if (t->kind == PROBE_UNIX)
		return err_set(e, ERR_USAGE,
			       "'%.100s' is no path of a socket",
			       t->host ? t->host : "");
	err_set(e, ERR_USAGE, "'%.100s' is neither an address nor localhost",
		t->host);
	err_hint(e, "names are not looked up; give the address, or let a "
		 "command ask: ready exec curl -fs http://%.100s/", t->host);
	return -1;
}

/* Lines of a request and nothing behind them: no line could end the head. */
static bool
are_headers(const char *text)
{
	if (strlen(text) > HEADERS_MAX)
		return false;
	while (*text) {
		size_t name = strspn(text, HEADER_LETTERS);
		size_t len = strcspn(text, "\r\n");
		if (name == 0 || text[name] != ':' ||
		    strncmp(text + len, "\r\n", 2) != 0)
			return false;
		for (size_t i = name; i < len; i++)
			if ((unsigned char)text[i] < ' ' && text[i] != '\t')
				return false;
		text += len + 2;
	}
	return true;
}

int
probe_check(const struct probe_target *t, struct err *e)
{
	if (check_host(t, e) < 0)
		return -1;
	if (t->kind != PROBE_UNIX && (t->port < 1 || t->port > 65535))
		return err_set(e, ERR_USAGE, "port %u is not in 1..65535",
			       t->port);
	if (t->kind != PROBE_HTTP)
		return 0;
	for (const char *c = t->path ? t->path : "/"; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(e, ERR_USAGE,
				       "a space or control in the path of an "
				       "http check");
	if (t->path && (t->path[0] != '/' || strlen(t->path) > 8192))
		return err_set(e, ERR_USAGE,
			       "'%.100s' is no path for an http check",
			       t->path);
	if (t->headers && !are_headers(t->headers))
		return err_set(e, ERR_USAGE, "not NAME:VALUE lines for the "
			       "headers of an http check");
	if (t->status_min > t->status_max || t->status_max > 599)
		return err_set(e, ERR_USAGE, "%u..%u is no range of statuses",
			       t->status_min, t->status_max);
	return 0;
}

struct probe *
probe_start(struct loop *l, const struct probe_target *t, probe_fn *fn,
	    void *arg, struct err *e)
{
	if (probe_check(t, e) < 0)
		return NULL;
	struct probe *p = mem_alloc(sizeof *p);
	p->loop = l;
	p->fn = fn;
	p->arg = arg;
	p->t = *t;
	p->t.host = mem_str(t->host);
	p->t.path = mem_str(t->path);
	if (!p->t.timeout_ms)
		p->t.timeout_ms = PROBE_TIMEOUT_MS;
	p->at_start_us = clock_us();
	p->count = resolve(t, p->addr, p->addr_len);
	build_request(p);
	p->t.headers = NULL;
	p->timer = loop_timer(l, on_timer, p);
	/* A failure at once is told by the loop too, never from here. */
	p->failed = !try_on(p);
	timer_arm(p->timer, p->failed ? p->at_start_us : p->at_start_us +
		  (uint64_t)p->t.timeout_ms * 1000);
	return p;
}

void
probe_cancel(struct probe *p)
{
	if (p)
		release(p);
}

int
probe_parse_url(const char *url, struct probe_target *t, char **store,
		struct err *e)
{
	static const char scheme[] = "http://";

	memset(t, 0, sizeof *t);
	*store = NULL;
	if (strncasecmp(url, "https://", 8) == 0) {
		err_set(e, ERR_USAGE, "https cannot be checked directly");
		err_hint(e, "let a command ask: ready exec curl -fsk %.100s",
			 url);
		return -1;
	}
	if (strncasecmp(url, scheme, sizeof scheme - 1) != 0)
		return err_set(e, ERR_USAGE,
			       "'%.100s' does not begin with http://", url);
	const char *host = url + sizeof scheme - 1;
	size_t host_len = strcspn(host, "/?#");
	const char *rest = host + host_len;
	const char *colon = NULL, *c = host;
	if (*c == '[')
		c += strcspn(c, "]");
	for (; c < rest; c++)
		if (*c == ':')
			colon = c;
	t->kind = PROBE_HTTP;
	t->port = 80;
	if (colon) {
		char *end;
		unsigned long port = strtoul(colon + 1, &end, 10);
		if (end != rest || end == colon + 1 || port > 65535 ||
		    colon[1] < '0' || colon[1] > '9')
			return err_set(e, ERR_USAGE,
				       "no port between '%.100s' and its path",
				       url);
		t->port = (unsigned)port;
		host_len = (size_t)(colon - host);
	}
	if (host_len == 0)
		return err_set(e, ERR_USAGE, "no host in '%.100s'", url);
	/* A fragment is the reader's own affair and never sent. */
	size_t path_len = strcspn(rest, "#");
	char *s = mem_alloc(host_len + path_len + 3);
	memcpy(s, host, host_len);
	char *path = s + host_len + 1;
	snprintf(path, path_len + 2, "%s%.*s", *rest == '/' ? "" : "/",
		 (int)path_len, rest);
	t->host = s;
	t->path = path;
	*store = s;
	if (probe_check(t, e) < 0) {
		free(s);
		*store = NULL;
		return -1;
	}
	return 0;
}
