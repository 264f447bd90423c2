#include <fcntl.h>
#include <sys/stat.h>

#include "engine/base/buf.h"
#include "engine/base/diag.h"
#include "engine/base/mem.h"
#include "engine/conf/import.h"
#include "engine/conf/import_find.h"
#include "engine/conf/rcload.h"
#include "engine/conf/set.h"
#include "engine/conf/ytree.h"
#include "engine/spec/spec.h"
#include "tests/lib/test.h"

static char dir[] = "/tmp/sbx-import.XXXXXX";
static char *environment[] = { "HOME=/nonexistent", "PATH=/bin:/usr/bin",
			       "SET=from-outside", NULL };

static void
write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* A file, what was found in it, and the set that its sbxrc makes. */
struct result {
	struct import *im;
	struct import_mistake m;
	struct buf text, said;
	struct set *set;
};

static void
load(struct result *r)
{
	struct set_request rq = { .path = "sbxrc", .alone = true,
				  .environment = environment };
	struct diags *ds = diags_new();

	(void)set_load(&rq, &r->set, ds);
	(void)diags_print(ds, "sbxrc", "nothing was started", &r->said);
	diags_free(ds);
}

static void
take(struct result *r, enum import_format f, const char *text,
     const char *from, const char *runner)
{
	*r = (struct result){ .text = BUF_INIT(8 << 20),
			      .said = BUF_INIT(1 << 20) };
	r->im = import_parse(f, text, strlen(text), runner, &r->m);
	if (!r->im)
		return;
	(void)import_write(r->im, "FILE", from, &r->text);
	write_file("sbxrc", buf_str(&r->text));
	load(r);
}

static void
done(struct result *r)
{
	import_free(r->im);
	set_free(r->set);
	buf_fini(&r->text);
	buf_fini(&r->said);
}

static const struct spec *
spec_of(const struct result *r, const char *name)
{
	static const struct spec none = { .name = "none" };
	const struct spec *s = r->set ? set_find(r->set, name) : NULL;

	if (!s)
		printf("# no '%s' in:\n# %s\n# %s %s\n", name,
		       buf_str(&r->text), buf_str(&r->said), r->m.text);
	return s ? s : &none;
}

static const char *
env_of(const struct spec *s, const char *name)
{
	for (size_t i = s->env_count; i > 0; i--)
		if (strcmp(s->env[i - 1].name, name) == 0)
			return s->env[i - 1].value ? s->env[i - 1].value :
				"(removed)";
	return "(not there)";
}

/* "LINE KEY" of the notes, one after another. */
static const char *
notes_of(const struct result *r)
{
	static char text[2000];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; r->im && i < r->im->note_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%u %s", i ? ", " : "",
					r->im->notes[i].line,
					r->im->notes[i].key);
	return text;
}

static const char *
refused(enum import_format f, const char *text)
{
	static char said[400];
	struct result r;

	take(&r, f, text, NULL, NULL);
	snprintf(said, sizeof(said), "%u: %s", r.m.line, r.m.text);
	if (r.im)
		snprintf(said, sizeof(said), "accepted");
	done(&r);
	return said;
}

/* --- Procfile --- */

TEST(procfile_lines_become_processes)
{
	struct result r;

	take(&r, IMPORT_PROCFILE, "# all of it\n"
	     "web: bundle exec rails s -p $PORT # x\r\n"
	     "\n"
	     "  worker-2:env A='b c' sidekiq\n"
	     "release: ./migrate && echo \"$X\" \\\n"
	     "no process\n", NULL, NULL);
	EQ_STR(spec_of(&r, "web")->command,
	       "bundle exec rails s -p $PORT # x");
	EQ_STR(spec_of(&r, "worker-2")->command, "env A='b c' sidekiq");
	EQ_STR(spec_of(&r, "release")->command, "./migrate && echo \"$X\" \\");
	EQ_STR(env_of(spec_of(&r, "web"), "PORT"), "5000");
	EQ_STR(env_of(spec_of(&r, "worker-2"), "PORT"), "5100");
	EQ_STR(notes_of(&r), "6 line");
	OK(strstr(buf_str(&r.text), "env-file .env optional\n"));
	done(&r);
	EQ_STR(refused(IMPORT_PROCFILE, "a: x\nb: y\na: z\n"),
	       "3: 'a' is on line 1 already");
	EQ_STR(refused(IMPORT_PROCFILE, "# nothing\n"),
	       "0: there is no process in it");
}

/* --- package.json --- */

TEST(scripts_become_processes)
{
	struct result r;

	take(&r, IMPORT_NPM, "{\n"
	     " \"files\": [\"a\", \"scripts\"], \"x\": {\"scripts\": 1},\n"
	     " \"scripts\": {\n"
	     "  \"start\": \"node .\",\n"
	     "  \"dev\": \"vite\", \"watch\": \"tsc -w\",\n"
	     "  \"prebuild\": \"rm\", \"build\": \"tsc\",\n"
	     "  \"postinstall\": \"x\", \"presto\": \"y\",\n"
	     "  \"test it/all\": \"a \\\"b\\\"\", \"odd\": 7\n"
	     " }\n}\n", NULL, "pnpm");
	EQ_STR(spec_of(&r, "npm:dev")->command, "pnpm run dev");
	OK(spec_of(&r, "npm:dev")->autostart);
	OK(spec_of(&r, "npm:watch")->autostart);
	OK(!spec_of(&r, "npm:start")->autostart);
	OK(!spec_of(&r, "npm:build")->autostart);
	EQ_STR(spec_of(&r, "npm:presto")->command, "pnpm run presto");
	EQ_STR(spec_of(&r, "npm:test-it-all")->command,
	       "pnpm run 'test it/all'");
	EQ_STR(notes_of(&r), "6 prebuild, 7 postinstall, 8 odd");
	EQ_INT(r.im->procs[1]->line, 5);
	EQ_INT(r.im->procs[1]->col, 3);
	EQ_INT(r.im->procs[1]->width, 5);
	done(&r);
	take(&r, IMPORT_NPM, "{\"packageManager\":\"yarn@4\",\"scripts\":"
	     "{\"serve\":\"x\"}}", NULL, "pnpm");
	EQ_STR(spec_of(&r, "npm:serve")->command, "yarn run serve");
	OK(spec_of(&r, "npm:serve")->autostart);
	done(&r);
}

TEST(wrong_package_json_is_refused)
{
	EQ_STR(refused(IMPORT_NPM, "{}"), "0: there are no \"scripts\" in it");
	EQ_STR(refused(IMPORT_NPM, "[]"), "1: it is no package.json: no { }");
	EQ_STR(refused(IMPORT_NPM, "{\"scripts\":{}}"),
	       "0: there is no process in it");
	OK(strncmp(refused(IMPORT_NPM, "{\n\"scripts\":{\"a\":\"b\",\n"
			   "\"a\":\"c\"}}"), "3: duplicate", 12) == 0);
	OK(strncmp(refused(IMPORT_NPM, "{\n\n,}"), "3: ", 3) == 0);
}

/* --- compose --- */

static const char compose[] =
	"x-base: &base\n"
	"  build: { context: ./api }\n"
	"  environment: { A: one, B: 7, C: , D: \"x=${SET} $$y ${NO:-z}\" }\n"
	"services:\n"
	"  db:\n"
	"    image: postgres:15\n"
	"  job:\n"
	"    build: .\n"
	"    command: [\"sh\", \"-c\", \"echo $$HOME; true\"]\n"
	"  web:\n"
	"    <<: *base\n"
	"    command: >\n"
	"      npm run dev --\n"
	"      --host 'a b'\n"
	"    env_file: [.env, { path: b.env }]\n"
	"    ports: [\"80:80\"]\n"
	"    depends_on:\n"
	"      db: { condition: service_healthy }\n"
	"      job: { condition: service_completed_successfully }\n"
	"      api: { condition: service_healthy }\n"
	"    stop_grace_period: 1m30s\n"
	"    stop_signal: SIGINT\n"
	"    profiles: [debug]\n"
	"    restart: on-failure:3\n"
	"  api:\n"
	"    image: node:20\n"
	"    volumes: [\"./srv:/app\", \"data:/data\"]\n"
	"    working_dir: /app/x/\n"
	"    entrypoint: [node, \"two words\"]\n"
	"    command: [\"--port=${PORT}\"]\n"
	"    environment: [E=1, F, \"G=a'b\"]\n"
	"    healthcheck:\n"
	"      test: [CMD, curl, -f, \"http://x/?a b\"]\n"
	"      interval: 2s\n"
	"    restart: unless-stopped\n"
	"    tty: true\n"
	"    depends_on: [web]\n";

TEST(services_become_processes)
{
	struct result r;

	take(&r, IMPORT_COMPOSE, compose, NULL, NULL);
	const struct spec *web = spec_of(&r, "web"), *api = spec_of(&r, "api");
	EQ_INT(import_active(r.im), 3);
	EQ_STR(spec_of(&r, "job")->command, "echo $HOME; true");
	EQ_STR(web->command, "npm run dev -- --host 'a b'");
	OK(strstr(web->cwd, "/api"));
	EQ_STR(env_of(web, "A"), "one");
	EQ_STR(env_of(web, "B"), "7");
	EQ_STR(env_of(web, "C"), "(not there)");
	EQ_STR(env_of(web, "D"), "x=from-outside $y z");
	OK(!web->autostart);
	EQ_INT(web->restart, SPEC_RESTART_ON_FAILURE);
	EQ_INT(web->restart_max, 3);
	EQ_INT(web->stop[0].signo, SIGINT);
	EQ_INT(web->stop[0].wait_ms, 90000);
	EQ_INT(web->dep_count, 2);
	EQ_STR(web->deps[0].name, "job");
	EQ_INT(web->deps[0].condition, SPEC_COND_OK);
	EQ_INT(web->deps[1].condition, SPEC_COND_READY);
	EQ_STR(api->command, "node 'two words' \"--port=${PORT}\"");
	OK(strstr(api->cwd, "/srv/x"));
	EQ_STR(env_of(api, "G"), "a'b");
	EQ_INT(api->ready.kind, SPEC_PROBE_EXEC);
	EQ_STR(api->ready.command, "curl -f 'http://x/?a b'");
	EQ_INT(api->ready_every_ms, 2000);
	EQ_INT(api->restart, SPEC_RESTART_ALWAYS);
	OK(api->tty);
	EQ_INT(api->dep_count, 0);
	done(&r);
}

TEST(what_compose_alone_can_is_noted)
{
	struct result r;

	take(&r, IMPORT_COMPOSE, compose, NULL, NULL);
	EQ_STR(notes_of(&r), "16 services.web.ports, 23 services.web.profiles,"
	       " 26 services.api.image, 27 services.api.volumes, 5 db,"
	       " 18 depends_on, 37 depends_on");
	OK(strstr(buf_str(&r.text), "#process db docker compose -f FILE up "
		  "--no-deps db\n"));
	OK(strstr(buf_str(&r.text), "    # not translated: services.web.ports "
		  "(line 16): its program has to listen on them itself\n"));
	done(&r);
	take(&r, IMPORT_COMPOSE,
	     "services:\n"
	     "  a:\n"
	     "    build: .\n"
	     "    command: x\n"
	     "    working_dir: /app/web\n"
	     "    healthcheck: { test: y, interval: 1m }\n", NULL, NULL);
	EQ_STR(notes_of(&r), "5 working_dir, 6 services.a.healthcheck");
	done(&r);
	EQ_STR(refused(IMPORT_COMPOSE, "version: 3\n"),
	       "0: there are no 'services' in it");
	EQ_STR(refused(IMPORT_COMPOSE, "services: {}\n"),
	       "0: there is no process in it");
	EQ_STR(refused(IMPORT_COMPOSE, "- a\n"),
	       "1: it is no map of KEY: VALUE lines");
}

/* --- mprocs --- */

TEST(procs_become_processes)
{
	struct result r;

	take(&r, IMPORT_MPROCS,
	     "procs:\n"
	     "  short: npm run dev\n"
	     "  words: [echo, \"a b\", \"it's\", \"\", \"${X}\", \"#\"]\n"
	     "  long:\n"
	     "    shell: |\n"
	     "      if true; then\n"
	     "        echo \"<<END\"\n"
	     "\n"
	     "      fi \\\n"
	     "    cwd: \"<CONFIG_DIR>/sub\"\n"
	     "    env: { A: 1, B: null, C: '$X' }\n"
	     "    autostart: false\n"
	     "    autorestart: true\n"
	     "    stop: SIGKILL\n"
	     "    add_path: [bin]\n"
	     "  os: { shell: { $select: os, linux: a, $else: b },"
	     " stop: SIGINT }\n"
	     "  keyed: { shell: k, stop: { send-keys: [\"<C-c>\","
	     " \"q<Enter> \"] } }\n"
	     "  odd: { shell: k, stop: { send-keys: [\"<Nokey>\"] } }\n"
	     "  ended: { shell: k, stop: { cmd: \"end \\\"it\\\"\" } }\n"
	     "  gone: null\n"
	     "  both: { cmd: [a], log: true }\n"
	     "hide_keymap_window: true\n", "/else where", NULL);
	const struct spec *s = spec_of(&r, "long");
	EQ_STR(spec_of(&r, "short")->command, "npm run dev");
	OK(spec_of(&r, "short")->tty);
	EQ_STR(spec_of(&r, "short")->cwd, "/else where");
	char **argv = spec_of(&r, "words")->argv;
	OK(argv);
	EQ_STR(argv[1], "a b");
	EQ_STR(argv[2], "it's");
	EQ_STR(argv[3], "");
	EQ_STR(argv[4], "${X}");
	EQ_STR(argv[5], "#");
	EQ_STR(s->command, "if true; then\n  echo \"<<END\"\n\nfi \\");
	EQ_STR(s->cwd, "/else where/sub");
	EQ_STR(env_of(s, "A"), "1");
	EQ_STR(env_of(s, "B"), "(removed)");
	EQ_STR(env_of(s, "C"), "$X");
	EQ_STR(env_of(s, "PATH"), "/else where/bin");
	OK(!s->autostart);
	EQ_INT(s->restart, SPEC_RESTART_ALWAYS);
	EQ_INT(s->stop_count, 1);
	EQ_STR(spec_of(&r, "os")->command, "a");
	EQ_INT(spec_of(&r, "os")->stop[0].signo, SIGINT);
	EQ_STR(spec_of(&r, "keyed")->stop_keys, "C-c q Enter Space");
	EQ_STR(spec_of(&r, "ended")->stop_command, "end \"it\"");
	EQ_INT(r.set->spec_count, 8);
	EQ_STR(notes_of(&r), "15 procs.long.add_path, 18 procs.odd.stop, "
	       "21 procs.both.log, 22 hide_keymap_window");
	done(&r);
	EQ_STR(refused(IMPORT_MPROCS, "procs: [a]\n"),
	       "1: there are no 'procs' in it");
}

/* --- process-compose --- */

static const char pcompose[] =
	"version: \"0.5\"\n"
	"environment: [G=1]\n"
	"processes:\n"
	"  db:\n"
	"    command: \"exec pg -D $$DIR\"\n"
	"    description: the data\n"
	"    readiness_probe:\n"
	"      exec: { command: pg_isready, working_dir: \"./a b\" }\n"
	"      period_seconds: 2\n"
	"    availability: { restart: on_failure, backoff_seconds: 3 }\n"
	"    shutdown: { signal: 2, timeout_seconds: 7 }\n"
	"    namespace: back end\n"
	"  api:\n"
	"    entrypoint: [node, \"x y.js\"]\n"
	"    working_dir: ./api\n"
	"    environment: [\"PORT=80\", \"URL=http://$HOST\"]\n"
	"    depends_on:\n"
	"      db: { condition: process_healthy }\n"
	"      seed: { condition: process_completed }\n"
	"      log: { condition: process_log_ready }\n"
	"      gone: { condition: process_started }\n"
	"    readiness_probe:\n"
	"      http_get: { host: localhost, port: 8080, path: /h?a=b }\n"
	"    availability: { restart: exit_on_failure }\n"
	"    is_tty: true\n"
	"  log: { command: l, ready_log_line: \"up (1.0) a/b\" }\n"
	"  seed: { command: s, disabled: true, success_exit_codes: [3] }\n"
	"  tls:\n"
	"    command: t\n"
	"    readiness_probe: { http_get: { scheme: https, host: x.y } }\n"
	"    odd_key: 1\n";

TEST(processes_of_process_compose)
{
	struct result r;

	take(&r, IMPORT_PCOMPOSE, pcompose, NULL, NULL);
	const struct spec *db = spec_of(&r, "db"), *api = spec_of(&r, "api");
	EQ_STR(db->command, "exec pg -D $DIR");
	EQ_STR(db->shell, "/bin/bash");
	EQ_STR(db->desc, "the data");
	EQ_STR(env_of(db, "G"), "1");
	EQ_STR(db->ready.command, "cd './a b' && pg_isready");
	EQ_INT(db->ready_every_ms, 2000);
	EQ_INT(db->restart, SPEC_RESTART_ON_FAILURE);
	EQ_INT(db->restart_max, 0);
	EQ_INT(db->backoff_min_ms, 3000);
	EQ_INT(db->stop[0].signo, SIGINT);
	EQ_INT(db->stop[0].wait_ms, 7000);
	OK(spec_in_group(db, "back-end"));
	EQ_STR(api->argv[1], "x y.js");
	OK(strstr(api->cwd, "/api"));
	EQ_STR(env_of(api, "URL"), "http://");
	EQ_INT(api->dep_count, 3);
	EQ_INT(api->deps[0].condition, SPEC_COND_READY);
	EQ_INT(api->deps[1].condition, SPEC_COND_DONE);
	EQ_INT(api->deps[2].condition, SPEC_COND_READY);
	EQ_INT(api->ready.kind, SPEC_PROBE_HTTP);
	EQ_INT(api->ready.port, 8080);
	EQ_STR(api->ready.path, "/h?a=b");
	OK(api->tty);
	EQ_STR(spec_of(&r, "log")->ready.pattern.text,
	       "up \\(1\\.0\\) a\\/b");
	OK(!spec_of(&r, "seed")->autostart);
	EQ_INT(spec_of(&r, "seed")->ok_codes[0].code, 3);
	EQ_STR(spec_of(&r, "tls")->ready.command,
	       "curl -fsS -o /dev/null https://x.y/");
	EQ_STR(notes_of(&r), "24 processes.api.availability, "
	       "31 processes.tls.odd_key, 21 depends_on");
	done(&r);
}

TEST(nothing_of_process_compose_is_lost_silently)
{
	struct result r;

	take(&r, IMPORT_PCOMPOSE,
	     "processes:\n"
	     "  a: { entrypoint: [sh, -c], command: \"echo one\" }\n"
	     "  b: { command: \"echo two\", entrypoint: [x, y] }\n"
	     "  c: { entrypoint: [x, y], command: \"\" }\n"
	     "  d:\n"
	     "    command: x\n"
	     "    readiness_probe: { http_get: { port: \"{{.P}}\" } }\n"
	     "  e: { command: x, is_tty: true, is_interactive: true }\n"
	     "  f:\n"
	     "    command: x\n"
	     "    schedule: { cron: \"0 4 * * *\", run_on_start: true }\n"
	     "  g:\n"
	     "    command: x\n"
	     "    readiness_probe:\n"
	     "      http_get: { port: 81, headers: { A: b c, D: e } }\n"
	     "  h:\n"
	     "    command: x\n"
	     "    liveness_probe:\n"
	     "      http_get: { scheme: https, status_code: 204,\n"
	     "                  headers: { A: b c } }\n",
	     NULL, NULL);
	EQ_STR(spec_of(&r, "a")->command, "echo one");
	EQ_STR(spec_of(&r, "b")->command, "echo two");
	EQ_STR(spec_of(&r, "c")->argv[1], "y");
	OK(spec_of(&r, "e")->tty);
	EQ_STR(spec_of(&r, "g")->ready.headers, "A:b c\r\nD:e\r\n");
	EQ_STR(spec_of(&r, "h")->live.command, "curl -fsS -o /dev/null "
	       "https://127.0.0.1/ -H 'A:b c'");
	EQ_STR(notes_of(&r), "2 processes.a.command, 3 processes.b.entrypoint,"
	       " 6 processes.d, 11 processes.f.schedule, "
	       "19 processes.h.liveness_probe");
	done(&r);
}

/* Words that come with a later version are notes until then, never lines
 * that would be refused. */
TEST(every_policy_is_a_line_or_a_note)
{
	struct result r;

	take(&r, IMPORT_PCOMPOSE,
	     "processes:\n"
	     "  a:\n"
	     "    command: x\n"
	     "    liveness_probe: { exec: { command: y } }\n"
	     "    log_location: ./a.log\n"
	     "    replicas: 3\n"
	     "    shutdown: { command: stop it }\n"
	     "    schedule: { cron: \"0 4 * * 1-5\" }\n"
	     "  b: { command: x, schedule: { interval: 1h30m,"
	     " run_on_start: true } }\n"
	     "  c: { command: x, schedule: { cron: nonsense } }\n",
	     NULL, NULL);
	static const char *const heads[] = {
		"live exec", "log.file", "replicas", "stop cmd", "schedule",
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		bool told = strstr(buf_str(&r.text), heads[i]) != NULL;
		if (!told)
			printf("# %s\n", heads[i]);
		OK(told);
	}
	OK(!spec_of(&r, "c")->autostart);
	EQ_STR(buf_str(&r.said), "");
	done(&r);
}

/* --- YAML --- */

static const char *
tree_says(const char *text, size_t len)
{
	static char said[300];
	struct ytree_mistake m;
	struct ytree *t = ytree_new(text, len, &m);

	snprintf(said, sizeof(said), "%u:%u: %s", m.line, m.col, m.text);
	if (t)
		snprintf(said, sizeof(said), "fine");
	ytree_free(t);
	return said;
}

#define SAYS(text, want) EQ_STR(tree_says((text), strlen(text)), (want))

TEST(yaml_mistakes_have_a_place)
{
	SAYS("a: 1\nb: 2\na: 3\n", "3:1: the key 'a' is here already, on line "
	     "1");
	SAYS("a: *b\n", "1:4: there is no '&b' above");
	SAYS("a: &a\n  b: *a\n", "2:6: '*a' stands inside of itself");
	SAYS("a: 1\n---\nb: 2\n", "2:1: a second document; only one is read");
	SAYS("? [a]\n: b\n", "1:5: a key that is not a text");
	SAYS("a: \"\\0\"\n", "1:4: a NUL byte in a text");
	SAYS("<<: 7\n", "1:5: '<<' needs a map");
	OK(strncmp(tree_says("a: b: c\n", 8), "1:5: ", 5) == 0);
	SAYS("", "fine");
}

TEST(yaml_merges_and_shares)
{
	struct ytree_mistake m;
	static const char text[] = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: ~}\n"
		"c: {<<: [*a, *b], x: 9}\nd: *a\n";
	struct ytree *t = ytree_new(text, strlen(text), &m);
	const struct ytree_node *c = ytree_get(ytree_root(t), "c");

	EQ_INT(c->count, 3);
	EQ_STR(ytree_text(ytree_get(c, "x")), "9");
	EQ_STR(ytree_text(ytree_get(c, "y")), "2");
	OK(ytree_get(c, "z") && ytree_is_null(ytree_get(c, "z")));
	EQ_STR(ytree_text(ytree_get(ytree_get(ytree_root(t), "d"), "x")),
	       "1");
	ytree_free(t);
}

TEST(yaml_cannot_explode)
{
	struct buf b = BUF_INIT(4 << 20);

	buf_adds(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			buf_addf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buf_adds(&b, "]\n");
	}
	OK(strstr(tree_says(b.data, b.len), "unfold to more than"));
	buf_clear(&b);
	for (int i = 0; i < 100; i++)
		buf_adds(&b, "[");
	OK(strstr(tree_says(b.data, b.len), "inside each other"));
	buf_clear(&b);
	buf_adds(&b, "m0: &m0 {k0: 1}\n");
	for (int i = 1; i < 200; i++)
		buf_addf(&b, "m%d: &m%d {<<: *m%d, k%d: 1}\n", i, i, i - 1, i);
	OK(strstr(tree_says(b.data, b.len), "inside each other"));
	buf_clear(&b);
	while (b.len <= YTREE_BYTES_MAX)
		buf_adds(&b, "# a comment that goes on and on\n");
	OK(strstr(tree_says(b.data, b.len), "larger than"));
	buf_fini(&b);
}

/* --- names, quoting, limits --- */

TEST(names_are_cleaned)
{
	static const struct {
		const char *said, *name;
	} cases[] = {
		{ "web", "web" }, { "web server", "web-server" },
		{ "web/server", "web-server-2" }, { "-x", "x" },
		{ "\xc3\xa9t\xc3\xa9", "t" }, { "...", "process" },
		{ "a!!b", "a-b" }, { "", "process-2" },
	};
	struct import *im = mem_alloc(sizeof(*im));
	struct import_mistake m;
	char long_name[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct import_proc *p = import_add(im, cases[i].said, 1, &m);
		EQ_STR(p->name, cases[i].name);
		OK(spec_name_check(p->name, NULL) == 0);
	}
	memset(long_name, 'n', sizeof(long_name));
	long_name[199] = '\0';
	EQ_INT(strlen(import_add(im, long_name, 1, &m)->name), 64);
	EQ_INT(strlen(import_add(im, long_name, 1, &m)->name), 60);
	while (im->proc_count < IMPORT_PROCS_MAX)
		OK(import_add(im, "more", 1, &m));
	OK(!import_add(im, "too many", 7, &m));
	EQ_INT(m.line, 7);
	import_free(im);
}

static unsigned seed;

static unsigned
next(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

/* Text of what breaks rules: blanks, quotes, braces, comments, escapes. */
static void
nasty(struct buf *b, unsigned pieces, bool lines)
{
	static const char *const parts[] = {
		"a", " ", "\t", "'", "\"", "\\", "#", " #", "{", "}", "${",
		"$", "$$", "${A:-b}", "$A", "/", "<<END", "END", "=", "-",
		"\xe2\x82\xac", ";", "&&", "\033", "\x01", "x y", ":", "*",
		"\n", "\r", "\n\n", "\n ", "\nEND\n",
	};
	size_t count = sizeof(parts) / sizeof(*parts);

	while (pieces-- > 0)
		buf_adds(b, parts[next((unsigned)count - (lines ? 0 : 5))]);
}

/* One command, one word of a command and one variable, written and read. */
static bool
reads_back(const char *text)
{
	struct import *im = mem_alloc(sizeof(*im));
	struct import_mistake m;
	struct import_proc *p = import_add(im, "p", 1, &m);
	struct import_proc *q = import_add(im, "q", 1, &m);
	const char *words[] = { "true", text };
	char *env = mem_fmt("V=%s", text);
	struct result r = { .im = im, .text = BUF_INIT(1 << 20),
			    .said = BUF_INIT(1 << 20) };

	import_argv(im, p, 1, words, 2, false);
	import_line(im, p, 1, "env", IMPORT_WORD, env);
	import_command(im, q, 1, text);
	if (!q->command)
		q->command = mem_str(":");
	import_write(im, "FILE", NULL, &r.text);
	write_file("sbxrc", buf_str(&r.text));
	load(&r);
	bool right = r.set && strcmp(spec_of(&r, "p")->argv[1], text) == 0 &&
		strcmp(env_of(spec_of(&r, "p"), "V"), text) == 0 &&
		strcmp(spec_of(&r, "q")->command, q->command) == 0;
	if (!right)
		printf("# %s\n# %s\n", buf_str(&r.text), buf_str(&r.said));
	free(env);
	done(&r);
	return right;
}

TEST(whatever_a_word_is_it_reads_back)
{
	for (unsigned n = 1; n < 3000; n++) {
		struct buf word = BUF_INIT(4096);
		seed = n;
		nasty(&word, 1 + next(8), n % 2);
		bool right = reads_back(buf_str(&word));
		buf_fini(&word);
		if (!right)
			TEST_FAIL("with seed %u", n);
	}
}

TEST(variables_stay_variables)
{
	static const struct {
		const char *text, *quoted;
		bool ok;
	} cases[] = {
		{ "a$B", "\"a${B:-}\"", true },
		{ "${B}c", "\"${B:-}c\"", true },
		{ "${B:-x y}", "\"${B:-x y}\"", true },
		{ "${B-x}", "\"${B:-x}\"", true },
		{ "${B:?no}", "\"${B:-}\"", false },
		{ "${B:-${C}}", "\"${B:-}\"", false },
		{ "${B:+x}", "\"${B:-}\"", false },
		{ "$$B $${C} $", "\"$B \\x24{C} $\"", true },
		{ "${", "\"\\x24{\"", true },
		{ "$1 $-", "\"$1 $-\"", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = BUF_INIT(1000);
		bool ok = import_quote(cases[i].text, true, &b);
		EQ_STR(buf_str(&b), cases[i].quoted);
		EQ_INT(ok, cases[i].ok);
		buf_fini(&b);
	}
}

/* --- import lines of an sbxrc --- */

static void
read_set(struct result *r, const char *text)
{
	*r = (struct result){ .text = BUF_INIT(100),
			      .said = BUF_INIT(1 << 20) };
	write_file("sbxrc", text);
	load(r);
}

TEST(an_sbxrc_imports_a_procfile)
{
	struct result r;

	write_file("Procfile", "web: serve $PORT\nworker: work\nx y: z\n");
	mkdir("sub", 0700);
	write_file("sub/Procfile", "a: x\nb: y\nc: z\n");
	write_file("sub/.env", "KEY=value\nPORT=3000\n");
	read_set(&r, "defaults {\n restart always\n}\nimport procfile\n"
		 "import procfile sub/Procfile b,c\nprocess own true\n"
		 "process late {\n cmd x\n depends web\n}\n");
	EQ_INT(r.set->spec_count, 6);
	EQ_STR(r.set->specs[0]->name, "web");
	EQ_STR(r.set->specs[0]->file, "Procfile");
	EQ_INT(r.set->specs[1]->line, 2);
	EQ_INT(r.set->specs[0]->restart, SPEC_RESTART_ALWAYS);
	EQ_STR(env_of(spec_of(&r, "worker"), "PORT"), "5100");
	EQ_STR(env_of(spec_of(&r, "b"), "PORT"), "3100");
	EQ_STR(env_of(spec_of(&r, "c"), "KEY"), "value");
	OK(strstr(spec_of(&r, "b")->cwd, "/sub"));
	OK(strstr(buf_str(&r.said), "Procfile:3:1: warning: passed over: it "
		  "is no 'NAME: COMMAND'\n    3 | x y: z\n"));
	done(&r);
}

TEST(an_sbxrc_imports_scripts)
{
	struct result r;

	write_file("package.json", "{\"scripts\":{\"dev\":\"a\",\n"
		   "\"test:a\":\"b\",\"test:b\":\"c\"}}");
	write_file("yarn.lock", "");
	read_set(&r, "import npm\n");
	EQ_STR(spec_of(&r, "npm:dev")->command, "yarn run dev");
	OK(spec_of(&r, "npm:dev")->autostart);
	OK(!spec_of(&r, "npm:test:a")->autostart);
	EQ_INT(spec_of(&r, "npm:test:a")->line, 2);
	done(&r);
	read_set(&r, "import npm package.json test:*\n");
	OK(!spec_of(&r, "npm:dev")->autostart);
	OK(spec_of(&r, "npm:test:b")->autostart);
	done(&r);
	unlink("yarn.lock");
}

#define IMPORT_SAYS(text, want)                                                \
	do {                                                                   \
		struct result r_;                                              \
		read_set(&r_, (text));                                         \
		char *said_ = mem_str(buf_str(&r_.said));                      \
		done(&r_);                                                     \
		EQ_STR(said_, (want));                                         \
		free(said_);                                                   \
	} while (0)

TEST(mistakes_of_imports_have_a_place)
{
	write_file("bad.json", "{\n \"scripts\": {\n  \"a\" \"b\"\n}}\n");
	IMPORT_SAYS("import npm bad.json\n",
		    "bad.json:3:9: error: ':' expected near '\"b\"'\n"
		    "    3 |   \"a\" \"b\"\n"
		    "      |         ^\n"
		    "sbxrc: 1 error; nothing was started.\n");
	write_file("Procfile", "web: a\nweb: b\n");
	IMPORT_SAYS("import procfile\n",
		    "Procfile:2:1: error: 'web' is on line 1 already\n"
		    "    2 | web: b\n"
		    "      | ^\n"
		    "sbxrc: 1 error; nothing was started.\n");
	write_file("Procfile", "web: a\nworker: b\n");
	IMPORT_SAYS("process web x\nimport procfile\n",
		    "Procfile:1:1: error: process 'web' is defined twice\n"
		    "    1 | web: a\n"
		    "      | ^~~\n"
		    "      = the first one is at sbxrc:1\n"
		    "sbxrc: 1 error; nothing was started.\n");
	IMPORT_SAYS("import procfile Procfile wrker\n",
		    "sbxrc:1:26: error: there is no 'wrker' in Procfile\n"
		    "    1 | import procfile Procfile wrker\n"
		    "      |                          ^~~~~\n"
		    "      = did you mean 'worker'?\n"
		    "sbxrc: 1 error; nothing was started.\n");
	IMPORT_SAYS("import mprocs\n",
		    "sbxrc:1:8: error: 'mprocs' cannot be imported\n"
		    "    1 | import mprocs\n"
		    "      |        ^~~~~~\n"
		    "      = 'sbx init --from mprocs' makes an sbxrc of it\n"
		    "sbxrc: 1 error; nothing was started.\n");
	IMPORT_SAYS("import procfile gone\n",
		    "sbxrc:1:17: error: cannot read 'gone': No such file or "
		    "directory\n"
		    "    1 | import procfile gone\n"
		    "      |                 ^~~~\n"
		    "sbxrc: 1 error; nothing was started.\n");
	write_file(".env", "A=1\nbad line\n");
	IMPORT_SAYS("import procfile\n",
		    ".env:2:1: error: expected NAME=VALUE\n"
		    "    2 | bad line\n"
		    "      | ^~~\n"
		    "sbxrc: 1 error; nothing was started.\n");
	unlink(".env");
}

TEST(files_are_found)
{
	struct import_found found[IMPORT_FORMATS];
	int fd = open("sub", O_RDONLY | O_DIRECTORY);
	char *hint = import_suggest(fd);

	EQ_STR(hint, "'sbx init --from procfile' makes one of the Procfile "
	       "here");
	free(hint);
	unlink("sub/Procfile");
	OK(!import_suggest(fd));
	write_file("sub/docker-compose.yml", "");
	write_file("sub/mprocs.yaml", "");
	EQ_INT(import_find(fd, found), 2);
	EQ_INT(found[0].format, IMPORT_MPROCS);
	EQ_STR(found[1].file, "docker-compose.yml");
	close(fd);
	EQ_INT(import_format_of("x/Procfile.test"), IMPORT_PROCFILE);
	EQ_INT(import_format_of("x/process-compose.yml"), IMPORT_PCOMPOSE);
	EQ_INT(import_format_of("other.yml"), -1);
	write_file("pnpm-lock.yaml", "");
	EQ_STR(import_runner("sub"), "pnpm");
}

int
main(void)
{
	return test_run_in(dir, NULL);
}
