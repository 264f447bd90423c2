#include "tui/pace.h"

#include "../lib/test.h"

enum { BEGAN = 1000000000, SECOND = 1000000 };

TEST(the_first_frame_waits_for_the_list)
{
	struct pace p;

	pace_begin(&p, BEGAN);
	OK(!pace_is_first_due(&p, false, BEGAN));
	OK(pace_due_us(&p, false, BEGAN) > BEGAN);
	OK(pace_due_us(&p, true, BEGAN) <= BEGAN);
	/* Not for long: a list may be late. */
	uint64_t late = pace_due_us(&p, false, BEGAN);
	OK(late < BEGAN + SECOND);
	OK(pace_is_first_due(&p, false, late));
	OK(pace_due_us(&p, false, late) <= late);
	pace_painted(&p, late);
	OK(pace_is_first_due(&p, false, late + 1));
}

TEST(frames_keep_a_gap_that_a_flood_widens)
{
	struct pace p;
	uint64_t now = BEGAN, few, many;

	pace_begin(&p, now);
	pace_painted(&p, now);
	few = pace_due_us(&p, true, now) - now;
	OK(few > 0);
	for (int i = 0; i < 100; i++)
		pace_painted(&p, now = pace_due_us(&p, true, now));
	many = pace_due_us(&p, true, now) - now;
	EQ_INT(many, PACE_FLOOD_US);
	OK(many > few);
	/* After a rest it is none any more. */
	pace_painted(&p, now += SECOND);
	EQ_INT(pace_due_us(&p, true, now) - now, few);
}

TEST(a_key_is_answered_at_once)
{
	struct pace p;
	uint64_t now = BEGAN;

	pace_begin(&p, now);
	for (int i = 0; i < 100; i++)
		pace_painted(&p, now = pace_due_us(&p, true, now));
	pace_typed(&p, now);
	OK(pace_due_us(&p, true, now) <= now);
	OK(pace_due_us(&p, true, now + SECOND) > now);
	/* Before the first frame there is nothing to answer with. */
	pace_begin(&p, BEGAN);
	pace_typed(&p, BEGAN);
	OK(pace_due_us(&p, false, BEGAN) > BEGAN);
}

TEST_MAIN()
