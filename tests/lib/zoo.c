/*
 * Badly and well behaved processes for the tests; "zoo --help" lists them.
 * Whatever waits, waits for at most five minutes, so that a broken test
 * leaves nothing behind for ever.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { STORM_S = 60 };

/* Nothing of a test lives for ever; ZOO_SECONDS is for the long ones. */
static unsigned
life_s(void)
{
	const char *text = getenv("ZOO_SECONDS");

	return text ? (unsigned)strtoul(text, NULL, 10) : 300;
}

struct animal {
	const char *name, *args, *help;
	int min_args;
	int (*run)(char **args);
};

/* Until a signal ends us. */
static __attribute__((noreturn)) void
wait_for_end(void)
{
	alarm(life_s());
	for (;;)
		pause();
}

static void
say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static pid_t
must_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(120);
	return pid;
}

static int
run_exit(char **args)
{
	return atoi(args[0]);
}

static int
run_signal(char **args)
{
	struct rlimit none = { 0, 0 };
	int signo = atoi(args[0]);

	setrlimit(RLIMIT_CORE, &none);
	signal(signo, SIG_DFL);
	raise(signo);
	return 0;
}

static int
run_print(char **args)
{
	long count = atol(args[0]);

	for (long i = 1; i <= count; i++)
		printf("line %ld\n", i);
	return 0;
}

static int
run_tick(char **args)
{
	long ms = atol(args[0]);
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	alarm(life_s());
	for (long i = 1;; i++) {
		printf("line %ld\n", i);
		if (fflush(stdout) != 0)
			return 1;
		nanosleep(&t, NULL);
	}
}

static int
run_partial(char **args)
{
	say(args[0]);
	wait_for_end();
}

static int
run_wait(char **args)
{
	(void)args;
	say("ready\n");
	wait_for_end();
}

static int
run_ignore(char **args)
{
	static const int all[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1,
				   SIGUSR2 };

	(void)args;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		signal(all[i], SIG_IGN);
	say("ready\n");
	wait_for_end();
}

static int
run_stopself(char **args)
{
	(void)args;
	say("stopping\n");
	raise(SIGSTOP);
	say("continued\n");
	wait_for_end();
}

static int
run_hold_pipe(char **args)
{
	if (must_fork() == 0)
		wait_for_end();
	printf("leader ends\n");
	return atoi(args[0]);
}

/* The daemon: own session, no parent of ours, no descriptor, no variable. */
static void
make_daemon(void)
{
	char *argv[] = { "zoo", "still", NULL };
	char *envp[] = { NULL };
	int p[2];

	if (pipe(p) < 0)
		_exit(120);
	if (must_fork() == 0) {
		setsid();
		if (must_fork() > 0)
			_exit(0);
		pid_t pid = getpid();
		if (write(p[1], &pid, sizeof pid) != sizeof pid)
			_exit(120);
		closefrom(0);
		execve("/proc/self/exe", argv, envp);
		_exit(121);
	}
	close(p[1]);
	pid_t pid;
	if (read(p[0], &pid, sizeof pid) != sizeof pid)
		_exit(120);
	wait(NULL);
	printf("daemon %d\n", (int)pid);
	fflush(stdout);
}

static int
run_still(char **args)
{
	(void)args;
	for (int s = 1; s < NSIG; s++)
		if (s != SIGALRM)
			signal(s, SIG_IGN);
	wait_for_end();
}

static int
run_daemon(char **args)
{
	make_daemon();
	if (args[0] && strcmp(args[0], "leave") == 0)
		return 0;
	wait_for_end();
}

/* Each forks its successor and ends at once: no pid lives long. */
static void
storm(int count, int with_session)
{
	time_t end = time(NULL) + STORM_S;

	for (int i = 0; i < count; i++) {
		if (must_fork() > 0)
			continue;
		for (;;) {
			if (time(NULL) >= end)
				_exit(0);
			if (with_session)
				setsid();
			pid_t pid = fork();
			if (pid > 0)
				_exit(0);
		}
	}
}

static int
run_storm(char **args)
{
	signal(SIGTERM, SIG_IGN);
	storm(atoi(args[0]), 0);
	say("ready\n");
	wait_for_end();
}

static int
run_storm_sid(char **args)
{
	signal(SIGTERM, SIG_IGN);
	storm(atoi(args[0]), 1);
	say("ready\n");
	wait_for_end();
}

static int
run_bomb(char **args)
{
	int left = atoi(args[0]);

	signal(SIGTERM, SIG_IGN);
	/* Each half of the number goes to one of the two. */
	while (left > 1) {
		pid_t pid = must_fork();
		left = pid == 0 ? left / 2 : left - left / 2;
	}
	wait_for_end();
}

static int
run_fds(char **args)
{
	(void)args;
	DIR *d = opendir("/proc/self/fd");
	char seen[64] = { 0 };
	struct dirent *e;
	if (!d)
		return 120;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d) &&
		    atoi(e->d_name) < 64)
			seen[atoi(e->d_name)] = 1;
	closedir(d);
	for (int i = 0; i < 64; i++)
		if (seen[i])
			printf("%d ", i);
	printf("\n");
	return 0;
}

static int
run_status(char **args)
{
	char line[512];

	(void)args;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "Sig", 3) == 0 ||
		    strncmp(line, "Groups", 6) == 0 || line[1] == 'i' ||
		    strncmp(line, "Uma", 3) == 0)
			fputs(line, stdout);
	if (f)
		fclose(f);
	return 0;
}

static void *
live_on(void *arg)
{
	(void)arg;
	say("main thread ended\n");
	wait_for_end();
}

static int
run_thread(char **args)
{
	pthread_t t;

	(void)args;
	signal(SIGTERM, SIG_IGN);
	if (pthread_create(&t, NULL, live_on, NULL) != 0)
		return 120;
	pthread_exit(NULL);
}

static int
run_tty(char **args)
{
	struct winsize w = { 0 };

	(void)args;
	ioctl(0, TIOCGWINSZ, &w);
	int fd = open("/dev/tty", O_RDWR);
	printf("tty %d%d%d ctty %d leader %d foreground %d size %dx%d\n",
	       isatty(0), isatty(1), isatty(2), fd >= 0,
	       getsid(0) == getpid(), tcgetpgrp(0) == getpgrp(), w.ws_row,
	       w.ws_col);
	fprintf(stderr, "errors\n");
	return 0;
}

static int
run_cat(char **args)
{
	char data[4096];
	size_t total = 0;
	ssize_t n;

	(void)args;
	while ((n = read(0, data, sizeof data)) > 0) {
		total += (size_t)n;
		if (write(1, data, (size_t)n) != n)
			return 1;
	}
	printf("eof %zu\n", total);
	return 0;
}

static int
run_close_out(char **args)
{
	(void)args;
	close(1);
	close(2);
	wait_for_end();
}

static int
run_gate(char **args)
{
	alarm(life_s());
	if (open(args[0], O_RDONLY) < 0)
		return 120;
	return atoi(args[1]);
}

static int
run_env(char **args)
{
	const char *v = getenv(args[0]);

	printf("%s\n", v ? v : "(unset)");
	return 0;
}

static int
run_notify(char **args)
{
	const char *v = getenv("SBX_NOTIFY_FD");

	if (!v || dprintf(atoi(v), "%s\n", args[0]) < 0)
		return 1;
	wait_for_end();
}

static int
run_kill_parent(char **args)
{
	int r = kill(getppid(), atoi(args[0]));

	say(r == 0 ? "sent\n" : "refused\n");
	wait_for_end();
}

static int
run_flood(char **args)
{
	static char block[65536];
	long mib = atol(args[0]);

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = i % 80 == 79 ? '\n' : 'a' + (char)(i % 26);
	for (long i = 0; i < mib * 16; i++)
		if (write(1, block, sizeof block) < 0)
			return 1;
	return 0;
}

static int
run_no_way_back(char **args)
{
	(void)args;
	if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ||
	    setegid(0) == 0)
		return 1;
	printf("uid %d gid %d\n", (int)getuid(), (int)getgid());
	return 0;
}

static const struct animal animals[] = {
	{ "exit", "N", "ends with N", 1, run_exit },
	{ "signal", "N", "ends by signal N, without a core", 1, run_signal },
	{ "print", "N", "prints N numbered lines and ends", 1, run_print },
	{ "tick", "MS", "prints a numbered line every MS ms", 1, run_tick },
	{ "flood", "MIB", "prints MIB of text as fast as it can", 1,
	  run_flood },
	{ "partial", "TEXT", "prints TEXT without a newline, waits", 1,
	  run_partial },
	{ "wait", "", "says ready, waits", 0, run_wait },
	{ "still", "", "ignores all signals, says nothing, waits", 0,
	  run_still },
	{ "ignore", "", "ignores TERM INT HUP QUIT USR1 USR2, waits", 0,
	  run_ignore },
	{ "stopself", "", "stops itself; says continued when it goes on", 0,
	  run_stopself },
	{ "hold-pipe", "N", "ends with N; a child keeps its stdout open", 1,
	  run_hold_pipe },
	{ "daemon", "[leave]",
	  "starts a daemon (double fork, session, no descriptors, no "
	  "environment), prints its pid, then waits or ends", 0, run_daemon },
	{ "storm", "N", "N chains of processes that fork and end", 1,
	  run_storm },
	{ "storm-sid", "N", "the same, each in a new session", 1,
	  run_storm_sid },
	{ "bomb", "N", "N processes that ignore TERM", 1, run_bomb },
	{ "fds", "", "prints its open descriptors", 0, run_fds },
	{ "status", "", "prints signals, ids and groups of /proc", 0,
	  run_status },
	{ "thread", "", "its main thread ends, another lives on", 0,
	  run_thread },
	{ "tty", "", "prints what it knows of its terminal", 0, run_tty },
	{ "cat", "", "copies stdin to stdout, then says eof N", 0, run_cat },
	{ "close-out", "", "closes stdout and stderr, waits", 0,
	  run_close_out },
	{ "gate", "FIFO N", "waits for a writer of FIFO, ends with N", 2,
	  run_gate },
	{ "env", "NAME", "prints a variable", 1, run_env },
	{ "notify", "TEXT", "writes TEXT to SBX_NOTIFY_FD, waits", 1,
	  run_notify },
	{ "kill-parent", "N", "sends signal N to its parent, waits", 1,
	  run_kill_parent },
	{ "no-way-back", "", "1 if it can become root again", 0,
	  run_no_way_back },
};

int
main(int argc, char **argv)
{
	size_t count = sizeof animals / sizeof animals[0];

	for (size_t i = 0; argc > 1 && i < count; i++)
		if (strcmp(animals[i].name, argv[1]) == 0 &&
		    argc - 2 >= animals[i].min_args)
			return animals[i].run(argv + 2);
	FILE *out = argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout
							       : stderr;
	for (size_t i = 0; i < count; i++)
		fprintf(out, "zoo %s %s\n\t%s\n", animals[i].name,
			animals[i].args, animals[i].help);
	return out == stdout ? 0 : 2;
}
