#ifndef SBX_LAUNCH_H
#define SBX_LAUNCH_H

/*
 * From a definition to a request to the keeper: command, environment, user,
 * limits, descriptors and the number of the run.  Nothing is started here; the
 * keeper's answer comes to proc_started() or proc_failed().
 */

#include <stddef.h>
#include <stdint.h>
#include "child/spawn.h"

struct engine;
struct helper;
struct proc;

/* 0, or -errno with the reason in why (cap bytes). */
int	launch_run(struct proc *p, char *why, size_t cap);
/* A number never used before, and the tag that goes with it. */
uint64_t launch_slot(struct engine *e, uint64_t *tag);
int	launch_helper(struct engine *e, struct helper *h, struct proc *p,
		      const char *command, char **more_env);
/* Replaces or adds a variable in a NULL-terminated list; takes "K=V". */
char	**launch_env_put(char **env, char *line);
/* Why a run could not be started, as a phrase. */
void	launch_explain(const struct proc *p, enum spawn_step step, int error,
		       char *out, size_t cap);

#endif
