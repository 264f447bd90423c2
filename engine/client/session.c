#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/sys.h"
#include "client.h"
#include "conf/option.h"
#include "conf/rcload.h"
#include "conf/set.h"
#include "conf/setfile.h"
#include "spec/setpack.h"
#include "spec/spec.h"

enum {
	LOAD_AGAIN_MAX = 3,	/* engines that die over a set */
	RETRY_US = 300,		/* between two looks for the socket */
	TALK_MAX = 256 * 1024,
	LAST_WORDS = 400,	/* of the engine, quoted when it fails */
	/* The keeper pauses for up to 5 s before it tries again. */
	COMING_BACK_MS = 4 * SESSION_MS,
	EXEC_TRIES = 50,
	EXEC_US = 1000,
};

extern char **environ;

static char *
working_dir(struct err *e)
{
	char *cwd = getcwd(NULL, 0);
	if (!cwd)
		err_set(e, ERR_USAGE, "the working directory: %s",
			strerror(errno));
	return cwd;
}

static char *
anchor_word(const struct session *s)
{
	return mem_fmt("%s:%s", *s->dir.rc_path ? "rc" : "dir", s->dir.key);
}

static void
sleep_us(unsigned us)
{
	struct timespec t = { 0, (long)us * 1000 };
	nanosleep(&t, NULL);
}

static ssize_t
read_small(const char *path, char *out, size_t cap)
{
	int fd = sys_open(path, O_RDONLY | O_NOFOLLOW, 0);
	ssize_t n = fd < 0 ? fd : sys_read(fd, out, cap - 1);

	sys_close(fd);
	out[SBX_MAX(n, 0)] = '\0';
	return n;
}

/* It counts only if the process of that number is one, and of this set. */
int
session_anchor(const struct session *s)
{
	char text[32], proc[64], cmdline[8192], want[8192];

	if (!s->dir.run_dir)
		return 0;
	char *path = mem_fmt("%s/anchor", s->dir.run_dir);
	ssize_t n = read_small(path, text, sizeof text);
	free(path);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;
	if (pid <= 0)
		return 0;
	snprintf(proc, sizeof proc, "/proc/%ld/cmdline", pid);
	/* It has no words for a moment, while exec is at work: as one that
	 * is dead and not reaped yet. */
	for (int tries = 0; tries < EXEC_TRIES; tries++) {
		n = read_small(proc, cmdline, sizeof cmdline);
		if (n != 0)
			break;
		sleep_us(EXEC_US);
	}
	char *word = anchor_word(s);
	int len = snprintf(want, sizeof want, "sbx%c__anchor%c%s", 0, 0,
			   word);
	free(word);
	bool is_it = len > 0 && (size_t)len < sizeof want && n == len + 1 &&
		     memcmp(cmdline, want, (size_t)len) == 0;
	return is_it ? (int)pid : 0;
}

static bool
set_runs(const char *path)
{
	struct session s = { .rc_path = (char *)(uintptr_t)path };

	bool runs = rundir_of_key(&s.dir, true, path, NULL) == 0 &&
		    session_anchor(&s) > 0;
	rundir_fini(&s.dir);
	return runs;
}

/* A set that was started where there was no sbxrc goes on to be that of its
 * directory when one is written there. */
static void
look_for_elder(struct session *s)
{
	struct session elder = { .named = false };

	if (!setfile_is_name(s->rc_path) || session_anchor(s) > 0 ||
	    rundir_of_key(&elder.dir, false, s->dir.dir, NULL) < 0)
		return;
	if (session_anchor(&elder) > 0) {
		rundir_fini(&s->dir);
		s->dir = elder.dir;
	} else {
		rundir_fini(&elder.dir);
	}
}

/* The file of -f, which counts too when it is gone and its set runs. */
static char *
real_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *path = realpath(file, NULL);

	if (path || errno != ENOENT)
		return path;
	char *dir = slash ? mem_strn(file, (size_t)(slash - file) + 1) :
			    mem_str(".");
	char *real = realpath(dir, NULL);
	if (real)
		path = mem_fmt("%s/%s", real[1] ? real : "",
			       slash ? slash + 1 : file);
	else if (file[0] == '/')
		path = mem_str(file);	/* its directory is gone, too */
	if (path && !set_runs(path)) {
		free(path);
		path = NULL;
	}
	free(real);
	free(dir);
	errno = ENOENT;
	return path;
}

int
session_find(struct session *s, const char *file, struct err *e)
{
	const char *sock = getenv("SBX_SOCKET");
	char *cwd = NULL;
	struct stat st;
	int rc = -1;

	*s = (struct session){ .named = file != NULL };
	buf_init(&s->talk, TALK_MAX);
	if (file) {
		s->rc_path = real_file(file);
		if (s->rc_path && stat(s->rc_path, &st) == 0 &&
		    S_ISDIR(st.st_mode)) {
			free(s->rc_path);
			s->rc_path = NULL;
			errno = EISDIR;
		}
		if (!s->rc_path)
			return err_set(e, ERR_USAGE, "'%.300s': %s", file,
				       strerror(errno));
	} else if (sock && sock[0]) {
		s->sock_path = mem_str(sock);
		return 0;
	} else {
		cwd = working_dir(e);
		if (!cwd)
			return -1;
		int r = set_find_rc(cwd, getenv("HOME"), set_runs,
				    &s->rc_path, e);
		if (r < 0 && r != -ENOENT)
			goto out;
	}
	s->gone = s->rc_path && lstat(s->rc_path, &st) < 0;
	rc = s->gone ? rundir_of_key(&s->dir, true, s->rc_path, e) :
		       rundir_init(&s->dir, s->rc_path, cwd, e);
	if (rc == 0 && s->rc_path)
		look_for_elder(s);
	if (rc == 0)
		s->sock_path = mem_str(s->dir.sock_path);
out:
	free(cwd);
	if (rc < 0)
		session_fini(s);
	return rc;
}

void
session_fini(struct session *s)
{
	if (s->dir.key)
		rundir_fini(&s->dir);
	set_free(s->set);
	set_free(s->guess);
	free(s->sock_path);
	free(s->rc_path);
	buf_fini(&s->talk);
	*s = (struct session){ .named = false };
}

int
session_load(struct session *s, struct err *e)
{
	if (s->set)
		return 0;
	if (!s->dir.key) {
		err_set(e, ERR_NO_ENGINE, "no engine answers at '%.300s'",
			s->sock_path);
		return err_hint(e, "SBX_SOCKET is set: it names a running "
				"engine and starts none");
	}
	struct diags *ds = diags_new();
	struct set_request rq = {
		.path = s->rc_path, .dir = s->dir.dir, .trusted = s->named,
		.environment = environ,
		.guess = s->guesses ? &s->guess : NULL,
	};
	const char *outcome = s->outcome ? s->outcome : "nothing was started";
	int r = set_load(&rq, &s->set, ds);
	s->mistakes = diags_errors(ds);
	diags_print(ds, s->rc_path ? s->rc_path : s->dir.dir, outcome,
		    &s->talk);
	if (r < 0) {
		err_set(e, ERR_USAGE, "'%.300s' has %zu mistake%s",
			s->rc_path ? s->rc_path : "the configuration",
			diags_errors(ds), diags_errors(ds) == 1 ? "" : "s");
		err_hint(e, "%s", outcome);
	}
	diags_free(ds);
	return r;
}

/* --- the set on its way to the engine --- */

static char **
pack_settings(const struct options *o)
{
	char **lines = mem_array(OPTION_COUNT + 1, sizeof *lines);

	for (int i = 0; i < OPTION_COUNT; i++)
		lines[i] = mem_fmt("%s %s", option_rows[i].row.name,
				   options_text(o, (enum option_id)i));
	return lines;
}

/* As it would be written for sbx env. */
static char **
pack_env(const struct spec_env *env, size_t count)
{
	char **words = mem_array(count + 1, sizeof *words);

	for (size_t i = 0; i < count; i++)
		words[i] = spec_env_word(&env[i]);
	return words;
}

int
session_pack(const struct session *s, struct buf *out, struct err *e)
{
	const struct set *set = s->set;
	struct setpack pack = {
		.name = set->name ? set->name : s->dir.name,
		.dir = set->dir ? set->dir : s->dir.dir,
		.rc_path = *s->dir.rc_path ? s->dir.rc_path :
			   s->rc_path ? s->rc_path : "",
		.environ = environ,
		.settings = pack_settings(set->options),
		.env = pack_env(set->env, set->env_count),
		.files = set->files,
		.group_count = set->group_count,
		.specs = set->specs,
		.spec_count = set->spec_count,
	};

	/* The rest is borrowed. */
	pack.groups = mem_array(set->group_count + 1, sizeof *pack.groups);
	for (size_t i = 0; i < set->group_count; i++) {
		pack.groups[i].name = set->groups[i].name;
		pack.groups[i].members = set->groups[i].members;
		pack.groups[i].env = pack_env(set->groups[i].env,
					      set->groups[i].env_count);
		pack.groups[i].cwd = set->groups[i].cwd;
	}
	int r = setpack_put(out, &pack);
	for (size_t i = 0; i < set->group_count; i++)
		strv_free(pack.groups[i].env);
	strv_free(pack.settings);
	strv_free(pack.env);
	free(pack.groups);
	if (r < 0)
		return err_set(e, ERR_USAGE, "the set is too large: more than "
			       "%d bytes", SESSION_PACK_MAX);
	return 0;
}

struct loaded {
	bool done;
	struct err err;
};

static void
on_loaded(struct client *c, const struct client_answer *a, void *arg)
{
	struct loaded *l = arg;
	(void)c;

	l->done = true;
	if (a->err)
		l->err = *a->err;
}

static int
load_engine(struct client *c, const struct buf *set, struct err *e)
{
	struct loaded l = { .err = ERR_INIT };
	int rc = 0;
	int r = client_load(c, set, on_loaded, &l);

	if (r < 0)
		rc = err_set(e, ERR_FAILED, "giving the engine its set: %s",
			     strerror(-r));
	if (rc == 0)
		rc = client_wait(c, &l.done, 0, e);
	if (rc == 0 && l.err.code != ERR_NONE) {
		if (e)
			*e = l.err;
		rc = -1;
	}
	return rc;
}

/* --- starting --- */

/*
 * Is there an engine that does not listen at present?  One that was killed
 * is started again by its keeper within milliseconds; a second one beside it
 * would start every process twice.  So the anchor counts.
 */
bool
session_is_coming_back(const struct session *s)
{
	return session_anchor(s) > 0;
}

static struct client *
try_connect(struct session *s, struct loop *l,
	    const struct client_hooks *hooks, void *arg, struct err *e)
{
	struct client *c = client_new(l, s->sock_path, hooks, arg, e);

	if (c && client_wait_hello(c, e) < 0) {
		client_free(c);
		return NULL;
	}
	return c;
}

struct client *
session_connect(struct session *s, struct loop *l,
		const struct client_hooks *hooks, void *arg, struct err *e)
{
	struct err why = ERR_INIT;
	uint64_t at_end_ms = clock_ms() + COMING_BACK_MS;

	for (;;) {
		struct client *c = try_connect(s, l, hooks, arg, &why);
		if (c)
			return c;
		if (why.code != ERR_NO_ENGINE || !session_is_coming_back(s))
			break;
		if (clock_ms() > at_end_ms) {
			err_set(&why, ERR_FAILED, "the engine of '%.300s' "
				"does not answer", s->dir.key);
			err_hint(&why, "see '%.200s/engine.log'",
				 s->dir.state_dir);
			break;
		}
		sleep_us(RETRY_US);
	}
	if (why.code == ERR_NO_ENGINE) {
		err_set(&why, ERR_NO_ENGINE, "no engine runs for '%.300s'",
			s->dir.key ? s->dir.key : s->sock_path);
		if (s->dir.key)
			err_hint(&why, "'sbx up' starts one");
		else
			err_hint(&why, "SBX_SOCKET names it");
	}
	if (e)
		*e = why;
	return NULL;
}

static void
child_exec(const struct session *s, int log_fd, const char *pid_file,
	   const char *word)
{
	const char *program = s->program ? s->program : "/proc/self/exe";
	int null = open("/dev/null", O_RDWR);
	int pid_fd = sys_open(pid_file, O_WRONLY | O_CREAT | O_TRUNC |
			      O_NOFOLLOW, 0600);

	/* This process is the anchor from its exec on. */
	if (pid_fd < 0 || dprintf(pid_fd, "%d\n", getpid()) < 0) {
		dprintf(log_fd, "sbx: '%s': %s\n", pid_file,
			strerror(errno));
		_exit(125);
	}
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(log_fd, 2) < 0)
		_exit(125);
	/* What the caller blocked or ignored must not reach the children. */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	char *argv[] = { "sbx", "__anchor", (char *)(uintptr_t)word, NULL };
	if (s->nofile)
		setrlimit(RLIMIT_NOFILE, s->nofile);
	execv(program, argv);
	dprintf(2, "sbx: starting the engine: %s\n", strerror(errno));
	_exit(125);
}

/*
 * Forked twice, so that it is nobody's child and no session leader's.  When
 * this returns the anchor runs or is dead: its exec closes the pipe.
 */
static int
spawn_anchor(const struct session *s, int log_fd, struct err *e)
{
	int begun[2], r = sys_pipe(begun, 0);
	int rc = 0, status;
	char none;

	if (r < 0)
		return err_set(e, ERR_INTERNAL, "starting the engine: %s",
			       strerror(-r));
	char *word = anchor_word(s);
	char *pid_file = mem_fmt("%s/anchor", s->dir.run_dir);
	fflush(NULL);
	pid_t pid = sys_fork();
	if (pid == 0) {
		setsid();
		pid_t second = fork();
		if (second == 0)
			child_exec(s, log_fd, pid_file, word);
		_exit(second < 0 ? errno : 0);
	}
	if (pid < 0) {
		rc = err_set(e, ERR_INTERNAL, "starting the engine: %s",
			     strerror(-pid));
	} else {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status))
			rc = err_set(e, ERR_INTERNAL, "starting the engine: "
				     "%s", strerror(WEXITSTATUS(status)));
	}
	sys_close(begun[1]);
	(void)sys_read(begun[0], &none, 1);
	sys_close(begun[0]);
	free(pid_file);
	free(word);
	return rc;
}

/* The end of what the engine wrote to its log since off. */
static void
quote_log(int fd, off_t off, const char *path, struct err *e)
{
	char text[LAST_WORDS + 1];
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = SBX_MAX(off, end - LAST_WORDS);
	ssize_t n = sys_pread(fd, text, LAST_WORDS, from);

	text[SBX_MAX(n, 0)] = '\0';
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	char *last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	if (strncmp(last, "sbx: ", 5) == 0)
		last += 5;
	err_set(e, ERR_FAILED, "the engine does not come up%s%s",
		last[0] ? ": " : "", last);
	err_hint(e, "see '%.200s'", path);
}

static struct client *
start_locked(struct session *s, struct loop *l,
	     const struct client_hooks *hooks, void *arg, struct err *e)
{
	uint64_t at_end_ms = clock_ms() + SESSION_MS;
	struct err why = ERR_INIT;

	/* Somebody else may have been faster. */
	struct client *c = try_connect(s, l, hooks, arg, &why);
	if (c)
		return c;
	char *path = mem_fmt("%s/engine.log", s->dir.state_dir);
	int log_fd = sys_open(path, O_RDWR | O_APPEND | O_CREAT, 0600);
	if (log_fd < 0) {
		err_set(e, ERR_FAILED, "'%.300s': %s", path,
			strerror(-log_fd));
		free(path);
		return NULL;
	}
	off_t log_end = lseek(log_fd, 0, SEEK_END);
	int r = spawn_anchor(s, log_fd, e);
	while (r == 0 && !c) {
		/* Looked at first: what it has left behind is complete. */
		bool dead = !session_is_coming_back(s);
		c = try_connect(s, l, hooks, arg, &why);
		if (!c && (why.code != ERR_NO_ENGINE || dead ||
			   clock_ms() > at_end_ms)) {
			if (why.code == ERR_NO_ENGINE)
				quote_log(log_fd, log_end, path, &why);
			if (e)
				*e = why;
			break;
		}
		if (!c)
			sleep_us(RETRY_US);
	}
	sys_close(log_fd);
	free(path);
	return c;
}

/* One client at a time may start an engine for a set. */
static int
take_lock(const struct session *s, struct err *e)
{
	uint64_t at_end_ms = clock_ms() + 2 * SESSION_MS;
	char *path = mem_fmt("%s/start.lock", s->dir.run_dir);
	int fd = sys_open(path, O_RDWR | O_CREAT, 0600);

	if (fd < 0) {
		err_set(e, ERR_FAILED, "'%.300s': %s", path, strerror(-fd));
		free(path);
		return -1;
	}
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EINTR && clock_ms() > at_end_ms) {
			err_set(e, ERR_FAILED, "somebody else has been "
				"starting the engine for %d s",
				2 * SESSION_MS / 1000);
			err_hint(e, "see who holds '%.200s'", path);
			sys_close(fd);
			fd = -1;
			break;
		}
		sleep_us(RETRY_US);
	}
	free(path);
	return fd;
}

/* One that dies before it has answered is followed by one that has the set, or
 * has to be given it once more. */
static struct client *
start_loaded(struct session *s, struct loop *l,
	     const struct client_hooks *hooks, void *arg,
	     const struct buf *set, struct err *e)
{
	struct client *c = start_locked(s, l, hooks, arg, e);

	for (int i = 0; c && !client_hello(c)->loaded_at_ms; i++) {
		struct err why = ERR_INIT;
		if (load_engine(c, set, &why) == 0)
			break;
		client_free(c);
		c = NULL;
		if (why.code == ERR_NO_ENGINE && i < LOAD_AGAIN_MAX)
			c = session_connect(s, l, hooks, arg, &why);
		if (!c && e)
			*e = why;
	}
	return c;
}

/*
 * An engine gets its set from whoever started it, under the same lock: a
 * client that finds one without a set waits for that and looks again.
 */
struct client *
session_start(struct session *s, struct loop *l,
	      const struct client_hooks *hooks, void *arg, struct err *e)
{
	struct err why = ERR_INIT;
	struct client *c = session_connect(s, l, hooks, arg, &why);

	if (c && client_hello(c)->loaded_at_ms)
		return c;
	client_free(c);
	if (!c && why.code != ERR_NO_ENGINE) {
		if (e)
			*e = why;
		return NULL;
	}
	struct buf set = BUF_INIT(SESSION_PACK_MAX);
	c = NULL;
	/* Packed first: no engine is started for a set it cannot be given. */
	if (session_load(s, e) < 0 || session_pack(s, &set, e) < 0 ||
	    rundir_make(&s->dir, e) < 0)
		goto out;
	int lock = take_lock(s, e);
	if (lock < 0)
		goto out;
	c = start_loaded(s, l, hooks, arg, &set, e);
	sys_close(lock);
out:
	buf_fini(&set);
	return c;
}
