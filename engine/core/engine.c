#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answered.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "child/keeper.h"
#include "child/leftover.h"
#include "child/tree.h"
#include "conf/option.h"
#include "confwatch.h"
#include "core.h"
#include "envset.h"
#include "helper.h"
#include "hold.h"
#include "life/graph.h"
#include "listen.h"
#include "log/fold.h"
#include "log/journal.h"
#include "log/spool.h"
#include "log/transit.h"
#include "logcap.h"
#include "probe/filewatch.h"
#include "proc.h"
#include "procagain.h"
#include "proccheck.h"
#include "procio.h"
#include "procleft.h"
#include "proclife.h"
#include "procmember.h"
#include "procsched.h"
#include "proctty.h"
#include "reconf.h"
#include "registry.h"
#include "reglog.h"
#include "runtime.h"
#include "serve.h"
#include "spec/spec.h"
#include "term/vt.h"
#include "turn.h"

struct proc *
engine_find(const struct engine *e, uint32_t id)
{
	struct proc *p = e->by_id[id & (PROC_BUCKETS - 1)];

	while (p && p->id != id)
		p = p->next_by_id;
	return p;
}

struct proc *
engine_find_name(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->nproc; i++)
		if (strcmp(e->procs[i]->spec->name, name) == 0)
			return e->procs[i];
	return NULL;
}

static struct proc *
find_slot(const struct engine *e, uint64_t slot)
{
	for (size_t i = 0; i < e->nproc; i++)
		if (e->procs[i]->slot == slot)
			return e->procs[i];
	return NULL;
}

void
engine_note(struct engine *e, const struct proc *p, enum event_kind kind,
	    enum cause cause, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct journal_event ev = {
		.kind = kind, .cause = cause, .from = -1, .to = -1,
		.run = p ? p->life.run : 0,
		.process = p ? p->spec->name : "", .text = text,
	};
	journal_add(e->journal, &ev);
	e->gen++;
}

void
engine_down(struct engine *e, enum cause cause, uint64_t for_us)
{
	if (!e->going_down)
		engine_note(e, NULL, EVENT_ENGINE_STOP, cause,
			    "the set is being stopped");
	e->going_down = true;
	e->down_cause = cause;
	e->down_for_us = for_us;
	e->registry_dirty = true;
	e->deps_dirty = true;
	listen_update(e);
	loop_again(e->loop);
}

int
engine_load(struct engine *e, struct setpack *set, struct err *err)
{
	setpack_fini(&e->set);
	e->set = *set;
	e->set_saved = false;
	*set = (struct setpack){ .name = NULL };
	reconf_take_settings(e->options, e->set.settings);
	size_t had = e->nproc, taken = 0;
	bool fine = true;
	while (fine && taken < e->set.spec_count)
		fine = proc_new(e, e->set.specs[taken++], NULL, 0, 0, err);
	for (size_t i = taken; i < e->set.spec_count; i++)
		spec_free(e->set.specs[i]);
	e->set.spec_count = 0;
	/* All of it or nothing. */
	while (!fine && e->nproc > had)
		proc_free(e->procs[e->nproc - 1], true);
	if (!fine)
		return -1;
	e->loaded_ms = clock_wall_ms();
	logcap_remove_unknown(e);
	runtime_follow(e);
	engine_note(e, NULL, EVENT_CONFIG, CAUSE_USER, "loaded %zu process%s",
		    e->nproc, e->nproc == 1 ? "" : "es");
	e->registry_dirty = true;
	return 0;
}

/* --- the keeper's word --- */

/*
 * An engine that cannot read what its predecessor kept must not begin: what
 * it does not know of would be ended.  When the keeper runs another binary
 * than this one (ours was put in its place), it starts that one next.
 */
static bool
keeper_is_another(pid_t keeper)
{
	char path[64];
	struct stat ours, its;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)keeper);
	return stat("/proc/self/exe", &ours) == 0 && stat(path, &its) == 0 &&
	       (ours.st_dev != its.st_dev || ours.st_ino != its.st_ino);
}

static struct spool *
spool_of(uint32_t id, void *arg)
{
	struct proc *p = engine_find(arg, id);

	return p ? p->spool : NULL;
}

static bool
is_known(uint32_t id, void *arg)
{
	return engine_find(arg, id);
}

/* Only now: what the pipe holds belongs to a process that must be known. */
static void
open_transit(struct engine *e, const struct keep_hello *h)
{
	e->transit = transit_new(h->transit[0], h->transit[1],
				 &e->crumbs->file->in_transit, spool_of, e);
}

/* What has been told of and is not in the index yet is the next line there. */
static void
recall_order(struct engine *e)
{
	const struct transit_mark *m = &e->crumbs->file->in_transit;

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->fold)
			fold_recall(p->fold, m->id == p->id ? m->stream :
					     (unsigned)LOG_STREAMS, m->len);
	}
}

/* Before the queues are read: what has arrived of one is not in it. */
static void
find_typed(struct engine *e, const struct keep_hello *h)
{
	struct transit_mark *m = &e->crumbs->file->in_transit;
	uint64_t typed;

	if (!transit_typed(h->transit[0], m, &typed))
		return;
	crumbs_get(e->crumbs, m->id)->typed_bytes = typed;
	transit_typed_is_noted(m);
}

static void
on_hello(const struct keep_hello *h, void *arg)
{
	struct engine *e = arg;
	struct err err = ERR_INIT;

	e->keeper_pid = h->keeper;
	struct procfs_stat st;
	if (procfs_stat(h->keeper, &st) == 0)
		e->anchor_pid = st.ppid;
	e->tree = tree_new(e->dir.hash, h->keeper);
	bool unended = hold_mark(e);
	e->reglog = registry_log(h->registry);
	if (reglog_is_empty(e->reglog)) {
		crumbs_clear(e->crumbs);
		open_transit(e, h);
		size_t left = 0;
		if (unended)
			(void)leftover_kill(e->dir.hash, h->keeper, &left);
		engine_note(e, NULL, EVENT_ENGINE_START, CAUSE_USER,
			    "engine %d, keeper %d", getpid(), h->keeper);
		if (left)
			engine_note(e, NULL, EVENT_LEFTOVER, CAUSE_ENGINE,
				    "%zu process%s of a former engine %s "
				    "ended", left, left == 1 ? "" : "es",
				    left == 1 ? "was" : "were");
		return;
	}
	find_typed(e, h);
	int r = registry_load(e, &err);
	if (r < 0 && keeper_is_another(h->keeper)) {
		engine_note(e, NULL, EVENT_ENGINE_TAKEOVER, CAUSE_ENGINE,
			    "this newer engine cannot take over, the former "
			    "one goes on: %s", err.text);
		journal_flush(e->journal);
		_exit(err_exit_code(ERR_INTERNAL));
	}
	open_transit(e, h);
	recall_order(e);
	crumbs_sweep(e->crumbs, is_known, e);
	if (r < 0)
		engine_note(e, NULL, EVENT_ENGINE_TAKEOVER, CAUSE_ENGINE,
			    "not everything could be taken over: %s",
			    err.text);
	else
		engine_note(e, NULL, EVENT_ENGINE_TAKEOVER, CAUSE_ENGINE,
			    "engine %d took over %zu process%s", getpid(),
			    e->nproc, e->nproc == 1 ? "" : "es");
}

/*
 * A slot that the keeper still has.  What the former engine knew of it is in
 * its life; what happened since is told here, in the order it happened.
 */
static void
on_adopt(const struct keep_slot *s, void *arg)
{
	struct engine *e = arg;
	struct proc *p = find_slot(e, s->slot);
	struct keep_fds fds = s->fds;

	if (procagain_take(e, p, s) || (!p && procleft_adopt(e, s)))
		return;
	/* Numbers of commands are not in the registry. */
	e->next_slot = SBX_MAX(e->next_slot, (uint32_t)s->slot);
	bool over = !p || !(p->life.spawning || p->life.alive ||
			    p->life.ending);
	if (p && over && p->spec->tree_keep && s->state == KEEP_ENDED) {
		p->kept = true;
		procio_attach(p, &fds);
		return;
	}
	if (over) {
		/* A command of the former engine, or a run that is over. */
		helper_adopt(e, s);
		return;
	}
	p->slot_known = true;
	if (s->state == KEEP_NEVER) {
		proc_failed(p, s->step, s->error);
		return;
	}
	if (s->state == KEEP_SPAWNING)
		return;
	tree_leader(e->tree, p->tag, s->pid);
	if (p->life.spawning) {
		struct keep_start start = { .slot = s->slot, .pid = s->pid,
					    .start_us = s->start_us,
					    .fds = fds,
					    .fds_lost = s->fds_lost };
		proc_started(p, &start);
	} else {
		p->pid = s->state == KEEP_ENDED ? 0 : s->pid;
		p->run_pid = s->pid;
		if (p->spec->tty)
			proctty_rebuild(p);
		procio_attach(p, &fds);
		procagain_owe(p, s);
		if (p->life.alive)
			proc_tell(p, LIFE_EV_ADOPTED, CAUSE_ENGINE, NULL);
		if (p->life.alive)
			proccheck_start(p);
	}
	if ((s->state == KEEP_PAUSED && !p->life.paused) ||
	    (s->state == KEEP_RUNNING && p->life.paused))
		procmember_paused(p, s->state == KEEP_PAUSED);
	else if (s->state == KEEP_ENDED)
		proc_exited(p, &s->exit);
	e->tree_dirty = true;
}

static void
on_adopted(void *arg)
{
	struct engine *e = arg;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->slot_known)
			continue;
		if (p->life.spawning)
			p->spawn_wanted = true;	/* it was never sent */
		else if (p->life.alive || p->life.ending)
			proc_tell(p, LIFE_EV_LOST, CAUSE_KEEPER, NULL);
		else if (p->spec->tty && p->base_rows)
			proctty_rebuild(p);	/* the picture it left */
	}
	e->deps_dirty = e->slots_dirty = e->tree_dirty = true;
	e->adopted = true;
	runtime_follow(e);
	/* Only now: no client may see half of the set. */
	if (serve_open(e, &err) < 0) {
		engine_note(e, NULL, EVENT_NOTE, CAUSE_ENGINE, "%s", err.text);
		fprintf(stderr, "sbx: %s\n", err.text);
		loop_stop(e->loop);
	}
	loop_again(e->loop);
}

static void
on_started(const struct keep_start *s, void *arg)
{
	struct engine *e = arg;
	struct proc *p = find_slot(e, s->slot);

	if (!helper_started(e, s) && p)
		proc_started(p, s);
}

static void
on_failed(uint64_t slot, enum spawn_step step, int error, void *arg)
{
	struct engine *e = arg;
	struct proc *p = find_slot(e, slot);

	if (!helper_failed(e, slot, error) && p)
		proc_failed(p, step, error);
}

static void
on_exited(uint64_t slot, const struct keep_exit *x, void *arg)
{
	struct engine *e = arg;
	struct proc *p = find_slot(e, slot);

	if (helper_exited(e, slot, x))
		return;
	if (p)
		proc_exited(p, x);
	else
		keeplink_release(e->link, slot);
}

static void
on_paused(uint64_t slot, bool paused, void *arg)
{
	struct proc *p = find_slot(arg, slot);
	if (p)
		procmember_paused(p, paused);
}

static void
on_term(void *arg)
{
	engine_down(arg, CAUSE_KEEPER, 0);
}

/*
 * The anchor ends everything within a second: the last words.  When only the
 * socket is of no use any more, this engine ends and the keeper makes another
 * one, which takes over what the registry says.
 */
static void
on_keeper_gone(int error, void *arg)
{
	struct engine *e = arg;

	e->keeper_lost = true;
	loop_stop(e->loop);
	if (!keeplink_died(e->keeper_pid)) {
		engine_note(e, NULL, EVENT_NOTE, CAUSE_ENGINE,
			    "the connection to the keeper broke (%s); another "
			    "engine takes over",
			    error ? strerror(error) : "it hung up");
		return;
	}
	engine_note(e, NULL, EVENT_KEEPER_DIED, CAUSE_KEEPER,
		    "the keeper has died; every process ends with it");
	for (size_t i = 0; i < e->nproc; i++)
		if (proc_is_live(e->procs[i]))
			proc_tell(e->procs[i], LIFE_EV_LOST, CAUSE_KEEPER,
				  "the keeper was lost");
	procio_fold_all(e);
	serve_close(e, "the keeper of this set was killed; its processes are "
		       "gone");
	/* The keeper's tree has moved to the anchor: by the tag alone. */
	(void)leftover_kill(e->dir.hash, 0, NULL);
}

static const struct keeplink_events keep_events = {
	.hello = on_hello,
	.adopt = on_adopt,
	.adopted = on_adopted,
	.started = on_started,
	.failed = on_failed,
	.exited = on_exited,
	.paused = on_paused,
	.term = on_term,
	.gone = on_keeper_gone,
};

struct peer *
engine_peer(const struct engine *e, uint64_t no)
{
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (c->no == no)
			return c;
	}
	return NULL;
}

bool
engine_is_followed(const struct engine *e, const struct proc *p)
{
	return engine_peer(e, p->follower) ||
	       p->at_unfollowed_us > clock_us();
}

/* --- start and end --- */

static int
open_dirs(struct engine *e, const char *key, struct err *err)
{
	bool rc = strncmp(key, "rc:", 3) == 0;
	if (!rc && strncmp(key, "dir:", 4) != 0)
		return err_set(err, ERR_USAGE, "'%s' names no set", key);
	/* The sbxrc may have been removed while the set runs. */
	if (rundir_of_key(&e->dir, rc, key + (rc ? 3 : 4), err) < 0 ||
	    rundir_make(&e->dir, err) < 0)
		return -1;
	e->state_fd = sys_private_dir(e->dir.state_dir);
	char *log = mem_fmt("%s/log", e->dir.state_dir);
	e->log_fd = e->state_fd < 0 ? e->state_fd : sys_private_dir(log);
	free(log);
	if (e->log_fd < 0)
		return err_set(err, ERR_FAILED, "'%.200s': %s",
			       e->dir.state_dir, strerror(-e->log_fd));
	if (hold_lock(e) < 0)
		return err_set(err, ERR_FAILED,
			       "another engine serves this set");
	e->crumbs = crumbs_open(e->dir.run_dir);
	if (!e->crumbs)
		return err_set(err, ERR_FAILED, "'%.200s': %s",
			       e->dir.run_dir, strerror(errno));
	return 0;
}

static int
engine_open(struct engine *e, const char *key, struct err *err)
{
	list_init(&e->peers);
	list_init(&e->helpers);
	list_init(&e->to_fold);
	list_init(&e->grown);
	e->state_fd = e->log_fd = e->lock_fd = -1;
	e->pipe_budget = INPIPE_BUDGET;
	if (open_dirs(e, key, err) < 0)
		return -1;
	e->set.name = mem_str(e->dir.name);
	e->set.dir = mem_str(e->dir.dir);
	e->set.rc_path = mem_str(e->dir.rc_path);
	e->options = options_new();
	e->env = envset_new();
	e->answered = answered_new();
	e->scratch = fold_scratch_new();
	e->tty_buf = mem_array(TTY_CHUNK, 1);
	e->journal = journal_new(e->state_fd);
	e->loop = loop_new();
	if (!e->loop || !e->journal)
		return err_set(err, ERR_INTERNAL, "loop: %s", strerror(errno));
	journal_hold(e->journal);
	turn_init(e);
	e->listen = listen_new(e);
	e->keeper_pid = getppid();
	const char *fd = getenv("SBX_KEEPER_FD");
	int link = fd ? (int)strtol(fd, NULL, 10) : -1;
	sys_set_cloexec(link, true);
	unsetenv("SBX_KEEPER_FD");
	e->link = keeplink_new(e->loop, link, &keep_events, e);
	if (!e->link)
		return err_set(err, ERR_INTERNAL, "no keeper: %s",
			       strerror(errno));
	return 0;
}

static void
engine_close(struct engine *e)
{
	while (e->nproc > 0)
		proc_free(e->procs[e->nproc - 1], false);
	/* Without a reason: another engine follows, clients come back. */
	serve_close(e, "");
	confwatch_close(e);
	procsched_close(e);
	filewatch_free(e->files);
	helper_close(e);
	listen_free(e->listen);
	keeplink_free(e->link);
	transit_free(e->transit);
	tree_free(e->tree);
	journal_free(e->journal);
	reglog_free(e->reglog);
	options_free(e->options);
	envset_free(e->env);
	answered_free(e->answered);
	setpack_fini(&e->set);
	fold_scratch_free(e->scratch);
	graph_free(e->graph);
	loop_free(e->loop);
	free(e->procs);
	free(e->tty_buf);
	crumbs_close(e->crumbs);
	sys_close(e->lock_fd);
	sys_close(e->log_fd);
	sys_close(e->state_fd);
	rundir_fini(&e->dir);
}

static void
ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT,
				       SIGXFSZ, SIGTSTP, SIGTTOU, SIGTTIN };
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

int
engine_main(const char *key)
{
	mem_give_back();

	struct engine *e = mem_alloc(sizeof *e);
	struct err err = ERR_INIT;
	struct rlimit nofile;
	int status = 125;

	prctl(PR_SET_NAME, ENGINE_NAME);
	/* Characters are as wide in every environment. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	ignore_signals();
	/* Children get the limits sbx was started with: see spawn.h. */
	if (getrlimit(RLIMIT_NOFILE, &nofile) == 0) {
		nofile.rlim_cur = nofile.rlim_max;
		setrlimit(RLIMIT_NOFILE, &nofile);
	}
	if (vt_check_library(&err) < 0 || engine_open(e, key, &err) < 0) {
		fprintf(stderr, "sbx: %s\n", err.text);
		/* With BYE and 0 the keeper ends instead of trying again. */
		if (e->link)
			keeplink_bye(e->link);
		engine_close(e);
		free(e);
		return 0;
	}
	loop_run(e->loop);
	if (e->finished)
		status = 0;
	/* BYE has to leave before the socket is closed. */
	while ((e->finished || e->replaced) && keeplink_queued(e->link) > 0 &&
	       loop_turn(e->loop, 100000) == 0)
		;
	engine_close(e);
	free(e);
	return status;
}
