#include "pane.h"

#include <stdlib.h>
#include "engine/base/mem.h"
#include "logrules.h"
#include "logview.h"

static uint64_t
total_bytes(const struct model_proc *p)
{
	return p->grow.bytes[0] + p->grow.bytes[1] + p->grow.bytes[2];
}

struct pane *
pane_new(const struct set *set, const struct model_proc *p)
{
	struct pane *pa = mem_alloc(sizeof(*pa));

	pa->log = logview_new();
	logview_set_rules(pa->log, logrules_new(set, p->row->name));
	pane_seen(pa, p);
	/* Errors from before we came are news all the same. */
	pa->seen_errors = 0;
	return pa;
}

void
pane_free(struct pane *pa)
{
	if (!pa)
		return;
	logview_free(pa->log);
	free(pa->sb.cells);
	free(pa->sb.flags);
	cell_pool_free(pa->sb.pool);
	free(pa);
}

void
pane_seen(struct pane *pa, const struct model_proc *p)
{
	pa->seen_bytes = total_bytes(p);
	pa->seen_bells = p->bells;
	pa->seen_errors = p->row->errors;
	pa->seen_run = p->row->run;
}

bool
pane_has_output(const struct pane *pa, const struct model_proc *p)
{
	return total_bytes(p) > pa->seen_bytes;
}

uint32_t
pane_errors(const struct pane *pa, const struct model_proc *p)
{
	/* The engine counts anew with each run. */
	uint32_t seen = pa->seen_run == p->row->run ? pa->seen_errors : 0;

	return p->row->errors > seen ? p->row->errors - seen : 0;
}

bool
pane_has_bell(const struct pane *pa, const struct model_proc *p)
{
	return p->bells > pa->seen_bells;
}
