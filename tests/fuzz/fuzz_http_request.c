/*
 * Requests.  Even inputs go to the pure parts (paths, queries, hosts, tokens),
 * odd ones as bytes to a server in this process, whose handler takes body and
 * query apart in every way that there is.  Whatever came, the next request of
 * somebody else is answered.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/base/strv.h"
#include "engine/base/sys.h"
#include "engine/http/http_json.h"
#include "engine/http/http_request.h"
#include "engine/http/http_route.h"
#include "engine/http/http_server.h"
#include "must.h"

enum { QUIET_TURNS = 20, ANSWER_MAX = 1 << 20 };

static struct loop *loop;
static struct http_server *server;
static struct sockaddr_un addr;
static unsigned answers;

static void
op_fine(struct http_request *r, void *arg)
{
	struct buf b = BUF_INIT(64);
	(void)arg;

	buf_adds(&b, "fine");
	http_respond(r, 200, "text/plain", &b);
	buf_fini(&b);
}

/* What it takes is given back, so that it has to be what it says it is. */
static void
op_all(struct http_request *r, void *arg)
{
	const char *text = NULL;
	char **words = NULL, **env = NULL;
	bool flag = false, given = false;
	uint64_t number = 0, other = 0;
	json_t *any = NULL, *body;
	const struct http_field fields[] = {
		{ .name = "text", .type = HTTP_F_STRING, .out = &text },
		{ .name = "words", .type = HTTP_F_STRINGS, .out = &words },
		{ .name = "env", .type = HTTP_F_ENV, .out = &env },
		{ .name = "flag", .type = HTTP_F_BOOL, .out = &flag },
		{ .name = "number", .type = HTTP_F_UINT, .out = &number,
		  .max = 1000, .given = &given },
		{ .name = "any", .type = HTTP_F_ANY, .out = &any },
	};
	(void)arg;

	answers++;
	must(http_param(r, "id") != NULL);
	(void)http_header(r, "last-event-id");
	if (http_query_uint(r, "n", 10, &other, NULL) < 0 ||
	    http_query_bool(r, "f", &flag) < 0)
		return;
	must(other <= 10);
	body = http_json_body(r);
	if (!body)
		return;
	if (http_json_take(r, body, fields, ARRAY_LEN(fields)) == 0) {
		must(number <= 1000);
		for (size_t i = 0; words && words[i]; i++)
			must(strlen(words[i]) < HTTP_BODY_MAX);
		for (size_t i = 0; env && env[i]; i++)
			must(env[i][0] == '-' || strchr(env[i], '='));
		http_problem(r, HTTP_E_INVALID, "%s", text ? text : "none");
	}
	free(words);
	strv_free(env);
	json_decref(body);
}

static const struct http_route routes[] = {
	{ "GET", "/fine", op_fine, 0, "" },
	{ "GET", "/all/{id}", op_all, 0, "" },
	{ "POST", "/all/{id}", op_all, HTTP_JSON, "" },
	{ "PATCH", "/all/{id}/{more}", op_all, HTTP_JSON, "" },
	{ "DELETE", "/all/{id}/x", op_all, 0, "" },
	{ "GET", "/all/{id}/ws", op_all, HTTP_SOCKET, "" },
};

static void
dispatch(struct http_request *r, const struct http_route *row, void *arg)
{
	row->fn(r, arg);
}

static void
start(void)
{
	static const struct http_conf conf = {
		.routes = routes, .route_count = ARRAY_LEN(routes),
		.dispatch = dispatch,
		.name = "named.example",
	};
	struct err *e = NULL;
	int fd = sys_socket(AF_UNIX, SOCK_STREAM);

	loop = loop_new();
	addr.sun_family = AF_UNIX;
	/* A name that is no file: nothing is left behind. */
	snprintf(addr.sun_path + 1, sizeof addr.sun_path - 1,
		 "sbx-fuzz-%d", (int)getpid());
	must(bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0);
	must(listen(fd, 16) == 0 && sys_set_nonblock(fd, true) == 0);
	server = http_server_new(loop, fd, &conf, e);
	must(server != NULL);
}

/*
 * Sends it, and turns until the server has closed, or says nothing more: half
 * a request is waited for.
 */
static void
talk(const char *data, size_t len, struct buf *said)
{
	int fd = sys_socket(AF_UNIX, SOCK_STREAM);
	size_t sent = 0;
	int quiet = 0;

	must(connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0);
	must(sys_set_nonblock(fd, true) == 0);
	while (quiet++ < QUIET_TURNS) {
		char more[4096];
		ssize_t n = sent < len ? send(fd, data + sent, len - sent,
					      MSG_NOSIGNAL) : 0;
		if (n > 0) {
			sent += (size_t)n;
			quiet = 0;
		}
		loop_turn(loop, 0);
		n = sys_read(fd, more, sizeof more);
		if (n == 0 || (n < 0 && n != -EAGAIN))
			break;
		if (n > 0) {
			(void)buf_add(said, more, (size_t)n);
			quiet = 0;
		}
	}
	sys_close(fd);
	loop_turn(loop, 0);
}

static void
ask(const char *data, size_t len)
{
	static const char good[] = "GET /fine HTTP/1.1\r\nHost: localhost\r\n"
				   "Connection: close\r\n\r\n";
	struct buf said = BUF_INIT(ANSWER_MAX);

	if (!server)
		start();
	talk(data, len, &said);
	must(said.len == 0 || memcmp(said.data, "HTTP/1.", 7) == 0);
	buf_clear(&said);
	talk(good, sizeof good - 1, &said);
	must(said.len > 12 && memcmp(said.data, "HTTP/1.1 200", 12) == 0);
	buf_fini(&said);
}

/* --- the pure parts --- */

static void
take_path(const char *method, const char *path)
{
	struct http_match m;

	http_match(routes, ARRAY_LEN(routes), method, path, &m);
	if (m.row) {
		must(m.allow[0] != '\0');
		must(http_match_param(&m, "id") || !strchr(m.row->path, '{'));
	}
	must(strlen(m.allow) < HTTP_ALLOW_MAX);
	http_match_fini(&m);
}

static void
take_text(const char *text)
{
	static char page[] = "https://a.example";
	static char *const allowed[] = { page, NULL };
	char *decoded = http_decode(text, strlen(text)), *value = NULL;
	const char *token = http_bearer(text);

	must(!decoded || strlen(decoded) <= strlen(text));
	free(decoded);
	if (http_query_find(text, "n", &value) == 1)
		must(strlen(value) <= strlen(text));
	free(value);
	must(!token || (token >= text && token <= text + strlen(text)));
	must(http_token_is(text, "secret") == !strcmp(text, "secret"));
	(void)http_host_is_local(text, "named.example");
	must(!http_host_is_local("evil.example", text) ||
	     !strcasecmp(text, "evil.example"));
	(void)http_origin_is_ours(text, "localhost:1", allowed);
	must(!http_origin_is_ours("http://evil.example", "localhost:1",
				  allowed));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "GET", "POST", "PATCH",
					       "DELETE", "HEAD", "PUT" };
	if (size < 2)
		return 0;
	char *text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] & 1) {
		ask(text, size - 1);
	} else {
		take_path(methods[data[0] / 2 % ARRAY_LEN(methods)], text);
		take_text(text);
	}
	free(text);
	return 0;
}
