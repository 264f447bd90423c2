/*
 * wait: each of the processes ends in exactly one of met, timed out, ended
 * first; and an unknown name in "no such process".
 */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/units.h"
#include "client/lastlines.h"
#include "client/waiting.h"
#include "client/waitjson.h"
#include "life/status.h"
#include "log/logread.h"
#include "spec/spec.h"
#include "text/rowfmt.h"

enum { OUT_MAX = 16 << 20, QUOTED_LINES = 5 };

struct one {
	uint32_t id;
	struct waiting *w;
	enum waiting_end end;
	uint64_t missed, dropped_bytes;	/* lines that it could not see */
};

struct waits {
	struct cli *c;
	const struct waiting_conf *conf;
	struct one *ones;
	size_t count, met;
	size_t failed;		/* index of the one that ended first */
	struct timer *timer;
	struct buf out;
};

static void
look_for_missed(struct cli *c, struct one *o, const struct proc_row *row)
{
	bool told = o->dropped_bytes > 0;

	o->missed = waiting_missed(o->w, &o->dropped_bytes);
	if (o->dropped_bytes && !told)
		cli_say(c, "%s: dropped %llu bytes, which could not be "
			"looked at", row->name,
			(unsigned long long)o->dropped_bytes);
}

static int
put_met_json(struct waits *ws, const struct proc_row *row,
	     const struct one *o, const struct waiting_result *r)
{
	struct jsonout j;

	jsonout_begin(&j, &ws->out);
	jsonout_object(&j, NULL);
	waitjson_met(&j, row, ws->conf, r);
	waitjson_missed(&j, o->missed, o->dropped_bytes);
	jsonout_close(&j);
	return jsonout_end(&j) | buf_addc(&ws->out, '\n');
}

/* Never started, and nothing is about to start it. */
static bool
is_unborn(const struct proc_row *r)
{
	return r->status == STATUS_OFF && r->run == 0;
}

static int
put_met(struct waits *ws, const struct proc_row *row, const struct one *o,
	const struct waiting_result *r)
{
	int rc = 0;

	if (ws->c->json) {
		rc = put_met_json(ws, row, o, r);
	} else if (r->hit) {
		char *line = mem_strn(r->hit->line, r->hit->len);
		rc = rowfmt_plain(&ws->out, line);
		rc |= buf_addc(&ws->out, '\n');
		free(line);
	}
	if (rc < 0)
		return err_set(&ws->c->err, ERR_FAILED,
			       "the line is too long");
	return cli_put(ws->c, &ws->out);
}

static void
on_timer(struct timer *t, void *arg)
{
	(void)t;
	cli_wake(arg);
}

static void
wake(void *arg)
{
	cli_wake(arg);
}

/* All of them are met; or one cannot be any more, which settles it. */
static int
check(struct cli *c, void *arg)
{
	struct waits *ws = arg;
	uint64_t soonest_ms = UINT64_MAX, now_ms = clock_ms();

	for (size_t i = 0; i < ws->count; i++) {
		struct one *o = &ws->ones[i];
		const struct proc_row *row = cli_row(c, o->id);
		struct waiting_result r;
		uint64_t again_ms;
		if (o->end != WAITING_NOT_YET || !row)
			continue;
		o->end = waiting_step(o->w, row, model_find(c->model, o->id),
				      now_ms, &r, &again_ms, &c->err);
		if (o->end == WAITING_WRONG)
			return -1;
		look_for_missed(c, o, row);
		if (o->end == WAITING_MET) {
			ws->met++;
			if (is_unborn(row))
				cli_say(c, "'%s' has not been started",
					row->name);
			if (put_met(ws, row, o, &r) < 0)
				return -1;
		}
		if (o->end == WAITING_ENDED) {
			ws->failed = i;
			return 1;
		}
		if (o->end == WAITING_NOT_YET)
			soonest_ms = SBX_MIN(soonest_ms, again_ms);
	}
	if (ws->met == ws->count)
		return 1;
	if (soonest_ms != UINT64_MAX)
		timer_arm(ws->timer, clock_us() + soonest_ms * 1000);
	return 0;
}

static const char *
what(const struct waiting_conf *conf)
{
	static const char *const words[] = {
		[WAITING_UP] = "it was ready", [WAITING_READY] = "it was ready",
		[WAITING_EXIT] = "it ended", [WAITING_IDLE] = "it was idle",
		[WAITING_LOG] = "a line matched",
		[WAITING_SCREEN] = "its screen matched",
		[WAITING_PORT] = "its port answered",
	};
	return words[conf->kind];
}

static void
put_last_lines(struct waits *ws, const struct one *o,
	       const struct proc_row *row, struct jsonout *j)
{
	uint64_t run = lastlines_run(row);
	struct err kept = ws->c->err;
	struct cli_log log;

	if (cli_log_open(ws->c, o->id, &log) == 0) {
		waitjson_last_lines(j, run, log.lr);
		logread_free(log.lr);
	}
	ws->c->err = kept;
}

static int
put_not_met(struct waits *ws, const char *why, const struct proc_row *row,
	    const struct one *o)
{
	const char *note = o && o->w ? waiting_note(o->w) : "";
	struct jsonout j;

	if (!ws->c->json)
		return 0;
	jsonout_begin(&j, &ws->out);
	jsonout_object(&j, NULL);
	waitjson_not_met(&j, why, row);
	if (o)
		waitjson_missed(&j, o->missed, o->dropped_bytes);
	if (o && ws->failed < ws->count)
		put_last_lines(ws, o, row, &j);
	else if (note[0])
		jsonout_string(&j, "note", note);
	jsonout_close(&j);
	if ((jsonout_end(&j) | buf_addc(&ws->out, '\n')) < 0)
		return -1;
	return cli_put(ws->c, &ws->out);
}

static int
say_ended(struct waits *ws)
{
	struct cli *c = ws->c;
	const struct one *o = &ws->ones[ws->failed];
	const struct proc_row *row = cli_row(c, o->id);

	if (is_unborn(row)) {
		err_set(&c->err, ERR_FAILED, "'%s' has not been started: "
			"there is nothing to wait for", row->name);
		err_hint(&c->err, "'sbx start %.64s' starts it", row->name);
	} else {
		err_set(&c->err, ERR_FAILED, "'%s' ended before %s: %s",
			row->name, what(ws->conf), rowfmt_reason(row));
	}
	if (put_not_met(ws, "ended", row, o) < 0)
		return cli_fail(c);
	if (c->json)
		return err_exit_code(c->err.code);
	int code = cli_fail(c);
	cli_quote_log(c, o->id, QUOTED_LINES);
	return code;
}

/* They live on; the first that was not met is told. */
static int
say_timeout(struct waits *ws)
{
	struct cli *c = ws->c;
	const struct proc_row *row = NULL;
	const struct one *o = NULL;

	for (size_t i = 0; i < ws->count && !row; i++) {
		if (ws->ones[i].end != WAITING_NOT_YET)
			continue;
		o = &ws->ones[i];
		row = cli_row(c, o->id);
	}
	err_set(&c->err, ERR_TIMEOUT,
		"the time passed before %s: '%s' is %s%s%s",
		what(ws->conf), row ? row->name : "",
		row ? status_name(row->status) : "gone",
		row && row->reason[0] ? ": " : "", row ? row->reason : "");
	const char *note = o && o->w ? waiting_note(o->w) : "";
	if (note[0])
		err_hint(&c->err, "%s", note);
	if (put_not_met(ws, "timeout", row, o) < 0)
		return cli_fail(c);
	return c->json ? err_exit_code(c->err.code) : cli_fail(c);
}

static int
open_one(struct waits *ws, struct one *o)
{
	struct cli *c = ws->c;
	struct cli_log log = { .lr = NULL };

	if ((ws->conf->kind == WAITING_LOG ||
	     ws->conf->kind == WAITING_IDLE) &&
	    cli_log_open(c, o->id, &log) < 0)
		return -1;
	o->w = waiting_new(c->loop, ws->conf, log.lr, wake, c, &c->err);
	if (!o->w)
		return -1;
	return 0;
}

int
cli_wait_for(struct cli *c, const uint32_t *ids, size_t count,
	     const struct waiting_conf *conf, uint64_t at_ms)
{
	struct waits ws = { .c = c, .conf = conf, .count = count,
			    .failed = count, .out = BUF_INIT(OUT_MAX) };
	int rc = 0, code;

	ws.ones = mem_array(count + 1, sizeof *ws.ones);
	ws.timer = loop_timer(c->loop, on_timer, c);
	for (size_t i = 0; i < count && rc == 0; i++) {
		ws.ones[i].id = ids[i];
		if (conf->kind == WAITING_LOG)
			cli_look_for_stream(c, ids[i]);
		rc = open_one(&ws, &ws.ones[i]);
	}
	if (rc == 0 && conf->kind == WAITING_SCREEN)
		cli_watch_screens(c, ids, count);
	c->come_back = true;
	if (rc == 0)
		rc = cli_until(c, check, &ws, at_ms);
	if (rc == 0)
		code = ws.failed < count ? say_ended(&ws) : 0;
	else if (c->err.code == ERR_TIMEOUT)
		code = say_timeout(&ws);
	else
		code = cli_fail(c);
	c->screen_count = 0;
	for (size_t i = 0; i < count; i++)
		waiting_free(ws.ones[i].w);
	free(ws.ones);
	timer_drop(ws.timer);
	buf_fini(&ws.out);
	return code;
}

/* --- the options --- */

static const struct {
	enum cmd_option option;
	enum waiting_kind kind;
} conditions[] = {
	{ CMD_OPT_LOG, WAITING_LOG },	{ CMD_OPT_STRING, WAITING_LOG },
	{ CMD_OPT_SCREEN, WAITING_SCREEN }, { CMD_OPT_PORT, WAITING_PORT },
	{ CMD_OPT_READY, WAITING_READY }, { CMD_OPT_EXIT, WAITING_EXIT },
	{ CMD_OPT_IDLE, WAITING_IDLE },
};

static int
one_condition(struct cli *c, struct waiting_conf *conf)
{
	int found = -1;

	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (!cli_given(c, conditions[i].option))
			continue;
		if (found >= 0)
			return err_set(&c->err, ERR_USAGE, "--%s and --%s: "
				"one condition at a time",
				cmd_option(conditions[found].option)->row.name,
				cmd_option(conditions[i].option)->row.name);
		found = (int)i;
	}
	conf->kind = found < 0 ? WAITING_UP : conditions[found].kind;
	return 0;
}

static int
log_options(struct cli *c, struct waiting_conf *conf)
{
	const char *after = cli_arg(c, CMD_OPT_AFTER)->text;
	const char *stream = cli_arg(c, CMD_OPT_STREAM)->text;

	if (conf->kind != WAITING_LOG) {
		if (after || stream)
			return err_set(&c->err, ERR_USAGE, "--%s goes with "
				       "--log or --string",
				       after ? "after" : "stream");
		return 0;
	}
	if (cli_given(c, CMD_OPT_STRING)) {
		conf->pattern = cli_arg(c, CMD_OPT_STRING)->text;
		conf->pattern_flags = REGEX_LITERAL;
	} else {
		conf->pattern = cli_arg(c, CMD_OPT_LOG)->text;
	}
	if (after && units_uint(after, 0, UINT64_MAX >> 1, &conf->after) < 0)
		return err_set(&c->err, ERR_USAGE,
			       "--after: '%.60s' is not a cursor", after);
	return cli_streams(c, &conf->streams);
}

static int
port_options(struct cli *c, struct waiting_conf *conf)
{
	const struct cmd_arg *port = cli_arg(c, CMD_OPT_PORT);
	const struct cmd_arg *http = cli_arg(c, CMD_OPT_HTTP);
	const struct cmd_arg *status = cli_arg(c, CMD_OPT_STATUS_IN);

	if (http->given && !port->given)
		return err_set(&c->err, ERR_USAGE, "--http wants --port");
	if (status->given && !http->given)
		return err_set(&c->err, ERR_USAGE, "--status wants --http");
	if (!port->given)
		return 0;
	if (port->number < 1 || port->number > 65535)
		return err_set(&c->err, ERR_USAGE,
			       "--port: %llu is not a port",
			       (unsigned long long)port->number);
	conf->target = (struct probe_target){
		.kind = http->given ? PROBE_HTTP : PROBE_TCP,
		.port = (unsigned)port->number, .path = http->text,
		.status_min = (unsigned)status->number,
		.status_max = (unsigned)status->number2,
	};
	return 0;
}

static int
make_conf(struct cli *c, struct waiting_conf *conf)
{
	*conf = (struct waiting_conf){ .streams = LOG_ALL_STREAMS };
	if (one_condition(c, conf) < 0 || log_options(c, conf) < 0 ||
	    port_options(c, conf) < 0 ||
	    cli_check_pattern(c, CMD_OPT_LOG) < 0 ||
	    cli_check_pattern(c, CMD_OPT_SCREEN) < 0)
		return -1;
	if (conf->kind == WAITING_SCREEN)
		conf->pattern = cli_arg(c, CMD_OPT_SCREEN)->text;
	conf->idle_ms = cli_arg(c, CMD_OPT_IDLE)->number;
	return 0;
}

static int
no_process(struct cli *c)
{
	struct waits ws = { .c = c, .out = BUF_INIT(OUT_MAX) };

	if (c->err.code == ERR_NO_PROCESS)
		put_not_met(&ws, "no_process", NULL, NULL);
	buf_fini(&ws.out);
	return cli_fail(c);
}

/* Of those that are not named one by one, the ones with a terminal; how many
 * or 0. */
static int
with_screens(struct cli *c, struct model_proc **procs, int n)
{
	bool any = cli_given(c, CMD_OPT_ALL) || cli_given(c, CMD_OPT_FAILED);
	int count = 0;

	for (int i = 0; i < n; i++) {
		if (procs[i]->row->tty || !any)
			procs[count++] = procs[i];
	}
	if (count == 0)
		err_set(&c->err, ERR_NO_PROCESS,
			"none of them has a terminal");
	else if (count > PROTO_SCREENS_MAX)
		err_set(&c->err, ERR_USAGE, "more than %d screens at a time",
			PROTO_SCREENS_MAX);
	return count > PROTO_SCREENS_MAX ? 0 : count;
}

int
cli_wait(struct cli *c)
{
	struct waiting_conf conf;
	struct model_proc **procs;
	uint64_t at_ms = cli_deadline(c, CMD_OPT_TIMEOUT);

	if (make_conf(c, &conf) < 0 || cli_rows(c, PROTO_SUB_GROWTH) < 0)
		return cli_fail(c);
	int n = cli_select(c, 0, false, &procs);
	if (n < 0)
		return no_process(c);
	if (conf.kind == WAITING_SCREEN)
		n = with_screens(c, procs, n);
	uint32_t *ids = mem_array((size_t)n + 1, sizeof *ids);
	for (int i = 0; i < n; i++)
		ids[i] = procs[i]->id;
	free(procs);
	int code = n > 0 ? cli_wait_for(c, ids, (size_t)n, &conf, at_ms) :
			   cli_fail(c);
	free(ids);
	return code;
}
