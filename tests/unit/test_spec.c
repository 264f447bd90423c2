#include <signal.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/msg.h"
#include "engine/base/strv.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

static struct spec *
sample(void)
{
	struct spec_args a = {
		.name = "web.1", .cwd = "/srv", .command = "npm run dev; true",
		.env = (char *[]){ "A=1", "-B", "C=", NULL },
		.user = "www-data:www-data", .group = "front",
		.timeout_ms = 5000,
	};
	struct spec *s = spec_from_args(&a, NULL);

	s->watches = mem_array(1, sizeof(*s->watches));
	s->watches[0] = (struct spec_watch){
		.name = mem_str("err"),
		.pattern = { mem_str("\\bERROR\\b"), SPEC_RE_CASELESS },
		.actions = SPEC_WATCH_MARK | SPEC_WATCH_NOTIFY,
		.level = SPEC_LEVEL_ERROR, .value = mem_str("ms"),
		.alert = true, .alert_above = 1.5,
	};
	s->watch_count = 1;
	s->ready = (struct spec_probe){
		.kind = SPEC_PROBE_HTTP, .host = mem_str("localhost"),
		.port = 8080, .path = mem_str("/health"),
		.status_min = 200, .status_max = 299,
	};
	s->deps = mem_array(1, sizeof(*s->deps));
	s->deps[0] = (struct spec_dep){ mem_str("db"), SPEC_COND_OK };
	s->dep_count = 1;
	return s;
}

TEST(packs_and_unpacks)
{
	struct spec *s = sample(), *back = NULL;
	struct buf b = BUF_INIT(SPEC_PACK_MAX);
	struct err e = ERR_INIT;

	EQ_INT(spec_pack(s, &b), 0);
	EQ_INT(spec_unpack(b.data, b.len, &back, &e), 0);
	OK(spec_equal(s, back));
	EQ_STR(back->command, "npm run dev; true");
	EQ_INT(back->env_count, 3);
	OK(back->env[1].value == NULL);
	EQ_STR(back->groups[0], "front");
	EQ_INT(back->ready.port, 8080);
	OK(back->watches[0].alert_above > 1.4);
	EQ_INT(back->source, SPEC_FROM_ADD);
	EQ_INT(back->stop_count, 2);
	EQ_INT(back->stop[1].signo, SIGKILL);
	spec_free(back);
	buf_fini(&b);
	spec_free(s);
}

/* Whatever the wire brings: an answer, no crash, nothing leaked. */
TEST(damaged_bytes_are_refused_or_valid)
{
	struct spec *s = sample(), *back;
	struct buf b = BUF_INIT(SPEC_PACK_MAX);
	int good = 0;

	EQ_INT(spec_pack(s, &b), 0);
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit += 3) {
			b.data[i] ^= (char)(1 << bit);
			if (spec_unpack(b.data, b.len, &back, NULL) == 0) {
				good++;
				OK(spec_check(back, NULL) == 0);
				spec_free(back);
			}
			b.data[i] ^= (char)(1 << bit);
		}
	OK(good > 0);
	for (size_t len = 0; len < b.len; len++)
		if (spec_unpack(b.data, len, &back, NULL) == 0)
			spec_free(back);
	buf_fini(&b);
	spec_free(s);
}

/* A field of a later version is skipped, a missing one has its default. */
TEST(other_versions_are_read)
{
	struct spec *s = sample(), *back = NULL;
	struct buf b = BUF_INIT(SPEC_PACK_MAX), less = BUF_INIT(SPEC_PACK_MAX);
	struct msg_reader in;

	EQ_INT(spec_pack(s, &b), 0);
	EQ_INT(msg_put_u8(&b, 250), 0);
	EQ_INT(msg_put_bytes(&b, "future", 6), 0);
	msg_open(&in, b.data, b.len);
	while (in.off < in.len) {
		uint8_t tag = msg_u8(&in);
		size_t len;
		const char *data = msg_bytes(&in, &len);
		if (tag == 30)
			continue;
		EQ_INT(msg_put_u8(&less, tag), 0);
		EQ_INT(msg_put_bytes(&less, data, len), 0);
	}
	s->restart_max = 77;
	EQ_INT(spec_unpack(less.data, less.len, &back, NULL), 0);
	EQ_INT(back->restart_max, 5);
	spec_free(back);
	buf_fini(&b);
	buf_fini(&less);
	spec_free(s);
}

TEST(differences_have_a_word)
{
	struct spec *a = sample(), *b = spec_dup(a);

	OK(spec_equal(a, b));
	b->line = 99;
	OK(spec_equal(a, b));
	b->restart_max = 9;
	EQ_STR(spec_diff(a, b), "restart.max");
	b->restart_max = a->restart_max;
	free(b->watches[0].pattern.text);
	b->watches[0].pattern.text = mem_str("other");
	EQ_STR(spec_diff(a, b), "watch");
	free(b->cwd);
	b->cwd = mem_str("/elsewhere");
	EQ_STR(spec_diff(a, b), "cwd");
	spec_free(a);
	spec_free(b);
}

TEST(environment)
{
	struct spec *s = sample();
	char *base[] = { "B=gone", "PATH=/bin", "A=0", "C=old", "X=1", NULL };

	EQ_INT(spec_add_env(s, "PATH=/x", NULL), 0);
	s->env[s->env_count - 1].prepend = true;
	char **env = spec_environ(s, base);
	size_t n = 0;
	for (; env[n]; n++) {
		OK(strncmp(env[n], "B=", 2) != 0);
		if (env[n][0] == 'A')
			EQ_STR(env[n], "A=1");
		if (env[n][0] == 'C')
			EQ_STR(env[n], "C=");
		if (env[n][0] == 'P')
			EQ_STR(env[n], "PATH=/x:/bin");
	}
	EQ_INT(n, 4);
	strv_free(env);
	env = spec_environ(s, NULL);
	EQ_STR(env[2], "PATH=/x");
	strv_free(env);
	EQ_INT(spec_add_env(s, "NOTHING", NULL), -1);
	EQ_INT(spec_add_env(s, "=x", NULL), -1);
	EQ_INT(spec_add_env(s, "-", NULL), -1);
	EQ_INT(spec_add_env(s, "-D=x", NULL), -1);
	EQ_INT(spec_add_env(s, "A\nB=x", NULL), -1);
	EQ_INT(spec_add_env(s, "A B=x", NULL), -1);
	EQ_INT(spec_add_env(s, "A =x", NULL), -1);
	EQ_INT(spec_add_env(s, "A\t=x", NULL), -1);
	EQ_INT(spec_add_env(s, "-A B", NULL), -1);
	EQ_INT(spec_add_env(s, "A=x y", NULL), 0);
	spec_free(s);
}

TEST(names)
{
	char long_name[SPEC_NAME_MAX + 2];

	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	EQ_INT(spec_name_check(long_name, NULL), -1);
	long_name[SPEC_NAME_MAX] = '\0';
	EQ_INT(spec_name_check(long_name, NULL), 0);
	EQ_INT(spec_name_check("a-b_c.d:e9", NULL), 0);
	EQ_INT(spec_name_check("", NULL), -1);
	EQ_INT(spec_name_check("..", NULL), -1);
	EQ_INT(spec_name_check("a/b", NULL), -1);
	EQ_INT(spec_name_check("a b", NULL), -1);
	EQ_INT(spec_name_check("a\033[31m", NULL), -1);
	EQ_INT(spec_name_check("\xc3\xa9", NULL), -1);
	EQ_INT(spec_name_check("-x", NULL), -1);
}

static int
refused(struct spec_args a, const char *text)
{
	struct err e = ERR_INIT;
	struct spec *s = spec_from_args(&a, &e);
	int right = !s && e.code == ERR_USAGE && strcmp(e.text, text) == 0;

	if (!right)
		printf("# got: %s\n", s ? "a spec" : e.text);
	spec_free(s);
	return right;
}

TEST(arguments_are_checked)
{
	char *argv[] = { "ls", "-l", NULL }, *none[] = { NULL };
	char *env[] = { "A", NULL };

	OK(refused((struct spec_args){ .cwd = "/" },
		   "this process has no command"));
	OK(refused((struct spec_args){ .cwd = "/", .argv = none },
		   "this process has no command"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "x",
				       .argv = argv },
		   "a process has 'cmd' or 'argv', not both"));
	OK(refused((struct spec_args){ .cwd = "rel", .command = "x" },
		   "'cwd' is not an absolute path"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "" },
		   "the command is empty"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "x",
				       .name = "a b" },
		   "'a b' is not a valid name"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "x",
				       .group = "" }, "a name is empty"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "x",
				       .env = env }, "'A' is no variable"));
	OK(refused((struct spec_args){ .cwd = "/", .command = "x",
				       .stdin_kind = SPEC_STDIN_TTY },
		   "'stdin tty' and 'tty yes' go together"));
}

/* What a definition means that says nothing of it. */
TEST(defaults_are_the_documented_ones)
{
	struct spec *s = spec_new();

	EQ_INT(s->ready_every_ms, 100);
	EQ_INT(s->live_every_ms, 10000);
	EQ_INT(s->live_fails, 3);
	EQ_INT(s->backoff_min_ms, 1000);
	EQ_INT(s->backoff_max_ms, 30000);
	EQ_INT(s->restart_reset_ms, 10000);
	EQ_INT(s->restart_max, 5);
	EQ_INT(s->restart_within_ms, 120000);
	EQ_INT(s->files_debounce_ms, 300);
	EQ_INT(s->rows, 24);
	EQ_INT(s->cols, 80);
	EQ_INT(s->stop_count, 2);
	EQ_INT(s->stop[0].wait_ms, 5000);
	EQ_INT(s->ready.status_min, 200);
	EQ_INT(s->ready.status_max, 399);
	EQ_INT(s->restart, SPEC_RESTART_NEVER);
	OK(s->keep && !s->tree_keep && !s->timeout_ms);
	spec_free(s);
}

TEST(a_tty_is_stopped_by_hangup)
{
	char *argv[] = { "bash", NULL };
	struct spec_args a = { .cwd = "/", .argv = argv, .tty = true,
			       .rows = 10, .forget = true };
	struct spec *s = spec_from_args(&a, NULL);

	EQ_INT(s->stop_count, 3);
	EQ_INT(s->stop[0].signo, SIGHUP);
	EQ_INT(s->stop[0].wait_ms, 2000);
	EQ_INT(s->stop[2].signo, SIGKILL);
	EQ_INT(s->stdin_kind, SPEC_STDIN_TTY);
	EQ_INT(s->rows, 10);
	EQ_INT(s->cols, 80);
	EQ_STR(s->name, "");
	OK(!s->keep);
	spec_free(s);
}

TEST(guesses_names)
{
	static const char *const cases[][2] = {
		{ "npm run storybook", "storybook" },
		{ "npm start", "start" },
		{ "yarn dev", "dev" },
		{ "npx vite --port 3000", "vite" },
		{ "python3 -m http.server", "http.server" },
		{ "python manage.py runserver", "manage" },
		{ "node --enable-source-maps ./src/server.js", "server" },
		{ "./bin/worker --queue a | tee x", "worker" },
		{ "PORT=3 exec ./api", "api" },
		{ "docker compose up db", "db" },
		{ "go run ./cmd/api", "api" },
		{ "make -j2 test", "test" },
		{ "make", "make" },
		{ "bash -lc 'x'", "x" },
		{ "\xc3\xa9t\xc3\xa9 now", "t" },
		{ "", "proc" },
		{ "| x", "proc" },
		{ "...", "proc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[SPEC_NAME_MAX + 1];
		spec_guess_name(cases[i][0], name);
		EQ_STR(name, cases[i][1]);
		EQ_INT(spec_name_check(name, NULL), 0);
	}
}

TEST(what_comes_on_a_stream)
{
	struct err e = ERR_INIT;

	OK(spec_comes_on("a", true, SPEC_STREAM_ANY, &e));
	OK(spec_comes_on("a", true, SPEC_STREAM_PTY, &e));
	OK(spec_comes_on("a", false, SPEC_STREAM_STDERR, &e));
	OK(!spec_comes_on("a", false, SPEC_STREAM_PTY, &e));
	EQ_STR(e.text, "'a' has no terminal: nothing comes on pty");
	OK(!spec_comes_on("a", true, SPEC_STREAM_STDOUT, &e));
	EQ_STR(e.text, "'a' has a terminal: nothing comes on stdout");
	struct spec s = { .name = (char *)(uintptr_t)"a", .tty = true };
	OK(!spec_has_stream(&s, SPEC_STREAM_STDERR, &e));
	EQ_STR(e.text, "'a' has a terminal: nothing comes on stderr without "
	       "'stderr separate'");
	s.stderr_separate = true;
	OK(spec_has_stream(&s, SPEC_STREAM_STDERR, &e));
	OK(!spec_has_stream(&s, SPEC_STREAM_STDOUT, &e));
}

TEST_MAIN()
