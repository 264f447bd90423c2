#include "view.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/life/event.h"
#include "engine/log/journal.h"
#include "engine/text/eventlist.h"

/* The newest events of the journal, as the screen shows them. */
enum { KEPT = 1024, READ_AT_ONCE = 2000 };

struct kept {
	char *process, *text;
	int64_t wall_ms;
	enum event_kind kind;
};

struct events_view {
	int dir;
	struct journal_reader *reader;
	struct kept ring[KEPT];
	unsigned count;		/* ever added */
	struct eventlist list;	/* what was said already */
};

struct events_view *
events_new(void)
{
	struct events_view *ev = mem_alloc(sizeof(*ev));

	ev->dir = -1;
	return ev;
}

static void
forget(struct events_view *ev)
{
	for (size_t i = 0; i < KEPT; i++) {
		free(ev->ring[i].process);
		free(ev->ring[i].text);
	}
	memset(ev->ring, 0, sizeof(ev->ring));
	ev->count = 0;
	ev->list = (struct eventlist){ 0 };
	journal_close(ev->reader);
	ev->reader = NULL;
	sys_close(ev->dir);
	ev->dir = -1;
}

void
events_free(struct events_view *ev)
{
	if (!ev)
		return;
	forget(ev);
	free(ev);
}

void
events_open(struct events_view *ev, int dir)
{
	forget(ev);
	ev->dir = dir;
	ev->reader = journal_open(dir, 0);
}

void
events_add(struct events_view *ev, const struct journal_event *e)
{
	const char *text = e->text && *e->text ? e->text
					       : event_name(e->kind);
	const char *process = e->process && *e->process ? e->process : "set";

	if (!eventlist_adds(&ev->list, e))
		return;
	struct kept *k = &ev->ring[ev->count++ % KEPT];
	free(k->process);
	free(k->text);
	k->process = mem_str(process);
	k->text = mem_str(text);
	k->wall_ms = e->wall_ms;
	k->kind = e->kind;
}

bool
events_refresh(struct events_view *ev)
{
	struct journal_event e;
	int n = 0;

	while (ev->reader && n < READ_AT_ONCE &&
	       journal_next(ev->reader, &e) == 1) {
		events_add(ev, &e);
		n++;
	}
	return n > 0;
}

uint64_t
events_first(const struct events_view *ev)
{
	return ev->count > KEPT ? ev->count - KEPT + 1 : 1;
}

uint64_t
events_next(const struct events_view *ev)
{
	return (uint64_t)ev->count + 1;
}

const char *
events_get(const struct events_view *ev, uint64_t no, const char **process,
	   int64_t *wall_ms, int *kind)
{
	const struct kept *k = &ev->ring[(no - 1) % KEPT];

	*process = k->process;
	*wall_ms = k->wall_ms;
	*kind = (int)k->kind;
	return k->text;
}

const char *
events_text(const struct events_view *ev, unsigned back, const char **process,
	    int64_t *wall_ms)
{
	if (back >= ev->count || back >= KEPT)
		return NULL;
	const struct kept *k = &ev->ring[(ev->count - 1 - back) % KEPT];
	*process = k->process;
	*wall_ms = k->wall_ms;
	return k->text;
}
