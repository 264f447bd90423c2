/* Readings of /proc. */

#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/procfs.h"

/* A child that only waits; with a name of its own where one is given. */
static pid_t
start_child(const char *name)
{
	int p[2];
	char c;

	if (pipe(p) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		alarm(60);
		if (name)
			prctl(PR_SET_NAME, name);
		if (write(p[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(p[0], &c, 1) != 1)
		abort();
	close(p[0]);
	close(p[1]);
	return pid;
}

static void
end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(stat_of_self)
{
	struct procfs_stat st;

	EQ_INT(procfs_stat(getpid(), &st), 0);
	EQ_INT(st.pid, getpid());
	EQ_INT(st.ppid, getppid());
	EQ_INT(st.pgid, getpgrp());
	EQ_INT(st.sid, getsid(0));
	EQ_INT(st.state, 'R');
	EQ_INT(st.threads, 1);
	OK(st.rss_bytes > 100000);
	OK(!procfs_is_dead(&st));
}

TEST(start_time_is_in_our_clock)
{
	struct procfs_stat st;
	uint64_t before_us = clock_us();

	pid_t pid = start_child(NULL);
	uint64_t after_us = clock_us();
	EQ_INT(procfs_stat(pid, &st), 0);
	/* The kernel counts in ticks of 10 ms. */
	OK(procfs_start_us(&st) + 20000 >= before_us);
	OK(procfs_start_us(&st) <= after_us + 20000);
	end_child(pid);
}

TEST(cpu_time_is_counted)
{
	struct procfs_stat st = { 0 };
	struct rusage ru;

	do {
		EQ_INT(procfs_stat(getpid(), &st), 0);
		getrusage(RUSAGE_SELF, &ru);
	} while (ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec +
			 ru.ru_stime.tv_sec * 1000000 + ru.ru_stime.tv_usec <
		 100000);
	EQ_INT(procfs_stat(getpid(), &st), 0);
	OK(st.cpu_us >= 80000);
	OK(st.cpu_us < 60000000);
}

TEST(hostile_names)
{
	static const char *const names[] = { ") R 1 1 1", "a) S (b", "(((((",
					     "x\n1 2 3", ")))))))))))))))", " " };
	struct procfs_stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		pid_t pid = start_child(names[i]);
		EQ_INT(procfs_stat(pid, &st), 0);
		EQ_STR(st.comm, names[i]);
		EQ_INT(st.ppid, getpid());
		OK(st.state == 'S' || st.state == 'R');
		end_child(pid);
	}
}

TEST(ended_processes)
{
	struct procfs_stat st;
	uint64_t limit;
	char text[8];
	struct buf b = BUF_INIT(4096);

	pid_t pid = start_child(NULL);
	kill(pid, SIGKILL);
	siginfo_t info;
	EQ_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	EQ_INT(procfs_stat(pid, &st), 0);
	EQ_INT(st.state, 'Z');
	OK(procfs_is_dead(&st));
	waitpid(pid, NULL, 0);
	EQ_INT(procfs_stat(pid, &st), -ESRCH);
	EQ_INT(procfs_rttime(pid, &limit), -ESRCH);
	EQ_INT(procfs_env(pid, "X", text, sizeof text), -ESRCH);
	EQ_INT(procfs_cmdline(pid, &b), -ESRCH);
	buf_fini(&b);
}

static void *
thread_waits(void *arg)
{
	char c = 'x';

	if (write(*(int *)arg, &c, 1) == 1)
		for (;;)
			pause();
	return NULL;
}

TEST(ended_main_thread_is_not_dead)
{
	struct procfs_stat st;
	int p[2];
	char c;

	EQ_INT(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t t;
		alarm(60);
		pthread_create(&t, NULL, thread_waits, &p[1]);
		pthread_exit(NULL);
	}
	EQ_INT(read(p[0], &c, 1), 1);
	do
		EQ_INT(procfs_stat(pid, &st), 0);
	while (st.state != 'Z');
	OK(!procfs_is_dead(&st));
	end_child(pid);
	close(p[0]);
	close(p[1]);
}

TEST(limit_both_ways)
{
	struct rlimit l, was;
	uint64_t limit = 0;

	getrlimit(RLIMIT_RTTIME, &was);
	EQ_INT(procfs_rttime(getpid(), &limit), 0);
	OK(limit == (was.rlim_max == RLIM_INFINITY ? UINT64_MAX
						   : was.rlim_max));
	pid_t pid = fork();
	if (pid == 0) {
		l.rlim_cur = l.rlim_max = (UINT64_C(1) << 62) + 77;
		setrlimit(RLIMIT_RTTIME, &l);
		uint64_t own = 0, text = 0;
		int r = procfs_rttime(getpid(), &own);
		/* A process of another user: only the text can be read. */
		pid_t up = getpid();
		pid_t reader = fork();
		if (reader == 0) {
			if (geteuid() == 0 && setuid(65534) != 0)
				_exit(1);
			r = procfs_rttime(up, &text);
			_exit(r == 0 && text == (UINT64_C(1) << 62) + 77 ? 0
									 : 2);
		}
		int status = 0;
		waitpid(reader, &status, 0);
		_exit(r == 0 && own == l.rlim_max && status == 0 ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	EQ_INT(status, 0);
}

TEST(command_line_and_environment)
{
	struct buf b = BUF_INIT(4096);
	char text[64] = "";
	int p[2];

	EQ_INT(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char *argv[] = { "sh", "-c", "echo; read x <&0", NULL };
		char *envp[] = { "SBX_ID=42", "A=b c", NULL };
		alarm(60);
		dup2(p[1], 1);
		int q[2];
		if (pipe(q) == 0)
			dup2(q[0], 0);
		execve("/bin/sh", argv, envp);
		_exit(1);
	}
	char c;
	EQ_INT(read(p[0], &c, 1), 1);
	EQ_INT(procfs_cmdline(pid, &b), 0);
	EQ_STR(buf_str(&b), "sh -c echo; read x <&0");
	EQ_INT(procfs_env(pid, "SBX_ID", text, sizeof text), 0);
	EQ_STR(text, "42");
	EQ_INT(procfs_env(pid, "A", text, sizeof text), 0);
	EQ_STR(text, "b c");
	EQ_INT(procfs_env(pid, "SBX", text, sizeof text), -ENOENT);
	EQ_INT(procfs_env(pid, "A", text, 3), -EMSGSIZE);
	end_child(pid);
	buf_fini(&b);
	close(p[0]);
	close(p[1]);
}

struct seen {
	pid_t pid[16];
	int count, self;
};

static void
note_pid(pid_t pid, void *arg)
{
	struct seen *s = arg;

	s->self += pid == getpid();
	if (s->count < 16)
		s->pid[s->count++] = pid;
}

TEST(children_and_all)
{
	struct seen s = { .count = 0 }, all = { .count = 0 };

	pid_t a = start_child(NULL), b = start_child(NULL);
	int r = procfs_each_child(getpid(), 1, note_pid, &s);
	if (r == -ENOENT)
		SKIP_TEST("no lists of children in this kernel");
	EQ_INT(r, 0);
	EQ_INT(s.count, 2);
	OK((s.pid[0] == a && s.pid[1] == b) ||
	   (s.pid[0] == b && s.pid[1] == a));
	/* By way of the list of threads, the same. */
	s.count = 0;
	EQ_INT(procfs_each_child(getpid(), 2, note_pid, &s), 0);
	EQ_INT(s.count, 2);
	EQ_INT(procfs_each(note_pid, &all), 0);
	EQ_INT(all.self, 1);
	end_child(a);
	end_child(b);
}

static int
listen_on(const char *addr, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	inet_pton(AF_INET, addr, &a.sin_addr);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return -1;
	*port = ntohs(a.sin_port);
	return fd;
}

TEST(listening_ports)
{
	struct procfs_port out[8];
	uint16_t local, open_port;
	pid_t self = getpid(), parent = getppid();

	EQ_INT(procfs_ports(&self, 1, out, 8), 0);
	int a = listen_on("127.0.0.1", &local);
	int b = listen_on("0.0.0.0", &open_port);
	OK(a >= 0 && b >= 0);
	EQ_INT(procfs_ports(&self, 1, out, 8), 2);
	OK(out[0].port < out[1].port);
	for (int i = 0; i < 2; i++) {
		EQ_INT(out[i].pid, self);
		OK(out[i].port == local || out[i].port == open_port);
		EQ_INT(out[i].local_only, out[i].port == local);
	}
	EQ_INT(procfs_ports(&self, 1, out, 1), 1);
	EQ_INT(procfs_ports(&parent, 1, out, 8), 0);
	EQ_INT(procfs_listener(local, &self, 1), self);
	EQ_INT(procfs_listener(local, &parent, 1), 0);
	EQ_INT(procfs_listener(open_port, NULL, 0), self);
	pid_t both[] = { parent, self };
	EQ_INT(procfs_listener(open_port, both, 2), self);
	close(a);
	close(b);
}

TEST_MAIN()
