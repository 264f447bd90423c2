#include "procfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core.h"
#include "feed.h"
#include "order.h"
#include "ordered.h"
#include "probe/filewatch.h"
#include "proclife.h"
#include "spec/spec.h"

enum { PATH_SHOWN = 90 };	/* bytes of a path in a sentence */

static bool
is_watched(const struct proc *p)
{
	const struct life *l = &p->life;

	return p->spec->files && p->spec->files[0] && !p->removing &&
	       !p->leaving && !p->e->going_down && !l->kept_down &&
	       l->status != STATUS_OFF;
}

/* "src/a.c changed", "src/a.c and 3 more files changed"; of a long path its
 * end, which tells more. */
static void
change_text(const struct filewatch_change *c, char *out, size_t cap)
{
	const char *path = c->count ? c->paths[0] : NULL;
	uint64_t more = c->more + (c->count ? c->count - 1 : 0);
	size_t len = path ? strlen(path) : 0;
	const char *cut = len > PATH_SHOWN ? "..." : "";

	if (!path)
		snprintf(out, cap, "files changed, too many to be told");
	else if (more)
		snprintf(out, cap, "%s%s and %llu more file%s changed", cut,
			 path + (*cut ? len - PATH_SHOWN : 0),
			 (unsigned long long)more, more == 1 ? "" : "s");
	else
		snprintf(out, cap, "%s%s changed", cut,
			 path + (*cut ? len - PATH_SHOWN : 0));
	/* A name may have any bytes. */
	for (char *s = out; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static uint64_t
run_age_ms(const struct proc *p)
{
	uint64_t since = p->life.at_started_us;

	return since ? (clock_us() - since) / 1000 : UINT64_MAX;
}

static void
hold(struct proc *p, const char *what)
{
	char text[320];

	snprintf(text, sizeof text, "%s: it seems to change the files that it "
		 "watches (%.160s); not restarted for them until they are "
		 "left alone for %d s", p->spec->name, what,
		 FILEGUARD_CALM_MS / 1000);
	engine_note(p->e, p, EVENT_NOTE, CAUSE_FILES, "%s", text);
	feed_note(p->e, SPEC_LEVEL_WARN, text);
}

static void
cascade(struct proc *p, const char *what)
{
	struct engine *e = p->e;
	bool *in = mem_array(e->nproc + 1, sizeof *in);
	char why[SPEC_NAME_MAX + 170];

	snprintf(why, sizeof why, "%s: %s", p->spec->name, what);
	for (size_t i = 0; i < e->nproc; i++)
		in[i] = e->procs[i] == p;
	order_dependents_up(e, in);
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *q = e->procs[i];
		struct life_input ask = { .event = LIFE_EV_RESTART,
					  .cause = CAUSE_FILES,
					  .detail = why };
		if (in[i] && q != p)
			ordered_ask(q, &ask);
	}
	free(in);
}

static void
on_changed(void *arg, const struct filewatch_change *c)
{
	struct proc *p = arg;
	enum status st = p->life.status;
	bool rests = status_get(st)->final || st == STATUS_SCHEDULED;
	char what[160];

	change_text(c, what, sizeof what);
	switch (fileguard_step(&p->fileguard, clock_ms(), run_age_ms(p))) {
	case FILEGUARD_HOLD:
		hold(p, what);
		return;
	case FILEGUARD_HELD:
		return;
	case FILEGUARD_RESTART:
		break;
	}
	engine_note(p->e, p, EVENT_FILES, CAUSE_FILES, "%s", what);
	struct life_input in = { .event = LIFE_EV_RESTART,
				 .cause = CAUSE_FILES, .detail = what };
	/* One that could not be started has had no run to start again. */
	if (rests)
		proc_tell(p, LIFE_EV_START, CAUSE_FILES, what);
	else if (p->spec->files_cascade)
		ordered_ask(p, &in);
	else
		proc_event(p, &in);
	if (p->spec->files_cascade)
		cascade(p, what);
}

static void
on_trouble(void *arg, const struct err *err)
{
	struct proc *p = arg;
	char text[400];

	snprintf(text, sizeof text, "%s: not all of its files are watched: "
		 "%.300s", p->spec->name, err->text);
	engine_note(p->e, p, EVENT_NOTE, CAUSE_FILES, "%s", text);
	feed_note(p->e, SPEC_LEVEL_WARN, text);
}

static const struct filewatch_ops ops = {
	.changed = on_changed,
	.trouble = on_trouble,
};

static struct filewatch *
files_get(struct engine *e)
{
	if (!e->files) {
		e->files = filewatch_new(e->loop);
		filewatch_ignore(e->files, e->dir.state_dir);
		filewatch_ignore(e->files, e->dir.run_dir);
	}
	return e->files;
}

void
procfiles_ignore(struct engine *e, const char *path)
{
	filewatch_ignore(files_get(e), path);
}

static void
watch(struct proc *p)
{
	const struct spec *s = p->spec;
	struct err err = ERR_INIT;

	if (p->files_failed)
		return;
	p->files = filewatch_add(files_get(p->e), s->cwd, s->files,
				 s->files_debounce_ms, &ops, p, &err);
	if (p->files)
		return;
	p->files_failed = true;
	on_trouble(p, &err);
}

/* Two definitions with the same one watch the same files in the same way;
 * NULL: none. */
static char *
rule_of(const struct spec *s)
{
	if (!s->files || !s->files[0])
		return NULL;
	struct buf b = BUF_INIT(SPEC_PACK_MAX);

	buf_addf(&b, "%s\n%llu", s->cwd ? s->cwd : "",
		 (unsigned long long)s->files_debounce_ms);
	for (size_t i = 0; s->files && s->files[i]; i++)
		buf_addf(&b, "\n%s", s->files[i]);
	return buf_take(&b);
}

/* A change that is waiting for its debounce must not get lost because
 * something else is another one. */
void
procfiles_take_spec(struct proc *p)
{
	char *rule = rule_of(p->spec);

	if (rule && p->files_rule && strcmp(rule, p->files_rule) == 0) {
		free(rule);
		return;
	}
	free(p->files_rule);
	p->files_rule = rule;
	filewatch_drop(p->files);
	p->files = NULL;
	p->files_failed = false;
	fileguard_reset(&p->fileguard);
}

void
procfiles_settle(struct proc *p)
{
	bool want = is_watched(p);

	if (!want && (p->files || p->files_failed)) {
		filewatch_drop(p->files);
		p->files = NULL;
		p->files_failed = false;
		fileguard_reset(&p->fileguard);
	} else if (want && !p->files) {
		watch(p);
	}
	/* Somebody who starts it by hand has an eye on it. */
	if (p->fileguard.held && cause_is_by_hand(p->life.start_cause))
		fileguard_reset(&p->fileguard);
}

void
procfiles_free(struct proc *p)
{
	filewatch_drop(p->files);
	p->files = NULL;
	free(p->files_rule);
	p->files_rule = NULL;
}
