#include "engine/text/why.h"

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "engine/log/journal.h"
#include "engine/log/logfmt.h"
#include "engine/spec/proto.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1772366602000)

static const struct journal_event *events;
static size_t event_count;

/* Strings of a row that came over the wire are never NULL. */
static const char *
why(struct proc_row r)
{
	static char out[1024];
	struct buf b = BUF_INIT(sizeof out - 1);

	r.name = "web";
	struct proc_row *wire = proc_row_dup(&r);
	int rc = why_text(&b, wire, events, event_count, NOW);
	snprintf(out, sizeof out, "%s%s", rc < 0 ? "(cut) " : "", buf_str(&b));
	proc_row_free(wire);
	buf_fini(&b);
	return out;
}

#define WHY(want, ...) EQ_STR(why((struct proc_row){ __VA_ARGS__ }), want)

#define EVENT(k, run_, from_, to_, ago, text_)                                 \
	{ .kind = EVENT_##k, .run = run_, .from = from_, .to = to_,            \
	  .wall_ms = NOW - (ago), .process = "web", .text = text_,             \
	  .line_text = "" }

static void
given(const struct journal_event *e, size_t count)
{
	events = e;
	event_count = count;
}

TEST(runs_that_are_over)
{
	static const struct journal_event began[] = {
		EVENT(STARTED, 2, STATUS_STARTING, STATUS_STARTING, 60000,
		      "started by you, not ready yet"),
		EVENT(STARTED, 3, STATUS_STARTING, STATUS_RUNNING, 1000,
		      "another one"),
	};
	struct log_run run = {
		.run = 2, .flags = LOG_RUN_ENDED, .start_ms = NOW - 60000,
		.ready_ms = NOW - 59500, .end_ms = NOW - 30000,
		.status = 1 << 8, .outcome = "failed", .reason = "exit 1",
	};
	char out[1024];
	struct buf b = BUF_INIT(sizeof out);

	EQ_INT(why_run_text(&b, "web", &run, began, 2, NOW), 0);
	EQ_STR(buf_str(&b), "run 2 of web failed: exit 1. It began 1m00s ago "
	       "(started by you), was ready after 500ms and ran 30s.");
	/* The journal may have forgotten, the engine may have been away. */
	run = (struct log_run){ .run = 1, .start_ms = NOW - 60000 };
	buf_clear(&b);
	EQ_INT(why_run_text(&b, "web", &run, NULL, 0, NOW), 0);
	EQ_STR(buf_str(&b), "run 1 of web ended, and nobody was there to see "
	       "how. It began 1m00s ago.");
	buf_fini(&b);
}

TEST(not_started)
{
	given(NULL, 0);
	WHY("web is off: not started yet.", .status = STATUS_OFF,
	    .autostart = true, .reason = "not started yet");
	WHY("web is off: not started yet. It does not start by itself.",
	    .status = STATUS_OFF, .reason = "not started yet");
	WHY("web is queued: started by you, waits for a free place. It starts "
	    "as soon as one of the running processes has ended.",
	    .status = STATUS_QUEUED,
	    .reason = "started by you, waits for a free place");
	WHY("web is scheduled to start in 1m01s: next run at 14:00.",
	    .status = STATUS_SCHEDULED, .deadline_at_ms = NOW + 60500,
	    .reason = "next run at 14:00");
	WHY("web is scheduled: next run at 14:00.",
	    .status = STATUS_SCHEDULED, .deadline_at_ms = NOW - 1,
	    .reason = "next run at 14:00");
}

TEST(waiting)
{
	static const struct journal_event e[] = {
		EVENT(WAITING, 0, STATUS_OFF, STATUS_WAITING, 9000,
		      "started with the set, looks at what it depends on"),
		EVENT(WAITING, 0, STATUS_WAITING, STATUS_WAITING, 8000,
		      "waits db ready"),
	};

	given(NULL, 0);
	WHY("web is waiting for db ready: waits db ready.",
	    .status = STATUS_WAITING, .waits = "db ready",
	    .reason = "waits db ready");
	given(e, ARRAY_LEN(e));
	WHY("web is waiting for db ready: started with the set. It has waited "
	    "for 9s.", .status = STATUS_WAITING, .waits = "db ready",
	    .reason = "waits db ready");
}

TEST(alive)
{
	static const struct journal_event e[] = {
		EVENT(STARTED, 1, -1, STATUS_RUNNING, 90000, "started by you"),
		EVENT(STARTED, 2, -1, STATUS_STARTING, 9000,
		      "restart 2 of 5 after exit 3, not ready yet"),
	};

	given(NULL, 0);
	WHY("web is starting: started by you.", .status = STATUS_STARTING,
	    .reason = "started by you");
	WHY("web is starting: started by you, not ready yet. It has run for "
	    "4s and has 6s left to become ready.",
	    .status = STATUS_STARTING, .pid = 7, .started_at_ms = NOW - 4000,
	    .deadline_at_ms = NOW + 5500,
	    .reason = "started by you, not ready yet");
	WHY("web is running, for 4s: started by you.",
	    .status = STATUS_RUNNING, .ready = true, .pid = 7,
	    .started_at_ms = NOW - 4000, .reason = "started by you");
	given(e, ARRAY_LEN(e));
	WHY("web is running, for 9s: restart 2 of 5 after exit 3; ready after "
	    "2s: port 80.", .status = STATUS_RUNNING, .ready = true, .run = 2,
	    .started_at_ms = NOW - 9000, .reason = "ready after 2s: port 80");
	WHY("web is running, for 9s: restart 2 of 5 after exit 3. It is not "
	    "ready: its check fails: port 80: refused.",
	    .status = STATUS_RUNNING, .unready = true, .run = 2,
	    .started_at_ms = NOW - 9000,
	    .reason = "its check fails: port 80: refused");
	WHY("web is paused by a signal, for 4s: started by you. 'sbx signal "
	    "CONT web' lets it go on.", .status = STATUS_RUNNING,
	    .ready = true, .paused = true, .run = 3,
	    .started_at_ms = NOW - 4000, .reason = "started by you");
	static const struct journal_event paused[] = {
		EVENT(STARTED, 3, STATUS_STARTING, STATUS_RUNNING, 4000,
		      "started by you"),
		{ .kind = EVENT_PAUSED, .run = 3, .process = "web",
		  .from = -1, .to = -1, .cause = CAUSE_API,
		  .text = "stopped by a signal", .line_text = "" },
	};
	given(paused, ARRAY_LEN(paused));
	WHY("web is paused by a signal sent by the API, for 4s: started by "
	    "you. 'sbx signal CONT web' lets it go on.",
	    .status = STATUS_RUNNING, .ready = true, .paused = true,
	    .run = 3, .started_at_ms = NOW - 4000, .reason = "started by you");
	given(NULL, 0);
	WHY("web is being stopped: stopped by you: TERM, then KILL in 5s. The "
	    "next step comes in 3s.", .status = STATUS_STOPPING, .pid = 7,
	    .deadline_at_ms = NOW + 2001,
	    .reason = "stopped by you: TERM, then KILL in 5s");
}

TEST(again)
{
	given(NULL, 0);
	WHY("web has ended and will be started again in 2s: exit 3. It is "
	    "restart 2 of 5.", .status = STATUS_BACKOFF, .restarts = 2,
	    .restart_max = 5, .deadline_at_ms = NOW + 1500,
	    .reason = "exit 3; restart 2 of 5 in 4s");
	/* Others are longer ago than the limit looks back. */
	WHY("web has ended and will be started again in 2s: exit 3. It is "
	    "restart 2 of 5.", .status = STATUS_BACKOFF, .restarts = 16,
	    .restart_max = 5, .deadline_at_ms = NOW + 1500,
	    .reason = "exit 3; restart 2 of 5 in 4s");
	WHY("web has ended and will be started again: exit 3. It is "
	    "restart 2.", .status = STATUS_BACKOFF, .restarts = 2,
	    .deadline_at_ms = NOW, .reason = "exit 3; restart 2 in 4s");
}

TEST(ended)
{
	given(NULL, 0);
	WHY("web has completed: exit 0. It ran 5s and ended 12m04s ago.",
	    .status = STATUS_COMPLETED, .has_exit = true, .reason = "exit 0",
	    .started_at_ms = NOW - 729000, .ended_at_ms = NOW - 724000);
	WHY("web has completed: exit 0. It ran 40ms and ended 0s ago.",
	    .status = STATUS_COMPLETED, .has_exit = true, .reason = "exit 0",
	    .started_at_ms = NOW - 60, .ended_at_ms = NOW - 20);
	WHY("web has failed: gave up after 5 restarts in 1m: exit 3.",
	    .status = STATUS_FAILED, .has_exit = true, .exit_code = 3,
	    .reason = "gave up after 5 restarts in 1m: exit 3");
	WHY("web has failed: exit 4.", .status = STATUS_FAILED,
	    .has_exit = true, .exit_code = 4);
	WHY("web has failed: db failed: exit 1.", .status = STATUS_FAILED,
	    .reason = "db failed: exit 1");
	WHY("web is stopped: stopped by you (TERM).",
	    .status = STATUS_KILLED, .stopped = true, .has_exit = true,
	    .exit_signal = SIGTERM, .reason = "stopped by you (TERM)");
	WHY("web was ended by a signal: killed by SEGV (core dumped).",
	    .status = STATUS_KILLED, .has_exit = true, .core = true,
	    .exit_signal = SIGSEGV, .reason = "killed by SEGV (core dumped)");
	WHY("web took too long: ran longer than its timeout of 3s (TERM).",
	    .status = STATUS_TIMED_OUT, .has_exit = true,
	    .exit_signal = SIGTERM,
	    .reason = "ran longer than its timeout of 3s (TERM)");
	WHY("web could not be started: 'x': No such file or directory.",
	    .status = STATUS_ERROR,
	    .reason = "'x': No such file or directory");
}

TEST(exit_codes_have_meanings)
{
	given(NULL, 0);
	WHY("web was ended by a signal: killed by KILL. The signal was not "
	    "sent by sbx: somebody else did, or the kernel for want of "
	    "memory.", .status = STATUS_KILLED, .has_exit = true,
	    .exit_signal = SIGKILL, .reason = "killed by KILL");
	WHY("web is stopped: killed by you (KILL).", .status = STATUS_KILLED,
	    .has_exit = true, .exit_signal = SIGKILL, .stopped = true,
	    .reason = "killed by you (KILL)");
	WHY("web was ended by a signal: signalled by you (KILL).",
	    .status = STATUS_KILLED, .has_exit = true,
	    .exit_signal = SIGKILL, .reason = "signalled by you (KILL)");
	WHY("web has failed: exit 127. A shell ends with 127 when it does not "
	    "find the command.", .status = STATUS_FAILED, .has_exit = true,
	    .exit_code = 127, .reason = "exit 127");
	WHY("web has failed: exit 126. A shell ends with 126 when it may not "
	    "run the command.", .status = STATUS_FAILED, .has_exit = true,
	    .exit_code = 126, .reason = "exit 126");
	WHY("web has failed: exit 137. A shell ends with 137 when its command "
	    "was killed by KILL.", .status = STATUS_FAILED, .has_exit = true,
	    .exit_code = 137, .reason = "exit 137");
}

TEST(a_signal_before_an_end_of_its_own)
{
	static const struct journal_event e[] = {
		{ .kind = EVENT_SIGNAL, .run = 2, .process = "web",
		  .from = -1, .to = -1, .wall_ms = NOW - 2100,
		  .cause = CAUSE_USER, .text = "TERM", .line_text = "" },
	};

	given(e, ARRAY_LEN(e));
	WHY("web has completed: exit 0. It ran 4s and ended 2s ago. TERM had "
	    "been sent to it by you.", .status = STATUS_COMPLETED,
	    .has_exit = true, .run = 2, .reason = "exit 0",
	    .started_at_ms = NOW - 6000, .ended_at_ms = NOW - 2000);
	WHY("web has completed: exit 0. It ran 4s and ended 2s ago.",
	    .status = STATUS_COMPLETED, .has_exit = true, .run = 3,
	    .reason = "exit 0", .started_at_ms = NOW - 6000,
	    .ended_at_ms = NOW - 2000);
	WHY("web was ended by a signal: signalled by you (TERM). It ran 4s "
	    "and ended 2s ago.", .status = STATUS_KILLED, .has_exit = true,
	    .exit_signal = SIGTERM, .run = 2,
	    .reason = "signalled by you (TERM)", .started_at_ms = NOW - 6000,
	    .ended_at_ms = NOW - 2000);
}

TEST(line_that_fired)
{
	static const struct journal_event e[] = {
		{ .kind = EVENT_WATCH, .line = 1, .process = "web",
		  .from = -1, .to = -1, .text = "watch oom: x",
		  .line_text = "another line" },
		{ .kind = EVENT_WATCH, .line = 12, .process = "web",
		  .from = -1, .to = -1, .text = "watch oom: x",
		  .line_text = "Out of memory" },
		{ .kind = EVENT_WATCH, .line = 3, .process = "db",
		  .from = -1, .to = -1, .text = "watch up: x",
		  .line_text = "here I am" },
		/* Newer ones that are not meant. */
		{ .kind = EVENT_WATCH, .line = 12, .process = "web",
		  .from = -1, .to = -1, .text = "watch om: x",
		  .line_text = "of another watch" },
		{ .kind = EVENT_WATCH, .line = 12, .process = "db",
		  .from = -1, .to = -1, .text = "watch oom: x",
		  .line_text = "of another process" },
		{ .kind = EVENT_WATCH, .line = 3, .process = "d",
		  .from = -1, .to = -1, .text = "watch up: x",
		  .line_text = "of a shorter name" },
		{ .kind = EVENT_WATCH, .line = 3, .process = "web",
		  .from = -1, .to = -1, .text = "watch up: x",
		  .line_text = "its own" },
	};

	given(e, ARRAY_LEN(e));
	WHY("web is stopped: stopped by watch 'oom', line 12 (TERM). The line "
	    "was: Out of memory", .status = STATUS_KILLED, .stopped = true,
	    .reason = "stopped by watch 'oom', line 12 (TERM)");
	WHY("web is running: started by watch 'up', line 3 of db. The line of "
	    "db was: here I am", .status = STATUS_RUNNING, .ready = true,
	    .reason = "started by watch 'up', line 3 of db");
	WHY("web is running: started by watch 'up', line 33.",
	    .status = STATUS_RUNNING, .ready = true,
	    .reason = "started by watch 'up', line 33");
}

/* Nothing crashes or is empty, whatever the row lacks. */
TEST(every_status_says_something)
{
	given(NULL, 0);
	for (int s = 0; s < STATUS_COUNT; s++) {
		const char *text = why((struct proc_row){
					       .status = (enum status)s });
		size_t len = strlen(text);
		OK(len > 8 && text[len - 1] == '.');
		OK(strncmp(text, "web ", 4) == 0);
	}
}

TEST_MAIN()
