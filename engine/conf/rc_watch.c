#include "rcstate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/units.h"
#include "rcwrite.h"

static void
hint_parentheses(struct rcload *ld, const char *text)
{
	size_t len = strlen(text);

	if (strcmp(text, "unmatched closing parenthesis") == 0)
		rc_hint(ld, "it has one ')' more than '('; write '\\)' for a "
			"literal one");
	else if (len > 0 && strstr(text, "missing closing parenthesis"))
		rc_hint(ld, "it has one '(' more than ')'; write '\\(' for a "
			"literal one");
}

/* The text between the slashes of an option: "body=/text/i".  *bad is then
 * the offset of a letter behind it that is no flag, else 0. */
static bool
option_pattern(const struct rc_word *w, size_t off, struct spec_pattern *out,
	       size_t *bad)
{
	const char *text = w->text + off, *end = strrchr(text, '/');

	*bad = 0;
	if (text[0] != '/' || end == text)
		return false;
	out->text = mem_strn(text + 1, (size_t)(end - text - 1));
	for (end++; *end; end++) {
		unsigned flag = spec_re_flag(*end);
		if (!flag && !*bad)
			*bad = (size_t)(end - w->text);
		out->flags |= flag;
	}
	return true;
}

/* The compiled pattern of a word, also stored in out; NULL if reported. */
static struct regex *
compile(struct rcload *ld, const struct rc_word *w, size_t off,
	struct spec_pattern *out)
{
	struct err e = ERR_INIT;
	size_t at = 0, shift = 0, bad;

	free(out->text);
	*out = (struct spec_pattern){ NULL, w->flags };
	if (off > 0 && option_pattern(w, off, out, &bad)) {
		shift = off + 1;
		if (bad) {
			rc_wrong_in(ld, w, bad, 1, "'%c' is not a flag of "
				    "patterns", w->text[bad]);
			rc_hint(ld, "flags are i, x and s");
			return NULL;
		}
	} else if (w->kind == RC_BARE && off == 0) {
		rc_wrong(ld, w, "expected a /PATTERN/");
		rc_hint(ld, "write /%s/", w->text);
		return NULL;
	} else {
		out->text = mem_str(w->text + off);
		shift = off;
	}
	if (!out->text[0]) {
		rc_wrong(ld, w, "this pattern is empty");
		return NULL;
	}
	struct regex *re = regex_new(out->text, strlen(out->text), out->flags,
				     &e, &at);
	if (!re) {
		rc_wrong_in(ld, w, shift + at, 1, "pattern: %s", e.text);
		hint_parentheses(ld, e.text);
	}
	return re;
}

bool
rc_pattern(struct rcload *ld, const struct rc_word *w, size_t off,
	   struct spec_pattern *out)
{
	struct regex *re = compile(ld, w, off, out);

	regex_free(re);
	return re != NULL;
}

/* What a watch does.  Names that end in '=' or '>' take a value, which put
 * gives back; false when the watch has none. */
struct action {
	struct row row;
	unsigned bits;
	bool (*fn)(struct rcload *ld, const struct rc_word *w, size_t off,
		   struct spec_watch *watch);
	bool (*put)(const struct action *a, const struct spec_watch *w,
		    struct buf *out);
};

static bool
take_level(struct rcload *ld, const struct rc_word *w, size_t off,
	   struct spec_watch *watch)
{
	int level = rc_choice(ld, w, off, "info | warn | error");

	watch->level = SPEC_LEVEL_INFO + level;
	return level >= 0;
}

static bool
take_stream(struct rcload *ld, const struct rc_word *w, size_t off,
	    struct spec_watch *watch)
{
	int stream = rc_choice(ld, w, off, "stdout | stderr | pty");

	watch->stream = SPEC_STREAM_STDOUT + stream;
	return stream >= 0;
}

static bool
take_value(struct rcload *ld, const struct rc_word *w, size_t off,
	   struct spec_watch *watch)
{
	(void)ld;
	rc_set_str(&watch->value, w->text + off);
	return true;
}

static bool
take_unit(struct rcload *ld, const struct rc_word *w, size_t off,
	  struct spec_watch *watch)
{
	(void)ld;
	rc_set_str(&watch->unit, w->text + off);
	return true;
}

static bool
take_max(struct rcload *ld, const struct rc_word *w, size_t off,
	 struct spec_watch *watch)
{
	if (units_rate(w->text + off, &watch->max_count,
		       &watch->max_per_ms) == 0)
		return true;
	rc_wrong_in(ld, w, off, w->len - off, "expected a rate like 3/min");
	return false;
}

static bool
take_run(struct rcload *ld, const struct rc_word *w, size_t off,
	 struct spec_watch *watch)
{
	(void)ld;
	rc_set_str(&watch->hook, w->text + off);
	return true;
}

static bool
take_start(struct rcload *ld, const struct rc_word *w, size_t off,
	   struct spec_watch *watch)
{
	(void)ld;
	rc_set_str(&watch->start, w->text + off);
	return true;
}

static bool
take_alert(struct rcload *ld, const struct rc_word *w, size_t off,
	   struct spec_watch *watch)
{
	char *end;

	watch->alert = true;
	watch->alert_above = strtod(w->text + off, &end);
	if (end > w->text + off && *end == '\0' &&
	    watch->alert_above - watch->alert_above == 0)
		return true;
	rc_wrong_in(ld, w, off, w->len - off, "expected a number");
	return false;
}

/* Word no, from 1, of "a|b|c"; 0: none. */
static bool
put_choice(const struct action *a, int no, struct buf *out)
{
	size_t len;

	if (no == 0)
		return false;
	const char *word = table_word(a->row.args, (size_t)no - 1, &len);
	buf_add(out, word, len);
	return true;
}

static bool
put_level(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	return put_choice(a, w->level, out);
}

static bool
put_stream(const struct action *a, const struct spec_watch *w,
	   struct buf *out)
{
	return put_choice(a, w->stream, out);
}

static bool
put_name(const char *name, struct buf *out)
{
	buf_adds(out, name ? name : "");
	return name != NULL;
}

static bool
put_value(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	(void)a;
	return put_name(w->value, out);
}

static bool
put_unit(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	(void)a;
	return put_name(w->unit, out);
}

static bool
put_run(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	(void)a;
	return put_name(w->hook, out);
}

static bool
put_start(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	(void)a;
	return put_name(w->start, out);
}

static bool
put_max(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	char per[UNITS_TEXT_MAX];

	(void)a;
	units_duration_text(w->max_per_ms, per);
	buf_addf(out, "%u/%s", w->max_count, per);
	return w->max_count > 0;
}

static bool
put_alert(const struct action *a, const struct spec_watch *w, struct buf *out)
{
	char text[40];

	(void)a;
	snprintf(text, sizeof(text), "%.15g", w->alert_above);
	if (strtod(text, NULL) < w->alert_above ||
	    strtod(text, NULL) > w->alert_above)
		snprintf(text, sizeof(text), "%.17g", w->alert_above);
	buf_adds(out, text);
	return w->alert;
}

#define ROW(name, args, help) .row = { (name), NULL, (args), (help) }

static const struct action actions[] = {
	{ ROW("mark", "", "mark the line"), SPEC_WATCH_MARK },
	{ ROW("ready", "", "the process is ready"), SPEC_WATCH_READY },
	{ ROW("count", "", "count the matches"), SPEC_WATCH_COUNT },
	{ ROW("notify", "", "tell the person"), SPEC_WATCH_NOTIFY },
	{ ROW("hide", "", "do not show the line"), SPEC_WATCH_HIDE },
	{ ROW("restart", "", "restart the process"), SPEC_WATCH_RESTART },
	{ ROW("stop", "", "stop the process"), SPEC_WATCH_STOP },
	{ ROW("bell", "", "ring the bell"), SPEC_WATCH_BELL },
	{ ROW("level=", "info|warn|error", "how bad the line is"),
	  .fn = take_level, .put = put_level },
	{ ROW("value=", "GROUP", "keep the text of this group as a value"),
	  .fn = take_value, .put = put_value },
	{ ROW("unit=", "TEXT", "unit of the value"),
	  .fn = take_unit, .put = put_unit },
	{ ROW("stream=", "stdout|stderr|pty", "look at this stream only"),
	  .fn = take_stream, .put = put_stream },
	{ ROW("max=", "N/TIME", "act at most so often"),
	  .fn = take_max, .put = put_max },
	{ ROW("run=", "HOOK", "run a hook"),
	  .fn = take_run, .put = put_run },
	{ ROW("start=", "PROCESS", "start another process"),
	  .fn = take_start, .put = put_start },
	{ ROW("alert>", "N", "alert when the value is larger"),
	  .fn = take_alert, .put = put_alert },
};
const struct table rc_watch_table = TABLE(actions);

/* The row of a word and where its value begins. */
static const struct action *
find_action(const char *text, size_t *off)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		const char *name = actions[i].row.name;
		*off = actions[i].fn ? strlen(name) : 0;
		if (*off ? strncmp(text, name, *off) == 0 :
		    strcmp(text, name) == 0)
			return &actions[i];
	}
	return NULL;
}

static void
unknown_action(struct rcload *ld, const struct rc_word *w)
{
	size_t len = strcspn(w->text, "=>");
	char *key = mem_strn(w->text, SBX_MIN(len + 1, w->len));
	const struct row *near = table_suggest(&rc_watch_table, key);
	struct buf b = BUF_INIT(512);

	rc_wrong_in(ld, w, 0, len, "'%.*s' is nothing a watch can do",
		    (int)SBX_MIN(len, (size_t)64), w->text);
	if (near) {
		rc_hint_word(ld, near->name);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(actions); i++)
			(void)buf_addf(&b, "%s%s", b.len ? ", " : "",
				       actions[i].row.name);
		rc_hint(ld, "one of: %s", buf_str(&b));
	}
	buf_fini(&b);
	free(key);
}

static bool
one_action(struct rcload *ld, const struct rc_word *w, struct spec_watch *watch)
{
	size_t off;
	const struct action *a = find_action(w->text, &off);

	if (!a) {
		unknown_action(ld, w);
		return false;
	}
	watch->actions |= a->bits;
	if (!a->fn)
		return true;
	if (!w->text[off]) {
		rc_wrong(ld, w, "'%s' needs %s", a->row.name, a->row.args);
		return false;
	}
	return a->fn(ld, w, off, watch);
}

enum rc_expect
rc_expect_watch(const struct rc_stmt *s)
{
	bool absent = s->count > 2 && strcmp(s->words[2].text, "absent") == 0;

	return s->count == (absent ? 3u : 2u) ? RC_EXPECT_PATTERN :
		RC_EXPECT_WORD;
}

/* "absent /RE/ for 30s": the index behind it, 0 if reported. */
static size_t
take_absent(struct rcload *ld, const struct rc_stmt *s,
	    struct spec_watch *watch)
{
	if (s->count < 6 || strcmp(s->words[4].text, "for") != 0) {
		rc_wrong(ld, &s->words[2], "expected absent /PATTERN/ for "
			 "TIME");
		return 0;
	}
	if (!rc_duration(ld, &s->words[5], 0, &watch->absent_ms))
		return 0;
	return 6;
}

/* The patterns are compiled here only to know that they can be. */
static bool
check_watch(struct rcload *ld, const struct rc_word *pattern,
	    const struct rc_stmt *s, size_t from, struct spec_watch *watch)
{
	struct regex *re = compile(ld, pattern, 0, &watch->pattern);
	bool ok = re != NULL;

	if (re && regex_matches_empty(re)) {
		rc_wrong(ld, pattern, "this pattern matches the empty text, "
			 "so it matches every line");
		ok = false;
	}
	for (size_t i = from; i < s->count; i++) {
		const struct rc_word *w = &s->words[i];
		size_t off = rc_option(w, "value");
		ok &= one_action(ld, w, watch);
		if (re && off && w->text[off] &&
		    regex_group_find(re, w->text + off, NULL) < 0) {
			rc_wrong_in(ld, w, off, w->len - off,
				    "the pattern has no group '%s'",
				    w->text + off);
			rc_hint(ld, "write (?<%s>...) around the part that is "
				"the value", w->text + off);
			ok = false;
		}
	}
	regex_free(re);
	return ok;
}

/* One of the defaults gives way to the process's own of the same name. */
static bool
make_room(struct rcload *ld, const struct rc_word *name)
{
	struct rcload_proc *p = ld->proc;
	struct spec *s = p->spec;

	for (size_t i = 0; i < s->watch_count; i++) {
		if (strcmp(s->watches[i].name, name->text) != 0)
			continue;
		if (i >= p->watch_base) {
			rc_wrong(ld, name, "there is a watch '%s' already",
				 name->text);
			return false;
		}
		spec_watch_fini(&s->watches[i]);
		size_t behind = --s->watch_count - i;
		memmove(&s->watches[i], &s->watches[i + 1],
			behind * sizeof(*s->watches));
		memmove(&p->watch_at[i], &p->watch_at[i + 1],
			behind * sizeof(*p->watch_at));
		p->watch_base--;
		break;
	}
	if (s->watch_count == SPEC_LIST_MAX) {
		rc_wrong(ld, name, "more than %d watches", SPEC_LIST_MAX);
		return false;
	}
	s->watches = mem_grow(s->watches, s->watch_count, s->watch_count + 1,
			      sizeof(*s->watches));
	p->watch_at = mem_grow(p->watch_at, s->watch_count,
			       s->watch_count + 1, sizeof(*p->watch_at));
	rc_place(ld->rc, name, &p->watch_at[s->watch_count]);
	return true;
}

void
rc_do_watch(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec_watch watch = { 0 };
	size_t pattern = 2, from = 3;

	if (!rc_name(ld, &s->words[1]))
		return;
	if (strcmp(s->words[2].text, "absent") == 0) {
		pattern = 3;
		from = take_absent(ld, s, &watch);
		if (from == 0)
			return;
	}
	if (check_watch(ld, &s->words[pattern], s, from, &watch) &&
	    make_room(ld, &s->words[1])) {
		struct spec *spec = ld->proc->spec;
		watch.name = mem_str(s->words[1].text);
		spec->watches[spec->watch_count++] = watch;
		return;
	}
	spec_watch_fini(&watch);
}

int
rc_watch_put(struct buf *out, const struct spec_watch *w)
{
	char time[UNITS_TEXT_MAX];
	int rc = buf_addf(out, "%s %s", w->name,
			  w->absent_ms ? "absent " : "");

	rc |= rcwrite_pattern(out, &w->pattern);
	units_duration_text(w->absent_ms, time);
	if (w->absent_ms)
		rc |= buf_addf(out, " for %s", time);
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		const struct action *a = &actions[i];
		struct buf word = BUF_INIT(SPEC_TEXT_MAX);
		buf_adds(&word, a->row.name);
		if (a->put ? a->put(a, w, &word)
			   : (w->actions & a->bits) != 0) {
			rc |= buf_addc(out, ' ');
			rc |= rcwrite_word(out, buf_str(&word));
		}
		buf_fini(&word);
	}
	return rc ? -EMSGSIZE : 0;
}

static enum rc_expect
expect_watch(const struct rc_stmt *so_far, void *arg)
{
	(void)arg;
	return rc_expect_watch(so_far);
}

static void
take_line(struct rcload *ld, const struct rc_stmt *s)
{
	if (s->bad)
		return;
	if (s->count >= 4 && strcmp(s->words[0].text, "watch") == 0) {
		rc_do_watch(ld, s);
		return;
	}
	rc_wrong(ld, &s->words[s->count - 1],
		 "expected watch NAME /PATTERN/ ACTION...");
}

struct spec *
rc_watch_line(const char *line, const char *file, struct diags *ds)
{
	static const struct rc_hooks hooks = { expect_watch, NULL, NULL };
	struct set_request rq = { .alone = true };
	struct rcload ld = { .rq = &rq, .ds = ds, .where = RC_PROCESS };
	const struct rc_stmt *st;
	struct spec *s;

	ld.proc = rc_proc_new(NULL);
	s = ld.proc->spec;
	rc_set_str(&s->name, "watch");
	rc_set_str(&s->command, "true");
	rc_set_str(&s->cwd, "/");
	ld.rc = rc_new(file, line, strlen(line), &hooks, ds);
	for (enum rc_event ev; (ev = rc_next(ld.rc, &st)) != RC_END;)
		if (ev == RC_STMT)
			take_line(&ld, st);
	rc_free(ld.rc);
	ld.proc->spec = NULL;
	rc_proc_free(ld.proc);
	if (diags_errors(ds) || s->watch_count != 1) {
		spec_free(s);
		return NULL;
	}
	return s;
}
