#include "rcstate.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"

struct rcload_proc *
rc_proc_new(const struct rcload_proc *defaults)
{
	struct rcload_proc *p = mem_alloc(sizeof(*p));

	p->spec = defaults ? spec_dup(defaults->spec) : spec_new();
	p->seen = mem_array(rc_word_count(), sizeof(*p->seen));
	if (defaults) {
		p->cwd_given = defaults->cwd_given;
		p->cwd_at = defaults->cwd_at;
		p->stop_given = defaults->stop_given;
		p->stdin_given = defaults->stdin_given;
		p->stdin_at = defaults->stdin_at;
		p->keep_at = defaults->keep_at;
		p->stop_timeout_ms = defaults->stop_timeout_ms;
		p->watch_base = p->spec->watch_count;
		if (p->watch_base > 0)
			p->watch_at = mem_dup(defaults->watch_at,
					      p->watch_base *
					      sizeof(*p->watch_at));
	}
	return p;
}

void
rc_proc_free(struct rcload_proc *p)
{
	if (!p)
		return;
	spec_free(p->spec);
	free(p->dep_at);
	free(p->port_at);
	free(p->watch_at);
	free(p->seen);
	free(p);
}

void
rc_group_free(struct rcload_group *g)
{
	free(g->group.name);
	strv_free(g->group.members);
	free(g->group.cwd);
	for (size_t i = 0; i < g->group.env_count; i++) {
		free(g->group.env[i].name);
		free(g->group.env[i].value);
	}
	free(g->group.env);
	free(g->group.file);
	for (size_t i = 0; i < g->word_count; i++)
		free(g->words[i]);
	free(g->words);
	free(g->word_at);
	free(g->seen);
	free(g);
}

static struct rcload_group *
group_find(struct rcload *ld, const char *name)
{
	for (size_t i = 0; i < ld->group_count; i++)
		if (strcmp(ld->groups[i]->group.name, name) == 0)
			return ld->groups[i];
	return NULL;
}

/* The group of that name, made if there is none; NULL if reported. */
static struct rcload_group *
group_add(struct rcload *ld, const struct rc_word *w)
{
	struct rcload_group *g = group_find(ld, w->text);

	if (g)
		return g;
	if (ld->group_count == RC_GROUPS_MAX) {
		rc_wrong(ld, w, "more than %d groups", RC_GROUPS_MAX);
		return NULL;
	}
	g = mem_alloc(sizeof(*g));
	g->group.name = mem_str(w->text);
	g->group.file = mem_str(rcload_file_name(ld->file));
	g->group.line = w->line;
	g->seen = mem_array(rc_word_count(), sizeof(*g->seen));
	rc_place(ld->rc, w, &g->at);
	ld->groups = mem_grow(ld->groups, ld->group_count,
			      ld->group_count + 1,
			      sizeof(struct rcload_group *));
	ld->groups[ld->group_count++] = g;
	return g;
}

void
rc_do_defaults(struct rcload *ld, const struct rc_stmt *s)
{
	if (!s->opens) {
		rc_wrong(ld, &s->words[0], "'defaults' opens no block");
		rc_hint(ld, "write 'defaults {'");
		return;
	}
	/* Another block of defaults may say the same word again. */
	memset(ld->defaults->seen, 0,
	       rc_word_count() * sizeof(*ld->defaults->seen));
	ld->proc = ld->defaults;
	ld->where = RC_DEFAULTS;
}

bool
rc_may_define(struct rcload *ld, const struct rc_stmt *s)
{
	if (ld->layer < RC_LAYER_PROJECT) {
		rc_wrong(ld, &s->words[0], "'%s' is not allowed in this file",
			 s->words[0].text);
		rc_hint(ld, "only a project's sbxrc defines processes; -f "
			"makes this file one");
		return false;
	}
	if (ld->proc_count == SET_PROCESSES_MAX) {
		rc_wrong(ld, &s->words[1], "more than %d processes",
			 SET_PROCESSES_MAX);
		return false;
	}
	return true;
}

struct rcload_proc *
rc_process_add(struct rcload *ld, const char *name, const char *file,
	       unsigned line)
{
	struct rcload_proc *p = rc_proc_new(ld->defaults);

	rc_set_str(&p->spec->name, name);
	p->spec->file = mem_str(file);
	p->spec->line = line;
	p->layer = ld->layer;
	ld->procs = mem_grow(ld->procs, ld->proc_count, ld->proc_count + 1,
			     sizeof(struct rcload_proc *));
	ld->procs[ld->proc_count++] = p;
	ld->proc = p;
	ld->where = RC_PROCESS;
	return p;
}

void
rc_do_process(struct rcload *ld, const struct rc_stmt *s)
{
	const struct rc_word *name = &s->words[1];
	struct rcload_proc *p;

	if (!rc_may_define(ld, s))
		return;
	p = rc_process_add(ld, name->text, rcload_file_name(ld->file),
			   name->line);
	rc_place(ld->rc, name, &p->name_at);
	p->broken = s->bad;
	(void)rc_name(ld, name);
	if (s->raw)
		p->spec->command = mem_str(s->words[s->count - 1].text);
	if (s->opens)
		return;
	if (!s->raw) {
		rc_wrong_at(ld, &p->name_at, "this process has no command");
		rc_hint(ld, "add a command on the same line, or '{' to open a "
			"block");
	}
	rc_process_end(ld);
	ld->where = RC_TOP;
}

/* A program on a terminal hears of its end by SIGHUP: shells ignore TERM. */
static void
tty_stop(struct spec *s)
{
	static const struct spec_step steps[] = {
		{ SIGHUP, 2000 }, { SIGTERM, 3000 }, { SIGKILL, 0 },
	};

	free(s->stop);
	s->stop = mem_dup(steps, sizeof(steps));
	s->stop_count = 3;
}

/* stop.timeout is the time until KILL: the last wait before it is made
 * longer, or steps that would come later fall away. */
static void
fit_stop(struct spec *s, uint64_t timeout_ms)
{
	uint64_t left = timeout_ms;
	size_t kept = 0;

	while (kept + 1 < s->stop_count && left > 0) {
		struct spec_step *step = &s->stop[kept++];
		if (step->wait_ms > left || kept + 1 == s->stop_count)
			step->wait_ms = left;
		left -= step->wait_ms;
	}
	s->stop[kept] = (struct spec_step){ SIGKILL, 0 };
	s->stop_count = kept + 1;
}

static bool
has_hook(const struct spec *s, const char *name)
{
	for (size_t i = 0; i < s->hook_count; i++)
		if (strcmp(s->hooks[i].name, name) == 0)
			return true;
	return false;
}

static void
check_hooks(struct rcload *ld, const struct rcload_proc *p)
{
	const struct spec *s = p->spec;

	for (size_t i = 0; i < s->watch_count; i++) {
		const char *hook = s->watches[i].hook;
		if (!hook || has_hook(s, hook))
			continue;
		rc_wrong_at(ld, &p->watch_at[i], "watch '%s' runs '%s', which "
			    "is no hook here", s->watches[i].name, hook);
		rc_hint(ld, "add: hook %s COMMAND", hook);
	}
}

void
rc_process_end(struct rcload *ld)
{
	struct rcload_proc *p = ld->proc;

	if (ld->where != RC_PROCESS || !p) {
		ld->proc = NULL;
		return;
	}
	struct spec *s = p->spec;
	if (!s->command && !s->argv && !p->broken) {
		rc_wrong_at(ld, &p->name_at, "this process has no command");
		rc_hint(ld, "add 'cmd COMMAND' or 'argv WORD...' between '{' "
			"and '}'");
	}
	if (p->stdin_given && s->stdin_kind == SPEC_STDIN_TTY && !s->tty) {
		rc_wrong_at(ld, &p->stdin_at, "'stdin tty' needs 'tty yes'");
	} else if (p->stdin_given && s->stdin_kind != SPEC_STDIN_TTY &&
		   s->tty) {
		rc_wrong_at(ld, &p->stdin_at,
			    "the input of a process with 'tty yes' is its "
			    "terminal");
	}
	check_hooks(ld, p);
	if (!s->tty && !p->broken && (s->ready.kind == SPEC_PROBE_SCREEN ||
				      s->live.kind == SPEC_PROBE_SCREEN))
		rc_wrong_at(ld, &p->name_at, "a check of its screen needs "
			    "'tty yes'");
	if (!s->tty && s->stop_keys)
		rc_wrong_at(ld, &p->name_at, "'stop keys' needs 'tty yes'");
	if (s->tty)
		s->stdin_kind = SPEC_STDIN_TTY;
	if (s->tty && !p->stop_given)
		tty_stop(s);
	if (p->stop_timeout_ms)
		fit_stop(s, p->stop_timeout_ms);
	ld->proc = NULL;
}

static bool
has_command(struct rcload *ld, const struct rc_stmt *s)
{
	const struct spec *spec = ld->proc->spec;

	if (!spec->command && !spec->argv)
		return false;
	rc_wrong(ld, &s->words[0], "this process has a command already");
	rc_hint(ld, "there is one 'cmd' or one 'argv'");
	return true;
}

void
rc_do_cmd(struct rcload *ld, const struct rc_stmt *s)
{
	if (!has_command(ld, s))
		ld->proc->spec->command = mem_str(s->words[1].text);
}

void
rc_do_argv(struct rcload *ld, const struct rc_stmt *s)
{
	struct rcload_proc *p = ld->proc;

	if (has_command(ld, s))
		return;
	if (s->count - 1 > SPEC_LIST_MAX)
		rc_wrong(ld, &s->words[0], "more than %d words",
			 SPEC_LIST_MAX);
	if (!s->words[1].text[0])
		rc_wrong(ld, &s->words[1], "the program is an empty word");
	p->spec->argv = mem_array(s->count, sizeof(char *));
	for (size_t i = 1; i < s->count; i++)
		p->spec->argv[i - 1] = mem_str(s->words[i].text);
	rc_place(ld->rc, &s->words[1], &p->argv_at);
}

void
rc_do_cwd(struct rcload *ld, const struct rc_stmt *s)
{
	char *path = rc_path(ld, s->words[1].text);

	if (ld->group) {
		free(ld->group->group.cwd);
		ld->group->group.cwd = path;
		return;
	}
	free(ld->proc->spec->cwd);
	ld->proc->spec->cwd = path;
	ld->proc->cwd_given = true;
	rc_place(ld->rc, &s->words[1], &ld->proc->cwd_at);
}

void
rc_do_stdin(struct rcload *ld, const struct rc_stmt *s)
{
	int kind = rc_choice(ld, &s->words[1], 0, "null | pipe | tty");

	if (kind < 0)
		return;
	ld->proc->spec->stdin_kind = kind;
	ld->proc->stdin_given = true;
	rc_place(ld->rc, &s->words[1], &ld->proc->stdin_at);
}

static void
add_member(struct rcload *ld, struct rcload_group *g, const struct rc_word *w)
{
	size_t n = g->word_count++;

	g->words = mem_grow(g->words, n, n + 1, sizeof(*g->words));
	g->word_at = mem_grow(g->word_at, n, n + 1, sizeof(*g->word_at));
	g->words[n] = mem_str(w->text);
	rc_place(ld->rc, w, &g->word_at[n]);
}

void
rc_do_members(struct rcload *ld, const struct rc_stmt *s)
{
	for (size_t i = 1; i < s->count; i++)
		add_member(ld, ld->group, &s->words[i]);
}

/* "group NAME" in a process. */
static void
join_group(struct rcload *ld, const struct rc_stmt *s)
{
	struct spec *spec = ld->proc->spec;

	if (s->count > 2 || s->opens) {
		rc_wrong(ld, &s->words[s->opens ? 0 : 2],
			 s->opens ? "'group' opens no block in a process" :
			 "too many words after 'group'");
		rc_hint(ld, "one 'group' line for each group; is a '}' "
			"missing above?");
		return;
	}
	if (!rc_name(ld, &s->words[1]) || !group_add(ld, &s->words[1]))
		return;
	if (spec_in_group(spec, s->words[1].text))
		return;
	if (strv_count(spec->groups) == RC_GROUPS_OF_ONE_MAX) {
		rc_wrong(ld, &s->words[0], "more than %d groups for one "
			 "process", RC_GROUPS_OF_ONE_MAX);
		return;
	}
	spec->groups = strv_add(spec->groups, s->words[1].text);
}

void
rc_do_group(struct rcload *ld, const struct rc_stmt *s)
{
	if (ld->where == RC_PROCESS) {
		join_group(ld, s);
		return;
	}
	if (!rc_may_define(ld, s) || !rc_name(ld, &s->words[1]))
		return;
	if (s->count < 3 && !s->opens) {
		rc_wrong(ld, &s->words[1], "this group has no members");
		rc_hint(ld, "name processes on the same line, or '{' to open "
			"a block");
		return;
	}
	struct rcload_group *g = group_add(ld, &s->words[1]);
	if (!g)
		return;
	for (size_t i = 2; i < s->count; i++)
		add_member(ld, g, &s->words[i]);
	if (!s->opens)
		return;
	memset(g->seen, 0, rc_word_count() * sizeof(*g->seen));
	ld->group = g;
	ld->where = RC_GROUP;
}
