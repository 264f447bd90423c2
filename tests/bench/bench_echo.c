/*
 * How long a key takes to come back: runs a program in a PTY of 80x24, waits
 * for a marker on its screen, then types one letter after the other and
 * measures until each is painted.
 *
 *	bench_echo MARKER KEYS COUNT COMMAND...
 *
 * KEYS ("" for none) are sent once after the marker was seen, to bring the
 * pane into the state where it echoes; backslash escapes are \r and \e.
 * Prints "p50 p99 max" in microseconds.
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

static char seen[1 << 20];
static size_t seen_len;

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
take(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r = poll(&p, 1, wait_ms);
	if (r <= 0)
		return 0;
	if (seen_len > sizeof seen / 2)
		seen_len = 0;
	ssize_t n = read(fd, seen + seen_len, sizeof seen - seen_len - 1);
	if (n <= 0)
		return -1;
	seen_len += (size_t)n;
	seen[seen_len] = '\0';
	return n;
}

static int
wait_for(int fd, const char *text, int for_ms)
{
	long long end = now_us() + for_ms * 1000ll;
	while (!memmem(seen, seen_len, text, strlen(text))) {
		if (now_us() > end || take(fd, 20) < 0)
			return -1;
	}
	return 0;
}

/* Until nothing comes for a while. */
static void
settle(int fd, int quiet_ms)
{
	long long end = now_us() + 3000000;
	while (now_us() < end && take(fd, quiet_ms) > 0)
		;
}

static void
send_keys(int fd, const char *keys)
{
	for (; *keys; keys++) {
		char c = *keys;
		if (c == '\\' && keys[1]) {
			keys++;
			c = *keys == 'r' ? '\r' : *keys == 'e' ? 27 : *keys;
		}
		if (write(fd, &c, 1) != 1)
			return;
		settle(fd, 150);
	}
}

int
main(int argc, char **argv)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	int fd;

	if (argc < 5) {
		fprintf(stderr, "usage: bench_echo MARKER KEYS COUNT CMD\n");
		return 2;
	}
	int count = (int)strtol(argv[3], NULL, 10);
	pid_t pid = forkpty(&fd, NULL, NULL, &ws);
	if (pid < 0)
		return 1;
	if (pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	if (wait_for(fd, argv[1], 10000) < 0) {
		fprintf(stderr, "bench_echo: '%s' never came\n", argv[1]);
		kill(pid, SIGKILL);
		return 1;
	}
	settle(fd, 300);
	send_keys(fd, argv[2]);
	settle(fd, 300);
	long long *took = calloc((size_t)count, sizeof *took);
	int got = 0;
	for (int i = 0; i < count; i++) {
		/* A letter that nothing else on the screen repaints. */
		char c = (char)('A' + i % 26);
		seen_len = 0;
		long long start = now_us();
		if (write(fd, &c, 1) != 1)
			break;
		long long end = start + 2000000;
		while (now_us() < end) {
			if (memchr(seen, c, seen_len))
				break;
			if (take(fd, 100) < 0)
				goto out;
		}
		took[got++] = now_us() - start;
		/* The rest of the frame, and a person's pause. */
		take(fd, 2);
		usleep(3000 + (useconds_t)(i * 7919 % 4000));
		if (i % 40 == 39) {
			char nl = '\r';
			if (write(fd, &nl, 1) != 1)
				break;
			settle(fd, 30);
		}
	}
out:
	kill(pid, SIGHUP);
	close(fd);
	waitpid(pid, NULL, 0);
	if (got < count / 2) {
		fprintf(stderr, "bench_echo: only %d of %d came back\n", got,
			count);
		return 1;
	}
	qsort(took, (size_t)got, sizeof *took, compare);
	printf("%lld %lld %lld\n", took[got / 2], took[got * 99 / 100],
	       took[got - 1]);
	return 0;
}
