/*
 * logs: the logs of processes in the order of time.  They are read here, by
 * the descriptors of their directories; the engine only tells how far they
 * have come and when a run is over.
 */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "buf.h"
#include "cell.h"
#include "clock.h"
#include "jsonout.h"
#include "logcopy.h"
#include "logread.h"
#include "logtail.h"
#include "mem.h"
#include "regex.h"
#include "rowfmt.h"
#include "signame.h"
#include "status.h"
#include "strip.h"
#include "sys.h"
#include "timetext.h"
#include "units.h"

enum {
	OUT_MAX = 16 << 20,
	FLUSH_BYTES = 256 * 1024,
	RUNS_MAX = 512,		/* of colours in one line */
};

struct source {
	uint32_t id;
	char *name;
	struct logtail *tail;
	uint64_t last_run;	/* whose end was told */
	bool told_any;
	bool tails;		/* unfinished lines may be shown */
	struct proto_grow grow;	/* when it was looked at last */
	const char *colour;
};

struct logs {
	struct cli *c;
	struct source *sources;
	size_t count;
	int name_width;
	bool follow, prefix, first;
	struct regex *re;
	struct logtail_filter filter;
	struct buf out;
	const struct source *open;	/* whose line lacks its newline */
	struct strip_run *runs;
};

/* --- one item in its three forms --- */

static void
put_colours(struct logs *g, const struct buf *text, size_t count)
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
put_display(struct logs *g, const struct logline *l)
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

static int
flush_out(struct logs *g)
{
	return cli_put(g->c, &g->out);
}

/* For a pipe: the line as it is, however long. */
static int
put_exact(struct logs *g, struct source *s, const struct logtail_item *it)
{
	const struct logline *l = &it->line;

	buf_add(&g->out, l->text, l->len);
	if (!(l->flags & LOGLINE_CUT) || l->stream == LOG_PTY)
		return 0;
	if (flush_out(g) < 0 || fflush(stdout))
		return -1;
	uint64_t end = l->off + l->full_len - !(l->flags & LOGLINE_PARTIAL);
	int64_t r = logread_copy(logtail_log(s->tail), l->stream,
				 l->off + it->given + l->len, end,
				 STDOUT_FILENO);
	if (r >= 0)
		return 0;
	return err_set(&g->c->err, ERR_INTERNAL, "writing the output: %s",
		       strerror((int)-r));
}

static void
put_prefix(struct logs *g, const struct source *s)
{
	if (!g->prefix)
		return;
	if (g->c->colours)
		buf_adds(&g->out, s->colour);
	buf_addf(&g->out, "%-*s |", g->name_width, s->name);
	buf_adds(&g->out, g->c->colours ? "\033[m " : " ");
}

static void
close_open_line(struct logs *g)
{
	if (g->open)
		buf_addc(&g->out, '\n');
	g->open = NULL;
}

static int
put_gap(struct logs *g, const struct source *s, uint64_t bytes)
{
	close_open_line(g);
	if (!g->c->out_tty && !g->prefix) {
		/* What goes into a file is the process's own output. */
		cli_say(g->c, "%s: dropped %llu bytes", s->name,
			(unsigned long long)bytes);
		return 0;
	}
	put_prefix(g, s);
	return buf_addf(&g->out, "--- dropped %llu bytes ---\n",
			(unsigned long long)bytes);
}

static int
put_text(struct logs *g, struct source *s, const struct logtail_item *it)
{
	const struct logline *l = &it->line;
	int rc = 0;

	if (l->flags & LOGLINE_GAP)
		return put_gap(g, s, l->dropped_bytes);
	bool goes_on = it->given && g->open == s;
	if (!goes_on) {
		close_open_line(g);
		/* The rest of a line whose beginning was ended already. */
		if (it->given && l->len == 0)
			return 0;
		put_prefix(g, s);
	}
	if (g->c->out_tty)
		put_display(g, l);
	else
		rc = put_exact(g, s, it);
	g->open = s;
	/* With prefixes nothing may follow on the same line. */
	if (!it->piece || g->prefix) {
		if (!(l->flags & LOGLINE_PARTIAL) || g->follow || g->prefix)
			close_open_line(g);
	}
	return rc;
}

static int
put_json(struct logs *g, struct source *s, const struct logtail_item *it)
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
put_item(struct logs *g, struct source *s, const struct logtail_item *it)
{
	int rc = g->c->json ? put_json(g, s, it) : put_text(g, s, it);

	if (rc < 0 && g->c->err.code == ERR_NONE)
		err_set(&g->c->err, ERR_FAILED, "a line is too long");
	if (rc == 0 && g->out.len > FLUSH_BYTES)
		rc = flush_out(g);
	return rc;
}

static int
put_exit(struct logs *g, struct source *s, const struct proc_row *r)
{
	char name[SIGNAME_MAX];
	struct jsonout j;

	close_open_line(g);
	if (!g->c->json)
		return 0;
	jsonout_begin(&j, &g->out);
	jsonout_object(&j, NULL);
	jsonout_object(&j, "exit");
	jsonout_string(&j, "name", s->name);
	jsonout_string(&j, "status", status_name(r->status));
	if (r->has_exit && r->exit_signal)
		jsonout_string(&j, "signal",
			       signame_text(r->exit_signal, name));
	else if (r->has_exit)
		jsonout_int(&j, "exit_code", r->exit_code);
	jsonout_string(&j, "reason", r->reason);
	jsonout_uint(&j, "run", r->run);
	jsonout_close(&j);
	jsonout_close(&j);
	return jsonout_end(&j) | buf_addc(&g->out, '\n');
}

/* --- all of them by time --- */

static struct source *
oldest(struct logs *g, struct logtail_item *best)
{
	struct source *found = NULL;

	for (size_t i = 0; i < g->count; i++) {
		struct source *s = &g->sources[i];
		struct logtail_item it;
		if (logtail_peek(s->tail, s->tails, &it) != 1)
			continue;
		if (found && it.line.wall_ms >= best->line.wall_ms)
			continue;
		*best = it;
		found = s;
	}
	return found;
}

static int
put_all(struct logs *g)
{
	struct logtail_item it = { .piece = false };
	struct source *s;

	while ((s = oldest(g, &it))) {
		if (put_item(g, s, &it) < 0)
			return -1;
		logtail_take(s->tail);
	}
	return 0;
}

/* What the engine says about a source: may its tail be shown, is it over? */
static bool
is_done(struct logs *g, struct source *s)
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
	if (!rowfmt_is_over(r))
		return false;
	return !p || !p->grow.next_seq ||
	       logread_next_seq(logtail_log(s->tail)) >= p->grow.next_seq;
}

static int
check_follow(struct cli *c, void *arg)
{
	struct logs *g = arg;
	size_t done = 0;

	for (size_t i = 0; i < g->count; i++)
		done += is_done(g, &g->sources[i]);
	if (put_all(g) < 0)
		return -1;
	for (size_t i = 0; i < g->count; i++) {
		struct source *s = &g->sources[i];
		const struct proc_row *r = cli_row(c, s->id);
		if (!r || !rowfmt_is_over(r) ||
		    (s->told_any && s->last_run == r->run))
			continue;
		s->told_any = true;
		s->last_run = r->run;
		if (put_exit(g, s, r) < 0)
			return -1;
	}
	if (flush_out(g) < 0 || fflush(stdout))
		return -1;
	return done == g->count;
}

/* --- what the options say --- */

static int
parse_filter(struct logs *g)
{
	struct cli *c = g->c;
	const char *stream = cli_arg(c, CMD_OPT_STREAM)->text;
	const char *grep = cli_arg(c, CMD_OPT_GREP)->text;

	g->filter = (struct logtail_filter){
		.streams = LOGTAIL_ALL,
		.run = cli_arg(c, CMD_OPT_RUN)->number,
	};
	if (stream) {
		int s = log_stream_find(stream);
		if (s < 0)
			return err_set(&c->err, ERR_USAGE, "there is no "
				       "stream '%.60s': stdout, stderr or "
				       "pty", stream);
		g->filter.streams = 1u << s;
	}
	if (grep) {
		g->re = regex_new(grep, strlen(grep), 0, &c->err, NULL);
		if (!g->re)
			return -1;
		g->filter.re = g->re;
	}
	return 0;
}

/* --since: the number of the first line, 0 for the oldest. */
static int
since_seq(struct cli *c, struct logread *lr, uint64_t *seq)
{
	const char *text = cli_arg(c, CMD_OPT_SINCE)->text;
	int64_t at_ms;

	*seq = 0;
	if (!text)
		return 0;
	if (units_uint(text, 0, UINT64_MAX >> 1, seq) == 0) {
		*seq += 1;
		return 0;
	}
	if (timetext_parse(text, clock_wall_ms(), &at_ms, &c->err) < 0)
		return -1;
	*seq = logread_seq_at(lr, at_ms);
	return 0;
}

static int
open_source(struct logs *g, struct source *s, const struct model_proc *p)
{
	static const char *const colours[] = {
		"\033[36m", "\033[33m", "\033[32m", "\033[35m", "\033[34m",
		"\033[91m", "\033[96m", "\033[93m", "\033[92m", "\033[95m",
	};
	struct cli *c = g->c;
	struct cli_log log;
	uint64_t seq;

	s->id = p->id;
	s->name = mem_str(p->row->name);
	s->colour = colours[(size_t)(s - g->sources) % ARRAY_LEN(colours)];
	if (cli_log_open(c, p->id, &log) < 0)
		return -1;
	logread_refresh(log.lr);
	s->tail = logtail_new(log.lr, &g->filter);
	s->tails = !g->follow || rowfmt_is_over(p->row) || log.grow.partial;
	if (since_seq(c, log.lr, &seq) < 0)
		return -1;
	if (cli_given(c, CMD_OPT_LINES)) {
		logtail_seek_last(s->tail, cli_arg(c, CMD_OPT_LINES)->number);
		if (seq > logtail_seq(s->tail))
			logtail_seek(s->tail, seq);
	} else if (seq) {
		logtail_seek(s->tail, seq);
	} else {
		/* From line 1: a mark tells of those that are gone. */
		logtail_seek(s->tail, 1);
	}
	int width = (int)strlen(s->name);
	g->name_width = SBX_MAX(g->name_width, width);
	return 0;
}

/* --- --raw --- */

static int
put_raw(void *arg, enum log_stream s, const char *data, size_t len)
{
	(void)arg;
	(void)s;
	return sys_write_all(STDOUT_FILENO, data, len);
}

struct raw {
	struct logs *g;
	struct logcopy copy;
	struct source *source;
};

static int
check_raw(struct cli *c, void *arg)
{
	struct raw *raw = arg;
	struct logs *g = raw->g;
	bool over = is_done(g, raw->source);
	int r;

	raw->source->tails |= !g->follow;
	do
		r = logcopy_step(&raw->copy, raw->source->tails, put_raw,
				 NULL);
	while (r > 0);
	if (raw->copy.dropped_bytes) {
		cli_say(c, "%s: dropped %llu bytes", raw->source->name,
			(unsigned long long)raw->copy.dropped_bytes);
		raw->copy.dropped_bytes = 0;
	}
	if (r < 0)
		return err_set(&c->err, ERR_INTERNAL,
			       "copying the output: %s", strerror(-r));
	return over || !g->follow;
}

static int
logs_raw(struct logs *g)
{
	struct cli *c = g->c;
	struct raw raw = { .g = g, .source = &g->sources[0] };

	if (g->count != 1)
		return err_set(&c->err, ERR_USAGE,
			       "--raw wants exactly one process");
	if (g->re || c->json)
		return err_set(&c->err, ERR_USAGE, "--raw goes neither with "
			       "--grep nor with --json");
	struct logread *lr = logtail_log(raw.source->tail);
	bool from_line = cli_given(c, CMD_OPT_LINES) ||
			 cli_given(c, CMD_OPT_SINCE);
	uint64_t seq = from_line ? logtail_seq(raw.source->tail) : 0, end = 0;
	if (g->filter.run && !logread_run_lines(lr, g->filter.run, &seq,
						&end))
		return err_set(&c->err, ERR_FAILED, "run %llu is not known",
			       (unsigned long long)g->filter.run);
	logcopy_init(&raw.copy, lr, g->filter.streams, seq);
	raw.copy.end_seq = end == logread_next_seq(lr) ? 0 : end;
	return cli_until(c, check_raw, &raw, 0);
}

static int
logs_lines(struct logs *g)
{
	struct cli *c = g->c;

	g->prefix = g->count > 1 && !cli_given(c, CMD_OPT_NO_PREFIX);
	g->runs = mem_array(RUNS_MAX, sizeof *g->runs);
	if (g->follow)
		return cli_until(c, check_follow, g, 0);
	if (put_all(g) < 0)
		return -1;
	/* The terminal's next prompt does not belong to the log. */
	if (g->open && c->out_tty)
		close_open_line(g);
	return flush_out(g);
}

static int
open_all(struct logs *g)
{
	struct cli *c = g->c;
	struct model_proc **procs;
	bool follow = g->follow;

	if (parse_filter(g) < 0 ||
	    cli_rows(c, follow ? PROTO_SUB_GROWTH : 0) < 0)
		return -1;
	int n = cli_select(c, 0, true, &procs);
	if (n < 0)
		return -1;
	/* Their ids: the model may change while the logs are opened. */
	g->sources = mem_array((size_t)n + 1, sizeof *g->sources);
	int rc = 0;
	uint32_t *ids = mem_array((size_t)n + 1, sizeof *ids);
	for (int i = 0; i < n; i++)
		ids[i] = procs[i]->id;
	free(procs);
	for (int i = 0; i < n && rc == 0; i++) {
		struct model_proc *p = model_find(c->model, ids[i]);
		if (p)
			rc = open_source(g, &g->sources[g->count++], p);
	}
	free(ids);
	return rc;
}

int
cli_logs(struct cli *c)
{
	struct logs g = { .c = c, .out = BUF_INIT(OUT_MAX),
			  .follow = cli_given(c, CMD_OPT_FOLLOW) };

	c->come_back = true;
	int rc = open_all(&g);
	if (rc == 0)
		rc = cli_given(c, CMD_OPT_RAW) ? logs_raw(&g) :
						 logs_lines(&g);
	for (size_t i = 0; i < g.count; i++) {
		logtail_free(g.sources[i].tail);
		free(g.sources[i].name);
	}
	free(g.sources);
	free(g.runs);
	regex_free(g.re);
	buf_fini(&g.out);
	return rc < 0 ? cli_fail(c) : 0;
}
