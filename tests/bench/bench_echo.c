/*
 * How long a key takes to come back: runs each program in a PTY of 80x24,
 * waits for a marker on its screen, then types letters and measures until
 * each is painted.
 *
 *	bench_echo COUNT MARKER KEYS COMMAND... [-- MARKER KEYS COMMAND...]...
 *
 * Of several programs each gets a letter in turn, first another one each
 * time, so that all of them meet the same moods of the machine.  KEYS ("" for
 * none) are sent once after the marker was seen, to bring the pane into the
 * state where it echoes; backslash escapes are \r and \e.  Prints "p50 p99
 * max" in microseconds, a line for each program.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS_MAX = 4 };

struct target {
	const char *marker, *keys;
	char **argv;
	pid_t pid;
	int fd;
	char seen[1 << 16];
	size_t seen_len;
	long long *took;	/* us */
	int got;
};

static long long
now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;
	return x < y ? -1 : x > y;
}

/* What is written there, kept; -1 at the end. */
static ssize_t
take(struct target *t, int wait_ms)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	if (poll(&p, 1, wait_ms) <= 0)
		return 0;
	if (t->seen_len > sizeof t->seen / 2)
		t->seen_len = 0;
	ssize_t n = read(t->fd, t->seen + t->seen_len,
			 sizeof t->seen - t->seen_len);
	if (n <= 0)
		return -1;
	t->seen_len += (size_t)n;
	return n;
}

/* Until nothing comes for a while. */
static void
settle(struct target *t, int quiet_ms)
{
	long long end = now_us() + 3000000;
	while (now_us() < end && take(t, quiet_ms) > 0)
		;
}

static int
wait_for(struct target *t, const char *text, int for_ms)
{
	long long end = now_us() + for_ms * 1000ll;
	while (!memmem(t->seen, t->seen_len, text, strlen(text))) {
		if (now_us() > end || take(t, 20) < 0)
			return -1;
	}
	return 0;
}

static void
send_keys(struct target *t)
{
	for (const char *keys = t->keys; *keys; keys++) {
		char c = *keys;
		if (c == '\\' && keys[1]) {
			keys++;
			c = *keys == 'r' ? '\r' : *keys == 'e' ? 27 : *keys;
		}
		if (write(t->fd, &c, 1) != 1)
			return;
		settle(t, 150);
	}
}

static int
open_target(struct target *t, int count)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };

	t->took = calloc((size_t)count, sizeof *t->took);
	t->pid = forkpty(&t->fd, NULL, NULL, &ws);
	if (t->pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(t->argv[0], t->argv);
		_exit(127);
	}
	if (t->pid < 0 || !t->took || wait_for(t, t->marker, 10000) < 0) {
		fprintf(stderr, "bench_echo: '%s' never came\n", t->marker);
		return -1;
	}
	settle(t, 300);
	send_keys(t);
	settle(t, 300);
	return 0;
}

/* A letter that nothing else on the screen repaints; -1 when it is over. */
static int
type(struct target *t, int no)
{
	char c = (char)('A' + no % 26), nl = '\r';
	long long start = now_us(), end = start + 2000000;

	t->seen_len = 0;
	if (write(t->fd, &c, 1) != 1)
		return -1;
	while (!memchr(t->seen, c, t->seen_len)) {
		if (take(t, 100) < 0 || now_us() > end)
			return -1;
	}
	t->took[t->got++] = now_us() - start;
	/* The rest of the frame, and a person's pause. */
	take(t, 2);
	usleep(3000 + (useconds_t)(no * 7919 % 4000));
	if (no % 40 != 39)
		return 0;
	if (write(t->fd, &nl, 1) != 1)
		return -1;
	settle(t, 30);
	return 0;
}

static void
close_target(struct target *t)
{
	kill(t->pid, SIGHUP);
	close(t->fd);
	waitpid(t->pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	static struct target targets[TARGETS_MAX];
	int n = 0, i = 2, count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;

	for (; i + 2 < argc && n < TARGETS_MAX; n++) {
		targets[n].marker = argv[i];
		targets[n].keys = argv[i + 1];
		targets[n].argv = &argv[i + 2];
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		if (i < argc)
			argv[i++] = NULL;
	}
	if (n == 0 || i < argc || count < 1) {
		fprintf(stderr, "usage: bench_echo COUNT MARKER KEYS CMD...\n");
		return 2;
	}
	int failed = 0;
	for (i = 0; i < n; i++)
		failed |= open_target(&targets[i], count);
	for (int no = 0; no < count && !failed; no++)
		for (i = 0; i < n && !failed; i++)
			failed |= type(&targets[(i + no) % n], no);
	for (i = 0; i < n; i++) {
		struct target *t = &targets[i];
		if (t->pid > 0)
			close_target(t);
		if (failed)
			continue;
		qsort(t->took, (size_t)t->got, sizeof *t->took, compare);
		printf("%lld %lld %lld\n", t->took[t->got / 2],
		       t->took[t->got * 99 / 100], t->took[t->got - 1]);
	}
	if (failed)
		fprintf(stderr, "bench_echo: not all of them echo\n");
	return failed ? 1 : 0;
}
