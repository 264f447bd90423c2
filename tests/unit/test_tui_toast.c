#include "tui/toast.h"

#include <string.h>
#include "../lib/test.h"

static void
add(struct toasts *t, enum toast_level level, const char *kind,
    const char *text, uint64_t ms)
{
	toasts_add(t, level, kind, text, ms, 0);
}

static const char *
shown(const struct toasts *t)
{
	return toasts_shown(t) ? toasts_shown(t)->text : "";
}

TEST(two_at_once_are_shown_one_after_the_other)
{
	struct toasts t = { 0 };

	add(&t, TOAST_INFO, NULL, "one", 100);
	EQ_INT(toasts_due_ms(&t), 3100);
	add(&t, TOAST_INFO, NULL, "two", 100);
	EQ_STR(shown(&t), "one");
	EQ_INT(toasts_waiting(&t), 1);
	EQ_INT(toasts_due_ms(&t), 1100);
	OK(!toasts_tick(&t, 1099));
	OK(toasts_tick(&t, 1100));
	EQ_STR(shown(&t), "two");
	EQ_INT(toasts_due_ms(&t), 4100);
	OK(toasts_tick(&t, 4100));
	EQ_STR(shown(&t), "");
	EQ_INT(toasts_due_ms(&t), UINT64_MAX);
}

TEST(one_that_was_read_gives_way_at_once)
{
	struct toasts t = { 0 };

	add(&t, TOAST_INFO, NULL, "one", 100);
	add(&t, TOAST_INFO, NULL, "two", 1200);
	EQ_STR(shown(&t), "two");
	EQ_INT(toasts_waiting(&t), 0);
}

TEST(the_worst_goes_first_and_the_rest_follows)
{
	struct toasts t = { 0 };

	add(&t, TOAST_INFO, NULL, "info", 100);
	add(&t, TOAST_ERROR, NULL, "error", 200);
	add(&t, TOAST_WARN, NULL, "warning", 300);
	EQ_STR(shown(&t), "error");
	EQ_INT(toasts_due_ms(&t), UINT64_MAX);
	OK(toasts_key(&t, 400));
	EQ_STR(shown(&t), "warning");
	OK(!toasts_key(&t, 500));
	OK(toasts_tick(&t, 2400));
	EQ_STR(shown(&t), "info");
	OK(toasts_tick(&t, 5400));
	EQ_STR(shown(&t), "");
}

TEST(a_kind_and_a_text_have_one_place)
{
	struct toasts t = { 0 };
	static const char wrap[] = "wrap %s";

	add(&t, TOAST_INFO, wrap, "wrap on", 100);
	add(&t, TOAST_INFO, NULL, "other", 200);
	add(&t, TOAST_INFO, wrap, "wrap off", 300);
	EQ_STR(shown(&t), "wrap off");
	EQ_INT(toasts_due_ms(&t), 1300);
	add(&t, TOAST_INFO, NULL, "other", 400);
	EQ_INT(toasts_waiting(&t), 1);
}

TEST(there_are_three_at_most_and_all_were_told)
{
	struct toasts t = { 0 };

	add(&t, TOAST_INFO, NULL, "1", 100);
	add(&t, TOAST_INFO, NULL, "2", 100);
	add(&t, TOAST_INFO, NULL, "3", 100);
	add(&t, TOAST_INFO, NULL, "4", 100);
	EQ_INT(toasts_waiting(&t), 2);
	/* One that is worse always has a place, the oldest that waits goes. */
	add(&t, TOAST_WARN, NULL, "w", 100);
	EQ_STR(shown(&t), "w");
	EQ_INT(toasts_waiting(&t), 2);
	EQ_INT(toasts_due_ms(&t), 2100);
	OK(toasts_tick(&t, 2100));
	EQ_STR(shown(&t), "1");
	OK(toasts_tick(&t, 3100));
	EQ_STR(shown(&t), "4");
	EQ_STR(toasts_told(&t, 0)->text, "w");
	EQ_STR(toasts_told(&t, 1)->text, "4");
	EQ_STR(toasts_told(&t, 4)->text, "1");
	OK(toasts_told(&t, 5) == NULL);
	for (int i = 0; i < TOASTS_TOLD; i++)
		add(&t, TOAST_INFO, NULL, "more", 100);
	EQ_STR(toasts_told(&t, TOASTS_TOLD - 1)->text, "more");
	OK(toasts_told(&t, TOASTS_TOLD) == NULL);
}

TEST(what_waited_too_long_is_not_shown)
{
	struct toasts t = { 0 };

	add(&t, TOAST_ERROR, NULL, "error", 100);
	add(&t, TOAST_INFO, NULL, "old", 200);
	add(&t, TOAST_ERROR, NULL, "another", 300);
	OK(toasts_key(&t, 60000));
	EQ_STR(shown(&t), "another");
	OK(toasts_key(&t, 60000));
	EQ_STR(shown(&t), "");
	add(&t, TOAST_ERROR, NULL, "gone", 100);
	add(&t, TOAST_INFO, NULL, "info", 100);
	toasts_drop(&t, TOAST_ERROR, 100);
	EQ_STR(shown(&t), "");
}
TEST_MAIN()
