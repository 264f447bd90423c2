/*
 * How fast output becomes lines: one million lines of 100 bytes through a
 * pipe into a plain reader, and through splice, spool, fold and 5 watches;
 * then a search in the log, and opening it at its end.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/regex.h"
#include "engine/log/fold.h"
#include "engine/log/logread.h"
#include "engine/log/search.h"
#include "engine/log/spool.h"
#include "engine/log/watch.h"
#include "engine/spec/spec.h"

#define LINES	1000000
#define LINE	100

static double
now(void)
{
	return (double)clock_us() / 1e6;
}

static double
cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Writes the lines, `batch` of them a write; ends with them. */
static pid_t
child(int fd, int batch)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	static char text[LINE * 700];
	for (int i = 0; i < batch; i++) {
		memset(text + i * LINE, "abcdefghij klmno"[i % 16], LINE);
		memcpy(text + i * LINE, "GET /items status=200 in 12ms", 29);
		text[i * LINE + LINE - 1] = '\n';
	}
	for (int i = 0; i < LINES; i += batch)
		for (size_t off = 0, len = (size_t)batch * LINE; off < len;) {
			ssize_t n = write(fd, text + off, len - off);
			if (n < 0)
				_exit(1);
			off += (size_t)n;
		}
	_exit(0);
}

static double
plain(int batch)
{
	static char data[65536];
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		exit(1);
	double t = now();
	pid_t pid = child(p[1], batch);
	close(p[1]);
	while (read(p[0], data, sizeof(data)) > 0)
		;
	waitpid(pid, NULL, 0);
	close(p[0]);
	return now() - t;
}

struct sink {
	struct watchset *ws;
	uint64_t hits;
};

static void
on_hit(void *arg, const struct watch_hit *hit)
{
	(void)hit;
	((struct sink *)arg)->hits++;
}

static void
on_lines(void *arg, const struct fold_block *b)
{
	watchset_lines(((struct sink *)arg)->ws, b);
}

static const struct fold_ops ops = { .lines = on_lines };

#define WATCH(n, p, f) { .name = (char *)n, .pattern = { (char *)p, f } }

static const struct spec_watch watches[] = {
	WATCH("errors", "\\b(?:ERROR|FATAL)\\b", 0),
	WATCH("slow", "took (?<ms>\\d{4,})ms", 0),
	WATCH("fatal", "error|warn(ing)?|fatal", REGEX_ICASE),
	WATCH("status", "status=5\\d\\d", 0),
	WATCH("version", "listening, version (?<v>\\S+)", 0),
};

static void
ours(const char *what, int batch, size_t watch_count, double base,
     const char *path)
{
	struct sink sink = { 0 };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), p[2];
	spool_wipe(dir);
	struct spool *sp = spool_open(dir, 1ull << 30, clock_wall_ms(), NULL);
	struct fold_scratch *x = fold_scratch_new();
	sink.ws = watchset_new(watches, watch_count, on_hit, &sink, NULL);
	struct fold *f = fold_new(sp, x, &ops, &sink, 0);
	if (pipe2(p, O_CLOEXEC) < 0)
		exit(1);
	fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	double t = now(), c = cpu();
	pid_t pid = child(p[1], batch);
	close(p[1]);
	for (;;) {
		struct pollfd q = { .fd = p[0], .events = POLLIN };
		poll(&q, 1, -1);
		ssize_t n = spool_splice(sp, LOG_OUT, p[0], 1 << 20);
		if (n == 0)
			break;
		fold_step(f, 1 << 20, clock_wall_ms(), clock_ms());
		/* The pipe fills meanwhile: fewer and larger pieces. */
		if (n < 256 * 1024)
			usleep(200);
	}
	double childs = now() - t;
	while (fold_step(f, 1 << 20, clock_wall_ms(), clock_ms()) == 1)
		;
	t = now() - t;
	waitpid(pid, NULL, 0);
	printf("%-28s child %.3f s (%.2f x plain), all %.3f s, cpu %.3f s, "
	       "%.0f MB/s, lines %llu\n", what, childs, childs / base, t,
	       cpu() - c, LINES * LINE / 1e6 / t,
	       (unsigned long long)fold_next_seq(f) - 1);
	watchset_free(sink.ws);
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
	close(p[0]);
	close(dir);
}

/* Folding alone, of bytes that are in the spool already. */
static void
refold(const char *path, size_t watch_count)
{
	struct sink sink = { 0 };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct spool *sp = spool_open(dir, 1ull << 30, clock_wall_ms(), NULL);
	struct fold_scratch *x = fold_scratch_new();
	sink.ws = watchset_new(watches, watch_count, on_hit, &sink, NULL);
	struct fold *f = fold_new(sp, x, &ops, &sink, 1);
	double t = cpu();
	while (fold_step(f, 1 << 20, clock_wall_ms(), clock_ms()) == 1)
		;
	printf("replay, %zu watches            %.0f MB/s by cpu\n",
	       watch_count, LINES * LINE / 1e6 / (cpu() - t));
	watchset_free(sink.ws);
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
	close(dir);
}

static void
read_it(const char *path, const char *pattern)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	double t = now();
	struct logread *lr = logread_open(dir, NULL);
	struct logline l;
	uint64_t next = logread_next_seq(lr), hit;
	logread_line(lr, next - 1, 1000, &l);
	double open_s = now() - t;
	uint64_t bytes = logread_bytes(lr);
	struct regex *re = regex_new(pattern, strlen(pattern), 0, NULL, NULL);
	struct search *s = search_new(lr, re, SEARCH_ALL_STREAMS, next, -1);
	t = now();
	double first = 0, c = cpu();
	while (search_step(s, 8 << 20) == 1)
		if (!first && search_prev(s, next, &hit) == 1)
			first = now() - t;
	t = now() - t;
	c = cpu() - c;
	bool all;
	uint64_t count = search_count(s, &all);
	printf("open at the end %.2f ms; search %-24s %.2f GB/s (%.2f by cpu), "
	       "%llu hits, first after %.1f ms\n", open_s * 1e3, pattern,
	       (double)bytes / 1e9 / t, (double)bytes / 1e9 / c,
	       (unsigned long long)count, first * 1e3);
	search_free(s);
	regex_free(re);
	logread_free(lr);
	close(dir);
}

/* As many segments as 10 GB have: what opening such a log at its end costs,
 * and a jump into it. */
static void
many_segments(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool_wipe(dir);
	struct spool *sp = spool_open(dir, 1ull << 34, 1, NULL);
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &(struct fold_ops){ 0 }, NULL, 0);
	for (int i = 0; i < 640; i++) {
		for (int k = 0; k < 100; k++)
			spool_append(sp, LOG_OUT, "some line\n", 10);
		while (fold_step(f, 1 << 20, 1, 0) == 1)
			;
		spool_rotate(sp, 1);
	}
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
	double t = now();
	struct logread *lr = logread_open(dir, NULL);
	struct logline l;
	logread_line(lr, logread_next_seq(lr) - 1, 100, &l);
	double opened = now() - t;
	t = now();
	for (uint64_t seq = 1; seq < 64000; seq += 640)
		logread_line(lr, seq, 100, &l);
	printf("640 segments: open at the end %.2f ms, jump %.1f us\n",
	       opened * 1e3, (now() - t) * 1e4);
	t = now();
	sp = spool_open(dir, 1ull << 34, 1, NULL);
	printf("640 segments: taken over by a new engine in %.2f ms\n",
	       (now() - t) * 1e3);
	spool_free(sp);
	logread_free(lr);
	close(dir);
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/sbx-bench-XXXXXX";
	if (argc > 1) {
		for (int i = 2; i < argc; i++)
			read_it(argv[1], argv[i]);
		return 0;
	}
	if (!mkdtemp(path))
		return 1;
	for (int batch = 1; batch <= 625; batch *= 25) {
		double base = plain(batch);
		double again = plain(batch);
		base = again < base ? again : base;
		printf("-- %d lines a write: plain reader %.3f s\n", batch,
		       base);
		ours("spool, index", batch, 0, base, path);
		ours("spool, index, 5 watches", batch, 5, base, path);
	}
	refold(path, 0);
	refold(path, 1);
	refold(path, 5);
	read_it(path, "status=5\\d\\d");
	read_it(path, "status=200 in 12ms l");
	read_it(path, "^\\S+ \\S+ status=(\\d+)");
	many_segments(path);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool_wipe(dir);
	close(dir);
	rmdir(path);
	return 0;
}
