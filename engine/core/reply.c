#include "reply.h"

#include "answered.h"
#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "core.h"

/* What a program says to a key, and whether a new one runs, is known before
 * that. */
enum { LATE_US = 1000 };

static void
send_reply(struct peer *c, uint32_t id, const void *data, size_t len)
{
	/* What is said to be done has to outlive us first. */
	if (c->e->registry_dirty)
		conn_cork(c->conn);
	conn_send(c->conn, PROTO_REPLY, id, data, len, NULL, 0);
}

void
reply_keep(struct engine *e, uint64_t key, const char *text,
	   const uint32_t *ids, size_t count)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	struct proto_reply r = { .text = text, .hint = "", .ids = ids,
				 .id_count = count };

	if (proto_put_reply(&b, &r) == 0)
		answered_put(e->answered, key, b.data, b.len);
	buf_fini(&b);
}

void
reply_send_keyed(struct peer *c, uint32_t id, uint64_t key,
		 const struct err *err, const char *text, const uint32_t *ids,
		 size_t count)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	struct proto_reply r = {
		.code = err ? err->code : ERR_NONE,
		.text = err && err->code ? err->text : text,
		.hint = err ? err->hint : "",
		.ids = ids, .id_count = count,
	};

	if (proto_put_reply(&b, &r) == 0) {
		if (key && c->e->registry_dirty)
			answered_put(c->e->answered, key, b.data, b.len);
		send_reply(c, id, b.data, b.len);
	}
	buf_fini(&b);
}

void
reply_send(struct peer *c, uint32_t id, const struct err *err,
	   const char *text, const uint32_t *ids, size_t count)
{
	reply_send_keyed(c, id, 0, err, text, ids, count);
}

bool
reply_repeats(struct peer *c, uint32_t id, uint64_t key)
{
	size_t len;
	const char *data = key ? answered_find(c->e->answered, key, &len) :
				 NULL;

	if (data)
		send_reply(c, id, data, len);
	return data;
}

void
reply_may_wait(struct peer *c)
{
	if (!c->late_bytes)
		c->at_late_us = clock_us() + LATE_US;
	c->late_bytes = conn_queued(c->conn);
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
