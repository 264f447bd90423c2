#include "rowfmt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/strv.h"
#include "base/units.h"
#include "life/status.h"
#include "spec/proto.h"

/* Words of a text between blanks or, for depends, between ", ". */
typedef void word_fn(struct jsonout *j, const char *word, size_t len);

static void
each_word(struct jsonout *j, const char *text, const char *sep, word_fn *fn)
{
	while (*text) {
		size_t len = strcspn(text, sep);
		if (len > 0)
			fn(j, text, len);
		text += len;
		text += strspn(text, sep);
		while (*text == ' ')
			text++;
	}
}

static void
json_word(struct jsonout *j, const char *word, size_t len)
{
	jsonout_stringn(j, NULL, word, len);
}

static void
json_port(struct jsonout *j, const char *word, size_t len)
{
	(void)len;
	jsonout_uint(j, NULL, strtoul(word, NULL, 10));
}

/* "db ready" */
static void
json_dependency(struct jsonout *j, const char *word, size_t len)
{
	const char *blank = memchr(word, ' ', len);
	size_t name = blank ? (size_t)(blank - word) : len;

	jsonout_object(j, NULL);
	jsonout_stringn(j, "name", word, name);
	if (blank)
		jsonout_stringn(j, "condition", blank + 1, len - name - 1);
	jsonout_close(j);
}

static void
json_words(struct jsonout *j, const char *name, const char *text,
	   const char *sep, word_fn *fn)
{
	if (!text[0])
		return;
	jsonout_array(j, name);
	each_word(j, text, sep, fn);
	jsonout_close(j);
}

static void
json_argv(struct jsonout *j, const char *packed)
{
	char **argv = strv_split(packed);

	if (!argv)
		return;
	jsonout_array(j, "argv");
	for (size_t i = 0; argv[i]; i++)
		jsonout_string(j, NULL, argv[i]);
	jsonout_close(j);
	strv_free(argv);
}

static void
json_text(struct jsonout *j, const char *name, const char *text)
{
	if (text[0])
		jsonout_string(j, name, text);
}

static void
json_when(struct jsonout *j, const char *name, int64_t at_ms)
{
	if (at_ms)
		jsonout_time(j, name, at_ms);
}

/* Those that "NAME/PID" means. */
static void
json_survivors(struct jsonout *j, const struct proc_row *r)
{
	const char *s = r->left_list, *command;
	unsigned pid;
	size_t len;

	if (!s || !s[0])
		return;
	jsonout_array(j, "survivors");
	while ((s = rowfmt_left(s, &pid, &command, &len))) {
		jsonout_object(j, NULL);
		jsonout_uint(j, "pid", pid);
		jsonout_stringn(j, "command", command, len);
		jsonout_close(j);
	}
	jsonout_close(j);
}

static void
json_run(struct jsonout *j, const struct proc_row *r, int64_t now_ms)
{
	char name[SIGNAME_MAX];

	jsonout_string(j, "status", status_name(r->status));
	jsonout_bool(j, "ready", r->ready);
	if (r->paused)
		jsonout_bool(j, "paused", true);
	if (r->stopped)
		jsonout_bool(j, "stopped", true);
	if (r->pid)
		jsonout_uint(j, "pid", r->pid);
	if (r->has_exit && !r->pid) {
		if (r->exit_signal)
			jsonout_string(j, "signal",
				    signame_text(r->exit_signal, name));
		else
			jsonout_int(j, "exit_code", r->exit_code);
		if (r->core)
			jsonout_bool(j, "core", true);
	}
	json_text(j, "reason", r->reason);
	json_text(j, "waits", r->waits);
	jsonout_uint(j, "run", r->run);
	json_when(j, "created_at", r->created_at_ms);
	json_when(j, "started_at", r->started_at_ms);
	json_when(j, "ready_at", r->ready_at_ms);
	if (!r->pid)
		json_when(j, "ended_at", r->ended_at_ms);
	json_when(j, "deadline_at", r->deadline_at_ms);
	json_when(j, "next_run_at", r->next_run_at_ms);
	if (r->started_at_ms)
		jsonout_uint(j, "uptime_ms", rowfmt_uptime_ms(r, now_ms));
	jsonout_uint(j, "restarts", r->restarts);
	if (r->restart_max) {
		jsonout_uint(j, "retries", r->retries);
		jsonout_uint(j, "restart_max", r->restart_max);
	}
	if (r->pid) {
		jsonout_double(j, "cpu", (double)r->cpu_permille / 10);
		jsonout_uint(j, "rss", r->rss_bytes);
		jsonout_uint(j, "tree_count", r->tree_count);
	}
	if (r->left)
		jsonout_uint(j, "left", r->left);
	json_survivors(j, r);
}

void
rowfmt_json_rest(struct jsonout *j, const struct proc_row *r, int64_t now_ms)
{
	json_text(j, "desc", r->desc);
	jsonout_string(j, "command", r->command);
	json_argv(j, r->argv);
	jsonout_string(j, "cwd", r->cwd);
	json_text(j, "by", r->by);
	if (r->group[0])
		jsonout_stringn(j, "group", r->group, strcspn(r->group, " "));
	json_run(j, r, now_ms);
	jsonout_bool(j, "tty", r->tty);
	if (r->tty && r->rows) {
		jsonout_uint(j, "rows", r->rows);
		jsonout_uint(j, "cols", r->cols);
		json_text(j, "title", r->title);
	}
	json_text(j, "user", r->user);
	json_words(j, "ports", r->ports, " ", json_port);
	json_text(j, "url", r->url);
	json_words(j, "depends", r->depends, ",", json_dependency);
	json_words(j, "watches", r->watches, " ", json_word);
	jsonout_uint(j, "log_bytes", r->log_bytes);
	jsonout_uint(j, "log_lines", r->log_lines);
	jsonout_uint(j, "dropped_bytes", r->dropped_bytes);
	if (r->errors)
		jsonout_uint(j, "errors", r->errors);
	if (r->warnings)
		jsonout_uint(j, "warnings", r->warnings);
	if (r->file[0]) {
		jsonout_object(j, "config");
		jsonout_string(j, "file", r->file);
		jsonout_uint(j, "line", r->line);
		jsonout_close(j);
	}
}

void
rowfmt_json_keys(struct jsonout *j, const struct proc_row *r, int64_t now_ms)
{
	jsonout_string(j, "name", r->name);
	jsonout_uint(j, "id", r->id);
	rowfmt_json_rest(j, r, now_ms);
}

void
rowfmt_json(struct jsonout *j, const char *name, const struct proc_row *r,
	    int64_t now_ms)
{
	jsonout_object(j, name);
	rowfmt_json_keys(j, r, now_ms);
	jsonout_close(j);
}

static int
line(struct buf *out, const char *name, const char *text)
{
	if (!text[0])
		return 0;
	int r = 0;
	/* A command may have several lines. */
	do {
		size_t len = strcspn(text, "\n");
		char *part = mem_strn(text, len);
		r |= buf_addf(out, "%-9s ", name);
		r |= rowfmt_plain(out, part);
		r |= buf_addc(out, '\n');
		free(part);
		name = "";
		text += len + (text[len] == '\n');
	} while (*text);
	return r;
}

static int
show_times(struct buf *out, const struct proc_row *r, int64_t now_ms)
{
	char when[40], age[16], text[96];
	int rc = 0;

	if (r->started_at_ms) {
		clock_rfc3339(when, sizeof when, r->started_at_ms);
		clock_age(age, sizeof age, rowfmt_uptime_ms(r, now_ms));
		snprintf(text, sizeof text, "%s (%s%s)", when,
			 r->pid ? "" : "ran ", age);
		rc |= line(out, "started", text);
	}
	if (r->ended_at_ms && !r->pid) {
		char how[ROWFMT_STATE_MAX];
		clock_rfc3339(when, sizeof when, r->ended_at_ms);
		snprintf(text, sizeof text, "%s %s", when,
			 rowfmt_exit(r, how));
		rc |= line(out, "ended", text);
	}
	if (r->next_run_at_ms) {
		clock_rfc3339(when, sizeof when, r->next_run_at_ms);
		rc |= line(out, "next", when);
	}
	return rc;
}

static int
show_figures(struct buf *out, const struct proc_row *r)
{
	char size[UNITS_TEXT_MAX], text[160];
	int rc = 0;

	if (r->pid) {
		snprintf(text, sizeof text, "%u%s", r->pid,
			 r->paused ? " (paused)" : "");
		rc |= line(out, "pid", text);
		snprintf(text, sizeof text,
			 "%u process%s, %u.%u%% cpu, %lluM memory",
			 r->tree_count, r->tree_count == 1 ? "" : "es",
			 (unsigned)(r->cpu_permille / 10),
			 (unsigned)(r->cpu_permille % 10),
			 (unsigned long long)(r->rss_bytes >> 20));
		rc |= line(out, "tree", text);
	}
	if (r->left) {
		snprintf(text, sizeof text, "%u process%s of former runs",
			 r->left, r->left == 1 ? "" : "es");
		rc |= line(out, "left", text);
	}
	snprintf(text, sizeof text, "%llu", (unsigned long long)r->run);
	size_t n = strlen(text);
	if (r->restarts)
		n += (size_t)snprintf(text + n, sizeof text - n,
				      ", restarts %llu",
				      (unsigned long long)r->restarts);
	if (r->restart_max)
		snprintf(text + n, sizeof text - n, ", retries %llu/%llu",
			 (unsigned long long)r->retries,
			 (unsigned long long)r->restart_max);
	rc |= line(out, "run", text);
	units_size_text(r->log_bytes, size);
	snprintf(text, sizeof text, "%llu line%s, %s byte%s",
		 (unsigned long long)r->log_lines,
		 r->log_lines == 1 ? "" : "s", size,
		 r->log_bytes == 1 ? "" : "s");
	if (r->dropped_bytes)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			 ", %llu dropped",
			 (unsigned long long)r->dropped_bytes);
	rc |= line(out, "log", text);
	return rc;
}

int
rowfmt_show(struct buf *out, const struct proc_row *r, int64_t now_ms,
	    bool colours)
{
	char state[ROWFMT_STATE_MAX], text[4352];
	int rc = 0;

	rc |= buf_adds(out, colours ? "\033[1m" : "");
	rc |= rowfmt_plain(out, r->name);
	rc |= buf_adds(out, colours ? "\033[m  " : "  ");
	rc |= rowfmt_plain(out, rowfmt_state(r, now_ms, state));
	rc |= buf_addc(out, '\n');
	rc |= line(out, "what", r->desc);
	rc |= line(out, "command", r->command);
	rc |= line(out, "cwd", r->cwd);
	rc |= line(out, "user", r->user);
	rc |= line(out, "group", r->group);
	rc |= line(out, "added by", r->by);
	rc |= line(out, "status", status_name(r->status));
	rc |= line(out, "reason", r->reason);
	rc |= line(out, "waits for", r->waits);
	rc |= show_times(out, r, now_ms);
	rc |= show_figures(out, r);
	rc |= line(out, "ports", r->ports);
	rc |= line(out, "url", r->url);
	rc |= line(out, "depends", r->depends);
	rc |= line(out, "watches", r->watches);
	if (r->tty) {
		snprintf(text, sizeof text, "%ux%u %.200s", r->cols, r->rows,
			 r->title);
		rc |= line(out, "terminal", text);
	}
	if (r->file[0]) {
		snprintf(text, sizeof text, "%.4096s:%u", r->file, r->line);
		rc |= line(out, "config", text);
	}
	return rc ? -EMSGSIZE : 0;
}
