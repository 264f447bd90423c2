#include "cli_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/signame.h"
#include "base/units.h"
#include "cli_ctx.h"
#include "log/logread.h"
#include "text/rowfmt.h"

enum { RUNS_JSON = 50, RUNS_TEXT = 5, SHORT_MS = 10000 };

static uint64_t
since(int64_t from_ms, int64_t to_ms)
{
	return to_ms > from_ms ? (uint64_t)(to_ms - from_ms) : 0;
}

/* An engine that was away when it ended does not know how. */
static bool
is_known(const struct log_run *r)
{
	return r->flags & LOG_RUN_ENDED && r->status >= 0;
}

static void
json_run(struct jsonout *j, const struct log_run *r)
{
	bool ended = r->flags & LOG_RUN_ENDED;
	char name[SIGNAME_MAX];

	jsonout_object(j, NULL);
	jsonout_uint(j, "run", r->run);
	jsonout_int(j, "pid", r->pid);
	if (r->outcome[0])
		jsonout_string(j, "status", r->outcome);
	if (is_known(r) && WIFSIGNALED(r->status))
		jsonout_string(j, "signal",
			       signame_text(WTERMSIG(r->status), name));
	else if (is_known(r))
		jsonout_int(j, "exit_code", WEXITSTATUS(r->status));
	if (r->reason[0])
		jsonout_string(j, "reason", r->reason);
	jsonout_time(j, "started_at", r->start_ms);
	if (ended) {
		jsonout_time(j, "ended_at", r->end_ms);
		jsonout_uint(j, "duration_ms", since(r->start_ms, r->end_ms));
	}
	if (r->ready_ms)
		jsonout_uint(j, "ready_after_ms",
			     since(r->start_ms, r->ready_ms));
	if (r->maxrss_bytes)
		jsonout_uint(j, "max_rss", r->maxrss_bytes);
	if (r->flags & LOG_RUN_SEQ)
		jsonout_uint(j, "first_seq", r->first_seq);
	if (r->flags & LOG_RUN_SEQ && r->flags & LOG_RUN_SEQ_END)
		jsonout_uint(j, "lines", r->end_seq - r->first_seq);
	jsonout_close(j);
}

void
runs_json(struct jsonout *j, const struct logread *lr)
{
	const struct log_run *v;
	size_t n = lr ? logread_runs(lr, &v) : 0;

	jsonout_array(j, "runs");
	for (size_t i = 0; i < n && i < RUNS_JSON; i++)
		json_run(j, &v[n - 1 - i]);
	jsonout_close(j);
}

static int
text_run(struct buf *out, const struct log_run *r, int64_t now_ms)
{
	bool ended = r->flags & LOG_RUN_ENDED;
	uint64_t ran_ms = since(r->start_ms, ended ? r->end_ms : now_ms);
	uint64_t ready_ms = since(r->start_ms, r->ready_ms);
	char text[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];
	int rc = buf_addf(out, "#%llu", (unsigned long long)r->run);

	if (ran_ms < SHORT_MS)
		units_duration_text(ran_ms, age);
	else
		clock_age(age, sizeof age, ran_ms);
	rc |= buf_addf(out, "  %s", r->outcome[0] ? r->outcome :
				    ended ? "ended" : "runs");
	if (r->reason[0]) {
		rc |= buf_adds(out, ": ");
		rc |= rowfmt_plain(out, r->reason);
	}
	rc |= buf_addf(out, "  %s %s", ended ? "ran" : "for", age);
	if (ready_ms) {
		units_duration_text(ready_ms, text);
		rc |= buf_addf(out, ", ready after %s", text);
	}
	if (r->maxrss_bytes)
		rc |= buf_addf(out, ", %lluM at most",
			       (unsigned long long)(r->maxrss_bytes >> 20));
	if (r->flags & LOG_RUN_SEQ && r->flags & LOG_RUN_SEQ_END &&
	    r->end_seq > r->first_seq)
		rc |= buf_addf(out, ", lines %llu to %llu",
			       (unsigned long long)r->first_seq,
			       (unsigned long long)r->end_seq - 1);
	return rc | buf_addc(out, '\n');
}

int
runs_text(struct buf *out, const struct logread *lr, int64_t now_ms)
{
	const struct log_run *v;
	size_t n = lr ? logread_runs(lr, &v) : 0;
	int rc = 0;

	for (size_t i = 0; i < n && i < RUNS_TEXT; i++) {
		rc |= buf_addf(out, "%-9s ", i ? "" : "runs");
		rc |= text_run(out, &v[n - 1 - i], now_ms);
	}
	return rc ? -EMSGSIZE : 0;
}

int
cli_run_number(struct cli *c, const struct proc_row *r, uint64_t *run)
{
	const char *text = cli_arg(c, CMD_OPT_RUN)->text;
	bool back = text && text[0] == '-';
	uint64_t n;

	*run = 0;
	if (!text)
		return 0;
	if (units_uint(text + back, 1, UINT64_MAX >> 1, &n) < 0)
		return err_set(&c->err, ERR_USAGE, "--run: '%.60s' is not the "
			       "number of a run", text);
	/* Who follows may wait for one to come. */
	if (back ? n < r->run : n <= r->run || cli_given(c, CMD_OPT_FOLLOW)) {
		*run = back ? r->run - n : n;
		return 0;
	}
	err_set(&c->err, ERR_FAILED, "'%s' has had %llu run%s", r->name,
		(unsigned long long)r->run, r->run == 1 ? "" : "s");
	return err_hint(&c->err, "'sbx show %.64s' lists them", r->name);
}
