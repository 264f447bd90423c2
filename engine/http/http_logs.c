#include "http_logs.h"

#include <stdlib.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/model.h"
#include "http_entries.h"
#include "http_link.h"
#include "log/logread.h"
#include "log/logtold.h"
#include "spec/proto.h"
#include "text/rowfmt.h"

enum {
	HOLD_EVERY_US = 20 * 1000,
	HOLD_STEP_BYTES = 16 << 10,	/* for less the engine is not woken */
	HOLDS_MAX = 16,
};

struct http_logs {
	struct http_link *link;
	struct loop *loop;
	struct list logs;
	size_t held;			/* logs that the engine holds */
};

/* The log of one process. */
struct shared {
	struct list node;
	struct http_logs *all;
	uint32_t id;
	struct list readers;
	struct entries *entries;
	struct link_watch *watch;
	struct link_ask *ask;		/* it is being opened */
	struct timer *quiet;
	struct proc_row *last_row;	/* of one that is forgotten */
	struct err why;
	uint64_t grown;			/* what its growth looked like */
	uint64_t hold;			/* line that the engine holds; 0 */
	uint64_t at_hold_us;		/* when it was told, and how much */
	uint64_t hold_bytes;		/* the log had then */
	bool stale;			/* more is there than was looked at */
	bool grew;			/* ... which is all that grow tells */
	bool told;			/* or more is known without a look */
	struct proto_grow grow;		/* the newest */
	unsigned calling;
};

struct http_log {
	struct list node;
	struct shared *shared;
	http_log_fn *fn;
	void *arg;
	uint64_t seq;			/* what it takes next; 0: not said */
	uint64_t at_stuck_us;		/* behind, and there since; 0: not */
};

/* --- one log --- */

static struct model_proc *
proc_of(const struct shared *h)
{
	return h->last_row ? NULL :
		model_find(http_link_model(h->all->link), h->id);
}

static const struct proc_row *
row_of(const struct shared *h)
{
	const struct model_proc *p = proc_of(h);

	return p ? p->row : h->last_row;
}

static bool
is_over(const struct shared *h)
{
	const struct proc_row *row = row_of(h);

	return h->last_row || (row && rowfmt_is_over(row));
}

static void
set_hold(struct shared *h, uint64_t line)
{
	h->all->held += (line != 0) - (size_t)(h->hold != 0);
	h->hold = line;
}

static void
shared_free(struct shared *h)
{
	set_hold(h, 0);
	list_del(&h->node);
	http_link_unwatch(h->watch);
	http_link_cancel(h->ask);
	timer_drop(h->quiet);
	entries_free(h->entries);
	proc_row_free(h->last_row);
	free(h);
}

/* The engine keeps a log that would go with its process while we read it. */
static void
close_log(struct shared *h)
{
	struct client *c = http_link_client(h->all->link);

	if (c) {
		client_log_tell(c, h->id, false);
		client_log_close(c, h->id);
	}
	if (c && h->hold)
		client_log_hold(c, h->id, 0);
	set_hold(h, 0);
	http_link_cancel(h->ask);
	h->ask = NULL;
	timer_stop(h->quiet);
	entries_open(h->entries, NULL);
}

/* Nobody reads it: only numbers that were given are worth remembering. */
static void
settle(struct shared *h)
{
	if (h->calling || !list_empty(&h->readers))
		return;
	if (h->last_row || entries_pieces(h->entries) == 0)
		shared_free(h);
}

static void
tell(struct shared *h)
{
	h->calling++;
	list_each_safe(n, tmp, &h->readers) {
		struct http_log *g = container_of(n, struct http_log, node);
		g->fn(g, g->arg);
	}
	h->calling--;
	settle(h);
}

/* The slowest reader who gets on, or has nothing to read; 0: none. */
static uint64_t
slowest(struct shared *h, uint64_t now)
{
	uint64_t seq = UINT64_MAX, next = entries_next(h->entries);
	/* While they are few, all are held before a flood can outrun them. */
	uint64_t behind = h->all->held <= HOLDS_MAX ? 0 : HTTP_LOG_BEHIND;

	list_each(n, &h->readers) {
		struct http_log *g = container_of(n, struct http_log, node);
		if (g->seq >= next)
			g->at_stuck_us = 0;
		else if (!g->at_stuck_us)
			g->at_stuck_us = now;
		if (g->seq && (!g->at_stuck_us || now - g->at_stuck_us <
			       HTTP_LOG_STUCK_MS * 1000))
			seq = SBX_MIN(seq, g->seq);
	}
	return seq != UINT64_MAX && seq + behind <= next ? seq : 0;
}

/* Not for each step of a reader: what it has passed goes a bit later. */
static void
hold(struct shared *h)
{
	struct client *c = http_link_client(h->all->link);
	struct logread *lr = entries_log(h->entries);
	uint64_t now = clock_us(), bytes = 0;

	for (unsigned s = 0; lr && s < LOG_STREAMS; s++)
		bytes += logread_end(lr, (enum log_stream)s);
	bool little = bytes - h->hold_bytes < HOLD_STEP_BYTES;
	uint64_t pause = little ? HTTP_LOG_STUCK_MS * 1000 / 2 : HOLD_EVERY_US;
	if (!lr || !c)
		return;
	if (h->hold && now - h->at_hold_us < pause) {
		/* Who has got stuck meanwhile is seen then. */
		if (!timer_armed(h->quiet))
			timer_arm(h->quiet, h->at_hold_us + pause);
		return;
	}
	uint64_t seq = slowest(h, now);
	uint64_t line = seq ? entries_line(h->entries, seq) : 0;
	if (line != h->hold)
		client_log_hold(c, h->id, line);
	set_hold(h, line);
	h->at_hold_us = now;
	h->hold_bytes = bytes;
	/* One that gets stuck now is seen later. */
	if (line && seq < entries_next(h->entries) && !timer_armed(h->quiet))
		timer_arm(h->quiet, now + HTTP_LOG_STUCK_MS * 1000);
}

static void
look(struct shared *h)
{
	struct logread *lr = entries_log(h->entries);

	if (!lr || !(h->stale || h->told))
		return;
	if (h->stale && h->grew)
		logread_grow(lr, h->grow.next_seq, h->grow.run,
			     h->grow.bytes);
	else if (h->stale)
		logread_refresh(lr);
	h->stale = h->grew = h->told = false;
	if (is_over(h) || entries_tail(h->entries) > HTTP_LOG_TAIL_MAX)
		entries_publish(h->entries);
	hold(h);
}

static void
publish(struct shared *h)
{
	h->stale = true;
	look(h);
	if (entries_log(h->entries))
		entries_publish(h->entries);
}

static void
on_quiet(struct timer *t, void *arg)
{
	struct shared *h = arg;
	(void)t;

	publish(h);
	tell(h);
}

static void
on_log(struct logread *lr, const struct proto_grow *g, const struct err *e,
       void *arg)
{
	struct shared *h = arg;
	(void)g;

	h->ask = NULL;
	if (e && e->code == ERR_NO_ENGINE)
		return;			/* BACK or GONE will come */
	if (e)
		h->why = *e;
	set_hold(h, 0);			/* it may be a new engine */
	if (lr) {
		entries_open(h->entries, lr);
		client_log_tell(http_link_client(h->all->link), h->id, true);
	}
	h->stale = true;
	timer_arm(h->quiet, clock_us() + HTTP_LOG_QUIET_MS * 1000);
	tell(h);
}

static void
open_log(struct shared *h)
{
	http_link_cancel(h->ask);
	h->ask = http_link_log(h->all->link, h->id, on_log, h);
}

/* All that a GROW tells, in one number: is it news? */
static uint64_t
growth(const struct proto_grow *g)
{
	uint64_t sum = g->next_seq;

	for (unsigned s = 0; s < LOG_STREAMS; s++)
		sum += g->bytes[s];
	return sum + g->dropped_bytes;
}

static void
on_grow(struct shared *h, const struct proto_grow *g)
{
	uint64_t grown = growth(g);

	h->grow = *g;
	if (grown != h->grown)
		timer_arm(h->quiet, clock_us() + HTTP_LOG_QUIET_MS * 1000);
	h->grown = grown;
	if (g->partial)
		publish(h);
}

/* What is on its way into the log that is open. */
static void
on_told(struct shared *h, const struct model_proc *p)
{
	const struct logtold *t = model_told(http_link_model(h->all->link));
	struct logread *lr = entries_log(h->entries);

	if (!lr)
		return;
	logread_tell(lr, t);
	if (t->len == 0)
		entries_correct(h->entries);
	h->grown = growth(&p->grow);
	h->told = true;
	timer_arm(h->quiet, clock_us() + HTTP_LOG_QUIET_MS * 1000);
}

static void
on_news(struct model_proc *p, unsigned what, void *arg)
{
	struct shared *h = arg;

	if (what & LINK_GONE) {
		h->last_row = proc_row_dup(p->row);
		if (!entries_log(h->entries) && !h->why.code)
			err_set(&h->why, ERR_NO_PROCESS, "'%s' is gone",
				p->row->name);
		http_link_unwatch(h->watch);
		h->watch = NULL;
	}
	if ((what & LINK_BACK) && !list_empty(&h->readers))
		open_log(h);
	if (list_empty(&h->readers)) {
		settle(h);
		return;
	}
	if (what & LINK_TOLD)
		on_told(h, p);
	if (what == LINK_TOLD) {
		tell(h);
		return;
	}
	/* Of what ends or is another log the growth does not tell all. */
	h->grew = what == LINK_GROW && !p->grow.ended &&
		  (h->grew || !h->stale);
	h->stale = true;
	if ((what & LINK_GROW) && entries_log(h->entries))
		on_grow(h, &p->grow);
	tell(h);
}

static struct shared *
find(struct http_logs *ls, uint32_t id)
{
	list_each(n, &ls->logs) {
		struct shared *h = container_of(n, struct shared, node);
		if (h->id == id)
			return h;
	}
	struct shared *h = mem_alloc(sizeof *h);
	*h = (struct shared){ .all = ls, .id = id };
	list_init(&h->readers);
	h->entries = entries_new();
	h->quiet = loop_timer(ls->loop, on_quiet, h);
	h->watch = http_link_watch(ls->link, id, on_news, h);
	list_add_tail(&ls->logs, &h->node);
	return h;
}

/* --- public --- */

struct http_logs *
http_logs_new(struct http_link *k, struct loop *l)
{
	struct http_logs *ls = mem_alloc(sizeof *ls);

	*ls = (struct http_logs){ .link = k, .loop = l };
	list_init(&ls->logs);
	return ls;
}

void
http_logs_free(struct http_logs *ls)
{
	if (!ls)
		return;
	while (!list_empty(&ls->logs))
		shared_free(container_of(ls->logs.next, struct shared, node));
	free(ls);
}

struct http_log *
http_logs_read(struct http_logs *ls, uint32_t proc, http_log_fn *fn, void *arg)
{
	struct shared *h = find(ls, proc);
	struct http_log *g = mem_alloc(sizeof *g);

	*g = (struct http_log){ .shared = h, .fn = fn, .arg = arg };
	list_add_tail(&h->readers, &g->node);
	if (!entries_log(h->entries) && !h->ask)
		open_log(h);
	return g;
}

void
http_log_close(struct http_log *g)
{
	if (!g)
		return;
	struct shared *h = g->shared;

	list_del(&g->node);
	free(g);
	if (!list_empty(&h->readers))
		return;
	close_log(h);
	settle(h);
}

struct entries *
http_log_entries(struct http_log *g)
{
	look(g->shared);
	return entries_log(g->shared->entries) ? g->shared->entries : NULL;
}

void
http_log_publish(struct http_log *g)
{
	publish(g->shared);
}

void
http_log_at(struct http_log *g, uint64_t seq)
{
	if (g->seq != seq)
		g->at_stuck_us = 0;
	g->seq = seq;
	hold(g->shared);
}

const struct err *
http_log_error(const struct http_log *g)
{
	return g->shared->why.code ? &g->shared->why : NULL;
}

const struct proc_row *
http_log_row(const struct http_log *g)
{
	return row_of(g->shared);
}

bool
http_log_is_over(const struct http_log *g)
{
	return is_over(g->shared);
}
