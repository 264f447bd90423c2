#include "client.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "spec/spec.h"

enum {
	PASTE_PIECE = 1 << 20,
	PASTE_HEAD = 64,
	QUEUE_MAX = PROTO_PASTE_MAX + CONN_QUEUE_MAX,
};

struct ask {
	struct list node;
	uint32_t id;
	uint64_t at_ms;		/* it was asked */
	client_answer_fn *fn;
	void *arg;
};

struct client {
	struct loop *loop;
	struct conn *conn;		/* NULL: closed */
	struct client_hooks hooks;
	void *arg;
	struct list asks;		/* oldest first */
	uint32_t next_id;
	bool greeted;
	struct proto_hello hello;	/* strings below */
	char *hello_text[5];
	char *bye;
	struct err why;			/* of the end */
	unsigned busy;			/* callbacks that are running */
	bool dead;			/* freed by one of them */
};

static void
release(struct client *c)
{
	conn_free(c->conn);
	list_each_safe(n, tmp, &c->asks) {
		list_del(n);
		free(container_of(n, struct ask, node));
	}
	for (size_t i = 0; i < ARRAY_LEN(c->hello_text); i++)
		free(c->hello_text[i]);
	free(c->bye);
	free(c);
}

/* Around every call of foreign code: it may free the client. */
static void
enter(struct client *c)
{
	c->busy++;
}

static bool
leave(struct client *c)
{
	if (--c->busy == 0 && c->dead) {
		release(c);
		return false;
	}
	return !c->dead;
}

static void
answer(struct client *c, struct ask *a, const struct client_answer *with)
{
	list_del(&a->node);
	if (a->fn)
		a->fn(c, with, a->arg);
	free(a);
}

/* The connection is gone: everybody who waits hears it, then the owner. */
static void
fall(struct client *c)
{
	conn_free(c->conn);
	c->conn = NULL;
	enter(c);
	struct client_answer none = { .err = &c->why };
	while (!c->dead && !list_empty(&c->asks))
		answer(c, container_of(c->asks.next, struct ask, node), &none);
	if (!c->dead && c->hooks.on_closed)
		c->hooks.on_closed(c, &c->why, c->arg);
	leave(c);
}

static void
on_closed(struct conn *conn, const char *why, void *arg)
{
	struct client *c = arg;
	(void)conn;

	c->conn = NULL;		/* frees itself after this call */
	if (c->bye && c->bye[0])
		err_set(&c->why, ERR_NO_ENGINE, "the engine has left: %s",
			c->bye);
	else if (why[0])
		err_set(&c->why, ERR_NO_ENGINE,
			"the connection to the engine broke: %s", why);
	else
		err_set(&c->why, ERR_NO_ENGINE, "the engine has left");
	fall(c);
}

/* records: of the engine; 0 if it is not known. */
static void
hint_other(struct err *e, uint32_t records)
{
	if (records && records != REGISTRY_VERSION)
		err_hint(e, "this one cannot read its records: 'sbx down' "
			 "ends it, then 'sbx up' starts this one");
	else
		err_hint(e, "'sbx up' has this one take over%s, 'sbx down' "
			 "ends it", records ? "" :
			 " if it can read its records");
}

static void
take_hello(struct client *c, const struct conn_frame *f)
{
	struct proto_hello h;
	int r = proto_get_hello(f->data, f->len, &h);

	if (h.magic != PROTO_MAGIC) {
		err_set(&c->why, ERR_FAILED, "what answers is not sbx");
		fall(c);
		return;
	}
	if (h.version != PROTO_VERSION || r < 0) {
		err_set(&c->why, ERR_OTHER, "the engine is sbx %.60s "
			"(protocol %u), this is sbx %s (protocol %d)",
			h.release[0] ? h.release : "?", h.version,
			SBX_VERSION, PROTO_VERSION);
		hint_other(&c->why, r < 0 ? 0 : h.records);
		fall(c);
		return;
	}
	const char **fields[] = { &h.release, &h.set_name, &h.set_dir,
				  &h.rc_path, &h.state_dir };
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		free(c->hello_text[i]);
		c->hello_text[i] = mem_str(*fields[i]);
		*fields[i] = c->hello_text[i];
	}
	c->hello = h;
	c->greeted = true;
	if (c->hooks.on_hello)
		c->hooks.on_hello(c, &c->hello, c->arg);
}

static struct ask *
find_ask(struct client *c, uint32_t id)
{
	list_each(n, &c->asks) {
		struct ask *a = container_of(n, struct ask, node);
		if (a->id == id)
			return a;
	}
	return NULL;
}

static void
take_reply(struct client *c, struct ask *a, const struct conn_frame *f)
{
	struct proto_reply reply;
	struct err e = ERR_INIT;
	struct client_answer with = { .frame = f };

	if (proto_get_reply(f->data, f->len, &reply) < 0) {
		err_set(&e, ERR_INTERNAL, "the engine's answer is malformed");
		with = (struct client_answer){ .err = &e };
		answer(c, a, &with);
		return;
	}
	if (reply.code != ERR_NONE) {
		enum err_code code = reply.code < ERR_COUNT ?
			(enum err_code)reply.code : ERR_FAILED;
		err_set(&e, code, "%s", reply.text);
		if (reply.hint[0])
			err_hint(&e, "%s", reply.hint);
		with = (struct client_answer){ .err = &e, .reply = &reply };
	} else {
		with.reply = &reply;
	}
	answer(c, a, &with);
	proto_reply_fini(&reply);
}

static void
on_frame(struct conn *conn, const struct conn_frame *f, void *arg)
{
	struct client *c = arg;
	(void)conn;

	enter(c);
	struct ask *a = f->id ? find_ask(c, f->id) : NULL;
	if (f->type == PROTO_HELLO) {
		take_hello(c, f);
	} else if (a && f->type == PROTO_REPLY) {
		take_reply(c, a, f);
	} else if (a) {
		struct client_answer with = { .frame = f };
		answer(c, a, &with);
	} else if (f->type != PROTO_REPLY) {
		if (f->type == PROTO_BYE && !c->bye) {
			struct msg_reader r;
			msg_open(&r, f->data, f->len);
			c->bye = mem_str(msg_str_nn(&r));
		}
		if (c->hooks.on_frame)
			c->hooks.on_frame(c, f, c->arg);
	}
	leave(c);
}

struct client *
client_new_fd(struct loop *l, int fd, const struct client_hooks *hooks,
	      void *arg, struct err *e)
{
	struct client *c = mem_alloc(sizeof *c);
	struct buf b = BUF_INIT(4096);
	struct proto_hello h = { .magic = PROTO_MAGIC,
				 .version = PROTO_VERSION,
				 .release = SBX_VERSION, .set_name = "",
				 .set_dir = "", .rc_path = "",
				 .state_dir = "",
				 .who = hooks ? hooks->who : NULL };

	*c = (struct client){ .loop = l, .arg = arg, .next_id = 1 };
	list_init(&c->asks);
	if (hooks)
		c->hooks = *hooks;
	c->conn = conn_new(l, fd, on_frame, on_closed, c);
	if (!c->conn) {
		err_set(e, ERR_INTERNAL, "connecting to the engine: %s",
			strerror(errno));
		release(c);
		return NULL;
	}
	conn_allow(c->conn, QUEUE_MAX);
	/* A directory in /tmp may have been made for us by somebody else. */
	if ((uid_t)conn_peer_uid(c->conn) != geteuid()) {
		err_set(e, ERR_FAILED, "the engine belongs to somebody else "
			"(uid %u)", (unsigned)conn_peer_uid(c->conn));
		release(c);
		return NULL;
	}
	int r = proto_put_hello(&b, &h);
	assert(r == 0);
	r = conn_send(c->conn, PROTO_HELLO, 0, b.data, b.len, NULL, 0);
	buf_fini(&b);
	if (r == 0)
		return c;
	err_set(e, ERR_NO_ENGINE, "the engine does not take requests: %s",
		strerror(-r));
	release(c);
	return NULL;
}

struct client *
client_new(struct loop *l, const char *path, const struct client_hooks *hooks,
	   void *arg, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof addr.sun_path) {
		err_set(e, ERR_FAILED, "the socket path '%.200s' is too long",
			path);
		return NULL;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* A local connect waits only while the listener's queue is full. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(e, ERR_INTERNAL, "a socket: %s", strerror(errno));
		return NULL;
	}
	if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) < 0) {
		int why = errno;
		sys_close(fd);
		if (why == ENOENT || why == ECONNREFUSED)
			err_set(e, ERR_NO_ENGINE, "no engine runs here");
		else
			err_set(e, ERR_FAILED, "'%.300s': %s", path,
				strerror(why));
		return NULL;
	}
	return client_new_fd(l, fd, hooks, arg, e);
}

void
client_free(struct client *c)
{
	if (!c)
		return;
	if (c->busy)
		c->dead = true;
	else
		release(c);
}

const struct proto_hello *
client_hello(const struct client *c)
{
	return c->greeted ? &c->hello : NULL;
}

bool
client_closed(const struct client *c)
{
	return !c->conn;
}

const struct err *
client_error(const struct client *c)
{
	return &c->why;
}

static int
send_frame(struct client *c, uint16_t type, uint32_t id, const struct buf *b)
{
	if (!c->conn)
		return -EPIPE;
	return conn_send(c->conn, type, id, b ? b->data : NULL,
			 b ? b->len : 0, NULL, 0);
}

int
client_ask(struct client *c, uint16_t type, const struct buf *payload,
	   client_answer_fn *fn, void *arg)
{
	uint32_t id = c->next_id++;
	if (c->next_id == 0)
		c->next_id = 1;
	int r = send_frame(c, type, id, payload);
	if (r < 0)
		return r;
	struct ask *a = mem_alloc(sizeof *a);
	*a = (struct ask){ .id = id, .at_ms = clock_ms(),
			   .fn = fn, .arg = arg };
	list_add_tail(&c->asks, &a->node);
	return 0;
}

int
client_request(struct client *c, const struct proto_request *q,
	       client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	int r = proto_put_request(&b, q);
	if (r == 0)
		r = client_ask(c, PROTO_REQUEST, &b, fn, arg);
	buf_fini(&b);
	return r;
}

static int
ask_proc(struct client *c, uint16_t type, uint32_t proc, client_answer_fn *fn,
	 void *arg)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	if (r == 0)
		r = client_ask(c, type, &b, fn, arg);
	buf_fini(&b);
	return r;
}

int
client_log_open(struct client *c, uint32_t proc, client_answer_fn *fn,
		void *arg)
{
	return ask_proc(c, PROTO_LOG_OPEN, proc, fn, arg);
}

int
client_journal_open(struct client *c, client_answer_fn *fn, void *arg)
{
	return client_ask(c, PROTO_JOURNAL_OPEN, NULL, fn, arg);
}

int
client_values(struct client *c, uint32_t proc, client_answer_fn *fn, void *arg)
{
	return ask_proc(c, PROTO_VALUES_GET, proc, fn, arg);
}

int
client_snapshot(struct client *c, uint32_t proc, client_answer_fn *fn,
		void *arg)
{
	return ask_proc(c, PROTO_SNAPSHOT_GET, proc, fn, arg);
}

int
client_resize(struct client *c, uint32_t proc, uint16_t rows, uint16_t cols,
	      client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u16(&b, rows);
	r |= msg_put_u16(&b, cols);
	assert(r == 0);
	r = client_ask(c, PROTO_RESIZE, &b, fn, arg);
	buf_fini(&b);
	return r;
}

int
client_scrollback(struct client *c, uint32_t proc, uint64_t id, uint32_t count,
		  client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u64(&b, id);
	r |= msg_put_u32(&b, count);
	assert(r == 0);
	r = client_ask(c, PROTO_SCROLLBACK_GET, &b, fn, arg);
	buf_fini(&b);
	return r;
}

uint64_t
client_new_keys(unsigned count)
{
	static uint64_t given;

	/* Those of one process differ in the count, others in pid or time. */
	uint64_t first = ((uint64_t)getpid() << 40 ^ clock_us()) + given + 1;
	given += count;
	return first;
}

int
client_input(struct client *c, uint32_t proc, unsigned flags, uint64_t key,
	     const void *data, size_t len, client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(CLIENT_INPUT_MOST + 32);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u8(&b, (uint8_t)flags);
	r |= msg_put_u64(&b, key);
	r |= msg_put_bytes(&b, data, len);
	r = r ? -EMSGSIZE : client_ask(c, PROTO_INPUT, &b, fn, arg);
	buf_fini(&b);
	return r;
}

int
client_load(struct client *c, const struct buf *set, client_answer_fn *fn,
	    void *arg)
{
	return client_ask(c, PROTO_LOAD, set, fn, arg);
}

int
client_reload(struct client *c, unsigned flags, uint64_t key, size_t mistakes,
	      const struct buf *set, client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	int r = msg_put_u32(&b, flags);

	r |= msg_put_u64(&b, key);
	r |= msg_put_u32(&b, (uint32_t)mistakes);
	r |= msg_put_bytes(&b, set ? set->data : "", set ? set->len : 0);
	r = r ? -EMSGSIZE : client_ask(c, PROTO_RELOAD, &b, fn, arg);
	buf_fini(&b);
	return r;
}

int
client_add(struct client *c, unsigned flags, char *const *environment,
	   const struct spec *s, const char *like, uint64_t key,
	   client_answer_fn *fn, void *arg)
{
	struct buf spec = BUF_INIT(SPEC_PACK_MAX);
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	int r = spec_pack(s, &spec);
	struct proto_add add = {
		.flags = flags | (like ? PROTO_ADD_LIKE : 0),
		.like = like,
		.environ = (char **)(uintptr_t)environment,
		.spec = buf_str(&spec),
		.spec_len = spec.len,
		.key = key,
	};
	if (r == 0)
		r = proto_put_add(&b, &add);
	if (r == 0)
		r = client_ask(c, PROTO_ADD, &b, fn, arg);
	buf_fini(&b);
	buf_fini(&spec);
	return r;
}

static int
send_u32(struct client *c, uint16_t type, uint32_t n)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, n);
	if (r == 0)
		r = send_frame(c, type, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_log_close(struct client *c, uint32_t proc)
{
	return send_u32(c, PROTO_LOG_CLOSE, proc);
}

int
client_log_hold(struct client *c, uint32_t proc, uint64_t seq)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u64(&b, seq);
	assert(r == 0);
	r = send_frame(c, PROTO_LOG_HOLD, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_log_tell(struct client *c, uint32_t proc, bool on)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u8(&b, on);
	assert(r == 0);
	r = send_frame(c, PROTO_LOG_TELL, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_subscribe(struct client *c, uint32_t bits)
{
	return send_u32(c, PROTO_SUBSCRIBE, bits);
}

int
client_screen_watch(struct client *c, uint32_t proc, uint16_t rows,
		    uint16_t cols)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u16(&b, rows);
	r |= msg_put_u16(&b, cols);
	assert(r == 0);
	r = send_frame(c, PROTO_SCREEN_WATCH, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_screen_also(struct client *c, uint32_t proc)
{
	return send_u32(c, PROTO_SCREEN_ALSO, proc);
}

static void
put_key(struct buf *b, uint32_t proc, struct key k, uint64_t key)
{
	int r = msg_put_u32(b, proc);
	r |= msg_put_u32(b, k.sym);
	r |= msg_put_u32(b, k.mods);
	r |= msg_put_u64(b, key);
	assert(r == 0);
}

int
client_key(struct client *c, uint32_t proc, struct key k)
{
	struct buf b = BUF_INIT(64);

	put_key(&b, proc, k, 0);
	int r = send_frame(c, PROTO_KEY, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_key_ask(struct client *c, uint32_t proc, struct key k, uint64_t key,
	       client_answer_fn *fn, void *arg)
{
	struct buf b = BUF_INIT(64);

	put_key(&b, proc, k, key);
	int r = client_ask(c, PROTO_KEY, &b, fn, arg);
	buf_fini(&b);
	return r;
}

int
client_paste(struct client *c, uint32_t proc, const void *data, size_t len)
{
	size_t heads = (len / PASTE_PIECE + 1) * PASTE_HEAD, off = 0;
	int r = 0;

	if (len > PROTO_PASTE_MAX)
		return -EMSGSIZE;
	if (!c->conn)
		return -EPIPE;
	if (len + heads > conn_room(c->conn))
		return -EAGAIN;
	do {
		struct buf b = BUF_INIT(PASTE_PIECE + PASTE_HEAD);
		size_t n = SBX_MIN(len - off, (size_t)PASTE_PIECE);
		r = msg_put_u32(&b, proc);
		r |= msg_put_u8(&b, off + n == len);
		r |= msg_put_bytes(&b, (const char *)data + off, n);
		r = r ? -EMSGSIZE : send_frame(c, PROTO_PASTE, 0, &b);
		buf_fini(&b);
		off += n;
	} while (r == 0 && off < len);
	return r;
}

int
client_mouse(struct client *c, uint32_t proc, unsigned kind, unsigned button,
	     unsigned row, unsigned col, unsigned mods)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u8(&b, (uint8_t)kind);
	r |= msg_put_u32(&b, button);
	r |= msg_put_u16(&b, (uint16_t)row);
	r |= msg_put_u16(&b, (uint16_t)col);
	r |= msg_put_u32(&b, mods);
	assert(r == 0);
	r = send_frame(c, PROTO_MOUSE, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_focus(struct client *c, uint32_t proc, bool in)
{
	struct buf b = BUF_INIT(64);
	int r = msg_put_u32(&b, proc);
	r |= msg_put_u8(&b, in);
	assert(r == 0);
	r = send_frame(c, PROTO_FOCUS, 0, &b);
	buf_fini(&b);
	return r;
}

int
client_wait(struct client *c, const bool *done, uint64_t at_ms, struct err *e)
{
	while (!*done) {
		if (!c->conn) {
			if (e)
				*e = c->why;
			return -1;
		}
		int64_t max_us = -1;
		if (at_ms) {
			uint64_t now = clock_ms();
			if (now >= at_ms)
				return err_set(e, ERR_TIMEOUT,
					       "the time given has passed");
			max_us = (int64_t)(at_ms - now) * 1000;
		}
		int r = loop_turn(c->loop, max_us);
		if (r < 0)
			return err_set(e, ERR_INTERNAL, "the loop: %s",
				       strerror(-r));
	}
	return 0;
}

uint64_t
client_waits_ms(const struct client *c)
{
	if (list_empty(&c->asks))
		return 0;
	return clock_ms() - container_of(c->asks.next, struct ask, node)->at_ms;
}

bool
client_is_held(const struct client *c, struct err *e)
{
	pid_t pid = c->conn ? conn_peer_pid(c->conn) : 0;
	struct procfs_stat st;

	if (pid <= 0 || procfs_stat(pid, &st) < 0 ||
	    strcmp(st.comm, "sbx: engine") != 0)
		return false;
	if (st.state == 'T' || st.state == 't') {
		err_set(e, ERR_FAILED, "the engine is stopped");
		err_hint(e, "'kill -CONT %d' lets it go on", (int)pid);
	} else if (st.state == 'D') {
		err_set(e, ERR_FAILED, "the engine waits for a disk");
		err_hint(e, "'sbx doctor' says where its files are");
	} else {
		return false;
	}
	return true;
}

int
client_wait_hello(struct client *c, struct err *e)
{
	if (client_wait(c, &c->greeted, clock_ms() + CLIENT_HELLO_MS, e) == 0)
		return 0;
	if (e && e->code == ERR_TIMEOUT && !client_is_held(c, e)) {
		err_set(e, ERR_FAILED, "the engine has not answered for %d s",
			CLIENT_HELLO_MS / 1000);
		err_hint(e, "'kill -KILL %d' lets another one take its place; "
			 "what runs is not touched",
			 (int)conn_peer_pid(c->conn));
	}
	return -1;
}

struct call {
	bool done;
	struct client_result result;
	struct err err;
};

static void
on_called(struct client *c, const struct client_answer *a, void *arg)
{
	struct call *call = arg;
	(void)c;

	call->done = true;
	if (a->err) {
		call->err = *a->err;
	} else if (a->reply) {
		call->result.text = mem_str(a->reply->text);
		call->result.hint = mem_str(a->reply->hint);
		call->result.id_count = a->reply->id_count;
		if (a->reply->id_count > 0)
			call->result.ids = mem_dup(a->reply->ids,
				a->reply->id_count * sizeof *a->reply->ids);
	}
}

int
client_call(struct client *c, const struct proto_request *q,
	    struct client_result *out, struct err *e)
{
	/* The answer may outlive a wait that was broken off by an error of
	 * the loop, so nobody else is waited for and no deadline is set. */
	struct call call = { .err = ERR_INIT };
	int r = client_request(c, q, on_called, &call);
	if (r < 0)
		return err_set(e, ERR_FAILED, "asking the engine: %s",
			       strerror(-r));
	if (client_wait(c, &call.done, 0, e) < 0)
		return -1;
	if (call.err.code != ERR_NONE) {
		if (e)
			*e = call.err;
		return -1;
	}
	if (out)
		*out = call.result;
	else
		client_result_fini(&call.result);
	return 0;
}

void
client_result_fini(struct client_result *r)
{
	free(r->text);
	free(r->hint);
	free(r->ids);
	*r = (struct client_result){ .text = NULL };
}
