#include "cli_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "client/lastlines.h"
#include "client/upgrade.h"
#include "conf/import_find.h"
#include "life/select.h"
#include "log/logread.h"
#include "text/rowfmt.h"

enum {
	OUT_MAX = 64 << 20,
};

int
cli_fail(struct cli *c)
{
	const struct err *e = &c->err;

	fflush(stdout);
	if (c->json) {
		struct buf b = BUF_INIT(4 << 20);
		struct jsonout j;
		jsonout_begin(&j, &b);
		jsonout_object(&j, NULL);
		jsonout_object(&j, "error");
		jsonout_string(&j, "code", err_code_name(e->code));
		jsonout_string(&j, "message", e->text);
		if (e->hint[0])
			jsonout_string(&j, "hint", e->hint);
		const struct buf *more = c->quote.len ? &c->quote :
							&c->session.talk;
		if (more->len > 0)
			jsonout_string(&j, "details", more->data);
		jsonout_close(&j);
		jsonout_close(&j);
		jsonout_end(&j);
		fprintf(stderr, "%s\n", buf_str(&b));
		buf_fini(&b);
		return err_exit_code(e->code);
	}
	/* Said already, see cli_connect. */
	if (!e->text[0])
		return err_exit_code(e->code);
	/* Errors quote words of files and of processes. */
	struct buf b = BUF_INIT(16 * 1024);
	rowfmt_plain(&b, e->text);
	buf_addc(&b, '\n');
	buf_add(&b, buf_str(&c->quote), c->quote.len);
	if (e->hint[0]) {
		buf_adds(&b, "  ");
		rowfmt_plain(&b, e->hint);
		buf_addc(&b, '\n');
	}
	fprintf(stderr, "sbx: %s", buf_str(&b));
	buf_fini(&b);
	return err_exit_code(e->code);
}

void
cli_say(const struct cli *c, const char *fmt, ...)
{
	struct buf raw = BUF_INIT(8192), b = BUF_INIT(32 * 1024);
	va_list ap;

	if (c->json)
		return;
	va_start(ap, fmt);
	buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	rowfmt_plain(&b, buf_str(&raw));
	fflush(stdout);
	fprintf(stderr, "sbx: %s\n", buf_str(&b));
	buf_fini(&raw);
	buf_fini(&b);
}

int
cli_write_failed(struct cli *c, int error)
{
	c->write_error = error;
	return err_set(&c->err, ERR_INTERNAL, "writing the output: %s",
		       strerror(error));
}

int
cli_put(struct cli *c, struct buf *b)
{
	size_t len = b->len;
	size_t n = len ? fwrite(b->data, 1, len, stdout) : 0;

	buf_clear(b);
	return n == len ? 0 : cli_write_failed(c, errno);
}

/* One that does not fit any more is in the journal. */
static void
keep_note(struct cli *c)
{
	unsigned level;
	size_t len = c->notes.len;

	if (buf_adds(&c->notes, "sbx: note: ") < 0 ||
	    rowfmt_plain(&c->notes, model_note(c->model, &level)) < 0 ||
	    buf_addc(&c->notes, '\n') < 0)
		buf_cut(&c->notes, len);
}

static void
on_frame(struct client *client, const struct conn_frame *f, void *arg)
{
	struct cli *c = arg;
	int r = model_take(c->model, f, NULL);
	(void)client;

	if (r > 0 && (r & MODEL_SYNC))
		c->synced = true;
	if (r > 0 && (r & MODEL_NOTE) && c->keeps_notes)
		keep_note(c);
}

/* Who waits for an end gets it even if the process is forgotten with it. */
static void
on_gone(struct model_proc *p, void *arg)
{
	struct cli *c = arg;

	c->gone = mem_grow(c->gone, c->gone_count, c->gone_count + 1,
			   sizeof *c->gone);
	c->gone[c->gone_count++] = proc_row_dup(p->row);
}

const struct proc_row *
cli_row(struct cli *c, uint32_t id)
{
	struct model_proc *p = model_find(c->model, id);

	if (p)
		return p->row;
	for (size_t i = 0; i < c->gone_count; i++)
		if (c->gone[i]->id == id)
			return c->gone[i];
	return NULL;
}

void
cli_fini(struct cli *c)
{
	client_free(c->client);
	model_free(c->model);
	buf_fini(&c->quote);
	buf_fini(&c->notes);
	for (size_t i = 0; i < c->gone_count; i++)
		proc_row_free(c->gone[i]);
	free(c->gone);
	if (c->found)
		session_fini(&c->session);
	if (c->loop)
		loop_free(c->loop);
}

static const struct client_hooks hooks = { .on_frame = on_frame };

static int
find_session(struct cli *c)
{
	if (!c->found && session_find(&c->session,
				      cli_arg(c, CMD_OPT_FILE)->text,
				      &c->err) < 0)
		return -1;
	c->found = true;
	return 0;
}

/* Makes c->loop, for what must be there before the engine.  0 or -1. */
static int
make_loop(struct cli *c)
{
	if (!c->loop)
		c->loop = loop_new();
	if (!c->loop)
		return err_set(&c->err, ERR_INTERNAL, "the loop: %s",
			       strerror(errno));
	return 0;
}

int
cli_connect(struct cli *c, bool start)
{
	if (find_session(c) < 0 || make_loop(c) < 0)
		return -1;
	if (!c->model)
		c->model = model_new(on_gone, c);
	/* The loop turns while the next one is made. */
	client_free(c->client);
	c->client = NULL;
	c->connects++;
	if (start)
		c->client = session_start(&c->session, c->loop, &hooks, c,
					  &c->err);
	else
		c->client = session_connect(&c->session, c->loop, &hooks, c,
					    &c->err);
	/* What the sbxrc has to say goes before the error that sums it up. */
	if (c->session.talk.len > 0 && !c->json) {
		fputs(c->session.talk.data, stderr);
		buf_clear(&c->session.talk);
		if (!c->client && c->err.code == ERR_USAGE)
			c->err.text[0] = '\0';
	}
	if (c->client && c->session.gone && c->connects == 1)
		cli_say(c, "'%s' is gone; its set still runs",
			c->session.rc_path);
	return c->client ? 0 : -1;
}

int
cli_upgrade(struct cli *c)
{
	char was[UPGRADE_RELEASE_MAX];
	struct err why = ERR_INIT;

	if (find_session(c) < 0 || make_loop(c) < 0)
		return -1;
	int r = upgrade_engine(c->loop, c->session.sock_path, was, &why);
	if (r < 0)
		cli_say(c, "the engine is another sbx (%s), and stays: %s",
			was, why.text);
	if (r <= 0)
		return 0;
	/* Its successor is that one again if this one could not read the
	 * records. */
	if (cli_connect(c, false) < 0) {
		if (c->err.code == ERR_OTHER)
			err_hint(&c->err, "this one cannot read its records: "
				 "'sbx down' ends it, then 'sbx up' starts "
				 "this one");
		return -1;
	}
	const struct proto_hello *h = client_hello(c->client);
	if (upgrade_is_ours((int)h->engine_pid))
		cli_say(c, "sbx %s took over from another one (%s)",
			SBX_VERSION, was);
	else
		cli_say(c, "the engine is another sbx (%s), and stays: this "
			"one cannot read its records", was);
	return 0;
}

int
cli_connect_set(struct cli *c)
{
	const struct session *s = &c->session;

	if (find_session(c) < 0)
		return -1;
	if (s->rc_path || !s->dir.key)
		return cli_connect(c, true);
	if (cli_connect(c, false) == 0)
		return 0;
	if (c->err.code != ERR_NO_ENGINE)
		return -1;
	err_set(&c->err, ERR_USAGE, "there is no sbxrc or .sbxrc in '%.300s' "
		"or above it, and no engine runs for it", s->dir.dir);
	char *way = import_suggest(AT_FDCWD);
	if (way)
		err_hint(&c->err, "%s", way);
	else
		err_hint(&c->err, "write one (see man 5 sbxrc), name one with "
			 "-f, or run a command with 'sbx add -- CMD'");
	free(way);
	return -1;
}

int
cli_connect_fresh(struct cli *c, bool *fresh)
{
	*fresh = cli_connect(c, false) < 0;
	if (!*fresh)
		return 0;
	if (c->err.code != ERR_NO_ENGINE)
		return -1;
	c->err = (struct err)ERR_INIT;
	return cli_connect_set(c);
}

int
cli_on_interrupt(struct cli *c, loop_signal_fn *fn, void *arg)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	if (make_loop(c) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (loop_signal(c->loop, signals[i], fn, arg) < 0)
			return err_set(&c->err, ERR_INTERNAL,
				       "signals cannot be caught: %s",
				       strerror(errno));
	return 0;
}

/* After an error: the engine died without an answer, and another one is
 * connected. */
static bool
has_another(struct cli *c)
{
	return client_closed(c->client) && c->err.code == ERR_NO_ENGINE &&
	       !model_bye(c->model)[0] && cli_connect(c, false) == 0;
}

int
cli_sync(struct cli *c, uint32_t bits)
{
	c->subs = bits | PROTO_SUB_ROWS;
	do {
		c->synced = false;
		model_resync(c->model);
		int r = client_subscribe(c->client, c->subs);
		if (r < 0)
			err_set(&c->err, ERR_NO_ENGINE,
				"the engine does not answer: %s",
				strerror(-r));
		else if (client_wait(c->client, &c->synced, 0, &c->err) == 0)
			return 0;
	} while (has_another(c));
	return -1;
}

void
cli_watch_screens(struct cli *c, const uint32_t *ids, size_t count)
{
	c->screens = ids;
	c->screen_count = count;
	for (size_t i = 0; i < count; i++)
		client_screen_also(c->client, ids[i]);
}

bool
cli_come_again(struct cli *c)
{
	if (!has_another(c))
		return false;
	if (!c->subs)
		return true;
	if (cli_sync(c, c->subs) < 0)
		return false;
	cli_watch_screens(c, c->screens, c->screen_count);
	return true;
}

int
cli_call(struct cli *c, const struct proto_request *q,
	 struct client_result *out)
{
	struct proto_request keyed = *q;

	keyed.key = client_new_keys(1);
	do {
		if (client_call(c->client, &keyed, out, &c->err) == 0)
			return 0;
	} while (cli_come_again(c));
	return -1;
}

int
cli_rows(struct cli *c, uint32_t bits)
{
	return cli_connect(c, false) < 0 ? -1 : cli_sync(c, bits);
}

/* The engine was killed or replaced: its successor knows the same ids. */
static int
reconnect(struct cli *c)
{
	c->err = *client_error(c->client);
	return c->come_back && cli_come_again(c) ? 0 : -1;
}

int
cli_until(struct cli *c, cli_check_fn *fn, void *arg, uint64_t at_ms)
{
	for (;;) {
		int r = fn(c, arg);
		if (r)
			return r < 0 ? -1 : 0;
		if (client_closed(c->client)) {
			if (reconnect(c) < 0)
				return -1;
			continue;
		}
		int64_t max_us = -1;
		if (at_ms) {
			uint64_t now = clock_ms();
			if (now >= at_ms)
				return err_set(&c->err, ERR_TIMEOUT,
					       "the time given has passed");
			max_us = (int64_t)(at_ms - now) * 1000;
		}
		r = loop_turn(c->loop, max_us);
		if (r < 0)
			return err_set(&c->err, ERR_INTERNAL, "the loop: %s",
				       strerror(-r));
	}
}

void
cli_wake(struct cli *c)
{
	loop_again(c->loop);
}

uint64_t
cli_deadline(const struct cli *c, enum cmd_option o)
{
	const struct cmd_arg *a = cli_arg(c, o);
	return a->given && a->text ? clock_ms() + a->number : 0;
}

int
cli_select(struct cli *c, size_t first, bool all_by_default,
	   struct model_proc ***out)
{
	unsigned flags = 0;

	if (cli_given(c, CMD_OPT_ALL))
		flags |= SELECT_ALL;
	if (cli_given(c, CMD_OPT_FAILED))
		flags |= SELECT_FAILED;
	if (all_by_default && !flags && c->cmd->word_count <= first)
		flags |= SELECT_ALL;
	int n = model_select(c->model, c->cmd->words + first, flags, out,
			     &c->err);
	/* There is nobody to wait for, or whose lines could be shown. */
	if (n == 0 && !all_by_default) {
		free(*out);
		return err_set(&c->err, ERR_NO_PROCESS,
			       cli_given(c, CMD_OPT_FAILED) ?
			       "no process has failed" :
			       "there is no process");
	}
	return n;
}

struct model_proc *
cli_one(struct cli *c, const char *name)
{
	char *names[] = { (char *)(uintptr_t)name, NULL };
	struct model_proc **found, *p = NULL;
	int n = model_select(c->model, names, 0, &found, &c->err);

	if (n == 1)
		p = found[0];
	else if (n > 1)
		err_set(&c->err, ERR_USAGE, "'%s' means %d processes, one "
			"is wanted", name, n);
	if (n >= 0)
		free(found);
	return p;
}

struct opened {
	bool done;
	int fd;
	struct buf payload;
	struct err err;
};

static void
on_opened(struct client *client, const struct client_answer *a, void *arg)
{
	struct opened *o = arg;
	(void)client;

	o->done = true;
	if (a->err) {
		o->err = *a->err;
	} else if (a->frame->nfds < 1) {
		err_set(&o->err, ERR_INTERNAL,
			"the engine sent no descriptor");
	} else {
		o->fd = a->frame->fds[0];
		a->frame->fds[0] = -1;
		buf_add(&o->payload, a->frame->data, a->frame->len);
	}
}

/* proc 0: the journal.  Asks the next engine where one dies meanwhile. */
static int
open_of(struct cli *c, uint32_t proc, struct opened *o)
{
	do {
		*o = (struct opened){ .fd = -1 };
		buf_init(&o->payload, 4096);
		int r = proc ? client_log_open(c->client, proc, on_opened, o) :
			       client_journal_open(c->client, on_opened, o);
		if (r < 0)
			err_set(&c->err, ERR_NO_ENGINE,
				"asking the engine: %s", strerror(-r));
		else if (client_wait(c->client, &o->done, 0, &c->err) == 0 &&
			 o->err.code == ERR_NONE)
			return 0;
		else if (o->done)
			c->err = o->err;
	} while (cli_come_again(c));
	return -1;
}

int
cli_log_open(struct cli *c, uint32_t proc, struct cli_log *out)
{
	struct opened o;
	int rc = open_of(c, proc, &o);

	*out = (struct cli_log){ .lr = NULL };
	if (rc == 0 && proto_get_grow(o.payload.data, o.payload.len,
				      &out->grow) < 0)
		rc = err_set(&c->err, ERR_INTERNAL,
			     "the engine's answer is malformed");
	if (rc == 0) {
		out->lr = logread_open(o.fd, &c->err);
		rc = out->lr ? 0 : -1;
	}
	sys_close(o.fd);
	buf_fini(&o.payload);
	return rc;
}

int
cli_journal_open(struct cli *c, uint64_t *newest)
{
	struct opened o;
	int rc = open_of(c, 0, &o);
	struct msg_reader r;

	msg_open(&r, o.payload.data, o.payload.len);
	*newest = rc == 0 ? msg_u64(&r) : 0;
	buf_fini(&o.payload);
	return rc < 0 ? -1 : o.fd;
}

static void
quote(void *arg, const char *text, size_t len)
{
	char *line = mem_strn(text, len);
	struct buf b = BUF_INIT(16 * LASTLINES_BYTES);

	(void)arg;
	rowfmt_plain(&b, line);
	fprintf(stderr, "  | %s\n", buf_str(&b));
	buf_fini(&b);
	free(line);
}

void
cli_quote_log(struct cli *c, uint32_t proc, unsigned lines)
{
	const struct proc_row *row = cli_row(c, proc);
	struct cli_log log;
	struct err kept = c->err;

	if (c->json || !row)
		return;
	uint64_t run = lastlines_run(row);
	if (cli_log_open(c, proc, &log) == 0) {
		lastlines_each(log.lr, run, lines, quote, NULL);
		logread_free(log.lr);
	}
	c->err = kept;
}

int
cli_put_rows(struct cli *c, struct model_proc *const *procs, size_t count,
	     uint32_t next)
{
	struct buf b = BUF_INIT(OUT_MAX);
	struct jsonout j;

	jsonout_begin(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_int(&j, "version", 1);
	jsonout_array(&j, "processes");
	for (size_t i = 0; i < count; i++)
		rowfmt_json(&j, NULL, procs[i]->row, clock_wall_ms());
	jsonout_close(&j);
	if (next)
		jsonout_uint(&j, "next", next);
	jsonout_close(&j);
	int rc = jsonout_end(&j) < 0 || buf_addc(&b, '\n') < 0 ?
		err_set(&c->err, ERR_FAILED, "the list is too long") :
		cli_put(c, &b);
	buf_fini(&b);
	return rc;
}

char *
cli_absolute(struct cli *c, const char *path)
{
	char *here = getcwd(NULL, 0), *full;

	if (!here) {
		err_set(&c->err, ERR_USAGE, "the working directory: %s",
			strerror(errno));
		return NULL;
	}
	if (!path)
		return here;
	full = path[0] == '/' ? mem_str(path) : mem_fmt("%s/%s", here, path);
	free(here);
	return full;
}
