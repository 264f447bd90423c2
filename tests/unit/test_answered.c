/* Answers that a client is given again by the next engine. */

#include "engine/core/answered.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/msg.h"
#include "tests/lib/test.h"

static void
put(struct answered *a, uint64_t key, size_t len)
{
	char *data = malloc(len);

	memset(data, (int)('a' + key % 26), len);
	answered_put(a, key, data, len);
	free(data);
}

static bool
has(const struct answered *a, uint64_t key, size_t want)
{
	size_t len;
	const char *data = answered_find(a, key, &len);

	return data && len == want && data[0] == (char)('a' + key % 26) &&
	       memcmp(data, data + 1, len - 1) == 0;
}

/* As the next engine has them. */
static void
over_a_registry(struct answered **a)
{
	struct answered *next = answered_new();
	struct buf b = BUF_INIT(64 << 20);
	struct msg_reader r;

	for (size_t i = 0; i < ANSWERED_MAX; i++) {
		buf_clear(&b);
		EQ_INT(answered_pack(*a, i, &b), 0);
		msg_open(&r, buf_str(&b), b.len);
		answered_unpack(next, i, &r);
	}
	buf_fini(&b);
	answered_free(*a);
	*a = next;
}

TEST(the_newest_are_kept)
{
	struct answered *a = answered_new();
	size_t len;

	for (uint64_t key = 1; key <= 100; key++) {
		put(a, key, 100 + key);
		if (key % 7 == 0)
			over_a_registry(&a);
		for (uint64_t k = 1; k <= key; k++)
			if (k + ANSWERED_MAX > key)
				OK(has(a, k, 100 + k));
			else
				OK(!answered_find(a, k, &len));
	}
	answered_free(a);
}

TEST(a_long_one_is_kept)
{
	struct answered *a = answered_new();
	size_t len, longest = ANSWERED_BYTES_MAX + 100;

	put(a, 1, 10);
	put(a, 2, longest);
	over_a_registry(&a);
	OK(has(a, 1, 10));
	OK(has(a, 2, longest));
	/* And no more than that. */
	put(a, 3, longest);
	over_a_registry(&a);
	OK(!answered_find(a, 1, &len));
	OK(!answered_find(a, 2, &len));
	OK(has(a, 3, longest));
	put(a, 4, 10);
	OK(!answered_find(a, 3, &len));
	OK(has(a, 4, 10));
	answered_free(a);
}

TEST(what_is_cut_is_left_out)
{
	struct answered *a = answered_new(), *b = answered_new();
	struct buf packed = BUF_INIT(1000);
	struct msg_reader r;
	size_t len;

	put(a, 1, 10);
	EQ_INT(answered_pack(a, 1, &packed), 0);
	for (size_t n = 0; n < packed.len; n++) {
		msg_open(&r, buf_str(&packed), n);
		answered_unpack(b, 1, &r);
		OK(r.bad && !answered_find(b, 1, &len));
	}
	/* So is what has no business there. */
	msg_open(&r, buf_str(&packed), packed.len);
	answered_unpack(b, 2, &r);
	OK(!answered_find(b, 1, &len));
	buf_fini(&packed);
	answered_free(a);
	answered_free(b);
}

TEST(what_is_the_same_is_saved_once)
{
	struct answered *a = answered_new();
	struct buf b = BUF_INIT(10000);
	size_t unsaved = 0;

	put(a, 1, 10);
	for (size_t i = 0; i < ANSWERED_MAX; i++)
		EQ_INT(answered_pack(a, i, &b), 0);
	put(a, 2, 10);
	for (size_t i = 0; i < ANSWERED_MAX; i++)
		unsaved += !answered_is_saved(a, i);
	EQ_INT(unsaved, 1);
	buf_fini(&b);
	answered_free(a);
}
TEST_MAIN()
