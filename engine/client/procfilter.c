#include "procfilter.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/words.h"
#include "life/status.h"
#include "model.h"
#include "spec/proto.h"

static bool
passes(const struct procfilter *f, const struct proc_row *r)
{
	if (f->statuses && !(f->statuses & 1u << r->status))
		return false;
	if (f->since_ms &&
	    SBX_MAX(r->created_at_ms, r->started_at_ms) < f->since_ms)
		return false;
	if (r->created_at_ms < f->created_from_ms)
		return false;
	if (f->created_until_ms && r->created_at_ms >= f->created_until_ms)
		return false;
	return !f->group || words_have(r->group, f->group);
}

/* ls shows "ready" and "stopped", which are no statuses. */
static int
hint_all(const char *const *names, struct err *e)
{
	char all[200] = "";
	size_t at = 0;

	for (int i = 0; i < STATUS_COUNT && at < sizeof all; i++)
		at += (size_t)snprintf(all + at, sizeof all - at, " %s",
				       names[i]);
	return err_hint(e, "one of:%s", all);
}

int
procfilter_statuses(const char *text, uint32_t *bits, struct err *e)
{
	const char *names[STATUS_COUNT];

	for (int i = 0; i < STATUS_COUNT; i++)
		names[i] = status_name((enum status)i);
	while (*text) {
		size_t len = strcspn(text, ",");
		int s = status_find(text, len);
		if (s < 0) {
			char *word = mem_strn(text, len);
			const char *near = table_nearest(word, names,
							 STATUS_COUNT);
			err_set(e, ERR_USAGE,
				"there is no status '%.60s'", word);
			free(word);
			return near ? err_hint(e, "did you mean '%s'?",
					       near) :
				      hint_all(names, e);
		}
		*bits |= 1u << s;
		text += len + (text[len] == ',');
	}
	return 0;
}

int
procfilter_check_group(struct model *m, const char *group, struct err *e)
{
	size_t count = model_count(m), known = 0;
	struct procfilter f = { .group = group };
	char **words = NULL;
	bool any = group == NULL;

	for (size_t i = 0; i < count && !any; i++) {
		const struct proc_row *r = model_at(m, i)->row;
		any = passes(&f, r);
		const char *at = r->group;
		for (char *word; !any && (word = words_next(&at));) {
			words = mem_grow(words, known, known + 1,
					 sizeof *words);
			words[known++] = word;
		}
	}
	if (!any) {
		const char *near = table_nearest(group,
			(const char *const *)words, known);
		err_set(e, ERR_NO_PROCESS, "no process is in a group "
			"'%.100s'", group);
		if (near)
			err_hint(e, "did you mean '%s'?", near);
	}
	while (known > 0)
		free(words[--known]);
	free(words);
	return any ? 0 : -1;
}

/* Where the one of the cursor is, or the first that came after it. */
static size_t
find_after(struct model *m, uint64_t id)
{
	size_t all = model_count(m), newer = all;

	for (size_t i = 0; i < all; i++) {
		uint32_t its = model_at(m, i)->id;
		if (its == id)
			return i;
		if (its > id && newer == all)
			newer = i;
	}
	return newer;
}

static bool
is_among(const struct procfilter *f, const struct model_proc *p)
{
	for (size_t i = 0; i < f->among_count; i++)
		if (f->among[i] == p)
			return true;
	return f->among == NULL;
}

size_t
procfilter_list(const struct procfilter *f, struct model *m,
		struct model_proc ***out, uint32_t *next)
{
	size_t all = model_count(m), count = 0;
	struct model_proc **procs = mem_array(all + 1, sizeof *procs);

	*next = 0;
	for (size_t i = find_after(m, f->after); i < all; i++) {
		struct model_proc *p = model_at(m, i);
		if (!is_among(f, p) || !passes(f, p->row))
			continue;
		if (f->limit && count == f->limit) {
			*next = p->id;
			break;
		}
		procs[count++] = p;
	}
	*out = procs;
	return count;
}
