#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/conf/option.h"
#include "tests/lib/test.h"

/* Every default is a value that its own row accepts. */
TEST(defaults_are_valid)
{
	struct options *o = options_new();
	const struct option_row *row;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		struct err e = ERR_INIT;
		row = &option_rows[i];
		OK(row->row.name != NULL);
		if (i > 0)
			OK(strcmp(option_rows[i - 1].row.name,
				  row->row.name) < 0);
		EQ_INT(options_set(o, row, row->standard, &e), 0);
		EQ_STR(options_text(o, (enum option_id)i), row->standard);
	}
	EQ_INT(options_check(o, &row, NULL), 0);
	EQ_INT(options_number(o, OPTION_LOG_KEEP), 256 << 20);
	EQ_INT(options_number(o, OPTION_LEAVE_DOUBLE), 400);
	OK(options_flag(o, OPTION_MOUSE));
	options_free(o);
}

static int
change(struct options *o, const char *key, const char *value, char *text)
{
	struct err e = ERR_INIT;
	int rc = options_change(o, key, value, &e);

	snprintf(text, 800, "%s (%s)", e.text, e.hint);
	return rc;
}

TEST(values_are_checked)
{
	struct options *o = options_new();
	char text[800];

	EQ_INT(change(o, "quit", "stop", text), 0);
	EQ_INT(options_number(o, OPTION_QUIT), 2);
	EQ_INT(change(o, "quit", "exit", text), -1);
	EQ_STR(text, "'exit' is not one of the words "
	       "(set quit ask | detach | stop)");
	EQ_STR(options_text(o, OPTION_QUIT), "stop");
	EQ_INT(change(o, "quti", "stop", text), -1);
	EQ_STR(text, "unknown setting 'quti' (did you mean 'quit'?)");
	EQ_INT(change(o, "list.width", "30%", text), 0);
	EQ_INT(options_number(o, OPTION_LIST_WIDTH), 1030);
	EQ_INT(change(o, "list.width", "30", text), 0);
	EQ_INT(options_number(o, OPTION_LIST_WIDTH), 30);
	EQ_INT(change(o, "list.width", "130%", text), -1);
	EQ_INT(change(o, "mouse", "maybe", text), -1);
	options_free(o);
}

TEST(columns_are_names_each_once)
{
	struct options *o = options_new();
	enum list_column cols[LIST_COLUMN_COUNT];
	struct err e = ERR_INIT;

	EQ_INT(options_columns(o, cols), 4);
	EQ_INT(cols[3], LIST_COLUMN_AGE);
	const struct option_row *row = option_get("list.columns", NULL);
	EQ_INT(options_set(o, row, "ports  pid", NULL), 0);
	EQ_INT(options_columns(o, cols), 2);
	EQ_INT(cols[0], LIST_COLUMN_PORTS);
	EQ_INT(cols[1], LIST_COLUMN_PID);
	EQ_INT(options_set(o, row, "pid porst", &e), -1);
	EQ_STR(e.text, "there is no column 'porst'");
	OK(strstr(e.hint, "one or more of: state, cpu") == e.hint);
	EQ_INT(options_set(o, row, "pid cpu pid", &e), -1);
	EQ_STR(e.text, "the column 'pid' is named twice");
	EQ_INT(options_set(o, row, " ", &e), -1);
	EQ_INT(options_columns(o, cols), 2);
	options_free(o);
}

/* A zero or a contradiction is refused and the old values stay. */
TEST(limits_refuse_zero_and_contradiction)
{
	struct options *o = options_new();
	char text[800];

	EQ_INT(change(o, "limit.processes", "0", text), -1);
	EQ_STR(text, "'limit.processes' cannot be zero "
	       "(set limit.processes N, 1 to 10000)");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *key = option_rows[i].row.name;
		if (strncmp(key, "limit.", 6) != 0)
			continue;
		char *was = mem_str(options_text(o, (enum option_id)i));
		EQ_INT(change(o, key, "0", text), -1);
		EQ_INT(change(o, key, "-1", text), -1);
		EQ_INT(change(o, key, "", text), -1);
		EQ_INT(change(o, key, "99999999999999999999", text), -1);
		EQ_STR(options_text(o, (enum option_id)i), was);
		EQ_INT(change(o, key, was, text), 0);
		free(was);
	}
	EQ_INT(change(o, "limit.run-timeout", "6m", text), -1);
	EQ_STR(text, "'limit.run-timeout' (6m) is above "
	       "'limit.run-timeout-max' (5m) ()");
	EQ_INT(change(o, "limit.run-timeout-max", "29s", text), -1);
	EQ_STR(options_text(o, OPTION_LIMIT_RUN_TIMEOUT), "30s");
	EQ_STR(options_text(o, OPTION_LIMIT_RUN_TIMEOUT_MAX), "5m");
	EQ_INT(change(o, "limit.logs", "64M", text), -1);
	EQ_INT(change(o, "limit.input", "2M", text), -1);
	EQ_STR(text, "'2M' is out of range for 'limit.input' "
	       "(set limit.input SIZE, 1 to 1M)");
	EQ_INT(change(o, "limit.log", "1", text), -1);
	EQ_STR(text, "'1' is out of range for 'limit.log' "
	       "(set limit.log SIZE, at least 1M)");
	EQ_INT(change(o, "limit.run-timeout", "2d", text), -1);
	EQ_STR(text, "'2d' is out of range for 'limit.run-timeout' "
	       "(set limit.run-timeout TIME, 1ms to 1d)");
	EQ_INT(change(o, "limit.log", "64M", text), -1);
	EQ_STR(text, "'log.keep' (256M) is above 'limit.log' (64M) ()");
	EQ_STR(options_text(o, OPTION_LIMIT_LOG), "16G");
	EQ_INT(change(o, "limit.log", "1G", text), 0);
	EQ_INT(options_number(o, OPTION_LIMIT_LOG), 1u << 30);
	EQ_INT(change(o, "log.keep", "512M", text), -1);
	EQ_STR(text, "'log.keep' cannot be changed while it runs "
	       "(write 'set log.keep 512M' into the sbxrc)");
	options_free(o);
}

TEST(packs_and_unpacks)
{
	struct options *o = options_new(), *back = NULL;
	struct buf b = BUF_INIT(1 << 16);
	char text[800];

	EQ_INT(change(o, "theme", "nord", text), 0);
	EQ_INT(options_pack(o, &b), 0);
	EQ_INT(options_unpack(b.data, b.len, &back, NULL), 0);
	EQ_STR(options_text(back, OPTION_THEME), "nord");
	options_free(back);
	for (size_t len = 0; len < b.len; len++)
		EQ_INT(options_unpack(b.data, len, &back, NULL), -1);
	buf_fini(&b);
	options_free(o);
}

TEST_MAIN()
