#include "engine/probe/filewatch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/loop.h"
#include "engine/probe/fileguard.h"
#include "tests/lib/test.h"

struct rig {
	char root[64];
	const char *name;	/* the last part of it */
	struct loop *loop;
	struct filewatch *w;
	struct filewatch_set *set;
	int calls;
	char got[4000];		/* paths in order of the alphabet */
	uint64_t more;
	bool lost;
	struct err trouble;
	int troubles;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
on_changed(void *arg, const struct filewatch_change *c)
{
	struct rig *r = arg;
	const char *v[FILEWATCH_PATHS];
	memcpy(v, c->paths, c->count * sizeof *v);
	qsort(v, c->count, sizeof *v, by_name);
	for (size_t i = 0; i < c->count; i++) {
		strcat(r->got, r->got[0] ? " " : "");
		strcat(r->got, v[i]);
	}
	r->more += c->more;
	r->lost |= c->lost;
	r->calls++;
}

static void
on_trouble(void *arg, const struct err *e)
{
	struct rig *r = arg;
	r->trouble = *e;
	r->troubles++;
}

static const struct filewatch_ops ops = { on_changed, on_trouble };

static void
sh(const struct rig *r, const char *fmt, ...)
{
	char cmd[2000], line[2200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(cmd, sizeof cmd, fmt, ap);
	va_end(ap);
	snprintf(line, sizeof line, "cd %s && { %s; }", r->root, cmd);
	if (system(line) != 0) {
		printf("# failed: %s\n", line);
		abort();
	}
}

static void
rig_init(struct rig *r, const char *prepare)
{
	/* In memory where there is some: a disk takes its time with 10,000
	 * directories. */
	*r = (struct rig){ .root = "/dev/shm/sbx-filewatch-XXXXXX" };
	if (!mkdtemp(r->root)) {
		snprintf(r->root, sizeof r->root, "/tmp/sbx-filewatch-XXXXXX");
		if (!mkdtemp(r->root))
			abort();
	}
	r->name = strrchr(r->root, '/') + 1;
	sh(r, "%s", prepare);
	r->loop = loop_new();
	r->w = filewatch_new(r->loop);
}

static void
settle(struct rig *r)
{
	while (!filewatch_is_settled(r->set))
		loop_turn(r->loop, 100000);
}

static void
rig_watch(struct rig *r, const char *globs)
{
	char copy[500], *v[20];
	size_t n = 0;
	struct err e = ERR_INIT;
	snprintf(copy, sizeof copy, "%s", globs);
	for (char *p = strtok(copy, " "); p; p = strtok(NULL, " "))
		v[n++] = p;
	v[n] = NULL;
	/* What was done before is a tick of the file system's clock ago. */
	uint64_t t = clock_ms();
	while (clock_ms() < t + 20)
		;
	r->set = filewatch_add(r->w, r->root, v, 40, &ops, r, &e);
	if (!r->set) {
		printf("# %s\n", e.text);
		abort();
	}
	settle(r);
}

static void
rig_fini(struct rig *r)
{
	filewatch_free(r->w);
	loop_free(r->loop);
	char cmd[200];
	snprintf(cmd, sizeof cmd, "chmod -R u+rwX %s; rm -rf %s", r->root,
		 r->root);
	if (system(cmd) != 0)
		abort();
}

/* Waits for the next call and gives its paths. */
static const char *
next(struct rig *r)
{
	r->got[0] = '\0';
	r->more = 0;
	for (int had = r->calls; r->calls == had;)
		loop_turn(r->loop, 1000000);
	return r->got;
}

/* Nothing is told of but what is done now. */
static const char *
only(struct rig *r, const char *file)
{
	sh(r, "echo >>%s", file);
	return next(r);
}

TEST(written_files)
{
	struct rig r;
	rig_init(&r, "mkdir src; echo >src/a.c; echo >src/a.h");
	rig_watch(&r, "src/**/*.c");
	sh(&r, "echo x >src/a.c");
	EQ_STR(next(&r), "src/a.c");
	sh(&r, "echo x >src/a.h; echo x >b.c");
	EQ_STR(only(&r, "src/new.c"), "src/new.c");
	/* Reading is no change. */
	sh(&r, "cat src/a.c >/dev/null; ls -R >/dev/null");
	EQ_STR(only(&r, "src/a.c"), "src/a.c");
	sh(&r, "rm src/a.c");
	EQ_STR(next(&r), "src/a.c");
	sh(&r, "mv src/new.c src/old.c");
	EQ_STR(next(&r), "src/new.c src/old.c");
	sh(&r, "ln -s nowhere src/l.c; ln src/old.c src/h.c");
	EQ_STR(next(&r), "src/h.c src/l.c");
	EQ_INT(r.calls, 6);
	rig_fini(&r);
}

/* How editors save; each is one change. */
TEST(editors)
{
	struct rig r;
	rig_init(&r, "echo 1 >a.c");
	rig_watch(&r, "*");
	/* vim with and without backup */
	sh(&r, "echo >4913; rm 4913; mv a.c a.c~; echo 2 >a.c; "
	       "rm a.c~; echo >.a.c.swp; rm .a.c.swp");
	EQ_STR(next(&r), "a.c");
	sh(&r, "echo 3 >a.c");
	EQ_STR(next(&r), "a.c");
	/* write elsewhere, fsync, rename */
	sh(&r, "echo 4 >.goutputstream-1; sync .goutputstream-1; "
	       "mv .goutputstream-1 a.c");
	EQ_STR(next(&r), "a.c");
	/* emacs: lock, backup, autosave */
	sh(&r, "ln -s me@here.1 .#a.c; cp a.c a.c~; echo 5 >'#a.c#'; "
	       "rm '#a.c#'; echo 5 >a.c; rm .#a.c");
	EQ_STR(next(&r), "a.c");
	/* truncate, then write after a while */
	FILE *f = fopen("/dev/null", "w");
	char path[100];
	snprintf(path, sizeof path, "%s/a.c", r.root);
	f = freopen(path, "w", f);
	sh(&r, "echo >b.c");
	EQ_STR(next(&r), "b.c");
	fputs("text\n", f);
	fclose(f);
	EQ_STR(next(&r), "a.c");
	EQ_INT(r.calls, 6);
	rig_fini(&r);
}

TEST(new_directories)
{
	struct rig r;
	rig_init(&r, "mkdir src");
	rig_watch(&r, "src/**/*.c !src/build");
	/* Files may be there before anybody watches. */
	sh(&r, "mkdir -p src/a/b/c; echo >src/a/b/c/x.c");
	EQ_STR(next(&r), "src/a/b/c/x.c");
	settle(&r);
	EQ_STR(only(&r, "src/a/b/y.c"), "src/a/b/y.c");
	sh(&r, "mkdir -p src/build/d; echo >src/build/d/x.c");
	EQ_STR(only(&r, "src/a/z.c"), "src/a/z.c");
	size_t before = filewatch_dirs(r.w);
	sh(&r, "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p src/n$i/m; "
	       "echo >src/n$i/m/f.c; done");
	EQ_STR(next(&r), "src/n1/m/f.c src/n2/m/f.c src/n3/m/f.c "
	       "src/n4/m/f.c src/n5/m/f.c src/n6/m/f.c src/n7/m/f.c "
	       "src/n8/m/f.c src/n9/m/f.c");
	EQ_INT(filewatch_dirs(r.w), before + 18);
	/* Removed, and made again. */
	sh(&r, "rm -r src/n[2-9]");
	next(&r);
	EQ_INT(filewatch_dirs(r.w), before + 2);
	sh(&r, "rm -r src/n1; mkdir -p src/n1/m; echo >src/n1/m/f.c");
	EQ_STR(next(&r), "src/n1/m/f.c");
	settle(&r);
	EQ_STR(only(&r, "src/n1/m/g.c"), "src/n1/m/g.c");
	EQ_INT(filewatch_dirs(r.w), before + 2);
	rig_fini(&r);
}

TEST(moved_trees)
{
	struct rig r;
	rig_init(&r, "mkdir -p src/a/b other/o; echo >src/a/b/x.c; "
		 "echo >other/o/y.c");
	rig_watch(&r, "src/**/*.c");
	sh(&r, "mv src/a src/z");
	EQ_STR(next(&r), "src/a src/z/b/x.c");
	EQ_STR(only(&r, "src/z/b/x.c"), "src/z/b/x.c");
	sh(&r, "mv other/o src/o");
	EQ_STR(next(&r), "src/o/y.c");
	EQ_STR(only(&r, "src/o/y.c"), "src/o/y.c");
	size_t dirs = filewatch_dirs(r.w);
	sh(&r, "mv src/z other/z");
	EQ_STR(next(&r), "src/z");
	EQ_INT(filewatch_dirs(r.w), dirs - 2);
	/* What has left is watched no more. */
	sh(&r, "echo >other/z/b/x.c");
	EQ_STR(only(&r, "src/o/y.c"), "src/o/y.c");
	/* Two change places. */
	sh(&r, "mkdir -p src/p; echo >src/p/p.c");
	next(&r);
	sh(&r, "mv src/p src/t; mv src/o src/p; mv src/t src/o");
	next(&r);
	settle(&r);
	EQ_STR(only(&r, "src/o/p.c"), "src/o/p.c");
	EQ_STR(only(&r, "src/p/y.c"), "src/p/y.c");
	rig_fini(&r);
}

TEST(what_comes_and_goes_as_a_whole)
{
	struct rig r;
	char glob[8192];
	rig_init(&r, "mkdir p");
	/* A base that is not there yet, outside of the directory. */
	snprintf(glob, sizeof glob, "gen/*.h %s/../%s-x/*.c", r.root,
		 r.name);
	rig_watch(&r, glob);
	sh(&r, "mkdir gen; echo >gen/a.h");
	EQ_STR(next(&r), "gen/a.h");
	sh(&r, "rm -r gen; mkdir gen; echo >gen/b.h");
	EQ_STR(next(&r), "gen/a.h gen/b.h");
	sh(&r, "mkdir ../%s-x; echo >../%s-x/a.c", r.name, r.name);
	snprintf(glob, sizeof glob, "%s-x/a.c", r.root);
	EQ_STR(next(&r), glob);
	sh(&r, "mv ../%s-x ../%s-y", r.name, r.name);
	snprintf(glob, sizeof glob, "%s-x", r.root);
	EQ_STR(next(&r), glob);
	sh(&r, "mkdir ../%s-x; echo >../%s-x/b.c", r.name, r.name);
	snprintf(glob, sizeof glob, "%s-x/b.c", r.root);
	EQ_STR(next(&r), glob);
	sh(&r, "rm -r ../%s-[xy]", r.name);
	next(&r);
	rig_fini(&r);
}

TEST(links_are_not_followed)
{
	struct rig r;
	rig_init(&r, "mkdir -p src out/d; ln -s ../out src/out; "
		 "ln -s . src/self; echo >out/d/x.c");
	rig_watch(&r, "src/**/*.c");
	EQ_INT(filewatch_dirs(r.w), 2);
	sh(&r, "echo >out/d/x.c; ln -s ../out src/again");
	EQ_STR(only(&r, "src/y.c"), "src/y.c");
	EQ_INT(filewatch_dirs(r.w), 2);
	rig_fini(&r);
}

TEST(changes_since_the_beginning)
{
	struct rig r;
	rig_init(&r, "mkdir -p a/b/c; echo >a/b/c/old.c");
	r.set = NULL;
	char *globs[] = { "**/*.c", NULL };
	uint64_t t = clock_ms();
	while (clock_ms() < t + 20)
		;
	r.set = filewatch_add(r.w, r.root, globs, 40, &ops, &r, NULL);
	OK(!filewatch_is_settled(r.set));
	t = clock_ms();
	while (clock_ms() < t + 20)
		;
	/* Not looked at yet. */
	sh(&r, "echo >a/b/c/new.c");
	EQ_STR(next(&r), "a/b/c/new.c");
	rig_fini(&r);
}

TEST(what_the_engine_writes)
{
	struct rig r;
	char path[100];
	rig_init(&r, "mkdir logs state");
	snprintf(path, sizeof path, "%s/logs/a.log", r.root);
	filewatch_ignore(r.w, path);
	filewatch_ignore(r.w, path);
	snprintf(path, sizeof path, "%s/state", r.root);
	filewatch_ignore(r.w, path);
	rig_watch(&r, "**");
	EQ_INT(filewatch_dirs(r.w), 2);
	sh(&r, "echo >logs/a.log; mv logs/a.log logs/a.log.1; echo >state/x; "
	       "mkdir state/d; echo >state/d/e");
	EQ_STR(only(&r, "logs/a.logs"), "logs/a.logs");
	rig_fini(&r);
}

TEST(many_at_once)
{
	struct rig r;
	rig_init(&r, "mkdir src");
	rig_watch(&r, "src/*");
	sh(&r, "i=0; while [ $i -lt 100 ]; do echo >src/f$i; i=$((i+1)); "
	       "done; echo >src/f0");
	uint64_t told = 0;
	for (;;) {
		next(&r);
		told += r.more;
		for (char *p = r.got; *p; p++)
			told += *p == ' ';
		told += 1;
		if (told >= 100)
			break;
	}
	OK(!r.lost);
	rig_fini(&r);
}

TEST(sets_share_a_directory)
{
	struct rig r, other[20];
	char *globs[] = { "*.c", NULL };
	struct filewatch_set *sets[20];
	rig_init(&r, ":");
	rig_watch(&r, "*.h");
	for (int i = 0; i < 20; i++) {
		memset(&other[i], 0, sizeof other[i]);
		sets[i] = filewatch_add(r.w, r.root, globs, 40, &ops,
					&other[i], NULL);
	}
	sh(&r, "echo >a.c; echo >a.h");
	EQ_STR(next(&r), "a.h");
	for (int i = 0; i < 20; i++)
		while (!other[i].calls)
			loop_turn(r.loop, 100000);
	EQ_STR(other[19].got, "a.c");
	for (int i = 0; i < 19; i++)
		filewatch_drop(sets[i]);
	other[19].calls = 0;
	sh(&r, "echo >b.c");
	while (!other[19].calls)
		loop_turn(r.loop, 100000);
	filewatch_drop(sets[19]);
	filewatch_drop(NULL);
	EQ_STR(only(&r, "b.h"), "b.h");
	EQ_INT(filewatch_dirs(r.w), 1);
	rig_fini(&r);
}

static int
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST(nothing_is_left_open)
{
	struct rig r;
	rig_init(&r, "mkdir -p a/b; echo >a/b/x");
	int before = count_fds();
	for (int i = 0; i < 3; i++) {
		rig_watch(&r, "**");
		OK(count_fds() == before + 1);
		filewatch_drop(r.set);
		EQ_INT(count_fds(), before);
		EQ_INT(filewatch_dirs(r.w), 0);
	}
	/* In the middle of looking through. */
	char *globs[] = { "**", NULL };
	r.set = filewatch_add(r.w, r.root, globs, 1, &ops, &r, NULL);
	filewatch_drop(r.set);
	EQ_INT(count_fds(), before);
	struct err e = ERR_INIT;
	globs[0] = (char *)"!a";
	OK(!filewatch_add(r.w, r.root, globs, 1, &ops, &r, &e));
	EQ_INT(count_fds(), before);
	rig_fini(&r);
}

/* A user namespace has limits of its own: in a child, so that they end with
 * it.  Returns the child's answer, or -1 where there are none. */
static int
with_limits(const char *what, const char *value, int (*fn)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		char path[100];
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		snprintf(path, sizeof path, "/proc/sys/user/%s", what);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, value, strlen(value)) < 0)
			_exit(77);
		close(fd);
		_exit(fn());
	}
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 99;
	return WEXITSTATUS(status) == 77 ? -1 : WEXITSTATUS(status);
}

static int
few_watches(void)
{
	struct rig r;
	rig_init(&r, "mkdir -p a b c d e f g h");
	char *globs[] = { "**", NULL };
	r.set = filewatch_add(r.w, r.root, globs, 1, &ops, &r, NULL);
	if (!r.set)
		return 1;
	settle(&r);
	while (!r.troubles)
		loop_turn(r.loop, 100000);
	if (!strstr(r.trouble.text, "not all directories") ||
	    !strstr(r.trouble.hint, "max_user_watches"))
		return 2;
	size_t dirs = filewatch_dirs(r.w);
	if (dirs < 2 || dirs > 5)
		return 3;
	/* The rest is watched all the same. */
	if (strcmp(only(&r, "x"), "x") != 0)
		return 4;
	if (r.troubles != 1)
		return 5;
	rig_fini(&r);
	return 0;
}

static int
no_instance(void)
{
	struct rig r;
	struct err e = ERR_INIT;
	rig_init(&r, ":");
	char *globs[] = { "**", NULL };
	if (filewatch_add(r.w, r.root, globs, 1, &ops, &r, &e))
		return 1;
	if (!strstr(e.hint, "max_user_instances"))
		return 2;
	rig_fini(&r);
	return 0;
}

TEST(limits_of_the_system)
{
	int rc = with_limits("max_inotify_watches", "5", few_watches);
	if (rc < 0)
		SKIP_TEST("no user namespaces");
	EQ_INT(rc, 0);
	EQ_INT(with_limits("max_inotify_instances", "0", no_instance), 0);
}

/* More events than the kernel's queue has: all is looked through again. */
TEST(an_overflow)
{
	struct rig r;
	long queue = 16384;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	if (f && fscanf(f, "%ld", &queue) != 1)
		queue = 16384;
	if (f)
		fclose(f);
	if (queue > 100000)
		SKIP_TEST("the queue is too long");
	rig_init(&r, "mkdir -p src/a");
	rig_watch(&r, "src/**/*.c");
	char a[100], b[100];
	snprintf(a, sizeof a, "%s/src/x", r.root);
	snprintf(b, sizeof b, "%s/src/y", r.root);
	close(open(a, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	for (long i = 0; i < queue / 4 + 10; i++)
		if (rename(a, b) < 0 || rename(b, a) < 0)
			abort();
	sh(&r, "mkdir -p src/new/d; rmdir src/a");
	EQ_STR(next(&r), "");
	OK(r.lost);
	EQ_INT(r.calls, 1);
	settle(&r);
	EQ_INT(filewatch_dirs(r.w), 4);
	r.lost = false;
	EQ_STR(only(&r, "src/new/d/x.c"), "src/new/d/x.c");
	OK(!r.lost);
	rig_fini(&r);
}

TEST(ten_thousand_directories)
{
	struct rig r;
	rig_init(&r, "mkdir src; cd src; for i in $(seq 100); do mkdir $i; "
		 "(cd $i; mkdir $(seq 100)); done; echo >50/50/x.c");
	rig_watch(&r, "src/**/*.c");
	EQ_INT(filewatch_dirs(r.w), 10102);
	EQ_STR(only(&r, "src/99/7/a.c"), "src/99/7/a.c");
	EQ_STR(only(&r, "src/50/50/x.c"), "src/50/50/x.c");
	sh(&r, "mv src/50 src/x50; echo >src/x50/51/y.c; rm -r src/1?");
	do
		next(&r);
	while (!filewatch_is_settled(r.set));
	EQ_INT(filewatch_dirs(r.w), 10102 - 1010);
	EQ_STR(only(&r, "src/x50/50/x.c"), "src/x50/50/x.c");
	rig_fini(&r);
}

/* A random storm; then every directory that is there is watched. */
TEST(after_a_storm_all_is_watched)
{
	struct rig r;
	unsigned seed = 1;
	char cmd[300], file[200], want[100];
	rig_init(&r, "mkdir -p t/a/b t/b/c t/c");
	rig_watch(&r, "t/**/*.c");
	for (int i = 0; i < 150; i++) {
		const char *const names = "abcd";
		char p[3][16];
		for (int k = 0; k < 3; k++)
			snprintf(p[k], sizeof p[k], "t/%c/%c",
				 names[rand_r(&seed) % 4],
				 names[rand_r(&seed) % 4]);
		switch (rand_r(&seed) % 5) {
		case 0:
			snprintf(cmd, sizeof cmd, "rm -rf %s", p[0]);
			break;
		case 1:
			snprintf(cmd, sizeof cmd, "rm -rf %.3s", p[0]);
			break;
		case 2:
			snprintf(cmd, sizeof cmd, "mv -T %s %s 2>/dev/null || "
				 ":", p[0], p[1]);
			break;
		default:
			snprintf(cmd, sizeof cmd, "mkdir -p %s/%c %s",
				 p[0], 'a' + (char)(rand_r(&seed) % 4), p[2]);
		}
		sh(&r, "%s", cmd);
		if (rand_r(&seed) % 3 == 0)
			loop_turn(r.loop, 0);
	}
	/* The storm is told of, and calm comes. */
	sh(&r, "echo >t/end.c");
	while (!strstr(next(&r), "t/end.c"))
		;
	settle(&r);
	sh(&r, "find t -type d >list");
	snprintf(want, sizeof want, "%s/list", r.root);
	FILE *f = fopen(want, "r");
	char line[100];
	size_t dirs = 1;
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		dirs++;
		snprintf(file, sizeof file, "%s/z.c", line);
		if (strcmp(only(&r, file), file) != 0)
			TEST_FAIL("%s, not %s", r.got, file);
	}
	fclose(f);
	OK(dirs > 5);
	EQ_INT(filewatch_dirs(r.w), dirs);
	rig_fini(&r);
}

TEST(a_loop_is_held)
{
	struct fileguard g = { 0 };
	uint64_t now = 100000;
	/* It writes when it begins. */
	for (int i = 0; i < FILEGUARD_RUNS; i++, now += 800)
		EQ_INT(fileguard_step(&g, now, 500), FILEGUARD_RESTART);
	EQ_INT(fileguard_step(&g, now, 500), FILEGUARD_HOLD);
	EQ_INT(fileguard_step(&g, now + 900, 1400), FILEGUARD_HELD);
	/* Each one keeps it held, calm lets it go. */
	now += 900 + FILEGUARD_CALM_MS - 1;
	EQ_INT(fileguard_step(&g, now, 12000), FILEGUARD_HELD);
	now += FILEGUARD_CALM_MS;
	EQ_INT(fileguard_step(&g, now, 30000), FILEGUARD_RESTART);
	/* Every twenty seconds of its life. */
	fileguard_reset(&g);
	for (int i = 0; i < FILEGUARD_RUNS; i++, now += 20000)
		EQ_INT(fileguard_step(&g, now, 20000 + (uint64_t)i * 37),
		       FILEGUARD_RESTART);
	EQ_INT(fileguard_step(&g, now, 19900), FILEGUARD_HOLD);
}

TEST(a_person_is_no_loop)
{
	static const uint64_t ages[] = {
		4000, 9000, 2500, 7000, 30000, 1500, 2500, 5000, 8000, 3000,
	};
	struct fileguard g = { 0 };
	uint64_t now = 100000;
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 10; i++) {
			now += ages[i];
			EQ_INT(fileguard_step(&g, now, ages[i]),
			       FILEGUARD_RESTART);
		}
	/* Every two minutes by the clock is no loop either. */
	for (int i = 0; i < 20; i++) {
		now += 120000;
		EQ_INT(fileguard_step(&g, now, 120000), FILEGUARD_RESTART);
	}
}

TEST_MAIN()
