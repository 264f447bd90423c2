#include "reply.h"

#include <errno.h>
#include <string.h>

#include "answered.h"
#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "core.h"

/* What a program says to a key, and whether a new one runs, is known before
 * that. */
enum {
	LATE_US = 1000,
	UNSAVED_MAX = 2 * CONN_FRAME_MAX,	/* bytes of them for a client */
};

struct waiting_reply {
	uint32_t id, len;
	bool anyway;
};

static void
send_reply(struct peer *c, uint32_t id, const void *data, size_t len)
{
	if (c->e->registry_dirty)
		conn_cork(c->conn);
	conn_send(c->conn, PROTO_REPLY, id, data, len, NULL, 0);
}

/* What is said to be done has to outlive us first. */
static void
promise(struct peer *c, const struct reply_to *to, const void *data, size_t len)
{
	struct waiting_reply w = { .id = to->id, .len = (uint32_t)len,
				   .anyway = to->anyway };

	if (!c->unsaved.max)
		buf_init(&c->unsaved, UNSAVED_MAX);
	if (!c->e->registry_dirty ||
	    c->unsaved.len + sizeof w + len > UNSAVED_MAX) {
		send_reply(c, to->id, data, len);
		return;
	}
	buf_add(&c->unsaved, &w, sizeof w);
	buf_add(&c->unsaved, data, len);
}

static int
pack(struct buf *b, const struct err *err, const char *text,
     const uint32_t *ids, size_t count)
{
	struct proto_reply r = {
		.code = err ? err->code : ERR_NONE,
		.text = err && err->code ? err->text : text,
		.hint = err ? err->hint : "",
		.ids = ids, .id_count = count,
	};

	return proto_put_reply(b, &r);
}

void
reply_keep(struct engine *e, uint64_t key, const char *text,
	   const uint32_t *ids, size_t count)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);

	if (pack(&b, NULL, text, ids, count) == 0)
		answered_put(e->answered, key, b.data, b.len);
	buf_fini(&b);
}

void
reply_send_keyed(struct peer *c, const struct reply_to *to,
		 const struct err *err, const char *text, const uint32_t *ids,
		 size_t count)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);

	if (err && err->code) {
		reply_tell(c, to->id, err, text, ids, count);
		return;
	}
	if (pack(&b, err, text, ids, count) == 0) {
		if (to->key && c->e->registry_dirty)
			answered_put(c->e->answered, to->key, b.data, b.len);
		promise(c, to, b.data, b.len);
	}
	buf_fini(&b);
}

void
reply_send(struct peer *c, uint32_t id, const struct err *err,
	   const char *text, const uint32_t *ids, size_t count)
{
	struct reply_to to = { .id = id };

	reply_send_keyed(c, &to, err, text, ids, count);
}

bool
reply_repeats(struct peer *c, uint32_t id, uint64_t key)
{
	size_t len;
	const char *data = key ? answered_find(c->e->answered, key, &len) :
				 NULL;
	struct reply_to to = { .id = id };

	if (data)
		promise(c, &to, data, len);
	return data;
}

void
reply_tell(struct peer *c, uint32_t id, const struct err *err,
	   const char *text, const uint32_t *ids, size_t count)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);

	if (pack(&b, err, text, ids, count) == 0)
		send_reply(c, id, b.data, b.len);
	buf_fini(&b);
}

bool
reply_is_alone(const struct peer *c)
{
	return conn_queued(c->conn) == c->late_bytes &&
	       c->unsaved.len == c->unsaved_late;
}

void
reply_may_wait(struct peer *c)
{
	c->unsaved_late = c->unsaved.len;
	if (c->unsaved.len)
		return;		/* when it is on its way */
	if (!c->late_bytes)
		c->at_late_us = clock_us() + LATE_US;
	c->late_bytes = conn_queued(c->conn);
}

/* The answer, with why it is not recorded. */
static void
send_anyway(struct peer *c, uint32_t id, const void *data, size_t len,
	    const char *why)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	struct proto_reply r;

	if (proto_get_reply(data, len, &r) < 0)
		return;
	r.hint = why;
	if (proto_put_reply(&b, &r) == 0)
		send_reply(c, id, b.data, b.len);
	proto_reply_fini(&r);
	buf_fini(&b);
}

static void
release(struct peer *c, int saved)
{
	struct err err = ERR_INIT;
	struct waiting_reply w;
	bool late = c->unsaved_late == c->unsaved.len;

	if (saved < 0) {
		err_set(&err, ERR_FAILED, "taken, but not recorded: the "
			"registry cannot be saved: %s", strerror(-saved));
		err_hint(&err, "it is lost if the engine dies before that "
			 "works again: sbx doctor tells");
	}
	conn_cork(c->conn);
	for (size_t at = 0; at < c->unsaved.len; at += w.len) {
		memcpy(&w, c->unsaved.data + at, sizeof w);
		at += sizeof w;
		if (saved < 0 && w.anyway)
			send_anyway(c, w.id, c->unsaved.data + at, w.len,
				    err.text + strlen("taken, but "));
		else if (saved < 0)
			reply_tell(c, w.id, &err, NULL, NULL, 0);
		else
			conn_send(c->conn, PROTO_REPLY, w.id,
				  c->unsaved.data + at, w.len, NULL, 0);
	}
	buf_fini(&c->unsaved);
	c->unsaved_late = 0;
	if (late)
		reply_may_wait(c);
}

void
reply_settle(struct engine *e, int saved)
{
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (c->unsaved.len && saved != -EAGAIN)
			release(c, saved);
	}
}

void
reply_let_go(struct engine *e)
{
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (c->late_bytes && conn_queued(c->conn) == c->late_bytes &&
		    clock_us() < c->at_late_us)
			continue;
		c->late_bytes = 0;
		conn_uncork(c->conn);
	}
}
