#include "proctold.h"

#include "base/clock.h"
#include "core.h"
#include "feed.h"
#include "log/fold.h"
#include "log/logtold.h"
#include "log/spool.h"
#include "log/transit.h"
#include "procfold.h"

struct telling {
	struct proc *p;
	struct peer *peer;
	enum log_stream stream;
	uint64_t end;		/* of the stream, as it was told; 0: not */
};

void
proctold_want(struct proc *p, const struct peer *c, bool on)
{
	if (!on && p->told_to != c->no)
		return;
	p->told_to = on ? c->no : 0;
	/* What is on its way was told to somebody else. */
	p->told_gen = p->told_sum = 0;
}

static void
on_seen(const char *data, size_t len, void *arg)
{
	struct telling *t = arg;
	struct proc *p = t->p;
	int64_t wall_ms = clock_wall_ms();
	struct logtold told;

	bool knows_all = p->grow_gen <= t->peer->grow_seen ||
			 p->told_gen == p->grow_gen;
	if (!fold_foresee(p->fold, t->stream, data, len, wall_ms, &told))
		return;
	told.run = p->life.run;
	if (!feed_told(t->peer, p, &told))
		return;
	t->end = told.off + len;
	/* Of what a GROW still has to say before it, this says nothing. */
	p->told_sum = knows_all ? procfold_growth(p) + len + told.count : 0;
	/* The index says the same. */
	procfold_note(p, len, wall_ms);
}

/* The disk is full: what of them is there is found by a look. */
static void
take_back(struct telling *t)
{
	struct logtold none = { .stream = t->stream };

	(void)feed_told(t->peer, t->p, &none);
	t->p->told_sum = 0;
}

ssize_t
proctold_move(struct proc *p, enum log_stream s, int fd, size_t max)
{
	struct telling t = { .p = p, .stream = s };

	if (p->told_to && p->run)
		t.peer = engine_peer(p->e, p->told_to);
	bool may = t.peer && feed_may_tell(t.peer);
	ssize_t n = transit_move(p->e->transit, p->id, s, p->spool, fd, max,
				 may ? on_seen : NULL, &t);
	if (t.end && spool_end(p->spool, s) != t.end)
		take_back(&t);
	return n;
}
