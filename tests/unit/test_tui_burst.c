#include "tui/burst.h"

#include "../lib/test.h"

static bool
is_paste(const char *bytes)
{
	return burst_is_paste(bytes, strlen(bytes));
}

TEST(what_nobody_types_at_once_is_a_paste)
{
	OK(is_paste("rm -rf tmp"));
	OK(is_paste("xX\rqQ\rdsr\nxX"));
	OK(is_paste("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f" "abcde"));
	OK(!is_paste("restart"));
	/* Keys that were held down on a slow line. */
	OK(!is_paste("jjjjjjjjjjjjjjjjjjjjjjj"));
	OK(!is_paste("jjjjjjjjjjjkkkkkkkkkk"));
	/* Sequences have letters that nobody has typed. */
	OK(!is_paste("\033[A\033[B\033OC\033[1;5D\033[5~\033[A\033[B\033[C"
		     "\033[D\033[H\033[F"));
	OK(!is_paste("\033[<64;10;11M\033[<65;12;13M\033[<35;14;15M"));
	OK(!is_paste("\033[200~restart everything\033[201~"));
	OK(!is_paste("\033[200~restart everything"));
	OK(!is_paste("\033") && !is_paste("\033[") && !is_paste(""));
}

TEST(keys_of_a_paste_are_text_or_refused)
{
	struct burst b = { .until_us = 0 };
	char part[600];

	memset(part, 'x', sizeof part);
	memcpy(part, "rm -rf tmp", 10);
	burst_read(&b, "j", 1, 1000);
	OK(!burst_refuses(&b, false, false));
	burst_read(&b, "rm -rf tmp", 10, 1000);
	OK(burst_refuses(&b, false, false));
	OK(!burst_refuses(&b, true, true));
	/* A short one is over with its read, a long one goes on. */
	burst_read(&b, "j", 1, 1001);
	OK(!burst_refuses(&b, false, false));
	burst_read(&b, part, sizeof part, 2000);
	burst_read(&b, "j", 1, 2001);
	OK(burst_refuses(&b, false, false));
	burst_read(&b, "j", 1, 2001 + 1000000);
	OK(!burst_refuses(&b, false, false));
}

TEST(what_follows_a_paste_at_once_answers_nothing)
{
	struct burst b = { .until_us = 0 };

	burst_pasted(&b, 5000);
	OK(burst_refuses(&b, false, false));
	OK(!burst_refuses(&b, true, false));
	OK(burst_refuses(&b, true, true));
	burst_read(&b, "y", 1, 5001);
	OK(burst_refuses(&b, true, true));
	burst_read(&b, "y", 1, 5000 + 1000000);
	OK(!burst_refuses(&b, true, true));
}

TEST_MAIN()
