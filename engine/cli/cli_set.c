/* set and env: what can be looked at and changed while the set runs. */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "base/jsonout.h"
#include "base/mem.h"
#include "conf/option.h"
#include "conf/set.h"
#include "spec/envrow.h"
#include "text/rowfmt.h"

enum { LIST_MAX = 8 << 20 };

/* The end of the answer: what is open of the JSON is closed. */
static int
finish(struct cli *c, struct jsonout *j, struct buf *b)
{
	while (c->json && j->depth > 0)
		jsonout_close(j);
	if (c->json)
		buf_addc(b, '\n');
	int rc = cli_put(c, b);
	buf_fini(b);
	return rc;
}

/* --- set --- */

static void
put_setting(struct cli *c, struct jsonout *j, struct buf *b,
	    const struct option_row *row, const char *value)
{
	if (!c->json) {
		buf_addf(b, "%-22s %s\n", row->row.name, value);
		return;
	}
	jsonout_object(j, NULL);
	jsonout_string(j, "key", row->row.name);
	jsonout_string(j, "value", value);
	jsonout_string(j, "default", row->standard);
	jsonout_bool(j, "run_time", row->engine && row->runtime);
	jsonout_close(j);
}

static int
put_settings(struct cli *c, const struct options *o,
	     const struct option_row *one)
{
	struct buf b = BUF_INIT(LIST_MAX);
	struct jsonout j;

	jsonout_begin(&j, &b);
	if (!one && c->json) {
		jsonout_object(&j, NULL);
		jsonout_int(&j, "version", 1);
		jsonout_array(&j, "settings");
	}
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		const char *value = options_text(o, (enum option_id)i);
		if (one == row && !c->json)
			buf_addf(&b, "%s\n", value);
		else if (one ? one == row : row->built)
			put_setting(c, &j, &b, row, value);
	}
	return finish(c, &j, &b);
}

/* Those of the engine; where none runs those of the file. */
static struct options *
settings_of(struct cli *c)
{
	struct proto_request q = { .verb = PROTO_V_GET, .text = "" };
	struct client_result r = { .text = NULL };
	struct options *o = NULL;

	if (cli_connect(c, false) < 0) {
		if (c->err.code != ERR_NO_ENGINE || !c->session.dir.key)
			return NULL;
		if (session_load(&c->session, &c->err) == 0)
			o = options_dup(c->session.set->options);
		else
			err_hint(&c->err, "'sbx check' tells more");
		return o;
	}
	if (cli_call(c, &q, &r) < 0)
		return NULL;
	o = options_new();
	for (char *p = r.text; *p;) {
		size_t len = strcspn(p, "\n");
		char *line = mem_strn(p, len), *value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		const struct option_row *row = option_get(line, NULL);
		if (row && value)
			(void)options_set(o, row, value, NULL);
		free(line);
		p += len + (p[len] == '\n');
	}
	client_result_fini(&r);
	return o;
}

static int
change(struct cli *c)
{
	char *line = mem_fmt("%s %s", c->cmd->words[0], c->cmd->words[1]);
	struct proto_request q = { .verb = PROTO_V_SET, .text = line };
	int rc = cli_connect(c, false);

	if (rc == 0)
		rc = cli_call(c, &q, NULL);
	free(line);
	return rc;
}

int
cli_set(struct cli *c)
{
	const struct cmd *cmd = c->cmd;
	const struct option_row *row = NULL;

	if (cmd->word_count > 0) {
		row = option_get(cmd->words[0], &c->err);
		if (!row)
			return cli_fail(c);
	}
	if (cmd->word_count == 2 && change(c) < 0)
		return cli_fail(c);
	if (cmd->word_count == 2 && !c->json)
		return 0;
	struct options *o = settings_of(c);
	int rc = o ? put_settings(c, o, row) : -1;
	options_free(o);
	return rc < 0 ? cli_fail(c) : 0;
}

/* --- env --- */

static void
json_row(struct jsonout *j, const struct envrow *row)
{
	jsonout_object(j, NULL);
	if (row->group[0])
		jsonout_string(j, "group", row->group);
	if (row->kind == ENVROW_CWD) {
		jsonout_string(j, "cwd", row->value);
	} else {
		jsonout_string(j, "name", row->name);
		if (row->value)
			jsonout_string(j, "value", row->value);
		else
			jsonout_null(j, "value");
	}
	jsonout_string(j, "source", row->run_time ? "run time" : "sbxrc");
	jsonout_close(j);
}

static void
text_row(struct buf *b, const struct envrow *row)
{
	if (row->group[0])
		buf_addf(b, "%s: ", row->group);
	if (row->kind == ENVROW_CWD)
		buf_adds(b, "directory ");
	else
		buf_addf(b, "%s%s%s", row->value ? "" : "-", row->name,
			 row->value ? "=" : "");
	if (row->value)
		rowfmt_plain(b, row->value);
	buf_addf(b, "%s\n", row->run_time ? "  (run time)" : "");
}

/* The variables, then with JSON the directories in an array of their own. */
static void
put_rows(struct cli *c, struct buf *b, struct jsonout *j, const char *text,
	 enum envrow_kind kind)
{
	char *copy = mem_str(text), *at = copy;
	struct envrow row;

	if (c->json)
		jsonout_array(j, kind == ENVROW_CWD ? "cwd" : "env");
	while (envrow_next(&at, &row))
		if (row.kind == kind && c->json)
			json_row(j, &row);
		else if (row.kind == kind)
			text_row(b, &row);
	if (c->json)
		jsonout_close(j);
	free(copy);
}

static int
put_env(struct cli *c, const char *text)
{
	struct buf b = BUF_INIT(LIST_MAX);
	struct jsonout j;

	jsonout_begin(&j, &b);
	if (c->json) {
		jsonout_object(&j, NULL);
		jsonout_int(&j, "version", 1);
	}
	put_rows(c, &b, &j, text, ENVROW_ENV);
	put_rows(c, &b, &j, text, ENVROW_CWD);
	return finish(c, &j, &b);
}

/* Where --cwd is from here; "-" stays: the group has none any more. */
static char *
group_cwd(struct cli *c)
{
	const char *dir = cli_arg(c, CMD_OPT_CWD)->text;

	if (!dir)
		return NULL;
	return strcmp(dir, "-") ? cli_absolute(c, dir) : mem_str(dir);
}

int
cli_env(struct cli *c)
{
	char *const *words = c->cmd->words;
	bool has_group = c->cmd->word_count > 0 && words[0][0] != '-' &&
			 !strchr(words[0], '=');
	char **names = mem_array(c->cmd->word_count + 2, sizeof *names);
	char *cwd = group_cwd(c);
	struct proto_request q = { .verb = PROTO_V_ENV, .names = names,
				   .text = cwd };
	struct client_result r = { .text = NULL };
	static char none[] = "";
	size_t n = 0;

	names[n++] = has_group ? words[0] : none;
	for (size_t i = has_group; i < c->cmd->word_count; i++)
		names[n++] = words[i];
	int rc = !cwd && cli_given(c, CMD_OPT_CWD) ? -1 :
						     cli_connect(c, false);
	if (rc == 0)
		rc = cli_call(c, &q, &r);
	bool asked = n == 1 && !cwd;
	if (rc == 0 && !asked && c->json) {
		/* What it is now. */
		client_result_fini(&r);
		q.text = NULL;
		names[1] = NULL;
		rc = cli_call(c, &q, &r);
		asked = true;
	}
	if (rc == 0 && asked)
		rc = put_env(c, r.text);
	client_result_fini(&r);
	free(names);
	free(cwd);
	return rc < 0 ? cli_fail(c) : 0;
}
