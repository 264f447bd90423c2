/*
 * A child that prints N lines of 100 bytes, one write() each or in blocks,
 * and leaves how long that took (microseconds) in a file.
 *
 *	bench_flood LINES line|block RESULT_FILE [PAUSE_MS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 100, BLOCK_LINES = 640 };

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

int
main(int argc, char **argv)
{
	static char block[LINE * BLOCK_LINES];
	if (argc < 4) {
		fprintf(stderr, "usage: bench_flood LINES line|block FILE\n");
		return 2;
	}
	long lines = strtol(argv[1], NULL, 10);
	long per = strcmp(argv[2], "block") == 0 ? BLOCK_LINES : 1;
	if (argc > 4)
		usleep((useconds_t)strtol(argv[4], NULL, 10) * 1000);
	long long start = now_us();
	for (long no = 1; no <= lines; no += per) {
		long n = lines - no + 1 < per ? lines - no + 1 : per;
		for (long i = 0; i < n; i++)
			make_line(block + i * LINE, no + i);
		if (write_all(block, (size_t)n * LINE) < 0)
			return 1;
	}
	long long took = now_us() - start;
	FILE *f = fopen(argv[3], "w");
	if (!f)
		return 1;
	fprintf(f, "%lld\n", took);
	return fclose(f) != 0;
}
