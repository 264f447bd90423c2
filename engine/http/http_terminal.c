/*
 * The terminal of a process over a WebSocket: what draws its present screen,
 * then its bytes as they come (http_quiet.h), and what is typed and resized
 * there.
 *
 * The bytes are read from the log at the pace of the client, so one that is
 * slow costs a bounded queue and holds nobody up.  If it is so slow that what
 * it has not seen is gone from the log, it gets the present screen again.
 */
#include "http_terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/signame.h"
#include "client/client.h"
#include "client/model.h"
#include "http_api.h"
#include "http_entries.h"
#include "http_json.h"
#include "http_link.h"
#include "http_logs.h"
#include "http_quiet.h"
#include "http_request.h"
#include "http_server.h"
#include "http_ws.h"
#include "log/logread.h"
#include "spec/proto.h"

enum {
	CHUNK = 32 << 10,		/* bytes of a binary frame */
	TURN_CHUNKS = 8,
	ASKS_MAX = 64,			/* inputs without an answer */
	SOCKETS_MAX = 1024,
	TEXT_MAX = 2048,		/* a frame of ours */
	/* Clients unpack a binary frame later than a text that comes behind
	 * it: a blob of a browser is read in its own time. */
	EXIT_PAUSE_US = 50 * 1000,
};

struct terminal {
	struct list node;
	struct http_api *api;
	struct http_request *request;	/* until the upgrade */
	uint32_t proc;
	struct ws *ws;
	struct http_log *log;
	struct link_ask *shot;		/* the screen is being asked for */
	struct timer *again;
	struct buf out;			/* bytes that are not sent yet */
	struct quiet quiet;
	uint64_t at_sent_us;		/* the last bytes */
	uint64_t pos;			/* in the stream, of the next byte */
	bool placed;			/* pos is known */
	bool ended;
	uint16_t rows, cols;		/* what the client has; 0: not said */
	unsigned asks;			/* inputs without an answer */
	struct buf held;		/* typed while there is no engine */
};

/* One that waits for its answer; the terminal may be gone by then. */
struct typed {
	struct list node;
	struct terminal *t;		/* NULL: nobody wants to know */
	struct link_ask *ask;
};

/* --- frames of ours --- */

static void
send_json(struct terminal *t, struct jsonout *j, struct buf *b)
{
	jsonout_close(j);
	if (jsonout_end(j) == 0)
		ws_send(t->ws, true, b->data, b->len);
	buf_fini(b);
}

static void
send_ready(struct terminal *t)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	char id[HTTP_ID_MAX];
	struct jsonout j;

	http_api_id_text(t->proc, id);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "type", "ready");
	jsonout_string(&j, "process_id", id);
	send_json(t, &j, &b);
}

static void
send_error(struct terminal *t, const char *before, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	struct buf message = BUF_INIT(TEXT_MAX / 2);
	struct jsonout j;

	buf_addf(&message, "%s%s", before, text);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "type", "error");
	jsonout_string(&j, "message", buf_str(&message));
	send_json(t, &j, &b);
	buf_fini(&message);
}

static void
send_exit(struct terminal *t, const struct proc_row *row)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	char name[SIGNAME_MAX];
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "type", "exit");
	if (row && row->has_exit && !row->exit_signal)
		jsonout_int(&j, "exit_code", row->exit_code);
	else
		jsonout_null(&j, "exit_code");
	if (row && row->has_exit && row->exit_signal)
		jsonout_string(&j, "signal",
			       signame_text(row->exit_signal, name));
	if (!row || !row->has_exit || row->exit_signal)
		jsonout_string(&j, "reason", row ? row->reason : "");
	send_json(t, &j, &b);
}

/* --- the screen, then the bytes --- */

static void pump(struct terminal *t);
static void ask(struct terminal *t, const char *data, size_t len);

static void
on_shot(const struct client_answer *a, void *arg)
{
	struct terminal *t = arg;
	struct msg_reader r;
	const char *data;
	size_t len = 0;

	t->shot = NULL;
	if (a->err && a->err->code == ERR_NO_ENGINE)
		return;			/* the next one will be asked */
	t->placed = true;
	buf_clear(&t->out);
	quiet_init(&t->quiet);
	if (a->err) {
		/* No picture: what comes from now on is all there is. */
		struct entries *e = http_log_entries(t->log);
		t->pos = e ? logread_end(entries_log(e), LOG_PTY) : 0;
	} else {
		msg_open(&r, a->frame->data, a->frame->len);
		(void)msg_u32(&r);
		(void)msg_u16(&r);
		(void)msg_u16(&r);
		t->pos = msg_u64(&r);
		data = msg_bytes(&r, &len);
		/* It may end within a sequence, which the stream ends. */
		char *room = buf_room(&t->out, len + QUIET_MAX);
		if (!r.bad && room)
			buf_grew(&t->out, quiet_feed(&t->quiet, data, len,
						     room));
	}
	pump(t);
}

static void
ask_for_screen(struct terminal *t)
{
	struct client *c = http_link_client(t->api->link);

	if (t->shot || !c)
		return;
	t->shot = http_link_ask(t->api->link, on_shot, t);
	if (client_snapshot(c, t->proc, http_link_answered, t->shot) < 0) {
		http_link_ask_drop(t->shot);
		t->shot = NULL;
	}
}

/* True when all of it is with the socket. */
static bool
send_out(struct terminal *t)
{
	while (t->out.len > 0) {
		size_t n = SBX_MIN(t->out.len, (size_t)CHUNK);
		if (ws_send(t->ws, false, t->out.data, n) < 0)
			return false;
		buf_skip(&t->out, n);
		t->at_sent_us = clock_us();
	}
	buf_fini(&t->out);
	return true;
}

/* 1: there is more, 0: that was all, -EAGAIN: the client has to read first,
 * -ESTALE: what comes next is gone. */
static int
send_bytes(struct terminal *t, struct logread *lr)
{
	char data[CHUNK];

	for (int i = 0; i < TURN_CHUNKS; i++) {
		/* A picture may be newer than what was told of the log. */
		if (t->pos > logread_end(lr, LOG_PTY))
			logread_refresh(lr);
		t->pos = SBX_MIN(t->pos, logread_end(lr, LOG_PTY));
		ssize_t n = logread_read(lr, LOG_PTY, t->pos, data,
					 sizeof data);
		if (n <= 0)
			return (int)n;
		char *room = buf_room(&t->out, (size_t)n + QUIET_MAX);
		buf_grew(&t->out, quiet_feed(&t->quiet, data, (size_t)n,
					     room));
		t->pos += (uint64_t)n;
		if (!send_out(t))
			return -EAGAIN;
	}
	return 1;
}

static void
pump(struct terminal *t)
{
	/* Before the bytes: those of a run that is over are all there. */
	bool over = http_log_is_over(t->log);
	const struct proc_row *row = http_log_row(t->log);
	struct entries *e = http_log_entries(t->log);

	if (t->ended)
		return;
	if (t->held.len > 0 && http_link_state(t->api->link) != LINK_LOST) {
		ask(t, t->held.data, t->held.len);
		buf_clear(&t->held);
	}
	if (!t->placed && !http_log_error(t->log)) {
		ask_for_screen(t);
		return;
	}
	if (!send_out(t))
		return;
	int r = e ? send_bytes(t, entries_log(e)) : 0;
	if (r == -ESTALE) {
		t->placed = false;
		ask_for_screen(t);
	} else if (r == 1) {
		timer_arm(t->again, clock_us());
	} else if (r == -EAGAIN || !(e ? over : !!http_log_error(t->log))) {
		return;
	} else if (clock_us() < t->at_sent_us + EXIT_PAUSE_US) {
		timer_arm(t->again, t->at_sent_us + EXIT_PAUSE_US);
	} else {
		t->ended = true;
		send_exit(t, row);
		ws_close(t->ws);
	}
}

static void
on_again(struct timer *timer, void *arg)
{
	(void)timer;
	pump(arg);
}

static void
on_news(struct http_log *g, void *arg)
{
	(void)g;
	pump(arg);
}

static void
on_room(struct ws *w, void *arg)
{
	(void)w;
	pump(arg);
}

/* --- frames of the client --- */

static void
on_typed(const struct client_answer *a, void *arg)
{
	struct typed *y = arg;
	struct terminal *t = y->t;

	list_del(&y->node);
	free(y);
	if (!t)
		return;
	t->asks--;
	if (t->asks < ASKS_MAX)
		ws_pause(t->ws, false);
	if (a->err)
		send_error(t, a->err->code == ERR_TOO_LARGE ? "input payload "
			   "exceeds maxInputBytesPerRequest: " : "",
			   a->err->text);
}

/* Input, or without data the size that the client has. */
static void
ask(struct terminal *t, const char *data, size_t len)
{
	struct client *c = http_link_client(t->api->link);
	struct typed *y;
	int r;

	if (!c) {
		send_error(t, "", "there is no engine at present");
		return;
	}
	y = mem_alloc(sizeof *y);
	y->t = t;
	list_add_tail(&t->api->typed, &y->node);
	y->ask = http_link_ask(t->api->link, on_typed, y);
	if (data)
		r = client_input(c, t->proc, PROTO_INPUT_LATE, 0, data, len,
				 http_link_answered, y->ask);
	else
		r = client_resize(c, t->proc, t->rows, t->cols,
				  http_link_answered, y->ask);
	if (r < 0) {
		http_link_ask_drop(y->ask);
		list_del(&y->node);
		free(y);
		send_error(t, "the input cannot be taken: ", strerror(-r));
		return;
	}
	t->asks++;
	if (t->asks >= ASKS_MAX)
		ws_pause(t->ws, true);
}

/* A terminal has the size of the one who typed into it last. */
static void
type(struct terminal *t, const char *data, size_t len)
{
	const struct proc_row *row = http_log_row(t->log);

	if (len == 0)
		return;
	if (len > CLIENT_INPUT_MAX) {
		char text[128];
		snprintf(text, sizeof text, "input payload exceeds "
			 "maxInputBytesPerRequest (%d)", CLIENT_INPUT_MAX);
		send_error(t, "", text);
		return;
	}
	/* An engine that died comes back in a moment. */
	if (http_link_state(t->api->link) == LINK_LOST &&
	    buf_add(&t->held, data, len) == 0)
		return;
	if (t->rows && row && (row->rows != t->rows || row->cols != t->cols))
		ask(t, NULL, 0);
	ask(t, data, len);
}

static const char *
take_input(struct terminal *t, json_t *frame)
{
	json_t *data = json_object_get(frame, "data");
	json_t *how = json_object_get(frame, "encoding");
	const char *word = how && !json_is_null(how) ? json_string_value(how) :
						       "utf8";
	struct buf b = BUF_INIT(WS_MESSAGE_MAX);

	if (!json_is_string(data))
		return "missing field `data`";
	if (!word || (strcmp(word, "utf8") != 0 && strcmp(word, "text") != 0 &&
		      strcmp(word, "base64") != 0))
		return "encoding must be one of: utf8, text, base64";
	if (strcmp(word, "base64") != 0) {
		type(t, json_string_value(data), json_string_length(data));
		return NULL;
	}
	int r = base64_decode(&b, json_string_value(data),
			      json_string_length(data));
	if (r == 0)
		type(t, buf_str(&b), b.len);
	buf_fini(&b);
	return r < 0 ? "data is not base64" : NULL;
}

static bool
take_u16(json_t *frame, const char *name, uint16_t *out)
{
	json_t *v = json_object_get(frame, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    json_integer_value(v) > UINT16_MAX)
		return false;
	*out = (uint16_t)json_integer_value(v);
	return true;
}

static const char *
take_resize(struct terminal *t, json_t *frame)
{
	uint16_t rows, cols;

	if (!take_u16(frame, "cols", &cols) || !take_u16(frame, "rows", &rows))
		return "cols and rows are numbers up to 65535";
	t->rows = rows;
	t->cols = cols;
	if (http_link_state(t->api->link) != LINK_LOST)
		ask(t, NULL, 0);
	return NULL;
}

static const char *
take_close(struct terminal *t, json_t *frame)
{
	(void)frame;
	t->ended = true;
	ws_close(t->ws);
	return NULL;
}

static const struct {
	const char *type;
	const char *(*take)(struct terminal *t, json_t *frame);
} kinds[] = {
	{ "input", take_input },
	{ "resize", take_resize },
	{ "close", take_close },
};

static const char *
take(struct terminal *t, json_t *frame)
{
	const char *type = json_string_value(json_object_get(frame, "type"));

	if (!type)
		return "missing field `type`";
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].take(t, frame);
	return "the type must be one of: input, resize, close";
}

static void
on_message(struct ws *w, bool text, const char *data, size_t len, void *arg)
{
	struct terminal *t = arg;
	json_error_t where;
	(void)w;

	if (!text) {
		send_error(t, "", "binary input is not supported; use text "
				  "JSON frames");
		return;
	}
	/* A key may be a NUL. */
	json_t *frame = json_loadb(data, len, JSON_ALLOW_NUL |
				   JSON_REJECT_DUPLICATES, &where);
	const char *wrong = frame ? take(t, frame) : where.text;
	if (wrong)
		send_error(t, "invalid terminal frame: ", wrong);
	json_decref(frame);
}

/* --- its life --- */

static void
terminal_free(struct terminal *t)
{
	list_each(n, &t->api->typed) {
		struct typed *y = container_of(n, struct typed, node);
		if (y->t == t)
			y->t = NULL;
	}
	list_del(&t->node);
	t->api->terminal_count--;
	http_link_cancel(t->shot);
	http_log_close(t->log);
	timer_drop(t->again);
	buf_fini(&t->out);
	buf_fini(&t->held);
	ws_free(t->ws);
	free(t);
}

static void
on_closed(struct ws *w, void *arg)
{
	struct terminal *t = arg;
	(void)w;

	t->ws = NULL;
	terminal_free(t);
}

static void
on_upgraded(int fd, const char *extra, size_t len, void *arg)
{
	static const struct ws_hooks hooks = { on_message, on_room,
					       on_closed };
	struct terminal *t = arg;

	http_on_end(t->request, NULL, NULL);
	t->ws = ws_new(t->api->loop, fd, extra, len, &hooks, t);
	if (!t->ws) {
		terminal_free(t);
		return;
	}
	send_ready(t);
	t->log = http_logs_read(t->api->logs, t->proc, on_news, t);
	pump(t);
}

/* The client has left before it got its answer. */
static void
on_end(struct http_request *r, void *arg)
{
	(void)r;
	terminal_free(arg);
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list && *list) {
		list += strspn(list, " \t,");
		size_t n = strcspn(list, " \t,");
		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

/* 0, or -1: 400 has been answered. */
static int
check_handshake(struct http_request *r, char accept[WS_KEY_MAX])
{
	const char *key = http_header(r, "sec-websocket-key");
	const char *version = http_header(r, "sec-websocket-version");

	if (strcmp(http_method(r), "GET") != 0 ||
	    !has_word(http_header(r, "connection"), "upgrade") ||
	    !has_word(http_header(r, "upgrade"), "websocket")) {
		http_plain(r, 400, "this is a WebSocket: a GET has to ask "
				   "for an upgrade");
		return -1;
	}
	if (!version || strcmp(version, "13") != 0) {
		http_add_header(r, "sec-websocket-version", "13");
		http_plain(r, 400, "Sec-WebSocket-Version has to be 13");
		return -1;
	}
	if (!key || ws_accept_key(key, accept) < 0) {
		http_plain(r, 400, "Sec-WebSocket-Key has to be 16 bytes in "
				   "base64");
		return -1;
	}
	return 0;
}

void
http_op_terminal(struct http_request *r, void *arg)
{
	struct http_api *api = arg;
	char accept[WS_KEY_MAX];

	if (check_handshake(r, accept) < 0)
		return;
	struct model_proc *p = http_api_proc(r, api);
	if (!p)
		return;
	if (!p->row->tty) {
		http_problem(r, HTTP_E_CONFLICT,
			     "process is not running in tty mode");
		return;
	}
	if (api->terminal_count >= SOCKETS_MAX) {
		http_plain(r, 503, "%d terminals are open already",
			   SOCKETS_MAX);
		return;
	}
	struct terminal *t = mem_alloc(sizeof *t);
	*t = (struct terminal){ .api = api, .request = r, .proc = p->id };
	list_add_tail(&api->terminals, &t->node);
	api->terminal_count++;
	buf_init(&t->out, CONN_FRAME_MAX);
	buf_init(&t->held, CLIENT_INPUT_MAX);
	t->again = loop_timer(api->loop, on_again, t);
	http_on_end(r, on_end, t);
	http_add_header(r, "sec-websocket-accept", accept);
	http_upgrade(r, "websocket", on_upgraded, t);
}

void
http_terminals_init(struct http_api *api)
{
	list_init(&api->terminals);
	list_init(&api->typed);
}

void
http_terminals_fini(struct http_api *api)
{
	while (!list_empty(&api->terminals))
		terminal_free(container_of(api->terminals.next,
					   struct terminal, node));
	while (!list_empty(&api->typed)) {
		struct typed *y = container_of(api->typed.next, struct typed,
					       node);
		http_link_cancel(y->ask);
		list_del(&y->node);
		free(y);
	}
}
