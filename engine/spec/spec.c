#include "spec.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/record.h"
#include "replica.h"

/* Fields: word, tag, type, then what the type needs. */
#define FIELD(type_, struct_, member_, tag_, word_, ...)                       \
	{ .word = (word_), .tag = (tag_), .type = (type_),                     \
	  .offset = offsetof(struct struct_, member_), __VA_ARGS__ }
#define LIST(struct_, member_, count_, tag_, word_, of_)                       \
	FIELD(FIELD_LIST, struct_, member_, tag_, word_,                       \
	      .count_offset = offsetof(struct struct_, count_),                \
	      .of = &(of_), .max = SPEC_LIST_MAX)
/* A run goes on with another value of these. */
#define LIGHT(type_, struct_, member_, tag_, word_, ...)                       \
	FIELD(type_, struct_, member_, tag_, word_, .light = true,             \
	      __VA_ARGS__)
#define LIGHT_LIST(struct_, member_, count_, tag_, word_, of_)                 \
	LIGHT(FIELD_LIST, struct_, member_, tag_, word_,                       \
	      .count_offset = offsetof(struct struct_, count_),                \
	      .of = &(of_), .max = SPEC_LIST_MAX)
#define RECORD(struct_, fields_)                                               \
	{ sizeof(struct struct_), (fields_), ARRAY_LEN(fields_),               \
	  SPEC_TEXT_MAX }

static const struct field env_fields[] = {
	FIELD(FIELD_STR, spec_env, name, 1, "name"),
	FIELD(FIELD_STR, spec_env, value, 2, "value"),
	FIELD(FIELD_BOOL, spec_env, prepend, 3, "prepend"),
	FIELD(FIELD_INT, spec_env, level, 4, "level",
	      .max = SPEC_ENV_GROUP, .aside = true),
};
static const struct record env_record = RECORD(spec_env, env_fields);

static const struct field step_fields[] = {
	FIELD(FIELD_INT, spec_step, signo, 1, "signal", .min = 1, .max = 64),
	FIELD(FIELD_U64, spec_step, wait_ms, 2, "wait"),
};
static const struct record step_record = RECORD(spec_step, step_fields);

static const struct field limit_fields[] = {
	FIELD(FIELD_INT, spec_limit, resource, 1, "resource", .max = 31),
	FIELD(FIELD_U64, spec_limit, value, 2, "value"),
};
static const struct record limit_record = RECORD(spec_limit, limit_fields);

static const struct field dep_fields[] = {
	FIELD(FIELD_STR, spec_dep, name, 1, "name"),
	FIELD(FIELD_INT, spec_dep, condition, 2, "condition",
	      .max = SPEC_COND_OK),
};
static const struct record dep_record = RECORD(spec_dep, dep_fields);

static const struct field pattern_fields[] = {
	FIELD(FIELD_STR, spec_pattern, text, 1, "pattern"),
	FIELD(FIELD_UINT, spec_pattern, flags, 2, "flags", .max = 15),
};
static const struct record pattern_record =
	RECORD(spec_pattern, pattern_fields);

static const struct field probe_fields[] = {
	FIELD(FIELD_INT, spec_probe, kind, 1, "kind",
	      .max = SPEC_PROBE_UNIX),
	FIELD(FIELD_STRUCT, spec_probe, pattern, 2, "pattern",
	      .of = &pattern_record),
	FIELD(FIELD_STR, spec_probe, host, 3, "host"),
	FIELD(FIELD_UINT, spec_probe, port, 4, "port", .max = 65535),
	FIELD(FIELD_STR, spec_probe, path, 5, "path"),
	FIELD(FIELD_UINT, spec_probe, status_min, 6, "status", .max = 999),
	FIELD(FIELD_UINT, spec_probe, status_max, 7, "status", .max = 999),
	FIELD(FIELD_STR, spec_probe, command, 8, "command"),
	FIELD(FIELD_U64, spec_probe, delay_ms, 9, "delay"),
	FIELD(FIELD_BOOL, spec_probe, any_holder, 10, "holder"),
	FIELD(FIELD_STR, spec_probe, headers, 11, "header"),
};
static const struct record probe_record = RECORD(spec_probe, probe_fields);

static const struct field watch_fields[] = {
	FIELD(FIELD_STR, spec_watch, name, 1, "name"),
	FIELD(FIELD_STRUCT, spec_watch, pattern, 2, "pattern",
	      .of = &pattern_record),
	FIELD(FIELD_INT, spec_watch, stream, 3, "stream",
	      .max = SPEC_STREAM_PTY),
	FIELD(FIELD_UINT, spec_watch, actions, 4, "actions", .max = 255),
	FIELD(FIELD_INT, spec_watch, level, 5, "level",
	      .max = SPEC_LEVEL_ERROR),
	FIELD(FIELD_STR, spec_watch, value, 6, "value"),
	FIELD(FIELD_STR, spec_watch, unit, 7, "unit"),
	FIELD(FIELD_STR, spec_watch, start, 8, "start"),
	FIELD(FIELD_STR, spec_watch, hook, 9, "run"),
	FIELD(FIELD_BOOL, spec_watch, alert, 10, "alert"),
	FIELD(FIELD_DOUBLE, spec_watch, alert_above, 11, "alert"),
	FIELD(FIELD_UINT, spec_watch, max_count, 12, "max",
	      .max = UINT32_MAX),
	FIELD(FIELD_U64, spec_watch, max_per_ms, 13, "max"),
	FIELD(FIELD_U64, spec_watch, absent_ms, 14, "absent"),
};
static const struct record watch_record = RECORD(spec_watch, watch_fields);

static const struct field port_fields[] = {
	FIELD(FIELD_STR, spec_port, name, 1, "name"),
	FIELD(FIELD_UINT, spec_port, port, 2, "port", .max = 65535),
};
static const struct record port_record = RECORD(spec_port, port_fields);

static const struct field hook_fields[] = {
	FIELD(FIELD_STR, spec_hook, name, 1, "name"),
	FIELD(FIELD_STR, spec_hook, command, 2, "command"),
};
static const struct record hook_record = RECORD(spec_hook, hook_fields);

static const struct field code_fields[] = {
	FIELD(FIELD_INT, spec_code, code, 1, "code", .max = 255),
};
static const struct record code_record = RECORD(spec_code, code_fields);

/* The next free tag is 69.  A tag that is no longer used stays unused. */
static const struct field spec_fields[] = {
	FIELD(FIELD_STR, spec, name, 1, "process"),
	LIGHT(FIELD_STR, spec, desc, 2, "desc"),
	FIELD(FIELD_INT, spec, source, 3, "source", .max = SPEC_FROM_ADD,
	      .aside = true),
	FIELD(FIELD_STR, spec, by, 66, "by", .aside = true),
	FIELD(FIELD_BOOL, spec, interactive, 67, "interactive", .aside = true),
	FIELD(FIELD_BOOL, spec, own_cwd, 68, "own cwd", .aside = true),
	FIELD(FIELD_STR, spec, file, 4, "file", .aside = true),
	FIELD(FIELD_UINT, spec, line, 5, "line", .max = UINT32_MAX,
	      .aside = true),
	FIELD(FIELD_STR, spec, command, 6, "cmd"),
	FIELD(FIELD_STRV, spec, argv, 7, "argv", .max = SPEC_LIST_MAX),
	FIELD(FIELD_STR, spec, shell, 8, "shell"),
	FIELD(FIELD_STR, spec, cwd, 9, "cwd"),
	LIST(spec, env, env_count, 10, "env", env_record),
	FIELD(FIELD_STR, spec, user, 11, "user"),
	FIELD(FIELD_INT, spec, umask_bits, 12, "umask", .min = -1,
	      .max = 0777),
	FIELD(FIELD_INT, spec, nice, 13, "nice", .min = -40, .max = 40),
	LIST(spec, limits, limit_count, 14, "limit", limit_record),
	FIELD(FIELD_BOOL, spec, tty, 15, "tty"),
	FIELD(FIELD_INT, spec, stdin_kind, 16, "stdin",
	      .max = SPEC_STDIN_TTY),
	FIELD(FIELD_BOOL, spec, stderr_separate, 17, "stderr"),
	FIELD(FIELD_UINT, spec, rows, 18, "rows", .min = 1, .max = 10000),
	FIELD(FIELD_UINT, spec, cols, 19, "cols", .min = 1, .max = 10000),
	LIGHT(FIELD_U64, spec, timeout_ms, 20, "timeout"),
	LIGHT(FIELD_BOOL, spec, keep, 21, "keep"),
	LIGHT_LIST(spec, stop, stop_count, 22, "stop", step_record),
	LIGHT(FIELD_STR, spec, stop_command, 23, "stop cmd"),
	LIGHT(FIELD_STR, spec, stop_keys, 24, "stop keys"),
	LIGHT(FIELD_BOOL, spec, tree_keep, 25, "tree"),
	LIGHT(FIELD_INT, spec, restart, 26, "restart",
	      .max = SPEC_RESTART_ALWAYS),
	LIGHT(FIELD_U64, spec, backoff_min_ms, 27, "restart.backoff"),
	LIGHT(FIELD_U64, spec, backoff_max_ms, 28, "restart.backoff"),
	LIGHT(FIELD_U64, spec, restart_reset_ms, 29, "restart.reset"),
	LIGHT(FIELD_UINT, spec, restart_max, 30, "restart.max",
	      .max = UINT32_MAX),
	LIGHT(FIELD_U64, spec, restart_within_ms, 31, "restart.within"),
	LIGHT_LIST(spec, deps, dep_count, 32, "depends", dep_record),
	LIGHT(FIELD_STRUCT, spec, ready, 33, "ready", .of = &probe_record),
	LIGHT(FIELD_U64, spec, ready_every_ms, 34, "ready.every"),
	LIGHT(FIELD_U64, spec, ready_timeout_ms, 35, "ready.timeout"),
	LIGHT(FIELD_STRUCT, spec, live, 36, "live", .of = &probe_record),
	LIGHT(FIELD_U64, spec, live_every_ms, 37, "live.every"),
	LIGHT(FIELD_UINT, spec, live_fails, 38, "live.fails", .min = 1,
	      .max = UINT32_MAX),
	LIGHT(FIELD_INT, spec, live_action, 39, "live.action",
	      .max = SPEC_LIVE_STOP),
	LIGHT_LIST(spec, watches, watch_count, 40, "watch", watch_record),
	LIGHT_LIST(spec, hooks, hook_count, 41, "hook", hook_record),
	LIGHT(FIELD_UINT, spec, notify, 42, "notify", .max = 15),
	LIGHT(FIELD_U64, spec, notify_silence_ms, 43, "notify"),
	LIGHT(FIELD_BOOL, spec, autostart, 44, "autostart"),
	LIGHT(FIELD_BOOL, spec, hidden, 45, "hidden"),
	LIGHT(FIELD_STRV, spec, groups, 46, "group", .max = SPEC_LIST_MAX),
	LIGHT_LIST(spec, ok_codes, ok_code_count, 47, "ok-codes", code_record),
	LIST(spec, ports, port_count, 48, "port", port_record),
	LIGHT(FIELD_STR, spec, url, 49, "url"),
	LIGHT(FIELD_U64, spec, log_keep_bytes, 50, "log.keep"),
	LIGHT(FIELD_STR, spec, log_file, 51, "log.file"),
	LIGHT(FIELD_U64, spec, log_rotate_bytes, 52, "log.rotate"),
	LIGHT(FIELD_UINT, spec, log_rotate_keep, 53, "log.rotate",
	      .max = UINT32_MAX),
	LIGHT(FIELD_BOOL, spec, log_rotate_gzip, 54, "log.rotate"),
	LIGHT(FIELD_INT, spec, schedule, 55, "schedule",
	      .max = SPEC_SCHEDULE_CRON),
	LIGHT(FIELD_U64, spec, schedule_every_ms, 56, "schedule"),
	LIGHT(FIELD_STR, spec, schedule_cron, 57, "schedule"),
	LIGHT(FIELD_BOOL, spec, schedule_at_start, 58, "schedule"),
	LIGHT(FIELD_INT, spec, schedule_overlap, 59, "schedule.overlap",
	      .max = SPEC_OVERLAP_REPLACE),
	LIGHT(FIELD_STRV, spec, files, 60, "files", .max = SPEC_LIST_MAX),
	LIGHT(FIELD_U64, spec, files_debounce_ms, 61, "files"),
	LIGHT(FIELD_BOOL, spec, files_cascade, 65, "files"),
	/* Each name for itself is in the set or not. */
	FIELD(FIELD_UINT, spec, replicas, 62, "replicas", .max = REPLICAS_MAX,
	      .aside = true),
	FIELD(FIELD_STR, spec, replica_of, 63, "replicas"),
	FIELD(FIELD_UINT, spec, replica_idx, 64, "replicas",
	      .max = REPLICAS_MAX),
};
static const struct record spec_record = RECORD(spec, spec_fields);

static const struct {
	char letter;
	unsigned flag;
} re_flags[] = {
	{ 'i', SPEC_RE_CASELESS },
	{ 'x', SPEC_RE_EXTENDED },
	{ 's', SPEC_RE_DOTALL },
};
_Static_assert(ARRAY_LEN(re_flags) < SPEC_RE_FLAGS_MAX, "with their end");

unsigned
spec_re_flag(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(re_flags); i++)
		if (re_flags[i].letter == letter)
			return re_flags[i].flag;
	return 0;
}

bool
spec_comes_on(const char *name, bool tty, enum spec_stream stream,
	      struct err *e)
{
	if (stream == SPEC_STREAM_ANY || (stream == SPEC_STREAM_PTY) == tty)
		return true;
	if (stream == SPEC_STREAM_PTY) {
		err_set(e, ERR_USAGE, "'%s' has no terminal: nothing comes on "
			"pty", name);
		err_hint(e, "its streams are stdout and stderr; 'tty yes' "
			 "gives it a terminal");
	} else {
		err_set(e, ERR_USAGE, "'%s' has a terminal: nothing comes on "
			"%s", name, stream == SPEC_STREAM_STDOUT ? "stdout" :
			"stderr without 'stderr separate'");
		err_hint(e, "what it prints is on pty");
	}
	return false;
}

bool
spec_has_stream(const struct spec *s, enum spec_stream stream, struct err *e)
{
	if (stream == SPEC_STREAM_STDERR && s->stderr_separate)
		return true;
	return spec_comes_on(s->name, s->tty, stream, e);
}

int
spec_nice(const struct spec *s)
{
	return s->nice == SPEC_NICE_ZERO ? 0 : s->nice;
}

const char *
spec_re_flags_text(unsigned flags, char out[SPEC_RE_FLAGS_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_LEN(re_flags); i++)
		if (flags & re_flags[i].flag)
			out[len++] = re_flags[i].letter;
	out[len] = '\0';
	return out;
}

struct spec *
spec_new(void)
{
	struct spec *s = mem_alloc(sizeof(*s));

	s->name = mem_str("");
	s->shell = mem_str("/bin/sh");
	s->umask_bits = -1;
	s->rows = 24;
	s->cols = 80;
	s->keep = true;
	s->stop = mem_array(2, sizeof(*s->stop));
	s->stop[0] = (struct spec_step){ SIGTERM, 5000 };
	s->stop[1] = (struct spec_step){ SIGKILL, 0 };
	s->stop_count = 2;
	s->backoff_min_ms = 1000;
	s->backoff_max_ms = 30000;
	s->restart_reset_ms = 10000;
	s->restart_max = 5;
	s->restart_within_ms = 120000;
	s->ready.status_min = s->live.status_min = 200;
	s->ready.status_max = s->live.status_max = 399;
	s->ready_every_ms = 100;
	s->live_every_ms = 10000;
	s->live_fails = 3;
	s->autostart = true;
	s->log_keep_bytes = 256u << 20;
	s->files_debounce_ms = 300;
	return s;
}

void
spec_free(struct spec *s)
{
	if (!s)
		return;
	record_fini(&spec_record, s);
	free(s);
}

void
spec_watch_fini(struct spec_watch *w)
{
	record_fini(&watch_record, w);
}

struct spec *
spec_dup(const struct spec *s)
{
	struct spec *copy = mem_alloc(sizeof(*copy));

	record_copy(&spec_record, copy, s);
	return copy;
}

const char *
spec_diff(const struct spec *a, const struct spec *b)
{
	const struct field *f = record_diff(&spec_record, a, b);

	return f ? f->word : NULL;
}

static bool
has_notify_fd(const struct spec *s)
{
	return s->ready.kind == SPEC_PROBE_NOTIFY ||
	       s->live.kind == SPEC_PROBE_NOTIFY;
}

const char *
spec_diff_run(const struct spec *a, const struct spec *b)
{
	const struct field *f = record_diff_heavy(&spec_record, a, b);

	if (f)
		return f->word;
	/* The descriptor is made, and what "ready" means is settled, when
	 * the run begins. */
	if ((a->ready.kind == SPEC_PROBE_EXIT) !=
	    (b->ready.kind == SPEC_PROBE_EXIT))
		return "ready";
	if (has_notify_fd(a) != has_notify_fd(b))
		return a->ready.kind != b->ready.kind ? "ready" : "live";
	return NULL;
}

/* Several fields may be of one word. */
static void
add_word(struct buf *b, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = b->len ? buf_str(b) : NULL; at;
	     at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (strncmp(at, word, len) == 0 && strchr(",", at[len]))
			return;
	}
	(void)buf_addf(b, "%s%s", b->len ? ", " : "", word);
}

char *
spec_diff_words(const struct spec *a, const struct spec *b)
{
	struct buf words = BUF_INIT(4096);
	const char *run = spec_diff_run(a, b);
	const struct field *f = NULL;

	if (run)
		add_word(&words, run);
	for (int light = 0; light < 2; light++)
		while ((f = record_diff_next(&spec_record, a, b, f)))
			if (f->light == light)
				add_word(&words, f->word);
	char *out = words.len ? mem_str(buf_str(&words)) : NULL;
	buf_fini(&words);
	return out;
}

bool
spec_same_ready(const struct spec *a, const struct spec *b)
{
	return !record_diff(&probe_record, &a->ready, &b->ready);
}

bool
spec_same_checks(const struct spec *a, const struct spec *b)
{
	return spec_same_ready(a, b) &&
	       a->ready_every_ms == b->ready_every_ms &&
	       a->live_every_ms == b->live_every_ms &&
	       !record_diff(&probe_record, &a->live, &b->live);
}

bool
spec_equal(const struct spec *a, const struct spec *b)
{
	return !spec_diff(a, b);
}

int
spec_pack(const struct spec *s, struct buf *b)
{
	struct buf one = BUF_INIT(SPEC_PACK_MAX);
	int rc = record_pack(&spec_record, s, &one);

	if (rc == 0)
		rc = buf_add(b, one.data, one.len);
	buf_fini(&one);
	return rc;
}

int
spec_unpack(const char *data, size_t len, struct spec **out, struct err *e)
{
	struct spec *s;

	if (len > SPEC_PACK_MAX)
		return err_set(e, ERR_USAGE, "a definition is larger than "
			       "%d KiB", SPEC_PACK_MAX / 1024);
	s = spec_new();
	if (record_unpack(&spec_record, s, data, len) < 0) {
		err_set(e, ERR_USAGE, "a definition is damaged");
		goto wrong;
	}
	if (spec_check(s, e) < 0)
		goto wrong;
	*out = s;
	return 0;
wrong:
	spec_free(s);
	return -1;
}
