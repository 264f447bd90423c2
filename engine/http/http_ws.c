#include "http_ws.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nettle/sha1.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include "base/base.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"

enum {
	WRITE_BYTES = 64 * 1024,	/* gathered for one write */
	TURN_BYTES = 256 * 1024,	/* read from one peer in a turn */
	PONGS_MAX = 64,			/* that a peer does not read */
	KEY_BYTES = 16,
	KEEP_IDLE_S = 30, KEEP_EVERY_S = 10, KEEP_TRIES = 3,
};

struct ws {
	struct loop *loop;
	struct source *source;
	struct timer *timer;	/* of a stall, or of the goodbye */
	wslay_event_context_ptr ctx;
	struct ws_hooks hooks;
	void *arg;
	struct buf early;	/* read before the socket */
	struct buf out;		/* framed, not written yet */
	size_t taken;		/* bytes read in this turn */
	bool drained;		/* ... and for now that was all */
	unsigned pieces;	/* frames of the present message */
	unsigned pongs;		/* queued since the queue was empty */
	unsigned depth;		/* of calls into the library or a hook */
	bool paused;
	bool ending;		/* our close frame comes behind the rest */
	bool closing;		/* ... is queued */
	bool lingering;		/* ... and sent; what comes is thrown away */
	bool broken;		/* the socket is of no use any more */
	bool crowded;		/* on_room is owed */
	bool dead;		/* freed when depth is 0 */
};

static size_t
queued(const struct ws *w)
{
	return wslay_event_get_queued_msg_length(w->ctx) + w->out.len;
}

/* --- callbacks of the library --- */

static ssize_t
on_recv(wslay_event_context_ptr ctx, uint8_t *data, size_t len, int flags,
	void *arg)
{
	struct ws *w = arg;
	ssize_t n;

	(void)flags;
	if (w->paused || w->dead || w->drained || w->taken >= TURN_BYTES ||
	    w->pongs > PONGS_MAX) {
		n = -EAGAIN;
	} else if (w->early.len > 0) {
		n = (ssize_t)SBX_MIN(len, w->early.len);
		memcpy(data, w->early.data, (size_t)n);
		buf_skip(&w->early, (size_t)n);
	} else {
		n = sys_read(loop_fd(w->source), data, len);
		w->drained = n < (ssize_t)len;
	}
	if (n > 0) {
		w->taken += (size_t)n;
		return n;
	}
	wslay_event_set_error(ctx, n == -EAGAIN ? WSLAY_ERR_WOULDBLOCK :
						  WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len,
	int flags, void *arg)
{
	struct ws *w = arg;
	size_t n = SBX_MIN(len, (size_t)WRITE_BYTES - w->out.len);

	(void)flags;
	if (n > 0 && buf_add(&w->out, data, n) == 0)
		return (ssize_t)n;
	wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
	return -1;
}

/* The library has no limit on how many pieces a message comes in, and each
 * costs more than its bytes. */
static void
on_frame(wslay_event_context_ptr ctx,
	 const struct wslay_event_on_frame_recv_start_arg *a, void *arg)
{
	struct ws *w = arg;

	if (wslay_is_ctrl_frame(a->opcode))
		return;
	w->pieces++;
	if (w->pieces > WS_PIECES_MAX) {
		wslay_event_queue_close(ctx, WSLAY_CODE_POLICY_VIOLATION,
					NULL, 0);
		wslay_event_shutdown_read(ctx);
	}
	if (a->fin)
		w->pieces = 0;
}

static void
on_msg(wslay_event_context_ptr ctx,
       const struct wslay_event_on_msg_recv_arg *a, void *arg)
{
	struct ws *w = arg;

	(void)ctx;
	w->pongs += a->opcode == WSLAY_PING;
	if (wslay_is_ctrl_frame(a->opcode) || w->ending || w->closing ||
	    w->dead)
		return;
	w->hooks.on_message(w, a->opcode == WSLAY_TEXT_FRAME,
			    (const char *)a->msg, a->msg_length, w->arg);
}

/* --- one turn --- */

static void
release(struct ws *w)
{
	wslay_event_context_free(w->ctx);
	timer_drop(w->timer);
	loop_drop(w->source);
	buf_fini(&w->early);
	buf_fini(&w->out);
	free(w);
}

static void
enter(struct ws *w)
{
	w->depth++;
}

/*
 * The peer has broken a rule, and may still be sending.  To close now would
 * make the kernel throw away the frame that tells it why.
 */
static void
linger(struct ws *w)
{
	w->lingering = w->closing = true;
	shutdown(loop_fd(w->source), SHUT_WR);
	loop_want(w->source, LOOP_IN);
	timer_arm(w->timer, clock_us() + WS_GOODBYE_MS * 1000ull);
}

static void
throw_away(struct ws *w)
{
	char data[4096];
	ssize_t n = 0;

	for (size_t sum = 0; sum < TURN_BYTES; sum += (size_t)n) {
		n = sys_read(loop_fd(w->source), data, sizeof data);
		if (n <= 0)
			break;
	}
	w->broken |= n <= 0 && n != -EAGAIN;
}

/* What could not be done while the library was at work. */
static void
leave(struct ws *w)
{
	if (--w->depth > 0)
		return;
	bool over = w->broken;
	if (!over && !w->dead && !w->lingering &&
	    !wslay_event_want_read(w->ctx) &&
	    !wslay_event_want_write(w->ctx) && w->out.len == 0) {
		over = wslay_event_get_close_received(w->ctx);
		if (!over)
			linger(w);
	}
	if (over && !w->dead) {
		w->dead = true;
		w->depth++;
		w->hooks.on_closed(w, w->arg);
		w->depth--;
	}
	if (w->dead)
		release(w);
}

static void
arm(struct ws *w)
{
	unsigned want = 0;

	if (!w->paused && wslay_event_want_read(w->ctx))
		want |= LOOP_IN;
	/* No socket tells of the early bytes and of room that is owed. */
	if (w->out.len > 0 || wslay_event_want_write(w->ctx) || w->crowded ||
	    (w->early.len > 0 && (want & LOOP_IN)))
		want |= LOOP_OUT;
	loop_want(w->source, want);
	if (queued(w) == 0 && !w->closing)
		timer_stop(w->timer);
	else if (!timer_armed(w->timer))
		timer_arm(w->timer, clock_us() + 1000ull *
			  (queued(w) ? WS_STALL_MS : WS_GOODBYE_MS));
}

/* The library sends control frames before what was queued for longer, so the
 * last one has to wait for its turn here. */
static void
end_in_order(struct ws *w)
{
	if (!w->ending || w->closing ||
	    wslay_event_get_queued_msg_count(w->ctx) > 0)
		return;
	w->closing = true;
	wslay_event_queue_close(w->ctx, 0, NULL, 0);
}

/* Writes until the peer takes no more. */
static void
flush(struct ws *w)
{
	for (;;) {
		end_in_order(w);
		if (w->out.len < WRITE_BYTES / 2 &&
		    wslay_event_want_write(w->ctx) &&
		    wslay_event_send(w->ctx) < 0)
			w->broken = true;
		if (w->broken || w->out.len == 0)
			break;
		ssize_t n = sys_send(loop_fd(w->source), w->out.data,
				     w->out.len);
		if (n == -EAGAIN)
			break;
		if (n < 0) {
			w->broken = true;
			break;
		}
		buf_skip(&w->out, (size_t)n);
		timer_stop(w->timer);
	}
	if (w->broken)
		return;
	if (queued(w) == 0) {
		w->pongs = 0;
		buf_fini(&w->out);
	}
	arm(w);
}

static void
tell_room(struct ws *w)
{
	if (!w->crowded || queued(w) > WS_QUEUE_MAX / 2)
		return;
	w->crowded = false;
	if (!w->ending && !w->closing && !w->broken && !w->dead)
		w->hooks.on_room(w, w->arg);
}

static void
on_ready(struct source *s, unsigned events, void *arg)
{
	struct ws *w = arg;

	(void)s;
	if (w->lingering) {
		enter(w);
		throw_away(w);
		leave(w);
		return;
	}
	enter(w);
	w->taken = 0;
	w->drained = false;
	if (!w->broken && ((events & LOOP_IN) || w->early.len > 0) &&
	    wslay_event_want_read(w->ctx) && wslay_event_recv(w->ctx) < 0)
		w->broken = true;
	tell_room(w);
	if (!w->broken)
		flush(w);
	leave(w);
}

static void
on_timer(struct timer *t, void *arg)
{
	struct ws *w = arg;

	(void)t;
	enter(w);
	w->broken = true;
	leave(w);
}

/* --- public --- */

static void
tune(int fd)
{
	int on = 1, idle = KEEP_IDLE_S, every = KEEP_EVERY_S, n = KEEP_TRIES;

	/* A key is a packet of its own; a peer whose machine is gone is not
	 * kept.  A Unix socket has neither, and needs neither. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &n, sizeof n);
}

struct ws *
ws_new(struct loop *l, int fd, const char *early, size_t len,
       const struct ws_hooks *hooks, void *arg)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.on_frame_recv_start_callback = on_frame,
		.on_msg_recv_callback = on_msg,
	};
	struct ws *w = mem_alloc(sizeof *w);

	*w = (struct ws){ .loop = l, .hooks = *hooks, .arg = arg };
	buf_init(&w->early, len + 1);
	buf_init(&w->out, WRITE_BYTES);
	if (wslay_event_context_server_init(&w->ctx, &callbacks, w) < 0) {
		errno = ENOMEM;
		goto fail;
	}
	w->source = loop_add(l, fd, LOOP_IN, "websocket", on_ready, w);
	if (!w->source)
		goto fail;
	wslay_event_config_set_max_recv_msg_length(w->ctx, WS_MESSAGE_MAX);
	tune(fd);
	buf_add(&w->early, early, len);
	w->timer = loop_timer(l, on_timer, w);
	arm(w);
	return w;
fail:
	if (w->ctx)
		wslay_event_context_free(w->ctx);
	free(w);
	sys_close(fd);
	return NULL;
}

void
ws_free(struct ws *w)
{
	if (!w)
		return;
	w->dead = true;
	if (w->depth == 0)
		release(w);
}

bool
ws_has_room(const struct ws *w, size_t len)
{
	return queued(w) + len <= WS_QUEUE_MAX;
}

int
ws_send(struct ws *w, bool text, const void *data, size_t len)
{
	struct wslay_event_msg m = {
		.opcode = text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME,
		.msg = data, .msg_length = len,
	};

	if (w->ending || w->closing || w->broken || w->dead)
		return -EPIPE;
	if (!ws_has_room(w, len)) {
		w->crowded = true;
		arm(w);
		return -EAGAIN;
	}
	if (wslay_event_queue_msg(w->ctx, &m) < 0)
		return -EPIPE;
	flush(w);
	/* The next turn tells who asked; the hook must not come from here. */
	if (w->broken)
		loop_want(w->source, LOOP_IN | LOOP_OUT);
	if (queued(w) > WS_QUEUE_MAX / 2)
		w->crowded = true;
	return w->broken ? -EPIPE : 0;
}

void
ws_close(struct ws *w)
{
	if (w->ending || w->closing || w->broken || w->dead)
		return;
	w->ending = true;
	w->paused = false;
	flush(w);
	if (w->broken)
		loop_want(w->source, LOOP_IN | LOOP_OUT);
}

void
ws_pause(struct ws *w, bool on)
{
	w->paused = on;
	if (!w->broken && !w->dead && !w->lingering)
		arm(w);
}

int
ws_accept_key(const char *key, char out[WS_KEY_MAX])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct buf b = BUF_INIT(WS_KEY_MAX);
	struct sha1_ctx sha;
	int r = base64_decode(&b, key, strlen(key));

	if (r == 0 && b.len != KEY_BYTES)
		r = -EINVAL;
	if (r == 0) {
		sha1_init(&sha);
		sha1_update(&sha, strlen(key), (const uint8_t *)key);
		sha1_update(&sha, sizeof guid - 1, (const uint8_t *)guid);
		sha1_digest(&sha, sizeof digest, digest);
		buf_clear(&b);
		base64_encode(&b, digest, sizeof digest);
		memcpy(out, b.data, b.len + 1);
	}
	buf_fini(&b);
	return r < 0 ? -EINVAL : 0;
}
