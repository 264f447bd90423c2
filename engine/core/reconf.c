#include "reconf.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "conf/option.h"
#include "confwatch.h"
#include "core.h"
#include "envset.h"
#include "order.h"
#include "proc.h"
#include "procio.h"
#include "proclife.h"
#include "procsched.h"
#include "registry.h"
#include "reply.h"
#include "respec.h"
#include "runtime.h"
#include "scale.h"
#include "spec/reload.h"
#include "spec/spec.h"

/* One reload while it is worked out and carried out. */
struct reconf {
	struct engine *e;
	struct setpack set;	/* specs that are used up are NULL */
	struct options *options;
	struct reload_plan plan;
	struct proc **of;	/* of each row; NULL: not there yet */
	enum reload_action *todo;	/* of each row */
	struct proc **old;
	const struct spec **old_specs;
	struct buf text;
	uint32_t *ids;
	size_t id_count;
	size_t file_changes;	/* differences that are the file's */
};

void
reconf_take_settings(struct options *o, char *const *lines)
{
	for (size_t i = 0; lines && lines[i]; i++) {
		char *key = mem_str(lines[i]), *value = strchr(key, ' ');
		/* Checked by the client, as a whole. */
		if (value)
			*value++ = '\0';
		const struct option_row *row = option_get(key, NULL);
		if (row && value)
			(void)options_set(o, row, value, NULL);
		free(key);
	}
}

/* --- the plan --- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What it is going to be, if that is settled already. */
static const struct spec *
latest(const struct proc *p)
{
	return p->next_spec ? p->next_spec : p->spec;
}

/*
 * Who takes part: those of the file, and those of a name that the file has
 * now, be they added by hand (they become the file's) or on their way out.
 */
static size_t
find_old(struct reconf *r)
{
	struct engine *e = r->e;
	size_t count = r->set.spec_count, n = 0;
	const char **names = mem_array(count + 1, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = r->set.specs[i]->name;
	qsort(names, count, sizeof *names, by_text);
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		const char *name = p->spec->name;
		bool ours = p->spec->source == SPEC_FROM_SBXRC && !p->leaving;
		if (!ours && !bsearch(&name, names, count, sizeof *names,
				      by_text))
			continue;
		r->old[n] = p;
		r->old_specs[n++] = latest(p);
	}
	free(names);
	return n;
}

static bool
has_failed(const struct proc *p)
{
	enum status s = p->life.status;

	return !p->life.kept_down &&
	       (s == STATUS_FAILED || s == STATUS_ERROR ||
		s == STATUS_TIMED_OUT || s == STATUS_BACKOFF ||
		(s == STATUS_KILLED && !p->life.stopped));
}

static enum reload_action
action_of_change(const struct proc *p, const struct reload_item *it,
		 const struct spec *now)
{
	bool by_log = now->ready.kind == SPEC_PROBE_LOG &&
		      !spec_same_ready(latest(p), now);
	/* The line may have been printed already. */
	bool missed = by_log && p->life.status == STATUS_STARTING;

	if (proc_is_live(p))
		return it->anew || missed ? RELOAD_DO_RESTART :
					    RELOAD_DO_CHANGE;
	/* What failed as it was may work as it is now. */
	return it->anew && now->autostart && has_failed(p) ?
		RELOAD_DO_START : RELOAD_DO_CHANGE;
}

static enum reload_action
action_of(const struct reconf *r, size_t i)
{
	const struct reload_item *it = &r->plan.items[i];
	const struct proc *p = r->of[i];
	const struct spec *now = it->kind == RELOAD_REMOVE ? NULL :
				 r->set.specs[it->new_idx];

	if (now && (!p || p->leaving))
		return now->autostart ? RELOAD_DO_START : RELOAD_DO_ADD;
	switch (it->kind) {
	case RELOAD_REMOVE:
		return proc_is_live(p) ? RELOAD_DO_STOP : RELOAD_DO_REMOVE;
	case RELOAD_CHANGE:
		return action_of_change(p, it, now);
	default:
		return RELOAD_DO_LEAVE;
	}
}

static void
put_row(struct reconf *r, enum reload_action a, const char *name,
	const char *what)
{
	buf_addf(&r->text, "%s\t%s\t%s\n", reload_action_name(a), name, what);
}

static void
put_rows(struct reconf *r, bool leave)
{
	for (size_t i = 0; i < r->plan.count; i++) {
		const struct reload_item *it = &r->plan.items[i];
		if ((r->todo[i] == RELOAD_DO_LEAVE) == leave)
			put_row(r, r->todo[i], it->name,
				it->what ? it->what : "");
	}
}

/* A setting that only somebody's "sbx set" has made different is no change
 * of the file. */
static void
put_settings(struct reconf *r)
{
	struct options *loaded = options_new();

	reconf_take_settings(loaded, r->e->set.settings);
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum option_id id = (enum option_id)i;
		const char *now = options_text(r->options, id);
		bool file = strcmp(now, options_text(loaded, id)) != 0;
		r->file_changes += file;
		if (file || strcmp(now, options_text(r->e->options, id)) != 0)
			put_row(r, file ? RELOAD_DO_SET : RELOAD_DO_RESET,
				option_rows[i].row.name, now);
	}
	options_free(loaded);
	for (size_t i = 0; i < r->e->env->count; i++) {
		const struct envset_part *part = &r->e->env->parts[i];
		for (size_t k = 0; k < part->count; k++)
			put_row(r, RELOAD_DO_RESET, part->env[k].name,
				part->group[0] ? part->group : "env");
		if (part->cwd)
			put_row(r, RELOAD_DO_RESET, "cwd", part->group);
	}
}

static void
make_plan(struct reconf *r)
{
	struct engine *e = r->e;

	r->old = mem_array(e->nproc + 1, sizeof *r->old);
	r->old_specs = mem_array(e->nproc + 1, sizeof *r->old_specs);
	size_t n = find_old(r);
	reload_diff(&r->plan, r->old_specs, n,
		    (const struct spec *const *)r->set.specs,
		    r->set.spec_count);
	r->of = mem_array(r->plan.count + 1, sizeof *r->of);
	r->todo = mem_array(r->plan.count + 1, sizeof *r->todo);
	r->ids = mem_array(r->plan.count + 1, sizeof *r->ids);
	for (size_t i = 0; i < r->plan.count; i++) {
		size_t idx = r->plan.items[i].old_idx;
		r->of[i] = idx == SIZE_MAX ? NULL : r->old[idx];
		r->todo[i] = action_of(r, i);
		r->file_changes += r->todo[i] != RELOAD_DO_LEAVE;
	}
	r->options = options_new();
	reconf_take_settings(r->options, r->set.settings);
	put_rows(r, false);
	put_settings(r);
	put_rows(r, true);
}

/* --- what it says is done --- */

/* All that can be refused, before anything has changed. */
static int
make_new(struct reconf *r, struct err *err)
{
	for (size_t i = 0; i < r->plan.count; i++) {
		const struct reload_item *it = &r->plan.items[i];
		if ((it->kind == RELOAD_CHANGE || it->kind == RELOAD_ADD) &&
		    respec_check(r->set.specs[it->new_idx], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->plan.count; i++) {
		const struct reload_item *it = &r->plan.items[i];
		if (it->kind != RELOAD_ADD)
			continue;
		struct spec *s = r->set.specs[it->new_idx];
		r->set.specs[it->new_idx] = NULL;
		r->of[i] = proc_new(r->e, s, NULL, 0, 0, err);
		if (r->of[i])
			continue;
		while (i-- > 0)
			if (r->plan.items[i].kind == RELOAD_ADD)
				proc_free(r->of[i], true);
		return -1;
	}
	return 0;
}

static void
note(struct reconf *r, size_t i)
{
	static const char *const texts[] = {
		[RELOAD_DO_RESTART] = "changed, restarts",
		[RELOAD_DO_CHANGE] = "changed",
		[RELOAD_DO_START] = "starts",
		[RELOAD_DO_ADD] = "new, does not start by itself",
		[RELOAD_DO_STOP] = "not in the file any more, is stopped",
		[RELOAD_DO_REMOVE] = "not in the file any more",
	};
	const char *what = r->plan.items[i].what;

	if (r->todo[i] != RELOAD_DO_LEAVE)
		engine_note(r->e, r->of[i], EVENT_CONFIG, CAUSE_USER, "%s%s%s",
			    what ? what : r->todo[i] == RELOAD_DO_START ?
				    "new," : "",
			    what || r->todo[i] == RELOAD_DO_START ? " " : "",
			    what && r->todo[i] == RELOAD_DO_START ?
				    "changed, starts" :
				    texts[r->todo[i]]);
}

static void
apply_row(struct reconf *r, size_t i)
{
	const struct reload_item *it = &r->plan.items[i];
	struct proc *p = r->of[i];
	struct spec **now = it->new_idx == SIZE_MAX ? NULL :
			    &r->set.specs[it->new_idx];

	note(r, i);
	if (p)
		p->still_saved = false;
	if (it->kind == RELOAD_REMOVE) {
		p->leaving = true;
	} else if (it->kind != RELOAD_ADD) {
		p->leaving = p->leave_told = p->removing = false;
		/* Where it is written may have changed, if nothing else. */
		if (r->todo[i] == RELOAD_DO_RESTART ||
		    (p->next_spec && proc_is_live(p)))
			respec_later(p, *now);
		else if (it->kind == RELOAD_CHANGE)
			respec_now(p, *now);
		else
			respec_place(p, *now);
		*now = NULL;
	}
	if (r->todo[i] != RELOAD_DO_LEAVE &&
	    r->todo[i] != RELOAD_DO_CHANGE && r->todo[i] != RELOAD_DO_ADD)
		r->ids[r->id_count++] = p->id;
}

/* The list has the order of the file, then those added by hand. */
static void
put_in_order(struct reconf *r)
{
	struct engine *e = r->e;
	struct proc **v = mem_array(e->nproc + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; i < r->plan.count; i++)
		if (r->plan.items[i].kind != RELOAD_REMOVE)
			v[n++] = r->of[i];
	/* Marked by what is not used for anything between two turns. */
	for (size_t i = 0; i < n; i++)
		v[i]->placed = true;
	for (size_t i = 0; i < e->nproc; i++)
		if (!e->procs[i]->placed)
			v[n++] = e->procs[i];
	for (size_t i = 0; i < n; i++) {
		v[i]->placed = false;
		if (e->procs[i] != v[i])
			proc_touch(v[i]);
	}
	memcpy(e->procs, v, n * sizeof *v);
	free(v);
	order_changed(e);
}

/* Those that start, and what they need; nobody that was stopped by hand. */
static void
start_new(struct reconf *r)
{
	struct engine *e = r->e;
	bool *want = mem_array(e->nproc + 1, sizeof *want);
	bool *asked = mem_array(e->nproc + 1, sizeof *asked);

	for (size_t i = 0; i < e->nproc; i++)
		e->procs[i]->placed = false;
	for (size_t i = 0; i < r->plan.count; i++)
		if (r->todo[i] == RELOAD_DO_START)
			r->of[i]->placed = true;
	for (size_t i = 0; i < e->nproc; i++) {
		asked[i] = want[i] = e->procs[i]->placed;
		e->procs[i]->placed = false;
	}
	order_needs(e, want);
	for (size_t i = 0; i < e->nproc; i++) {
		if ((!want[i] && !asked[i]) ||
		    (asked[i] && procsched_up(e->procs[i], 0)))
			continue;
		proc_tell(e->procs[i], LIFE_EV_START,
			  asked[i] ? CAUSE_CONFIG : CAUSE_DEPENDENT, NULL);
	}
	free(want);
	free(asked);
}

static void
take_set(struct reconf *r)
{
	struct engine *e = r->e;
	uint64_t limit = options_number(e->options, OPTION_LIMIT_LOG);
	uint64_t api = options_number(e->options, OPTION_LIMIT_API_LOG);

	options_free(e->options);
	e->options = r->options;
	r->options = NULL;
	envset_free(e->env);
	e->env = envset_new();
	/* Its specs are in the processes now. */
	for (size_t i = 0; i < r->set.spec_count; i++)
		spec_free(r->set.specs[i]);
	r->set.spec_count = 0;
	setpack_fini(&e->set);
	e->set = r->set;
	e->set_saved = false;
	r->set = (struct setpack){ .name = NULL };
	e->loaded_ms = clock_wall_ms();
	bool same = limit == options_number(e->options, OPTION_LIMIT_LOG) &&
		    api == options_number(e->options, OPTION_LIMIT_API_LOG);
	for (size_t i = 0; i < e->nproc && !same; i++)
		procio_set_keep(e->procs[i]);
}

/* The answer is recorded with what it tells of. */
static void
carry_out(struct reconf *r, uint64_t key)
{
	struct engine *e = r->e;
	size_t count[RELOAD_DO_COUNT] = { 0 };

	for (size_t i = 0; i < r->plan.count; i++) {
		count[r->todo[i]]++;
		apply_row(r, i);
	}
	put_in_order(r);
	take_set(r);
	start_new(r);
	engine_note(e, NULL, EVENT_CONFIG, CAUSE_USER, "reloaded: %zu restart, "
		    "%zu change, %zu start, %zu added, %zu stop, %zu go, "
		    "%zu as before", count[RELOAD_DO_RESTART],
		    count[RELOAD_DO_CHANGE], count[RELOAD_DO_START],
		    count[RELOAD_DO_ADD], count[RELOAD_DO_STOP],
		    count[RELOAD_DO_REMOVE], count[RELOAD_DO_LEAVE]);
	e->conf_differs = false;
	runtime_follow(e);
	e->deps_dirty = e->slots_dirty = e->registry_dirty = true;
	if (key)
		reply_keep(e, key, buf_str(&r->text), r->ids,
			   r->id_count);
	(void)registry_save(e);
	loop_again(e->loop);
}

static int
unpack(struct reconf *r, const char *data, size_t len, uint32_t *flags,
       uint64_t *key, uint32_t *mistakes, struct err *err)
{
	struct msg_reader in;
	size_t set_len;

	msg_open(&in, data, len);
	*flags = msg_u32(&in);
	*key = msg_u64(&in);
	*mistakes = msg_u32(&in);
	const char *set = msg_bytes(&in, &set_len);
	if (!msg_done(&in))
		return err_set(err, ERR_USAGE, "the request cannot be read");
	if (*mistakes)
		return 0;
	if (setpack_get(set, set_len, &r->set, err) < 0)
		return -1;
	return scale_keep(r->e, &r->set.specs, &r->set.spec_count, err);
}

static bool
has_twice(const struct setpack *set)
{
	const char **names = mem_array(set->spec_count + 1, sizeof *names);
	bool twice = false;

	for (size_t i = 0; i < set->spec_count; i++)
		names[i] = set->specs[i]->name;
	qsort(names, set->spec_count, sizeof *names, by_text);
	for (size_t i = 1; i < set->spec_count; i++)
		twice |= strcmp(names[i - 1], names[i]) == 0;
	if (set->spec_count && !names[0][0])
		twice = true;
	free(names);
	return twice;
}

/* Editors leave a file empty for a moment, and disks that are full for longer:
 * that is no wish to end everything. */
static int
refuse_empty(const struct engine *e, struct err *err)
{
	for (size_t i = 0; i < e->nproc; i++) {
		if (e->procs[i]->spec->source != SPEC_FROM_SBXRC)
			continue;
		err_set(err, ERR_USAGE, "the file has no process any more; "
			"nothing was changed");
		return err_hint(err, "'sbx down' stops the set");
	}
	return 0;
}

void
reconf_reload(struct peer *c, uint32_t id, const char *data, size_t len)
{
	struct reconf r = { .e = c->e, .text = BUF_INIT(CONN_FRAME_MAX / 2) };
	struct err err = ERR_INIT;
	uint32_t flags, mistakes;
	uint64_t key;

	int rc = unpack(&r, data, len, &flags, &key, &mistakes, &err);
	if (rc == 0 && reply_repeats(c, id, key))
		goto out;
	if (rc == 0 && !c->e->loaded_ms)
		rc = err_set(&err, ERR_FAILED, "no set is loaded yet");
	else if (rc == 0 && c->e->going_down)
		rc = err_set(&err, ERR_FAILED, "the set is being stopped");
	else if (rc == 0 && has_twice(&r.set))
		rc = err_set(&err, ERR_USAGE, "a name is there twice");
	else if (rc == 0 && !mistakes && r.set.spec_count == 0)
		rc = refuse_empty(c->e, &err);
	if (rc == 0 && !mistakes)
		make_plan(&r);
	if (rc == 0 && (flags & PROTO_RELOAD_NOTICE))
		confwatch_tell(c->e, mistakes, r.file_changes);
	else if (rc == 0 && !mistakes && !(flags & PROTO_RELOAD_PLAN) &&
		 make_new(&r, &err) == 0)
		carry_out(&r, key);
	reply_send(c, id, &err, buf_str(&r.text), r.ids, r.id_count);
out:
	reload_fini(&r.plan);
	setpack_fini(&r.set);
	options_free(r.options);
	buf_fini(&r.text);
	free(r.of);
	free(r.todo);
	free(r.old);
	free(r.old_specs);
	free(r.ids);
}
