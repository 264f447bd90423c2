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

static struct reglog_view *
view(int fd)
{
	struct err e = ERR_INIT;
	return reglog_open(fd, MAGIC, VERSION, &e);
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
	struct reglog *g = reglog_new(MAGIC, VERSION);
	int fd = save(g, 2, "two");
	OK(fd >= 0);
	off_t first = size_of(fd);
	EQ_INT(save(g, 2, "two"), fd);
	EQ_INT(size_of(fd), first);
	EQ_INT(save(g, 2, "other"), fd);
	EQ_INT(size_of(fd), first + 16 + 5);
	struct reglog_view *v = view(fd);
	OK(has(v, 1, "one"));
	OK(has(v, 2, "other"));
	OK(has(v, 3, NULL));
	reglog_close(v);
	EQ_INT(save(g, 2, ""), fd);
	v = view(fd);
	OK(has(v, 2, ""));
	reglog_close(v);
	reglog_free(g);
}

TEST(what_is_kept_has_to_be_there)
{
	struct reglog *g = reglog_new(MAGIC, VERSION);
	reglog_begin(g);
	OK(!reglog_keep(g, 7));
	reglog_put(g, 7, "seven", 5);
	OK(reglog_commit(g) >= 0);
	reglog_begin(g);
	OK(reglog_keep(g, 7));
	int fd = reglog_commit(g);
	struct reglog_view *v = view(fd);
	OK(has(v, 7, "seven"));
	reglog_close(v);
	/* After a save that came to nothing all of it is asked for again. */
	reglog_begin(g);
	reglog_put(g, 7, "lost", 4);
	reglog_abort(g);
	v = view(fd);
	OK(has(v, 7, "seven"));
	reglog_close(v);
	reglog_begin(g);
	OK(!reglog_keep(g, 7));
	reglog_free(g);
}

/* A writer that is killed leaves bytes behind the last whole save. */
TEST(a_save_is_whole_or_not_there)
{
	struct reglog *g = reglog_new(MAGIC, VERSION);
	int fd = save(g, 2, "two");
	off_t whole = size_of(fd);
	fd = save(g, 2, "another");
	for (off_t len = whole; len <= size_of(fd); len++) {
		char *data = malloc((size_t)len);
		EQ_INT(pread(fd, data, (size_t)len, 0), len);
		uint64_t end = (uint64_t)whole;
		memcpy(data + 8, &end, sizeof(end));
		int copy = sys_memfd("copy");
		EQ_INT(sys_write_all(copy, data, (size_t)len), 0);
		struct reglog_view *v = view(copy);
		OK(has(v, 2, "two"));
		reglog_close(v);
		/* And one that says more than is there is refused. */
		end = (uint64_t)len + 1;
		EQ_INT(pwrite(copy, &end, sizeof(end), 8), 8);
		struct err e = ERR_INIT;
		OK(!reglog_open(copy, MAGIC, VERSION, &e));
		OK(!reglog_open(copy, MAGIC, VERSION + 1, &e));
		OK(!reglog_open(copy, MAGIC + 1, VERSION, &e));
		close(copy);
		free(data);
	}
	reglog_free(g);
}

TEST(it_stays_small_and_keeps_thousands)
{
	enum { KEYS = 3000, SAVES = 400 };
	struct reglog *g = reglog_new(MAGIC, VERSION);
	char text[1000];
	int fd = -1;
	off_t most = 0;
	for (int i = 0; i < SAVES; i++) {
		reglog_begin(g);
		for (uint64_t key = 0; key < KEYS; key++) {
			/* Ten of them change. */
			int n = key % (KEYS / 10) ? 0 : i;
			snprintf(text, sizeof(text), "%0900d", n + (int)key);
			reglog_put(g, key, text, strlen(text));
		}
		fd = reglog_commit(g);
		OK(fd >= 0);
		if (size_of(fd) > most)
			most = size_of(fd);
	}
	OK(most < 3 * KEYS * 920 + (1 << 20));
	struct reglog_view *v = view(fd);
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
	struct err e = ERR_INIT;
	int fd = sys_memfd("empty");
	OK(!reglog_open(fd, MAGIC, VERSION, &e));
	uint32_t head[] = { MAGIC, VERSION, 48, 0 };
	uint64_t slice[] = { 5, 1000 };
	EQ_INT(sys_write_all(fd, (char *)head, sizeof(head)), 0);
	EQ_INT(sys_write_all(fd, (char *)slice, sizeof(slice)), 0);
	EQ_INT(sys_write_all(fd, "0123456789abcdef", 16), 0);
	OK(!reglog_open(fd, MAGIC, VERSION, &e));
	slice[1] = 16;
	EQ_INT(pwrite(fd, slice, sizeof(slice), sizeof(head)), 16);
	struct reglog_view *v = view(fd);
	OK(has(v, 5, "0123456789abcdef"));
	reglog_close(v);
	close(fd);
}
TEST_MAIN()
