#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "err.h"
#include "journal.h"
#include "loop.h"
#include "mem.h"
#include "probe.h"
#include "regex.h"
#include "spec.h"
#include "sys.h"
#include "tree.h"

enum {
	HELPER_MAX_US = 10 * 1000 * 1000,	/* one check by command */
};

static void
again(struct proc *p)
{
	uint64_t every = p->spec->ready_every_ms ? p->spec->ready_every_ms :
						   100;
	timer_arm(p->probe_timer, clock_us() + every * 1000);
}

static void
succeeded(struct proc *p, const char *how)
{
	p->probe_text[0] = '\0';
	proc_tell(p, LIFE_EV_READY, CAUSE_PROBE, how);
}

/* Does the body of the answer match, where one has to?  If not, why says so.
 * The pattern is compiled for each answer: ten times a second at most, and
 * nothing has to be kept in step with the definition. */
static bool
body_fits(const struct spec_pattern *want, const struct probe_result *r,
	  char *why, size_t cap)
{
	struct err err = ERR_INIT;

	if (!want->text)
		return true;
	struct regex *re = regex_new(want->text, strlen(want->text),
				     want->flags, &err, NULL);
	int found = re ? regex_match(re, r->body ? r->body : "", r->body_len,
				     0, NULL) : REGEX_NONE;
	regex_free(re);
	if (!re)
		snprintf(why, cap, "pattern of the body: %.120s", err.text);
	else if (found == REGEX_LIMIT)
		snprintf(why, cap, "%.100s, but its body is too hard for the "
			 "pattern", r->text);
	else if (found != REGEX_MATCH)
		snprintf(why, cap, "%.100s, but its body does not match",
			 r->text);
	return found == REGEX_MATCH;
}

static void
on_probe(struct probe *probe, const struct probe_result *r, void *arg)
{
	struct proc *p = arg;
	(void)probe;
	p->probe = NULL;
	if (!r->ok) {
		snprintf(p->probe_text, sizeof p->probe_text, "%s", r->text);
	} else if (!body_fits(&p->spec->ready.pattern, r, p->probe_text,
			      sizeof p->probe_text)) {
		/* It is asked again. */
	} else if (procport_is_own(p, p->probe_text, sizeof p->probe_text)) {
		succeeded(p, r->text);
		return;
	} else {
		proc_tell(p, LIFE_EV_UNREADY, CAUSE_PROBE, p->probe_text);
	}
	again(p);
}

static void
start_probe(struct proc *p, enum probe_kind kind)
{
	const struct spec_probe *s = &p->spec->ready;
	struct err err = ERR_INIT;
	struct probe_target t = {
		.kind = kind, .host = s->host, .port = s->port,
		.path = s->path, .status_min = s->status_min,
		.status_max = s->status_max,
		.want_body = s->pattern.text != NULL,
	};
	p->probe = probe_start(p->e->loop, &t, on_probe, p, &err);
	if (p->probe)
		return;
	snprintf(p->probe_text, sizeof p->probe_text, "%.150s", err.text);
	again(p);
}

static struct helper *
find_helper(struct engine *e, uint64_t slot)
{
	list_each(n, &e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		if (h->slot == slot)
			return h;
	}
	return NULL;
}

static void
helper_free(struct engine *e, struct helper *h)
{
	keeplink_release(e->link, h->slot);
	tree_forget(e->tree, h->tag);
	loop_drop(h->source);
	list_del(&h->node);
	free(h);
}

static void
start_helper(struct proc *p)
{
	struct engine *e = p->e;
	struct helper *h = mem_alloc(sizeof *h);
	list_init(&h->node);
	h->proc = p->id;
	int r = launch_helper(e, h, p, p->spec->ready.command);
	if (r < 0) {
		snprintf(p->probe_text, sizeof p->probe_text,
			 "cannot start the check: %s", strerror(-r));
		free(h);
		again(p);
		return;
	}
	h->at_kill_us = clock_us() + HELPER_MAX_US;
	e->tree_dirty = true;
	p->probe_slot = h->slot;
	list_add_tail(&e->helpers, &h->node);
	loop_again(e->loop);
}

void
proccheck_helper_ended(struct engine *e, struct helper *h,
		       const struct keep_exit *x)
{
	struct proc *p = engine_find(e, h->proc);
	/* What it left running goes with it. */
	tree_kill_round(e->tree, h->tag, NULL);
	if (p && p->probe_slot == h->slot) {
		p->probe_slot = 0;
		if (WIFEXITED(x->status) && WEXITSTATUS(x->status) == 0) {
			succeeded(p, "its check has exit code 0");
		} else {
			snprintf(p->probe_text, sizeof p->probe_text,
				 "the check %s %d",
				 WIFEXITED(x->status) ? "has exit code" :
							"was ended by signal",
				 WIFEXITED(x->status) ?
					 WEXITSTATUS(x->status) :
					 WTERMSIG(x->status));
			again(p);
		}
	}
	helper_free(e, h);
}

void
proccheck_helper_failed(struct engine *e, struct helper *h, const char *why)
{
	struct proc *p = engine_find(e, h->proc);
	if (p && p->probe_slot == h->slot) {
		p->probe_slot = 0;
		snprintf(p->probe_text, sizeof p->probe_text, "%.150s", why);
		again(p);
	}
	helper_free(e, h);
}

static void
attempt(struct proc *p)
{
	switch (p->spec->ready.kind) {
	case SPEC_PROBE_PORT:
		start_probe(p, PROBE_TCP);
		break;
	case SPEC_PROBE_HTTP:
		start_probe(p, PROBE_HTTP);
		break;
	case SPEC_PROBE_EXEC:
		start_helper(p);
		break;
	case SPEC_PROBE_DELAY:
		succeeded(p, "its delay has passed");
		break;
	default:
		break;		/* log: a watch; exit: its end */
	}
}

static void
on_probe_timer(struct timer *t, void *arg)
{
	(void)t;
	attempt(arg);
}

void
proccheck_start(struct proc *p)
{
	const struct spec_probe *s = &p->spec->ready;
	p->probe_text[0] = '\0';
	p->port_holder = 0;
	if (s->kind == SPEC_PROBE_NONE || s->kind == SPEC_PROBE_LOG ||
	    s->kind == SPEC_PROBE_EXIT)
		return;
	if (!p->probe_timer)
		p->probe_timer = loop_timer(p->e->loop, on_probe_timer, p);
	uint64_t delay_us = s->kind == SPEC_PROBE_DELAY ?
				    s->delay_ms * 1000 : 0;
	timer_arm(p->probe_timer, clock_us() + delay_us);
}

void
proccheck_stop(struct proc *p)
{
	probe_cancel(p->probe);
	p->probe = NULL;
	if (p->probe_timer)
		timer_stop(p->probe_timer);
	struct helper *h = p->probe_slot ? find_helper(p->e, p->probe_slot) :
					   NULL;
	if (h)
		h->at_kill_us = clock_us();
	p->probe_slot = 0;
}
