#include "engine/http/http_quiet.h"

#include "tests/lib/test.h"

/* What is left, with a whole text and byte by byte; both have to agree. */
static const char *
left(const char *text)
{
	static char out[4096], again[4096];
	struct quiet q;
	size_t len = strlen(text), n = 0;

	quiet_init(&q);
	out[quiet_feed(&q, text, len, out)] = '\0';
	quiet_init(&q);
	for (size_t i = 0; i < len; i++)
		n += quiet_feed(&q, text + i, 1, again + n);
	again[n] = '\0';
	return strcmp(out, again) == 0 ? out : "(pieces make a difference)";
}

TEST(questions_are_left_out)
{
	static const char *const asks[] = {
		"\033[c", "\033[0c", "\033[>c", "\033[>0c", "\033[=c", "\033Z",
		"\033[5n", "\033[6n", "\033[?6n", "\033[?996n",
		"\033[?2026$p", "\033[4$p", "\033[>q", "\033[>0q",
		"\033[14t", "\033[18t", "\033[21t", "\033[?u", "\033[x",
		"\033[1x", "\033[1$w", "\033[?1;1;0S",
		"\033]11;?\007", "\033]11;?\033\\", "\033]4;1;?\007",
		"\033]4;1;?;2;?\033\\", "\033]52;c;?\007",
		"\033P$qm\033\\", "\033P+q544e;524742\033\\",
	};
	char text[100];

	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
		snprintf(text, sizeof text, "a%sb", asks[i]);
		EQ_STR(left(text), "ab");
		snprintf(text, sizeof text, "%s%s\033[1m", asks[i], asks[i]);
		EQ_STR(left(text), "\033[1m");
	}
}

TEST(all_else_passes)
{
	static const char *const texts[] = {
		"plain text\r\n\t\007", "\303\251\342\202\254", "\033[1;31mx",
		"\033[2J\033[H", "\033[?1049h", "\033[8;24;80t", "\033[22;0t",
		"\033]0;a title?\007x", "\033]8;;http://a/?b=c\033\\x",
		"\033]11;#ffffff\033\\", "\033[2 q", "\033[!p", "\033[>4;1m",
		"\033[>1u", "\033[<u", "\033[s\033[u", "\033(B\0337\0338\033c",
		"\033Pq#0;2;0;0;0\033\\", "\033_apc\033\\", "\033[S", "\033[3S",
		"\033[1;2;1;1;5;5;1;1$v", "\033[>4n", "\033\033[1m",
		"\033]0;x\030y", "\033[1\030y",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		EQ_STR(left(texts[i]), texts[i]);
	/* A control within a sequence acts at once. */
	EQ_STR(left("\033[1\r;2H"), "\r\033[1;2H");
	EQ_STR(left("\033[6\nn"), "\n");
	/* A string that is cut off by another sequence. */
	EQ_STR(left("\033P$qm\033[1mx"), "\033[1mx");
	EQ_STR(left("\033]11;?\033[1mx"), "\033[1mx");
	EQ_STR(left("\033[\033[6nx"), "\033[x");
}

TEST(what_is_long_is_no_question)
{
	char text[1200];

	snprintf(text, sizeof text, "\033]11;%0999d;?\007x", 0);
	EQ_STR(left(text), text);
	snprintf(text, sizeof text, "\033[%0999dnx", 6);
	EQ_STR(left(text), text);
	snprintf(text, sizeof text, "\033P+q%0999d\033\\x", 6);
	EQ_STR(left(text), "x");
}

TEST(any_bytes)
{
	char in[300], out[sizeof in + QUIET_MAX];
	struct quiet q;

	srand(1);
	quiet_init(&q);
	for (int i = 0; i < 20000; i++) {
		static const char likely[] = "\033\033[]P?;$+0119cnpqtux\\\007";
		size_t len = (size_t)rand() % sizeof in;
		for (size_t k = 0; k < len; k++)
			in[k] = rand() % 3 ? likely[(size_t)rand() %
				(sizeof likely - 1)] : (char)rand();
		OK(quiet_feed(&q, in, len, out) <= len + QUIET_MAX);
		OK(q.len < QUIET_MAX);
	}
}

TEST_MAIN()
