#include "procfold.h"

#include "base/clock.h"
#include "core.h"
#include "log/fold.h"
#include "log/spool.h"

uint64_t
procfold_arrived(const struct proc *p)
{
	uint64_t sum = 0;

	for (unsigned s = 0; s < LOG_STREAMS; s++)
		sum += spool_end(p->spool, (enum log_stream)s);
	return sum;
}

/* What a run has left that is over has the time at which it is looked at. */
void
procfold_note(struct proc *p, size_t coming, int64_t wall_ms)
{
	if (p->run)
		arrivals_note(&p->run->came, procfold_arrived(p) + coming,
			      wall_ms);
}

uint64_t
procfold_growth(const struct proc *p)
{
	return fold_next_seq(p->fold) + spool_dropped(p->spool) +
		p->life.run + procfold_arrived(p);
}

int
procfold_step(struct proc *p, size_t max_bytes)
{
	int64_t now_ms = clock_wall_ms();
	size_t done = 0;
	int r = 1;

	while (r > 0 && done < max_bytes) {
		uint64_t at = procfold_arrived(p) - fold_lag(p->fold);
		uint64_t end = at + max_bytes - done;
		int64_t wall_ms = p->run ? arrivals_of(&p->run->came, at,
						       now_ms, &end) : now_ms;
		r = fold_step(p->fold, (size_t)(end - at), wall_ms,
			      clock_ms());
		done += (size_t)(end - at);
	}
	return r;
}
