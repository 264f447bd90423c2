#include "engine/log/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/log/fold.h"
#include "engine/log/spool.h"
#include "tests/lib/test.h"

struct rig {
	char root[64], path[100];
	int dir;
	struct spool *sp;
	struct fold_scratch *scratch;
	struct fold *f;
	struct logfile *lf;
	struct logfile_conf conf;
};

static const struct fold_ops no_ops;

static void
sh(const struct rig *r, const char *cmd)
{
	char line[1000];
	snprintf(line, sizeof line, "cd %s && { %s; }", r->root, cmd);
	if (system(line) != 0) {
		printf("# failed: %s\n", line);
		abort();
	}
}

static void
rig_init(struct rig *r, uint64_t keep, uint64_t rotate)
{
	*r = (struct rig){ .root = "/tmp/sbx-logfile-XXXXXX" };
	if (!mkdtemp(r->root))
		abort();
	sh(r, "mkdir log out");
	snprintf(r->path, sizeof r->path, "%s/log", r->root);
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(r->path, sizeof r->path, "%s/out/a.log", r->root);
	clock_fake(0, 1000);
	r->scratch = fold_scratch_new();
	r->sp = spool_open(r->dir, keep, 1000, NULL);
	r->f = fold_new(r->sp, r->scratch, &no_ops, NULL, 0);
	r->conf = (struct logfile_conf){ .path = r->path,
					 .rotate_bytes = rotate };
	r->lf = logfile_new(r->sp, &r->conf);
}

static void
rig_fini(struct rig *r)
{
	logfile_free(r->lf);
	fold_free(r->f);
	spool_free(r->sp);
	fold_scratch_free(r->scratch);
	close(r->dir);
	char cmd[200];
	snprintf(cmd, sizeof cmd, "rm -rf %s", r->root);
	if (system(cmd) != 0)
		abort();
}

static void
fold_all(struct rig *r)
{
	while (fold_step(r->f, 1 << 20, 1000, 0) == 1)
		;
}

static void
say_bytes(struct rig *r, enum log_stream s, const char *text, size_t len)
{
	spool_append(r->sp, s, text, len);
	fold_all(r);
}

static void
say(struct rig *r, enum log_stream s, const char *text)
{
	say_bytes(r, s, text, strlen(text));
}

static int
copy(struct rig *r)
{
	int rc;
	while ((rc = logfile_step(r->lf)) == 1)
		;
	return rc;
}

/* A new engine. */
static void
again(struct rig *r)
{
	logfile_free(r->lf);
	r->lf = logfile_new(r->sp, &r->conf);
}

/* The content of a file below out, "" if there is none. */
static const char *
content(const struct rig *r, const char *name, size_t *len)
{
	static char *text;
	char path[200];
	snprintf(path, sizeof path, "%s/out/%s", r->root, name);
	free(text);
	text = NULL;
	size_t n = 0, size = 0;
	FILE *f = fopen(path, "r");
	do {
		text = realloc(text, size += 1 << 20);
		if (f)
			n += fread(text + n, 1, size - n - 1, f);
	} while (f && n == size - 1);
	if (f)
		fclose(f);
	text[n] = '\0';
	if (len)
		*len = n;
	return text;
}

TEST(lines_of_all_streams)
{
	struct rig r;
	struct stat st;
	rig_init(&r, 0, 0);
	say(&r, LOG_OUT, "one\ntwo\n");
	say(&r, LOG_ERR, "\033[31mthree\033[m\n");
	say(&r, LOG_OUT, "fo");
	EQ_INT(copy(&r), 0);
	EQ_STR(content(&r, "a.log", NULL), "one\ntwo\n\033[31mthree\033[m\n");
	EQ_INT(stat(r.path, &st), 0);
	EQ_INT(st.st_mode & 07777, 0600);
	say(&r, LOG_OUT, "ur\n");
	say(&r, LOG_PTY, "\033[1mbold\033[m\r\n10%\r20%\r\n");
	EQ_INT(copy(&r), 0);
	EQ_STR(content(&r, "a.log", NULL), "one\ntwo\n\033[31mthree\033[m\n"
	       "four\nbold\n20%\n");
	say_bytes(&r, LOG_OUT, "a\0b\n", 4);
	/* The end of a run ends its line. */
	spool_run_begin(r.sp, 1, 1, 1000);
	say(&r, LOG_OUT, "no end");
	spool_run_end(r.sp, 0, 1000);
	fold_all(&r);
	EQ_INT(copy(&r), 0);
	size_t len;
	const char *text = content(&r, "a.log", &len);
	EQ_MEM(text + len - 11, 11, "a\0b\nno end\n", 11);
	OK(!logfile_trouble(r.lf));
	rig_fini(&r);
}

TEST(a_long_line)
{
	struct rig r;
	size_t len, want = 1000000;
	char *text = mem_alloc(want + 1);
	rig_init(&r, 0, 0);
	for (size_t i = 0; i < want; i++)
		text[i] = (char)('a' + i % 23);
	text[want - 1] = '\n';
	say(&r, LOG_OUT, "before\n");
	say_bytes(&r, LOG_OUT, text, want);
	say_bytes(&r, LOG_OUT, text + want - 65536, 65536);
	say_bytes(&r, LOG_OUT, text + want - 65537, 65537);
	say(&r, LOG_OUT, "behind\n");
	EQ_INT(copy(&r), 0);
	const char *got = content(&r, "a.log", &len);
	EQ_INT(len, 7 + want + 65536 + 65537 + 7);
	OK(memcmp(got + 7, text, want) == 0);
	OK(memcmp(got + 7 + want, text + want - 65536, 65536) == 0);
	EQ_STR(got + len - 7, "behind\n");
	free(text);
	rig_fini(&r);
}

TEST(a_new_engine_goes_on)
{
	struct rig r;
	rig_init(&r, 0, 0);
	say(&r, LOG_OUT, "1\n2\n");
	copy(&r);
	again(&r);
	EQ_INT(copy(&r), 0);
	say(&r, LOG_OUT, "3\n");
	logfile_rest(r.lf);
	EQ_INT(copy(&r), 0);
	EQ_STR(content(&r, "a.log", NULL), "1\n2\n3\n");
	/* Another path has what comes from now on. */
	char other[120];
	snprintf(other, sizeof other, "%s/out/b.log", r.root);
	r.conf.path = other;
	again(&r);
	say(&r, LOG_OUT, "4\n");
	EQ_INT(copy(&r), 0);
	EQ_STR(content(&r, "b.log", NULL), "4\n");
	EQ_STR(content(&r, "a.log", NULL), "1\n2\n3\n");
	rig_fini(&r);
}

TEST(what_others_do_to_the_file)
{
	struct rig r;
	rig_init(&r, 0, 0);
	say(&r, LOG_OUT, "1\n");
	copy(&r);
	sh(&r, "mv out/a.log out/old");
	say(&r, LOG_OUT, "2\n");
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "2\n");
	EQ_STR(content(&r, "old", NULL), "1\n");
	sh(&r, ": >out/a.log");
	say(&r, LOG_OUT, "3\n");
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "3\n");
	sh(&r, "rm out/a.log");
	again(&r);
	say(&r, LOG_OUT, "4\n");
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "4\n");
	sh(&r, ": >out/a.log");
	again(&r);
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "");
	sh(&r, "mv out gone");
	say(&r, LOG_OUT, "5\n");
	copy(&r);
	sh(&r, "rm -r gone; mkdir out");
	say(&r, LOG_OUT, "6\n");
	while (copy(&r) < 0)
		;
	EQ_STR(content(&r, "a.log", NULL), "6\n");
	rig_fini(&r);
}

TEST(what_cannot_be_a_copy)
{
	struct rig r;
	rig_init(&r, 0, 0);
	say(&r, LOG_OUT, "1\n");
	sh(&r, "rmdir out");
	EQ_INT(copy(&r), -ENOENT);
	OK(strstr(logfile_trouble(r.lf)->text, "its directory: No such"));
	OK(strstr(logfile_trouble(r.lf)->hint, "mkdir -p /tmp"));
	sh(&r, "mkdir out; echo safe >safe; ln -s ../safe out/a.log");
	EQ_INT(copy(&r), -ELOOP);
	OK(strstr(logfile_trouble(r.lf)->text, "symbolic link"));
	sh(&r, "rm out/a.log; mkfifo out/a.log");
	EQ_INT(copy(&r), -ENXIO);
	sh(&r, "rm out/a.log; mkdir out/a.log");
	EQ_INT(copy(&r), -EISDIR);
	sh(&r, "rmdir out/a.log; grep -q safe safe");
	EQ_INT(copy(&r), 0);
	OK(!logfile_trouble(r.lf));
	EQ_STR(content(&r, "a.log", NULL), "1\n");
	rig_fini(&r);
}

TEST(what_was_dropped_is_told)
{
	struct rig r;
	char line[120];
	rig_init(&r, 8 * SPOOL_SEGMENT_MIN, 0);
	say(&r, LOG_OUT, "first\n");
	copy(&r);
	uint64_t total = 6;
	for (int i = 0; i < 20000; i++) {
		int n = snprintf(line, sizeof line, "line %0*d\n", 90, i);
		total += (uint64_t)n;
		say(&r, i % 3 ? LOG_OUT : LOG_ERR, line);
	}
	EQ_INT(copy(&r), 0);
	size_t len;
	const char *got = content(&r, "a.log", &len);
	unsigned long long dropped;
	char newline;
	EQ_INT(sscanf(got, "first\n--- sbx: dropped %llu bytes ---%c", &dropped,
		      &newline), 2);
	size_t mark = strcspn(got + 6, "\n") + 1;
	EQ_INT(len - 6 - mark + dropped, total - 6);
	EQ_STR(got + len - 6, "19999\n");
	/* Lost on the way in: told as well. */
	spool_restore_gap(r.sp, &(struct spool_gap){
		.stream = LOG_OUT, .off = spool_end(r.sp, LOG_OUT),
		.bytes = 77 });
	say(&r, LOG_OUT, "end\n");
	EQ_INT(copy(&r), 0);
	got = content(&r, "a.log", &len);
	OK(strstr(got + len - 40, "\n--- sbx: dropped 77 bytes ---\nend\n"));
	rig_fini(&r);
}

TEST(rotation)
{
	struct rig r;
	char line[40];
	rig_init(&r, 0, 1000);
	r.conf.keep = 3;
	again(&r);
	for (int i = 0; i < 500; i++) {
		snprintf(line, sizeof line, "line %04d\n", i);
		say(&r, LOG_OUT, line);
		if (i % 7 == 0)
			EQ_INT(copy(&r), 0);
	}
	EQ_INT(copy(&r), 0);
	/* 100 lines a file. */
	EQ_STR(content(&r, "a.log.4", NULL), "");
	size_t len;
	EQ_INT(strncmp(content(&r, "a.log.3", &len), "line 0100\n", 10), 0);
	EQ_INT(len, 1000);
	EQ_INT(strncmp(content(&r, "a.log.1", &len), "line 0300\n", 10), 0);
	EQ_INT(strncmp(content(&r, "a.log", &len), "line 0400\n", 10), 0);
	EQ_INT(len, 1000);
	/* One that was cut short left a free number. */
	sh(&r, "cd out; mv a.log.2 a.log.3; mv a.log.1 a.log.2");
	say(&r, LOG_OUT, "more\n");
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "more\n");
	EQ_INT(strncmp(content(&r, "a.log.1", &len), "line 0400\n", 10), 0);
	EQ_INT(strncmp(content(&r, "a.log.3", &len), "line 0200\n", 10), 0);
	/* A line is in one file, however long. */
	char *big = mem_alloc(3002);
	memset(big, 'x', 3000);
	big[3000] = '\n';
	say(&r, LOG_OUT, big);
	say(&r, LOG_OUT, "small\n");
	copy(&r);
	EQ_STR(content(&r, "a.log", NULL), "small\n");
	EQ_STR(content(&r, "a.log.1", &len) + 5, big);
	EQ_INT(len, 3006);
	free(big);
	rig_fini(&r);
}

TEST(compression)
{
	struct rig r;
	struct buf cmd = BUF_INIT(10000);
	rig_init(&r, 0, 10);
	sh(&r, "mv out \"o'ut\"");
	snprintf(r.path, sizeof r.path, "%s/o'ut/a.log", r.root);
	r.conf.gzip = true;
	again(&r);
	OK(!logfile_squeeze(r.lf, &cmd));
	for (int i = 0; i < 3; i++) {
		say(&r, LOG_OUT, "0123456789\n");
		EQ_INT(copy(&r), 0);
	}
	OK(logfile_squeeze(r.lf, &cmd));
	OK(!logfile_squeeze(r.lf, &cmd));
	EQ_INT(system(buf_str(&cmd)), 0);
	/* It has another number when it is done. */
	say(&r, LOG_OUT, "abcdefghijk\n");
	EQ_INT(copy(&r), 0);
	logfile_rest(r.lf);
	logfile_squeezed(r.lf, true);
	sh(&r, "cd o*; test ! -e a.log.3; test -e a.log.3.gz; "
	       "zcat a.log.3.gz | grep -q 0123456789; test -e a.log.2; "
	       "test ! -e a.log.gz-part");
	copy(&r);
	buf_clear(&cmd);
	OK(logfile_squeeze(r.lf, &cmd));
	OK(strstr(buf_str(&cmd), "/fd/"));
	/* One that another logfile began, and that was ended for this one. */
	again(&r);
	copy(&r);
	logfile_squeezed(r.lf, false);
	buf_clear(&cmd);
	OK(logfile_squeeze(r.lf, &cmd));
	logfile_squeezed(r.lf, false);
	OK(!logfile_squeeze(r.lf, &cmd));
	sh(&r, "cd o*; test -e a.log.2; gzip -k a.log.2");
	/* One that was complete when an engine ended. */
	say(&r, LOG_OUT, "and again\n");
	EQ_INT(copy(&r), 0);
	buf_clear(&cmd);
	OK(logfile_squeeze(r.lf, &cmd));
	sh(&r, "cd o*; test ! -e a.log.3; test -e a.log.3.gz; "
	       "test -e a.log.4.gz");
	logfile_squeezed(r.lf, false);
	buf_fini(&cmd);
	rig_fini(&r);
}

/* All that is in the copy and its rotated files, oldest first. */
static void
together(const struct rig *r, struct buf *out)
{
	char name[40];
	for (int no = 999; no >= 0; no--) {
		snprintf(name, sizeof name, no ? "a.log.%d" : "a.log", no);
		size_t len;
		char path[200];
		snprintf(path, sizeof path, "%s/out/%s", r->root, name);
		if (access(path, F_OK) != 0)
			continue;
		const char *text = content(r, name, &len);
		buf_add(out, text, len);
	}
}

static void
fill(struct rig *r, struct buf *want)
{
	unsigned seed = 7;
	char *text = mem_alloc(400000);
	for (int i = 0; i < 2000; i++) {
		int len = rand_r(&seed) % 200;
		if (i % 400 == 399)
			len = 300000;
		int n = snprintf(text, 20, "%d ", i);
		memset(text + n, 'a' + i % 26, (size_t)len);
		text[n + len] = '\n';
		text[n + len + 1] = '\0';
		buf_adds(want, text);
		spool_append(r->sp, i % 5 ? LOG_OUT : LOG_ERR, text,
			     strlen(text));
		fold_all(r);
	}
	free(text);
}

/*
 * A file that may not grow further fails in the middle of a write, as a full
 * disk does: what is missing comes later, here or from a new engine.
 */
TEST(a_full_disk)
{
	struct rig r;
	struct rlimit old, lim;
	struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	signal(SIGXFSZ, SIG_IGN);
	rig_init(&r, 0, 0);
	fill(&r, &want);
	getrlimit(RLIMIT_FSIZE, &old);
	for (size_t limit = 1000; limit < want.len; limit += 77777) {
		lim = (struct rlimit){ limit, old.rlim_max };
		setrlimit(RLIMIT_FSIZE, &lim);
		int rc = copy(&r);
		setrlimit(RLIMIT_FSIZE, &old);
		EQ_INT(rc, -EFBIG);
		OK(logfile_trouble(r.lf));
		if (limit % 2)
			again(&r);
	}
	EQ_INT(copy(&r), 0);
	OK(!logfile_trouble(r.lf));
	together(&r, &got);
	EQ_INT(got.len, want.len);
	OK(memcmp(got.data, want.data, want.len) == 0);
	buf_fini(&want);
	buf_fini(&got);
	rig_fini(&r);
}

/* Copiers that are killed at any moment, rotation included. */
TEST(killed_at_any_moment)
{
	struct rig r;
	unsigned seed = 3;
	struct buf want = BUF_INIT(64 << 20), got = BUF_INIT(64 << 20);
	rig_init(&r, 0, 50000);
	r.conf.keep = 1000;
	fill(&r, &want);
	int kills = 0;
	for (int round = 0; kills < 150 || round == 0; round++) {
		if (round == 100)
			TEST_FAIL("only %d kills", kills);
		bool done = false;
		while (!done) {
			fflush(stdout);
			pid_t pid = fork();
			if (pid == 0) {
				again(&r);
				_exit(copy(&r) != 0);
			}
			struct timespec ts = {
				0, (long)(rand_r(&seed) % 2000) * 1000
			};
			nanosleep(&ts, NULL);
			kill(pid, SIGKILL);
			int status;
			waitpid(pid, &status, 0);
			done = WIFEXITED(status);
			kills += !done;
			if (done)
				EQ_INT(WEXITSTATUS(status), 0);
		}
		if (kills < 150)
			fill(&r, &want);
	}
	again(&r);
	EQ_INT(copy(&r), 0);
	together(&r, &got);
	EQ_INT(got.len, want.len);
	OK(memcmp(got.data, want.data, want.len) == 0);
	printf("# %d kills\n", kills);
	buf_fini(&want);
	buf_fini(&got);
	rig_fini(&r);
}

TEST_MAIN()
