#include "envset.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "core.h"
#include "spec/spec.h"

struct envset *
envset_new(void)
{
	return mem_alloc(sizeof(struct envset));
}

static void
part_fini(struct envset_part *p)
{
	for (size_t k = 0; k < p->count; k++) {
		free(p->env[k].name);
		free(p->env[k].value);
	}
	free(p->env);
	free(p->group);
	free(p->cwd);
}

void
envset_free(struct envset *es)
{
	if (!es)
		return;
	for (size_t i = 0; i < es->count; i++)
		part_fini(&es->parts[i]);
	free(es->parts);
	free(es);
}

static struct envset_part *
find(const struct envset *es, const char *group)
{
	for (size_t i = 0; i < es->count; i++)
		if (strcmp(es->parts[i].group, group) == 0)
			return &es->parts[i];
	return NULL;
}

static struct envset_part *
get(struct envset *es, const char *group, struct err *e)
{
	struct envset_part *p = find(es, group);

	if (p)
		return p;
	if (group[0] && spec_name_check(group, e) < 0)
		return NULL;
	if (es->count >= ENVSET_PARTS_MAX) {
		err_set(e, ERR_FULL, "more than %d groups", ENVSET_PARTS_MAX);
		return NULL;
	}
	es->parts = mem_grow(es->parts, es->count, es->count + 1,
			     sizeof *es->parts);
	p = &es->parts[es->count++];
	*p = (struct envset_part){ .group = mem_str(group) };
	return p;
}

int
envset_make(struct envset *es, const char *group, struct err *e)
{
	return get(es, group, e) ? 0 : -1;
}

bool
envset_has(const struct envset *es, const char *group)
{
	return find(es, group) != NULL;
}

void
envset_drop(struct envset *es, const char *group)
{
	struct envset_part *p = find(es, group);

	if (!p)
		return;
	part_fini(p);
	*p = es->parts[--es->count];
}

int
envset_set_cwd(struct envset *es, const char *group, const char *cwd,
	       struct err *e)
{
	struct envset_part *p;

	if (!group[0])
		return err_set(e, ERR_USAGE, "a directory is a group's, the "
			       "set has its own");
	if (cwd && (cwd[0] != '/' || strlen(cwd) > SPEC_TEXT_MAX))
		return err_set(e, ERR_USAGE, "'%.100s' is no absolute path",
			       cwd);
	p = get(es, group, e);
	if (!p)
		return -1;
	free(p->cwd);
	p->cwd = cwd ? mem_str(cwd) : NULL;
	return 0;
}

const char *
envset_cwd(const struct envset *es, char *const *groups)
{
	for (; groups && *groups; groups++) {
		const struct envset_part *p = find(es, *groups);
		if (p && p->cwd)
			return p->cwd;
	}
	return NULL;
}

static size_t
count_words(const struct envset *es)
{
	size_t n = 0;

	for (size_t i = 0; i < es->count; i++)
		n += es->parts[i].count;
	return n;
}

static size_t
bytes_of(const struct envset *es)
{
	size_t n = 0;

	for (size_t i = 0; i < es->count; i++)
		for (size_t k = 0; k < es->parts[i].count; k++) {
			const struct spec_env *v = &es->parts[i].env[k];
			n += strlen(v->name);
			n += v->value ? strlen(v->value) : 0;
		}
	return n;
}

int
envset_add(struct envset *es, const char *group, const char *word,
	   struct err *e)
{
	struct spec_env *one = NULL;
	size_t n = 0;

	if (count_words(es) >= ENVSET_WORDS_MAX ||
	    bytes_of(es) + strlen(word) > ENVSET_BYTES_MAX)
		return err_set(e, ERR_FULL, "more than %d variables or %d KiB "
			       "of them", ENVSET_WORDS_MAX,
			       ENVSET_BYTES_MAX >> 10);
	struct envset_part *p = get(es, group, e);
	if (!p || spec_env_add(&one, &n, word, e) < 0)
		return -1;
	size_t at = 0;
	while (at < p->count && strcmp(p->env[at].name, one->name) != 0)
		at++;
	if (at < p->count) {
		free(p->env[at].name);
		free(p->env[at].value);
	} else {
		p->env = mem_grow(p->env, p->count, p->count + 1,
				  sizeof *p->env);
		p->count++;
	}
	p->env[at] = *one;
	free(one);
	return 0;
}

static void
append(struct spec *s, const struct spec_env *env, size_t count)
{
	if (count)
		memcpy(s->env + s->env_count, env, count * sizeof *env);
	s->env_count += count;
}

static void
append_part(struct spec *s, const struct envset *es, const char *group)
{
	const struct envset_part *p = find(es, group);

	if (p)
		append(s, p->env, p->count);
}

/* How many of the first ones are of this level or in front of one that is. */
static size_t
end_of(const struct spec *s, enum spec_env_level level, size_t least)
{
	size_t n = s->env_count;

	while (n > least && s->env[n - 1].level != (int)level)
		n--;
	return n;
}

char **
envset_environ(const struct envset *es, const struct spec *s,
	       char *const *base)
{
	struct spec all = *s;	/* its list is borrowed from both */
	size_t set_end = end_of(s, SPEC_ENV_SET, 0);
	size_t groups_end = end_of(s, SPEC_ENV_GROUP, set_end);

	all.env_count = 0;
	all.env = mem_array(s->env_count + count_words(es) + 1,
			    sizeof *all.env);
	append(&all, s->env, set_end);
	append_part(&all, es, "");
	append(&all, s->env + set_end, groups_end - set_end);
	for (char **g = s->groups; g && *g; g++)
		append_part(&all, es, *g);
	append(&all, s->env + groups_end, s->env_count - groups_end);
	char **env = spec_environ(&all, base);
	free(all.env);
	return env;
}

int
envset_pack(const struct envset *es, struct buf *b)
{
	int r = msg_put_u32(b, (uint32_t)es->count);

	for (size_t i = 0; i < es->count; i++) {
		const struct envset_part *p = &es->parts[i];
		r |= msg_put_str(b, p->group);
		r |= msg_put_str(b, p->cwd);
		r |= msg_put_u32(b, (uint32_t)p->count);
		for (size_t k = 0; k < p->count; k++) {
			char *word = spec_env_word(&p->env[k]);
			r |= msg_put_str(b, word);
			free(word);
		}
	}
	return r;
}

static bool
unpack_part(struct envset *es, struct msg_reader *r)
{
	const char *group = msg_str_nn(r), *cwd = msg_str(r);
	uint32_t words = msg_u32(r);
	bool fine = !r->bad && envset_make(es, group, NULL) == 0;

	if (fine && cwd)
		fine = envset_set_cwd(es, group, cwd, NULL) == 0;
	for (uint32_t i = 0; i < words && !r->bad; i++) {
		const char *word = msg_str_nn(r);
		if (!r->bad && envset_add(es, group, word, NULL) < 0)
			fine = false;
	}
	return fine;
}

int
envset_unpack(struct envset *es, struct msg_reader *r)
{
	uint32_t count = msg_u32(r);
	bool fine = true;

	for (uint32_t i = 0; i < count && !r->bad; i++)
		fine &= unpack_part(es, r);
	return r->bad || !fine ? -1 : 0;
}

struct envset *
envset_dup(const struct envset *es)
{
	struct envset *copy = envset_new();
	struct buf b = BUF_INIT(4 * ENVSET_BYTES_MAX);
	struct msg_reader r;

	if (envset_pack(es, &b) == 0) {
		msg_open(&r, buf_str(&b), b.len);
		(void)envset_unpack(copy, &r);
	}
	buf_fini(&b);
	return copy;
}
