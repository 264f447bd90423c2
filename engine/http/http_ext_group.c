/* Groups of the set, their variables and directories; those of the set. */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/words.h"
#include "client/client.h"
#include "client/model.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "http_server.h"
#include "spec/envrow.h"
#include "spec/proto.h"

/* What the engine said: rows in the order in which they apply. */
struct rows {
	char *text;
	struct envrow *row;
	size_t count;
};

static void
read_rows(struct rows *rs, const struct client_answer *a)
{
	char *at = rs->text = mem_str(a->reply ? a->reply->text : "");
	struct envrow row;

	rs->row = NULL;
	rs->count = 0;
	while (envrow_next(&at, &row)) {
		rs->row = mem_grow(rs->row, rs->count, rs->count + 1,
				   sizeof *rs->row);
		rs->row[rs->count++] = row;
	}
}

static void
rows_fini(struct rows *rs)
{
	free(rs->row);
	free(rs->text);
}

static bool
is_last(const struct rows *rs, size_t at)
{
	const struct envrow *one = &rs->row[at];

	for (size_t i = at + 1; i < rs->count; i++)
		if (rs->row[i].kind == ENVROW_ENV &&
		    strcmp(rs->row[i].group, one->group) == 0 &&
		    strcmp(rs->row[i].name, one->name) == 0)
			return false;
	return true;
}

/* The last word about each variable. */
static void
put_env(struct jsonout *j, const struct rows *rs, const char *group)
{
	jsonout_object(j, "env");
	for (size_t i = 0; i < rs->count; i++) {
		const struct envrow *row = &rs->row[i];
		size_t len = strlen(row->name);
		if (row->kind != ENVROW_ENV ||
		    strcmp(row->group, group) != 0 || !is_last(rs, i))
			continue;
		if (row->value)
			jsonout_keyn(j, row->name, len, row->value,
				     strlen(row->value));
		else
			jsonout_keyn_null(j, row->name, len);
	}
	jsonout_close(j);
}

static void
put_group(struct jsonout *j, const struct rows *rs, struct model *m,
	  const char *group)
{
	const char *cwd = NULL;
	size_t count = model_count(m);

	for (size_t i = 0; i < rs->count; i++)
		if (rs->row[i].kind == ENVROW_CWD &&
		    strcmp(rs->row[i].group, group) == 0)
			cwd = rs->row[i].value;
	jsonout_object(j, NULL);
	jsonout_string(j, "name", group);
	if (cwd)
		jsonout_string(j, "cwd", cwd);
	put_env(j, rs, group);
	jsonout_array(j, "processes");
	for (size_t i = 0; i < count; i++)
		if (words_have(model_at(m, i)->row->group, group))
			jsonout_string(j, NULL, model_at(m, i)->row->name);
	jsonout_close(j);
	jsonout_close(j);
}

/* --- which groups there are --- */

struct names {
	char **name;
	size_t count;
};

static bool
names_have(const struct names *ns, const char *name)
{
	for (size_t i = 0; i < ns->count; i++)
		if (strcmp(ns->name[i], name) == 0)
			return true;
	return false;
}

static void
names_add(struct names *ns, const char *name)
{
	if (names_have(ns, name))
		return;
	ns->name = mem_grow(ns->name, ns->count, ns->count + 1,
			    sizeof *ns->name);
	ns->name[ns->count++] = mem_str(name);
}

/* Those of the file and of run time, then those that only members know. */
static void
find_names(struct names *ns, const struct rows *rs, struct model *m)
{
	size_t count = model_count(m);

	*ns = (struct names){ .name = NULL };
	for (size_t i = 0; i < rs->count; i++)
		if (rs->row[i].group[0])
			names_add(ns, rs->row[i].group);
	for (size_t i = 0; i < count; i++) {
		const char *at = model_at(m, i)->row->group;
		for (char *word; (word = words_next(&at)); free(word))
			names_add(ns, word);
	}
}

static void
names_fini(struct names *ns)
{
	for (size_t i = 0; i < ns->count; i++)
		free(ns->name[i]);
	free(ns->name);
}

/* --- the answers --- */

static void
on_groups(struct http_request *r, struct http_api *api,
	  const struct client_answer *a, uint32_t proc)
{
	struct model *m = http_link_model(api->link);
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;
	struct names ns;
	struct rows rs;
	(void)proc;

	read_rows(&rs, a);
	find_names(&ns, &rs, m);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "groups");
	for (size_t i = 0; i < ns.count; i++)
		put_group(&j, &rs, m, ns.name[i]);
	jsonout_close(&j);
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
	names_fini(&ns);
	rows_fini(&rs);
}

static void
on_group(struct http_request *r, struct http_api *api,
	 const struct client_answer *a, uint32_t proc)
{
	struct model *m = http_link_model(api->link);
	const char *group = http_param(r, "group");
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;
	struct names ns;
	struct rows rs;
	(void)proc;

	read_rows(&rs, a);
	find_names(&ns, &rs, m);
	if (names_have(&ns, group)) {
		jsonout_begin_camel(&j, &b);
		put_group(&j, &rs, m, group);
		http_ext_send(r, &j);
	} else {
		http_problem(r, HTTP_E_NOT_FOUND, "not found: group %.100s",
			     group);
	}
	buf_fini(&b);
	names_fini(&ns);
	rows_fini(&rs);
}

static void
on_env(struct http_request *r, struct http_api *api,
       const struct client_answer *a, uint32_t proc)
{
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;
	struct rows rs;
	(void)api;
	(void)proc;

	read_rows(&rs, a);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	put_env(&j, &rs, "");
	jsonout_close(&j);
	http_ext_send(r, &j);
	buf_fini(&b);
	rows_fini(&rs);
}

static void
read_env(struct http_request *r, struct http_api *api, http_ext_fn *fn)
{
	struct proto_request q = { .verb = PROTO_V_ENV };

	http_ext_request(r, api, &q, fn, 0);
}

void
http_ext_groups(struct http_request *r, void *arg)
{
	read_env(r, arg, on_groups);
}

void
http_ext_group(struct http_request *r, void *arg)
{
	read_env(r, arg, on_group);
}

void
http_ext_env(struct http_request *r, void *arg)
{
	read_env(r, arg, on_env);
}

/* --- changes: the answer is how it is then --- */

static void
on_group_changed(struct http_request *r, struct http_api *api,
		 const struct client_answer *a, uint32_t proc)
{
	(void)a;
	(void)proc;
	read_env(r, api, on_group);
}

static void
on_env_changed(struct http_request *r, struct http_api *api,
	       const struct client_answer *a, uint32_t proc)
{
	(void)a;
	(void)proc;
	read_env(r, api, on_env);
}

static void
send_change(struct http_request *r, struct http_api *api, const char *group,
	    char *const *env, const char *cwd, http_ext_fn *fn)
{
	size_t count = strv_count(env);
	char **names = mem_array(count + 2, sizeof *names);
	struct proto_request q = {
		.verb = PROTO_V_ENV, .text = cwd, .names = names,
		.flags = group[0] ? PROTO_F_NEW_GROUP : 0,
	};
	names[0] = (char *)(uintptr_t)group;
	for (size_t i = 0; i < count; i++)
		names[i + 1] = env[i];
	http_ext_request(r, api, &q, fn, 0);
	free(names);
}

static void
change(struct http_request *r, struct http_api *api, const char *group,
       http_ext_fn *fn)
{
	json_t *body = http_json_body(r), *cwd = NULL;
	char **env = NULL;
	const struct http_field fields[] = {
		{ .name = "env", .type = HTTP_F_ENV, .out = &env },
	};

	if (!body)
		return;
	if (http_json_take(r, body, fields, ARRAY_LEN(fields)) < 0)
		goto out;
	/* Null is a word here: there is none any more. */
	cwd = group[0] ? json_object_get(body, "cwd") : NULL;
	if (cwd && !json_is_null(cwd) && !http_json_is_text(cwd))
		http_plain(r, 422, "'cwd' has to be a string or null");
	else if (json_is_string(cwd) && json_string_value(cwd)[0] != '/')
		http_problem(r, HTTP_E_INVALID, "%s",
			     "cwd has to be an absolute path");
	else
		send_change(r, api, group, env, !cwd ? NULL :
			    json_is_null(cwd) ? "-" : json_string_value(cwd),
			    fn);
out:
	strv_free(env);
	json_decref(body);
}

void
http_ext_group_change(struct http_request *r, void *arg)
{
	change(r, arg, http_param(r, "group"), on_group_changed);
}

void
http_ext_env_change(struct http_request *r, void *arg)
{
	change(r, arg, "", on_env_changed);
}

static void
on_dropped(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t proc)
{
	(void)api;
	(void)a;
	(void)proc;
	http_respond(r, 204, NULL, NULL);
}

void
http_ext_group_drop(struct http_request *r, void *arg)
{
	char *names[] = { (char *)(uintptr_t)http_param(r, "group"), NULL };
	struct proto_request q = { .verb = PROTO_V_ENV, .names = names,
				   .flags = PROTO_F_FORGET };

	http_ext_request(r, arg, &q, on_dropped, 0);
}
