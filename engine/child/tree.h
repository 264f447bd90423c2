#ifndef SBX_TREE_H
#define SBX_TREE_H

/*
 * Who belongs to a run.  Every child gets a tag, a huge number in the hard
 * limit RLIMIT_RTTIME, that fork, exec, setsid, env -i and setuid hand on and
 * that anybody may read.  A process of the keeper's tree belongs to a run by
 * its tag, else by its session or process group, else by an ancestor that
 * belongs, else by SBX_ID in its environment.
 *
 * One scan serves all runs.  A signal goes to a pidfd after the process was
 * looked at again, so a pid that was used again is never hit.  Members are
 * live processes: zombies do not count.  The engine and what else sbx itself
 * runs carry no tag and belong to nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/procfs.h"

struct tree;

enum { TREE_MAX = 65536 };		/* processes that a scan looks at */

/* One live process of a run, as of the last scan. */
struct tree_proc {
	uint64_t tag;
	struct procfs_stat st;
};

/* The sum over the members of a run. */
struct tree_usage {
	size_t count;
	uint64_t cpu_us;	/* with children that were waited for */
	uint64_t rss_bytes;
};

/* What tree_signal did. */
struct tree_sent {
	size_t sent;
	size_t refused;		/* EPERM: not ours to signal, still alive */
};

/* In (2^62, 2^63): setrlimit takes it and it can never matter. */
uint64_t tree_tag(uint32_t set_hash, uint32_t slot_no);	/* 31 bits each */
uint32_t tree_tag_set(uint64_t tag);	/* the set half; 0: not a tag */
uint32_t tree_tag_slot(uint64_t tag);
/* Of a process, by its limit or its environment; 0: none of this set. */
uint64_t tree_tag_of(uint32_t set_hash, pid_t pid);

struct tree *tree_new(uint32_t set_hash, pid_t keeper);
void	tree_free(struct tree *t);			/* NULL is fine */

/* The leader of a run: known from STARTED or ADOPT until the run is gone. */
void	tree_leader(struct tree *t, uint64_t tag, pid_t pid);
void	tree_forget(struct tree *t, uint64_t tag);

/*
 * TREE_QUICK follows the lists of children: cheap, but it may miss one whose
 * sibling ends meanwhile; right for figures.  TREE_EXACT reads all of /proc:
 * right for "nothing is left".  0, or -errno: then the members stay as they
 * were.
 */
enum tree_how { TREE_QUICK, TREE_EXACT };
int	tree_scan(struct tree *t, enum tree_how how);
/*
 * For those who can share one look: *looked says that the last scan is exact
 * and as new as they need (of this turn); it is made so if need be.  Returns
 * *looked, false after a scan that failed.
 */
bool	tree_scan_once(struct tree *t, bool *looked);

/*
 * Of the last scan; the array is valid until the next one.  After a scan that
 * failed, or that could not keep up with what is born, nothing counts as gone:
 * tree_count is at least 1.
 */
size_t	tree_count(const struct tree *t, uint64_t tag);
/* Was it exact, so that who is not in it does not live? */
bool	tree_proves(const struct tree *t);
const struct tree_proc *tree_members(const struct tree *t, uint64_t tag,
				     size_t *count);
void	tree_usage(const struct tree *t, uint64_t tag, struct tree_usage *u);

/*
 * To each member of the last scan but spare (0: to all).  With SIGKILL the
 * process groups of the run go first, in one stroke each, so that a group
 * which forks cannot outrun it.
 */
struct tree_sent tree_signal(struct tree *t, uint64_t tag, int signo,
			     pid_t spare);

/* To this one alone: 0, -ESRCH when it is gone by now, or -EPERM. */
int	tree_signal_one(const struct tree_proc *m, int signo);

/*
 * A polite signal to the members of one run that has its leader, and then (0:
 * nothing more) another one: what costs is that run and not how many others
 * there are.  It is looked for twice, so that who was missed the first time is
 * reached as well, but not who was born since.  Returns how many; 0 when it
 * cannot look.  The last scan is void then: nothing counts as gone.
 */
size_t	tree_reach(struct tree *t, uint64_t tag, int signo, int then);

/*
 * SIGKILL to the members of the last scan, and to what is born meanwhile: it
 * is chased for up to 20 ms, so that a storm converges in a few rounds.  For
 * many runs: one exact scan, then this for each.
 */
struct tree_sent tree_kill(struct tree *t, uint64_t tag);

#endif
