/*
 * The screen as plain lines, for terminals that can do no more, for screen
 * readers and for logs of a build: what processes print and what becomes of
 * them, one line each and never twice, and commands typed as lines.  Leaving
 * leaves the processes running, as it does on the screen.
 */

#include "cli_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/sys.h"
#include "cli_ctx.h"
#include "conf/option.h"
#include "conf/rc.h"
#include "conf/set.h"
#include "life/status.h"

enum { LINE_BYTES = 64 << 10, WORDS_MAX = 256 };

extern char **environ;

struct plain {
	struct cli *c;
	struct lines lines;
	struct source *in;	/* NULL: no more commands will come */
	struct buf typed;
	bool states_only;	/* set plain.verbosity state */
	bool leave;
	int signo;		/* that ends it; 0 */
	int64_t since_ms;
};

static void
on_signal(int signo, void *arg)
{
	struct plain *p = arg;

	p->signo = signo;
}

/* --- commands --- */

static void
spawn_self(struct plain *p, char **argv)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int status;

	/* The lines that are typed are ours, not the command's. */
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	int r = posix_spawn(&pid, "/proc/self/exe", &files, &attr, argv,
			    environ);
	if (r != 0)
		cli_say(p->c, "cannot run the command: %s", strerror(r));
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
}

static bool
is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list) != 0)
		list++;
	return *list != NULL;
}

/* A command has the terminal until it ends; Ctrl-C ends it and not us. */
static void
run_words(struct plain *p, const struct rc_stmt *st)
{
	static const char *const leave[] = { "quit", "q", "detach", NULL };
	static char self[] = "sbx", file[] = "-f";
	char *argv[WORDS_MAX + 4] = { self };
	size_t n = 1;

	if (is_one_of(st->words[0].text, leave)) {
		p->leave = true;
		return;
	}
	if (st->count > WORDS_MAX) {
		cli_say(p->c, "more than %d words", WORDS_MAX);
		return;
	}
	for (size_t i = 0; i < st->count; i++) {
		argv[n++] = st->words[i].text;
		if (i == 0 && p->c->session.named) {
			argv[n++] = file;
			argv[n++] = p->c->session.rc_path;
		}
	}
	argv[n] = NULL;
	spawn_self(p, argv);
	p->signo = 0;
}

static void
run_line(struct plain *p, const char *line)
{
	struct err e = ERR_INIT;
	struct rc_stmt *st = NULL;

	if (rc_line(line, &st, &e) < 0)
		cli_say(p->c, "%s", e.text);
	else if (st->count > 0)
		run_words(p, st);
	rc_line_free(st);
}

static bool
on_line(char *line, void *arg)
{
	struct plain *p = arg;

	run_line(p, line);
	return !p->leave;
}

static void
on_typed(struct source *s, unsigned events, void *arg)
{
	struct plain *p = arg;
	char data[4096];

	(void)events;
	ssize_t n = sys_read(loop_fd(s), data, sizeof data);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		/* Whoever gave commands has no more of them. */
		loop_drop(s);
		p->in = NULL;
		p->leave = true;
		return;
	}
	if (buf_add(&p->typed, data, (size_t)n) < 0) {
		cli_say(p->c, "a line of more than %d bytes is no command",
			LINE_BYTES);
		buf_clear(&p->typed);
	}
	if (!p->leave)
		buf_each_line(&p->typed, on_line, p);
}

/* A file or /dev/null cannot be waited for: then there are no commands. */
static void
listen_to_stdin(struct plain *p)
{
	int fd = sys_dup(STDIN_FILENO);

	if (fd < 0)
		return;
	p->in = loop_add(p->c->loop, fd, LOOP_IN, "commands", on_typed, p);
	if (!p->in)
		sys_close(fd);
}

/* --- what is printed --- */

/* Adding one turns the loop, so the model is looked at anew after it. */
static int
add_new(struct plain *p)
{
	struct model *m = p->c->model;

	for (size_t i = 0; i < model_count(m); i++) {
		struct model_proc *mp = model_at(m, i);
		if (!lines_find(&p->lines, mp->id) &&
		    !lines_add_since(&p->lines, mp, p->since_ms))
			return -1;
	}
	return 0;
}

static int
tell_all(struct plain *p, bool begins)
{
	struct lines *g = &p->lines;

	for (size_t i = 0; i < g->count; i++) {
		bool over = lines_is_done(g, g->sources[i]);
		const struct proc_row *r = cli_row(p->c, g->sources[i]->id);
		/* What was never started has nothing to tell. */
		if (!r || (r->status == STATUS_OFF && !r->has_exit))
			continue;
		if (!p->states_only)
			logtail_refresh(g->sources[i]->tail);
		if (lines_tell(g, g->sources[i], begins, over) < 0)
			return -1;
	}
	return 0;
}

static int
put_all(struct plain *p)
{
	if (tell_all(p, true) < 0 ||
	    (!p->states_only && lines_put(&p->lines) < 0) ||
	    tell_all(p, false) < 0 || lines_put_notes(&p->lines) < 0)
		return -1;
	return lines_flush(&p->lines);
}

static int
check(struct cli *c, void *arg)
{
	struct plain *p = arg;

	if (p->leave || p->signo)
		return 1;
	/* What the engine said last came together with its leaving. */
	bool left = model_bye(c->model)[0];
	if ((!left && add_new(p) < 0) || put_all(p) < 0)
		return -1;
	if (fflush(stdout))
		return cli_write_failed(c, errno);
	return left;
}

/* --- its beginning --- */

static int
start(struct plain *p, bool fresh)
{
	struct cli *c = p->c;
	struct client_result r = { .text = NULL };
	struct proto_request q = {
		.verb = PROTO_V_START, .names = c->cmd->words,
		.flags = c->cmd->word_count ? 0 : PROTO_F_AUTOSTART,
	};
	int rc = 0;

	p->since_ms = clock_wall_ms();
	if (fresh || c->cmd->word_count)
		rc = cli_call(c, &q, &r);
	client_result_fini(&r);
	lines_want_notes(&p->lines);
	return rc < 0 ? -1 : cli_sync(c, PROTO_SUB_GROWTH | PROTO_SUB_EVENTS);
}

static int
connect_plain(struct plain *p)
{
	struct cli *c = p->c;
	bool fresh;

	if (cli_on_interrupt(c, on_signal, p) < 0 ||
	    cli_connect_fresh(c, &fresh) < 0)
		return -1;
	struct err e = ERR_INIT;
	if (session_load(&c->session, &e) == 0 && c->session.set)
		p->states_only = strcmp(options_text(c->session.set->options,
						     OPTION_PLAIN_VERBOSITY),
					"state") == 0;
	return start(p, fresh);
}

int
cli_plain(struct cli *c)
{
	struct plain p = { .c = c };
	bool asks = isatty(STDIN_FILENO);

	buf_init(&p.typed, LINE_BYTES);
	lines_init(&p.lines, c);
	p.lines.follow = p.lines.prefix = true;
	int rc = connect_plain(&p);
	c->come_back = true;
	if (rc == 0 && asks)
		cli_say(c, "type commands as lines; 'help' lists them, 'quit' "
			"leaves and lets everything run");
	if (rc == 0) {
		listen_to_stdin(&p);
		rc = cli_until(c, check, &p, 0);
	}
	if (rc == 0 && model_bye(c->model)[0])
		cli_say(c, "%s", model_bye(c->model));
	int code = rc < 0 ? cli_fail(c) : p.signo ? 128 + p.signo : 0;
	loop_drop(p.in);
	buf_fini(&p.typed);
	lines_fini(&p.lines);
	return code;
}
