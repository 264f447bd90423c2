/*
 * A child that prints N lines of 100 bytes, one write() each, in blocks of
 * 64 KB, or of 4096 bytes as stdio writes into a pipe, and leaves how long
 * that took (microseconds) in a file.
 *
 *	bench_flood LINES line|stdio|block RESULT_FILE [PAUSE_MS]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, BLOCK_LINES = 640, STDIO_BYTES = 4096 };

static long long
now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* "line 0000000042 xxxx…\n": numbered, so that a reader can count. */
static void
make_line(char *out, long no)
{
	memset(out, 'x', LINE);
	int n = snprintf(out, LINE, "line %010ld GET /items/%ld 200 %ldms ",
			 no, no % 1000, no % 17);
	out[n] = 'x';
	out[LINE - 1] = '\n';
}

static int
write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(1, data, len);
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* 0, or -1 when nobody reads it. */
static int
flood(long lines, const char *how)
{
	static char block[LINE * BLOCK_LINES];
	bool stdio = strcmp(how, "stdio") == 0;
	long per = strcmp(how, "block") == 0 ? BLOCK_LINES : 1;

	setvbuf(stdout, NULL, _IOFBF, STDIO_BYTES);
	for (long no = 1; no <= lines; no += per) {
		long n = lines - no + 1 < per ? lines - no + 1 : per;
		for (long i = 0; i < n; i++)
			make_line(block + i * LINE, no + i);
		size_t len = (size_t)n * LINE;
		if (stdio ? fwrite(block, 1, len, stdout) != len :
			    write_all(block, len) < 0)
			return -1;
	}
	return fflush(stdout);
}

int
main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: bench_flood LINES line|stdio|block "
			"FILE [PAUSE_MS]\n");
		return 2;
	}
	if (argc > 4)
		usleep((useconds_t)strtol(argv[4], NULL, 10) * 1000);
	long long start = now_us();
	if (flood(strtol(argv[1], NULL, 10), argv[2]) != 0)
		return 1;
	long long took = now_us() - start;
	FILE *f = fopen(argv[3], "w");
	if (!f)
		return 1;
	fprintf(f, "%lld\n", took);
	return fclose(f) != 0;
}
