#include "engine/log/logread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/log/linematch.h"
#include "engine/log/linewait.h"
#include "engine/log/logseek.h"
#include "engine/log/logtold.h"
#include "engine/log/search.h"
#include "tests/lib/logrig.h"
#include "tests/lib/test.h"

struct rig {
	struct logrig log;
	struct logread *lr;
};

static void
rig_init(struct rig *r, uint64_t keep)
{
	logrig_init(&r->log, keep);
	r->lr = logread_open(r->log.dir, NULL);
}

static void
rig_fini(struct rig *r)
{
	logread_free(r->lr);
	logrig_fini(&r->log);
}

static void
say(struct rig *r, enum log_stream s, const char *text)
{
	logrig_say(&r->log, s, text, 1000);
}

TEST(an_empty_log)
{
	struct rig r;
	struct logline l;
	rig_init(&r, 0);
	EQ_INT(logread_first_seq(r.lr), 1);
	EQ_INT(logread_next_seq(r.lr), 1);
	EQ_INT(logread_line(r.lr, 1, 10, &l), 0);
	EQ_INT(logread_tail(r.lr, LOG_OUT, 10, &l), 0);
	EQ_INT(logseek_time(r.lr, 0), 1);
	EQ_INT(logread_refresh(r.lr), 0);
	say(&r, LOG_OUT, "x\n");
	EQ_INT(logread_line(r.lr, 1, 10, &l), 0);
	EQ_INT(logread_refresh(r.lr), 1);
	EQ_INT(logread_line(r.lr, 1, 10, &l), 1);
	EQ_INT(logread_refresh(r.lr), 0);
	rig_fini(&r);
}

/* What the engine says of a log that has grown by some lines of stdout. */
static int
grow(struct rig *r, uint64_t next_seq, uint64_t run, uint64_t out)
{
	uint64_t end[LOG_STREAMS] = { [LOG_OUT] = out };

	return logread_grow(r->lr, next_seq, run, end);
}

TEST(what_is_told_of_growth_need_not_be_looked_for)
{
	struct rig r;
	struct logline l;
	struct stat st;
	char text[16];
	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 7, 1000);
	say(&r, LOG_OUT, "first\n");
	/* Nothing of it is known: it is looked for. */
	EQ_INT(grow(&r, 2, 1, 6), 1);
	EQ_INT(logread_line(r.lr, 1, 10, &l), 1);
	/* A directory that has just changed may change again unseen: some
	 * time later it is believed. */
	EQ_INT(grow(&r, 9, 1, 6), 0);
	EQ_INT(fstat(r.log.dir, &st), 0);
	clock_fake(0, (int64_t)(st.st_mtim.tv_sec + 2) * 1000);
	EQ_INT(logread_refresh(r.lr), 0);
	EQ_INT(grow(&r, 9, 1, 6), 1);
	EQ_INT(logread_next_seq(r.lr), 9);
	EQ_INT(logread_line(r.lr, 8, 10, &l), -ESTALE);
	EQ_INT(logread_refresh(r.lr), 1);
	EQ_INT(logread_next_seq(r.lr), 2);
	uint64_t end = 6;
	for (unsigned i = 2; i <= 3000; i++) {
		snprintf(text, sizeof text, "line %u\n", i);
		say(&r, LOG_OUT, text);
		end += strlen(text);
		if (grow(&r, i + 1, 1, end) != 1 ||
		    logread_line(r.lr, i, 20, &l) != 1 ||
		    l.len != strlen(text) - 1 || l.run != 1 ||
		    memcmp(l.text, text, l.len) != 0)
			TEST_FAIL("line %u", i);
	}
	EQ_INT(grow(&r, 3001, 1, end), 0);
	EQ_INT(grow(&r, 2000, 1, 100), 0);
	EQ_INT(logread_next_seq(r.lr), 3001);
	/* The lines before them are there as well. */
	EQ_INT(logread_line(r.lr, 1, 10, &l), 1);
	EQ_INT(logread_line(r.lr, 2999, 20, &l), 1);
	/* Another stream is another file, and another run is looked for. */
	say(&r, LOG_ERR, "oh\n");
	EQ_INT(grow(&r, 3001, 1, end), 1);
	EQ_INT(logread_next_seq(r.lr), 3002);
	spool_run_end(r.log.sp, 0, 1001);
	spool_run_begin(r.log.sp, 2, 8, 1002);
	say(&r, LOG_OUT, "again\n");
	EQ_INT(grow(&r, 3003, 2, end), 1);
	EQ_INT(logread_line(r.lr, 3002, 10, &l), 1);
	EQ_INT(l.run, 2);
	rig_fini(&r);
}

/* Told as the engine tells it: what the fold foresees. */
static void
foresee(struct rig *r, const char *text, struct logtold *t)
{
	OK(fold_foresee(r->log.f, LOG_OUT, text, strlen(text), 1000, t));
	t->run = 1;
}

static void
tell(struct rig *r, const char *text)
{
	struct logtold t;

	foresee(r, text, &t);
	logread_tell(r->lr, &t);
}

static const char *
text_of(struct rig *r, uint64_t seq)
{
	static char text[100];
	struct logline l;

	if (logread_line(r->lr, seq, sizeof text - 1, &l) != 1)
		return "none";
	memcpy(text, l.text, l.len);
	text[l.len] = '\0';
	return text;
}

TEST(what_is_told_is_there_before_it_is_in_the_files)
{
	struct rig r;
	struct logline l;
	char bytes[100];

	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 7, 1000);
	say(&r, LOG_OUT, "one\ntw");
	say(&r, LOG_ERR, "oh\n");
	/* Of what was not looked at yet: it is looked for. */
	tell(&r, "o\nthree\n");
	EQ_INT(logread_next_seq(r.lr), 5);
	EQ_STR(text_of(&r, 1), "one");
	EQ_STR(text_of(&r, 2), "oh");
	EQ_STR(text_of(&r, 3), "two");
	EQ_STR(text_of(&r, 4), "three");
	EQ_INT(logread_read(r.lr, LOG_OUT, 9, bytes, sizeof bytes), 5);
	EQ_MEM(bytes, 5, "hree\n", 5);
	/* The files say less, and it stays. */
	EQ_INT(logread_refresh(r.lr) >= 0, 1);
	EQ_INT(logread_next_seq(r.lr), 5);
	EQ_STR(text_of(&r, 4), "three");
	/* They have it, and it stays; then comes the next, with a tail. */
	say(&r, LOG_OUT, "o\nthree\n");
	logread_refresh(r.lr);
	EQ_INT(logread_next_seq(r.lr), 5);
	tell(&r, "four\nfi");
	EQ_STR(text_of(&r, 3), "two");
	EQ_STR(text_of(&r, 5), "four");
	EQ_INT(logread_tail(r.lr, LOG_OUT, 10, &l), 1);
	EQ_MEM(l.text, l.len, "fi", 2);
	say(&r, LOG_OUT, "four\nfi");
	/* Again what is known already: nothing comes twice. */
	struct logtold t;
	foresee(&r, "ve\n", &t);
	logread_tell(r.lr, &t);
	say(&r, LOG_OUT, "ve\n");
	say(&r, LOG_OUT, "six\n");
	logread_refresh(r.lr);
	logread_tell(r.lr, &t);
	EQ_INT(logread_next_seq(r.lr), 8);
	EQ_STR(text_of(&r, 6), "five");
	EQ_STR(text_of(&r, 7), "six");
	EQ_STR(text_of(&r, 8), "none");
	rig_fini(&r);
}

TEST(what_was_told_and_has_not_come_is_not_there)
{
	struct rig r;
	struct logtold none = { .stream = LOG_OUT };

	rig_init(&r, 0);
	spool_run_begin(r.log.sp, 1, 7, 1000);
	say(&r, LOG_OUT, "one\n");
	logread_tell(r.lr, &none);
	tell(&r, "two\nthree\n");
	EQ_STR(text_of(&r, 3), "three");
	logread_tell(r.lr, &none);
	EQ_INT(logread_next_seq(r.lr), 2);
	EQ_INT(logread_end(r.lr, LOG_OUT), 4);
	EQ_STR(text_of(&r, 2), "none");
	/* Others come instead. */
	say(&r, LOG_OUT, "2\n");
	logread_refresh(r.lr);
	EQ_STR(text_of(&r, 2), "2");
	tell(&r, "3\n");
	EQ_STR(text_of(&r, 3), "3");
	EQ_STR(text_of(&r, 1), "one");
	rig_fini(&r);
}

TEST(reading_is_no_access)
{
	const struct timespec long_ago[2] = { { .tv_sec = 1000 },
					      { .tv_sec = 2000 } };
	struct rig r;
	struct logline l;
	struct stat st;
	rig_init(&r, 0);
	say(&r, LOG_OUT, "x\n");
	EQ_INT(logread_refresh(r.lr), 1);
	EQ_INT(utimensat(r.log.dir, "000001.out", long_ago, 0), 0);
	EQ_INT(utimensat(r.log.dir, "000001.idx", long_ago, 0), 0);
	EQ_INT(logread_line(r.lr, 1, 10, &l), 1);
	EQ_INT(fstatat(r.log.dir, "000001.out", &st, 0), 0);
	EQ_INT(st.st_atim.tv_sec, 1000);
	EQ_INT(fstatat(r.log.dir, "000001.idx", &st, 0), 0);
	EQ_INT(st.st_atim.tv_sec, 1000);
	rig_fini(&r);
}

TEST(a_full_screen_is_no_tail)
{
	struct rig r;
	struct logline l;
	rig_init(&r, 0);
	say(&r, LOG_PTY, "one\r\n$ ");
	logread_refresh(r.lr);
	EQ_INT(logread_tail(r.lr, LOG_PTY, 100, &l), 1);
	EQ_MEM(l.text, l.len, "$ ", 2);
	say(&r, LOG_PTY, "\033[?47hmenu");
	logread_refresh(r.lr);
	EQ_INT(logread_tail(r.lr, LOG_PTY, 100, &l), 0);
	say(&r, LOG_PTY, "\033[?47lmore");
	logread_refresh(r.lr);
	EQ_INT(logread_tail(r.lr, LOG_PTY, 100, &l), 1);
	EQ_MEM(l.text, l.len, "more", 4);
	rig_fini(&r);
}

TEST(lines_by_time)
{
	struct rig r;
	rig_init(&r, 0);
	for (int i = 0; i < 10; i++)
		logrig_say(&r.log, LOG_OUT, "x\n", 1000 + 100 * i);
	logread_refresh(r.lr);
	EQ_INT(logseek_time(r.lr, 0), 1);
	EQ_INT(logseek_time(r.lr, 1300), 4);
	EQ_INT(logseek_time(r.lr, 1301), 5);
	EQ_INT(logseek_time(r.lr, 9000), 11);
	struct logline l;
	EQ_INT(logread_line(r.lr, 4, 10, &l), 1);
	EQ_INT(l.wall_ms, 1300);
	rig_fini(&r);
}

/* Lines keep their order and the times that the clock had, to a second where
 * it went more than 24 days away. */
TEST(a_clock_that_is_set)
{
	static const int64_t day_ms = 24 * 3600 * 1000;
	static const int days[] = { 100, 101, 99, 20, 300, 0, 100 };
	struct rig r;
	struct logline l;
	rig_init(&r, 0);
	for (unsigned i = 0; i < ARRAY_LEN(days); i++) {
		logrig_say(&r.log, LOG_OUT, "first\n", days[i] * day_ms - 1);
		logrig_say(&r.log, LOG_OUT, "second\n", days[i] * day_ms + i);
	}
	logread_refresh(r.lr);
	EQ_INT(logread_next_seq(r.lr), 2 * ARRAY_LEN(days) + 1);
	for (unsigned i = 0; i < ARRAY_LEN(days); i++) {
		EQ_INT(logread_line(r.lr, 2 * i + 1, 10, &l), 1);
		EQ_MEM(l.text, l.len, "first", 5);
		OK(l.wall_ms == days[i] * day_ms ||
		   l.wall_ms == days[i] * day_ms - 1);
		EQ_INT(logread_line(r.lr, 2 * i + 2, 10, &l), 1);
		EQ_INT(l.wall_ms, days[i] * day_ms + i);
	}
	/* Not in order, any of them will do. */
	for (int day = -1; day < 400; day++) {
		uint64_t seq = logseek_time(r.lr, day * day_ms);
		OK(seq >= 1 && seq <= logread_next_seq(r.lr));
	}
	rig_fini(&r);
}

/* A header can be whole and its time not one that anything can be added to. */
TEST(a_header_of_no_time_is_bad)
{
	static const int64_t times[] = { INT64_MIN, INT64_MAX, -1 };
	for (unsigned i = 0; i < 3; i++) {
		struct rig r;
		struct log_header h;
		struct logline l;
		rig_init(&r, 0);
		say(&r, LOG_OUT, "x\n");
		int fd = openat(r.log.dir, "000001.idx", O_RDWR | O_CLOEXEC);
		EQ_INT(pread(fd, &h, sizeof(h), 0), sizeof(h));
		h.wall_ms = times[i];
		h.sum = log_header_sum(&h);
		EQ_INT(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
		close(fd);
		logread_free(r.lr);
		logrig_close(&r.log);
		logrig_open(&r.log, 0, 7000);
		logrig_say(&r.log, LOG_OUT, "y\n", 8000);
		r.lr = logread_open(r.log.dir, NULL);
		EQ_INT(logread_line(r.lr, 1, 10, &l), 1);
		EQ_MEM(l.text, l.len, "x", 1);
		OK(times[i] == -1 || l.wall_ms >= 7000);
		EQ_INT(logread_line(r.lr, 2, 10, &l), 1);
		EQ_INT(l.wall_ms, 8000);
		rig_fini(&r);
	}
}

TEST(raw_bytes_of_a_stream)
{
	struct rig r;
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
	char *text = mem_alloc(3 * SPOOL_SEGMENT_MIN);
	for (size_t i = 0; i < 3 * SPOOL_SEGMENT_MIN; i++)
		text[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < 3 * SPOOL_SEGMENT_MIN; i += 4096) {
		spool_append(r.log.sp, LOG_OUT, text + i, 4096);
		spool_append(r.log.sp, LOG_ERR, "noise\n", 6);
	}
	logread_refresh(r.lr);
	char name[80];
	snprintf(name, sizeof(name), "%s/copy", r.log.path);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t end = logread_end(r.lr, LOG_OUT);
	EQ_INT(end, 3 * SPOOL_SEGMENT_MIN);
	EQ_INT(logread_copy(r.lr, LOG_OUT, 10, end + 5, fd), (int)end);
	char *got = mem_alloc(3 * SPOOL_SEGMENT_MIN);
	EQ_INT(pread(fd, got, 3 * SPOOL_SEGMENT_MIN, 0),
	       3 * SPOOL_SEGMENT_MIN - 10);
	OK(memcmp(got, text + 10, 3 * SPOOL_SEGMENT_MIN - 10) == 0);
	close(fd);
	free(got);
	free(text);
	rig_fini(&r);
}

TEST(a_reader_sees_no_gap_while_segments_turn)
{
	struct rig r;
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
	uint64_t next = 1;
	char text[300];
	for (int i = 0; i < 4000; i++) {
		snprintf(text, sizeof(text), "%d %0*d\n", i, i % 200, i);
		spool_append(r.log.sp, i % 3 ? LOG_OUT : LOG_ERR, text,
			     strlen(text));
		if (i % 5 == 0)
			fold_step(r.log.f, 1000, 1000, 0);
		if (i % 11)
			continue;
		EQ_INT(logread_refresh(r.lr) >= 0, 1);
		struct logline l;
		for (; next < logread_next_seq(r.lr); next++) {
			EQ_INT(logread_line(r.lr, next, 1000, &l), 1);
			OK(l.flags == 0);
		}
	}
	OK(next > 3000);
	rig_fini(&r);
}

static struct regex *
re(const char *p)
{
	return regex_new(p, strlen(p), 0, NULL, NULL);
}

/* Every hit of a search, forwards, as bits. */
static void
all_hits(struct search *s, uint64_t next, char *out)
{
	uint64_t hit = 0;
	memset(out, '.', next);
	out[next] = '\0';
	while (search_next(s, hit, &hit) == 1)
		out[hit] = 'x';
}

TEST(search_finds_what_lines_have)
{
	static const char *const words[] = {
		"foo", "\033[1mfo\033[0mo", "bar", "", "x\rfoo", "foo\rx",
		"\xff foo", "fo", "o",
	};
	static char want[3002], got[3002];
	struct rig r;
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
	uint64_t x = 3;
	memset(want, '.', sizeof(want));
	want[3001] = '\0';
	for (int i = 1; i <= 3000; i++) {
		char line[400];
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		int w = (int)((x >> 33) % 9), s = (int)((x >> 50) % 3);
		snprintf(line, sizeof(line), "%0*d%s\n",
			 (int)((x >> 40) % 99), 7, words[w]);
		say(&r, (enum log_stream)s, line);
		if (strstr("0 1 4 6", (char[]){ (char)('0' + w), 0 }) && s != 2)
			want[i] = 'x';
	}
	logread_refresh(r.lr);
	struct regex *foo = re("foo$");
	uint64_t count = 0;
	for (int i = 1; i <= 3000; i++)
		count += want[i] == 'x';
	for (int dir = -1; dir <= 1; dir += 2) {
		for (uint64_t from = 0; from <= 3002; from += 1501) {
			struct search *s = search_new(r.lr, foo, 3, from, dir);
			while (search_step(s, 20000) == 1)
				;
			all_hits(s, 3001, got);
			EQ_STR(got, want);
			bool all;
			EQ_INT(search_count(s, &all), count);
			OK(all);
			EQ_INT(search_rank(s, 3001), count);
			uint64_t hit = 3001, back = 0;
			while (search_prev(s, hit, &hit) == 1)
				back++;
			EQ_INT(back, count);
			search_free(s);
		}
	}
	regex_free(foo);
	rig_fini(&r);
}

TEST(search_goes_its_way_first_and_follows)
{
	struct rig r;
	rig_init(&r, 0);
	for (int i = 1; i <= 20000; i++)
		say(&r, LOG_OUT, i % 1000 ? "no\n" : "yes\n");
	logread_refresh(r.lr);
	struct regex *yes = re("yes");
	struct search *s = search_new(r.lr, yes, SEARCH_ALL_STREAMS, 10500, -1);
	uint64_t hit;
	EQ_INT(search_prev(s, 10500, &hit), -EAGAIN);
	EQ_INT(search_step(s, 1), 1);
	EQ_INT(search_prev(s, 10500, &hit), 1);
	EQ_INT(hit, 10000);
	EQ_INT(search_next(s, 10500, &hit), -EAGAIN);
	while (search_step(s, 1) == 1)
		;
	EQ_INT(search_next(s, 10500, &hit), 1);
	EQ_INT(hit, 11000);
	EQ_INT(search_rank(s, hit), 11);
	EQ_INT(search_next(s, 20000, &hit), 0);
	EQ_INT(search_prev(s, 1000, &hit), 0);
	OK(search_is_hit(s, 1000));
	OK(!search_is_hit(s, 1001));
	say(&r, LOG_ERR, "yes again\n");
	logread_refresh(r.lr);
	EQ_INT(search_next(s, 20000, &hit), -EAGAIN);
	EQ_INT(search_step(s, 1000), 0);
	EQ_INT(search_next(s, 20000, &hit), 1);
	EQ_INT(hit, 20001);
	search_free(s);
	regex_free(yes);
	rig_fini(&r);
}

TEST(dropped_lines_are_no_hits)
{
	struct rig r;
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
	struct regex *any = re("x");
	struct search *s = search_new(r.lr, any, SEARCH_ALL_STREAMS, 1, 1);
	char text[110];
	memset(text, 'x', 100);
	strcpy(text + 99, "\n");
	for (int i = 0; i < 30000; i++) {
		say(&r, LOG_OUT, text);
		if (i % 500)
			continue;
		logread_refresh(r.lr);
		while (search_step(s, 1 << 20) == 1)
			logread_refresh(r.lr);
		EQ_INT(search_count(s, NULL), logread_next_seq(r.lr) -
		       logread_first_seq(r.lr));
	}
	OK(logread_first_seq(r.lr) > 1000);
	search_free(s);
	regex_free(any);
	rig_fini(&r);
}

static int
step(struct linewait *w, uint64_t now, struct linewait_hit *hit)
{
	uint64_t again;
	return linewait_step(w, now, false, hit, &again);
}

TEST(a_loop_of_waits_sees_each_line_once)
{
	struct rig r;
	rig_init(&r, 0);
	char text[64];
	for (int i = 1; i <= 50; i++) {
		snprintf(text, sizeof(text), "noise\nEpoch %d complete\n", i);
		say(&r, i % 2 ? LOG_OUT : LOG_ERR, text);
	}
	struct regex *epoch = re("Epoch (\\d+) complete");
	uint64_t cursor = 0;
	struct linewait_hit hit;
	for (int i = 1; i <= 51; i++) {
		struct linewait *w = linewait_new(r.lr, epoch, 7, cursor);
		if (i == 51) {
			EQ_INT(step(w, 0, &hit), 0);
			say(&r, LOG_OUT, "Epoch 51 complete\n");
		}
		EQ_INT(step(w, 0, &hit), 1);
		EQ_INT(atoi(hit.line + hit.caps.group[1].off), i);
		EQ_INT(hit.stream, i % 2 ? LOG_OUT : LOG_ERR);
		cursor = hit.seq;
		linewait_free(w);
	}
	regex_free(epoch);
	rig_fini(&r);
}

TEST(a_wait_gives_a_half_line_time)
{
	struct rig r;
	rig_init(&r, 0);
	struct regex *port = re("port (\\d+)");
	struct linewait *w = linewait_new(r.lr, port, 7, 0);
	struct linewait_hit hit;
	uint64_t again;
	say(&r, LOG_OUT, "port 18");
	EQ_INT(linewait_step(w, 1000, false, &hit, &again), 0);
	EQ_INT(again, 200);
	EQ_INT(linewait_step(w, 1200, false, &hit, &again), 0);
	EQ_INT(again, 800);
	say(&r, LOG_OUT, "081");
	EQ_INT(linewait_step(w, 1300, false, &hit, &again), 0);
	EQ_INT(again, 200);
	EQ_INT(linewait_step(w, 2299, false, &hit, &again), 0);
	EQ_INT(linewait_step(w, 2300, false, &hit, &again), 1);
	EQ_MEM(hit.line + hit.caps.group[1].off, 5, "18081", 5);
	OK(hit.tail);
	/* The next wait does not see it again. */
	uint64_t cursor = hit.seq;
	linewait_free(w);
	say(&r, LOG_OUT, "\nport 2\n");
	w = linewait_new(r.lr, port, 7, cursor);
	EQ_INT(step(w, 3000, &hit), 1);
	EQ_MEM(hit.line, hit.len, "port 2", 6);
	linewait_free(w);
	/* At the end of all things a tail counts at once. */
	say(&r, LOG_OUT, "port 3");
	w = linewait_new(r.lr, port, 7, hit.seq);
	EQ_INT(linewait_step(w, 4000, true, &hit, &again), 1);
	linewait_free(w);
	regex_free(port);
	struct regex *login = re("login: ");
	w = linewait_new(r.lr, login, 7, 0);
	say(&r, LOG_ERR, "\033[1mlogin: ");
	EQ_INT(linewait_step(w, 5000, false, &hit, &again), 0);
	EQ_INT(linewait_step(w, 5200, false, &hit, &again), 1);
	EQ_INT(hit.stream, LOG_ERR);
	linewait_free(w);
	regex_free(login);
	rig_fini(&r);
}

TEST(a_wait_from_a_place_sees_only_what_is_behind_it)
{
	struct rig r;
	rig_init(&r, 0);
	struct regex *any = re("^[a-z ]*42");
	struct linewait_hit hit;
	uint64_t again, from[LOG_STREAMS] = { 0 };
	say(&r, LOG_ERR, "42\n");
	say(&r, LOG_OUT, "42\n> 42 ");
	logread_refresh(r.lr);
	from[LOG_OUT] = logread_end(r.lr, LOG_OUT);
	from[LOG_ERR] = logread_end(r.lr, LOG_ERR);
	struct linewait *w = linewait_new(r.lr, any, 7, 0);
	linewait_from(w, from);
	EQ_INT(linewait_step(w, 9000, true, &hit, &again), 0);
	say(&r, LOG_OUT, "new 42");
	EQ_INT(linewait_step(w, 9000, true, &hit, &again), 1);
	EQ_MEM(hit.line, hit.len, "new 42", 6);
	linewait_free(w);
	/* The same once the line has its end. */
	say(&r, LOG_OUT, "\nnever\n");
	w = linewait_new(r.lr, any, 7, 0);
	linewait_from(w, from);
	EQ_INT(step(w, 0, &hit), 1);
	EQ_MEM(hit.line, hit.len, "new 42", 6);
	EQ_INT(hit.seq, 3);
	EQ_INT(linewait_missed(w, &again), 0);
	linewait_free(w);
	regex_free(any);
	rig_fini(&r);
}

TEST(a_wait_ends_on_a_dangerous_pattern)
{
	struct rig r;
	rig_init(&r, 0);
	struct regex *bad = re("(a+)+$");
	struct linewait *w = linewait_new(r.lr, bad, 7, 0);
	struct linewait_hit hit;
	for (int i = 0; i < 3; i++)
		say(&r, LOG_OUT, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n");
	EQ_INT(step(w, 0, &hit), -ELOOP);
	linewait_free(w);
	regex_free(bad);
	rig_fini(&r);
}

TEST(a_dangerous_pattern_is_not_tried_on_all_lines)
{
	struct rig r;
	rig_init(&r, 0);
	struct regex *bad = re("(a+)+$|b");
	struct linematch *m = linematch_new(r.lr, bad, 7);
	uint64_t first;
	say(&r, LOG_OUT, "b\n");
	for (int i = 0; i < 100; i++)
		say(&r, LOG_OUT, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n");
	say(&r, LOG_OUT, "b\n");
	logread_refresh(r.lr);
	EQ_INT(linematch_up(m, 1, 103, 1 << 20), 102);
	OK(linematch_is_dangerous(m));
	/* What is found before counts; what is behind was not looked at. */
	EQ_INT(linematch_hits(m, &first)[0] & 1, 1);
	EQ_INT(linematch_hits(m, &first)[101 / 64] >> 101 % 64 & 1, 0);
	linematch_free(m);
	regex_free(bad);
	rig_fini(&r);
}

TEST_MAIN()
