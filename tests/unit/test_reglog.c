#include "engine/core/reglog.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/msg.h"
#include "engine/base/sys.h"
#include "tests/lib/test.h"

enum { MAGIC = 0x12345678, VERSION = 3 };

static off_t
size_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) < 0 ? -1 : st.st_size;
}

/* Is the slice of the key these bytes?  NULL: there is none. */
static bool
has(const struct reglog_view *v, uint64_t key, const char *want)
{
	struct msg_reader r;
	bool there = v && reglog_get(v, key, &r);
	if (!want)
		return v && !there && r.len == 0;
	return there && r.len == strlen(want) &&
		memcmp(r.data, want, r.len) == 0;
}

/* Of the test, while a log has copies of its own. */
static int files[REGLOG_FILES] = { -1, -1 };

static void
make_files(void)
{
	for (int i = 0; i < REGLOG_FILES; i++) {
		sys_close(files[i]);
		files[i] = sys_memfd("registry");
	}
}

static struct reglog *
open_log(uint32_t magic, uint32_t version)
{
	int copies[] = { sys_dup(files[0]), sys_dup(files[1]) };
	return reglog_new(magic, version, copies);
}

static struct reglog *
new_log(void)
{
	make_files();
	return open_log(MAGIC, VERSION);
}

/* As the next writer sees it. */
static struct reglog_view *
view_as(uint32_t magic, uint32_t version)
{
	struct err e = ERR_INIT;
	struct reglog *g = open_log(magic, version);
	struct reglog_view *v = reglog_open(g, &e);
	reglog_free(g);
	return v;
}

static struct reglog_view *
view(void)
{
	return view_as(MAGIC, VERSION);
}

/* One is empty but for a moment. */
static off_t
size(void)
{
	return size_of(files[0]) + size_of(files[1]);
}

static int
save(struct reglog *g, uint64_t key, const char *text)
{
	reglog_begin(g);
	reglog_put(g, 1, "one", 3);
	reglog_put(g, key, text, strlen(text));
	return reglog_commit(g);
}

TEST(the_newest_of_each_key_counts)
{
	struct reglog *g = new_log();
	OK(reglog_is_empty(g));
	EQ_INT(save(g, 2, "two"), 0);
	OK(!reglog_is_empty(g));
	off_t first = size();
	EQ_INT(save(g, 2, "two"), 0);
	EQ_INT(size(), first);
	EQ_INT(save(g, 2, "other"), 0);
	EQ_INT(size(), first + 16 + 5);
	struct reglog_view *v = view();
	OK(has(v, 1, "one"));
	OK(has(v, 2, "other"));
	OK(has(v, 3, NULL));
	/* Behind a slice nothing is wrong; where there is none all is. */
	struct msg_reader r;
	OK(reglog_get(v, 1, &r));
	msg_u16(&r);
	msg_u8(&r);
	EQ_INT(msg_u64(&r), 0);
	OK(!r.bad);
	OK(!reglog_get(v, 3, &r));
	msg_u64(&r);
	OK(r.bad);
	reglog_close(v);
	EQ_INT(save(g, 2, ""), 0);
	v = view();
	OK(has(v, 2, ""));
	reglog_close(v);
	reglog_free(g);
}

TEST(what_is_kept_has_to_be_there)
{
	struct reglog *g = new_log();
	reglog_begin(g);
	OK(!reglog_keep(g, 7));
	reglog_put(g, 7, "seven", 5);
	EQ_INT(reglog_commit(g), 0);
	reglog_begin(g);
	OK(reglog_keep(g, 7));
	OK(reglog_has(g, 7, "seven", 5));
	OK(!reglog_has(g, 7, "eight", 5));
	OK(!reglog_has(g, 7, "seven", 6));
	OK(!reglog_has(g, 8, "seven", 5));
	EQ_INT(reglog_commit(g), 0);
	struct reglog_view *v = view();
	OK(has(v, 7, "seven"));
	reglog_close(v);
	/* After a save that came to nothing all of it is asked for again. */
	reglog_begin(g);
	reglog_put(g, 7, "lost", 4);
	reglog_abort(g);
	v = view();
	OK(has(v, 7, "seven"));
	reglog_close(v);
	reglog_begin(g);
	OK(!reglog_keep(g, 7));
	reglog_free(g);
}

/* A writer that is killed leaves bytes behind the last whole save. */
TEST(a_save_is_whole_or_not_there)
{
	struct reglog *g = new_log();
	EQ_INT(save(g, 2, "two"), 0);
	off_t whole = size();
	EQ_INT(save(g, 2, "another"), 0);
	off_t more = size();
	char *data = malloc((size_t)more);
	EQ_INT(pread(files[0], data, (size_t)more, 0), more);
	for (off_t len = whole; len <= more; len++) {
		uint64_t end = (uint64_t)whole;
		EQ_INT(ftruncate(files[0], 0), 0);
		EQ_INT(pwrite(files[0], data, (size_t)len, 0), len);
		EQ_INT(pwrite(files[0], &end, sizeof(end), 8), 8);
		struct reglog_view *v = view();
		OK(has(v, 2, "two"));
		reglog_close(v);
		/* And one that says more than is there is refused. */
		end = (uint64_t)len + 1;
		EQ_INT(pwrite(files[0], &end, sizeof(end), 8), 8);
		OK(!view_as(MAGIC, VERSION));
		OK(!view_as(MAGIC, VERSION + 1));
		OK(!view_as(MAGIC + 1, VERSION));
	}
	free(data);
	reglog_free(g);
}

/* The same when all of it goes to the other file. */
TEST(a_new_file_counts_when_it_is_whole)
{
	struct reglog *g = new_log();
	EQ_INT(save(g, 2, "first"), 0);
	reglog_free(g);
	off_t whole = size();
	char *former = malloc((size_t)whole), *data;
	EQ_INT(pread(files[0], former, (size_t)whole, 0), whole);
	g = open_log(MAGIC, VERSION);
	EQ_INT(save(g, 2, "second"), 0);
	EQ_INT(size_of(files[0]), 0);
	off_t more = size_of(files[1]);
	data = malloc((size_t)more);
	EQ_INT(pread(files[1], data, (size_t)more, 0), more);
	/* Killed while it is written, before the last word, and behind it. */
	uint64_t end;
	memcpy(&end, data + 8, sizeof(end));
	EQ_INT(end, more);
	EQ_INT(pwrite(files[0], former, (size_t)whole, 0), whole);
	memset(data + 8, 0, sizeof(end));
	for (off_t len = 0; len <= more; len++) {
		EQ_INT(ftruncate(files[1], 0), 0);
		EQ_INT(pwrite(files[1], data, (size_t)len, 0), len);
		struct reglog_view *v = view();
		OK(has(v, 2, "first"));
		reglog_close(v);
	}
	EQ_INT(pwrite(files[1], &end, sizeof(end), 8), 8);
	struct reglog_view *v = view();
	OK(has(v, 2, "second"));
	reglog_close(v);
	/* The writer of before goes on where it was, too. */
	EQ_INT(save(g, 2, "third"), 0);
	v = view();
	OK(has(v, 2, "third"));
	reglog_close(v);
	reglog_free(g);
	free(former);
	free(data);
}

TEST(it_stays_small_and_keeps_thousands)
{
	enum { KEYS = 3000, SAVES = 400 };
	struct reglog *g = new_log();
	char text[1000];
	off_t most = 0;
	for (int i = 0; i < SAVES; i++) {
		reglog_begin(g);
		for (uint64_t key = 0; key < KEYS; key++) {
			/* Ten of them change. */
			int n = key % (KEYS / 10) ? 0 : i;
			snprintf(text, sizeof(text), "%0900d", n + (int)key);
			reglog_put(g, key, text, strlen(text));
		}
		EQ_INT(reglog_commit(g), 0);
		if (size() > most)
			most = size();
	}
	OK(most < 3 * KEYS * 920 + (1 << 20));
	struct reglog_view *v = view();
	for (uint64_t key = 0; key < KEYS; key++) {
		int n = key % (KEYS / 10) ? 0 : SAVES - 1;
		snprintf(text, sizeof(text), "%0900d", n + (int)key);
		OK(has(v, key, text));
	}
	reglog_close(v);
	reglog_free(g);
}

TEST(what_is_damaged_is_refused)
{
	make_files();
	OK(!view());
	uint32_t head[] = { MAGIC, VERSION, 56, 0, 1, 0 };
	uint64_t slice[] = { 5, 1000 };
	EQ_INT(sys_write_all(files[1], (char *)head, sizeof(head)), 0);
	EQ_INT(sys_write_all(files[1], (char *)slice, sizeof(slice)), 0);
	EQ_INT(sys_write_all(files[1], "0123456789abcdef", 16), 0);
	OK(!view());
	slice[1] = 16;
	EQ_INT(pwrite(files[1], slice, sizeof(slice), sizeof(head)), 16);
	struct reglog_view *v = view();
	OK(has(v, 5, "0123456789abcdef"));
	reglog_close(v);
}
TEST_MAIN()
