/* why: the row of a process and the end of the journal, in sentences. */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "buf.h"
#include "clock.h"
#include "journal.h"
#include "jsonout.h"
#include "mem.h"
#include "rowfmt.h"
#include "status.h"
#include "sys.h"
#include "why.h"

enum {
	TEXT_MAX = 256 * 1024,
	KEPT_MAX = 256,		/* events that may matter */
	TOLD_MAX = 10,		/* of them in JSON */
	CHAIN_MAX = 4,		/* processes that wait for each other */
};

struct asked {
	struct cli *c;
	struct model_proc *chain[CHAIN_MAX];	/* the one asked for first */
	size_t chain_len;
	struct journal_event kept[KEPT_MAX];	/* oldest first */
	size_t kept_count;
};

/* Who waits is told with those that it waits for. */
static void
find_chain(struct asked *a)
{
	while (a->chain_len < CHAIN_MAX) {
		const struct proc_row *r = a->chain[a->chain_len - 1]->row;
		if (r->status != STATUS_WAITING || !r->waits[0])
			return;
		char *name = mem_strn(r->waits, strcspn(r->waits, " ,"));
		struct model_proc *p = model_find_name(a->c->model, name);
		free(name);
		if (!p)
			return;
		a->chain[a->chain_len++] = p;
	}
}

static bool
matters(const struct asked *a, const struct journal_event *e)
{
	if (e->kind == EVENT_WATCH)
		return true;
	for (size_t i = 0; i < a->chain_len; i++)
		if (strcmp(e->process, a->chain[i]->row->name) == 0)
			return true;
	return false;
}

/* The oldest n. */
static void
drop(struct asked *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)a->kept[i].process);
		free((char *)(uintptr_t)a->kept[i].text);
		free((char *)(uintptr_t)a->kept[i].line_text);
	}
	a->kept_count -= n;
	for (size_t i = 0; i < a->kept_count; i++)
		a->kept[i] = a->kept[i + n];
}

static void
keep(struct asked *a, const struct journal_event *e)
{
	if (a->kept_count == KEPT_MAX)
		drop(a, KEPT_MAX / 2);
	struct journal_event *own = &a->kept[a->kept_count++];
	*own = *e;
	own->process = mem_str(e->process);
	own->text = mem_str(e->text);
	own->line_text = mem_str(e->line_text);
}

static void
read_journal(struct asked *a, int dir)
{
	struct journal_reader *r = journal_open(dir, 0);
	struct journal_event e;

	while (r && journal_next(r, &e) == 1)
		if (matters(a, &e))
			keep(a, &e);
	journal_close(r);
}

static int
put_json(struct asked *a, struct buf *out, const char *why)
{
	const struct proc_row *r = a->chain[0]->row;
	size_t own = 0;
	struct jsonout j;

	for (size_t i = 0; i < a->kept_count; i++)
		own += strcmp(a->kept[i].process, r->name) == 0;
	jsonout_begin(&j, out);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", r->name);
	jsonout_string(&j, "status", status_name(r->status));
	jsonout_string(&j, "why", why);
	jsonout_array(&j, "events");
	for (size_t i = 0; i < a->kept_count; i++)
		if (strcmp(a->kept[i].process, r->name) == 0 &&
		    own-- <= TOLD_MAX)
			journal_put_json(&j, &a->kept[i]);
	jsonout_close(&j);
	jsonout_close(&j);
	return jsonout_end(&j);
}

static int
put_why(struct asked *a)
{
	struct buf text = BUF_INIT(TEXT_MAX), out = BUF_INIT(16 * TEXT_MAX);
	int r = 0;

	for (size_t i = 0; i < a->chain_len; i++) {
		if (i > 0)
			r |= buf_addc(&text, ' ');
		r |= why_text(&text, a->chain[i]->row, a->kept, a->kept_count,
			      clock_wall_ms());
	}
	if (a->c->json)
		r |= put_json(a, &out, buf_str(&text));
	else
		r |= rowfmt_plain(&out, buf_str(&text));
	r |= buf_addc(&out, '\n');
	r = r < 0 ? err_set(&a->c->err, ERR_FAILED, "that is too long") :
		    cli_put(a->c, &out);
	buf_fini(&text);
	buf_fini(&out);
	return r;
}

int
cli_why(struct cli *c)
{
	struct asked a = { .c = c };
	struct model_proc *p = NULL;
	uint64_t newest;
	int dir = -1, rc = -1;

	/* The loop turns for the descriptor: only then look at rows. */
	if (cli_rows(c, 0) == 0)
		dir = cli_journal_open(c, &newest);
	if (dir >= 0)
		p = cli_one(c, c->cmd->words[0]);
	if (p) {
		a.chain[a.chain_len++] = p;
		find_chain(&a);
		read_journal(&a, dir);
		rc = put_why(&a);
	}
	sys_close(dir);
	drop(&a, a.kept_count);
	return rc < 0 ? cli_fail(c) : 0;
}
