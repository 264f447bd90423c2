#include "engine/core/crumbs.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/test.h"

static struct crumbs *
open_in(const char *dir)
{
	struct crumbs *c = crumbs_open(dir);

	if (!c)
		abort();
	return c;
}

static char *
temp_dir(char text[32])
{
	snprintf(text, 32, "/tmp/sbxcrumbXXXXXX");
	return mkdtemp(text);
}

static void
remove_dir(const char *dir)
{
	char path[64];

	snprintf(path, sizeof path, "%s/crumbs", dir);
	unlink(path);
	rmdir(dir);
}

TEST(nobody_shares_a_row)
{
	char dir[32];
	struct crumbs *c = open_in(temp_dir(dir));

	/* Of one place each four. */
	for (uint32_t i = 0; i < 20000; i++)
		crumbs_get(c, 1 + i / 4 + i % 4 * CRUMB_ROWS)->fed_off = i;
	crumbs_close(c);
	/* The next engine. */
	c = open_in(dir);
	for (uint32_t i = 0; i < 20000; i++) {
		const struct crumb *row =
			crumbs_find(c, 1 + i / 4 + i % 4 * CRUMB_ROWS);
		OK(row && row->fed_off == i);
	}
	OK(!crumbs_find(c, 5001));
	OK(!crumbs_find(c, 1 + 4 * CRUMB_ROWS));
	crumbs_clear(c);
	OK(!crumbs_find(c, 1));
	crumbs_close(c);
	remove_dir(dir);
}

TEST(rows_are_used_again)
{
	char dir[32];
	struct crumbs *c = open_in(temp_dir(dir));

	/* Three stay while many more than there are rows come and go. */
	crumbs_get(c, 7)->typed_bytes = 1;
	crumbs_get(c, 7 + CRUMB_ROWS)->typed_bytes = 2;
	crumbs_get(c, 8)->typed_bytes = 3;
	for (uint32_t id = 100; id < 5 * CRUMB_ROWS; id++) {
		if (id == 7 + CRUMB_ROWS)
			continue;
		struct crumb *row = crumbs_get(c, id);
		OK(row->typed_bytes == 0 && row->lost_bytes == 0);
		row->typed_bytes = row->lost_bytes = id;
		OK(crumbs_find(c, id) == row);
		crumbs_drop(c, id);
		OK(!crumbs_find(c, id));
	}
	EQ_INT(crumbs_find(c, 7)->typed_bytes, 1);
	EQ_INT(crumbs_find(c, 7 + CRUMB_ROWS)->typed_bytes, 2);
	EQ_INT(crumbs_find(c, 8)->typed_bytes, 3);
	OK(c->file->reach < 4);
	crumbs_drop(c, 9);
	crumbs_close(c);
	remove_dir(dir);
}

static bool
is_even(uint32_t id, void *arg)
{
	++*(int *)arg;
	return id % 2 == 0;
}

TEST(who_is_not_known_goes)
{
	char dir[32];
	struct crumbs *c = open_in(temp_dir(dir));
	int asked = 0;

	crumbs_sweep(c, is_even, &asked);
	EQ_INT(asked, 0);
	for (uint32_t id = 1; id <= 100; id++)
		crumbs_get(c, id);
	crumbs_sweep(c, is_even, &asked);
	EQ_INT(asked, 100);
	for (uint32_t id = 1; id <= 100; id++)
		OK((crumbs_find(c, id) != NULL) == (id % 2 == 0));
	crumbs_close(c);
	remove_dir(dir);
}

TEST(who_had_which_signal)
{
	char dir[32];
	struct crumbs *c = open_in(temp_dir(dir));

	crumbs_put_sent(c, 0, 1, 2, 3);
	OK(!crumbs_find_sent(c, 0, 1, 2));
	crumbs_put_sent(c, 77, 1, 2, 0);
	crumbs_put_sent(c, 77, 0, 5, 9);
	crumbs_close(c);
	c = open_in(dir);
	OK(crumbs_find_sent(c, 77, 1, 2) && crumbs_find_sent(c, 77, 1, 0));
	OK(!crumbs_find_sent(c, 77, 1, 3) && !crumbs_find_sent(c, 78, 1, 2));
	EQ_INT(crumbs_find_sent(c, 77, 0, 5)->run, 9);
	for (uint32_t i = 1; i < CRUMB_SENT; i++)
		crumbs_put_sent(c, 100, i, i, 0);
	OK(!crumbs_find_sent(c, 77, 1, 2));
	OK(crumbs_find_sent(c, 77, 0, 5) && crumbs_find_sent(c, 100, 1, 1));
	crumbs_clear(c);
	OK(!crumbs_find_sent(c, 100, 1, 1));
	crumbs_close(c);
	remove_dir(dir);
}

TEST_MAIN()
