/* reload, and what else compares the file with what runs. */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonout.h"
#include "base/mem.h"
#include "spec/reload.h"

enum {
	PLAN_MAX = 4 << 20,
	NAMES_SHOWN = 12,	/* of those that are left alone */
};

/* The answer to PROTO_RELOAD; the result is ours. */
struct answer {
	bool done;
	struct err err;
	struct client_result r;
};

static void
on_answer(struct client *client, const struct client_answer *a, void *arg)
{
	struct answer *x = arg;
	(void)client;

	x->done = true;
	if (a->err) {
		x->err = *a->err;
		return;
	}
	x->r.text = mem_str(a->reply->text);
	x->r.id_count = a->reply->id_count;
	x->r.ids = mem_array(x->r.id_count + 1, sizeof *x->r.ids);
	if (x->r.id_count)
		memcpy(x->r.ids, a->reply->ids,
		       x->r.id_count * sizeof *x->r.ids);
}

static int
ask_once(struct cli *c, const struct session *s, unsigned flags, uint64_t key,
	 const struct buf *set, struct client_result *out)
{
	struct answer x = { .err = ERR_INIT };
	int r = client_reload(c->client, flags, key, set ? 0 : s->mistakes,
			      set, on_answer, &x);

	if (r < 0)
		return err_set(&c->err, r == -EPIPE ? ERR_NO_ENGINE :
			       ERR_FAILED, "giving the engine its set: %s",
			       strerror(-r));
	if (client_wait(c->client, &x.done, 0, &c->err) < 0)
		return -1;
	*out = x.r;
	if (x.err.code == ERR_NONE)
		return 0;
	c->err = x.err;
	return -1;
}

static int
ask(struct cli *c, const struct session *s, unsigned flags,
    struct client_result *out)
{
	struct buf b = BUF_INIT(SESSION_PACK_MAX);
	uint64_t key = client_new_keys(1);
	int rc = s->set ? session_pack(s, &b, &c->err) : 0;

	*out = (struct client_result){ .text = NULL };
	if (rc == 0) {
		do {
			rc = ask_once(c, s, flags, key, s->set ? &b : NULL,
				      out);
		} while (rc < 0 && cli_come_again(c));
	}
	buf_fini(&b);
	return rc;
}

/* The session of the file that the engine was given: ours, or another one
 * where a socket was named.  own is made if it is needed. */
static struct session *
file_of_engine(struct cli *c, struct session *own)
{
	const struct proto_hello *h = client_hello(c->client);

	if (c->session.rc_path)
		return &c->session;
	if (!h->rc_path[0]) {
		err_set(&c->err, ERR_USAGE, "this engine runs without an "
			"sbxrc");
		err_hint(&c->err, "there is nothing to be read again");
		return NULL;
	}
	if (session_find(own, h->rc_path, &c->err) < 0)
		return NULL;
	own->named = c->session.named;
	return own;
}

/* --- a plan in words --- */

static size_t
count_rows(const char *text, int action)
{
	struct reload_row r;
	size_t n = 0;

	while (reload_row_next(&text, &r))
		n += r.action == action;
	return n;
}

static void
put_reason(struct buf *b, const struct reload_row *r)
{
	switch (r->action) {
	case RELOAD_DO_SET:
	case RELOAD_DO_RESET:
		buf_addf(b, "  (%.*s)", r->what_len, r->what);
		break;
	case RELOAD_DO_START:
	case RELOAD_DO_ADD:
		if (r->what_len == 0) {
			buf_adds(b, r->action == RELOAD_DO_ADD ?
				 "  (new, does not start by itself)" :
				 "  (new)");
			break;
		}
		/* fall through */
	case RELOAD_DO_RESTART:
	case RELOAD_DO_CHANGE:
		buf_addf(b, "  (%.*s)", r->what_len, r->what);
		break;
	default:
		buf_adds(b, "  (not in the file any more)");
	}
}

static void
put_plain(struct buf *b, const char *text)
{
	size_t left = count_rows(text, RELOAD_DO_LEAVE), n = 0;
	struct reload_row r;

	while (reload_row_next(&text, &r)) {
		if (r.action != RELOAD_DO_LEAVE) {
			buf_addf(b, "%-8.*s %-12.*s", r.word_len, r.word,
				 r.name_len, r.name);
			put_reason(b, &r);
			buf_addc(b, '\n');
		} else if (n++ < NAMES_SHOWN) {
			buf_addf(b, "%s%.*s", n == 1 ? "leave    " : " ",
				 r.name_len, r.name);
		}
	}
	if (left > NAMES_SHOWN)
		buf_addf(b, " and %zu more", left - NAMES_SHOWN);
	if (left)
		buf_addc(b, '\n');
}

/* "cwd, desc": the first one by itself, and all of them. */
static void
put_properties(struct jsonout *j, const char *what, size_t what_len)
{
	const char *end = what + what_len;

	jsonout_stringn(j, "property", what,
			SBX_MIN(strcspn(what, ",\n"), what_len));
	jsonout_array(j, "properties");
	while (what < end) {
		size_t len = SBX_MIN(strcspn(what, ",\n"),
				     (size_t)(end - what));
		jsonout_stringn(j, NULL, what, len);
		what += len;
		what += what < end ? strspn(what, ", ") : 0;
	}
	jsonout_close(j);
}

static void
put_json(struct buf *b, const char *text, bool applied)
{
	struct reload_row r;
	struct jsonout j;

	jsonout_begin(&j, b);
	jsonout_object(&j, NULL);
	jsonout_int(&j, "version", 1);
	jsonout_bool(&j, "applied", applied);
	jsonout_array(&j, "plan");
	while (reload_row_next(&text, &r)) {
		bool setting = r.action == RELOAD_DO_SET ||
			       r.action == RELOAD_DO_RESET;
		jsonout_object(&j, NULL);
		jsonout_stringn(&j, "action", r.word, (size_t)r.word_len);
		jsonout_stringn(&j, setting ? "setting" : "name", r.name,
				(size_t)r.name_len);
		if (setting && r.what_len > 0)
			jsonout_stringn(&j, "value", r.what,
					(size_t)r.what_len);
		else if (r.what_len > 0)
			put_properties(&j, r.what, (size_t)r.what_len);
		jsonout_close(&j);
	}
	jsonout_close(&j);
	jsonout_close(&j);
	jsonout_end(&j);
	buf_addc(b, '\n');
}

/* "restart 1, start 2, leave 9": 0 when there is nothing to do. */
static size_t
put_counts(struct buf *b, const char *text, bool of_file)
{
	size_t changes = 0;

	for (int a = 0; a < RELOAD_DO_COUNT; a++) {
		size_t n = count_rows(text, a);
		if (n == 0 || (of_file && a == RELOAD_DO_RESET))
			continue;
		changes += a == RELOAD_DO_LEAVE ? 0 : n;
		buf_addf(b, "%s%s %zu", b->len ? ", " : "",
			 reload_action_name((enum reload_action)a), n);
	}
	return changes;
}

static int
report(struct cli *c, const char *text, bool applied)
{
	struct buf b = BUF_INIT(PLAN_MAX), counts = BUF_INIT(1000);

	if (c->json)
		put_json(&b, text, applied);
	else if (!applied)
		put_plain(&b, text);
	if (put_counts(&counts, text, false) == 0)
		cli_say(c, "nothing has changed");
	else if (applied)
		cli_say(c, "%s", buf_str(&counts));
	int rc = cli_put(c, &b);
	buf_fini(&counts);
	buf_fini(&b);
	return rc;
}

/* What the file has to say goes before the error that sums it up. */
static void
tell_mistakes(struct cli *c, struct session *s, bool failed)
{
	if (s->talk.len == 0)
		return;
	if (c->json) {
		buf_add(&c->quote, s->talk.data,
			SBX_MIN(s->talk.len, c->quote.max - c->quote.len));
		return;
	}
	fputs(s->talk.data, stderr);
	buf_clear(&s->talk);
	if (failed && c->err.code == ERR_USAGE)
		c->err.text[0] = '\0';
}

int
cli_reload(struct cli *c)
{
	bool plan = cli_given(c, CMD_OPT_PLAN);
	struct client_result r = { .text = NULL };
	struct session own = { .named = false }, *s = NULL;
	int rc = cli_connect(c, false);

	c->come_back = true;
	if (rc == 0)
		s = file_of_engine(c, &own);
	rc = s ? 0 : -1;
	if (rc == 0) {
		s->outcome = "the set runs on as it is";
		rc = session_load(s, &c->err);
		tell_mistakes(c, s, rc < 0);
	}
	if (rc == 0)
		rc = ask(c, s, plan ? PROTO_RELOAD_PLAN : 0, &r);
	if (rc == 0 && plan) {
		rc = report(c, r.text, false);
	} else if (rc == 0) {
		char *text = mem_str(r.text);
		rc = cli_follow_reload(c, &r);
		rc = rc == 0 ? report(c, text, true) : rc;
		free(text);
	}
	client_result_fini(&r);
	if (s == &own)
		session_fini(&own);
	return rc < 0 ? cli_fail(c) : 0;
}

int
cli_notice(struct cli *c, const char *path, const char *sock)
{
	struct client_result r = { .text = NULL };
	struct session *s = &c->session;

	if (session_find(s, path, &c->err) < 0)
		return cli_fail(c);
	c->found = true;
	free(s->sock_path);
	s->sock_path = mem_str(sock);
	/* A file that cannot be read is a mistake too. */
	if (session_load(s, &c->err) < 0 && s->mistakes == 0)
		s->mistakes = 1;
	int rc = cli_connect(c, false);
	if (rc == 0)
		rc = ask(c, s, PROTO_RELOAD_NOTICE, &r);
	client_result_fini(&r);
	return rc < 0 ? cli_fail(c) : 0;
}

void
cli_compare_file(struct cli *c)
{
	struct buf counts = BUF_INIT(1000);
	struct client_result r = { .text = NULL };
	struct err kept = c->err, ignored = ERR_INIT;
	struct session *s = &c->session;

	/* Who has just started the engine has given it this file. */
	if (!s->rc_path || s->set)
		return;
	if (session_load(s, &ignored) < 0) {
		cli_say(c, "%s: the set runs on as it is", ignored.text);
		buf_clear(&s->talk);
	} else if (ask(c, s, PROTO_RELOAD_PLAN, &r) == 0 &&
		   put_counts(&counts, r.text, true) > 0) {
		cli_say(c, "the sbxrc differs from what runs: 'sbx reload' "
			"would %s", buf_str(&counts));
	}
	client_result_fini(&r);
	buf_fini(&counts);
	c->err = kept;
}
