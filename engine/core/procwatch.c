#include "procwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/units.h"
#include "core.h"
#include "feed.h"
#include "life/stats.h"
#include "life/status.h"
#include "log/fold.h"
#include "log/journal.h"
#include "log/watch.h"
#include "proc.h"
#include "proccheck.h"
#include "prochook.h"
#include "procio.h"
#include "proclife.h"
#include "spec/replica.h"
#include "spec/spec.h"

enum {
	NOTES_PER_SECOND = 5,
	LINE_SHOWN = 200,	/* bytes of a line in a note */
	SEEN_MAX = LINE_SHOWN + 1,
	VALUES_MAX = 2 << 20,	/* bytes of all values of a process */
	COUNTS_MAX = 32 << 20,	/* of what its watches have counted */
};

/* A flood of hits must not become a flood of journal entries. */
static bool
may_note(struct proc *p)
{
	uint64_t now = clock_us();
	if (now - p->at_noted_us > 1000000) {
		p->at_noted_us = now;
		p->notes_left = NOTES_PER_SECOND;
	}
	if (p->notes_left == 0)
		return false;
	p->notes_left--;
	return true;
}

/* What it has seen, for people: an absent watch has no line. */
static void
seen_text(const struct watch_hit *h, char out[SEEN_MAX])
{
	char age[UNITS_TEXT_MAX];

	if (h->absent) {
		units_duration_text(h->spec->absent_ms, age);
		snprintf(out, SEEN_MAX, "silent for %s", age);
	} else {
		snprintf(out, SEEN_MAX, "%.*s",
			 (int)SBX_MIN(h->len, (size_t)LINE_SHOWN),
			 h->line ? h->line : "");
	}
}

static void
note_hit(struct proc *p, const struct watch_hit *h, enum event_kind kind)
{
	char seen[SEEN_MAX];

	seen_text(h, seen);
	const char *what = h->off ? "its pattern took too long again and again"
				  : seen;
	char *text = mem_fmt("watch %s%s%s", h->spec->name,
			     what[0] ? ": " : "", what);
	struct journal_event ev = {
		.kind = kind, .cause = CAUSE_WATCH, .from = -1, .to = -1,
		.run = p->life.run, .line = h->absent ? 0 : h->seq,
		.process = p->spec->name, .text = text,
		.line_text = h->absent ? "" : seen,
	};
	journal_add(p->e->journal, &ev);
	p->e->gen++;
	p->e->registry_dirty = true;
	free(text);
}

static void
tell_person(struct proc *p, const struct watch_hit *h)
{
	char seen[SEEN_MAX], note[320];

	seen_text(h, seen);
	snprintf(note, sizeof note, "%s %s: %s", p->spec->name, h->spec->name,
		 seen);
	feed_note(p->e, h->spec->level, note);
}

static bool
starts(const struct watch_hit *h, const struct proc *target)
{
	return h->spec->start &&
	       replica_is_meant(target->spec, h->spec->start);
}

/* A hit that changes what a process does is its reason: it is in the journal
 * however many others there are. */
static bool
changes_something(const struct proc *p, const struct watch_hit *h)
{
	if (h->spec->actions & (SPEC_WATCH_RESTART | SPEC_WATCH_STOP))
		return proc_is_live(p) && p->life.status != STATUS_STOPPING;
	for (size_t i = 0; h->spec->start && i < p->e->nproc; i++)
		if (starts(h, p->e->procs[i]) && !proc_is_live(p->e->procs[i]))
			return true;
	return false;
}

/* What a watch does to a process; its line is the reason. */
static void
steer(struct proc *p, const struct watch_hit *h)
{
	const struct spec_watch *w = h->spec;
	char detail[160], other[256], seen[SEEN_MAX];

	if (h->absent)
		seen_text(h, seen);
	else
		snprintf(seen, sizeof seen, "line %llu",
			 (unsigned long long)h->seq);
	snprintf(detail, sizeof detail, "watch '%.64s', %.64s", w->name, seen);
	snprintf(other, sizeof other, "%s of %.64s", detail, p->spec->name);
	if (w->hook)
		prochook_run(p, h);
	for (size_t i = 0; i < p->e->nproc; i++)
		if (starts(h, p->e->procs[i]))
			proc_tell(p->e->procs[i], LIFE_EV_START, CAUSE_WATCH,
				  p->e->procs[i] == p ? detail : other);
	if (w->actions & SPEC_WATCH_RESTART)
		proc_tell(p, LIFE_EV_RESTART, CAUSE_WATCH, detail);
	else if (w->actions & SPEC_WATCH_STOP)
		proc_tell(p, LIFE_EV_STOP, CAUSE_WATCH, detail);
}

static void
act(struct proc *p, const struct watch_hit *h)
{
	const struct spec_watch *w = h->spec;
	bool steers = w->start || w->hook ||
		      w->actions & (SPEC_WATCH_RESTART | SPEC_WATCH_STOP);
	bool loud = w->actions & (SPEC_WATCH_NOTIFY | SPEC_WATCH_BELL) ||
		    h->alert;
	bool told = (steers || loud || w->level >= SPEC_LEVEL_WARN) &&
		    may_note(p);

	if (told || changes_something(p, h))
		note_hit(p, h, EVENT_WATCH);
	if (told && (w->actions & SPEC_WATCH_NOTIFY || h->alert))
		tell_person(p, h);
	if (told && w->actions & SPEC_WATCH_BELL)
		feed_bell(p->e, p->id);
	if (steers)
		steer(p, h);
}

/* Intervals without a hit are made up for when there is one again. */
static void
ring_turn(struct hit_ring *r, uint64_t now)
{
	uint64_t behind = now - r->slot;
	if (behind > PROTO_HIT_SLOTS)
		behind = PROTO_HIT_SLOTS;
	for (uint64_t i = 0; i < behind; i++)
		r->hits[(now - i) % PROTO_HIT_SLOTS] = 0;
	r->slot = now;
}

static void
put_ring(struct hit_ring *r, uint8_t out[PROTO_HIT_SLOTS])
{
	uint32_t most = 1;
	ring_turn(r, clock_us() / PROTO_HIT_SLOT_US);
	for (size_t i = 0; i < PROTO_HIT_SLOTS; i++)
		most = SBX_MAX(most, r->hits[i]);
	/* Newest last; what is there at all is never scaled to nothing. */
	for (size_t i = 0; i < PROTO_HIT_SLOTS; i++) {
		uint32_t n = r->hits[(r->slot + 1 + i) % PROTO_HIT_SLOTS];
		out[i] = (uint8_t)((uint64_t)n * 255 / most);
		if (n && !out[i])
			out[i] = 1;
	}
}

static void
on_hit(void *arg, const struct watch_hit *h)
{
	struct proc *p = arg;
	p->value_gen = ++p->e->gen;
	if (h->off) {
		note_hit(p, h, EVENT_WATCH_OFF);
		return;
	}
	if (h->idx < p->spec->watch_count) {
		struct hit_ring *r = &p->hit_rings[h->idx];
		ring_turn(r, p->hit_slot);
		r->hits[r->slot % PROTO_HIT_SLOTS]++;
	}
	if (h->idx == p->live_watch && !h->replay)
		proccheck_beat(p);
	if (h->spec->level == SPEC_LEVEL_ERROR)
		p->errors++;
	else if (h->spec->level == SPEC_LEVEL_WARN)
		p->warnings++;
	if (h->spec->level >= SPEC_LEVEL_WARN)
		p->hits_untold = true;
	if ((h->spec->actions & SPEC_WATCH_READY) && !p->life.ready) {
		char detail[160];
		snprintf(detail, sizeof detail, "its log says '%.*s'",
			 (int)SBX_MIN(h->len, (size_t)100),
			 h->line ? h->line : "");
		proc_tell(p, LIFE_EV_READY, CAUSE_PROBE, detail);
	}
	/* Also on a line that is handed again: had it been acted on, the
	 * registry would be behind it. */
	if (h->act)
		act(p, h);
}

static void
on_lines(void *arg, const struct fold_block *b)
{
	struct proc *p = arg;
	/* Once for all of them: a clock takes as long as a match. */
	p->hit_slot = clock_us() / PROTO_HIT_SLOT_US;
	watchset_lines(p->watches, b);
}

static uint64_t
on_tail(void *arg, const struct fold_tail *t)
{
	struct proc *p = arg;
	proc_grew(p);
	p->hit_slot = clock_us() / PROTO_HIT_SLOT_US;
	return watchset_tail(p->watches, t, clock_wall_ms());
}

static void
on_gap(void *arg, enum log_stream s, uint64_t seq, uint64_t bytes)
{
	struct proc *p = arg;
	engine_note(p->e, p, EVENT_DROPPED, CAUSE_LIMIT,
		    "%llu bytes of %s were lost before line %llu",
		    (unsigned long long)bytes, log_stream_name(s),
		    (unsigned long long)seq);
}

const struct fold_ops procwatch_ops = {
	.lines = on_lines,
	.gap = on_gap,
	.tail = on_tail,
};

int
procwatch_build(struct proc *p, struct err *err)
{
	const struct spec *s = p->spec;
	size_t n = s->watch_count;

	size_t all = n + (s->ready.kind == SPEC_PROBE_LOG) +
		(s->live.kind == SPEC_PROBE_LOG);

	p->watch_specs = NULL;
	p->hit_rings = NULL;
	if (all) {
		p->watch_specs = mem_array(all, sizeof *p->watch_specs);
		p->hit_rings = mem_array(all, sizeof *p->hit_rings);
	}
	if (n)
		memcpy(p->watch_specs, s->watches, n * sizeof *s->watches);
	if (s->ready.kind == SPEC_PROBE_LOG) {
		static char ready_name[] = "ready";
		p->watch_specs[n++] = (struct spec_watch){
			.name = ready_name,
			.pattern = s->ready.pattern,
			.actions = SPEC_WATCH_READY,
		};
	}
	if (s->live.kind == SPEC_PROBE_LOG) {
		static char live_name[] = "live";
		p->live_watch = n;
		p->watch_specs[n++] = (struct spec_watch){
			.name = live_name,
			.pattern = s->live.pattern,
		};
	} else {
		p->live_watch = SIZE_MAX;
	}
	p->watches = watchset_new(p->watch_specs, n, on_hit, p, err);
	return p->watches ? 0 : -1;
}

/* What the ring of a watch of this name has seen. */
static void
carry_ring(struct proc *p, const struct spec *old, const struct hit_ring *rings,
	   size_t i)
{
	for (size_t k = 0; k < old->watch_count; k++)
		if (strcmp(old->watches[k].name,
			   p->spec->watches[i].name) == 0)
			p->hit_rings[i] = rings[k];
}

int
procwatch_rebuild(struct proc *p, const struct spec *old, struct err *err)
{
	struct watchset *watches = p->watches;
	struct spec_watch *specs = p->watch_specs;
	struct hit_ring *rings = p->hit_rings;
	struct buf counts = BUF_INIT(COUNTS_MAX);
	size_t live_watch = p->live_watch;

	int r = procwatch_build(p, err);
	if (r < 0) {
		free(p->watch_specs);
		free(p->hit_rings);
		p->watches = watches;
		p->watch_specs = specs;
		p->hit_rings = rings;
		p->live_watch = live_watch;
		return -1;
	}
	if (watchset_save(watches, &counts) == 0)
		(void)watchset_load(p->watches, buf_str(&counts), counts.len);
	for (size_t i = 0; i < p->spec->watch_count; i++)
		carry_ring(p, old, rings, i);
	watchset_follow(p->watches, watches, p->pid != 0, clock_ms());
	procio_fold_later(p);	/* which arms the timer of a silence */
	p->value_gen = ++p->e->gen;
	watchset_free(watches);
	free(specs);
	free(rings);
	buf_fini(&counts);
	return 0;
}

void
procwatch_run(struct proc *p, bool running)
{
	watchset_run(p->watches, running, clock_ms());
}

uint64_t
procwatch_deadline(const struct proc *p)
{
	return watchset_deadline(p->watches);
}

void
procwatch_tick(struct proc *p)
{
	p->hit_slot = clock_us() / PROTO_HIT_SLOT_US;
	watchset_tick(p->watches, clock_ms(), clock_wall_ms());
}

static void
fill(struct proto_value *v, const struct stats *st)
{
	double samples[STATS_SAMPLES];
	size_t n = stats_samples(st, samples);

	v->last = st->text;
	v->numeric = st->numbers > 0;
	v->last_number = st->last;
	v->min = st->min;
	v->max = st->max;
	v->mean = st->mean;
	v->p95 = stats_p95(st);
	n = SBX_MIN(n, ARRAY_LEN(v->samples));
	memcpy(v->samples, samples, n * sizeof *samples);
	v->sample_count = (uint32_t)n;
}

static uint32_t
put_watch(struct proc *p, size_t i, struct buf *out)
{
	const struct spec_watch *w = watchset_spec(p->watches, i);
	size_t values = watchset_values(p->watches, i);
	const char *line;
	uint32_t count = 0;

	uint64_t seq = watchset_last(p->watches, i, &line);
	for (size_t k = 0; k < SBX_MAX(values, (size_t)1); k++) {
		struct proto_value v = {
			.name = w->name, .unit = w->unit,
			.level = (uint8_t)w->level, .last = line, .seq = seq,
			.count = watchset_hits(p->watches, i),
			.off = watchset_is_off(p->watches, i),
		};
		char name[2 * SPEC_NAME_MAX + 2];
		put_ring(&p->hit_rings[i], v.hits);
		v.hit_slot = p->hit_rings[i].slot;
		if (values) {
			const char *group;
			fill(&v, watchset_value(p->watches, i, k, &group));
			/* One value goes by the watch's own name. */
			if (values > 1 && group) {
				snprintf(name, sizeof name, "%.64s.%.64s",
					 w->name, group);
				v.name = name;
			}
		}
		if (proto_put_value(out, &v) == 0)
			count++;
	}
	return count;
}

void
procwatch_values(struct proc *p, struct buf *out)
{
	struct buf values = BUF_INIT(VALUES_MAX);
	uint32_t count = 0;
	for (size_t i = 0; i < p->spec->watch_count; i++)
		count += put_watch(p, i, &values);
	msg_put_u32(out, p->id);
	msg_put_u32(out, count);
	buf_add(out, values.data, values.len);
	buf_fini(&values);
}
