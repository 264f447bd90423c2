#include "engine/text/eventlist.h"

#include "engine/life/status.h"
#include "engine/log/journal.h"
#include "tests/lib/test.h"

static struct eventlist list;

static bool
adds(const char *process, enum event_kind kind, enum cause cause, int to,
     const char *text)
{
	struct journal_event e = {
		.kind = kind, .cause = cause, .to = to, .process = process,
		.text = text, .line_text = "",
	};
	return eventlist_adds(&list, &e);
}

#define ADDS(process, kind, cause, to, text)                                   \
	adds(process, EVENT_##kind, CAUSE_##cause, STATUS_##to, text)

TEST(a_start_is_one_line)
{
	list = (struct eventlist){ .last[0].to = 0 };
	OK(ADDS("a", START, USER, STARTING, "started by you"));
	OK(ADDS("b", START, AUTOSTART, STARTING, "started with the set"));
	OK(!ADDS("a", STARTED, USER, STARTING, "started by you, not ready yet"));
	OK(!ADDS("b", STARTED, AUTOSTART, RUNNING, "started with the set"));
	OK(ADDS("a", RESTART, RESTART, STARTING, "restart 1 after exit 1"));
	OK(!ADDS("a", STARTED, RESTART, RUNNING, "restart 1 after exit 1"));
	/* Stopped before the program was there: another sentence. */
	OK(ADDS("a", START, USER, STARTING, "started by you"));
	OK(ADDS("a", STARTED, USER, STOPPING, "stopped by you: TERM"));
	/* A takeover lies between: who listed it may not see the start. */
	OK(ADDS("a", STARTED, USER, RUNNING, "started by you"));
}

TEST(an_end_is_one_line)
{
	list = (struct eventlist){ .last[0].to = 0 };
	OK(ADDS("a", EXIT, NONE, RUNNING, "exit 3"));
	OK(!ADDS("a", ENDED, NONE, FAILED, "exit 3"));
	OK(ADDS("a", EXIT, NONE, STARTING, "exit 3 before it was ready"));
	OK(!ADDS("a", ENDED, NONE, FAILED, "exit 3"));
	OK(ADDS("a", EXIT, USER, STOPPING, "killed by TERM"));
	OK(!ADDS("a", ENDED, USER, KILLED, "stopped by you (TERM)"));
	/* What was left of the tree has gone since. */
	OK(ADDS("a", EXIT, NONE, STOPPING, "exit 0; ends the 2 left of its "
		"tree"));
	OK(ADDS("a", ENDED, NONE, COMPLETED, "exit 0"));
	OK(ADDS("a", EXIT, NONE, RUNNING, "exit 3"));
	OK(ADDS("a", ENDED, NONE, COMPLETED, "exit 3, which counts as success"));
	OK(ADDS("a", EXIT, NONE, RUNNING, "exit 3"));
	OK(ADDS("a", ENDED, USER, FAILED, "exit 3"));
	OK(ADDS("b", ENDED, NONE, FAILED, "exit 3"));
}

TEST_MAIN()
