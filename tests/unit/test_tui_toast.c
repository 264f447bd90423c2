#include "tui/toast.h"

#include "engine/base/base.h"
#include "tests/lib/test.h"

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

/* At that time something else comes: another one, or none. */
static void
then(struct toasts *t, uint64_t ms, const char *text)
{
	OK(toasts_tick(t, ms));
	EQ_STR(shown(t), text);
}

static void
after_a_key(struct toasts *t, uint64_t ms, const char *text)
{
	OK(toasts_key(t, ms));
	EQ_STR(shown(t), text);
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
	then(&t, 1100, "two");
	EQ_INT(toasts_due_ms(&t), 4100);
	then(&t, 4100, "");
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
	after_a_key(&t, 400, "warning");
	OK(!toasts_key(&t, 500));
	then(&t, 2400, "info");
	then(&t, 5400, "");
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
	static const char *const texts[] = { "1", "2", "3", "4" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		add(&t, TOAST_INFO, NULL, texts[i], 100);
	EQ_INT(toasts_waiting(&t), 2);
	/* One that is worse always has a place, the oldest that waits goes. */
	add(&t, TOAST_WARN, NULL, "w", 100);
	EQ_STR(shown(&t), "w");
	EQ_INT(toasts_waiting(&t), 2);
	EQ_INT(toasts_due_ms(&t), 2100);
	then(&t, 2100, "1");
	then(&t, 3100, "4");
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
	after_a_key(&t, 60000, "another");
	after_a_key(&t, 60000, "");
	add(&t, TOAST_ERROR, NULL, "gone", 100);
	add(&t, TOAST_INFO, NULL, "info", 100);
	toasts_drop(&t, TOAST_ERROR, 100);
	EQ_STR(shown(&t), "");
}

TEST_MAIN()
