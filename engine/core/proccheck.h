#ifndef SBX_PROCCHECK_H
#define SBX_PROCCHECK_H

/*
 * The checks of a process.  `ready` is asked until its first success; `live`
 * from then on, for as long as the run lasts, and acts after so many failures
 * one after the other.  One attempt of each at a time; none waits.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct helper;
struct msg_reader;
struct proc;

void	proccheck_start(struct proc *p);
void	proccheck_stop(struct proc *p);
/* A check by command is over; text: why it failed, NULL if it did not. */
void	proccheck_ended(struct proc *p, const struct helper *h,
			const char *text);
/* A line matched the pattern of `live log`. */
void	proccheck_beat(struct proc *p);
/* What its ready rule waits for, in a phrase; returns out. */
const char *proccheck_missing(const struct proc *p, char *out, size_t cap);
/* The newest results, for the registry; those that it has need not be put. */
bool	proccheck_has_results(const struct proc *p);
bool	proccheck_is_saved(const struct proc *p);
int	proccheck_pack(struct proc *p, struct buf *b);
void	proccheck_unpack(struct proc *p, struct msg_reader *r);
/* Takes the descriptor on which the process tells that it is ready. */
void	proccheck_notify(struct proc *p, int fd);

#endif
