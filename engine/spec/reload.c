#include "reload.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec.h"

static const char *const action_names[] = {
#define X(e, name, help) [RELOAD_DO_##e] = name,
	RELOAD_ACTION_TABLE(X)
#undef X
};

const char *
reload_action_name(enum reload_action a)
{
	return action_names[a];
}

int
reload_action_find(const char *name, size_t len)
{
	for (int i = 0; i < RELOAD_DO_COUNT; i++)
		if (strlen(action_names[i]) == len &&
		    memcmp(action_names[i], name, len) == 0)
			return i;
	return -1;
}

bool
reload_row_next(const char **text, struct reload_row *r)
{
	const char *p = *text;

	if (!*p)
		return false;
	r->word = p;
	r->word_len = (int)strcspn(p, "\t\n");
	p += r->word_len + (p[r->word_len] == '\t');
	r->name = p;
	r->name_len = (int)strcspn(p, "\t\n");
	p += r->name_len + (p[r->name_len] == '\t');
	r->what = p;
	r->what_len = (int)strcspn(p, "\n");
	p += r->what_len + (p[r->what_len] == '\n');
	r->action = reload_action_find(r->word, (size_t)r->word_len);
	*text = p;
	return true;
}

struct entry {
	const char *name;
	size_t idx;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct entry *
sorted(const struct spec *const *specs, size_t count)
{
	struct entry *v = mem_array(count + 1, sizeof *v);

	for (size_t i = 0; i < count; i++)
		v[i] = (struct entry){ specs[i]->name, i };
	qsort(v, count, sizeof *v, by_name);
	return v;
}

static void
compare(struct reload_item *it, const struct spec *old, const struct spec *now)
{
	it->what = spec_diff_words(old, now);
	if (!it->what)
		return;
	it->kind = RELOAD_CHANGE;
	it->anew = spec_diff_run(old, now) != NULL;
}

void
reload_diff(struct reload_plan *plan, const struct spec *const *old,
	    size_t old_count, const struct spec *const *now, size_t now_count)
{
	struct entry *names = sorted(old, old_count);
	bool *kept = mem_array(old_count + 1, sizeof *kept);

	*plan = (struct reload_plan){
		.items = mem_array(old_count + now_count + 1,
				   sizeof *plan->items),
	};
	for (size_t i = 0; i < now_count; i++) {
		struct reload_item *it = &plan->items[plan->count++];
		struct entry key = { now[i]->name, 0 };
		const struct entry *e = bsearch(&key, names, old_count,
						sizeof key, by_name);
		*it = (struct reload_item){
			.kind = e ? RELOAD_KEEP : RELOAD_ADD,
			.name = now[i]->name,
			.old_idx = e ? e->idx : SIZE_MAX, .new_idx = i,
		};
		if (e) {
			kept[e->idx] = true;
			compare(it, old[e->idx], now[i]);
		}
		plan->changes += it->kind != RELOAD_KEEP;
	}
	for (size_t i = 0; i < old_count; i++) {
		if (kept[i])
			continue;
		plan->items[plan->count++] = (struct reload_item){
			.kind = RELOAD_REMOVE, .name = old[i]->name,
			.old_idx = i, .new_idx = SIZE_MAX,
		};
		plan->changes++;
	}
	free(kept);
	free(names);
}

void
reload_fini(struct reload_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->items[i].what);
	free(plan->items);
	*plan = (struct reload_plan){ .items = NULL };
}
