/*
 * Frames of a WebSocket.  Even inputs are the bytes of the peer, odd ones say
 * which well-formed frames it sends: an opcode, flags, a length, the payload.
 * The first bytes come with the handshake.  What is given to us keeps the
 * limits, and the connection ends when its peer has left.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/buf.h"
#include "engine/base/loop.h"
#include "engine/base/sys.h"
#include "engine/base/utf8.h"
#include "engine/http/http_ws.h"
#include "must.h"

enum { BYTES_MAX = 4 << 20, TURNS_MAX = 4000 };

struct seen {
	unsigned messages, closed;
	unsigned how;		/* what the hook does with a message */
};

static struct loop *loop;

static void
on_message(struct ws *w, bool text, const char *data, size_t len, void *arg)
{
	struct seen *s = arg;

	must(len <= WS_MESSAGE_MAX);
	must(!text || utf8_valid(data, len));
	must(!s->closed);
	s->messages++;
	if (s->how & 1)
		(void)ws_send(w, text, data, len);
	if (s->how & 2 && s->messages == 3)
		ws_close(w);
}

static void
on_room(struct ws *w, void *arg)
{
	(void)w;
	(void)arg;
}

static void
on_closed(struct ws *w, void *arg)
{
	struct seen *s = arg;
	(void)w;

	s->closed++;
}

/* Masked, as the frames of clients have to be. */
static void
put_frame(struct buf *out, uint8_t head, const uint8_t *data, size_t len)
{
	static const char mask[4] = "mask";

	buf_addc(out, (char)head);
	if (len < 126) {
		buf_addc(out, (char)(0x80 | len));
	} else {
		buf_addc(out, (char)(0x80 | 126));
		buf_addc(out, (char)(len >> 8));
		buf_addc(out, (char)(len & 255));
	}
	buf_add(out, mask, sizeof mask);
	for (size_t i = 0; i < len; i++)
		buf_addc(out, (char)(data[i] ^ (uint8_t)mask[i % 4]));
}

static void
put_frames(struct buf *out, const uint8_t *data, size_t size)
{
	while (size >= 3) {
		size_t len = (size_t)(data[1] << 8 | data[2]);
		/* Mostly one that the rules allow. */
		uint8_t head = data[0] & 0x40 ? data[0] : data[0] & 0x8f;
		data += 3;
		size -= 3;
		len = len < size ? len : size;
		put_frame(out, head, data, len);
		data += len;
		size -= len;
	}
}

static void
play(const char *data, size_t len, size_t early, unsigned how)
{
	static const struct ws_hooks hooks = {
		.on_message = on_message, .on_room = on_room,
		.on_closed = on_closed,
	};
	struct seen seen = { .how = how };
	int pair[2];
	size_t at = early < len ? early : len;
	bool shut = false;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, pair) == 0);
	must(ws_new(loop, pair[0], data, at, &hooks, &seen) != NULL);
	for (int turn = 0; turn < TURNS_MAX && !seen.closed; turn++) {
		char said[4096];
		ssize_t n = at < len ? send(pair[1], data + at, len - at,
					    MSG_NOSIGNAL) : 0;
		at += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EPIPE)
			at = len;
		if (at == len && !shut)
			shut = shutdown(pair[1], SHUT_WR) == 0;
		loop_turn(loop, turn < 100 ? 0 : 1000);
		while (sys_read(pair[1], said, sizeof said) > 0)
			;
	}
	must(seen.closed == 1);
	sys_close(pair[1]);
	loop_turn(loop, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf bytes = BUF_INIT(BYTES_MAX);
	char key[WS_KEY_MAX], *text;

	if (size < 3)
		return 0;
	if (!loop)
		loop = loop_new();
	text = malloc(size);
	memcpy(text, data, size);
	text[size - 1] = '\0';
	(void)ws_accept_key(text, key);
	free(text);
	if (data[0] & 1)
		put_frames(&bytes, data + 2, size - 2);
	else
		buf_add(&bytes, (const char *)data + 2, size - 2);
	play(buf_str(&bytes), bytes.len, data[1], data[0] >> 1 & 3);
	buf_fini(&bytes);
	return 0;
}
