#include "eventlist.h"

#include <stdio.h>
#include <string.h>

#include "life/status.h"
#include "log/journal.h"

static size_t
place_of(const char *name)
{
	size_t h = 5381;

	for (; *name; name++)
		h = h * 33 ^ (unsigned char)*name;
	return h % EVENTLIST_PLACES;
}

static bool
begins_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "started by you" before, "started by you, not ready yet" now. */
static bool
is_told_start(const struct eventlist_entry *last,
	      const struct journal_event *e)
{
	return (last->kind == EVENT_START || last->kind == EVENT_RESTART) &&
	       last->cause == e->cause && begins_with(e->text, last->text);
}

/*
 * Who brought the end about is told with the exit; an exit by itself that
 * left some of its tree behind is over later.
 */
static bool
is_told_end(const struct eventlist_entry *last, const struct journal_event *e)
{
	if (last->kind != EVENT_EXIT || last->cause != e->cause)
		return false;
	return e->cause != CAUSE_NONE ||
	       (last->to != STATUS_STOPPING &&
		begins_with(last->text, e->text));
}

bool
eventlist_adds(struct eventlist *l, const struct journal_event *e)
{
	struct eventlist_entry *last = &l->last[place_of(e->process)];
	bool adds = true;

	if (strcmp(last->process, e->process) != 0)
		*last = (struct eventlist_entry){ .kind = EVENT_NOTE };
	if (e->kind == EVENT_STARTED)
		adds = !is_told_start(last, e);
	else if (e->kind == EVENT_ENDED)
		adds = !is_told_end(last, e);
	snprintf(last->process, sizeof last->process, "%s", e->process);
	/* A remark between two steps is none itself. */
	if (e->kind == EVENT_NOTE)
		return adds;
	snprintf(last->text, sizeof last->text, "%s", e->text);
	last->kind = e->kind;
	last->cause = e->cause;
	last->to = e->to;
	return adds;
}
