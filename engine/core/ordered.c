#include "ordered.h"

#include <stdlib.h>

#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "core.h"
#include "proc.h"
#include "proclife.h"

void
ordered_drop(struct proc *p)
{
	if (!p->run)
		return;
	free(p->run->asked.detail);
	p->run->asked = (struct asked){ .on = false };
}

void
ordered_ask(struct proc *p, const struct life_input *in)
{
	ordered_drop(p);
	procrun_get(p)->asked = (struct asked){
		.on = true, .event = in->event, .cause = in->cause,
		.flags = in->flags, .for_us = in->for_us,
		.detail = mem_str(in->detail),
	};
	p->e->registry_dirty = true;
	proc_touch(p);
	loop_again(p->e->loop);
}

void
ordered_settle(struct proc *p, bool is_needed)
{
	struct asked *a = p->run ? &p->run->asked : NULL;
	bool live = proc_is_live(p);

	if (!a || !a->on || (a->told ? live : live && is_needed))
		return;
	if (!a->told) {
		struct life_input in = {
			.event = a->event, .cause = a->cause,
			.flags = a->flags, .for_us = a->for_us,
			.detail = a->detail,
		};
		a->told = true;
		proc_event(p, &in);
	}
	/* Only a run that was there has an end to be waited for. */
	if (!live || !proc_is_live(p))
		ordered_drop(p);
	proc_touch(p);
}

void
ordered_run_ended(struct proc *p)
{
	if (procrun_see(p)->asked.told)
		ordered_drop(p);
}

bool
ordered_comes_back(const struct proc *p)
{
	const struct asked *a = &procrun_see(p)->asked;

	return a->on && a->event == LIFE_EV_RESTART &&
	       proc_is_live(p);
}

int
ordered_pack(const struct proc *p, struct buf *b)
{
	const struct asked *a = &procrun_see(p)->asked;
	int r = msg_put_u8(b, (uint8_t)(a->on | a->told << 1));

	r |= msg_put_u32(b, (uint32_t)a->event);
	r |= msg_put_u32(b, (uint32_t)a->cause);
	r |= msg_put_u32(b, a->flags);
	r |= msg_put_u64(b, a->for_us);
	r |= msg_put_str(b, a->detail ? a->detail : "");
	return r;
}

void
ordered_unpack(struct proc *p, struct msg_reader *r)
{
	uint8_t bits = msg_u8(r);
	uint32_t event = msg_u32(r), cause = msg_u32(r);
	uint32_t flags = msg_u32(r);
	uint64_t for_us = msg_u64(r);
	const char *detail = msg_str_nn(r);

	if (r->bad || !(bits & 1) || cause >= CAUSE_COUNT ||
	    (event != LIFE_EV_STOP && event != LIFE_EV_RESTART))
		return;
	procrun_get(p)->asked = (struct asked){
		.on = true, .told = bits & 2, .cause = (enum cause)cause,
		.event = (enum life_event)event, .flags = flags,
		.for_us = for_us, .detail = mem_str(detail),
	};
}
