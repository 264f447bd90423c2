/*
 * Making a process: a name for it, the engine's answer, its first row.
 */

#include "http_api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "child/spawn.h"
#include "client/client.h"
#include "client/joingroup.h"
#include "client/model.h"
#include "http_json.h"
#include "http_link.h"
#include "spec/spec.h"

enum { TALK_MAX = 8 << 10 };

extern char **environ;

struct http_adding {
	struct list node;
	struct http_api *api;
	char name[SPEC_NAME_MAX + 16];
	struct spec *spec;
	unsigned flags;
	struct link_ask *ask;		/* NULL: answered */
	struct link_wait *wait;		/* for another engine */
	struct link_watch *watch;
	uint32_t id;			/* 0: not answered yet */
	bool cancelled, kill;
	bool ending;			/* the engine was told to forget it */
	http_added_fn *fn;
	void *arg;
};

static void
release(struct http_adding *g)
{
	http_link_unwatch(g->watch);
	list_del(&g->node);
	spec_free(g->spec);
	free(g);
}

static void
finish(struct http_adding *g, struct model_proc *p, const struct err *e)
{
	http_added_fn *fn = g->fn;
	void *arg = g->arg;

	release(g);
	fn(p, e, arg);
}

/* As systems say it that name the number too; what is wrong with another
 * thing than the program says which. */
static void
set_spawn_error(struct err *e, const struct proc_row *row)
{
	bool program = row->fail_step == SPAWN_EXEC;
	char number[32] = "";

	if (row->fail_error)
		snprintf(number, sizeof number, " (os error %u)",
			 row->fail_error);
	err_set(e, ERR_INTERNAL, "failed to spawn process: %s%s",
		program ? strerror((int)row->fail_error) : row->reason,
		number);
}

static void
end_it(struct http_adding *g, const struct proc_row *row, enum proto_verb verb)
{
	struct client *c = http_link_client(g->api->link);

	http_api_tell(g->api, row, verb);
	if (c)
		client_log_close(c, row->id);
}

static void
on_row(struct model_proc *p, unsigned what, void *arg)
{
	struct http_adding *g = arg;
	struct err e = ERR_INIT;

	if (what & LINK_BACK) {
		g->ending = false;
		p = model_find(http_link_model(g->api->link), g->id);
		what = LINK_ROW;
	}
	if (!p || !(what & (LINK_ROW | LINK_GONE)))
		return;
	enum status status = p->row->status;
	if (g->cancelled) {
		if (g->kill)
			end_it(g, p->row, PROTO_V_KILL);
		release(g);
	} else if (status == STATUS_ERROR && !(what & LINK_GONE)) {
		/* Who hears of it does not find it in the list. */
		if (!g->ending)
			end_it(g, p->row, PROTO_V_RM);
		g->ending = true;
	} else if (status == STATUS_ERROR) {
		set_spawn_error(&e, p->row);
		finish(g, NULL, &e);
	} else if (what & LINK_GONE) {
		err_set(&e, ERR_INTERNAL, "it was forgotten at once");
		finish(g, NULL, &e);
	} else if (status != STATUS_STARTING || p->row->pid) {
		finish(g, p, NULL);
	}
}

static bool
is_taken(struct http_api *api, const char *name)
{
	list_each(n, &api->adding)
		if (strcmp(container_of(n, struct http_adding, node)->name,
			   name) == 0)
			return true;
	return model_find_name(http_link_model(api->link), name) != NULL;
}

/* After its command, and unlike any other. */
static void
choose_name(struct http_adding *g, const struct spec_args *a)
{
	struct http_api *api = g->api;
	char out[sizeof g->name];
	char base[SPEC_NAME_MAX + 1];
	const char *slash = a->argv ? strrchr(a->argv[0], '/') : NULL;
	const char *text = !a->argv ? a->command :
			   slash && slash[1] ? slash + 1 : a->argv[0];

	spec_guess_name(text, base);
	base[SPEC_NAME_MAX - 12] = '\0';
	/* One that has the group's name would be taken for it once it is
	 * gone. */
	snprintf(out, sizeof out, "%s", base);
	while (strcmp(out, HTTP_API_GROUP) == 0 || is_taken(api, out))
		snprintf(out, sizeof out, "%s-%u", base, ++api->names + 1);
	memcpy(g->name, out, sizeof out);
}

static void
give_up(struct http_adding *g, const struct err *e)
{
	if (g->cancelled)
		release(g);
	else
		finish(g, NULL, e);
}

static void
follow(struct http_adding *g, uint32_t id)
{
	g->id = id;
	g->watch = http_link_watch(g->api->link, id, on_row, g);
}

static void on_answer(const struct client_answer *a, void *arg);

/* 0 or -1. */
static int
ask(struct http_adding *g, struct err *e)
{
	struct client *c = http_link_client(g->api->link);
	int r = -EPIPE;

	g->ask = http_link_ask(g->api->link, on_answer, g);
	if (c)
		r = client_add(c, g->flags, environ, g->spec, NULL, 0,
			       http_link_answered, g->ask);
	if (r == 0)
		return 0;
	http_link_ask_drop(g->ask);
	g->ask = NULL;
	return r == -EMSGSIZE ?
		err_set(e, ERR_USAGE, "command and environment are too large "
			"for one message") :
		err_set(e, ERR_NO_ENGINE, "asking the engine: %s",
			strerror(-r));
}

/* The engine was lost before it answered.  The one that it had made has a
 * name that no other has. */
static void
on_settled(void *arg)
{
	struct http_adding *g = arg;
	struct model_proc *p = model_find_name(http_link_model(g->api->link),
					       g->spec->name);
	struct err e = ERR_INIT;

	g->wait = NULL;
	if (p) {
		follow(g, p->id);
		on_row(p, LINK_ROW, g);
	} else if (ask(g, &e) < 0) {
		give_up(g, &e);
	}
}

static void
on_answer(const struct client_answer *a, void *arg)
{
	struct http_adding *g = arg;
	struct err e = ERR_INIT;

	g->ask = NULL;
	if (a->err && a->err->code == ERR_NO_ENGINE) {
		g->wait = http_link_settle(g->api->link, on_settled, g);
	} else if (a->err) {
		e = *a->err;
		give_up(g, &e);
	} else if (!a->reply || a->reply->id_count != 1) {
		err_set(&e, ERR_INTERNAL, "the engine's answer is malformed");
		give_up(g, &e);
	} else {
		/* Its first row comes behind the answer. */
		follow(g, a->reply->ids[0]);
	}
}

/* One that the sbxrc names has variables and a directory. */
static int
join_group(struct http_adding *g, const struct spec_args *a, struct err *e)
{
	struct client *c = http_link_client(g->api->link);
	struct buf talk = BUF_INIT(TALK_MAX);
	int rc = !c ? 0 : joingroup(client_hello(c)->rc_path, true, a->group,
				    g->spec, a->own_cwd, &talk, e);

	buf_fini(&talk);
	return rc;
}

/* What is wrong with the words is said at once. */
static int
begin(struct http_adding *g, const struct spec_args *a, struct err *e)
{
	struct spec_args args = *a;

	args.by = HTTP_API_BY;
	if (!args.group)
		args.group = HTTP_API_GROUP;
	if (!args.name) {
		choose_name(g, a);
		args.name = g->name;
	}
	g->spec = spec_from_args(&args, e);
	if (!g->spec || (a->group && join_group(g, a, e) < 0))
		return -1;
	return ask(g, e);
}

struct http_adding *
http_api_add(struct http_api *api, const struct spec_args *a, unsigned flags,
	     http_added_fn *fn, void *arg)
{
	struct http_adding *g = mem_alloc(sizeof *g);
	struct err e = ERR_INIT;

	*g = (struct http_adding){ .api = api, .flags = flags, .fn = fn,
				   .arg = arg };
	list_init(&g->node);
	if (begin(g, a, &e) == 0) {
		list_add_tail(&api->adding, &g->node);
		return g;
	}
	spec_free(g->spec);
	free(g);
	fn(NULL, &e, arg);
	return NULL;
}

/* What the engine has been asked for it makes all the same. */
void
http_api_add_cancel(struct http_adding *g, bool kill)
{
	if (!g)
		return;
	g->cancelled = true;
	g->kill = kill;
}

void
http_api_add_fini(struct http_api *api)
{
	list_each_safe(n, tmp, &api->adding) {
		struct http_adding *g = container_of(n, struct http_adding,
						     node);
		spec_free(g->spec);
		free(g);
	}
}

void
http_api_add_problem(struct http_request *r, const struct err *e)
{
	switch (e->code) {
	case ERR_USAGE:
		http_problem(r, HTTP_E_INVALID, "%s", e->text);
		return;
	case ERR_FULL:
	case ERR_FAILED:	/* the name was taken meanwhile */
		http_problem(r, HTTP_E_CONFLICT, "%s", e->text);
		return;
	case ERR_NO_ENGINE:
		http_problem(r, HTTP_E_NO_ENGINE, "%s", e->text);
		return;
	default:
		http_problem(r, HTTP_E_STREAM, "%s", e->text);
	}
}
