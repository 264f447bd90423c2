#include "spec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/err.h"
#include "life/cron.h"
#include "life/pathglob.h"

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-.:", c));
}

/* (uid_t)-1 means none to the kernel, and what is larger another number. */
static int
check_id(const char *text, size_t len, const char *what, struct err *e)
{
	uint64_t n = 0;

	if (len == 0 || strspn(text, "0123456789") < len)
		return 0;
	for (size_t i = 0; i < len && n < UINT32_MAX; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (n < UINT32_MAX)
		return 0;
	return err_set(e, ERR_USAGE, "a %s has a number from 0 to %u", what,
		       UINT32_MAX - 1);
}

int
spec_user_check(const char *user, struct err *e)
{
	size_t len = strcspn(user, ":");

	if (len == 0 || (user[len] && !user[len + 1]))
		return err_set(e, ERR_USAGE, "expected USER or USER:GROUP");
	if (check_id(user, len, "user", e) < 0)
		return -1;
	return !user[len] ? 0 : check_id(user + len + 1,
					 strlen(user + len + 1), "group", e);
}

int
spec_name_check(const char *name, struct err *e)
{
	size_t len = strlen(name);

	if (len == 0)
		return err_set(e, ERR_USAGE, "a name is empty");
	if (len > SPEC_NAME_MAX)
		return err_set(e, ERR_USAGE,
			       "a name has at most %d bytes, this one has %zu",
			       SPEC_NAME_MAX, len);
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte(name[i])) {
			err_set(e, ERR_USAGE, "'%s' is not a valid name", name);
			return err_hint(e, "a name has letters, digits, "
					"'_', '-', '.' and ':'");
		}
	/* Names become names of directories. */
	if (strspn(name, ".") == len)
		return err_set(e, ERR_USAGE, "the name '%s' is only dots",
			       name);
	/* A leading '-' would read as an option wherever the name is typed. */
	if (name[0] == '-')
		return err_set(e, ERR_USAGE, "the name '%s' begins with '-'",
			       name);
	return 0;
}

static int
check_names(const struct spec *s, struct err *e)
{
	if (s->name && s->name[0] && spec_name_check(s->name, e) < 0)
		return -1;
	for (char **g = s->groups; g && *g; g++)
		if (spec_name_check(*g, e) < 0)
			return -1;
	for (size_t i = 0; i < s->dep_count; i++)
		if (!s->deps[i].name || spec_name_check(s->deps[i].name, e) < 0)
			return -1;
	for (size_t i = 0; i < s->hook_count; i++)
		if (!s->hooks[i].name || !s->hooks[i].command ||
		    spec_name_check(s->hooks[i].name, e) < 0)
			return -1;
	return 0;
}

static int
check_length(const char *text, const char *what, struct err *e)
{
	size_t len = text ? strlen(text) : 0;

	return len <= SPEC_TEXT_MAX ? 0 :
		err_set(e, ERR_USAGE, "%s of %zu bytes: no program can be "
			"given more than %d at once", what, len,
			SPEC_TEXT_MAX);
}

static int
check_command(const struct spec *s, struct err *e)
{
	bool words = s->argv && s->argv[0];

	if (!s->command && !words)
		return err_set(e, ERR_USAGE, "this process has no command");
	if (s->command && words)
		return err_set(e, ERR_USAGE,
			       "a process has 'cmd' or 'argv', not both");
	if (words ? !s->argv[0][0] : !s->command[0])
		return err_set(e, ERR_USAGE, "the command is empty");
	if (!s->shell || !s->shell[0])
		return err_set(e, ERR_USAGE, "there is no shell");
	if (!s->cwd || s->cwd[0] != '/')
		return err_set(e, ERR_USAGE, "'cwd' is not an absolute path");
	for (size_t i = 0; words && s->argv[i]; i++)
		if (check_length(s->argv[i], "a word", e) < 0)
			return -1;
	return check_length(s->command, "a command", e);
}

static int
check_env(const struct spec *s, struct err *e)
{
	for (size_t i = 0; i < s->env_count; i++) {
		const char *name = s->env[i].name;
		if (!name || !spec_is_env_name(name, strlen(name)))
			return err_set(e, ERR_USAGE,
				       "'%s' is no name of a variable",
				       name ? name : "");
		if (s->env[i].prepend && !s->env[i].value)
			return err_set(e, ERR_USAGE, "nothing to put in "
				       "front of '%s'", name);
	}
	return 0;
}

static int
check_stop(const struct spec *s, struct err *e)
{
	if (s->stop_count < 1 || s->stop_count > SPEC_STEPS_MAX ||
	    s->stop[s->stop_count - 1].signo != SIGKILL)
		return err_set(e, ERR_USAGE, "'stop' does not end in KILL");
	for (size_t i = 0; i < s->stop_count; i++)
		if (s->stop[i].signo < 1 ||
		    (s->stop[i].signo == SIGKILL && i + 1 < s->stop_count))
			return err_set(e, ERR_USAGE,
				       "'stop' has a wrong signal");
	return 0;
}

static int
check_probe(const struct spec_probe *p, struct err *e)
{
	bool ok = true;

	switch ((enum spec_probe_kind)p->kind) {
	case SPEC_PROBE_LOG:
	case SPEC_PROBE_SCREEN:
		ok = p->pattern.text && p->pattern.text[0];
		break;
	case SPEC_PROBE_HTTP:
		ok = p->path && p->path[0] == '/' && p->status_min >= 100 &&
		     p->status_min <= p->status_max && p->port > 0;
		break;
	case SPEC_PROBE_UNIX:
		ok = p->host && p->host[0];
		break;
	case SPEC_PROBE_EXEC:
		ok = p->command && p->command[0];
		break;
	case SPEC_PROBE_PORT:	/* check_ports() */
	case SPEC_PROBE_NONE:
	case SPEC_PROBE_NOTIFY:
	case SPEC_PROBE_DELAY:
	case SPEC_PROBE_EXIT:
		break;
	}
	return ok ? 0 : err_set(e, ERR_USAGE, "a check is not complete");
}

static int
check_watches(const struct spec *s, struct err *e)
{
	for (size_t i = 0; i < s->watch_count; i++) {
		const struct spec_watch *w = &s->watches[i];
		if (!w->name || spec_name_check(w->name, e) < 0)
			return -1;
		if (!w->pattern.text || !w->pattern.text[0])
			return err_set(e, ERR_USAGE,
				       "watch '%s' has no pattern", w->name);
		if (w->max_count && !w->max_per_ms)
			return err_set(e, ERR_USAGE, "watch '%s' has a "
				       "maximum without a time", w->name);
	}
	return 0;
}

static int
check_values(const struct spec *s, struct err *e)
{
	if (s->tty != (s->stdin_kind == SPEC_STDIN_TTY))
		return err_set(e, ERR_USAGE,
			       "'stdin tty' and 'tty yes' go together");
	if (s->backoff_min_ms > s->backoff_max_ms || s->backoff_min_ms == 0)
		return err_set(e, ERR_USAGE, "'restart.backoff' is no range");
	if (s->ready_every_ms == 0 || s->live_every_ms == 0)
		return err_set(e, ERR_USAGE, "a check is never made");
	if (s->log_keep_bytes == 0)
		return err_set(e, ERR_USAGE, "'log.keep' is zero");
	return s->user ? spec_user_check(s->user, e) : 0;
}

static int
check_ports(const struct spec *s, struct err *e)
{
	bool asks = (s->ready.kind == SPEC_PROBE_PORT && !s->ready.port) ||
		    (s->live.kind == SPEC_PROBE_PORT && !s->live.port);

	for (size_t i = 0; i < s->port_count; i++) {
		if (!s->ports[i].name)
			return err_set(e, ERR_USAGE, "a port has no name");
		asks &= s->ports[i].port != 0;
	}
	return asks ? err_set(e, ERR_USAGE, "a check of 'port auto' needs a "
			      "line 'port auto'") : 0;
}

static int
check_starts(const struct spec *s, struct err *e)
{
	struct pathglobs *globs;
	struct cron cron;

	if (s->schedule == SPEC_SCHEDULE_EVERY &&
	    s->schedule_every_ms < SPEC_EVERY_MIN_MS)
		return err_set(e, ERR_USAGE, "'schedule every' is too short");
	if (s->schedule == SPEC_SCHEDULE_CRON &&
	    cron_parse(s->schedule_cron ? s->schedule_cron : "", &cron, NULL,
		       e) < 0)
		return -1;
	if (s->files && s->files[0]) {
		globs = pathglobs_new(s->cwd, s->files, e);
		if (!globs)
			return -1;
		pathglobs_free(globs);
	}
	return 0;
}

int
spec_check(const struct spec *s, struct err *e)
{
	if (check_names(s, e) < 0 || check_command(s, e) < 0 ||
	    check_env(s, e) < 0 || check_stop(s, e) < 0 ||
	    check_probe(&s->ready, e) < 0 || check_probe(&s->live, e) < 0 ||
	    check_watches(s, e) < 0 || check_ports(s, e) < 0 ||
	    check_starts(s, e) < 0)
		return -1;
	return check_values(s, e);
}
