#include "mergeview.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/log/logseek.h"
#include "filters.h"
#include "loggone.h"
#include "logrules.h"
#include "mergescan.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,
	WALK_MAX = 4000,	/* lines that are filtered away in one step */
	SLICE_LINES = 4000,	/* looked at in one slice of a search */
};

/*
 * A place between two lines of the merged log: the line of each source that
 * comes after it.  ms is the time of that line, or of the one before it when
 * walking backwards; INT64_MAX and INT64_MIN where there is none.
 */
struct place {
	uint64_t at[MERGE_SOURCES_MAX];
	int64_t ms[MERGE_SOURCES_MAX];
	int direction;		/* of ms; 0: not known */
};

struct mergeview {
	struct merge_sources of;
	merge_rows_fn *rows_fn;
	void *rows_arg;
	bool follow;
	struct place top;
	int cursor;		/* line of the window */
	int height, lines;	/* of the window, as last filled */
	struct merge_row last;	/* at the cursor, or the last one shown */
	bool marked[MERGE_MAX];	/* the cap has cut between two lines */
	int64_t top_ms;		/* of the first line shown; 0: there was none */
	bool has_last;
	struct filters *filters;
	struct mergescan *scan;

	struct regex *find;
	char *pattern;
	struct place from;	/* of the search */
	int searching;		/* its direction, 0: none */
	bool for_error, missed;
};

/* Before the oldest line of a log that has lost some there is a place for the
 * mark that says so. */
static uint64_t
first_of(const struct mergeview *mv, size_t i)
{
	return merge_first(&mv->of, i) - (i < mv->of.count && mv->marked[i]);
}

static void
time_of(const struct mergeview *mv, struct place *p, size_t i)
{
	bool up = p->direction > 0;
	uint64_t first = first_of(mv, i), next = merge_next(&mv->of, i);
	struct logline l = { .wall_ms = 0 };

	p->at[i] = SBX_MIN(SBX_MAX(p->at[i], first), next);
	p->ms[i] = up ? INT64_MAX : INT64_MIN;
	if (up ? p->at[i] >= next : p->at[i] <= first)
		return;
	uint64_t seq = up ? p->at[i] : p->at[i] - 1;
	if (i == mv->of.count)
		(void)mv->of.events.get(mv->of.events.arg, seq, &l);
	else if (logread_place(mv->of.logs[i].lr,
			       SBX_MAX(seq, merge_first(&mv->of, i)), &l) != 1)
		return;
	p->ms[i] = l.wall_ms;
}

static void
turn(const struct mergeview *mv, struct place *p, int direction)
{
	p->direction = direction;
	for (size_t i = 0; i <= mv->of.count; i++)
		time_of(mv, p, i);
}

/* Over one line, whatever it is; false at the end. */
static bool
pass(const struct mergeview *mv, struct place *p, int direction,
     struct merge_row *out)
{
	size_t none = mv->of.count + 1, best = none;

	if (p->direction != direction)
		turn(mv, p, direction);
	for (size_t i = 0; i < none; i++) {
		/* Lines of one moment: the first source's come first. */
		if (direction > 0 && p->ms[i] != INT64_MAX &&
		    (best == none || p->ms[i] < p->ms[best]))
			best = i;
		if (direction < 0 && p->ms[i] != INT64_MIN &&
		    (best == none || p->ms[i] >= p->ms[best]))
			best = i;
	}
	if (best == none)
		return false;
	out->source = best;
	out->seq = direction > 0 ? p->at[best] : p->at[best] - 1;
	p->at[best] += direction > 0 ? 1 : (uint64_t)-1;
	time_of(mv, p, best);
	return true;
}

static struct logrules *
rules_of(const struct mergeview *mv, const struct merge_row *r)
{
	return r->source < mv->of.count ? mv->of.logs[r->source].rules : NULL;
}

static bool
shown(struct mergeview *mv, const struct merge_row *r)
{
	struct logrules *rules = rules_of(mv, r);
	bool hides = rules && logrules_can_hide(rules);
	struct logline l;

	if (!filters_any(mv->filters) && !hides && r->source < mv->of.count)
		return true;
	if (!mergeview_line(mv, r, &l))
		return false;
	return filters_pass(mv->filters, &l) &&
	       ((l.flags & LOGLINE_GAP) || !hides ||
		!logrules_hides(rules, &l));
}

/* To the next line that is to be seen, and over it; where there is none the
 * place stays, for what is hidden now may be shown again. */
static bool
step(struct mergeview *mv, struct place *p, int direction,
     struct merge_row *out)
{
	struct place was = *p;

	for (int i = 0; i < WALK_MAX; i++) {
		if (!pass(mv, p, direction, out)) {
			*p = was;
			return false;
		}
		if (shown(mv, out))
			return true;
	}
	return false;
}

static void
to_end(const struct mergeview *mv, struct place *p)
{
	p->direction = 0;
	for (size_t i = 0; i <= mv->of.count; i++)
		p->at[i] = merge_next(&mv->of, i);
}

struct mergeview *
mergeview_new(void)
{
	struct mergeview *mv = mem_alloc(sizeof(*mv));

	mv->follow = true;
	mv->filters = filters_new();
	mv->scan = mergescan_new();
	return mv;
}

void
mergeview_free(struct mergeview *mv)
{
	if (!mv)
		return;
	mergescan_free(mv->scan);
	filters_free(mv->filters);
	regex_free(mv->find);
	free(mv->pattern);
	free(mv);
}

/* The same place among other logs; a new one joins at the same time. */
static void
move_place(const struct mergeview *mv, struct place *p,
	   const struct merge_source *s, size_t count)
{
	struct place old = *p;
	int64_t now = INT64_MAX;

	turn(mv, &old, 1);
	for (size_t i = 0; i <= mv->of.count; i++)
		now = SBX_MIN(now, old.ms[i]);
	/* Those that tell the time may be the ones that have left. */
	now = mv->top_ms ? mv->top_ms : now;
	p->at[count] = old.at[mv->of.count];
	for (size_t k = 0; k < count; k++) {
		size_t i = 0;
		while (i < mv->of.count && mv->of.logs[i].id != s[k].id)
			i++;
		if (i < mv->of.count)
			p->at[k] = old.at[i];
		else
			p->at[k] = now == INT64_MAX
					   ? logread_next_seq(s[k].lr)
					   : logseek_time(s[k].lr, now);
	}
}

void
mergeview_sources(struct mergeview *mv, const struct merge_source *s,
		  size_t count)
{
	if (!merge_is_of(&mv->of, s, count)) {
		/* Logs that are gone must not be asked for a time. */
		size_t kept = 0;
		for (size_t i = 0; i < mv->of.count; i++) {
			size_t k = 0;
			while (k < count && s[k].id != mv->of.logs[i].id)
				k++;
			if (k == count)
				continue;
			mv->of.logs[kept] = s[k];
			mv->marked[kept] = mv->marked[i];
			mv->top.at[kept] = mv->top.at[i];
			mv->from.at[kept++] = mv->from.at[i];
		}
		mv->top.at[kept] = mv->top.at[mv->of.count];
		mv->from.at[kept] = mv->from.at[mv->of.count];
		mv->of.count = kept;
		move_place(mv, &mv->top, s, count);
		move_place(mv, &mv->from, s, count);
		mv->has_last = false;
	}
	memcpy(mv->of.logs, s, count * sizeof(*s));
	mv->of.count = count;
	for (size_t i = 0; i < count; i++) {
		uint64_t first = merge_first(&mv->of, i);
		bool torn;
		mv->marked[i] = first > 1 && first < merge_next(&mv->of, i) &&
				loggone_is_above(s[i].lr, first, &torn) &&
				!torn;
	}
	mergescan_sources(mv->scan, s, count);
	/* What has come since is not in the times. */
	mv->top.direction = mv->from.direction = 0;
}

void
mergeview_events(struct mergeview *mv, const struct merge_events *e)
{
	mv->of.events = *e;
	mergescan_events(mv->scan, e);
	mv->top.direction = mv->from.direction = 0;
}

void
mergeview_wrap(struct mergeview *mv, merge_rows_fn *fn, void *arg)
{
	mv->rows_fn = fn;
	mv->rows_arg = arg;
}

bool
mergeview_is_event(const struct mergeview *mv, const struct merge_row *row)
{
	return row->source == mv->of.count;
}

const struct merge_source *
mergeview_source(const struct mergeview *mv, size_t idx)
{
	return &mv->of.logs[idx];
}

size_t
mergeview_count(const struct mergeview *mv)
{
	return mv->of.count;
}

bool
mergeview_line(struct mergeview *mv, const struct merge_row *row,
	       struct logline *out)
{
	if (row->source == mv->of.count && row->seq >= mv->of.events.first &&
	    row->seq < mv->of.events.next)
		return mv->of.events.get(mv->of.events.arg, row->seq, out);
	if (row->source >= mv->of.count)
		return false;
	struct logread *lr = mv->of.logs[row->source].lr;
	bool mark = row->seq < logread_first_seq(lr), torn;
	if (mark && row->seq < first_of(mv, row->source))
		return false;
	if (logread_line(lr, row->seq + mark, LINE_MAX_BYTES, out) != 1)
		return false;
	if (loggone_is_above(lr, row->seq + mark, &torn) && (torn || mark))
		loggone_put(lr, torn, out);
	out->seq = row->seq;
	return true;
}

static int
rows_of(struct mergeview *mv, const struct merge_row *row)
{
	struct logline l;

	if (!mv->rows_fn || !mergeview_line(mv, row, &l))
		return 1;
	return SBX_MAX(mv->rows_fn(&l, mv->rows_arg), 1);
}

/* Lines from p on in a direction until height rows are full; *used is the
 * number of their rows. */
static int
collect(struct mergeview *mv, struct place *p, int direction,
	struct merge_row *rows, int height, int *used)
{
	int n = 0;

	*used = 0;
	while (*used < height &&
	       step(mv, p, direction,
		    &rows[direction > 0 ? n : height - 1 - n])) {
		*used += rows_of(mv, &rows[direction > 0 ? n
							 : height - 1 - n]);
		n++;
	}
	return n;
}

/* The window begins so many rows earlier, if there are any. */
static bool
pull_down(struct mergeview *mv, int rows)
{
	bool any = false;
	struct merge_row r;

	while (rows > 0 && step(mv, &mv->top, -1, &r)) {
		rows -= rows_of(mv, &r);
		mv->cursor++;
		any = true;
	}
	return any;
}

int
mergeview_fill(struct mergeview *mv, struct merge_row *rows, int height,
	       int *skip)
{
	struct place p;
	struct logline l;
	int n = 0, used;

	*skip = 0;
	mv->height = height;
	mergescan_rows(mv->scan, height);
	if (mv->follow) {
		to_end(mv, &p);
		n = collect(mv, &p, -1, rows, height, &used);
		memmove(rows, rows + height - n, (size_t)n * sizeof(*rows));
		mv->top = p;
		*skip = SBX_MAX(used - height, 0);
	} else {
		p = mv->top;
		n = collect(mv, &p, 1, rows, height, &used);
		/* What was below may be hidden by now. */
		if (used < height && pull_down(mv, height - used)) {
			p = mv->top;
			n = collect(mv, &p, 1, rows, height, &used);
		}
	}
	mv->lines = n;
	mv->cursor = SBX_MAX(SBX_MIN(mv->cursor, n - 1), 0);
	mv->has_last = n > 0;
	mv->top_ms = n > 0 && mergeview_line(mv, &rows[0], &l) ? l.wall_ms : 0;
	if (n > 0)
		mv->last = rows[mv->follow ? n - 1 : mv->cursor];
	return n;
}

/* How many rows there are from the top of the window on, up to max. */
static int
rows_below(struct mergeview *mv, int max)
{
	struct place p = mv->top;
	struct merge_row r;
	int n = 0;

	while (n < max && step(mv, &p, 1, &r))
		n += rows_of(mv, &r);
	return n;
}

void
mergeview_scroll(struct mergeview *mv, int rows)
{
	bool down = rows > 0;
	struct merge_row r;

	if (down && mv->follow)
		return;
	mergeview_pause(mv);
	for (; rows < 0 && step(mv, &mv->top, -1, &r); rows++)
		;
	for (; rows > 0 && step(mv, &mv->top, 1, &r); rows--)
		;
	if (down && rows_below(mv, mv->height + 1) <= mv->height)
		mv->follow = true;
}

void
mergeview_move(struct mergeview *mv, int rows)
{
	int to = mv->cursor + rows;

	if (mv->follow) {
		if (rows > 0)
			return;
		mergeview_pause(mv);
		to = mv->lines - 1 + rows;
	}
	mv->cursor = SBX_MAX(SBX_MIN(to, mv->lines - 1), 0);
	if (to < 0)
		mergeview_scroll(mv, to);
	else if (to >= mv->lines)
		mergeview_scroll(mv, to - mv->lines + 1);
}

void
mergeview_top(struct mergeview *mv)
{
	mv->follow = false;
	mv->cursor = 0;
	mv->top.direction = 0;
	for (size_t i = 0; i <= mv->of.count; i++)
		mv->top.at[i] = first_of(mv, i);
}

void
mergeview_share(const struct mergeview *mv, uint64_t *above, uint64_t *all)
{
	*above = *all = 0;
	for (size_t i = 0; i <= mv->of.count; i++) {
		uint64_t first = first_of(mv, i);
		uint64_t next = merge_next(&mv->of, i);
		uint64_t at = SBX_MIN(SBX_MAX(mv->top.at[i], first), next);
		*above += at - first;
		*all += next - first;
	}
}

void
mergeview_follow(struct mergeview *mv)
{
	mv->follow = true;
}

void
mergeview_pause(struct mergeview *mv)
{
	if (mv->follow)
		mv->cursor = SBX_MAX(mv->lines - 1, 0);
	mv->follow = false;
}

bool
mergeview_following(const struct mergeview *mv)
{
	return mv->follow;
}

int
mergeview_cursor(const struct mergeview *mv)
{
	return mv->follow ? -1 : mv->cursor;
}

void
mergeview_set_cursor(struct mergeview *mv, int line)
{
	mergeview_pause(mv);
	mv->cursor = line;
}

bool
mergeview_current(const struct mergeview *mv, struct merge_row *out)
{
	*out = mv->last;
	return mv->has_last && mv->last.source <= mv->of.count;
}

struct filters *
mergeview_filters(struct mergeview *mv)
{
	return mv->filters;
}

const struct mergescan *
mergeview_scan(const struct mergeview *mv)
{
	return mv->scan;
}

int
mergeview_highlight(struct mergeview *mv, const char *pattern, struct err *e)
{
	struct regex *re = NULL;

	if (pattern && *pattern) {
		re = regex_new(pattern, strlen(pattern), 0, e, NULL);
		if (!re)
			return -1;
	}
	mergescan_find(mv->scan, re);
	regex_free(mv->find);
	mv->find = re;
	free(mv->pattern);
	mv->pattern = re ? mem_str(pattern) : NULL;
	mv->searching = 0;
	return 0;
}

struct regex *
mergeview_find(const struct mergeview *mv)
{
	return mv->find;
}

const char *
mergeview_pattern(const struct mergeview *mv)
{
	return mv->pattern ? mv->pattern : "";
}

void
mergeview_hits(struct mergeview *mv, uint64_t *k, uint64_t *n, bool *all)
{
	struct place p = mv->top;
	struct merge_row r = { .source = SIZE_MAX };
	int rows = mv->cursor;

	*n = mergescan_hits(mv->scan, all);
	*k = 0;
	if (mv->follow || *n == 0)
		return;
	while (rows-- >= 0 && step(mv, &p, 1, &r))
		;
	if (mergescan_is_hit(mv->scan, r.source, r.seq))
		*k = mergescan_rank(mv->scan, p.at);
}

void
mergeview_next(struct mergeview *mv, int direction, bool error)
{
	struct merge_row r;
	int over = mv->follow ? 0 : mv->cursor + (direction > 0);

	mv->from = mv->top;
	if (mv->follow)
		to_end(mv, &mv->from);
	/* From the line at the cursor, which does not count itself. */
	while (over-- > 0 && step(mv, &mv->from, 1, &r))
		;
	mv->searching = direction;
	mv->for_error = error;
}

static bool
is_hit(struct mergeview *mv, const struct merge_row *r)
{
	struct logrules *rules = rules_of(mv, r);
	struct logline l;

	if ((mv->for_error && !rules) || !mergeview_line(mv, r, &l) ||
	    (l.flags & LOGLINE_GAP))
		return false;
	if (mv->for_error)
		return logrules_level(rules, &l) > 0 && shown(mv, r);
	return mv->find && filters_match(mv->filters, mv->find, &l) &&
	       shown(mv, r);
}

/* The window with the line before (1) or after (-1) mv->from at about a
 * third of its height. */
static void
show_hit(struct mergeview *mv)
{
	struct merge_row r;
	int third = mv->height / 3;

	mv->top = mv->from;
	if (mv->searching > 0)
		step(mv, &mv->top, -1, &r);
	mv->follow = false;
	mv->cursor = 0;
	while (mv->cursor < third && step(mv, &mv->top, -1, &r))
		mv->cursor++;
}

bool
mergeview_work(struct mergeview *mv, bool *changed)
{
	struct merge_row r;

	for (int i = 0; mv->searching && i < SLICE_LINES; i++) {
		if (!pass(mv, &mv->from, mv->searching, &r)) {
			mv->missed = *changed = true;
			mv->searching = 0;
		} else if (is_hit(mv, &r)) {
			show_hit(mv);
			mv->searching = 0;
			*changed = true;
		}
	}
	/* What somebody waits for goes first. */
	return mv->searching != 0 ||
	       mergescan_work(mv->scan, mv->filters, changed);
}

bool
mergeview_missed(struct mergeview *mv)
{
	bool m = mv->missed;

	mv->missed = false;
	return m;
}
