#include "logtail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/regex.h"
#include "strip.h"

enum {
	LINE_MAX_BYTES = 1 << 20,
};

struct logtail {
	struct logread *lr;
	struct logtail_filter f;
	uint64_t seq;
	/* What was given of an unfinished line of each stream. */
	struct {
		uint64_t off;
		char *text;
		size_t len;
	} given[LOG_STREAMS];
	uint64_t consumed[LOG_STREAMS];	/* stream offsets, for marks */
	uint64_t until[LOG_STREAMS];	/* what is behind is of another run */
	uint64_t gone[LOG_STREAMS];	/* where bytes that are gone end */
	bool peeked, lost;		/* lost: the item is no line */
	struct logtail_item item;
	size_t item_full;		/* of its text, with what was given */
	const char *item_text;
	char *strip;
};

/* Only what that run has lost is missing. */
static void
bound_by_run(struct logtail *t, uint64_t number)
{
	const struct log_run *run = logread_run(t->lr, number);

	for (int s = 0; run && s < LOG_STREAMS; s++) {
		t->consumed[s] = run->start[s];
		if (run->flags & LOG_RUN_ENDED)
			t->until[s] = run->end[s];
	}
}

struct logtail *
logtail_new(struct logread *lr, const struct logtail_filter *f)
{
	struct logtail *t = mem_alloc(sizeof *t);

	*t = (struct logtail){ .lr = lr, .f = *f };
	t->strip = mem_array(LINE_MAX_BYTES, 1);
	t->seq = logread_first_seq(lr);
	for (int s = 0; s < LOG_STREAMS; s++)
		t->until[s] = UINT64_MAX;
	if (f->run)
		bound_by_run(t, f->run);
	return t;
}

void
logtail_free(struct logtail *t)
{
	if (!t)
		return;
	for (int s = 0; s < LOG_STREAMS; s++)
		free(t->given[s].text);
	logread_free(t->lr);
	free(t->strip);
	free(t);
}

struct logread *
logtail_log(struct logtail *t)
{
	return t->lr;
}

int
logtail_refresh(struct logtail *t)
{
	t->peeked = false;
	return logread_refresh(t->lr);
}

void
logtail_seek(struct logtail *t, uint64_t seq)
{
	t->seq = seq;
	t->peeked = false;
}

uint64_t
logtail_seq(const struct logtail *t)
{
	return t->seq;
}

/* The text as it is shown and matched. */
static void
clean(struct logtail *t, struct logline *l)
{
	if (l->stream != LOG_PTY || !l->text)
		return;
	l->len = strip_text(l->text, l->len, t->strip);
	l->text = t->strip;
}

static bool
is_wanted(const struct logtail *t, const struct logline *l)
{
	if (t->f.run && l->run != t->f.run)
		return false;
	return t->f.streams & 1u << l->stream;
}

static bool
passes(struct logtail *t, const struct logline *l)
{
	if (!is_wanted(t, l))
		return false;
	if (l->flags & LOGLINE_GAP)
		return true;
	if (!t->f.re)
		return true;
	if (l->stream == LOG_PTY || !strip_needed(l->text, l->len))
		return regex_match(t->f.re, l->text, l->len, 0, NULL) ==
		       REGEX_MATCH;
	size_t len = strip_text(l->text, l->len, t->strip);
	return regex_match(t->f.re, t->strip, len, 0, NULL) == REGEX_MATCH;
}

void
logtail_seek_last(struct logtail *t, uint64_t n)
{
	uint64_t first = logread_first_seq(t->lr);
	uint64_t seq = logread_next_seq(t->lr), found = 0;
	bool all = !t->f.re && !t->f.run && t->f.streams == LOG_ALL_STREAMS;

	if (all && seq - first >= n) {
		logtail_seek(t, seq - n);
		return;
	}
	/* There are fewer: those that are gone were asked for too. */
	if (all)
		seq = first;
	while (seq > first && found < n) {
		struct logline l;
		if (logread_line(t->lr, --seq, LINE_MAX_BYTES, &l) != 1)
			break;
		clean(t, &l);
		found += passes(t, &l) && !(l.flags & LOGLINE_GAP);
	}
	logtail_seek(t, found < n && seq == first ? 1 : seq);
}

/* Takes off what a piece has told of this line already. */
static void
cut_given(struct logtail *t, struct logtail_item *it)
{
	struct logline *l = &it->line;
	size_t len = t->given[l->stream].len;

	t->item_text = l->text;
	t->item_full = l->len;
	if (len == 0 || t->given[l->stream].off != l->off)
		return;
	/* A redrawn line of a terminal may have become another one. */
	if (l->len < len ||
	    memcmp(l->text, t->given[l->stream].text, len) != 0)
		return;
	it->given = len;
	l->text += len;
	l->len -= len;
}

/* By an older segment, or by what went before it was a line. */
static bool
is_torn(const struct logtail *t, const struct logline *l)
{
	uint64_t begin = logread_begin(t->lr, l->stream);

	if (l->off > 0 && l->off == t->gone[l->stream])
		begin = l->off + 1;
	return logline_is_torn(l, begin);
}

/* How many of [from, end) no mark has told of yet. */
static uint64_t
count(struct logtail *t, unsigned stream, uint64_t from, uint64_t end)
{
	uint64_t *told = &t->consumed[stream];
	uint64_t missing = end - SBX_MIN(end, SBX_MAX(*told, from));

	*told = SBX_MAX(*told, end);
	return t->f.streams & 1u << stream ? missing : 0;
}

/* Is it nothing but missing?  Adds what no mark has told of yet. */
static bool
is_missing(struct logtail *t, const struct logline *l, uint64_t *missing)
{
	uint64_t len = l->full_len;

	if (l->flags & LOGLINE_GONE) {
		len = l->dropped_bytes;
		t->gone[l->stream] = l->off + len;
	} else if (l->flags & LOGLINE_GAP || !is_torn(t, l)) {
		return false;
	}
	uint64_t n = count(t, l->stream, l->off, l->off + len);
	*missing += is_wanted(t, l) ? n : 0;
	return true;
}

/* One mark for all that is missing at this place, if anything is. */
static int
put_mark(struct logtail *t, uint64_t missing, struct logtail_item *out)
{
	struct logline l;

	while (logread_place(t->lr, t->seq, &l) == 1 &&
	       is_missing(t, &l, &missing))
		t->seq++;
	if (missing == 0)
		return 0;
	*out = (struct logtail_item){
		.line = { .seq = t->seq, .flags = LOGLINE_GAP,
			  .dropped_bytes = missing },
	};
	t->lost = true;
	return 1;
}

/* Lines that went before they were read. */
static int
peek_dropped(struct logtail *t, struct logtail_item *out)
{
	uint64_t missing = 0;

	t->seq = logread_first_seq(t->lr);
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		uint64_t begin = logread_begin(t->lr, (enum log_stream)s);
		missing += count(t, s, 0, SBX_MIN(begin, t->until[s]));
	}
	return put_mark(t, missing, out);
}

/* Its index is there, and nothing of itself. */
static bool
is_lost(const struct logline *l)
{
	return l->flags & LOGLINE_CUT && l->len == 0 &&
	       l->full_len > !(l->flags & LOGLINE_PARTIAL);
}

static uint64_t
pass_lost(struct logtail *t, const struct logline *l)
{
	uint64_t n = count(t, l->stream, l->off, l->off + l->full_len);

	t->seq++;
	return is_wanted(t, l) ? n : 0;
}

/* A segment may have gone since the log was looked at: then it is once more.
 * As logread_line(). */
static int
read_line(struct logtail *t, struct logline *out)
{
	int r = logread_line(t->lr, t->seq, LINE_MAX_BYTES, out);

	if (r != -ESTALE && (r != 1 || !is_lost(out)))
		return r;
	logread_refresh(t->lr);
	return logread_line(t->lr, t->seq, LINE_MAX_BYTES, out);
}

static int
peek_line(struct logtail *t, struct logtail_item *out)
{
	uint64_t next = logread_next_seq(t->lr);

	if (t->seq < logread_first_seq(t->lr) && peek_dropped(t, out))
		return 1;
	while (t->seq < next) {
		int r = read_line(t, &out->line);
		if (r == -ESTALE && t->seq < logread_first_seq(t->lr)) {
			if (peek_dropped(t, out))
				return 1;
			continue;
		}
		if (r == -ESTALE) {
			t->seq++;
			continue;
		}
		if (r <= 0)
			return r;
		struct logline *l = &out->line;
		bool lost = is_lost(l);
		if (lost || l->flags & LOGLINE_GONE || is_torn(t, l)) {
			if (put_mark(t, lost ? pass_lost(t, l) : 0, out))
				return 1;
			continue;
		}
		clean(t, l);
		if (passes(t, l)) {
			out->piece = false;
			out->given = 0;
			if (!(l->flags & LOGLINE_GAP))
				cut_given(t, out);
			return 1;
		}
		t->consumed[l->stream] = l->off + l->full_len;
		t->seq++;
	}
	return 0;
}

static int
peek_tail(struct logtail *t, struct logtail_item *out)
{
	for (int s = 0; s < LOG_STREAMS; s++) {
		int r = logread_tail(t->lr, (enum log_stream)s,
				     LINE_MAX_BYTES, &out->line);
		/* It was dropped: the next refresh tells what is left. */
		if (r == -ESTALE)
			continue;
		if (r < 0)
			return r;
		if (r == 0 || out->line.len == 0)
			continue;
		clean(t, &out->line);
		if (out->line.len == 0 || !passes(t, &out->line))
			continue;
		out->piece = true;
		out->given = 0;
		cut_given(t, out);
		if (out->line.len > 0)
			return 1;
	}
	return 0;
}

int
logtail_peek(struct logtail *t, bool tails, struct logtail_item *out)
{
	if (!t->peeked) {
		t->lost = false;
		int r = peek_line(t, &t->item);
		if (r == 0 && tails)
			r = peek_tail(t, &t->item);
		if (r <= 0)
			return r;
		t->peeked = true;
	}
	*out = t->item;
	return 1;
}

static void
remember(struct logtail *t, const struct logline *l)
{
	size_t len = t->item_full;

	free(t->given[l->stream].text);
	t->given[l->stream].text = mem_dup(t->item_text, len);
	t->given[l->stream].len = len;
	t->given[l->stream].off = l->off;
}

void
logtail_take(struct logtail *t)
{
	const struct logline *l = &t->item.line;

	t->peeked = false;
	if (t->item.piece) {
		remember(t, l);
		return;
	}
	if (t->lost)
		return;
	t->consumed[l->stream] = l->off + l->full_len;
	t->given[l->stream].len = 0;
	t->seq++;
}
