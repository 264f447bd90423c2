#include "toast.h"

#include <stdio.h>
#include <string.h>

enum {
	INFO_MS = 3000,
	WARN_MS = 6000,
	STALE_MS = 30000,
};

/* For how long one is shown at least, and at most. */
static uint64_t
least_ms(const struct toast *t)
{
	return t->level == TOAST_WARN ? WARN_MS / 3 : INFO_MS / 3;
}

static uint64_t
most_ms(const struct toast *t)
{
	return t->level == TOAST_WARN ? WARN_MS : INFO_MS;
}

static void
take_out(struct toasts *t, size_t idx)
{
	t->count--;
	memmove(t->list + idx, t->list + idx + 1,
		(t->count - idx) * sizeof(*t->list));
}

/* The first one has been read; the next that is still of interest. */
static void
next(struct toasts *t, uint64_t now_ms)
{
	take_out(t, 0);
	while (t->count && now_ms - t->list[0].born_ms > STALE_MS &&
	       t->list[0].level < TOAST_ERROR)
		take_out(t, 0);
	t->since_ms = now_ms;
}

static void
tell(struct toasts *t, const char *text, int64_t wall_ms)
{
	struct toast_told *to = &t->told[t->told_count++ % TOASTS_TOLD];

	to->wall_ms = wall_ms;
	snprintf(to->text, sizeof(to->text), "%s", text);
}

static bool
is_same(const struct toast *a, enum toast_level level, const char *kind,
	const char *text)
{
	return a->level == level &&
	       ((kind && a->kind == kind) || !strcmp(a->text, text));
}

/* A place for one of that level: what has been read gives way to it, and of
 * what waits the oldest of the least.  TOASTS_MAX: it is the least. */
static size_t
make_place(struct toasts *t, enum toast_level level, uint64_t now_ms)
{
	size_t i = 0;

	if (t->count && t->list[0].level < TOAST_ERROR &&
	    now_ms - t->since_ms >= least_ms(&t->list[0]))
		next(t, now_ms);
	if (t->count == TOASTS_MAX) {
		enum toast_level least = t->list[TOASTS_MAX - 1].level;
		if (level < least)
			return TOASTS_MAX;
		for (i = 1; t->list[i].level != least;)
			i++;
		take_out(t, i);
	}
	for (i = 0; i < t->count && t->list[i].level >= level;)
		i++;
	memmove(t->list + i + 1, t->list + i,
		(t->count - i) * sizeof(*t->list));
	t->count++;
	return i;
}

void
toasts_add(struct toasts *t, enum toast_level level, const char *kind,
	   const char *text, uint64_t now_ms, int64_t wall_ms)
{
	size_t i;

	tell(t, text, wall_ms);
	for (i = 0; i < t->count; i++)
		if (is_same(&t->list[i], level, kind, text))
			break;
	if (i == t->count)
		i = make_place(t, level, now_ms);
	if (i == TOASTS_MAX)
		return;
	t->list[i] = (struct toast){ .level = level, .kind = kind,
				     .born_ms = now_ms };
	snprintf(t->list[i].text, sizeof(t->list[i].text), "%s", text);
	if (i == 0)
		t->since_ms = now_ms;
}

const struct toast *
toasts_shown(const struct toasts *t)
{
	return t->count ? &t->list[0] : NULL;
}

size_t
toasts_waiting(const struct toasts *t)
{
	return t->count ? t->count - 1 : 0;
}

bool
toasts_key(struct toasts *t, uint64_t now_ms)
{
	if (!t->count || t->list[0].level != TOAST_ERROR)
		return false;
	next(t, now_ms);
	return true;
}

uint64_t
toasts_due_ms(const struct toasts *t)
{
	if (!t->count || t->list[0].level == TOAST_ERROR)
		return UINT64_MAX;
	return t->since_ms + (t->count > 1 ? least_ms(&t->list[0])
					   : most_ms(&t->list[0]));
}

bool
toasts_tick(struct toasts *t, uint64_t now_ms)
{
	if (now_ms < toasts_due_ms(t))
		return false;
	next(t, now_ms);
	return true;
}

void
toasts_drop(struct toasts *t, enum toast_level upto, uint64_t now_ms)
{
	for (size_t i = t->count; i-- > 0;)
		if (t->list[i].level <= upto)
			take_out(t, i);
	t->since_ms = now_ms;
}

const struct toast_told *
toasts_told(const struct toasts *t, unsigned back)
{
	if (back >= t->told_count || back >= TOASTS_TOLD)
		return NULL;
	return &t->told[(t->told_count - 1 - back) % TOASTS_TOLD];
}
