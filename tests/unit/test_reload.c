#include <stdlib.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/core/core.h"
#include "engine/core/respec.h"
#include "engine/spec/reload.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

enum { SPECS_MAX = 12, ROUNDS = 2000 };

static uint32_t seed = 12345;

static uint32_t
dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct spec *
make(const char *name, const char *command)
{
	struct spec_args a = { .name = name, .cwd = "/", .command = command };

	return spec_from_args(&a, NULL);
}

static struct reload_plan
diff(struct spec **old, size_t old_count, struct spec **now, size_t now_count)
{
	struct reload_plan p;

	reload_diff(&p, (const struct spec *const *)old, old_count,
		    (const struct spec *const *)now, now_count);
	return p;
}

TEST(one_property)
{
	struct spec *a = make("a", "true"), *b = spec_dup(a);
	struct reload_plan p = diff(&a, 1, &b, 1);

	EQ_INT(p.count, 1);
	EQ_INT(p.changes, 0);
	EQ_INT(p.items[0].kind, RELOAD_KEEP);
	reload_fini(&p);
	b->line = 99;
	b->file = mem_str("/elsewhere");
	p = diff(&a, 1, &b, 1);
	EQ_INT(p.changes, 0);
	reload_fini(&p);

	b->restart = SPEC_RESTART_ALWAYS;
	p = diff(&a, 1, &b, 1);
	EQ_INT(p.changes, 1);
	EQ_INT(p.items[0].kind, RELOAD_CHANGE);
	EQ_STR(p.items[0].what, "restart");
	OK(!p.items[0].anew);
	reload_fini(&p);

	/* What needs a new run is named before what does not. */
	free(b->cwd);
	b->cwd = mem_str("/tmp");
	free(b->desc);
	b->desc = mem_str("words");
	p = diff(&a, 1, &b, 1);
	EQ_STR(p.items[0].what, "cwd, desc, restart");
	OK(p.items[0].anew);
	reload_fini(&p);
	/* Several of one word are one. */
	b->schedule_every_ms = 5000;
	b->schedule_at_start = true;
	p = diff(&a, 1, &b, 1);
	EQ_STR(p.items[0].what, "cwd, desc, restart, schedule");
	reload_fini(&p);
	spec_free(a);
	spec_free(b);
}

TEST(which_need_a_run)
{
	struct spec *a = make("a", "true"), *b = spec_dup(a);

	b->timeout_ms = 5;
	b->log_keep_bytes = 1 << 20;
	b->stop[0].wait_ms = 1;
	b->autostart = !b->autostart;
	b->live_fails = 17;
	OK(spec_diff(a, b) != NULL);
	OK(spec_diff_run(a, b) == NULL);
	b->tty = true;
	EQ_STR(spec_diff_run(a, b), "tty");
	b->tty = false;
	spec_add_env(b, "K=V", NULL);
	EQ_STR(spec_diff_run(a, b), "env");
	spec_free(b);
	b = spec_dup(a);
	b->ready.kind = SPEC_PROBE_DELAY;
	OK(spec_diff_run(a, b) == NULL);
	b->ready.kind = SPEC_PROBE_NOTIFY;
	EQ_STR(spec_diff_run(a, b), "ready");
	spec_free(a);
	spec_free(b);
}

/* Nothing of a definition may turn out to be unusable when it is taken. */
TEST(every_pattern_is_tried_before)
{
	static const int kinds[] = { SPEC_PROBE_LOG, SPEC_PROBE_SCREEN,
				     SPEC_PROBE_HTTP };

	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		struct spec *s = make("a", "true");
		struct spec_probe *probe = i % 2 ? &s->live : &s->ready;
		struct err e = ERR_INIT;
		probe->kind = kinds[i / 2];
		probe->pattern.text = mem_str("a(b)");
		EQ_INT(respec_check(s, &e), 0);
		free(probe->pattern.text);
		probe->pattern.text = mem_str("a(b");
		EQ_INT(respec_check(s, &e), -1);
		OK(e.text[0]);
		spec_free(s);
	}
}

TEST(added_and_removed)
{
	struct spec *old[] = { make("a", "1"), make("b", "2") };
	struct spec *now[] = { make("c", "3"), spec_dup(old[1]) };
	struct reload_plan p = diff(old, 2, now, 2);

	EQ_INT(p.count, 3);
	EQ_INT(p.changes, 2);
	EQ_STR(p.items[0].name, "c");
	EQ_INT(p.items[0].kind, RELOAD_ADD);
	OK(p.items[0].old_idx == SIZE_MAX);
	EQ_INT(p.items[1].kind, RELOAD_KEEP);
	EQ_INT(p.items[1].old_idx, 1);
	EQ_STR(p.items[2].name, "a");
	EQ_INT(p.items[2].kind, RELOAD_REMOVE);
	reload_fini(&p);
	p = diff(NULL, 0, NULL, 0);
	EQ_INT(p.count, 0);
	reload_fini(&p);
	for (int i = 0; i < 2; i++) {
		spec_free(old[i]);
		spec_free(now[i]);
	}
}

/* A random set: names from a few, definitions from a few. */
static size_t
some(struct spec **out)
{
	size_t n = 0;
	char name[8], command[16];

	for (int i = 0; i < SPECS_MAX; i++) {
		if (dice(3) == 0)
			continue;
		snprintf(name, sizeof name, "p%d", i);
		snprintf(command, sizeof command, "echo %u", dice(2));
		out[n] = make(name, command);
		if (dice(3) == 0)
			out[n]->restart = SPEC_RESTART_ALWAYS;
		if (dice(3) == 0)
			out[n]->tty = true;
		out[n]->line = dice(100);
		n++;
	}
	/* The order is no difference. */
	for (size_t i = n; i > 1; i--) {
		size_t k = dice((uint32_t)i);
		struct spec *t = out[i - 1];
		out[i - 1] = out[k];
		out[k] = t;
	}
	return n;
}

/* What the plan says, done to the old ones; 0 if a row is a lie. */
static int
apply(const struct reload_plan *p, struct spec **old, struct spec **now,
      size_t now_count)
{
	size_t next = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct reload_item *it = &p->items[i];
		struct spec *result = NULL;
		if (it->kind == RELOAD_REMOVE)
			continue;
		if (it->kind == RELOAD_KEEP)
			result = old[it->old_idx];
		else
			result = now[it->new_idx];
		if (next >= now_count || !spec_equal(result, now[next]) ||
		    strcmp(result->name, now[next]->name) != 0)
			return 0;
		if (it->kind == RELOAD_CHANGE &&
		    (spec_equal(old[it->old_idx], now[it->new_idx]) ||
		     it->anew != !!spec_diff_run(old[it->old_idx],
						 now[it->new_idx])))
			return 0;
		next++;
	}
	return next == now_count;
}

TEST(applied_it_gives_the_new_set)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct spec *old[SPECS_MAX], *now[SPECS_MAX];
		size_t nold = some(old), nnow = some(now), removed = 0;
		struct reload_plan p = diff(old, nold, now, nnow);
		OK(apply(&p, old, now, nnow));
		for (size_t i = 0; i < p.count; i++)
			removed += p.items[i].kind == RELOAD_REMOVE;
		EQ_INT(p.count, nnow + removed);
		reload_fini(&p);
		/* And against itself nothing is left to do. */
		p = diff(now, nnow, now, nnow);
		EQ_INT(p.changes, 0);
		EQ_INT(p.count, nnow);
		reload_fini(&p);
		while (nold > 0)
			spec_free(old[--nold]);
		while (nnow > 0)
			spec_free(now[--nnow]);
	}
}

TEST_MAIN()
