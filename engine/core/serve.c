#include "serve.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "core.h"
#include "feed.h"
#include "hold.h"
#include "log/journal.h"
#include "log/spool.h"
#include "proc.h"
#include "procio.h"
#include "procleft.h"
#include "proctold.h"
#include "proctty.h"
#include "reconf.h"
#include "registry.h"
#include "reply.h"
#include "sample.h"
#include "spec/spec.h"
#include "term/keys.h"
#include "term/vt.h"
#include "verb.h"
#include "verbadd.h"

enum {
	PAUSE_US = 100 * 1000,	/* of accepting, when descriptors are short */
	BACKLOG = 128,
	HOLDS_MAX = 16,		/* logs of a client */
};

static size_t
count_holds(const struct peer *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->e->nproc; i++)
		n += c->e->procs[i]->holder == c->no;
	return n;
}

/* One client at a time; what it holds takes disk. */
static void
hold(struct peer *c, struct proc *p, uint64_t seq)
{
	if (p->holder != c->no &&
	    (p->holder || !seq || count_holds(c) >= HOLDS_MAX))
		return;
	p->holder = seq ? c->no : 0;
	spool_hold(p->spool, seq);
}

static void
peer_free(struct peer *c)
{
	for (size_t i = 0; i < c->e->nproc; i++) {
		if (c->e->procs[i]->holder == c->no)
			hold(c, c->e->procs[i], 0);
		proctold_want(c->e->procs[i], c, false);
	}
	list_del(&c->node);
	c->e->npeers--;
	buf_fini(&c->paste);
	buf_fini(&c->unsaved);
	free(c->also);
	free(c);
}

static void
on_closed(struct conn *conn, const char *why, void *arg)
{
	struct peer *c = arg;
	(void)conn;
	if (why[0])
		engine_note(c->e, NULL, EVENT_CLIENT_REFUSED, CAUSE_ENGINE,
			    "a client was sent away: %s", why);
	peer_free(c);
}

static void
refuse(struct peer *c, const char *why)
{
	struct buf b = BUF_INIT(1000);
	msg_put_str(&b, why);
	conn_send(c->conn, PROTO_BYE, 0, b.data, b.len, NULL, 0);
	buf_fini(&b);
	engine_note(c->e, NULL, EVENT_CLIENT_REFUSED, CAUSE_ENGINE,
		    "a client was sent away: %s", why);
	conn_finish(c->conn);
}

static void
take_hello(struct peer *c, const struct conn_frame *f)
{
	struct engine *e = c->e;
	struct proto_hello h;
	struct buf b = BUF_INIT(64 << 10);

	int r = proto_get_hello(f->data, f->len, &h);
	if (h.magic != PROTO_MAGIC || (r < 0 && h.version == PROTO_VERSION)) {
		refuse(c, "that was not an sbx client");
		return;
	}
	c->cause = r == 0 && strcmp(h.who, "api") == 0 ? CAUSE_API :
							 CAUSE_USER;
	h = (struct proto_hello){
		.magic = PROTO_MAGIC, .version = PROTO_VERSION,
		.release = SBX_VERSION,
		.engine_pid = (uint32_t)getpid(),
		.keeper_pid = (uint32_t)e->keeper_pid,
		.anchor_pid = (uint32_t)e->anchor_pid,
		.set_name = e->set.name, .set_dir = e->dir.dir,
		.rc_path = e->set.rc_path, .state_dir = e->dir.state_dir,
		.loaded_at_ms = e->loaded_ms,
		.records = REGISTRY_VERSION,
	};
	/* Another version gets ours too, so that it can name both. */
	proto_put_hello(&b, &h);
	conn_send(c->conn, PROTO_HELLO, f->id, b.data, b.len, NULL, 0);
	buf_fini(&b);
	c->greeted = true;
}

/* NULL after an error reply. */
static struct proc *
find_or_say(struct peer *c, uint32_t frame_id, uint32_t proc)
{
	struct proc *p = engine_find(c->e, proc);
	if (!p) {
		struct err err = ERR_INIT;
		err_set(&err, ERR_NO_PROCESS, "no process with number %u",
			proc);
		reply_send(c, frame_id, &err, NULL, NULL, 0);
	}
	return p;
}

static void
take_request(struct peer *c, const struct conn_frame *f)
{
	struct proto_request q;
	if (proto_get_request(f->data, f->len, &q) < 0) {
		refuse(c, "a request that cannot be read");
		return;
	}
	verb_request(c, f->id, &q);
	proto_request_fini(&q);
}

static void
take_subscribe(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	c->subs = msg_u32(&r);
	c->synced = false;
	c->rows_seen = c->grow_seen = c->values_seen = c->events_seen = 0;
	if (c->subs & PROTO_SUB_STATS)
		sample_all(c->e);
	else if (c->subs & PROTO_SUB_ROWS)
		procleft_look(c->e, true);
}

/* An answer that carries a descriptor; without one it is an error. */
static void
send_dir(struct peer *c, uint16_t type, uint32_t id, const struct buf *b,
	 int dir_fd)
{
	struct err err = ERR_INIT;
	int r = dir_fd < 0 ? dir_fd : conn_send(c->conn, type, id, b->data,
						b->len, &dir_fd, 1);
	if (r == 0)
		return;
	err_set(&err, ERR_FAILED, "a descriptor for the log: %s",
		strerror(-r));
	reply_send(c, id, &err, NULL, NULL, 0);
}

static void
take_log_open(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	if (!p)
		return;
	/* A log that goes with its process stays while it is being read. */
	if (!p->spec->keep &&
	    (p->at_unfollowed_us || !engine_is_followed(c->e, p))) {
		p->follower = c->no;
		p->at_unfollowed_us = 0;
		c->e->registry_dirty = true;
	}
	struct proto_grow g;
	struct buf b = BUF_INIT(1000);
	struct err err = ERR_INIT;
	if (procrun_wake_log(p, &err) < 0) {
		reply_send(c, f->id, &err, NULL, NULL, 0);
		return;
	}
	procio_grow(p, &g);
	proto_put_grow(&b, &g);
	send_dir(c, PROTO_LOG, f->id, &b, spool_dir(p->spool));
	if (!proc_is_live(p))
		spool_rest(p->spool);
	buf_fini(&b);
}

static void
take_log_close(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	if (!p || p->follower != c->no)
		return;
	p->follower = 0;
	c->e->registry_dirty = true;
}

static void
take_log_hold(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	uint64_t seq = msg_u64(&r);
	if (p && !r.bad)
		hold(c, p, seq);
}

static void
take_log_tell(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	bool on = msg_u8(&r) != 0;
	if (p && !r.bad)
		proctold_want(p, c, on);
}

static void
take_journal_open(struct peer *c, const struct conn_frame *f)
{
	struct buf b = BUF_INIT(100);
	msg_put_u64(&b, journal_last_seq(c->e->journal));
	send_dir(c, PROTO_JOURNAL, f->id, &b, c->e->state_fd);
	buf_fini(&b);
}

static void
take_values_get(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	if (p)
		feed_values(c, f->id, p);
}

static void
take_screen_watch(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	int rows = msg_u16(&r), cols = msg_u16(&r);
	struct proc *p = engine_find(c->e, id);

	if (id != c->screen.proc) {
		c->screen = (struct screen_view){
			.proc = p ? id : 0, .whole = true };
		c->at_keys_us = 0;
		if (p)
			proctty_settle_size(p, true);
	}
	c->pane_rows = (uint16_t)(cols ? rows : 0);
	c->pane_cols = (uint16_t)cols;
	c->resized = true;
}

static void
take_screen_also(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);

	if (id == 0) {
		c->also_count = 0;
		return;
	}
	for (size_t i = 0; i < c->also_count; i++)
		if (c->also[i].proc == id)
			return;
	if (c->also_count >= PROTO_SCREENS_MAX ||
	    !find_or_say(c, f->id, id))
		return;
	c->also = mem_grow(c->also, c->also_count, c->also_count + 1,
			   sizeof *c->also);
	c->also[c->also_count++] = (struct screen_view){ .proc = id,
							  .whole = true };
}

static void
take_scrollback_get(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	uint64_t id = msg_u64(&r);
	uint32_t count = msg_u32(&r);
	if (!p)
		return;
	struct buf b = BUF_INIT(CONN_FRAME_MAX), rows;
	buf_init(&rows, CONN_FRAME_MAX - 64);
	uint32_t n = 0;
	id = p->vt ? SBX_MAX(id, vt_sb_first(p->vt)) : 0;
	while (p->vt && n < count && id + n < vt_sb_next(p->vt)) {
		size_t len;
		const char *row = vt_sb_packed(p->vt, id + n, &len);
		if (!row || msg_put_bytes(&rows, row, len) < 0)
			break;
		n++;
	}
	msg_put_u32(&b, p->id);
	msg_put_u64(&b, id);
	msg_put_u32(&b, n);
	buf_add(&b, rows.data ? rows.data : "", rows.len);
	conn_send(c->conn, PROTO_SCROLLBACK, f->id, b.data, b.len, NULL, 0);
	buf_fini(&rows);
	buf_fini(&b);
}

static void
say_no_terminal(const struct proc *p, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' has no terminal", p->spec->name);
	err_hint(err, "give it 'tty yes'");
}

static void
take_snapshot_get(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	struct err err = ERR_INIT;
	if (!p)
		return;
	if (!p->vt) {
		say_no_terminal(p, &err);
		reply_send(c, f->id, &err, NULL, NULL, 0);
		return;
	}
	struct buf b = BUF_INIT(CONN_FRAME_MAX), shot;
	uint64_t off = 0;
	buf_init(&shot, CONN_FRAME_MAX - 64);
	proctty_settle_size(p, true);
	proctty_snapshot(p, &shot, &off);
	msg_put_u32(&b, p->id);
	msg_put_u16(&b, (uint16_t)vt_rows(p->vt));
	msg_put_u16(&b, (uint16_t)vt_cols(p->vt));
	msg_put_u64(&b, off);
	msg_put_bytes(&b, shot.data ? shot.data : "", shot.len);
	conn_send(c->conn, PROTO_SNAPSHOT, f->id, b.data, b.len, NULL, 0);
	buf_fini(&shot);
	buf_fini(&b);
}

static void
take_resize(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	struct err err = ERR_INIT;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	int rows = msg_u16(&r), cols = msg_u16(&r);
	if (!p)
		return;
	if (!p->vt)
		say_no_terminal(p, &err);
	else if (rows < 1 || cols < 1)
		err_set(&err, ERR_USAGE, "a terminal of %d rows and %d "
			"columns is none", rows, cols);
	else
		proctty_resize(p, rows, cols);
	reply_send(c, f->id, &err, NULL, &p->id, 1);
}

/*
 * The mark is of before the input, so that its answer is behind it.  Before
 * somebody is told that it was taken it has to outlive us.  With a key, what
 * was queued is recorded together with the answer before its first byte leaves:
 * the next engine sends what is left of it, and does not take it twice.
 */
static void
reply_input(struct peer *c, uint32_t id, uint64_t key, struct proc *p,
	    const struct proto_mark *m, struct err *err)
{
	char text[PROTO_MARK_MAX];

	proto_mark_text(m, text);
	if (key && !err->code) {
		c->e->registry_dirty = true;
		reply_keep(c->e, key, text, &p->id, 1);
		(void)registry_save(c->e);
		procio_flush(p, err);
	} else if (procio_waiting(p) > 0 || p->input_eof) {
		(void)registry_save(c->e);
	}
	reply_send(c, id, err, text, &p->id, 1);
}

/* Typing: what cannot be taken is said to who asks (id), else as a note. */
static void
type(struct peer *c, struct proc *p, uint32_t id, uint64_t key,
     unsigned flags, const char *data, size_t len)
{
	struct err err = ERR_INIT;
	struct proto_mark mark;
	c->at_typed_us = clock_us();
	/* What it brings forth is not held back for what came before it. */
	c->at_grow_us = SBX_MIN(c->at_grow_us, c->at_typed_us);
	if (len && p->id == c->screen.proc && c->pane_rows) {
		c->at_keys_us = c->at_typed_us;
		proctty_resize(p, c->pane_rows, c->pane_cols);
	}
	if (id)
		procio_mark(p, &mark);
	if (key)
		flags |= PROCIO_HELD;
	if (len && procio_input(p, data, len, flags, &err) < 0 && !id)
		feed_note(c->e, SPEC_LEVEL_WARN, err.text);
	if (id)
		reply_input(c, id, key, p, &mark, &err);
}

static void
take_key(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	char out[VT_KEY_MAX];
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	struct proc *p = f->id ? find_or_say(c, f->id, id) :
				 engine_find(c->e, id);
	struct key k = { .sym = msg_u32(&r) };
	k.mods = msg_u32(&r);
	uint64_t key = f->id ? msg_u64(&r) : 0;
	if (p && reply_repeats(c, f->id, key))
		return;
	if (p && p->vt && !r.bad) {
		type(c, p, f->id, key, 0, out,
		     vt_key(p->vt, k, out, sizeof out));
	} else if (p && f->id) {
		struct err err = ERR_INIT;
		say_no_terminal(p, &err);
		reply_send(c, f->id, &err, NULL, NULL, 0);
	}
}

/* It comes in pieces and is taken whole or not at all. */
static void
take_paste(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	size_t len;
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	bool last = msg_u8(&r) != 0;
	const char *text = msg_bytes(&r, &len);
	c->paste_over |= r.bad || buf_add(&c->paste, text, len) < 0;
	if (!last && !r.bad)
		return;
	struct buf b = BUF_INIT(2 * PROTO_PASTE_MAX);
	if (p && p->vt && !c->paste_over &&
	    vt_paste(p->vt, buf_str(&c->paste), c->paste.len, &b) == 0)
		type(c, p, 0, 0, PROCIO_PASTE, buf_str(&b), b.len);
	else if (p)
		feed_note(c->e, SPEC_LEVEL_WARN, p->vt ? "the paste is too "
			  "long; nothing was pasted" : "it has no terminal");
	buf_fini(&b);
	buf_fini(&c->paste);
	c->paste_over = false;
}

static void
take_mouse(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	char out[VT_KEY_MAX];
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	struct vt_mouse m = { .kind = (enum vt_mouse_kind)msg_u8(&r) };
	m.button = (int)msg_u32(&r);
	m.row = msg_u16(&r);
	m.col = msg_u16(&r);
	m.mods = msg_u32(&r);
	if (p && p->vt && !r.bad && m.kind <= VT_MOUSE_MOTION)
		type(c, p, 0, 0, 0, out, vt_mouse(p->vt, m, out, sizeof out));
}

static void
take_focus(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	char out[VT_KEY_MAX];
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	bool in = msg_u8(&r) != 0;
	size_t len = p && p->vt ? vt_focus(p->vt, in, out, sizeof out) : 0;
	if (len && p->pid)
		procio_answer(p, out, len);
}

static void
take_input(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	struct proto_mark mark = { .off = { 0 } };
	struct err err = ERR_INIT;
	size_t len;
	msg_open(&r, f->data, f->len);
	struct proc *p = find_or_say(c, f->id, msg_u32(&r));
	unsigned flags = msg_u8(&r);
	unsigned how = flags & PROTO_INPUT_EOF ? PROCIO_EOF : 0;
	uint64_t key = msg_u64(&r);
	const char *data = msg_bytes(&r, &len);
	if (!p || reply_repeats(c, f->id, key))
		return;
	if (!(flags & PROTO_INPUT_LATE))
		procio_mark(p, &mark);
	if (key)
		how |= PROCIO_HELD;
	procio_input(p, data, len, how, &err);
	bool late = flags & PROTO_INPUT_LATE && !err.code && reply_is_alone(c);
	if (late)
		conn_cork(c->conn);
	reply_input(c, f->id, key, p, &mark, &err);
	if (late)
		reply_may_wait(c);
}

static void
take_load(struct peer *c, const struct conn_frame *f)
{
	verb_load(c, f->id, f->data, f->len);
}

static void
take_add(struct peer *c, const struct conn_frame *f)
{
	verb_add(c, f->id, f->data, f->len);
}

static void
take_reload(struct peer *c, const struct conn_frame *f)
{
	reconf_reload(c, f->id, f->data, f->len);
}

/* Whoever may speak to us may replace us: it is the same user. */
static void
take_upgrade(struct peer *c, const struct conn_frame *f)
{
	struct engine *e = c->e;
	struct err err = ERR_INIT;
	struct msg_reader in;
	struct stat st;

	msg_open(&in, f->data, f->len);
	const char *path = msg_str_nn(&in);
	if (path[0] != '/' || strlen(path) >= PATH_MAX ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    access(path, X_OK) < 0) {
		err_set(&err, ERR_FAILED, "'%.200s' cannot be run by the "
			"engine", path);
		reply_send(c, f->id, &err, NULL, NULL, 0);
		return;
	}
	e->registry_dirty = true;
	int r = registry_save(e);
	if (r == 0)
		r = keeplink_binary(e->link, path);
	if (r < 0) {
		err_set(&err, ERR_FAILED, "the records cannot be kept: %s",
			strerror(-r));
		reply_send(c, f->id, &err, NULL, NULL, 0);
		return;
	}
	engine_note(e, NULL, EVENT_ENGINE_TAKEOVER, CAUSE_USER,
		    "engine %d (%s) makes room for '%.200s'", getpid(),
		    SBX_VERSION, path);
	e->replaced = true;
	loop_stop(e->loop);
}

typedef void take_fn(struct peer *c, const struct conn_frame *f);

/* What is not in this table is refused. */
static take_fn *const takes[] = {
	[PROTO_REQUEST] = take_request,
	[PROTO_SUBSCRIBE] = take_subscribe,
	[PROTO_LOG_OPEN] = take_log_open,
	[PROTO_JOURNAL_OPEN] = take_journal_open,
	[PROTO_VALUES_GET] = take_values_get,
	[PROTO_SCREEN_WATCH] = take_screen_watch,
	[PROTO_SCREEN_ALSO] = take_screen_also,
	[PROTO_SCROLLBACK_GET] = take_scrollback_get,
	[PROTO_SNAPSHOT_GET] = take_snapshot_get,
	[PROTO_KEY] = take_key,
	[PROTO_PASTE] = take_paste,
	[PROTO_MOUSE] = take_mouse,
	[PROTO_FOCUS] = take_focus,
	[PROTO_INPUT] = take_input,
	[PROTO_LOAD] = take_load,
	[PROTO_ADD] = take_add,
	[PROTO_RELOAD] = take_reload,
	[PROTO_RESIZE] = take_resize,
	[PROTO_LOG_CLOSE] = take_log_close,
	[PROTO_LOG_HOLD] = take_log_hold,
	[PROTO_LOG_TELL] = take_log_tell,
	[PROTO_UPGRADE] = take_upgrade,
};

static void
on_frame(struct conn *conn, const struct conn_frame *f, void *arg)
{
	struct peer *c = arg;
	(void)conn;
	if (f->type == PROTO_HELLO && !c->greeted)
		take_hello(c, f);
	else if (!c->greeted)
		refuse(c, "it did not greet first");
	else if (f->type < ARRAY_LEN(takes) && takes[f->type])
		takes[f->type](c, f);
	else
		refuse(c, "it sent a message of an unknown kind");
}

/*
 * Too many clients: the oldest one that has not said anything yet makes
 * room, else the new one is refused.
 */
static bool
make_room(struct engine *e)
{
	if (e->npeers < PEERS_MAX)
		return true;
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (c->greeted)
			continue;
		conn_free(c->conn);
		peer_free(c);
		return true;
	}
	return false;
}

static void
on_connect(struct source *s, unsigned events, void *arg)
{
	struct engine *e = arg;
	(void)events;
	int fd = sys_accept(loop_fd(s));
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ||
	    fd == -ENOBUFS) {
		/* A listener that stays readable would spin the loop. */
		loop_want(s, 0);
		timer_arm(e->listen_timer, clock_us() + PAUSE_US);
		return;
	}
	if (fd < 0)
		return;
	struct peer *c = mem_alloc(sizeof *c);
	*c = (struct peer){ .e = e, .no = ++e->next_peer };
	list_init(&c->node);
	buf_init(&c->paste, PROTO_PASTE_MAX);
	c->conn = conn_new(e->loop, fd, on_frame, on_closed, c);
	if (!c->conn) {
		free(c);
		return;
	}
	bool room = make_room(e);
	list_add_tail(&e->peers, &c->node);
	e->npeers++;
	if ((uid_t)conn_peer_uid(c->conn) != geteuid())
		refuse(c, "it belongs to another user");
	else if (!room)
		refuse(c, "too many clients");
}

static void
on_listen_timer(struct timer *t, void *arg)
{
	struct engine *e = arg;
	(void)t;
	if (e->listener)
		loop_want(e->listener, LOOP_IN);
}

bool
serve_listens(const struct engine *e)
{
	struct stat st;
	return e->listener && lstat(e->dir.sock_path, &st) == 0 &&
	       st.st_dev == e->sock_dev && st.st_ino == e->sock_ino;
}

int
serve_listen(struct engine *e, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = e->dir.sock_path;
	struct source *s = NULL;
	struct stat st;

	int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0)
		return err_set(err, ERR_INTERNAL, "socket: %s", strerror(-fd));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* We hold the lock of the set: whatever is there is stale. */
	unlink(path);
	mode_t old = umask(0177);
	int r = bind(fd, (struct sockaddr *)&addr, sizeof addr);
	if (r == 0)
		r = listen(fd, BACKLOG);
	if (r == 0)
		r = lstat(path, &st);
	int saved = errno;
	umask(old);
	if (r == 0) {
		s = loop_add(e->loop, fd, LOOP_IN, "listener", on_connect, e);
		saved = errno;
	}
	if (!s) {
		sys_close(fd);
		return err_set(err, ERR_INTERNAL, "'%.200s': %s", path,
			       strerror(saved));
	}
	loop_drop(e->listener);
	e->listener = s;
	e->sock_dev = st.st_dev;
	e->sock_ino = st.st_ino;
	return 0;
}

int
serve_open(struct engine *e, struct err *err)
{
	list_init(&e->peers);
	if (serve_listen(e, err) < 0)
		return -1;
	e->listen_timer = loop_timer(e->loop, on_listen_timer, e);
	hold_start(e);
	return 0;
}

void
serve_close(struct engine *e, const char *why)
{
	struct buf b = BUF_INIT(1000);
	if (!e->listener)
		return;
	if (serve_listens(e))
		unlink(e->dir.sock_path);
	loop_drop(e->listener);
	e->listener = NULL;
	reply_let_go(e);
	msg_put_str(&b, why);
	list_each_safe(n, tmp, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		conn_send(c->conn, PROTO_BYE, 0, b.data, b.len, NULL, 0);
		conn_free(c->conn);
		peer_free(c);
	}
	buf_fini(&b);
	/* Last: to close what watches takes a while. */
	hold_stop(e);
}
