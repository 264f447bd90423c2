#include "set.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "option.h"
#include "spec/spec.h"

static void
env_free(struct spec_env *env, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(env[i].name);
		free(env[i].value);
	}
	free(env);
}

static void
groups_free(struct set *set)
{
	for (size_t i = 0; i < set->group_count; i++) {
		struct set_group *g = &set->groups[i];
		free(g->name);
		strv_free(g->members);
		free(g->cwd);
		env_free(g->env, g->env_count);
		free(g->file);
	}
	free(set->groups);
}

void
set_bind_fini(struct set_bind *b)
{
	free(b->mode);
	free(b->key);
	free(b->command);
	free(b->file);
}

void
set_free(struct set *set)
{
	if (!set)
		return;
	free(set->name);
	free(set->dir);
	free(set->path);
	options_free(set->options);
	for (size_t i = 0; i < set->spec_count; i++)
		spec_free(set->specs[i]);
	free(set->specs);
	groups_free(set);
	env_free(set->env, set->env_count);
	for (size_t i = 0; i < set->bind_count; i++)
		set_bind_fini(&set->binds[i]);
	free(set->binds);
	for (size_t i = 0; i < set->color_count; i++) {
		free(set->colors[i].role);
		strv_free(set->colors[i].words);
		free(set->colors[i].file);
	}
	free(set->colors);
	strv_free(set->files);
	free(set);
}

const struct spec *
set_find(const struct set *set, const char *name)
{
	for (size_t i = 0; i < set->spec_count; i++)
		if (strcmp(set->specs[i]->name, name) == 0)
			return set->specs[i];
	return NULL;
}

const struct spec *
set_spec_of(const struct set *set, const char *process)
{
	const struct spec *s = set_find(set, process);
	const char *dot = strrchr(process, '.');

	if (s || !dot)
		return s;
	char *base = mem_strn(process, (size_t)(dot - process));
	s = set_find(set, base);
	free(base);
	return s;
}

const struct set_group *
set_find_group(const struct set *set, const char *name)
{
	for (size_t i = 0; i < set->group_count; i++)
		if (strcmp(set->groups[i].name, name) == 0)
			return &set->groups[i];
	return NULL;
}
