#include "engine/client/waiting.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/client/model.h"
#include "engine/log/logread.h"
#include "tests/lib/logrig.h"
#include "tests/lib/test.h"

static unsigned wakes;

static void
wake(void *arg)
{
	(void)arg;
	wakes++;
}

static struct waiting *
make(struct loop *l, enum waiting_kind kind, struct err *e)
{
	struct waiting_conf conf = { .kind = kind };
	return waiting_new(l, &conf, NULL, wake, NULL, e);
}

static enum waiting_end
look(struct waiting *w, const struct proc_row *r)
{
	struct waiting_result out;
	uint64_t again_ms;
	struct err e = ERR_INIT;
	return waiting_step(w, r, NULL, clock_ms(), &out, &again_ms, &e);
}

TEST(ready_up_and_exit)
{
	static const struct {
		enum waiting_kind kind;
		enum status status;
		bool ready;
		enum waiting_end want;
	} cases[] = {
		{ WAITING_READY, STATUS_STARTING, false, WAITING_NOT_YET },
		{ WAITING_READY, STATUS_WAITING, false, WAITING_NOT_YET },
		{ WAITING_READY, STATUS_BACKOFF, false, WAITING_NOT_YET },
		{ WAITING_READY, STATUS_RUNNING, false, WAITING_NOT_YET },
		{ WAITING_READY, STATUS_RUNNING, true, WAITING_MET },
		{ WAITING_READY, STATUS_COMPLETED, true, WAITING_MET },
		{ WAITING_READY, STATUS_COMPLETED, false, WAITING_ENDED },
		{ WAITING_READY, STATUS_FAILED, true, WAITING_ENDED },
		{ WAITING_READY, STATUS_OFF, false, WAITING_ENDED },
		{ WAITING_UP, STATUS_COMPLETED, false, WAITING_MET },
		{ WAITING_UP, STATUS_RUNNING, true, WAITING_MET },
		{ WAITING_UP, STATUS_ERROR, false, WAITING_ENDED },
		{ WAITING_EXIT, STATUS_RUNNING, true, WAITING_NOT_YET },
		{ WAITING_EXIT, STATUS_STOPPING, true, WAITING_NOT_YET },
		{ WAITING_EXIT, STATUS_BACKOFF, false, WAITING_NOT_YET },
		{ WAITING_EXIT, STATUS_FAILED, false, WAITING_MET },
		{ WAITING_EXIT, STATUS_COMPLETED, false, WAITING_MET },
	};
	struct loop *l = loop_new();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct waiting *w = make(l, cases[i].kind, NULL);
		struct proc_row r = { .status = cases[i].status,
				      .has_ready_rule = true,
				      .ready = cases[i].ready };
		if (look(w, &r) != cases[i].want)
			TEST_FAIL("case %zu gives %d", i, look(w, &r));
		waiting_free(w);
	}
	loop_free(l);
}

static int
listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(fd, (struct sockaddr *)&a, sizeof a);
	getsockname(fd, (struct sockaddr *)&a, &len);
	*port = ntohs(a.sin_port);
	listen(fd, 5);
	return fd;
}

TEST(a_port_counts_only_while_the_process_lives)
{
	struct loop *l = loop_new();
	unsigned port;
	int fd = listen_somewhere(&port);
	struct waiting_conf conf = { .kind = WAITING_PORT,
				     .target = { .kind = PROBE_TCP,
						 .port = port } };
	struct err e = ERR_INIT;
	struct waiting *w = waiting_new(l, &conf, NULL, wake, NULL, &e);
	struct proc_row r = { .status = STATUS_WAITING };
	enum waiting_end got;

	OK(w);
	/* A stranger listens; ours has not even started. */
	EQ_INT(look(w, &r), WAITING_NOT_YET);
	loop_turn(l, 20000);
	EQ_INT(wakes, 0);
	EQ_INT(look(w, &r), WAITING_NOT_YET);
	r.status = STATUS_RUNNING;
	r.pid = 1;
	while ((got = look(w, &r)) == WAITING_NOT_YET)
		loop_turn(l, 1000000);
	EQ_INT(got, WAITING_MET);
	OK(wakes > 0);
	/* It answered, but the process has ended meanwhile. */
	r.status = STATUS_FAILED;
	r.pid = 0;
	EQ_INT(look(w, &r), WAITING_ENDED);
	waiting_free(w);
	close(fd);
	loop_free(l);
}

static struct logread *
empty_log(char *dir)
{
	int fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
				-1;
	struct logread *lr = logread_open(fd, NULL);
	close(fd);
	return lr;
}

TEST(silence)
{
	char dir[] = "/tmp/test_waiting.XXXXXX";
	struct loop *l = loop_new();
	struct logread *lr = empty_log(dir);
	struct waiting_conf conf = { .kind = WAITING_IDLE, .idle_ms = 500 };
	struct waiting *w = waiting_new(l, &conf, lr, wake, NULL, NULL);
	struct proc_row r = { .status = STATUS_RUNNING, .pid = 1 };
	struct waiting_result out;
	uint64_t again_ms;

	EQ_INT(waiting_step(w, &r, NULL, 1000, &out, &again_ms, NULL),
	       WAITING_NOT_YET);
	EQ_INT(again_ms, 500);
	EQ_INT(waiting_step(w, &r, NULL, 1499, &out, &again_ms, NULL),
	       WAITING_NOT_YET);
	EQ_INT(again_ms, 1);
	EQ_INT(waiting_step(w, &r, NULL, 1500, &out, &again_ms, NULL),
	       WAITING_MET);
	r.status = STATUS_COMPLETED;
	EQ_INT(waiting_step(w, &r, NULL, 1501, &out, &again_ms, NULL),
	       WAITING_ENDED);
	waiting_free(w);
	loop_free(l);
	rmdir(dir);
}

/* A byte is output, with or without a newline. */
TEST(output_ends_silence)
{
	struct logrig rig;
	struct loop *l = loop_new();
	struct waiting_conf conf = { .kind = WAITING_IDLE, .idle_ms = 500 };
	struct proc_row r = { .status = STATUS_RUNNING, .pid = 1 };
	struct waiting_result out;
	uint64_t again_ms;

	logrig_init(&rig, 1 << 20);
	struct waiting *w = waiting_new(l, &conf, logread_open(rig.dir, NULL),
					wake, NULL, NULL);
	EQ_INT(waiting_step(w, &r, NULL, 1000, &out, &again_ms, NULL),
	       WAITING_NOT_YET);
	for (uint64_t at = 1400; at < 5000; at += 400) {
		logrig_say(&rig, at % 800 ? LOG_ERR : LOG_OUT, ".",
			   (int64_t)at);
		EQ_INT(waiting_step(w, &r, NULL, at, &out, &again_ms, NULL),
		       WAITING_NOT_YET);
		EQ_INT(again_ms, 500);
	}
	EQ_INT(waiting_step(w, &r, NULL, 5600, &out, &again_ms, NULL),
	       WAITING_MET);
	waiting_free(w);
	loop_free(l);
	logrig_fini(&rig);
}

TEST(a_log_that_ends_without_the_line)
{
	char dir[] = "/tmp/test_waiting.XXXXXX";
	struct loop *l = loop_new();
	struct waiting_conf conf = { .kind = WAITING_LOG, .pattern = "x",
				     .streams = 7 };
	struct waiting *w = waiting_new(l, &conf, empty_log(dir), wake, NULL,
					NULL);
	struct proc_row r = { .status = STATUS_RUNNING, .pid = 1 };

	EQ_INT(look(w, &r), WAITING_NOT_YET);
	r.status = STATUS_COMPLETED;
	EQ_INT(look(w, &r), WAITING_ENDED);
	waiting_free(w);
	loop_free(l);
	rmdir(dir);
}

TEST(what_is_wrong_is_told_at_once)
{
	struct loop *l = loop_new();
	struct waiting_conf bad_re = { .kind = WAITING_SCREEN,
				       .pattern = "(" };
	struct waiting_conf bad_port = { .kind = WAITING_PORT };
	struct waiting_conf screen = { .kind = WAITING_SCREEN,
				       .pattern = "x" };
	struct err e = ERR_INIT;
	struct waiting_result out;
	uint64_t again_ms;
	struct proc_row r = { .status = STATUS_RUNNING, .name = "web" };

	OK(!waiting_new(l, &bad_re, NULL, wake, NULL, &e));
	OK(e.text[0]);
	e = (struct err)ERR_INIT;
	OK(!waiting_new(l, &bad_port, NULL, wake, NULL, &e));
	OK(e.text[0]);
	struct waiting *w = waiting_new(l, &screen, NULL, wake, NULL, &e);
	EQ_INT(waiting_step(w, &r, NULL, 0, &out, &again_ms, &e),
	       WAITING_WRONG);
	EQ_STR(e.text, "'web' has no terminal");
	waiting_free(w);
	loop_free(l);
}

TEST_MAIN()
