#include "mergeview.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base.h"
#include "engine/err.h"
#include "engine/mem.h"
#include "engine/regex.h"
#include "filters.h"
#include "logrules.h"

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
	uint64_t at[MERGE_MAX];
	int64_t ms[MERGE_MAX];
	int direction;		/* of ms; 0: not known */
};

struct mergeview {
	struct merge_source sources[MERGE_MAX];
	size_t count;
	bool follow;
	struct place top;
	int cursor;		/* row of the window */
	int height;
	struct merge_row last;	/* at the cursor, or the last one shown */
	bool has_last;
	struct filters *filters;

	struct regex *find;
	char *pattern;
	struct place from;	/* of the search */
	int searching;		/* its direction, 0: none */
	bool for_error, missed;
};

static void
time_of(const struct mergeview *mv, struct place *p, size_t i)
{
	struct logread *lr = mv->sources[i].lr;
	bool up = p->direction > 0;
	uint64_t first = logread_first_seq(lr), next = logread_next_seq(lr);
	struct logline l;

	p->at[i] = SBX_MIN(SBX_MAX(p->at[i], first), next);
	p->ms[i] = up ? INT64_MAX : INT64_MIN;
	if (up ? p->at[i] >= next : p->at[i] <= first)
		return;
	if (logread_place(lr, up ? p->at[i] : p->at[i] - 1, &l) == 1)
		p->ms[i] = l.wall_ms;
}

static void
turn(const struct mergeview *mv, struct place *p, int direction)
{
	p->direction = direction;
	for (size_t i = 0; i < mv->count; i++)
		time_of(mv, p, i);
}

/* Over one line, whatever it is; false at the end. */
static bool
pass(const struct mergeview *mv, struct place *p, int direction,
     struct merge_row *out)
{
	size_t best = mv->count;

	if (p->direction != direction)
		turn(mv, p, direction);
	for (size_t i = 0; i < mv->count; i++) {
		/* Lines of one moment: the first source's come first. */
		if (direction > 0 && p->ms[i] != INT64_MAX &&
		    (best == mv->count || p->ms[i] < p->ms[best]))
			best = i;
		if (direction < 0 && p->ms[i] != INT64_MIN &&
		    (best == mv->count || p->ms[i] >= p->ms[best]))
			best = i;
	}
	if (best == mv->count)
		return false;
	out->source = best;
	out->seq = direction > 0 ? p->at[best] : p->at[best] - 1;
	p->at[best] += direction > 0 ? 1 : (uint64_t)-1;
	time_of(mv, p, best);
	return true;
}

static bool
shown(struct mergeview *mv, const struct merge_row *r)
{
	struct logrules *rules = mv->sources[r->source].rules;
	bool hides = rules && logrules_can_hide(rules);
	struct logline l;

	if (!filters_any(mv->filters) && !hides)
		return true;
	if (!mergeview_line(mv, r, &l))
		return false;
	return filters_pass(mv->filters, &l) &&
	       ((l.flags & LOGLINE_GAP) || !hides ||
		!logrules_hides(rules, &l));
}

/* To the next line that is to be seen, and over it. */
static bool
step(struct mergeview *mv, struct place *p, int direction,
     struct merge_row *out)
{
	for (int i = 0; i < WALK_MAX; i++) {
		if (!pass(mv, p, direction, out))
			return false;
		if (shown(mv, out))
			return true;
	}
	return false;
}

static void
to_end(const struct mergeview *mv, struct place *p)
{
	p->direction = 0;
	for (size_t i = 0; i < mv->count; i++)
		p->at[i] = logread_next_seq(mv->sources[i].lr);
}

struct mergeview *
mergeview_new(void)
{
	struct mergeview *mv = mem_alloc(sizeof(*mv));

	mv->follow = true;
	mv->filters = filters_new();
	return mv;
}

void
mergeview_free(struct mergeview *mv)
{
	if (!mv)
		return;
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
	for (size_t i = 0; i < mv->count; i++)
		now = SBX_MIN(now, old.ms[i]);
	for (size_t k = 0; k < count; k++) {
		size_t i = 0;
		while (i < mv->count && mv->sources[i].id != s[k].id)
			i++;
		if (i < mv->count)
			p->at[k] = old.at[i];
		else
			p->at[k] = now == INT64_MAX
					   ? logread_next_seq(s[k].lr)
					   : logread_seq_at(s[k].lr, now);
	}
}

void
mergeview_sources(struct mergeview *mv, const struct merge_source *s,
		  size_t count)
{
	bool same = count == mv->count;

	for (size_t i = 0; same && i < count; i++)
		same = mv->sources[i].id == s[i].id &&
		       mv->sources[i].lr == s[i].lr;
	if (!same) {
		/* Logs that are gone must not be asked for a time. */
		size_t kept = 0;
		for (size_t i = 0; i < mv->count; i++) {
			size_t k = 0;
			while (k < count && s[k].id != mv->sources[i].id)
				k++;
			if (k == count)
				continue;
			mv->sources[kept] = s[k];
			mv->top.at[kept] = mv->top.at[i];
			mv->from.at[kept++] = mv->from.at[i];
		}
		mv->count = kept;
		move_place(mv, &mv->top, s, count);
		move_place(mv, &mv->from, s, count);
		mv->has_last = false;
	}
	memcpy(mv->sources, s, count * sizeof(*s));
	mv->count = count;
	/* What has come since is not in the times. */
	mv->top.direction = mv->from.direction = 0;
}

const struct merge_source *
mergeview_source(const struct mergeview *mv, size_t idx)
{
	return &mv->sources[idx];
}

size_t
mergeview_count(const struct mergeview *mv)
{
	return mv->count;
}

int
mergeview_fill(struct mergeview *mv, struct merge_row *rows, int height)
{
	struct place p;
	int n = 0;

	mv->height = height;
	if (mv->follow) {
		to_end(mv, &p);
		while (n < height && step(mv, &p, -1, &rows[height - 1 - n]))
			n++;
		memmove(rows, rows + height - n, (size_t)n * sizeof(*rows));
		mv->top = p;
	} else {
		p = mv->top;
		while (n < height && step(mv, &p, 1, &rows[n]))
			n++;
	}
	mv->cursor = SBX_MAX(SBX_MIN(mv->cursor, n - 1), 0);
	mv->has_last = n > 0;
	if (n > 0)
		mv->last = rows[mv->follow ? n - 1 : mv->cursor];
	return n;
}

bool
mergeview_line(struct mergeview *mv, const struct merge_row *row,
	       struct logline *out)
{
	return row->source < mv->count &&
	       logread_line(mv->sources[row->source].lr, row->seq,
			    LINE_MAX_BYTES, out) == 1;
}

/* How many lines there are from the top of the window on, up to max. */
static int
lines_below(struct mergeview *mv, int max)
{
	struct place p = mv->top;
	struct merge_row r;
	int n = 0;

	while (n < max && step(mv, &p, 1, &r))
		n++;
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
	if (down && lines_below(mv, mv->height + 1) <= mv->height)
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
		to = mv->height - 1 + rows;
	}
	mv->cursor = SBX_MAX(SBX_MIN(to, mv->height - 1), 0);
	if (to < 0)
		mergeview_scroll(mv, to);
	else if (to >= mv->height)
		mergeview_scroll(mv, to - mv->height + 1);
}

void
mergeview_top(struct mergeview *mv)
{
	mv->follow = false;
	mv->cursor = 0;
	mv->top.direction = 0;
	for (size_t i = 0; i < mv->count; i++)
		mv->top.at[i] = logread_first_seq(mv->sources[i].lr);
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
		mv->cursor = mv->height - 1;
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
mergeview_set_cursor(struct mergeview *mv, int row)
{
	mergeview_pause(mv);
	mv->cursor = row;
}

bool
mergeview_current(const struct mergeview *mv, struct merge_row *out)
{
	*out = mv->last;
	return mv->has_last && mv->last.source < mv->count;
}

struct filters *
mergeview_filters(struct mergeview *mv)
{
	return mv->filters;
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
	struct logrules *rules = mv->sources[r->source].rules;
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
	return mv->searching != 0;
}

bool
mergeview_missed(struct mergeview *mv)
{
	bool m = mv->missed;

	mv->missed = false;
	return m;
}
