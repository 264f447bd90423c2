#include "verb.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/signame.h"
#include "base/strv.h"
#include "conf/option.h"
#include "core.h"
#include "details.h"
#include "envset.h"
#include "life/select.h"
#include "listen.h"
#include "log/journal.h"
#include "order.h"
#include "ordered.h"
#include "proc.h"
#include "procleft.h"
#include "procmember.h"
#include "procsched.h"
#include "registry.h"
#include "reply.h"
#include "rewatch.h"
#include "runtime.h"
#include "sample.h"
#include "scale.h"
#include "spec/replica.h"
#include "spec/spec.h"

/* One request while it is being carried out. */
struct call {
	struct peer *peer;
	struct engine *e;
	struct proto_request *q;
	bool *hit;		/* by index of procs */
	struct {
		struct proc *p;
		pid_t pid;
	} *members;		/* "NAME/PID" among its words */
	size_t member_count;
	bool now;		/* it leaves at once: it promises nothing */
	struct buf text;	/* the answer */
	struct err err;
	uint32_t *ids;
	size_t id_count;
};

typedef void verb_fn(struct call *c);

enum {
	V_NAMES = 1,	/* the processes that its words mean; at least one */
	V_MAYBE = 2,	/* ... or none */
	V_MEMBERS = 4,	/* single processes of a tree too */
	V_NOW = 8,	/* answered at once: it promises nothing */
};

static bool
is_failed(const struct proc *p)
{
	enum status s = p->life.status;
	return s == STATUS_FAILED || s == STATUS_ERROR ||
	       s == STATUS_TIMED_OUT || s == STATUS_BACKOFF ||
	       (s == STATUS_KILLED && !p->life.stopped);
}

/* A command of exec: somebody waits for what it does once.  Only who names
 * it can mean that it is done again. */
static bool
is_left_alone(const struct call *c, const struct proc *p)
{
	return c->q->verb == PROTO_V_RESTART &&
	       (p->follower || p->at_unfollowed_us);
}

/* Fills c->hit; 0 or -1 with c->err. */
static int
select_procs(struct call *c)
{
	struct engine *e = c->e;
	struct select_item *items = mem_array(e->nproc + 1, sizeof *items);
	char **groups = mem_array(e->nproc + 1, sizeof *groups);
	unsigned flags = (c->q->flags & PROTO_F_ALL ? SELECT_ALL : 0) |
			 (c->q->flags & PROTO_F_FAILED ? SELECT_FAILED : 0);

	for (size_t i = 0; i < e->nproc; i++) {
		const struct spec *s = e->procs[i]->spec;
		struct buf b = BUF_INIT(64 << 10);
		for (size_t k = 0; s->groups && s->groups[k]; k++)
			buf_addf(&b, "%s%s", k ? " " : "", s->groups[k]);
		groups[i] = buf_take(&b);
		items[i] = (struct select_item){
			.name = s->name, .groups = groups[i],
			.failed = is_failed(e->procs[i]),
			.hidden = s->hidden ||
				  is_left_alone(c, e->procs[i]),
		};
	}
	int n = select_match(items, e->nproc, c->q->names, flags, c->hit,
			     &c->err);
	for (size_t i = 0; i < e->nproc; i++)
		free(groups[i]);
	free(groups);
	free(items);
	return n < 0 ? -1 : 0;
}

/* Those words that mean one process of a tree are taken out. */
static void
take_members(struct call *c)
{
	char **names = c->q->names;
	size_t count = strv_count(names), kept = 0;
	pid_t pid;

	c->members = mem_array(count + 1, sizeof *c->members);
	for (size_t i = 0; i < count; i++) {
		struct proc *p = procmember_parse(c->e, names[i], &pid);
		if (!p) {
			char *word = names[kept];
			names[kept++] = names[i];
			names[i] = word;
			continue;
		}
		c->members[c->member_count].p = p;
		c->members[c->member_count++].pid = pid;
	}
	if (c->member_count == 0)
		return;
	for (size_t i = kept; i < count; i++) {
		free(names[i]);
		names[i] = NULL;
	}
}

static void
acted_on(struct call *c, const struct proc *p)
{
	c->ids[c->id_count++] = p->id;
}

static struct life_input
by_hand(const struct call *c, enum life_event ev)
{
	bool watch = c->q->flags & PROTO_F_BY_WATCH;
	return (struct life_input){
		.event = ev,
		.cause = watch ? CAUSE_WATCH : c->peer->cause,
		.flags = (watch ? 0 : LIFE_IN_HAND) |
			 (c->q->flags & PROTO_F_NO_ESCALATE ?
				  LIFE_IN_NO_ESCALATE : 0),
		.for_us = c->q->for_ms * 1000,
		.detail = c->q->text && c->q->text[0] ? c->q->text : NULL,
	};
}

/* Who asks by hand takes back a stop by hand; who runs loses nothing, like
 * the count of its restarts. */
static void
start_one(struct call *c, struct proc *p, struct life_input in)
{
	if (p->life.kept_down && !(c->q->flags & PROTO_F_BY_WATCH))
		in.flags |= LIFE_IN_HAND;
	if (c->q->flags & PROTO_F_NO_DEPS)
		in.flags |= LIFE_IN_DEPS_MET;
	if (in.event == LIFE_EV_RESTART && !(in.flags & LIFE_IN_DEPS_MET))
		ordered_ask(p, &in);
	else
		proc_event(p, &in);
	acted_on(c, p);
}

/* Who does not want to wait for a place gets one now or nothing. */
static bool
have_room(struct call *c, const bool *asked)
{
	size_t count = 0;

	if (!(c->q->flags & PROTO_F_NO_QUEUE))
		return true;
	for (size_t i = 0; i < c->e->nproc; i++) {
		const struct proc *p = c->e->procs[i];
		count += (c->hit[i] || asked[i]) && !proc_is_live(p);
	}
	return order_room(c->e, count, &c->err) == 0;
}

/* What is only not forgotten yet has had its time: a command of exec whose
 * client is slow is not run again by an up. */
static void
leave_removed(struct call *c, bool *asked)
{
	for (size_t i = 0; i < c->e->nproc; i++)
		if (c->e->procs[i]->removing)
			asked[i] = c->hit[i] = false;
}

/* Those asked for get ev; what they need and does not run is started. */
static void
start_all(struct call *c, enum life_event ev, bool autostart)
{
	static const struct life_input needed = {
		.event = LIFE_EV_START, .cause = CAUSE_DEPENDENT,
	}, by_set = {
		.event = LIFE_EV_START, .cause = CAUSE_AUTOSTART,
	};
	size_t n = c->e->nproc;
	bool *asked = mem_array(n + 1, sizeof *asked);

	memcpy(asked, c->hit, n * sizeof *asked);
	if (!(c->q->flags & PROTO_F_NO_DEPS))
		order_needs(c->e, c->hit);
	leave_removed(c, asked);
	if (!have_room(c, asked))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct proc *p = c->e->procs[i];
		unsigned hand = p->life.kept_down ? LIFE_IN_HAND : 0;
		if (asked[i] && autostart && procsched_up(p, hand))
			acted_on(c, p);
		else if (c->hit[i] || asked[i])
			start_one(c, p, !asked[i] ? needed :
				  autostart ? by_set : by_hand(c, ev));
	}
	free(asked);
}

static bool
is_going_down(struct call *c)
{
	if (c->e->going_down)
		err_set(&c->err, ERR_FAILED, "the set is being stopped");
	return c->e->going_down;
}

static void
do_start(struct call *c)
{
	bool autostart = c->q->flags & PROTO_F_AUTOSTART;

	if (is_going_down(c))
		return;
	for (size_t i = 0; autostart && i < c->e->nproc; i++)
		c->hit[i] |= c->e->procs[i]->spec->autostart;
	start_all(c, LIFE_EV_START, autostart);
}

static void
to_each(struct call *c, enum life_event ev)
{
	if (c->q->flags & PROTO_F_WITH_DEPENDENTS)
		order_dependents(c->e, c->hit);
	bool looked = c->member_count > 0;
	for (size_t i = 0; i < c->e->nproc; i++) {
		if (!c->hit[i])
			continue;
		struct life_input in = by_hand(c, ev);
		procleft_end(c->e->procs[i], in.cause, ev == LIFE_EV_KILL,
			     &looked);
		/* One that never ends would keep the others from even the
		 * first step. */
		if (ev == LIFE_EV_KILL || in.flags & LIFE_IN_NO_ESCALATE)
			proc_event(c->e->procs[i], &in);
		else
			ordered_ask(c->e->procs[i], &in);
		acted_on(c, c->e->procs[i]);
	}
}

/*
 * All of what is named, or nothing: is each of the members there, by a look
 * made now, and may be ended where that is asked for?
 */
static bool
members_are_there(struct call *c)
{
	bool end = c->q->verb != PROTO_V_SIGNAL;

	if (c->member_count == 0)
		return true;
	if (procmember_look(c->e, &c->err) < 0)
		return false;
	for (size_t i = 0; i < c->member_count; i++) {
		struct proc *p = c->members[i].p;
		pid_t pid = c->members[i].pid;
		size_t before = 0;
		for (size_t k = 0; k < i; k++)
			before += c->members[k].p == p;
		int r = !end ? procmember_check(p, pid, &c->err) :
			procmember_check_end(p, pid, before,
					     c->q->verb == PROTO_V_KILL,
					     &c->err);
		if (r < 0)
			return false;
	}
	return true;
}

/* False: nothing is to be done at all. */
static bool
end_members(struct call *c, bool now)
{
	if (!members_are_there(c))
		return false;
	for (size_t i = 0; i < c->member_count; i++)
		(void)procmember_end(c->members[i].p, c->members[i].pid,
				     c->peer->cause, now, &c->err);
	return true;
}

static void
do_stop(struct call *c)
{
	if (end_members(c, false))
		to_each(c, LIFE_EV_STOP);
}

static void
do_restart(struct call *c)
{
	if (is_going_down(c))
		return;
	if (c->q->flags & PROTO_F_WITH_DEPENDENTS)
		order_dependents_up(c->e, c->hit);
	start_all(c, LIFE_EV_RESTART, false);
}

static void
do_kill(struct call *c)
{
	if (end_members(c, true))
		to_each(c, LIFE_EV_KILL);
}

static void
do_signal(struct call *c)
{
	int signo = (int)c->q->number;
	char name[SIGNAME_MAX];
	if (c->q->number < 1 || c->q->number > SIGRTMAX) {
		err_set(&c->err, ERR_USAGE, "%lld is not a signal",
			(long long)c->q->number);
		return;
	}
	/* One look for both: a tree whose members cannot be seen still has
	 * its leader. */
	if (c->member_count == 0)
		(void)procmember_look(c->e, NULL);
	else if (!members_are_there(c))
		return;
	for (size_t i = 0; i < c->member_count; i++)
		(void)procmember_signal(c->members[i].p, c->members[i].pid,
					signo, c->peer->cause, &c->err);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i])
			continue;
		if (!p->pid && p->left_tag_count == 0) {
			if (c->q->flags & PROTO_F_ALL)
				continue;
			err_set(&c->err, ERR_FAILED, "'%s' is not running",
				p->spec->name);
			continue;
		}
		if (p->pid)
			procmember_signal_all(p, signo, c->peer->cause);
		procleft_signal(p, signo);
		engine_note(c->e, p, EVENT_SIGNAL, c->peer->cause, "%s",
			    signame_text(signo, name));
		acted_on(c, p);
	}
}

static bool
is_over(const struct proc *p)
{
	return status_get(p->life.status)->final ||
	       p->life.status == STATUS_OFF;
}

static void
do_rm(struct call *c)
{
	procleft_look(c->e, true);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i] || (is_over(p) && !p->left_count))
			continue;
		if (is_over(p))
			err_set(&c->err, ERR_FAILED, "'%s' has left %u "
				"process%s running", p->spec->name,
				p->left_count, p->left_count == 1 ? "" : "es");
		else
			err_set(&c->err, ERR_FAILED, "'%s' is %s",
				p->spec->name, status_name(p->life.status));
		err_hint(&c->err, "stop it first: sbx stop %s",
			 p->spec->name);
		return;
	}
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!c->hit[i])
			continue;
		/* Who wants it gone does not follow it any more. */
		if (p->follower == c->peer->no)
			p->follower = 0;
		proc_remove(p, c->peer->cause);
		acted_on(c, p);
	}
}

static void
do_clean(struct call *c)
{
	procleft_look(c->e, true);
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (!status_get(p->life.status)->final || p->left_count)
			continue;
		proc_remove(p, c->peer->cause);
		acted_on(c, p);
	}
	buf_addf(&c->text, "%zu", c->id_count);
}

static void
do_down(struct call *c)
{
	for (size_t i = 0; i < c->e->nproc; i++)
		if (proc_is_live(c->e->procs[i]))
			acted_on(c, c->e->procs[i]);
	engine_down(c->e, c->peer->cause, c->q->for_ms * 1000);
}

/* The numbers of processes may change: hit and ids are made anew. */
static void
do_scale(struct call *c)
{
	struct engine *e = c->e;
	unsigned count = (unsigned)c->q->number;
	const char *name = c->q->text;

	if (c->q->number < 1 || c->q->number > REPLICAS_MAX) {
		err_set(&c->err, ERR_USAGE, "a number from 1 to %d is needed",
			REPLICAS_MAX);
		return;
	}
	if (is_going_down(c))
		return;
	struct proc **procs = mem_array(e->nproc + count + 1, sizeof *procs);
	int n = scale_up(e, name, count, procs, &c->err);
	free(c->hit);
	free(c->ids);
	c->hit = mem_array(e->nproc + 1, sizeof *c->hit);
	c->ids = mem_array(2 * e->nproc + 1, sizeof *c->ids);
	for (size_t i = 0; i < e->nproc; i++)
		for (int k = 0; k < n; k++)
			c->hit[i] |= e->procs[i] == procs[k];
	c->q->text = "scale";
	if (n > 0)
		start_all(c, LIFE_EV_START, false);
	n = n < 0 ? 0 : scale_down(e, name, count, procs);
	for (int k = 0; k < n; k++) {
		struct life_input in = by_hand(c, LIFE_EV_STOP);
		proc_event(procs[k], &in);
		acted_on(c, procs[k]);
	}
	free(procs);
	loop_again(e->loop);
}

static void
do_set(struct call *c)
{
	(void)runtime_set(c->e, c->peer->cause,
			  c->q->text ? c->q->text : "", &c->err);
}

static void
do_get(struct call *c)
{
	(void)runtime_get(c->e, c->q->text ? c->q->text : "", &c->text,
			  &c->err);
}

static void
do_env(struct call *c)
{
	c->now = runtime_env_reads(c->q);
	(void)runtime_env(c->e, c->peer->cause, c->q, &c->text, &c->err);
}

static void
do_doctor(struct call *c)
{
	struct engine *e = c->e;
	struct rlimit nofile = { 0, 0 };
	getrlimit(RLIMIT_NOFILE, &nofile);
	size_t live = 0;
	uint64_t slow_us;
	const char *slow = loop_slowest(e->loop, &slow_us);

	for (size_t i = 0; i < e->nproc; i++)
		live += proc_is_live(e->procs[i]);
	buf_addf(&c->text, "version %s\n", SBX_VERSION);
	buf_addf(&c->text, "engine_pid %d\n", getpid());
	buf_addf(&c->text, "keeper_pid %d\n", e->keeper_pid);
	buf_addf(&c->text, "anchor_pid %d\n", e->anchor_pid);
	buf_addf(&c->text, "socket %s\n", e->dir.sock_path);
	buf_addf(&c->text, "state_dir %s\n", e->dir.state_dir);
	buf_addf(&c->text, "processes %zu\n", e->nproc);
	buf_addf(&c->text, "running %zu\n", live);
	buf_addf(&c->text, "clients %zu\n", e->npeers);
	buf_addf(&c->text, "limit_nofile %llu\n",
		 (unsigned long long)nofile.rlim_cur);
	buf_addf(&c->text, "unwritten_events %llu\n",
		 (unsigned long long)journal_unwritten(e->journal));
	registry_facts(e, &c->text);
	listen_facts(e, &c->text);
	buf_addf(&c->text, "slowest_callback %s %llu us\n",
		 slow[0] ? slow : "none", (unsigned long long)slow_us);
}

static void
do_details(struct call *c)
{
	for (size_t i = 0; i < c->e->nproc; i++) {
		if (!c->hit[i])
			continue;
		details_text(&c->text, c->e->procs[i]);
		acted_on(c, c->e->procs[i]);
		return;
	}
}

static void
to_watches(struct call *c, int (*fn)(struct proc *p, enum cause by,
				     const char *text, struct err *err))
{
	const char *text = c->q->text ? c->q->text : "";

	for (size_t i = 0; i < c->e->nproc; i++)
		if (c->hit[i] && fn(c->e->procs[i], c->peer->cause, text,
				    &c->err) == 0)
			acted_on(c, c->e->procs[i]);
}

static void
do_watch_add(struct call *c)
{
	to_watches(c, rewatch_add);
}

static void
do_watch_rm(struct call *c)
{
	to_watches(c, rewatch_rm);
}

static void
do_figures(struct call *c)
{
	sample_all(c->e);
}

static void
do_spec(struct call *c)
{
	struct buf packed = BUF_INIT(SPEC_PACK_MAX);
	size_t i = 0;

	while (i < c->e->nproc && !c->hit[i])
		i++;
	if (i < c->e->nproc &&
	    (spec_pack(c->e->procs[i]->spec, &packed) < 0 ||
	     base64_encode(&c->text, buf_str(&packed), packed.len) < 0))
		err_set(&c->err, ERR_FAILED, "its definition is too long");
	else if (i < c->e->nproc)
		acted_on(c, c->e->procs[i]);
	buf_fini(&packed);
}

static const struct {
	verb_fn *fn;
	unsigned flags;
} verbs[] = {
	[PROTO_V_START] = { do_start, V_MAYBE },
	[PROTO_V_STOP] = { do_stop, V_NAMES | V_MEMBERS },
	[PROTO_V_RESTART] = { do_restart, V_NAMES },
	[PROTO_V_KILL] = { do_kill, V_NAMES | V_MEMBERS },
	[PROTO_V_SIGNAL] = { do_signal, V_NAMES | V_MEMBERS },
	[PROTO_V_RM] = { do_rm, V_NAMES },
	[PROTO_V_CLEAN] = { do_clean, 0 },
	/* Who asks for it stays until it is done, and asks again. */
	[PROTO_V_DOWN] = { do_down, V_NOW },
	[PROTO_V_DOCTOR] = { do_doctor, V_NOW },
	[PROTO_V_SET] = { do_set, 0 },
	[PROTO_V_GET] = { do_get, V_NOW },
	[PROTO_V_ENV] = { do_env, 0 },
	[PROTO_V_SCALE] = { do_scale, 0 },
	[PROTO_V_DETAILS] = { do_details, V_NAMES | V_NOW },
	[PROTO_V_WATCH_ADD] = { do_watch_add, V_NAMES },
	[PROTO_V_WATCH_RM] = { do_watch_rm, V_NAMES },
	[PROTO_V_FIGURES] = { do_figures, V_NOW },
	[PROTO_V_SPEC] = { do_spec, V_NAMES | V_NOW },
};

void
verb_request(struct peer *peer, uint32_t id, struct proto_request *q)
{
	struct engine *e = peer->e;
	struct call c = { .peer = peer, .e = e, .q = q,
			  .text = BUF_INIT(CONN_FRAME_MAX / 2),
			  .err = ERR_INIT };
	size_t verb = (size_t)q->verb;

	if (reply_repeats(peer, id, q->key))
		return;
	c.hit = mem_array(e->nproc + 1, sizeof *c.hit);
	c.ids = mem_array(e->nproc + 1, sizeof *c.ids);
	c.now = verb < ARRAY_LEN(verbs) && verbs[verb].flags & V_NOW;
	if (verb < ARRAY_LEN(verbs) && verbs[verb].flags & V_MEMBERS)
		take_members(&c);
	if (verb >= ARRAY_LEN(verbs) || !verbs[verb].fn) {
		err_set(&c.err, ERR_USAGE,
			"this engine does not know request %u",
			(unsigned)verb);
	} else if ((verbs[verb].flags & (V_NAMES | V_MAYBE)) &&
		   select_procs(&c) < 0) {
		/* c.err says which word means nothing */
	} else {
		verbs[verb].fn(&c);
	}
	if (c.now)
		reply_tell(peer, id, &c.err, buf_str(&c.text), c.ids,
			   c.id_count);
	else
		reply_send_keyed(peer, id, q->key, &c.err, buf_str(&c.text),
				 c.ids, c.id_count);
	buf_fini(&c.text);
	free(c.hit);
	free(c.ids);
	free(c.members);
}

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
	reply_send_keyed(c, id, a.key, NULL, p->spec->name, &p->id, 1);
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
