#include "engine/spec/detailrow.h"

#include "engine/base/buf.h"
#include "engine/spec/proto.h"
#include "tests/lib/test.h"

TEST(what_was_put_is_read)
{
	const char odd[] = { 'a', PROTO_FIELD_END, PROTO_RECORD_END, '\n', 0 };
	struct buf b = BUF_INIT(1000);
	struct detailrow row;

	detailrow_put(&b, "why", "web", odd, NULL);
	detailrow_put(&b, "tree", "7 1", "5000 4096 8080 53", "sh -c x");
	char *text = buf_take(&b), *at = text;
	OK(detailrow_next(&at, &row));
	EQ_STR(row.kind, "why");
	EQ_STR(row.a, "web");
	EQ_STR(row.b, "a??\n");
	EQ_STR(row.c, "");
	OK(detailrow_next(&at, &row));
	EQ_STR(row.kind, "tree");
	EQ_STR(row.c, "sh -c x");
	OK(!detailrow_next(&at, &row));
	free(text);
}

TEST(members_of_a_tree)
{
	struct detailrow row = { "tree", "7 1", "5000 4096 8080 53", "sh" };
	struct detailrow_member m;

	OK(detailrow_member(&row, &m));
	EQ_INT(m.pid, 7);
	EQ_INT(m.ppid, 1);
	EQ_INT(m.cpu_us, 5000);
	EQ_INT(m.rss_bytes, 4096);
	EQ_STR(m.ports, "8080 53");
	EQ_STR(m.command, "sh");
	OK(!m.left);
	row = (struct detailrow){ "left", "7 1", "5000 4096", "sh" };
	OK(detailrow_member(&row, &m));
	EQ_STR(m.ports, "");
	OK(m.left);
	row.kind = "rule";
	OK(!detailrow_member(&row, &m));
	row = (struct detailrow){ "tree", "7", "5000 4096", "sh" };
	OK(!detailrow_member(&row, &m));
	row = (struct detailrow){ "tree", "7 1", "much", "sh" };
	OK(!detailrow_member(&row, &m));
}

TEST_MAIN()
