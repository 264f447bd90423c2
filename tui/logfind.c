#include "logfind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/regex.h"
#include "engine/log/search.h"
#include "logrules.h"

enum jump { JUMP_NONE, JUMP_HIT, JUMP_ERROR };

struct logfind {
	struct regex *re;
	char *pattern;
	struct search *search;
	bool busy;
	uint64_t at;
	enum jump jump;
	int direction;
	uint64_t from;
	bool around;		/* nothing there: try the other direction */
	bool missed;
};

struct logfind *
logfind_new(void)
{
	return mem_alloc(sizeof(struct logfind));
}

void
logfind_free(struct logfind *f)
{
	if (!f)
		return;
	search_free(f->search);
	regex_free(f->re);
	free(f->pattern);
	free(f);
}

int
logfind_set(struct logfind *f, const char *pattern, struct err *e)
{
	struct regex *re = NULL;

	if (pattern && *pattern) {
		re = regex_new(pattern, strlen(pattern), 0, e, NULL);
		if (!re)
			return -1;
	}
	logfind_drop_search(f);
	f->at = 0;
	if (f->jump == JUMP_HIT)
		f->jump = JUMP_NONE;
	regex_free(f->re);
	f->re = re;
	free(f->pattern);
	f->pattern = re ? mem_str(pattern) : NULL;
	return 0;
}

struct regex *
logfind_regex(const struct logfind *f)
{
	return f->re;
}

const char *
logfind_pattern(const struct logfind *f)
{
	return f->pattern ? f->pattern : "";
}

static void
jump_to(struct logfind *f, enum jump jump, uint64_t from, int direction)
{
	f->jump = jump;
	f->from = from;
	f->direction = direction;
	f->around = false;
}

void
logfind_search(struct logfind *f, struct logread *lr, uint64_t from,
	       int direction)
{
	search_free(f->search);
	f->search = search_new(lr, f->re, SEARCH_ALL_STREAMS, from, direction);
	f->busy = f->search != NULL;
	f->at = 0;
	jump_to(f, JUMP_HIT, direction > 0 && from > 0 ? from - 1 : from,
		direction);
	f->around = true;
}

bool
logfind_searches(const struct logfind *f)
{
	return f->search != NULL;
}

void
logfind_drop_search(struct logfind *f)
{
	search_free(f->search);
	f->search = NULL;
	f->busy = false;
}

void
logfind_grew(struct logfind *f)
{
	f->busy = f->search != NULL;
}

bool
logfind_step(struct logfind *f, size_t bytes)
{
	if (!f->busy)
		return false;
	f->busy = search_step(f->search, bytes) > 0;
	return true;
}

bool
logfind_busy(const struct logfind *f)
{
	return f->busy;
}

void
logfind_to_hit(struct logfind *f, uint64_t from, int direction)
{
	jump_to(f, JUMP_HIT, from, direction);
}

void
logfind_to_error(struct logfind *f, uint64_t from, int direction)
{
	jump_to(f, JUMP_ERROR, from, direction);
}

bool
logfind_jumping(const struct logfind *f)
{
	return f->jump != JUMP_NONE;
}

bool
logfind_wants_error(const struct logfind *f)
{
	return f->jump == JUMP_ERROR;
}

/* 1, 0: there is none, -EAGAIN: not known yet. */
static int
look(struct logfind *f, struct logrules *rules, uint64_t *seq)
{
	if (f->jump == JUMP_ERROR)
		return !rules ? 0
			      : logrules_near(rules, f->from, f->direction,
					      seq);
	if (!f->search)
		return 0;
	return f->direction > 0 ? search_next(f->search, f->from, seq)
				: search_prev(f->search, f->from, seq);
}

bool
logfind_jump(struct logfind *f, struct logrules *rules, uint64_t *seq)
{
	if (f->jump == JUMP_NONE)
		return false;
	int r = look(f, rules, seq);
	if (r == 0 && f->around) {
		f->around = false;
		f->direction = -f->direction;
		r = look(f, rules, seq);
	}
	if (r == -EAGAIN)
		return false;
	f->jump = JUMP_NONE;
	f->missed = f->missed || r != 1;
	return r == 1;
}

bool
logfind_missed(struct logfind *f)
{
	bool m = f->missed;

	f->missed = false;
	return m;
}

void
logfind_miss(struct logfind *f)
{
	f->missed = true;
}

uint64_t
logfind_at(const struct logfind *f)
{
	return f->at;
}

void
logfind_set_at(struct logfind *f, uint64_t seq)
{
	f->at = seq;
}

void
logfind_hits(const struct logfind *f, uint64_t *k, uint64_t *n, bool *all)
{
	*k = *n = 0;
	*all = false;
	if (!f->search)
		return;
	*n = search_count(f->search, all);
	if (f->at)
		*k = search_rank(f->search, f->at);
}

bool
logfind_hit_in(const struct logfind *f, uint64_t from, uint64_t to)
{
	uint64_t at;

	return f->search && from > 0 &&
	       search_next(f->search, from - 1, &at) == 1 && at < to;
}
