#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/log/journal.h"

/* Each test has a directory of its own, which goes with it. */
struct place {
	char path[64];
	int fd;
};

static void
place_open(struct place *p)
{
	snprintf(p->path, sizeof p->path, "/tmp/sbx-journal-XXXXXX");
	if (!mkdtemp(p->path))
		abort();
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
place_close(struct place *p)
{
	close(p->fd);
	nftw(p->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static uint64_t
add(struct journal *j, const char *process, const char *text)
{
	return journal_add(j, &(struct journal_event){
		.kind = EVENT_NOTE, .cause = CAUSE_USER, .from = -1, .to = -1,
		.process = process, .text = text,
	});
}

/* Appends raw bytes to the file, as a crash would leave them. */
static void
scribble(struct place *p, const char *name, const void *data, size_t len)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

static unsigned
count(struct place *p, uint64_t after, uint64_t *last)
{
	struct journal_reader *r = journal_open(p->fd, after);
	struct journal_event e;
	unsigned n = 0;
	while (journal_next(r, &e) == 1) {
		n++;
		if (last)
			*last = e.seq;
	}
	journal_close(r);
	return n;
}

TEST(a_line_comes_back)
{
	struct buf b = BUF_INIT(JOURNAL_RECORD_MAX);
	struct journal_event back, e = {
		.seq = 7, .wall_ms = 1772362942123, .mono_us = 55,
		.kind = EVENT_EXIT, .cause = CAUSE_WATCH,
		.from = STATUS_RUNNING, .to = STATUS_FAILED, .run = 3,
		.line = 1204, .process = "web",
		.text = "a\tb\nc\\d \x1b[31m \xff \xc2\x9b caf\xc3\xa9",
		.line_text = "",
	};
	EQ_INT(journal_format(&b, &e), 0);
	EQ_STR(buf_str(&b), "7\t1772362942123\t55\texit\twatch\trunning\t"
	       "failed\t3\t1204\tweb\ta\\tb\\nc\\\\d \\x1b[31m \\xff \\xc2\\x9b "
	       "caf\xc3\xa9\t\n");
	EQ_INT(journal_parse(b.data, b.len - 1, &back), 0);
	EQ_INT(back.seq, 7);
	EQ_INT(back.wall_ms, e.wall_ms);
	EQ_INT(back.kind, EVENT_EXIT);
	EQ_INT(back.cause, CAUSE_WATCH);
	EQ_INT(back.from, STATUS_RUNNING);
	EQ_INT(back.to, STATUS_FAILED);
	EQ_INT(back.run, 3);
	EQ_INT(back.line, 1204);
	EQ_STR(back.process, "web");
	EQ_STR(back.text, e.text);
	EQ_STR(back.line_text, "");
	buf_fini(&b);
}

TEST(parse_refuses_and_tolerates)
{
	static const struct {
		const char *line;
		int result;
	} rows[] = {
		{ "1\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt\tl", 0 },
		{ "1\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt\tl\tmore\tof\tit", 0 },
		{ "1\t2\t3\tfuture\tghost\tnew\tnewer\t0\t0\tp\tt\tl", 0 },
		{ "1\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt", -EPROTO },
		{ "0\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt\tl", -EPROTO },
		{ "x\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt\tl", -EPROTO },
		{ "-1\t2\t3\tnote\tuser\t-\t-\t0\t0\tp\tt\tl", -EPROTO },
		{ "99999999999999999999\t2\t3\tn\tu\t-\t-\t0\t0\tp\tt\tl",
		  -EPROTO },
		{ "", -EPROTO },
		{ "\t\t\t\t\t\t\t\t\t\t\t\t", -EPROTO },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct journal_event e;
		char line[200];
		snprintf(line, sizeof line, "%s", rows[i].line);
		if (journal_parse(line, strlen(line), &e) != rows[i].result)
			TEST_FAIL("row %zu", i);
		if (i == 2) {
			EQ_INT(e.kind, EVENT_NOTE);
			EQ_INT(e.cause, CAUSE_NONE);
			EQ_INT(e.to, -1);
		}
	}
}

TEST(json)
{
	struct buf b = BUF_INIT(4096);
	struct journal_event e = {
		.seq = 7, .wall_ms = 1772362942123, .kind = EVENT_GAVE_UP,
		.cause = CAUSE_LIMIT, .from = STATUS_RUNNING,
		.to = STATUS_FAILED, .run = 3, .line = 9, .process = "web",
		.text = "gave \xff up", .line_text = "boom",
	};
	EQ_INT(journal_json(&b, &e), 0);
	EQ_INT(b.data[b.len - 1], '\n');
	json_t *root = json_loadb(b.data, b.len, 0, NULL);
	OK(root);
	EQ_STR(json_string_value(json_object_get(root, "event")), "gave-up");
	EQ_STR(json_string_value(json_object_get(root, "to")), "failed");
	EQ_INT(json_integer_value(json_object_get(root, "time_ms")),
	       1772362942123);
	json_t *line = json_object_get(root, "line");
	EQ_STR(json_string_value(json_object_get(line, "text")), "boom");
	json_decref(root);
	buf_fini(&b);
}

TEST(numbers_go_on_over_restarts)
{
	struct place p;
	place_open(&p);
	OK(!journal_new(-1));
	struct journal *j = journal_new(p.fd);
	EQ_INT(journal_last_seq(j), 0);
	EQ_INT(add(j, "web", "one"), 1);
	EQ_INT(add(j, NULL, NULL), 2);
	journal_free(j);
	j = journal_new(p.fd);
	EQ_INT(journal_last_seq(j), 2);
	OK(!journal_prev(j, 0, NULL));
	EQ_INT(add(j, "web", "three"), 3);
	EQ_INT(journal_unwritten(j), 0);
	journal_free(j);
	EQ_INT(count(&p, 0, NULL), 3);
	EQ_INT(count(&p, 2, NULL), 1);
	EQ_INT(count(&p, 3, NULL), 0);
	struct stat st;
	OK(fstatat(p.fd, "journal", &st, 0) == 0);
	EQ_INT(st.st_mode & 0777, 0600);
	place_close(&p);
}

TEST(any_cut_of_the_file_is_repaired)
{
	struct place p;
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	for (int i = 0; i < 3; i++)
		add(j, "web", "text");
	journal_free(j);
	char whole[4096];
	int fd = openat(p.fd, "journal", O_RDWR);
	ssize_t len = read(fd, whole, sizeof whole);
	OK(len > 0);
	for (ssize_t cut = len - 1; cut >= 0; cut--) {
		OK(ftruncate(fd, 0) == 0);
		OK(pwrite(fd, whole, (size_t)cut, 0) == cut);
		unsigned had = 0;
		for (ssize_t i = 0; i < cut; i++)
			had += whole[i] == '\n';
		j = journal_new(p.fd);
		OK(journal_last_seq(j) >= had);
		uint64_t mine = add(j, "web", "after the cut"), last = 0;
		journal_free(j);
		EQ_INT(count(&p, 0, &last), mine);
		EQ_INT(last, mine);
		/* A line that lacks just its end is as good as a whole one. */
		bool whole_tail = cut > 0 && whole[cut] == '\n';
		EQ_INT(mine, had + 1 + whole_tail);
	}
	close(fd);
	place_close(&p);
}

TEST(garbage_in_the_file)
{
	struct place p;
	char junk[40000];
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	add(j, "web", "one");
	journal_free(j);
	memset(junk, 'x', sizeof junk);
	memcpy(junk + 100, "\0\n\n\t\t\n\xff\xfe", 8);
	scribble(&p, "journal", junk, sizeof junk);
	j = journal_new(p.fd);
	uint64_t last = 0, mine = add(j, "web", "two");
	EQ_INT(mine, 2);
	journal_free(j);
	EQ_INT(count(&p, 0, &last), 2);
	EQ_INT(last, 2);
	place_close(&p);
}

TEST(rotation_is_followed)
{
	struct place p;
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	journal_set_cap(j, 1000);
	struct journal_reader *r = journal_open(p.fd, 0);
	struct journal_event e;
	uint64_t want = 1;
	EQ_INT(journal_next(r, &e), 0);
	for (int round = 0; round < 200; round++) {
		/* Never as much as would be rotated away unread. */
		for (int i = 0; i < round % 9; i++)
			add(j, "web", "something of some length happened");
		int n;
		while ((n = journal_next(r, &e)) == 1) {
			EQ_INT(e.seq, want);
			EQ_STR(e.text, "something of some length happened");
			want++;
		}
		EQ_INT(n, 0);
	}
	EQ_INT(want, journal_last_seq(j) + 1);
	struct stat st;
	OK(fstatat(p.fd, "journal", &st, 0) == 0 && st.st_size <= 1000);
	OK(fstatat(p.fd, "journal.1", &st, 0) == 0 && st.st_size <= 1000);
	/* The number is known even if the newest file is gone. */
	uint64_t last = journal_last_seq(j);
	journal_free(j);
	OK(unlinkat(p.fd, "journal", 0) == 0);
	j = journal_new(p.fd);
	OK(journal_last_seq(j) > last - 20);
	journal_free(j);
	journal_close(r);
	place_close(&p);
}

TEST(a_removed_file_is_made_again)
{
	struct place p;
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	add(j, "web", "one");
	OK(unlinkat(p.fd, "journal", 0) == 0);
	add(j, "web", "two");
	EQ_INT(count(&p, 0, NULL), 1);
	journal_free(j);
	place_close(&p);
}

/* A file size limit stands for the full disk: short writes, then errors. */
TEST(a_full_disk_leaves_a_mark)
{
	struct place p;
	struct rlimit old, tight;
	uint64_t last = 0;
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	tight = old;
	tight.rlim_cur = 150;
	setrlimit(RLIMIT_FSIZE, &tight);
	for (int i = 0; i < 20; i++)
		add(j, "web", "something happened");
	OK(journal_unwritten(j) > 15);
	/* The ring has what the disk has not. */
	const struct journal_event *e = journal_prev(j, 0, "web");
	OK(e && e->seq == 20);
	/* With space again, all that is still known is written. */
	setrlimit(RLIMIT_FSIZE, &old);
	add(j, "web", "again");
	EQ_INT(journal_unwritten(j), 0);
	EQ_INT(count(&p, 0, &last), 21);

	setrlimit(RLIMIT_FSIZE, &tight);
	for (int i = 0; i < 1000; i++)
		add(j, "web", "something happened");
	EQ_INT(journal_unwritten(j), 1000);
	setrlimit(RLIMIT_FSIZE, &old);
	add(j, "web", "again");
	EQ_INT(journal_unwritten(j), 0);
	struct journal_reader *r = journal_open(p.fd, 21);
	struct journal_event got;
	EQ_INT(journal_next(r, &got), 1);
	EQ_INT(got.kind, EVENT_JOURNAL_GAP);
	EQ_INT(got.seq, 21 + 1001 - JOURNAL_RING);
	EQ_STR(got.text, "745 events could not be written");
	EQ_INT(journal_next(r, &got), 1);
	EQ_INT(got.seq, 21 + 1001 - JOURNAL_RING + 1);
	journal_close(r);
	EQ_INT(count(&p, 21, &last), JOURNAL_RING + 1);
	EQ_INT(last, 1022);
	journal_free(j);
	signal(SIGXFSZ, SIG_DFL);
	place_close(&p);
}

/* Whenever its writer dies, each event is in the file once. */
TEST(what_waits_is_written_once)
{
	enum { NEVER, BEFORE_SAVE, BEFORE_FLUSH, AFTER_FLUSH, DEATHS };

	for (int dies = NEVER; dies < DEATHS; dies++) {
		struct buf saved = BUF_INIT(1 << 20);
		struct place p;
		place_open(&p);
		struct journal *first = journal_new(p.fd), *j = first;
		add(j, "web", "one");
		journal_hold(j);
		add(j, "web", "two");
		EQ_INT(journal_last_seq(j), 1);
		EQ_INT(journal_unwritten(j), 0);
		OK(journal_waits(j));
		if (dies != BEFORE_SAVE)
			EQ_INT(journal_pack(j, &saved), 0);
		if (dies == NEVER || dies == AFTER_FLUSH)
			journal_flush(j);
		if (dies != NEVER) {
			j = journal_new(p.fd);
			journal_hold(j);
			journal_unpack(j, buf_str(&saved), saved.len);
		}
		add(j, "web", "three");
		journal_flush(j);
		OK(!journal_waits(j));
		uint64_t want = dies == BEFORE_SAVE ? 2 : 3, last = 0;
		EQ_INT(journal_last_seq(j), want);
		EQ_INT(count(&p, 0, &last), want);
		EQ_INT(last, want);
		journal_free(j);
		/* It would write what it still has. */
		if (first != j)
			journal_free(first);
		buf_fini(&saved);
		place_close(&p);
	}
}

/* More of them than are remembered: some are written early, none is lost. */
TEST(too_many_that_wait)
{
	struct place p;
	uint64_t last = 0;

	place_open(&p);
	struct journal *j = journal_new(p.fd);
	journal_hold(j);
	for (int i = 0; i < 3 * JOURNAL_RING; i++)
		add(j, "web", "many");
	journal_flush(j);
	EQ_INT(count(&p, 0, &last), 3 * JOURNAL_RING);
	EQ_INT(last, 3 * JOURNAL_RING);
	journal_free(j);
	place_close(&p);
}

TEST(the_ring)
{
	struct place p;
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	OK(!journal_prev(j, 0, NULL));
	for (int i = 1; i <= 600; i++)
		add(j, i % 100 == 0 ? "db" : "web", i % 2 ? "odd" : "even");
	unsigned n = 0;
	uint64_t before = 0;
	const struct journal_event *e;
	while ((e = journal_prev(j, before, NULL))) {
		EQ_INT(e->seq, 600 - n);
		EQ_STR(e->text, e->seq % 2 ? "odd" : "even");
		before = e->seq;
		n++;
	}
	EQ_INT(n, JOURNAL_RING);
	e = journal_prev(j, 0, "db");
	EQ_INT(e->seq, 600);
	e = journal_prev(j, e->seq, "db");
	EQ_INT(e->seq, 500);
	OK(!journal_prev(j, 400, "db"));
	OK(!journal_prev(j, 0, "none"));
	journal_free(j);
	place_close(&p);
}

TEST(long_texts_are_cut)
{
	struct place p;
	char text[5000];
	place_open(&p);
	struct journal *j = journal_new(p.fd);
	memset(text, 1, sizeof text);
	text[sizeof text - 1] = '\0';
	journal_add(j, &(struct journal_event){
		.kind = EVENT_WATCH, .from = -1, .to = -1, .process = text,
		.text = text, .line_text = text, .line = 1 });
	EQ_INT(journal_unwritten(j), 0);
	struct journal_reader *r = journal_open(p.fd, 0);
	struct journal_event e;
	EQ_INT(journal_next(r, &e), 1);
	EQ_INT(strlen(e.line_text), JOURNAL_TEXT_MAX);
	journal_close(r);
	journal_free(j);
	place_close(&p);
}

TEST(links_are_not_followed)
{
	struct place p;
	struct stat st;
	place_open(&p);
	OK(symlinkat("/tmp/sbx-no-such-target", p.fd, "journal") == 0);
	struct journal *j = journal_new(p.fd);
	add(j, "web", "one");
	EQ_INT(journal_unwritten(j), 1);
	OK(stat("/tmp/sbx-no-such-target", &st) < 0);
	OK(unlinkat(p.fd, "journal", 0) == 0);
	add(j, "web", "two");
	EQ_INT(journal_unwritten(j), 0);
	EQ_INT(count(&p, 0, NULL), 2);
	journal_free(j);
	place_close(&p);
}

TEST_MAIN()
