/*
 * Recovery.  The first part of the input is a script that writes a log, with
 * its engine going away at any moment; the rest says what is done to an index
 * file meanwhile: cut, or a byte changed.  After that the log is whole again:
 * every byte of every stream is in exactly one line, gap or unfinished tail,
 * in order, and a line ends where its newline is.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/log/fold.h"
#include "engine/log/logread.h"
#include "engine/log/spool.h"
#include "must.h"

static int dir = -1;
static char path[64];
static struct fold_scratch *scratch;
static uint64_t handed;		/* the last line the consumer got */

/* More of them find little and take most of the time. */
enum { STARTS_MAX = 5 };

struct engine {
	struct spool *sp;
	struct fold *f;
	unsigned starts;
};

static void
gone(void)
{
	spool_wipe(dir);
	rmdir(path);
	fold_scratch_free(scratch);
}

static void
start(void)
{
	strcpy(path, access("/dev/shm", W_OK) == 0 ? "/dev/shm/sbx-fuzz-XXXXXX"
	       : "/tmp/sbx-fuzz-XXXXXX");
	if (!mkdtemp(path))
		abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scratch = fold_scratch_new();
	clock_fake(0, 1000);
	atexit(gone);
}

static void
on_lines(void *arg, const struct fold_block *b)
{
	(void)arg;
	must(b->count > 0 && b->ends[b->count - 1] == b->len);
	handed = b->first_seq + b->count - 1;
}

static void
on_gap(void *arg, enum log_stream s, uint64_t seq, uint64_t bytes)
{
	(void)arg;
	(void)s;
	(void)bytes;
	handed = seq;
}

static const struct fold_ops ops = { .lines = on_lines, .gap = on_gap };

static void
engine_start(struct engine *e)
{
	e->sp = spool_open(dir, 1 << 20, 1000, NULL);
	must(e->sp);
	e->starts++;
	e->f = fold_new(e->sp, scratch, &ops, NULL, 0);
}

static void
engine_end(struct engine *e)
{
	fold_free(e->f);
	spool_free(e->sp);
}

/* One byte of the script. */
static void
act(struct engine *e, uint8_t c, uint64_t *run)
{
	static const char *const texts[] = {
		"line\n", "half", "\n", "\033[?1049h", "\033[?1049l", "\r",
		"\033[?10", "49h", "a\nb\nc", "\r\n", "\033[1m", "0123456789",
		"\n\n", "x", "\033]0;", "\a",
	};
	enum log_stream s = (enum log_stream)((c >> 4) % LOG_STREAMS);
	if (c < 0xc0) {
		const char *t = texts[c & 15];
		spool_append(e->sp, s, t, strlen(t));
	} else if (c < 0xe0) {
		fold_step(e->f, 1 + (c & 15) * 4, 1000 + c, 0);
	} else if (c < 0xe8) {
		spool_run_begin(e->sp, ++*run, 1, 1000);
	} else if (c < 0xf0) {
		spool_run_end(e->sp, 0, 1000);
	} else if (c < 0xf6) {
		spool_rotate(e->sp, 1000);
	} else if (c < 0xf8) {
		spool_drop_oldest(e->sp);
	} else if (e->starts < STARTS_MAX) {
		engine_end(e);
		engine_start(e);
	}
}

/* The newest segment that lines were found in: what a crash can tear. */
static uint64_t
newest_indexed(void)
{
	uint64_t newest = 0;
	bool any = false;
	for (uint64_t no = 1; no < 200; no++) {
		char name[LOG_NAME_MAX];
		struct log_header h = { .first_seq = 0 };
		log_name(name, no, LOG_SUFFIX_IDX);
		int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && any)
			break;
		if (fd < 0)
			continue;
		any = true;
		if (pread(fd, &h, sizeof(h), 0) == sizeof(h) && h.first_seq)
			newest = no;
		close(fd);
	}
	return newest;
}

/* Cuts any index, or changes a byte among the entries of the newest. */
static void
damage(uint8_t which, uint8_t at, uint8_t how)
{
	char name[LOG_NAME_MAX];
	log_name(name, how == 0 ? 1 + which % 8u : newest_indexed(),
		 LOG_SUFFIX_IDX);
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		off_t place = (off_t)at * 3 % st.st_size;
		uint8_t c = 0;
		if (how == 0) {
			must(ftruncate(fd, place) == 0);
		} else if (place >= (off_t)sizeof(struct log_header)) {
			must(pread(fd, &c, 1, place) == 1);
			c ^= how;
			must(pwrite(fd, &c, 1, place) == 1);
		}
	}
	close(fd);
}

/* Lines of a stream follow each other without hole or overlap. */
static void
check_stream(struct logread *lr, enum log_stream s)
{
	uint64_t at = logread_begin(lr, s), gap = 0;
	struct logline l;
	bool begun = false;
	for (uint64_t seq = logread_first_seq(lr);
	     seq < logread_next_seq(lr); seq++) {
		must(logread_line(lr, seq, 1 << 20, &l) == 1);
		if (l.stream != s)
			continue;
		if (!begun && l.off <= at)
			at = l.off;
		begun = true;
		/* Full screens of a pty are in no line; bytes of a gap may
		 * have had a place in the stream or not. */
		must(s == LOG_PTY ? l.off >= at :
		      l.off == at || l.off == at + gap);
		at = l.off + l.full_len;
		gap = l.dropped_bytes;
		if (l.flags & LOGLINE_GAP)
			continue;
		char last;
		if (!(l.flags & LOGLINE_CUT))
			must(!memchr(l.text, '\n', l.len));
		if (!(l.flags & LOGLINE_PARTIAL) &&
		    at > logread_begin(lr, s)) {
			must(logread_read(lr, s, at - 1, &last, 1) == 1);
			must(last == '\n');
		}
	}
	if (logread_tail(lr, s, 1 << 20, &l) == 1) {
		at = l.off + l.full_len;
		gap = 0;
	} else if (at < logread_begin(lr, s)) {
		/* All that there is of an unfinished line was dropped. */
		at = logread_begin(lr, s);
		gap = 0;
	}
	if (s != LOG_PTY)
		must(logread_end(lr, s) == at ||
		      logread_end(lr, s) == at + gap);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine e = { .starts = 0 };
	uint64_t run = 0;
	if (size < 8 || size > 300)
		return 0;
	if (dir < 0)
		start();
	spool_wipe(dir);
	engine_start(&e);
	for (size_t i = 6; i < size; i++)
		act(&e, data[i], &run);
	engine_end(&e);
	damage(data[0], data[1], data[2]);
	damage(data[3], data[4], data[5]);
	engine_start(&e);
	while (fold_step(e.f, 64, 1000, 0) == 1)
		;
	must(fold_is_caught_up(e.f));
	struct logread *lr = logread_open(dir, NULL);
	must(lr && logread_next_seq(lr) == fold_next_seq(e.f));
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		check_stream(lr, (enum log_stream)s);
	/* Rebuilt from the spool, the consumer gets the same lines. */
	uint64_t next = logread_next_seq(lr);
	logread_free(lr);
	fold_free(e.f);
	handed = 0;
	e.f = fold_new(e.sp, scratch, &ops, NULL, 1);
	while (fold_step(e.f, 1 << 20, 1000, 0) == 1)
		;
	must(next == 1 || handed == next - 1 || spool_begin(e.sp, LOG_OUT) +
	      spool_begin(e.sp, LOG_ERR) + spool_begin(e.sp, LOG_PTY) > 0);
	engine_end(&e);
	return 0;
}
