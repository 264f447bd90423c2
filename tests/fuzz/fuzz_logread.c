/*
 * A log made of any bytes: three segments and a list of runs whose contents
 * come from the input (headers get their magic, number and sum, or nothing
 * would be looked at).  Everything that reads is called; it may find what it
 * likes but must neither crash nor hang, nor read what is not there.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/regex.h"
#include "engine/log/linewait.h"
#include "engine/log/logfmt.h"
#include "engine/log/logread.h"
#include "engine/log/logseek.h"
#include "engine/log/search.h"
#include "engine/log/spool.h"
#include "must.h"

enum { LINES_MAX = 500 };

static int dir = -1;
static char path[64];
static struct regex *re;

static void
gone(void)
{
	spool_wipe(dir);
	rmdir(path);
}

static void
start(void)
{
	strcpy(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sbx-fuzz-XXXXXX"
	       : "/tmp/sbx-fuzz-XXXXXX");
	if (!mkdtemp(path))
		abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	re = regex_new("a(b|c)*$", 8, 0, NULL, NULL);
	atexit(gone);
}

static void
put(const char *name, const void *data, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Takes up to want bytes off the input. */
static size_t
take(const uint8_t **data, size_t *size, size_t want, uint8_t *out)
{
	size_t n = want < *size ? want : *size;
	memcpy(out, *data, n);
	*data += n;
	*size -= n;
	return n;
}

static void
make_segment(uint64_t no, const uint8_t **data, size_t *size)
{
	uint8_t text[2048], length[2] = { 0, 0 };
	char name[LOG_NAME_MAX];
	struct log_header h;
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		take(data, size, 1, length);
		log_name(name, no, s);
		put(name, text, take(data, size, length[0], text));
	}
	memset(text, 0, sizeof(h));
	take(data, size, 2, length);
	size_t n = take(data, size, (size_t)length[0] * 4 % 1900 + sizeof(h),
			text);
	if (length[1] % 16 != 0) {
		memcpy(&h, text, sizeof(h));
		h.magic = LOG_MAGIC;
		h.segment = no;
		/* Small numbers fit together more often than large ones. */
		for (unsigned s = 0; length[1] & 1 && s < LOG_STREAMS; s++) {
			h.base[s] &= 1023;
			h.start[s] &= 1023;
		}
		if (length[1] & 2)
			h.first_seq &= 255;
		h.sum = log_header_sum(&h);
		memcpy(text, &h, sizeof(h));
	}
	log_name(name, no, LOG_SUFFIX_IDX);
	put(name, text, n < sizeof(h) ? sizeof(h) : n);
}

static void
read_lines(struct logread *lr)
{
	uint64_t seq = logread_first_seq(lr), next = logread_next_seq(lr);
	struct logline l;
	for (int i = 0; i < LINES_MAX && seq < next; i++, seq++) {
		if (logread_line(lr, seq, 64, &l) != 1)
			continue;
		if (l.len > 64 || l.stream >= LOG_STREAMS)
			abort();
		char sum = 0;
		for (size_t k = 0; k < l.len; k++)
			sum ^= l.text[k];
		(void)*(volatile char *)&sum;
		if (i < 20)
			logseek_byte(lr, l.stream, l.off + 1);
	}
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		logread_tail(lr, (enum log_stream)s, 100, &l);
	logread_line(lr, next - 1, 1 << 20, &l);
	logseek_time(lr, 1000);
	const struct log_run *runs;
	size_t n = logread_runs(lr, &runs);
	uint64_t first, end;
	for (size_t i = 0; i < n; i++)
		logseek_run(lr, runs[i].run, &first, &end);
}

static void
look_for(struct logread *lr, int direction)
{
	struct search *s = search_new(lr, re, SEARCH_ALL_STREAMS, 3, direction);
	uint64_t hit = 0;
	for (int i = 0; i < 20 && search_step(s, 4096) == 1; i++)
		;
	for (int i = 0; i < 100 && search_next(s, hit, &hit) == 1; i++)
		if (!search_is_hit(s, hit))
			abort();
	search_prev(s, 5, &hit);
	search_rank(s, 5);
	search_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t runs[1024];
	struct linewait_hit hit;
	uint64_t again;
	if (size == 0)
		return 0;
	if (dir < 0)
		start();
	uint8_t what = *data++;
	size--;
	put("runs", runs, take(&data, &size, size > 4 ? data[0] * 4 : 0,
			       runs));
	for (uint64_t no = 1; no <= 3; no++)
		make_segment(no, &data, &size);
	struct logread *lr = logread_open(dir, NULL);
	if (!lr)
		return 0;
	read_lines(lr);
	if (what % 8 < 2)
		look_for(lr, what % 8 ? 1 : -1);
	if (what % 8 == 2) {
		struct linewait *w = linewait_new(lr, re, 7, 0);
		for (int i = 0; i < 5; i++)
			linewait_step(w, 1000 * (uint64_t)i, false, &hit,
				      &again);
		linewait_free(w);
	}
	logread_free(lr);
	return 0;
}
