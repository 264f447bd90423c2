#ifndef SBX_PROCLIFE_H
#define SBX_PROCLIFE_H

/*
 * The life of a process: what happens to it comes in as events of life.h, and
 * what they ask for is carried out.  A start is at the end of the turn, behind
 * the registry: nothing starts unrecorded.  What the keeper says of a run
 * comes in here too.
 */

#include "child/spawn.h"
#include "life/event.h"
#include "life/life.h"

struct engine;
struct keep_exit;
struct keep_start;
struct proc;
struct timer;

void	proc_event(struct proc *p, const struct life_input *in);
/* The usual input: event, cause and one phrase. */
void	proc_tell(struct proc *p, enum life_event ev, enum cause cause,
		  const char *detail);
void	proc_on_timer(struct timer *t, void *arg);	/* of its life */
void	proc_arm(struct proc *p);		/* the same one */
/* What the former engine knew of the run of a log without a directory. */
void	proc_restore_run(struct proc *p);
/* After registry_save(), with what it gave: nothing starts unrecorded. */
void	proc_settle_starts(struct engine *e, int saved);
/* The keeper's word. */
void	proc_started(struct proc *p, const struct keep_start *s);
void	proc_failed(struct proc *p, enum spawn_step step, int error);
void	proc_exited(struct proc *p, const struct keep_exit *x);

#endif
