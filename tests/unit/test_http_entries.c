#include "engine/http/http_entries.h"

#include <errno.h>

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/log/logread.h"
#include "engine/log/logtold.h"
#include "tests/lib/logrig.h"
#include "tests/lib/test.h"

struct rig {
	struct logrig log;
	struct entries *e;
	struct entries_cursor c;
	struct buf got;		/* what a walk has seen, in words */
};

static void
open_log(struct rig *r)
{
	entries_open(r->e, logread_open(r->log.dir, NULL));
}

static void
rig_init(struct rig *r, uint64_t keep)
{
	logrig_init(&r->log, keep);
	r->e = entries_new();
	buf_init(&r->got, 1 << 20);
	open_log(r);
	entries_seek(r->e, &r->c, ENTRIES_ALL, 0);
}

static void
rig_fini(struct rig *r)
{
	buf_fini(&r->got);
	entries_free(r->e);
	logrig_fini(&r->log);
}

static void
fold_all(struct rig *r)
{
	logrig_fold(&r->log, 1000);
	logread_refresh(entries_log(r->e));
}

static void
say(struct rig *r, enum log_stream s, const char *text)
{
	logrig_say(&r->log, s, text, 1000);
	logread_refresh(entries_log(r->e));
}

/* Everything from c on: "3o:text" per entry, "!from-to:bytes" per mark. */
static const char *
walk(struct rig *r, struct entries_cursor *c)
{
	struct entry en;
	int rc;

	buf_clear(&r->got);
	while ((rc = entries_step(r->e, c, &en)) == 1) {
		if (r->got.len)
			buf_addc(&r->got, ' ');
		if (en.dropped) {
			buf_addf(&r->got, "!%d-%d:%d", (int)en.first,
				 (int)en.seq, (int)en.dropped_bytes);
			continue;
		}
		buf_addf(&r->got, "%d%c:", (int)en.seq, "oep"[en.stream]);
		for (size_t i = 0; i < en.len; i++)
			buf_addc(&r->got, en.data[i] == '\n' ? '$' :
				 en.data[i]);
	}
	if (rc < 0)
		buf_addf(&r->got, " error %d", rc);
	return buf_str(&r->got);
}

static const char *
from(struct rig *r, unsigned streams, uint64_t seq)
{
	struct entries_cursor c;

	entries_seek(r->e, &c, streams, seq);
	return walk(r, &c);
}

static const char *
last(struct rig *r, unsigned streams, uint64_t n)
{
	struct entries_cursor c;

	entries_seek_last(r->e, &c, streams, n);
	while (entries_look_back(r->e, &c))
		;
	return walk(r, &c);
}

TEST(lines_have_their_numbers)
{
	struct rig r;
	rig_init(&r, 0);
	EQ_STR(walk(&r, &r.c), "");
	say(&r, LOG_OUT, "one\ntwo\n");
	say(&r, LOG_ERR, "bad\n");
	EQ_STR(walk(&r, &r.c), "1o:one$ 2o:two$ 3e:bad$");
	EQ_STR(walk(&r, &r.c), "");
	say(&r, LOG_OUT, "\n");
	EQ_STR(walk(&r, &r.c), "4o:$");
	EQ_STR(from(&r, ENTRIES_ALL, 2), "3e:bad$ 4o:$");
	EQ_STR(from(&r, ENTRIES_ALL, 4), "");
	EQ_STR(from(&r, ENTRIES_ALL, UINT64_MAX), "");
	EQ_STR(from(&r, 1u << LOG_OUT, 1), "2o:two$ 4o:$");
	EQ_STR(from(&r, 1u << LOG_ERR, 0), "3e:bad$");
	EQ_STR(last(&r, ENTRIES_ALL, 2), "3e:bad$ 4o:$");
	EQ_STR(last(&r, 1u << LOG_OUT, 2), "2o:two$ 4o:$");
	EQ_STR(last(&r, ENTRIES_ALL, 0), "");
	EQ_STR(last(&r, ENTRIES_ALL, 99), "1o:one$ 2o:two$ 3e:bad$ 4o:$");
	rig_fini(&r);
}

TEST(a_piece_is_an_entry_for_everybody)
{
	struct rig r;
	rig_init(&r, 0);
	say(&r, LOG_OUT, "one\nlog");
	EQ_STR(walk(&r, &r.c), "1o:one$");
	EQ_INT(entries_tail(r.e), 3);
	entries_publish(r.e);
	EQ_INT(entries_tail(r.e), 0);
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "2o:log");
	say(&r, LOG_OUT, "in: ");
	say(&r, LOG_ERR, "warn\n");
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "3e:warn$ 4o:in: ");
	say(&r, LOG_OUT, "bob\nnext\n");
	EQ_STR(walk(&r, &r.c), "5o:bob$ 6o:next$");
	EQ_INT(entries_pieces(r.e), 2);
	EQ_STR(from(&r, ENTRIES_ALL, 0), "1o:one$ 2o:log 3e:warn$ 4o:in:  "
	       "5o:bob$ 6o:next$");
	EQ_STR(from(&r, ENTRIES_ALL, 2), "3e:warn$ 4o:in:  5o:bob$ 6o:next$");
	EQ_STR(from(&r, 1u << LOG_OUT, 4), "5o:bob$ 6o:next$");
	EQ_STR(last(&r, 1u << LOG_OUT, 3), "4o:in:  5o:bob$ 6o:next$");
	/* The same after the log was closed and is open again. */
	entries_open(r.e, NULL);
	open_log(&r);
	EQ_STR(last(&r, ENTRIES_ALL, 3), "4o:in:  5o:bob$ 6o:next$");
	rig_fini(&r);
}

TEST(a_line_that_was_known_already)
{
	struct rig r;
	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 1, 1000);
	say(&r, LOG_OUT, "bye");
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "1o:bye");
	spool_run_end(r.log.sp, 0, 1000);
	say(&r, LOG_ERR, "x\n");
	EQ_STR(walk(&r, &r.c), "3e:x$");
	EQ_STR(last(&r, ENTRIES_ALL, 2), "1o:bye 3e:x$");
	rig_fini(&r);
}

TEST(a_line_that_the_index_does_not_know_yet)
{
	struct rig r;
	rig_init(&r, 0);
	spool_append(r.log.sp, LOG_OUT, "one\ntw", 6);
	logread_refresh(entries_log(r.e));
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "");
	fold_all(&r);
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "1o:one$ 2o:tw");
	rig_fini(&r);
}

TEST(a_full_screen_is_bytes_too)
{
	struct rig r;
	rig_init(&r, 0);
	say(&r, LOG_PTY, "$ vi\r\n\033[?1049hA\nB");
	entries_publish(r.e);
	EQ_STR(walk(&r, &r.c), "1p:$ vi\r$ 2p:\033[?1049hA$B");
	say(&r, LOG_PTY, "C\nD\033[?1049l$ ls\r\nx\r\n");
	EQ_STR(walk(&r, &r.c), "3p:C$D\033[?1049l$ ls\r$ 4p:x\r$");
	/* Of a stranger who begins there. */
	EQ_STR(from(&r, ENTRIES_ALL, 2), "3p:C$D\033[?1049l$ ls\r$ 4p:x\r$");
	EQ_STR(last(&r, ENTRIES_ALL, 1), "4p:x\r$");
	rig_fini(&r);
}

TEST(bytes_are_bytes)
{
	struct rig r;
	struct entry en;
	rig_init(&r, 0);
	spool_append(r.log.sp, LOG_OUT, "a\0b\xff\n", 5);
	fold_all(&r);
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	EQ_MEM(en.data, en.len, "a\0b\xff\n", 5);
	EQ_INT(en.wall_ms, 1000);
	rig_fini(&r);
}

TEST(a_long_line_comes_in_parts)
{
	struct rig r;
	struct entry en;
	size_t len = ENTRY_PART_MAX * 2 + 100, sum = 0;
	char *text = malloc(len + 1);
	rig_init(&r, 0);
	memset(text, 'x', len);
	text[len] = '\0';
	say(&r, LOG_OUT, text);
	say(&r, LOG_OUT, "\ny\n");
	for (int i = 0; i < 3; i++) {
		EQ_INT(entries_step(r.e, &r.c, &en), 1);
		EQ_INT(en.seq, 1);
		EQ_INT(en.more, i < 2);
		sum += en.len;
	}
	EQ_INT(sum, len + 1);
	EQ_STR(walk(&r, &r.c), "2o:y$");
	free(text);
	rig_fini(&r);
}

/* Lines of 100 bytes until a segment has gone. */
static void
flood(struct rig *r, uint64_t first)
{
	char line[128];

	for (int i = 0; i < 100000; i++) {
		snprintf(line, sizeof line, "%098d\n\n", i);
		line[99] = '\0';
		spool_append(r->log.sp, LOG_OUT, line, 99);
		if (i % 100 == 0)
			fold_all(r);
		if (i % 100 == 0 && logread_first_seq(entries_log(r->e)) >
				    first)
			return;
	}
}

/* From a place on, at a server that counts pieces or at a new one. */
static const char *
resume(struct rig *r, const char *text)
{
	struct entries_place at;
	struct entries_cursor c;

	if (entries_place_parse(text, &at) < 0)
		return "(no place)";
	entries_seek_place(r->e, &c, ENTRIES_ALL, &at);
	return walk(r, &c);
}

static char *
place_of(const struct rig *r, const struct entry *en)
{
	struct buf b = BUF_INIT(100);

	entries_place_put(r->e, en, &b);
	return buf_take(&b);
}

TEST(a_place_outlives_the_server)
{
	struct rig r;
	struct entry en;
	char *id[4];
	rig_init(&r, 0);
	say(&r, LOG_OUT, "one\nlog");
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	id[0] = place_of(&r, &en);
	EQ_STR(id[0], "1");
	entries_publish(r.e);
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	id[1] = place_of(&r, &en);
	EQ_STR(id[1], "2:2:0:7");
	say(&r, LOG_ERR, "bad\n");
	say(&r, LOG_OUT, "in\ntwo\n");
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	id[2] = place_of(&r, &en);
	EQ_STR(id[2], "3:2");
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	id[3] = place_of(&r, &en);
	EQ_STR(id[3], "4:3");
	EQ_STR(resume(&r, id[1]), "3e:bad$ 4o:in$ 5o:two$");
	EQ_STR(resume(&r, id[3]), "5o:two$");
	/* Another server, which knows nothing of the piece. */
	entries_free(r.e);
	r.e = entries_new();
	open_log(&r);
	EQ_STR(resume(&r, id[0]), "2e:bad$ 3o:login$ 4o:two$");
	EQ_STR(resume(&r, id[1]), "2e:bad$ 3o:in$ 4o:two$");
	EQ_STR(resume(&r, id[2]), "3o:login$ 4o:two$");
	EQ_STR(resume(&r, id[3]), "4o:two$");
	EQ_STR(resume(&r, "3"), "4o:two$");
	EQ_STR(resume(&r, "x"), "(no place)");
	EQ_STR(resume(&r, ""), "(no place)");
	EQ_STR(resume(&r, "1:2:0"), "(no place)");
	EQ_STR(resume(&r, "1:2:3:4"), "(no place)");
	EQ_STR(resume(&r, "1:2:0:4:5"), "(no place)");
	EQ_STR(resume(&r, "1:999"), "2e:bad$ 3o:login$ 4o:two$");
	for (size_t i = 0; i < ARRAY_LEN(id); i++)
		free(id[i]);
	rig_fini(&r);
}

TEST(the_last_ones_of_a_rare_stream)
{
	struct rig r;
	struct entries_cursor c;
	int calls = 1;
	rig_init(&r, 0);
	say(&r, LOG_ERR, "a\nb\nc\n");
	for (int i = 0; i < 20000; i++)
		spool_append(r.log.sp, LOG_OUT, "x\n", 2);
	fold_all(&r);
	entries_seek_last(r.e, &c, 1u << LOG_ERR, 2);
	while (entries_look_back(r.e, &c))
		calls++;
	OK(calls > 3);
	EQ_STR(walk(&r, &c), "2e:b$ 3e:c$");
	entries_seek_last(r.e, &c, 1u << LOG_ERR, 99999);
	OK(!entries_look_back(r.e, &c));
	EQ_STR(walk(&r, &c), "1e:a$ 2e:b$ 3e:c$");
	rig_fini(&r);
}

TEST(what_the_cap_has_taken)
{
	struct rig r;
	struct entry en;
	struct entries_cursor c;
	rig_init(&r, SPOOL_SEGMENT_MIN * 4);
	flood(&r, 1);
	struct logread *lr = entries_log(r.e);
	uint64_t first = entries_first(r.e), next = entries_next(r.e);
	OK(first > 1);
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	OK(en.dropped);
	EQ_INT(en.first, 1);
	EQ_INT(en.seq, first - 1);
	EQ_INT(en.dropped_bytes, logread_begin(lr, LOG_OUT));
	/* All bytes: those that are gone and those that come. */
	uint64_t bytes = en.dropped_bytes, seq = first - 1;
	while (entries_step(r.e, &r.c, &en) == 1) {
		OK(!en.dropped);
		EQ_INT(en.seq, ++seq);
		bytes += en.len;
	}
	EQ_INT(seq + 1, next);
	EQ_INT(bytes, logread_end(lr, LOG_OUT));
	/* Who has been there knows how many bytes he missed. */
	entries_seek(r.e, &c, ENTRIES_ALL, next - 2);
	EQ_INT(entries_step(r.e, &c, &en), 1);
	uint64_t had = logread_end(lr, LOG_OUT);
	flood(&r, next + 10);
	first = entries_first(r.e);
	EQ_INT(entries_step(r.e, &c, &en), 1);
	OK(en.dropped);
	EQ_INT(en.first, next);
	EQ_INT(en.seq, first - 1);
	EQ_INT(en.dropped_bytes, logread_begin(lr, LOG_OUT) - had);
	/* The last ones are asked for, and are there; or are not. */
	entries_seek_last(r.e, &c, ENTRIES_ALL, 3);
	OK(!entries_look_back(r.e, &c));
	EQ_INT(c.seq, entries_next(r.e) - 3);
	entries_seek_last(r.e, &c, ENTRIES_ALL, 1000000);
	OK(!entries_look_back(r.e, &c));
	EQ_INT(entries_step(r.e, &c, &en), 1);
	OK(en.dropped);
	rig_fini(&r);
}

/* A cursor stops behind a run, whatever stands right there. */
TEST(between_two_runs)
{
	struct rig r;
	const struct log_run *runs;
	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 1, 1000);
	say(&r, LOG_PTY, "one\n\033[?1049hA");
	entries_publish(r.e);
	spool_run_end(r.log.sp, 0, 1000);
	fold_all(&r);
	spool_run_begin(r.log.sp, 2, 1, 1000);
	say(&r, LOG_OUT, "half");
	entries_publish(r.e);
	for (int i = 0; i < 2 * ENTRY_JOIN_MIN; i++)
		say(&r, LOG_OUT, i ? "x\n" : "\n");
	spool_run_end(r.log.sp, 0, 1000);
	spool_run_begin(r.log.sp, 3, 1, 1000);
	say(&r, LOG_OUT, "next\n");
	EQ_INT(logread_runs(entries_log(r.e), &runs), 3);
	uint64_t stop = entries_behind_run(r.e, &runs[0]);
	r.c.stop = stop;
	EQ_STR(walk(&r, &r.c), "1p:one$ 2p:\033[?1049hA");
	EQ_INT(r.c.seq, stop);
	r.c.stop = entries_behind_run(r.e, &runs[1]);
	r.c.join = true;
	OK(strstr(walk(&r, &r.c), "o:half ") != NULL);
	OK(!strstr(buf_str(&r.got), "next"));
	EQ_INT(r.c.seq, r.c.stop);
	EQ_STR(walk(&r, &r.c), "");
	r.c.stop = 0;
	OK(strstr(walk(&r, &r.c), "o:next$") != NULL);
	rig_fini(&r);
}

TEST(many_lines_that_wait_are_joined)
{
	struct rig r;
	struct entry en;
	char line[32];
	rig_init(&r, 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof line, "%019d\n", i);
		spool_append(r.log.sp, LOG_OUT, line, 20);
		if (i == 5000)
			spool_append(r.log.sp, LOG_ERR, "oops\n", 5);
	}
	spool_append(r.log.sp, LOG_OUT, "tail", 4);
	fold_all(&r);
	entries_publish(r.e);
	say(&r, LOG_OUT, "end\n");
	r.c.join = true;
	uint64_t seq = 0, bytes = 0, items = 0;
	while (entries_step(r.e, &r.c, &en) == 1) {
		EQ_INT(en.first, seq + 1);
		OK(en.len <= ENTRY_JOIN_BYTES);
		OK(!en.more);
		if (en.stream == LOG_OUT) {
			snprintf(line, sizeof line, "%019d\n",
				 (int)(bytes / 20));
			OK(bytes >= 200000 ||
			   memcmp(en.data, line, 20) == 0);
			bytes += en.len;
		}
		seq = en.seq;
		items++;
	}
	EQ_INT(seq, 10003);
	EQ_INT(bytes, 200008);
	OK(items < 12);
	/* Somebody else sees them one by one, with the same numbers. */
	EQ_STR(from(&r, ENTRIES_ALL, 10000),
	       "10001o:0000000000000009999$ 10002o:tail 10003o:end$");
	rig_fini(&r);
}

TEST(a_line_whose_beginning_is_gone)
{
	struct rig r;
	struct entry en;
	rig_init(&r, SPOOL_SEGMENT_MIN * 4);
	char *text = malloc(SPOOL_SEGMENT_MIN);
	memset(text, 'x', SPOOL_SEGMENT_MIN);
	for (int i = 0; i < 12; i++) {
		spool_append(r.log.sp, LOG_OUT, text, SPOOL_SEGMENT_MIN - 1);
		fold_all(&r);
	}
	say(&r, LOG_OUT, "\n");
	uint64_t begin = logread_begin(entries_log(r.e), LOG_OUT);
	uint64_t end = logread_end(entries_log(r.e), LOG_OUT), sum = 0;
	OK(begin > 0);
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	OK(en.dropped);
	EQ_INT(en.dropped_bytes, begin);
	while (entries_step(r.e, &r.c, &en) == 1)
		sum += en.len;
	EQ_INT(sum, end - begin);
	free(text);
	rig_fini(&r);
}

TEST(what_was_told_and_has_not_come_is_no_place)
{
	struct logtold t = { .run = 1 }, none = { .stream = LOG_PTY };
	struct rig r;

	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 7, 1000);
	say(&r, LOG_PTY, "one\n");
	EQ_STR(walk(&r, &r.c), "1p:one$");
	OK(fold_foresee(r.log.f, LOG_PTY, "two\nthree\n", 10, 1000, &t));
	logread_tell(entries_log(r.e), &t);
	EQ_STR(walk(&r, &r.c), "2p:two$ 3p:three$");
	/* The disk is full: the two are a gap, and what comes then is seen. */
	logread_tell(entries_log(r.e), &none);
	entries_correct(r.e);
	EQ_STR(walk(&r, &r.c), "");
	struct spool_gap gap = { .stream = LOG_PTY, .off = 4, .bytes = 10 };
	spool_restore_gap(r.log.sp, &gap);
	say(&r, LOG_PTY, "4\n5\n");
	EQ_STR(walk(&r, &r.c), "!0-2:10 3p:4$ 4p:5$");
	rig_fini(&r);
}

TEST(more_pieces_than_are_remembered)
{
	struct rig r;
	struct entry en;
	rig_init(&r, 0);
	for (int i = 0; i < ENTRY_PIECES_MAX + 10; i++) {
		say(&r, LOG_OUT, "a");
		entries_publish(r.e);
		EQ_INT(entries_step(r.e, &r.c, &en), 1);
		EQ_INT(en.seq, i + 1);
	}
	say(&r, LOG_OUT, "b\nc\n");
	EQ_INT(entries_step(r.e, &r.c, &en), 1);
	EQ_INT(en.seq, ENTRY_PIECES_MAX + 11);
	EQ_MEM(en.data, en.len, "b\n", 2);
	EQ_STR(walk(&r, &r.c), "1036o:c$");
	EQ_STR(last(&r, ENTRIES_ALL, 1), "1036o:c$");
	rig_fini(&r);
}

TEST_MAIN()
