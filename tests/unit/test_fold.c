#include "engine/log/fold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/log/logread.h"
#include "engine/log/logseek.h"
#include "engine/log/logtold.h"
#include "engine/log/spool.h"
#include "engine/log/watch.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

/* A log in a directory of its own, and what its fold handed on. */
struct rig {
	char path[64];
	int dir;
	struct spool *sp;
	struct fold_scratch *scratch;
	struct fold *f;
	struct buf seen;	/* "seq stream text\n" */
	struct buf tails;
	uint64_t now_ms;
};

static const char *const names[] = { "out", "err", "pty" };

static void
on_lines(void *arg, const struct fold_block *b)
{
	struct rig *r = arg;
	uint32_t start = 0;
	for (size_t i = 0; i < b->count; i++) {
		size_t len = b->ends[i] - start;
		bool nl = len && b->text[start + len - 1] == '\n';
		buf_addf(&r->seen, "%d %s%s %.*s\n", (int)(b->first_seq + i),
			 names[b->stream], b->partial ? "~" : "",
			 (int)(len - nl), b->text + start);
		start = b->ends[i];
	}
}

static void
on_gap(void *arg, enum log_stream s, uint64_t seq, uint64_t bytes)
{
	struct rig *r = arg;
	buf_addf(&r->seen, "%d %s GAP %d\n", (int)seq, names[s], (int)bytes);
}

static uint64_t
on_tail(void *arg, const struct fold_tail *t)
{
	struct rig *r = arg;
	buf_addf(&r->tails, "%s %.*s %d\n", names[t->stream], (int)t->len,
		 t->text, (int)t->quiet_ms);
	return t->quiet_ms < 1000 ? 1000 - t->quiet_ms : 0;
}

static const struct fold_ops ops = { on_lines, on_gap, on_tail };

static void
rig_open(struct rig *r, uint64_t keep, uint64_t from)
{
	r->sp = spool_open(r->dir, keep, 5000, NULL);
	r->f = fold_new(r->sp, r->scratch, &ops, r, from);
}

static void
rig_close(struct rig *r)
{
	fold_free(r->f);
	spool_free(r->sp);
	r->f = NULL;
	r->sp = NULL;
}

static void
rig_init(struct rig *r, uint64_t keep)
{
	memset(r, 0, sizeof(*r));
	strcpy(r->path, "/tmp/sbx-fold-XXXXXX");
	if (!mkdtemp(r->path))
		abort();
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->scratch = fold_scratch_new();
	buf_init(&r->seen, 64 * 1024 * 1024);
	buf_init(&r->tails, 1024 * 1024);
	clock_fake(0, 5000);
	r->now_ms = 1000;
	rig_open(r, keep, 1);
}

static void
rig_fini(struct rig *r)
{
	if (r->sp)
		rig_close(r);
	fold_scratch_free(r->scratch);
	buf_fini(&r->seen);
	buf_fini(&r->tails);
	spool_wipe(r->dir);
	close(r->dir);
	rmdir(r->path);
}

static void
drain(struct rig *r)
{
	while (fold_step(r->f, 1 << 20, 5000, r->now_ms) == 1)
		;
}

static void
say(struct rig *r, enum log_stream s, const char *text)
{
	spool_append(r->sp, s, text, strlen(text));
	drain(r);
}

/* The index as a reader sees it, in the form of rig.seen. */
static void
read_all(struct rig *r, struct buf *out)
{
	struct logread *lr = logread_open(r->dir, NULL);
	struct logline l;
	buf_clear(out);
	for (uint64_t seq = logread_first_seq(lr);
	     seq < logread_next_seq(lr); seq++) {
		if (logread_line(lr, seq, LOG_WINDOW, &l) != 1) {
			buf_addf(out, "%d missing\n", (int)seq);
			continue;
		}
		if (l.flags & LOGLINE_GAP)
			buf_addf(out, "%d %s GAP %d\n", (int)seq,
				 names[l.stream], (int)l.dropped_bytes);
		else
			buf_addf(out, "%d %s%s %.*s\n", (int)seq,
				 names[l.stream],
				 l.flags & LOGLINE_PARTIAL ? "~" : "",
				 (int)l.len, l.text);
	}
	logread_free(lr);
}

TEST(lines_of_two_streams_do_not_cut_each_other)
{
	struct rig r;
	rig_init(&r, 0);
	say(&r, LOG_OUT, "one\ntw");
	say(&r, LOG_ERR, "bad\n");
	say(&r, LOG_OUT, "o\n\nend");
	EQ_STR(buf_str(&r.seen), "1 out one\n2 err bad\n3 out two\n4 out \n");
	EQ_INT(fold_next_seq(r.f), 5);
	struct fold_tail t;
	OK(fold_tail(r.f, LOG_OUT, &t, r.now_ms));
	EQ_MEM(t.text, t.len, "end", 3);
	struct buf b = BUF_INIT(1 << 20);
	read_all(&r, &b);
	EQ_STR(buf_str(&b), buf_str(&r.seen));
	buf_fini(&b);
	rig_fini(&r);
}

TEST(end_of_a_run_cuts_the_last_line)
{
	struct rig r;
	rig_init(&r, 0);
	EQ_INT(spool_run_begin(r.sp, 1, 10, 5000), 0);
	say(&r, LOG_OUT, "a\nno newline");
	EQ_INT(spool_run_end(r.sp, 0, 6000), 0);
	drain(&r);
	EQ_INT(spool_run_begin(r.sp, 2, 11, 7000), 0);
	say(&r, LOG_OUT, "again\n");
	EQ_STR(buf_str(&r.seen), "1 out a\n2 out~ no newline\n3 out again\n");
	struct logread *lr = logread_open(r.dir, NULL);
	uint64_t first, end;
	OK(logseek_run(lr, 1, &first, &end));
	EQ_INT(first, 1);
	EQ_INT(end, 3);
	OK(logseek_run(lr, 2, &first, &end));
	EQ_INT(first, 3);
	EQ_INT(end, 4);
	struct logline l;
	EQ_INT(logread_line(lr, 3, 100, &l), 1);
	EQ_INT(l.run, 2);
	logread_free(lr);
	rig_fini(&r);
}

TEST(run_marks_hold_when_the_fold_comes_late)
{
	struct rig r;
	rig_init(&r, 0);
	spool_run_begin(r.sp, 1, 10, 5000);
	spool_append(r.sp, LOG_OUT, "a\nb", 3);
	spool_run_end(r.sp, 0, 6000);
	spool_run_begin(r.sp, 2, 11, 7000);
	spool_append(r.sp, LOG_OUT, "c\n", 2);
	OK(!fold_is_caught_up(r.f));
	rig_close(&r);
	rig_open(&r, 0, 1);
	drain(&r);
	OK(fold_is_caught_up(r.f));
	EQ_STR(buf_str(&r.seen), "1 out a\n2 out~ b\n3 out c\n");
	rig_fini(&r);
}

/* As the engine takes it from a pipe while folding has to wait. */
static void
take(struct rig *r, enum log_stream s, const char *text)
{
	spool_append(r->sp, s, text, strlen(text));
	fold_arrived(r->f, s, strlen(text));
}

TEST(what_came_first_is_folded_first)
{
	struct rig r;
	rig_init(&r, 0);
	/* One piece is more than a round of the fold takes. */
	char *flood = malloc(600 * 1024);
	for (size_t i = 0; i < 600 * 1024; i++)
		flood[i] = i % 1024 == 1023 ? '\n' : 'x';
	flood[600 * 1024 - 1] = 0;
	take(&r, LOG_OUT, flood);
	take(&r, LOG_OUT, "\n");
	take(&r, LOG_ERR, "died of it\n");
	take(&r, LOG_OUT, "after that\n");
	drain(&r);
	free(flood);
	OK(strstr(buf_str(&r.seen), "601 err died of it\n"
				    "602 out after that\n"));
	OK(fold_is_caught_up(r.f));
	/* Nothing is held back by a stream that brings nothing more. */
	take(&r, LOG_ERR, "half");
	take(&r, LOG_OUT, "1\n");
	drain(&r);
	take(&r, LOG_ERR, " a line\n");
	take(&r, LOG_OUT, "2\n");
	drain(&r);
	OK(strstr(buf_str(&r.seen), "603 out 1\n604 err half a line\n"
				    "605 out 2\n"));
	rig_fini(&r);
}

TEST(order_holds_over_segments_and_ends_of_runs)
{
	struct rig r;
	char line[64], want[200];
	rig_init(&r, 512 * 1024);
	spool_run_begin(r.sp, 1, 10, 5000);
	for (int i = 0; i < 9; i++) {
		for (int k = 0; k < 1000; k++) {
			snprintf(line, sizeof(line), "%d %040d\n", i, k);
			take(&r, k == 500 ? LOG_ERR : LOG_OUT, line);
		}
		if (i == 4)
			spool_run_end(r.sp, 0, 5000);
		drain(&r);
		int n = i * 1000 + 500;
		snprintf(want, sizeof(want), "%d out %d %040d\n"
			 "%d err %d %040d\n%d out %d %040d\n", n, i, 499,
			 n + 1, i, 500, n + 2, i, 501);
		OK(strstr(buf_str(&r.seen), want));
		OK(fold_is_caught_up(r.f));
		buf_clear(&r.seen);
	}
	rig_fini(&r);
}

TEST(tail_is_offered_when_quiet)
{
	struct rig r;
	rig_init(&r, 0);
	say(&r, LOG_OUT, "login: ");
	EQ_INT(fold_deadline(r.f), 1200);
	fold_idle(r.f, 1199);
	EQ_STR(buf_str(&r.tails), "");
	fold_idle(r.f, 1200);
	EQ_STR(buf_str(&r.tails), "out login:  200\n");
	EQ_INT(fold_deadline(r.f), 2000);
	fold_idle(r.f, 2000);
	EQ_STR(buf_str(&r.tails), "out login:  200\nout login:  1000\n");
	EQ_INT(fold_deadline(r.f), UINT64_MAX);
	r.now_ms = 3000;
	say(&r, LOG_OUT, "bob\n");
	EQ_STR(buf_str(&r.seen), "1 out login: bob\n");
	EQ_INT(fold_deadline(r.f), UINT64_MAX);
	rig_fini(&r);
}

TEST(nul_and_invalid_bytes_are_kept)
{
	struct rig r;
	rig_init(&r, 0);
	static const char data[] = "a\0b\n\xff\xfe\n\xe2\x82";
	spool_append(r.sp, LOG_ERR, data, sizeof(data) - 1);
	drain(&r);
	struct logread *lr = logread_open(r.dir, NULL);
	struct logline l;
	EQ_INT(logread_line(lr, 1, 100, &l), 1);
	EQ_MEM(l.text, l.len, "a\0b", 3);
	EQ_INT(logread_line(lr, 2, 100, &l), 1);
	EQ_MEM(l.text, l.len, "\xff\xfe", 2);
	EQ_INT(logread_line(lr, 3, 100, &l), 0);
	EQ_INT(logread_tail(lr, LOG_ERR, 100, &l), 1);
	EQ_MEM(l.text, l.len, "\xe2\x82", 2);
	char raw[32];
	EQ_INT(logread_read(lr, LOG_ERR, 0, raw, sizeof(raw)),
	       (int)sizeof(data) - 1);
	EQ_MEM(raw, sizeof(data) - 1, data, sizeof(data) - 1);
	logread_free(lr);
	rig_fini(&r);
}

TEST(alternate_screen_has_no_lines)
{
	struct rig r;
	rig_init(&r, 0);
	say(&r, LOG_PTY, "$ vi\r\n\033[?10");
	say(&r, LOG_PTY, "49h\033[22;0t~\r\n~\r\n\033[?1");
	say(&r, LOG_PTY, "049l$ done\r\n");
	say(&r, LOG_PTY, "left\033[?1049hfull");
	spool_run_begin(r.sp, 1, 1, 1);
	say(&r, LOG_PTY, "new\n");
	EQ_STR(buf_str(&r.seen), "1 pty $ vi\r\n2 pty $ done\r\n"
	       "3 pty~ left\n4 pty new\n");
	struct buf b = BUF_INIT(1 << 20);
	read_all(&r, &b);
	EQ_STR(buf_str(&b), buf_str(&r.seen));
	buf_fini(&b);
	rig_fini(&r);
}

/* A pseudo-random text with everything in it, the same for the same seed. */
static size_t
make_text(char *out, size_t cap, unsigned seed)
{
	static const char *const words[] = {
		"\n", "\n", "hello", "\r", "\033[31m", "x", "\033[?1049h",
		"\033[?1049l", "\xc3\xa9", "", "\033]0;t\a", "\r\n", "tail ",
	};
	size_t n = 0;
	uint64_t x = seed * 2654435761u + 1;
	while (n + 16 < cap) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		const char *w = words[(x >> 33) % 13];
		size_t len = *w ? strlen(w) : 1;
		memcpy(out + n, w, len);
		n += len;
	}
	return n;
}

static void
feed(struct rig *r, enum log_stream s, const char *text, size_t len,
     unsigned seed)
{
	uint64_t x = seed;
	for (size_t i = 0; i < len;) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		size_t n = seed ? 1 + (size_t)(x >> 40) % (3 * seed) : len;
		n = n < len - i ? n : len - i;
		spool_append(r->sp, s, text + i, n);
		drain(r);
		i += n;
	}
}

TEST(any_cut_gives_the_same_lines)
{
	static char text[20000];
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		size_t len = make_text(text, sizeof(text), s);
		struct rig whole;
		rig_init(&whole, 0);
		feed(&whole, (enum log_stream)s, text, len, 0);
		for (unsigned seed = 1; seed < 200; seed = seed * 3 + 1) {
			struct rig r;
			rig_init(&r, 0);
			feed(&r, (enum log_stream)s, text, len, seed);
			EQ_STR(buf_str(&r.seen), buf_str(&whole.seen));
			rig_fini(&r);
		}
		OK(whole.seen.len > 1000);
		rig_fini(&whole);
	}
}

TEST(a_new_fold_goes_on_where_the_old_one_was)
{
	static char text[20000];
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		size_t len = make_text(text, sizeof(text), 7 + s);
		struct rig whole, r;
		rig_init(&whole, 0);
		feed(&whole, (enum log_stream)s, text, len, 0);
		rig_init(&r, 0);
		for (size_t i = 0; i < len; i += 97) {
			spool_append(r.sp, (enum log_stream)s, text + i,
				     len - i < 97 ? len - i : 97);
			if (i % 2)
				drain(&r);
			uint64_t next = fold_handed_seq(r.f);
			rig_close(&r);
			rig_open(&r, 0, next);
		}
		drain(&r);
		EQ_STR(buf_str(&r.seen), buf_str(&whole.seen));
		/* And once more from the start, by replay. */
		rig_close(&r);
		buf_clear(&r.seen);
		rig_open(&r, 0, 1);
		drain(&r);
		EQ_STR(buf_str(&r.seen), buf_str(&whole.seen));
		rig_fini(&r);
		rig_fini(&whole);
	}
}

TEST(a_long_line_is_shown_by_its_window)
{
	struct rig r;
	rig_init(&r, 0);
	size_t len = 3 * LOG_WINDOW;
	char *text = mem_alloc(len);
	memset(text, 'x', len);
	text[0] = '<';
	for (int i = 0; i < 5; i++)
		spool_append(r.sp, LOG_OUT, text, len);
	say(&r, LOG_OUT, "\nshort\n");
	EQ_INT(fold_next_seq(r.f), 3);
	OK(r.seen.len < LOG_WINDOW + 100);
	EQ_INT(strncmp(buf_str(&r.seen), "1 out <xx", 9), 0);
	struct logread *lr = logread_open(r.dir, NULL);
	struct logline l;
	EQ_INT(logread_line(lr, 1, 1000, &l), 1);
	EQ_INT(l.len, 1000);
	EQ_INT(l.full_len, 5 * len + 1);
	OK(l.flags & LOGLINE_CUT);
	EQ_INT(logread_line(lr, 2, 1000, &l), 1);
	EQ_MEM(l.text, l.len, "short", 5);
	logread_free(lr);
	/* Behind the window a carriage return starts over. */
	buf_clear(&r.seen);
	spool_append(r.sp, LOG_PTY, text, len);
	say(&r, LOG_PTY, "\r50%");
	struct fold_tail t;
	OK(fold_tail(r.f, LOG_PTY, &t, 0));
	EQ_MEM(t.text, t.len, "50%", 3);
	say(&r, LOG_PTY, "\r99%\r\n");
	EQ_STR(buf_str(&r.seen), "3 pty 50%\r99%\r\n");
	free(text);
	rig_fini(&r);
}

TEST(old_segments_go_and_say_so)
{
	struct rig r;
	uint64_t keep = 8 * SPOOL_SEGMENT_MIN;
	rig_init(&r, keep);
	char line[128];
	uint64_t written = 0;
	for (int i = 1; i <= 20000; i++) {
		snprintf(line, sizeof(line), "line %d %060d\n", i, i);
		say(&r, i % 5 ? LOG_OUT : LOG_ERR, line);
		written += strlen(line);
		OK(spool_total(r.sp) <= keep + 200);
	}
	EQ_INT(fold_next_seq(r.f), 20001);
	struct logread *lr = logread_open(r.dir, NULL);
	uint64_t first = logread_first_seq(lr);
	OK(first > 10000);
	EQ_INT(logread_next_seq(lr), 20001);
	EQ_INT(logread_dropped_bytes(lr) + logread_bytes(lr), written);
	struct logline l;
	EQ_INT(logread_line(lr, first - 1, 200, &l), -ESTALE);
	for (uint64_t seq = first; seq < 20001; seq++) {
		EQ_INT(logread_line(lr, seq, 200, &l), 1);
		snprintf(line, sizeof(line), "line %d %060d", (int)seq,
			 (int)seq);
		/* The first one may have begun in a dropped segment. */
		if (seq > first || !(l.flags & LOGLINE_CUT))
			EQ_MEM(l.text, l.len, line, strlen(line));
		EQ_INT(logseek_byte(lr, l.stream, l.off), seq);
	}
	logread_free(lr);
	rig_fini(&r);
}

TEST(unfolded_segments_that_go_leave_a_mark)
{
	struct rig r;
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
	say(&r, LOG_OUT, "first\nhalf");
	char *text = mem_alloc(SPOOL_SEGMENT_MIN);
	memset(text, 'y', SPOOL_SEGMENT_MIN);
	text[SPOOL_SEGMENT_MIN - 1] = '\n';
	for (int i = 0; i < 40; i++)
		spool_append(r.sp, LOG_OUT, text, SPOOL_SEGMENT_MIN);
	drain(&r);
	uint64_t lost = 0, sum = 0;
	struct logread *lr = logread_open(r.dir, NULL);
	struct logline l;
	for (uint64_t seq = logread_first_seq(lr);
	     seq < logread_next_seq(lr); seq++) {
		EQ_INT(logread_line(lr, seq, 10, &l), 1);
		lost += l.dropped_bytes;
		sum += l.full_len;
	}
	OK(lost > 30 * SPOOL_SEGMENT_MIN);
	EQ_INT(6 + lost + sum, 10 + 40 * SPOOL_SEGMENT_MIN);
	logread_free(lr);
	free(text);
	rig_fini(&r);
}

TEST(room_is_what_fits_with_its_index)
{
	struct rig r;
	char line[100];
	rig_init(&r, 0);
	memset(line, 'x', sizeof line);
	line[99] = '\n';
	/* 16 bytes of index a line. */
	for (int i = 0; i < 10; i++)
		spool_append(r.sp, LOG_OUT, line, sizeof line);
	drain(&r);
	EQ_INT(fold_room(r.f, 116000), 100000);
	spool_append(r.sp, LOG_OUT, line, sizeof line);
	EQ_INT(fold_room(r.f, 116000), 99900);
	EQ_INT(fold_room(r.f, 116), 0);
	EQ_INT(fold_room(r.f, 0), 0);
	drain(&r);
	EQ_INT(fold_room(r.f, 116), 100);
	rig_fini(&r);
}

TEST(a_thousand_short_runs_lose_no_line)
{
	struct rig r;
	rig_init(&r, 0);
	for (int i = 1; i <= 1000; i++) {
		char text[64];
		spool_run_begin(r.sp, (uint64_t)i, i, 5000 + i);
		snprintf(text, sizeof(text), "start %d\nlast %d", i, i);
		spool_append(r.sp, LOG_OUT, text, strlen(text));
		spool_run_end(r.sp, 0, 5000 + i);
		if (i % 7 == 0)
			drain(&r);
	}
	drain(&r);
	EQ_INT(fold_next_seq(r.f), 2001);
	struct logread *lr = logread_open(r.dir, NULL);
	for (int i = 1; i <= 1000; i++) {
		uint64_t first, end;
		struct logline l;
		char text[64];
		OK(logseek_run(lr, (uint64_t)i, &first, &end));
		EQ_INT(end - first, 2);
		EQ_INT(logread_line(lr, end - 1, 100, &l), 1);
		snprintf(text, sizeof(text), "last %d", i);
		EQ_MEM(l.text, l.len, text, strlen(text));
		EQ_INT(l.run, i);
	}
	logread_free(lr);
	rig_fini(&r);
}

static void
on_hit(void *arg, const struct watch_hit *h)
{
	buf_addf(arg, "%s %d %.*s\n", h->spec->name, (int)h->seq, (int)h->len,
		 h->line);
}

static void
watch_lines(void *arg, const struct fold_block *b)
{
	watchset_lines(arg, b);
}

static const struct fold_ops watch_ops = { .lines = watch_lines };

#define WATCH(n, p) { .name = (char *)n, .pattern = { (char *)p, 0 } }

static const struct spec_watch watches[] = {
	WATCH("hello", "hel+o"), WATCH("end", "tail $"), WATCH("empty", "^$"),
	WATCH("two", "x.*x"), WATCH("look", "(?<=x)hello"),
	WATCH("utf", "\xc3\xa9+"),
};

TEST(watches_fire_the_same_in_any_cut_and_again)
{
	static char text[30000];
	size_t len = make_text(text, sizeof(text), 42);
	struct buf want = BUF_INIT(1 << 24), got = BUF_INIT(1 << 24);
	for (unsigned seed = 0; seed < 60; seed = seed * 2 + 1) {
		struct rig r;
		rig_init(&r, 8 * SPOOL_SEGMENT_MIN);
		buf_clear(&got);
		struct watchset *ws = watchset_new(watches, 6, on_hit, &got,
						   NULL);
		fold_free(r.f);
		r.f = fold_new(r.sp, r.scratch, &watch_ops, ws, 0);
		feed(&r, LOG_OUT, text, len, seed);
		if (seed == 0)
			buf_add(&want, got.data, got.len);
		EQ_STR(buf_str(&got), buf_str(&want));
		buf_clear(&got);
		fold_free(r.f);
		r.f = fold_new(r.sp, r.scratch, &watch_ops, ws, 1);
		drain(&r);
		EQ_STR(buf_str(&got), buf_str(&want));
		watchset_free(ws);
		rig_fini(&r);
	}
	OK(want.len > 5000);
	buf_fini(&want);
	buf_fini(&got);
}

/* Foresees a piece, and folds it: was it as foreseen? */
static void
foresee(struct rig *r, enum log_stream s, const char *data, size_t len)
{
	struct logtold t;
	struct log_entry e[LOGTOLD_LINES + 1];
	uint64_t next = fold_next_seq(r->f);
	struct logread *lr;

	OK(fold_foresee(r->f, s, data, len, 5000, &t));
	EQ_INT(t.seq, next);
	EQ_INT(t.off, spool_end(r->sp, s));
	EQ_MEM(t.data, t.len, data, len);
	spool_append(r->sp, s, data, len);
	drain(r);
	lr = logread_open(r->dir, NULL);
	EQ_INT(logread_next_seq(lr), next + t.count);
	size_t n = (size_t)logread_entries(lr, next, e, ARRAY_LEN(e));
	EQ_MEM((const char *)t.lines, t.count * sizeof *e, (const char *)e,
	       n * sizeof *e);
	logread_free(lr);
}

TEST(what_comes_next_is_foreseen)
{
	static char text[30000];
	size_t len = make_text(text, sizeof(text), 7), lines = 0;
	struct logtold t;
	struct rig r;

	rig_init(&r, 0);
	/* Nothing has begun: the header of the index does not say where. */
	OK(!fold_foresee(r.f, LOG_OUT, "x\n", 2, 5000, &t));
	say(&r, LOG_OUT, "first\nhalf");
	foresee(&r, LOG_OUT, " a line\n", 8);
	foresee(&r, LOG_ERR, "a\nb\nc", 5);
	foresee(&r, LOG_PTY, "$ \033[?1049h", 10);
	foresee(&r, LOG_PTY, "no\nline\n\033[?1049lone\r\n", 22);
	for (size_t at = 0, n = 1; at < len; at += n, n = n * 7 % 601 + 1) {
		n = SBX_MIN(n, len - at);
		for (size_t i = lines = 0; i < n; i++)
			lines += text[at + i] == '\n';
		if (lines < LOGTOLD_LINES)
			foresee(&r, LOG_OUT, text + at, n);
		else
			spool_append(r.sp, LOG_OUT, text + at, n);
		drain(&r);
	}
	OK(fold_foresee(r.f, LOG_OUT, "x\n", 2, 5000, &t));
	/* What is still to be folded comes before it. */
	spool_append(r.sp, LOG_ERR, "y\n", 2);
	OK(!fold_foresee(r.f, LOG_OUT, "x\n", 2, 5000, &t));
	drain(&r);
	OK(fold_foresee(r.f, LOG_OUT, "x\n", 2, 5000, &t));
	/* The end of a run cuts a line. */
	spool_run_begin(r.sp, 1, 7, 5000);
	OK(!fold_foresee(r.f, LOG_OUT, "x\n", 2, 5000, &t));
	drain(&r);
	foresee(&r, LOG_OUT, "x\n", 2);
	/* The next byte begins a segment. */
	spool_set_keep(r.sp, 8 * SPOOL_SEGMENT_MIN);
	while (fold_foresee(r.f, LOG_OUT, text, 1000, 5000, &t))
		say(&r, LOG_ERR, "filled up, line by line, until it is so\n");
	OK(spool_end(r.sp, LOG_ERR) + spool_end(r.sp, LOG_OUT) +
	   spool_end(r.sp, LOG_PTY) > SPOOL_SEGMENT_MIN - 1001);
	memset(text, '\n', LOGTOLD_LINES + 1);
	OK(!fold_foresee(r.f, LOG_OUT, text, LOGTOLD_LINES + 1, 5000, &t));
	rig_fini(&r);
}

/* Another one is killed: what it had not folded yet, and what comes then. */
TEST(what_came_first_is_folded_first_by_the_next_one)
{
	struct rig r;

	rig_init(&r, 0);
	say(&r, LOG_OUT, "1\n");
	spool_append(r.sp, LOG_ERR, "2\n", 2);
	rig_close(&r);
	rig_open(&r, 0, 2);
	fold_recall(r.f, LOG_ERR, 2);
	take(&r, LOG_OUT, "3\n");
	take(&r, LOG_ERR, "4\n");
	drain(&r);
	/* Of both; and where it is not known what came last. */
	spool_append(r.sp, LOG_OUT, "5\n", 2);
	spool_append(r.sp, LOG_ERR, "6\n", 2);
	spool_append(r.sp, LOG_OUT, "7\n", 2);
	rig_close(&r);
	rig_open(&r, 0, 5);
	fold_recall(r.f, LOG_OUT, 2);
	drain(&r);
	spool_append(r.sp, LOG_ERR, "8\n", 2);
	rig_close(&r);
	rig_open(&r, 0, 8);
	fold_recall(r.f, LOG_STREAMS, 0);
	take(&r, LOG_OUT, "9\n");
	drain(&r);
	EQ_STR(buf_str(&r.seen), "1 out 1\n2 err 2\n3 out 3\n4 err 4\n"
	       "5 out 5\n6 err 6\n7 out 7\n8 err 8\n9 out 9\n");
	rig_fini(&r);
}

TEST(no_fold_has_no_line)
{
	struct fold_tail t;

	EQ_INT(fold_next_seq(NULL), 1);
	EQ_INT(fold_handed_seq(NULL), 1);
	OK(!fold_tail(NULL, LOG_OUT, &t, 0));
}

TEST_MAIN()
