#include "cli_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "cli_ctx.h"
#include "life/status.h"
#include "log/logread.h"
#include "log/logseek.h"
#include "log/strip.h"
#include "term/cell.h"
#include "text/rowfmt.h"

enum {
	OUT_MAX = 16 << 20,
	FLUSH_BYTES = 256 * 1024,
	NOTES_MAX = 64 * 1024,
	RUNS_MAX = 512,		/* of colours in one line */
};

/* --- one item in its three forms --- */

static void
put_colours(struct lines *g, const struct buf *text, size_t count)
{
	char sgr[CELL_SGR_MAX];
	struct vt_cell now = CELL_BLANK;

	for (size_t i = 0; i < count; i++) {
		const struct strip_run *run = &g->runs[i];
		size_t end = i + 1 < count ? g->runs[i + 1].off : text->len;
		struct vt_cell next = CELL_BLANK;
		next.fg = run->fg;
		next.bg = run->bg;
		next.attrs = run->attrs;
		buf_add(&g->out, sgr, cell_sgr(&now, &next, sgr));
		buf_add(&g->out, text->data + run->off, end - run->off);
		now = next;
	}
	struct vt_cell none = CELL_BLANK;
	buf_add(&g->out, sgr, cell_sgr(&now, &none, sgr));
}

/* For a terminal: nothing of the text may act on it. */
static void
put_display(struct lines *g, const struct logline *l)
{
	struct buf text = BUF_INIT(OUT_MAX / 2);
	size_t count = RUNS_MAX;

	strip_display(l->text, l->len, &text, g->runs, &count, NULL);
	if (g->c->colours && count > 0 && text.len > 0) {
		if (g->runs[0].off > 0)
			buf_add(&g->out, text.data, g->runs[0].off);
		put_colours(g, &text, count);
	} else {
		buf_add(&g->out, buf_str(&text), text.len);
	}
	buf_fini(&text);
	if (l->flags & LOGLINE_CUT)
		buf_addf(&g->out, " ... (%llu bytes)",
			 (unsigned long long)l->full_len);
}

/* A change of its state, in words. */
static int
tell(struct lines *g, struct lines_source *s, const struct proc_row *r)
{
	free(s->told);
	s->told = mem_str(r->reason);
	s->told_run = r->run;
	lines_close(g);
	lines_prefix(g, s);
	int rc = buf_adds(&g->out, "--- ");
	rc |= rowfmt_plain(&g->out, rowfmt_reason(r));
	rc |= buf_adds(&g->out, " ---\n");
	return rc < 0 ? err_set(&g->c->err, ERR_FAILED, "a line is too long") :
			0;
}

int
lines_tell(struct lines *g, struct lines_source *s, bool begins, bool over)
{
	const struct proc_row *r = cli_row(g->c, s->id);

	s->early_run = r ? r->run + 1 : 0;
	if (!r || (rowfmt_is_over(r) && !over))
		return 0;
	/* Being started, or ended with its last lines still to come. */
	bool brief = (status_get(r->status)->live && !r->pid) ||
		     (r->status == STATUS_WAITING && !r->waits[0]);
	bool ended = rowfmt_is_over(r) || r->status == STATUS_BACKOFF;
	bool fresh = !s->told || s->told_run != r->run;
	bool known = !fresh && strcmp(s->told, r->reason) == 0;

	if ((fresh && !ended) != begins || brief || known)
		return 0;
	return tell(g, s, r);
}

int
lines_flush(struct lines *g)
{
	return cli_put(g->c, &g->out);
}

void
lines_prefix(struct lines *g, const struct lines_source *s)
{
	if (!g->prefix)
		return;
	if (g->c->colours)
		buf_adds(&g->out, s->colour);
	buf_addf(&g->out, "%-*s |", g->name_width, s->name);
	buf_adds(&g->out, g->c->colours ? "\033[m " : " ");
}

void
lines_close(struct lines *g)
{
	if (g->open)
		buf_addc(&g->out, '\n');
	g->open = NULL;
}

void
lines_want_notes(struct lines *g)
{
	g->c->keeps_notes = true;
	g->c->subs |= PROTO_SUB_EVENTS;
	buf_init(&g->c->notes, NOTES_MAX);
}

int
lines_put_notes(struct lines *g)
{
	struct buf *notes = &g->c->notes;

	if (notes->len == 0)
		return 0;
	lines_close(g);
	int rc = buf_add(&g->out, notes->data, notes->len);
	buf_clear(notes);
	return rc < 0 ? err_set(&g->c->err, ERR_INTERNAL, "that is too long") :
			0;
}

static int
put_gap(struct lines *g, const struct lines_source *s, uint64_t bytes)
{
	lines_close(g);
	if (!g->c->out_tty && !g->prefix) {
		/* What goes into a file is the process's own output. */
		cli_say(g->c, "%s: dropped %llu bytes", s->name,
			(unsigned long long)bytes);
		return 0;
	}
	lines_prefix(g, s);
	return buf_addf(&g->out, "--- dropped %llu bytes ---\n",
			(unsigned long long)bytes);
}

/* For a pipe: the line as it is, however long. */
static int
put_exact(struct lines *g, struct lines_source *s,
	  const struct logtail_item *it)
{
	const struct logline *l = &it->line;

	buf_add(&g->out, l->text, l->len);
	if (!(l->flags & LOGLINE_CUT) || l->stream == LOG_PTY)
		return 0;
	if (lines_flush(g) < 0)
		return -1;
	if (fflush(stdout))
		return cli_write_failed(g->c, errno);
	uint64_t end = l->off + l->full_len - !(l->flags & LOGLINE_PARTIAL);
	uint64_t at = l->off + it->given + l->len;
	int64_t r = 0;
	while (at < end) {
		r = logread_copy(logtail_log(s->tail), l->stream, at, end,
				 STDOUT_FILENO);
		if (r <= (int64_t)at)
			break;
		at = (uint64_t)r;
	}
	/* The rest of it was dropped while it was being read. */
	if (r == -ESTALE)
		return put_gap(g, s, end - at);
	if (r >= 0)
		return 0;
	return cli_write_failed(g->c, (int)-r);
}

static int
put_text(struct lines *g, struct lines_source *s, const struct logtail_item *it)
{
	const struct logline *l = &it->line;
	int rc = 0;

	if (l->flags & LOGLINE_GAP)
		return put_gap(g, s, l->dropped_bytes);
	bool goes_on = it->given && g->open == s;
	if (!goes_on) {
		lines_close(g);
		/* The rest of a line whose beginning was ended already. */
		if (it->given && l->len == 0)
			return 0;
		lines_prefix(g, s);
	}
	if (g->c->out_tty)
		put_display(g, l);
	else
		rc = put_exact(g, s, it);
	g->open = s;
	/* With prefixes nothing may follow on the same line. */
	if (!it->piece || g->prefix) {
		if (!(l->flags & LOGLINE_PARTIAL) || g->follow || g->prefix)
			lines_close(g);
	}
	return rc;
}

static int
put_json(struct lines *g, struct lines_source *s, const struct logtail_item *it)
{
	const struct logline *l = &it->line;
	struct jsonout j;

	jsonout_begin(&j, &g->out);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "name", s->name);
	if (l->flags & LOGLINE_GAP) {
		jsonout_uint(&j, "dropped_bytes", l->dropped_bytes);
	} else {
		jsonout_uint(&j, "seq", l->seq);
		jsonout_time(&j, "time", l->wall_ms);
		jsonout_string(&j, "stream", log_stream_name(l->stream));
		if (l->run)
			jsonout_uint(&j, "run", l->run);
		jsonout_bytes(&j, "text", "data", l->text, l->len);
		if (it->piece || (l->flags & LOGLINE_PARTIAL))
			jsonout_bool(&j, "partial", true);
		if (l->flags & LOGLINE_CUT)
			jsonout_uint(&j, "full_bytes", l->full_len);
	}
	jsonout_close(&j);
	return jsonout_end(&j) | buf_addc(&g->out, '\n');
}

static int
put_item(struct lines *g, struct lines_source *s, const struct logtail_item *it)
{
	int rc = g->c->json ? put_json(g, s, it) : put_text(g, s, it);

	if (rc < 0 && g->c->err.code == ERR_NONE)
		err_set(&g->c->err, ERR_FAILED, "a line is too long");
	if (rc == 0 && g->out.len > FLUSH_BYTES)
		rc = lines_flush(g);
	return rc;
}

/* --- all of them by time --- */

static struct lines_source *
oldest(struct lines *g, struct logtail_item *best)
{
	struct lines_source *found = NULL;

	for (size_t i = 0; i < g->count; i++) {
		struct lines_source *s = g->sources[i];
		struct logtail_item it;
		if (logtail_peek(s->tail, s->tails, &it) != 1 ||
		    (s->early_run && it.line.run >= s->early_run))
			continue;
		if (found && it.line.wall_ms >= best->line.wall_ms)
			continue;
		*best = it;
		found = s;
	}
	return found;
}

int
lines_put(struct lines *g)
{
	struct logtail_item it = { .piece = false };
	struct lines_source *s;

	while ((s = oldest(g, &it))) {
		if (put_item(g, s, &it) < 0)
			return -1;
		logtail_take(s->tail);
	}
	return 0;
}

/* Has the log begun a run that the row does not know of yet? */
static bool
is_ahead(const struct lines_source *s, const struct proc_row *r)
{
	const struct log_run *runs;
	size_t n = logread_runs(logtail_log(s->tail), &runs);

	return n > 0 && runs[n - 1].run > r->run;
}

/* What the engine says about a source: may its tail be shown, is it over? */
bool
lines_is_done(struct lines *g, struct lines_source *s)
{
	struct model_proc *p = model_find(g->c->model, s->id);
	const struct proc_row *r = cli_row(g->c, s->id);

	s->tails = !p || p->grow.partial || p->grow.ended || rowfmt_is_over(r);
	if (!p || rowfmt_is_over(r) ||
	    memcmp(&s->grow, &p->grow, sizeof s->grow) != 0)
		logtail_refresh(s->tail);
	if (p)
		s->grow = p->grow;
	if (!r)
		return true;
	if (!rowfmt_is_over(r) || is_ahead(s, r))
		return false;
	return !p || !p->grow.next_seq ||
	       logread_next_seq(logtail_log(s->tail)) >= p->grow.next_seq;
}

void
lines_init(struct lines *g, struct cli *c)
{
	*g = (struct lines){ .c = c, .out = BUF_INIT(OUT_MAX) };
	g->runs = mem_array(RUNS_MAX, sizeof *g->runs);
}

void
lines_fini(struct lines *g)
{
	for (size_t i = 0; i < g->count; i++) {
		logtail_free(g->sources[i]->tail);
		free(g->sources[i]->name);
		free(g->sources[i]->told);
		free(g->sources[i]);
	}
	free(g->sources);
	free(g->runs);
	buf_fini(&g->out);
}

struct lines_source *
lines_add(struct lines *g, const struct model_proc *p,
	  const struct logtail_filter *filter)
{
	static const char *const colours[] = {
		"\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m",
		"\033[91m", "\033[96m", "\033[93m", "\033[92m", "\033[95m",
	};
	bool over = rowfmt_is_over(p->row);
	uint32_t id = p->id;
	char *name = mem_str(p->row->name);
	struct cli_log log;

	/* The loop turns: p may be gone after this. */
	if (cli_log_open(g->c, id, &log) < 0) {
		free(name);
		return NULL;
	}
	struct lines_source *s = mem_alloc(sizeof *s);
	s->id = id;
	s->name = name;
	s->colour = colours[g->count % ARRAY_LEN(colours)];
	g->sources = mem_grow(g->sources, g->count, g->count + 1,
			      sizeof(struct lines_source *));
	g->sources[g->count++] = s;
	logread_refresh(log.lr);
	s->tail = logtail_new(log.lr, filter);
	s->tails = !g->follow || over || log.grow.partial;
	int width = (int)strlen(s->name);
	g->name_width = SBX_MAX(g->name_width, width);
	return s;
}

struct lines_source *
lines_add_since(struct lines *g, const struct model_proc *p, int64_t since_ms)
{
	struct logtail_filter filter = { .streams = LOG_ALL_STREAMS };
	struct lines_source *s = lines_add(g, p, &filter);

	if (s)
		logtail_seek(s->tail,
			     logseek_time(logtail_log(s->tail), since_ms));
	return s;
}

struct lines_source *
lines_find(const struct lines *g, uint32_t id)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->sources[i]->id == id)
			return g->sources[i];
	return NULL;
}
