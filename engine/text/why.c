#include "why.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/signame.h"
#include "base/units.h"
#include "life/status.h"
#include "log/journal.h"
#include "log/logfmt.h"
#include "rowfmt.h"
#include "spec/proto.h"
#include "spec/spec.h"

#define WATCH_WORD "watch "	/* begins the text of its event */

enum { SHORT_MS = 10000 };

struct why {
	struct buf *out;
	const struct proc_row *r;
	const struct journal_event *events;
	size_t count;
	int64_t now_ms;
	const struct log_run *run;	/* one that is over; NULL: as it is */
	int rc;
};

#define SAY(w, ...) ((w)->rc |= buf_addf((w)->out, __VA_ARGS__))

/* --- parts of sentences --- */

/* ": REASON", whose end begins with cut is left out (NULL: all of it). */
static void
say_reason(struct why *w, const char *cut)
{
	const char *text = w->r->reason;
	const char *end = cut ? strstr(text, cut) : NULL;
	int len = (int)(end ? (size_t)(end - text) : strlen(text));

	if (len > 0)
		SAY(w, ": %.*s", len, text);
}

static void
say_age(struct why *w, const char *before, int64_t for_ms, const char *after)
{
	char age[16];

	clock_age(age, sizeof age, (uint64_t)SBX_MAX(for_ms, (int64_t)0));
	SAY(w, "%s%s%s", before, age, after);
}

static void
say_span(struct why *w, const char *before, int64_t from_ms, int64_t to_ms)
{
	char text[UNITS_TEXT_MAX];

	if (to_ms - from_ms >= SHORT_MS || to_ms < from_ms) {
		say_age(w, before, to_ms - from_ms, "");
		return;
	}
	units_duration_text((uint64_t)(to_ms - from_ms), text);
	SAY(w, "%s%s", before, text);
}

/* Seconds are rounded up; nothing when the time has come. */
static void
say_left(struct why *w, const char *before, const char *after)
{
	int64_t left_ms = w->r->deadline_at_ms - w->now_ms;

	if (w->r->deadline_at_ms && left_ms > 0)
		say_age(w, before, left_ms + 999, after);
}

/* The last one of that kind in the present run. */
static const struct journal_event *
find_event(const struct why *w, enum event_kind kind)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct journal_event *e = &w->events[i];
		if (e->kind == kind && e->run == w->r->run &&
		    strcmp(e->process, w->r->name) == 0)
			return e;
	}
	return NULL;
}

/* --- second sentences --- */

/* A reason that names a watch has its line's number: quote the line. */
static void
say_fired(struct why *w)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct journal_event *e = &w->events[i];
		if (!why_is_named(e, w->r->name, w->r->reason))
			continue;
		SAY(w, " The line");
		if (strcmp(e->process, w->r->name) != 0)
			SAY(w, " of %s", e->process);
		SAY(w, " was: %s", e->line_text);
		return;
	}
}

/* Of the run that is told. */
static void
say_port(struct why *w)
{
	const struct journal_event *e = find_event(w, EVENT_PORT_TAKEN);

	if (e)
		SAY(w, " At its end %s.", e->text);
}

/* Whoever ends in a way of its own because of a signal does not tell that
 * there was one. */
static void
say_sent(struct why *w)
{
	const struct proc_row *r = w->r;
	const struct journal_event *e = find_event(w, EVENT_SIGNAL);
	char by[96];

	/* With a blank it was to a part of it alone. */
	if (!e || !r->has_exit || r->exit_signal || r->stopped ||
	    r->ended_at_ms - e->wall_ms > SHORT_MS || strchr(e->text, ' '))
		return;
	SAY(w, " %s had been sent to it %s.", e->text,
	    cause_phrase(e->cause, NULL, by, sizeof by));
}

/* What exit codes and signals usually mean. */
static void
say_meaning(struct why *w)
{
	const struct proc_row *r = w->r;
	char name[SIGNAME_MAX];
	int code = r->exit_code;

	if (!r->has_exit || r->stopped)
		return;
	/* Who did it through sbx is in the reason. */
	if (r->exit_signal == SIGKILL && r->status == STATUS_KILLED &&
	    strcmp(r->reason, "killed by KILL") == 0)
		SAY(w, " The signal was not sent by sbx: somebody else did, "
		    "or the kernel for want of memory.");
	else if (r->exit_signal == SIGXCPU)
		SAY(w, " Its CPU time was used up ('limit cpu').");
	else if (r->exit_signal == SIGXFSZ)
		SAY(w, " A file of it grew too large ('limit fsize').");
	else if (r->exit_signal)
		return;
	else if (code == 127)
		SAY(w, " A shell ends with 127 when it does not find the "
		    "command.");
	else if (code == 126)
		SAY(w, " A shell ends with 126 when it may not run the "
		    "command.");
	else if (code > 128 && code < 128 + NSIG)
		SAY(w, " A shell ends with %d when its command was killed by "
		    "%s.", code, signame_text(code - 128, name));
}

static void
say_run(struct why *w)
{
	const struct proc_row *r = w->r;

	if (!r->has_exit || !r->started_at_ms || !r->ended_at_ms)
		return;
	say_span(w, " It ran ", r->started_at_ms, r->ended_at_ms);
	say_age(w, " and ended ", w->now_ms - r->ended_at_ms, " ago.");
}

/* --- one function a status --- */

typedef void say_fn(struct why *w);

static void
say_off(struct why *w)
{
	SAY(w, " is off");
	say_reason(w, NULL);
	SAY(w, ".");
	if (!w->r->autostart)
		SAY(w, " It does not start by itself.");
}

static void
say_queued(struct why *w)
{
	SAY(w, " is queued");
	say_reason(w, NULL);
	SAY(w, ". It starts as soon as one of the running processes has "
	    "ended.");
}

/* What it waits for may have changed since: the first entry counts. */
static void
say_waiting(struct why *w)
{
	const struct journal_event *e = NULL;

	for (size_t i = w->count; i-- > 0 && !e;)
		if (w->events[i].to == STATUS_WAITING &&
		    w->events[i].from != STATUS_WAITING &&
		    strcmp(w->events[i].process, w->r->name) == 0)
			e = &w->events[i];
	SAY(w, " is waiting");
	if (w->r->waits[0])
		SAY(w, " for %s", w->r->waits);
	if (e && e->text[0])
		SAY(w, ": %.*s", (int)strcspn(e->text, ","), e->text);
	else
		say_reason(w, NULL);
	SAY(w, ".");
	if (e)
		say_age(w, " It has waited for ", w->now_ms - e->wall_ms, ".");
}

static void
say_scheduled(struct why *w)
{
	SAY(w, " is scheduled");
	say_left(w, " to start in ", "");
	say_reason(w, NULL);
	SAY(w, ".");
}

static void
say_starting(struct why *w)
{
	SAY(w, " is starting");
	say_reason(w, NULL);
	SAY(w, ".");
	if (!w->r->pid)
		return;
	if (w->r->started_at_ms)
		say_age(w, " It has run for ", w->now_ms - w->r->started_at_ms,
			"");
	say_left(w, " and has ", " left to become ready");
	SAY(w, ".");
}

static void
say_paused(struct why *w)
{
	const struct journal_event *e = find_event(w, EVENT_PAUSED);
	char by[96];

	SAY(w, " is paused by a signal");
	if (e && e->cause != CAUSE_NONE)
		SAY(w, " sent %s", cause_phrase(e->cause, NULL, by, sizeof by));
}

/* The reason is how it became ready; the start is an event before. */
static void
say_running(struct why *w)
{
	const struct proc_row *r = w->r;
	const struct journal_event *start = find_event(w, EVENT_STARTED);
	bool fails = r->unready || !r->ready;

	if (r->paused)
		say_paused(w);
	else
		SAY(w, " is running");
	if (r->started_at_ms)
		say_age(w, ", for ", w->now_ms - r->started_at_ms, "");
	if (start && start->text[0] && strcmp(start->text, r->reason) != 0) {
		int len = (int)strlen(start->text);
		const char *cut = strstr(start->text, ", not ready yet");
		if (cut)
			len = (int)(cut - start->text);
		SAY(w, ": %.*s%s", len, start->text, fails ? "" : ";");
		if (!fails && r->reason[0])
			SAY(w, " %s", r->reason);
	} else if (!fails) {
		say_reason(w, NULL);
	}
	SAY(w, ".");
	if (fails) {
		SAY(w, " It is not ready");
		say_reason(w, NULL);
		SAY(w, ".");
	}
	if (r->paused)
		SAY(w, " 'sbx signal CONT %s' lets it go on.", r->name);
}

static void
say_stopping(struct why *w)
{
	SAY(w, " is being stopped");
	say_reason(w, NULL);
	SAY(w, ".");
	say_left(w, " The next step comes in ", ".");
}

/* "exit 3; restart 4 of 64 in 4s": the pause has become shorter since, and the
 * number is that of those that count for the limit. */
static void
say_backoff(struct why *w)
{
	static const char again[] = "; restart ";
	const char *no = strstr(w->r->reason, again);
	const char *end = no ? strstr(no, " in ") : NULL;

	SAY(w, " has ended and will be started again");
	say_left(w, " in ", "");
	say_reason(w, again);
	if (end)
		SAY(w, ". It is %.*s", (int)(end - no - 2), no + 2);
	SAY(w, ".");
}

static void
say_ended(struct why *w)
{
	static const char *const phrases[STATUS_COUNT] = {
		[STATUS_COMPLETED] = " has completed",
		[STATUS_FAILED] = " has failed",
		[STATUS_KILLED] = " was ended by a signal",
		[STATUS_TIMED_OUT] = " took too long",
		[STATUS_ERROR] = " could not be started",
	};
	const struct proc_row *r = w->r;
	char how[ROWFMT_STATE_MAX];

	if (r->stopped)
		SAY(w, " is stopped");
	else
		SAY(w, "%s", phrases[r->status]);
	if (r->reason[0])
		say_reason(w, NULL);
	else if (rowfmt_exit(r, how)[0])
		SAY(w, ": %s", how);
	SAY(w, ".");
	size_t len = w->out->len;
	say_meaning(w);
	if (w->out->len == len)
		say_run(w);
}

/* --- a run that is over --- */

/* How it began, as the journal has it. */
static void
say_began(struct why *w)
{
	const struct log_run *run = w->run;
	const struct journal_event *start = find_event(w, EVENT_STARTED);

	say_age(w, " It began ", w->now_ms - run->start_ms, " ago");
	if (start && start->text[0]) {
		const char *cut = strstr(start->text, ", not ready yet");
		SAY(w, " (%.*s)", cut ? (int)(cut - start->text) :
					(int)strlen(start->text),
		    start->text);
	}
	if (run->ready_ms > run->start_ms)
		say_span(w, ", was ready after ", run->start_ms,
			 run->ready_ms);
	if (run->flags & LOG_RUN_ENDED)
		say_span(w, " and ran ", run->start_ms, run->end_ms);
	SAY(w, ".");
}

static void
say_past(struct why *w)
{
	static const char *const phrases[STATUS_COUNT] = {
		[STATUS_COMPLETED] = " completed",
		[STATUS_FAILED] = " failed",
		[STATUS_KILLED] = " was ended by a signal",
		[STATUS_TIMED_OUT] = " took too long",
		[STATUS_ERROR] = " could not be started",
	};
	const char *phrase = phrases[w->r->status];
	char how[ROWFMT_STATE_MAX];

	SAY(w, "%s", w->r->stopped ? " was ended" : phrase ? phrase :
		     " ended, and nobody was there to see how");
	if (w->r->reason[0])
		say_reason(w, NULL);
	else if (rowfmt_exit(w->r, how)[0])
		SAY(w, ": %s", how);
	SAY(w, ".");
	say_meaning(w);
	say_began(w);
}

/* A row as it was, of what is known of the run. */
static void
row_of_run(struct proc_row *r, const char *name, const struct log_run *run)
{
	int st = status_find(run->outcome, strlen(run->outcome));
	bool known = run->flags & LOG_RUN_ENDED && run->status >= 0;

	*r = (struct proc_row){
		.name = name, .reason = run->reason, .run = run->run,
		.status = st < 0 ? STATUS_OFF : (enum status)st,
		.started_at_ms = run->start_ms, .ended_at_ms = run->end_ms,
		.has_exit = known,
	};
	if (known && WIFSIGNALED(run->status))
		r->exit_signal = WTERMSIG(run->status);
	else if (known)
		r->exit_code = WEXITSTATUS(run->status);
	r->stopped = strncmp(run->reason, "stopped ", 8) == 0 ||
		     strncmp(run->reason, "restarted ", 10) == 0;
}

/* The end of a name and its line: "line 12" is not in "line 123", nor "of db"
 * in "of db.1". */
static bool
ends_there(const char *at)
{
	at += strspn(at, ".:");
	return *at == '\0' || strchr(" ();,", *at);
}

bool
why_is_named(const struct journal_event *e, const char *name,
	     const char *reason)
{
	char place[2 * SPEC_NAME_MAX + 64];
	bool own = strcmp(e->process, name) == 0;
	const char *watch = e->text + strlen(WATCH_WORD);

	if (e->kind != EVENT_WATCH || !e->line || !e->line_text[0] ||
	    strncmp(e->text, WATCH_WORD, strlen(WATCH_WORD)) != 0)
		return false;
	int len = snprintf(place, sizeof place,
			   "watch '%.*s', line %" PRIu64 "%s%s",
			   (int)(strcspn(watch, " ") - 1), watch, e->line,
			   own ? "" : " of ", own ? "" : e->process);
	const char *at = strstr(reason, place);
	return at && ends_there(at + len) &&
	       (!own || strncmp(at + len, " of ", 4) != 0);
}

int
why_run_text(struct buf *out, const char *name, const struct log_run *run,
	     const struct journal_event *events, size_t count, int64_t now_ms)
{
	struct proc_row r;
	struct why w = { out, &r, events, count, now_ms, run, 0 };

	row_of_run(&r, name, run);
	SAY(&w, "run %" PRIu64 " of %s", run->run, name);
	say_past(&w);
	say_fired(&w);
	say_sent(&w);
	return w.rc ? -EMSGSIZE : 0;
}

int
why_text(struct buf *out, const struct proc_row *r,
	 const struct journal_event *events, size_t count, int64_t now_ms)
{
	static say_fn *const says[STATUS_COUNT] = {
		[STATUS_OFF] = say_off,
		[STATUS_QUEUED] = say_queued,
		[STATUS_WAITING] = say_waiting,
		[STATUS_SCHEDULED] = say_scheduled,
		[STATUS_STARTING] = say_starting,
		[STATUS_RUNNING] = say_running,
		[STATUS_STOPPING] = say_stopping,
		[STATUS_BACKOFF] = say_backoff,
		[STATUS_COMPLETED] = say_ended,
		[STATUS_FAILED] = say_ended,
		[STATUS_KILLED] = say_ended,
		[STATUS_TIMED_OUT] = say_ended,
		[STATUS_ERROR] = say_ended,
	};
	struct why w = { out, r, events, count, now_ms, NULL, 0 };

	SAY(&w, "%s", r->name);
	says[r->status](&w);
	say_fired(&w);
	say_sent(&w);
	if (!r->pid)
		say_port(&w);
	if (r->left)
		SAY(&w, " %u process%s that it has left go%s on (tree keep): "
		    "'sbx stop %s' ends %s.", r->left,
		    r->left == 1 ? "" : "es", r->left == 1 ? "es" : "",
		    r->name, r->left == 1 ? "it" : "them");
	return w.rc ? -EMSGSIZE : 0;
}
