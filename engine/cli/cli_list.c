/* ls, show, values: what is known about processes. */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/timetext.h"
#include "base/units.h"
#include "cli_runs.h"
#include "cli_tree.h"
#include "client/procfilter.h"
#include "log/logread.h"
#include "text/rowfmt.h"
#include "text/valuefmt.h"

enum { OUT_MAX = 64 << 20 };

/* "A..B", either of them may be left out. */
static int
parse_created(struct cli *c, struct procfilter *f)
{
	const char *text = cli_arg(c, CMD_OPT_CREATED)->text;
	const char *dots = strstr(text, "..");
	int64_t now_ms = clock_wall_ms();
	int rc = 0;

	if (!dots || strlen(text) == 2)
		return err_set(&c->err, ERR_USAGE, "--created: '%.60s' is not "
			       "a range like 12:00..13:00 or 1h..", text);
	char *from = mem_strn(text, (size_t)(dots - text));
	if (from[0])
		rc = timetext_parse(from, now_ms, &f->created_from_ms,
				    &c->err);
	if (rc == 0 && dots[2])
		rc = timetext_parse(dots + 2, now_ms, &f->created_until_ms,
				    &c->err);
	free(from);
	return rc;
}

static int
parse_filter(struct cli *c, struct procfilter *f)
{
	const struct cmd_arg *after = cli_arg(c, CMD_OPT_AFTER);
	const struct cmd_arg *since = cli_arg(c, CMD_OPT_SINCE);

	*f = (struct procfilter){
		.group = cli_arg(c, CMD_OPT_GROUP_OF)->text,
		.limit = cli_arg(c, CMD_OPT_LIMIT)->number,
	};
	const char *status = cli_arg(c, CMD_OPT_STATUS_IS)->text;
	if (status && !status[0])
		return err_set(&c->err, ERR_USAGE, "--status wants one");
	if (cli_given(c, CMD_OPT_LIMIT) && f->limit == 0)
		return err_set(&c->err, ERR_USAGE, "--limit: 0 of them is "
			       "nothing to show");
	if (status && procfilter_statuses(status, &f->statuses, &c->err) < 0)
		return -1;
	if (after->given && units_uint(after->text, 0, UINT32_MAX,
				       &f->after) < 0)
		return err_set(&c->err, ERR_USAGE, "--after: '%.60s' is not "
			       "a cursor", after->text);
	if (cli_given(c, CMD_OPT_CREATED) && parse_created(c, f) < 0)
		return -1;
	if (since->given)
		return timetext_parse(since->text, clock_wall_ms(),
				      &f->since_ms, &c->err);
	return 0;
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

int
cli_ls(struct cli *c)
{
	struct procfilter f;
	struct model_proc **procs, **named = NULL;
	uint32_t next;
	int n = 0;

	/* The table shows no figures of trees: then none are taken. */
	if (parse_filter(c, &f) < 0 ||
	    cli_rows(c, c->json ? PROTO_SUB_STATS : 0) < 0 ||
	    procfilter_check_group(c->model, f.group, &c->err) < 0)
		return cli_fail(c);
	if (c->cmd->word_count)
		n = cli_select(c, 0, true, &named);
	if (n < 0)
		return cli_fail(c);
	f.among = named;
	f.among_count = (size_t)n;
	size_t count = procfilter_list(&f, c->model, &procs, &next);
	int rc = c->json ? cli_put_rows(c, procs, count, next) :
			   put_list(c, procs, count);
	if (rc == 0 && next && !c->json)
		cli_say(c, "more with --after %u", next);
	free(procs);
	free(named);
	return rc < 0 ? cli_fail(c) : 0;
}

static int
put_process(struct cli *c, const struct proc_row *r,
	    const struct cli_tree *tree, const struct logread *lr)
{
	struct buf b = BUF_INIT(OUT_MAX);
	int64_t now_ms = clock_wall_ms();
	int rc;

	if (c->json) {
		struct jsonout j;
		jsonout_begin(&j, &b);
		jsonout_object(&j, NULL);
		rowfmt_json_keys(&j, r, now_ms);
		cli_tree_json(&j, tree);
		runs_json(&j, lr);
		jsonout_close(&j);
		rc = jsonout_end(&j) | buf_addc(&b, '\n');
	} else {
		rc = rowfmt_show(&b, r, now_ms, c->colours);
		rc |= cli_tree_text(&b, tree);
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
	struct cli_tree tree = { .text = NULL };
	/* On a full disk there may be no log; all else is known then. */
	bool logged = p && cli_log_open(c, id, &log) == 0;
	int rc = p ? cli_tree_ask(c, c->cmd->words[0], &tree) : -1;
	if (rc == 0 && !logged)
		cli_say(c, "%s", c->err.text);
	/* The loop has turned: its row may be a newer one. */
	if (rc == 0)
		rc = put_process(c, cli_row(c, id), &tree, log.lr);
	cli_tree_fini(&tree);
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
		if (watch && !valuefmt_is_of(v->name, watch))
			continue;
		shown++;
		if (c->json)
			valuefmt_json(&j, v);
		else
			rc |= valuefmt_text(&b, v);
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
	uint32_t id = p->id;

	do {
		struct got g = { .cli = c };
		int r = client_values(c->client, id, on_values, &g);
		if (r < 0)
			err_set(&c->err, ERR_NO_ENGINE,
				"asking the engine: %s", strerror(-r));
		else if (client_wait(c->client, &g.done, 0, &c->err) == 0 &&
			 g.rc == 0)
			return put_values(c, p, watch);
	} while (cli_come_again(c) && (p = model_find(c->model, id)));
	return -1;
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
