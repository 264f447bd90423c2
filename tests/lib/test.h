#ifndef SBX_TEST_H
#define SBX_TEST_H

/*
 * Unit tests in TAP.  A test program is a list of TEST(name) functions and
 * TEST_MAIN(); a failed check prints both values and the place, marks the
 * test as failed and returns from it.
 *
 *	TEST(adds)
 *	{
 *		EQ_INT(1 + 1, 2);
 *		EQ_STR(greet(), "hello");
 *	}
 *	TEST_MAIN()
 */

#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct test_case {
	const char *name;
	void (*fn)(void);
};

static struct test_case test_cases[256];
static int test_count;
static int test_failed;		/* of the present test */

#define TEST(name_)                                                            \
	static void test_##name_(void);                                        \
	__attribute__((constructor)) static void register_##name_(void)        \
	{                                                                      \
		test_cases[test_count].name = #name_;                          \
		test_cases[test_count++].fn = test_##name_;                    \
	}                                                                      \
	static void test_##name_(void)

#define TEST_FAIL(...)                                                         \
	do {                                                                   \
		test_failed = 1;                                               \
		printf("# %s:%d: ", __FILE__, __LINE__);                       \
		printf(__VA_ARGS__);                                           \
		printf("\n");                                                  \
		return;                                                        \
	} while (0)

#define OK(cond)                                                               \
	do {                                                                   \
		if (!(cond))                                                   \
			TEST_FAIL("not true: %s", #cond);                      \
	} while (0)

#define EQ_INT(got, want)                                                      \
	do {                                                                   \
		intmax_t got_ = (intmax_t)(got), want_ = (intmax_t)(want);     \
		if (got_ != want_)                                             \
			TEST_FAIL("%s is %jd, not %jd", #got, got_, want_);    \
	} while (0)

#define EQ_STR(got, want)                                                      \
	do {                                                                   \
		const char *got_ = (got), *want_ = (want);                     \
		if (!got_ || strcmp(got_, want_) != 0)                         \
			TEST_FAIL("%s is \"%s\", not \"%s\"", #got,            \
				  got_ ? got_ : "(null)", want_);              \
	} while (0)

#define EQ_MEM(got, got_len, want, want_len)                                   \
	do {                                                                   \
		size_t gl_ = (got_len), wl_ = (want_len);                      \
		const char *g_ = (const char *)(got);                          \
		const char *w_ = (const char *)(want);                         \
		if (gl_ != wl_ || (gl_ && memcmp(g_, w_, gl_) != 0))           \
			TEST_FAIL("%s is %zu bytes \"%.*s\", not %zu \"%.*s\"",\
				  #got, gl_, (int)gl_, g_, wl_, (int)wl_, w_); \
	} while (0)

#define SKIP_TEST(why)                                                         \
	do {                                                                   \
		printf("# skipped: %s\n", why);                                \
		return;                                                        \
	} while (0)

/*
 * TAP_RUN=name runs one test alone.  A test that hangs is ended by SIGALRM
 * after 120 s, so that the whole run can never hang.
 */
static inline int
test_run(void)
{
	const char *only = getenv("TAP_RUN");
	const char *seconds = getenv("TEST_SECONDS");	/* for all of it */
	int failed = 0, no = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setlocale(LC_ALL, "C.UTF-8");
	alarm(seconds ? (unsigned)atoi(seconds) : 120);
	for (int i = 0; i < test_count; i++) {
		if (only && strcmp(only, test_cases[i].name) != 0)
			continue;
		test_failed = 0;
		test_cases[i].fn();
		failed += test_failed;
		printf("%sok %d - %s\n", test_failed ? "not " : "", ++no,
		       test_cases[i].name);
	}
	printf("1..%d\n", no);
	return failed > 0;
}

#define TEST_MAIN() int main(void) { return test_run(); }

/* The same in a new directory of the template dir, which is removed at the
 * end; set_up (or NULL) finds itself in it. */
static inline int
test_run_in(char *dir, void (*set_up)(void))
{
	umask(022);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	if (set_up)
		set_up();
	int result = test_run();
	return system("cd / && rm -rf \"$OLDPWD\"") != 0 ? 99 : result;
}

#endif
