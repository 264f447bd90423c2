#include "tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "base/births.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sys.h"
#include "keeper.h"

enum {
	LEADERS_MAX = 16384,
	/* Parents mostly have lower pids, so one or two passes are usual. */
	PASSES_MAX = 64,
	CLIMB_MAX = 4096,
	GROUPS_SEEN = 16,
	CHASE_US = 20000,
	TICK_US = 10000,	/* of start times, which are rounded down */
	SWEEPS_MAX = 16,
};

/* How a process stands to the keeper, by its chain of parents. */
enum kin { KIN_UNKNOWN, KIN_OURS, KIN_STRANGER };

/* A process that a scan looks at; tag 0: in no run, or not known yet. */
struct node {
	struct tree_proc proc;
	enum kin kin;
};

struct leader {
	uint64_t tag;
	pid_t pid;
};

struct nodes {
	struct node *v;
	size_t count, cap;
};

struct tree {
	uint32_t set;
	pid_t keeper, self;
	struct nodes scan;		/* scratch */
	int error;			/* the last scan has not seen all */
	bool unsure;			/* it may have missed a newcomer */
	bool exact;			/* ... and nobody else */
	struct tree_proc *members;	/* the result, by tag and pid */
	size_t count, cap;
	struct leader *leaders;
	size_t nleaders, leaders_cap;
};

/* ---- tags ---- */

enum { HALF_BITS = 31 };
#define HALF_MASK ((UINT32_C(1) << HALF_BITS) - 1)

/* The set half of a tag is never 0. */
static uint32_t
set_half(uint32_t set_hash)
{
	uint32_t half = set_hash & HALF_MASK;

	return half ? half : 1;
}

uint64_t
tree_tag(uint32_t set_hash, uint32_t slot_no)
{
	return UINT64_C(1) << 2 * HALF_BITS |
	       (uint64_t)set_half(set_hash) << HALF_BITS |
	       (slot_no & HALF_MASK);
}

uint32_t
tree_tag_set(uint64_t tag)
{
	if (tag >> 2 * HALF_BITS != 1)
		return 0;
	return (uint32_t)(tag >> HALF_BITS) & HALF_MASK;
}

uint32_t
tree_tag_slot(uint64_t tag)
{
	return (uint32_t)tag & HALF_MASK;
}

static uint64_t
env_tag(uint32_t set, pid_t pid)
{
	char id[32];

	if (procfs_env(pid, "SBX_ID", id, sizeof id) < 0)
		return 0;
	uint64_t tag = strtoull(id, NULL, 16);
	return tree_tag_set(tag) == set ? tag : 0;
}

uint64_t
tree_tag_of(uint32_t set_hash, pid_t pid)
{
	uint32_t set = set_half(set_hash);
	uint64_t limit;

	if (procfs_rttime(pid, &limit) == 0 && tree_tag_set(limit) == set)
		return limit;
	return env_tag(set, pid);
}

/* ---- gathering ---- */

/*
 * A process that has ended, or that may not be looked at, is no error; to
 * have no descriptor or memory left is, or "nothing found" would be a lie.
 */
static bool
is_blind(int result)
{
	return result < 0 && result != -ESRCH && result != -ENOENT &&
	       result != -EACCES && result != -EPERM;
}

static void
add_node(struct nodes *n, const struct procfs_stat *st)
{
	if (n->count == TREE_MAX)
		return;
	if (n->count == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 128;
		n->v = mem_grow(n->v, n->cap, cap, sizeof *n->v);
		n->cap = cap;
	}
	n->v[n->count++] = (struct node){ .proc.st = *st };
}

static void
add_pid(pid_t pid, void *arg)
{
	struct tree *t = arg;
	struct procfs_stat st;

	if (pid == t->self)
		return;
	int r = procfs_stat(pid, &st);
	if (r == 0)
		add_node(&t->scan, &st);
	else if (is_blind(r))
		t->error = r;
}

/* Breadth first, those that are added on the way included. */
static void
gather_below(struct tree *t)
{
	for (size_t i = 0; i < t->scan.count; i++) {
		struct procfs_stat st = t->scan.v[i].proc.st;
		procfs_each_child(st.pid, st.threads, add_pid, t);
	}
}

/* The parent of every node is the keeper or before it. */
static int
gather_children(struct tree *t)
{
	int r = procfs_each_child(t->keeper, KEEPER_THREADS, add_pid, t);

	gather_below(t);
	return r;
}

static int
by_pid(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return (x->proc.st.pid > y->proc.st.pid) -
	       (x->proc.st.pid < y->proc.st.pid);
}

/* One that changed its parent meanwhile is met twice. */
static void
sort_nodes(struct nodes *n)
{
	size_t kept = 0;

	if (n->count == 0)
		return;
	qsort(n->v, n->count, sizeof *n->v, by_pid);
	for (size_t i = 1; i < n->count; i++)
		if (n->v[i].proc.st.pid != n->v[kept].proc.st.pid)
			n->v[++kept] = n->v[i];
	n->count = kept + 1;
}

static struct node *
find_node(const struct nodes *n, pid_t pid)
{
	struct node key = { .proc.st.pid = pid };

	if (n->count == 0)
		return NULL;
	return bsearch(&key, n->v, n->count, sizeof *n->v, by_pid);
}

/* ---- whose is it ---- */

static enum kin
kin_of(const struct tree *t, const struct nodes *n, const struct node *node)
{
	for (int i = 0; i < CLIMB_MAX; i++) {
		pid_t up = node->proc.st.ppid;
		if (up == t->keeper)
			return KIN_OURS;
		if (up <= 1 || up == t->self)
			return KIN_STRANGER;
		node = find_node(n, up);
		/*
		 * Its parent died while we were reading: it may be ours.  In
		 * a quick scan the keeper is the only one that is not met.
		 */
		if (!node)
			return KIN_OURS;
		if (node->kin != KIN_UNKNOWN)
			return node->kin;
	}
	return KIN_STRANGER;
}

static uint64_t
tag_of_leader(const struct tree *t, const struct procfs_stat *st)
{
	for (size_t i = 0; i < t->nleaders; i++)
		if (t->leaders[i].pid == st->sid ||
		    t->leaders[i].pid == st->pgid)
			return t->leaders[i].tag;
	return 0;
}

/* What the process says by itself: its limit, or its session. */
static uint64_t
own_tag(struct tree *t, const struct procfs_stat *st)
{
	uint64_t limit;

	int r = procfs_rttime(st->pid, &limit);
	if (r == 0 && tree_tag_set(limit) == t->set)
		return limit;
	if (is_blind(r))
		t->error = r;
	return tag_of_leader(t, st);
}

/* Children without a sign of their own go with their parents. */
static void
inherit(struct nodes *n)
{
	bool changed = true;

	for (int pass = 0; changed && pass < PASSES_MAX; pass++) {
		changed = false;
		for (size_t i = 0; i < n->count; i++) {
			struct node *node = &n->v[i];
			if (node->kin != KIN_OURS || node->proc.tag)
				continue;
			struct node *up = find_node(n, node->proc.st.ppid);
			if (!up || !up->proc.tag)
				continue;
			node->proc.tag = up->proc.tag;
			changed = true;
		}
	}
}

static void
classify(struct tree *t)
{
	struct nodes *n = &t->scan;
	bool found = false;

	for (size_t i = 0; i < n->count; i++)
		n->v[i].kin = KIN_UNKNOWN;
	for (size_t i = 0; i < n->count; i++) {
		struct node *node = &n->v[i];
		node->kin = node->proc.st.pid == t->keeper
				    ? KIN_STRANGER
				    : kin_of(t, n, node);
		if (node->kin == KIN_OURS && !node->proc.tag)
			node->proc.tag = own_tag(t, &node->proc.st);
	}
	inherit(n);
	for (size_t i = 0; i < n->count; i++) {
		struct node *node = &n->v[i];
		if (node->kin != KIN_OURS || node->proc.tag ||
		    procfs_is_dead(&node->proc.st))
			continue;
		node->proc.tag = env_tag(t->set, node->proc.st.pid);
		found |= node->proc.tag != 0;
	}
	if (found)
		inherit(n);
}

static int
by_tag(const void *a, const void *b)
{
	const struct tree_proc *x = a, *y = b;

	if (x->tag != y->tag)
		return x->tag > y->tag ? 1 : -1;
	return (x->st.pid > y->st.pid) - (x->st.pid < y->st.pid);
}

static void
keep_members(struct tree *t)
{
	if (t->cap < t->scan.cap) {
		t->members = mem_grow(t->members, t->cap, t->scan.cap,
				      sizeof *t->members);
		t->cap = t->scan.cap;
	}
	t->count = 0;
	for (size_t i = 0; i < t->scan.count; i++) {
		const struct tree_proc *p = &t->scan.v[i].proc;
		if (p->tag && !procfs_is_dead(&p->st))
			t->members[t->count++] = *p;
	}
	if (t->count > 0)
		qsort(t->members, t->count, sizeof *t->members, by_tag);
}

/* ---- what is born meanwhile ---- */

/* The same process as the one that was scanned? */
static bool
is_still(const struct procfs_stat *was)
{
	struct procfs_stat now;

	return procfs_stat(was->pid, &now) == 0 &&
	       now.start_ticks == was->start_ticks &&
	       now.pgid == was->pgid && !procfs_is_dead(&now);
}

struct newcomers {
	struct tree *t;
	size_t known;		/* of its nodes, which are sorted */
};

static void
add_newcomer(pid_t pid, void *arg)
{
	const struct newcomers *c = arg;
	struct nodes old = { .v = c->t->scan.v, .count = c->known };

	if (!find_node(&old, pid) && procfs_is_process(pid))
		add_pid(pid, c->t);
}

/* Who has ended before it could say whose it is; were there any? */
static bool
drop_unknown(struct nodes *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		const struct node *node = &n->v[i];
		if (node->kin != KIN_OURS || node->proc.tag ||
		    is_still(&node->proc.st))
			n->v[kept++] = *node;
	}
	bool any = kept < n->count;
	n->count = kept;
	return any;
}

/* Who was born meanwhile is met as well; nothing is sure until all were. */
static int
scan_exact(struct tree *t)
{
	struct births births;

	births_begin(&births);
	int r = procfs_each(add_pid, t);
	sort_nodes(&t->scan);
	classify(t);
	t->unsure = true;
	for (int i = 0; r == 0 && t->unsure && i < SWEEPS_MAX; i++) {
		struct newcomers c = { t, t->scan.count };
		t->unsure = !births_look(&births, add_newcomer, &c);
		if (t->scan.count == c.known)
			continue;
		sort_nodes(&t->scan);
		classify(t);
		t->unsure |= drop_unknown(&t->scan);
	}
	return r;
}

/* ---- signals ---- */

/* 0, -ESRCH when it is gone, -EPERM. */
static int
send_to(const struct procfs_stat *st, int signo)
{
	int fd = (int)syscall(SYS_pidfd_open, st->pid, 0);
	if (fd < 0 && errno == ESRCH)
		return -ESRCH;
	int r = -ESRCH;
	struct procfs_stat now;
	/* The descriptor pins the process; then look whether it is the one. */
	if (procfs_stat(st->pid, &now) == 0 &&
	    now.start_ticks == st->start_ticks) {
		/* An old kernel, or no descriptor left: the check must do. */
		r = fd >= 0 ? sys_pidfd_signal(fd, signo) :
			      kill(st->pid, signo) < 0 ? -errno : 0;
	}
	sys_close(fd);
	return r;
}

/*
 * Every run has sessions of its own, and a group lies in one session: so a
 * group with one member of the run has no stranger in it.  The kernel hits
 * all of it at once, between two forks of any of them.
 */
static void
kill_groups(const struct tree_proc *v, size_t count)
{
	pid_t own_session = getsid(0);
	pid_t seen[GROUPS_SEEN] = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		const struct procfs_stat *st = &v[i].st;
		bool again = false;
		for (size_t k = 0; k < GROUPS_SEEN; k++)
			again |= seen[k] == st->pgid;
		if (again || st->pgid <= 1 || st->sid == own_session ||
		    !is_still(st))
			continue;
		kill(-st->pgid, SIGKILL);
		seen[next++ % GROUPS_SEEN] = st->pgid;
	}
}

/* A chase after what is born while a run is being killed. */
struct chase {
	const struct tree *t;
	uint64_t tag;
	size_t newcomers;
};

static void
kill_newcomer(pid_t pid, void *arg)
{
	struct chase *c = arg;
	struct tree_proc key = { .tag = c->tag, .st.pid = pid };
	struct procfs_stat st;
	uint64_t limit;

	/* The limit first: it is quick, and such a process may live briefly. */
	if (procfs_rttime(pid, &limit) < 0 || limit != c->tag ||
	    bsearch(&key, c->t->members, c->t->count, sizeof key, by_tag))
		return;
	if (procfs_stat(pid, &st) == 0 && !procfs_is_dead(&st) &&
	    send_to(&st, SIGKILL) == 0)
		c->newcomers++;
}

/* Orphans of what was killed become children of the keeper. */
static void
chase(const struct tree *t, uint64_t tag)
{
	uint64_t until_us = clock_us() + CHASE_US;
	struct chase c = { t, tag, 1 };

	while (c.newcomers > 0 && clock_us() < until_us) {
		c.newcomers = 0;
		if (procfs_each_child(t->keeper, KEEPER_THREADS, kill_newcomer,
				      &c) < 0)
			break;
	}
}

/* ---- one run among many ---- */

static int
compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What the leaders of all runs are told apart from, sorted. */
struct strays {
	struct tree *t;
	pid_t *leaders;
};

/* A child of the keeper that leads no run: of which one, it says itself. */
static void
add_stray(pid_t pid, void *arg)
{
	struct strays *s = arg;

	if (!bsearch(&pid, s->leaders, s->t->nleaders, sizeof pid,
		     compare_pids))
		add_pid(pid, s->t);
}

/*
 * Below its leader or below an orphan, which is the keeper's child: there is
 * no other place for a process of a run.
 */
static int
gather_run(struct tree *t, uint64_t tag)
{
	struct strays s = { t, mem_array(t->nleaders + 1, sizeof(pid_t)) };

	t->scan.count = 0;
	t->error = 0;
	for (size_t i = 0; i < t->nleaders; i++) {
		s.leaders[i] = t->leaders[i].pid;
		if (t->leaders[i].tag == tag)
			add_pid(t->leaders[i].pid, t);
	}
	qsort(s.leaders, t->nleaders, sizeof(pid_t), compare_pids);
	int r = procfs_each_child(t->keeper, KEEPER_THREADS, add_stray, &s);
	free(s.leaders);
	gather_below(t);
	sort_nodes(&t->scan);
	classify(t);
	return r;
}

/* Was it reached the first time? */
static bool
is_among(const struct tree_proc *v, size_t count, const struct tree_proc *p)
{
	for (size_t i = 0; i < count; i++)
		if (v[i].st.pid == p->st.pid &&
		    v[i].st.start_ticks == p->st.start_ticks)
			return true;
	return false;
}

/* ---- the interface ---- */

struct tree *
tree_new(uint32_t set_hash, pid_t keeper)
{
	struct tree *t = mem_alloc(sizeof *t);

	t->set = set_half(set_hash);
	t->keeper = keeper;
	t->self = getpid();
	return t;
}

void
tree_free(struct tree *t)
{
	if (!t)
		return;
	free(t->scan.v);
	free(t->members);
	free(t->leaders);
	free(t);
}

void
tree_leader(struct tree *t, uint64_t tag, pid_t pid)
{
	if (t->nleaders == LEADERS_MAX)
		return;
	if (t->nleaders == t->leaders_cap) {
		size_t cap = t->leaders_cap ? t->leaders_cap * 2 : 64;
		t->leaders = mem_grow(t->leaders, t->leaders_cap, cap,
				      sizeof *t->leaders);
		t->leaders_cap = cap;
	}
	t->leaders[t->nleaders++] = (struct leader){ tag, pid };
}

void
tree_forget(struct tree *t, uint64_t tag)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->nleaders; i++)
		if (t->leaders[i].tag != tag)
			t->leaders[kept++] = t->leaders[i];
	t->nleaders = kept;
}

int
tree_scan(struct tree *t, enum tree_how how)
{
	t->scan.count = 0;
	t->error = 0;
	t->unsure = false;
	int r = how == TREE_QUICK ? gather_children(t) : -ENOENT;
	t->exact = r < 0;
	if (r == 0) {
		sort_nodes(&t->scan);
		classify(t);
	} else {
		t->scan.count = 0;
		r = scan_exact(t);
	}
	if (r < 0)
		return t->error = r;
	if (t->error == 0)
		keep_members(t);
	return t->error;
}

bool
tree_scan_once(struct tree *t, bool *looked)
{
	if (!*looked)
		*looked = tree_scan(t, TREE_EXACT) == 0;
	return *looked;
}

const struct tree_proc *
tree_members(const struct tree *t, uint64_t tag, size_t *count)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t->members[mid].tag < tag)
			low = mid + 1;
		else
			high = mid;
	}
	while (high < t->count && t->members[high].tag == tag)
		high++;
	*count = high - low;
	return t->members + low;
}

size_t
tree_count(const struct tree *t, uint64_t tag)
{
	size_t count;

	tree_members(t, tag, &count);
	return t->error < 0 || t->unsure ? SBX_MAX(count, (size_t)1) : count;
}

bool
tree_proves(const struct tree *t)
{
	return t->exact && t->error == 0 && !t->unsure;
}

void
tree_usage(const struct tree *t, uint64_t tag, struct tree_usage *u)
{
	const struct tree_proc *p = tree_members(t, tag, &u->count);

	u->cpu_us = u->rss_bytes = 0;
	for (size_t i = 0; i < u->count; i++) {
		u->cpu_us += p[i].st.cpu_us + p[i].st.waited_us;
		u->rss_bytes += p[i].st.rss_bytes;
	}
}

struct tree_sent
tree_signal(struct tree *t, uint64_t tag, int signo, pid_t spare)
{
	struct tree_sent sent = { 0, 0 };
	size_t count;
	const struct tree_proc *v = tree_members(t, tag, &count);

	if (signo == SIGKILL && spare == 0)
		kill_groups(v, count);
	for (size_t i = 0; i < count; i++) {
		if (v[i].st.pid == spare)
			continue;
		int r = send_to(&v[i].st, signo);
		sent.sent += r == 0;
		sent.refused += r == -EPERM;
	}
	return sent;
}

int
tree_signal_one(const struct tree_proc *m, int signo)
{
	return send_to(&m->st, signo);
}

size_t
tree_reach(struct tree *t, uint64_t tag, int signo, int then)
{
	struct tree_proc *first = NULL;
	size_t count, had = 0, reached = 0;
	uint64_t begun_us = clock_us();

	for (int round = 0; round < 2; round++) {
		/* Half of a run may be all but its leader. */
		if (gather_run(t, tag) < 0 || (round == 0 && t->error < 0))
			break;
		keep_members(t);
		const struct tree_proc *v = tree_members(t, tag, &count);
		for (size_t i = 0; i < count; i++) {
			/* What a handler starts to clean up must not get the
			 * signal as well. */
			if (round > 0 &&
			    (is_among(first, had, &v[i]) ||
			     procfs_start_us(&v[i].st) + TICK_US > begun_us))
				continue;
			reached += send_to(&v[i].st, signo) == 0;
			if (then)
				send_to(&v[i].st, then);
		}
		if (round > 0)
			break;
		first = mem_dup(v, count * sizeof(*v));
		had = count;
	}
	free(first);
	t->count = 0;
	t->unsure = true;
	t->exact = false;
	return reached;
}

struct tree_sent
tree_kill(struct tree *t, uint64_t tag)
{
	struct tree_sent sent = tree_signal(t, tag, SIGKILL, 0);

	if (sent.sent > 0)
		chase(t, tag);
	return sent;
}
