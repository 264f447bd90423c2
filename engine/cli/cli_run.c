/*
 * run: the set in the foreground without a screen.  What it starts it
 * follows, by its rows and logs, to its end; Ctrl-C stops it in the order of
 * the dependencies, a second one kills.  An engine that it had to start goes
 * with it.
 */

#include "cli_lines.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/words.h"
#include "cli_ctx.h"
#include "life/status.h"
#include "text/rowfmt.h"

struct followed {		/* beside each source of the lines */
	bool mine;		/* started by this run */
	bool over;
	bool stopped;		/* by our signal */
};

struct run {
	struct cli *c;
	struct lines lines;
	struct followed *f;
	uint32_t *active;	/* ids that ran before */
	size_t active_count;
	uint32_t engine_pid;	/* of the first one */
	const char *success;	/* all, first, last or a name ... */
	uint32_t success_id;	/* ... and whose it is; 0: no name */
	bool own_engine, any_mine, left;
	int signo;
	unsigned interrupts, kills;
	int64_t since_ms;
};

static void
on_interrupt(int signo, void *arg)
{
	struct run *run = arg;

	if (!run->interrupts++)
		run->signo = signo;
}

/* --- what is followed --- */

static void
note_active(struct run *run)
{
	struct model *m = run->c->model;
	size_t count = model_count(m);

	run->active = mem_array(count + 1, sizeof *run->active);
	for (size_t i = 0; i < count; i++) {
		struct model_proc *p = model_at(m, i);
		if (!rowfmt_is_over(p->row))
			run->active[run->active_count++] = p->id;
	}
}

static bool
was_active(const struct run *run, uint32_t id)
{
	for (size_t i = 0; i < run->active_count; i++)
		if (run->active[i] == id)
			return true;
	return false;
}

/* From what it printed since this command began. */
static int
add_source(struct run *run, uint32_t id)
{
	struct model_proc *p = model_find(run->c->model, id);
	size_t n = run->lines.count;

	if (!p)
		return 0;
	struct lines_source *s = lines_add_since(&run->lines, p,
						 run->since_ms);
	run->f = mem_grow(run->f, n, run->lines.count, sizeof *run->f);
	run->f[n] = (struct followed){ .mine = !was_active(run, id) };
	run->any_mine |= run->f[n].mine;
	return s ? 0 : -1;
}

/* In an engine of our own everything that comes to life is ours. */
static int
add_new(struct run *run)
{
	struct model *m = run->c->model;

	for (size_t i = 0; run->own_engine && i < model_count(m); i++) {
		struct model_proc *p = model_at(m, i);
		if (rowfmt_is_over(p->row) || lines_find(&run->lines, p->id))
			continue;
		if (add_source(run, p->id) < 0)
			return -1;
	}
	return 0;
}

static int
tell_all(struct run *run, bool begins)
{
	for (size_t i = 0; i < run->lines.count; i++)
		if (lines_tell(&run->lines, run->lines.sources[i], begins,
			       run->f[i].over) < 0)
			return -1;
	return 0;
}

/* --- its end --- */

static bool
is_needed(struct run *run, const char *name)
{
	for (size_t i = 0; i < run->lines.count; i++) {
		const struct proc_row *r =
			cli_row(run->c, run->lines.sources[i]->id);
		if (r && run->f[i].mine && !run->f[i].over &&
		    words_have_dep(r->depends, name))
			return true;
	}
	return false;
}

/* Those that no other one of ours needs any more; later the next ones. */
static void
stop_mine(struct run *run)
{
	bool kill = run->interrupts > 1 && run->kills < run->interrupts;
	char **names = mem_array(run->lines.count + 1, sizeof *names);
	struct proto_request q = {
		.verb = kill ? PROTO_V_KILL : PROTO_V_STOP, .names = names,
	};
	size_t count = 0;

	if (kill)
		run->kills = run->interrupts;
	for (size_t i = 0; i < run->lines.count; i++) {
		struct followed *f = &run->f[i];
		char *name = run->lines.sources[i]->name;
		if (!f->mine || f->over)
			continue;
		if (!kill && (f->stopped || is_needed(run, name)))
			continue;
		f->stopped = true;
		names[count++] = name;
	}
	if (count > 0)
		client_request(run->c->client, &q, NULL, NULL);
	free(names);
}

static bool
all_over(const struct run *run)
{
	for (size_t i = 0; i < run->lines.count; i++)
		if (!run->f[i].over && (run->f[i].mine || !run->any_mine))
			return false;
	return true;
}

/*
 * The row is ahead of the log: its last line, perhaps without a newline, is
 * there when the engine says that the log of this run has ended.  One that
 * took over tells nothing of logs that had ended before.
 */
static bool
has_ended(struct run *run, struct lines_source *s)
{
	struct model_proc *p = model_find(run->c->model, s->id);

	if (!lines_is_done(&run->lines, s))
		return false;
	const struct proto_hello *h = client_hello(run->c->client);
	return !p || !p->row->has_exit || !h ||
	       h->engine_pid != run->engine_pid ||
	       (p->grow.ended && p->grow.run == p->row->run);
}

/* Nothing is shown any more: are those of ours gone? */
static int
check_gone(struct cli *c, void *arg)
{
	struct run *run = arg;
	bool gone = true;

	for (size_t i = 0; i < run->lines.count; i++) {
		const struct proc_row *r =
			cli_row(c, run->lines.sources[i]->id);
		run->f[i].over = !r || rowfmt_is_over(r);
		gone &= run->f[i].over || !run->f[i].mine;
	}
	if (!gone)
		stop_mine(run);
	return gone || model_bye(c->model)[0];
}

static int
check_run(struct cli *c, void *arg)
{
	struct run *run = arg;

	run->left = model_bye(c->model)[0] != '\0';
	if (!run->left && add_new(run) < 0)
		return -1;
	for (size_t i = 0; i < run->lines.count; i++) {
		struct lines_source *s = run->lines.sources[i];
		run->f[i].over = has_ended(run, s);
		/* The rows may be ahead of what is said about the logs. */
		logtail_refresh(s->tail);
		s->tails |= run->left;
	}
	if (tell_all(run, true) < 0 || lines_put(&run->lines) < 0 ||
	    tell_all(run, false) < 0 || lines_put_notes(&run->lines) < 0)
		return -1;
	if (lines_flush(&run->lines) < 0)
		return -1;
	if (fflush(stdout))
		return cli_write_failed(c, errno);
	if (run->left || all_over(run))
		return 1;
	if (run->interrupts > 0 && !run->any_mine)
		return 1;
	if (run->interrupts > 0)
		stop_mine(run);
	return 0;
}

/* --- the exit status --- */

static int
code_of(const struct run *run, size_t i, const struct proc_row *r)
{
	if (run->f[i].stopped && run->signo)
		return 128 + run->signo;
	if (r->status == STATUS_COMPLETED || r->status == STATUS_OFF)
		return 0;
	if (r->status == STATUS_TIMED_OUT)
		return err_exit_code(ERR_TIMEOUT);
	if (r->has_exit && r->exit_signal)
		return 128 + r->exit_signal;
	return r->has_exit && r->exit_code ? r->exit_code : 1;
}

static int
judge(struct run *run)
{
	bool all = strcmp(run->success, "all") == 0;
	bool first = strcmp(run->success, "first") == 0;
	bool last = strcmp(run->success, "last") == 0;
	int64_t at_ms = 0;
	int code = 0;

	for (size_t i = 0; i < run->lines.count; i++) {
		const struct lines_source *s = run->lines.sources[i];
		const struct proc_row *r = cli_row(run->c, s->id);
		if (!r || (run->any_mine && !run->f[i].mine))
			continue;
		int own = code_of(run, i, r);
		int64_t end = r->ended_at_ms;
		if (all)
			code = SBX_MAX(code, own);
		else if (s->id == run->success_id)
			code = own;
		else if (((first && (!at_ms || end < at_ms)) ||
			  (last && end >= at_ms)) && end) {
			code = own;
			at_ms = end;
		}
	}
	return code;
}

/* --- its beginning --- */

static int
check_success(struct run *run)
{
	struct cli *c = run->c;
	const char *text = cli_arg(c, CMD_OPT_SUCCESS)->text;
	static const char *const words[] = { "all", "first", "last" };

	run->success = text ? text : "all";
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(run->success, words[i]) == 0)
			return 0;
	struct model_proc *p = cli_one(c, run->success);
	if (p)
		run->success_id = p->id;
	return p ? 0 : -1;
}

/* Who is not started by this run has no end that it could wait for. */
static int
check_started(struct run *run)
{
	struct cli *c = run->c;

	if (!run->success_id)
		return 0;
	for (size_t i = 0; i < run->lines.count; i++)
		if (run->lines.sources[i]->id == run->success_id &&
		    (run->f[i].mine || !run->any_mine))
			return 0;
	err_set(&c->err, ERR_USAGE, "--success: this does not start '%s'",
		run->success);
	return err_hint(&c->err, "name it among those that are run");
}

static int
start(struct run *run)
{
	const unsigned subs = PROTO_SUB_GROWTH | PROTO_SUB_EVENTS;
	struct cli *c = run->c;
	struct client_result r = { .text = NULL };
	struct proto_request q = {
		.verb = PROTO_V_START, .names = c->cmd->words,
		.flags = c->cmd->word_count ? 0 : PROTO_F_AUTOSTART,
	};

	lines_want_notes(&run->lines);
	if (cli_sync(c, subs) < 0 || check_success(run) < 0)
		return -1;
	note_active(run);
	run->since_ms = clock_wall_ms();
	int rc = cli_call(c, &q, &r);
	if (rc == 0)
		rc = cli_sync(c, subs);
	for (size_t i = 0; rc == 0 && i < r.id_count; i++)
		rc = add_source(run, r.ids[i]);
	if (rc == 0 && r.id_count == 0)
		cli_say(c, "there is nothing that starts by itself");
	client_result_fini(&r);
	return rc < 0 ? rc : check_started(run);
}

static int
connect_run(struct run *run)
{
	struct cli *c = run->c;

	/* A Ctrl-C while the engine comes up must not leave it behind. */
	if (cli_on_interrupt(c, on_interrupt, run) < 0 ||
	    cli_connect_fresh(c, &run->own_engine) < 0)
		return -1;
	run->engine_pid = client_hello(c->client)->engine_pid;
	return 0;
}

/* As "sbx down" does it. */
static int
bring_down(struct cli *c)
{
	const struct cmd *ours = c->cmd;
	char word[] = "down", *words[] = { word, NULL };
	struct cmd down;

	c->err = (struct err)ERR_INIT;
	if (cmd_parse_verb(words, 1, &down, &c->err) < 0)
		return cli_fail(c);
	c->cmd = &down;
	int code = cli_down(c);
	c->cmd = ours;
	cmd_fini(&down);
	return code;
}

int
cli_run(struct cli *c)
{
	struct run run = { .c = c };
	int code = 0;

	/* Who reads may go first: what was started has to end then too. */
	signal(SIGPIPE, SIG_IGN);
	lines_init(&run.lines, c);
	run.lines.follow = run.lines.prefix = true;
	int rc = connect_run(&run);
	bool connected = rc == 0;
	c->come_back = true;
	bool began = rc == 0 && run.interrupts == 0;
	if (began)
		rc = start(&run);
	if (rc == 0 && began)
		rc = cli_until(c, check_run, &run, 0);
	if (rc < 0)
		code = c->write_error == EPIPE ? 128 + SIGPIPE : cli_fail(c);
	else
		code = began ? judge(&run) : 128 + run.signo;
	/* Whatever went wrong: what was started does not stay behind. */
	if (connected && run.own_engine && !run.left) {
		int end = bring_down(c);
		code = code ? code : end;
	} else if (connected && rc < 0 && !client_closed(c->client)) {
		run.interrupts += run.interrupts == 0;
		(void)cli_until(c, check_gone, &run, 0);
	}
	free(run.f);
	free(run.active);
	lines_fini(&run.lines);
	return code;
}
