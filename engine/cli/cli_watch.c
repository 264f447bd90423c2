/*
 * watch: a pattern tried on the log that there is, and watches added to a
 * process that runs.  The words behind "add" are read as a watch line of
 * sbxrc, by the same code.
 */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/regex.h"
#include "client/watchline.h"
#include "life/stats.h"
#include "log/linematch.h"
#include "log/logread.h"
#include "log/strip.h"
#include "log/watch.h"
#include "spec/spec.h"
#include "text/rowfmt.h"

enum { WATCH_TEXT_MAX = 1 << 20, LINE_MAX_BYTES = 64 << 10,
	STEP_BYTES = 4 << 20, GROUPS_MAX = 32 };

struct found {
	uint64_t seq;
	int64_t wall_ms;
	char *line;
	size_t len;
};

struct trial {
	struct cli *c;
	const char *pattern;
	struct regex *re;
	struct logread *lr;
	unsigned streams;
	uint64_t lines, hits;
	struct found first, last;
	struct stats stats[GROUPS_MAX];	/* of the groups with a name */
	struct buf out;
	char text[LOG_WINDOW];
};

static char *
join(struct cli *c, char *const *words)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	int r = buf_adds(&b, "watch");

	for (; *words && r == 0; words++)
		r = buf_addf(&b, " %s", *words);
	if (r == 0 && strchr(buf_str(&b), '\n'))
		r = err_set(&c->err, ERR_USAGE, "a watch is one line");
	else if (r < 0)
		err_set(&c->err, ERR_USAGE, "the line is too long");
	char *line = r < 0 ? NULL : buf_take(&b);
	buf_fini(&b);
	return line;
}

/* --- the trial --- */

static void
keep(struct found *f, const struct logline *l, const char *text, size_t len)
{
	free(f->line);
	*f = (struct found){ .seq = l->seq, .wall_ms = l->wall_ms,
			     .line = mem_strn(text, len), .len = len };
}

static void
take_hit(struct trial *t, uint64_t seq)
{
	struct regex_caps caps;
	struct logline l;

	if (logread_line(t->lr, seq, LOG_WINDOW, &l) <= 0)
		return;
	size_t len = strip_text(l.text, l.len, t->text);
	if (regex_match(t->re, t->text, len, 0, &caps) != REGEX_MATCH)
		return;
	t->hits++;
	if (!t->first.line)
		keep(&t->first, &l, t->text, len);
	keep(&t->last, &l, t->text, len);
	for (unsigned i = 1; i < caps.count && i < GROUPS_MAX; i++)
		if (regex_group_name(t->re, i) &&
		    caps.group[i].off != REGEX_UNSET)
			stats_add(&t->stats[i], t->text + caps.group[i].off,
				  caps.group[i].end - caps.group[i].off,
				  l.wall_ms);
}

static int
look(struct trial *t)
{
	struct linematch *m = linematch_new(t->lr, t->re, t->streams);
	uint64_t at = logread_first_seq(t->lr), end = logread_next_seq(t->lr);
	int rc = 0;

	t->lines = end - at;
	while (at < end && rc == 0) {
		uint64_t first;
		ssize_t n = linematch_up(m, at, end, STEP_BYTES);
		if (n <= 0)
			break;
		const uint64_t *bits = linematch_hits(m, &first);
		for (ssize_t i = 0; i < n; i++)
			if (bits[i / 64] >> i % 64 & 1)
				take_hit(t, first + (uint64_t)i);
		at += (uint64_t)n;
		if (linematch_is_dangerous(m)) {
			rc = err_set(&t->c->err, ERR_FAILED, "the pattern "
				     "took too long on %d lines: as a watch "
				     "it would be switched off",
				     WATCH_STRIKES);
			err_hint(&t->c->err,
				 "nested repeats like (a+)+ are dangerous");
		}
	}
	linematch_free(m);
	return rc;
}

static void
json_found(struct jsonout *j, const char *name, const struct found *f)
{
	jsonout_object(j, name);
	jsonout_uint(j, "seq", f->seq);
	jsonout_time(j, "time", f->wall_ms);
	jsonout_bytes(j, "line", "line_base64", f->line, f->len);
	jsonout_close(j);
}

static void
json_group(struct jsonout *j, const char *name, const struct stats *st)
{
	jsonout_object(j, NULL);
	jsonout_string(j, "name", name);
	jsonout_uint(j, "count", st->count);
	if (st->numbers) {
		jsonout_double(j, "last", st->last);
		jsonout_double(j, "min", st->min);
		jsonout_double(j, "max", st->max);
		jsonout_double(j, "mean", st->mean);
	} else if (st->count) {
		jsonout_string(j, "last", st->text);
	}
	jsonout_close(j);
}

static int
put_json(struct trial *t)
{
	struct jsonout j;

	jsonout_begin(&j, &t->out);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "pattern", t->pattern);
	jsonout_uint(&j, "lines", t->lines);
	jsonout_uint(&j, "hits", t->hits);
	if (t->hits) {
		json_found(&j, "first", &t->first);
		json_found(&j, "last", &t->last);
	}
	jsonout_array(&j, "groups");
	for (unsigned i = 1; i <= regex_groups(t->re) && i < GROUPS_MAX; i++)
		if (regex_group_name(t->re, i))
			json_group(&j, regex_group_name(t->re, i),
				   &t->stats[i]);
	jsonout_close(&j);
	jsonout_close(&j);
	return jsonout_end(&j) | buf_addc(&t->out, '\n');
}

static int
text_found(struct trial *t, const char *what, const struct found *f)
{
	char when[40];

	clock_rfc3339(when, sizeof when, f->wall_ms);
	int r = buf_addf(&t->out, "%-9s line %llu, %s: ", what,
			 (unsigned long long)f->seq, when);
	return r | rowfmt_plain(&t->out, f->line) | buf_addc(&t->out, '\n');
}

static int
text_group(struct trial *t, const char *name, const struct stats *st)
{
	int r = buf_addf(&t->out, "%-9s count %llu", name,
			 (unsigned long long)st->count);

	if (st->numbers)
		r |= buf_addf(&t->out, "  last %.6g  min %.6g  max %.6g  "
			      "mean %.6g", st->last, st->min, st->max,
			      st->mean);
	else if (st->count)
		r |= buf_adds(&t->out, "  last ") |
		     rowfmt_plain(&t->out, st->text);
	return r | buf_addc(&t->out, '\n');
}

static int
put_text(struct trial *t)
{
	int r = buf_addf(&t->out, "%llu of %llu lines match\n",
			 (unsigned long long)t->hits,
			 (unsigned long long)t->lines);

	if (t->hits) {
		r |= text_found(t, "first", &t->first);
		r |= text_found(t, "last", &t->last);
	}
	for (unsigned i = 1; i <= regex_groups(t->re) && i < GROUPS_MAX; i++)
		if (regex_group_name(t->re, i))
			r |= text_group(t, regex_group_name(t->re, i),
					&t->stats[i]);
	return r;
}

static int
try_pattern(struct cli *c, uint32_t id, const struct spec_watch *w)
{
	struct trial *t = mem_alloc(sizeof *t);
	struct cli_log log = { .lr = NULL };
	int rc = -1;

	t->c = c;
	t->pattern = w->pattern.text;
	buf_init(&t->out, WATCH_TEXT_MAX);
	for (size_t i = 0; i < GROUPS_MAX; i++)
		stats_init(&t->stats[i]);
	if (cli_streams(c, &t->streams) == 0)
		t->re = regex_new(t->pattern, strlen(t->pattern),
				  w->pattern.flags, &c->err, NULL);
	cli_look_for_stream(c, id);
	if (t->re && cli_log_open(c, id, &log) == 0) {
		t->lr = log.lr;
		rc = look(t);
	}
	if (rc == 0) {
		rc = c->json ? put_json(t) : put_text(t);
		rc = rc < 0 ? err_set(&c->err, ERR_FAILED, "that is too long") :
			      cli_put(c, &t->out);
	}
	logread_free(t->lr);
	regex_free(t->re);
	free(t->first.line);
	free(t->last.line);
	buf_fini(&t->out);
	free(t);
	return rc;
}

/* --- what is asked for --- */

static int
ask(struct cli *c, enum proto_verb verb, const char *text)
{
	char *names[] = { c->cmd->words[0], NULL };
	struct proto_request q = { .verb = verb, .names = names,
				   .text = text };

	return cli_call(c, &q, NULL);
}

static int
add(struct cli *c)
{
	char *line = join(c, c->cmd->words + 2);
	struct spec *s = line ? watchline_read(line, &c->quote, &c->err) :
				NULL;
	struct buf text = BUF_INIT(2 * SPEC_PACK_MAX);
	int rc = s ? watchline_pack(s, &text, &c->err) : -1;

	if (rc == 0)
		rc = ask(c, PROTO_V_WATCH_ADD, buf_str(&text));
	if (rc == 0)
		cli_say(c, "'%s' watches '%s' from now on; it goes with a "
			"reload unless it is in the file", c->cmd->words[0],
			s->watches[0].name);
	buf_fini(&text);
	spec_free(s);
	free(line);
	return rc;
}

static int
try_words(struct cli *c, uint32_t id)
{
	char *words[] = { "trial", c->cmd->words[1], "count", NULL };
	char *line = join(c, words);
	struct spec *s = line ? watchline_read(line, &c->quote, &c->err) :
				NULL;
	int rc = s ? try_pattern(c, id, &s->watches[0]) : -1;

	spec_free(s);
	free(line);
	return rc;
}

static int
too_few(struct cli *c, const char *wanted)
{
	err_set(&c->err, ERR_USAGE, "expected sbx watch %s", wanted);
	return err_hint(&c->err, "'sbx watch --help' shows examples");
}

/* rc is what came of it.  With JSON: the watches as they are now. */
static int
changed(struct cli *c, uint32_t id, int rc)
{
	struct model_proc *p;

	if (rc < 0 || !c->json)
		return rc;
	p = model_find(c->model, id);
	return p ? cli_put_values(c, p, NULL) : 0;
}

static int
do_watch(struct cli *c, struct model_proc *p)
{
	const char *word = c->cmd->words[1];
	size_t count = c->cmd->word_count;

	if (cli_given(c, CMD_OPT_STREAM) && count != 2)
		return err_set(&c->err, ERR_USAGE, "--stream goes with a "
			       "pattern alone; a watch has stream=NAME");
	if (!word)
		return cli_put_values(c, p, NULL);
	if (strcmp(word, "add") == 0)
		return count > 3 ? changed(c, p->id, add(c)) :
			too_few(c, "NAME add WATCH /PATTERN/ ACTION...");
	if (strcmp(word, "rm") == 0)
		return count == 3 ?
			changed(c, p->id, ask(c, PROTO_V_WATCH_RM,
					      c->cmd->words[2])) :
			too_few(c, "NAME rm WATCH");
	return count == 2 ? try_words(c, p->id) :
			    too_few(c, "NAME /PATTERN/");
}

int
cli_watch(struct cli *c)
{
	struct model_proc *p = NULL;

	if (cli_rows(c, 0) == 0)
		p = cli_one(c, c->cmd->words[0]);
	if (!p || do_watch(c, p) < 0)
		return cli_fail(c);
	return 0;
}
