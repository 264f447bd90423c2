#ifndef SBX_PROC_H
#define SBX_PROC_H

/*
 * A record of the engine: a definition, its life and what its runs have.  What
 * happens to it comes in as events of life.h, what that asks for is carried out
 * at the end of the turn, behind the registry: nothing starts unrecorded.
 */

#include <stdbool.h>
#include <stdint.h>
#include "child/spawn.h"
#include "life/event.h"
#include "life/life.h"

struct engine;
struct err;
struct keep_exit;
struct keep_start;
struct life_input;
struct proc;
struct spec;
struct timer;

/*
 * Takes spec and environ_.  NULL with err when the name is taken.  id 0: a
 * new one; from_seq: see struct proc.
 */
struct proc *proc_new(struct engine *e, struct spec *spec, char **environ_,
		      uint32_t id, uint64_t from_seq, struct err *err);
/* Closes and frees; with remove the log goes too. */
void	proc_free(struct proc *p, bool remove_log);
void	proc_event(struct proc *p, const struct life_input *in);
/* The usual input: event, cause and one phrase. */
void	proc_tell(struct proc *p, enum life_event ev, enum cause cause,
		  const char *detail);
void	proc_drop_environ(struct proc *p);	/* it has the set's then */
void	proc_on_timer(struct timer *t, void *arg);	/* of its life */
/* It goes when nothing of it is left. */
void	proc_remove(struct proc *p, enum cause by);
void	proc_touch(struct proc *p);		/* its row has changed */
bool	proc_is_live(const struct proc *p);
void	proc_arm(struct proc *p);		/* the timer of its life */
/* What the former engine knew of the run of a log without a directory. */
void	proc_restore_run(struct proc *p);
/* End-of-turn work. */
void	proc_settle_aside(struct engine *e);	/* schedules, files, copies */
void	proc_settle_trees(struct engine *e);
/* After registry_save(), with what it gave: nothing starts unrecorded. */
void	proc_settle_starts(struct engine *e, int saved);
/* The keeper's word. */
void	proc_started(struct proc *p, const struct keep_start *s);
void	proc_failed(struct proc *p, enum spawn_step step, int error);
void	proc_exited(struct proc *p, const struct keep_exit *x);

#endif
