#include "rowfmt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/utf8.h"
#include "life/status.h"
#include "log/strip.h"
#include "spec/proto.h"

enum { CELL_TEXT = 128 * 1024 };

int
rowfmt_plain(struct buf *out, const char *text)
{
	struct buf safe = BUF_INIT(CELL_TEXT);

	strip_display(text, strlen(text), &safe, NULL, NULL, NULL);
	int r = buf_add(out, buf_str(&safe), safe.len);
	buf_fini(&safe);
	return r;
}

/* Seconds are rounded up: "retry 0s" would be untrue. */
static void
left_text(char *out, size_t cap, const char *word, int64_t at_ms,
	  int64_t now_ms)
{
	char left[16];

	clock_age(left, sizeof left, (uint64_t)
		  SBX_MAX(at_ms - now_ms + 999, (int64_t)1000));
	snprintf(out, cap, "%s %s", word, left);
}

static void
waits_text(char *out, size_t cap, const char *waits)
{
	size_t len = strcspn(waits, " ,");
	unsigned more = 0;

	for (const char *p = waits; (p = strchr(p, ',')); p++)
		more++;
	if (more)
		snprintf(out, cap, "waits %.*s +%u", (int)len, waits, more);
	else
		snprintf(out, cap, "waits %.*s", (int)len, waits);
}

/* A month and a day are of the next year that has them, up to here. */
#define YEARLESS_MS (INT64_C(300) * 24 * 3600 * 1000)

static void
schedule_text(char *out, size_t cap, int64_t at_ms, int64_t now_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm tm;

	if (!localtime_r(&at, &tm))
		snprintf(out, cap, "scheduled");
	else if (at_ms - now_ms < 60 * 1000)
		strftime(out, cap, "%H:%M:%S", &tm);
	else if (at_ms - now_ms < 24 * 3600 * 1000)
		strftime(out, cap, "%H:%M", &tm);
	else if (at_ms - now_ms < YEARLESS_MS)
		strftime(out, cap, "%m-%d %H:%M", &tm);
	else
		strftime(out, cap, "%Y-%m-%d", &tm);
}

static const char *
running_word(const struct proc_row *r)
{
	if (!r->ready)
		return "unready";
	if (r->has_ready_rule)
		return "ready";
	return r->tty ? "tty" : "running";
}

const char *
rowfmt_state(const struct proc_row *r, int64_t now_ms,
	     char out[ROWFMT_STATE_MAX])
{
	const size_t cap = ROWFMT_STATE_MAX;
	char name[SIGNAME_MAX];

	snprintf(out, cap, "%s", status_name(r->status));
	if (status_get(r->status)->live && r->paused) {
		snprintf(out, cap, "paused");
	} else if (r->status == STATUS_WAITING && r->waits[0]) {
		waits_text(out, cap, r->waits);
	} else if (r->status == STATUS_SCHEDULED && r->deadline_at_ms) {
		schedule_text(out, cap, r->deadline_at_ms, now_ms);
	} else if (r->status == STATUS_RUNNING) {
		snprintf(out, cap, "%s", running_word(r));
	} else if (r->status == STATUS_STOPPING && r->deadline_at_ms) {
		left_text(out, cap, "stop", r->deadline_at_ms, now_ms);
	} else if (r->status == STATUS_BACKOFF && r->deadline_at_ms) {
		left_text(out, cap, "retry", r->deadline_at_ms, now_ms);
	} else if (r->status == STATUS_COMPLETED) {
		snprintf(out, cap, "done");
	} else if (r->status == STATUS_TIMED_OUT) {
		snprintf(out, cap, "timed out");
	} else if ((r->status == STATUS_KILLED ||
		    r->status == STATUS_FAILED) && r->stopped) {
		snprintf(out, cap, "stopped");
	} else if (r->status == STATUS_KILLED && r->exit_signal) {
		snprintf(out, cap, "SIG%s",
			 signame_text(r->exit_signal, name));
	} else if (r->status == STATUS_FAILED && r->has_exit &&
		   !r->exit_signal && r->exit_code) {
		snprintf(out, cap, "exit %d", r->exit_code);
	}
	if (r->left) {
		size_t len = strlen(out);
		snprintf(out + len, cap - len, ", %u left", r->left);
	}
	return out;
}

const char *
rowfmt_exit(const struct proc_row *r, char out[ROWFMT_STATE_MAX])
{
	char name[SIGNAME_MAX];

	out[0] = '\0';
	if (!r->has_exit)
		return out;
	if (r->exit_signal)
		snprintf(out, ROWFMT_STATE_MAX, "killed by %s%s",
			 signame_text(r->exit_signal, name),
			 r->core ? " (core dumped)" : "");
	else
		snprintf(out, ROWFMT_STATE_MAX, "exit %d", r->exit_code);
	return out;
}

const char *
rowfmt_left(const char *list, unsigned *pid, const char **command, size_t *len)
{
	size_t all = strcspn(list, "\x1f"), digits = strcspn(list, " \x1f");

	if (!list[0])
		return NULL;
	*pid = (unsigned)strtoul(list, NULL, 10);
	*command = list + digits + (digits < all);
	*len = all - (size_t)(*command - list);
	return list + all + (list[all] != '\0');
}

uint64_t
rowfmt_uptime_ms(const struct proc_row *r, int64_t now_ms)
{
	if (!r->started_at_ms)
		return 0;
	int64_t end = r->ended_at_ms && !r->pid ? r->ended_at_ms : now_ms;
	return end > r->started_at_ms ? (uint64_t)(end - r->started_at_ms) : 0;
}

bool
rowfmt_is_over(const struct proc_row *r)
{
	return status_get(r->status)->final || r->status == STATUS_OFF;
}

const char *
rowfmt_reason(const struct proc_row *r)
{
	return r->reason[0] ? r->reason : status_name(r->status);
}

uint64_t
rowfmt_up_in_ms(const struct proc_row *r, int64_t now_ms)
{
	bool over = rowfmt_is_over(r);
	bool ready = over ? r->ready_at_ms != 0 :
		     r->ready && r->status == STATUS_RUNNING;
	uint64_t lived_ms = rowfmt_uptime_ms(r, now_ms);

	if (!ready)
		return UINT64_MAX;
	/* Of a clock that was set back nothing follows. */
	if (r->has_ready_rule || lived_ms >= ROWFMT_UP_MS ||
	    r->started_at_ms > now_ms)
		return 0;
	return over ? UINT64_MAX : ROWFMT_UP_MS - lived_ms;
}

/* --- columns of ls --- */

static int
col_name(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	(void)now_ms;
	return rowfmt_plain(out, r->name);
}

static int
col_state(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	char state[ROWFMT_STATE_MAX];
	return rowfmt_plain(out, rowfmt_state(r, now_ms, state));
}

static int
col_pid(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	(void)now_ms;
	return r->pid ? buf_addf(out, "%u", r->pid) : buf_adds(out, "-");
}

static int
col_uptime(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	char age[16] = "-";
	if (r->started_at_ms)
		clock_age(age, sizeof age, rowfmt_uptime_ms(r, now_ms));
	return buf_adds(out, age);
}

static int
col_restarts(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	(void)now_ms;
	return buf_addf(out, "%llu", (unsigned long long)r->restarts);
}

static int
col_ports(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	(void)now_ms;
	return rowfmt_plain(out, r->ports[0] ? r->ports : "-");
}

static int
col_command(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	size_t len = strcspn(r->command, "\n");
	char *first = mem_strn(r->command, len);
	int rc = rowfmt_plain(out, first);

	(void)now_ms;
	free(first);
	return rc | (r->command[len] ? buf_adds(out, " ...") : 0);
}

static const struct rowfmt_column columns_of_ls[] = {
	{ { "name", NULL, "", "its name" }, "NAME", false, col_name },
	{ { "state", NULL, "", "its status in a word" }, "STATE", false,
	  col_state },
	{ { "pid", NULL, "", "process id of its leader" }, "PID", true,
	  col_pid },
	{ { "uptime", NULL, "", "how long it runs, or ran" }, "UPTIME", true,
	  col_uptime },
	{ { "restarts", NULL, "", "automatic restarts and their limit" },
	  "RESTARTS", true, col_restarts },
	{ { "ports", NULL, "", "TCP ports it listens on" }, "PORTS", false,
	  col_ports },
	{ { "command", NULL, "", "what it runs" }, "COMMAND", false,
	  col_command },
};

const struct table rowfmt_column_table = TABLE(columns_of_ls);

enum {
	COLUMNS = ARRAY_LEN(columns_of_ls),
	NAME_COLUMN = 0, STATE_COLUMN = 1, PID_COLUMN = 2,
	COMMAND_COLUMN = COLUMNS - 1,
};

/* A process, or behind it one of those that it has left. */
struct list_line {
	const struct proc_row *row;
	unsigned pid;		/* of such a one; else 0 */
	const char *command;
	size_t command_len;
};

static int
left_cell(struct buf *out, const struct list_line *l, size_t column)
{
	char *command;
	int r;

	switch (column) {
	case NAME_COLUMN:
		r = rowfmt_plain(out, l->row->name);
		return r | buf_addf(out, "/%u", l->pid);
	case STATE_COLUMN:
		return buf_adds(out, "left");
	case PID_COLUMN:
		return buf_addf(out, "%u", l->pid);
	case COMMAND_COLUMN:
		command = mem_strn(l->command, l->command_len);
		r = rowfmt_plain(out, command);
		free(command);
		return r;
	default:
		return buf_adds(out, "-");
	}
}

static struct list_line *
make_lines(const struct proc_row *const *rows, size_t count, size_t *out)
{
	struct list_line *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct list_line l = { .row = rows[i] };
		const char *s = rows[i]->left_list;
		do {
			if (n % 64 == 0)
				v = mem_grow(v, n, n + 64, sizeof *v);
			v[n++] = l;
			s = s ? rowfmt_left(s, &l.pid, &l.command,
					    &l.command_len) : NULL;
		} while (s);
	}
	*out = n;
	return v;
}

static const char *
colour_of(const struct proc_row *r)
{
	static const char *const colours[] = {
		[SHAPE_OFF] = "\033[2m",
		[SHAPE_WAITING] = "\033[36m",
		[SHAPE_SCHEDULED] = "\033[36m",
		[SHAPE_STARTING] = "\033[33m",
		[SHAPE_RUNNING] = "\033[32m",
		[SHAPE_UNREADY] = "\033[33m",
		[SHAPE_PAUSED] = "\033[35m",
		[SHAPE_STOPPING] = "\033[33m",
		[SHAPE_RETRY] = "\033[33m",
		[SHAPE_DONE] = "\033[32m",
		[SHAPE_FAILED] = "\033[31m",
	};
	return colours[status_shape(r->status, r->ready, r->paused,
				    r->stopped)];
}

struct list_cells {
	char **text;		/* count × COLUMNS */
	int width[COLUMNS];
	bool used[COLUMNS];	/* a column of dashes is left out */
};

static int
make_cells(struct list_cells *c, const struct list_line *lines, size_t count,
	   int64_t now_ms)
{
	for (size_t k = 0; k < COLUMNS; k++) {
		c->width[k] = (int)strlen(columns_of_ls[k].title);
		c->used[k] = k < 2;
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			struct buf b = BUF_INIT(CELL_TEXT);
			int r = lines[i].pid ? left_cell(&b, &lines[i], k) :
				columns_of_ls[k].text(&b, lines[i].row,
						      now_ms);
			int width = utf8_columns(buf_str(&b), b.len);
			if (strcmp(buf_str(&b), "-") != 0)
				c->used[k] = true;
			c->width[k] = SBX_MAX(c->width[k], width);
			c->text[i * COLUMNS + k] = buf_take(&b);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int
put_pad(struct buf *out, int n)
{
	int r = 0;
	while (n-- > 0)
		r |= buf_addc(out, ' ');
	return r;
}

/* row NULL: the titles.  The last column is cut to the terminal, not padded. */
static int
put_line(struct buf *out, const struct list_cells *c, char *const *text,
	 const struct proc_row *row, bool colours, int columns)
{
	int r = 0, at = 0;

	for (size_t k = 0; k < COLUMNS; k++) {
		if (!c->used[k])
			continue;
		const char *s = text ? text[k] : columns_of_ls[k].title;
		size_t len = strlen(s);
		bool last = k == COLUMNS - 1;
		if (last && columns > at)
			len = utf8_prefix(s, len, columns - at);
		int width = utf8_columns(s, len);
		int pad = c->width[k] - width;
		if (at > 0)
			r |= put_pad(out, 2);
		if (columns_of_ls[k].right)
			r |= put_pad(out, pad);
		bool paint = colours && row && k == STATE_COLUMN;
		if (paint)
			r |= buf_adds(out, colour_of(row));
		r |= buf_add(out, s, len);
		if (paint)
			r |= buf_adds(out, "\033[m");
		if (!last && !columns_of_ls[k].right)
			r |= put_pad(out, pad);
		at += c->width[k] + 2;
	}
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	r |= buf_addc(out, '\n');
	return r ? -EMSGSIZE : 0;
}

int
rowfmt_list(struct buf *out, const struct proc_row *const *rows, size_t count,
	    int64_t now_ms, bool colours, int columns)
{
	struct list_cells c = { .text = NULL };
	size_t n;
	struct list_line *lines = make_lines(rows, count, &n);
	size_t cells = n * COLUMNS;

	c.text = mem_array(cells + 1, sizeof *c.text);
	int r = make_cells(&c, lines, n, now_ms);
	if (r == 0)
		r = put_line(out, &c, NULL, NULL, colours, columns);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_line(out, &c, c.text + i * COLUMNS,
			     lines[i].pid ? NULL : lines[i].row, colours,
			     columns);
	for (size_t i = 0; i < cells; i++)
		free(c.text[i]);
	free(lines);
	free(c.text);
	return r;
}
