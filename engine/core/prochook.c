#include "prochook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/regex.h"
#include "core.h"
#include "helper.h"
#include "launch.h"
#include "log/watch.h"
#include "spec/spec.h"

enum {
	HOOKS_MAX = 4,			/* of a process at the same time */
	HOOK_MAX_US = 60 * 1000 * 1000,
	TEXT_MAX = 16 << 10,		/* bytes of a variable */
	GROUPS_MAX = 9,
};

/* The environment cannot hold a NUL; what follows one is left out. */
static char **
put(char **env, const char *name, const char *text, size_t len)
{
	char *value = mem_strn(text, SBX_MIN(len, (size_t)TEXT_MAX));

	env = launch_env_put(env, mem_fmt("%s=%s", name, value));
	free(value);
	return env;
}

/* What a hook is told by sbx, no line of output can tell it. */
static bool
is_own_name(const char *group)
{
	static const char *const own[] = {
		"EVENT", "ID", "INDEX", "KEEPER_FD", "LINE", "MATCH",
		"NOTIFY_FD", "PID", "PROCESS", "RESTARTS", "RUN", "SOCKET",
		"WATCH",
	};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(group, own[i]) == 0)
			return true;
	return strncmp(group, "PORT", 4) == 0;
}

static char **
put_groups(char **env, const struct watch_hit *h)
{
	char name[SPEC_NAME_MAX + 16];

	for (unsigned i = 0; h->caps && i < h->caps->count; i++) {
		size_t off = h->caps->group[i].off;
		const char *group = i ? regex_group_name(h->re, i) : NULL;
		if (off == REGEX_UNSET)
			continue;
		size_t len = h->caps->group[i].end - off;
		snprintf(name, sizeof name, i ? "SBX_%u" : "SBX_MATCH", i);
		if (i <= GROUPS_MAX)
			env = put(env, name, h->line + off, len);
		snprintf(name, sizeof name, "SBX_%.64s", group ? group : "");
		if (group && !is_own_name(group))
			env = put(env, name, h->line + off, len);
	}
	return env;
}

static const struct spec_hook *
find(const struct spec *s, const char *name)
{
	for (size_t i = 0; i < s->hook_count; i++)
		if (strcmp(s->hooks[i].name, name) == 0)
			return &s->hooks[i];
	return NULL;
}

void
prochook_run(struct proc *p, const struct watch_hit *h)
{
	const struct spec_hook *hook = find(p->spec, h->spec->hook);
	if (!hook)
		return;
	if (helper_count(p, HELPER_HOOK) >= HOOKS_MAX) {
		/* Once: a flood of lines is none of journal entries. */
		if (!p->hooks_full)
			engine_note(p->e, p, EVENT_NOTE, CAUSE_LIMIT,
				    "hook %s was left out: %d are running",
				    hook->name, HOOKS_MAX);
		p->hooks_full = true;
		return;
	}
	p->hooks_full = false;
	char **env = put(mem_array(1, sizeof *env), "SBX_EVENT", "watch", 5);
	env = put(env, "SBX_WATCH", h->spec->name, strlen(h->spec->name));
	env = put(env, "SBX_LINE", h->line ? h->line : "", h->len);
	env = put_groups(env, h);
	helper_plan(p, HELPER_HOOK, hook->name, hook->command, env,
		    HOOK_MAX_US);
}

/* One more restart by a hook of its own: how many there are by now. */
static unsigned
count_restart(struct proc *p)
{
	uint64_t now = clock_us(), within = p->spec->restart_within_ms * 1000;

	if (within && now - p->at_hook_restart_us >= within)
		p->hook_restarts = 0;
	if (p->hook_restarts == 0)
		p->at_hook_restart_us = now;
	return ++p->hook_restarts;
}

int
prochook_restarts(struct proc *p, pid_t who, struct err *err)
{
	const struct helper *h = helper_of_pid(p, HELPER_HOOK, who);
	unsigned n = 0, max = p->spec->restart_max;

	if (h)
		n = count_restart(p);
	else
		p->hook_restarts = 0;
	if (!max || n <= max)
		return 0;
	err_set(err, ERR_FAILED, "hook '%s' has restarted '%s', whose watch "
		"runs it, %u times: not again", h->name, p->spec->name, max);
	if (n == max + 1)
		engine_note(p->e, p, EVENT_NOTE, CAUSE_LIMIT, "%s", err->text);
	return err_hint(err, "what '%s' prints when it begins should not "
			"match, or see restart.max", p->spec->name);
}

void
prochook_ended(struct proc *p, const struct helper *h, const char *text)
{
	if (text)
		engine_note(p->e, p, EVENT_NOTE, CAUSE_ENGINE, "hook %s %s",
			    h->name, text);
}
