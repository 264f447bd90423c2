#include "anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exepath.h"
#include "base/sys.h"
#include "endall.h"

enum {
	LAST_WORDS_MS = 1000,	/* for the engine, when the keeper has died */
	GIVE_UP_MS = 30000,
	EXIT_INTERNAL = 125,
};

/* Descriptors 0 to 2 are open and no other is: ours start above them. */
static void
clean_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	close_range(3, ~0U, 0);
}

static void
block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	/* An ignored SIGCHLD, which may be inherited, would reap by itself. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

/* Until the keeper has ended; the status of waitpid. */
static int
wait_for_keeper(pid_t keeper, const sigset_t *set)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid == keeper)
			return status;
		if (pid > 0)
			continue;
		int signo = sigwaitinfo(set, NULL);
		if (signo == SIGTERM || signo == SIGINT)
			kill(keeper, SIGTERM);
	}
}

int
anchor_run(const struct keeper_conf *c)
{
	sigset_t set;

	clean_descriptors();
	if (chdir("/") < 0)
		return EXIT_INTERNAL;
	block_signals(&set);
	prctl(PR_SET_NAME, "sbx: anchor");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	struct keeper_shared *sh =
		mmap(NULL, sizeof *sh, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		return EXIT_INTERNAL;
	sh->anchor = getpid();
	pid_t keeper = sys_fork();
	if (keeper < 0)
		return EXIT_INTERNAL;
	if (keeper == 0)
		_exit(keeper_main(c, sh));

	int status = wait_for_keeper(keeper, &set);
	endall_run(sh->engine, LAST_WORDS_MS, GIVE_UP_MS);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
}

int
anchor_main(const char *rundir)
{
	char exe[EXEPATH_MAX];
	char *argv[] = { "sbx", "__engine", (char *)(uintptr_t)rundir, NULL };
	struct keeper_conf c = { .exe = exe, .argv = argv };

	/* The name and not the file: a newer binary is put in its place. */
	exepath(exe);
	return anchor_run(&c);
}
