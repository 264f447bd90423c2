/*
 * Time from exec to a usable first frame: runs a program in a PTY of 80x24
 * and waits until MARKER is painted.  Prints microseconds.
 *
 *	bench_frame MARKER COMMAND...
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
	static char seen[1 << 20];
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	size_t len = 0;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_frame MARKER COMMAND...\n");
		return 2;
	}
	long long start = now_us(), end = start + 10000000;
	pid_t pid = forkpty(&fd, NULL, NULL, &ws);
	if (pid < 0)
		return 1;
	if (pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	int found = 0;
	while (!found && now_us() < end && len < sizeof seen) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, 100) <= 0)
			continue;
		ssize_t n = read(fd, seen + len, sizeof seen - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		found = memmem(seen, len, argv[1], strlen(argv[1])) != NULL;
	}
	long long took = now_us() - start;
	kill(pid, SIGHUP);
	close(fd);
	waitpid(pid, NULL, 0);
	if (!found) {
		fprintf(stderr, "bench_frame: '%s' never came\n", argv[1]);
		return 1;
	}
	printf("%lld\n", took);
	return 0;
}
