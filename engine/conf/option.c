#include "option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/units.h"
#include "term/keys.h"

#define VALUE_MAX 1024

struct value {
	char *text;
	uint64_t number;
};

struct options {
	struct value values[OPTION_COUNT];
};

#define MINUTE 60000u
#define DAY 86400000u
#define ROW(name, args, help) { (name), NULL, (args), (help) }

/* In the order of the names; enum option_id follows it. */
const struct option_row option_rows[OPTION_COUNT] = {
	[OPTION_BELL] = {
		ROW("bell", "on | off",
		    "pass the bell of processes and watches on"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_CLIPBOARD] = {
		ROW("clipboard", "auto | osc52 | off | COMMAND",
		    "where copied text goes"),
		OPTION_TEXT, "auto", .built = true, .runtime = true },
	[OPTION_CLOCK] = {
		ROW("clock", "on | off", "show the time in the status row"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_COLOR] = {
		ROW("color", "auto | never | 16 | 256 | true",
		    "colours of the screen at most, whatever NO_COLOR says"),
		OPTION_CHOICE, "auto", .built = true, .runtime = false },
	[OPTION_CONFIRM_BULK] = {
		ROW("confirm.bulk", "N",
		    "ask when so many processes are affected"),
		OPTION_UINT, "2", 1, 10000, true, true, false },
	[OPTION_GLYPHS] = {
		ROW("glyphs", "auto | unicode | ascii",
		    "characters of the screen"),
		OPTION_CHOICE, "auto", .built = true, .runtime = true },
	[OPTION_HANGUP] = {
		ROW("hangup", "keep | stop",
		    "what the processes do when the terminal closes"),
		OPTION_CHOICE, "keep", .built = true, .runtime = true },
	[OPTION_KEYS] = {
		ROW("keys", "NAME", "set of key bindings to start from"),
		OPTION_TEXT, "sbx", .built = true, .runtime = false },
	[OPTION_LAYOUT] = {
		ROW("layout", "auto | side | stack",
		    "where the log is shown"),
		OPTION_CHOICE, "auto", .built = true, .runtime = true },
	[OPTION_LEAVE] = {
		ROW("leave", "KEY",
		    "the one key that is taken from embedded terminals"),
		OPTION_KEY, "C-]", .built = true, .runtime = true },
	[OPTION_LEAVE_DOUBLE] = {
		ROW("leave.double", "TIME",
		    "the leave key twice within this goes through"),
		OPTION_DURATION, "400ms", 0, 10000, true, true, false },
	[OPTION_LIMIT_API_LOG] = {
		ROW("limit.api-log", "SIZE",
		    "bytes of log kept of each process made by the API"),
		OPTION_SIZE, "10M", 1, INT64_MAX, true, true, true },
	[OPTION_LIMIT_INPUT] = {
		ROW("limit.input", "SIZE", "bytes that one request may send"),
		OPTION_SIZE, "64K", 1, 1u << 20, true, true, true },
	[OPTION_LIMIT_LOG] = {
		ROW("limit.log", "SIZE",
		    "largest log that a process may keep"),
		OPTION_SIZE, "16G", 1 << 20, INT64_MAX, true, true, true },
	[OPTION_LIMIT_LOGS] = {
		ROW("limit.logs", "SIZE",
		    "size of all logs together, oldest go first"),
		OPTION_SIZE, "64G", 1 << 20, INT64_MAX, true, true, true },
	[OPTION_LIMIT_OUTPUT] = {
		ROW("limit.output", "SIZE",
		    "bytes of each stream that exec gives back"),
		OPTION_SIZE, "1M", 1, 1u << 30, true, true, true },
	[OPTION_LIMIT_PROCESSES] = {
		ROW("limit.processes", "N",
		    "processes that run at the same time, more are queued"),
		OPTION_UINT, "64", 1, 10000, true, true, true },
	[OPTION_LIMIT_RUN_TIMEOUT] = {
		ROW("limit.run-timeout", "TIME",
		    "default timeout of exec through the API"),
		OPTION_DURATION, "30s", 1, DAY, true, true, true },
	[OPTION_LIMIT_RUN_TIMEOUT_MAX] = {
		ROW("limit.run-timeout-max", "TIME",
		    "longest timeout of exec through the API"),
		OPTION_DURATION, "5m", 1, DAY, true, true, true },
	[OPTION_LIST_COLUMNS] = {
		ROW("list.columns", "COLUMN...", "columns of the list"),
		OPTION_COLUMNS, "state cpu mem age", .built = true,
		.runtime = true },
	[OPTION_LIST_WIDTH] = {
		ROW("list.width", "auto | N | N%", "width of the list"),
		OPTION_WIDTH, "auto", 1, 1000, true, true, false },
	[OPTION_LISTEN] = {
		ROW("listen", "off | ADDR:PORT | unix:PATH",
		    "offer the set over HTTP there, see sbx-serve(1)"),
		OPTION_ADDRESS, "off", .built = true, .runtime = true,
		.engine = true },
	[OPTION_LISTEN_TOKEN_FILE] = {
		ROW("listen.token-file", "none | PATH",
		    "file whose first line everybody has to know there"),
		OPTION_TEXT, "none", .built = true, .runtime = true,
		.engine = true },
	[OPTION_LOG_COLORS] = {
		ROW("log.colors", "auto | on | off",
		    "show the colours that processes print"),
		OPTION_CHOICE, "auto", .built = true, .runtime = true },
	[OPTION_LOG_KEEP] = {
		ROW("log.keep", "SIZE",
		    "bytes of log kept of each process, oldest go first"),
		OPTION_SIZE, "256M", 64 << 10, INT64_MAX, true, false, false },
	[OPTION_MOUSE] = {
		ROW("mouse", "on | off",
		    "use the mouse; off keeps the terminal's own selection"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_NAME] = {
		ROW("name", "auto | NAME",
		    "name of the session; auto is that of its directory"),
		OPTION_TEXT, "auto", .built = true, .runtime = false },
	[OPTION_NOTIFY] = {
		ROW("notify", "auto | osc9 | bell | off | COMMAND",
		    "how notifications are shown"),
		OPTION_TEXT, "auto", .built = true, .runtime = true },
	[OPTION_ON_DONE] = {
		ROW("on-done", "stay | quit",
		    "what happens when all processes have ended"),
		OPTION_CHOICE, "stay", .built = true, .runtime = true },
	[OPTION_PASTE_CONFIRM] = {
		ROW("paste.confirm", "on | off",
		    "ask before several lines go to a plain terminal"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_PLAIN_VERBOSITY] = {
		ROW("plain.verbosity", "state | log",
		    "what the plain mode prints"),
		OPTION_CHOICE, "log", .built = true, .runtime = true },
	[OPTION_QUIT] = {
		ROW("quit", "ask | detach | stop",
		    "what leaving does with running processes"),
		OPTION_CHOICE, "ask", .built = true, .runtime = true },
	[OPTION_SCROLL_LINES] = {
		ROW("scroll.lines", "N", "lines a step of the wheel scrolls"),
		OPTION_UINT, "3", 1, 100, true, true, false },
	[OPTION_SHELL] = {
		ROW("shell", "PATH", "runs the lines of cmd, with -c"),
		OPTION_TEXT, "/bin/sh", .built = true, .runtime = false },
	[OPTION_THEME] = {
		ROW("theme", "auto | NAME", "colours of the screen"),
		OPTION_TEXT, "auto", .built = true, .runtime = true },
	[OPTION_TIMESTAMPS] = {
		ROW("timestamps", "off | time | date | delta",
		    "time in front of log lines"),
		OPTION_CHOICE, "off", .built = true, .runtime = true },
	[OPTION_TIPS] = {
		ROW("tips", "on | off",
		    "show a tip in the empty list, the first three times"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_TITLE] = {
		ROW("title", "on | off", "set the title of the terminal"),
		OPTION_BOOL, "on", .built = true, .runtime = true },
	[OPTION_WATCH_CONFIG] = {
		ROW("watch-config", "on | off",
		    "notice edits of sbxrc and tell of them"),
		OPTION_BOOL, "on", .built = true, .runtime = true,
		.engine = true },
};
static const struct row columns[] = {
#define X(e, name, help) { name, NULL, "", help },
	LIST_COLUMN_TABLE(X)
#undef X
};
const struct table list_column_table = TABLE(columns);
const struct table option_table = TABLE(option_rows);

/* Index of value among "a | b | c", or -1. */
static int
choice(const char *choices, const char *value)
{
	size_t len;

	for (size_t i = 0;; i++) {
		const char *word = table_word(choices, i, &len);
		if (len == 0)
			return -1;
		if (len == strlen(value) && strncmp(word, value, len) == 0)
			return (int)i;
	}
}

/* Whether there is such a host, only who listens finds out. */
static int
address(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (strcmp(text, "off") == 0)
		return 0;
	if (strncmp(text, "unix:", 5) == 0)
		return text[5] ? 0 : -EINVAL;
	return units_uint(colon ? colon + 1 : text, 0, 65535, &port);
}

static int
width(const char *text, uint64_t *out)
{
	char digits[UNITS_TEXT_MAX];
	size_t len = strlen(text);
	uint64_t n;
	int rc;

	if (strcmp(text, "auto") == 0) {
		*out = 0;
		return 0;
	}
	if (len == 0 || text[len - 1] != '%')
		return units_uint(text, 1, 999, out);
	if (len > sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	rc = units_uint(digits, 1, 99, &n);
	if (rc == 0)
		*out = 1000 + n;
	return rc;
}

/* Names of columns with blanks between, each at most once; how many, or
 * -EINVAL and the word that is none. */
static int
read_columns(const char *text, enum list_column out[LIST_COLUMN_COUNT],
	     char word[UNITS_TEXT_MAX])
{
	int count = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		snprintf(word, UNITS_TEXT_MAX, "%.*s", (int)len, text);
		const struct row *r = table_find(&list_column_table, word);
		if (!r)
			return -EINVAL;
		enum list_column c = (enum list_column)table_index(
			&list_column_table, r);
		for (int i = 0; i < count; i++)
			if (out[i] == c)
				return -EINVAL;
		out[count++] = c;
		text += len;
	}
	return count > 0 ? count : -EINVAL;
}

/* The number of a value; -EINVAL or -ERANGE if it is not of the type. */
static int
parse(const struct option_row *row, const char *value, uint64_t *number)
{
	enum list_column cols[LIST_COLUMN_COUNT];
	char word[UNITS_TEXT_MAX];
	struct key key;
	bool flag;
	int rc = 0;

	*number = 0;
	switch (row->type) {
	case OPTION_CHOICE:
		rc = choice(row->row.args, value);
		if (rc < 0)
			return -EINVAL;
		*number = (uint64_t)rc;
		return 0;
	case OPTION_BOOL:
		rc = units_bool(value, &flag);
		*number = rc == 0 && flag;
		return rc;
	case OPTION_UINT:
		return units_uint(value, row->min, row->max, number);
	case OPTION_SIZE:
		rc = units_size(value, number);
		break;
	case OPTION_DURATION:
		rc = units_duration(value, number);
		break;
	case OPTION_WIDTH:
		return width(value, number);
	case OPTION_ADDRESS:
		return address(value);
	case OPTION_KEY:
		return key_parse(value, strlen(value), &key, NULL) < 0 ? -EINVAL
								       : 0;
	case OPTION_COLUMNS:
		return SBX_MIN(read_columns(value, cols, word), 0);
	case OPTION_TEXT:
		return value[0] && strlen(value) <= VALUE_MAX ? 0 : -EINVAL;
	}
	if (rc == 0 && (*number < row->min || *number > row->max))
		rc = -ERANGE;
	return rc;
}

static int
refuse_columns(const char *value, struct err *e)
{
	enum list_column cols[LIST_COLUMN_COUNT];
	struct buf all = BUF_INIT(sizeof(e->hint));
	char word[UNITS_TEXT_MAX] = "";

	(void)read_columns(value, cols, word);
	if (table_find(&list_column_table, word))
		err_set(e, ERR_USAGE, "the column '%s' is named twice", word);
	else
		err_set(e, ERR_USAGE, "there is no column '%s'", word);
	for (size_t i = 0; i < LIST_COLUMN_COUNT; i++)
		(void)buf_addf(&all, "%s%s", i ? ", " : "", columns[i].name);
	err_hint(e, "one or more of: %s", buf_str(&all));
	buf_fini(&all);
	return -1;
}

/* "1 to 10000", "at least 64K" */
static void
range_text(const struct option_row *row, char *out, size_t cap)
{
	const uint64_t ends[] = { row->min, row->max };
	char text[2][UNITS_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (row->type == OPTION_SIZE)
			units_size_text(ends[i], text[i]);
		else if (row->type == OPTION_DURATION)
			units_duration_text(ends[i], text[i]);
		else
			snprintf(text[i], sizeof text[i], "%llu",
				 (unsigned long long)ends[i]);
	}
	if (row->max == INT64_MAX)
		snprintf(out, cap, "at least %s", text[0]);
	else
		snprintf(out, cap, "%s to %s", text[0], text[1]);
}

static int
refuse(const struct option_row *row, const char *value, int rc, struct err *e)
{
	char range[2 * UNITS_TEXT_MAX + 16];

	static const char *const kinds[] = {
		[OPTION_CHOICE] = "one of the words",
		[OPTION_BOOL] = "on or off",
		[OPTION_UINT] = "a number",
		[OPTION_SIZE] = "a size like 64K, 32M or 1G",
		[OPTION_DURATION] = "a time like 500ms, 3s or 2m",
		[OPTION_KEY] = "a key like C-], F12 or M-x",
		[OPTION_TEXT] = "a value",
		[OPTION_ADDRESS] = "ADDR:PORT, unix:PATH or off",
		[OPTION_WIDTH] = "auto, columns or a percentage",
	};

	if (row->type == OPTION_COLUMNS)
		return refuse_columns(value, e);
	if (rc == -ERANGE && value[0] == '0')
		err_set(e, ERR_USAGE, "'%s' cannot be zero", row->row.name);
	else if (rc == -ERANGE)
		err_set(e, ERR_USAGE, "'%s' is out of range for '%s'", value,
			row->row.name);
	else
		err_set(e, ERR_USAGE, "'%s' is not %s", value,
			kinds[row->type]);
	if (rc != -ERANGE || row->type == OPTION_WIDTH)
		return err_hint(e, "set %s %s", row->row.name, row->row.args);
	range_text(row, range, sizeof range);
	return err_hint(e, "set %s %s, %s", row->row.name, row->row.args,
			range);
}

struct options *
options_new(void)
{
	struct options *o = mem_alloc(sizeof(*o));

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		o->values[i].text = mem_str(option_rows[i].standard);
		(void)parse(&option_rows[i], option_rows[i].standard,
			    &o->values[i].number);
	}
	return o;
}

void
options_free(struct options *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		free(o->values[i].text);
	free(o);
}

struct options *
options_dup(const struct options *o)
{
	struct options *copy = mem_alloc(sizeof(*copy));

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		copy->values[i].text = mem_str(o->values[i].text);
		copy->values[i].number = o->values[i].number;
	}
	return copy;
}

const struct option_row *
option_get(const char *key, struct err *e)
{
	const struct row *r = table_find(&option_table, key);

	if (r)
		return container_of(r, const struct option_row, row);
	err_set(e, ERR_USAGE, "unknown setting '%s'", key);
	r = table_suggest(&option_table, key);
	if (r)
		err_hint(e, "did you mean '%s'?", r->name);
	return NULL;
}

bool
option_is_of_screen(const struct option_row *row)
{
	return row->built && row->runtime && !row->engine;
}

int
options_set(struct options *o, const struct option_row *row, const char *value,
	    struct err *e)
{
	struct value *v = &o->values[row - option_rows];
	uint64_t number;
	int rc = parse(row, value, &number);

	if (rc < 0)
		return refuse(row, value, rc, e);
	char *text = mem_str(value);
	free(v->text);
	v->text = text;
	v->number = number;
	return 0;
}

int
options_check(const struct options *o, const struct option_row **row,
	      struct err *e)
{
	static const enum option_id pairs[][2] = {
		{ OPTION_LIMIT_RUN_TIMEOUT, OPTION_LIMIT_RUN_TIMEOUT_MAX },
		{ OPTION_LOG_KEEP, OPTION_LIMIT_LOG },
		{ OPTION_LOG_KEEP, OPTION_LIMIT_LOGS },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		enum option_id low = pairs[i][0], high = pairs[i][1];
		if (options_number(o, low) <= options_number(o, high))
			continue;
		*row = &option_rows[low];
		return err_set(e, ERR_USAGE, "'%s' (%s) is above '%s' (%s)",
			       (*row)->row.name, options_text(o, low),
			       option_rows[high].row.name,
			       options_text(o, high));
	}
	return 0;
}

static int
change(struct options *o, const char *key, const char *value, struct err *e)
{
	const struct option_row *row = option_get(key, e);

	if (!row)
		return -1;
	if (!row->built)
		return err_set(e, ERR_USAGE,
			       "'set %s' is not built yet in this version",
			       row->row.name);
	if (!row->runtime) {
		err_set(e, ERR_USAGE, "'%s' cannot be changed while it runs",
			row->row.name);
		return err_hint(e, "write 'set %s %s' into the sbxrc",
				row->row.name, value);
	}
	return options_set(o, row, value, e);
}

int
options_change_lines(struct options *o, const char *lines, struct err *e)
{
	struct options *next = options_dup(o);
	const struct option_row *blame;
	int rc = 0;

	do {
		size_t len = strcspn(lines, "\n");
		char *key = mem_strn(lines, len);
		char *value = strchr(key, ' ');
		if (value)
			*value++ = '\0';
		rc = change(next, key, value ? value : "", e);
		free(key);
		lines += len + (lines[len] == '\n');
	} while (rc == 0 && *lines);
	if (rc == 0)
		rc = options_check(next, &blame, e);
	if (rc == 0) {
		struct options old = *o;
		*o = *next;
		*next = old;
	}
	options_free(next);
	return rc;
}

int
options_change(struct options *o, const char *key, const char *value,
	       struct err *e)
{
	char *line = mem_fmt("%s %s", key, value);
	int rc = options_change_lines(o, line, e);

	free(line);
	return rc;
}

size_t
options_columns(const struct options *o,
		enum list_column out[LIST_COLUMN_COUNT])
{
	const char *text = options_text(o, OPTION_LIST_COLUMNS);
	char word[UNITS_TEXT_MAX];

	return (size_t)SBX_MAX(read_columns(text, out, word), 0);
}

const char *
options_text(const struct options *o, enum option_id id)
{
	return o->values[id].text;
}

uint64_t
options_number(const struct options *o, enum option_id id)
{
	return o->values[id].number;
}

bool
options_flag(const struct options *o, enum option_id id)
{
	return o->values[id].number != 0;
}

int
options_pack(const struct options *o, struct buf *b)
{
	int rc = msg_put_u32(b, OPTION_COUNT);

	for (size_t i = 0; i < OPTION_COUNT && rc == 0; i++) {
		rc = msg_put_str(b, option_rows[i].row.name);
		if (rc == 0)
			rc = msg_put_str(b, o->values[i].text);
	}
	return rc;
}

int
options_unpack(const char *data, size_t len, struct options **out,
	       struct err *e)
{
	struct options *o = options_new();
	struct msg_reader in;

	msg_open(&in, data, len);
	uint32_t count = msg_u32(&in);
	for (uint32_t i = 0; i < count && !in.bad; i++) {
		const char *key = msg_str_nn(&in), *value = msg_str_nn(&in);
		const struct row *r = table_find(&option_table, key);
		if (r && options_set(o, container_of(r, const struct option_row,
						     row), value, e) < 0)
			goto wrong;
	}
	if (!msg_done(&in)) {
		err_set(e, ERR_USAGE, "settings are damaged");
		goto wrong;
	}
	*out = o;
	return 0;
wrong:
	options_free(o);
	return -1;
}
