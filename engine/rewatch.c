/*
 * Watches that somebody adds to a process, or takes away, while it runs.  They
 * become a part of its definition: they survive this engine as that does, and
 * go when the file is read again and does not have them.
 */

#include "core.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "err.h"
#include "journal.h"
#include "mem.h"
#include "spec.h"

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
check_names(const struct proc *p, const struct spec_watch *w, struct err *err)
{
	const struct spec *s = p->spec;
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

int
rewatch_add(struct proc *p, const char *text, struct err *err)
{
	struct spec *from = unpack(text, err);
	if (!from)
		return -1;
	struct spec_watch *w = &from->watches[0];
	struct spec *s = NULL;

	if (find(p->spec, w->name) < p->spec->watch_count) {
		err_set(err, ERR_FAILED, "'%s' has a watch '%s' already",
			p->spec->name, w->name);
		err_hint(err, "'sbx watch %.64s rm %.64s' takes it away",
			 p->spec->name, w->name);
	} else if (p->spec->watch_count == SPEC_LIST_MAX) {
		err_set(err, ERR_FAILED, "'%s' has %d watches, which is the "
			"limit", p->spec->name, SPEC_LIST_MAX);
	} else if (check_names(p, w, err) == 0) {
		s = spec_dup(p->spec);
		s->watches = mem_grow(s->watches, s->watch_count,
				      s->watch_count + 1,
				      sizeof(*s->watches));
		s->watches[s->watch_count++] = *w;
		from->watch_count = 0;
		if (respec_check(s, err) < 0) {
			spec_free(s);
			s = NULL;
		}
	}
	if (s) {
		const char *name = s->watches[s->watch_count - 1].name;
		engine_note(p->e, p, EVENT_NOTE, CAUSE_USER,
			    "watch '%s' was added", name);
		respec_now(p, s);
	}
	spec_free(from);
	return s ? 0 : -1;
}

int
rewatch_rm(struct proc *p, const char *name, struct err *err)
{
	size_t i = find(p->spec, name);
	if (i == p->spec->watch_count)
		return err_set(err, ERR_FAILED, "'%s' has no watch '%.64s'",
			       p->spec->name, name);
	struct spec *s = spec_dup(p->spec);

	spec_watch_fini(&s->watches[i]);
	s->watch_count--;
	memmove(&s->watches[i], &s->watches[i + 1],
		(s->watch_count - i) * sizeof(*s->watches));
	engine_note(p->e, p, EVENT_NOTE, CAUSE_USER,
		    "watch '%s' was taken away", name);
	respec_now(p, s);
	return 0;
}
