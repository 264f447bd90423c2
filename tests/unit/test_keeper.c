/* What survives when the processes of sbx itself die. */

#include "tests/lib/keeprig.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/child/keepmsg.h"
#include "engine/child/keepslot.h"

#define STDOUT(r, slot) (&rig_run(r, slot)->out[KEEP_FD_STDOUT])

static bool
is_alive(pid_t pid)
{
	struct procfs_stat st;

	return procfs_stat(pid, &st) == 0 && !procfs_is_dead(&st);
}

static bool
all_dead_within(const pid_t *pids, size_t count, unsigned within_ms)
{
	uint64_t until_ms = clock_ms() + within_ms;

	for (size_t i = 0; i < count; i++) {
		while (is_alive(pids[i])) {
			if (clock_ms() > until_ms)
				return false;
			poll(NULL, 0, 2);
		}
	}
	return true;
}

/* The number of whole lines "line 1" to "line N", or -1 if one is wrong. */
static long
count_lines(const struct buf *b)
{
	char want[32];
	const char *p = buf_str(b);
	long no = 0;

	while (strchr(p, '\n')) {
		int n = snprintf(want, sizeof want, "line %ld\n", no + 1);
		if (strncmp(p, want, (size_t)n) != 0)
			return -1;
		p += n;
		no++;
	}
	return no;
}

/* kill -9, and the next one takes over. */
static int
kill_engine(struct rig *r)
{
	kill(r->engine, SIGKILL);
	rig_forget_engine(r);
	return rig_take_engine(r);
}

TEST(messages_round_trip)
{
	struct buf b = BUF_INIT(KEEP_LEN);
	struct keepmsg got, m = {
		.type = KEEP_EXITED, .fd_mask = 5, .flags = 7,
		.slot = UINT64_MAX - 1, .tag = UINT64_C(1) << 62, .version = 9,
		.count = 3, .pid = 4194304, .state = KEEP_ENDED, .step = 4,
		.error = 11, .status = -1, .signo = 31, .rows = 65535,
		.cols = 1, .start_us = 1, .end_us = 2,
		.user_us = 3, .sys_us = 4, .maxrss_bytes = UINT64_MAX,
	};

	EQ_INT(keepmsg_pack(&m, &b), 0);
	EQ_INT(b.len, KEEP_LEN);
	EQ_INT(keepmsg_unpack(&got, b.data, b.len), 0);
	OK(got.type == m.type && got.fd_mask == m.fd_mask &&
	   got.flags == m.flags && got.slot == m.slot && got.tag == m.tag &&
	   got.version == m.version && got.count == m.count &&
	   got.pid == m.pid && got.state == m.state && got.step == m.step &&
	   got.error == m.error && got.status == m.status &&
	   got.signo == m.signo && got.rows == m.rows && got.cols == m.cols &&
	   got.start_us == m.start_us &&
	   got.end_us == m.end_us && got.user_us == m.user_us &&
	   got.sys_us == m.sys_us && got.maxrss_bytes == m.maxrss_bytes);
	EQ_INT(keepmsg_unpack(&got, b.data, b.len - 1), -EPROTO);
	/* Only a start has something behind it. */
	char more[KEEP_LEN + KEEP_BEHIND_MAX + 1] = { 0 };
	memcpy(more, b.data, b.len);
	EQ_INT(keepmsg_unpack(&got, more, b.len + 1), -EPROTO);
	more[4] = KEEP_SPAWN;
	EQ_INT(keepmsg_unpack(&got, more, b.len + 1), 0);
	EQ_INT(keepmsg_unpack(&got, more, sizeof more - 1), 0);
	EQ_INT(keepmsg_unpack(&got, more, sizeof more), -EPROTO);
	b.data[0] ^= 1;
	EQ_INT(keepmsg_unpack(&got, b.data, b.len), -EPROTO);
	b.data[0] ^= 1;
	b.data[4] = KEEP_TYPES;
	EQ_INT(keepmsg_unpack(&got, b.data, b.len), -EPROTO);
	buf_fini(&b);
}

TEST(descriptors_list_and_take)
{
	struct keep_fds f, g;
	int list[KEEP_FDS], count;

	keep_fds_init(&f);
	EQ_INT(keep_fds_list(&f, list, &count), 0);
	EQ_INT(count, 0);
	f.fd[KEEP_FD_STDOUT] = dup(0);
	f.fd[KEEP_FD_NOTIFY] = dup(0);
	uint32_t mask = keep_fds_list(&f, list, &count);
	EQ_INT(mask, 1 << KEEP_FD_STDOUT | 1 << KEEP_FD_NOTIFY);
	keep_fds_take(&g, mask, list, count);
	EQ_INT(memcmp(&f, &g, sizeof f), 0);
	/* One more than the mask names: it must not leak. */
	keep_fds_take(&g, 1 << KEEP_FD_STDOUT, list, count);
	EQ_INT(fcntl(f.fd[KEEP_FD_NOTIFY], F_GETFD), -1);
	keep_fds_close(&g, ~0U);
	EQ_INT(g.fd[KEEP_FD_STDOUT], -1);
}

/* The other end of its status pipe may be ours for longer than it lives. */
TEST(what_has_ended_does_not_run_again)
{
	struct keepslot s = { .id = 1, .pid = 4711, .state = KEEP_SPAWNING };
	struct keepslots t = { .v = &s, .used = 1, .count = 1, .spawning = 1 };
	struct rusage ru = { .ru_maxrss = 1 };
	struct keepmsg m;
	int p[2];

	keep_fds_init(&s.fds);
	EQ_INT(sys_pipe(p, O_NONBLOCK), 0);
	s.status_fd = p[0];
	OK(!keepslot_check_exec(&t, &s, false));
	OK(keepslot_check_exec(&t, &s, true));
	EQ_INT(t.spawning, 0);
	keepslot_end(&s, 5 << 8, &ru);
	sys_close(p[1]);
	OK(!keepslot_check_exec(&t, &s, false));
	keepslot_tell(&s, KEEP_ADOPT, &m);
	EQ_INT(m.state, KEEP_ENDED);
	EQ_INT(m.pid, 4711);
	EQ_INT(m.status, 5 << 8);
	/* One that could not begin has said so. */
	struct spawn_fail f = { SPAWN_CWD, ENOENT };
	EQ_INT(sys_pipe(p, O_NONBLOCK), 0);
	s = (struct keepslot){ .id = 2, .pid = 4712, .state = KEEP_SPAWNING,
			       .status_fd = p[0] };
	keep_fds_init(&s.fds);
	t.spawning = 1;
	EQ_INT(sys_write(p[1], &f, sizeof f), sizeof f);
	OK(keepslot_check_exec(&t, &s, true));
	EQ_INT(s.state, KEEP_NEVER);
	EQ_INT(s.error, ENOENT);
	sys_close(p[1]);
}

TEST(new_engine_takes_over)
{
	struct rig r;
	struct spawn_req q;

	EQ_INT(rig_start(&r), 0);
	uint64_t tick = rig_zoo_plain(&r, "tick", "1", NULL);
	uint64_t ended = rig_zoo_plain(&r, "exit", "42", NULL);
	spawn_req_init(&q);
	q.cwd = "/none";
	uint64_t never = rig_zoo_run(&r, &q, "wait", NULL, NULL);
	RIG_WAIT(&r, STDOUT(&r, tick)->len > 50);
	RIG_WAIT(&r, rig_run(&r, ended)->exited && rig_run(&r, never)->failed);
	pid_t pid = rig_run(&r, tick)->pid;
	for (int round = 0; round < 20; round++) {
		pid_t engine = r.engine;
		size_t len = STDOUT(&r, tick)->len;
		r.nadopt = 0;
		EQ_INT(kill_engine(&r), 0);
		OK(r.engine != engine);
		EQ_INT(r.nadopt, 3);
		EQ_INT(rig_run(&r, tick)->state, KEEP_RUNNING);
		EQ_INT(rig_run(&r, tick)->pid, pid);
		OK(is_alive(pid));
		EQ_INT(rig_run(&r, ended)->state, KEEP_ENDED);
		EQ_INT(WEXITSTATUS(rig_run(&r, ended)->exit.status), 42);
		EQ_INT(rig_run(&r, never)->state, KEEP_NEVER);
		EQ_INT(rig_run(&r, never)->step, SPAWN_CWD);
		EQ_INT(rig_run(&r, never)->error, ENOENT);
		/* Not a byte missing and none doubled. */
		RIG_WAIT(&r, STDOUT(&r, tick)->len > len + 20);
		OK(count_lines(STDOUT(&r, tick)) > 0);
	}
	/* What is released is not handed over again. */
	keeplink_release(r.link, ended);
	keeplink_release(r.link, never);
	r.nadopt = 0;
	RIG_WAIT(&r, keeplink_queued(r.link) == 0);
	EQ_INT(kill_engine(&r), 0);
	EQ_INT(r.nadopt, 1);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

TEST(exit_while_no_engine_is_told_later)
{
	struct rig r;
	char fifo[] = "/tmp/sbx-gate-XXXXXX";

	EQ_INT(close(mkstemp(fifo)), 0);
	unlink(fifo);
	EQ_INT(mkfifo(fifo, 0600), 0);
	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "gate", fifo, "7");
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	/* Opens once the child waits in its own open. */
	int fd = open(fifo, O_WRONLY);
	kill(r.engine, SIGKILL);
	rig_forget_engine(&r);
	close(fd);
	EQ_INT(rig_take_engine(&r), 0);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->exited || run->state == KEEP_ENDED);
	EQ_INT(WEXITSTATUS(run->exit.status), 7);
	unlink(fifo);
	EQ_INT(rig_stop(&r), 0);
}

enum { UNREAD = 20 };

/* The engine dies with this many that the keeper has not read yet; the next
 * one is there at the end. */
static void
die_with_requests(struct rig *r, int count)
{
	kill(r->keeper, SIGSTOP);
	for (int i = 0; i < count; i++)
		OK(rig_zoo_plain(r, "wait", NULL, NULL) != 0);
	EQ_INT(keeplink_queued(r->link), 0);
	kill(r->engine, SIGKILL);
	rig_forget_engine(r);
	kill(r->keeper, SIGCONT);
	r->nadopt = 0;
	EQ_INT(rig_take_engine(r), 0);
}

TEST(requests_of_a_dying_engine_count)
{
	struct rig r;

	/* Sent, but never read while it lived. */
	EQ_INT(rig_start(&r), 0);
	die_with_requests(&r, UNREAD);
	EQ_INT(r.nadopt, UNREAD);
	for (int i = 1; i <= UNREAD; i++)
		RIG_WAIT(&r, rig_run(&r, i)->started ||
				     rig_run(&r, i)->state == KEEP_RUNNING);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

/*
 * What it has not read of ours is told by the kernel as an error, once, in
 * front of what it has still asked for.
 */
TEST(requests_of_one_that_dies_with_unread_words_count)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	struct pollfd unread = { r.fd, POLLIN, 0 };
	kill(rig_run(&r, slot)->pid, SIGKILL);
	EQ_INT(poll(&unread, 1, RIG_WAIT_S * 1000), 1);
	die_with_requests(&r, UNREAD);
	EQ_INT(r.nadopt, UNREAD + 1);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

/* Nothing has to be handed over that could be lost on its way. */
TEST(registry_is_the_keepers)
{
	struct rig r;
	char text[8] = "";

	EQ_INT(rig_start(&r), 0);
	for (int i = 0; i < KEEP_FILES; i++)
		EQ_INT(pread(r.registry[i], text, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		EQ_INT(pwrite(r.registry[i % 2], i == 2 ? "newest" : "older",
			      6, 0), 6);
		EQ_INT(kill_engine(&r), 0);
	}
	EQ_INT(pread(r.registry[0], text, 6, 0), 6);
	EQ_STR(text, "newest");
	EQ_INT(rig_stop(&r), 0);
}

/* A child, one that ignores signals, a daemon and a stopped one. */
static size_t
start_family(struct rig *r, pid_t *pids)
{
	static const char *const kinds[] = { "wait", "ignore", "daemon",
					     "stopself", "thread", "tick" };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		uint64_t slot = rig_zoo_plain(r, kinds[i], "10", NULL);
		struct rig_run *run = rig_run(r, slot);
		uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;
		while (run->out[KEEP_FD_STDOUT].len == 0 &&
		       clock_ms() < until_ms)
			rig_pump(r);
		pids[count++] = run->pid;
		if (strcmp(kinds[i], "daemon") == 0)
			pids[count++] =
				atoi(buf_str(&run->out[KEEP_FD_STDOUT]) + 7);
	}
	return count;
}

/* Ends the rig after its keeper was killed. */
static int
wait_for_anchor(struct rig *r)
{
	int status = -1;
	uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;

	rig_forget_engine(r);
	while (waitpid(r->anchor, &status, WNOHANG) != r->anchor)
		if (clock_ms() > until_ms || poll(NULL, 0, 2) < 0)
			return -1;
	rig_free(r);
	return status;
}

TEST(keeper_dies)
{
	struct rig r;
	pid_t pids[16];

	EQ_INT(rig_start(&r), 0);
	size_t count = start_family(&r, pids);
	EQ_INT(count, 7);
	for (size_t i = 0; i < count; i++)
		OK(is_alive(pids[i]));
	kill(r.keeper, SIGKILL);
	OK(all_dead_within(pids, count, SOON_MS));
	/* The engine is told, and may say its last words. */
	RIG_WAIT(&r, r.gone == 1);
	EQ_INT(keeplink_bye(r.link), -EPIPE);
	OK(wait_for_anchor(&r) >= 0);
	OK(rig_all_gone(SOON_MS));
}

TEST(keeper_and_engine_die)
{
	struct rig r;
	pid_t pids[16];

	EQ_INT(rig_start(&r), 0);
	size_t count = start_family(&r, pids);
	kill(r.engine, SIGKILL);
	kill(r.keeper, SIGKILL);
	OK(all_dead_within(pids, count, SOON_MS));
	OK(wait_for_anchor(&r) >= 0);
	OK(rig_all_gone(SOON_MS));
}

static void
count_tagged(pid_t pid, void *arg)
{
	struct procfs_stat st;
	uint64_t limit;

	if (procfs_rttime(pid, &limit) == 0 &&
	    tree_tag_set(limit) == RIG_SET && procfs_stat(pid, &st) == 0 &&
	    !procfs_is_dead(&st))
		++*(int *)arg;
}

TEST(keeper_dies_in_a_storm)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t a = rig_zoo_plain(&r, "storm", "10", NULL);
	uint64_t b = rig_zoo_plain(&r, "storm-sid", "10", NULL);
	RIG_WAIT(&r, STDOUT(&r, a)->len && STDOUT(&r, b)->len);
	uint64_t start_ms = clock_ms();
	kill(r.engine, SIGKILL);
	kill(r.keeper, SIGKILL);
	int live = 1;
	while (live > 0) {
		live = 0;
		procfs_each(count_tagged, &live);
		OK(clock_ms() - start_ms < SOON_MS);
	}
	OK(wait_for_anchor(&r) >= 0);
	OK(rig_all_gone(SOON_MS));
}

TEST(silent_engine_is_ended_with_the_keeper)
{
	struct rig r;

	/* It does not end by itself: the anchor gives it one second. */
	EQ_INT(rig_start(&r), 0);
	pid_t engine = r.engine;
	kill(r.keeper, SIGKILL);
	RIG_WAIT(&r, !is_alive(engine));
	OK(wait_for_anchor(&r) >= 0);
}

static void
note_guard(pid_t pid, void *arg)
{
	struct procfs_stat st;

	if (procfs_stat(pid, &st) == 0 && strcmp(st.comm, "sbx: guard") == 0 &&
	    !procfs_is_dead(&st))
		*(pid_t *)arg = pid;
}

/* The guard below the keeper that is not old; 0 when none comes. */
static pid_t
wait_for_guard(struct rig *r, pid_t old)
{
	uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;
	pid_t guard = 0;

	while ((!guard || guard == old) && clock_ms() < until_ms) {
		procfs_each_child(r->keeper, 1, note_guard, &guard);
		rig_pump(r);
	}
	return guard != old ? guard : 0;
}

TEST(anchor_dies_then_keeper_and_engine)
{
	struct rig r;
	pid_t pids[16];

	EQ_INT(rig_start(&r), 0);
	size_t count = start_family(&r, pids);
	kill(r.anchor, SIGKILL);
	/* The set lives on; a guard takes the place. */
	uint64_t slot = rig_zoo_plain(&r, "exit", "3", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	for (size_t i = 0; i < count; i++)
		OK(is_alive(pids[i]));
	pid_t guard = wait_for_guard(&r, 0);
	OK(guard > 0);
	/* It comes back when somebody kills it. */
	kill(guard, SIGKILL);
	OK(wait_for_guard(&r, guard) > 0);
	kill(r.engine, SIGKILL);
	kill(r.keeper, SIGKILL);
	OK(all_dead_within(pids, count, SOON_MS));
	rig_free(&r);
	OK(rig_all_gone(SOON_MS));
}

TEST(term_is_passed_on)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	kill(r.keeper, SIGHUP);
	kill(r.keeper, SIGTERM);
	RIG_WAIT(&r, r.terms == 1);
	/* To the anchor, or to the next engine: the same. */
	EQ_INT(kill_engine(&r), 0);
	RIG_WAIT(&r, r.terms == 2);
	kill(r.anchor, SIGTERM);
	RIG_WAIT(&r, r.terms == 3);
	EQ_INT(rig_stop(&r), 0);
}

TEST(signals_of_children_are_ignored)
{
	static const char *const signals[] = { "15", "2", "1", "10", "17" };
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		uint64_t slot =
			rig_zoo_plain(&r, "kill-parent", signals[i], NULL);
		RIG_WAIT(&r, STDOUT(&r, slot)->len > 0);
		EQ_STR(buf_str(STDOUT(&r, slot)), "sent\n");
	}
	/* The keeper has seen them before it answers to this. */
	uint64_t slot = rig_zoo_plain(&r, "exit", "0", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	EQ_INT(r.terms, 0);
	EQ_INT(rig_stop(&r), 0);
}

TEST(bye_ends_what_is_left)
{
	struct rig r;
	pid_t pids[16];

	EQ_INT(rig_start(&r), 0);
	size_t count = start_family(&r, pids);
	EQ_INT(rig_stop(&r), 0);
	OK(all_dead_within(pids, count, 0));
	EQ_INT(rig_survivors(), 0);
}

TEST(leaving_without_bye_is_a_crash)
{
	struct rig r;
	char byte = RIG_EXIT;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	EQ_INT(write(r.ctl, &byte, 1), 1);
	rig_forget_engine(&r);
	EQ_INT(rig_take_engine(&r), 0);
	EQ_INT(rig_run(&r, slot)->state, KEEP_RUNNING);
	EQ_INT(rig_stop(&r), 0);
}

TEST(hung_up_engine_is_replaced)
{
	struct rig r;
	char byte = RIG_HANG_UP;

	/* It lives on, but nobody has an end of its socket any more. */
	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	pid_t old = r.engine;
	int ctl = dup(r.ctl);
	EQ_INT(write(ctl, &byte, 1), 1);
	rig_forget_engine(&r);
	EQ_INT(rig_take_engine(&r), 0);
	OK(!is_alive(old));
	EQ_INT(rig_run(&r, slot)->state, KEEP_RUNNING);
	close(ctl);
	EQ_INT(rig_stop(&r), 0);
}

TEST(engine_that_cannot_serve_ends_all)
{
	struct rig r;
	char *const argv[] = { "/bin/sh", "-c", "exit 3", NULL };
	int status = -1;

	EQ_INT(rig_start_argv(&r, argv, "/bin/sh"), 0);
	EQ_INT(waitpid(r.anchor, &status, 0), r.anchor);
	EQ_INT(WEXITSTATUS(status), 3);
	rig_free(&r);
}

TEST(engine_path_that_is_gone_falls_back)
{
	struct rig r;
	char *const argv[] = { "engine", NULL };

	/* /proc/self/exe is this test, which can be an engine. */
	EQ_INT(rig_start_argv(&r, argv, "/none/sbx"), 0);
	EQ_INT(rig_take_engine(&r), 0);
	EQ_INT(rig_stop(&r), 0);
}

TEST(engine_path_that_is_broken_falls_back)
{
	struct rig r;
	char *const argv[] = { "engine", NULL };

	/* Crashes at its start: a binary that this machine cannot run. */
	char path[] = "/tmp/sbx-crash-XXXXXX";
	static const char script[] = "#!/bin/sh\nkill -SEGV $$\n";
	int fd = mkstemp(path);
	EQ_INT(write(fd, script, sizeof script - 1), sizeof script - 1);
	fchmod(fd, 0700);
	close(fd);
	EQ_INT(rig_start_argv(&r, argv, path), 0);
	EQ_INT(rig_take_engine(&r), 0);
	EQ_INT(rig_stop(&r), 0);
	unlink(path);
}

TEST(thousand_exits_at_once)
{
	enum { COUNT = 1000 };
	struct rig r;
	char fifo[] = "/tmp/sbx-gate-XXXXXX", no[16];

	EQ_INT(close(mkstemp(fifo)), 0);
	unlink(fifo);
	EQ_INT(mkfifo(fifo, 0600), 0);
	EQ_INT(rig_start(&r), 0);
	r.reading = false;
	for (int i = 0; i < COUNT; i++) {
		snprintf(no, sizeof no, "%d", i % 256);
		OK(rig_zoo_plain(&r, "gate", fifo, no) != 0);
	}
	for (int i = 1; i <= COUNT; i++)
		RIG_WAIT(&r, rig_run(&r, i)->started);
	/*
	 * Those that have not come to their open yet find the writer there,
	 * for it stays; so all of them go on now.
	 */
	int fd = open(fifo, O_WRONLY);
	OK(fd >= 0);
	for (int i = 1; i <= COUNT; i++) {
		struct rig_run *run = rig_run(&r, i);
		RIG_WAIT(&r, run->exited);
		OK(!run->fds_lost);
		EQ_INT(WEXITSTATUS(run->exit.status), (i - 1) % 256);
	}
	/* All reaped: no zombie below the keeper. */
	for (int i = 1; i <= COUNT; i++)
		OK(kill(rig_run(&r, i)->pid, 0) < 0);
	close(fd);
	unlink(fifo);
	EQ_INT(rig_stop(&r), 0);
}

TEST(slots_are_limited_and_given_back)
{
	struct rig r;
	struct spawn_req q;

	/* A spawn that fails needs no process, but keeps its slot. */
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.cwd = "/none";
	for (int i = 0; i < KEEP_SLOTS_MAX + 5; i++) {
		OK(rig_zoo_run(&r, &q, "wait", NULL, NULL) != 0);
		if (i % 64 == 0)
			rig_pump(&r);
	}
	for (int i = 1; i <= KEEP_SLOTS_MAX + 5; i++) {
		struct rig_run *run = rig_run(&r, i);
		RIG_WAIT(&r, run->failed);
		EQ_INT(run->step, i <= KEEP_SLOTS_MAX ? SPAWN_CWD
						      : SPAWN_LIMIT);
	}
	keeplink_release(r.link, 17);
	uint64_t slot = rig_zoo_plain(&r, "exit", "1", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	EQ_INT(rig_stop(&r), 0);
}

TEST(stopped_and_continued_is_told)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "stopself", NULL, NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->paused == 1);
	EQ_INT(kill_engine(&r), 0);
	EQ_INT(run->state, KEEP_PAUSED);
	keeplink_signal(r.link, slot, SIGCONT, true);
	RIG_WAIT(&r, run->continued == 1);
	keeplink_signal(r.link, slot, SIGTERM, false);
	RIG_WAIT(&r, run->exited);
	EQ_INT(WTERMSIG(run->exit.status), SIGTERM);
	EQ_INT(rig_stop(&r), 0);
}

TEST(keeper_stopped_for_a_while)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	kill(r.keeper, SIGSTOP);
	/* More than the socket takes: the rest waits in the link. */
	for (int i = 0; i < 1500; i++)
		OK(rig_zoo_plain(&r, "exit", "5", NULL) != 0);
	rig_pump(&r);
	OK(keeplink_queued(r.link) > 0);
	kill(r.keeper, SIGCONT);
	for (int i = 1; i <= 1500; i++) {
		RIG_WAIT(&r, rig_run(&r, i)->exited || rig_run(&r, i)->failed);
		OK(rig_run(&r, i)->exited);
		keep_fds_close(&rig_run(&r, i)->fds, ~0U);
		keeplink_release(r.link, (uint64_t)i);
	}
	EQ_INT(rig_stop(&r), 0);
}

/* Nobody would give it back a second time. */
TEST(a_slot_is_given_back_through_a_full_queue)
{
	struct rig r;
	int full = 0;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "exit", "5", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	kill(r.keeper, SIGSTOP);
	for (int i = 0; i < 2 * KEEPLINK_QUEUE_MAX && full == 0; i++)
		full = keeplink_signal(r.link, slot, SIGCONT, false);
	EQ_INT(full, -ENOBUFS);
	keeplink_release(r.link, slot);
	kill(r.keeper, SIGCONT);
	RIG_WAIT(&r, keeplink_queued(r.link) == 0);
	EQ_INT(kill_engine(&r), 0);
	EQ_INT(r.nadopt, 0);
	EQ_INT(rig_stop(&r), 0);
}

static size_t
count_fds(pid_t pid)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

TEST(nothing_leaks_in_the_keeper)
{
	struct rig r;
	struct spawn_req q;

	EQ_INT(rig_start(&r), 0);
	size_t before = count_fds(r.keeper);
	OK(before > 0);
	spawn_req_init(&q);
	q.tty = true;
	q.stdin_kind = SPAWN_STDIN_TTY;
	q.stderr_apart = true;
	for (int i = 0; i < 50; i++) {
		q.cwd = i % 2 ? "/none" : NULL;
		uint64_t slot = rig_zoo_run(&r, &q, "exit", "0", NULL);
		struct rig_run *run = rig_run(&r, slot);
		RIG_WAIT(&r, run->exited || run->failed);
		keep_fds_close(&run->fds, ~0U);
		keeplink_release(r.link, slot);
	}
	EQ_INT(kill_engine(&r), 0);
	RIG_WAIT(&r, count_fds(r.keeper) == before);
	EQ_INT(rig_stop(&r), 0);
}

TEST(keeper_out_of_descriptors)
{
	struct rig r;
	struct rlimit was, few;
	int failed = 0, started = 0;

	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	EQ_INT(rig_start(&r), 0);
	few.rlim_cur = few.rlim_max = 40;
	EQ_INT(prlimit(r.keeper, RLIMIT_NOFILE, &few, NULL), 0);
	for (int i = 0; i < 60; i++)
		OK(rig_zoo_plain(&r, "wait", NULL, NULL) != 0);
	for (int i = 1; i <= 60; i++) {
		struct rig_run *run = rig_run(&r, i);
		RIG_WAIT(&r, run->started || run->failed);
		started += run->started;
		failed += run->failed;
		if (run->failed)
			if (run->error != EMFILE)
				TEST_FAIL("%d: %s %s", i,
					  spawn_step_name(run->step),
					  strerror(run->error));
	}
	OK(started > 5 && failed > 10);
	/* The others are untouched, and room comes back. */
	for (int i = 1; i <= 60; i++)
		if (rig_run(&r, i)->started) {
			kill(rig_run(&r, i)->pid, SIGKILL);
			RIG_WAIT(&r, rig_run(&r, i)->exited);
			keeplink_release(r.link, (uint64_t)i);
			break;
		}
	uint64_t slot = rig_zoo_plain(&r, "exit", "9", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

/*
 * Also the test of injected faults (SBX_FAULT): whichever call fails, every
 * request has an answer, a later one works and the end is orderly.
 */
TEST(every_request_has_an_answer)
{
	struct rig r;
	struct spawn_req q;

	EQ_INT(rig_start(&r), 0);
	for (int round = 0; round < 3; round++) {
		spawn_req_init(&q);
		q.stderr_apart = round != 1;
		q.stdin_kind = SPAWN_STDIN_PIPE;
		q.notify = true;
		uint64_t a = rig_zoo_run(&r, &q, "wait", NULL, NULL);
		q.tty = true;
		uint64_t b = rig_zoo_run(&r, &q, "wait", NULL, NULL);
		for (int i = 0; i < 2; i++) {
			if ((i ? b : a) == 0)
				continue;	/* refused on our side */
			struct rig_run *run = rig_run(&r, i ? b : a);
			RIG_WAIT(&r, run->started || run->failed ||
					     run->state == KEEP_RUNNING);
		}
		EQ_INT(kill_engine(&r), 0);
	}
	int status = -1;
	for (int i = 0; i < 3 && status < 0; i++) {
		uint64_t last = rig_zoo_plain(&r, "exit", "6", NULL);
		struct rig_run *run = rig_run(&r, r.nruns);
		if (last == 0)
			continue;
		RIG_WAIT(&r, run->exited || run->failed);
		if (run->exited)
			status = run->exit.status;
	}
	EQ_INT(WEXITSTATUS(status), 6);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

/* A program that nobody can start until answer_opens(); -1 where the kernel
 * offers no such thing. */
static int
hold_opens(char *path)
{
	static char program[] = "#!/bin/sh\nexit 5\n";

	strcpy(path, "/tmp/sbx-held-XXXXXX");
	int fd = mkostemp(path, O_CLOEXEC);
	if (write(fd, program, sizeof program - 1) < 0 || fchmod(fd, 0700) < 0)
		abort();
	close(fd);
	int fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC |
				FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
	if (fan >= 0 && fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM,
				      AT_FDCWD, path) == 0)
		return fan;
	close(fan);
	return -1;
}

static void
answer_opens(int fan)
{
	struct fanotify_event_metadata m;

	while (read(fan, &m, sizeof m) == sizeof m) {
		struct fanotify_response r = { m.fd, FAN_ALLOW };
		if (write(fan, &r, sizeof r) < 0)
			abort();
		close(m.fd);
	}
}

/* Twice: who went on where another was held up is held up, too. */
TEST(a_program_that_does_not_answer_holds_up_nobody_else)
{
	struct rig r;
	struct spawn_req q;
	char path[32];
	char *argv[] = { path, NULL }, *env[] = { NULL };

	int fan = hold_opens(path);
	if (fan < 0)
		SKIP_TEST("no fanotify");
	EQ_INT(rig_start(&r), 0);
	for (int round = 0; round < 2; round++) {
		spawn_req_init(&q);
		q.argv = argv;
		q.envp = env;
		uint64_t held = rig_spawn(&r, &q);
		uint64_t also = rig_spawn(&r, &q);
		uint64_t other = rig_zoo_plain(&r, "exit", "3", NULL);
		RIG_WAIT(&r, rig_run(&r, other)->exited);
		uint64_t killed = rig_zoo_plain(&r, "wait", NULL, NULL);
		RIG_WAIT(&r, rig_run(&r, killed)->started);
		EQ_INT(keeplink_signal(r.link, killed, SIGKILL, false), 0);
		RIG_WAIT(&r, rig_run(&r, killed)->exited);
		OK(!rig_run(&r, held)->started && !rig_run(&r, also)->started);
		RIG_WAIT(&r, (answer_opens(fan), rig_run(&r, held)->exited));
		RIG_WAIT(&r, (answer_opens(fan), rig_run(&r, also)->exited));
		EQ_INT(rig_run(&r, held)->exit.status, 5 << 8);
		EQ_INT(rig_run(&r, also)->exit.status, 5 << 8);
		OK(rig_run(&r, held)->started && rig_run(&r, also)->started);
	}
	/* One that is ended while it is held up was never started. */
	q.argv = argv;
	q.envp = env;
	uint64_t held = rig_spawn(&r, &q);
	uint64_t other = rig_zoo_plain(&r, "exit", "3", NULL);
	RIG_WAIT(&r, rig_run(&r, other)->exited);
	/* What was made by the other thread ends with the rest. */
	uint64_t left = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, left)->started);
	EQ_INT(keeplink_signal(r.link, held, SIGKILL, false), 0);
	RIG_WAIT(&r, rig_run(&r, held)->exited);
	EQ_INT(rig_run(&r, held)->exit.status, SIGKILL);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
	close(fan);
	unlink(path);
}

/*
 * The rest of what a dead engine has asked for is carried out by the other
 * thread; what comes after it (the next engine, who else has ended) is not
 * forgotten with the first one's work.
 */
TEST(a_dead_engine_asks_for_a_program_that_does_not_answer)
{
	struct rig r;
	struct spawn_req q;
	char path[32];
	char *argv[] = { path, NULL }, *env[] = { NULL };
	enum { BEFORE = 40 };

	int fan = hold_opens(path);
	if (fan < 0)
		SKIP_TEST("no fanotify");
	EQ_INT(rig_start(&r), 0);
	uint64_t killed = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, killed)->started);
	/* It reads so many that it looks at who has ended before the last. */
	kill(r.keeper, SIGSTOP);
	for (int i = 0; i < BEFORE; i++)
		OK(rig_zoo_plain(&r, "wait", NULL, NULL) != 0);
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	uint64_t held = rig_spawn(&r, &q);
	EQ_INT(keeplink_queued(r.link), 0);
	kill(r.engine, SIGKILL);
	kill(rig_run(&r, killed)->pid, SIGKILL);
	rig_forget_engine(&r);
	while (is_alive(r.engine) || is_alive(rig_run(&r, killed)->pid))
		poll(NULL, 0, 1);
	r.nadopt = 0;
	kill(r.keeper, SIGCONT);
	EQ_INT(rig_take_engine(&r), 0);
	EQ_INT(r.nadopt, BEFORE + 2);
	RIG_WAIT(&r, rig_run(&r, killed)->exited ||
			     rig_run(&r, killed)->state == KEEP_ENDED);
	OK(!rig_run(&r, held)->started);
	RIG_WAIT(&r, (answer_opens(fan), rig_run(&r, held)->exited));
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
	close(fan);
	unlink(path);
}

TEST(engine_out_of_descriptors_is_told)
{
	struct rig r;
	struct rlimit was, none;

	EQ_INT(rig_start(&r), 0);
	getrlimit(RLIMIT_NOFILE, &was);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	none = was;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	r.reading = false;
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	setrlimit(RLIMIT_NOFILE, &was);
	OK(rig_run(&r, slot)->fds_lost);
	OK(rig_run(&r, slot)->pid > 0);
	EQ_INT(rig_run(&r, slot)->fds.fd[KEEP_FD_STDOUT], -1);
	EQ_INT(rig_stop(&r), 0);
}

TEST_MAIN()
