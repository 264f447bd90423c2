#include "rewatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "core.h"
#include "respec.h"
#include "spec/spec.h"

static size_t
find(const struct spec *s, const char *name)
{
	size_t i = 0;

	while (i < s->watch_count && strcmp(s->watches[i].name, name) != 0)
		i++;
	return i;
}

/* What it names has to be there: the file's checks do not see this one. */
static int
check_names(const struct proc *p, const struct spec *s,
	    const struct spec_watch *w, struct err *err)
{
	bool hook = !w->hook;

	for (size_t i = 0; i < s->hook_count; i++)
		hook |= w->hook && strcmp(s->hooks[i].name, w->hook) == 0;
	if (!hook)
		return err_set(err, ERR_USAGE, "'%s' has no hook '%s'",
			       s->name, w->hook);
	if (w->start && !engine_find_name(p->e, w->start))
		return err_set(err, ERR_NO_PROCESS, "no process '%s'",
			       w->start);
	return 0;
}

static struct spec *
unpack(const char *text, struct err *err)
{
	struct buf b = BUF_INIT(SPEC_PACK_MAX);
	struct spec *s = NULL;

	if (base64_decode(&b, text, strlen(text)) < 0 ||
	    spec_unpack(buf_str(&b), b.len, &s, err) < 0 ||
	    s->watch_count != 1) {
		spec_free(s);
		s = NULL;
		err_set(err, ERR_USAGE, "the request cannot be read");
	}
	buf_fini(&b);
	return s;
}

/* s with one watch more, whose values move there, unless w is NULL, and
 * without the one at place rm. */
static struct spec *
with_watch(const struct spec *s, const struct spec_watch *w, size_t rm)
{
	struct spec *n = spec_dup(s);

	if (w) {
		n->watches = mem_grow(n->watches, n->watch_count,
				      n->watch_count + 1, sizeof *n->watches);
		n->watches[n->watch_count++] = *w;
	}
	if (rm < n->watch_count) {
		spec_watch_fini(&n->watches[rm]);
		n->watch_count--;
		memmove(&n->watches[rm], &n->watches[rm + 1],
			(n->watch_count - rm) * sizeof *n->watches);
	}
	return n;
}

/* Can s have the one watch of from?  0 or -1. */
static int
check_add(const struct proc *p, const struct spec *s, const struct spec *from,
	  struct err *err)
{
	const struct spec_watch *w = &from->watches[0];

	if (find(s, w->name) < s->watch_count) {
		err_set(err, ERR_FAILED, "'%s' has a watch '%s' already",
			s->name, w->name);
		return err_hint(err, "'sbx watch %.64s rm %.64s' takes it away",
				s->name, w->name);
	}
	if (s->watch_count == SPEC_LIST_MAX)
		return err_set(err, ERR_FAILED, "'%s' has %d watches, which is "
			       "the limit", s->name, SPEC_LIST_MAX);
	if (!spec_has_stream(s, (enum spec_stream)w->stream, err))
		return -1;
	return check_names(p, s, w, err);
}

/* The one watch of from, as one that can be given away. */
static struct spec_watch
take(struct spec *from)
{
	from->watch_count = 0;
	return from->watches[0];
}

/*
 * A run that is about to be followed by one of another definition has the
 * watch, and so has that definition: it belongs to the process.
 */
int
rewatch_add(struct proc *p, enum cause by, const char *text,
	    struct err *err)
{
	struct spec *from = unpack(text, err);
	struct spec *later = NULL, *now = NULL;
	int r = from ? check_add(p, p->spec, from, err) : -1;

	if (r == 0 && p->next_spec)
		r = check_add(p, p->next_spec, from, err);
	if (r == 0 && p->next_spec) {
		struct spec *copy = spec_dup(from);
		struct spec_watch w = take(copy);
		later = with_watch(p->next_spec, &w, SIZE_MAX);
		spec_free(copy);
		r = respec_check(later, err);
	}
	if (r == 0) {
		struct spec_watch w = take(from);
		now = with_watch(p->spec, &w, SIZE_MAX);
		r = respec_check(now, err);
	}
	if (r == 0) {
		engine_note(p->e, p, EVENT_NOTE, by, "watch '%s' was "
			    "added", now->watches[now->watch_count - 1].name);
		if (later)
			respec_later(p, later);
		respec_now(p, now);
	} else {
		spec_free(later);
		spec_free(now);
	}
	spec_free(from);
	return r;
}

int
rewatch_rm(struct proc *p, enum cause by, const char *name,
	   struct err *err)
{
	const struct spec *next = p->next_spec;
	size_t i = find(p->spec, name), k = next ? find(next, name) : 0;
	bool now = i < p->spec->watch_count;
	bool later = next && k < next->watch_count;

	if (!now && !later)
		return err_set(err, ERR_FAILED, "'%s' has no watch '%.64s'",
			       p->spec->name, name);
	engine_note(p->e, p, EVENT_NOTE, by,
		    "watch '%s' was taken away", name);
	if (later)
		respec_later(p, with_watch(next, NULL, k));
	if (now)
		respec_now(p, with_watch(p->spec, NULL, i));
	return 0;
}
