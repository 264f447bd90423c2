#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "engine/base/base.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"

struct helper {
	pid_t pid;
	helper_fn *done;
	void *arg;
};

static void
on_end(struct source *s, unsigned events, void *arg)
{
	struct helper *h = arg;
	int status = 0;

	(void)events;
	if (waitpid(h->pid, &status, WNOHANG) == 0)
		return;
	loop_drop(s);
	if (h->done)
		h->done(status, h->arg);
	free(h);
}

/* input: -1 for a program that has the terminal. */
static void
child(char *const *argv, char *const *env, int input)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (input >= 0) {
		int null = open("/dev/null", O_RDWR);
		/* Ctrl-C and a closed window are not for it. */
		setsid();
		dup2(input, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	for (; env && *env; env++)
		putenv(*env);
	execvp(argv[0], argv);
	_exit(127);
}

/* A file in memory with the input, at its start. */
static int
input_file(const void *input, size_t len)
{
	int fd = sys_memfd("sbx-input");

	if (fd < 0)
		return fd;
	int r = sys_write_all(fd, input, len);
	if (r < 0) {
		sys_close(fd);
		return r;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int
start(struct loop *l, char *const *argv, char *const *env, int input,
      helper_fn *done, void *arg, struct err *e)
{
	pid_t pid = sys_fork();

	if (pid == 0)
		child(argv, env, input);
	sys_close(input);
	if (pid < 0)
		return err_set(e, ERR_FAILED, "%s cannot be started: %s",
			       argv[0], strerror((int)-pid));
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct helper *h = mem_alloc(sizeof(*h));
	*h = (struct helper){ pid, done, arg };
	if (pidfd >= 0 && loop_add(l, pidfd, LOOP_IN, "helper", on_end, h))
		return 0;
	sys_close(pidfd);
	free(h);
	return err_set(e, ERR_FAILED, "%s cannot be waited for", argv[0]);
}

int
helper_run(struct loop *l, char *const *argv, char *const *env,
	   const void *input, size_t len, helper_fn *done, void *arg,
	   struct err *e)
{
	int fd = input_file(input, len);

	if (fd < 0)
		return err_set(e, ERR_FAILED, "no memory for %s: %s", argv[0],
			       strerror(-fd));
	return start(l, argv, env, fd, done, arg, e);
}

int
helper_shell(struct loop *l, const char *line, char *const *env,
	     const void *input, size_t len, helper_fn *done, void *arg,
	     struct err *e)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)line, NULL };

	return helper_run(l, argv, env, input, len, done, arg, e);
}

int
helper_front(struct loop *l, const char *line, char *const *env,
	     helper_fn *done, void *arg, struct err *e)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)line, NULL };

	return start(l, argv, env, -1, done, arg, e);
}

bool
helper_there(const char *name)
{
	const char *path = getenv("PATH");
	bool found = false;

	while (path && *path && !found) {
		size_t n = strcspn(path, ":");
		char *file = mem_fmt("%.*s/%s", (int)n, path, name);
		found = access(file, X_OK) == 0;
		free(file);
		path += n + (path[n] == ':');
	}
	return found;
}
