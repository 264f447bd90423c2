#include "cli_stdin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cli_ctx.h"

enum {
	PIECE = 16 * 1024,
	FULL_AGAIN_US = 20 * 1000,	/* a full queue is tried again */
};

struct cli_stdin {
	struct cli *c;
	uint32_t proc;
	unsigned connect;	/* the connection that is sent on */
	struct source *source;	/* NULL: a file, which is always ready */
	struct timer *again;
	bool asked;		/* an answer is awaited */
	uint64_t key;		/* of this piece */
	bool eof, over;
	size_t len;		/* of what is to be sent */
	char data[PIECE];
};

bool
cli_stdin_is_given(void)
{
	struct stat st;

	if (sys_fstat(STDIN_FILENO, &st) < 0 || isatty(STDIN_FILENO))
		return false;
	return !(S_ISCHR(st.st_mode) && major(st.st_rdev) == 1 &&
		 minor(st.st_rdev) == 3);
}

static void
stop(struct cli_stdin *in)
{
	in->over = true;
	loop_drop(in->source);
	in->source = NULL;
	timer_stop(in->again);
}

/* A pipe is read when there is something, a file at once. */
static void
want_more(struct cli_stdin *in)
{
	if (in->source)
		loop_want(in->source, LOOP_IN);
	else
		timer_arm(in->again, clock_us());
}

static void
on_answer(struct client *client, const struct client_answer *a, void *arg)
{
	struct cli_stdin *in = arg;
	(void)client;

	in->asked = false;
	if (!a->err) {
		in->len = 0;
		if (in->eof)
			stop(in);
		else
			want_more(in);
	} else if (a->err->code == ERR_FULL) {
		timer_arm(in->again, clock_us() + FULL_AGAIN_US);
	} else if (a->err->code != ERR_NO_ENGINE) {
		stop(in);
	}
}

static void
send_piece(struct cli_stdin *in)
{
	unsigned flags = in->eof ? PROTO_INPUT_EOF : 0;

	if (in->source)
		loop_want(in->source, 0);
	/* Between two of them: cli_stdin_again() goes on. */
	if (in->connect != in->c->connects)
		return;
	int r = client_input(in->c->client, in->proc, flags, in->key, in->data,
			     in->len, on_answer, in);
	in->asked = r == 0;
	/* -EPIPE: there will be another connection, or the end of it all. */
	if (r == -EAGAIN)
		timer_arm(in->again, clock_us() + FULL_AGAIN_US);
}

/* Somebody else may read from it too: only what is there now. */
static bool
is_ready(const struct cli_stdin *in)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return !in->source || poll(&p, 1, 0) > 0;
}

static void
read_piece(struct cli_stdin *in)
{
	if (in->asked || in->len > 0 || in->eof || in->over || !is_ready(in))
		return;
	ssize_t n = sys_read(STDIN_FILENO, in->data, PIECE);
	if (n == -EAGAIN) {
		want_more(in);
		return;
	}
	if (n < 0)
		cli_say(in->c, "stdin: %s", strerror((int)-n));
	in->eof = n <= 0;
	in->len = n > 0 ? (size_t)n : 0;
	in->key = client_new_keys(1);
	send_piece(in);
}

static void
on_readable(struct source *s, unsigned events, void *arg)
{
	(void)s;
	(void)events;
	read_piece(arg);
}

static void
on_again(struct timer *t, void *arg)
{
	struct cli_stdin *in = arg;
	(void)t;

	if (in->asked || in->over)
		return;
	if (in->len > 0 || in->eof)
		send_piece(in);
	else
		read_piece(in);
}

struct cli_stdin *
cli_stdin_new(struct cli *c, uint32_t proc)
{
	struct cli_stdin *in = mem_alloc(sizeof *in);
	int fd = sys_dup(STDIN_FILENO);

	*in = (struct cli_stdin){ .c = c, .proc = proc,
				  .connect = c->connects };
	in->again = loop_timer(c->loop, on_again, in);
	in->source = fd < 0 ? NULL : loop_add(c->loop, fd, LOOP_IN, "stdin",
					      on_readable, in);
	/* EPERM: a file, for which there is nothing to wait. */
	int why = fd < 0 ? -fd : errno;
	if (!in->source && fd >= 0)
		sys_close(fd);
	if (!in->source && why != EPERM) {
		err_set(&c->err, ERR_INTERNAL, "stdin: %s", strerror(why));
		cli_stdin_free(in);
		return NULL;
	}
	if (!in->source)
		want_more(in);
	return in;
}

void
cli_stdin_free(struct cli_stdin *in)
{
	if (!in)
		return;
	loop_drop(in->source);
	timer_drop(in->again);
	free(in);
}

/*
 * The answer went with the old connection.  The next engine knows by the key
 * whether that piece was taken.
 */
void
cli_stdin_again(struct cli_stdin *in)
{
	in->connect = in->c->connects;
	in->asked = false;
	if (in->over)
		return;
	if (in->eof || in->len > 0)
		send_piece(in);
	else
		want_more(in);
}
