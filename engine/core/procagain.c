#include "procagain.h"

#include "base/clock.h"
#include "core.h"
#include "procio.h"

enum { AGAIN_US = 500 * 1000, WAIT_US = 10 * 1000 * 1000 };

void
procagain_owe(struct proc *p, const struct keep_slot *s)
{
	p->fds_owed = s->fds_lost;
	p->e->fds_owed |= s->fds_lost;
}

bool
procagain_take(struct engine *e, struct proc *p, const struct keep_slot *s)
{
	struct keep_fds fds = s->fds;

	if (!e->adopted)
		return false;
	if (!p || !p->fds_owed || s->fds_lost) {
		keep_fds_close(&fds, ~0u);
		return true;
	}
	p->fds_owed = false;
	procio_attach(p, &fds);
	e->tree_dirty = true;
	return true;
}

bool
procagain_waits(const struct proc *p)
{
	return p->fds_owed && clock_us() - p->life.at_ended_us < WAIT_US;
}

void
procagain_settle(struct engine *e)
{
	uint64_t now = clock_us();
	bool owed = false;

	if (!e->fds_owed || now < e->at_again_us)
		return;
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->fds_owed)
			(void)keeplink_again(e->link, p->slot);
		owed |= p->fds_owed;
	}
	e->fds_owed = owed;
	e->at_again_us = now + AGAIN_US;
	if (owed)
		engine_turn_at(e, e->at_again_us);
}
