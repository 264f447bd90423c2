#include "engine/life/select.h"

#include "engine/base/err.h"
#include "tests/lib/test.h"

static const struct select_item items[] = {
	{ "api", "backend", false, false },
	{ "web", "front all", true, false },
	{ "worker.0", "backend", false, false },
	{ "worker.10", "backend", true, false },
	{ "worker.x", NULL, false, false },
	{ "test:unit", NULL, false, false },
	{ "test:e2e", NULL, false, true },
	{ "front", NULL, false, false },
};

enum { COUNT = sizeof items / sizeof items[0] };

/* "api web": which ones are meant, as a string of 0 and 1. */
static const char *
match(char *const *names, unsigned flags, struct err *e)
{
	static char out[COUNT + 1];
	bool hit[COUNT];

	*e = (struct err)ERR_INIT;
	int n = select_match(items, COUNT, names, flags, hit, e);
	if (n < 0)
		return e->text;
	int set = 0;
	for (int i = 0; i < COUNT; i++) {
		out[i] = hit[i] ? '1' : '0';
		set += hit[i];
	}
	return set == n ? out : "the count is wrong";
}

#define MEANS(want, flags, ...)                                                \
	do {                                                                   \
		char *names_[] = { __VA_ARGS__, NULL };                        \
		struct err e_;                                                 \
		EQ_STR(match(names_, flags, &e_), want);                       \
	} while (0)

TEST(names_groups_globs_and_replicas)
{
	MEANS("10000000", 0, "api");
	MEANS("11000000", 0, "web", "api");
	MEANS("10110000", 0, "backend");
	MEANS("01000000", 0, "all");
	MEANS("00110000", 0, "worker");
	MEANS("00111000", 0, "worker.*");
	/* A name goes before a group of that name. */
	MEANS("00000001", 0, "front");
	/* What is hidden has to be named. */
	MEANS("00000100", 0, "test:*");
	MEANS("00000010", 0, "test:e2e");
}

TEST(one_process_of_a_tree)
{
	unsigned pid = 0;

	EQ_INT(select_member("api/4160", &pid), 3);
	EQ_INT(pid, 4160);
	EQ_INT(select_member("api", &pid), 0);
	EQ_INT(select_member("/4160", &pid), 0);
	EQ_INT(select_member("api/", &pid), 0);
	EQ_INT(select_member("api/0", &pid), 0);
	EQ_INT(select_member("api/-1", &pid), 0);
	EQ_INT(select_member("api/4294967296", &pid), 0);
	EQ_INT(select_member("api/12x", &pid), 0);
}

TEST(flags)
{
	struct err e;

	EQ_STR(match(NULL, SELECT_ALL, &e), "11111101");
	EQ_STR(match(NULL, SELECT_FAILED, &e), "01010000");
	EQ_STR(match(NULL, 0, &e), "00000000");
	MEANS("11010000", SELECT_FAILED, "api");
}

TEST(a_word_that_means_nothing_is_an_error)
{
	char *near[] = { "api", "wbe", NULL }, *far[] = { "zzzzz", NULL };
	char *glob[] = { "zz*", NULL };
	struct err e;

	EQ_STR(match(near, 0, &e), "no process 'wbe'");
	EQ_STR(e.hint, "did you mean 'web'?");
	EQ_INT(e.code, ERR_NO_PROCESS);
	EQ_STR(match(far, 0, &e), "no process 'zzzzz'");
	EQ_STR(e.hint, "'sbx ls' lists them");
	EQ_STR(match(glob, SELECT_ALL, &e), "no process fits 'zz*'");
}

TEST(what_counts_as_failed)
{
	OK(select_is_failed(STATUS_FAILED, true));
	OK(select_is_failed(STATUS_KILLED, false));
	OK(!select_is_failed(STATUS_KILLED, true));
	OK(select_is_failed(STATUS_BACKOFF, false));
	OK(!select_is_failed(STATUS_RUNNING, false));
	OK(!select_is_failed(STATUS_COMPLETED, false));
}

TEST_MAIN()
