/* What is written as lines of an sbxrc is read back as it was. */
#include "engine/conf/rcwrite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/test.h"
#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/sys.h"
#include "engine/conf/rcload.h"
#include "engine/conf/rcstate.h"
#include "engine/conf/set.h"
#include "engine/spec/spec.h"

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

/* A line for each word that a process can have: all of what it can say. */
static const struct {
	const char *word;
	const char *lines;	/* with the word or, for some, what it needs */
} words[] = {
	{ "env", "env A=1 'B=two words' -C \"D=a\\x01\\\"\\n'\" 'E=${A}'" },
	{ "env-file", "env-file none optional\n env X=y" },
	{ "path", "path bin /opt/bin\n env Z=z" },
	{ "group", "group back\n group front" },
	{ "cwd", "cwd ./sub/dir" }, { "cwd", "cwd '/x y'" },
	{ "cmd", "" }, { "argv", "" },
	{ "desc", "desc what \"it\" is; # all" },
	{ "tty", "tty yes" }, { "tty", "tty yes\n stop TERM 5s KILL" },
	{ "stdin", "stdin pipe" }, { "stdin", "tty yes\n stdin tty" },
	{ "stderr", "tty yes\n stderr separate" },
	{ "user", "user nobody:nogroup" }, { "umask", "umask 027" },
	{ "nice", "nice 5" }, { "nice", "nice 0" },
	{ "limit", "limit nofile=64 memory=1G cpu=90s core=unlimited" },
	{ "depends", "depends db ok" }, { "depends", "depends db" },
	{ "ready", "ready log /up (in|after) \\d+ms/ix" },
	{ "ready", "ready screen 'a/b'\n tty yes" },
	{ "ready", "ready port 80 127.0.0.1 holder=any" },
	{ "ready", "port auto\n ready port auto" },
	{ "ready", "ready unix /run/x.sock" },
	{ "ready", "ready http http://[::1]:8080/a?b status=200-204 "
		   "body=/a\\/b c/is 'header=Host: x' header=X:y holder=any" },
	{ "ready", "ready exec test -f 'a b' # and more" },
	{ "ready", "ready notify" }, { "ready", "ready delay 1m30s" },
	{ "ready", "ready exit" },
	{ "ready.every", "ready.every 250ms" },
	{ "ready.timeout", "ready.timeout 3m" },
	{ "live", "live exec <<END\n  one\n    two\nEND" },
	{ "live.every", "live.every 7s" }, { "live.fails", "live.fails 9" },
	{ "live.action", "live.action mark" },
	{ "restart", "restart always" }, { "restart.max", "restart.max 0" },
	{ "restart.within", "restart.within 1h" },
	{ "restart.backoff", "restart.backoff 20ms..1d" },
	{ "restart.reset", "restart.reset 0s" },
	{ "stop", "stop INT 2s USR1 0s 9" },
	{ "stop", "stop cmd docker stop \"$X\"" },
	{ "stop", "tty yes\n stop keys C-c q Enter" },
	{ "stop.timeout", "stop.timeout 7s" },
	{ "timeout", "timeout 1m" }, { "keep", "keep no" },
	{ "ok-codes", "ok-codes 3 7" }, { "autostart", "autostart no" },
	{ "hidden", "hidden yes" }, { "tree", "tree keep" },
	{ "schedule", "schedule every 1h at-start" },
	{ "schedule", "schedule cron \"0 14 * * 1-5\"" },
	{ "schedule.overlap", "schedule.overlap queue" },
	{ "files", "files 'src/**/*.js' !x debounce=1s cascade=yes" },
	{ "watch", "watch e /x\\/(?<ms>y+) \\/ z/isx mark count notify bell "
		   "level=error value=ms unit='m s' stream=stderr max=3/min "
		   "run=h start=db alert>1.1\n hook h echo" },
	{ "watch", "watch a absent 'q\"/' for 30s hide restart stop ready" },
	{ "hook", "hook h <<A\n curl -d \"$SBX\"\n\n  b\nA" },
	{ "notify", "notify fail exit silence=10m" },
	{ "notify", "notify unready ready" },
	{ "port", "port 81\n port http 80\n port x auto" },
	{ "url", "url 'http://x y/'" },
	{ "log.keep", "log.keep 3M" }, { "log.file", "log.file log/a.log" },
	{ "log.rotate", "log.rotate 5M keep=3 gzip" },
};

static const char db[] = "process db true\n";

/* One process of the text behind what is there; caller frees. */
static struct spec *
read_process(const char *there, const char *text)
{
	char *all = mem_fmt("%s%s%s", db, there, text);
	struct set *set = read_text(all, "/srv/shop");
	struct spec *s = set && set->spec_count == 2 ? spec_dup(set->specs[1])
						     : NULL;

	if (!s)
		printf("# cannot be read:\n%s", all);
	set_free(set);
	free(all);
	return s;
}

/* s as it is written there, "" if it could not be; caller frees. */
static char *
write_there(const char *there, const struct spec *s, bool secrets)
{
	struct buf b = BUF_INIT(1 << 20);
	struct spec *bare, *same;
	int rc = rcwrite_bare(&b, s, false);

	bare = read_process(there, buf_str(&b));
	buf_clear(&b);
	rc |= rcwrite_bare(&b, s, true);
	same = read_process(there, buf_str(&b));
	buf_clear(&b);
	struct rcwrite_there how = { bare, same, "/srv/shop", secrets };
	if (rc || !bare || !same || rcwrite_spec(&b, s, &how))
		buf_clear(&b);
	spec_free(bare);
	spec_free(same);
	return buf_take(&b);
}

static void
same_again(const char *there, const char *lines)
{
	bool words_only = !strcmp(lines, "argv");
	char *text = mem_fmt("process web {\n %s\n %s\n}\n",
			     words_only ? "argv a 'b c' '' \"\\x01\""
					: "cmd x --y \"$Z\" # w",
			     words_only ? "" : lines);
	struct spec *s = read_process(there, text);
	OK(s != NULL);
	if (s) {
		char *again = write_there(there, s, true);
		struct spec *t = read_process(there, again);
		OK(t != NULL);
		if (t && spec_diff(s, t))
			printf("# '%s' differs: %s%swritten as:\n%s",
			       spec_diff(s, t), there, text, again);
		OK(t && !spec_diff(s, t));
		OK(!strstr(again, "    #"));
		free(again);
		spec_free(t);
	}
	spec_free(s);
	free(text);
}

TEST(what_is_written_makes_its_equal)
{
	static const char *const there[] = {
		"",
		"set shell /bin/bash\nset log.keep 7M\nenv A=0 S=1\n"
		"group back {\n cwd /back\n env G=g\n}\n"
		"group star 'w*'\n",
		"defaults {\n restart always\n nice 3\n keep no\n"
		"umask 077\n cwd /else\n env A=9\n ok-codes 3\n"
		"limit nofile=9\n watch e /other/ mark\n log.keep 9M\n"
		"stop HUP 1s KILL\n notify fail\n"
		"restart.backoff 3s..4s\n}\n",
	};
	char tty[64] = "defaults {\n tty yes\n stop TERM 5s KILL\n}\n";

	for (size_t i = 0; i < ARRAY_LEN(there); i++)
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			same_again(there[i], !strcmp(words[k].word, "argv")
				   ? "argv" : words[k].lines);
	same_again(tty, "");
	same_again(tty, "tty no");
	same_again(tty, "tty no\n stdin pipe");
}

TEST(each_word_of_a_process_is_tried)
{
	for (size_t i = 0; i < rc_word_count(); i++) {
		const char *name = rc_words[i].row.name;
		bool found = !(rc_words[i].where & RC_PROCESS) ||
			     !strcmp(name, "replicas");
		for (size_t k = 0; !found && k < ARRAY_LEN(words); k++)
			found = !strcmp(words[k].word, name);
		OK(found);
		if (!found)
			printf("# no line for '%s'", name);
	}
}

static void
is_noted(struct spec *s, const char *there, bool secrets, const char *note)
{
	char *text = write_there(there, s, secrets);
	struct spec *t = read_process(there, text);

	OK(t != NULL);
	if (!strstr(text, note))
		printf("# no '%s' in:\n%s", note, text);
	OK(strstr(text, note) != NULL);
	spec_free(t);
	free(text);
	spec_free(s);
}

static struct spec *
bare_spec(void)
{
	return read_process("", "process web x\n");
}

TEST(what_cannot_be_written_is_said)
{
	struct err e = ERR_INIT;
	struct spec *s = bare_spec();
	static char odd[] = "a\r\nb\xff";

	s->rows = 50;
	s->tty = true;
	s->stdin_kind = SPEC_STDIN_TTY;
	is_noted(s, "", false, "# its terminal is 80x50");
	s = bare_spec();
	is_noted(s, "set shell /bin/bash\n", false, "argv '/bin/sh' -c x\n");
	s = bare_spec();
	is_noted(s, "defaults {\n user nobody\n}\n", false, "# user: ");
	s = bare_spec();
	is_noted(s, "defaults {\n watch w /x/ mark\n}\n", false,
		 "# watch w: ");
	s = bare_spec();
	is_noted(s, "defaults {\n notify fail\n}\n", false,
		 "# notify fail: ");
	s = bare_spec();
	free(s->command);
	s->command = mem_str(odd);
	is_noted(s, "", false, "argv '/bin/sh' -c \"a\\x0d\\x0ab\\xff\"\n");
	s = bare_spec();
	s->desc = mem_str(odd);
	is_noted(s, "", false, "# desc: ");
	s = bare_spec();
	spec_add_env(s, "API_TOKEN=abc", &e);
	is_noted(s, "", false, "# env API_TOKEN: ");
	s = bare_spec();
	spec_add_env(s, "DB=http://me:pw@db/", &e);
	is_noted(s, "", false, "# env DB: ");
	s = bare_spec();
	spec_add_env(s, "API_TOKEN=abc", &e);
	is_noted(s, "", true, "    env API_TOKEN=abc\n");
}

TEST(lines_as_a_person_would_write_them)
{
	struct spec *s = read_process("", "process storybook {\n"
				      "cwd /srv/shop/web\ntty yes\n"
				      "cmd npm run storybook -- -p 6006\n"
				      "restart always\n}\n");
	char *text = write_there("", s, false);

	EQ_STR(text, "process storybook {\n"
		     "    cmd npm run storybook -- -p 6006\n"
		     "    cwd ./web\n"
		     "    tty yes\n"
		     "    restart always\n"
		     "}\n");
	free(text);
	spec_free(s);
}

TEST(odd_commands_and_directories)
{
	static const char *const commands[] = {
		"echo \"a b\" 'c' # d; e $F ${G} \\n", "# no comment",
		"ends in a \\", "<<END", "{", "one\ntwo\n\nEND", "} # x",
		"a\n", "a\n\n", "ends in blanks  ", "a\n  b\n\tc",
	};
	static const char *const dirs[] = {
		"/srv/shop/a b", "/x\"y", "/srv/shop/#h", "/srv/shop/$HOME",
		"/srv/shopping", "/",
	};

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		for (size_t k = 0; k < ARRAY_LEN(dirs); k++) {
			struct spec *s = bare_spec();
			free(s->command);
			free(s->cwd);
			s->command = mem_str(commands[i]);
			s->cwd = mem_str(dirs[k]);
			char *text = write_there("", s, false);
			struct spec *t = read_process("", text);
			OK(t && spec_equal(s, t));
			spec_free(s);
			spec_free(t);
			free(text);
		}
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
