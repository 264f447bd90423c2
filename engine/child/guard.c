#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "keeper.h"
#include "leftover.h"

enum { LAST_WORDS_MS = 1000, GIVE_UP_MS = 10000, ROUND_MS = 10 };

/* The engine is no child of ours, so its name must speak for the pid. */
static bool
engine_lives(pid_t pid)
{
	struct procfs_stat st;

	return pid > 0 && procfs_stat(pid, &st) == 0 &&
	       !procfs_is_dead(&st) && strcmp(st.comm, ENGINE_NAME) == 0;
}

static void
end_the_set(const struct keeper_shared *sh)
{
	uint64_t start_ms = clock_ms();
	struct timespec pause = { 0, ROUND_MS * 1000000L };

	for (;;) {
		uint64_t for_ms = clock_ms() - start_ms;
		bool gone = !sh->set_hash ||
			    leftover_kill(sh->set_hash, 0, NULL);
		bool engine = engine_lives(sh->engine);
		if (engine && for_ms > LAST_WORDS_MS)
			kill(sh->engine, SIGKILL);
		if ((gone && !engine) || for_ms > GIVE_UP_MS)
			return;
		nanosleep(&pause, NULL);
	}
}

static SBX_NORETURN void
guard_main(const struct keeper_shared *sh, pid_t keeper)
{
	sigset_t set;
	int signo;

	prctl(PR_SET_NAME, "sbx: guard");
	close_range(3, ~0U, 0);
	/* Blocked, as everything the keeper waits for; taken one by one. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	while (getppid() == keeper)
		sigwait(&set, &signo);
	end_the_set(sh);
	_exit(0);
}

pid_t
guard_start(const struct keeper_shared *sh)
{
	pid_t keeper = getpid();
	pid_t pid = sys_fork();

	if (pid == 0)
		guard_main(sh, keeper);
	return pid;
}
