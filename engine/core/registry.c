#include "registry.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answered.h"
#include "autoport.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/msg.h"
#include "base/strv.h"
#include "conf/option.h"
#include "core.h"
#include "envset.h"
#include "feed.h"
#include "helper.h"
#include "listen.h"
#include "log/fold.h"
#include "log/journal.h"
#include "log/spool.h"
#include "log/watch.h"
#include "ordered.h"
#include "proc.h"
#include "proccheck.h"
#include "procinput.h"
#include "procio.h"
#include "procleft.h"
#include "proclife.h"
#include "procmember.h"
#include "procsched.h"
#include "reglog.h"
#include "spec/spec.h"

enum {
	REGISTRY_MAGIC = 0x52584253,
	PART_MAX = 32 << 20,		/* of one field of one process */
	COME_BACK_US = 10 * 1000 * 1000,	/* a client, to a new engine */
	SAVE_AGAIN_US = 100 * 1000,
	UNSAVED_MAX_US = 2 * 1000 * 1000,	/* what waits for a save */
};

/* Keys of slices: three of the set, four of each process, those of answers. */
enum { SLICE_HEAD, SLICE_SET, SLICE_HELPERS };
enum { SLICE_SPEC, SLICE_STATE, SLICE_TTY, SLICE_CHECKS, SLICES };

static uint64_t
slice_of(uint32_t id, unsigned what)
{
	return (uint64_t)id * SLICES + what;
}

static uint64_t
slice_of_answer(size_t place)
{
	return (UINT64_C(1) << 40) + place;
}

static int
put_part(struct buf *b, struct buf *part)
{
	int r = msg_put_bytes(b, part->data ? part->data : "", part->len);

	buf_clear(part);
	return r;
}

static int
put_gaps(const struct proc *p, struct buf *b)
{
	struct spool_gap gaps[SPOOL_GAPS_MAX];
	size_t n = spool_gaps(p->spool, gaps, SPOOL_GAPS_MAX);
	int r = msg_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		r |= msg_put_u8(b, gaps[i].stream);
		r |= msg_put_u64(b, gaps[i].off);
		r |= msg_put_u64(b, gaps[i].bytes);
	}
	return r;
}

static int
put_tty(const struct proc *p, struct buf *b)
{
	int r = msg_put_bytes(b, p->base.data ? p->base.data : "", p->base.len);
	r |= msg_put_u64(b, p->base_off);
	r |= msg_put_u16(b, p->base_rows);
	r |= msg_put_u16(b, p->base_cols);
	r |= msg_put_u32(b, p->vt_falls);
	r |= msg_put_bytes(b, buf_str(&p->base_history), p->base_history.len);
	r |= msg_put_u64(b, p->base_history_id);
	r |= msg_put_u16(b, p->want_rows);
	r |= msg_put_u16(b, p->want_cols);
	r |= msg_put_u8(b, p->size_owed);
	return r;
}

static int
put_spec(const struct proc *p, struct buf *b, struct buf *part)
{
	int r = spec_pack(p->spec, part);

	r |= put_part(b, part);
	return r | msg_put_strv(b, p->environ ? p->environ->v : NULL);
}

static unsigned
flags_of(const struct proc *p)
{
	return (unsigned)(p->leader_ended | p->killing << 1 |
			  p->run_cut << 2 | p->log_ended << 3 |
			  p->leaving << 4 | p->removing << 5 | p->owned << 7);
}

static int
put_state(struct proc *p, struct buf *b, struct buf *part)
{
	const struct run *run = procrun_see(p);
	int r = life_pack(&p->life, &run->life, part);
	r |= put_part(b, part);
	r |= msg_put_u64(b, p->slot);
	r |= msg_put_u64(b, p->tag);
	r |= msg_put_i64(b, p->created_ms);
	r |= msg_put_i64(b, p->started_ms);
	r |= msg_put_i64(b, p->ready_ms);
	r |= msg_put_i64(b, p->ended_ms);
	r |= msg_put_u32(b, (uint32_t)p->run_pid);
	r |= msg_put_u64(b, p->maxrss_bytes);
	r |= msg_put_u8(b, (uint8_t)(flags_of(p) |
				engine_is_followed(p->e, p) << 6));
	if (p->next_spec)
		r |= spec_pack(p->next_spec, part);
	r |= put_part(b, part);
	r |= msg_put_u32(b, p->errors);
	r |= msg_put_u32(b, p->warnings);
	r |= msg_put_u32(b, p->fail_step);
	r |= msg_put_u32(b, p->fail_error);
	r |= msg_put_u64(b, fold_handed_seq(p->fold));
	if (p->watches)
		r |= watchset_save(p->watches, part);
	r |= put_part(b, part);
	r |= put_gaps(p, b);
	r |= procsched_pack(p, b);
	r |= autoport_pack(p, b);
	r |= ordered_pack(p, b);
	r |= procleft_pack(p, b);
	r |= procmember_pack(p, b);
	r |= msg_put_u64(b, p->queued_gen);
	r |= msg_put_u64(b, p->input_taken);
	r |= msg_put_u8(b, p->input_eof);
	r |= msg_put_bytes(b, buf_str(&run->input) + run->input_off,
			   procinput_waiting(p));
	return r;
}

static int
put_head(struct engine *e, struct buf *b, struct buf *part)
{
	int r = msg_put_u32(b, e->next_id);
	r |= msg_put_u32(b, e->next_auto);
	r |= msg_put_u32(b, e->next_slot);
	r |= msg_put_i64(b, e->loaded_ms);
	r |= msg_put_u8(b, e->going_down);
	r |= msg_put_u32(b, e->down_cause);
	r |= msg_put_u64(b, e->down_for_us);
	r |= journal_pack(e->journal, part);
	r |= put_part(b, part);
	r |= msg_put_u32(b, (uint32_t)e->nproc);
	for (size_t i = 0; i < e->nproc; i++)
		r |= msg_put_u32(b, e->procs[i]->id);
	return r;
}

static int
put_set(const struct engine *e, struct buf *b, struct buf *part)
{
	int r = setpack_put(part, &e->set);
	r |= put_part(b, part);
	r |= options_pack(e->options, part);
	r |= put_part(b, part);
	r |= envset_pack(e->env, b);
	return r | listen_pack(e->listen, b);
}

static void
put_slice(struct engine *e, uint64_t key, struct buf *b)
{
	reglog_put(e->reglog, key, buf_str(b), b->len);
	buf_clear(b);
}

static int
put_checks(struct proc *p, struct buf *b)
{
	struct engine *e = p->e;
	uint64_t key = slice_of(p->id, SLICE_CHECKS);

	if (proccheck_is_saved(p) && reglog_keep(e->reglog, key))
		return 0;
	int r = proccheck_pack(p, b);
	put_slice(e, key, b);
	return r;
}

static bool
has_simple_state(const struct proc *p)
{
	return !p->sched && !p->kept && !p->left_tag_count && !p->follower &&
	       !p->at_unfollowed_us && !p->fold_dirty && !p->watch_specs &&
	       !p->spec->tty && spool_gap_bytes(p->spool) == 0;
}

/* It runs, and nothing of it changes but by what says so (still_saved), or is
 * in its mark. */
static bool
is_steady(const struct proc *p)
{
	const struct run *r = p->run;

	return r && p->pid && !p->next_spec && !p->auto_count &&
	       !r->asked.on && !r->end_count && procinput_waiting(p) == 0 &&
	       !proccheck_has_results(p) && has_simple_state(p);
}

/* At rest; then what says so is all. */
static bool
is_still(const struct proc *p)
{
	return !p->run && has_simple_state(p);
}

static struct proc_mark
mark_of(const struct proc *p)
{
	struct proc_mark m = {
		.grow_gen = p->grow_gen, .value_gen = p->value_gen,
		.handed_seq = fold_handed_seq(p->fold),
		.input_taken = p->input_taken,
		.errors = p->errors, .warnings = p->warnings,
		.flags = flags_of(p) | (unsigned)p->input_eof << 8,
	};

	/* Each of them only grows. */
	for (size_t s = 0; s < LOG_STREAMS; s++)
		m.drained_us += p->at_drained_us[s];
	return m;
}

static bool
is_as_saved(const struct proc *p)
{
	if (!p->still_saved || !p->spec_saved)
		return false;
	if (!p->run)
		return is_still(p);
	struct proc_mark m = mark_of(p);
	return memcmp(&m, &p->saved_as, sizeof m) == 0 && is_steady(p);
}

/* There are thousands that have ended, or hundreds that only run, and are as
 * they were saved. */
static bool
keep_as_saved(const struct proc *p)
{
	struct reglog *g = p->e->reglog;

	return is_as_saved(p) &&
	       reglog_keep(g, slice_of(p->id, SLICE_SPEC)) &&
	       reglog_keep(g, slice_of(p->id, SLICE_STATE)) &&
	       reglog_keep(g, slice_of(p->id, SLICE_TTY));
}

#ifdef SBX_FAULTS
/* Whatever changes a run has to say so.  (One at rest has other words for the
 * same once procrun_settle_all() has been there.) */
static void
check_as_saved(struct proc *p, struct buf *b, struct buf *part)
{
	if (!p->run)
		return;
	(void)put_state(p, b, part);
	assert(reglog_has(p->e->reglog, slice_of(p->id, SLICE_STATE),
			  buf_str(b), b->len));
	buf_clear(b);
}
#else
#define check_as_saved(p, b, part) ((void)0)
#endif

static int
put_proc(struct proc *p, struct buf *b, struct buf *part)
{
	struct engine *e = p->e;
	uint64_t spec = slice_of(p->id, SLICE_SPEC);
	int r = 0;

	if (keep_as_saved(p)) {
		check_as_saved(p, b, part);
		return 0;
	}
	/* It is by far the longest one, and hardly ever another. */
	if (!p->spec_saved || !reglog_keep(e->reglog, spec)) {
		r |= put_spec(p, b, part);
		put_slice(e, spec, b);
		p->spec_saved = true;
	}
	r |= put_state(p, b, part);
	put_slice(e, slice_of(p->id, SLICE_STATE), b);
	r |= put_tty(p, b);
	put_slice(e, slice_of(p->id, SLICE_TTY), b);
	if (proccheck_has_results(p))
		r |= put_checks(p, b);
	p->saved_as = mark_of(p);
	p->still_saved = is_still(p) || is_steady(p);
	return r;
}

static int
put_answers(struct engine *e, struct buf *b)
{
	int r = 0;

	for (size_t i = 0; i < ANSWERED_MAX; i++) {
		if (answered_is_saved(e->answered, i) &&
		    reglog_keep(e->reglog, slice_of_answer(i)))
			continue;
		r |= answered_pack(e->answered, i, b);
		put_slice(e, slice_of_answer(i), b);
	}
	return r;
}

/* A field that is left out would be the end of all behind it. */
static int
put_all(struct engine *e)
{
	struct buf b = BUF_INIT(REGLOG_MAX), part = BUF_INIT(PART_MAX);
	int r = put_head(e, &b, &part);

	put_slice(e, SLICE_HEAD, &b);
	if (!e->set_saved || !reglog_keep(e->reglog, SLICE_SET)) {
		r |= put_set(e, &b, &part);
		put_slice(e, SLICE_SET, &b);
		e->set_saved = true;
	}
	r |= helper_pack(e, &b);
	put_slice(e, SLICE_HELPERS, &b);
	r |= put_answers(e, &b);
	for (size_t i = 0; i < e->nproc; i++)
		r |= put_proc(e->procs[i], &b, &part);
	buf_fini(&b);
	buf_fini(&part);
	return r ? -EMSGSIZE : 0;
}

_Static_assert((int)REGLOG_FILES == (int)KEEP_FILES, "as the keeper has");

struct reglog *
registry_log(const int *files)
{
	return reglog_new(REGISTRY_MAGIC, REGISTRY_VERSION, files);
}

int
registry_save(struct engine *e)
{
	if (!e->registry_dirty)
		return 0;
	reglog_begin(e->reglog);
	int r = put_all(e);
	if (r < 0)
		reglog_abort(e->reglog);
	else
		r = reglog_commit(e->reglog);
	if (r == 0) {
		e->registry_dirty = e->registry_stale = false;
		e->at_registry_us = clock_us();
		if (e->unsaved_told)
			engine_note(e, NULL, EVENT_NOTE, CAUSE_ENGINE,
				    "the registry can be saved again");
		e->unsaved_told = false;
		e->at_unsaved_us = 0;
		return 0;
	}
	if (!e->at_unsaved_us)
		e->at_unsaved_us = clock_us();
	e->unsaved_error = -r;
	return r;
}

int
registry_settle(struct engine *e)
{
	char text[200];
	int r = registry_save(e);

	if (r == 0)
		return 0;
	engine_turn_at(e, clock_us() + SAVE_AGAIN_US);
	if (clock_us() - e->at_unsaved_us < UNSAVED_MAX_US)
		return -EAGAIN;
	if (!e->unsaved_told) {
		snprintf(text, sizeof text, "the registry cannot be saved "
			 "(%s): an engine that dies now loses what has "
			 "happened since", strerror(-r));
		engine_note(e, NULL, EVENT_NOTE, CAUSE_LIMIT, "%s", text);
		feed_note(e, SPEC_LEVEL_ERROR, text);
	}
	e->unsaved_told = true;
	return r == -EAGAIN ? -EIO : r;
}

void
registry_facts(const struct engine *e, struct buf *out)
{
	if (!e->at_unsaved_us)
		buf_addf(out, "registry saved\n");
	else
		buf_addf(out, "registry not saved for %llu ms: %s\n",
			 (unsigned long long)
			 ((clock_us() - e->at_unsaved_us) / 1000),
			 strerror(e->unsaved_error));
}

static void
get_gaps(struct proc *p, struct msg_reader *r)
{
	uint32_t n = msg_u32(r);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		struct spool_gap g = { .stream = msg_u8(r) };
		g.off = msg_u64(r);
		g.bytes = msg_u64(r);
		if (!r->bad && g.stream < LOG_STREAMS)
			spool_restore_gap(p->spool, &g);
	}
}

static void
get_tty(struct proc *p, struct msg_reader *r)
{
	size_t len;
	const char *base = msg_bytes(r, &len);
	buf_add(&p->base, base, len);
	p->base_off = msg_u64(r);
	p->base_rows = msg_u16(r);
	p->base_cols = msg_u16(r);
	p->vt_falls = msg_u32(r);
	const char *history = msg_bytes(r, &len);
	buf_add(&p->base_history, history, len);
	p->base_history_id = msg_u64(r);
	p->want_rows = msg_u16(r);
	p->want_cols = msg_u16(r);
	p->size_owed = msg_u8(r) != 0;
	p->e->sizes_owed |= p->want_rows || p->size_owed;
}

/* The fields between the spec and the fold, read before the proc exists. */
struct stored {
	uint32_t id, errors, warnings, fail_step, fail_error;
	struct spec *spec, *next_spec;
	char **environ;
	struct life life;
	struct life_run run;
	uint64_t slot, tag, handed_seq;
	int64_t created_ms, started_ms, ready_ms, ended_ms;
	pid_t run_pid;
	uint64_t maxrss_bytes;
	uint8_t flags;
};

static int
get_spec(struct msg_reader *r, struct stored *s, struct err *err)
{
	size_t len;
	const char *packed = msg_bytes(r, &len);
	if (r->bad || spec_unpack(packed, len, &s->spec, err) < 0)
		return -1;
	s->environ = msg_strv(r, SPEC_LIST_MAX * 4);
	return 0;
}

static int
get_stored(struct msg_reader *r, struct stored *s, struct err *err)
{
	size_t len;
	const char *life = msg_bytes(r, &len);
	if (life_unpack(&s->life, &s->run, life, len) < 0)
		r->bad = true;
	s->slot = msg_u64(r);
	s->tag = msg_u64(r);
	s->created_ms = msg_i64(r);
	s->started_ms = msg_i64(r);
	s->ready_ms = msg_i64(r);
	s->ended_ms = msg_i64(r);
	s->run_pid = (pid_t)msg_u32(r);
	s->maxrss_bytes = msg_u64(r);
	s->flags = msg_u8(r);
	const char *next = msg_bytes(r, &len);
	if (!r->bad && len > 0 &&
	    spec_unpack(next, len, &s->next_spec, err) < 0)
		r->bad = true;
	s->errors = msg_u32(r);
	s->warnings = msg_u32(r);
	s->fail_step = msg_u32(r);
	s->fail_error = msg_u32(r);
	s->handed_seq = msg_u64(r);
	if (!r->bad)
		return 0;
	spec_free(s->spec);
	spec_free(s->next_spec);
	strv_free(s->environ);
	return -1;
}

static int
get_proc(struct engine *e, const struct reglog_view *v, uint32_t id,
	 struct err *err)
{
	struct stored s = { .id = id };
	struct msg_reader spec, state, tty, checks, *r = &state;
	size_t len;

	(void)reglog_get(v, slice_of(id, SLICE_SPEC), &spec);
	(void)reglog_get(v, slice_of(id, SLICE_STATE), &state);
	(void)reglog_get(v, slice_of(id, SLICE_TTY), &tty);
	bool checked = reglog_get(v, slice_of(id, SLICE_CHECKS), &checks);
	if (get_spec(&spec, &s, err) < 0 || get_stored(r, &s, err) < 0)
		return -1;
	struct proc *p = proc_new(e, s.spec, s.environ, s.id, s.handed_seq,
				  err);
	if (!p) {
		spec_free(s.next_spec);
		return -1;
	}
	p->next_spec = s.next_spec;
	p->leaving = s.flags & 16;
	p->life = s.life;
	if (!life_is_at_rest(&s.life, &s.run))
		procrun_get(p)->life = s.run;
	p->slot = s.slot;
	p->tag = s.tag;
	p->created_ms = s.created_ms;
	p->started_ms = s.started_ms;
	p->ready_ms = s.ready_ms;
	p->ended_ms = s.ended_ms;
	p->run_pid = s.run_pid;
	p->maxrss_bytes = s.maxrss_bytes;
	p->leader_ended = s.flags & 1;
	p->killing = s.flags & 2;
	p->run_cut = s.flags & 4;
	p->log_ended = s.flags & 8;
	p->removing = s.flags & 32;
	p->owned = s.flags & 128;
	p->was_ready = s.life.ready;
	p->was_unready = s.life.unready;
	/* Who has its log open connects anew, and is to find it. */
	if (s.flags & 64)
		p->at_unfollowed_us = clock_us() + COME_BACK_US;
	p->errors = s.errors;
	p->warnings = s.warnings;
	p->fail_step = s.fail_step;
	p->fail_error = s.fail_error;
	const char *watches = msg_bytes(r, &len);
	watchset_load(p->watches, watches, len);
	get_gaps(p, r);
	procio_find_lost(p);
	procmember_find_sent(p);
	proc_restore_run(p);
	get_tty(p, &tty);
	/* It has to know its schedule to go on with it. */
	procsched_take_spec(p);
	procsched_unpack(p, r);
	autoport_unpack(p, r);
	ordered_unpack(p, r);
	procleft_unpack(p, r);
	procmember_unpack(p, r);
	/* Who has waited longest is the first also with another engine. */
	p->queued_gen = msg_u64(r);
	e->gen = SBX_MAX(e->gen, p->queued_gen);
	p->input_taken = msg_u64(r);
	p->input_eof = msg_u8(r) != 0;
	if (checked)
		proccheck_unpack(p, &checks);
	const char *input = msg_bytes(r, &len);
	procinput_restore(p, input, len);
	proc_arm(p);
	return r->bad || tty.bad ? -1 : 0;
}

static int
get_set(struct engine *e, struct msg_reader *r, struct err *err)
{
	size_t len;
	const char *set = msg_bytes(r, &len);
	struct setpack pack;
	if (r->bad || setpack_get(set, len, &pack, err) < 0)
		return -1;
	setpack_fini(&e->set);
	e->set = pack;
	e->set_saved = false;
	const char *opts = msg_bytes(r, &len);
	struct options *options = NULL;
	if (!r->bad && options_unpack(opts, len, &options, err) == 0) {
		options_free(e->options);
		e->options = options;
	}
	(void)envset_unpack(e->env, r);
	listen_unpack(e->listen, r);
	return 0;
}

static int
get_all(struct engine *e, const struct reglog_view *v, struct err *err)
{
	struct msg_reader head, set, helpers, answer, *r = &head;
	size_t len;

	(void)reglog_get(v, SLICE_HEAD, &head);
	(void)reglog_get(v, SLICE_SET, &set);
	(void)reglog_get(v, SLICE_HELPERS, &helpers);
	for (size_t i = 0; i < ANSWERED_MAX; i++)
		if (reglog_get(v, slice_of_answer(i), &answer))
			answered_unpack(e->answered, i, &answer);
	e->next_id = msg_u32(r);
	e->next_auto = msg_u32(r);
	e->next_slot = msg_u32(r);
	e->loaded_ms = msg_i64(r);
	e->going_down = msg_u8(r) != 0;
	e->down_cause = (enum cause)msg_u32(r);
	e->down_for_us = msg_u64(r);
	const char *events = msg_bytes(r, &len);
	journal_unpack(e->journal, events, len);
	helper_unpack(e, &helpers);
	if (get_set(e, &set, err) < 0)
		return -1;
	uint32_t count = msg_u32(r);
	for (uint32_t i = 0; i < count && !r->bad; i++)
		if (get_proc(e, v, msg_u32(r), err) < 0)
			return -1;
	return !r->bad && !set.bad ? 0 :
		err_set(err, ERR_INTERNAL, "the registry is cut short");
}

int
registry_load(struct engine *e, struct err *err)
{
	struct reglog_view *v = reglog_open(e->reglog, err);
	int r = v ? get_all(e, v, err) : -1;

	reglog_close(v);
	return r;
}
