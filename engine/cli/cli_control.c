/*
 * up, down, start, stop, restart, kill, signal, rm, clean: one request each,
 * then its processes are followed through their rows until what was asked
 * for is true.
 */

#include "cli_ctx.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "life/select.h"
#include "text/rowfmt.h"

enum {
	QUOTED_LINES = 5,
	PID_LOOK_MS = 100,
	LEAVE_MS = 10000,
	LEAVE_OTHER_MS = 120000,	/* with the stops of all processes */
};

/*
 * The processes that a request acted on.  Each is done for good once it has
 * come to what was asked for: what somebody or something does with it while
 * the others are waited for does not count.
 */
struct acted {
	struct client_result r;
	bool (*settled)(const struct proc_row *r);
	bool wait_up;		/* who lives has to be up, too */
	bool late;		/* ... for which there is no time any more */
	struct timer *timer;	/* for who will be up if it lives on */
	bool *done;		/* of each id */
	bool *up;		/* of each id: it was up when it was done */
	uint64_t *run;		/* of each id, when it was first looked at */
};

/* --all and --failed may well mean nobody: that is done, but not unsaid. */
static void
say_nobody(struct cli *c)
{
	bool up = c->cmd->verb->id == VERB_UP && c->cmd->word_count == 0;

	if (cli_given(c, CMD_OPT_FAILED))
		cli_say(c, "no process has failed");
	else if (cli_given(c, CMD_OPT_ALL))
		cli_say(c, "there is no process");
	else if (up)
		cli_say(c, "there is nothing that starts by itself");
}

static void
on_timer(struct timer *t, void *arg)
{
	(void)t;
	cli_wake(arg);
}

static void
acted_init(struct cli *c, struct acted *a)
{
	a->timer = loop_timer(c->loop, on_timer, c);
	a->done = mem_array(a->r.id_count + 1, sizeof *a->done);
	a->up = mem_array(a->r.id_count + 1, sizeof *a->up);
	a->run = mem_array(a->r.id_count + 1, sizeof *a->run);
}

/* The client is behind the reply with its rows until it has asked again. */
static int
request(struct cli *c, struct acted *a)
{
	struct proto_request q;

	if (cmd_to_request(c->cmd, &q, &c->err) < 0 ||
	    cli_call(c, &q, &a->r) < 0)
		return -1;
	if (a->r.id_count == 0)
		say_nobody(c);
	if (a->r.hint[0])
		cli_say(c, "%s", a->r.hint);
	acted_init(c, a);
	return 0;
}

static void
acted_fini(struct acted *a)
{
	timer_drop(a->timer);
	client_result_fini(&a->r);
	free(a->done);
	free(a->up);
	free(a->run);
}

static bool
is_gone(const struct proc_row *r)
{
	return !status_get(r->status)->live && !r->left;
}

/* It runs, or it will not without something else happening first. */
static bool
is_started(const struct proc_row *r)
{
	return !r->going && r->status != STATUS_STOPPING &&
	       !(r->status == STATUS_STARTING && !r->pid);
}

/* It is as ready as it can be, or it will not be ready. */
static bool
is_ready(const struct proc_row *r)
{
	if (r->going)
		return false;
	if (r->status == STATUS_RUNNING)
		return r->ready;
	return rowfmt_is_over(r) || r->status == STATUS_SCHEDULED;
}

/*
 * Was it gone?  A stop leaves nothing alive that is not stopping, so what
 * runs when it is looked at is a run that came after.
 */
static bool
was_gone(const struct acted *a, size_t i, const struct proc_row *r)
{
	return a->settled == is_gone && !r->going && !r->left &&
	       (r->status != STATUS_STOPPING || r->run != a->run[i]);
}

/* 0: it is; else when to look again, as nothing may happen until then. */
static uint64_t
settled_in_ms(struct acted *a, size_t i, const struct proc_row *r)
{
	if (!a->settled(r))
		return was_gone(a, i, r) ? 0 : UINT64_MAX;
	if (!a->wait_up)
		return 0;
	uint64_t up_ms = rowfmt_up_in_ms(r, clock_wall_ms());
	if (r->status == STATUS_COMPLETED || r->status == STATUS_SCHEDULED ||
	    (r->status == STATUS_RUNNING && a->late))
		up_ms = 0;
	a->up[i] = up_ms == 0;
	return r->status == STATUS_RUNNING ? up_ms : 0;
}

static int
check_all(struct cli *c, void *arg)
{
	struct acted *a = arg;
	uint64_t soonest_ms = UINT64_MAX;
	size_t done = 0;

	for (size_t i = 0; i < a->r.id_count; i++) {
		struct model_proc *p = model_find(c->model, a->r.ids[i]);
		if (p && !a->run[i])
			a->run[i] = p->row->run;
		if (!a->done[i]) {
			/* One that is forgotten after its end is as good as
			 * gone. */
			uint64_t in_ms = p ? settled_in_ms(a, i, p->row) : 0;
			a->done[i] = in_ms == 0;
			if (in_ms)
				soonest_ms = SBX_MIN(soonest_ms, in_ms);
		}
		done += a->done[i];
	}
	if (soonest_ms != UINT64_MAX)
		timer_arm(a->timer, clock_us() + soonest_ms * 1000);
	return done == a->r.id_count;
}

static int
say_timeout(struct cli *c, const struct acted *a)
{
	struct buf names = BUF_INIT(300);

	for (size_t i = 0; i < a->r.id_count; i++) {
		struct model_proc *p = model_find(c->model, a->r.ids[i]);
		char state[ROWFMT_STATE_MAX];
		if (!p || a->done[i])
			continue;
		if (buf_addf(&names, "%s%s is '%s'", names.len ? ", " : "",
			     p->row->name,
			     rowfmt_state(p->row, clock_wall_ms(),
					  state)) < 0)
			break;
	}
	err_set(&c->err, ERR_TIMEOUT, "the time given has passed: %s",
		buf_str(&names));
	buf_fini(&names);
	return -1;
}

static void
say_ended_since(struct cli *c, const struct proc_row *r)
{
	if (rowfmt_is_over(r) && r->status != STATUS_COMPLETED)
		cli_say(c, "%s was up and has ended since: %s", r->name,
			rowfmt_reason(r));
}

/* Beside those that the time was too short for. */
static void
say_failed(struct cli *c, const struct acted *a)
{
	for (size_t i = 0; i < a->r.id_count; i++) {
		struct model_proc *p = model_find(c->model, a->r.ids[i]);
		if (!p || !a->done[i] || a->up[i])
			continue;
		cli_say(c, "%s: %s", p->row->name, rowfmt_reason(p->row));
		if (p->row->status != STATUS_ERROR)
			cli_quote_log(c, p->id, QUOTED_LINES);
	}
}

/* Has it come to what `start` is for? */
static int
judge_started(struct cli *c, const struct acted *a)
{
	size_t bad = 0;

	for (size_t i = 0; i < a->r.id_count; i++) {
		struct model_proc *p = model_find(c->model, a->r.ids[i]);
		if (!p)
			continue;
		if (a->up[i]) {
			say_ended_since(c, p->row);
			continue;
		}
		/* What ends at once is the process's own affair, unless one
		 * waits for it to be ready. */
		if (!a->wait_up && p->row->status != STATUS_ERROR)
			continue;
		if (bad++ > 0)
			cli_say(c, "%s", c->err.text);
		err_set(&c->err, ERR_FAILED, "%s: %s", p->row->name,
			rowfmt_reason(p->row));
		if (p->row->status != STATUS_ERROR)
			cli_quote_log(c, p->id, QUOTED_LINES);
	}
	return bad ? -1 : 0;
}

static int
put_acted(struct cli *c, const struct acted *a)
{
	struct model_proc **procs;
	size_t count = 0;

	if (!c->json)
		return 0;
	procs = mem_array(a->r.id_count + 1, sizeof *procs);
	for (size_t i = 0; i < a->r.id_count; i++) {
		struct model_proc *p = model_find(c->model, a->r.ids[i]);
		if (p)
			procs[count++] = p;
	}
	int rc = cli_put_rows(c, procs, count, 0);
	free(procs);
	return rc;
}

static int
follow(struct cli *c, struct acted *a, uint64_t at_ms)
{
	if (cli_until(c, check_all, a, at_ms) == 0)
		return 0;
	if (c->err.code != ERR_TIMEOUT)
		return -1;
	/* To live on for longer than that is not asked of anybody. */
	a->late = true;
	return check_all(c, a) ? 0 : say_timeout(c, a);
}

/* Until they have started, or with --wait until they are up. */
static int
follow_start(struct cli *c, struct acted *a, uint64_t at_ms)
{
	a->wait_up = cli_given(c, CMD_OPT_WAIT);
	a->settled = a->wait_up ? is_ready : is_started;
	int rc = cli_sync(c, 0);
	if (rc == 0)
		rc = follow(c, a, at_ms);
	if (rc && c->err.code == ERR_TIMEOUT && a->wait_up)
		say_failed(c, a);
	return rc ? rc : judge_started(c, a);
}

static int
start_and_follow(struct cli *c)
{
	struct acted a = { .late = false };
	uint64_t at_ms = cli_deadline(c, CMD_OPT_WAIT);

	c->come_back = true;
	int rc = request(c, &a);
	if (rc == 0)
		rc = follow_start(c, &a, at_ms);
	if (rc == 0)
		rc = put_acted(c, &a);
	acted_fini(&a);
	return rc < 0 ? cli_fail(c) : 0;
}

int
cli_follow_reload(struct cli *c, struct client_result *r)
{
	struct acted a = { .r = *r };

	*r = (struct client_result){ .text = NULL };
	acted_init(c, &a);
	int rc = follow_start(c, &a, cli_deadline(c, CMD_OPT_WAIT));
	acted_fini(&a);
	return rc;
}

/* By a descriptor, so that another process of that number is not waited
 * for.  -1: there is no such process any more. */
static int
open_pid(uint32_t pid)
{
	int fd = pid ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
	if (fd >= 0)
		sys_set_cloexec(fd, true);
	return fd;
}

/* By its descriptor.  at_ms 0: for as long as it takes. */
static bool
has_ended(int fd, uint64_t at_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, PID_LOOK_MS) <= 0)
		if (at_ms && clock_ms() >= at_ms)
			return false;
	return true;
}

/*
 * Single members of a tree have no row to follow: their descriptors are taken
 * before they are ended.
 */
struct members {
	int *fds;
	size_t count;
};

static void
members_open(struct members *m, const struct cmd *cmd)
{
	unsigned pid;

	m->fds = mem_array(cmd->word_count + 1, sizeof *m->fds);
	for (size_t i = 0; i < cmd->word_count; i++) {
		if (!select_member(cmd->words[i], &pid))
			continue;
		int fd = open_pid(pid);
		if (fd >= 0)
			m->fds[m->count++] = fd;
	}
}

static void
members_close(struct members *m)
{
	for (size_t i = 0; i < m->count; i++)
		sys_close(m->fds[i]);
	free(m->fds);
}

static int
members_follow(struct cli *c, struct members *m, uint64_t at_ms)
{
	for (size_t i = 0; i < m->count; i++)
		if (!has_ended(m->fds[i], at_ms))
			return err_set(&c->err, ERR_TIMEOUT, "the time given "
				       "has passed: not all of them have "
				       "ended");
	return 0;
}

static int
stop_and_follow(struct cli *c)
{
	struct acted a = { .settled = is_gone };
	struct members members = { .count = 0 };
	bool polite = cli_given(c, CMD_OPT_NO_ESCALATE) &&
		      !cli_given(c, CMD_OPT_WAIT_END);
	uint64_t at_ms = cli_deadline(c, CMD_OPT_WAIT_END);

	c->come_back = true;
	members_open(&members, c->cmd);
	int rc = request(c, &a);
	if (rc == 0)
		rc = cli_sync(c, 0);
	/* Without escalation nothing promises that it ever ends. */
	if (rc == 0 && !polite)
		rc = follow(c, &a, at_ms);
	if (rc == 0)
		rc = members_follow(c, &members, at_ms);
	if (rc == 0)
		rc = put_acted(c, &a);
	members_close(&members);
	acted_fini(&a);
	return rc < 0 ? cli_fail(c) : 0;
}

int
cli_control(struct cli *c)
{
	enum verb verb = c->cmd->verb->id;

	if ((verb == VERB_START ? cli_connect_set(c) :
				  cli_connect(c, false)) < 0)
		return cli_fail(c);
	if (verb == VERB_STOP || verb == VERB_KILL)
		return stop_and_follow(c);
	return start_and_follow(c);
}

int
cli_up(struct cli *c)
{
	if (cli_upgrade(c) < 0 || cli_connect_set(c) < 0)
		return cli_fail(c);
	cli_compare_file(c);
	return start_and_follow(c);
}

int
cli_signal(struct cli *c)
{
	struct acted a = { .settled = is_gone };

	if (cli_connect(c, false) < 0 || request(c, &a) < 0)
		return cli_fail(c);
	int rc = c->json ? cli_sync(c, 0) : 0;
	if (rc == 0)
		rc = put_acted(c, &a);
	acted_fini(&a);
	return rc < 0 ? cli_fail(c) : 0;
}

int
cli_rm(struct cli *c)
{
	struct acted a = { .settled = is_gone };
	struct buf b = BUF_INIT(256);

	if (cli_connect(c, false) < 0 || request(c, &a) < 0)
		return cli_fail(c);
	if (c->json)
		buf_addf(&b, "{\"version\":1,\"removed\":%zu}\n",
			 a.r.id_count);
	else if (c->cmd->verb->id == VERB_CLEAN)
		buf_addf(&b, "%zu\n", a.r.id_count);
	int rc = cli_put(c, &b);
	buf_fini(&b);
	acted_fini(&a);
	return rc < 0 ? cli_fail(c) : 0;
}

static int
check_closed(struct cli *c, void *arg)
{
	(void)arg;
	return client_closed(c->client);
}

static int
wait_pid(struct cli *c, int fd, unsigned for_ms, const char *text)
{
	if (fd < 0 || has_ended(fd, clock_ms() + for_ms))
		return 0;
	return err_set(&c->err, ERR_FAILED, "%s", text);
}

/* An engine that is of another protocol understands nothing else. */
static int
end_other(struct cli *c)
{
	int pid = session_anchor(&c->session), fd = open_pid((uint32_t)pid);
	int rc = 0;

	/* The descriptor pins the process; then look whether it is the one. */
	if (pid <= 0 || session_anchor(&c->session) != pid)
		rc = err_set(&c->err, ERR_FAILED, "the engine is of another "
			     "protocol, and its anchor is not found");
	else if (kill(pid, SIGTERM) < 0)
		rc = err_set(&c->err, ERR_FAILED, "the anchor %d: %s", pid,
			     strerror(errno));
	if (rc == 0)
		rc = wait_pid(c, fd, LEAVE_OTHER_MS,
			      "not everything has ended yet");
	sys_close(fd);
	return rc < 0 ? cli_fail(c) : 0;
}

/* Asks for it, and until an engine says that it is done: one that is killed
 * meanwhile is followed by another one, which goes on. */
static int
ask_down(struct cli *c, struct acted *a)
{
	int rc = request(c, a);

	while (rc == 0) {
		rc = cli_until(c, check_closed, NULL, 0);
		c->err = *client_error(c->client);
		if (rc < 0 || model_bye(c->model)[0] || !cli_come_again(c))
			break;
	}
	return rc;
}

int
cli_down(struct cli *c)
{
	struct acted a = { .settled = is_gone };

	if (cli_connect(c, false) < 0)
		return c->err.code == ERR_OTHER ? end_other(c) : cli_fail(c);
	const struct proto_hello *h = client_hello(c->client);
	int anchor = open_pid(h->anchor_pid ? h->anchor_pid : h->keeper_pid);
	int rc = ask_down(c, &a);
	if (rc == 0)
		rc = wait_pid(c, anchor, LEAVE_MS, "the processes are gone "
			      "but the engine is not");
	sys_close(anchor);
	if (rc == 0 && c->json) {
		struct buf b = BUF_INIT(256);
		buf_addf(&b, "{\"version\":1,\"stopped\":%zu}\n",
			 a.r.id_count);
		rc = cli_put(c, &b);
		buf_fini(&b);
	}
	acted_fini(&a);
	return rc < 0 ? cli_fail(c) : 0;
}
