#include "engine/client/client.h"

#include <errno.h>
#include <sys/socket.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/base/sys.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

/* The other end: greets and does with each frame what the test says. */
struct engine {
	struct loop *loop;
	struct conn *conn;
	struct client *client;
	uint32_t version, records;
	unsigned frames, others;
	bool leave_on_request, refuse, bye;
	struct conn_frame last;
	char last_data[4096];
	bool closed;
	struct err why;
};

static void
greet(struct engine *e)
{
	struct buf b = BUF_INIT(4096);
	struct proto_hello h = {
		.magic = PROTO_MAGIC, .version = e->version,
		.release = "9.9", .engine_pid = 7, .set_name = "shop",
		.set_dir = "/srv", .rc_path = "/srv/sbxrc",
		.state_dir = "/state", .loaded_at_ms = 1,
		.records = e->records,
	};
	proto_put_hello(&b, &h);
	conn_send(e->conn, PROTO_HELLO, 0, b.data, b.len, NULL, 0);
	buf_fini(&b);
}

static void
reply(struct engine *e, uint32_t id)
{
	static const uint32_t ids[] = { 3, 4 };
	struct buf b = BUF_INIT(4096);
	struct proto_reply r = { .text = "done", .ids = ids, .id_count = 2 };

	if (e->refuse)
		r = (struct proto_reply){ .code = ERR_NO_PROCESS,
					  .text = "no process 'x'",
					  .hint = "look" };
	proto_put_reply(&b, &r);
	conn_send(e->conn, PROTO_REPLY, id, b.data, b.len, NULL, 0);
	buf_fini(&b);
}

static void
on_frame(struct conn *conn, const struct conn_frame *f, void *arg)
{
	struct engine *e = arg;
	(void)conn;

	e->frames++;
	e->last = *f;
	memcpy(e->last_data, f->data, f->len < sizeof e->last_data ?
	       f->len : sizeof e->last_data);
	if (f->type == PROTO_HELLO)
		greet(e);
	else if (e->leave_on_request)
		conn_finish(e->conn);
	else if (f->id)
		reply(e, f->id);
	if (f->type == PROTO_SUBSCRIBE)
		conn_send(e->conn, PROTO_SYNC, 0, NULL, 0, NULL, 0);
}

static void
on_conn_closed(struct conn *conn, const char *why, void *arg)
{
	struct engine *e = arg;
	(void)conn;
	(void)why;
	e->conn = NULL;
}

static void
on_other(struct client *c, const struct conn_frame *f, void *arg)
{
	struct engine *e = arg;
	(void)c;
	(void)f;
	e->others++;
}

static void
on_closed(struct client *c, const struct err *why, void *arg)
{
	struct engine *e = arg;
	(void)c;
	e->closed = true;
	e->why = *why;
}

static void
begin(struct engine *e)
{
	static const struct client_hooks hooks = { .on_frame = on_other,
						   .on_closed = on_closed };
	int fds[2];

	*e = (struct engine){ .version = PROTO_VERSION,
			      .loop = loop_new() };
	sys_socketpair(SOCK_STREAM, fds);
	e->conn = conn_new(e->loop, fds[0], on_frame, on_conn_closed, e);
	e->client = client_new_fd(e->loop, fds[1], &hooks, e, NULL);
}

static void
end(struct engine *e)
{
	client_free(e->client);
	conn_free(e->conn);
	loop_free(e->loop);
}

TEST(greeting)
{
	struct engine e;
	struct err err = ERR_INIT;

	begin(&e);
	OK(!client_hello(e.client));
	EQ_INT(client_wait_hello(e.client, &err), 0);
	EQ_STR(client_hello(e.client)->release, "9.9");
	EQ_STR(client_hello(e.client)->rc_path, "/srv/sbxrc");
	EQ_INT(client_hello(e.client)->engine_pid, 7);
	end(&e);
}

TEST(another_version_is_named)
{
	struct engine e;
	struct err err = ERR_INIT;

	begin(&e);
	e.version = PROTO_VERSION + 1;
	EQ_INT(client_wait_hello(e.client, &err), -1);
	EQ_INT(err.code, ERR_OTHER);
	OK(strstr(err.text, "9.9"));
	OK(strstr(err.text, SBX_VERSION));
	OK(e.closed);
	OK(client_closed(e.client));
	OK(strstr(err.hint, "take over if it can"));
	end(&e);
}

TEST(what_to_do_about_another_version)
{
	for (int same = 0; same < 2; same++) {
		struct engine e;
		struct err err = ERR_INIT;
		begin(&e);
		e.version = PROTO_VERSION + 1;
		e.records = REGISTRY_VERSION + !same;
		EQ_INT(client_wait_hello(e.client, &err), -1);
		if (same)
			EQ_STR(err.hint, "'sbx up' has this one take over, "
					 "'sbx down' ends it");
		else
			EQ_STR(err.hint, "this one cannot read its records: "
					 "'sbx down' ends it, then 'sbx up' "
					 "starts this one");
		end(&e);
	}
}

TEST(calls)
{
	struct engine e;
	struct err err = ERR_INIT;
	char *names[] = { "x", NULL };
	struct proto_request q = { .verb = PROTO_V_STOP, .names = names };
	struct client_result r;

	begin(&e);
	EQ_INT(client_call(e.client, &q, &r, &err), 0);
	EQ_STR(r.text, "done");
	EQ_INT(r.id_count, 2);
	EQ_INT(r.ids[1], 4);
	client_result_fini(&r);
	e.refuse = true;
	EQ_INT(client_call(e.client, &q, &r, &err), -1);
	EQ_INT(err.code, ERR_NO_PROCESS);
	EQ_STR(err.text, "no process 'x'");
	EQ_STR(err.hint, "look");
	end(&e);
}

TEST(an_engine_that_leaves_answers_everybody)
{
	struct engine e;
	struct err err = ERR_INIT;
	struct proto_request q = { .verb = PROTO_V_CLEAN };
	struct buf b = BUF_INIT(64);

	begin(&e);
	e.leave_on_request = true;
	EQ_INT(client_call(e.client, &q, NULL, &err), -1);
	EQ_INT(err.code, ERR_NO_ENGINE);
	EQ_STR(err.text, "the engine has left");
	OK(e.closed);
	EQ_INT(client_ask(e.client, PROTO_JOURNAL_OPEN, &b, NULL, NULL),
	       -EPIPE);
	EQ_INT(client_subscribe(e.client, 1), -EPIPE);
	end(&e);
}

TEST(frames_that_answer_nobody_are_handed_on)
{
	struct engine e;
	struct err err = ERR_INIT;
	bool never = false;

	begin(&e);
	EQ_INT(client_wait_hello(e.client, &err), 0);
	client_subscribe(e.client, PROTO_SUB_ROWS);
	while (e.others == 0)
		EQ_INT(loop_turn(e.loop, 1000000), 0);
	EQ_INT(client_wait(e.client, &never, clock_ms() + 5, &err), -1);
	EQ_INT(err.code, ERR_TIMEOUT);
	end(&e);
}

static void
free_it(struct client *c, const struct client_answer *a, void *arg)
{
	struct engine *e = arg;
	(void)a;
	client_free(c);
	e->client = NULL;
}

TEST(a_client_may_be_freed_by_its_answer)
{
	struct engine e;
	struct proto_request q = { .verb = PROTO_V_CLEAN };

	begin(&e);
	EQ_INT(client_request(e.client, &q, free_it, &e), 0);
	while (e.client)
		EQ_INT(loop_turn(e.loop, 1000000), 0);
	end(&e);
}

TEST(additions_and_input)
{
	struct engine e;
	struct err err = ERR_INIT;
	char *argv[] = { "true", NULL }, *env[] = { "A=1", NULL };
	struct spec_args args = { .argv = argv, .cwd = "/" };
	struct spec *s = spec_from_args(&args, &err), *back = NULL;
	struct proto_add add;
	static char big[CLIENT_INPUT_MOST + 64];

	OK(s);
	begin(&e);
	EQ_INT(client_wait_hello(e.client, &err), 0);
	EQ_INT(client_add(e.client, PROTO_ADD_EXEC, env, s, "web", 7,
			  NULL, NULL), 0);
	while (e.frames < 2)
		EQ_INT(loop_turn(e.loop, 1000000), 0);
	EQ_INT(e.last.type, PROTO_ADD);
	EQ_INT(proto_get_add(e.last_data, e.last.len, &add), 0);
	EQ_INT(add.flags, PROTO_ADD_EXEC | PROTO_ADD_LIKE);
	EQ_INT(add.key, 7);
	EQ_STR(add.like, "web");
	EQ_STR(add.environ[0], "A=1");
	EQ_INT(spec_unpack(add.spec, add.spec_len, &back, &err), 0);
	OK(spec_equal(s, back));
	proto_add_fini(&add);
	spec_free(back);
	spec_free(s);
	EQ_INT(client_input(e.client, 1, 0, 0, big, CLIENT_INPUT_MOST, NULL, NULL),
	       0);
	EQ_INT(client_input(e.client, 1, 0, 0, big, sizeof big, NULL,
			    NULL), -EMSGSIZE);
	end(&e);
}

TEST(nobody_listens)
{
	struct loop *l = loop_new();
	struct err err = ERR_INIT;
	char path[200];

	OK(!client_new(l, "/nonexistent/sock", NULL, NULL, &err));
	EQ_INT(err.code, ERR_NO_ENGINE);
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	OK(!client_new(l, path, NULL, NULL, &err));
	EQ_INT(err.code, ERR_FAILED);
	loop_free(l);
}

TEST_MAIN()
