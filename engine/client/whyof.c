#include "whyof.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/words.h"
#include "life/status.h"
#include "log/journal.h"
#include "log/logfmt.h"
#include "model.h"
#include "spec/proto.h"
#include "text/why.h"

enum {
	TEXT_MAX = 256 * 1024,
	KEPT_MAX = 256,		/* events that may matter */
	TOLD_MAX = 10,		/* of them in JSON */
	CHAIN_MAX = 4,		/* processes that wait for each other */
};

struct whyof {
	const struct model_proc *chain[CHAIN_MAX]; /* the asked one first */
	size_t chain_len;
	const struct log_run *run;	/* one that is over, or NULL */
	struct journal_event kept[KEPT_MAX];	/* oldest first */
	size_t kept_count;
};

/* Who waits is told with those that it waits for. */
static void
find_chain(struct whyof *w, struct model *m)
{
	while (w->chain_len < CHAIN_MAX) {
		const struct proc_row *r = w->chain[w->chain_len - 1]->row;
		if (r->status != STATUS_WAITING)
			return;
		const char *at = r->waits;
		char *name = words_next_dep(&at);
		struct model_proc *p = name ? model_find_name(m, name) : NULL;
		free(name);
		if (!p)
			return;
		w->chain[w->chain_len++] = p;
	}
}

/* What they are told by: of a run that is over its own reason. */
static const char *
reason_of(const struct whyof *w, size_t i)
{
	return i == 0 && w->run ? w->run->reason : w->chain[i]->row->reason;
}

/* Watches count where they are the reason: there may be floods of others. */
static bool
matters(const struct whyof *w, const struct journal_event *e)
{
	for (size_t i = 0; i < w->chain_len; i++) {
		const char *name = w->chain[i]->row->name;
		if (why_is_named(e, name, reason_of(w, i)))
			return true;
		if (strcmp(e->process, name) == 0 && e->kind != EVENT_WATCH)
			return !w->run || e->run == w->run->run;
	}
	return false;
}

/* The oldest n. */
static void
drop(struct whyof *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)w->kept[i].process);
		free((char *)(uintptr_t)w->kept[i].text);
		free((char *)(uintptr_t)w->kept[i].line_text);
	}
	w->kept_count -= n;
	for (size_t i = 0; i < w->kept_count; i++)
		w->kept[i] = w->kept[i + n];
}

static void
keep(struct whyof *w, const struct journal_event *e)
{
	if (w->kept_count == KEPT_MAX)
		drop(w, KEPT_MAX / 2);
	struct journal_event *own = &w->kept[w->kept_count++];
	*own = *e;
	own->process = mem_str(e->process);
	own->text = mem_str(e->text);
	own->line_text = mem_str(e->line_text);
}

static void
read_journal(struct whyof *w, int dir)
{
	struct journal_reader *r = journal_open(dir, 0);
	struct journal_event e;

	while (r && journal_next(r, &e) == 1) {
		/* What comes after that run would push out what fired. */
		if (w->run && e.run > w->run->run &&
		    strcmp(e.process, w->chain[0]->row->name) == 0)
			break;
		if (matters(w, &e))
			keep(w, &e);
	}
	journal_close(r);
}

struct whyof *
whyof_read(struct model *m, struct model_proc *p, int dir)
{
	struct whyof *w = mem_alloc(sizeof *w);

	w->chain[w->chain_len++] = p;
	find_chain(w, m);
	read_journal(w, dir);
	return w;
}

struct whyof *
whyof_read_run(struct model_proc *p, const struct log_run *run, int dir)
{
	struct whyof *w = mem_alloc(sizeof *w);

	w->chain[w->chain_len++] = p;
	w->run = run;
	read_journal(w, dir);
	return w;
}

void
whyof_free(struct whyof *w)
{
	if (!w)
		return;
	drop(w, w->kept_count);
	free(w);
}

int
whyof_text(const struct whyof *w, struct buf *out)
{
	int r = 0;

	if (w->run)
		return why_run_text(out, w->chain[0]->row->name, w->run,
				    w->kept, w->kept_count, clock_wall_ms());
	for (size_t i = 0; i < w->chain_len; i++) {
		if (i > 0)
			r |= buf_addc(out, ' ');
		r |= why_text(out, w->chain[i]->row, w->kept, w->kept_count,
			      clock_wall_ms());
	}
	return r;
}

int
whyof_json(const struct whyof *w, struct jsonout *j)
{
	const struct proc_row *r = w->chain[0]->row;
	struct buf text = BUF_INIT(TEXT_MAX);
	size_t own = 0;
	int rc = whyof_text(w, &text);

	for (size_t i = 0; i < w->kept_count; i++)
		own += strcmp(w->kept[i].process, r->name) == 0;
	jsonout_string(j, "name", r->name);
	if (w->run)
		jsonout_uint(j, "run", w->run->run);
	if (!w->run || w->run->outcome[0])
		jsonout_string(j, "status", w->run ? w->run->outcome :
						     status_name(r->status));
	jsonout_string(j, "why", buf_str(&text));
	jsonout_array(j, "events");
	for (size_t i = 0; i < w->kept_count; i++)
		if (strcmp(w->kept[i].process, r->name) == 0 &&
		    own-- <= TOLD_MAX)
			journal_put_json(j, &w->kept[i]);
	jsonout_close(j);
	buf_fini(&text);
	return rc;
}
