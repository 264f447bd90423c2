#include "logview.h"

#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "filters.h"
#include "logfind.h"
#include "loggone.h"
#include "logrules.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,
	MARKS_MAX = 64,
	WALK_MAX = 4000,	/* lines looked at for one step of a filter */
	SLICE_BYTES = 4 << 20,	/* of a search in one slice */
	/* Logs up to this size are searched for errors by themselves. */
	ERRORS_BYTES = 256 << 20,
};

/* A line that a person drew into the log, after that line. */
struct mark {
	uint64_t after;
	int64_t ms;
};

struct logview {
	struct logread *lr;
	struct logrules *rules;
	bool follow;
	uint64_t top;		/* when standing still */
	int top_sub;
	uint64_t paused_next;	/* next_seq when it was stopped */
	uint64_t boundary;	/* gone to, and not scrolled since; 0: none */
	uint64_t first_shown, last_shown;
	int first_sub;
	int shown_rows;

	struct filters *filters;
	struct mark marks[MARKS_MAX];
	size_t mark_count;
	uint64_t floor;		/* lines before it were cleared away */

	struct logfind *find;
	bool rules_busy;
};

static bool
filtered(const struct logview *lv)
{
	return filters_any(lv->filters) ||
	       (lv->rules && logrules_can_hide(lv->rules));
}

static bool
passes(struct logview *lv, const struct logline *l)
{
	if (!filters_pass(lv->filters, l))
		return false;
	return (l->flags & LOGLINE_GAP) || !lv->rules ||
	       !logrules_can_hide(lv->rules) || !logrules_hides(lv->rules, l);
}

static uint64_t
first_of(const struct logview *lv)
{
	return SBX_MAX(logread_first_seq(lv->lr), lv->floor);
}

/*
 * The nearest line to be seen from seq on (itself included) in a direction.
 * False at the end of the log, and where WALK_MAX lines were all filtered
 * away: the view then shows less rather than making keys wait.
 */
static bool
walk(struct logview *lv, uint64_t seq, int direction, uint64_t *out)
{
	uint64_t first = first_of(lv);
	uint64_t next = logread_next_seq(lv->lr);
	struct logline l;

	for (int i = 0; i < WALK_MAX; i++) {
		if (seq < first && direction > 0)
			seq = first;
		if (seq < first || seq >= next)
			return false;
		*out = seq;
		if (!filtered(lv))
			return true;
		if (logread_line(lv->lr, seq, LINE_MAX_BYTES, &l) == 1 &&
		    passes(lv, &l))
			return true;
		seq = direction > 0 ? seq + 1 : seq - 1;
	}
	return false;
}

/* The run whose first line this is, if it is not the first of the log. */
static const struct log_run *
run_at(struct logview *lv, uint64_t seq)
{
	const struct log_run *runs;
	size_t n = logread_runs(lv->lr, &runs);

	for (size_t i = n; i-- > 0;) {
		if (!(runs[i].flags & LOG_RUN_SEQ))
			continue;
		if (runs[i].first_seq == seq && runs[i].run > 1 &&
		    seq > logread_first_seq(lv->lr))
			return &runs[i];
		if (runs[i].first_seq < seq)
			break;
	}
	return NULL;
}

/* What a line takes: a separator above it, its text, marks below it. */
struct parts {
	int sep, text, all;
	size_t mark;		/* the first one's index */
};

static struct parts
parts_of(struct logview *lv, uint64_t seq, logview_rows_fn *fn, void *arg)
{
	struct parts p = { .text = 1 };
	struct logline l;
	bool torn;
	int marks = 0;

	p.sep = loggone_is_above(lv->lr, seq, &torn) ? !torn :
		!!run_at(lv, seq);
	if (fn && !torn && logread_line(lv->lr, seq, LINE_MAX_BYTES, &l) == 1)
		p.text = SBX_MAX(fn(&l, arg), 1);
	for (size_t i = lv->mark_count; i-- > 0;)
		if (lv->marks[i].after == seq) {
			p.mark = i;
			marks++;
		}
	p.all = p.sep + p.text + marks;
	return p;
}

static struct logview_row
row_of(struct logview *lv, uint64_t seq, int sub, const struct parts *p)
{
	struct logview_row r = { .kind = LOGVIEW_LINE, .seq = seq };

	if (p->sep && sub == 0) {
		const struct log_run *run = run_at(lv, seq);
		r.kind = run ? LOGVIEW_RUN : LOGVIEW_GONE;
		r.run = run ? run->run : 0;
		r.run_ms = run ? run->start_ms : 0;
	} else if (sub >= p->sep + p->text) {
		size_t i = p->mark + (size_t)(sub - p->sep - p->text);
		r.kind = LOGVIEW_MARK;
		r.run = i + 1;
		r.run_ms = lv->marks[i].ms;
	} else {
		r.sub = sub - p->sep;
	}
	return r;
}

/* Unfinished lines, in the order of the streams; filters do not apply. */
static int
tails(struct logview *lv, struct logview_row *out)
{
	struct logline l;
	int n = 0;

	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (logread_tail(lv->lr, (enum log_stream)s, 1, &l) == 1)
			out[n++] = (struct logview_row){ .kind = LOGVIEW_TAIL,
							 .seq = l.seq,
							 .stream = s };
	return n;
}

static int
fill_following(struct logview *lv, struct logview_row *rows, int height,
	       logview_rows_fn *fn, void *arg)
{
	struct logview_row tail[LOG_STREAMS];
	int at = height, n = tails(lv, tail);
	uint64_t seq = logread_next_seq(lv->lr);

	while (n > 0 && at > 0)
		rows[--at] = tail[--n];
	while (at > 0 && seq > 0 && walk(lv, seq - 1, -1, &seq)) {
		struct parts p = parts_of(lv, seq, fn, arg);
		for (int sub = p.all; sub > 0 && at > 0;)
			rows[--at] = row_of(lv, seq, --sub, &p);
	}
	if (at > 0)
		memmove(rows, rows + at,
			(size_t)(height - at) * sizeof(*rows));
	return height - at;
}

/* Rows from the top of the window on. */
static int
fill_down(struct logview *lv, struct logview_row *rows, int height,
	      logview_rows_fn *fn, void *arg)
{
	int n = 0, sub = lv->top_sub;
	uint64_t seq = lv->top;

	while (n < height) {
		if (!walk(lv, seq, 1, &seq)) {
			struct logview_row tail[LOG_STREAMS];
			int t = tails(lv, tail);
			for (int i = 0; i < t && n < height; i++)
				rows[n++] = tail[i];
			break;
		}
		struct parts p = parts_of(lv, seq, fn, arg);
		for (; sub < p.all && n < height; sub++)
			rows[n++] = row_of(lv, seq, sub, &p);
		sub = 0;
		seq++;
	}
	return n;
}

/* Stand still where the window is now. */
static void
stand(struct logview *lv)
{
	if (!lv->follow || !lv->lr)
		return;
	lv->follow = false;
	lv->top = lv->first_shown ? lv->first_shown : first_of(lv);
	lv->top_sub = lv->first_shown ? lv->first_sub : 0;
	lv->paused_next = logread_next_seq(lv->lr);
}

static void
scroll_up(struct logview *lv, int rows, logview_rows_fn *fn, void *arg)
{
	while (rows > 0) {
		if (lv->top_sub > 0) {
			int n = SBX_MIN(rows, lv->top_sub);
			lv->top_sub -= n;
			rows -= n;
			continue;
		}
		uint64_t seq;
		if (lv->top == 0 || !walk(lv, lv->top - 1, -1, &seq))
			return;
		lv->top = seq;
		lv->top_sub = parts_of(lv, seq, fn, arg).all;
	}
}

static void
scroll_down(struct logview *lv, int rows, logview_rows_fn *fn, void *arg)
{
	while (rows > 0) {
		int left = parts_of(lv, lv->top, fn, arg).all - lv->top_sub;
		if (rows < left) {
			lv->top_sub += rows;
			return;
		}
		uint64_t seq;
		if (!walk(lv, lv->top + 1, 1, &seq))
			return;
		rows -= left;
		lv->top = seq;
		lv->top_sub = 0;
	}
}

/*
 * Where fewer lines are left below the top than the window has rows, it begins
 * further up: a hit on one of the last lines is shown on a full page.
 */
static int
fill_standing(struct logview *lv, struct logview_row *rows, int height,
	      logview_rows_fn *fn, void *arg)
{
	int n = fill_down(lv, rows, height, fn, arg);

	if (n < height) {
		scroll_up(lv, height - n, fn, arg);
		n = fill_down(lv, rows, height, fn, arg);
	}
	return n;
}

struct logview *
logview_new(void)
{
	struct logview *lv = mem_alloc(sizeof(*lv));

	lv->follow = true;
	lv->filters = filters_new();
	lv->find = logfind_new();
	return lv;
}

void
logview_free(struct logview *lv)
{
	if (!lv)
		return;
	logfind_free(lv->find);
	logrules_free(lv->rules);
	filters_free(lv->filters);
	logread_free(lv->lr);
	free(lv);
}

int
logview_open(struct logview *lv, int dir, struct err *e)
{
	struct logread *lr = logread_open(dir, e);

	if (!lr)
		return -1;
	/* The searches know the old one. */
	logfind_drop_search(lv->find);
	logrules_unsearch(lv->rules);
	logread_free(lv->lr);
	lv->lr = lr;
	logread_refresh(lr);
	logview_set_rules(lv, lv->rules);
	return 0;
}

bool
logview_is_open(const struct logview *lv)
{
	return lv->lr != NULL;
}

void
logview_refresh(struct logview *lv)
{
	if (!lv->lr)
		return;
	logread_refresh(lv->lr);
	logfind_grew(lv->find);
	lv->rules_busy = lv->rules != NULL;
	if (lv->rules)
		logrules_grew(lv->rules);
}

void
logview_set_rules(struct logview *lv, struct logrules *r)
{
	if (lv->rules != r)
		logrules_free(lv->rules);
	lv->rules = r;
	if (r && lv->lr && logread_bytes(lv->lr) < ERRORS_BYTES) {
		logrules_search(r, lv->lr);
		lv->rules_busy = true;
	}
}

struct logrules *
logview_rules(const struct logview *lv)
{
	return lv->rules;
}

struct logread *
logview_log(const struct logview *lv)
{
	return lv->lr;
}

/* The place of a row among those of its line. */
static int
sub_of(struct logview *lv, const struct logview_row *row, logview_rows_fn *fn,
       void *arg)
{
	struct parts p;

	if (row->kind == LOGVIEW_RUN || row->kind == LOGVIEW_GONE)
		return 0;
	p = parts_of(lv, row->seq, fn, arg);
	if (row->kind == LOGVIEW_MARK)
		return p.sep + p.text + (int)(row->run - 1 - p.mark);
	return p.sep + row->sub;
}

int
logview_fill(struct logview *lv, struct logview_row *rows, int height,
	     logview_rows_fn *fn, void *arg)
{
	int n = 0;

	lv->first_shown = lv->last_shown = 0;
	if (!lv->lr || height <= 0)
		return 0;
	if (!lv->follow && lv->top < first_of(lv)) {
		lv->top = first_of(lv);
		lv->top_sub = 0;
	}
	n = lv->follow ? fill_following(lv, rows, height, fn, arg)
		       : fill_standing(lv, rows, height, fn, arg);
	lv->shown_rows = height;
	for (int i = 0; i < n; i++) {
		if (rows[i].kind == LOGVIEW_TAIL)
			continue;
		if (!lv->first_shown) {
			lv->first_shown = rows[i].seq;
			lv->first_sub = sub_of(lv, &rows[i], fn, arg);
		}
		lv->last_shown = rows[i].seq;
	}
	return n;
}

bool
logview_line(struct logview *lv, const struct logview_row *row, size_t max,
	     struct logline *out)
{
	bool torn;

	if (!lv->lr || row->kind == LOGVIEW_RUN ||
	    row->kind == LOGVIEW_MARK)
		return false;
	if (row->kind == LOGVIEW_TAIL)
		return logread_tail(lv->lr, row->stream, max, out) == 1;
	if (logread_line(lv->lr, row->seq, max, out) != 1)
		return false;
	loggone_is_above(lv->lr, row->seq, &torn);
	if (torn || row->kind == LOGVIEW_GONE)
		loggone_put(lv->lr, torn, out);
	return true;
}

void
logview_scroll(struct logview *lv, int rows, logview_rows_fn *fn, void *arg)
{
	if (!lv->lr || rows == 0 || (lv->follow && rows > 0))
		return;
	stand(lv);
	lv->boundary = 0;
	if (rows < 0) {
		scroll_up(lv, -rows, fn, arg);
		return;
	}
	scroll_down(lv, rows, fn, arg);
	/* Where the last line comes into sight there is nothing more to
	 * stand still for. */
	struct logview_row *all =
		mem_array((size_t)lv->shown_rows + 1, sizeof(*all));
	if (fill_down(lv, all, lv->shown_rows + 1, fn, arg) <= lv->shown_rows)
		lv->follow = true;
	free(all);
}

void
logview_top(struct logview *lv)
{
	if (!lv->lr)
		return;
	stand(lv);
	lv->boundary = 0;
	lv->top = first_of(lv);
	lv->top_sub = 0;
	/* The next key may come before the next picture. */
	lv->first_shown = lv->last_shown = lv->top;
	lv->first_sub = 0;
}

void
logview_follow(struct logview *lv)
{
	lv->boundary = 0;
	if (lv->lr && !lv->follow)
		lv->first_shown = lv->last_shown =
			logread_next_seq(lv->lr) - 1;
	lv->follow = true;
}

void
logview_pause(struct logview *lv)
{
	stand(lv);
}

bool
logview_following(const struct logview *lv)
{
	return lv->follow;
}

uint64_t
logview_unseen(const struct logview *lv)
{
	if (lv->follow || !lv->lr)
		return 0;
	uint64_t next = logread_next_seq(lv->lr);
	return next > lv->paused_next ? next - lv->paused_next : 0;
}

bool
logview_goto(struct logview *lv, uint64_t seq, bool cursor)
{
	uint64_t at;

	if (!lv->lr)
		return false;
	/* A line that is in sight stays where it is. */
	bool stays = lv->first_shown && seq > lv->first_shown &&
		     seq < lv->last_shown;
	stand(lv);
	lv->boundary = 0;
	if (cursor)
		logfind_set_at(lv->find, seq);
	if (!stays) {
		lv->top = seq;
		lv->top_sub = 0;
		scroll_up(lv, lv->shown_rows / 3, NULL, NULL);
	}
	return walk(lv, seq, 1, &at) && at == seq;
}

uint64_t
logview_count(const struct logview *lv)
{
	return lv->lr ? logread_next_seq(lv->lr) - logread_first_seq(lv->lr)
		      : 0;
}

uint64_t
logview_first_shown(const struct logview *lv)
{
	return lv->first_shown;
}

uint64_t
logview_last_shown(const struct logview *lv)
{
	return lv->last_shown;
}

bool
logview_step(struct logview *lv, uint64_t seq, int direction, uint64_t *out)
{
	if (!lv->lr || (direction < 0 && seq == 0))
		return false;
	return walk(lv, direction > 0 ? seq + 1 : seq - 1, direction, out);
}

void
logview_put_mark(struct logview *lv, uint64_t after, int64_t wall_ms)
{
	if (lv->mark_count < MARKS_MAX)
		lv->marks[lv->mark_count++] = (struct mark){ after, wall_ms };
}

bool
logview_get_mark(const struct logview *lv, size_t idx, uint64_t *after,
		 int64_t *wall_ms)
{
	if (idx >= lv->mark_count)
		return false;
	*after = lv->marks[idx].after;
	*wall_ms = lv->marks[idx].ms;
	return true;
}

bool
logview_mark(struct logview *lv, int64_t wall_ms)
{
	uint64_t next = lv->lr ? logread_next_seq(lv->lr) : 1;

	if (next == 1 || lv->mark_count == MARKS_MAX)
		return false;
	logview_put_mark(lv, next - 1, wall_ms);
	return true;
}

bool
logview_clear(struct logview *lv)
{
	if (!lv->lr || lv->floor) {
		lv->floor = 0;
		return false;
	}
	lv->floor = logread_next_seq(lv->lr);
	lv->follow = true;
	return true;
}

/* The nearest start of a run or mark beyond `from`; *sub is its row. */
static uint64_t
boundary(struct logview *lv, uint64_t from, int direction, int *sub)
{
	const struct log_run *runs;
	size_t n = logread_runs(lv->lr, &runs);
	uint64_t best = 0;

	*sub = 0;
	for (size_t i = 0; i < n + lv->mark_count; i++) {
		bool run = i < n;
		uint64_t at = run ? runs[i].first_seq
				  : lv->marks[i - n].after;
		if ((run && !run_at(lv, at)) || at < first_of(lv) ||
		    at >= logread_next_seq(lv->lr) ||
		    (direction > 0 ? at <= from : at >= from))
			continue;
		if (best && (direction > 0 ? at >= best : at <= best))
			continue;
		best = at;
		struct parts p = parts_of(lv, at, NULL, NULL);
		*sub = run ? 0 : p.sep + p.text;
	}
	return best;
}

bool
logview_boundary(struct logview *lv, int direction)
{
	int sub;

	if (!lv->lr)
		return false;
	uint64_t from = lv->follow     ? logread_next_seq(lv->lr)
			: lv->boundary ? lv->boundary
				       : lv->top;
	uint64_t seq = boundary(lv, from, direction, &sub);
	if (!seq)
		return false;
	stand(lv);
	lv->top = lv->boundary = seq;
	lv->top_sub = sub;
	return true;
}

struct filters *
logview_filters(const struct logview *lv)
{
	return lv->filters;
}

int
logview_highlight(struct logview *lv, const char *pattern, struct err *e)
{
	return logfind_set(lv->find, pattern, e);
}

struct regex *
logview_find(const struct logview *lv)
{
	return logfind_regex(lv->find);
}

const char *
logview_pattern(const struct logview *lv)
{
	return logfind_pattern(lv->find);
}

static bool
in_sight(const struct logview *lv, uint64_t seq)
{
	return seq >= lv->first_shown && seq <= lv->last_shown;
}

/* Makes the jump that was asked for, if its line is known. */
static void
try_jump(struct logview *lv)
{
	uint64_t seq;

	if (logfind_jump(lv->find, lv->rules, &seq))
		(void)logview_goto(lv, seq, true);
}

void
logview_search(struct logview *lv)
{
	if (!lv->lr || !logfind_regex(lv->find))
		return;
	logfind_search(lv->find, lv->lr,
		       lv->follow ? logread_next_seq(lv->lr)
				  : lv->first_shown,
		       lv->follow ? -1 : 1);
	logview_work(lv, &(bool){ false });
}

void
logview_next(struct logview *lv, int direction)
{
	uint64_t from = logfind_at(lv->find);

	if (!lv->lr || !logfind_regex(lv->find))
		return;
	if (!logfind_searches(lv->find)) {
		logview_search(lv);
		return;
	}
	if (!from)
		from = direction > 0 ? lv->first_shown : lv->last_shown;
	logfind_to_hit(lv->find, from, direction);
	try_jump(lv);
}

void
logview_next_error(struct logview *lv, int direction)
{
	uint64_t from = logfind_at(lv->find);

	if (!lv->lr || !lv->rules) {
		logfind_miss(lv->find);
		return;
	}
	logrules_search(lv->rules, lv->lr);
	lv->rules_busy = true;
	if (!from || !in_sight(lv, from))
		from = direction > 0 ? lv->first_shown : lv->last_shown + 1;
	logfind_to_error(lv->find, from, direction);
	try_jump(lv);
}

bool
logview_missed(struct logview *lv)
{
	return logfind_missed(lv->find);
}

uint64_t
logview_hit(const struct logview *lv)
{
	return logfind_at(lv->find);
}

void
logview_hits(const struct logview *lv, uint64_t *k, uint64_t *n, bool *all)
{
	logfind_hits(lv->find, k, n, all);
}

bool
logview_hit_in(const struct logview *lv, uint64_t from, uint64_t to)
{
	return logfind_hit_in(lv->find, from, to);
}

uint64_t
logview_due_us(const struct logview *lv)
{
	if (!lv->rules_busy)
		return UINT64_MAX;
	return logfind_wants_error(lv->find) ? 0
					     : logrules_due_us(lv->rules);
}

bool
logview_work(struct logview *lv, bool *changed)
{
	bool jumping = logfind_jumping(lv->find);

	if (logfind_step(lv->find, SLICE_BYTES)) {
		*changed = true;
	} else if (logview_due_us(lv) <= clock_us()) {
		lv->rules_busy = logrules_step(lv->rules, SLICE_BYTES) > 0;
		*changed = true;
	}
	try_jump(lv);
	if (logfind_jumping(lv->find) != jumping)
		*changed = true;
	return logfind_busy(lv->find) || logview_due_us(lv) <= clock_us();
}
