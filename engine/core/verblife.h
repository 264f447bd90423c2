#ifndef SBX_VERBLIFE_H
#define SBX_VERBLIFE_H

/*
 * Verbs that begin and end what runs, or forget what has ended: what was
 * asked for becomes events of the lives of those it means, and of those they
 * need or are needed by.  What comes of it is not waited for.
 */

struct verbcall;

void	verblife_start(struct verbcall *c);
void	verblife_stop(struct verbcall *c);
void	verblife_restart(struct verbcall *c);
void	verblife_kill(struct verbcall *c);
void	verblife_signal(struct verbcall *c);
void	verblife_rm(struct verbcall *c);
void	verblife_clean(struct verbcall *c);
void	verblife_down(struct verbcall *c);
void	verblife_scale(struct verbcall *c);

#endif
