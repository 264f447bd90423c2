/* set and env: what can be looked at and changed while the set runs. */

#include "cli_ctx.h"

#include <stdlib.h>
#include <string.h>

#include "jsonout.h"
#include "mem.h"
#include "option.h"
#include "rowfmt.h"
#include "set.h"

enum { LIST_MAX = 8 << 20 };

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
	if (one && !c->json) {
		buf_addf(&b, "%s\n",
			 options_text(o, (enum option_id)(one - option_rows)));
	} else if (one) {
		put_setting(c, &j, &b, one, options_text(o,
			    (enum option_id)(one - option_rows)));
		buf_addc(&b, '\n');
	} else {
		if (c->json) {
			jsonout_object(&j, NULL);
			jsonout_int(&j, "version", 1);
			jsonout_array(&j, "settings");
		}
		for (int i = 0; i < OPTION_COUNT; i++)
			if (option_rows[i].built)
				put_setting(c, &j, &b, &option_rows[i],
					    options_text(o,
							 (enum option_id)i));
		if (c->json) {
			jsonout_close(&j);
			jsonout_close(&j);
			buf_addc(&b, '\n');
		}
	}
	int rc = cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

/* Those of the engine; where none runs those of the file. */
static struct options *
settings_of(struct cli *c)
{
	struct proto_request q = { .verb = PROTO_V_GET, .text = "" };
	struct client_result r = { .text = NULL };
	struct options *o = NULL;

	if (cli_connect(c, false) < 0) {
		if (c->err.code == ERR_NO_ENGINE && c->session.dir.key &&
		    session_load(&c->session, &c->err) == 0)
			o = options_dup(c->session.set->options);
		return o;
	}
	if (client_call(c->client, &q, &r, &c->err) < 0)
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
		rc = client_call(c->client, &q, NULL, &c->err);
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
	if (cmd->word_count == 2)
		return change(c) < 0 ? cli_fail(c) : 0;
	struct options *o = settings_of(c);
	int rc = o ? put_settings(c, o, row) : -1;
	options_free(o);
	return rc < 0 ? cli_fail(c) : 0;
}

/* --- env --- */

static void
put_json_word(struct jsonout *j, const char *text, size_t len)
{
	char *word = mem_strn(text, len), *to = word;

	for (const char *p = word; *p; p++) {
		bool escaped = *p == '\\' && p[1];
		p += escaped;
		*to++ = escaped && *p == 'n' ? '\n' : *p;
	}
	*to = '\0';
	char *eq = strchr(word, '=');
	if (eq) {
		jsonout_stringn(j, "name", word, (size_t)(eq - word));
		jsonout_string(j, "value", eq + 1);
	} else {
		jsonout_string(j, "name", word + 1);
		jsonout_null(j, "value");
	}
	free(word);
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
		jsonout_array(&j, "env");
	}
	while (*text) {
		const char *group = text, *source, *word;
		size_t group_len = strcspn(text, "\t");
		source = group + group_len + 1;
		size_t source_len = strcspn(source, "\t");
		word = source + source_len + 1;
		size_t len = strcspn(word, "\n");
		text = word + len + (word[len] == '\n');
		if (c->json) {
			jsonout_object(&j, NULL);
			if (group_len)
				jsonout_stringn(&j, "group", group, group_len);
			put_json_word(&j, word, len);
			jsonout_stringn(&j, "source", source, source_len);
			jsonout_close(&j);
			continue;
		}
		char *plain = mem_strn(word, len);
		if (group_len)
			buf_addf(&b, "%.*s: ", (int)group_len, group);
		rowfmt_plain(&b, plain);
		buf_addf(&b, "%s\n", source[0] == 'r' ? "  (run time)" : "");
		free(plain);
	}
	if (c->json) {
		jsonout_close(&j);
		jsonout_close(&j);
		buf_addc(&b, '\n');
	}
	int rc = cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

int
cli_env(struct cli *c)
{
	char *const *words = c->cmd->words;
	bool has_group = c->cmd->word_count > 0 && words[0][0] != '-' &&
			 !strchr(words[0], '=');
	char **names = mem_array(c->cmd->word_count + 2, sizeof *names);
	struct proto_request q = { .verb = PROTO_V_ENV, .names = names };
	struct client_result r = { .text = NULL };
	static char none[] = "";
	size_t n = 0;

	names[n++] = has_group ? words[0] : none;
	for (size_t i = has_group; i < c->cmd->word_count; i++)
		names[n++] = words[i];
	int rc = cli_connect(c, false);
	if (rc == 0)
		rc = client_call(c->client, &q, &r, &c->err);
	if (rc == 0 && n == 1)
		rc = put_env(c, r.text);
	client_result_fini(&r);
	free(names);
	return rc < 0 ? cli_fail(c) : 0;
}
