#include "logrules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/base.h"
#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/conf/set.h"
#include "engine/log/logread.h"
#include "engine/log/search.h"
#include "engine/log/strip.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,
	/* After a step it rests so many times as long, unless the log has been
	 * left alone for QUIET_US. */
	REST = 20,
	QUIET_US = 100 * 1000,
};

struct rule {
	struct regex *re;
	int level;
	bool hide;
	unsigned streams;	/* set of 1 << enum log_stream */
	struct search *search;
};

struct logrules {
	struct rule *rules;
	size_t count;
	bool can_hide;
	uint64_t at_grown_us;
	uint64_t rest_until_us;
	char scratch[LINE_MAX_BYTES];
};

static void
add_watch(struct logrules *r, const struct spec_watch *w)
{
	static const unsigned streams[] = {
		[SPEC_STREAM_ANY] = SEARCH_ALL_STREAMS,
		[SPEC_STREAM_STDOUT] = 1u << LOG_OUT,
		[SPEC_STREAM_STDERR] = 1u << LOG_ERR,
		[SPEC_STREAM_PTY] = 1u << LOG_PTY,
	};
	bool hide = (w->actions & SPEC_WATCH_HIDE) != 0;
	int level = w->level;

	if (w->actions & SPEC_WATCH_MARK)
		level = SBX_MAX(level, (int)SPEC_LEVEL_INFO);
	if (!w->pattern.text || (!hide && !level))
		return;
	struct regex *re = regex_new(w->pattern.text, strlen(w->pattern.text),
				     w->pattern.flags, NULL, NULL);
	if (!re)
		return;
	r->rules = mem_grow(r->rules, r->count, r->count + 1,
			    sizeof(*r->rules));
	r->rules[r->count++] = (struct rule){ re, level, hide,
					      streams[w->stream], NULL };
	r->can_hide |= hide;
}

struct logrules *
logrules_new(const struct set *set, const char *process)
{
	const struct spec *s = set ? set_spec_of(set, process) : NULL;

	if (!s)
		return NULL;
	struct logrules *r = mem_alloc(sizeof(*r));
	for (size_t i = 0; i < s->watch_count; i++)
		add_watch(r, &s->watches[i]);
	if (r->count == 0) {
		logrules_free(r);
		return NULL;
	}
	return r;
}

void
logrules_free(struct logrules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		search_free(r->rules[i].search);
		regex_free(r->rules[i].re);
	}
	free(r->rules);
	free(r);
}

/* The line as watches see it: without escapes, at most a window of it. */
static const char *
plain(struct logrules *r, const struct logline *l, size_t *len)
{
	*len = SBX_MIN(l->len, sizeof(r->scratch));
	if (!strip_needed(l->text, *len))
		return l->text;
	*len = strip_text(l->text, *len, r->scratch);
	return r->scratch;
}

static bool
fits(const struct rule *u, const struct logline *l, const char *text,
     size_t len)
{
	return (u->streams & 1u << l->stream) &&
	       regex_match(u->re, text, len, 0, NULL) == REGEX_MATCH;
}

int
logrules_level(struct logrules *r, const struct logline *l)
{
	int level = SPEC_LEVEL_NONE;
	size_t len;
	const char *text = plain(r, l, &len);

	for (size_t i = 0; i < r->count; i++) {
		const struct rule *u = &r->rules[i];
		if (u->level > level && fits(u, l, text, len))
			level = u->level;
	}
	return level;
}

bool
logrules_can_hide(const struct logrules *r)
{
	return r->can_hide;
}

bool
logrules_hides(struct logrules *r, const struct logline *l)
{
	size_t len;
	const char *text = plain(r, l, &len);

	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].hide && fits(&r->rules[i], l, text, len))
			return true;
	return false;
}

void
logrules_search(struct logrules *r, struct logread *lr)
{
	for (size_t i = 0; i < r->count; i++) {
		struct rule *u = &r->rules[i];
		if (u->level && !u->search)
			u->search = search_new(lr, u->re, u->streams,
					       logread_next_seq(lr), -1);
	}
}

void
logrules_unsearch(struct logrules *r)
{
	for (size_t i = 0; r && i < r->count; i++) {
		search_free(r->rules[i].search);
		r->rules[i].search = NULL;
	}
}

void
logrules_grew(struct logrules *r)
{
	r->at_grown_us = clock_us();
}

uint64_t
logrules_due_us(const struct logrules *r)
{
	return SBX_MIN(r->rest_until_us, r->at_grown_us + QUIET_US);
}

static int
search_some(struct logrules *r, size_t max_bytes)
{
	for (size_t i = 0; i < r->count; i++) {
		struct rule *u = &r->rules[i];
		if (u->search && search_step(u->search, max_bytes) > 0)
			return 1;
	}
	return 0;
}

int
logrules_step(struct logrules *r, size_t max_bytes)
{
	uint64_t start = clock_us();
	int more = search_some(r, max_bytes);
	uint64_t end = clock_us();

	r->rest_until_us = end + REST * (end - start);
	return more;
}

int
logrules_near(const struct logrules *r, uint64_t seq, int direction,
	      uint64_t *hit)
{
	int found = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct search *s = r->rules[i].search;
		uint64_t at = 0;
		if (!s)
			continue;
		int n = direction > 0 ? search_next(s, seq, &at)
				      : search_prev(s, seq, &at);
		if (n == -EAGAIN)
			return n;
		if (n != 1)
			continue;
		if (!found || (direction > 0 ? at < *hit : at > *hit))
			*hit = at;
		found = 1;
	}
	return found;
}

bool
logrules_any(const struct logrules *r, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < r->count; i++) {
		uint64_t at = 0;
		if (r->rules[i].search && from > 0 &&
		    search_next(r->rules[i].search, from - 1, &at) == 1 &&
		    at < to)
			return true;
	}
	return false;
}
