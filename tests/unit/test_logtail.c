#include "engine/log/logtail.h"

#include <string.h>

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/log/logcopy.h"
#include "tests/lib/logrig.h"
#include "tests/lib/test.h"

enum { KEEP = 8 * SPOOL_SEGMENT_MIN };

/* What a reader of the whole log gets: its lines, and all that marks tell. */
struct got {
	uint64_t lines, dropped, marks, bytes;
	char first[64], last[64];
};

static struct got
read_all(struct logrig *r, const struct logtail_filter *f, uint64_t seq)
{
	struct logread *lr = logread_open(r->dir, NULL);
	struct logtail *t = logtail_new(lr, f);
	struct logtail_item it;
	struct got g = { 0 };

	logtail_seek(t, seq);
	while (logtail_peek(t, true, &it) == 1) {
		char *to = g.lines ? g.last : g.first;
		if (it.line.flags & LOGLINE_GAP) {
			g.marks++;
			g.dropped += it.line.dropped_bytes;
		} else {
			snprintf(to, sizeof g.first, "%.*s",
				 (int)SBX_MIN(it.line.len, (size_t)50),
				 it.line.text);
			g.lines++;
			g.bytes += it.line.full_len;
		}
		logtail_take(t);
	}
	logtail_free(t);
	return g;
}

static int
take(void *arg, enum log_stream s, const char *data, size_t len)
{
	uint64_t *sum = arg;

	(void)s;
	(void)data;
	*sum += len;
	return 0;
}

/* The same of exact bytes. */
static struct got
copy_all(struct logrig *r, unsigned streams, uint64_t run, uint64_t seq)
{
	struct logread *lr = logread_open(r->dir, NULL);
	struct logcopy c;
	struct got g = { 0 };

	if (!logcopy_init(&c, lr, streams, run, seq))
		abort();
	while (logcopy_step(&c, true, take, &g.bytes) == 1)
		;
	g.dropped = c.dropped_bytes;
	logread_free(lr);
	return g;
}

/* Lines of twenty bytes, folded now or not yet. */
static uint64_t
flood(struct logrig *r, enum log_stream s, uint64_t lines, bool folded)
{
	char line[32];

	for (uint64_t i = 0; i < lines; i++) {
		snprintf(line, sizeof line, "%s %015d\n",
			 s == LOG_OUT ? "out" : "pty", (int)i);
		spool_append(r->sp, s, line, strlen(line));
		if (folded)
			logrig_fold(r, 1000);
	}
	return lines * 20;
}

TEST(what_went_before_it_was_folded_is_told_once)
{
	struct logtail_filter all = { .streams = LOG_ALL_STREAMS };
	static const enum log_stream streams[] = { LOG_OUT, LOG_PTY };

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct logrig r;
		logrig_init(&r, KEEP);
		uint64_t sum = flood(&r, streams[i], 1000, true);
		sum += flood(&r, streams[i], 60000, false);
		logrig_fold(&r, 1000);
		struct got g = read_all(&r, &all, 1);
		EQ_INT(g.marks, 1);
		EQ_INT(g.dropped + g.bytes, sum);
		/* The rest of a line is not taken for one. */
		EQ_INT(strlen(g.first), 19);
		EQ_STR(g.last + 4, "000000000059999");
		g = copy_all(&r, LOG_ALL_STREAMS, 0, 0);
		OK(g.dropped > 0);
		EQ_INT(g.dropped + g.bytes, sum);
		logrig_fini(&r);
	}
}

TEST(a_stream_tells_of_its_own_bytes_only)
{
	struct logtail_filter f = { .streams = 1u << LOG_ERR };
	struct logrig r;

	logrig_init(&r, KEEP);
	flood(&r, LOG_OUT, 60000, true);
	logrig_say(&r, LOG_ERR, "an error\n", 1000);
	struct got g = read_all(&r, &f, 1);
	EQ_INT(g.marks, 0);
	EQ_INT(g.lines, 1);
	EQ_STR(g.first, "an error");
	g = copy_all(&r, 1u << LOG_ERR, 0, 0);
	EQ_INT(g.dropped, 0);
	EQ_INT(g.bytes, 9);
	f.streams = 1u << LOG_OUT;
	g = read_all(&r, &f, 1);
	EQ_INT(g.dropped + g.bytes, 60000 * 20);
	logrig_fini(&r);
}

TEST(a_run_tells_of_its_own_bytes_only)
{
	struct logrig r;
	uint64_t lines[] = { 30000, 30000, 10 };

	logrig_init(&r, KEEP);
	for (uint64_t run = 1; run <= 3; run++) {
		spool_run_begin(r.sp, run, 7, 1000);
		flood(&r, LOG_OUT, lines[run - 1], true);
		spool_run_end(r.sp, 0, 1000);
		logrig_fold(&r, 1000);
	}
	for (uint64_t run = 1; run <= 3; run++) {
		struct logtail_filter f = { .streams = LOG_ALL_STREAMS,
					    .run = run };
		struct got g = read_all(&r, &f, 1);
		EQ_INT(g.dropped + g.bytes, lines[run - 1] * 20);
		EQ_INT(g.marks, run < 3);
		g = copy_all(&r, LOG_ALL_STREAMS, run, 0);
		EQ_INT(g.dropped + g.bytes, lines[run - 1] * 20);
		EQ_INT(g.dropped > 0, run < 3);
	}
	struct got g = copy_all(&r, LOG_ALL_STREAMS, 3, 60006);
	EQ_INT(g.bytes, 5 * 20);
	EQ_INT(g.dropped, 0);
	logrig_fini(&r);
}

TEST(the_last_ones_of_fewer_tell_what_is_gone)
{
	struct logtail_filter all = { .streams = LOG_ALL_STREAMS };
	struct logrig r;

	logrig_init(&r, KEEP);
	flood(&r, LOG_OUT, 60000, true);
	struct logread *lr = logread_open(r.dir, NULL);
	uint64_t there = 60001 - logread_first_seq(lr);
	struct logtail *t = logtail_new(lr, &all);
	struct logtail_item it;
	logtail_seek_last(t, there - 1);
	EQ_INT(logtail_peek(t, true, &it), 1);
	EQ_INT(it.line.flags & LOGLINE_GAP, 0);
	logtail_seek_last(t, there + 1);
	EQ_INT(logtail_peek(t, true, &it), 1);
	EQ_INT(it.line.flags & LOGLINE_GAP, LOGLINE_GAP);
	logtail_free(t);
	logrig_fini(&r);
}

TEST(segments_that_go_while_they_are_read_are_one_mark)
{
	struct logtail_filter all = { .streams = LOG_ALL_STREAMS };
	struct logrig r;
	struct logtail_item it;
	uint64_t lines = 0, dropped = 0, marks = 0;

	logrig_init(&r, KEEP);
	flood(&r, LOG_OUT, 12000, true);
	struct logtail *t = logtail_new(logread_open(r.dir, NULL), &all);
	for (; lines < 10 && logtail_peek(t, true, &it) == 1; lines++)
		logtail_take(t);
	/* What it looks at is unlinked, and it does not know. */
	flood(&r, LOG_OUT, 60000, true);
	for (; logtail_peek(t, true, &it) == 1; logtail_take(t)) {
		marks += (it.line.flags & LOGLINE_GAP) != 0;
		dropped += it.line.dropped_bytes;
		lines += !(it.line.flags & LOGLINE_GAP);
		OK(it.line.flags & LOGLINE_GAP || it.line.len == 19);
	}
	EQ_INT(lines * 20 + dropped, 72000 * 20);
	OK(marks <= 2);
	logtail_free(t);
	logrig_fini(&r);
}

TEST_MAIN()
