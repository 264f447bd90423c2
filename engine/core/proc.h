#ifndef SBX_PROC_H
#define SBX_PROC_H

/*
 * A record of the engine: it is made with a definition and a log, has its
 * place in the list, and goes with all that its parts have.  What becomes of
 * it meanwhile: proclife.h, and of the trees of its runs: proctree.h.
 */

#include <stdbool.h>
#include <stdint.h>
#include "life/event.h"

struct engine;
struct err;
struct proc;
struct spec;

/*
 * Takes spec and environ_.  NULL with err when the name is taken.  id 0: a
 * new one; from_seq: see struct proc.
 */
struct proc *proc_new(struct engine *e, struct spec *spec, char **environ_,
		      uint32_t id, uint64_t from_seq, struct err *err);
/* Closes and frees; with remove the log goes too. */
void	proc_free(struct proc *p, bool remove_log);
/* It goes when nothing of it is left. */
void	proc_remove(struct proc *p, enum cause by);
void	proc_drop_environ(struct proc *p);	/* it has the set's then */
void	proc_touch(struct proc *p);		/* its row has changed */
void	proc_grew(struct proc *p);		/* what GROW tells has */
bool	proc_is_live(const struct proc *p);
/* End-of-turn work: schedules, files, copies, who has left it. */
void	proc_settle_aside(struct engine *e);

#endif
