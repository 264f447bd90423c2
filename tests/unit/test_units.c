#include <errno.h>
#include <signal.h>

#include "engine/base/signame.h"
#include "engine/base/units.h"
#include "tests/lib/test.h"

TEST(durations)
{
	uint64_t ms = 7;

	EQ_INT(units_duration("500ms", &ms), 0);
	EQ_INT(ms, 500);
	EQ_INT(units_duration("3s", &ms), 0);
	EQ_INT(ms, 3000);
	EQ_INT(units_duration("2m", &ms), 0);
	EQ_INT(ms, 120000);
	EQ_INT(units_duration("1h", &ms), 0);
	EQ_INT(ms, 3600000);
	EQ_INT(units_duration("1m30s", &ms), 0);
	EQ_INT(ms, 90000);
	EQ_INT(units_duration("0.25s", &ms), 0);
	EQ_INT(ms, 250);
	EQ_INT(units_duration("0", &ms), 0);
	EQ_INT(ms, 0);
}

TEST(no_durations)
{
	static const char *const wrong[] = {
		"", "3", "s", "3 s", "-3s", "3x", "3sm", "30s1m", "1.s", ".5s",
		"3s ", "1e3s", "0x3s", "3S",
	};
	uint64_t ms = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		EQ_INT(units_duration(wrong[i], &ms), -EINVAL);
	EQ_INT(units_duration("99999999999999999999s", &ms), -ERANGE);
	EQ_INT(units_duration("18446744073709551615d", &ms), -ERANGE);
	EQ_INT(units_duration("9223372036854775808ms", &ms), -ERANGE);
	/* Microseconds of it are counted too. */
	EQ_INT(units_duration("9223372036854776s", &ms), -ERANGE);
	EQ_INT(ms, 7);
}

TEST(sizes)
{
	uint64_t n = 7;

	EQ_INT(units_size("64K", &n), 0);
	EQ_INT(n, 65536);
	EQ_INT(units_size("1G", &n), 0);
	EQ_INT(n, 1 << 30);
	EQ_INT(units_size("0", &n), 0);
	EQ_INT(n, 0);
	EQ_INT(units_size("16777216T", &n), -ERANGE);
	EQ_INT(units_size("64k", &n), -EINVAL);
	EQ_INT(units_size("64KB", &n), -EINVAL);
	EQ_INT(units_size("K", &n), -EINVAL);
}

TEST(ranges)
{
	uint64_t a, b;

	EQ_INT(units_duration_range("1s..30s", &a, &b), 0);
	EQ_INT(a, 1000);
	EQ_INT(b, 30000);
	EQ_INT(units_duration_range("2s", &a, &b), 0);
	EQ_INT(b, 2000);
	EQ_INT(units_duration_range("30s..1s", &a, &b), -EINVAL);
	EQ_INT(units_duration_range("..1s", &a, &b), -EINVAL);
	EQ_INT(units_uint_range("200-399", 100, 599, &a, &b), 0);
	EQ_INT(a, 200);
	EQ_INT(b, 399);
	EQ_INT(units_uint_range("204", 100, 599, &a, &b), 0);
	EQ_INT(b, 204);
	EQ_INT(units_uint_range("20-399", 100, 599, &a, &b), -ERANGE);
}

TEST(booleans_and_numbers)
{
	bool v;
	uint64_t u;
	int64_t i;

	EQ_INT(units_bool("yes", &v), 0);
	EQ_INT(v, 1);
	EQ_INT(units_bool("off", &v), 0);
	EQ_INT(v, 0);
	EQ_INT(units_bool("true", &v), -EINVAL);
	EQ_INT(units_uint("08080", 1, 65535, &u), 0);
	EQ_INT(u, 8080);
	EQ_INT(units_uint("65536", 1, 65535, &u), -ERANGE);
	EQ_INT(units_int("-20", -20, 19, &i), 0);
	EQ_INT(i, -20);
	EQ_INT(units_int("20", -20, 19, &i), -ERANGE);
	EQ_INT(units_int("-", -20, 19, &i), -EINVAL);
}

TEST(rates)
{
	unsigned n;
	uint64_t ms;

	EQ_INT(units_rate("3/min", &n, &ms), 0);
	EQ_INT(n, 3);
	EQ_INT(ms, 60000);
	EQ_INT(units_rate("10/5s", &n, &ms), 0);
	EQ_INT(ms, 5000);
	EQ_INT(units_rate("0/min", &n, &ms), -ERANGE);
	EQ_INT(units_rate("3/0", &n, &ms), -EINVAL);
	EQ_INT(units_rate("3", &n, &ms), -EINVAL);
}

/* What is written reads back as the same value. */
TEST(written_texts_read_back)
{
	static const uint64_t values[] = {
		0, 1, 999, 1000, 1500, 60000, 90000, 3600000, 86400000,
		86400001, 1u << 20, 65536, 12345678,
	};
	char text[UNITS_TEXT_MAX];
	uint64_t back;

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		units_duration_text(values[i], text);
		EQ_INT(units_duration(text, &back), 0);
		EQ_INT(back, values[i]);
		units_size_text(values[i], text);
		EQ_INT(units_size(text, &back), 0);
		EQ_INT(back, values[i]);
	}
	units_duration_text(0, text);
	EQ_STR(text, "0s");	/* in a sentence */
	units_duration_text(120000, text);
	EQ_STR(text, "2m");
	units_size_text(64u << 20, text);
	EQ_STR(text, "64M");
}

TEST(signals)
{
	char text[SIGNAME_MAX];

	EQ_INT(signame_parse("INT"), SIGINT);
	EQ_INT(signame_parse("SIGINT"), SIGINT);
	EQ_INT(signame_parse("sigint"), SIGINT);
	EQ_INT(signame_parse("2"), SIGINT);
	EQ_INT(signame_parse("RTMIN+1"), SIGRTMIN + 1);
	EQ_INT(signame_parse("RTMAX"), SIGRTMAX);
	EQ_INT(signame_parse("0"), -EINVAL);
	EQ_INT(signame_parse("65"), -EINVAL);
	EQ_INT(signame_parse("33"), -EINVAL);
	EQ_INT(signame_parse("INTT"), -EINVAL);
	EQ_INT(signame_parse("RTMIN+99"), -EINVAL);
	EQ_INT(signame_parse(""), -EINVAL);
	EQ_STR(signame_text(SIGTERM, text), "TERM");
	EQ_STR(signame_text(SIGRTMIN + 2, text), "RTMIN+2");
	EQ_STR(signame_text(250, text), "250");
	EQ_STR(signame_suggest("TREM"), "TERM");
	for (int n = 1; n < 32; n++)
		EQ_INT(signame_parse(signame_text(n, text)), n);
}

TEST_MAIN()
