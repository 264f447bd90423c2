#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "pty.h"

enum {
	STATUS_FD = SPAWN_NOTIFY_FD + 1,
	FIRST_FREE_FD = STATUS_FD + 1,
	PARKING_FD = 16,	/* sources wait above the places they go to */
	WORDS_MAX = 1 << 20,
	SCRIPT_WINDOW = 128,
};

static const char *const step_names[SPAWN_STEPS] = {
	[SPAWN_OK] = "ok",
	[SPAWN_LIMIT] = "limit",
	[SPAWN_PIPE] = "pipe",
	[SPAWN_TTY] = "tty",
	[SPAWN_FORK] = "fork",
	[SPAWN_REQUEST] = "request",
	[SPAWN_SETUP] = "setup",
	[SPAWN_NICE] = "nice",
	[SPAWN_RLIMIT] = "rlimit",
	[SPAWN_USER] = "user",
	[SPAWN_CWD] = "cwd",
	[SPAWN_EXEC] = "exec",
	[SPAWN_INTERP] = "interpreter",
};

/* A request that was read: words and cwd point into data. */
struct spawn_job {
	struct spawn_req req;
	char *data;
	char **words;		/* a place for a shell, then argv */
	char **argv, **envp;
	gid_t *groups;
	struct spawn_rlimit *rlimits;
};

/* The child may share the memory of its parent: it allocates nothing. */
struct child {
	const struct spawn_child_conf *conf;
	struct spawn_job *job;
};

/* By spawn_note_signals(). */
static bool is_default[NSIG];

static SBX_NORETURN void
give_up(int status_fd, enum spawn_step step, int error)
{
	struct spawn_fail f = { (int32_t)step, error < 0 ? -error : error };

	sys_write_all(status_fd, &f, sizeof f);
	_exit(127);
}

/* SBX_ID goes first: readers of /proc look at the head of the block only. */
static char **
env_with_id(const struct spawn_req *r)
{
	size_t count = 0, kept = 0;

	while (r->envp && r->envp[count])
		count++;
	char **v = mem_array(count + 2, sizeof *v);
	v[kept++] = mem_fmt("SBX_ID=%016llx", (unsigned long long)r->tag);
	for (size_t i = 0; i < count; i++)
		if (strncmp(r->envp[i], "SBX_ID=", 7) != 0)
			v[kept++] = r->envp[i];
	return v;
}

static int
pack_into(struct buf *b, const struct spawn_req *r)
{
	char **env = env_with_id(r);

	int bad = msg_put_u64(b, r->tag);
	bad |= msg_put_strv(b, r->argv);
	bad |= msg_put_strv(b, env);
	bad |= msg_put_str(b, r->cwd ? r->cwd : "/");
	bad |= msg_put_u8(b, r->set_ids);
	bad |= msg_put_u32(b, r->uid);
	bad |= msg_put_u32(b, r->gid);
	bad |= msg_put_u32(b, (uint32_t)r->ngroups);
	for (size_t i = 0; i < r->ngroups; i++)
		bad |= msg_put_u32(b, r->groups[i]);
	bad |= msg_put_i64(b, r->umask);
	bad |= msg_put_u8(b, r->set_nice);
	bad |= msg_put_i64(b, r->nice);
	bad |= msg_put_u32(b, (uint32_t)r->nrlimits);
	for (size_t i = 0; i < r->nrlimits; i++) {
		bad |= msg_put_u32(b, (uint32_t)r->rlimits[i].resource);
		bad |= msg_put_u64(b, r->rlimits[i].soft);
		bad |= msg_put_u64(b, r->rlimits[i].hard);
	}
	free(env[0]);
	free(env);
	return bad ? -E2BIG : 0;
}

/* A list of words, with places in front; NULL: none, or no memory. */
static char **
take_words(struct msg_reader *r, size_t spare)
{
	uint32_t count = msg_u32(r);

	/* Each word takes at least five bytes: no count can outgrow them. */
	if (r->bad || count > WORDS_MAX || count > (r->len - r->off) / 5) {
		r->bad = true;
		return NULL;
	}
	char **v = calloc(spare + count + 1, sizeof *v);
	for (uint32_t i = 0; v && i < count; i++)
		v[spare + i] = (char *)(uintptr_t)msg_str_nn(r);
	return v;
}

static int
take_lists(struct spawn_job *j, struct msg_reader *r)
{
	struct spawn_req *q = &j->req;

	q->ngroups = msg_u32(r);
	if (q->ngroups > SPAWN_GROUPS_MAX)
		return -EPROTO;
	j->groups = calloc(q->ngroups + 1, sizeof *j->groups);
	for (size_t i = 0; j->groups && i < q->ngroups; i++)
		j->groups[i] = msg_u32(r);
	q->umask = (int)msg_i64(r);
	q->set_nice = msg_u8(r);
	q->nice = (int)msg_i64(r);
	q->nrlimits = msg_u32(r);
	if (q->nrlimits > SPAWN_RLIMITS_MAX)
		return -EPROTO;
	j->rlimits = calloc(q->nrlimits + 1, sizeof *j->rlimits);
	for (size_t i = 0; j->rlimits && i < q->nrlimits; i++) {
		j->rlimits[i].resource = (int)msg_u32(r);
		j->rlimits[i].soft = msg_u64(r);
		j->rlimits[i].hard = msg_u64(r);
	}
	return 0;
}

static int
unpack_from(struct spawn_job *j, size_t len)
{
	struct spawn_req *q = &j->req;
	struct msg_reader r;

	msg_open(&r, j->data, len);
	q->tag = msg_u64(&r);
	j->words = take_words(&r, 1);
	j->argv = j->words ? j->words + 1 : NULL;
	j->envp = take_words(&r, 0);
	if (!r.bad && (!j->words || !j->envp))
		return -ENOMEM;
	q->cwd = msg_str_nn(&r);
	q->set_ids = msg_u8(&r);
	q->uid = msg_u32(&r);
	q->gid = msg_u32(&r);
	int e = take_lists(j, &r);
	if (e == 0 && (!j->groups || !j->rlimits))
		return -ENOMEM;
	return e == 0 && msg_done(&r) && j->argv[0] ? 0 : -EPROTO;
}

static int
read_file(int fd, char *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = sys_pread(fd, data + at, len - at, (int64_t)at);
		if (n <= 0)
			return n < 0 ? (int)n : -EPROTO;
		at += (size_t)n;
	}
	return 0;
}

/* The keeper must not die of it: no mapping, and no mem_alloc. */
static int
read_data(const struct spawn_payload *p, struct spawn_job *j, size_t *len)
{
	struct stat st = { .st_size = (off_t)p->len };

	int r = p->fd >= 0 ? sys_fstat(p->fd, &st) : 0;
	if (r < 0)
		return r;
	if (st.st_size <= 0 || st.st_size > SPAWN_PAYLOAD_MAX)
		return -EPROTO;
	*len = (size_t)st.st_size;
	j->data = malloc(*len);
	if (!j->data)
		return -ENOMEM;
	if (p->fd >= 0)
		return read_file(p->fd, j->data, *len);
	memcpy(j->data, p->data, *len);
	return 0;
}

/*
 * The parent may have died before prctl had its effect, and a change of user
 * takes the setting away: so this runs twice, each time with the check.
 */
static int
die_with_parent(const struct child *c)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getppid() != c->conf->parent)
		_exit(127);
	return 0;
}

/* A copy of fd that the descriptors 0 to 4 cannot overwrite. */
static int
park(int fd)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, PARKING_FD);

	return r < 0 ? -errno : r;
}

static int
place(int fd, int where)
{
	return dup2(fd, where) < 0 ? -errno : 0;
}

/* in[] holds parked descriptors for 0, 1, 2 and for the notify place. */
static int
place_all(const int in[4], int *status)
{
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++)
		r = place(in[i], i);
	if (r == 0 && in[3] >= 0)
		r = place(in[3], SPAWN_NOTIFY_FD);
	if (r < 0)
		return r;
	if (dup3(*status, STATUS_FD, O_CLOEXEC) < 0)
		return -errno;
	*status = STATUS_FD;
	if (in[3] < 0)
		sys_close(SPAWN_NOTIFY_FD);
	/* Everything of the keeper has CLOEXEC, yet exec may take its time. */
	if (close_range(FIRST_FREE_FD, ~0U, 0) < 0 && errno != ENOSYS)
		return -errno;
	return 0;
}

/*
 * They are pipes of the keeper, which is root: to /dev/stderr, where the
 * program opens it once more, the owner of the pipe counts.
 */
static int
give_away(const struct child *c, const int *fds, size_t count)
{
	if (!c->job->req.set_ids || geteuid() != 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0 &&
		    fchown(fds[i], c->job->req.uid, (gid_t)-1) < 0)
			return -errno;
	return 0;
}

/* Opens what has to be opened and moves it all where the program wants it. */
static int
set_descriptors(const struct child *c, int *status)
{
	const struct spawn_child_conf *f = c->conf;
	int src[4] = { f->in, f->out, f->err, f->notify };
	int slave = -1;

	int r = give_away(c, src, ARRAY_LEN(src));
	if (r < 0)
		return r;
	if (f->master >= 0) {
		slave = pty_slave(f->master);
		if (slave < 0)
			return slave;
		r = pty_claim(slave);
		if (r < 0)
			return r;
		/* As login does, or the program could not open /dev/pts/N. */
		if (c->job->req.set_ids && geteuid() == 0 &&
		    (fchown(slave, c->job->req.uid, (gid_t)-1) < 0 ||
		     fchmod(slave, 0600) < 0))
			return -errno;
	}
	if (src[0] < 0 && f->in_tty)
		src[0] = slave;
	if (src[0] < 0)
		src[0] = sys_open("/dev/null", O_RDWR, 0);
	if (src[0] < 0)
		return src[0];
	for (int i = 1; i < 3; i++)
		if (src[i] < 0)
			src[i] = slave >= 0 ? slave : src[i - 1];
	for (int i = 0; i < 4; i++) {
		if (src[i] < 0 && i == 3)
			break;
		src[i] = park(src[i]);
		if (src[i] < 0)
			return src[i];
	}
	int high = park(*status);
	if (high < 0)
		return high;
	*status = high;
	return place_all(src, status);
}

static int
set_rlimits(const struct child *c)
{
	struct rlimit l, now;

	/* Back to what it was, as far as somebody has not lowered ours. */
	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return -errno;
	l.rlim_max = SBX_MIN(c->conf->nofile.rlim_max, now.rlim_max);
	l.rlim_cur = SBX_MIN(c->conf->nofile.rlim_cur, l.rlim_max);
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		return -errno;
	for (size_t i = 0; i < c->job->req.nrlimits; i++) {
		__rlimit_resource_t what = (__rlimit_resource_t)
			c->job->rlimits[i].resource;
		if (getrlimit(what, &now) < 0)
			return -errno;
		/* Of a hard one that is higher only what may be had. */
		l.rlim_cur = c->job->rlimits[i].soft;
		l.rlim_max = SBX_MIN(c->job->rlimits[i].hard, now.rlim_max);
		l.rlim_max = SBX_MAX(l.rlim_max, l.rlim_cur);
		if (setrlimit(what, &l) < 0)
			return -errno;
	}
	/* Refused where a lower limit is inherited: then SBX_ID must do. */
	if (c->job->req.tag) {
		l.rlim_cur = l.rlim_max = c->job->req.tag;
		setrlimit(RLIMIT_RTTIME, &l);
	}
	return 0;
}

/* True when the uid or gid could still be changed to that of root. */
static bool
way_back(const struct child *c)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return true;
	if (r != c->job->req.uid || e != r || s != r)
		return true;
	if (rg != c->job->req.gid || eg != rg || sg != rg)
		return true;
	if (c->job->req.uid == 0)
		return false;
	if (syscall(SYS_setresuid, -1, 0, -1) == 0 ||
	    syscall(SYS_setuid, 0) == 0)
		return true;
	return c->job->req.gid != 0 &&
		(syscall(SYS_setresgid, -1, 0, -1) == 0 ||
		 syscall(SYS_setgid, 0) == 0);
}

static int
set_user(const struct child *c)
{
	const struct spawn_req *q = &c->job->req;

	if (!q->set_ids)
		return 0;
	if (geteuid() != 0)
		return q->uid == getuid() && q->gid == getgid() ? 0 : -EPERM;
	/* The C library's own do it for all threads: of the parent, here. */
	if (syscall(SYS_setgroups, q->ngroups, c->job->groups) < 0 ||
	    syscall(SYS_setresgid, q->gid, q->gid, q->gid) < 0 ||
	    syscall(SYS_setresuid, q->uid, q->uid, q->uid) < 0)
		return -errno;
	return way_back(c) ? -EPERM : 0;
}

/* A file that exec does not know: a script without "#!", or no program? */
static bool
looks_like_script(const char *path)
{
	char head[SCRIPT_WINDOW];

	int fd = sys_open(path, O_RDONLY, 0);
	if (fd < 0)
		return false;
	ssize_t n = sys_read(fd, head, sizeof head);
	sys_close(fd);
	if (n < 0)
		return false;
	const char *line_end = memchr(head, '\n', (size_t)n);
	size_t len = line_end ? (size_t)(line_end - head) : (size_t)n;
	return !memchr(head, '\0', len);
}

/* Returns only on failure: the errno; *step where it is not exec itself. */
static int
try_exec(struct child *c, const char *path, enum spawn_step *step)
{
	int error = -sys_exec(path, c->job->argv, c->job->envp);
	if (error == ENOENT && access(path, F_OK) == 0)
		*step = SPAWN_INTERP;
	if (error != ENOEXEC || !looks_like_script(path))
		return error;

	static char shell[] = "/bin/sh";
	char **v = c->job->words, *name = v[1];
	v[0] = shell;
	v[1] = (char *)(uintptr_t)path;
	error = -sys_exec(shell, v, c->job->envp);
	v[1] = name;
	return error;
}

static const char *
env_value(char *const *envp, const char *name, const char *otherwise)
{
	size_t len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return otherwise;
}

/* As execvp does it, but in the child's own PATH. */
static int
exec_by_path(struct child *c, enum spawn_step *step)
{
	const char *name = c->job->argv[0];
	char path[4096];
	int error = ENOENT;

	if (!*name)
		return ENOENT;
	if (strchr(name, '/'))
		return try_exec(c, name, step);
	const char *p = env_value(c->job->envp, "PATH", "/bin:/usr/bin");
	for (;; p++) {
		size_t len = strcspn(p, ":");
		int n = snprintf(path, sizeof path, "%.*s/%s",
				 len ? (int)len : 1, len ? p : ".", name);
		if (n > 0 && (size_t)n < sizeof path &&
		    (access(path, F_OK) == 0 || errno != ENOENT)) {
			int r = try_exec(c, path, step);
			if (r == EACCES)
				error = r;	/* unless a later one works */
			else if (r != ENOENT && r != ENOTDIR && r != ESTALE &&
				 r != ENODEV && r != ETIMEDOUT) {
				*step = SPAWN_EXEC;
				return r;
			}
		}
		p += len;
		if (!*p)
			break;
	}
	if (error != ENOENT)
		*step = SPAWN_EXEC;
	return error;
}

void
spawn_req_init(struct spawn_req *r)
{
	memset(r, 0, sizeof *r);
	r->umask = -1;
}

/* As the kernel has it: the handler comes first in all of its layouts. */
static void
signal_call(int signo, const unsigned long *new, unsigned long *old)
{
	/*
	 * Not by signal(3): it refuses the two signals that the C library
	 * keeps for itself, and a parent may have left those ignored.
	 */
	syscall(SYS_rt_sigaction, signo, new, old, (size_t)NSIG / 8);
}

void
spawn_note_signals(void)
{
	for (int s = 1; s < NSIG; s++) {
		unsigned long old[16] = { 1 };
		signal_call(s, NULL, old);
		is_default[s] = old[0] == 0;
	}
}

void
spawn_reset_signals(void)
{
	/* A zero of any layout: default action, no flags, empty mask. */
	const unsigned long zero[16] = { 0 };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		if (!is_default[s])
			signal_call(s, zero, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int
spawn_pack(const struct spawn_req *r, struct buf *out)
{
	if (!r->argv || !r->argv[0] || r->nrlimits > SPAWN_RLIMITS_MAX ||
	    r->ngroups > SPAWN_GROUPS_MAX)
		return -EINVAL;
	return pack_into(out, r);
}

void
spawn_job_free(struct spawn_job *j)
{
	if (!j)
		return;
	free(j->data);
	free(j->words);
	free(j->envp);
	free(j->groups);
	free(j->rlimits);
	free(j);
}

int
spawn_job_read(const struct spawn_payload *p, struct spawn_job **out)
{
	struct spawn_job *j = calloc(1, sizeof *j);
	size_t len;

	*out = NULL;
	if (!j)
		return -ENOMEM;
	int r = read_data(p, j, &len);
	if (r == 0)
		r = unpack_from(j, len);
	if (r == 0)
		*out = j;
	else
		spawn_job_free(j);
	return r;
}

void
spawn_child(const struct spawn_child_conf *conf)
{
	struct child c = { .conf = conf, .job = conf->job };
	struct spawn_job *job = conf->job;
	int status = conf->status;
	enum spawn_step step = SPAWN_SETUP;

	spawn_reset_signals();
	int r = setsid() < 0 ? -errno : die_with_parent(&c);
	if (r < 0)
		goto fail;
	step = conf->master >= 0 ? SPAWN_TTY : SPAWN_SETUP;
	if ((r = set_descriptors(&c, &status)) < 0)
		goto fail;
	if (job->req.umask >= 0)
		umask((mode_t)job->req.umask);
	step = SPAWN_NICE;
	if (job->req.set_nice &&
	    setpriority(PRIO_PROCESS, 0, job->req.nice) < 0) {
		r = -errno;
		goto fail;
	}
	step = SPAWN_RLIMIT;
	if ((r = set_rlimits(&c)) < 0)
		goto fail;
	step = SPAWN_USER;
	if ((r = set_user(&c)) < 0 || (r = die_with_parent(&c)) < 0)
		goto fail;
	/* As the user that it is to be: what he may not enter, it may not. */
	step = SPAWN_CWD;
	if (chdir(job->req.cwd) < 0) {
		r = -errno;
		goto fail;
	}
	step = SPAWN_EXEC;
	r = exec_by_path(&c, &step);
fail:
	give_up(status, step, r);
}

const char *
spawn_step_name(enum spawn_step s)
{
	return s < SPAWN_STEPS && step_names[s] ? step_names[s] : "unknown";
}
