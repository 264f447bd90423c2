#include "spec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

bool
spec_is_env_name(const char *name, size_t len)
{
	/* The kernel takes any; these are slips, or meant to be something
	 * else, and no shell could use them. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f ||
		    name[i] == '=')
			return false;
	return len > 0 && name[0] != '-';
}

bool
spec_env_is_secret(const char *name, const char *value)
{
	static const char *const words[] = { "PASS", "SECRET", "TOKEN",
					     "KEY" };
	const char *host = strstr(value, "://");

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	if (!host)
		return false;
	host += 3;
	size_t len = strcspn(host, "/"), colon = strcspn(host, ":");
	return memchr(host, '@', len) && colon < strcspn(host, "@");
}

int
spec_env_add(struct spec_env **env, size_t *count, const char *word,
	     struct err *e)
{
	const char *eq = strchr(word, '=');
	bool removed = !eq && word[0] == '-';
	const char *name = word + removed;
	size_t len = eq ? (size_t)(eq - word) : strlen(name);

	if ((!eq && !removed) || !spec_is_env_name(name, len)) {
		if (len > 0 && strcspn(name, " \t") < len)
			err_set(e, ERR_USAGE, "'%.*s' is no name of a "
				"variable: it has a blank", (int)len, name);
		else
			err_set(e, ERR_USAGE, "'%s' is no variable", word);
		return err_hint(e, "write NAME=VALUE, or -NAME to remove it");
	}
	if (strlen(word) > SPEC_TEXT_MAX)
		return err_set(e, ERR_USAGE, "'%.*s' of %zu bytes: no program "
			       "can be given more than %d at once",
			       (int)SBX_MIN(len, (size_t)60), name,
			       strlen(word), SPEC_TEXT_MAX);
	if (*count == SPEC_LIST_MAX)
		return err_set(e, ERR_USAGE, "more than %d variables",
			       SPEC_LIST_MAX);
	*env = mem_grow(*env, *count, *count + 1, sizeof(**env));
	(*env)[(*count)++] = removed ?
		(struct spec_env){ .name = mem_str(name) } :
		(struct spec_env){ .name = mem_strn(name, len),
				   .value = mem_str(eq + 1) };
	return 0;
}

char *
spec_env_word(const struct spec_env *v)
{
	if (!v->value)
		return mem_fmt("-%s", v->name);
	return mem_fmt("%s=%s%s%s", v->name, v->value, v->prepend ? ":$" : "",
		       v->prepend ? v->name : "");
}

/* "V:$NAME" is what spec_env_word() makes of it. */
static void
find_prepend(struct spec_env *v)
{
	size_t len = v->value ? strlen(v->value) : 0, tail = strlen(v->name);

	if (len < tail + 2 || strcmp(v->value + len - tail, v->name) != 0 ||
	    strncmp(v->value + len - tail - 2, ":$", 2) != 0)
		return;
	v->value[len - tail - 2] = '\0';
	v->prepend = true;
}

int
spec_env_before(struct spec *s, enum spec_env_level level, char *const *words,
		struct err *e)
{
	size_t own = s->env_count;

	for (; words && *words; words++) {
		if (spec_add_env(s, *words, e) < 0)
			return -1;
		find_prepend(&s->env[s->env_count - 1]);
		s->env[s->env_count - 1].level = (int)level;
	}
	struct spec_env *all = mem_array(s->env_count + 1, sizeof(*all));
	size_t before = s->env_count - own;
	if (s->env_count) {
		memcpy(all, s->env + own, before * sizeof(*all));
		memcpy(all + before, s->env, own * sizeof(*all));
	}
	free(s->env);
	s->env = all;
	return 0;
}

struct spec_env
spec_env_dup(const struct spec_env *v)
{
	return (struct spec_env){ .name = mem_str(v->name),
				  .value = mem_str(v->value),
				  .prepend = v->prepend, .level = v->level };
}

int
spec_add_env(struct spec *s, const char *word, struct err *e)
{
	return spec_env_add(&s->env, &s->env_count, word, e);
}

/* Index of name in env, or its length. */
static size_t
env_find(char **env, size_t count, const char *name)
{
	size_t len = strlen(name), i = 0;

	while (i < count &&
	       (strncmp(env[i], name, len) != 0 || env[i][len] != '='))
		i++;
	return i;
}

char **
spec_environ(const struct spec *s, char *const *base)
{
	size_t count = strv_count(base), at;
	char **env = mem_array(count + s->env_count + 1, sizeof(*env));
	for (size_t i = 0; i < count; i++)
		env[i] = mem_str(base[i]);
	for (size_t i = 0; i < s->env_count; i++) {
		const struct spec_env *op = &s->env[i];
		at = env_find(env, count, op->name);
		char *old = at < count ? env[at] : NULL;
		if (!op->value) {
			if (old)
				env[at] = env[--count];
			env[count] = NULL;
		} else {
			const char *rest = old && op->prepend ?
				old + strlen(op->name) + 1 : "";
			env[at] = mem_fmt("%s=%s%s%s", op->name, op->value,
					  rest[0] ? ":" : "", rest);
			count += at == count;
		}
		free(old);
	}
	return env;
}

bool
spec_in_group(const struct spec *s, const char *group)
{
	return strv_has(s->groups, group);
}

static void
set_tty(struct spec *s, const struct spec_args *a)
{
	s->tty = a->tty;
	s->stdin_kind = a->tty ? SPEC_STDIN_TTY : a->stdin_kind;
	if (a->rows)
		s->rows = a->rows;
	if (a->cols)
		s->cols = a->cols;
	if (!a->tty)
		return;
	s->stop = mem_grow(s->stop, 2, 3, sizeof(*s->stop));
	s->stop[0] = (struct spec_step){ SIGHUP, 2000 };
	s->stop[1] = (struct spec_step){ SIGTERM, 3000 };
	s->stop[2] = (struct spec_step){ SIGKILL, 0 };
	s->stop_count = 3;
}

struct spec *
spec_from_args(const struct spec_args *a, struct err *e)
{
	struct spec *s = spec_new();
	struct buf room = BUF_INIT(SPEC_PACK_MAX);

	s->source = SPEC_FROM_ADD;
	if (a->name) {
		free(s->name);
		s->name = mem_str(a->name);
		if (spec_name_check(a->name, e) < 0)
			goto wrong;
	}
	s->command = mem_str(a->command);
	s->argv = a->argv ? strv_dup(a->argv) : NULL;
	s->cwd = mem_str(a->cwd);
	for (char *const *w = a->env; w && *w; w++)
		if (spec_add_env(s, *w, e) < 0)
			goto wrong;
	s->user = mem_str(a->user);
	if (a->group)
		s->groups = strv_dup((char *const[]){ (char *)(uintptr_t)
							a->group, NULL });
	if (a->shell) {
		free(s->shell);
		s->shell = mem_str(a->shell);
	}
	set_tty(s, a);
	if (a->stop_wait_ms)
		s->stop[0].wait_ms = a->stop_wait_ms;
	s->timeout_ms = a->timeout_ms;
	s->keep = !a->forget;
	s->by = mem_str(a->by);
	s->interactive = a->interactive;
	s->own_cwd = a->own_cwd;
	if (spec_check(s, e) < 0)
		goto wrong;
	if (spec_pack(s, &room) < 0) {
		err_set(e, ERR_USAGE, "command and environment together are "
			"larger than %d KiB", SPEC_PACK_MAX / 1024);
		goto wrong;
	}
	buf_fini(&room);
	return s;
wrong:
	buf_fini(&room);
	spec_free(s);
	return NULL;
}

/* Programs that only run something else: what is wanted is the word behind
 * them, or behind their own subcommand. */
static const struct {
	const char *program, *sub;
} runners[] = {
	{ "npm", "run" },	{ "npm", "run-script" },
	{ "npm", "exec" },	{ "npm", NULL },
	{ "pnpm", "run" },	{ "pnpm", "exec" },
	{ "pnpm", NULL },	{ "yarn", "run" },
	{ "yarn", NULL },	{ "bun", "run" },
	{ "bun", NULL },	{ "npx", NULL },
	{ "bunx", NULL },	{ "make", NULL },
	{ "just", NULL },	{ "go", "run" },
	{ "cargo", "run" },	{ "docker", "run" },
	{ "docker", "compose" }, { "docker-compose", NULL },
	{ "bundle", "exec" },	{ "poetry", "run" },
	{ "uv", "run" },	{ "python", NULL },
	{ "python3", NULL },	{ "node", NULL },
	{ "ruby", NULL },	{ "perl", NULL },
	{ "php", NULL },	{ "deno", "run" },
	{ "sh", NULL },		{ "bash", NULL },
	{ "exec", NULL },	{ "env", NULL },
	{ "nice", NULL },	{ "sudo", NULL },
	{ "time", NULL },	{ "nohup", NULL },
	{ "up", NULL },
};

/* The next word of a simple command into out; false at its end. */
static bool
next_word(const char **at, char *out, size_t cap)
{
	const char *p = *at + strspn(*at, " \t\"'");
	size_t len = strcspn(p, " \t\"'");

	if (len == 0 || strchr("|&;<>(", *p))
		return false;
	*at = p + len;
	len = SBX_MIN(len, cap - 1);
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

/* Does word only run another one?  *sub is what must follow, or NULL. */
static bool
is_runner(const char *word, const char *next)
{
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		if (strcmp(runners[i].program, word) == 0 &&
		    (!runners[i].sub || strcmp(runners[i].sub, next) == 0))
			return true;
	return false;
}

static bool
is_subcommand(const char *word, const char *before)
{
	for (size_t i = 0; i < ARRAY_LEN(runners); i++)
		if (strcmp(runners[i].program, before) == 0 &&
		    runners[i].sub && strcmp(runners[i].sub, word) == 0)
			return true;
	return false;
}

/* Directories and the ending of a script tell nothing; what is no letter of
 * a name becomes '-'. */
static void
make_name(const char *word, char *out)
{
	static const char *const endings[] = {
		".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".pl", ".php",
		".sh",
	};
	const char *slash = strrchr(word, '/');
	const char *from = slash && slash[1] ? slash + 1 : word;
	size_t len = strlen(from), n = 0;

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t end = strlen(endings[i]);
		if (len > end && strcmp(from + len - end, endings[i]) == 0) {
			len -= end;
			break;
		}
	}
	for (size_t i = 0; i < len && n < SPEC_NAME_MAX; i++) {
		char one[2] = { from[i], '\0' };
		bool valid = strchr("-.", from[i]) ||
			spec_name_check(one, NULL) == 0;
		char c = valid ? from[i] : '-';
		if (c == '-' && (n == 0 || out[n - 1] == '-'))
			continue;
		out[n++] = c;
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

void
spec_guess_name(const char *command, char *out)
{
	char word[256], last[256] = "", before[256] = "";
	const char *at = command;

	while (next_word(&at, word, sizeof(word))) {
		char next[256] = "";
		const char *ahead = at;
		/* Options and X=Y in front of a command name nothing. */
		if (word[0] == '-' || strchr(word, '='))
			continue;
		(void)next_word(&ahead, next, sizeof(next));
		memcpy(last, word, sizeof(last));
		if (!is_runner(word, next) && !is_subcommand(word, before))
			break;
		memcpy(before, word, sizeof(before));
	}
	make_name(last, out);
	if (spec_name_check(out, NULL) < 0)
		memcpy(out, "proc", sizeof("proc"));
}
