#include "verbadd.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "conf/option.h"
#include "core.h"
#include "envset.h"
#include "order.h"
#include "proc.h"
#include "proclife.h"
#include "reply.h"
#include "runtime.h"
#include "spec/spec.h"

/* --like: what s does not say itself is as of another process. */
static int
take_after(struct engine *e, struct spec *s, const struct proto_add *a,
	   struct err *err)
{
	struct proc *p = engine_find_name(e, a->like ? a->like : "");
	if (!p)
		return err_set(err, ERR_NO_PROCESS, "no process '%s'",
			       a->like ? a->like : "");
	const struct spec *model = p->spec;
	size_t n = model->env_count + s->env_count;
	struct spec_env *env = mem_array(n + 1, sizeof *env);
	for (size_t i = 0; i < model->env_count; i++)
		env[i] = spec_env_dup(&model->env[i]);
	/* Its own come later and so win. */
	if (s->env_count)
		memcpy(env + model->env_count, s->env,
		       s->env_count * sizeof *env);
	free(s->env);
	s->env = env;
	s->env_count = n;
	if (!s->user)
		s->user = mem_str(model->user);
	if (!(a->flags & PROTO_ADD_OWN_CWD)) {
		free(s->cwd);
		s->cwd = mem_str(model->cwd);
	}
	if ((!s->groups || !s->groups[0]) && model->groups) {
		strv_free(s->groups);
		s->groups = strv_dup(model->groups);
	}
	return spec_check(s, err);
}

/* Where the group was told to be at run time. */
static void
take_group_cwd(const struct engine *e, struct spec *s)
{
	const char *cwd = envset_cwd(e->env, s->groups);

	if (!cwd)
		return;
	free(s->cwd);
	s->cwd = mem_str(cwd);
}

/* The variables that the sbxrc has for all; who has read it has them. */
static int
take_set_env(const struct engine *e, struct spec *s, struct err *err)
{
	if (!e->set.env || !e->set.env[0])
		return 0;
	for (size_t i = 0; i < s->env_count; i++)
		if (s->env[i].level == SPEC_ENV_SET)
			return 0;
	if (spec_env_before(s, SPEC_ENV_SET, e->set.env, err) < 0)
		return -1;
	return spec_check(s, err);
}

static void
bound_timeout(const struct engine *e, struct spec *s)
{
	uint64_t max = options_number(e->options, OPTION_LIMIT_RUN_TIMEOUT_MAX);

	if (s->timeout_ms == 0)
		s->timeout_ms = options_number(e->options,
					       OPTION_LIMIT_RUN_TIMEOUT);
	s->timeout_ms = SBX_MIN(s->timeout_ms, max);
}

void
verb_add(struct peer *c, uint32_t id, const char *data, size_t len)
{
	struct engine *e = c->e;
	struct err err = ERR_INIT;
	struct proto_add a;
	struct spec *spec = NULL;

	if (proto_get_add(data, len, &a) < 0) {
		err_set(&err, ERR_USAGE, "the request cannot be read");
		reply_send(c, id, &err, NULL, NULL, 0);
		return;
	}
	if (reply_repeats(c, id, a.key)) {
		proto_add_fini(&a);
		return;
	}
	struct proc *p = NULL;
	bool start = !(a.flags & PROTO_ADD_NO_START);
	bool alone = reply_is_alone(c);
	if (e->going_down)
		err_set(&err, ERR_FAILED, "the set is being stopped");
	else if ((!start || !(a.flags & PROTO_ADD_NO_QUEUE) ||
		  order_room(e, 1, &err) == 0) &&
		 spec_unpack(a.spec, a.spec_len, &spec, &err) == 0 &&
		 runtime_check_names(e, spec, &err) == 0 &&
		 (a.flags & PROTO_ADD_LIKE ?
		  take_after(e, spec, &a, &err) :
		  take_set_env(e, spec, &err)) == 0) {
		if (!(a.flags & (PROTO_ADD_LIKE | PROTO_ADD_OWN_CWD)))
			take_group_cwd(e, spec);
		if (a.flags & PROTO_ADD_BOUNDED)
			bound_timeout(e, spec);
		p = proc_new(e, spec, a.environ, 0, 0, &err);
		a.environ = NULL;
		spec = NULL;
	}
	spec_free(spec);
	proto_add_fini(&a);
	if (!p) {
		reply_send(c, id, &err, NULL, NULL, 0);
		return;
	}
	if (a.flags & PROTO_ADD_EXEC)
		p->follower = c->no;
	p->owned = a.flags & PROTO_ADD_OWNED;
	engine_note(e, p, EVENT_ADDED, c->cause, "added by %s",
		    c->cause == CAUSE_API ? "the API" : "you");
	reply_send_keyed(c, &(struct reply_to){ .id = id, .key = a.key },
			 NULL, p->spec->name, &p->id, 1);
	if (!start)
		return;
	struct life_input in = { .event = LIFE_EV_START, .cause = c->cause,
				 .flags = LIFE_IN_HAND };
	proc_event(p, &in);
	/* One wake of its client less: that it runs is what he waits for. */
	if (p->life.spawning && alone)
		reply_may_wait(c);
}

void
verb_load(struct peer *c, uint32_t id, const char *data, size_t len)
{
	struct err err = ERR_INIT;
	struct setpack set;

	if (c->e->loaded_ms) {
		err_set(&err, ERR_FAILED, "a set is loaded already");
		err_hint(&err, "sbx down ends it; then start it again");
	} else if (setpack_get(data, len, &set, &err) == 0) {
		engine_load(c->e, &set, &err);
	}
	reply_send(c, id, &err, NULL, NULL, 0);
}
