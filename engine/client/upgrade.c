#include "upgrade.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/exepath.h"
#include "base/loop.h"
#include "base/msg.h"
#include "base/sys.h"
#include "spec/proto.h"

enum { ANSWER_MS = 10000 };

struct talk {
	struct conn *conn;	/* NULL: it has hung up */
	char *was;
	bool other, done;
	struct err *err;
	int rc;
};

/* What is asked of a program that has been replaced on the disk is told by
 * the kernel all the same. */
int
upgrade_is_ours(int pid)
{
	char path[64];
	struct stat ours, its;

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	return stat("/proc/self/exe", &ours) < 0 || stat(path, &its) < 0 ||
	       (ours.st_dev == its.st_dev && ours.st_ino == its.st_ino);
}

static void
ask(struct talk *t)
{
	struct buf b = BUF_INIT(8192);
	char exe[EXEPATH_MAX];

	exepath(exe);
	msg_put_str(&b, exe);
	int r = conn_send(t->conn, PROTO_UPGRADE, 1, b.data, b.len, NULL, 0);
	buf_fini(&b);
	if (r < 0) {
		t->rc = err_set(t->err, ERR_FAILED, "asking the engine: %s",
				strerror(-r));
		t->done = true;
	}
}

static void
take_hello(struct talk *t, const struct conn_frame *f)
{
	struct proto_hello h = { .magic = 0 };

	(void)proto_get_hello(f->data, f->len, &h);
	if (h.magic != PROTO_MAGIC || !h.engine_pid ||
	    upgrade_is_ours((int)h.engine_pid)) {
		t->done = true;
		return;
	}
	snprintf(t->was, UPGRADE_RELEASE_MAX, "%s", h.release);
	t->other = true;
	ask(t);
}

static void
on_frame(struct conn *c, const struct conn_frame *f, void *arg)
{
	struct talk *t = arg;
	struct proto_reply r;
	struct msg_reader in;
	(void)c;

	if (f->type == PROTO_HELLO) {
		take_hello(t, f);
	} else if (f->type == PROTO_BYE) {
		msg_open(&in, f->data, f->len);
		const char *why = msg_str_nn(&in);
		if (t->other && why[0]) {
			t->rc = err_set(t->err, ERR_FAILED, "%.300s", why);
			t->done = true;
		}
	} else if (f->type == PROTO_REPLY &&
		   proto_get_reply(f->data, f->len, &r) == 0) {
		if (r.code) {
			t->rc = err_set(t->err, ERR_FAILED, "%.300s", r.text);
			t->done = true;
		}
		proto_reply_fini(&r);
	}
}

/* That is the answer: it has ended. */
static void
on_closed(struct conn *c, const char *why, void *arg)
{
	struct talk *t = arg;
	(void)c;
	(void)why;

	t->conn = NULL;
	t->done = true;
}

static struct conn *
call(struct loop *l, const char *sock, struct talk *t)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct buf b = BUF_INIT(4096);
	struct proto_hello h = { .magic = PROTO_MAGIC,
				 .version = PROTO_VERSION,
				 .release = SBX_VERSION };

	if (strlen(sock) >= sizeof addr.sun_path)
		return NULL;
	memcpy(addr.sun_path, sock, strlen(sock) + 1);
	int fd = sys_socket(AF_UNIX, SOCK_STREAM);
	if (fd < 0)
		return NULL;
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) {
		sys_close(fd);
		return NULL;
	}
	struct conn *c = conn_new(l, fd, on_frame, on_closed, t);
	if (c && proto_put_hello(&b, &h) == 0)
		conn_send(c, PROTO_HELLO, 0, b.data, b.len, NULL, 0);
	buf_fini(&b);
	return c;
}

int
upgrade_engine(struct loop *l, const char *sock,
	       char was[UPGRADE_RELEASE_MAX], struct err *e)
{
	struct talk t = { .was = was, .err = e };
	uint64_t at_end_ms = clock_ms() + ANSWER_MS;

	t.conn = call(l, sock, &t);
	if (!t.conn)
		return 0;	/* who connects next says what is wrong */
	while (!t.done && clock_ms() < at_end_ms)
		if (loop_turn(l, 100 * 1000) < 0)
			break;
	if (t.other && !t.done)
		t.rc = err_set(e, ERR_FAILED, "it does not answer");
	if (t.conn)
		conn_free(t.conn);
	return t.rc < 0 ? -1 : t.other;
}
