#include "joingroup.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/set.h"
#include "session.h"
#include "spec/spec.h"

static void
copy_env(struct spec_env *to, enum spec_env_level level,
	 const struct spec_env *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		to[i] = spec_env_dup(&from[i]);
		to[i].level = (int)level;
	}
}

/* As a member that the file names: the variables of set and group come
 * before its own, the directory of the group unless it has one. */
static void
take_group(const struct set *set, const struct set_group *g, struct spec *s,
	   bool own_cwd)
{
	size_t before = set->env_count + g->env_count;
	struct spec_env *env = mem_array(before + s->env_count + 1,
					 sizeof *env);

	copy_env(env, SPEC_ENV_SET, set->env, set->env_count);
	copy_env(env + set->env_count, SPEC_ENV_GROUP, g->env, g->env_count);
	if (s->env_count)
		memcpy(env + before, s->env, s->env_count * sizeof *env);
	free(s->env);
	s->env = env;
	s->env_count += before;
	if (g->cwd && !own_cwd) {
		free(s->cwd);
		s->cwd = mem_str(g->cwd);
	}
}

int
joingroup(const char *rc_path, bool named, const char *group, struct spec *s,
	  bool own_cwd, struct buf *talk, struct err *e)
{
	struct session own;
	int rc;

	if (!rc_path[0])
		return 0;
	if (session_find(&own, rc_path, e) < 0)
		return -1;
	own.named = named;
	rc = session_load(&own, e);
	const struct set_group *g = rc < 0 ? NULL :
				    set_find_group(own.set, group);
	if (g)
		take_group(own.set, g, s, own_cwd);
	if (g)
		rc = spec_check(s, e);
	if (rc < 0)
		(void)buf_add(talk, own.talk.data, own.talk.len);
	session_fini(&own);
	return rc;
}
