#include "engine/base/regex.h"

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "tests/lib/test.h"

static struct regex *
re(const char *pattern, unsigned flags)
{
	struct err e = ERR_INIT;
	struct regex *r = regex_new(pattern, strlen(pattern), flags, &e, NULL);
	if (!r)
		printf("# %s: %s\n", pattern, e.text);
	return r;
}

static int
match(const char *pattern, unsigned flags, const char *text)
{
	struct regex *r = re(pattern, flags);
	int got = regex_match(r, text, strlen(text), 0, NULL);
	regex_free(r);
	return got;
}

TEST(flags)
{
	EQ_INT(match("error", 0, "an ERROR"), REGEX_NONE);
	EQ_INT(match("error", REGEX_ICASE, "an ERROR"), REGEX_MATCH);
	EQ_INT(match("a b # c", REGEX_EXTENDED, "xab"), REGEX_MATCH);
	EQ_INT(match("a.b", 0, "a\nb"), REGEX_NONE);
	EQ_INT(match("a.b", REGEX_DOTALL, "a\nb"), REGEX_MATCH);
	EQ_INT(match("a.b(", REGEX_LITERAL, "xa.b("), REGEX_MATCH);
	EQ_INT(match("a.b", REGEX_LITERAL, "axb"), REGEX_NONE);
	EQ_INT(match("\xc3\x84", REGEX_LITERAL | REGEX_ICASE, "\xc3\xa4"),
	       REGEX_MATCH);
}

TEST(errors_have_a_place)
{
	struct err e = ERR_INIT;
	size_t off = 0;
	OK(!regex_new("foo(bar", 7, 0, &e, &off));
	EQ_INT(off, 7);
	EQ_INT(e.code, ERR_USAGE);
	OK(strstr(e.text, "parenthesis") != NULL);
	OK(!regex_new("a\\Cb", 4, 0, &e, &off));
	OK(!regex_new("\xff", 1, 0, &e, &off));
	char *big = mem_alloc(REGEX_PATTERN_MAX + 2);
	memset(big, 'a', REGEX_PATTERN_MAX + 1);
	OK(!regex_new(big, REGEX_PATTERN_MAX + 1, 0, &e, &off));
	free(big);
	char groups[400] = "";
	for (int i = 0; i < 64; i++)
		strcat(groups, "(a)");
	OK(!regex_new(groups, strlen(groups), 0, &e, &off));
	OK(strstr(e.text, "groups") != NULL);
}

TEST(groups_and_names)
{
	struct regex *r = re("(?<ms>\\d+)(s)?|x(?<ms>\\d)", 0);
	struct regex_caps c;
	EQ_INT(regex_groups(r), 3);
	EQ_STR(regex_group_name(r, 1), "ms");
	OK(!regex_group_name(r, 2));
	EQ_INT(regex_match(r, "in 12 ", 6, 0, &c), REGEX_MATCH);
	EQ_INT(c.count, 4);
	EQ_INT(c.group[0].off, 3);
	EQ_INT(c.group[1].end, 5);
	OK(c.group[2].off == REGEX_UNSET);
	EQ_INT(regex_group_find(r, "ms", &c), 1);
	EQ_INT(regex_group_find(r, "2", &c), 2);
	EQ_INT(regex_group_find(r, "4", &c), -1);
	EQ_INT(regex_group_find(r, "no", &c), -1);
	regex_free(r);
	/* Names may be doubled: the one that took part counts. */
	r = re("a(?<n>1)|b(?<n>2)", 0);
	EQ_INT(regex_match(r, "b2", 2, 0, &c), REGEX_MATCH);
	EQ_INT(regex_group_find(r, "n", &c), 2);
	regex_free(r);
}

TEST(empty_matches_are_known)
{
	struct regex *r = re("x*", 0);
	OK(regex_matches_empty(r));
	EQ_INT(regex_match(r, NULL, 0, 0, NULL), REGEX_MATCH);
	regex_free(r);
	r = re("x+", 0);
	OK(!regex_matches_empty(r));
	regex_free(r);
}

TEST(invalid_utf8_matches_nothing_but_itself)
{
	EQ_INT(match("b.d", 0, "\xff\xfe bcd \xc3"), REGEX_MATCH);
	EQ_INT(match("a.b", 0, "a\xff" "b"), REGEX_NONE);
	EQ_INT(match("^b", 0, "\xff" "b"), REGEX_NONE);
}

TEST(catastrophic_patterns_end)
{
	char text[64];
	memset(text, 'a', 50);
	strcpy(text + 50, "!");
	EQ_INT(match("(a+)+$", 0, text), REGEX_LIMIT);
	EQ_INT(match("(a|aa)+$", 0, text), REGEX_LIMIT);
	EQ_INT(match("^(([a-z])+.)+[A-Z]([a-z])+$", 0, text), REGEX_LIMIT);
	/* Recursion ends too, whatever the depth. */
	char *deep = mem_alloc(200000);
	memset(deep, '(', 200000);
	struct regex *r = re("(\\((?1)*\\))|(?:a|(?2))+()b", 0);
	if (r)
		OK(regex_match(r, deep, 200000, 0, NULL) != REGEX_MATCH);
	regex_free(r);
	free(deep);
}

TEST(partial_matches)
{
	struct regex *r = re("port (\\d+)", 0);
	struct regex_caps c;
	EQ_INT(regex_partial(r, "port 18", 7, &c), REGEX_MORE);
	EQ_INT(regex_partial(r, "port 18 ", 8, &c), REGEX_MATCH);
	EQ_INT(c.group[1].end, 7);
	EQ_INT(regex_partial(r, "po", 2, &c), REGEX_MORE);
	EQ_INT(regex_partial(r, "xx", 2, &c), REGEX_NONE);
	regex_free(r);
	r = re("login: ", 0);
	EQ_INT(regex_partial(r, "login: ", 7, &c), REGEX_MATCH);
	regex_free(r);
	r = re("[$#] $", 0);
	EQ_INT(regex_partial(r, "me$ ", 4, &c), REGEX_MORE);
	regex_free(r);
}

/* Lines of a block found by regex_line(), as "0 2 5 ". */
static void
block_lines(struct regex *r, const char *block, size_t len, char *out)
{
	size_t pos = 0, off, end, n = 0;
	int got;
	out[0] = '\0';
	while ((got = regex_line(r, block, len, 1000, &pos, &off, &end,
				 NULL)) != REGEX_NONE) {
		size_t line = 0;
		for (size_t i = 0; i < off; i++)
			line += block[i] == '\n';
		n += (size_t)sprintf(out + n, "%zu%s ", line,
				     got == REGEX_LIMIT ? "!" : "");
	}
}

static void
single_lines(struct regex *r, const char *block, size_t len, char *out)
{
	size_t n = 0, no = 0;
	out[0] = '\0';
	for (size_t off = 0; off < len; no++) {
		const char *nl = memchr(block + off, '\n', len - off);
		size_t end = nl ? (size_t)(nl - block) : len;
		int got = regex_match(r, block + off, end - off, 0, NULL);
		if (got != REGEX_NONE)
			n += (size_t)sprintf(out + n, "%zu%s ", no,
					     got == REGEX_LIMIT ? "!" : "");
		off = end + 1;
	}
}

/* The interpreter has ideas of its own about what begins and ends a line. */
static void
compare_blocks(unsigned flags)
{
	static const char *const patterns[] = {
		"a", "^a", "a$", "^$", "^", "$", "a[^x]*b", "a\\s*b", "x*",
		"(?=a)", "a(?!\\s*b)", "(?<!a)b", "\\Aa", "b\\z", "b\\Z",
		"(?>a[^x]*)b", "a[^x]*+b", "(?s)a.*b", "(?-i)a", "(?i)A",
		"a\\Kb", "(a|b)\\1", "(?<n>a)\\W+b", "\\bb\\b", "a|b$|^ ",
		"(?i:A)b", "\\na", "[[:space:]]", "^\\S+$", "(*ANYCRLF)^b",
		"\\Gb", "b\\R", "(a+)+$", "[^b]*c", "\xc3\xa9|\xc3\xa4.",
	};
	static const char *const words[] = {
		"a", "b", "\n", " ", "x", "c", "\n", "\xc3\xa9", "\xff", "\r",
	};
	char block[160], got[600], want[600];
	uint64_t x = 1;
	int safe = 0;
	for (size_t p = 0; p < sizeof(patterns) / sizeof(*patterns); p++) {
		struct regex *r = re(patterns[p], flags);
		OK(r);
		safe += regex_is_block_safe(r);
		for (int i = 0; i < 300; i++) {
			size_t len = 0;
			while (len < 100) {
				x = x * 6364136223846793005ull + 1;
				const char *w = words[(x >> 33) % 10];
				memcpy(block + len, w, strlen(w));
				len += strlen(w);
			}
			if (i % 2)
				block[len++] = '\n';
			block_lines(r, block, len, got);
			single_lines(r, block, len, want);
			if (strcmp(got, want) != 0)
				printf("# pattern %s\n", patterns[p]);
			EQ_STR(got, want);
		}
		regex_free(r);
	}
	OK(safe > 15);
}

TEST(blocks_give_what_lines_give)
{
	compare_blocks(0);
}

TEST(without_machine_code_too)
{
	compare_blocks(REGEX_NO_JIT);
}

TEST(a_line_is_cut_to_the_window)
{
	struct regex *r = re("b", 0);
	size_t pos = 0, off, end;
	EQ_INT(regex_line(r, "aaaab\nb\n", 8, 4, &pos, &off, &end, NULL),
	       REGEX_MATCH);
	EQ_INT(off, 6);
	EQ_INT(end, 7);
	EQ_INT(pos, 8);
	regex_free(r);
}

TEST_MAIN()
