#include "engine/log/watch.h"

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/life/stats.h"
#include "engine/log/fold.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

struct rig {
	struct watchset *ws;
	struct buf hits;	/* "name seq line [captures]\n" */
	uint64_t seq;
};

static void
on_hit(void *arg, const struct watch_hit *h)
{
	struct rig *r = arg;
	buf_addf(&r->hits, "%s %d %.*s", h->spec->name, (int)h->seq,
		 (int)h->len, h->line);
	for (unsigned i = 1; h->caps && i < h->caps->count; i++)
		if (h->caps->group[i].off != REGEX_UNSET)
			buf_addf(&r->hits, " [%.*s]",
				 (int)(h->caps->group[i].end -
				       h->caps->group[i].off),
				 h->line + h->caps->group[i].off);
	buf_addf(&r->hits, "%s%s%s%s%s\n", h->tail ? " tail" : "",
		 h->absent ? " absent" : "", h->off ? " off" : "",
		 h->alert ? " alert" : "",
		 !h->act && !h->off ? " quiet" : "");
}

#define WATCH(n, p) { .name = (char *)n, .pattern = { (char *)p, 0 } }

static void
rig_init(struct rig *r, const struct spec_watch *specs, size_t count)
{
	struct err e = ERR_INIT;
	buf_init(&r->hits, 1 << 20);
	r->seq = 1;
	r->ws = watchset_new(specs, count, on_hit, r, &e);
	if (!r->ws) {
		printf("# %s\n", e.text);
		abort();
	}
}

static void
rig_fini(struct rig *r)
{
	watchset_free(r->ws);
	buf_fini(&r->hits);
}

/* Whole lines as one block. */
static void
lines(struct rig *r, enum log_stream s, const char *text, int64_t wall_ms)
{
	uint32_t ends[64];
	size_t n = 0, len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			ends[n++] = (uint32_t)i + 1;
	struct fold_block b = {
		.stream = s, .first_seq = r->seq, .text = text, .len = len,
		.ends = ends, .count = n, .wall_ms = wall_ms,
	};
	watchset_lines(r->ws, &b);
	r->seq += n;
}

static uint64_t
tail(struct rig *r, const char *text, uint64_t quiet_ms)
{
	struct fold_tail t = {
		.stream = LOG_OUT, .seq = r->seq, .text = text,
		.len = strlen(text), .quiet_ms = quiet_ms,
	};
	return watchset_tail(r->ws, &t, 0);
}

TEST(hits_come_in_the_order_of_lines)
{
	static const struct spec_watch specs[] = {
		WATCH("all", "^."), WATCH("e", "err(\\d)?"),
		WATCH("none", "zzz"),
	};
	struct rig r;
	rig_init(&r, specs, 3);
	lines(&r, LOG_OUT, "a\n\nerr1 err2\n\033[1merr\033[0m9\n", 0);
	EQ_STR(buf_str(&r.hits), "all 1 a\nall 3 err1 err2\n"
	       "e 3 err1 err2 [1]\nall 4 err9\ne 4 err9 [9]\n");
	EQ_INT(watchset_hits(r.ws, 0), 3);
	EQ_INT(watchset_hits(r.ws, 1), 2);
	EQ_INT(watchset_hits(r.ws, 2), 0);
	const char *line;
	EQ_INT(watchset_last(r.ws, 1, &line), 4);
	EQ_STR(line, "err9");
	rig_fini(&r);
}

TEST(streams_are_told_apart)
{
	static const struct spec_watch specs[] = {
		{ .name = (char *)"o", .pattern = { (char *)"x", 0 },
		  .stream = SPEC_STREAM_STDOUT },
		{ .name = (char *)"e", .pattern = { (char *)"x", 0 },
		  .stream = SPEC_STREAM_STDERR },
	};
	struct rig r;
	rig_init(&r, specs, 2);
	lines(&r, LOG_OUT, "x1\n", 0);
	lines(&r, LOG_ERR, "x2\n", 0);
	lines(&r, LOG_PTY, "x3\n", 0);
	EQ_STR(buf_str(&r.hits), "o 1 x1\ne 2 x2\n");
	rig_fini(&r);
}

TEST(half_written_port)
{
	static const struct spec_watch specs[] = {
		WATCH("port", "port (\\d+)"),
	};
	struct rig r;
	rig_init(&r, specs, 1);
	EQ_INT(tail(&r, "port 18", 200), 800);
	EQ_STR(buf_str(&r.hits), "");
	lines(&r, LOG_OUT, "port 18081\n", 0);
	EQ_STR(buf_str(&r.hits), "port 1 port 18081 [18081]\n");
	rig_fini(&r);
}

TEST(prompt_without_newline)
{
	static const struct spec_watch specs[] = {
		WATCH("login", "login: "), WATCH("end", "login: $"),
	};
	struct rig r;
	rig_init(&r, specs, 2);
	EQ_INT(tail(&r, "login: ", 200), 800);
	EQ_STR(buf_str(&r.hits), "login 1 login:  tail\n");
	EQ_INT(tail(&r, "login: ", 1000), 0);
	EQ_STR(buf_str(&r.hits), "login 1 login:  tail\n"
	       "end 1 login:  tail\n");
	buf_clear(&r.hits);
	/* The line only grew: no second hit. */
	lines(&r, LOG_OUT, "login: bob\nlogin: eve\n", 0);
	EQ_STR(buf_str(&r.hits), "login 2 login: eve\n");
	rig_fini(&r);
}

TEST(progress_without_newline)
{
	static const struct spec_watch specs[] = {
		WATCH("pct", "(?<pct>\\d+)% "),
	};
	struct rig r;
	rig_init(&r, specs, 1);
	tail(&r, "10% ", 200);
	tail(&r, "10% \r20% ", 200);
	tail(&r, "10% \r20% \r", 400);
	tail(&r, "10% \r20% \r30% ", 200);
	EQ_INT(watchset_hits(r.ws, 0), 3);
	const char *name;
	const struct stats *s = watchset_value(r.ws, 0, 0, &name);
	EQ_STR(name, "pct");
	OK(s->last == 30 && s->min == 10 && s->count == 3);
	rig_fini(&r);
}

TEST(values_and_alerts)
{
	static const struct spec_watch specs[] = {
		{ .name = (char *)"lat",
		  .pattern = { (char *)"in (\\d+)ms", 0 },
		  .value = (char *)"1", .alert = true, .alert_above = 50 },
		WATCH("kv", "a=(?<a>\\w+)(?: b=(?<b>\\w+))?"),
	};
	struct rig r;
	rig_init(&r, specs, 2);
	lines(&r, LOG_OUT, "in 10ms\nin 60ms\na=1 b=x\na=3\n", 0);
	EQ_STR(buf_str(&r.hits), "lat 1 in 10ms [10]\n"
	       "lat 2 in 60ms [60] alert\nkv 3 a=1 b=x [1] [x]\n"
	       "kv 4 a=3 [3]\n");
	const struct stats *s = watchset_value(r.ws, 0, 0, NULL);
	OK(s->mean == 35 && s->max == 60);
	EQ_INT(watchset_values(r.ws, 1), 2);
	s = watchset_value(r.ws, 1, 1, NULL);
	EQ_INT(s->count, 1);
	EQ_STR(s->text, "x");
	OK(!s->is_number);
	rig_fini(&r);
}

TEST(rate_limit)
{
	static const struct spec_watch specs[] = {
		{ .name = (char *)"w", .pattern = { (char *)"x", 0 },
		  .max_count = 2, .max_per_ms = 60000 },
	};
	struct rig r;
	rig_init(&r, specs, 1);
	lines(&r, LOG_OUT, "x\nx\nx\n", 1000);
	lines(&r, LOG_OUT, "x\n", 60999);
	lines(&r, LOG_OUT, "x\n", 61000);
	EQ_STR(buf_str(&r.hits),
	       "w 1 x\nw 2 x\nw 3 x quiet\nw 4 x quiet\nw 5 x\n");
	EQ_INT(watchset_hits(r.ws, 0), 5);
	rig_fini(&r);
}

TEST(absence)
{
	static const struct spec_watch specs[] = {
		{ .name = (char *)"beat", .pattern = { (char *)"tick", 0 },
		  .absent_ms = 30000 },
	};
	struct rig r;
	rig_init(&r, specs, 1);
	EQ_INT(watchset_deadline(r.ws), UINT64_MAX);
	watchset_run(r.ws, true, 1000);
	EQ_INT(watchset_deadline(r.ws), 31000);
	lines(&r, LOG_OUT, "tick\n", 0);
	watchset_tick(r.ws, 20000, 0);
	EQ_INT(watchset_deadline(r.ws), 50000);
	watchset_tick(r.ws, 49999, 0);
	EQ_STR(buf_str(&r.hits), "");
	watchset_tick(r.ws, 50000, 0);
	watchset_tick(r.ws, 90000, 0);
	EQ_STR(buf_str(&r.hits), "beat 1  absent\n");
	lines(&r, LOG_OUT, "tick\n", 0);
	watchset_tick(r.ws, 90000, 0);
	watchset_run(r.ws, false, 95000);
	watchset_tick(r.ws, 190000, 0);
	EQ_STR(buf_str(&r.hits), "beat 1  absent\n");
	rig_fini(&r);
}

/* Another set in its place: what goes on goes on, what is new begins. */
TEST(absence_goes_on)
{
	static const struct spec_watch specs[] = {
		{ .name = (char *)"told", .pattern = { (char *)"a", 0 },
		  .absent_ms = 1000 },
		{ .name = (char *)"waits", .pattern = { (char *)"b", 0 },
		  .absent_ms = 5000 },
	};
	static const struct spec_watch later[] = {
		{ .name = (char *)"new", .pattern = { (char *)"c", 0 },
		  .absent_ms = 2500 },
		{ .name = (char *)"told", .pattern = { (char *)"a", 0 },
		  .absent_ms = 1000 },
		{ .name = (char *)"waits", .pattern = { (char *)"b", 0 },
		  .absent_ms = 4000 },
	};
	struct rig r, n;
	rig_init(&r, specs, 2);
	rig_init(&n, later, 3);
	watchset_run(r.ws, true, 1000);
	watchset_tick(r.ws, 2000, 0);
	EQ_STR(buf_str(&r.hits), "told 0  absent\n");
	watchset_follow(n.ws, r.ws, true, 3000);
	EQ_INT(watchset_deadline(n.ws), 5000);
	watchset_tick(n.ws, 5000, 0);
	EQ_STR(buf_str(&n.hits), "waits 0  absent\n");
	watchset_tick(n.ws, 5500, 0);
	EQ_STR(buf_str(&n.hits), "waits 0  absent\nnew 0  absent\n");
	rig_fini(&n);
	rig_fini(&r);
}

TEST(dangerous_pattern_is_switched_off)
{
	static const struct spec_watch specs[] = {
		WATCH("bad", "(a+)+$"), WATCH("good", "!"),
	};
	static const char line[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n";
	struct rig r;
	rig_init(&r, specs, 2);
	for (int i = 0; i < 5; i++) {
		EQ_INT(watchset_is_off(r.ws, 0), i >= WATCH_STRIKES);
		lines(&r, LOG_OUT, line, 0);
	}
	OK(watchset_is_off(r.ws, 0));
	OK(strstr(buf_str(&r.hits), "bad 3  off\n") != NULL);
	EQ_INT(watchset_hits(r.ws, 1), 5);
	/* One bad line in a block does not hide the others. */
	rig_fini(&r);
	rig_init(&r, specs, 2);
	char block[200];
	snprintf(block, sizeof(block), "aa\n%saaa\n", line);
	lines(&r, LOG_OUT, block, 0);
	EQ_STR(buf_str(&r.hits) + strlen(buf_str(&r.hits)) - 16,
	       "bad 3 aaa [aaa]\n");
	rig_fini(&r);
}

TEST(counts_outlive_the_engine)
{
	static const struct spec_watch specs[] = {
		WATCH("a", "a(?<n>\\d+)"), WATCH("p", "login: "),
	};
	static const struct spec_watch changed[] = {
		WATCH("new", "x"), WATCH("p", "login: "),
		WATCH("a", "a(?<n>\\d+)"), WATCH("b", "a(?<n>\\d+)"),
	};
	struct rig r, again;
	struct buf saved = BUF_INIT(1 << 20);
	rig_init(&r, specs, 2);
	for (int i = 0; i < 100; i++) {
		char t[16];
		snprintf(t, sizeof(t), "a%d\n", i);
		lines(&r, LOG_OUT, t, i);
	}
	tail(&r, "login: ", 200);
	EQ_INT(watchset_save(r.ws, &saved), 0);
	rig_init(&again, specs, 2);
	EQ_INT(watchset_load(again.ws, saved.data, saved.len), 0);
	again.seq = r.seq;
	lines(&again, LOG_OUT, "login: me\n", 0);
	EQ_STR(buf_str(&again.hits), "");
	EQ_INT(watchset_hits(again.ws, 0), 100);
	const struct stats *s = watchset_value(again.ws, 0, 0, NULL);
	const struct stats *o = watchset_value(r.ws, 0, 0, NULL);
	OK(s->mean == o->mean && s->max == 99 && s->count == 100);
	OK(stats_p95(s) == stats_p95(o));
	rig_fini(&again);
	/* Watches that are new start at nothing, moved ones keep theirs. */
	rig_init(&again, changed, 4);
	EQ_INT(watchset_load(again.ws, saved.data, saved.len), 0);
	EQ_INT(watchset_hits(again.ws, 0), 0);
	EQ_INT(watchset_hits(again.ws, 1), 1);
	EQ_INT(watchset_hits(again.ws, 2), 100);
	EQ_INT(watchset_hits(again.ws, 3), 0);
	/* Any cut is refused and harms nothing. */
	for (size_t n = 0; n < saved.len; n++)
		OK(watchset_load(again.ws, saved.data, n) < 0);
	buf_fini(&saved);
	rig_fini(&again);
	rig_fini(&r);
}

TEST(bad_pattern_is_told)
{
	static const struct spec_watch specs[] = { WATCH("w", "(") };
	struct err e = ERR_INIT;
	OK(!watchset_new(specs, 1, NULL, NULL, &e));
	OK(e.text[0] != '\0');
}

TEST_MAIN()
