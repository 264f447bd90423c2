#include "graph.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "life.h"

static const struct row conds[] = {
#define X(e, name, help) [GRAPH_##e] = { name, NULL, "", help },
	GRAPH_COND_TABLE(X)
#undef X
};

const struct table graph_cond_table = TABLE(conds);

enum { NONE = -1 };

/* Each edge is in two lists: what its from needs, who needs its to. */
struct edge {
	size_t from, to;
	enum graph_cond cond;
	int next_need, next_user;
};

struct node {
	int first_need, last_need;	/* in the order they were added */
	int first_user;
};

struct graph {
	struct node *nodes;
	size_t nnodes;
	struct edge *edges;
	size_t nedges, cap;
};

/* Node numbers, the lowest first. */
struct heap {
	size_t *at;
	size_t len;
};

static void
heap_push(struct heap *h, size_t v)
{
	size_t i = h->len++;

	while (i > 0 && h->at[(i - 1) / 2] > v) {
		h->at[i] = h->at[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->at[i] = v;
}

static size_t
heap_pop(struct heap *h)
{
	size_t top = h->at[0], v = h->at[--h->len], i = 0;

	for (;;) {
		size_t kid = 2 * i + 1;
		if (kid >= h->len)
			break;
		if (kid + 1 < h->len && h->at[kid + 1] < h->at[kid])
			kid++;
		if (h->at[kid] >= v)
			break;
		h->at[i] = h->at[kid];
		i = kid;
	}
	h->at[i] = v;
	return top;
}

/* An array that is never empty, so that no nodes at all are fine too. */
static void *
array(size_t count, size_t size)
{
	return mem_array(count + 1, size);
}

/*
 * Takes away, one by one, what waits for nothing that is left.  Returns how
 * many went, in out; missing[] says how much each of the others waits for.
 */
static size_t
sort(const struct graph *g, size_t *out, size_t *missing)
{
	struct heap h = { array(g->nnodes, sizeof(size_t)), 0 };
	size_t n = 0;

	for (size_t i = 0; i < g->nedges; i++)
		missing[g->edges[i].from]++;
	for (size_t i = 0; i < g->nnodes; i++)
		if (!missing[i])
			heap_push(&h, i);
	while (h.len > 0) {
		size_t v = heap_pop(&h);
		out[n++] = v;
		for (int e = g->nodes[v].first_user; e != NONE;
		     e = g->edges[e].next_user)
			if (--missing[g->edges[e].from] == 0)
				heap_push(&h, g->edges[e].from);
	}
	free(h.at);
	return n;
}

/* Some node that v waits for and that is itself part of what is left. */
static size_t
next_left(const struct graph *g, const size_t *missing, size_t v)
{
	for (int e = g->nodes[v].first_need; e != NONE;
	     e = g->edges[e].next_need)
		if (missing[g->edges[e].to])
			return g->edges[e].to;
	assert(!"a node that is left waits for one that is left");
	return v;
}

static void
close_over(const struct graph *g, bool *in, bool needs)
{
	size_t *todo = array(g->nnodes, sizeof *todo);
	size_t n = 0;

	for (size_t i = 0; i < g->nnodes; i++)
		if (in[i])
			todo[n++] = i;
	while (n > 0) {
		const struct node *v = &g->nodes[todo[--n]];
		int e = needs ? v->first_need : v->first_user;
		while (e != NONE) {
			const struct edge *x = &g->edges[e];
			size_t to = needs ? x->to : x->from;
			if (!in[to]) {
				in[to] = true;
				todo[n++] = to;
			}
			e = needs ? x->next_need : x->next_user;
		}
	}
	free(todo);
}

static bool
is_met(const struct graph_fact *f, enum graph_cond c)
{
	switch (c) {
	case GRAPH_STARTED:
		return f->started;
	case GRAPH_READY:
		return f->ready;
	case GRAPH_DONE:
		return f->done;
	case GRAPH_OK:
		return f->ok;
	default:
		return false;
	}
}

static bool
is_hopeless(const struct graph_fact *f, enum graph_cond c)
{
	return !f->coming || (c == GRAPH_READY && f->overdue);
}

/* Adds what fits. */
static void
put(struct buf *b, const char *s)
{
	size_t room = b ? b->max - b->len : 0;

	if (b && s)
		buf_add(b, s, SBX_MIN(strlen(s), room));
}

static void
put_unmet(struct buf *b, const struct graph_fact *f, enum graph_cond c)
{
	if (b && b->len)
		put(b, ", ");
	put(b, f->name);
	put(b, " ");
	put(b, graph_cond_name(c));
}

static void
put_hopeless(struct buf *b, const struct graph_fact *f, enum graph_cond c)
{
	if (b && b->len)
		put(b, "; ");
	put(b, f->name);
	put(b, " ");
	put(b, f->coming ? "is unready" : f->state);
	if (f->reason && *f->reason) {
		put(b, ": ");
		put(b, f->reason);
	}
	/* It has ended well and that is not enough. */
	if (f->ok) {
		put(b, ", needed ");
		put(b, graph_cond_name(c));
	}
}

const char *
graph_cond_name(enum graph_cond c)
{
	assert((unsigned)c < GRAPH_COND_COUNT);
	return conds[c].name;
}

int
graph_cond_find(const char *name, size_t len)
{
	for (int i = 0; i < GRAPH_COND_COUNT; i++)
		if (strlen(conds[i].name) == len &&
		    memcmp(conds[i].name, name, len) == 0)
			return i;
	return -1;
}

struct graph *
graph_new(size_t nnodes)
{
	struct graph *g = mem_alloc(sizeof *g);

	g->nodes = array(nnodes, sizeof *g->nodes);
	g->nnodes = nnodes;
	for (size_t i = 0; i < nnodes; i++)
		g->nodes[i] = (struct node){ NONE, NONE, NONE };
	return g;
}

void
graph_free(struct graph *g)
{
	if (!g)
		return;
	free(g->nodes);
	free(g->edges);
	free(g);
}

int
graph_add(struct graph *g, size_t from, size_t to, enum graph_cond cond)
{
	if (from >= g->nnodes || to >= g->nnodes)
		return -EINVAL;
	struct node *n = &g->nodes[from];
	for (int e = n->first_need; e != NONE; e = g->edges[e].next_need)
		if (g->edges[e].to == to && g->edges[e].cond == cond)
			return 0;
	if (g->nedges >= GRAPH_EDGES_MAX)
		return -EMSGSIZE;
	if (g->nedges == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 16;
		g->edges = mem_grow(g->edges, g->cap, cap, sizeof *g->edges);
		g->cap = cap;
	}
	int idx = (int)g->nedges++;
	g->edges[idx] = (struct edge){ from, to, cond, NONE,
				       g->nodes[to].first_user };
	g->nodes[to].first_user = idx;
	if (n->last_need == NONE)
		n->first_need = idx;
	else
		g->edges[n->last_need].next_need = idx;
	n->last_need = idx;
	return 0;
}

size_t
graph_cycle(const struct graph *g, size_t *out, size_t max)
{
	size_t *order = array(g->nnodes, sizeof *order);
	size_t *missing = array(g->nnodes, sizeof *missing);
	bool *seen = array(g->nnodes, sizeof *seen);
	size_t len = 0, v = 0;

	if (sort(g, order, missing) == g->nnodes)
		goto out;
	/* Whoever walks among what is left has to come round. */
	while (!missing[v])
		v++;
	for (; !seen[v]; v = next_left(g, missing, v))
		seen[v] = true;
	size_t start = v;
	do {
		if (len < max)
			out[len] = v;
		len++;
		v = next_left(g, missing, v);
	} while (v != start);
out:
	free(order);
	free(missing);
	free(seen);
	return len;
}

size_t
graph_order(const struct graph *g, size_t *out)
{
	size_t *missing = array(g->nnodes, sizeof *missing);
	size_t n = sort(g, out, missing);

	free(missing);
	return n;
}

void
graph_close_needs(const struct graph *g, bool *in)
{
	close_over(g, in, true);
}

void
graph_close_dependents(const struct graph *g, bool *in)
{
	close_over(g, in, false);
}

void
graph_needed(const struct graph *g, const bool *by, bool *out)
{
	memset(out, 0, g->nnodes * sizeof *out);
	for (size_t i = 0; i < g->nnodes; i++)
		for (int e = by[i] ? g->nodes[i].first_need : NONE; e != NONE;
		     e = g->edges[e].next_need)
			out[g->edges[e].to] = true;
	close_over(g, out, true);
}

void
graph_fact_of(struct graph_fact *f, const struct life *l, const char *name)
{
	const struct status_row *row = status_get(l->status);
	bool ran = row->final || l->status == STATUS_SCHEDULED;
	bool ok = ran && l->has_exit && l->outcome == STATUS_COMPLETED;
	const char *state = row->row.name;

	if (l->status == STATUS_OFF)
		state = "is off";
	else if (l->status == STATUS_TIMED_OUT)
		state = "timed out";
	*f = (struct graph_fact){
		.started = l->alive || ok,
		.ready = l->ready,
		.done = ran && l->status != STATUS_ERROR &&
			(l->has_exit || l->lost),
		.ok = ok,
		.coming = !row->final && l->status != STATUS_OFF,
		.overdue = l->overdue,
		.name = name,
		.state = state,
		.reason = l->reason,
	};
}

enum graph_verdict
graph_judge(const struct graph *g, size_t waiter,
	    const struct graph_fact *facts, struct buf *text)
{
	bool unmet = false, hopeless = false;

	if (text)
		buf_clear(text);
	for (int e = g->nodes[waiter].first_need; e != NONE;
	     e = g->edges[e].next_need) {
		const struct edge *x = &g->edges[e];
		const struct graph_fact *f = &facts[x->to];
		if (is_met(f, x->cond))
			continue;
		/* Once one is hopeless, only such ones are told. */
		if (is_hopeless(f, x->cond)) {
			if (!hopeless && text)
				buf_clear(text);
			hopeless = true;
			put_hopeless(text, f, x->cond);
		} else if (!hopeless) {
			put_unmet(text, f, x->cond);
		}
		unmet = true;
	}
	return hopeless ? GRAPH_IMPOSSIBLE : unmet ? GRAPH_WAIT : GRAPH_MET;
}

void
graph_to_start(const struct graph *g, const bool *want,
	       const struct graph_fact *facts, bool *need)
{
	size_t *todo = array(g->nnodes, sizeof *todo);
	size_t n = 0;

	for (size_t i = 0; i < g->nnodes; i++) {
		need[i] = want[i];
		if (want[i])
			todo[n++] = i;
	}
	while (n > 0) {
		size_t v = todo[--n];
		for (int e = g->nodes[v].first_need; e != NONE;
		     e = g->edges[e].next_need) {
			const struct edge *x = &g->edges[e];
			const struct graph_fact *f = &facts[x->to];
			if (need[x->to] || f->coming || is_met(f, x->cond))
				continue;
			need[x->to] = true;
			todo[n++] = x->to;
		}
	}
	free(todo);
}
