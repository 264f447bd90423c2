/* What is written as lines of an sbxrc is read back as it was. */
#include "engine/rcwrite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/test.h"
#include "engine/buf.h"
#include "engine/diag.h"
#include "engine/rcload.h"
#include "engine/set.h"
#include "engine/spec.h"
#include "engine/sys.h"

extern char **environ;

/* The set that the text is; base: where its paths start. */
static struct set *
read_text(const char *text, const char *base)
{
	struct diags *ds = diags_new();
	struct set *set = NULL;
	char path[64];
	int fd = sys_memfd("sbxrc");
	struct set_request rq = { .path = path, .base = base, .trusted = true,
				  .alone = true, .environment = environ };

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (sys_write_all(fd, text, strlen(text)) == 0)
		(void)set_load(&rq, &set, ds);
	diags_free(ds);
	sys_close(fd);
	return set;
}

static void
round_trip(const struct rcwrite_process *p, const char *cwd)
{
	struct buf b = BUF_INIT(1 << 16);

	EQ_INT(rcwrite_process(&b, p), 0);
	struct set *set = read_text(buf_str(&b), "/srv/shop");
	OK(set && set->spec_count == 1);
	if (set && set->spec_count == 1) {
		const struct spec *s = set->specs[0];
		EQ_STR(s->name, p->name);
		EQ_STR(s->command, p->command);
		EQ_STR(s->cwd, cwd);
		EQ_INT(s->tty, p->tty);
		EQ_INT(s->restart, p->restart);
	}
	set_free(set);
	buf_fini(&b);
}

TEST(a_process)
{
	struct buf b = BUF_INIT(1 << 16);
	struct rcwrite_process p = { .name = "storybook",
				     .command = "npm run storybook -- -p 6006",
				     .cwd = "./web", .tty = true,
				     .restart = SPEC_RESTART_ALWAYS };

	EQ_INT(rcwrite_process(&b, &p), 0);
	EQ_STR(buf_str(&b), "process storybook {\n"
			    "    cmd npm run storybook -- -p 6006\n"
			    "    cwd ./web\n"
			    "    tty yes\n"
			    "    restart always\n"
			    "}\n");
	buf_fini(&b);
	round_trip(&p, "/srv/shop/web");
	round_trip(&(struct rcwrite_process){ .name = "a", .command = "b" },
		   "/srv/shop");
}

TEST(words_and_a_pipe)
{
	struct buf b = BUF_INIT(1 << 16);
	struct rcwrite_process p = { .name = "a", .command = "unused",
				     .argv = "sleep\x1f" "10 0\x1f",
				     .pipe = true };

	EQ_INT(rcwrite_process(&b, &p), 0);
	EQ_STR(buf_str(&b), "process a {\n    argv sleep '10 0' ''\n"
			    "    stdin pipe\n}\n");
	struct set *set = read_text(buf_str(&b), "/");
	OK(set && set->spec_count == 1);
	EQ_STR(set->specs[0]->argv[1], "10 0");
	EQ_STR(set->specs[0]->argv[2], "");
	EQ_INT(set->specs[0]->stdin_kind, SPEC_STDIN_PIPE);
	set_free(set);
	buf_fini(&b);
}

TEST(odd_commands_and_directories)
{
	static const char *const commands[] = {
		"echo \"a b\" 'c' # d; e $F ${G} \\n", "# no comment",
		"ends in a \\", "<<END", "{", "one\ntwo\n\nEND", "} # x",
	};
	static const char *const dirs[][2] = {
		{ "a b", "/srv/shop/a b" }, { "/x\"y", "/x\"y" },
		{ "#h", "/srv/shop/#h" }, { "$HOME", "/srv/shop/$HOME" },
	};

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		round_trip(&(struct rcwrite_process){
			.name = "a", .command = commands[i] }, "/srv/shop");
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		round_trip(&(struct rcwrite_process){
			.name = "a", .command = "b", .cwd = dirs[i][0] },
			dirs[i][1]);
}

static char *
content(int fd)
{
	char text[256] = "";

	(void)!pread(fd, text, sizeof text - 1, 0);
	return strdup(text);
}

#define EQ_CONTENT(fd, expected) do { \
	char *text_ = content(fd); \
	EQ_STR(text_, expected); \
	free(text_); \
} while (0)

static int
file_with(const char *text)
{
	char path[] = "/tmp/test_rcwrite.XXXXXX";
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);

	unlink(path);
	return sys_write_all(fd, text, strlen(text)) == 0 ? fd : -1;
}

TEST(lines_at_the_end_of_a_file)
{
	struct rcwrite_place place;
	int fd = file_with("");

	EQ_INT(rcwrite_append(fd, "one\n", &place), 0);
	EQ_CONTENT(fd, "one\n");
	EQ_INT(rcwrite_append(fd, "two", &place), 0);
	EQ_CONTENT(fd, "one\n\ntwo");
	EQ_INT(rcwrite_append(fd, "three\n", &place), 0);
	EQ_CONTENT(fd, "one\n\ntwo\n\nthree\n");
	rcwrite_take_back(fd, &place);
	EQ_CONTENT(fd, "one\n\ntwo");
	EQ_INT(rcwrite_append(fd, "three\n", &place), 0);
	OK(sys_write_all(fd, "of another\n", 11) == 0);
	rcwrite_take_back(fd, &place);
	EQ_CONTENT(fd, "one\n\ntwo\n\nthree\nof another\n");
	close(fd);
}

TEST(a_full_disk_leaves_a_file_as_it_was)
{
	struct rcwrite_place place;
	struct rlimit was, small;
	int fd = file_with("set name shop");

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 20;
	setrlimit(RLIMIT_FSIZE, &small);
	OK(rcwrite_append(fd, "process web {\n    cmd x\n}\n", &place) < 0);
	setrlimit(RLIMIT_FSIZE, &was);
	EQ_CONTENT(fd, "set name shop");
	close(fd);
}

TEST_MAIN()
