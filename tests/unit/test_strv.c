#include "engine/base/strv.h"

#include "engine/base/base.h"
#include "engine/base/buf.h"
#include "tests/lib/test.h"

static bool
comes_back(char *const *v)
{
	struct buf b = BUF_INIT(1000);

	strv_join(v, &b);
	char **back = strv_split(buf_str(&b));
	bool same = strv_equal(v, back);
	strv_free(back);
	buf_fini(&b);
	return same;
}

TEST(any_words_come_back)
{
	OK(comes_back((char *[]){ "a", NULL }));
	OK(comes_back((char *[]){ "node", "x y", " ", NULL }));
	OK(comes_back((char *[]){ "a", "", "", NULL }));
	OK(comes_back((char *[]){ "\x1f", "a\x1f" "b", "\x1e", NULL }));
	OK(comes_back((char *[]){ "\x1e\x1f\x1f\x1e^_", "\x1e", "", NULL }));
	OK(comes_back(NULL));
}

TEST(words_of_any_text)
{
	char **v = strv_split("\x1e");

	OK(strv_equal(v, (char *[]){ "\x1e", NULL }));
	strv_free(v);
	v = strv_split("\x1f\x1e");
	OK(strv_equal(v, (char *[]){ "", "\x1e", NULL }));
	strv_free(v);
}

TEST_MAIN()
