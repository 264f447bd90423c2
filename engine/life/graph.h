#ifndef SBX_GRAPH_H
#define SBX_GRAPH_H

/*
 * Who waits for whom, as arrays of numbers: orders, cycles, closures, and
 * whether the dependencies of a process are met, can still be met, or never.
 * Pure: the caller says what is true of each process (struct graph_fact) and
 * keeps names; nothing here knows a process.  No function recurses and none
 * takes more than (nodes + edges) * log(nodes), so 10,000 of them are fine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/table.h"

struct buf;
struct life;

/* X(enum, name, help) */
#define GRAPH_COND_TABLE(X)                                                    \
	X(STARTED, "started", "its program runs, or has ended with success")   \
	X(READY, "ready", "it is ready; without a ready rule: it runs")        \
	X(DONE, "done", "it has ended, well or not")                           \
	X(OK, "ok", "it has ended with success")

enum graph_cond {
#define X(e, name, help) GRAPH_##e,
	GRAPH_COND_TABLE(X)
#undef X
	GRAPH_COND_COUNT
};

extern const struct table graph_cond_table;

const char *graph_cond_name(enum graph_cond c);
int	graph_cond_find(const char *name, size_t len);	/* -1: none */

struct graph;

struct graph *graph_new(size_t nnodes);
void	graph_free(struct graph *g);		/* NULL is fine */
/* from waits for to.  A second equal edge is ignored; -EINVAL for a number
 * that is no node, -EMSGSIZE past GRAPH_EDGES_MAX. */
enum { GRAPH_EDGES_MAX = 1 << 20 };
int	graph_add(struct graph *g, size_t from, size_t to,
		  enum graph_cond cond);

/*
 * One cycle as node numbers a, b, ... (a waits for b, ..., the last for a);
 * returns its length, 0 if there is none.  Writes at most max numbers.
 */
size_t	graph_cycle(const struct graph *g, size_t *out, size_t max);

/*
 * All nodes, dependencies before dependents; among those that are free to go
 * the lowest number first, so that the order of the file is kept.  out has
 * room for all of them.  Returns how many (fewer: there is a cycle).
 * The order for stopping is the same one read backwards.
 */
size_t	graph_order(const struct graph *g, size_t *out);

/* in[i] is set where it was set before, and for all that these need (or that
 * need these), directly or not. */
void	graph_close_needs(const struct graph *g, bool *in);
void	graph_close_dependents(const struct graph *g, bool *in);

/* All that those in by[] need, directly or not, into out. */
void	graph_needed(const struct graph *g, const bool *by, bool *out);

/* What is true of a process, as its waiters see it. */
struct graph_fact {
	bool started, ready, done, ok;
	bool coming;		/* not at rest: a condition may still come */
	bool overdue;		/* its ready.timeout has passed */
	const char *name;	/* borrowed, as all texts here */
	const char *state;	/* "failed", "is off" */
	const char *reason;	/* why it is so */
};

void	graph_fact_of(struct graph_fact *f, const struct life *l,
		      const char *name);

enum graph_verdict { GRAPH_MET, GRAPH_WAIT, GRAPH_IMPOSSIBLE };

/*
 * The verdict for one waiter over the facts of all.  text (may be NULL, is
 * cleared first) gets every unmet one: "db ready, migrate ok", or why it is
 * impossible: "db failed: exit 1; migrate is off".  Cut where it passes the
 * maximum of text.
 */
enum graph_verdict graph_judge(const struct graph *g, size_t waiter,
			       const struct graph_fact *facts,
			       struct buf *text);

/*
 * What has to be started so that the nodes in want[] can run: sets need[i]
 * for want[i] itself and for every direct or indirect dependency whose
 * condition is not met and that is not on its way.  A completed one-shot
 * that satisfies its dependents is left alone, and so is what only it needs.
 */
void	graph_to_start(const struct graph *g, const bool *want,
		       const struct graph_fact *facts, bool *need);

#endif
