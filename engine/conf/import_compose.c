/*
 * Compose files.  A service is a container; what sbx can run of it is the
 * command that it runs on the sources of this directory.  A service that
 * only names an image has no such command.
 */

#include "import_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/units.h"

#define CONTAINER "it belongs to the container"

/* The part of "SOURCE:TARGET[:MODE]" or of the long form; caller frees. */
static char *
volume_part(const struct ytree_node *v, bool target)
{
	const char *text = ytree_text(v), *colon = text ? strchr(text, ':') :
		NULL;

	if (ytree_is_map(v))
		return mem_str(ytree_text(ytree_get(v, target ? "target" :
						    "source")));
	if (!colon)
		return NULL;
	return target ? mem_strn(colon + 1, strcspn(colon + 1, ":")) :
		mem_strn(text, (size_t)(colon - text));
}

/* Where the directory of a container is on this machine, by its bind mounts:
 * NULL if it is not.  Caller frees. */
static char *
mounted(const struct ytree_node *service, const char *dir)
{
	const struct ytree_node *volumes = ytree_get(service, "volumes");
	char *found = NULL;

	for (size_t i = 0; ytree_is_seq(volumes) && i < volumes->count; i++) {
		char *source = volume_part(volumes->items[i], false);
		char *target = volume_part(volumes->items[i], true);
		size_t len = target ? strlen(target) : 0;
		while (len > 1 && target[len - 1] == '/')
			len--;
		/* Without a slash or a dot a source is the name of a volume. */
		if (!found && source && (source[0] == '.' || source[0] == '/')
		    && len > 1 && strncmp(dir, target, len) == 0 &&
		    (dir[len] == '/' || dir[len] == '\0'))
			found = mem_fmt("%s%s", source, dir + len);
		free(source);
		free(target);
	}
	return found;
}

static const char *
context(const struct ytree_node *service)
{
	const struct ytree_node *build = ytree_get(service, "build");
	const char *dir = ytree_text(build);

	if (!dir)
		dir = ytree_text(ytree_get(build, "context"));
	if (!dir && ytree_is_map(build))
		dir = ".";
	return dir && !strstr(dir, "://") ? dir : NULL;
}

/* Sets the directory; false if nothing of it is on this machine. */
static bool
set_dir(struct import_yaml *y, struct import_proc *p,
	const struct ytree_node *service)
{
	const struct ytree_node *at = ytree_get(service, "working_dir");
	const char *inside = ytree_text(at);
	char *dir = inside ? mounted(service, inside) : NULL;
	bool guessed = !dir;

	if (!dir)
		dir = mem_str(context(service));
	if (!dir)
		return false;
	if (inside && guessed)
		import_note(y->im, p, at->line, "working_dir", "%s is in the "
			    "image; it runs where that is built", inside);
	if (strcmp(dir, ".") != 0 && strcmp(dir, "./") != 0)
		import_line(y->im, p, p->line, "cwd", IMPORT_PATH_EXPAND, dir);
	free(dir);
	return true;
}

/* A command in one text is split into words and never sees a shell, so that
 * a line end in it is a blank. */
static char *
one_line(const char *text)
{
	char *line = import_undouble(text), quote = '\0';

	for (char *c = line; *c; c++) {
		if (quote) {
			if (*c == '\\' && quote == '"' && c[1])
				c++;
			else if (*c == quote)
				quote = '\0';
		} else if (*c == '"' || *c == '\'') {
			quote = *c;
		} else if (*c == '\\' && c[1] && c[1] != '\n') {
			c++;
		} else if (*c == '\n' || (*c == '\\' && c[1] == '\n')) {
			*c = ' ';
		}
	}
	return line;
}

static bool
is_given(const struct ytree_node *n)
{
	const char *text = ytree_text(n);

	return (ytree_is_seq(n) && n->count > 0) || (text && text[0]);
}

/* Entry point and command together, both as a text or as words. */
static void
set_command(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *service)
{
	const struct ytree_node *parts[] = {
		ytree_get(service, "entrypoint"),
		ytree_get(service, "command"),
	};
	struct buf b = BUF_INIT(8 * IMPORT_TEXT_MAX);
	bool fits = true;

	y->key = is_given(parts[1]) ? "command" : "entrypoint";
	if (!is_given(parts[0]) && ytree_is_seq(parts[1])) {
		size_t n;
		const char **words = import_ylist(y, p, parts[1], &n);
		import_argv(y->im, p, parts[1]->line, words, n, true);
		free(words);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!is_given(parts[i]))
			continue;
		if (b.len > 0)
			fits = fits && buf_addc(&b, ' ') == 0;
		if (ytree_is_seq(parts[i])) {
			size_t n;
			const char **words = import_ylist(y, p, parts[i], &n);
			fits = fits && import_shell_words(words, n, true, &b)
				== 0;
			free(words);
		} else {
			char *line = one_line(parts[i]->text);
			fits = fits && buf_adds(&b, line) == 0;
			free(line);
		}
	}
	if (fits)
		import_command(y->im, p, p->line, buf_str(&b));
	else
		import_ynote(y, p, parts[1] ? parts[1] : parts[0],
			     "too long");
	buf_fini(&b);
}

/* --- keys of a service --- */

static void
key_environment(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	import_yenv(y, p, v, false);
}

static void
key_env_file(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	if (!ytree_is_seq(v)) {
		import_yword(y, p, v, "env-file", true);
		return;
	}
	for (size_t i = 0; i < v->count; i++) {
		const struct ytree_node *n = v->items[i];
		if (ytree_is_map(n))
			n = ytree_get(n, "path");
		if (n)
			import_yword(y, p, n, "env-file", true);
	}
}

static const char *
condition(const char *said)
{
	if (said && strcmp(said, "service_healthy") == 0)
		return "ready";
	if (said && strcmp(said, "service_completed_successfully") == 0)
		return "ok";
	return "started";
}

static void
key_depends_on(struct import_yaml *y, struct import_proc *p,
	       const struct ytree_node *v)
{
	if (!ytree_is_map(v)) {
		size_t n;
		const char **names = import_ylist(y, p, v, &n);
		for (size_t i = 0; i < n; i++)
			import_depend(y->im, p, v->line, names[i], "started");
		free(names);
		return;
	}
	for (size_t i = 0; i < v->count; i++) {
		const struct ytree_node *how = ytree_value_at(v, i);
		bool needed = true;
		(void)ytree_bool(ytree_get(how, "required"), &needed);
		if (!needed)
			import_ynote(y, p, how, "'required: false': sbx waits "
				     "for it all the same");
		import_depend(y->im, p, ytree_key_at(v, i)->line,
			      ytree_key_at(v, i)->text,
			      condition(ytree_text(ytree_get(how,
							     "condition"))));
	}
}

/* A check that passes once makes it ready; compose looks every 30 s, which
 * nobody wants to wait for. */
static void
key_healthcheck(struct import_yaml *y, struct import_proc *p,
		const struct ytree_node *v)
{
	const struct ytree_node *test = ytree_get(v, "test");
	const char *every = ytree_text(ytree_get(v, "interval"));
	bool disabled = false;
	uint64_t ms;
	size_t n;

	(void)ytree_bool(ytree_get(v, "disable"), &disabled);
	if (disabled || !test)
		return;
	const char **words = import_ylist(y, p, test, &n);
	bool shell = n == 2 && strcmp(words[0], "CMD-SHELL") == 0;
	if (!ytree_is_seq(test) ? n == 1 : shell) {
		char *line = import_undouble(words[n - 1]);
		import_line(y->im, p, test->line, "ready exec", IMPORT_RAW,
			    line);
		free(line);
	} else if (n > 1 && strcmp(words[0], "CMD") == 0) {
		struct buf b = BUF_INIT(4 * IMPORT_TEXT_MAX);
		if (import_shell_words(words + 1, n - 1, true, &b) == 0)
			import_line(y->im, p, test->line, "ready exec",
				    IMPORT_RAW, buf_str(&b));
		buf_fini(&b);
	} else if (n != 1 || strcmp(words[0], "NONE") != 0) {
		import_ynote(y, p, test, "it is neither CMD nor CMD-SHELL");
	}
	free(words);
	bool often = every && units_duration(every, &ms) == 0 && ms >= 10 &&
		ms < 5000;
	if (often) {
		char text[UNITS_TEXT_MAX];
		units_duration_text(ms, text);
		import_linef(y->im, p, "ready.every", "%s", text);
	}
	if ((every && !often) || ytree_get(v, "retries") ||
	    ytree_get(v, "timeout") || ytree_get(v, "start_period"))
		import_ynote(y, p, v, "it is asked until its first success, "
			     "and only that counts");
}

static void
key_restart(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *v)
{
	const char *text = import_ytext(y, p, v);
	bool no = true;
	uint64_t max;

	if (!text || (ytree_bool(v, &no) && !no))
		return;
	if (strcmp(text, "always") == 0 ||
	    strcmp(text, "unless-stopped") == 0) {
		import_linef(y->im, p, "restart", "always");
	} else if (strncmp(text, "on-failure", 10) == 0) {
		import_linef(y->im, p, "restart", "on-failure");
		if (text[10] == ':' &&
		    units_uint(text + 11, 1, 1000000, &max) == 0)
			import_linef(y->im, p, "restart.max", "%u",
				     (unsigned)max);
	} else {
		import_ynote(y, p, v, "'%.60s' is no policy", text);
	}
}

static void
key_profiles(struct import_yaml *y, struct import_proc *p,
	     const struct ytree_node *v)
{
	size_t n;
	const char **names = import_ylist(y, p, v, &n);

	p->off = p->off || n > 0;
	if (n > 0)
		import_ynote(y, p, v, "of the profile '%.60s', so it does "
			     "not start by itself", names[0]);
	free(names);
}

static void
key_deploy(struct import_yaml *y, struct import_proc *p,
	   const struct ytree_node *v)
{
	static const struct import_key rows[] = {
		{ "replicas", import_key_replicas, NULL },
		{ "resources", NULL, CONTAINER }, { "mode", NULL, NULL },
		{ "restart_policy", NULL, "sbx takes 'restart'" },
	};

	import_keys_of(y, p, v, rows, ARRAY_LEN(rows));
}

static const struct import_key service_keys[] = {
	{ "environment", key_environment, NULL },
	{ "env_file", key_env_file, NULL },
	{ "depends_on", key_depends_on, NULL },
	{ "healthcheck", key_healthcheck, NULL },
	{ "restart", key_restart, NULL },
	{ "profiles", key_profiles, NULL },
	{ "tty", import_key_tty, NULL },
	{ "scale", import_key_replicas, NULL },
	{ "deploy", key_deploy, NULL },
	/* Taken together with others, or told by the command alone. */
	{ "command", NULL, NULL }, { "entrypoint", NULL, NULL },
	{ "working_dir", NULL, NULL }, { "build", NULL, NULL },
	{ "stop_signal", NULL, NULL }, { "stop_grace_period", NULL, NULL },
	{ "container_name", NULL, NULL }, { "pull_policy", NULL, NULL },
	{ "image", NULL, "its program has to be on this machine" },
	{ "ports", NULL, "its program has to listen on them itself" },
	{ "extends", NULL, "what it takes from there is missing here" },
	{ "user", NULL, "the users of the container are not those of this "
	  "machine" },
	{ "stdin_open", NULL, NULL }, { "init", NULL, NULL },
	{ "develop", NULL, "sbx runs the sources themselves" },
	{ "volumes", NULL, CONTAINER }, { "networks", NULL, CONTAINER },
	{ "network_mode", NULL, CONTAINER }, { "expose", NULL, NULL },
	{ "links", NULL, CONTAINER }, { "hostname", NULL, CONTAINER },
	{ "extra_hosts", NULL, CONTAINER }, { "dns", NULL, CONTAINER },
	{ "labels", NULL, CONTAINER }, { "logging", NULL, CONTAINER },
	{ "privileged", NULL, CONTAINER }, { "cap_add", NULL, CONTAINER },
	{ "cap_drop", NULL, CONTAINER }, { "devices", NULL, CONTAINER },
	{ "ulimits", NULL, CONTAINER }, { "shm_size", NULL, CONTAINER },
	{ "tmpfs", NULL, CONTAINER }, { "secrets", NULL, CONTAINER },
	{ "configs", NULL, CONTAINER }, { "platform", NULL, CONTAINER },
	{ "security_opt", NULL, CONTAINER }, { "sysctls", NULL, CONTAINER },
	{ "mem_limit", NULL, CONTAINER }, { "cpus", NULL, CONTAINER },
	{ "read_only", NULL, CONTAINER }, { "volumes_from", NULL, CONTAINER },
};

static bool
has_command(const struct ytree_node *service)
{
	return is_given(ytree_get(service, "command")) ||
		is_given(ytree_get(service, "entrypoint"));
}

/* A service without a command of this machine becomes a comment. */
static const char *
why_not(const struct ytree_node *service)
{
	if (!has_command(service))
		return ytree_get(service, "build") ?
			"its command is in a Dockerfile" :
			"it is an image alone, without a command of this "
			"machine";
	return "its command runs in an image, on nothing of this directory";
}

static void
one_service(struct import_yaml *y, struct import_proc *p,
	    const struct ytree_node *service)
{
	const struct ytree_node *signal = ytree_get(service, "stop_signal");
	const struct ytree_node *grace = ytree_get(service,
						   "stop_grace_period");

	const char *name = y->key;

	if (!has_command(service) || !set_dir(y, p, service)) {
		p->instead = mem_str(why_not(service));
		return;
	}
	set_command(y, p, service);
	if (signal || grace) {
		y->key = "stop_signal";
		import_ystop(y, p, signal ? signal : grace,
			     ytree_text(signal), ytree_text(grace));
	}
	y->key = name;
	import_keys_of(y, p, service, service_keys, ARRAY_LEN(service_keys));
}

static void
key_services(struct import_yaml *y, struct import_proc *none,
	     const struct ytree_node *v)
{
	(void)none;
	import_procs_of(y, "services", v, false, one_service);
}

static const struct import_key top_keys[] = {
	{ "services", key_services, NULL },
	{ "version", NULL, NULL }, { "name", NULL, NULL },
	{ "volumes", NULL, NULL }, { "networks", NULL, NULL },
	{ "secrets", NULL, NULL }, { "configs", NULL, NULL },
	{ "include", NULL, "the services of another file; import that one "
	  "too" },
};

static bool
read_root(struct import_yaml *y)
{
	const struct ytree_node *services = ytree_get(y->root, "services");

	if (!ytree_is_map(services))
		return import_wrong(y->m, services ? services->line : 0, 0,
				    "there are no 'services' in it");
	import_keys(y, NULL, y->root, top_keys, ARRAY_LEN(top_keys));
	return !y->m->text[0];
}

bool
import_compose(struct import *im, const char *text, size_t len,
	       const char *runner, struct import_mistake *m)
{
	/* Compose takes the variables of the file itself from there. */
	if (memchr(text, '$', len))
		import_line(im, NULL, 1, "env-file", IMPORT_PATH, ".env");
	(void)runner;
	return import_yaml(im, text, len, true, m, read_root);
}
