#include "mergescan.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/log/logseek.h"
#include "engine/log/search.h"
#include "filters.h"
#include "logrules.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,
	SEARCH_BYTES = 2 << 20,	/* of a search in one slice */
	ROWS_SLICE = 4,		/* of the bar */
	SAMPLE_SLICE = 256,	/* lines */
	LOOKS_MAX = 24,		/* for the time of a row */
	PAUSE_MS = 500,		/* between two looks at the whole bar */
};

/* The next line of each source at a moment. */
struct cut {
	int64_t ms;
	uint64_t all;		/* lines before it */
	uint64_t at[MERGE_SOURCES_MAX];
};

struct bar {
	int rows;		/* 0: there is none */
	uint64_t all;		/* lines then */
	struct cut *cuts;	/* rows + 1 */
};

struct mergescan {
	struct merge_sources of;
	struct regex *find;
	struct search *hits[MERGE_MAX];

	int rows;
	struct bar shown, next;
	int done;		/* cuts of next */
	uint64_t begun_ms;

	char *filters;		/* those that are sampled; NULL: none */
	uint64_t sampled;	/* of so many lines */
	unsigned taken, hidden;
	int percent;
};

static uint64_t
all_lines(const struct mergescan *ms)
{
	uint64_t all = 0;

	for (size_t i = 0; i <= ms->of.count; i++)
		all += merge_next(&ms->of, i) - merge_first(&ms->of, i);
	return all;
}

static int64_t
time_of(const struct mergescan *ms, size_t i, uint64_t seq)
{
	struct logline l = { .wall_ms = 0 };

	if (i == ms->of.count)
		(void)ms->of.events.get(ms->of.events.arg, seq, &l);
	else
		(void)logread_place(ms->of.logs[i].lr, seq, &l);
	return l.wall_ms;
}

/* The first event at that time or later. */
static uint64_t
event_at(const struct mergescan *ms, int64_t wall_ms)
{
	uint64_t lo = ms->of.events.first, hi = ms->of.events.next;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (time_of(ms, ms->of.count, mid) < wall_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
cut_at(const struct mergescan *ms, int64_t wall_ms, struct cut *c)
{
	c->ms = wall_ms;
	c->all = 0;
	for (size_t i = 0; i <= ms->of.count; i++) {
		c->at[i] = i < ms->of.count
				   ? logseek_time(ms->of.logs[i].lr, wall_ms)
				   : event_at(ms, wall_ms);
		c->all += c->at[i] - merge_first(&ms->of, i);
	}
}

/* Before all lines, or behind them. */
static void
cut_end(const struct mergescan *ms, bool last, struct cut *c)
{
	bool any = false;

	*c = (struct cut){ .ms = 0 };
	for (size_t i = 0; i <= ms->of.count; i++) {
		uint64_t first = merge_first(&ms->of, i);
		uint64_t next = merge_next(&ms->of, i);
		c->at[i] = last ? next : first;
		c->all += last ? next - first : 0;
		if (first == next)
			continue;
		int64_t t = time_of(ms, i, last ? next - 1 : first) + last;
		c->ms = !any ? t : last ? SBX_MAX(c->ms, t) : SBX_MIN(c->ms, t);
		any = true;
	}
}

/* The moment at which row y begins, right to a quarter of a row: between the
 * row before it and the end. */
static void
cut_row(const struct mergescan *ms, struct bar *b, int y)
{
	struct cut lo = b->cuts[y - 1], hi = b->cuts[b->rows];
	uint64_t want = b->all * (uint64_t)y / (uint64_t)b->rows;
	uint64_t off = b->all / (uint64_t)b->rows / 4;

	b->cuts[y] = lo;
	for (int i = 0; i < LOOKS_MAX && hi.ms - lo.ms > 1; i++) {
		struct cut *c = &b->cuts[y];
		int64_t t = lo.ms + (hi.ms - lo.ms) / 2;
		/* Lines that come evenly are found at once. */
		if (i % 2 == 0 && hi.all > lo.all && want > lo.all)
			t = lo.ms + (int64_t)((double)(hi.ms - lo.ms) *
					      (double)(want - lo.all) /
					      (double)(hi.all - lo.all));
		t = SBX_MAX(lo.ms + 1, SBX_MIN(t, hi.ms - 1));
		cut_at(ms, t, c);
		if (c->all + off >= want && c->all <= want + off)
			break;
		if (c->all < want)
			lo = *c;
		else
			hi = *c;
	}
}

static void
drop_bar(struct bar *b)
{
	free(b->cuts);
	*b = (struct bar){ .rows = 0 };
}

static void
drop_hits(struct mergescan *ms)
{
	for (size_t i = 0; i < ms->of.count; i++) {
		search_free(ms->hits[i]);
		ms->hits[i] = NULL;
	}
}

struct mergescan *
mergescan_new(void)
{
	struct mergescan *ms = mem_alloc(sizeof(*ms));

	ms->percent = -1;
	return ms;
}

void
mergescan_free(struct mergescan *ms)
{
	if (!ms)
		return;
	drop_hits(ms);
	drop_bar(&ms->shown);
	drop_bar(&ms->next);
	free(ms->filters);
	free(ms);
}

void
mergescan_sources(struct mergescan *ms, const struct merge_source *s,
		  size_t count)
{
	if (!merge_is_of(&ms->of, s, count)) {
		drop_hits(ms);
		drop_bar(&ms->shown);
		drop_bar(&ms->next);
		free(ms->filters);
		ms->filters = NULL;
		ms->percent = -1;
	}
	memcpy(ms->of.logs, s, count * sizeof(*s));
	ms->of.count = count;
}

void
mergescan_events(struct mergescan *ms, const struct merge_events *e)
{
	ms->of.events = *e;
}

void
mergescan_find(struct mergescan *ms, struct regex *re)
{
	drop_hits(ms);
	ms->find = re;
}

void
mergescan_rows(struct mergescan *ms, int rows)
{
	ms->rows = SBX_MAX(rows, 0);
}

/* Errors and hits of one log; true if there is more. */
static bool
search_one(struct mergescan *ms, size_t i)
{
	const struct merge_source *s = &ms->of.logs[i];

	if (s->rules && logrules_step(s->rules, SEARCH_BYTES) > 0)
		return true;
	if (!ms->find)
		return false;
	if (!ms->hits[i])
		ms->hits[i] = search_new(s->lr, ms->find, SEARCH_ALL_STREAMS,
					 logread_next_seq(s->lr), -1);
	return search_step(ms->hits[i], SEARCH_BYTES) > 0;
}

/* Is the bar that is shown, or being made, not that of now? */
static bool
bar_is_old(const struct mergescan *ms, uint64_t all)
{
	const struct bar *b = ms->next.rows ? &ms->next : &ms->shown;
	uint64_t grown = all > b->all ? all - b->all : b->all - all;

	if (b->rows != ms->rows)
		return true;
	return !ms->next.rows && grown > all / (uint64_t)ms->rows / 4 &&
	       clock_ms() - ms->begun_ms >= PAUSE_MS;
}

/* A part of the bar; true if there is more. */
static bool
make_bar(struct mergescan *ms, bool *changed)
{
	struct bar *b = &ms->next;
	uint64_t all = all_lines(ms);

	/* A row for each line has no place for more than one. */
	if (ms->rows == 0 || all <= (uint64_t)ms->rows) {
		drop_bar(&ms->shown);
		drop_bar(b);
		return false;
	}
	if (bar_is_old(ms, all)) {
		drop_bar(b);
		b->rows = ms->rows;
		b->all = all;
		b->cuts = mem_array((size_t)b->rows + 1, sizeof(*b->cuts));
		cut_end(ms, false, &b->cuts[0]);
		cut_end(ms, true, &b->cuts[b->rows]);
		ms->done = 1;
		ms->begun_ms = clock_ms();
	}
	if (!b->rows)
		return false;
	for (int i = 0; i < ROWS_SLICE && ms->done < b->rows; i++)
		cut_row(ms, b, ms->done++);
	if (ms->done < b->rows)
		return true;
	drop_bar(&ms->shown);
	ms->shown = *b;
	*b = (struct bar){ .rows = 0 };
	*changed = true;
	return false;
}

/* Line no of all logs one behind the other; false when it is gone. */
static bool
line_no(const struct mergescan *ms, uint64_t no, struct logline *l)
{
	for (size_t i = 0; i < ms->of.count; i++) {
		uint64_t first = merge_first(&ms->of, i);
		uint64_t n = merge_next(&ms->of, i) - first;
		if (no < n)
			return logread_line(ms->of.logs[i].lr, first + no,
					    LINE_MAX_BYTES, l) == 1;
		no -= n;
	}
	return false;
}

/* A part of what the filters hide; true if there is more. */
static bool
sample(struct mergescan *ms, struct filters *f, bool *changed)
{
	uint64_t events = ms->of.events.next - ms->of.events.first;
	uint64_t all = all_lines(ms) - events;
	uint64_t of = SBX_MIN(all, (uint64_t)SCAN_SAMPLE);
	struct logline l;

	if (!filters_any(f) || all == 0) {
		ms->percent = -1;
		return false;
	}
	bool same = ms->filters && !strcmp(ms->filters, filters_text(f));
	if (!same || ms->sampled > all || all - ms->sampled > all / 16) {
		ms->percent = same ? ms->percent : -1;
		free(ms->filters);
		ms->filters = mem_str(filters_text(f));
		ms->sampled = all;
		ms->taken = ms->hidden = 0;
	}
	of = SBX_MIN(ms->sampled, of);
	if (ms->taken >= of)
		return false;
	for (int i = 0; i < SAMPLE_SLICE && ms->taken < of; i++)
		if (line_no(ms, ms->sampled * ms->taken++ / of, &l))
			ms->hidden += !filters_pass(f, &l);
	if (ms->taken < of)
		return true;
	ms->percent = (int)((ms->hidden * 100 + ms->taken / 2) / ms->taken);
	*changed = true;
	return false;
}

bool
mergescan_work(struct mergescan *ms, struct filters *f, bool *changed)
{
	for (size_t i = 0; i < ms->of.count; i++)
		if (search_one(ms, i)) {
			*changed = true;
			return true;
		}
	bool more = make_bar(ms, changed);
	return sample(ms, f, changed) || more;
}

static bool
any_failed(const struct mergescan *ms, uint64_t from, uint64_t to)
{
	from = SBX_MAX(from, ms->of.events.first);
	to = SBX_MIN(to, ms->of.events.next);
	for (; from < to; from++)
		if (ms->of.events.failed(ms->of.events.arg, from))
			return true;
	return false;
}

enum merge_tick
mergescan_tick(const struct mergescan *ms, int y)
{
	const struct bar *b = &ms->shown;
	enum merge_tick tick = TICK_NONE;

	if (b->rows != ms->rows || y < 0 || y >= b->rows)
		return tick;
	const struct cut *from = &b->cuts[y], *to = &b->cuts[y + 1];
	for (size_t i = 0; i <= ms->of.count; i++) {
		uint64_t a = SBX_MAX(from->at[i], (uint64_t)1), hit;
		/* What came since is in the last row. */
		uint64_t e = y + 1 < b->rows ? to->at[i]
					     : merge_next(&ms->of, i);
		if (i == ms->of.count)
			tick = tick < TICK_FAILED && any_failed(ms, a, e)
				       ? TICK_FAILED : tick;
		else if (ms->hits[i] &&
			 search_next(ms->hits[i], a - 1, &hit) == 1 && hit < e)
			return TICK_HIT;
		else if (ms->of.logs[i].rules &&
			 logrules_any(ms->of.logs[i].rules, a, e))
			tick = TICK_ERROR;
	}
	return tick;
}

uint64_t
mergescan_hits(const struct mergescan *ms, bool *all)
{
	uint64_t n = 0;

	*all = true;
	for (size_t i = 0; i < ms->of.count; i++) {
		bool done = false;
		n += ms->hits[i] ? search_count(ms->hits[i], &done) : 0;
		*all &= done;
	}
	return n;
}

uint64_t
mergescan_rank(const struct mergescan *ms, const uint64_t *at)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ms->of.count; i++)
		n += ms->hits[i] && at[i] ? search_rank(ms->hits[i], at[i] - 1)
					  : 0;
	return n;
}

bool
mergescan_is_hit(const struct mergescan *ms, size_t source, uint64_t seq)
{
	return source < ms->of.count && ms->hits[source] &&
	       search_is_hit(ms->hits[source], seq);
}

int
mergescan_hidden(const struct mergescan *ms)
{
	return ms->percent;
}
