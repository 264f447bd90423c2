/* ls, show, values: what is known about processes. */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "buf.h"
#include "cli_runs.h"
#include "clock.h"
#include "jsonout.h"
#include "logread.h"
#include "mem.h"
#include "rowfmt.h"
#include "timetext.h"
#include "units.h"

enum { OUT_MAX = 64 << 20 };

struct filter {
	uint32_t statuses;	/* bits of 1 << enum status */
	const char *group;
	uint64_t after, limit;	/* limit 0: none */
	int64_t since_ms;
};

static int
parse_statuses(struct cli *c, const char *text, uint32_t *bits)
{
	const char *names[STATUS_COUNT];

	for (int i = 0; i < STATUS_COUNT; i++)
		names[i] = status_name((enum status)i);
	while (*text) {
		size_t len = strcspn(text, ",");
		int s = status_find(text, len);
		if (s < 0) {
			char *word = mem_strn(text, len);
			const char *near = table_nearest(word, names,
							 STATUS_COUNT);
			err_set(&c->err, ERR_USAGE,
				"there is no status '%.60s'", word);
			free(word);
			return near ? err_hint(&c->err, "did you mean '%s'?",
					       near) : -1;
		}
		*bits |= 1u << s;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int
parse_filter(struct cli *c, struct filter *f)
{
	const struct cmd_arg *after = cli_arg(c, CMD_OPT_AFTER);
	const struct cmd_arg *since = cli_arg(c, CMD_OPT_SINCE);

	*f = (struct filter){
		.group = cli_arg(c, CMD_OPT_GROUP_OF)->text,
		.limit = cli_arg(c, CMD_OPT_LIMIT)->number,
	};
	if (cli_given(c, CMD_OPT_LIMIT) && f->limit == 0)
		return err_set(&c->err, ERR_USAGE, "--limit: 0 of them is "
			       "nothing to show");
	if (cli_given(c, CMD_OPT_STATUS_IS) &&
	    parse_statuses(c, cli_arg(c, CMD_OPT_STATUS_IS)->text,
			   &f->statuses) < 0)
		return -1;
	if (after->given && units_uint(after->text, 0, UINT32_MAX,
				       &f->after) < 0)
		return err_set(&c->err, ERR_USAGE, "--after: '%.60s' is not "
			       "a cursor", after->text);
	if (since->given)
		return timetext_parse(since->text, clock_wall_ms(),
				      &f->since_ms, &c->err);
	return 0;
}

static bool
passes(const struct filter *f, const struct proc_row *r)
{
	if (r->order <= f->after && f->after)
		return false;
	if (f->statuses && !(f->statuses & 1u << r->status))
		return false;
	if (f->since_ms &&
	    SBX_MAX(r->created_at_ms, r->started_at_ms) < f->since_ms)
		return false;
	if (!f->group)
		return true;
	for (const char *p = r->group; *p;) {
		size_t len = strcspn(p, " ");
		if (len == strlen(f->group) && memcmp(p, f->group, len) == 0)
			return true;
		p += len + (p[len] == ' ');
	}
	return false;
}

/* A group lives by its members: one that nobody is in is misspelt. */
static int
check_group(struct cli *c, const char *group)
{
	size_t count = model_count(c->model), known = 0;
	struct filter f = { .group = group };
	char **words = NULL;
	bool any = group == NULL;

	for (size_t i = 0; i < count && !any; i++) {
		const struct proc_row *r = model_at(c->model, i)->row;
		any = passes(&f, r);
		for (const char *p = r->group; *p && !any;) {
			size_t len = strcspn(p, " ");
			words = mem_grow(words, known, known + 1,
					 sizeof *words);
			words[known++] = mem_strn(p, len);
			p += len + (p[len] == ' ');
		}
	}
	if (!any) {
		const char *near = table_nearest(group,
			(const char *const *)words, known);
		err_set(&c->err, ERR_NO_PROCESS, "no process is in a group "
			"'%.100s'", group);
		if (near)
			err_hint(&c->err, "did you mean '%s'?", near);
	}
	while (known > 0)
		free(words[--known]);
	free(words);
	return any ? 0 : -1;
}

static int
put_list(struct cli *c, struct model_proc *const *procs, size_t count)
{
	const struct proc_row **rows = mem_array(count + 1, sizeof *rows);
	struct buf b = BUF_INIT(OUT_MAX);

	for (size_t i = 0; i < count; i++)
		rows[i] = procs[i]->row;
	int rc = rowfmt_list(&b, rows, count, clock_wall_ms(), c->colours,
			     c->out_columns);
	rc = rc < 0 ? err_set(&c->err, ERR_FAILED, "the list is too long") :
		      cli_put(c, &b);
	buf_fini(&b);
	free(rows);
	return rc;
}

/* The cursor is a place in the list: the order of the last one shown. */
int
cli_ls(struct cli *c)
{
	struct filter f;
	uint32_t next = 0;
	size_t count = 0;

	/* The table shows no figures of trees: then none are taken. */
	if (parse_filter(c, &f) < 0 ||
	    cli_rows(c, c->json ? PROTO_SUB_STATS : 0) < 0 ||
	    check_group(c, f.group) < 0)
		return cli_fail(c);
	size_t all = model_count(c->model);
	struct model_proc **procs = mem_array(all + 1, sizeof *procs);
	for (size_t i = 0; i < all; i++) {
		struct model_proc *p = model_at(c->model, i);
		if (!passes(&f, p->row))
			continue;
		if (f.limit && count == f.limit) {
			next = procs[count - 1]->row->order;
			break;
		}
		procs[count++] = p;
	}
	int rc = c->json ? cli_put_rows(c, procs, count, next) :
			   put_list(c, procs, count);
	if (rc == 0 && next && !c->json)
		cli_say(c, "more with --after %u", next);
	free(procs);
	return rc < 0 ? cli_fail(c) : 0;
}

static int
put_process(struct cli *c, const struct proc_row *r, const struct logread *lr)
{
	struct buf b = BUF_INIT(OUT_MAX);
	int64_t now_ms = clock_wall_ms();
	int rc;

	if (c->json) {
		struct jsonout j;
		jsonout_begin(&j, &b);
		jsonout_object(&j, NULL);
		rowfmt_json_keys(&j, r, now_ms);
		runs_json(&j, lr);
		jsonout_close(&j);
		rc = jsonout_end(&j) | buf_addc(&b, '\n');
	} else {
		rc = rowfmt_show(&b, r, now_ms, c->colours);
		rc |= runs_text(&b, lr, now_ms);
	}
	rc = rc < 0 ? err_set(&c->err, ERR_FAILED, "that is too long") :
		      cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

int
cli_show(struct cli *c)
{
	struct model_proc *p = NULL;
	struct cli_log log = { .lr = NULL };

	if (cli_rows(c, PROTO_SUB_STATS) == 0)
		p = cli_one(c, c->cmd->words[0]);
	uint32_t id = p ? p->id : 0;
	int rc = p ? cli_log_open(c, id, &log) : -1;
	/* The loop has turned: its row may be a newer one. */
	if (rc == 0)
		rc = put_process(c, cli_row(c, id), log.lr);
	logread_free(log.lr);
	return rc < 0 ? cli_fail(c) : 0;
}

/* --- values --- */

static int
check_values(struct client *client, const struct client_answer *a,
	     struct cli *c)
{
	(void)client;
	if (a->err) {
		c->err = *a->err;
		return -1;
	}
	if (model_take(c->model, a->frame, NULL) < 0)
		return err_set(&c->err, ERR_INTERNAL,
			       "the engine's answer is malformed");
	return 0;
}

struct got {
	struct cli *cli;
	bool done;
	int rc;
};

static void
on_values(struct client *client, const struct client_answer *a, void *arg)
{
	struct got *g = arg;
	g->rc = check_values(client, a, g->cli);
	g->done = true;
}

static void
json_value(struct jsonout *j, const struct proto_value *v)
{
	jsonout_object(j, NULL);
	jsonout_string(j, "name", v->name);
	if (v->unit[0])
		jsonout_string(j, "unit", v->unit);
	if (v->numeric)
		jsonout_double(j, "last", v->last_number);
	else if (v->last[0])
		jsonout_string(j, "last", v->last);
	jsonout_uint(j, "count", v->count);
	if (v->numeric) {
		jsonout_double(j, "min", v->min);
		jsonout_double(j, "max", v->max);
		jsonout_double(j, "mean", v->mean);
		jsonout_double(j, "p95", v->p95);
		jsonout_array(j, "samples");
		for (uint32_t i = 0; i < v->sample_count; i++)
			jsonout_double(j, NULL, v->samples[i]);
		jsonout_close(j);
	}
	if (v->off)
		jsonout_bool(j, "off", true);
	jsonout_close(j);
}

static int
text_value(struct buf *b, const struct proto_value *v)
{
	int r = rowfmt_plain(b, v->name);
	r |= buf_addf(b, "  count %llu", (unsigned long long)v->count);
	if (v->numeric)
		r |= buf_addf(b, "  last %.6g%s  min %.6g  max %.6g  "
			      "mean %.6g  p95 %.6g", v->last_number, v->unit,
			      v->min, v->max, v->mean, v->p95);
	if (!v->numeric && v->last[0]) {
		r |= buf_adds(b, "  last ");
		r |= rowfmt_plain(b, v->last);
	}
	if (v->off)
		r |= buf_adds(b, "  (off: its pattern hit the match limit)");
	r |= buf_addc(b, '\n');
	return r;
}

/* "latency" is the watch and the values of its groups, "latency.ms". */
static bool
is_of_watch(const char *name, const char *watch)
{
	size_t len = strlen(watch);
	return strncmp(name, watch, len) == 0 &&
	       (name[len] == '\0' || name[len] == '.');
}

static int
put_values(struct cli *c, const struct model_proc *p, const char *watch)
{
	struct buf b = BUF_INIT(OUT_MAX);
	struct jsonout j;
	size_t shown = 0;
	int rc = 0;

	if (c->json) {
		jsonout_begin(&j, &b);
		jsonout_object(&j, NULL);
		jsonout_int(&j, "version", 1);
		jsonout_array(&j, "values");
	}
	for (size_t i = 0; i < p->value_count; i++) {
		const struct proto_value *v = &p->values[i];
		if (watch && !is_of_watch(v->name, watch))
			continue;
		shown++;
		if (c->json)
			json_value(&j, v);
		else
			rc |= text_value(&b, v);
	}
	if (c->json) {
		jsonout_close(&j);
		jsonout_close(&j);
		rc = jsonout_end(&j) | buf_addc(&b, '\n');
	}
	if (rc < 0)
		rc = err_set(&c->err, ERR_FAILED, "that is too long");
	else if (watch && shown == 0)
		rc = err_set(&c->err, ERR_FAILED, "'%s' has no watch '%.64s'",
			     p->row->name, watch);
	else
		rc = cli_put(c, &b);
	if (rc == 0 && shown == 0)
		cli_say(c, "'%s' has no watches", p->row->name);
	buf_fini(&b);
	return rc;
}

int
cli_put_values(struct cli *c, struct model_proc *p, const char *watch)
{
	struct got g = { .cli = c };

	int r = client_values(c->client, p->id, on_values, &g);
	if (r < 0)
		return err_set(&c->err, ERR_NO_ENGINE,
			       "asking the engine: %s", strerror(-r));
	if (client_wait(c->client, &g.done, 0, &c->err) < 0 || g.rc < 0)
		return -1;
	return put_values(c, p, watch);
}

int
cli_values(struct cli *c)
{
	struct model_proc *p = NULL;

	if (cli_rows(c, 0) == 0)
		p = cli_one(c, c->cmd->words[0]);
	if (!p || cli_put_values(c, p, c->cmd->words[1]) < 0)
		return cli_fail(c);
	return 0;
}
