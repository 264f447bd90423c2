#include "rcwrite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/units.h"
#include "life/graph.h"
#include "rcstate.h"
#include "spec/spec.h"

/*
 * A definition as lines of an sbxrc.  Words that only set a member are written
 * by their row in the table of words, each other one by a function below; a
 * test holds that every word of a process has one of them.
 */

#define INDENT "    "

/* A quoted byte may take four, a line of two bytes ten more. */
enum { ITEM_BYTES = 8 * SPEC_TEXT_MAX, ALL_BYTES = 8 * SPEC_PACK_MAX };

struct writer {
	struct buf *out;
	const struct spec *s;
	const struct spec *there;	/* what it would be without the line */
	const struct rcwrite_there *how;
};

typedef void put_fn(struct writer *w, const char *word);

static void
put_line(struct writer *w, const char *word, const char *fmt, ...)
	SBX_PRINTF(3, 4);

static void
put_line(struct writer *w, const char *word, const char *fmt, ...)
{
	va_list ap;

	buf_addf(w->out, INDENT "%s ", word);
	va_start(ap, fmt);
	buf_vaddf(w->out, fmt, ap);
	va_end(ap);
	buf_addc(w->out, '\n');
}

/* What no line can say. */
static void
put_note(struct writer *w, const char *word, const char *why)
{
	buf_addf(w->out, INDENT "# %s: %s\n", word, why);
}

static const char default_stays[] =
	"what the defaults say of it cannot be taken away";
static const char no_text[] =
	"its text is none that a line can hold; it is left out";

/* "WORD TEXT" to the end of the line, or on several ones. */
static void
put_tail(struct writer *w, const char *word, const char *text)
{
	if (!rcwrite_is_tail(text)) {
		put_note(w, word, no_text);
		return;
	}
	buf_addf(w->out, INDENT "%s ", word);
	(void)rcwrite_tail(w->out, INDENT, text);
	buf_addc(w->out, '\n');
}

static void
put_word(struct writer *w, const char *word, const char *text)
{
	buf_addf(w->out, INDENT "%s ", word);
	(void)rcwrite_word(w->out, text);
	buf_addc(w->out, '\n');
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* True where its text, which may be NULL, is another one than there. */
static bool
text_differs(struct writer *w, const char *word, const char *text,
	     const char *there)
{
	if (same_text(text, there))
		return false;
	if (!text)
		put_note(w, word, default_stays);
	return text != NULL;
}

/* A path of the set, as short as it can be. */
static void
put_path(struct writer *w, const char *word, const char *path)
{
	const char *dir = w->how->dir;
	size_t len = strlen(dir);
	bool below = len > 1 && strncmp(path, dir, len) == 0;
	char *text = below && !path[len] ? mem_str(".")
		     : below && path[len] == '/' && path[len + 1]
			     ? mem_fmt("./%s", path + len + 1)
			     : mem_str(path);

	put_word(w, word, text);
	free(text);
}

/* --- words of one value --- */

static void
add_choice(struct buf *out, const char *word, int choice)
{
	size_t len;
	const char *text = rc_choice_word(word, choice, &len);

	(void)buf_add(out, text, len);
}

static void
add_value(struct buf *out, const struct rc_word_row *row, const struct spec *s)
{
	const void *member = (const char *)s + row->offset;
	char text[UNITS_TEXT_MAX];

	switch (row->value) {
	case RC_BOOL:
		buf_adds(out, *(const bool *)member ? "yes" : "no");
		break;
	case RC_UINT:
		buf_addf(out, "%u", *(const unsigned *)member);
		break;
	case RC_DURATION:
		units_duration_text(*(const uint64_t *)member, text);
		buf_adds(out, text);
		break;
	case RC_SIZE:
		units_size_text(*(const uint64_t *)member, text);
		buf_adds(out, text);
		break;
	case RC_CHOICE:
		add_choice(out, row->row.name, *(const int *)member);
		break;
	case RC_EITHER:
		add_choice(out, row->row.name, *(const bool *)member);
		break;
	case RC_TEXT:
	case RC_FN:
		break;
	}
}

static void
put_text_member(struct writer *w, const struct rc_word_row *row)
{
	const char *text = *(char *const *)((const char *)w->s + row->offset);
	const char *there =
		*(char *const *)((const char *)w->there + row->offset);

	if (!text_differs(w, row->row.name, text, there))
		return;
	if (row->raw_after)
		put_tail(w, row->row.name, text);
	else
		put_word(w, row->row.name, text);
}

static void
put_member(struct writer *w, const struct rc_word_row *row)
{
	struct buf is = BUF_INIT(256), there = BUF_INIT(256);
	/* A terminal of its own decides on other things there. */
	bool tty = row->offset == offsetof(struct spec, tty);

	if (row->value == RC_TEXT) {
		put_text_member(w, row);
		return;
	}
	add_value(&is, row, w->s);
	add_value(&there, row, tty ? w->how->bare : w->there);
	if (strcmp(buf_str(&is), buf_str(&there)) != 0)
		put_line(w, row->row.name, "%s", buf_str(&is));
	buf_fini(&is);
	buf_fini(&there);
}

/* --- lists: a line for each item that is not there anyway --- */

/* Item i as the text behind its word: 1, 0 behind the last one, or -EINVAL
 * when no line can say it; the text begins with its name then. */
typedef int item_fn(const struct spec *s, size_t i, struct buf *out);

static bool
has_item(const struct spec *s, item_fn *item, const char *text, size_t len)
{
	struct buf b = BUF_INIT(ITEM_BYTES);
	bool found = false;

	for (size_t i = 0; !found && item(s, i, &b) != 0; i++) {
		found = strncmp(buf_str(&b), text, len) == 0 &&
			(text[len] || !buf_str(&b)[len]);
		buf_clear(&b);
	}
	buf_fini(&b);
	return found;
}

/* ends: what the name of an item ends at; one of the same name takes the
 * place of that of the defaults.  "": each is for itself. */
static void
put_items(struct writer *w, const char *word, item_fn *item, const char *ends)
{
	struct buf b = BUF_INIT(ITEM_BYTES);
	int is;

	for (size_t i = 0; (is = item(w->there, i, &b)); i++) {
		const char *text = buf_str(&b);
		size_t len = strcspn(text, ends);
		len += text[len] != '\0';
		if (!has_item(w->s, item, text, len)) {
			char *name = mem_fmt("%s %.*s", word,
					     (int)strcspn(text, " ="), text);
			put_note(w, name, default_stays);
			free(name);
		}
		buf_clear(&b);
	}
	for (size_t i = 0; (is = item(w->s, i, &b)); i++) {
		const char *text = buf_str(&b);
		if (is < 0) {
			char *name = mem_fmt("%s %s", word, text);
			put_note(w, name, no_text);
			free(name);
		} else if (!has_item(w->there, item, text, strlen(text))) {
			put_line(w, word, "%s", text);
		}
		buf_clear(&b);
	}
	buf_fini(&b);
}

static int
one_limit(const struct spec *s, size_t i, struct buf *out)
{
	char text[RC_LIMIT_TEXT_MAX];

	if (i >= s->limit_count)
		return 0;
	if (!rc_limit_text(s->limits[i].resource, s->limits[i].value, text)) {
		buf_addf(out, "%d", s->limits[i].resource);
		return -EINVAL;
	}
	buf_adds(out, text);
	return 1;
}

static int
one_dep(const struct spec *s, size_t i, struct buf *out)
{
	if (i >= s->dep_count)
		return 0;
	const struct spec_dep *d = &s->deps[i];
	buf_addf(out, "%s%s%s", d->name,
		 d->condition == SPEC_COND_AUTO ? "" : " ",
		 d->condition == SPEC_COND_AUTO
			 ? ""
			 : graph_cond_name((enum graph_cond)(
				   d->condition - SPEC_COND_STARTED)));
	return 1;
}

static int
one_code(const struct spec *s, size_t i, struct buf *out)
{
	if (i >= s->ok_code_count)
		return 0;
	buf_addf(out, "%d", s->ok_codes[i].code);
	return 1;
}

static int
one_watch(const struct spec *s, size_t i, struct buf *out)
{
	return i >= s->watch_count ? 0
	       : rc_watch_put(out, &s->watches[i]) ? -EINVAL
						   : 1;
}

static int
one_hook(const struct spec *s, size_t i, struct buf *out)
{
	if (i >= s->hook_count)
		return 0;
	const struct spec_hook *h = &s->hooks[i];
	buf_adds(out, h->name);
	if (!rcwrite_is_tail(h->command))
		return -EINVAL;
	buf_addc(out, ' ');
	(void)rcwrite_tail(out, INDENT, h->command);
	return 1;
}

static int
one_notice(const struct spec *s, size_t i, struct buf *out)
{
	const struct row *row = &rc_word_find("notify")->row;
	size_t words = 4, n = 0, len;
	char text[UNITS_TEXT_MAX];

	for (size_t bit = 0; bit < words; bit++) {
		if (!(s->notify & 1u << bit) || n++ != i)
			continue;
		const char *word = table_word(row->args, bit, &len);
		buf_add(out, word, len);
		return 1;
	}
	if (n != i || !s->notify_silence_ms)
		return 0;
	units_duration_text(s->notify_silence_ms, text);
	buf_addf(out, "silence=%s", text);
	return 1;
}

static int
one_port(const struct spec *s, size_t i, struct buf *out)
{
	if (i >= s->port_count)
		return 0;
	const struct spec_port *p = &s->ports[i];
	buf_addf(out, "%s%s", p->name, *p->name ? " " : "");
	if (p->port)
		buf_addf(out, "%u", p->port);
	else
		buf_adds(out, "auto");
	return 1;
}

static int
one_group(const struct spec *s, size_t i, struct buf *out)
{
	for (size_t k = 0; s->groups && s->groups[k]; k++)
		if (k == i) {
			buf_adds(out, s->groups[k]);
			return 1;
		}
	return 0;
}

/* Those that are given there (its name fits a pattern) are said again. */
static void
put_groups(struct writer *w, const char *word)
{
	struct buf b = BUF_INIT(ITEM_BYTES);

	for (size_t i = 0; one_group(w->s, i, &b); i++) {
		put_line(w, word, "%s", buf_str(&b));
		buf_clear(&b);
	}
	buf_fini(&b);
}

/* --- words of their own --- */

static bool
same_env(const struct spec_env *a, const struct spec_env *b)
{
	return same_text(a->name, b->name) && same_text(a->value, b->value) &&
	       a->prepend == b->prepend;
}

static void
put_var(struct writer *w, const struct spec_env *v)
{
	char *word = spec_env_word(v);

	if (v->prepend && (strcmp(v->name, "PATH") || v->value[0] != '/' ||
			   strchr(v->value, ':'))) {
		char *name = mem_fmt("env %s", v->name);
		put_note(w, name, "only directories of PATH can be put in "
			 "front; it is left out");
		free(name);
	} else if (v->prepend) {
		put_path(w, "path", v->value);
	} else if (v->value && !w->how->secrets &&
		   spec_env_is_secret(v->name, v->value)) {
		char *name = mem_fmt("env %s", v->name);
		put_note(w, name, "looks like a secret and is not written; "
			 "an env-file can hold it, or ':write secrets'");
		free(name);
	} else {
		put_word(w, "env", word);
	}
	free(word);
}

/* What the set and its groups give comes first there, too. */
static void
put_env(struct writer *w, const char *word)
{
	size_t there = 0;

	(void)word;
	for (size_t i = 0; i < w->s->env_count; i++) {
		if (there < w->there->env_count &&
		    same_env(&w->s->env[i], &w->there->env[there]))
			there++;
		else
			put_var(w, &w->s->env[i]);
	}
}

static void
put_words(struct writer *w, char *const *words)
{
	buf_adds(w->out, INDENT "argv");
	for (; *words; words++) {
		buf_addc(w->out, ' ');
		(void)rcwrite_word(w->out, *words);
	}
	buf_addc(w->out, '\n');
}

static void
put_command(struct writer *w, const char *word)
{
	const struct spec *s = w->s;
	bool shell = same_text(s->shell, w->there->shell);
	char *words[] = { s->shell, (char *)"-c", s->command, NULL };

	(void)word;
	if (s->argv) {
		put_words(w, s->argv);
	} else if (shell && rcwrite_is_tail(s->command)) {
		put_tail(w, "cmd", s->command);
	} else {
		put_note(w, "cmd", shell ? "no line can hold it as it stands"
					 : "its shell is not that of the set");
		put_words(w, words);
	}
}

static void
put_cwd(struct writer *w, const char *word)
{
	if (text_differs(w, word, w->s->cwd, w->there->cwd))
		put_path(w, word, w->s->cwd);
}

static void
put_stdin(struct writer *w, const char *word)
{
	if (w->s->stdin_kind == w->there->stdin_kind)
		return;
	buf_addf(w->out, INDENT "%s ", word);
	add_choice(w->out, word, w->s->stdin_kind);
	buf_addc(w->out, '\n');
}

static void
put_user(struct writer *w, const char *word)
{
	if (text_differs(w, word, w->s->user, w->there->user))
		put_word(w, word, w->s->user);
}

static void
put_umask(struct writer *w, const char *word)
{
	if (w->s->umask_bits == w->there->umask_bits)
		return;
	if (w->s->umask_bits < 0)
		put_note(w, word, default_stays);
	else
		put_line(w, word, "%03o", (unsigned)w->s->umask_bits);
}

static void
put_nice(struct writer *w, const char *word)
{
	if (w->s->nice == w->there->nice)
		return;
	if (w->s->nice)
		put_line(w, word, "%d", spec_nice(w->s));
	else
		put_note(w, word, default_stays);
}

static void
put_probe(struct writer *w, const char *word, const struct spec_probe *p)
{
	struct buf b = BUF_INIT(ITEM_BYTES);

	if (p->kind != SPEC_PROBE_NONE && rc_probe_put(&b, p) == 0)
		put_line(w, word, "%s", buf_str(&b));
	else if (p->kind != SPEC_PROBE_NONE)
		put_note(w, word, no_text);
	buf_fini(&b);
}

static void
put_ready(struct writer *w, const char *word)
{
	put_probe(w, word, &w->s->ready);
}

static void
put_live(struct writer *w, const char *word)
{
	put_probe(w, word, &w->s->live);
}

static void
put_backoff(struct writer *w, const char *word)
{
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];

	if (w->s->backoff_min_ms == w->there->backoff_min_ms &&
	    w->s->backoff_max_ms == w->there->backoff_max_ms)
		return;
	units_duration_text(w->s->backoff_min_ms, from);
	units_duration_text(w->s->backoff_max_ms, to);
	put_line(w, word, "%s..%s", from, to);
}

static bool
same_ladder(const struct spec *a, const struct spec *b)
{
	bool same = a->stop_count == b->stop_count;

	for (size_t i = 0; same && i < a->stop_count; i++)
		same = a->stop[i].signo == b->stop[i].signo &&
		       a->stop[i].wait_ms == b->stop[i].wait_ms;
	return same;
}

static void
put_stop(struct writer *w, const char *word)
{
	const struct spec *s = w->s;
	char name[SIGNAME_MAX], wait[UNITS_TEXT_MAX];

	if (text_differs(w, "stop cmd", s->stop_command,
			 w->there->stop_command))
		put_tail(w, "stop cmd", s->stop_command);
	if (text_differs(w, "stop keys", s->stop_keys, w->there->stop_keys))
		put_tail(w, "stop keys", s->stop_keys);
	if (same_ladder(s, w->there))
		return;
	buf_addf(w->out, INDENT "%s", word);
	for (size_t i = 0; i + 1 < s->stop_count; i++) {
		units_duration_text(s->stop[i].wait_ms, wait);
		buf_addf(w->out, " %s %s",
			 signame_text(s->stop[i].signo, name), wait);
	}
	buf_adds(w->out, " KILL\n");
}

static void
put_log_file(struct writer *w, const char *word)
{
	if (text_differs(w, word, w->s->log_file, w->there->log_file))
		put_path(w, word, w->s->log_file);
}

static void
put_log_rotate(struct writer *w, const char *word)
{
	const struct spec *s = w->s, *t = w->there;
	char size[UNITS_TEXT_MAX], keep[32] = "";

	if (s->log_rotate_bytes == t->log_rotate_bytes &&
	    s->log_rotate_keep == t->log_rotate_keep &&
	    s->log_rotate_gzip == t->log_rotate_gzip)
		return;
	if (!s->log_rotate_bytes ||
	    (t->log_rotate_gzip && !s->log_rotate_gzip)) {
		put_note(w, word, default_stays);
		return;
	}
	units_size_text(s->log_rotate_bytes, size);
	if (s->log_rotate_keep)
		snprintf(keep, sizeof(keep), " keep=%u", s->log_rotate_keep);
	put_line(w, word, "%s%s%s", size, keep,
		 s->log_rotate_gzip ? " gzip" : "");
}

static void
put_schedule(struct writer *w, const char *word)
{
	const struct spec *s = w->s;
	char text[UNITS_TEXT_MAX];

	units_duration_text(s->schedule_every_ms, text);
	if (s->schedule == SPEC_SCHEDULE_EVERY)
		put_line(w, word, "every %s%s", text,
			 s->schedule_at_start ? " at-start" : "");
	else if (s->schedule == SPEC_SCHEDULE_CRON)
		put_line(w, word, "cron \"%s\"", s->schedule_cron);
}

static void
put_files(struct writer *w, const char *word)
{
	const struct spec *s = w->s;
	char text[UNITS_TEXT_MAX];

	if (!s->files || !s->files[0])
		return;
	buf_addf(w->out, INDENT "%s", word);
	for (char *const *f = s->files; *f; f++) {
		buf_addc(w->out, ' ');
		(void)rcwrite_word(w->out, *f);
	}
	units_duration_text(s->files_debounce_ms, text);
	if (s->files_debounce_ms != w->there->files_debounce_ms)
		buf_addf(w->out, " debounce=%s", text);
	if (s->files_cascade)
		buf_adds(w->out, " cascade=yes");
	buf_addc(w->out, '\n');
}

/* In the order of the lines; words of one value follow.  A list has item and
 * ends, as put_items() takes them. */
static const struct {
	const char *word;
	put_fn *put;
	item_fn *item;
	const char *ends;
} writers[] = {
	{ "cmd", .put = put_command },
	{ "cwd", .put = put_cwd },
	{ "env", .put = put_env },
	{ "group", .put = put_groups },
	{ "stdin", .put = put_stdin },
	{ "user", .put = put_user },
	{ "umask", .put = put_umask },
	{ "nice", .put = put_nice },
	{ "limit", .item = one_limit, .ends = "=" },
	{ "depends", .item = one_dep, .ends = "" },
	{ "ready", .put = put_ready },
	{ "live", .put = put_live },
	{ "restart.backoff", .put = put_backoff },
	{ "stop", .put = put_stop },
	{ "ok-codes", .item = one_code, .ends = "" },
	{ "schedule", .put = put_schedule },
	{ "files", .put = put_files },
	{ "watch", .item = one_watch, .ends = " " },
	{ "hook", .item = one_hook, .ends = "" },
	{ "notify", .item = one_notice, .ends = "=" },
	{ "port", .item = one_port, .ends = "" },
	{ "log.file", .put = put_log_file },
	{ "log.rotate", .put = put_log_rotate },
};

int
rcwrite_bare(struct buf *out, const struct spec *s, bool tell_tty)
{
	struct spec nothing = { .groups = NULL };
	struct writer w = { .out = out, .s = s, .there = &nothing };
	int rc = buf_addf(out, "process %s {\n" INDENT "cmd true\n", s->name);

	put_groups(&w, "group");
	if (tell_tty)
		put_line(&w, "tty", "%s", s->tty ? "yes" : "no");
	rc |= buf_adds(out, "}\n");
	return rc ? -EMSGSIZE : 0;
}

int
rcwrite_spec(struct buf *out, const struct spec *s,
	     const struct rcwrite_there *there)
{
	struct buf b = BUF_INIT(ALL_BYTES);
	struct writer w = { &b, s, there->same_tty, there };

	buf_addf(&b, "process %s {\n", s->name);
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (writers[i].put)
			writers[i].put(&w, writers[i].word);
		else
			put_items(&w, writers[i].word, writers[i].item,
				  writers[i].ends);
	for (size_t i = 0; i < rc_word_count(); i++)
		if (!rc_words[i].fn && rc_words[i].where & RC_PROCESS)
			put_member(&w, &rc_words[i]);
	if (s->tty && (s->rows != w.there->rows || s->cols != w.there->cols))
		buf_addf(&b, INDENT "# its terminal is %ux%u, which no line "
			 "can say\n", s->cols, s->rows);
	buf_adds(&b, "}\n");
	int rc = buf_add(out, b.data, b.len);
	buf_fini(&b);
	return rc;
}
