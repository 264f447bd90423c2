/* When bytes came, asked later. */

#include "engine/log/arrival.h"

#include "tests/lib/test.h"

TEST(each_has_its_time)
{
	struct arrivals a = { .count = 0 };
	uint64_t end = 1000;

	EQ_INT(arrivals_of(&a, 0, 77, &end), 77);
	EQ_INT(end, 1000);
	arrivals_note(&a, 10, 500);
	arrivals_note(&a, 20, 500);
	arrivals_note(&a, 30, 503);
	EQ_INT(arrivals_of(&a, 0, 900, &end), 500);
	EQ_INT(end, 20);
	end = 1000;
	EQ_INT(arrivals_of(&a, 19, 900, &end), 500);
	end = 25;
	EQ_INT(arrivals_of(&a, 20, 900, &end), 503);
	EQ_INT(end, 25);
	end = 1000;
	EQ_INT(arrivals_of(&a, 30, 900, &end), 900);
	EQ_INT(end, 1000);
}

/* However long it is behind: never too early, never later than a part of the
 * time that it is behind. */
TEST(what_is_long_behind_is_known_about)
{
	enum { MS = 2000, PER_MS = 3 };

	for (int ms = 10; ms <= MS; ms += 97) {
		struct arrivals a = { .count = 0 };
		uint64_t place = 0;
		for (int t = 0; t < ms * PER_MS; t++)
			arrivals_note(&a, place += 100, 5000 + t / PER_MS);
		for (uint64_t at = 0; at < place;) {
			uint64_t end = place;
			int64_t came = 5000 + (int64_t)(at / 100 / PER_MS);
			int64_t got = arrivals_of(&a, at, 9999, &end);
			OK(got >= came);
			OK(got - came <= 1 + ms / 4);
			OK(end > at && end <= place);
			at = end;
		}
	}
}

TEST(a_clock_may_be_set_back)
{
	struct arrivals a = { .count = 0 };
	uint64_t end = 100;

	arrivals_note(&a, 10, 5000);
	arrivals_note(&a, 20, 1000);
	EQ_INT(arrivals_of(&a, 5, 1001, &end), 5000);
	end = 100;
	EQ_INT(arrivals_of(&a, 10, 1001, &end), 1000);
	EQ_INT(end, 20);
}

/* It is foretold, and noted again when it has come. */
TEST(a_place_has_the_time_that_was_said_first)
{
	struct arrivals a = { .count = 0 };
	uint64_t end = 1000;

	/* A flood, after which steps are large. */
	for (int i = 1; i <= 100; i++)
		arrivals_note(&a, (uint64_t)i, 5000 + i);
	EQ_INT(arrivals_of(&a, 99, 6000, &end), 5100);
	arrivals_note(&a, 200, 7000);
	arrivals_note(&a, 200, 7001);
	end = 1000;
	EQ_INT(arrivals_of(&a, 100, 8000, &end), 7000);
	EQ_INT(end, 200);
}

/* The disk took nothing: what comes to that place comes later. */
TEST(what_was_foretold_and_has_not_come_has_no_time)
{
	struct arrivals a = { .count = 0 };
	uint64_t end = 1000;

	arrivals_note(&a, 10, 5000);
	arrivals_note(&a, 30, 5010);
	arrivals_note(&a, 10, 5012);
	arrivals_note(&a, 40, 9000);
	EQ_INT(arrivals_of(&a, 10, 9001, &end), 9000);
	EQ_INT(end, 40);
}
TEST_MAIN()
