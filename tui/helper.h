#ifndef SBX_HELPER_H
#define SBX_HELPER_H

/*
 * A short program beside the screen: it gets its input from memory, its
 * output goes nowhere, and its end is told by the loop.  It is not a process
 * of the set, and nobody waits for it: what still runs when the screen ends
 * goes on.  Or one in front of the screen, like an editor.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;

/* status is that of waitpid. */
typedef void helper_fn(int status, void *arg);

/* argv[0] is searched in PATH; env is added to ours ("NAME=value", may be
 * NULL).  done may be NULL.  0 or -1. */
int	helper_run(struct loop *l, char *const *argv, char *const *env,
		   const void *input, size_t len, helper_fn *done, void *arg,
		   struct err *e);
/* The same for a line of the shell. */
int	helper_shell(struct loop *l, const char *line, char *const *env,
		     const void *input, size_t len, helper_fn *done,
		     void *arg, struct err *e);
/* A line of the shell that has the terminal until it ends.  The caller keeps
 * its hands off it, and passes over SIGINT and SIGQUIT: they are for both. */
int	helper_front(struct loop *l, const char *line, char *const *env,
		     helper_fn *done, void *arg, struct err *e);
/* Is there a program of that name in PATH? */
bool	helper_there(const char *name);

#endif
