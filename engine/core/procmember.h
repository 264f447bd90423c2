#ifndef SBX_PROCMEMBER_H
#define SBX_PROCMEMBER_H

/*
 * One process of a tree, meant by its number: "web/4160" is a member of the
 * run of web, or of what a run that is over has left (tree keep).  A number
 * alone says nothing to a kernel that gives it to somebody else tomorrow: it
 * counts only for a member of a scan made just now, and a later step looks
 * again whether it is the one.
 *
 * The leader is no member here but where a signal is sent: who ends it ends
 * the run, which has a ladder, a reason and a restart rule of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "life/event.h"

struct buf;
struct engine;
struct err;
struct msg_reader;
struct proc;

/* Whose "NAME/PID" it is; NULL: no such word, or no such process. */
struct proc *procmember_parse(const struct engine *e, const char *word,
			      pid_t *pid);
/* The look that the next ones are about, once for all that a request names: on
 * a machine with many processes each costs.  Each: 0, or -1 with err. */
int	procmember_look(struct engine *e, struct err *err);
/* Could it be signalled, and ended?  before: how many of p's are to be ended
 * before it. */
int	procmember_check(struct proc *p, pid_t pid, struct err *err);
int	procmember_check_end(struct proc *p, pid_t pid, size_t before,
			     bool now, struct err *err);
/*
 * A signal that somebody asks for, by a request with this key (0: none).  If
 * it is asked again because an engine died over it, who has had it does not
 * get it once more: had says so of one process, and of a record that nothing
 * of it is left to be sent to.
 */
int	procmember_signal(struct proc *p, pid_t pid, int signo,
			  enum cause cause, uint64_t key, struct err *err);
bool	procmember_had(const struct proc *p, pid_t pid, uint64_t key);
/* The trees of its run and of what former ones have left, as they were at the
 * look. */
void	procmember_signal_all(struct proc *p, int signo, enum cause cause,
			      uint64_t key);
bool	procmember_all_had(const struct proc *p, uint64_t key);
/* As a former engine sent it, of a run that was restored. */
void	procmember_find_sent(struct proc *p);
/* The kernel's word: it stands still, or goes on. */
void	procmember_paused(struct proc *p, bool paused);
/* TERM, and KILL after five seconds, or at once.  It could be ended, as
 * procmember_check_end() found. */
int	procmember_end(struct proc *p, pid_t pid, enum cause cause, bool now,
		       struct err *err);
/* When it wants to look again; UINT64_MAX: not by itself.  looked: see
 * tree_scan_once(). */
uint64_t procmember_settle(struct proc *p, bool *looked);
int	procmember_pack(const struct proc *p, struct buf *b);
void	procmember_unpack(struct proc *p, struct msg_reader *r);

#endif
