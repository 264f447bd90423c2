#include "engine/base/words.h"

#include "tests/lib/test.h"

TEST(groups_of_a_row)
{
	const char *at = "backend jobs", *none = NULL;
	char *one = words_next(&at), *two = words_next(&at);

	EQ_STR(one, "backend");
	EQ_STR(two, "jobs");
	OK(!words_next(&at));
	OK(!words_next(&none));
	free(one);
	free(two);
	OK(words_have("backend jobs", "jobs"));
	OK(words_have("backend jobs", "backend"));
	OK(!words_have("backend jobs", "back"));
	OK(!words_have("", "jobs"));
	OK(!words_have(NULL, "jobs"));
}

TEST(whom_it_waits_for)
{
	static const char depends[] = "db ready, migrate ok, api";
	static const char *const names[] = { "db", "migrate", "api" };
	const char *at = depends;

	for (size_t i = 0; i < 3; i++) {
		char *name = words_next_dep(&at);
		EQ_STR(name, names[i]);
		free(name);
		OK(words_have_dep(depends, names[i]));
	}
	OK(!words_next_dep(&at));
	OK(!words_have_dep(depends, "d"));
	OK(!words_have_dep(depends, "ready"));
	OK(!words_have_dep("", "db"));
}

TEST_MAIN()
