/*
 * logs: the logs of processes in the order of time.  They are read here, by
 * the descriptors of their directories; the engine only tells how far they
 * have come and when a run is over.
 */

#include "cli_lines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/signame.h"
#include "base/sys.h"
#include "base/timetext.h"
#include "base/units.h"
#include "cli_ctx.h"
#include "life/status.h"
#include "log/logcopy.h"
#include "log/logread.h"
#include "log/logseek.h"
#include "log/logtail.h"
#include "text/rowfmt.h"

struct logs {
	struct cli *c;
	struct lines lines;
	struct regex *re;
	struct logtail_filter filter;
};

static int
put_exit(struct lines *g, struct lines_source *s, const struct proc_row *r)
{
	char name[SIGNAME_MAX];
	struct jsonout j;

	lines_close(g);
	if (!g->c->json) {
		if (lines_flush(g) < 0)
			return -1;
		if (r->run)
			cli_say(g->c, "%s: %s", s->name, rowfmt_reason(r));
		return 0;
	}
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

static int
check_follow(struct cli *c, void *arg)
{
	struct logs *g = arg;
	size_t done = 0;

	for (size_t i = 0; i < g->lines.count; i++)
		done += lines_is_done(&g->lines, g->lines.sources[i]);
	if (lines_put(&g->lines) < 0)
		return -1;
	for (size_t i = 0; i < g->lines.count; i++) {
		struct lines_source *s = g->lines.sources[i];
		const struct proc_row *r = cli_row(c, s->id);
		if (!r || !rowfmt_is_over(r) ||
		    (s->told_any && s->last_run == r->run))
			continue;
		s->told_any = true;
		s->last_run = r->run;
		if (put_exit(&g->lines, s, r) < 0)
			return -1;
	}
	if (lines_flush(&g->lines) < 0 || fflush(stdout))
		return -1;
	return done == g->lines.count;
}

/* --- what the options say --- */

static int
parse_filter(struct logs *g)
{
	struct cli *c = g->c;

	if (cli_streams(c, &g->filter.streams) < 0)
		return -1;
	if (cli_given(c, CMD_OPT_GREP)) {
		g->re = cli_pattern(c, CMD_OPT_GREP, 0);
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
	/* What is older than all that is left may be of that time, too. */
	*seq = logseek_time(lr, at_ms);
	if (*seq == logread_first_seq(lr))
		*seq = 0;
	return 0;
}

/* alone: there is no other one to show.  0 or -1. */
static int
open_source(struct logs *g, const struct model_proc *p, bool alone)
{
	struct cli *c = g->c;
	uint64_t seq;

	if (cli_run_number(c, p->row, &g->filter.run) < 0)
		return -1;
	char *name = mem_str(p->row->name);
	struct lines_source *s = lines_add(&g->lines, p, &g->filter);
	bool skip = !s && !alone && !client_closed(c->client);
	/* On a full disk there may be no log of what said nothing. */
	if (skip)
		cli_say(c, "%s: %s", name, c->err.text);
	free(name);
	if (skip)
		return 0;
	if (!s || since_seq(c, logtail_log(s->tail), &seq) < 0)
		return -1;
	if (cli_given(c, CMD_OPT_LINES)) {
		logtail_seek_last(s->tail, cli_arg(c, CMD_OPT_LINES)->number);
		if (seq > logtail_seq(s->tail))
			logtail_seek(s->tail, seq);
	} else {
		uint64_t first = 1, end;
		/* Not the oldest that is left: a mark tells of the others. */
		logseek_run(logtail_log(s->tail), g->filter.run, &first, &end);
		logtail_seek(s->tail, SBX_MAX(seq, first));
	}
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
	struct lines_source *source;
};

static int
check_raw(struct cli *c, void *arg)
{
	struct raw *raw = arg;
	struct logs *g = raw->g;
	bool over = lines_is_done(&g->lines, raw->source);
	int r;

	raw->source->tails |= !g->lines.follow;
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
	return over || !g->lines.follow;
}

static int
logs_raw(struct logs *g)
{
	struct cli *c = g->c;
	struct raw raw = { .g = g, .source = g->lines.sources[0] };

	if (g->lines.count != 1)
		return err_set(&c->err, ERR_USAGE,
			       "--raw wants exactly one process");
	if (g->re || c->json)
		return err_set(&c->err, ERR_USAGE, "--raw goes neither with "
			       "--grep nor with --json");
	struct logread *lr = logtail_log(raw.source->tail);
	bool from_line = cli_given(c, CMD_OPT_LINES) ||
			 cli_given(c, CMD_OPT_SINCE);
	uint64_t seq = from_line ? logtail_seq(raw.source->tail) : 0;
	if (!logcopy_init(&raw.copy, lr, g->filter.streams, g->filter.run,
			  seq))
		return err_set(&c->err, ERR_FAILED, "run %llu is not known",
			       (unsigned long long)g->filter.run);
	return cli_until(c, check_raw, &raw, 0);
}

static int
logs_lines(struct logs *g)
{
	struct cli *c = g->c;

	g->lines.prefix = g->lines.count > 1 &&
			  !cli_given(c, CMD_OPT_NO_PREFIX);
	if (g->lines.follow)
		return cli_until(c, check_follow, g, 0);
	if (lines_put(&g->lines) < 0)
		return -1;
	/* The terminal's next prompt does not belong to the log. */
	if (g->lines.open && c->out_tty)
		lines_close(&g->lines);
	return lines_flush(&g->lines);
}

static int
open_all(struct logs *g)
{
	struct cli *c = g->c;
	struct model_proc **procs;
	bool follow = g->lines.follow;

	if (parse_filter(g) < 0 ||
	    cli_rows(c, follow ? PROTO_SUB_GROWTH : 0) < 0)
		return -1;
	int n = cli_select(c, 0, true, &procs);
	if (n < 0)
		return -1;
	/* Their ids: the model may change while the logs are opened. */
	int rc = 0;
	uint32_t *ids = mem_array((size_t)n + 1, sizeof *ids);
	for (int i = 0; i < n; i++)
		ids[i] = procs[i]->id;
	free(procs);
	for (int i = 0; i < n && rc == 0; i++) {
		struct model_proc *p = model_find(c->model, ids[i]);
		if (p)
			rc = open_source(g, p, n == 1);
	}
	free(ids);
	return rc;
}

int
cli_logs(struct cli *c)
{
	struct logs g = { .c = c };

	lines_init(&g.lines, c);
	g.lines.follow = cli_given(c, CMD_OPT_FOLLOW);
	c->come_back = true;
	int rc = open_all(&g);
	if (rc == 0)
		rc = cli_given(c, CMD_OPT_RAW) ? logs_raw(&g) :
						 logs_lines(&g);
	lines_fini(&g.lines);
	regex_free(g.re);
	return rc < 0 ? cli_fail(c) : 0;
}
