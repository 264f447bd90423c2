#ifndef SBX_EVENTLIST_H
#define SBX_EVENTLIST_H

/*
 * Which events are worth a line of their own where people read them.  The
 * journal has both ends of each step (start and started, exit and ended);
 * the second one is left out of a listing when it says nothing that the line
 * of the first one has not said, its cause included.  In JSON all are told.
 *
 * The memory is bounded: of processes that share a place the newer one is
 * remembered, and at worst a line is there that could have been left out.
 */

#include <stdbool.h>
#include "life/event.h"

struct journal_event;

enum { EVENTLIST_PLACES = 256 };

struct eventlist {		/* zero: nothing was listed yet */
	struct eventlist_entry {
		char process[80], text[128];
		enum event_kind kind;
		enum cause cause;
		int to;
	} last[EVENTLIST_PLACES];
};

/* For every event in its order: does it add something? */
bool	eventlist_adds(struct eventlist *l, const struct journal_event *e);

#endif
