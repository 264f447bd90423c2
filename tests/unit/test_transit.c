#include "engine/log/transit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/core/inpipe.h"
#include "engine/log/logtold.h"
#include "engine/log/spool.h"
#include "tests/lib/test.h"

enum { PROCS = 3, LEN = 300 * 1000 };

struct rig {
	char path[PROCS][64];
	int dir[PROCS];
	struct spool *sp[PROCS];	/* NULL: process unknown */
	int hop[2];			/* ours of the keeper's pipe */
	struct transit_mark mark;
	struct transit *t;
};

static struct spool *
owner(uint32_t id, void *arg)
{
	struct rig *r = arg;

	return id >= 1 && id <= PROCS ? r->sp[id - 1] : NULL;
}

/* As a new engine would: descriptors of its own for the same pipe. */
static void
begin(struct rig *r)
{
	r->t = transit_new(dup(r->hop[0]), dup(r->hop[1]), &r->mark, owner, r);
}

static void
set_up(struct rig *r)
{
	*r = (struct rig){ .hop = { -1, -1 } };
	for (int i = 0; i < PROCS; i++) {
		strcpy(r->path[i], "/tmp/sbx-transit-XXXXXX");
		OK(mkdtemp(r->path[i]));
		r->dir[i] = open(r->path[i], O_RDONLY | O_DIRECTORY);
		r->sp[i] = spool_open(r->dir[i], 1 << 20, 1, NULL);
		OK(r->sp[i]);
	}
	EQ_INT(pipe2(r->hop, O_NONBLOCK | O_CLOEXEC), 0);
	begin(r);
}

static void
tear_down(struct rig *r)
{
	transit_free(r->t);
	close(r->hop[0]);
	close(r->hop[1]);
	for (int i = 0; i < PROCS; i++) {
		spool_free(r->sp[i]);
		spool_wipe(r->dir[i]);
		close(r->dir[i]);
		rmdir(r->path[i]);
	}
}

static ssize_t
move(struct rig *r, uint32_t id, enum log_stream s, int fd, size_t max)
{
	return transit_move(r->t, id, s, r->sp[id - 1], fd, max, NULL, NULL);
}

static const char *
text_of(struct rig *r, int i, enum log_stream s)
{
	static char data[64];

	ssize_t n = spool_read(r->sp[i], s, 0, data, sizeof data - 1);
	data[n > 0 ? n : 0] = '\0';
	return data;
}

TEST(bytes_go_to_the_stream_they_came_for)
{
	struct rig r;
	int p[2];

	set_up(&r);
	EQ_INT(pipe2(p, O_NONBLOCK), 0);
	EQ_INT(move(&r, 1, LOG_OUT, p[0], 100), -EAGAIN);
	EQ_INT(write(p[1], "one\n", 4), 4);
	EQ_INT(move(&r, 1, LOG_OUT, p[0], 100), 4);
	EQ_INT(write(p[1], "two\nthree\n", 10), 10);
	EQ_INT(move(&r, 2, LOG_ERR, p[0], 4), 4);
	EQ_INT(move(&r, 1, LOG_ERR, p[0], 100), 6);
	close(p[1]);
	EQ_INT(move(&r, 1, LOG_OUT, p[0], 100), 0);
	close(p[0]);
	EQ_INT(move(&r, 1, LOG_OUT, p[0], 100), -EBADF);
	EQ_STR(text_of(&r, 0, LOG_OUT), "one\n");
	EQ_STR(text_of(&r, 0, LOG_ERR), "three\n");
	EQ_STR(text_of(&r, 1, LOG_ERR), "two\n");
	tear_down(&r);
}

/* More than the pipe holds, and over the end of a segment. */
TEST(a_large_pipe_is_moved_whole)
{
	static char want[LEN], got[LEN];
	struct rig r;
	int p[2];
	ssize_t n;
	size_t moved = 0;

	for (size_t i = 0; i < LEN; i++)
		want[i] = (char)(i * 7919 >> 3);
	set_up(&r);
	EQ_INT(pipe2(p, O_NONBLOCK), 0);
	OK(fcntl(p[1], F_SETPIPE_SZ, 1 << 19) >= LEN);
	EQ_INT(write(p[1], want, LEN), LEN);
	close(p[1]);
	while ((n = move(&r, 1, LOG_OUT, p[0], 1 << 20)) > 0)
		moved += (size_t)n;
	EQ_INT(n, 0);
	EQ_INT(moved, LEN);
	for (size_t at = 0; at < LEN; at += (size_t)n) {
		n = spool_read(r.sp[0], LOG_OUT, at, got + at, LEN - at);
		OK(n > 0);
		if (n <= 0)
			break;
	}
	OK(memcmp(want, got, LEN) == 0);
	close(p[0]);
	tear_down(&r);
}

TEST(what_a_dead_engine_left_goes_to_its_owner_first)
{
	struct rig r;

	set_up(&r);
	transit_free(r.t);
	r.mark = (struct transit_mark){ .id = 2, .stream = LOG_PTY };
	EQ_INT(write(r.hop[1], "half way", 8), 8);
	begin(&r);
	EQ_STR(text_of(&r, 1, LOG_PTY), "half way");
	tear_down(&r);
}

/* Where the file cannot be spliced into it has copied, and was killed before
 * the copy left the pipe. */
TEST(what_a_dead_engine_copied_does_not_come_twice)
{
	struct rig r;

	for (uint32_t copied = 0; copied <= 8; copied++) {
		set_up(&r);
		transit_free(r.t);
		spool_append(r.sp[1], LOG_OUT, "before ", 7);
		r.mark = (struct transit_mark){ .id = 2, .stream = LOG_OUT,
						.off = 7, .len = 10 };
		/* Two have left it already. */
		spool_append(r.sp[1], LOG_OUT, "a half way", 2 + copied);
		EQ_INT(write(r.hop[1], "half way", 8), 8);
		begin(&r);
		EQ_STR(text_of(&r, 1, LOG_OUT), "before a half way");
		tear_down(&r);
	}
}

TEST(input_is_counted_as_it_arrives)
{
	static char big[256 * 1024];
	struct rig r;
	uint64_t typed = 0;
	int p[2];
	char got[8] = "";

	set_up(&r);
	EQ_INT(pipe2(p, O_NONBLOCK), 0);
	EQ_INT(transit_send(r.t, 1, 10, p[1], "hello", 5, &typed), 5);
	EQ_INT(typed, 15);
	EQ_INT(read(p[0], got, sizeof got), 5);
	EQ_STR(got, "hello");
	/* What is too much for it stays with us, and is in no pipe. */
	ssize_t n = 0, sum = 0;
	while ((n = transit_send(r.t, 1, 15 + (uint64_t)sum, p[1], big,
				 sizeof big, &typed)) > 0)
		sum += n;
	EQ_INT(n, -EAGAIN);
	OK(sum > 0 && sum < (ssize_t)sizeof big);
	EQ_INT(typed, 15 + sum);
	EQ_INT(read(r.hop[0], got, sizeof got), -1);
	EQ_INT(errno, EAGAIN);
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	EQ_INT(transit_send(r.t, 1, 0, p[1], "x", 1, &typed), -EPIPE);
	close(p[1]);
	tear_down(&r);
}

TEST(a_dead_engine_has_sent_what_the_pipe_has_not)
{
	struct rig r;
	uint64_t typed = 0;

	set_up(&r);
	transit_free(r.t);
	r.mark = (struct transit_mark){ .id = 2, .stream = TRANSIT_INPUT,
					.off = 100, .len = 8,
					.state = TRANSIT_FILLED };
	EQ_INT(write(r.hop[1], "rest", 4), 4);
	OK(transit_typed(r.hop[0], &r.mark, &typed));
	EQ_INT(typed, 104);
	transit_typed_is_noted(&r.mark);
	OK(!transit_typed(r.hop[0], &r.mark, &typed));
	begin(&r);
	char c;
	EQ_INT(read(r.hop[0], &c, 1), -1);
	/* Killed before the pipe was filled it has sent nothing. */
	r.mark.state = TRANSIT_FILLING;
	OK(!transit_typed(r.hop[0], &r.mark, &typed));
	tear_down(&r);
}

TEST(what_nobody_owns_is_thrown_away)
{
	struct rig r;
	int p[2];

	set_up(&r);
	transit_free(r.t);
	r.mark = (struct transit_mark){ .id = 77, .stream = LOG_OUT };
	EQ_INT(write(r.hop[1], "lost", 4), 4);
	begin(&r);
	transit_free(r.t);
	r.mark = (struct transit_mark){ .id = 1, .stream = 1000 };
	EQ_INT(write(r.hop[1], "mad", 3), 3);
	begin(&r);
	EQ_INT(pipe2(p, O_NONBLOCK), 0);
	EQ_INT(write(p[1], "new\n", 4), 4);
	EQ_INT(move(&r, 1, LOG_OUT, p[0], 100), 4);
	EQ_STR(text_of(&r, 0, LOG_OUT), "new\n");
	close(p[0]);
	close(p[1]);
	tear_down(&r);
}

TEST(a_terminal_ends_with_eio)
{
	struct rig r;
	int pt = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);

	set_up(&r);
	OK(pt >= 0 && grantpt(pt) == 0 && unlockpt(pt) == 0);
	int end = open(ptsname(pt), O_RDWR | O_NOCTTY);
	EQ_INT(write(end, "x", 1), 1);
	EQ_INT(move(&r, 3, LOG_PTY, pt, 100), 1);
	EQ_STR(text_of(&r, 2, LOG_PTY), "x");
	close(end);
	EQ_INT(move(&r, 3, LOG_PTY, pt, 100), -EIO);
	close(pt);
	tear_down(&r);
}

/* Of an inotify descriptor the kernel knows only read(). */
TEST(what_splice_refuses_is_copied)
{
	struct rig r;
	int in = inotify_init1(IN_NONBLOCK);

	set_up(&r);
	OK(inotify_add_watch(in, r.path[1], IN_CREATE) > 0);
	EQ_INT(move(&r, 1, LOG_OUT, in, 100), -EAGAIN);
	close(openat(r.dir[1], "new", O_WRONLY | O_CREAT, 0600));
	OK(move(&r, 1, LOG_OUT, in, 100) > 0);
	OK(spool_end(r.sp[0], LOG_OUT) > sizeof(struct inotify_event));
	close(in);
	tear_down(&r);
}

struct seen {
	struct rig *r;
	struct buf text;
	uint64_t end;		/* of the stream when it was shown */
	unsigned calls;
};

static void
on_seen(const char *data, size_t len, void *arg)
{
	struct seen *x = arg;

	buf_add(&x->text, data, len);
	x->end = spool_end(x->r->sp[0], LOG_OUT);
	x->calls++;
}

TEST(little_is_shown_on_its_way)
{
	struct rig r;
	struct seen x = { .r = &r, .text = BUF_INIT(1 << 20) };
	static char much[LOGTOLD_BYTES + 1];
	int p[2];

	set_up(&r);
	EQ_INT(pipe2(p, O_NONBLOCK), 0);
	EQ_INT(transit_move(r.t, 1, LOG_OUT, r.sp[0], p[0], 100, on_seen, &x),
	       -EAGAIN);
	EQ_INT(x.calls, 0);
	for (int i = 1; i <= 3; i++) {
		EQ_INT(write(p[1], "line\n", 5), 5);
		EQ_INT(transit_move(r.t, 1, LOG_OUT, r.sp[0], p[0], 100,
				    on_seen, &x), 5);
		EQ_INT(x.calls, i);
		/* Not in the file yet, and then it is, once. */
		EQ_INT(x.end, (i - 1) * 5);
		EQ_INT(spool_end(r.sp[0], LOG_OUT), i * 5);
	}
	EQ_STR(buf_str(&x.text), "line\nline\nline\n");
	EQ_STR(text_of(&r, 0, LOG_OUT), "line\nline\nline\n");
	memset(much, 'x', sizeof much);
	EQ_INT(write(p[1], much, sizeof much), sizeof much);
	EQ_INT(transit_move(r.t, 1, LOG_OUT, r.sp[0], p[0], 100000, on_seen,
			    &x), sizeof much);
	EQ_INT(x.calls, 3);
	buf_fini(&x.text);
	close(p[0]);
	close(p[1]);
	tear_down(&r);
}

TEST(a_pipe_that_is_used_becomes_larger_once)
{
	struct inpipe in;
	size_t budget = INPIPE_BYTES + 5;
	int p[2], q[2];

	OK(pipe(p) == 0 && pipe(q) == 0);
	EQ_INT(fcntl(p[0], F_SETPIPE_SZ, 65536), 65536);
	inpipe_init(&in, p[0]);
	EQ_INT(in.bytes, 65536);
	OK(inpipe_is_little(&in, 100) && !inpipe_is_much(&in, 100));
	OK(!inpipe_is_little(&in, 65536) && inpipe_is_much(&in, 65536));
	OK(!inpipe_is_little(&in, 0) && !inpipe_is_much(&in, -EAGAIN));
	/* A quarter is much: before he has to wait for room. */
	inpipe_took(&in, p[0], 16383, &budget);
	EQ_INT(fcntl(p[0], F_GETPIPE_SZ), 65536);
	inpipe_took(&in, p[0], 16384, &budget);
	EQ_INT(fcntl(p[0], F_GETPIPE_SZ), INPIPE_BYTES);
	EQ_INT(in.bytes, INPIPE_BYTES);
	OK(inpipe_is_little(&in, 65536));
	EQ_INT(budget, 5);

	/* There is nothing left for another one until that gives it back. */
	struct inpipe other;
	EQ_INT(fcntl(q[0], F_SETPIPE_SZ, 65536), 65536);
	inpipe_init(&other, q[0]);
	inpipe_took(&other, q[0], 65536, &budget);
	EQ_INT(fcntl(q[0], F_GETPIPE_SZ), 65536);
	inpipe_fini(&in, &budget);
	EQ_INT(budget, INPIPE_BYTES + 5);
	inpipe_took(&other, q[0], 65536, &budget);
	EQ_INT(fcntl(q[0], F_GETPIPE_SZ), INPIPE_BYTES);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
	/* A terminal, or what its file has become, is neither. */
	inpipe_init(&in, -1);
	OK(!inpipe_is_little(&in, 1) && !inpipe_is_much(&in, 1 << 20));
	inpipe_took(&in, -1, 1 << 20, &budget);
	EQ_INT(budget, 5);
}

TEST_MAIN()
