#include "tests/lib/test.h"

#include <errno.h>
#include <sys/socket.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/conn.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/base/msg.h"
#include "engine/base/strv.h"
#include "engine/base/sys.h"
#include "engine/base/table.h"
#include "engine/base/utf8.h"

TEST(buf_never_passes_its_maximum)
{
	struct buf b = BUF_INIT(10);
	EQ_INT(buf_adds(&b, "12345678"), 0);
	EQ_INT(buf_adds(&b, "abc"), -EMSGSIZE);
	EQ_STR(buf_str(&b), "12345678");
	EQ_INT(buf_addf(&b, "%d", 42), 0);
	EQ_INT(buf_addc(&b, 'x'), -EMSGSIZE);
	buf_skip(&b, 2);
	EQ_STR(buf_str(&b), "34567842");
	buf_fini(&b);
}

TEST(buf_adds_numbers)
{
	struct buf b = BUF_INIT(40);

	EQ_INT(buf_addu(&b, 0), 0);
	EQ_INT(buf_addc(&b, ' '), 0);
	EQ_INT(buf_addu(&b, 1090), 0);
	EQ_INT(buf_addc(&b, ' '), 0);
	EQ_INT(buf_addu(&b, UINT64_MAX), 0);
	EQ_STR(buf_str(&b), "0 1090 18446744073709551615");
	EQ_INT(buf_addu(&b, UINT64_MAX), -EMSGSIZE);
	buf_fini(&b);
}

TEST(buf_fits_its_memory_to_what_it_holds)
{
	struct buf b = BUF_INIT(1000);
	buf_fit(&b);
	EQ_STR(buf_str(&b), "");
	EQ_INT(buf_addf(&b, "%0100d", 7), 0);
	buf_fit(&b);
	EQ_INT(b.cap, 101);
	EQ_INT(strlen(buf_str(&b)), 100);
	EQ_INT(buf_adds(&b, "more"), 0);
	EQ_INT(b.len, 104);
	buf_cut(&b, 1);
	buf_fit(&b);
	EQ_STR(buf_str(&b), "0");
	buf_fini(&b);
}

/* Joins the lines with bars; the first one brings another. */
struct joined {
	struct buf *from;
	char text[64];
	int left;
};

static bool
join(char *line, void *arg)
{
	struct joined *j = arg;

	if (!j->text[0])
		buf_adds(j->from, "d\ne");
	snprintf(j->text + strlen(j->text), sizeof(j->text) - strlen(j->text),
		 "%s|", line);
	return --j->left > 0;
}

TEST(buf_gives_whole_lines)
{
	struct buf b = BUF_INIT(16);
	struct joined j = { .from = &b, .left = 9 };

	buf_adds(&b, "a\n\nb\nc");
	buf_each_line(&b, join, &j);
	EQ_STR(j.text, "a||b|cd|");
	EQ_STR(buf_str(&b), "e");
	j = (struct joined){ .from = &b, .text = "x", .left = 1 };
	buf_adds(&b, "\nf\n");
	buf_each_line(&b, join, &j);
	EQ_STR(j.text, "xe|");
	EQ_STR(buf_str(&b), "f\n");
	buf_fini(&b);
}

TEST(msg_round_trip_and_short_input)
{
	struct buf b = BUF_INIT(1000);
	char *words[] = { "one", "", "three", NULL };
	msg_put_u8(&b, 7);
	msg_put_u64(&b, 1ull << 60);
	msg_put_i64(&b, -5);
	msg_put_double(&b, 2.5);
	msg_put_str(&b, "text");
	msg_put_str(&b, NULL);
	msg_put_strv(&b, words);
	for (size_t cut = 0; cut < b.len; cut++) {
		struct msg_reader r;
		msg_open(&r, b.data, cut);
		msg_u8(&r);
		msg_u64(&r);
		msg_i64(&r);
		msg_double(&r);
		msg_str(&r);
		msg_str(&r);
		strv_free(msg_strv(&r, 10));
		OK(r.bad && !msg_done(&r));
	}
	struct msg_reader r;
	msg_open(&r, b.data, b.len);
	EQ_INT(msg_u8(&r), 7);
	OK(msg_u64(&r) == 1ull << 60);
	EQ_INT(msg_i64(&r), -5);
	OK(msg_double(&r) == 2.5);
	EQ_STR(msg_str(&r), "text");
	OK(msg_str(&r) == NULL);
	char **v = msg_strv(&r, 10);
	EQ_STR(v[2], "three");
	OK(v[3] == NULL && msg_done(&r));
	strv_free(v);
	buf_fini(&b);
}

TEST(msg_of_another_release)
{
	struct buf b = BUF_INIT(100);
	struct msg_reader r;
	size_t len;

	msg_put_u32(&b, 7);
	msg_put_str(&b, "text");
	/* An older one had no more fields than these. */
	msg_open_tolerant(&r, b.data, b.len);
	EQ_INT(msg_u32(&r), 7);
	EQ_STR(msg_str(&r), "text");
	EQ_INT(msg_u64(&r), 0);
	EQ_STR(msg_bytes(&r, &len), "");
	EQ_INT(len, 0);
	OK(msg_str(&r) == NULL && msg_strv(&r, 10) == NULL);
	OK(!r.bad);
	/* A newer one has more. */
	msg_open_tolerant(&r, b.data, b.len);
	EQ_INT(msg_u32(&r), 7);
	OK(!r.bad);
	/* Half a field is no field. */
	msg_open_tolerant(&r, b.data, b.len - 1);
	EQ_INT(msg_u32(&r), 7);
	OK(msg_str(&r) == NULL && r.bad);
	EQ_INT(msg_u64(&r), 0);
	buf_fini(&b);
}

TEST(utf8_refuses_what_rfc_3629_refuses)
{
	uint32_t cp;
	EQ_INT(utf8_decode("\xc3\xa9", 2, &cp), 2);
	EQ_INT(cp, 0xe9);
	EQ_INT(utf8_decode("\xc3", 1, &cp), 0);
	EQ_INT(utf8_decode("\xc0\x80", 2, &cp), -1);
	EQ_INT(utf8_decode("\xed\xa0\x80", 3, &cp), -1);
	EQ_INT(utf8_decode("\xf4\x90\x80\x80", 4, &cp), -1);
	EQ_INT(utf8_decode("\xe2\x97\x8f", 3, &cp), 3);
	EQ_INT(utf8_columns("a\xe4\xb8\xad", 4), 3);
	EQ_INT(utf8_prefix("a\xe4\xb8\xad" "b", 5, 2), 1);
	char out[4];
	for (uint32_t c = 1; c < 0x110000; c++) {
		int n = utf8_encode(c, out);
		OK((n == 0) == (c >= 0xd800 && c < 0xe000));
		if (n) {
			EQ_INT(utf8_decode(out, (size_t)n, &cp), n);
			EQ_INT(cp, c);
		}
	}
}

static const struct {
	struct row row;
} animals[] = {
	{ { "restart", NULL, "NAME…", "begin again" } },
	{ { "reload", NULL, "", "read again" } },
	{ { "stop", "halt", "NAME…", "make it end" } },
};
static const struct table animal_table = TABLE(animals);

TEST(table_finds_by_name_alias_prefix_and_distance)
{
	EQ_STR(table_find(&animal_table, "halt")->name, "stop");
	EQ_STR(table_match(&animal_table, "st")->name, "stop");
	OK(table_match(&animal_table, "re") == NULL);
	EQ_STR(table_suggest(&animal_table, "restrat")->name, "restart");
	OK(table_suggest(&animal_table, "frobnicate") == NULL);
	EQ_INT(table_distance("restrat", "restart", 9), 1);
}

struct beat {
	struct timer *timer;
	int count;
	struct source *victim;
};

static void
on_beat(struct timer *t, void *arg)
{
	struct beat *b = arg;
	b->count++;
	if (b->count < 3)
		timer_arm(t, clock_us());
}

TEST(loop_runs_timers_in_order_and_never_twice_a_turn)
{
	struct loop *l = loop_new();
	struct beat a = { 0 }, z = { 0 };
	a.timer = loop_timer(l, on_beat, &a);
	z.timer = loop_timer(l, on_beat, &z);
	clock_fake(1000, 0);
	timer_arm(a.timer, 1000);
	timer_arm(z.timer, 2000);
	loop_turn(l, 0);
	EQ_INT(a.count, 1);
	EQ_INT(z.count, 0);
	clock_fake(2000, 0);
	loop_turn(l, 0);
	EQ_INT(a.count, 2);
	EQ_INT(z.count, 1);
	clock_real();
	loop_free(l);
}

static void
drop_the_other(struct source *s, unsigned events, void *arg)
{
	struct beat *b = arg;
	char c;
	(void)events;
	b->count++;
	if (sys_read(loop_fd(s), &c, 1) < 0)
		b->count = 100;
	loop_drop(b->victim);
	b->victim = NULL;
}

TEST(loop_never_calls_a_dropped_source)
{
	struct loop *l = loop_new();
	int a[2], z[2];
	OK(sys_pipe(a, 0) == 0 && sys_pipe(z, 0) == 0);
	struct beat ba = { 0 }, bz = { 0 };
	struct source *sa = loop_add(l, a[0], LOOP_IN, "a", drop_the_other, &ba);
	struct source *sz = loop_add(l, z[0], LOOP_IN, "z", drop_the_other, &bz);
	ba.victim = sz;
	bz.victim = sa;
	EQ_INT(sys_write(a[1], "x", 1), 1);
	EQ_INT(sys_write(z[1], "x", 1), 1);
	loop_turn(l, 0);
	EQ_INT(ba.count + bz.count, 1);
	loop_turn(l, 0);
	EQ_INT(ba.count + bz.count, 1);
	sys_close(a[1]);
	sys_close(z[1]);
	loop_free(l);
}

struct calm {
	struct loop *l;
	bool calm, stir, was_calm;
};

static void
say_calm(struct timer *t, void *arg)
{
	struct calm *c = arg;
	(void)t;
	if (c->stir)
		loop_stir(c->l);
	if (c->calm)
		loop_calm(c->l);
}

static void
see_calm(void *arg)
{
	struct calm *c = arg;
	c->was_calm = loop_is_calm(c->l);
}

static bool
is_calm_turn(struct timer *one, struct timer *two, struct calm *seen)
{
	timer_arm(one, clock_us());
	if (two)
		timer_arm(two, clock_us());
	loop_turn(seen->l, 0);
	return seen->was_calm;
}

TEST(loop_is_calm_when_all_of_a_turn_were)
{
	struct loop *l = loop_new();
	struct calm a = { .l = l, .calm = true }, b = { .l = l }, seen = a;
	struct timer *ta = loop_timer(l, say_calm, &a);
	struct timer *tb = loop_timer(l, say_calm, &b);
	loop_idle(l, see_calm, &seen);
	clock_fake(1000, 0);
	OK(is_calm_turn(ta, NULL, &seen));
	OK(!is_calm_turn(tb, NULL, &seen));
	OK(!is_calm_turn(ta, tb, &seen));
	OK(is_calm_turn(ta, NULL, &seen));
	/* One of several things that a callback did was not. */
	a.stir = true;
	OK(!is_calm_turn(ta, NULL, &seen));
	a.stir = false;
	b.calm = true;
	OK(is_calm_turn(ta, tb, &seen));
	/* Whoever left something over wants a whole turn. */
	loop_again(l);
	OK(!is_calm_turn(ta, NULL, &seen));
	OK(is_calm_turn(ta, NULL, &seen));
	clock_real();
	loop_free(l);
}

struct peer {
	struct conn *conn;
	int frames, fds, closed;
	size_t bytes;
	char why[100];
};

static void
on_frame(struct conn *c, const struct conn_frame *f, void *arg)
{
	struct peer *p = arg;
	(void)c;
	p->frames++;
	p->bytes += f->len;
	for (int i = 0; i < f->nfds; i++) {
		char text[6] = "";
		ssize_t n = sys_pread(f->fds[i], text, 5, 0);
		p->fds += n == 5 && strcmp(text, "hello") == 0;
	}
}

static void
on_closed(struct conn *c, const char *why, void *arg)
{
	struct peer *p = arg;
	(void)c;
	p->closed++;
	p->conn = NULL;
	snprintf(p->why, sizeof p->why, "%s", why);
}

static int
pair_up(struct loop *l, struct peer *a, struct peer *z)
{
	int fds[2];
	if (sys_socketpair(SOCK_STREAM, fds) < 0)
		return -1;
	a->conn = conn_new(l, fds[0], on_frame, on_closed, a);
	z->conn = conn_new(l, fds[1], on_frame, on_closed, z);
	return a->conn && z->conn ? 0 : -1;
}

TEST(conn_carries_frames_and_descriptors)
{
	struct loop *l = loop_new();
	struct peer a = { 0 }, z = { 0 };
	OK(pair_up(l, &a, &z) == 0);
	int fd = sys_memfd("test");
	EQ_INT(sys_write(fd, "hello", 5), 5);
	static char big[1 << 20];
	int fds[2] = { fd, fd };
	for (int i = 0; i < 4; i++) {
		EQ_INT(conn_send(a.conn, 1, 2, big, sizeof big, NULL, 0), 0);
		EQ_INT(conn_send(a.conn, 1, 2, "x", 1, fds, 2), 0);
		EQ_INT(conn_send(a.conn, 1, 2, "yz", 2, fds, 1), 0);
	}
	for (int i = 0; i < 1000 && z.frames < 12; i++)
		loop_turn(l, 100000);
	EQ_INT(z.frames, 12);
	EQ_INT(z.fds, 12);
	EQ_INT(z.bytes, 4 * (sizeof big + 3));
	conn_free(a.conn);
	for (int i = 0; i < 10 && !z.closed; i++)
		loop_turn(l, 100000);
	EQ_INT(z.closed, 1);
	EQ_STR(z.why, "");
	sys_close(fd);
	loop_free(l);
}

TEST(conn_refuses_a_malformed_head_before_it_allocates)
{
	struct loop *l = loop_new();
	int fds[2];
	OK(sys_socketpair(SOCK_STREAM, fds) == 0);
	struct peer z = { 0 };
	z.conn = conn_new(l, fds[1], on_frame, on_closed, &z);
	EQ_INT(sys_write(fds[0], "\xff\xff\xff\xff garbage", 12), 12);
	loop_turn(l, 1000000);
	EQ_INT(z.closed, 1);
	EQ_STR(z.why, "the peer sent a malformed frame");
	sys_close(fds[0]);
	loop_free(l);
}

TEST(conn_queue_has_a_limit)
{
	struct loop *l = loop_new();
	int fds[2];
	OK(sys_socketpair(SOCK_STREAM, fds) == 0);
	struct peer a = { 0 };
	a.conn = conn_new(l, fds[0], on_frame, on_closed, &a);
	static char big[1 << 20];
	int r = 0;
	for (int i = 0; i < 20 && r == 0; i++)
		r = conn_send(a.conn, 1, 0, big, sizeof big, NULL, 0);
	EQ_INT(r, -EAGAIN);
	OK(conn_queued(a.conn) <= CONN_QUEUE_MAX);
	conn_free(a.conn);
	sys_close(fds[1]);
	loop_free(l);
}

TEST(conn_corked_sends_nothing_until_it_is_let_go)
{
	struct loop *l = loop_new();
	int fds[2];
	OK(sys_socketpair(SOCK_STREAM, fds) == 0);
	struct peer a = { 0 }, z = { 0 };
	a.conn = conn_new(l, fds[0], on_frame, on_closed, &a);
	z.conn = conn_new(l, fds[1], on_frame, on_closed, &z);
	conn_cork(a.conn);
	EQ_INT(conn_send(a.conn, 1, 0, "one", 3, NULL, 0), 0);
	EQ_INT(conn_send(z.conn, 1, 0, "ask", 3, NULL, 0), 0);
	while (a.frames == 0)
		loop_turn(l, 100000);
	loop_turn(l, 0);
	EQ_INT(z.frames, 0);
	conn_uncork(a.conn);
	EQ_INT(conn_queued(a.conn), 0);
	EQ_INT(conn_send(a.conn, 1, 0, "two", 3, NULL, 0), 0);
	/* What was corked leaves before the end does. */
	conn_cork(a.conn);
	EQ_INT(conn_send(a.conn, 1, 0, "bye", 3, NULL, 0), 0);
	conn_finish(a.conn);
	loop_turn(l, 0);
	EQ_INT(a.closed, 0);
	conn_uncork(a.conn);
	for (int i = 0; i < 100 && !z.closed; i++)
		loop_turn(l, 100000);
	EQ_INT(z.frames, 3);
	EQ_INT(a.closed, 1);
	EQ_INT(z.closed, 1);
	loop_free(l);
}

TEST(clock_prints_times_and_ages)
{
	char s[40];
	setenv("TZ", "UTC", 1);
	clock_rfc3339(s, sizeof s, 1700000000123);
	EQ_STR(s, "2023-11-14T22:13:20.123+00:00");
	clock_age(s, sizeof s, 724000);
	EQ_STR(s, "12m04s");
	clock_age(s, sizeof s, 40000);
	EQ_STR(s, "40s");
}

TEST(private_dir_refuses_links_and_open_modes)
{
	char base[] = "/tmp/sbx-test-XXXXXX", path[200];
	OK(mkdtemp(base));
	snprintf(path, sizeof path, "%s/a/b/c", base);
	int fd = sys_private_dir(path);
	OK(fd >= 0);
	sys_close(fd);
	char link[200];
	snprintf(link, sizeof link, "%s/link", base);
	OK(symlink(path, link) == 0);
	EQ_INT(sys_private_dir(link), -ELOOP);
	char command[300];
	snprintf(command, sizeof command, "chmod 777 %s", path);
	OK(system(command) == 0);
	EQ_INT(sys_private_dir(path), -EPERM);
	snprintf(command, sizeof command, "rm -rf %s", base);
	OK(system(command) == 0);
}

TEST(error_codes_are_the_documented_ones)
{
	struct err e = ERR_INIT;
	EQ_INT(err_set(&e, ERR_NO_PROCESS, "no process '%s'", "wbe"), -1);
	EQ_STR(e.text, "no process 'wbe'");
	EQ_INT(err_exit_code(e.code), 4);
	EQ_INT(err_exit_code(ERR_TIMEOUT), 124);
	EQ_STR(err_code_name(ERR_NO_ENGINE), "no_engine");
}

TEST_MAIN()
