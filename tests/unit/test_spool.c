#include "engine/log/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/log/fold.h"
#include "engine/log/logread.h"
#include "tests/lib/test.h"

#define SEG SPOOL_SEGMENT_MIN

static const struct fold_ops no_ops;

static int
make_dir(char *path)
{
	strcpy(path, "/tmp/sbx-spool-XXXXXX");
	if (!mkdtemp(path))
		abort();
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
drop_dir(const char *path, int dir)
{
	spool_wipe(dir);
	close(dir);
	rmdir(path);
}

static void
fold_all(struct spool *sp)
{
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &no_ops, NULL, 0);
	while (fold_step(f, 1 << 20, 1000, 0) == 1)
		;
	/* A gap at the end is told when it has been quiet for a while. */
	while (fold_step(f, 1 << 20, 1000, 5000) == 1)
		;
	fold_free(f);
	fold_scratch_free(x);
}

/* Lines as text, one stream after the other as the index has them. */
static void
dump(int dir, struct buf *out, uint64_t *lost)
{
	struct logread *lr = logread_open(dir, NULL);
	struct logline l;
	buf_clear(out);
	*lost = 0;
	for (uint64_t seq = logread_first_seq(lr);
	     seq < logread_next_seq(lr); seq++) {
		if (logread_line(lr, seq, 1 << 20, &l) != 1) {
			buf_adds(out, "missing\n");
			continue;
		}
		*lost += l.dropped_bytes;
		if (l.flags & LOGLINE_CUT)
			*lost += l.full_len - l.len -
				!(l.flags & LOGLINE_PARTIAL);
		buf_addf(out, "%d%s ", l.stream,
			 l.flags & LOGLINE_GAP ? "GAP" :
			 l.flags & LOGLINE_PARTIAL ? "~" : "");
		buf_add(out, l.text, l.len);
		buf_addc(out, '\n');
	}
	logread_free(lr);
}

TEST(splice_moves_a_pipe)
{
	char path[64], got[100];
	int dir = make_dir(path), p[2];
	struct spool *sp = spool_open(dir, 0, 1, NULL);
	OK(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 1000), -EAGAIN);
	EQ_INT(write(p[1], "hello\0\xff\n", 8), 8);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 1000), 8);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 1000), -EAGAIN);
	EQ_INT(write(p[1], "more", 4), 4);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 2), 2);
	close(p[1]);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 1000), 2);
	EQ_INT(spool_splice(sp, LOG_OUT, p[0], 1000), 0);
	EQ_INT(spool_end(sp, LOG_OUT), 12);
	EQ_INT(spool_read(sp, LOG_OUT, 0, got, 100), 12);
	EQ_MEM(got, 12, "hello\0\xff\nmore", 12);
	EQ_INT(spool_read(sp, LOG_OUT, 12, got, 100), 0);
	EQ_INT(spool_splice(sp, LOG_OUT, -1, 10), -EBADF);
	EQ_INT(spool_gap_bytes(sp), 0);
	close(p[0]);
	spool_free(sp);
	drop_dir(path, dir);
}

TEST(what_splice_refuses_is_copied)
{
	char path[64], got[10], name[80];
	int dir = make_dir(path);
	snprintf(name, sizeof(name), "%s/file", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EQ_INT(write(fd, "text", 4), 4);
	lseek(fd, 0, SEEK_SET);
	struct spool *sp = spool_open(dir, 0, 1, NULL);
	EQ_INT(spool_splice(sp, LOG_ERR, fd, 100), -EINVAL);
	EQ_INT(spool_copy(sp, LOG_ERR, fd, 100), 4);
	EQ_INT(spool_copy(sp, LOG_ERR, fd, 100), 0);
	EQ_INT(spool_read(sp, LOG_ERR, 0, got, 10), 4);
	EQ_MEM(got, 4, "text", 4);
	close(fd);
	spool_free(sp);
	drop_dir(path, dir);
}

TEST(files_are_private)
{
	char path[64], name[80];
	int dir = make_dir(path);
	struct spool *sp = spool_open(dir, 0, 1, NULL);
	spool_run_begin(sp, 1, 2, 3);
	spool_append(sp, LOG_OUT, "x\n", 2);
	static const char *const files[] = { "000001.out", "000001.idx",
		"runs" };
	for (size_t i = 0; i < 3; i++) {
		struct stat st;
		snprintf(name, sizeof(name), "%s/%s", path, files[i]);
		OK(stat(name, &st) == 0);
		EQ_INT(st.st_mode & 0777, 0600);
	}
	snprintf(name, sizeof(name), "%s/000001.err", path);
	OK(access(name, F_OK) < 0);
	spool_free(sp);
	drop_dir(path, dir);
}

/* A little log with everything in it; three segments. */
static void
make_log(int dir)
{
	struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &no_ops, NULL, 0);
	for (int run = 1; run <= 3; run++) {
		spool_run_begin(sp, (uint64_t)run, run, run);
		for (int i = 0; i < 6; i++) {
			char t[64];
			snprintf(t, sizeof(t), "run %d line %d\n%s", run, i,
				 i % 2 ? "half" : "");
			spool_append(sp, i % 3 ? LOG_OUT : LOG_ERR, t,
				     strlen(t));
		}
		spool_append(sp, LOG_PTY, "\033[?1049hx\n\033[?1049lp\r\n",
			     21);
		spool_run_end(sp, 0, run);
		spool_append(sp, LOG_OUT, "over", 4);
		while (fold_step(f, 1000, 1000, 0) == 1)
			;
		spool_rotate(sp, 1);
	}
	spool_append(sp, LOG_OUT, "done\nand", 8);
	while (fold_step(f, 1000, 1000, 0) == 1)
		;
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
}

struct file {
	char name[32];
	char data[4096];
	size_t len;
};

static struct file files[32];
static size_t file_count;

static void
load_files(int dir)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY));
	file_count = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		struct file *f = &files[file_count++];
		strcpy(f->name, e->d_name);
		int fd = openat(dir, f->name, O_RDONLY | O_CLOEXEC);
		f->len = (size_t)read(fd, f->data, sizeof(f->data));
		close(fd);
	}
	closedir(d);
}

/* Writes the files back, of one only the first `len` bytes, and with one of
 * them changed if flip is not 0. */
static void
store_files(int dir, size_t which, size_t len, char flip)
{
	spool_wipe(dir);
	for (size_t i = 0; i < file_count; i++) {
		const struct file *f = &files[i];
		int fd = openat(dir, f->name,
				O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				0600);
		size_t n = i == which && !flip ? len : f->len;
		if (write(fd, f->data, n) != (ssize_t)n)
			abort();
		if (i == which && flip) {
			char c = (char)(f->data[len] ^ flip);
			if (pwrite(fd, &c, 1, (off_t)len) != 1)
				abort();
		}
		close(fd);
	}
}

static bool
is_index(const struct file *f)
{
	return strstr(f->name, ".idx") != NULL;
}

/* Bytes of the data files, and those of all entries of the index. */
static void
check_balance(int dir, uint64_t *there, uint64_t *indexed, uint64_t *tails)
{
	struct logread *lr = logread_open(dir, NULL);
	struct logline l;
	*there = logread_bytes(lr);
	*indexed = *tails = 0;
	for (uint64_t seq = logread_first_seq(lr);
	     seq < logread_next_seq(lr); seq++)
		if (logread_line(lr, seq, 1 << 20, &l) == 1)
			*indexed += l.full_len;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (logread_tail(lr, (enum log_stream)s, 1 << 20, &l) == 1)
			*tails += l.full_len;
	logread_free(lr);
}

TEST(an_index_cut_anywhere_is_made_whole)
{
	char path[64];
	int dir = make_dir(path);
	struct buf want = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
	uint64_t lost;
	make_log(dir);
	dump(dir, &want, &lost);
	OK(want.len > 200);
	load_files(dir);
	for (size_t i = 0; i < file_count; i++) {
		if (!is_index(&files[i]))
			continue;
		for (size_t len = 0; len <= files[i].len; len++) {
			store_files(dir, i, len, 0);
			struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
			OK(sp);
			fold_all(sp);
			spool_free(sp);
			dump(dir, &got, &lost);
			EQ_INT(lost, 0);
			/* Streams may be ordered otherwise in what had to be
			 * derived; nothing is missing or doubled. */
			EQ_INT(got.len, want.len);
			uint64_t there, indexed, tails;
			check_balance(dir, &there, &indexed, &tails);
			EQ_INT(tails, 3);
		}
	}
	buf_fini(&want);
	buf_fini(&got);
	drop_dir(path, dir);
}

TEST(bad_bytes_in_an_index_are_repaired)
{
	char path[64];
	int dir = make_dir(path);
	struct buf got = BUF_INIT(1 << 20);
	uint64_t lost;
	make_log(dir);
	load_files(dir);
	for (size_t i = 0; i < file_count; i++) {
		for (size_t at = 0; is_index(&files[i]) && at < files[i].len;
		     at++) {
			store_files(dir, i, at, (char)(1 + at * 37 % 255));
			struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
			OK(sp);
			fold_all(sp);
			spool_append(sp, LOG_OUT, " new\n", 5);
			fold_all(sp);
			spool_free(sp);
			dump(dir, &got, &lost);
			OK(strstr(buf_str(&got), "missing") == NULL);
			OK(strstr(buf_str(&got), "new") != NULL);
			/* A second opening finds nothing to do. */
			size_t len = got.len;
			sp = spool_open(dir, 8 * SEG, 1, NULL);
			fold_all(sp);
			spool_free(sp);
			dump(dir, &got, &lost);
			EQ_INT(got.len, len);
		}
	}
	buf_fini(&got);
	drop_dir(path, dir);
}

TEST(data_cut_anywhere_leaves_a_mark_or_the_rest)
{
	char path[64];
	int dir = make_dir(path);
	struct buf got = BUF_INIT(1 << 20);
	uint64_t lost;
	make_log(dir);
	load_files(dir);
	for (size_t i = 0; i < file_count; i++) {
		bool data = !is_index(&files[i]) &&
			strcmp(files[i].name, "runs") != 0;
		for (size_t len = 0; data && len < files[i].len; len++) {
			store_files(dir, i, len, 0);
			struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
			OK(sp);
			fold_all(sp);
			spool_append(sp, LOG_OUT, " new\n", 5);
			fold_all(sp);
			spool_free(sp);
			dump(dir, &got, &lost);
			OK(strstr(buf_str(&got), "missing") == NULL);
			OK(strstr(buf_str(&got), "new") != NULL);
			/* In a closed segment the hole is told: at least its
			 * bytes, and the head of a line that it tore. */
			uint64_t hole = files[i].len - len;
			if (strncmp(files[i].name, "000004", 6) != 0)
				OK(lost >= hole && lost <= hole + 4);
		}
	}
	buf_fini(&got);
	drop_dir(path, dir);
}

TEST(runs_of_the_first_form_are_read_and_written_anew)
{
	char path[64];
	int dir = make_dir(path);
	struct { uint32_t magic, flags; uint64_t run; int32_t pid, status;
		 int64_t start_ms, end_ms; uint64_t off[6], seq[2], unused; }
	old[2] = { { LOG_RUN_MAGIC_1, 7, 1, 11, 256, 5, 6, { 0 }, { 1, 1 }, 9 },
		   { LOG_RUN_MAGIC_1, 7, 2, 12, 0, 7, 8, { 0 }, { 1, 1 }, 9 } };
	EQ_INT(sizeof(old[0]), LOG_RUN_OLD);
	int fd = openat(dir, "runs", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	EQ_INT(write(fd, old, sizeof(old)), (int)sizeof(old));
	close(fd);
	struct log_run more = { .ready_ms = 20, .maxrss_bytes = 4096,
				.outcome = "failed", .reason = "exit 1" };
	const struct log_run *runs;
	struct logread *lr = logread_open(dir, NULL);
	EQ_INT(logread_runs(lr, &runs), 2);
	EQ_INT(runs[1].pid, 12);
	EQ_INT(runs[1].ready_ms, 0);
	logread_free(lr);
	struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
	EQ_INT(spool_run(sp)->run, 2);
	spool_run_begin(sp, 3, 13, 9);
	spool_run_end(sp, 256, 30);
	EQ_INT(spool_run_tell(sp, &more), 0);
	spool_free(sp);
	lr = logread_open(dir, NULL);
	EQ_INT(logread_runs(lr, &runs), 3);
	EQ_INT(runs[0].status, 256);
	EQ_INT(runs[2].ready_ms, 20);
	EQ_STR(runs[2].outcome, "failed");
	EQ_STR(runs[2].reason, "exit 1");
	logread_free(lr);
	drop_dir(path, dir);
}

TEST(a_torn_list_of_runs_keeps_the_others)
{
	char path[64];
	int dir = make_dir(path);
	make_log(dir);
	load_files(dir);
	for (size_t i = 0; i < file_count; i++) {
		if (strcmp(files[i].name, "runs") != 0)
			continue;
		for (size_t len = 0; len <= files[i].len; len++) {
			store_files(dir, i, len, 0);
			struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
			size_t left = len / sizeof(struct log_run);
			const struct log_run *r = spool_run(sp);
			EQ_INT(r ? r->run : 0, left);
			spool_run_begin(sp, 9, 9, 9);
			fold_all(sp);
			spool_free(sp);
			struct logread *lr = logread_open(dir, NULL);
			const struct log_run *runs;
			EQ_INT(logread_runs(lr, &runs), left + 1);
			EQ_INT(runs[left].run, 9);
			logread_free(lr);
		}
	}
	drop_dir(path, dir);
}

TEST(an_interrupted_drop_is_finished)
{
	char path[64], name[80];
	int dir = make_dir(path);
	make_log(dir);
	snprintf(name, sizeof(name), "%s/000001.idx", path);
	unlink(name);
	struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
	snprintf(name, sizeof(name), "%s/000001.out", path);
	OK(access(name, F_OK) < 0);
	struct logread *lr = logread_open(dir, NULL);
	OK(logread_first_seq(lr) > 5);
	logread_free(lr);
	spool_free(sp);
	drop_dir(path, dir);
}

/* Lines of 1000 bytes. */
static void
flood(struct spool *sp, struct fold *f, unsigned bytes)
{
	char line[1000];

	memset(line, 'h', sizeof line);
	line[sizeof line - 1] = '\n';
	for (unsigned n = 0; n < bytes; n += sizeof line) {
		spool_append(sp, LOG_OUT, line, sizeof line);
		if (n % (100 * sizeof line) == 0)
			while (fold_step(f, 1 << 20, 1, 0) == 1)
				;
	}
}

TEST(what_is_held_stays_up_to_a_limit)
{
	char path[64];
	int dir = make_dir(path);
	struct spool *sp = spool_open(dir, 8 * SEG, 1, NULL);
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &no_ops, NULL, 0);
	uint64_t keep = 8 * SEG;

	spool_hold(sp, 1);
	flood(sp, f, 4u << 20);
	EQ_INT(spool_begin(sp, LOG_OUT), 0);
	/* The reader is further on: what is behind it goes. */
	spool_hold(sp, 2001);
	uint64_t begin = spool_begin(sp, LOG_OUT);
	OK(begin > 0 && begin <= 2000 * 1000);
	OK(spool_total(sp) > keep);
	spool_hold(sp, 0);
	OK(spool_total(sp) <= keep);
	/* One that does not get on holds so much and not more. */
	spool_hold(sp, 4100);
	flood(sp, f, (unsigned)SPOOL_HOLD_MAX + (8u << 20));
	OK(spool_begin(sp, LOG_OUT) > begin);
	OK(spool_total(sp) <= keep + SPOOL_HOLD_MAX + 2 * SEG);
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
	drop_dir(path, dir);
}

/* What a planned log calls: its directory is made below the one given. */
struct plan {
	int dir, calls;
};

static int
make_planned(void *arg)
{
	struct plan *p = arg;

	p->calls++;
	mkdirat(p->dir, "log", 0700);
	return openat(p->dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool
planned_is_there(const struct plan *p)
{
	return faccessat(p->dir, "log", F_OK, 0) == 0;
}

static void
drop_planned(struct plan *p)
{
	int fd = openat(p->dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	spool_wipe(fd);
	close(fd);
	unlinkat(p->dir, "log", AT_REMOVEDIR);
}

TEST(a_planned_log_has_no_directory_until_it_has_a_byte)
{
	char path[32];
	struct plan p = { .dir = make_dir(path) };
	struct spool *sp = spool_plan(0, make_planned, &p);

	EQ_INT(spool_run_begin(sp, 1, 77, 1000), 0);
	fold_all(sp);
	spool_rest(sp);
	OK(spool_is_planned(sp));
	OK(!planned_is_there(&p));
	spool_append(sp, LOG_OUT, "a\n", 2);
	OK(planned_is_there(&p));
	OK(!spool_is_planned(sp));
	fold_all(sp);
	EQ_INT(spool_run_end(sp, 256, 2000), 0);
	fold_all(sp);
	EQ_INT(p.calls, 1);
	spool_free(sp);
	/* Its run is told as if the directory had been there at its begin. */
	int fd = make_planned(&p);
	sp = spool_open(fd, 0, 3000, NULL);
	close(fd);
	const struct log_run *r = spool_run(sp);
	OK(r);
	EQ_INT(r->run, 1);
	EQ_INT(r->pid, 77);
	EQ_INT(r->first_seq, 1);
	EQ_INT(r->end_seq, 2);
	EQ_INT(r->start[LOG_OUT], 0);
	EQ_INT(r->end[LOG_OUT], 2);
	EQ_INT(r->status, 256);
	spool_free(sp);
	drop_planned(&p);
	drop_dir(path, p.dir);
}

TEST(a_planned_log_is_made_for_a_second_run_and_for_a_reader)
{
	char path[32];
	struct plan p = { .dir = make_dir(path) };
	struct spool *sp = spool_plan(0, make_planned, &p);

	for (uint64_t run = 1; run <= 2; run++) {
		OK(!planned_is_there(&p));
		EQ_INT(spool_run_begin(sp, run, 5, 1000), 0);
		EQ_INT(spool_run_end(sp, 0, 1001), 0);
		fold_all(sp);
	}
	OK(planned_is_there(&p));
	struct logread *lr = logread_open(spool_dir(sp), NULL);
	const struct log_run *runs;
	EQ_INT(logread_runs(lr, &runs), 2);
	EQ_INT(runs[0].run, 1);
	EQ_INT(runs[1].run, 2);
	logread_free(lr);
	spool_free(sp);
	drop_planned(&p);
	sp = spool_plan(0, make_planned, &p);
	int fd = spool_dir(sp);
	OK(fd >= 0);
	OK(planned_is_there(&p));
	spool_free(sp);
	drop_planned(&p);
	drop_dir(path, p.dir);
}

TEST(no_log_is_one_of_nothing)
{
	struct spool_gap gap;

	EQ_INT(spool_end(NULL, LOG_OUT), 0);
	EQ_INT(spool_total(NULL), 0);
	EQ_INT(spool_dropped(NULL), 0);
	EQ_INT(spool_gap_bytes(NULL), 0);
	OK(spool_oldest_ms(NULL) == INT64_MAX);
	EQ_INT(spool_drop_oldest(NULL), -ENOENT);
	EQ_INT(spool_rotate(NULL, 1), 0);
	EQ_INT(spool_gaps(NULL, &gap, 1), 0);
	spool_set_keep(NULL, 1);
	spool_hold(NULL, 1);
}

TEST(a_hundred_megabytes_without_newline)
{
	char path[64];
	int dir = make_dir(path);
	struct spool *sp = spool_open(dir, 256 << 20, 1, NULL);
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &no_ops, NULL, 0);
	char *text = mem_alloc(1 << 20);
	struct rusage before, after;
	memset(text, 'z', 1 << 20);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 100; i++) {
		spool_append(sp, LOG_OUT, text, 1 << 20);
		fold_step(f, 1 << 20, 1, 0);
	}
	spool_append(sp, LOG_OUT, "\nnext\n", 6);
	while (fold_step(f, 1 << 20, 1, 0) == 1)
		;
	getrusage(RUSAGE_SELF, &after);
	OK(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
	EQ_INT(fold_next_seq(f), 3);
	struct logread *lr = logread_open(dir, NULL);
	struct logline l;
	EQ_INT(logread_line(lr, 1, 10, &l), 1);
	EQ_INT(l.full_len, (100 << 20) + 1);
	EQ_INT(logread_line(lr, 2, 10, &l), 1);
	EQ_MEM(l.text, l.len, "next", 4);
	char byte;
	EQ_INT(logread_read(lr, LOG_OUT, (100 << 20) - 1, &byte, 1), 1);
	EQ_INT(byte, 'z');
	logread_free(lr);
	fold_free(f);
	fold_scratch_free(x);
	free(text);
	spool_free(sp);
	drop_dir(path, dir);
}

TEST(gaps_are_told_when_writing_works_again)
{
	char path[64];
	int dir = make_dir(path);
	struct buf got = BUF_INIT(1 << 20);
	uint64_t lost;
	signal(SIGXFSZ, SIG_IGN);
	struct spool *sp = spool_open(dir, 0, 1, NULL);
	spool_append(sp, LOG_OUT, "one\ntw", 6);
	/* No file may grow beyond nothing: like a full disk. */
	struct rlimit was, none;
	getrlimit(RLIMIT_FSIZE, &was);
	none = was;
	none.rlim_cur = 6;
	setrlimit(RLIMIT_FSIZE, &none);
	int p[2];
	OK(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
	EQ_INT(write(p[1], "lost bytes", 10), 10);
	ssize_t n = spool_splice(sp, LOG_OUT, p[0], 100);
	spool_append(sp, LOG_ERR, "123456789", 9);
	int trouble = spool_trouble(sp);
	setrlimit(RLIMIT_FSIZE, &was);
	EQ_INT(n, 10);
	EQ_INT(trouble, -EFBIG);
	struct spool_gap gaps[4];
	EQ_INT(spool_gaps(sp, gaps, 4), 2);
	EQ_INT(gaps[0].bytes, 10);
	EQ_INT(spool_gap_bytes(sp), 13);
	EQ_INT(spool_end(sp, LOG_ERR), 6);
	spool_append(sp, LOG_OUT, "o again\n", 8);
	EQ_INT(spool_trouble(sp), 0);
	/* The engine is killed now: it has the gaps in its registry. */
	spool_free(sp);
	sp = spool_open(dir, 0, 1, NULL);
	EQ_INT(spool_gap_bytes(sp), 0);
	spool_restore_gap(sp, &gaps[0]);
	spool_restore_gap(sp, &gaps[1]);
	fold_all(sp);
	dump(dir, &got, &lost);
	EQ_STR(buf_str(&got), "0 one\n0~ tw\n0GAP \n0 o again\n1~ 123456\n"
	       "1GAP \n");
	EQ_INT(lost, 13);
	spool_free(sp);
	/* What is in the index is known without the registry. */
	sp = spool_open(dir, 0, 1, NULL);
	EQ_INT(spool_gap_bytes(sp), 13);
	EQ_INT(spool_gaps(sp, gaps, 4), 0);
	spool_free(sp);
	close(p[0]);
	close(p[1]);
	buf_fini(&got);
	drop_dir(path, dir);
}

static bool
drop_other(void *arg)
{
	return unlink(arg) == 0;
}

/* Runs in a mount namespace of its own, on a file system of 1 MiB. */
static int
full_disk(void)
{
	static char text[50000];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 100 == 99 ? '\n' : 'd';
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), p[2];
	if (pipe2(p, O_NONBLOCK | O_CLOEXEC) < 0)
		return 2;
	fcntl(p[1], F_SETPIPE_SZ, 1 << 16);
	int other = open("/tmp/other", O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 4; i++)
		if (write(other, text, sizeof(text)) < 0)
			return 3;
	close(other);
	struct spool *sp = spool_open(dir, 16 << 20, 1, NULL);
	struct fold_scratch *x = fold_scratch_new();
	struct fold *f = fold_new(sp, x, &no_ops, NULL, 0);
	spool_on_full(sp, drop_other, (void *)"/tmp/other");
	uint64_t written = 0;
	/* The present segment is all there is: new bytes go, with a mark. */
	for (int i = 0; i < 40; i++) {
		if (write(p[1], text, sizeof(text)) != sizeof(text))
			return 4;
		written += sizeof(text);
		ssize_t n;
		while ((n = spool_splice(sp, LOG_OUT, p[0], 1 << 20)) > 0)
			fold_step(f, 1 << 20, 1, 0);
		if (n != -EAGAIN)
			return 5;
	}
	if (access("/tmp/other", F_OK) == 0 || spool_trouble(sp) != -ENOSPC)
		return 6;
	uint64_t kept = spool_end(sp, LOG_OUT);
	if (kept + spool_gap_bytes(sp) != written || kept < 700000)
		return 7;
	/* With closed segments the oldest go instead. */
	spool_set_keep(sp, 8 * SEG);
	if (spool_rotate(sp, 1) == 0)
		return 8;
	if (mount("sbx", "/tmp", "tmpfs", MS_REMOUNT, "size=2m") < 0)
		return 9;
	while (fold_step(f, 1 << 20, 1, 0) == 1)
		;
	if (spool_rotate(sp, 1) < 0)
		return 10;
	if (mount("sbx", "/tmp", "tmpfs", MS_REMOUNT, "size=1m") < 0)
		return 11;
	uint64_t gap = spool_gap_bytes(sp);
	spool_set_keep(sp, 16 << 20);
	for (int i = 0; i < 40; i++) {
		spool_append(sp, LOG_OUT, text, sizeof(text));
		written += sizeof(text);
		spool_set_keep(sp, 8 * SEG * 2);
		while (fold_step(f, 1 << 20, 1, 0) == 1)
			;
	}
	if (spool_gap_bytes(sp) != gap || spool_trouble(sp) != 0)
		return 12;
	while (fold_step(f, 1 << 20, 1, 0) == 1)
		;
	if (spool_end(sp, LOG_OUT) + gap != written)
		return 13;
	/* Readers count the same: what is there, dropped, and never came. */
	struct logread *lr = logread_open(dir, NULL);
	uint64_t sum = logread_dropped_bytes(lr) + logread_bytes(lr);
	logread_free(lr);
	fold_free(f);
	fold_scratch_free(x);
	spool_free(sp);
	return sum + gap == written ? 0 : 14;
}

TEST(a_full_disk_never_blocks_the_child)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) ||
		    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
		    mount("sbx", "/tmp", "tmpfs", 0, "size=1m"))
			_exit(77);
		_exit(full_disk());
	}
	int st = 0;
	waitpid(pid, &st, 0);
	if (WIFEXITED(st) && WEXITSTATUS(st) == 77)
		SKIP_TEST("no mount namespace here");
	EQ_INT(st >> 8, 0);
	EQ_INT(st, 0);
}

TEST_MAIN()
