#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "fold.h"
#include "life/stats.h"
#include "spec/spec.h"
#include "strip.h"

#define LAST_MAX	256		/* bytes kept of the last line hit */
#define SAVE_VERSION	1
#define NEVER		UINT64_MAX
/* A block of lines, stripped, is never longer than the block. */
#define BLOCK_MAX	(1024 * 1024)

struct value {
	const char *name;	/* of the group; in the pattern or the spec */
	struct stats stats;
};

struct watch {
	const struct spec_watch *spec;
	struct regex *re;
	bool off;
	unsigned strikes;
	uint64_t hits, last_seq;
	char last[LAST_MAX];
	struct value *values;
	size_t value_count;
	int64_t window_ms;	/* when the present max=N/T window began */
	unsigned window_count;
	bool armed, fresh;	/* absent: waiting; matched since the tick */
	uint64_t absent_at_ms;
	/* The next line that matches in the block being looked at. */
	bool found;
	size_t pos, off_line, end_line;
	struct regex_caps caps;
};

/* A tail that was looked at: as long as its line begins like that, watches
 * with their bit set have had their hit. */
struct tail {
	bool active;
	size_t len;
	uint64_t hash;
	uint8_t *hit;
};

struct watchset {
	struct watch *v;
	size_t count;
	watch_fn *fn;
	void *arg;
	struct tail tails[LOG_STREAMS];
	struct buf text;	/* stripped */
	uint32_t *ends;
	size_t ends_cap;
};

/* What all hits of one block or tail have in common. */
struct scene {
	enum log_stream stream;
	uint64_t seq;
	int64_t wall_ms;
	bool tail, replay;
};

static uint64_t
hash_of(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return h;
}

static bool
wants(const struct watch *w, enum log_stream s)
{
	return !w->off && (w->spec->stream == SPEC_STREAM_ANY ||
			   w->spec->stream - SPEC_STREAM_STDOUT == (int)s);
}

static bool
was_hit(const struct tail *t, size_t idx)
{
	return t->active && (t->hit[idx / 8] >> idx % 8 & 1);
}

/* Does the line go on from the tail?  If not, what was hit is forgotten. */
static void
compare_tail(struct watchset *ws, struct tail *t, const char *text, size_t len)
{
	if (t->active && len >= t->len && hash_of(text, t->len) == t->hash)
		return;
	t->active = false;
	memset(t->hit, 0, (ws->count + 7) / 8);
}

/* May the watch act now, by its max=N/T? */
static bool
within_rate(struct watch *w, int64_t wall_ms)
{
	const struct spec_watch *spec = w->spec;
	if (spec->max_count == 0)
		return true;
	if (w->window_count == 0 || wall_ms < w->window_ms ||
	    wall_ms - w->window_ms >= (int64_t)spec->max_per_ms) {
		w->window_ms = wall_ms;
		w->window_count = 0;
	}
	if (w->window_count >= spec->max_count)
		return false;
	w->window_count++;
	return true;
}

static void
keep_last(struct watch *w, const char *line, size_t len, uint64_t seq)
{
	size_t n = SBX_MIN(len, sizeof(w->last) - 1);
	memcpy(w->last, line, n);
	w->last[n] = '\0';
	w->last_seq = seq;
}

/* Takes the values out of a line; true if one is over the alert. */
static bool
take_values(struct watch *w, const char *line, const struct regex_caps *caps,
	    int64_t wall_ms)
{
	bool alert = false;
	for (size_t i = 0; i < w->value_count; i++) {
		struct value *v = &w->values[i];
		int g = regex_group_find(w->re, v->name, caps);
		if (g < 0 || caps->group[g].off == REGEX_UNSET)
			continue;
		stats_add(&v->stats, line + caps->group[g].off,
			  caps->group[g].end - caps->group[g].off, wall_ms);
		alert |= w->spec->alert && v->stats.is_number &&
			v->stats.last > w->spec->alert_above;
	}
	return alert;
}

static void
tell(struct watchset *ws, struct watch *w, struct watch_hit *hit)
{
	hit->idx = (size_t)(w - ws->v);
	hit->spec = w->spec;
	hit->re = w->re;
	if (ws->fn)
		ws->fn(ws->arg, hit);
}

static void
hit_line(struct watchset *ws, struct watch *w, const struct scene *at,
	 const char *line, size_t len, const struct regex_caps *caps)
{
	w->hits++;
	keep_last(w, line, len, at->seq);
	w->fresh = true;
	struct watch_hit hit = {
		.stream = at->stream, .seq = at->seq, .wall_ms = at->wall_ms,
		.line = line, .len = len, .caps = caps, .tail = at->tail,
		.replay = at->replay,
	};
	hit.alert = take_values(w, line, caps, at->wall_ms);
	/* An absent watch acts on silence; a line only puts it off. */
	if (w->spec->absent_ms)
		return;
	hit.act = within_rate(w, at->wall_ms);
	tell(ws, w, &hit);
}

/* The pattern was too dear for a line. */
static void
strike(struct watchset *ws, struct watch *w, const struct scene *at)
{
	if (++w->strikes < WATCH_STRIKES || w->off)
		return;
	w->off = true;
	struct watch_hit hit = {
		.stream = at->stream, .seq = at->seq, .wall_ms = at->wall_ms,
		.line = "", .off = true,
	};
	tell(ws, w, &hit);
}

/* Moves a watch on to its next line in the block. */
static void
advance(struct watchset *ws, struct watch *w, const struct scene *at,
	const char *text, size_t len)
{
	int r = REGEX_LIMIT;
	while (r == REGEX_LIMIT && !w->off) {
		r = regex_line(w->re, text, len, LOG_WINDOW, &w->pos,
			       &w->off_line, &w->end_line, &w->caps);
		if (r == REGEX_LIMIT)
			strike(ws, w, at);
	}
	w->found = r == REGEX_MATCH;
}

static size_t
line_at(const uint32_t *ends, size_t count, size_t off)
{
	size_t lo = 0, hi = count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ends[mid] <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct watch *
first_found(struct watchset *ws)
{
	struct watch *best = NULL;
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		if (w->found && (!best || w->off_line < best->off_line))
			best = w;
	}
	return best;
}

/* The block without escapes; ends (changed with it) are the set's own. */
static const char *
strip_block(struct watchset *ws, const struct fold_block *b, size_t *len,
	    const uint32_t **ends)
{
	*len = b->len;
	*ends = b->ends;
	if (!strip_needed(b->text, b->len))
		return b->text;
	if (b->count > ws->ends_cap) {
		ws->ends = mem_grow(ws->ends, ws->ends_cap, b->count,
				    sizeof(*ws->ends));
		ws->ends_cap = b->count;
	}
	memcpy(ws->ends, b->ends, b->count * sizeof(*ws->ends));
	buf_clear(&ws->text);
	char *to = buf_room(&ws->text, b->len);
	if (!to)
		return b->text;
	*len = strip_lines(b->text, ws->ends, b->count, to);
	*ends = ws->ends;
	return to;
}

static void
add_value(struct watch *w, const char *name)
{
	for (size_t i = 0; i < w->value_count; i++)
		if (strcmp(w->values[i].name, name) == 0)
			return;
	if (w->value_count == WATCH_VALUES_MAX)
		return;
	w->values = mem_grow(w->values, w->value_count, w->value_count + 1,
			     sizeof(*w->values));
	w->values[w->value_count++].name = name;
}

static void
add_values(struct watch *w)
{
	if (w->spec->value) {
		add_value(w, w->spec->value);
		return;
	}
	for (unsigned g = 1; g <= regex_groups(w->re); g++) {
		const char *name = regex_group_name(w->re, g);
		if (name)
			add_value(w, name);
	}
}

struct watchset *
watchset_new(const struct spec_watch *specs, size_t count, watch_fn *fn,
	     void *arg, struct err *e)
{
	if (count > WATCH_MAX) {
		err_set(e, ERR_USAGE, "%zu watches, at most %d", count,
			WATCH_MAX);
		return NULL;
	}
	struct watchset *ws = mem_alloc(sizeof(*ws));
	ws->fn = fn;
	ws->arg = arg;
	buf_init(&ws->text, BLOCK_MAX);
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		ws->tails[s].hit = mem_alloc(count / 8 + 1);
	if (count)
		ws->v = mem_array(count, sizeof(*ws->v));
	for (size_t i = 0; i < count; i++) {
		struct watch *w = &ws->v[ws->count++];
		const struct spec_pattern *p = &specs[i].pattern;
		const char *text = p->text ? p->text : "";
		w->spec = &specs[i];
		w->re = regex_new(text, strlen(text), p->flags, e, NULL);
		if (!w->re) {
			watchset_free(ws);
			return NULL;
		}
		add_values(w);
	}
	return ws;
}

void
watchset_free(struct watchset *ws)
{
	if (!ws)
		return;
	for (size_t i = 0; i < ws->count; i++) {
		regex_free(ws->v[i].re);
		free(ws->v[i].values);
	}
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		free(ws->tails[s].hit);
	buf_fini(&ws->text);
	free(ws->ends);
	free(ws->v);
	free(ws);
}

void
watchset_lines(struct watchset *ws, const struct fold_block *b)
{
	size_t len;
	const uint32_t *ends;
	struct tail *t = &ws->tails[b->stream];
	struct scene at = {
		.stream = b->stream, .seq = b->first_seq,
		.wall_ms = b->wall_ms, .replay = b->replay,
	};
	if (ws->count == 0 || b->count == 0)
		return;
	const char *text = strip_block(ws, b, &len, &ends);
	size_t first = ends[0];
	compare_tail(ws, t, text, first - (first && text[first - 1] == '\n'));
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		w->found = false;
		w->pos = 0;
		if (wants(w, b->stream))
			advance(ws, w, &at, text, len);
	}
	for (struct watch *w; (w = first_found(ws)) != NULL;) {
		size_t line = line_at(ends, b->count, w->off_line);
		at.seq = b->first_seq + line;
		if (line > 0 || !was_hit(t, (size_t)(w - ws->v)))
			hit_line(ws, w, &at, text + w->off_line,
				 SBX_MIN(w->end_line - w->off_line,
					 (size_t)LOG_WINDOW), &w->caps);
		advance(ws, w, &at, text, len);
	}
	t->active = false;
	memset(t->hit, 0, (ws->count + 7) / 8);
}

uint64_t
watchset_tail(struct watchset *ws, const struct fold_tail *t, int64_t wall_ms)
{
	struct tail *k = &ws->tails[t->stream];
	struct scene at = {
		.stream = t->stream, .seq = t->seq, .wall_ms = wall_ms,
		.tail = true,
	};
	uint64_t again = 0;
	bool settled = t->quiet_ms >= WATCH_SETTLE_MS;
	buf_clear(&ws->text);
	char *text = buf_room(&ws->text, t->len);
	if (ws->count == 0 || !text)
		return 0;
	size_t len = strip_text(t->text, t->len, text);
	if (len == 0)
		return 0;
	compare_tail(ws, k, text, len);
	k->active = true;
	k->len = len;
	k->hash = hash_of(text, len);
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		if (!wants(w, t->stream) || was_hit(k, i))
			continue;
		int r = settled ? regex_match(w->re, text, len, 0, &w->caps) :
			regex_partial(w->re, text, len, &w->caps);
		if (r == REGEX_MORE)
			again = WATCH_SETTLE_MS - t->quiet_ms;
		else if (r == REGEX_LIMIT)
			strike(ws, w, &at);
		if (r != REGEX_MATCH)
			continue;
		k->hit[i / 8] |= (uint8_t)(1u << i % 8);
		hit_line(ws, w, &at, text, len, &w->caps);
	}
	return again;
}

void
watchset_run(struct watchset *ws, bool running, uint64_t now_ms)
{
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		w->armed = running && w->spec->absent_ms > 0;
		w->fresh = false;
		w->absent_at_ms = now_ms + w->spec->absent_ms;
	}
}

/* The same watch has the same key after a restart of the engine. */
static uint64_t
key_of(const struct spec_watch *spec)
{
	const char *name = spec->name ? spec->name : "";
	const char *text = spec->pattern.text ? spec->pattern.text : "";
	return hash_of(name, strlen(name)) * 31 + hash_of(text, strlen(text)) +
		spec->pattern.flags;
}

static const struct watch *
same_watch(const struct watchset *ws, uint64_t key)
{
	for (size_t i = 0; i < ws->count; i++)
		if (key_of(ws->v[i].spec) == key)
			return &ws->v[i];
	return NULL;
}

void
watchset_follow(struct watchset *ws, const struct watchset *old,
		bool running, uint64_t now_ms)
{
	watchset_run(ws, running, now_ms);
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		const struct watch *was = same_watch(old, key_of(w->spec));
		if (!was || !w->spec->absent_ms || !was->spec->absent_ms)
			continue;
		w->armed = was->armed;
		w->fresh = was->fresh;
		w->absent_at_ms = was->absent_at_ms - was->spec->absent_ms +
			w->spec->absent_ms;
	}
}

void
watchset_tick(struct watchset *ws, uint64_t now_ms, int64_t wall_ms)
{
	for (size_t i = 0; i < ws->count; i++) {
		struct watch *w = &ws->v[i];
		if (w->spec->absent_ms == 0)
			continue;
		if (w->fresh) {
			w->fresh = false;
			w->armed = true;
			w->absent_at_ms = now_ms + w->spec->absent_ms;
		}
		if (!w->armed || w->off || now_ms < w->absent_at_ms)
			continue;
		/* Once a silence: the next line arms it again. */
		w->armed = false;
		struct watch_hit hit = {
			.wall_ms = wall_ms, .line = "", .absent = true,
			.seq = w->last_seq, .act = within_rate(w, wall_ms),
		};
		tell(ws, w, &hit);
	}
}

uint64_t
watchset_deadline(const struct watchset *ws)
{
	uint64_t at = NEVER;
	for (size_t i = 0; i < ws->count; i++) {
		const struct watch *w = &ws->v[i];
		if (w->spec->absent_ms == 0 || w->off)
			continue;
		if (w->fresh)
			return 0;
		if (w->armed)
			at = SBX_MIN(at, w->absent_at_ms);
	}
	return at;
}

const struct spec_watch *
watchset_spec(const struct watchset *ws, size_t idx)
{
	return ws->v[idx].spec;
}

bool
watchset_is_off(const struct watchset *ws, size_t idx)
{
	return ws->v[idx].off;
}

uint64_t
watchset_hits(const struct watchset *ws, size_t idx)
{
	return ws->v[idx].hits;
}

uint64_t
watchset_last(const struct watchset *ws, size_t idx, const char **line)
{
	*line = ws->v[idx].last;
	return ws->v[idx].last_seq;
}

size_t
watchset_values(const struct watchset *ws, size_t idx)
{
	return ws->v[idx].value_count;
}

const struct stats *
watchset_value(const struct watchset *ws, size_t idx, size_t value,
	       const char **name)
{
	const struct value *v = &ws->v[idx].values[value];
	if (name)
		*name = v->name;
	return &v->stats;
}

static int
save_stats(const struct stats *s, struct buf *out)
{
	double v[STATS_SAMPLES];
	size_t n = stats_samples(s, v);
	int r = msg_put_u64(out, s->count);
	r = r ? r : msg_put_u64(out, s->numbers);
	r = r ? r : msg_put_double(out, s->min);
	r = r ? r : msg_put_double(out, s->max);
	r = r ? r : msg_put_double(out, s->mean);
	r = r ? r : msg_put_double(out, s->last);
	r = r ? r : msg_put_u8(out, s->is_number);
	r = r ? r : msg_put_str(out, s->text);
	r = r ? r : msg_put_i64(out, s->at_ms);
	r = r ? r : msg_put_u8(out, (uint8_t)n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = msg_put_double(out, v[i]);
	return r;
}

static void
load_stats(struct msg_reader *m, struct stats *s)
{
	stats_init(s);
	s->count = msg_u64(m);
	s->numbers = msg_u64(m);
	s->min = msg_double(m);
	s->max = msg_double(m);
	s->mean = msg_double(m);
	s->last = msg_double(m);
	s->is_number = msg_u8(m);
	const char *text = msg_str_nn(m);
	size_t n = strnlen(text, sizeof(s->text) - 1);
	memcpy(s->text, text, n);
	s->at_ms = msg_i64(m);
	n = msg_u8(m);
	for (size_t i = 0; i < n && !m->bad; i++) {
		s->sample[s->head] = msg_double(m);
		s->head = (s->head + 1) % STATS_SAMPLES;
	}
	/* The ring holds as many as were counted, or is full. */
	if (n < STATS_SAMPLES && s->numbers > n)
		s->numbers = n;
}

static int
save_watch(const struct watch *w, struct buf *out)
{
	int r = msg_put_u64(out, key_of(w->spec));
	r = r ? r : msg_put_u8(out, w->off);
	r = r ? r : msg_put_u64(out, w->hits);
	r = r ? r : msg_put_u64(out, w->last_seq);
	r = r ? r : msg_put_bytes(out, w->last, strlen(w->last));
	r = r ? r : msg_put_i64(out, w->window_ms);
	r = r ? r : msg_put_u32(out, w->window_count);
	r = r ? r : msg_put_u8(out, w->armed);
	r = r ? r : msg_put_u64(out, w->absent_at_ms);
	r = r ? r : msg_put_u8(out, (uint8_t)w->value_count);
	for (size_t i = 0; r == 0 && i < w->value_count; i++)
		r = save_stats(&w->values[i].stats, out);
	return r;
}

static void
load_watch(struct msg_reader *m, struct watch *w)
{
	w->off = msg_u8(m);
	w->hits = msg_u64(m);
	w->last_seq = msg_u64(m);
	size_t len;
	const char *last = msg_bytes(m, &len);
	len = SBX_MIN(len, sizeof(w->last) - 1);
	memcpy(w->last, last, len);
	w->last[len] = '\0';
	w->window_ms = msg_i64(m);
	w->window_count = msg_u32(m);
	w->armed = msg_u8(m);
	w->absent_at_ms = msg_u64(m);
	size_t n = msg_u8(m);
	for (size_t i = 0; i < n && !m->bad; i++) {
		struct stats other;
		load_stats(m, i < w->value_count ? &w->values[i].stats :
			   &other);
	}
}

/* The watch with that key; most often it has its old place. */
static struct watch *
find_key(struct watchset *ws, uint64_t key, size_t hint)
{
	if (hint < ws->count && key_of(ws->v[hint].spec) == key)
		return &ws->v[hint];
	for (size_t i = 0; i < ws->count; i++)
		if (key_of(ws->v[i].spec) == key)
			return &ws->v[i];
	return NULL;
}

int
watchset_save(const struct watchset *ws, struct buf *out)
{
	int r = msg_put_u8(out, SAVE_VERSION);
	r = r ? r : msg_put_u32(out, (uint32_t)ws->count);
	for (size_t i = 0; r == 0 && i < ws->count; i++)
		r = save_watch(&ws->v[i], out);
	for (unsigned s = 0; r == 0 && s < LOG_STREAMS; s++) {
		const struct tail *t = &ws->tails[s];
		r = msg_put_u8(out, t->active);
		r = r ? r : msg_put_u64(out, t->len);
		r = r ? r : msg_put_u64(out, t->hash);
		r = r ? r : msg_put_bytes(out, t->hit, (ws->count + 7) / 8);
	}
	return r;
}

int
watchset_load(struct watchset *ws, const char *data, size_t len)
{
	struct msg_reader m;
	msg_open(&m, data, len);
	if (msg_u8(&m) != SAVE_VERSION)
		return -EBADMSG;
	size_t count = msg_u32(&m);
	bool same = count == ws->count;
	for (size_t i = 0; i < count && !m.bad; i++) {
		uint64_t key = msg_u64(&m);
		struct watch *w = find_key(ws, key, i), other = { 0 };
		same &= w == &ws->v[i];
		load_watch(&m, w && !m.bad ? w : &other);
	}
	for (unsigned s = 0; s < LOG_STREAMS && !m.bad; s++) {
		struct tail *t = &ws->tails[s];
		bool active = msg_u8(&m);
		uint64_t tail_len = msg_u64(&m), hash = msg_u64(&m);
		size_t bytes;
		const char *hit = msg_bytes(&m, &bytes);
		if (m.bad || !same || bytes != (ws->count + 7) / 8)
			continue;
		t->active = active;
		t->len = (size_t)SBX_MIN(tail_len, (uint64_t)LOG_WINDOW);
		t->hash = hash;
		memcpy(t->hit, hit, bytes);
	}
	return msg_done(&m) ? 0 : -EBADMSG;
}
