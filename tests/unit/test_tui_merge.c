/* The merged log: what is known of all its lines, and its window. */
#include "tui/mergescan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/logrig.h"
#include "../lib/test.h"
#include "engine/base/err.h"
#include "engine/conf/set.h"
#include "engine/log/logread.h"
#include "engine/spec/spec.h"
#include "tui/filters.h"
#include "tui/loggone.h"
#include "tui/logrules.h"

enum { LOGS = 2, ROWS = 20 };

struct rig {
	struct logrig logs[LOGS];
	struct logread *lr[LOGS];
	struct logrules *rules;		/* of the first one: ERROR */
	struct mergeview *mv;
	int64_t failed_ms;		/* of the only event; 0: none */
};

static void
rig_init(struct rig *r)
{
	struct spec_watch watch = { .name = (char *)"e",
				    .pattern = { (char *)"ERROR", 0 },
				    .level = SPEC_LEVEL_ERROR };
	struct spec spec = { .name = (char *)"a", .watches = &watch,
			     .watch_count = 1 }, *specs[] = { &spec };
	struct set set = { .specs = specs, .spec_count = 1 };

	memset(r, 0, sizeof(*r));
	for (int i = 0; i < LOGS; i++) {
		logrig_init(&r->logs[i], 0);
		r->lr[i] = logread_open(r->logs[i].dir, NULL);
	}
	clock_fake(1000, 1000);
	r->rules = logrules_new(&set, "a");
	r->mv = mergeview_new();
}

static void
rig_fini(struct rig *r)
{
	mergeview_free(r->mv);
	logrules_free(r->rules);
	for (int i = 0; i < LOGS; i++) {
		logread_free(r->lr[i]);
		logrig_fini(&r->logs[i]);
	}
}

static void
say(struct rig *r, int log, int64_t ms, const char *text)
{
	struct logrig *l = &r->logs[log];

	spool_append(l->sp, LOG_OUT, text, strlen(text));
	spool_append(l->sp, LOG_OUT, "\n", 1);
	while (fold_step(l->f, 1 << 20, ms, 0) == 1)
		;
}

static bool
get(void *arg, uint64_t seq, struct logline *out)
{
	struct rig *r = arg;

	*out = (struct logline){ .seq = seq, .wall_ms = r->failed_ms,
				 .text = "exit 1", .len = 6 };
	return true;
}

static bool
failed(void *arg, uint64_t seq)
{
	(void)arg, (void)seq;
	return true;
}

/* As a screen does at each turn, until nothing is left to do. */
static void
look(struct rig *r)
{
	struct merge_source s[LOGS];
	struct merge_events e = { 1, r->failed_ms ? 2 : 1, get, failed, r };
	struct merge_row rows[ROWS];
	bool changed, more = true;
	int skip;

	for (int i = 0; i < LOGS; i++) {
		logread_refresh(r->lr[i]);
		s[i] = (struct merge_source){ (uint32_t)i + 1, r->lr[i],
					      i ? NULL : r->rules };
	}
	logrules_search(r->rules, r->lr[0]);
	for (int i = 0; more && i < 10000; i++) {
		mergeview_events(r->mv, &e);
		mergeview_sources(r->mv, s, LOGS);
		mergeview_fill(r->mv, rows, ROWS, &skip);
		more = mergeview_work(r->mv, &changed);
	}
	OK(!more);
}

/* Is there one of that kind near row y, and none elsewhere? */
static bool
only_at(struct rig *r, enum merge_tick kind, int y)
{
	const struct mergescan *scan = mergeview_scan(r->mv);
	int found = 0, near = 0;

	for (int i = 0; i < ROWS; i++)
		if (mergescan_tick(scan, i) == kind) {
			found++;
			near += abs(i - y) <= 1;
		}
	if (found != 1 || near != 1)
		for (int i = 0; i < ROWS; i++)
			printf("# row %d: %d\n", i, mergescan_tick(scan, i));
	return found == 1 && near == 1;
}

TEST(ticks_are_where_their_lines_are)
{
	struct rig r;
	struct err e = ERR_INIT;
	rig_init(&r);

	/* A line a second each; the first has one error, the other a hit. */
	for (int i = 0; i < 100; i++) {
		say(&r, 0, 1000 * i + 1, i == 50 ? "an ERROR" : "fine");
		say(&r, 1, 1000 * i + 2, i == 20 ? "a needle" : "hay");
	}
	r.failed_ms = 80000;
	look(&r);
	OK(only_at(&r, TICK_ERROR, 10));
	OK(only_at(&r, TICK_FAILED, 16));
	OK(!mergeview_highlight(r.mv, "needle", &e));
	look(&r);
	OK(only_at(&r, TICK_HIT, 4));
	OK(only_at(&r, TICK_ERROR, 10));
	OK(!mergeview_highlight(r.mv, NULL, &e));
	look(&r);
	EQ_INT(mergescan_tick(mergeview_scan(r.mv), 4), TICK_NONE);
	rig_fini(&r);
}

TEST(hits_are_counted_over_all_logs)
{
	struct rig r;
	struct err e = ERR_INIT;
	uint64_t k, n;
	bool all;
	rig_init(&r);

	for (int i = 0; i < 100; i++) {
		say(&r, 0, 1000 * i + 1, i % 10 ? "fine" : "a needle");
		say(&r, 1, 1000 * i + 2, i % 25 ? "hay" : "needles");
	}
	look(&r);
	OK(!mergeview_highlight(r.mv, "needle", &e));
	look(&r);
	mergeview_hits(r.mv, &k, &n, &all);
	EQ_INT(n, 14);
	EQ_INT(k, 0);
	OK(all);
	/* From the end: 90, 80, 75. */
	for (unsigned i = 14; i > 11; i--) {
		mergeview_next(r.mv, -1, false);
		look(&r);
		mergeview_hits(r.mv, &k, &n, &all);
		EQ_INT(k, i);
	}
	mergeview_move(r.mv, 1);
	look(&r);
	mergeview_hits(r.mv, &k, &n, &all);
	EQ_INT(k, 0);
	rig_fini(&r);
}

TEST(a_bar_is_of_lines_and_not_of_time)
{
	struct rig r;
	rig_init(&r);

	/* Nearly all in one second, the same moment for many of them. */
	for (int i = 0; i < 900; i++)
		say(&r, 1, 10000 + i / 10, "flood");
	for (int i = 0; i < 100; i++)
		say(&r, 0, 20000 + 1000 * i, i == 60 ? "ERROR" : "fine");
	look(&r);
	OK(only_at(&r, TICK_ERROR, 960 * ROWS / 1000));
	/* It grows: what was far down moves up. */
	for (int i = 0; i < 1000; i++)
		say(&r, 1, 200000 + i, "more");
	clock_fake(2000000, 2000);
	look(&r);
	OK(only_at(&r, TICK_ERROR, 960 * ROWS / 2000));
	rig_fini(&r);
}

TEST(filters_say_how_much_they_hide)
{
	struct rig r;
	rig_init(&r);

	for (int i = 0; i < 100; i++)
		say(&r, i & 1, i, i % 8 ? "GET /cart" : "GET /health");
	look(&r);
	EQ_INT(mergescan_hidden(mergeview_scan(r.mv)), -1);
	filters_add(mergeview_filters(r.mv), "!health", NULL);
	look(&r);
	EQ_INT(mergescan_hidden(mergeview_scan(r.mv)), 13);
	filters_add(mergeview_filters(r.mv), "nothing", NULL);
	look(&r);
	EQ_INT(mergescan_hidden(mergeview_scan(r.mv)), 100);
	filters_drop(mergeview_filters(r.mv));
	/* More than are looked at one by one. */
	for (int i = 0; i < 3 * SCAN_SAMPLE; i++)
		say(&r, 1, 1000 + i, i % 2 ? "GET /cart" : "GET /health");
	look(&r);
	int hidden = mergescan_hidden(mergeview_scan(r.mv));
	OK(hidden >= 47 && hidden <= 53);
	rig_fini(&r);
}

TEST(a_window_is_full_where_there_are_lines)
{
	struct rig r;
	struct merge_row rows[ROWS];
	int skip;
	rig_init(&r);

	for (int i = 0; i < 50; i++)
		say(&r, 0, i, "one");
	for (int i = 0; i < 50; i++)
		say(&r, 1, 100 + i, "two");
	look(&r);
	mergeview_pause(r.mv);
	mergeview_scroll(r.mv, -3);
	/* The line at the cursor stays; what is left moves down to it. */
	filters_add(mergeview_filters(r.mv), "one", NULL);
	look(&r);
	EQ_INT(mergeview_fill(r.mv, rows, ROWS, &skip), ROWS);
	EQ_INT(rows[ROWS - 1].source, 0);
	EQ_INT(rows[ROWS - 1].seq, 50);
	EQ_INT(mergeview_cursor(r.mv), ROWS - 1);
	rig_fini(&r);
}

/* What the mark in front of a log says; "": there is none. */
static const char *
first_mark(struct rig *r, char text[LOGGONE_TEXT_MAX])
{
	struct merge_row rows[ROWS];
	struct logline l;
	int skip;

	text[0] = '\0';
	look(r);
	mergeview_top(r->mv);
	mergeview_fill(r->mv, rows, ROWS, &skip);
	if (!mergeview_line(r->mv, &rows[0], &l))
		return "nothing";
	if (l.flags & LOGLINE_GAP)
		(void)loggone_text(&l, text);
	if (mergeview_line(r->mv, &rows[1], &l) && l.flags & LOGLINE_GAP)
		return "two of them";
	return text;
}

TEST(each_cut_of_a_log_has_a_mark)
{
	struct rig r;
	struct merge_row rows[ROWS];
	char text[LOGGONE_TEXT_MAX];
	int skip;
	rig_init(&r);

	for (int i = 0; i < 10; i++)
		say(&r, 0, i, "one");
	OK(spool_rotate(r.logs[0].sp, 20) == 0);
	for (int i = 0; i < 30; i++)
		say(&r, 0, 20 + i, "one");
	say(&r, 1, 300, "two");
	EQ_STR(first_mark(&r, text), "");
	/* The cut is between two lines: none of them can stand for it. */
	OK(spool_drop_oldest(r.logs[0].sp) == 0);
	EQ_STR(first_mark(&r, text),
	       "40 bytes are missing here, up to line 10");
	/* It is a row like others: over it, and back to the end. */
	mergeview_follow(r.mv);
	look(&r);
	mergeview_pause(r.mv);
	mergeview_scroll(r.mv, -1000);
	EQ_INT(mergeview_fill(r.mv, rows, ROWS, &skip), ROWS);
	EQ_INT(rows[0].seq, 10);
	EQ_INT(rows[1].seq, 11);
	mergeview_scroll(r.mv, 1000);
	EQ_INT(mergeview_fill(r.mv, rows, ROWS, &skip), ROWS);
	EQ_INT(rows[ROWS - 1].source, 1);
	/* Through a line: it stands for itself and what is before it. */
	spool_append(r.logs[0].sp, LOG_OUT, "to", 2);
	OK(spool_rotate(r.logs[0].sp, 200) == 0);
	say(&r, 0, 200, "rn");
	say(&r, 0, 201, "one");
	OK(spool_drop_oldest(r.logs[0].sp) == 0);
	EQ_STR(first_mark(&r, text),
	       "165 bytes are missing here, up to line 41");
	rig_fini(&r);
}

TEST(another_choice_of_logs_shows_the_same_time)
{
	struct rig r;
	struct merge_source both[LOGS];
	struct merge_row rows[ROWS];
	struct logline l;
	int skip, n;
	rig_init(&r);

	r.failed_ms = 5;
	for (int i = 0; i < 100; i++)
		say(&r, 0, 1000 * i, "calm");
	for (int i = 0; i < 2000; i++)
		say(&r, 1, 50000 + i, "flood");
	look(&r);
	mergeview_pause(r.mv);
	mergeview_scroll(r.mv, -60);
	for (int i = 0; i < LOGS; i++)
		both[i] = (struct merge_source){ (uint32_t)i + 1, r.lr[i],
						 NULL };
	mergeview_fill(r.mv, rows, ROWS, &skip);
	/* The flood alone, then all but the flood. */
	mergeview_sources(r.mv, &both[1], 1);
	mergeview_fill(r.mv, rows, ROWS, &skip);
	mergeview_sources(r.mv, &both[0], 1);
	n = mergeview_fill(r.mv, rows, ROWS, &skip);
	EQ_INT(n, ROWS);
	OK(mergeview_line(r.mv, &rows[0], &l));
	OK(l.wall_ms >= 40000 && l.wall_ms <= 60000);
	rig_fini(&r);
}

TEST_MAIN()
