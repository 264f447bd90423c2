#include "launch.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "autoport.h"
#include "base/mem.h"
#include "base/strv.h"
#include "child/spawn.h"
#include "child/tree.h"
#include "conf/rcload.h"
#include "core.h"
#include "envset.h"
#include "helper.h"
#include "spec/spec.h"
#include "term/vt.h"

enum { GROUPS_MAX = 1024 };

/* Whom to run as, as numbers: names are never looked up after the fork. */
struct identity {
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int ngroups;
	char *home, *name, *shell;
};

static char *const *
base_environ(const struct proc *p)
{
	return p->environ ? p->environ->v : p->e->set.environ;
}

/* A user or group by its number.  (uid_t)-1 means none to the kernel. */
static bool
is_number(const char *text, unsigned *out)
{
	uint64_t n = 0;

	if (!*text || strlen(text) > 10 ||
	    strspn(text, "0123456789") != strlen(text))
		return false;
	for (; *text; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	*out = (unsigned)n;
	return n < UINT32_MAX;
}

/* 0, or -1 with why.  A name that is all digits goes first, as for chown. */
static int
take_group(const char *group, struct identity *id, char *why, size_t cap)
{
	struct group *gr = getgrnam(group);
	unsigned number;

	if (gr)
		id->gid = gr->gr_gid;
	else if (is_number(group, &number))
		id->gid = number;
	else
		return snprintf(why, cap, "unknown group '%s'", group), -1;
	return 0;
}

/* *entry is NULL for a number that has none.  0, or -1 with why. */
static int
take_entry(const char *user, bool has_group, struct identity *id,
	   struct passwd **entry, char *why, size_t cap)
{
	struct passwd *pw = getpwnam(user);
	unsigned number = 0;
	bool numeric = !pw && is_number(user, &number);

	if (numeric)
		pw = getpwuid(number);
	*entry = pw;
	if (pw) {
		id->uid = pw->pw_uid;
		id->gid = pw->pw_gid;
	} else if (!numeric) {
		return snprintf(why, cap, "unknown user '%s'", user), -1;
	} else if (!has_group) {
		return snprintf(why, cap, "user %u has no entry and so no "
				"group: write %u:GROUP", number, number), -1;
	}
	if (!pw)
		id->uid = number;
	return 0;
}

static int
resolve_user(const char *text, struct identity *id, char *why, size_t cap)
{
	char *user = mem_str(text), *group = strchr(user, ':');
	struct passwd *pw;
	int r = -1;

	if (group)
		*group++ = '\0';
	if (take_entry(user, group, id, &pw, why, cap) < 0 ||
	    (group && take_group(group, id, why, cap) < 0))
		goto out;
	if (geteuid() != 0 && (id->uid != geteuid() || id->gid != getegid())) {
		snprintf(why, cap,
			 "not permitted to become '%s': sbx does not run as "
			 "root", text);
		goto out;
	}
	/* Nobody has put a number without an entry into other groups. */
	id->ngroups = pw ? GROUPS_MAX : 1;
	id->groups[0] = id->gid;
	if (pw && getgrouplist(pw->pw_name, id->gid, id->groups,
			       &id->ngroups) < 0) {
		snprintf(why, cap, "user '%s' is in too many groups", user);
		goto out;
	}
	id->home = mem_str(pw ? pw->pw_dir : "/");
	id->name = mem_str(pw ? pw->pw_name : user);
	id->shell = mem_str(pw ? pw->pw_shell : "/bin/sh");
	r = 0;
out:
	free(user);
	return r;
}

static void
identity_free(struct identity *id)
{
	if (!id)
		return;
	free(id->home);
	free(id->name);
	free(id->shell);
	free(id);
}

/* Whom the process is to run as, put into q; *id, which q borrows from, is
 * NULL where it runs as oneself.  0, or -1 with why. */
static int
take_user(const struct spec *s, struct spawn_req *q, struct identity **id,
	  char *why, size_t cap)
{
	*id = NULL;
	if (!s->user)
		return 0;
	*id = mem_alloc(sizeof **id);
	if (resolve_user(s->user, *id, why, cap) < 0)
		return -1;
	q->set_ids = geteuid() == 0;
	q->uid = (*id)->uid;
	q->gid = (*id)->gid;
	q->groups = (*id)->groups;
	q->ngroups = (size_t)(*id)->ngroups;
	return 0;
}

/* Replaces or adds one variable; takes line ("K=V"). */
char **
launch_env_put(char **env, char *line)
{
	size_t n = 0, key = (size_t)(strchr(line, '=') - line) + 1;
	for (; env[n]; n++) {
		if (strncmp(env[n], line, key) == 0) {
			free(env[n]);
			env[n] = line;
			return env;
		}
	}
	env = mem_grow(env, n + 1, n + 2, sizeof *env);
	env[n] = line;
	return env;
}

static bool
sets_term(const struct spec *s)
{
	for (size_t i = 0; i < s->env_count; i++)
		if (strcmp(s->env[i].name, "TERM") == 0)
			return true;
	return false;
}

/* What is inherited, put right: whatever a set, a group or the process says
 * of a variable comes behind it. */
static char **
start_environ(const struct proc *p, const struct identity *id)
{
	char **env = strv_dup(base_environ(p));

	env = env ? env : mem_array(1, sizeof *env);
	if (p->spec->tty && !sets_term(p->spec)) {
		/* The person's own terminal says nothing about ours. */
		env = launch_env_put(env, mem_str("TERM=xterm-256color"));
		env = launch_env_put(env, mem_str("COLORTERM=truecolor"));
	}
	if (id) {
		env = launch_env_put(env, mem_fmt("HOME=%s", id->home));
		env = launch_env_put(env, mem_fmt("USER=%s", id->name));
		env = launch_env_put(env, mem_fmt("LOGNAME=%s", id->name));
		env = launch_env_put(env, mem_fmt("SHELL=%s", id->shell));
	}
	return env;
}

/* The environment of a run: documented in sbx(1), ENVIRONMENT. */
static char **
run_environ(const struct proc *p, const struct identity *id, uint64_t run)
{
	const struct spec *s = p->spec;
	char **base = start_environ(p, id);
	char **env = envset_environ(p->e->env, s, base);

	strv_free(base);
	env = launch_env_put(env, mem_fmt("SBX=%s", p->e->set.name));
	env = launch_env_put(env, mem_fmt("SBX_PROCESS=%s", s->name));
	env = launch_env_put(env, mem_fmt("SBX_RUN=%llu",
				   (unsigned long long)run));
	env = launch_env_put(env, mem_fmt("SBX_RESTARTS=%u", p->life.restarts));
	env = launch_env_put(env,
			     mem_fmt("SBX_SOCKET=%s", p->e->dir.sock_path));
	if (s->replica_of)
		env = launch_env_put(env,
				     mem_fmt("SBX_INDEX=%u", s->replica_idx));
	for (size_t i = 0; i < s->port_count; i++) {
		char *name = mem_str(s->ports[i].name);
		for (char *c = name; *c; c++) {
			bool letter = (*c >= 'a' && *c <= 'z');
			bool fine = (*c >= 'A' && *c <= 'Z') ||
				    (*c >= '0' && *c <= '9');
			*c = letter ? (char)(*c - 32) : fine ? *c : '_';
		}
		env = launch_env_put(env, mem_fmt("SBX_PORT%s%s=%u",
					   name[0] ? "_" : "", name,
					   autoport_get(p, i)));
		free(name);
	}
	return env;
}

uint64_t
launch_slot(struct engine *e, uint64_t *tag)
{
	uint32_t no = ++e->next_slot & 0x7fffffff;
	*tag = tree_tag(e->dir.hash, no);
	return no;
}

/* Where both are the same, the kernel sends KILL: XCPU tells what it was. */
static uint64_t
hard_limit(const struct spec_limit *l)
{
	bool more = l->resource == RLIMIT_CPU && l->value < UINT64_MAX;

	return l->value + more;
}

int
launch_run(struct proc *p, char *why, size_t cap)
{
	struct engine *e = p->e;
	const struct spec *s = p->spec;
	struct identity *id = NULL;
	struct spawn_rlimit limits[SPAWN_RLIMITS_MAX];
	struct spawn_req q;
	char **env = NULL;
	int r = -EINVAL;

	spawn_req_init(&q);
	if (take_user(s, &q, &id, why, cap) < 0)
		goto out;
	if (s->limit_count > SPAWN_RLIMITS_MAX) {
		snprintf(why, cap, "more than %d resource limits",
			 SPAWN_RLIMITS_MAX);
		goto out;
	}
	for (size_t i = 0; i < s->limit_count; i++)
		limits[i] = (struct spawn_rlimit){
			.resource = s->limits[i].resource,
			.soft = s->limits[i].value,
			.hard = hard_limit(&s->limits[i]),
		};
	char *shell_argv[] = { s->shell, mem_str("-c"), s->command, NULL };
	env = run_environ(p, id, p->life.run + 1);
	q.slot = p->slot;
	q.tag = p->tag;
	q.argv = s->argv ? s->argv : shell_argv;
	q.cwd = s->cwd;
	q.tty = s->tty;
	q.stdin_kind = s->tty ? SPAWN_STDIN_TTY :
		       s->stdin_kind == SPEC_STDIN_PIPE ? SPAWN_STDIN_PIPE :
							  SPAWN_STDIN_NULL;
	q.stderr_apart = s->tty ? s->stderr_separate : true;
	q.notify = s->ready.kind == SPEC_PROBE_NOTIFY ||
		   s->live.kind == SPEC_PROBE_NOTIFY;
	if (q.notify)
		env = launch_env_put(env, mem_fmt("SBX_NOTIFY_FD=%d",
						  SPAWN_NOTIFY_FD));
	q.envp = env;
	/* The size that its viewer gave it outlives the run (proctty_open). */
	q.rows = (uint16_t)(p->vt ? vt_rows(p->vt) : (int)s->rows);
	q.cols = (uint16_t)(p->vt ? vt_cols(p->vt) : (int)s->cols);
	q.umask = s->umask_bits;
	q.set_nice = s->nice != 0;
	q.nice = spec_nice(s);
	q.rlimits = limits;
	q.nrlimits = s->limit_count;
	r = keeplink_spawn(e->link, &q);
	free(shell_argv[1]);
	if (r < 0)
		snprintf(why, cap, "cannot start: %s", strerror(-r));
out:
	strv_free(env);
	identity_free(id);
	return r;
}

int
launch_helper(struct engine *e, struct helper *h, struct proc *p,
	      const char *command, char **more_env)
{
	const struct spec *s = p->spec;
	char *argv[] = { mem_str(s->shell), mem_str("-c"), mem_str(command),
			 NULL };
	struct identity *id = NULL;
	struct spawn_req q;
	char why[160], **env = NULL;
	int r = -EPERM;

	/* A check sees what the process sees, and has no other rights. */
	spawn_req_init(&q);
	if (take_user(s, &q, &id, why, sizeof why) < 0)
		goto out;
	env = run_environ(p, id, p->life.run);
	for (size_t i = 0; more_env && more_env[i]; i++)
		env = launch_env_put(env, mem_str(more_env[i]));
	if (!h->slot)
		h->slot = launch_slot(e, &h->tag);
	q.slot = h->slot;
	q.tag = h->tag;
	q.argv = argv;
	q.envp = env;
	q.cwd = s->cwd;
	q.umask = s->umask_bits;
	r = keeplink_spawn(e->link, &q);
out:
	for (int i = 0; argv[i]; i++)
		free(argv[i]);
	strv_free(env);
	identity_free(id);
	return r;
}

/* One of them; the kernel does not say which. */
static void
limits_failed(const struct spec *s, const char *text, char *out, size_t cap)
{
	char one[RC_LIMIT_TEXT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < s->limit_count && len < cap; i++)
		if (rc_limit_text(s->limits[i].resource, s->limits[i].value,
				  one))
			len += (size_t)snprintf(out + len, cap - len, "%s %s",
						len ? "" : "limit", one);
	if (len < cap)
		snprintf(out + len, cap - len, ": %s", text);
}

void
launch_explain(const struct proc *p, enum spawn_step step, int error,
	       char *out, size_t cap)
{
	const struct spec *s = p->spec;
	const char *program = s->argv ? s->argv[0] : s->shell;
	const char *text = strerror(error);

	switch (step) {
	case SPAWN_EXEC:
		if (error == ENOENT && !strchr(program, '/'))
			snprintf(out, cap, "cannot run '%s': not found in PATH",
				 program);
		else
			snprintf(out, cap, "cannot run '%s': %s (exec)",
				 program, text);
		break;
	case SPAWN_INTERP:
		snprintf(out, cap, "cannot run '%s': its interpreter is "
			 "missing (exec)", program);
		break;
	case SPAWN_NICE:
		snprintf(out, cap, "nice %d: %s, that of sbx is %d",
			 spec_nice(s), text, getpriority(PRIO_PROCESS, 0));
		break;
	case SPAWN_RLIMIT:
		limits_failed(s, text, out, cap);
		break;
	case SPAWN_CWD:
		snprintf(out, cap, "cwd '%s': %s", s->cwd, text);
		break;
	case SPAWN_USER:
		snprintf(out, cap, "user '%s': %s", s->user ? s->user : "",
			 text);
		break;
	case SPAWN_LIMIT:
		snprintf(out, cap, "the keeper has no free place (%d)",
			 KEEP_SLOTS_MAX);
		break;
	default:
		snprintf(out, cap, "cannot start (%s): %s",
			 spawn_step_name(step), text);
	}
}
