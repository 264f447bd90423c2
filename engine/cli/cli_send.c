/* send: text, bytes, keys or the end of input to a process. */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sys.h"
#include "client/waiting.h"
#include "log/logread.h"
#include "term/keys.h"

enum {
	BASE64_MAX = 64 << 20,
	FULL_AGAIN_MS = 20,	/* a full queue is tried again */
	FULL_MAX_MS = 10000,	/* of no progress at all */
};

/* Who gets it, and what it had written before the first byte was taken. */
struct target {
	uint32_t id;
	bool tty, marked;
	struct proto_mark mark;
};

struct sent {
	struct target *to;
	bool done;
	struct err err;
};

static void
take_mark(struct target *to, const struct client_answer *a)
{
	if (!a->err && !to->marked && a->reply)
		to->marked = proto_mark_parse(a->reply->text, &to->mark) == 0;
}

static void
on_sent(struct client *client, const struct client_answer *a, void *arg)
{
	struct sent *s = arg;
	(void)client;

	s->done = true;
	take_mark(s->to, a);
	s->err = a->err ? *a->err : (struct err)ERR_INIT;
}

/* Bytes of input, or a key of the keyboard. */
struct piece {
	unsigned flags;		/* PROTO_INPUT_* */
	const char *data;
	size_t len;
	const struct key *typed;	/* NULL: bytes */
};

/* What an engine that dies has taken is not taken again by the next one. */
static int
send_once(struct cli *c, struct target *to, const struct piece *p)
{
	uint64_t key = client_new_keys(1);

	do {
		struct sent s = { .to = to };
		int r = p->typed ?
			client_key_ask(c->client, to->id, *p->typed, key,
				       on_sent, &s) :
			client_input(c->client, to->id, p->flags, key, p->data,
				     p->len, on_sent, &s);
		if (r < 0) {
			err_set(&c->err, ERR_NO_ENGINE,
				"asking the engine: %s", strerror(-r));
		} else if (client_wait(c->client, &s.done, 0, &c->err) == 0) {
			if (s.err.code == ERR_NONE)
				return 0;
			c->err = s.err;
		}
	} while (cli_come_again(c));
	return -1;
}

static int
send_bytes(struct cli *c, struct target *to, unsigned flags, const char *data,
	   size_t len)
{
	struct piece p = { .flags = flags, .data = data, .len = len };

	return send_once(c, to, &p);
}

/* A pause in which the loop still turns. */
static int
pause_ms(struct cli *c, unsigned ms)
{
	bool never = false;
	struct err e = ERR_INIT;

	if (client_wait(c->client, &never, clock_ms() + ms, &e) < 0 &&
	    e.code != ERR_TIMEOUT) {
		c->err = e;
		return cli_come_again(c) ? 0 : -1;
	}
	return 0;
}

/*
 * The queue towards a process has a limit.  Who pipes into it waits for
 * room, as with any pipe; who sends one text is told, and nothing of it is
 * sent.  A stream has no pieces of its own: limit.input says how long they
 * may be, and the engine whether they are.
 */
static int
send_stream(struct cli *c, struct target *to, const char *data, size_t len,
	    uint64_t *sent)
{
	size_t most = CLIENT_INPUT_MAX;

	for (size_t off = 0; off < len;) {
		size_t n = SBX_MIN(len - off, most);
		uint64_t at_end_ms = clock_ms() + FULL_MAX_MS;
		while (send_bytes(c, to, 0, data + off, n) < 0) {
			if (c->err.code == ERR_TOO_LARGE && n > 1) {
				most = n /= 2;
				c->err = (struct err)ERR_INIT;
				continue;
			}
			if (c->err.code == ERR_FULL && clock_ms() > at_end_ms)
				err_hint(&c->err, "%llu bytes of it were sent "
					 "before",
					 (unsigned long long)*sent);
			if (c->err.code != ERR_FULL ||
			    clock_ms() > at_end_ms ||
			    pause_ms(c, FULL_AGAIN_MS) < 0)
				return -1;
			c->err = (struct err)ERR_INIT;
		}
		off += n;
		*sent += n;
	}
	return 0;
}

static int
send_stdin(struct cli *c, struct target *to)
{
	char data[CLIENT_INPUT_MAX];
	uint64_t sent = 0;

	for (;;) {
		ssize_t n = sys_read(STDIN_FILENO, data, sizeof data);
		if (n < 0)
			return err_set(&c->err, ERR_FAILED, "stdin: %s",
				       strerror((int)-n));
		if (n == 0)
			return 0;
		if (send_stream(c, to, data, (size_t)n, &sent) < 0)
			return -1;
	}
}

static int
read_stdin(struct cli *c, struct buf *b)
{
	for (;;) {
		char *room = buf_room(b, 4096);
		if (!room)
			return err_set(&c->err, ERR_USAGE,
				       "stdin is longer than %d MiB",
				       BASE64_MAX >> 20);
		ssize_t n = sys_read(STDIN_FILENO, room, 4096);
		if (n < 0)
			return err_set(&c->err, ERR_FAILED, "stdin: %s",
				       strerror((int)-n));
		if (n == 0)
			return 0;
		buf_grew(b, (size_t)n);
	}
}

/* base64(1) breaks its lines. */
static void
take_blanks(struct buf *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->len; i++)
		if (!strchr(" \t\r\n", b->data[i]) || b->data[i] == '\0')
			b->data[kept++] = b->data[i];
	if (b->len > 0)
		buf_cut(b, kept);
}

static int
send_base64(struct cli *c, struct target *to, const char *text)
{
	struct buf in = BUF_INIT(BASE64_MAX), out = BUF_INIT(BASE64_MAX);
	uint64_t sent = 0;
	int rc = 0;

	if (strcmp(text, "-") == 0)
		rc = read_stdin(c, &in);
	else if (buf_adds(&in, text) < 0)
		rc = err_set(&c->err, ERR_USAGE, "the text is too long");
	take_blanks(&in);
	if (rc == 0 && base64_decode(&out, buf_str(&in), in.len) < 0)
		rc = err_set(&c->err, ERR_USAGE,
			     "--base64: that is not base64");
	if (rc == 0 && strcmp(text, "-") == 0)
		rc = send_stream(c, to, buf_str(&out), out.len, &sent);
	else if (rc == 0)
		rc = send_bytes(c, to, 0, buf_str(&out), out.len);
	buf_fini(&in);
	buf_fini(&out);
	return rc;
}

static int
send_text(struct cli *c, struct target *to, const char *text)
{
	struct buf b = BUF_INIT(BASE64_MAX);

	/* A terminal's Enter is a carriage return. */
	int rc = buf_adds(&b, text) | buf_addc(&b, to->tty ? '\r' : '\n');
	rc = rc < 0 ? err_set(&c->err, ERR_USAGE, "the text is too long") :
		      send_bytes(c, to, 0, b.data, b.len);
	buf_fini(&b);
	return rc;
}

static int
send_keys(struct cli *c, struct target *to, const char *text)
{
	struct key *keys = mem_array(KEY_LIST_MAX, sizeof *keys);
	int n = key_parse_list(text, keys, KEY_LIST_MAX, &c->err);
	int rc = n < 0 ? -1 : 0;

	if (rc == 0 && !to->tty) {
		rc = err_set(&c->err, ERR_FAILED, "'%s' has no terminal",
			     c->cmd->words[0]);
		err_hint(&c->err, "--keys is for one with 'tty yes'; send "
				  "TEXT instead");
	}
	/* One after the other: no more than one of them can be in doubt. */
	for (int i = 0; rc == 0 && i < n; i++) {
		struct piece p = { .typed = &keys[i] };
		rc = send_once(c, to, &p);
	}
	free(keys);
	return rc;
}

static int
check_words(struct cli *c)
{
	const char *text = c->cmd->words[1];
	const char *names = cli_arg(c, CMD_OPT_KEYS)->text;
	bool keys = cli_given(c, CMD_OPT_KEYS), eof = cli_given(c, CMD_OPT_EOF);

	if (keys && text)
		return err_set(&c->err, ERR_USAGE,
			       "either TEXT or --keys, not both");
	if (keys && !names[strspn(names, " ")])
		return err_set(&c->err, ERR_USAGE, "--keys: no key is named");
	if (!keys && !text && !eof) {
		err_set(&c->err, ERR_USAGE, "there is nothing to send");
		return err_hint(&c->err, "'sbx send --help' shows examples");
	}
	if (cli_given(c, CMD_OPT_BASE64) && !text)
		return err_set(&c->err, ERR_USAGE, "--base64 wants TEXT");
	if (cli_given(c, CMD_OPT_UNTIL) && cli_given(c, CMD_OPT_UNTIL_SCREEN))
		return err_set(&c->err, ERR_USAGE, "--until and "
			       "--until-screen: one at a time");
	if (cli_given(c, CMD_OPT_TIMEOUT) && !cli_given(c, CMD_OPT_UNTIL) &&
	    !cli_given(c, CMD_OPT_UNTIL_SCREEN))
		return err_set(&c->err, ERR_USAGE, "--timeout goes with "
			       "--until or --until-screen");
	if (cli_check_pattern(c, CMD_OPT_UNTIL) < 0 ||
	    cli_check_pattern(c, CMD_OPT_UNTIL_SCREEN) < 0)
		return -1;
	return 0;
}

static int
do_send(struct cli *c, struct target *to)
{
	const char *text = c->cmd->words[1];
	const char *keys = cli_arg(c, CMD_OPT_KEYS)->text;
	int rc = 0;

	if (keys)
		rc = send_keys(c, to, keys);
	else if (text && cli_given(c, CMD_OPT_BASE64))
		rc = send_base64(c, to, text);
	else if (text && strcmp(text, "-") == 0)
		rc = send_stdin(c, to);
	else if (text)
		rc = send_text(c, to, text);
	if (rc < 0 || !cli_given(c, CMD_OPT_EOF))
		return rc;
	rc = send_bytes(c, to, PROTO_INPUT_EOF, NULL, 0);
	/* What was sent may have ended it: then its stdin is closed too. */
	if (rc < 0 && (text || keys) && c->err.code == ERR_FAILED) {
		c->err = (struct err)ERR_INIT;
		rc = 0;
	}
	return rc;
}

/* The first line that can be behind the mark: before anything is sent. */
static int
prepare_until(struct cli *c, const struct target *to,
	      struct waiting_conf *conf)
{
	struct cli_log log;

	*conf = (struct waiting_conf){ .streams = LOG_ALL_STREAMS,
				       .fresh = true };
	if (cli_given(c, CMD_OPT_UNTIL_SCREEN)) {
		conf->kind = WAITING_SCREEN;
		conf->pattern = cli_arg(c, CMD_OPT_UNTIL_SCREEN)->text;
		return to->tty ? 0 :
			err_set(&c->err, ERR_FAILED, "'%s' has no terminal",
				c->cmd->words[0]);
	}
	conf->kind = WAITING_LOG;
	conf->pattern = cli_arg(c, CMD_OPT_UNTIL)->text;
	if (cli_log_open(c, to->id, &log) < 0)
		return -1;
	conf->after = logread_next_seq(log.lr) - 1;
	logread_free(log.lr);
	return 0;
}

/* Text says nothing when all is well, JSON what became of it. */
static int
put_sent(struct cli *c, uint32_t id)
{
	struct model_proc *p = model_find(c->model, id);

	return c->json ? cli_put_rows(c, &p, p != NULL, 0) : 0;
}

int
cli_send(struct cli *c)
{
	const struct model_proc *p = NULL;
	struct target to = { .id = 0 };
	struct waiting_conf conf;
	bool until = cli_given(c, CMD_OPT_UNTIL) ||
		     cli_given(c, CMD_OPT_UNTIL_SCREEN);

	if (check_words(c) == 0 &&
	    cli_rows(c, until ? PROTO_SUB_GROWTH : 0) == 0)
		p = cli_one(c, c->cmd->words[0]);
	if (p)
		to = (struct target){ .id = p->id, .tty = p->row->tty };
	if (!p || (until && prepare_until(c, &to, &conf) < 0) ||
	    do_send(c, &to) < 0)
		return cli_fail(c);
	if (!until)
		return put_sent(c, to.id) < 0 ? cli_fail(c) : 0;
	memcpy(conf.from, to.mark.off, sizeof conf.from);
	return cli_wait_for(c, &to.id, 1, &conf,
			    cli_deadline(c, CMD_OPT_TIMEOUT));
}
