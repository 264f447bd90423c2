/*
 * What the keeper costs: spawn and exit over its socket, its memory with a
 * hundred children, and a scan of five hundred processes.
 */

#include "tests/lib/keeprig.h"
#include "tests/lib/test.h"

#include <sys/resource.h>

enum { LIVES = 3000, AT_ONCE = 64, IDLE = 100, FAMILY = 500, SCANS = 50 };

static size_t
resident_kib(pid_t pid, const char *what)
{
	char path[64], line[256];
	size_t kib = 0;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, what, strlen(what)) == 0)
			kib = strtoul(line + strlen(what) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static uint64_t
spawn_true(struct rig *r)
{
	static char *argv[] = { "/bin/true", NULL }, *env[] = { NULL };
	struct spawn_req q;

	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	q.stderr_apart = true;
	return rig_spawn(r, &q);
}

static void
forget(struct rig *r, uint64_t slot)
{
	keep_fds_close(&rig_run(r, slot)->fds, ~0U);
	keeplink_release(r->link, slot);
}

TEST(lives_one_after_the_other)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	r.reading = false;
	uint64_t start_us = clock_us();
	for (int i = 0; i < LIVES / 3; i++) {
		uint64_t slot = spawn_true(&r);
		RIG_WAIT(&r, rig_run(&r, slot)->exited);
		forget(&r, slot);
	}
	printf("# %.0f lives/s one by one\n",
	       LIVES / 3 * 1e6 / (double)(clock_us() - start_us));
	EQ_INT(rig_stop(&r), 0);
}

TEST(lives_together)
{
	struct rig r;
	uint64_t next = 1;
	uint64_t late_us = 0;

	EQ_INT(rig_start(&r), 0);
	r.reading = false;
	uint64_t start_us = clock_us();
	for (int i = 0; i < LIVES; i++) {
		spawn_true(&r);
		for (; r.nruns - next >= AT_ONCE; next++) {
			struct rig_run *run = rig_run(&r, next);
			RIG_WAIT(&r, run->exited);
			late_us += run->exited_at_us - run->exit.end_us;
			forget(&r, next);
		}
	}
	for (; next <= r.nruns; next++) {
		RIG_WAIT(&r, rig_run(&r, next)->exited);
		forget(&r, next);
	}
	printf("# %.0f lives/s, %d at once; exit told after %.0f us\n",
	       LIVES * 1e6 / (double)(clock_us() - start_us), AT_ONCE,
	       (double)late_us / LIVES);
	EQ_INT(rig_stop(&r), 0);
}

TEST(memory)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	printf("# keeper alone: %zu KiB resident, %zu of its own\n",
	       resident_kib(r.keeper, "Rss:"),
	       resident_kib(r.keeper, "Private_Dirty:"));
	for (int i = 0; i < IDLE; i++) {
		uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
		RIG_WAIT(&r, rig_run(&r, slot)->started);
	}
	printf("# with %d children: %zu KiB resident, %zu of its own\n", IDLE,
	       resident_kib(r.keeper, "Rss:"),
	       resident_kib(r.keeper, "Private_Dirty:"));
	printf("# anchor: %zu KiB resident, %zu of its own\n",
	       resident_kib(r.anchor, "Rss:"),
	       resident_kib(r.anchor, "Private_Dirty:"));
	EQ_INT(rig_stop(&r), 0);
}

TEST(scans)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "bomb", "500", NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->started);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	RIG_WAIT(&r, tree_scan(t, TREE_QUICK) == 0 &&
			     tree_count(t, run->tag) == FAMILY);
	for (int how = TREE_QUICK; how <= TREE_EXACT; how++) {
		uint64_t start_us = clock_us();
		for (int i = 0; i < SCANS; i++)
			tree_scan(t, (enum tree_how)how);
		printf("# %s scan of %d: %.2f ms\n",
		       how == TREE_QUICK ? "quick" : "exact", FAMILY,
		       (double)(clock_us() - start_us) / 1000 / SCANS);
	}
	uint64_t start_us = clock_us();
	while (rig_kill_round(t, run->tag) > 0)
		rig_pump(&r);
	printf("# kill of %d: %.1f ms\n", FAMILY,
	       (double)(clock_us() - start_us) / 1000);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

TEST_MAIN()
