#include "turn.h"

#include <errno.h>

#include "autoname.h"
#include "base/clock.h"
#include "base/loop.h"
#include "child/keeplink.h"
#include "core.h"
#include "feed.h"
#include "hold.h"
#include "listen.h"
#include "log/journal.h"
#include "logcap.h"
#include "order.h"
#include "proc.h"
#include "procagain.h"
#include "proccopy.h"
#include "procio.h"
#include "proclife.h"
#include "proctree.h"
#include "proctty.h"
#include "registry.h"
#include "reply.h"
#include "sample.h"
#include "serve.h"

enum {
	REGISTRY_LAZY_US = 1000 * 1000,	/* counts that may be counted again */
	LAST_COPY_US = 10 * 1000 * 1000, /* for log.file at the end */
	LONELY_US = 10 * 1000 * 1000,	/* an engine of nothing ends */
};

static bool
stats_wanted(const struct engine *e)
{
	list_each(n, &e->peers)
		if (container_of(n, struct peer, node)->subs & PROTO_SUB_STATS)
			return true;
	return false;
}

/* Only to wake the loop up: the work is done at the end of the turn. */
static void
on_tick(struct timer *t, void *arg)
{
	struct engine *e = arg;
	(void)t;
	e->tree_dirty = true;
}

void
engine_turn_at(struct engine *e, uint64_t at_us)
{
	if (timer_at(e->tick) > at_us)
		timer_arm(e->tick, at_us);
}

static void
on_pace(struct timer *t, void *arg)
{
	struct engine *e = arg;
	(void)t;
	loop_calm(e->loop);
	procio_pace(e);
}

static void
on_feed(struct timer *t, void *arg)
{
	struct engine *e = arg;
	(void)t;
	loop_calm(e->loop);
}

static void
on_lonely(struct timer *t, void *arg)
{
	struct engine *e = arg;
	(void)t;
	if (e->nproc == 0 && e->npeers == 0 && !e->set.rc_path[0])
		engine_down(e, CAUSE_ENGINE, 0);
}

static void
on_stats(struct timer *t, void *arg)
{
	(void)t;
	if (stats_wanted(arg))
		sample_all(arg);
}

static void
remove_forgotten(struct engine *e, int saved)
{
	if (saved == -EAGAIN)
		return;
	for (size_t i = e->nproc; i-- > 0;) {
		struct proc *p = e->procs[i];
		if (!p->removing || proc_is_live(p) || p->spawn_wanted ||
		    proccopy_is_busy(p))
			continue;
		procrun_release(p, saved);
		if (p->release_slot)
			continue;
		if (p->left_tag_count > 0) {
			if (!e->tree_dirty)
				engine_turn_at(e, clock_us());
			e->tree_dirty = true;
			continue;
		}
		if (engine_is_followed(e, p)) {
			if (p->at_unfollowed_us)
				engine_turn_at(e, p->at_unfollowed_us);
			continue;
		}
		/* Whoever follows it hears the end before it is gone. */
		if (!feed_flush(e))
			continue;
		engine_note(e, p, EVENT_REMOVED, p->removed_by, "%s",
			    p->removed_by == CAUSE_NONE ?
			    "forgotten after its end: keep no" : "forgotten");
		feed_gone(e, p->id);
		proc_free(p, true);
	}
}

/* The last lines have to be in log.file too, unless that takes for ever. */
static bool
is_copying(struct engine *e)
{
	bool busy = false;

	for (size_t i = 0; i < e->nproc; i++)
		busy |= proccopy_is_busy(e->procs[i]);
	if (!e->at_last_copy_us)
		e->at_last_copy_us = clock_us() + LAST_COPY_US;
	return busy && clock_us() < e->at_last_copy_us;
}

static void
finish_if_down(struct engine *e)
{
	if (!e->going_down)
		return;
	for (size_t i = 0; i < e->nproc; i++)
		if (proc_is_live(e->procs[i]) || e->procs[i]->release_slot)
			return;
	if (is_copying(e) || !listen_is_over(e))
		return;
	feed_clients(e);
	engine_note(e, NULL, EVENT_ENGINE_STOP, e->down_cause,
		    "the set is down");
	serve_close(e, "the set is down");
	autoname_end(e);
	hold_unmark(e);
	keeplink_bye(e->link);
	e->finished = true;
	loop_stop(e->loop);
}

/* Have only bytes moved, and nothing come of it? */
static bool
is_calm(const struct engine *e)
{
	return loop_is_calm(e->loop) && e->rows_gen == e->rows_settled &&
	       !e->registry_dirty && !e->at_unsaved_us && !e->deps_dirty &&
	       !e->slots_dirty && !e->tree_dirty && !e->sizes_owed &&
	       !e->fds_owed && !e->going_down && !journal_waits(e->journal);
}

/* What follows from bytes alone. */
static void
take_bytes(struct engine *e)
{
	/* Who shows one elsewhere does not wait until it is drawn here. */
	if (e->ttys_grew)
		feed_growth(e);
	e->ttys_grew = false;
	procio_fold_all(e);
	feed_growth(e);
	logcap_settle(e);
}

/* In a turn of its own: a screen does not wait for it. */
static void
plan_lazy_save(struct engine *e)
{
	if (!e->registry_stale ||
	    clock_us() - e->at_registry_us <= REGISTRY_LAZY_US)
		return;
	e->registry_dirty = true;
	loop_again(e->loop);
}

static void
end_of_turn(void *arg)
{
	struct engine *e = arg;

	if (!e->adopted || e->keeper_lost) {
		journal_flush(e->journal);
		return;
	}
	feed_sizes(e);
	proctty_settle_sizes(e);
	take_bytes(e);
	if (is_calm(e)) {
		reply_settle(e, 0);
		feed_clients(e);
		reply_let_go(e);
		plan_lazy_save(e);
		return;
	}
	if (e->tree_dirty)
		proc_settle_trees(e);
	proc_settle_aside(e);
	order_settle(e);
	int saved = registry_settle(e);
	/* The keeper begins while the rest is done. */
	proc_settle_starts(e, saved);
	proctty_tell_sizes(e);
	procagain_settle(e);
	/* Who is told of something finds it there. */
	if (saved != -EAGAIN)
		journal_flush(e->journal);
	reply_settle(e, saved);
	remove_forgotten(e, saved);
	/* News and answers leave together. */
	feed_clients(e);
	reply_let_go(e);
	procrun_settle_all(e, saved);
	e->rows_settled = e->rows_gen;
	if (saved == 0)
		plan_lazy_save(e);
	/* What came behind the flush is of the next registry. */
	if (journal_waits(e->journal) && saved == 0)
		loop_again(e->loop);
	finish_if_down(e);
	if (stats_wanted(e)) {
		if (!timer_armed(e->stats_timer))
			timer_arm(e->stats_timer, e->at_stats_us);
	}
	if (e->nproc == 0 && e->npeers == 0) {
		if (!timer_armed(e->idle_end))
			timer_arm(e->idle_end, clock_us() + LONELY_US);
	} else {
		timer_stop(e->idle_end);
	}
}

void
turn_init(struct engine *e)
{
	e->tick = loop_timer(e->loop, on_tick, e);
	e->pace = loop_timer(e->loop, on_pace, e);
	e->feed_timer = loop_timer(e->loop, on_feed, e);
	e->stats_timer = loop_timer(e->loop, on_stats, e);
	e->idle_end = loop_timer(e->loop, on_lonely, e);
	loop_idle(e->loop, end_of_turn, e);
}
