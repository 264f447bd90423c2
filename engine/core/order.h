#ifndef SBX_ORDER_H
#define SBX_ORDER_H

/*
 * Who may start now, and what the others wait for: dependencies and places
 * (limit.processes).  Looked at once a turn, for all together;
 * the graph itself is pure (graph.h).
 */

#include <stdbool.h>
#include <stddef.h>

struct engine;
struct err;
struct life_policy;
struct proc;
struct spec;

void	order_policy(const struct spec *s, struct life_policy *out);
bool	order_has_ready(const struct spec *s);	/* a rule that says when */
void	order_settle(struct engine *e);
bool	order_is_going(const struct proc *p);	/* by a reload, or asked to */
/* LIFE_IN_* that save a process the waiting for what it need not wait for. */
unsigned order_shortcuts(const struct proc *p);
/* Is there a place for so many more at once?  0 or -1. */
int	order_room(const struct engine *e, size_t count, struct err *err);
/* The list of processes has another order, or other dependencies. */
void	order_changed(struct engine *e);
/* Marks in want[] (by index of procs) what must be started for them. */
void	order_needs(struct engine *e, bool *want);
void	order_dependents(struct engine *e, bool *want);
/* The same, but only those that run, are about to, or have come to an end by
 * themselves: what is off or was stopped by hand stays so. */
void	order_dependents_up(struct engine *e, bool *want);

#endif
