#include "tests/lib/rnd.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "engine/base/buf.h"
#include "engine/life/graph.h"
#include "engine/life/life.h"

TEST(order_is_stable_and_respects_needs)
{
	enum { WEB, DB, MIGRATE, CACHE, N };
	struct graph *g = graph_new(N);
	size_t out[N];
	EQ_INT(graph_add(g, WEB, DB, GRAPH_READY), 0);
	EQ_INT(graph_add(g, WEB, MIGRATE, GRAPH_OK), 0);
	EQ_INT(graph_add(g, MIGRATE, DB, GRAPH_READY), 0);
	EQ_INT(graph_add(g, MIGRATE, DB, GRAPH_READY), 0);
	EQ_INT(graph_add(g, WEB, N, GRAPH_OK), -EINVAL);
	EQ_INT(graph_order(g, out), N);
	EQ_INT(out[0], DB);
	EQ_INT(out[1], MIGRATE);
	EQ_INT(out[2], WEB);
	EQ_INT(out[3], CACHE);
	EQ_INT(graph_cycle(g, out, N), 0);
	graph_free(g);
}

TEST(no_nodes)
{
	struct graph *g = graph_new(0);
	EQ_INT(graph_order(g, NULL), 0);
	EQ_INT(graph_cycle(g, NULL, 0), 0);
	graph_close_needs(g, NULL);
	graph_free(g);
}

TEST(cycles_are_named)
{
	struct graph *g = graph_new(6);
	size_t out[6];
	graph_add(g, 0, 1, GRAPH_READY);
	graph_add(g, 1, 2, GRAPH_READY);
	graph_add(g, 2, 3, GRAPH_READY);
	graph_add(g, 3, 1, GRAPH_READY);
	graph_add(g, 4, 5, GRAPH_READY);
	size_t n = graph_cycle(g, out, 6);
	EQ_INT(n, 3);
	for (size_t i = 0; i < n; i++)
		OK(out[i] >= 1 && out[i] <= 3);
	EQ_INT(out[1], out[0] == 3 ? 1 : out[0] + 1);
	EQ_INT(graph_order(g, out), 2);
	graph_add(g, 5, 5, GRAPH_OK);
	graph_free(g);

	g = graph_new(1);
	graph_add(g, 0, 0, GRAPH_OK);
	EQ_INT(graph_cycle(g, out, 1), 1);
	EQ_INT(out[0], 0);
	EQ_INT(graph_cycle(g, NULL, 0), 1);
	graph_free(g);
}

TEST(closures)
{
	struct graph *g = graph_new(5);
	bool in[5] = { false };
	graph_add(g, 0, 1, GRAPH_READY);
	graph_add(g, 1, 2, GRAPH_READY);
	graph_add(g, 3, 2, GRAPH_READY);
	in[0] = true;
	graph_close_needs(g, in);
	OK(in[0] && in[1] && in[2] && !in[3] && !in[4]);
	memset(in, 0, sizeof in);
	in[2] = true;
	graph_close_dependents(g, in);
	OK(in[0] && in[1] && in[2] && in[3] && !in[4]);

	bool needed[5];
	memset(in, 0, sizeof in);
	in[0] = in[1] = in[4] = true;
	graph_needed(g, in, needed);
	OK(!needed[0] && needed[1] && needed[2] && !needed[3] && !needed[4]);
	graph_free(g);
}

TEST(ten_thousand_in_a_chain)
{
	enum { N = 10000 };
	struct graph *g = graph_new(N);
	size_t *out = calloc(N, sizeof *out);
	bool *in = calloc(N, sizeof *in);
	/* 0 needs 1 needs 2 ...: the order is the file read backwards. */
	for (size_t i = 0; i + 1 < N; i++)
		EQ_INT(graph_add(g, i, i + 1, GRAPH_READY), 0);
	EQ_INT(graph_order(g, out), N);
	for (size_t i = 0; i < N; i++)
		EQ_INT(out[i], N - 1 - i);
	in[0] = true;
	graph_close_needs(g, in);
	for (size_t i = 0; i < N; i++)
		OK(in[i]);
	graph_add(g, N - 1, 0, GRAPH_READY);
	EQ_INT(graph_cycle(g, out, N), N);
	EQ_INT(graph_order(g, out), 0);
	free(out);
	free(in);
	graph_free(g);
}

TEST(random_graphs)
{
	for (unsigned n = 1; n <= 2000; n++) {
		enum { MAX = 24 };
		seed = n * 0x9e3779b97f4a7c15ull;
		size_t nodes = 1 + rnd(MAX), out[MAX], place[MAX];
		struct graph *g = graph_new(nodes);
		bool edge[MAX][MAX] = { { false } };
		for (unsigned e = rnd(40); e > 0; e--) {
			size_t a = rnd((unsigned)nodes);
			size_t b = rnd((unsigned)nodes);
			edge[a][b] = true;
			EQ_INT(graph_add(g, a, b, GRAPH_OK), 0);
		}
		size_t got = graph_order(g, out);
		for (size_t i = 0; i < nodes; i++)
			place[i] = SIZE_MAX;
		for (size_t i = 0; i < got; i++)
			place[out[i]] = i;
		for (size_t a = 0; a < nodes; a++)
			for (size_t b = 0; b < nodes; b++)
				if (edge[a][b] && place[a] != SIZE_MAX)
					OK(place[b] < place[a]);
		size_t len = graph_cycle(g, out, MAX);
		EQ_INT(len == 0, got == nodes);
		for (size_t i = 0; i < len; i++)
			OK(edge[out[i]][out[(i + 1) % len]]);
		graph_free(g);
	}
}

TEST(verdicts_of_each_condition)
{
	/* What a waiter is told, for each state of what it needs. */
	static const struct {
		const char *state;
		struct graph_fact fact;
		enum graph_verdict verdict[GRAPH_COND_COUNT];
	} rows[] = {
		{ "off", { .state = "is off" },
		  { GRAPH_IMPOSSIBLE, GRAPH_IMPOSSIBLE, GRAPH_IMPOSSIBLE,
		    GRAPH_IMPOSSIBLE } },
		{ "starting", { .coming = true },
		  { GRAPH_WAIT, GRAPH_WAIT, GRAPH_WAIT, GRAPH_WAIT } },
		{ "running", { .coming = true, .started = true },
		  { GRAPH_MET, GRAPH_WAIT, GRAPH_WAIT, GRAPH_WAIT } },
		{ "overdue", { .coming = true, .started = true,
			       .overdue = true },
		  { GRAPH_MET, GRAPH_IMPOSSIBLE, GRAPH_WAIT, GRAPH_WAIT } },
		{ "ready", { .coming = true, .started = true, .ready = true },
		  { GRAPH_MET, GRAPH_MET, GRAPH_WAIT, GRAPH_WAIT } },
		{ "completed", { .started = true, .done = true, .ok = true },
		  { GRAPH_MET, GRAPH_IMPOSSIBLE, GRAPH_MET, GRAPH_MET } },
		{ "failed", { .done = true },
		  { GRAPH_IMPOSSIBLE, GRAPH_IMPOSSIBLE, GRAPH_MET,
		    GRAPH_IMPOSSIBLE } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int c = 0; c < GRAPH_COND_COUNT; c++) {
			struct graph *g = graph_new(2);
			struct graph_fact f[2] = { { 0 }, rows[i].fact };
			graph_add(g, 0, 1, (enum graph_cond)c);
			f[1].name = "db";
			if (graph_judge(g, 0, f, NULL) != rows[i].verdict[c])
				TEST_FAIL("%s for %s", rows[i].state,
					  graph_cond_name(c));
			graph_free(g);
		}
}

TEST(texts)
{
	struct graph *g = graph_new(4);
	struct buf text = BUF_INIT(200);
	struct graph_fact f[4] = {
		{ 0 },
		{ .coming = true, .name = "db" },
		{ .coming = true, .name = "migrate" },
		{ .coming = true, .name = "cache", .started = true },
	};
	graph_add(g, 0, 1, GRAPH_READY);
	graph_add(g, 0, 2, GRAPH_OK);
	graph_add(g, 0, 3, GRAPH_STARTED);
	EQ_INT(graph_judge(g, 0, f, &text), GRAPH_WAIT);
	EQ_STR(buf_str(&text), "db ready, migrate ok");
	f[2] = (struct graph_fact){ .name = "migrate", .state = "failed",
				    .reason = "exit 1" };
	EQ_INT(graph_judge(g, 0, f, &text), GRAPH_IMPOSSIBLE);
	EQ_STR(buf_str(&text), "migrate failed: exit 1");
	f[1] = (struct graph_fact){ .name = "db", .state = "completed",
				    .reason = "exit 0", .ok = true };
	EQ_INT(graph_judge(g, 0, f, &text), GRAPH_IMPOSSIBLE);
	EQ_STR(buf_str(&text), "db completed: exit 0, needed ready; "
	       "migrate failed: exit 1");
	buf_fini(&text);
	buf_init(&text, 10);
	EQ_INT(graph_judge(g, 0, f, &text), GRAPH_IMPOSSIBLE);
	EQ_STR(buf_str(&text), "db complet");
	buf_fini(&text);
	graph_free(g);
}

/* The facts that follow from a life, at every point of a run. */
TEST(facts_follow_the_life)
{
	struct life l;
	struct life_run r = { .nring = 0 };
	struct life_policy p = { .has_ready = true };
	struct life_output out;
	struct graph_fact f;
	static const struct {
		enum life_event event;
		int code;
		bool started, ready, done, ok, coming;
	} rows[] = {
		{ LIFE_EV_STOP, 0, 0, 0, 0, 0, 0 },
		{ LIFE_EV_START, 0, 0, 0, 0, 0, 1 },
		{ LIFE_EV_SPAWNED, 0, 1, 0, 0, 0, 1 },
		{ LIFE_EV_READY, 0, 1, 1, 0, 0, 1 },
		{ LIFE_EV_EXITED, 0, 0, 0, 0, 0, 1 },
		{ LIFE_EV_GONE, 0, 1, 0, 1, 1, 0 },
		{ LIFE_EV_SCHEDULED, 0, 1, 0, 1, 1, 1 },
		{ LIFE_EV_START, 0, 0, 0, 0, 0, 1 },
		{ LIFE_EV_SPAWNED, 0, 1, 0, 0, 0, 1 },
		{ LIFE_EV_EXITED, 1, 0, 0, 0, 0, 1 },
		{ LIFE_EV_GONE, 0, 0, 0, 1, 0, 0 },
		{ LIFE_EV_START, 0, 0, 0, 0, 0, 1 },
		{ LIFE_EV_SPAWN_FAILED, 0, 0, 0, 0, 0, 0 },
	};
	life_init(&l);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life_input in = {
			.event = rows[i].event, .exit_code = rows[i].code,
			.cause = CAUSE_USER, .now_us = 1000 + i,
			.flags = LIFE_IN_DEPS_MET | LIFE_IN_SLOT,
		};
		life_step(&l, &r, &p, &in, &out);
		graph_fact_of(&f, &l, "db");
		if (f.started != rows[i].started || f.ready != rows[i].ready ||
		    f.done != rows[i].done || f.ok != rows[i].ok ||
		    f.coming != rows[i].coming)
			TEST_FAIL("row %zu, %s: %s", i,
				  life_event_name(rows[i].event), l.reason);
	}
}

TEST(what_has_to_be_started)
{
	enum { WEB, MIGRATE, DB, DISK, CACHE, N };
	struct graph *g = graph_new(N);
	struct graph_fact f[N];
	bool want[N] = { [WEB] = true }, need[N];
	memset(f, 0, sizeof f);
	graph_add(g, WEB, MIGRATE, GRAPH_OK);
	graph_add(g, WEB, CACHE, GRAPH_READY);
	graph_add(g, MIGRATE, DB, GRAPH_READY);
	graph_add(g, DB, DISK, GRAPH_OK);
	graph_to_start(g, want, f, need);
	OK(need[WEB] && need[MIGRATE] && need[DB] && need[DISK] &&
	   need[CACHE]);
	/* The migration is done: it and the disk stay as they are. */
	f[MIGRATE].ok = f[MIGRATE].done = true;
	f[CACHE].coming = true;
	graph_to_start(g, want, f, need);
	OK(need[WEB] && !need[MIGRATE] && !need[DB] && !need[DISK] &&
	   !need[CACHE]);
	graph_free(g);
}

TEST(condition_names)
{
	EQ_INT(graph_cond_find("ready", 5), GRAPH_READY);
	EQ_INT(graph_cond_find("rea", 3), -1);
	EQ_STR(graph_cond_name(GRAPH_OK), "ok");
}

TEST_MAIN()
