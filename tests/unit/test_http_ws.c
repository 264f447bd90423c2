#include "engine/http/http_ws.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "engine/base/base.h"
#include "engine/base/loop.h"
#include "engine/base/sys.h"
#include "tests/lib/test.h"

/* A peer that writes its frames byte by byte as it likes them. */
struct rig {
	struct loop *loop;
	struct ws *ws;
	int fd;
	char got[1024];		/* the last message */
	size_t got_len, messages;
	bool text;
	unsigned rooms, closed;
	bool close_on_message, free_on_message, echo;
};

static void
on_message(struct ws *w, bool text, const char *data, size_t len, void *arg)
{
	struct rig *r = arg;

	r->messages++;
	r->text = text;
	r->got_len = len;
	memcpy(r->got, data, SBX_MIN(len, sizeof r->got - 1));
	r->got[SBX_MIN(len, sizeof r->got - 1)] = '\0';
	if (r->echo)
		ws_send(w, text, data, len);
	if (r->close_on_message)
		ws_close(w);
	if (r->free_on_message) {
		ws_free(w);
		r->ws = NULL;
	}
}

static void
on_room(struct ws *w, void *arg)
{
	struct rig *r = arg;
	(void)w;
	r->rooms++;
}

static void
on_closed(struct ws *w, void *arg)
{
	struct rig *r = arg;
	(void)w;
	r->closed++;
	r->ws = NULL;
}

static const struct ws_hooks hooks = { on_message, on_room, on_closed };

static void
rig_init(struct rig *r, const char *early, size_t len)
{
	int fds[2];

	memset(r, 0, sizeof *r);
	signal(SIGPIPE, SIG_IGN);
	r->loop = loop_new();
	sys_socketpair(SOCK_STREAM, fds);
	sys_set_nonblock(fds[0], true);
	sys_set_nonblock(fds[1], true);
	r->fd = fds[1];
	r->ws = ws_new(r->loop, fds[0], early, len, &hooks, r);
}

static void
rig_fini(struct rig *r)
{
	ws_free(r->ws);
	loop_free(r->loop);
	sys_close(r->fd);
}

static void
turns(struct rig *r, int n)
{
	while (n-- > 0)
		loop_turn(r->loop, 0);
}

static size_t
frame(char *out, unsigned first, const void *data, size_t len)
{
	static const char key[4] = { 1, 2, 3, 4 };
	size_t n = 0;

	out[n++] = (char)first;
	if (len < 126) {
		out[n++] = (char)(0x80 | len);
	} else if (len < 65536) {
		out[n++] = (char)(0x80 | 126);
		out[n++] = (char)(len >> 8);
		out[n++] = (char)len;
	} else {
		out[n++] = (char)(0x80 | 127);
		for (int i = 7; i >= 0; i--)
			out[n++] = (char)((uint64_t)len >> (8 * i));
	}
	memcpy(out + n, key, 4);
	n += 4;
	for (size_t i = 0; i < len; i++)
		out[n++] = (char)(((const char *)data)[i] ^ key[i % 4]);
	return n;
}

static void
put(struct rig *r, unsigned first, const void *data, size_t len)
{
	char *out = malloc(len + 16);
	size_t n = frame(out, first, data, len), off = 0;

	for (int i = 0; off < n && i < 10000; i++) {
		ssize_t w = write(r->fd, out + off, n - off);
		off += w > 0 ? (size_t)w : 0;
		turns(r, 1);
	}
	free(out);
	turns(r, 2);
}

TEST(the_key_of_the_standard)
{
	char out[WS_KEY_MAX];

	EQ_INT(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", out), 0);
	EQ_STR(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	EQ_INT(ws_accept_key("", out), -EINVAL);
	EQ_INT(ws_accept_key("dGhlIHNhbXBsZSBub25j", out), -EINVAL);
	EQ_INT(ws_accept_key("not base64", out), -EINVAL);
	EQ_INT(ws_accept_key("dGhlIHNhbXBsZSBub25jZXh4eHh4eHh4eHh4eHh4eHg=",
			     out), -EINVAL);
}

TEST(a_message_each_way)
{
	struct rig r;
	char back[64];

	rig_init(&r, "", 0);
	put(&r, 0x81, "hello", 5);
	EQ_STR(r.got, "hello");
	OK(r.text);
	put(&r, 0x82, "\0\1", 2);
	EQ_INT(r.got_len, 2);
	OK(!r.text);
	EQ_INT(ws_send(r.ws, true, "yes", 3), 0);
	ssize_t n = read(r.fd, back, sizeof back);
	EQ_MEM(back, (size_t)n, "\x81\x03yes", 5);
	EQ_INT(ws_send(r.ws, false, "", 0), 0);
	n = read(r.fd, back, sizeof back);
	EQ_MEM(back, (size_t)n, "\x82\x00", 2);
	rig_fini(&r);
}

TEST(early_bytes_come_first)
{
	struct rig r;
	char early[9000], more[16];
	size_t n = 0;

	for (int i = 0; i < 1000; i++)
		n += frame(early + n, 0x81, "ab", 2);
	rig_init(&r, early, n - 3);
	turns(&r, 20);
	EQ_INT(r.messages, 999);
	/* The last one was cut by the end of what had come. */
	size_t len = frame(more, 0x81, "ab", 2);
	EQ_INT(write(r.fd, more + len - 3, 3), 3);
	turns(&r, 4);
	EQ_INT(r.messages, 1000);
	rig_fini(&r);
}

TEST(pieces_pings_and_a_close)
{
	struct rig r;
	char back[64];

	rig_init(&r, "", 0);
	put(&r, 0x01, "one ", 4);
	put(&r, 0x89, "?", 1);
	put(&r, 0x80, "two", 3);
	EQ_STR(r.got, "one two");
	EQ_INT(r.messages, 1);
	ssize_t n = read(r.fd, back, sizeof back);
	EQ_MEM(back, (size_t)n, "\x8a\x01?", 3);
	put(&r, 0x88, "\x03\xe8", 2);
	n = read(r.fd, back, sizeof back);
	EQ_MEM(back, (size_t)n, "\x88\x02\x03\xe8", 4);
	EQ_INT(r.closed, 1);
	EQ_INT(read(r.fd, back, 1), 0);
	rig_fini(&r);
}

TEST(our_close_has_no_code_and_waits_for_theirs)
{
	struct rig r;
	char back[64];

	rig_init(&r, "", 0);
	r.close_on_message = true;
	r.echo = true;
	put(&r, 0x81, "x", 1);
	ssize_t n = read(r.fd, back, sizeof back);
	EQ_MEM(back, (size_t)n, "\x81\x01x\x88\x00", 5);
	EQ_INT(ws_send(r.ws, true, "y", 1), -EPIPE);
	/* What still comes is not for anybody. */
	put(&r, 0x81, "z", 1);
	EQ_INT(r.messages, 1);
	EQ_INT(r.closed, 0);
	put(&r, 0x88, "", 0);
	EQ_INT(r.closed, 1);
	rig_fini(&r);
}

/* The code of the close frame that comes, or 0. */
static unsigned
close_code(struct rig *r)
{
	unsigned char back[64];
	ssize_t n = read(r->fd, back, sizeof back);

	return n >= 4 && back[0] == 0x88 ? back[2] * 256u + back[3] : 0;
}

/* ... and it is told so although it goes on sending; then it leaves. */
static bool
ends_with(struct rig *r, unsigned code)
{
	char one = 0;

	for (int i = 0; i < 10; i++) {
		if (write(r->fd, &one, 1) != 1)
			return false;
		turns(r, 1);
	}
	if (close_code(r) != code || r->closed || read(r->fd, &one, 1) != 0)
		return false;
	shutdown(r->fd, SHUT_WR);
	turns(r, 3);
	return r->closed == 1;
}

TEST(broken_rules_have_their_code)
{
	struct rig r;

	rig_init(&r, "", 0);
	EQ_INT(write(r.fd, "\x81\x01x", 3), 3);	/* not masked */
	turns(&r, 4);
	OK(ends_with(&r, 1002));
	rig_fini(&r);

	rig_init(&r, "", 0);
	put(&r, 0x81, "\xff\xfe", 2);
	OK(ends_with(&r, 1007));
	rig_fini(&r);

	rig_init(&r, "", 0);
	char big[15];	/* a header of a frame that would never end */
	memset(big, 0x7f, sizeof big);
	frame(big, 0x82, "", 0);
	big[1] = (char)(0x80 | 127);
	EQ_INT(write(r.fd, big, sizeof big), sizeof big);
	turns(&r, 4);
	OK(ends_with(&r, 1009));
	EQ_INT(r.messages, 0);
	rig_fini(&r);

	rig_init(&r, "", 0);
	char *much = calloc(1, WS_MESSAGE_MAX + 1);
	put(&r, 0x82, much, WS_MESSAGE_MAX);
	EQ_INT(r.messages, 1);
	EQ_INT(r.got_len, WS_MESSAGE_MAX);
	put(&r, 0x82, much, WS_MESSAGE_MAX + 1);
	OK(ends_with(&r, 1009));
	EQ_INT(r.messages, 1);
	free(much);
	rig_fini(&r);
}

TEST(too_many_pieces)
{
	struct rig r;

	rig_init(&r, "", 0);
	for (int i = 0; i <= WS_PIECES_MAX && r.ws; i++)
		put(&r, i ? 0x00 : 0x02, "", 0);
	OK(ends_with(&r, 1008));
	rig_fini(&r);
}

TEST(a_peer_that_does_not_read)
{
	static char data[100000];
	struct rig r;
	int sent = 0, rc;

	rig_init(&r, "", 0);
	while ((rc = ws_send(r.ws, false, data, sizeof data)) == 0 &&
	       sent < 1000)
		sent++;
	EQ_INT(rc, -EAGAIN);
	OK(sent >= 10 && sent < 40);
	EQ_INT(r.rooms, 0);
	/* It reads: there is room again, and every byte comes. */
	size_t total = 0, want = (size_t)sent * (sizeof data + 10);
	for (int i = 0; i < 100000 && total < want; i++) {
		static char back[65536];
		ssize_t n = read(r.fd, back, sizeof back);
		total += n > 0 ? (size_t)n : 0;
		turns(&r, 1);
	}
	EQ_INT(total, want);
	EQ_INT(r.rooms, 1);
	EQ_INT(ws_send(r.ws, false, data, 10), 0);
	rig_fini(&r);
}

TEST(pings_without_reading_are_not_collected)
{
	struct rig r;
	char ping[16];
	size_t n = frame(ping, 0x89, "p", 1);
	size_t sent = 0;

	rig_init(&r, "", 0);
	/* Until our answers fill its socket, and its pings fill ours. */
	for (int idle = 0; idle < 50 && sent < 10u << 20;) {
		ssize_t w = write(r.fd, ping, n);
		idle = w > 0 ? 0 : idle + 1;
		sent += w > 0 ? (size_t)w : 0;
		if (w > 0 && (size_t)w < n)
			break;
		turns(&r, 1);
	}
	OK(sent < 10u << 20);
	EQ_INT(r.closed, 0);
	rig_fini(&r);
}

TEST(pause_and_free_within_a_hook)
{
	struct rig r;

	rig_init(&r, "", 0);
	ws_pause(r.ws, true);
	put(&r, 0x81, "x", 1);
	EQ_INT(r.messages, 0);
	ws_pause(r.ws, false);
	turns(&r, 3);
	EQ_INT(r.messages, 1);
	r.free_on_message = true;
	put(&r, 0x81, "x", 1);
	EQ_INT(r.messages, 2);
	EQ_INT(r.closed, 0);
	OK(!r.ws);
	rig_fini(&r);
}

TEST(a_peer_that_leaves)
{
	struct rig r;

	rig_init(&r, "", 0);
	sys_close(r.fd);
	turns(&r, 3);
	EQ_INT(r.closed, 1);
	r.fd = -1;
	rig_fini(&r);

	rig_init(&r, "", 0);
	sys_close(r.fd);
	r.fd = -1;
	while (r.ws && ws_send(r.ws, true, "x", 1) == 0)
		;
	turns(&r, 3);
	EQ_INT(r.closed, 1);
	rig_fini(&r);
}

TEST_MAIN()
