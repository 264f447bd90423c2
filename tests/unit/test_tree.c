/* Who belongs to a run, and that a stop leaves nothing of it. */

#include "tests/lib/keeprig.h"
#include "tests/lib/test.h"
#include "engine/child/leftover.h"

#include <dirent.h>
#include <sys/resource.h>

#define STDOUT(r, slot) buf_str(&rig_run(r, slot)->out[KEEP_FD_STDOUT])

enum { STOP_WITHIN_MS = 10000, LOOKS = 2000 };

static bool
is_alive(pid_t pid)
{
	struct procfs_stat st;

	return procfs_stat(pid, &st) == 0 && !procfs_is_dead(&st);
}

/* Rounds until nothing of the run is left; how many it took, or -1. */
static int
kill_run(struct rig *r, struct tree *t, uint64_t tag)
{
	uint64_t until_ms = clock_ms() + STOP_WITHIN_MS;

	for (int round = 1;; round++) {
		if (rig_kill_round(t, tag) == 0)
			return round;
		if (clock_ms() > until_ms)
			return -1;
		rig_pump(r);
	}
}

/* Independent of the tree: processes of the machine with this limit. */
struct census {
	uint64_t tag;
	int live;
};

static void
count_tagged(pid_t pid, void *arg)
{
	struct census *c = arg;
	struct procfs_stat st;
	uint64_t limit;

	if (procfs_rttime(pid, &limit) == 0 && limit == c->tag &&
	    procfs_stat(pid, &st) == 0 && !procfs_is_dead(&st))
		c->live++;
}

static int
census(uint64_t tag)
{
	struct census c = { tag, 0 };

	procfs_each(count_tagged, &c);
	return c.live;
}

TEST(tags)
{
	uint64_t tag = tree_tag(0xffffffff, 0xffffffff);

	OK(tag > UINT64_C(1) << 62 && tag < UINT64_C(1) << 63);
	EQ_INT(tree_tag_set(tag), 0x7fffffff);
	EQ_INT(tree_tag_slot(tag), 0x7fffffff);
	EQ_INT(tree_tag_set(tree_tag(5, 9)), 5);
	EQ_INT(tree_tag_slot(tree_tag(5, 9)), 9);
	OK(tree_tag(5, 9) != tree_tag(5, 10) && tree_tag(5, 9) != tree_tag(6, 9));
	/* A set is never 0: that means no tag. */
	OK(tree_tag_set(tree_tag(0, 1)) != 0);
	EQ_INT(tree_tag_set(UINT64_MAX), 0);
	EQ_INT(tree_tag_set(1000000), 0);
	EQ_INT(tree_tag_set(UINT64_C(1) << 63), 0);
}

TEST(runs_are_kept_apart)
{
	struct rig r;
	size_t count;

	EQ_INT(rig_start(&r), 0);
	uint64_t a = rig_zoo_plain(&r, "daemon", NULL, NULL);
	uint64_t b = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, a), '\n') && strchr(STDOUT(&r, b), '\n'));
	pid_t daemon = atoi(STDOUT(&r, a) + 7);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	for (int how = TREE_QUICK; how <= TREE_EXACT; how++) {
		EQ_INT(tree_scan(t, (enum tree_how)how), 0);
		EQ_INT(tree_proves(t), how == TREE_EXACT);
		EQ_INT(tree_count(t, rig_run(&r, a)->tag), 2);
		EQ_INT(tree_count(t, rig_run(&r, b)->tag), 1);
		EQ_INT(tree_count(t, tree_tag(RIG_SET, 99)), 0);
		const struct tree_proc *p =
			tree_members(t, rig_run(&r, a)->tag, &count);
		EQ_INT(count, 2);
		OK(p[0].st.pid == daemon || p[1].st.pid == daemon);
	}
	struct tree_usage u;
	tree_usage(t, rig_run(&r, a)->tag, &u);
	EQ_INT(u.count, 2);
	OK(u.rss_bytes > 100000);
	/* Stopping one leaves the other alone. */
	OK(kill_run(&r, t, rig_run(&r, a)->tag) > 0);
	OK(!is_alive(daemon));
	RIG_WAIT(&r, rig_run(&r, a)->exited);
	OK(is_alive(rig_run(&r, b)->pid));
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

/* Starts an animal, waits for its first line and stops it. */
static int
start_and_kill(struct rig *r, struct tree **t, const char *name,
	       const char *arg)
{
	uint64_t slot = rig_zoo_plain(r, name, arg, NULL);
	struct rig_run *run = rig_run(r, slot);
	uint64_t until_ms = clock_ms() + RIG_WAIT_S * 1000;

	while (!run->out[KEEP_FD_STDOUT].len && clock_ms() < until_ms)
		rig_pump(r);
	if (!*t)
		*t = tree_new(RIG_SET, r->keeper);
	int rounds = kill_run(r, *t, run->tag);
	if (rounds < 0)
		return -1;
	/* Gone means gone, at once. */
	if (census(run->tag) != 0)
		return -2;
	return rounds;
}

TEST(stop_means_gone)
{
	static const char *const kinds[][2] = {
		{ "wait", NULL }, { "ignore", NULL }, { "daemon", NULL },
		{ "daemon", "leave" }, { "stopself", NULL },
		{ "thread", NULL }, { "hold-pipe", "3" }, { "tick", "1" },
	};
	struct rig r;
	struct tree *t = NULL;

	EQ_INT(rig_start(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int rounds = start_and_kill(&r, &t, kinds[i][0], kinds[i][1]);
		if (rounds < 0)
			TEST_FAIL("%s survives: %d", kinds[i][0], rounds);
	}
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

TEST(storms_converge)
{
	static const char *const kinds[][2] = {
		{ "storm", "1" }, { "storm", "20" }, { "storm-sid", "1" },
		{ "storm-sid", "20" },
	};
	struct rig r;
	struct tree *t = NULL;

	EQ_INT(rig_start(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		uint64_t start_ms = clock_ms();
		int rounds = start_and_kill(&r, &t, kinds[i][0], kinds[i][1]);
		if (rounds < 0)
			TEST_FAIL("%s %s survives: %d", kinds[i][0],
				  kinds[i][1], rounds);
		printf("# %s %s: %d rounds, %d ms\n", kinds[i][0], kinds[i][1],
		       rounds, (int)(clock_ms() - start_ms));
	}
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

/* Nobody of it lives as long as a look takes, and its leader is gone. */
TEST(a_chain_is_never_lost)
{
	struct rig r;
	int lost = 0;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "storm", "1", NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n'));
	struct tree *t = tree_new(RIG_SET, r.keeper);
	kill(run->pid, SIGKILL);
	RIG_WAIT(&r, run->exited);
	for (int looks = 0; looks < LOOKS; looks++) {
		EQ_INT(tree_scan(t, TREE_EXACT), 0);
		lost += tree_count(t, run->tag) == 0;
	}
	EQ_INT(lost, 0);
	OK(kill_run(&r, t, run->tag) > 0);
	EQ_INT(census(run->tag), 0);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

TEST(five_hundred_that_ignore_term)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "bomb", "500", NULL);
	struct rig_run *run = rig_run(&r, slot);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	size_t count = 0;
	RIG_WAIT(&r, tree_scan(t, TREE_QUICK) == 0 &&
			     (count = tree_count(t, run->tag)) == 500);
	EQ_INT(tree_scan(t, TREE_EXACT), 0);
	EQ_INT(tree_count(t, run->tag), 500);
	struct tree_sent sent = tree_signal(t, run->tag, SIGTERM, 0);
	EQ_INT(sent.sent, 500);
	EQ_INT(sent.refused, 0);
	OK(kill_run(&r, t, run->tag) > 0);
	EQ_INT(census(run->tag), 0);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

TEST(spared_leader_lives)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "daemon", NULL, NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n'));
	pid_t daemon = atoi(STDOUT(&r, slot) + 7);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	EQ_INT(tree_scan(t, TREE_EXACT), 0);
	struct tree_sent sent = tree_signal(t, rig_run(&r, slot)->tag, SIGKILL,
					    rig_run(&r, slot)->pid);
	EQ_INT(sent.sent, 1);
	RIG_WAIT(&r, !is_alive(daemon));
	OK(is_alive(rig_run(&r, slot)->pid));
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

static int
state_of(pid_t pid)
{
	struct procfs_stat st;

	return procfs_stat(pid, &st) == 0 ? st.state : 0;
}

TEST(one_run_is_reached_among_others)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t a = rig_zoo_plain(&r, "daemon", NULL, NULL);
	uint64_t b = rig_zoo_plain(&r, "daemon", NULL, NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, a), '\n') && strchr(STDOUT(&r, b), '\n'));
	pid_t found = atoi(STDOUT(&r, a) + 7), other = atoi(STDOUT(&r, b) + 7);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	uint64_t tag = rig_run(&r, a)->tag;
	tree_leader(t, tag, rig_run(&r, a)->pid);
	tree_leader(t, rig_run(&r, b)->tag, rig_run(&r, b)->pid);
	EQ_INT(tree_reach(t, tag, SIGSTOP, 0), 2);
	RIG_WAIT(&r, state_of(found) == 'T');
	RIG_WAIT(&r, state_of(rig_run(&r, a)->pid) == 'T');
	OK(state_of(other) != 'T');
	EQ_INT(tree_reach(t, tag, SIGSTOP, SIGCONT), 2);
	RIG_WAIT(&r, state_of(found) != 'T');
	/* It proves nothing of anybody. */
	EQ_INT(tree_count(t, tag), 1);
	EQ_INT(tree_count(t, tree_tag(RIG_SET, 99)), 1);
	OK(!tree_proves(t));
	EQ_INT(tree_scan(t, TREE_EXACT), 0);
	EQ_INT(tree_count(t, tree_tag(RIG_SET, 99)), 0);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

/* A run whose tag was refused: the limit was lower already.  $0 is the zoo. */
static uint64_t
start_untagged(struct rig *r, const char *script)
{
	struct spawn_req q;
	struct spawn_rlimit low[] = { { RLIMIT_RTTIME, 5000000, 5000000 } };
	char *argv[] = { "/bin/sh", "-c", (char *)(uintptr_t)script,
			 (char *)(uintptr_t)rig_zoo(), NULL };
	char *env[] = { "PATH=/usr/bin:/bin", NULL };

	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	q.rlimits = low;
	q.nrlimits = 1;
	return rig_spawn(r, &q);
}

TEST(without_tag_by_session_parent_and_environment)
{
	struct rig r;
	uint64_t limit;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = start_untagged(
		&r, "env -i \"$0\" still & setsid \"$0\" still & "
		    "setsid env -i \"$0\" still & echo ready; wait");
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n'));
	EQ_INT(procfs_rttime(run->pid, &limit), 0);
	if (limit == run->tag)
		SKIP_TEST("CAP_SYS_RESOURCE raises any limit");
	struct tree *t = tree_new(RIG_SET, r.keeper);
	tree_leader(t, run->tag, run->pid);
	RIG_WAIT(&r, tree_scan(t, TREE_EXACT) == 0 &&
			     tree_count(t, run->tag) == 4);
	/* The leader first: its session and what it left keep the name. */
	kill(run->pid, SIGKILL);
	RIG_WAIT(&r, run->exited);
	EQ_INT(tree_scan(t, TREE_EXACT), 0);
	OK(tree_count(t, run->tag) >= 2);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

TEST(leftovers_of_a_killed_sbx)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "daemon", NULL, NULL);
	uint64_t chain = rig_zoo_plain(&r, "storm-sid", "1", NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n') &&
			     strchr(STDOUT(&r, chain), '\n'));
	pid_t daemon = atoi(STDOUT(&r, slot) + 7);
	/* Of the keeper's own tree, and of another set: not touched. */
	size_t found = 0;
	OK(leftover_kill(RIG_SET, r.keeper, &found));
	EQ_INT(found, 0);
	OK(leftover_kill(RIG_SET + 1, 0, &found));
	EQ_INT(found, 0);
	OK(is_alive(daemon));
	/* All three at once: what is in its own session stays behind. */
	kill(r.anchor, SIGKILL);
	kill(r.engine, SIGKILL);
	kill(r.keeper, SIGKILL);
	RIG_WAIT(&r, !is_alive(rig_run(&r, slot)->pid));
	uint64_t until_ms = clock_ms() + STOP_WITHIN_MS;
	while (!leftover_kill(RIG_SET, 0, NULL))
		OK(clock_ms() < until_ms);
	OK(!is_alive(daemon));
	EQ_INT(census(rig_run(&r, slot)->tag), 0);
	EQ_INT(census(rig_run(&r, chain)->tag), 0);
	rig_free(&r);
	OK(rig_all_gone(SOON_MS));
}

TEST(a_used_again_pid_is_not_hit)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n'));
	struct rig_run *run = rig_run(&r, slot);
	struct tree *t = tree_new(RIG_SET, r.keeper);
	EQ_INT(tree_scan(t, TREE_EXACT), 0);
	size_t count;
	struct tree_proc *p = (struct tree_proc *)(uintptr_t)tree_members(
		t, run->tag, &count);
	EQ_INT(count, 1);
	/* As if it had been another process that was scanned. */
	p->st.start_ticks--;
	struct tree_sent sent = tree_signal(t, run->tag, SIGKILL, 0);
	EQ_INT(sent.sent, 0);
	OK(is_alive(run->pid));
	p->st.start_ticks++;
	sent = tree_signal(t, run->tag, SIGKILL, 0);
	RIG_WAIT(&r, run->exited);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

TEST(out_of_descriptors_is_not_gone)
{
	struct rig r;
	struct rlimit was, none;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "ignore", NULL, NULL);
	RIG_WAIT(&r, strchr(STDOUT(&r, slot), '\n'));
	struct tree *t = tree_new(RIG_SET, r.keeper);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	size_t left = rig_kill_round(t, rig_run(&r, slot)->tag);
	tree_leader(t, rig_run(&r, slot)->tag, rig_run(&r, slot)->pid);
	size_t reached = tree_reach(t, rig_run(&r, slot)->tag, SIGTERM, 0);
	setrlimit(RLIMIT_NOFILE, &was);
	OK(left > 0);
	EQ_INT(reached, 0);
	OK(kill_run(&r, t, rig_run(&r, slot)->tag) > 0);
	tree_free(t);
	EQ_INT(rig_stop(&r), 0);
}

TEST_MAIN()
