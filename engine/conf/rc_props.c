#include "rcstate.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/strv.h"
#include "base/units.h"
#include "life/cron.h"
#include "life/graph.h"
#include "term/keys.h"

/* Adds one zeroed element to a list of the spec and gives it. */
#define GROW(list, count)                                                      \
	((list) = mem_grow((list), (count), (count) + 1, sizeof(*(list))),     \
	 &(list)[(count)++])

static bool
is_full(struct rcload *ld, const struct rc_stmt *s, size_t count)
{
	if (count < SPEC_LIST_MAX)
		return false;
	rc_wrong(ld, &s->words[0], "more than %d '%s' lines", SPEC_LIST_MAX,
		 s->words[0].text);
	return true;
}

void
rc_do_user(struct rcload *ld, const struct rc_stmt *s)
{
	const char *text = s->words[1].text;
	struct err e = ERR_INIT;

	if (spec_user_check(text, &e) < 0)
		rc_wrong(ld, &s->words[1], "%s", e.text);
	rc_set_str(&ld->proc->spec->user, text);
}

void
rc_do_umask(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[1];
	size_t digits = strspn(w->text, "01234567");

	if (digits == 0 || digits > 4 || w->text[digits] ||
	    strtol(w->text, NULL, 8) > 0777) {
		rc_wrong(ld, w, "expected octal digits, 000 to 777");
		return;
	}
	ld->proc->spec->umask_bits = (int)strtol(w->text, NULL, 8);
}

void
rc_do_nice(struct rcload *ld, const struct rc_stmt *s)
{
	int64_t n;

	if (units_int(s->words[1].text, -20, 19, &n) < 0)
		rc_wrong(ld, &s->words[1], "expected a number from -20 to 19");
	else
		ld->proc->spec->nice = n ? (int)n : SPEC_NICE_ZERO;
}

enum limit_kind { LIMIT_COUNT, LIMIT_BYTES, LIMIT_SECONDS };

static const struct {
	const char *name;
	int resource;
	enum limit_kind kind;
} limits[] = {
	{ "nofile", RLIMIT_NOFILE, LIMIT_COUNT },
	{ "nproc", RLIMIT_NPROC, LIMIT_COUNT },
	{ "memory", RLIMIT_AS, LIMIT_BYTES },
	{ "data", RLIMIT_DATA, LIMIT_BYTES },
	{ "stack", RLIMIT_STACK, LIMIT_BYTES },
	{ "core", RLIMIT_CORE, LIMIT_BYTES },
	{ "fsize", RLIMIT_FSIZE, LIMIT_BYTES },
	{ "memlock", RLIMIT_MEMLOCK, LIMIT_BYTES },
	{ "cpu", RLIMIT_CPU, LIMIT_SECONDS },
};

bool
rc_limit_text(int resource, uint64_t value, char out[RC_LIMIT_TEXT_MAX])
{
	char text[UNITS_TEXT_MAX] = "unlimited";
	size_t i = 0;

	while (i < ARRAY_LEN(limits) && limits[i].resource != resource)
		i++;
	if (i == ARRAY_LEN(limits))
		return false;
	if (value != UINT64_MAX && limits[i].kind == LIMIT_BYTES)
		units_size_text(value, text);
	else if (value != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64 "%s", value,
			 limits[i].kind == LIMIT_SECONDS ? "s" : "");
	snprintf(out, RC_LIMIT_TEXT_MAX, "%s=%s", limits[i].name, text);
	return true;
}

static bool
limit_value(struct rcload *ld, const struct rc_word *w, size_t off,
	    enum limit_kind kind, uint64_t *value)
{
	uint64_t ms;

	if (strcmp(w->text + off, "unlimited") == 0) {
		*value = UINT64_MAX;
		return true;
	}
	switch (kind) {
	case LIMIT_COUNT:
		return rc_uint(ld, w, off, 0, INT32_MAX, value);
	case LIMIT_BYTES:
		return rc_size(ld, w, off, value);
	case LIMIT_SECONDS:
		if (!rc_duration(ld, w, off, &ms))
			return false;
		*value = (ms + 999) / 1000;
		return true;
	}
	return false;
}

static void
set_limit(struct spec *s, int resource, uint64_t value)
{
	size_t i = 0;

	while (i < s->limit_count && s->limits[i].resource != resource)
		i++;
	if (i == s->limit_count)
		(void)GROW(s->limits, s->limit_count);
	s->limits[i] = (struct spec_limit){ resource, value };
}

static void
one_limit(struct rcload *ld, const struct rc_word *w)
{
	const char *names[ARRAY_LEN(limits)];
	const char *eq = strchr(w->text, '=');
	size_t len = eq ? (size_t)(eq - w->text) : 0;
	uint64_t value;

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		names[i] = limits[i].name;
		if (strlen(names[i]) != len ||
		    strncmp(names[i], w->text, len) != 0)
			continue;
		if (limit_value(ld, w, len + 1, limits[i].kind, &value))
			set_limit(ld->proc->spec, limits[i].resource, value);
		return;
	}
	if (!eq) {
		rc_wrong(ld, w, "expected NAME=VALUE");
		rc_hint(ld, "like nofile=4096 or memory=1G");
		return;
	}
	char *name = mem_strn(w->text, len);
	rc_wrong_in(ld, w, 0, len, "'%s' is not a limit", name);
	const char *near = table_nearest(name, names, ARRAY_LEN(limits));
	if (near)
		rc_hint_word(ld, near);
	else
		rc_hint(ld, "one of: nofile, nproc, memory, data, stack, "
			"core, fsize, memlock, cpu");
	free(name);
}

void
rc_do_limit(struct rcload *ld, const struct rc_stmt *s)
{
	for (size_t i = 1; i < s->count; i++)
		one_limit(ld, &s->words[i]);
}

static bool
has_code(const struct spec *s, int code)
{
	for (size_t i = 0; i < s->ok_code_count; i++)
		if (s->ok_codes[i].code == code)
			return true;
	return false;
}

void
rc_do_ok_codes(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	uint64_t code;

	for (size_t i = 1; i < s->count; i++) {
		if (!rc_uint(ld, &s->words[i], 0, 0, 255, &code) ||
		    is_full(ld, s, spec->ok_code_count))
			return;
		if (!has_code(spec, (int)code))
			GROW(spec->ok_codes, spec->ok_code_count)->code =
				(int)code;
	}
}

void
rc_do_port(struct rcload *ld, const struct rc_stmt *s)
{
	struct rcload_proc *p = ld->proc;
	const struct rc_word *w = &s->words[s->count - 1];
	uint64_t port = 0;

	if (s->count > 2 && !rc_name(ld, &s->words[1]))
		return;
	if (strcmp(w->text, "auto") != 0 &&
	    !rc_uint(ld, w, 0, 1, 65535, &port))
		return;
	if (is_full(ld, s, p->spec->port_count))
		return;
	p->port_at = mem_grow(p->port_at, p->spec->port_count,
			      p->spec->port_count + 1, sizeof(*p->port_at));
	rc_place(ld->rc, w, &p->port_at[p->spec->port_count]);
	*GROW(p->spec->ports, p->spec->port_count) = (struct spec_port){
		mem_str(s->count > 2 ? s->words[1].text : ""), (unsigned)port
	};
}

/* The words of the table of conditions, of which graph.h has the rows. */
static int
condition(struct rcload *ld, const struct rc_word *w)
{
	const char *names[GRAPH_COND_COUNT];
	int cond = graph_cond_find(w->text, w->len);

	if (cond >= 0)
		return SPEC_COND_STARTED + cond;
	for (int i = 0; i < GRAPH_COND_COUNT; i++)
		names[i] = graph_cond_name((enum graph_cond)i);
	rc_wrong(ld, w, "'%s' is not a condition", w->text);
	const char *near = table_nearest(w->text, names, GRAPH_COND_COUNT);
	if (near)
		rc_hint_word(ld, near);
	else
		rc_hint(ld, "one of: started, ready, done, ok; write a "
			"'depends' line for each process");
	return -1;
}

void
rc_do_depends(struct rcload *ld, const struct rc_stmt *s)
{
	struct rcload_proc *p = ld->proc;
	int cond = SPEC_COND_AUTO;

	if (!rc_name(ld, &s->words[1]))
		return;
	if (s->count > 2)
		cond = condition(ld, &s->words[2]);
	if (cond < 0 || is_full(ld, s, p->spec->dep_count))
		return;
	p->dep_at = mem_grow(p->dep_at, p->spec->dep_count,
			     p->spec->dep_count + 1, sizeof(*p->dep_at));
	rc_place(ld->rc, &s->words[1], &p->dep_at[p->spec->dep_count]);
	*GROW(p->spec->deps, p->spec->dep_count) =
		(struct spec_dep){ mem_str(s->words[1].text), cond };
}

enum rc_expect
rc_expect_stop(const struct rc_stmt *s)
{
	bool raw = s->count == 2 && (strcmp(s->words[1].text, "cmd") == 0 ||
				     strcmp(s->words[1].text, "keys") == 0);

	return raw ? RC_EXPECT_RAW : RC_EXPECT_WORD;
}

static bool
signal_word(struct rcload *ld, const struct rc_word *w, int *signo)
{
	const char *near;

	*signo = signame_parse(w->text);
	if (*signo > 0)
		return true;
	near = signame_suggest(w->text);
	rc_wrong(ld, w, "'%s' is not a signal", w->text);
	if (near)
		rc_hint_word(ld, near);
	else
		rc_hint(ld, "like: stop INT 5s TERM 5s KILL");
	return false;
}

/* "INT 5s TERM 5s KILL": a wait that is missing is 5 s, KILL is added. */
static void
ladder(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	struct spec_step steps[SPEC_STEPS_MAX];
	size_t count = 0;

	for (size_t i = 1; i < s->count; i++) {
		struct spec_step step = { 0, 5000 };
		if (!signal_word(ld, &s->words[i], &step.signo))
			return;
		if (step.signo == SIGKILL) {
			if (i + 1 < s->count)
				rc_wrong(ld, &s->words[i + 1],
					 "nothing comes after KILL");
			break;
		}
		if (count == SPEC_STEPS_MAX - 1) {
			rc_wrong(ld, &s->words[i], "more than %d steps",
				 SPEC_STEPS_MAX);
			return;
		}
		bool time = i + 1 < s->count &&
			s->words[i + 1].text[0] >= '0' &&
			s->words[i + 1].text[0] <= '9';
		if (time && !rc_duration(ld, &s->words[++i], 0, &step.wait_ms))
			return;
		steps[count++] = step;
	}
	steps[count++] = (struct spec_step){ SIGKILL, 0 };
	free(spec->stop);
	spec->stop = mem_dup(steps, count * sizeof(*steps));
	spec->stop_count = count;
	ld->proc->stop_given = true;
}

static bool
are_keys(struct rcload *ld, const struct rc_word *w)
{
	struct key *keys = mem_array(KEY_LIST_MAX, sizeof(*keys));
	struct err err = ERR_INIT;
	int n = key_parse_list(w->text, keys, KEY_LIST_MAX, &err);

	free(keys);
	if (n < 0)
		rc_wrong(ld, w, "%s", err.text);
	return n >= 0;
}

void
rc_do_stop(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *w = &s->words[1];
	bool cmd = strcmp(w->text, "cmd") == 0;
	bool keys = strcmp(w->text, "keys") == 0;

	if (!cmd && !keys) {
		ladder(ld, s);
		return;
	}
	if (s->count != 3) {
		rc_wrong(ld, w, "'stop %s' needs %s", w->text,
			 cmd ? "COMMAND" : "KEYS");
		return;
	}
	if (keys && !are_keys(ld, &s->words[2]))
		return;
	rc_set_str(cmd ? &ld->proc->spec->stop_command :
		   &ld->proc->spec->stop_keys, s->words[2].text);
}

void
rc_do_stop_timeout(struct rcload *ld, const struct rc_stmt *s)
{
	uint64_t ms;

	if (!rc_duration(ld, &s->words[1], 0, &ms))
		return;
	if (ms == 0)
		rc_wrong(ld, &s->words[1], "this time is too short");
	ld->proc->stop_timeout_ms = ms;
}

void
rc_do_backoff(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	uint64_t min, max;

	if (units_duration_range(s->words[1].text, &min, &max) < 0 ||
	    min == 0) {
		rc_wrong(ld, &s->words[1], "expected a range like 1s..30s");
		return;
	}
	spec->backoff_min_ms = min;
	spec->backoff_max_ms = max;
}

void
rc_do_log_rotate(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	uint64_t keep;

	if (!rc_size(ld, &s->words[1], 0, &spec->log_rotate_bytes))
		return;
	for (size_t i = 2; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t off = rc_option(w, "keep");
		if (off && rc_uint(ld, w, off, 1, 1000, &keep))
			spec->log_rotate_keep = (unsigned)keep;
		else if (strcmp(w->text, "gzip") == 0)
			spec->log_rotate_gzip = true;
		else if (!off)
			rc_wrong(ld, w, "expected keep=N or gzip");
	}
}

void
rc_do_log_file(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;

	free(spec->log_file);
	spec->log_file = rc_path(ld, s->words[1].text);
}

/* The field that is wrong is what the mistake is about. */
static bool
check_cron(struct rcload *ld, const struct rc_word *w)
{
	struct err e = ERR_INIT;
	struct cron cron;
	size_t off = 0;

	if (cron_parse(w->text, &cron, &off, &e) == 0)
		return true;
	size_t len = strcspn(w->text + off, " ");
	rc_wrong_in(ld, w, off, SBX_MAX(len, (size_t)1), "%s", e.text);
	if (e.hint[0])
		rc_hint(ld, "%s", e.hint);
	else
		rc_hint(ld, "like: schedule cron \"0 14 * * 1-5\"");
	return false;
}

void
rc_do_schedule(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	const struct rc_word *w = &s->words[2];
	int kind = rc_choice(ld, &s->words[1], 0, "every | cron");

	if (kind < 0)
		return;
	if (s->count > 3 && (kind || strcmp(s->words[3].text, "at-start"))) {
		rc_wrong(ld, &s->words[3], "too many words after 'schedule'");
		return;
	}
	if (kind == 0) {
		if (!rc_duration(ld, w, 0, &spec->schedule_every_ms))
			return;
		if (spec->schedule_every_ms < SPEC_EVERY_MIN_MS)
			rc_wrong(ld, w, "this time is too short");
		spec->schedule = SPEC_SCHEDULE_EVERY;
		spec->schedule_at_start = s->count > 3;
		return;
	}
	if (!check_cron(ld, w))
		return;
	spec->schedule = SPEC_SCHEDULE_CRON;
	rc_set_str(&spec->schedule_cron, w->text);
}

void
rc_do_files(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;
	size_t n = strv_count(spec->files);

	for (size_t i = 1; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t off = rc_option(w, "debounce");
		if (off) {
			(void)rc_duration(ld, w, off,
					  &spec->files_debounce_ms);
			continue;
		}
		off = rc_option(w, "cascade");
		if (off) {
			spec->files_cascade =
				rc_choice(ld, w, off, "no | yes") == 1;
			continue;
		}
		if (is_full(ld, s, n))
			return;
		spec->files = strv_add(spec->files, w->text);
		n++;
	}
}

void
rc_do_hook(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;

	if (!rc_name(ld, &s->words[1]) || is_full(ld, s, spec->hook_count))
		return;
	*GROW(spec->hooks, spec->hook_count) = (struct spec_hook){
		mem_str(s->words[1].text), mem_str(s->words[2].text)
	};
}

void
rc_do_notify(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;

	for (size_t i = 1; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t off = rc_option(w, "silence");
		if (off) {
			if (rc_duration(ld, w, off,
					&spec->notify_silence_ms) &&
			    spec->notify_silence_ms == 0)
				rc_wrong_in(ld, w, off, w->len - off,
					    "this time is too short");
			continue;
		}
		int event =
			rc_choice(ld, w, 0, "fail | unready | ready | exit");
		if (event >= 0)
			spec->notify |= 1u << event;
	}
}
