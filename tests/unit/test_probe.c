#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/probe/answer.h"
#include "engine/probe/probe.h"

/* A server in the same loop, which behaves as badly as it is told. */
enum manner { REPLY, STAY, BYTEWISE, SILENT, RESET, ENDLESS };

struct server {
	struct loop *loop;
	struct source *listener;
	enum manner manner;
	const char *reply;
	size_t sent;		/* of reply, BYTEWISE */
	struct source *conn;
	unsigned port, accepted;
	char request[1024];
};

static void
hang_up(struct server *s)
{
	loop_drop(s->conn);
	s->conn = NULL;
}

static void
on_conn(struct source *src, unsigned events, void *arg)
{
	struct server *s = arg;
	int fd = loop_fd(src);
	static const char flood[] = "x: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

	if ((events & LOOP_IN) && !s->request[0]) {
		ssize_t n = read(fd, s->request, sizeof s->request - 1);
		if (n <= 0) {
			hang_up(s);
			return;
		}
		s->request[n] = '\0';
		loop_want(src, s->manner == SILENT ? 0 : LOOP_OUT);
		return;
	}
	if (s->manner == RESET) {
		struct linger now = { 1, 0 };
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		hang_up(s);
	} else if (s->manner == ENDLESS) {
		if (s->sent == 0)
			s->sent = (size_t)write(fd, s->reply,
						strlen(s->reply));
		if (write(fd, flood, sizeof flood - 1) < 0 && errno != EAGAIN)
			hang_up(s);
	} else if (s->manner == BYTEWISE && s->sent < strlen(s->reply)) {
		if (write(fd, s->reply + s->sent++, 1) < 0)
			hang_up(s);
	} else if (s->manner == BYTEWISE) {
		hang_up(s);
	} else {
		ssize_t n = write(fd, s->reply, strlen(s->reply));
		if (n < 0 || s->manner == REPLY)
			hang_up(s);
		else
			loop_want(src, 0);
	}
}

static void
on_accept(struct source *src, unsigned events, void *arg)
{
	struct server *s = arg;
	(void)events;
	int fd = accept4(loop_fd(src), NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	s->accepted++;
	s->conn = loop_add(s->loop, fd, LOOP_IN, "conn", on_conn, s);
}

static bool
serve(struct server *s, struct loop *l, int family, enum manner m,
      const char *reply)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t len = sizeof a;

	/* Of the server's own writes; the probe has to do without. */
	signal(SIGPIPE, SIG_IGN);
	memset(s, 0, sizeof *s);
	memset(&a, 0, sizeof a);
	s->loop = l;
	s->manner = m;
	s->reply = reply;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	a.any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a.v6.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, &a.any, family == AF_INET ? sizeof a.v4 :
			   sizeof a.v6) < 0 || listen(fd, 4) < 0) {
		close(fd);
		return false;
	}
	getsockname(fd, &a.any, &len);
	s->port = ntohs(a.v4.sin_port);
	s->listener = loop_add(l, fd, LOOP_IN, "listener", on_accept, s);
	return true;
}

struct outcome {
	bool called, ok;
	int status;
	char text[200], body[PROBE_BODY_MAX + 1];
	size_t body_len;
};

static void
on_result(struct probe *p, const struct probe_result *r, void *arg)
{
	struct outcome *o = arg;
	(void)p;
	o->called = true;
	o->ok = r->ok;
	o->status = r->status;
	snprintf(o->text, sizeof o->text, "%s", r->text);
	o->body_len = r->body_len;
	if (r->body)
		memcpy(o->body, r->body, r->body_len);
	o->body[r->body_len] = '\0';
}

static bool
run(struct loop *l, const struct probe_target *t, struct outcome *o)
{
	uint64_t limit = clock_us() + 20000000;

	memset(o, 0, sizeof *o);
	if (!probe_start(l, t, on_result, o, NULL))
		return false;
	if (o->called)
		return false;
	while (!o->called && clock_us() < limit)
		loop_turn(l, 10000);
	return o->called;
}

TEST(tcp)
{
	struct loop *l = loop_new();
	struct server s;
	static struct outcome o;
	char want[100];
	OK(serve(&s, l, AF_INET, SILENT, ""));
	struct probe_target t = { .kind = PROBE_TCP, .port = s.port };
	OK(run(l, &t, &o));
	OK(o.ok);
	snprintf(want, sizeof want, "listening on 127.0.0.1:%u", s.port);
	EQ_STR(o.text, want);
	loop_drop(s.listener);
	OK(run(l, &t, &o));
	OK(!o.ok);
	snprintf(want, sizeof want, "connection refused 127.0.0.1:%u", s.port);
	EQ_STR(o.text, want);
	loop_free(l);
}

TEST(ipv6_only)
{
	struct loop *l = loop_new();
	struct server s;
	static struct outcome o;
	if (!serve(&s, l, AF_INET6, SILENT, "")) {
		loop_free(l);
		SKIP_TEST("no IPv6 here");
	}
	static const char *const hosts[] = { NULL, "localhost", "::1", "[::1]",
					     "app.localhost" };
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct probe_target t = { .kind = PROBE_TCP, .port = s.port,
					  .host = hosts[i] };
		OK(run(l, &t, &o));
		OK(o.ok);
		OK(strstr(o.text, "listening on [::1]:"));
	}
	loop_free(l);
}

TEST(unix_socket)
{
	struct loop *l = loop_new();
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	static struct outcome o;
	snprintf(a.sun_path, sizeof a.sun_path, "/tmp/sbx-probe-%d",
		 (int)getpid());
	struct probe_target t = { .kind = PROBE_UNIX, .host = a.sun_path };
	OK(run(l, &t, &o));
	OK(!o.ok);
	OK(strstr(o.text, "no such file"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	OK(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
	OK(listen(fd, 1) == 0);
	OK(run(l, &t, &o));
	OK(o.ok);
	close(fd);
	OK(run(l, &t, &o));
	OK(!o.ok);
	unlink(a.sun_path);
	loop_free(l);
}

TEST(http_statuses)
{
	static const struct {
		const char *reply;
		unsigned min, max;
		bool ok;
		int status;
		const char *text;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nhi", 0, 0, true, 200, "HTTP 200" },
		{ "HTTP/1.0 204\r\n\r\n", 0, 0, true, 204, "HTTP 204" },
		{ "HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", 0, 0, true, 302,
		  "HTTP 302" },
		{ "HTTP/1.1 302 Found\r\nLocation: file:///etc\r\n\r\n", 200,
		  299, false, 302, "HTTP 302" },
		{ "HTTP/1.1 503 Busy\r\n\r\n", 0, 0, false, 503, "HTTP 503" },
		{ "HTTP/1.1 401 No\r\n\r\n", 401, 401, true, 401, "HTTP 401" },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, 0,
		  true, 200, "HTTP 200" },
		{ "HTTP/1.1 200 OK\n\n", 0, 0, true, 200, "HTTP 200" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", 0, 0, false, 0,
		  "not HTTP: SSH-2.0-OpenSSH_9.2" },
		{ "\x1b]52;c;AAAA\a\r\n", 0, 0, false, 0,
		  "not HTTP: ?]52;c;AAAA?" },
		{ "<html>hi</html>", 0, 0, false, 0,
		  "not HTTP: <html>hi</html>" },
		{ "HTTP/1.1 99 Low\r\n\r\n", 0, 0, false, 0,
		  "not HTTP: HTTP/1.1 99 Low" },
		{ "HTTP/2 200\r\n\r\n", 0, 0, false, 0,
		  "not HTTP: HTTP/2 200" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int slow = 0; slow < 2; slow++) {
			/* Garbage is told as far as it has come. */
			if (slow && !rows[i].status)
				continue;
			struct loop *l = loop_new();
			struct server s;
			static struct outcome o;
			OK(serve(&s, l, AF_INET, slow ? BYTEWISE : REPLY,
				 rows[i].reply));
			struct probe_target t = {
				.kind = PROBE_HTTP, .port = s.port,
				.path = "/health?x=1",
				.headers = "X-Key: a b\r\nY:\r\n",
				.status_min = rows[i].min,
				.status_max = rows[i].max,
				.timeout_ms = 10000,
			};
			OK(run(l, &t, &o));
			EQ_STR(o.text, rows[i].text);
			EQ_INT(o.ok, rows[i].ok);
			EQ_INT(o.status, rows[i].status);
			OK(strncmp(s.request, "GET /health?x=1 HTTP/1.1\r\n"
				   "Host: localhost:", 42) == 0);
			OK(strstr(s.request,
				  "\r\nX-Key: a b\r\nY:\r\n\r\n") != NULL);
			EQ_INT(s.accepted, 1);
			loop_free(l);
		}
}

TEST(bad_servers_end_in_time)
{
	static const struct {
		enum manner manner;
		const char *reply, *text;
		bool ok;
	} rows[] = {
		{ SILENT, "", "no answer within 100 ms", false },
		{ RESET, "", "connection reset by peer", false },
		{ REPLY, "", "closed without an answer", false },
		{ REPLY, "HTTP/1.1 2", "closed without an answer", false },
		{ STAY, "HTTP/1.1 2", "no answer within", false },
		{ ENDLESS, "HTTP/1.1 200 OK\r\n", "HTTP 200", true },
		{ ENDLESS, "HTTP/1.1 100 Wait\r\n", "headers of more than",
		  false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loop *l = loop_new();
		struct server s;
		static struct outcome o;
		OK(serve(&s, l, AF_INET, rows[i].manner, rows[i].reply));
		struct probe_target t = { .kind = PROBE_HTTP, .port = s.port,
					  .host = "127.0.0.1",
					  .timeout_ms = 100 };
		if (rows[i].manner == ENDLESS)
			t.timeout_ms = 10000;
		OK(run(l, &t, &o));
		if (!strstr(o.text, rows[i].text))
			TEST_FAIL("row %zu: %s", i, o.text);
		EQ_INT(o.ok, rows[i].ok);
		loop_free(l);
	}
}

TEST(bodies)
{
	static const struct {
		enum manner manner;
		const char *reply, *body;
	} rows[] = {
		{ REPLY, "HTTP/1.1 200 OK\r\n\r\nall of it", "all of it" },
		{ STAY, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour",
		  "four" },
		{ STAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "4\r\nfour\r\n6;x=y\r\n and 6\r\n0\r\n\r\n", "four and 6" },
		{ STAY, "HTTP/1.1 204 No\r\n\r\n", "" },
		{ REPLY, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut",
		  "cut" },
		/* What has come when the time is over. */
		{ STAY, "HTTP/1.1 200 OK\r\n\r\ndata: tick\n\n",
		  "data: tick\n\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loop *l = loop_new();
		struct server s;
		static struct outcome o;
		OK(serve(&s, l, AF_INET, rows[i].manner, rows[i].reply));
		struct probe_target t = { .kind = PROBE_HTTP, .port = s.port,
					  .want_body = true,
					  .timeout_ms = i == 5 ? 100 : 10000 };
		OK(run(l, &t, &o));
		OK(o.ok);
		EQ_STR(o.body, rows[i].body);
		loop_free(l);
	}
}

TEST(an_endless_body_is_cut)
{
	struct loop *l = loop_new();
	struct server s;
	static struct outcome o;
	OK(serve(&s, l, AF_INET, ENDLESS, "HTTP/1.1 200 OK\r\n\r\n"));
	struct probe_target t = { .kind = PROBE_HTTP, .port = s.port,
				  .want_body = true, .timeout_ms = 10000 };
	OK(run(l, &t, &o));
	OK(o.ok);
	EQ_INT(o.body_len, PROBE_BODY_MAX);
	loop_free(l);
}

/* A queue that is full drops the request to connect, as a filter would. */
TEST(filtered)
{
	struct loop *l = loop_new();
	static struct outcome o;
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fill[8];
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	OK(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
	OK(listen(fd, 0) == 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
	}
	struct probe_target t = { .kind = PROBE_TCP, .timeout_ms = 100,
				  .port = ntohs(a.sin_port) };
	OK(run(l, &t, &o));
	OK(!o.ok);
	OK(strstr(o.text, "no connection within 100 ms from 127.0.0.1:"));
	for (size_t i = 0; i < ARRAY_LEN(fill); i++)
		close(fill[i]);
	close(fd);
	loop_free(l);
}

TEST(cancel_at_any_time)
{
	struct loop *l = loop_new();
	struct server s;
	static struct outcome o;
	OK(serve(&s, l, AF_INET, BYTEWISE, "HTTP/1.1 200 OK\r\n\r\nbody"));
	struct probe_target t = { .kind = PROBE_HTTP, .port = s.port,
				  .want_body = true, .timeout_ms = 10000 };
	for (int turns = 0; turns < 25; turns++) {
		s.request[0] = '\0';
		s.sent = 0;
		memset(&o, 0, sizeof o);
		struct probe *p = probe_start(l, &t, on_result, &o, NULL);
		for (int i = 0; i < turns && !o.called; i++)
			loop_turn(l, 1000);
		if (!o.called)
			probe_cancel(p);
		for (int i = 0; i < 5; i++)
			loop_turn(l, 0);
		if (s.conn)
			hang_up(&s);
	}
	probe_cancel(NULL);
	loop_free(l);
}

static int
meet_oneself(void)
{
	struct ifreq lo = { .ifr_flags = IFF_UP };
	static struct outcome o;
	if (unshare(CLONE_NEWNET) < 0)
		return 77;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(lo.ifr_name, sizeof lo.ifr_name, "lo");
	int f = open("/proc/sys/net/ipv4/ip_local_port_range",
		     O_WRONLY | O_CLOEXEC);
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo) < 0 || f < 0 ||
	    write(f, "20000 20001", 11) != 11)
		return 77;
	/* With two ports to choose from, half of the tries meet themselves. */
	struct loop *l = loop_new();
	for (unsigned i = 0; i < 200; i++) {
		struct probe_target t = { .kind = PROBE_TCP,
					  .port = 20000 + i % 2 };
		if (!run(l, &t, &o) || o.ok)
			return 1;
	}
	loop_free(l);
	return 0;
}

TEST(a_connection_that_meets_itself_is_refused)
{
	int status = 0;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(meet_oneself());
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77)
		SKIP_TEST("no network namespace here");
	EQ_INT(status, 0);
}

TEST(targets_are_checked)
{
	static const struct {
		struct probe_target t;
		const char *text;
	} rows[] = {
		{ { .kind = PROBE_TCP, .port = 0 }, "port 0 is not in" },
		{ { .kind = PROBE_TCP, .port = 65536 }, "port 65536 is not" },
		{ { .kind = PROBE_TCP, .port = 1, .host = "db.example" },
		  "neither an address nor localhost" },
		{ { .kind = PROBE_TCP, .port = 1, .host = "1.2.3" },
		  "neither an address" },
		{ { .kind = PROBE_TCP, .port = 1, .host = "[::1" },
		  "neither an address" },
		{ { .kind = PROBE_TCP, .port = 1, .host = "a\r\nX.localhost" },
		  "neither an address" },
		{ { .kind = PROBE_HTTP, .port = 1, .path = "/a b" },
		  "a space or control" },
		{ { .kind = PROBE_HTTP, .port = 1, .path = "/a\r\nX: y" },
		  "a space or control" },
		{ { .kind = PROBE_HTTP, .port = 1, .path = "x" }, "no path" },
		{ { .kind = PROBE_HTTP, .port = 1, .status_min = 300,
		    .status_max = 200 }, "no range" },
		{ { .kind = PROBE_HTTP, .port = 1, .headers = "A: b" },
		  "NAME:VALUE" },
		{ { .kind = PROBE_HTTP, .port = 1,
		    .headers = "A: b\r\n\r\nGET" }, "NAME:VALUE" },
		{ { .kind = PROBE_HTTP, .port = 1, .headers = "A b: c\r\n" },
		  "NAME:VALUE" },
		{ { .kind = PROBE_UNIX, .host = "" }, "no path of a socket" },
	};
	struct loop *l = loop_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = ERR_INIT;
		EQ_INT(probe_check(&rows[i].t, &e), -1);
		if (!strstr(e.text, rows[i].text))
			TEST_FAIL("row %zu: %s", i, e.text);
		OK(!probe_start(l, &rows[i].t, on_result, NULL, NULL));
	}
	loop_free(l);
}

TEST(urls)
{
	static const struct {
		const char *url, *host, *path;
		unsigned port;
	} rows[] = {
		{ "http://localhost", "localhost", "/", 80 },
		{ "http://localhost:8080/", "localhost", "/", 8080 },
		{ "HTTP://127.0.0.1:1/a/b?c=d#e", "127.0.0.1", "/a/b?c=d", 1 },
		{ "http://[::1]:99?x", "[::1]", "/?x", 99 },
		{ "http://[::1]/x", "[::1]", "/x", 80 },
		{ "https://localhost/", NULL, NULL, 0 },
		{ "ftp://localhost/", NULL, NULL, 0 },
		{ "http://", NULL, NULL, 0 },
		{ "http://:80/", NULL, NULL, 0 },
		{ "http://localhost:/", NULL, NULL, 0 },
		{ "http://localhost:0/", NULL, NULL, 0 },
		{ "http://localhost:99999/", NULL, NULL, 0 },
		{ "http://localhost:-1/", NULL, NULL, 0 },
		{ "http://localhost:8x/", NULL, NULL, 0 },
		{ "http://user@localhost/", NULL, NULL, 0 },
		{ "http://example.org/", NULL, NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct probe_target t;
		struct err e = ERR_INIT;
		char *store;
		int r = probe_parse_url(rows[i].url, &t, &store, &e);
		if (!rows[i].host) {
			if (r == 0 || store || !e.text[0])
				TEST_FAIL("%s is taken", rows[i].url);
			continue;
		}
		if (r < 0)
			TEST_FAIL("%s: %s", rows[i].url, e.text);
		EQ_STR(t.host, rows[i].host);
		EQ_STR(t.path, rows[i].path);
		EQ_INT(t.port, rows[i].port);
		free(store);
	}
}

/* However an answer is cut into pieces, it is the same answer. */
TEST(answers_do_not_depend_on_the_pieces)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 103 Hint\r\nX: y\r\n\r\nHTTP/1.1 404 No\r\n\r\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n0\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"garbage\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		size_t len = strlen(answers[i]);
		struct answer whole = { 0 };
		enum answer_state want = answer_feed(&whole, answers[i], len);
		for (size_t step = 1; step < len; step++) {
			struct answer a = { 0 };
			enum answer_state st = ANSWER_MORE;
			for (size_t n = step; n < len + step; n += step) {
				st = answer_feed(&a, answers[i],
						 SBX_MIN(n, len));
				if (st == ANSWER_BAD || st == ANSWER_HEAD)
					break;
			}
			EQ_INT(st, want);
			EQ_INT(a.status, whole.status);
			EQ_INT(a.body_off, whole.body_off);
			EQ_INT(a.has_length, whole.has_length);
			EQ_INT(a.chunked, whole.chunked);
		}
	}
}

TEST(broken_chunks)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" }, { "5", "" }, { "5\r\n", "" }, { "5\r\nab", "ab" },
		{ "2\r\nabc", "ab" }, { "x\r\nab", "" },
		{ "ffffffffffffffffffffffff\r\nab", "ab" },
		{ "1\r\na\r\n1\r\nb\r\n", "ab" }, { "0\r\n\r\nab", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[100];
		snprintf(text, sizeof text, "%s", rows[i].in);
		size_t n = answer_dechunk(text, strlen(rows[i].in));
		EQ_MEM(text, n, rows[i].out, strlen(rows[i].out));
	}
}

TEST_MAIN()
