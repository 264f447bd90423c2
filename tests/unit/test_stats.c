#include "engine/life/stats.h"

#include "tests/lib/test.h"

static struct stats st;

static void
add(const char *text)
{
	stats_add(&st, text, strlen(text), 7);
}

TEST(numbers_are_recognised)
{
	static const struct {
		const char *text;
		int is_number;
		double value;
	} rows[] = {
		{ "12", 1, 12 }, { "-3.5", 1, -3.5 }, { "+1e3", 1, 1000 },
		{ "1,234,567", 1, 1234567 }, { "0x1F", 1, 31 },
		{ " 7 ", 1, 7 }, { ".5", 1, 0.5 }, { "0.1", 1, 0.1 },
		{ "1e-3", 1, 0.001 }, { "123456789012345678901", 1, 1.23456789012345678901e20 },
		{ "12ms", 0, 0 }, { "", 0, 0 }, { "abc", 0, 0 },
		{ "1,23", 0, 0 }, { "1e", 0, 0 }, { "1e999", 0, 0 },
		{ "nan", 0, 0 }, { "inf", 0, 0 }, { "0x", 0, 0 },
		{ "1.2.3", 0, 0 }, { "--1", 0, 0 }, { "1 2", 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stats_init(&st);
		add(rows[i].text);
		if (st.is_number != rows[i].is_number)
			printf("# %s\n", rows[i].text);
		EQ_INT(st.is_number, rows[i].is_number);
		OK(!st.is_number || st.last == rows[i].value);
		EQ_INT(st.count, 1);
		EQ_STR(st.text, rows[i].text);
	}
}

TEST(figures)
{
	stats_init(&st);
	OK(stats_p95(&st) == 0);
	for (int i = 1; i <= 40; i++) {
		char t[8];
		snprintf(t, sizeof(t), "%d", (i * 7) % 41);
		add(t);
	}
	EQ_INT(st.numbers, 40);
	OK(st.min == 1 && st.max == 40);
	OK(st.mean > 20.49 && st.mean < 20.51);
	OK(stats_p95(&st) == 38);
	add("fast");
	EQ_INT(st.count, 41);
	EQ_INT(st.numbers, 40);
	OK(!st.is_number);
	OK(st.last == (40 * 7) % 41);
	EQ_STR(st.text, "fast");
}

TEST(ring_keeps_the_newest)
{
	double v[STATS_SAMPLES];
	stats_init(&st);
	for (int i = 0; i < 100; i++) {
		char t[8];
		snprintf(t, sizeof(t), "%d", i);
		add(t);
	}
	EQ_INT(stats_samples(&st, v), STATS_SAMPLES);
	OK(v[0] == 100 - STATS_SAMPLES);
	OK(v[STATS_SAMPLES - 1] == 99);
	OK(st.min == 0 && st.max == 99);
}

TEST(text_is_cut_and_valid)
{
	char t[400];
	memset(t, 'a', sizeof(t));
	t[126] = '\xc3';
	t[127] = '\xa9';
	stats_init(&st);
	stats_add(&st, t, sizeof(t), 1);
	EQ_INT(strlen(st.text), 126);
	stats_add(&st, "ab\xff" "cd", 5, 1);
	EQ_STR(st.text, "ab");
}

TEST_MAIN()
