/* How processes are started, and how they fail to start. */

#include "tests/lib/keeprig.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char dir[64];

static void
make_dir(void)
{
	snprintf(dir, sizeof dir, "/tmp/sbx-spawn-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	chmod(dir, 0755);
}

static void
drop_dir(void)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	if (system(cmd) != 0)
		abort();
}

static const char *
make_file(const char *name, const void *data, size_t len, mode_t mode)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
	chmod(path, mode);
	return path;
}

#define OUT(r, slot) buf_str(&rig_run(r, slot)->out[KEEP_FD_STDOUT])

TEST(all_exit_codes)
{
	struct rig r;
	char no[16];

	EQ_INT(rig_start(&r), 0);
	for (int i = 0; i < 256; i++) {
		snprintf(no, sizeof no, "%d", i);
		EQ_INT(rig_zoo_plain(&r, "exit", no, NULL), i + 1);
	}
	for (int i = 0; i < 256; i++) {
		struct rig_run *run = rig_run(&r, i + 1);
		RIG_WAIT(&r, run->exited);
		OK(run->started);
		OK(WIFEXITED(run->exit.status));
		EQ_INT(WEXITSTATUS(run->exit.status), i);
	}
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

TEST(all_signals)
{
	struct rig r;
	char no[16];
	int spawned[32] = { 0 };

	EQ_INT(rig_start(&r), 0);
	for (int i = 1; i < 32; i++) {
		/* Those do nothing or stop by default. */
		if (i == SIGCHLD || i == SIGCONT || i == SIGURG ||
		    i == SIGWINCH || i == SIGSTOP || i == SIGTSTP ||
		    i == SIGTTIN || i == SIGTTOU)
			continue;
		snprintf(no, sizeof no, "%d", i);
		spawned[i] = (int)rig_zoo_plain(&r, "signal", no, NULL);
	}
	for (int i = 1; i < 32; i++) {
		if (!spawned[i])
			continue;
		struct rig_run *run = rig_run(&r, spawned[i]);
		RIG_WAIT(&r, run->exited);
		OK(WIFSIGNALED(run->exit.status));
		EQ_INT(WTERMSIG(run->exit.status), i);
	}
	EQ_INT(rig_stop(&r), 0);
}

/* Starts argv in cwd and expects the failure. */
static void
expect_failure(struct rig *r, char *const *argv, char *const *envp,
	       const char *cwd, int step, int error)
{
	struct spawn_req q;

	spawn_req_init(&q);
	q.argv = argv;
	q.envp = envp;
	q.cwd = cwd;
	uint64_t slot = rig_spawn(r, &q);
	OK(slot != 0);
	struct rig_run *run = rig_run(r, slot);
	RIG_WAIT(r, run->failed || run->exited);
	OK(!run->started);
	if (run->step != step || run->error != error)
		TEST_FAIL("%s: %s %s, not %s %s", argv[0],
			  spawn_step_name(run->step), strerror(run->error),
			  spawn_step_name(step), strerror(error));
}

#define FAILS(path, step, error)                                               \
	do {                                                                   \
		char *argv_[] = { (char *)(uintptr_t)(path), NULL };           \
		expect_failure(&r, argv_, env, NULL, step, error);             \
		if (test_failed)                                               \
			return;                                                \
	} while (0)

TEST(exec_failures_are_told)
{
	struct rig r;
	char path_var[128];
	static const unsigned char elf[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1, 0 };

	make_dir();
	snprintf(path_var, sizeof path_var, "PATH=/none:%s:/usr/bin", dir);
	char *env[] = { path_var, NULL };
	EQ_INT(rig_start(&r), 0);
	FAILS("/none/there", SPAWN_EXEC, ENOENT);
	FAILS("no-such-program", SPAWN_EXEC, ENOENT);
	FAILS("", SPAWN_EXEC, ENOENT);
	FAILS("/etc/passwd/x", SPAWN_EXEC, ENOTDIR);
	FAILS(dir, SPAWN_EXEC, EACCES);
	FAILS(make_file("plain", "x\n", 2, 0644), SPAWN_EXEC, EACCES);
	/* Found but not allowed is better to tell than not found. */
	FAILS("plain", SPAWN_EXEC, EACCES);
	FAILS(make_file("binary", elf, sizeof elf, 0755), SPAWN_EXEC, ENOEXEC);
	FAILS(make_file("interp", "#!/none/x\n", 10, 0755), SPAWN_INTERP,
	      ENOENT);
	FAILS("interp", SPAWN_INTERP, ENOENT);
	int fd = open(make_file("busy", elf, sizeof elf, 0755), O_WRONLY);
	FAILS(make_file("busy", "", 0, 0755), SPAWN_EXEC, ETXTBSY);
	close(fd);
	char loop[128];
	snprintf(loop, sizeof loop, "%s/loop", dir);
	EQ_INT(symlink(loop, loop), 0);
	FAILS(loop, SPAWN_EXEC, ELOOP);

	char *cat[] = { "cat", NULL };
	expect_failure(&r, cat, env, "/none", SPAWN_CWD, ENOENT);
	expect_failure(&r, cat, env, "/etc/passwd", SPAWN_CWD, ENOTDIR);
	/* One string may be 128 KiB at most. */
	char *big = mem_alloc(3 << 20);
	memset(big, 'x', (3 << 20) - 1);
	char *large[] = { "cat", big, NULL };
	expect_failure(&r, large, env, NULL, SPAWN_EXEC, E2BIG);
	free(big);
	/* No process, no descriptor is left of all that. */
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
	drop_dir();
}

TEST(program_that_exits_127_was_started)
{
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "exit", "127", NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->exited);
	OK(rig_run(&r, slot)->started);
	OK(!rig_run(&r, slot)->failed);
	EQ_INT(WEXITSTATUS(rig_run(&r, slot)->exit.status), 127);
	EQ_INT(rig_stop(&r), 0);
}

TEST(script_without_interpreter_line_runs)
{
	struct rig r;
	struct spawn_req q;
	char path_var[128];

	make_dir();
	make_file("script", "echo $0 $1; exit 9\n", 19, 0755);
	snprintf(path_var, sizeof path_var, "PATH=%s:/usr/bin:/bin", dir);
	char *env[] = { path_var, NULL };
	char *argv[] = { "script", "word", NULL };
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	uint64_t slot = rig_spawn(&r, &q);
	RIG_WAIT(&r, rig_run(&r, slot)->exited &&
			     rig_run(&r, slot)->eof[KEEP_FD_STDOUT]);
	EQ_INT(WEXITSTATUS(rig_run(&r, slot)->exit.status), 9);
	char want[160];
	snprintf(want, sizeof want, "%s/script word\n", dir);
	EQ_STR(OUT(&r, slot), want);
	EQ_INT(rig_stop(&r), 0);
	drop_dir();
}

TEST(child_inherits_nothing)
{
	struct rig r;
	sigset_t block;

	/* What the starter has must not reach the children. */
	struct { unsigned long handler, rest[15]; } ignore = { 1, { 0 } };
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	/* Some make leaves this one, which signal(3) cannot name, ignored. */
	syscall(SYS_rt_sigaction, 32, &ignore, NULL, 8UL);
	sigfillset(&block);
	sigdelset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	int stray = dup(1);
	EQ_INT(rig_start(&r), 0);
	uint64_t fds = rig_zoo_plain(&r, "fds", NULL, NULL);
	uint64_t status = rig_zoo_plain(&r, "status", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, fds)->eof[KEEP_FD_STDOUT]);
	RIG_WAIT(&r, rig_run(&r, status)->eof[KEEP_FD_STDOUT]);
	EQ_STR(OUT(&r, fds), "0 1 2 \n");
	OK(strstr(OUT(&r, status), "SigBlk:\t0000000000000000\n"));
	OK(strstr(OUT(&r, status), "SigIgn:\t0000000000000000\n"));
	close(stray);
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	EQ_INT(rig_stop(&r), 0);
}

TEST(limits_mask_and_priority)
{
	struct rig r;
	struct spawn_req q;
	struct rlimit was;
	char *env[] = { "PATH=/usr/bin:/bin", NULL };
	char *argv[] = { "/bin/sh", "-c",
			 "ulimit -n; ulimit -c; umask; nice; echo $SBX_ID; "
			 "pwd", NULL };
	struct spawn_rlimit limits[] = { { RLIMIT_CORE, 0, 0 } };

	getrlimit(RLIMIT_NOFILE, &was);
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	q.umask = 027;
	q.set_nice = true;
	q.nice = 5;
	q.rlimits = limits;
	q.nrlimits = 1;
	q.cwd = "/usr";
	uint64_t slot = rig_spawn(&r, &q);
	RIG_WAIT(&r, rig_run(&r, slot)->eof[KEEP_FD_STDOUT]);
	char want[160];
	snprintf(want, sizeof want, "%llu\n0\n0027\n5\n%016llx\n/usr\n",
		 (unsigned long long)was.rlim_cur,
		 (unsigned long long)q.tag);
	EQ_STR(OUT(&r, slot), want);
	/* A limit that is refused is a start error. */
	struct spawn_rlimit bad[] = { { 9999, 1, 1 } };
	q.rlimits = bad;
	slot = rig_spawn(&r, &q);
	RIG_WAIT(&r, rig_run(&r, slot)->failed);
	EQ_INT(rig_run(&r, slot)->step, SPAWN_RLIMIT);
	EQ_INT(rig_run(&r, slot)->error, EINVAL);
	EQ_INT(rig_stop(&r), 0);
}

TEST(tag_is_in_the_limit)
{
	struct rig r;
	uint64_t limit = 0;

	EQ_INT(rig_start(&r), 0);
	uint64_t slot = rig_zoo_plain(&r, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	EQ_INT(procfs_rttime(rig_run(&r, slot)->pid, &limit), 0);
	OK(limit == rig_run(&r, slot)->tag);
	EQ_INT(rig_stop(&r), 0);
}

TEST(other_user_has_no_way_back)
{
	struct rig r;
	struct spawn_req q;
	const gid_t groups[] = { 65534, 100 };

	if (geteuid() != 0)
		SKIP_TEST("needs root");
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.set_ids = true;
	q.uid = q.gid = 65534;
	q.groups = groups;
	q.ngroups = 2;
	uint64_t slot = rig_zoo_run(&r, &q, "no-way-back", NULL, NULL);
	uint64_t ids = rig_zoo_run(&r, &q, "status", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->eof[KEEP_FD_STDOUT]);
	RIG_WAIT(&r, rig_run(&r, ids)->eof[KEEP_FD_STDOUT]);
	EQ_STR(OUT(&r, slot), "uid 65534 gid 65534\n");
	OK(strstr(OUT(&r, ids), "Groups:\t100 65534 \n"));
	/* A directory that only root may enter is closed to him. */
	make_dir();
	chmod(dir, 0700);
	q.cwd = dir;
	slot = rig_zoo_run(&r, &q, "wait", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->failed);
	EQ_INT(rig_run(&r, slot)->step, SPAWN_CWD);
	EQ_INT(rig_run(&r, slot)->error, EACCES);
	drop_dir();
	/* The parent-death signal is there although the user has changed. */
	q.cwd = NULL;
	slot = rig_zoo_run(&r, &q, "ignore", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->started);
	EQ_INT(rig_stop(&r), 0);
	EQ_INT(rig_survivors(), 0);
}

TEST(user_is_refused_to_others_than_root)
{
	struct spawn_req q;
	char *argv[] = { "/bin/true", NULL }, *env[] = { NULL };
	int p[2];

	if (geteuid() != 0)
		SKIP_TEST("needs root");
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	q.set_ids = true;
	q.uid = q.gid = 1;
	EQ_INT(pipe(p), 0);
	pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(1);
		struct spawn_job *job;
		struct buf b = BUF_INIT(SPAWN_PAYLOAD_MAX);
		if (spawn_pack(&q, &b) < 0)
			_exit(1);
		struct spawn_payload packed = { -1, b.data, b.len };
		if (spawn_job_read(&packed, &job) < 0)
			_exit(1);
		struct spawn_child_conf c = {
			.parent = self, .job = job, .in = -1,
			.out = 1, .err = 2, .notify = -1, .status = p[1],
			.master = -1,
		};
		getrlimit(RLIMIT_NOFILE, &c.nofile);
		spawn_child(&c);
	}
	struct spawn_fail f = { 0, 0 };
	EQ_INT(read(p[0], &f, sizeof f), sizeof f);
	EQ_INT(f.step, SPAWN_USER);
	EQ_INT(f.error, EPERM);
	EQ_INT(waitpid(pid, NULL, 0), pid);
	close(p[0]);
	close(p[1]);
}

TEST(stdin_pipe_and_its_end)
{
	struct rig r;
	struct spawn_req q;

	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.stdin_kind = SPAWN_STDIN_PIPE;
	uint64_t slot = rig_zoo_run(&r, &q, "cat", NULL, NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->started);
	EQ_INT(write(run->fds.fd[KEEP_FD_STDIN], "abc\n", 4), 4);
	RIG_WAIT(&r, run->out[KEEP_FD_STDOUT].len == 4);
	/* Both copies must go before the child sees the end. */
	keep_fds_close(&run->fds, 1u << KEEP_FD_STDIN);
	keeplink_close(r.link, slot, 1u << KEEP_FD_STDIN);
	RIG_WAIT(&r, run->exited && run->eof[KEEP_FD_STDOUT]);
	EQ_STR(OUT(&r, slot), "abc\neof 4\n");
	/* No stdin: end of file at once. */
	slot = rig_zoo_plain(&r, "cat", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, slot)->eof[KEEP_FD_STDOUT]);
	EQ_STR(OUT(&r, slot), "eof 0\n");
	EQ_INT(rig_stop(&r), 0);
}

TEST(stderr_joined_or_apart)
{
	struct rig r;
	struct spawn_req q;
	char *argv[] = { "/bin/sh", "-c", "echo out; echo err >&2", NULL };
	char *env[] = { NULL };

	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	uint64_t joined = rig_spawn(&r, &q);
	q.stderr_apart = true;
	uint64_t apart = rig_spawn(&r, &q);
	RIG_WAIT(&r, rig_run(&r, joined)->eof[KEEP_FD_STDOUT]);
	RIG_WAIT(&r, rig_run(&r, apart)->eof[KEEP_FD_STDOUT] &&
			     rig_run(&r, apart)->eof[KEEP_FD_STDERR]);
	EQ_STR(OUT(&r, joined), "out\nerr\n");
	EQ_STR(OUT(&r, apart), "out\n");
	EQ_STR(buf_str(&rig_run(&r, apart)->out[KEEP_FD_STDERR]), "err\n");
	EQ_INT(rig_stop(&r), 0);
}

TEST(terminal_is_controlling_and_sized)
{
	struct rig r;
	struct spawn_req q;

	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.tty = true;
	q.stdin_kind = SPAWN_STDIN_TTY;
	q.rows = 33;
	q.cols = 101;
	uint64_t slot = rig_zoo_run(&r, &q, "tty", NULL, NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->exited && run->eof[KEEP_FD_PTY]);
	EQ_STR(buf_str(&run->out[KEEP_FD_PTY]),
	       "tty 111 ctty 1 leader 1 foreground 1 size 33x101\r\n"
	       "errors\r\n");
	q.stderr_apart = true;
	slot = rig_zoo_run(&r, &q, "tty", NULL, NULL);
	run = rig_run(&r, slot);
	RIG_WAIT(&r, run->eof[KEEP_FD_PTY] && run->eof[KEEP_FD_STDERR]);
	OK(strstr(buf_str(&run->out[KEEP_FD_PTY]), "tty 110 ctty 1"));
	EQ_STR(buf_str(&run->out[KEEP_FD_STDERR]), "errors\n");
	EQ_INT(rig_stop(&r), 0);
}

TEST(terminal_keeps_the_last_bytes)
{
	struct rig r;
	struct spawn_req q;

	/* Not read before the child is dead: EIO comes after all bytes. */
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.tty = true;
	q.stdin_kind = SPAWN_STDIN_TTY;
	r.reading = false;
	uint64_t slot = rig_zoo_run(&r, &q, "print", "300", NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->exited);
	r.reading = true;
	RIG_WAIT(&r, run->eof[KEEP_FD_PTY]);
	OK(strstr(buf_str(&run->out[KEEP_FD_PTY]), "line 300\r\n"));
	EQ_INT(rig_stop(&r), 0);
}

TEST(terminal_belongs_to_the_user)
{
	struct rig r;
	struct spawn_req q;
	char *argv[] = { "/bin/sh", "-c", "stat -c %u:%a $(tty); : >/dev/tty; "
			 "echo $?", NULL };
	char *env[] = { "PATH=/usr/bin:/bin", NULL };

	if (geteuid() != 0)
		SKIP_TEST("needs root");
	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.argv = argv;
	q.envp = env;
	q.tty = true;
	q.stdin_kind = SPAWN_STDIN_TTY;
	q.set_ids = true;
	q.uid = q.gid = 65534;
	uint64_t slot = rig_spawn(&r, &q);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->eof[KEEP_FD_PTY]);
	EQ_STR(buf_str(&run->out[KEEP_FD_PTY]), "65534:600\r\n0\r\n");
	EQ_INT(rig_stop(&r), 0);
}

TEST(notify_descriptor)
{
	struct rig r;
	struct spawn_req q;
	char *env[] = { "SBX_NOTIFY_FD=3", NULL };

	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.notify = true;
	q.envp = env;
	uint64_t slot = rig_zoo_run(&r, &q, "notify", "READY=1", NULL);
	struct rig_run *run = rig_run(&r, slot);
	RIG_WAIT(&r, run->out[KEEP_FD_NOTIFY].len > 0);
	EQ_STR(buf_str(&run->out[KEEP_FD_NOTIFY]), "READY=1\n");
	uint64_t fds = rig_zoo_run(&r, &q, "fds", NULL, NULL);
	RIG_WAIT(&r, rig_run(&r, fds)->eof[KEEP_FD_STDOUT]);
	EQ_STR(OUT(&r, fds), "0 1 2 3 \n");
	EQ_INT(rig_stop(&r), 0);
}

/* Small ones come with the message, large ones as a file. */
TEST(a_request_arrives_whole_whatever_its_size)
{
	static const size_t sizes[] = {
		KEEP_BEHIND_MAX / 2, KEEP_BEHIND_MAX - 300, KEEP_BEHIND_MAX,
		KEEP_BEHIND_MAX + 300, 100000,
	};
	struct rig r;

	EQ_INT(rig_start(&r), 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *word = mem_alloc(sizes[i] + 1), text[32];
		char *argv[] = { "sh", "-c", "printf %s ${#1}", "sh", word,
				 NULL };
		struct spawn_req q;
		memset(word, 'x', sizes[i]);
		snprintf(text, sizeof text, "%zu", sizes[i]);
		spawn_req_init(&q);
		q.argv = argv;
		uint64_t slot = rig_spawn(&r, &q);
		RIG_WAIT(&r, rig_run(&r, slot)->exited);
		EQ_STR(OUT(&r, slot), text);
		free(word);
	}
	EQ_INT(rig_stop(&r), 0);
}

TEST(bad_requests_are_refused_at_once)
{
	struct rig r;
	struct spawn_req q;
	char *none[] = { NULL };

	EQ_INT(rig_start(&r), 0);
	spawn_req_init(&q);
	q.slot = 1;
	EQ_INT(keeplink_spawn(r.link, &q), -EINVAL);
	q.argv = none;
	EQ_INT(keeplink_spawn(r.link, &q), -EINVAL);
	char *big = mem_alloc(SPAWN_PAYLOAD_MAX + 1);
	memset(big, 'x', SPAWN_PAYLOAD_MAX);
	char *argv[] = { big, NULL };
	q.argv = argv;
	EQ_INT(keeplink_spawn(r.link, &q), -E2BIG);
	free(big);
	EQ_INT(rig_stop(&r), 0);
}

TEST_MAIN()
