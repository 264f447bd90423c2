#include "verb.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/loop.h"
#include "core.h"
#include "details.h"
#include "listen.h"
#include "log/journal.h"
#include "proc.h"
#include "registry.h"
#include "reply.h"
#include "rewatch.h"
#include "runtime.h"
#include "sample.h"
#include "spec/spec.h"
#include "verbcall.h"
#include "verblife.h"

typedef void verb_fn(struct verbcall *c);

enum {
	V_NAMES = 1,	/* the processes that its words mean; at least one */
	V_MAYBE = 2,	/* ... or none */
	V_MEMBERS = 4,	/* single processes of a tree too */
	V_NOW = 8,	/* answered at once: it promises nothing */
	V_ANYWAY = 16,	/* carried out, also where that is not recorded */
};

static void
do_set(struct verbcall *c)
{
	(void)runtime_set(c->e, c->peer->cause,
			  c->q->text ? c->q->text : "", &c->err);
}

static void
do_get(struct verbcall *c)
{
	(void)runtime_get(c->e, c->q->text ? c->q->text : "", &c->text,
			  &c->err);
}

static void
do_env(struct verbcall *c)
{
	c->now = runtime_env_reads(c->q);
	(void)runtime_env(c->e, c->peer->cause, c->q, &c->text, &c->err);
}

static void
do_doctor(struct verbcall *c)
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
do_details(struct verbcall *c)
{
	for (size_t i = 0; i < c->e->nproc; i++) {
		if (!c->hit[i])
			continue;
		details_text(&c->text, c->e->procs[i]);
		verbcall_acted_on(c, c->e->procs[i]);
		return;
	}
}

static void
to_watches(struct verbcall *c, int (*fn)(struct proc *p, enum cause by,
				     const char *text, struct err *err))
{
	const char *text = c->q->text ? c->q->text : "";

	for (size_t i = 0; i < c->e->nproc; i++)
		if (c->hit[i] && fn(c->e->procs[i], c->peer->cause, text,
				    &c->err) == 0)
			verbcall_acted_on(c, c->e->procs[i]);
}

static void
do_watch_add(struct verbcall *c)
{
	to_watches(c, rewatch_add);
}

static void
do_watch_rm(struct verbcall *c)
{
	to_watches(c, rewatch_rm);
}

static void
do_figures(struct verbcall *c)
{
	sample_all(c->e);
}

static void
do_spec(struct verbcall *c)
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
		verbcall_acted_on(c, c->e->procs[i]);
	buf_fini(&packed);
}

static const struct {
	verb_fn *fn;
	unsigned flags;
} verbs[] = {
	[PROTO_V_START] = { verblife_start, V_MAYBE },
	[PROTO_V_STOP] = { verblife_stop, V_NAMES | V_MEMBERS | V_ANYWAY },
	[PROTO_V_RESTART] = { verblife_restart, V_NAMES },
	[PROTO_V_KILL] = { verblife_kill, V_NAMES | V_MEMBERS | V_ANYWAY },
	[PROTO_V_SIGNAL] = { verblife_signal, V_NAMES | V_MEMBERS | V_ANYWAY },
	[PROTO_V_RM] = { verblife_rm, V_NAMES },
	[PROTO_V_CLEAN] = { verblife_clean, 0 },
	/* Who asks for it stays until it is done, and asks again. */
	[PROTO_V_DOWN] = { verblife_down, V_NOW },
	[PROTO_V_DOCTOR] = { do_doctor, V_NOW },
	[PROTO_V_SET] = { do_set, 0 },
	[PROTO_V_GET] = { do_get, V_NOW },
	[PROTO_V_ENV] = { do_env, 0 },
	[PROTO_V_SCALE] = { verblife_scale, 0 },
	[PROTO_V_DETAILS] = { do_details, V_NAMES | V_NOW },
	[PROTO_V_WATCH_ADD] = { do_watch_add, V_NAMES },
	[PROTO_V_WATCH_RM] = { do_watch_rm, V_NAMES },
	[PROTO_V_FIGURES] = { do_figures, V_NOW },
	[PROTO_V_SPEC] = { do_spec, V_NAMES | V_NOW },
};

void
verb_request(struct peer *peer, uint32_t id, struct proto_request *q)
{
	struct verbcall c;
	struct reply_to to = { .id = id, .key = q->key };
	size_t verb = (size_t)q->verb;

	if (reply_repeats(peer, id, q->key))
		return;
	verbcall_init(&c, peer, q);
	c.now = verb < ARRAY_LEN(verbs) && verbs[verb].flags & V_NOW;
	to.anyway = verb < ARRAY_LEN(verbs) && verbs[verb].flags & V_ANYWAY;
	if (verb < ARRAY_LEN(verbs) && verbs[verb].flags & V_MEMBERS)
		verbcall_take_members(&c);
	if (verb >= ARRAY_LEN(verbs) || !verbs[verb].fn) {
		err_set(&c.err, ERR_USAGE,
			"this engine does not know request %u",
			(unsigned)verb);
	} else if ((verbs[verb].flags & (V_NAMES | V_MAYBE)) &&
		   verbcall_select(&c) < 0) {
		/* c.err says which word means nothing */
	} else {
		verbs[verb].fn(&c);
	}
	if (c.now)
		reply_tell(peer, id, &c.err, buf_str(&c.text), c.ids,
			   c.id_count);
	else
		reply_send_keyed(peer, &to, &c.err, buf_str(&c.text),
				 c.ids, c.id_count);
	verbcall_fini(&c);
}
