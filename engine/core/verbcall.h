#ifndef SBX_VERBCALL_H
#define SBX_VERBCALL_H

/*
 * One request while it is carried out: which processes its words mean, which
 * of them it acted on, and what it is answered.  Of the verbs alone; it lives
 * as long as verb_request() does.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

struct engine;
struct peer;
struct proc;
struct proto_request;

/* "NAME/PID" among its words. */
struct verbcall_member {
	struct proc *p;
	pid_t pid;
};

struct verbcall {
	struct peer *peer;
	struct engine *e;
	struct proto_request *q;
	bool *hit;		/* by index of procs */
	struct verbcall_member *members;
	size_t member_count;
	bool now;		/* it leaves at once: it promises nothing */
	struct buf text;	/* the answer */
	struct err err;
	uint32_t *ids;		/* of those it acted on */
	size_t id_count;
};

/* All is borrowed but what it makes itself. */
void	verbcall_init(struct verbcall *c, struct peer *peer,
		      struct proto_request *q);
void	verbcall_fini(struct verbcall *c);
/* Nothing is meant yet; also when the number of processes has changed. */
void	verbcall_clear(struct verbcall *c);
/* Those words that mean one process of a tree are taken out. */
void	verbcall_take_members(struct verbcall *c);
/* What its words mean, into hit.  0, or -1 with err. */
int	verbcall_select(struct verbcall *c);
void	verbcall_acted_on(struct verbcall *c, const struct proc *p);

#endif
