#include "respec.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/regex.h"
#include "core.h"
#include "log/watch.h"
#include "order.h"
#include "proc.h"
#include "proccheck.h"
#include "procio.h"
#include "proclife.h"
#include "procwatch.h"
#include "spec/spec.h"
#include "term/vt.h"

static void
ignore_hit(void *arg, const struct watch_hit *h)
{
	(void)arg;
	(void)h;
}

/* Does it compile?  What it matches is not asked. */
static int
check_pattern(const struct spec *s, const struct spec_probe *probe,
	      struct err *err)
{
	struct spec_watch one = { .name = s->name, .pattern = probe->pattern };
	bool lines = probe->kind == SPEC_PROBE_LOG;
	const struct spec_pattern *want = &probe->pattern;

	if (!want->text)
		return 0;
	if (lines) {
		struct watchset *w = watchset_new(&one, 1, ignore_hit, NULL,
						  err);
		watchset_free(w);
		return w ? 0 : -1;
	}
	struct regex *re = regex_new(want->text, strlen(want->text),
				     want->flags, err, NULL);
	regex_free(re);
	return re ? 0 : -1;
}

int
respec_check(const struct spec *s, struct err *err)
{
	struct watchset *all = watchset_new(s->watches, s->watch_count,
					    ignore_hit, NULL, err);

	watchset_free(all);
	if (!all || check_pattern(s, &s->ready, err) < 0)
		return -1;
	return check_pattern(s, &s->live, err);
}

/* The terminal of its last run is no terminal of what it is now. */
static void
drop_terminal(struct proc *p)
{
	vt_free(p->vt);
	p->vt = NULL;
	buf_clear(&p->base);
	buf_clear(&p->base_history);
	p->base_rows = p->base_cols = 0;
}

static void
take_checks(struct proc *p)
{
	enum status st = p->life.status;

	if (!p->pid || (st != STATUS_STARTING && st != STATUS_RUNNING))
		return;
	/* The run has it for as long as it lasts. */
	struct source *notify = p->notify;
	p->notify = NULL;
	proccheck_stop(p);
	p->notify = notify;
	proccheck_start(p);
	if (st == STATUS_STARTING && !order_has_ready(p->spec))
		proc_tell(p, LIFE_EV_READY, CAUSE_CONFIG,
			  "it has no ready rule any more");
}

void
respec_now(struct proc *p, struct spec *s)
{
	struct engine *e = p->e;
	struct spec *old = p->spec;
	struct err err = ERR_INIT;

	bool fine = procrun_wake_log(p, &err) == 0;
	p->spec = s;
	if (!fine || procwatch_rebuild(p, old, &err) < 0) {
		p->spec = old;
		engine_note(e, p, EVENT_NOTE, CAUSE_ENGINE,
			    "its new definition cannot be used: %s", err.text);
		spec_free(s);
		return;
	}
	p->spec_saved = false;
	if (s->source == SPEC_FROM_SBXRC) {
		proc_drop_environ(p);
	}
	p->spec_new = true;
	if (p->run) {
		struct life_policy was = p->run->policy;
		order_policy(s, &p->run->policy);
		life_retime(&p->life, &was, &p->run->policy);
	}
	proc_arm(p);
	procio_set_keep(p);
	if (p->vt && !s->tty)
		drop_terminal(p);
	if (!spec_same_checks(old, s))
		take_checks(p);
	spec_free(old);
	order_changed(e);
	proc_touch(p);
}

void
respec_place(struct proc *p, struct spec *s)
{
	bool moved = p->spec->line != s->line;

	/* Everything else may be in use: only this is taken from it. */
	p->spec->line = s->line;
	p->spec->source = s->source;
	p->spec->replicas = s->replicas;
	char *file = p->spec->file;
	p->spec->file = s->file;
	s->file = file;
	spec_free(s);
	p->spec_saved = false;
	if (moved)
		proc_touch(p);
}

void
respec_later(struct proc *p, struct spec *s)
{
	spec_free(p->next_spec);
	p->next_spec = s;
	p->still_saved = false;
	p->e->registry_dirty = true;
}

void
respec_next(struct proc *p)
{
	struct spec *s = p->next_spec;

	p->next_spec = NULL;
	p->renew_told = p->still_saved = false;
	if (s)
		respec_now(p, s);
}
