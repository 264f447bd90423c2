#include "runtime.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "conf/option.h"
#include "confwatch.h"
#include "core.h"
#include "envset.h"
#include "listen.h"
#include "procio.h"
#include "spec/envrow.h"
#include "spec/spec.h"

void
runtime_follow(struct engine *e)
{
	confwatch_update(e);
	listen_update(e);
}

/* What follows from another value. */
static void
act_on(struct engine *e, const struct option_row *row)
{
	if (row == &option_rows[OPTION_LIMIT_LOG] ||
	    row == &option_rows[OPTION_LIMIT_API_LOG])
		for (size_t i = 0; i < e->nproc; i++)
			procio_set_keep(e->procs[i]);
	if (row == &option_rows[OPTION_LIMIT_LOGS])
		e->logs_grew = true;
	if (row == &option_rows[OPTION_WATCH_CONFIG])
		confwatch_update(e);
	if (row == &option_rows[OPTION_LISTEN] ||
	    row == &option_rows[OPTION_LISTEN_TOKEN_FILE])
		listen_update(e);
	e->slots_dirty = e->registry_dirty = true;
	loop_again(e->loop);
}

/* The first line whose key acts nowhere but on a screen, or NULL. */
static const char *
find_foreign(const char *lines, const struct option_row **row)
{
	for (; *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
		char *key = mem_strn(lines, strcspn(lines, " \n"));
		*row = option_get(key, NULL);
		free(key);
		if (*row && option_is_of_screen(*row))
			return lines;
	}
	return NULL;
}

static int
refuse_foreign(const char *line, const struct option_row *row, struct err *err)
{
	int key = (int)strcspn(line, " \n"), len = (int)strcspn(line, "\n");

	/* That mode has no ':' and nothing that changes while it lasts. */
	if (row == &option_rows[OPTION_PLAIN_VERBOSITY]) {
		err_set(err, ERR_USAGE, "'%.*s' is a setting of plain mode",
			key, line);
		return err_hint(err, "'set %.*s' in the sbxrc: it is looked "
				"at when plain mode begins", len, line);
	}
	err_set(err, ERR_USAGE, "'%.*s' is a setting of the screen", key, line);
	return err_hint(err, "':set %.*s' in the screen, or 'set %.*s' in the "
			"sbxrc", len, line, len, line);
}

int
runtime_set(struct engine *e, enum cause cause, const char *lines,
	    struct err *err)
{
	const struct option_row *row;
	const char *foreign = find_foreign(lines, &row);

	if (foreign)
		return refuse_foreign(foreign, row, err);
	struct options *old = options_dup(e->options);
	int rc = options_change_lines(e->options, lines, err);
	e->set_saved = false;
	for (int i = 0; i < OPTION_COUNT && rc == 0; i++) {
		enum option_id id = (enum option_id)i;
		const char *now = options_text(e->options, id);
		if (strcmp(options_text(old, id), now) == 0)
			continue;
		engine_note(e, NULL, EVENT_CONFIG, cause,
			    "set %s %.100s (it was %.100s)",
			    option_rows[i].row.name, now,
			    options_text(old, id));
		act_on(e, &option_rows[i]);
	}
	options_free(old);
	return rc;
}

int
runtime_get(const struct engine *e, const char *key, struct buf *out,
	    struct err *err)
{
	const struct option_row *one = key[0] ? option_get(key, err) : NULL;

	if (key[0] && !one)
		return -1;
	for (int i = 0; i < OPTION_COUNT; i++)
		if (!one || one == &option_rows[i])
			buf_addf(out, "%s %s\n", option_rows[i].row.name,
				 options_text(e->options, (enum option_id)i));
	return 0;
}

/* --- variables --- */

static bool
is_group(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->set.group_count; i++)
		if (strcmp(e->set.groups[i].name, name) == 0)
			return true;
	if (envset_has(e->env, name))
		return true;
	for (size_t i = 0; i < e->nproc; i++)
		if (spec_in_group(e->procs[i]->spec, name))
			return true;
	return false;
}

int
runtime_check_names(const struct engine *e, const struct spec *s,
		    struct err *err)
{
	const char *both = s->name[0] && (is_group(e, s->name) ||
		spec_in_group(s, s->name)) ? s->name : NULL;

	for (size_t i = 0; !both && s->groups && s->groups[i]; i++)
		if (engine_find_name(e, s->groups[i]))
			both = s->groups[i];
	if (!both)
		return 0;
	err_set(err, ERR_FAILED, "'%s' is the name of a %s already", both,
		both == s->name ? "group" : "process");
	return err_hint(err, "a word must mean one of them");
}

static void
put_file_rows(struct buf *out, const char *group, char *const *env,
	      const char *cwd)
{
	if (group[0])
		envrow_put(out, group, false, ENVROW_GROUP, "");
	for (size_t i = 0; env && env[i]; i++)
		envrow_put(out, group, false, ENVROW_ENV, env[i]);
	if (cwd && cwd[0])
		envrow_put(out, group, false, ENVROW_CWD, cwd);
}

static void
put_part(struct buf *out, const struct envset_part *part)
{
	if (part->group[0])
		envrow_put(out, part->group, true, ENVROW_GROUP, "");
	for (size_t i = 0; i < part->count; i++) {
		char *word = spec_env_word(&part->env[i]);
		envrow_put(out, part->group, true, ENVROW_ENV, word);
		free(word);
	}
	if (part->cwd)
		envrow_put(out, part->group, true, ENVROW_CWD, part->cwd);
}

static void
put_env(const struct engine *e, const char *group, struct buf *out)
{
	const struct setpack *s = &e->set;

	if (!group[0])
		put_file_rows(out, "", s->env, NULL);
	for (size_t i = 0; i < s->group_count; i++)
		if (!group[0] || strcmp(s->groups[i].name, group) == 0)
			put_file_rows(out, s->groups[i].name,
				      s->groups[i].env, s->groups[i].cwd);
	for (size_t i = 0; i < e->env->count; i++)
		if (!group[0] || strcmp(e->env->parts[i].group, group) == 0)
			put_part(out, &e->env->parts[i]);
}

static void
note_env(struct engine *e, enum cause by, const char *group,
	 char *const *words, const char *cwd)
{
	const char *space = group[0] ? " " : "";

	for (; *words; words++)
		/* The value may be a secret. */
		engine_note(e, NULL, EVENT_CONFIG, by,
			    "env%s%s: %.*s %s", space, group,
			    (int)strcspn(*words + (**words == '-'), "="),
			    *words + (**words == '-'),
			    **words == '-' ? "removed" : "set");
	if (cwd[0])
		engine_note(e, NULL, EVENT_CONFIG, by,
			    "directory of group %s: %.100s", group,
			    strcmp(cwd, "-") ? cwd : "none");
}

/* All of it or nothing. */
static int
change_env(struct engine *e, enum cause by, const struct proto_request *q,
	   const char *group, char *const *words, struct err *err)
{
	const char *cwd = q->text ? q->text : "";
	struct envset *next = envset_dup(e->env);
	int rc = 0;

	if (q->flags & PROTO_F_FORGET)
		envset_drop(next, group);
	if (q->flags & PROTO_F_NEW_GROUP)
		rc = envset_make(next, group, err);
	if (rc == 0 && cwd[0])
		rc = envset_set_cwd(next, group, strcmp(cwd, "-") ? cwd : NULL,
				    err);
	for (size_t i = 0; words[i] && rc == 0; i++)
		rc = envset_add(next, group, words[i], err);
	if (rc == 0) {
		struct envset *old = e->env;
		e->env = next;
		e->set_saved = false;
		next = old;
		note_env(e, by, group, words, cwd);
		e->registry_dirty = true;
		loop_again(e->loop);
	}
	envset_free(next);
	return rc;
}

bool
runtime_env_reads(const struct proto_request *q)
{
	return !(q->names && q->names[0] && q->names[1]) &&
	       !(q->text && q->text[0]) &&
	       !(q->flags & (PROTO_F_NEW_GROUP | PROTO_F_FORGET));
}

int
runtime_env(struct engine *e, enum cause by, const struct proto_request *q,
	    struct buf *out, struct err *err)
{
	static char *const none[] = { NULL };
	bool named = q->names && q->names[0];
	const char *group = named ? q->names[0] : "";
	char *const *words = named ? q->names + 1 : none;
	unsigned flags = q->flags & (PROTO_F_NEW_GROUP | PROTO_F_FORGET);

	if (group[0] && !is_group(e, group) && !(flags & PROTO_F_NEW_GROUP)) {
		err_set(err, ERR_NO_PROCESS, "there is no group '%.100s'",
			group);
		return err_hint(err, "NAME=VALUE sets, -NAME removes a "
				"variable of the set");
	}
	if (!runtime_env_reads(q))
		return change_env(e, by, q, group, words, err);
	put_env(e, group, out);
	return 0;
}
