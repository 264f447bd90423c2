#include "engine/base/timetext.h"

#include <time.h>

#include "engine/base/err.h"
#include "tests/lib/test.h"

#define NOW INT64_C(1772366602500)	/* 2026-03-01T12:03:22.5Z, UTC below */

static int64_t
at(const char *text)
{
	int64_t ms = -1;

	setenv("TZ", "UTC", 1);
	tzset();
	return timetext_parse(text, NOW, &ms, NULL) < 0 ? -1 : ms;
}

TEST(points)
{
	EQ_INT(at("2026-03-01T12:03:22.5Z"), NOW);
	EQ_INT(at("2026-03-01T13:03:22.500+01:00"), NOW);
	EQ_INT(at("2026-03-01 12:03:22.5"), NOW);
	EQ_INT(at("2026-03-01t12:03:22z"), NOW - 500);
	EQ_INT(at("2026-03-01T12:03Z"), NOW - 22500);
	EQ_INT(at("2026-03-01"), NOW - 22500 - (12 * 60 + 3) * 60000);
	EQ_INT(at("12:03:22"), NOW - 500);
	EQ_INT(at("12:03"), NOW - 22500);
}

TEST(durations_go_back)
{
	EQ_INT(at("5m"), NOW - 300000);
	EQ_INT(at("500ms"), NOW - 500);
	EQ_INT(at("30000d"), 0);
}

TEST(nonsense_is_refused)
{
	static const char *const wrong[] = {
		"", "x", "2026", "2026-3-1", "2026-03-01T", "25:00", "12:60",
		"2026-13-01", "2026-03-01T12:03:22.Z", "12:03Z",
		"2026-03-01T12:03:22+0100", "2026-03-01T12:03:22 ", "-5m",
	};
	struct err e = ERR_INIT;
	int64_t ms;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (at(wrong[i]) != -1)
			TEST_FAIL("'%s' was taken", wrong[i]);
	EQ_INT(timetext_parse("soon", NOW, &ms, &e), -1);
	EQ_INT(e.code, ERR_USAGE);
	EQ_STR(e.text, "'soon' is neither a time nor a duration");
}

TEST_MAIN()
