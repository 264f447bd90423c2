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
#include "reconf.h"
#include "registry.h"
#include "reply.h"
#include "sample.h"
#include "servetty.h"
#include "spec/spec.h"
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
	/* What was his may end, whatever he has said last. */
	loop_stir(c->e->loop);
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

struct proc *
serve_find(struct peer *c, uint32_t frame_id, uint32_t proc)
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
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
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
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
	if (p)
		feed_values(c, f->id, p);
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
static const struct {
	take_fn *take;
	bool calm;		/* changes no more than bytes do */
} takes[] = {
	[PROTO_REQUEST] = { take_request, false },
	[PROTO_SUBSCRIBE] = { take_subscribe, false },
	[PROTO_LOG_OPEN] = { take_log_open, false },
	[PROTO_JOURNAL_OPEN] = { take_journal_open, false },
	[PROTO_VALUES_GET] = { take_values_get, false },
	[PROTO_SCREEN_WATCH] = { servetty_screen_watch, false },
	[PROTO_SCREEN_ALSO] = { servetty_screen_also, false },
	[PROTO_SCROLLBACK_GET] = { servetty_scrollback_get, false },
	[PROTO_SNAPSHOT_GET] = { servetty_snapshot_get, false },
	[PROTO_KEY] = { servetty_key, true },
	[PROTO_PASTE] = { servetty_paste, false },
	[PROTO_MOUSE] = { servetty_mouse, true },
	[PROTO_FOCUS] = { servetty_focus, true },
	[PROTO_INPUT] = { servetty_input, true },
	[PROTO_LOAD] = { take_load, false },
	[PROTO_ADD] = { take_add, false },
	[PROTO_RELOAD] = { take_reload, false },
	[PROTO_RESIZE] = { servetty_resize, false },
	[PROTO_LOG_CLOSE] = { take_log_close, false },
	[PROTO_LOG_HOLD] = { take_log_hold, true },
	[PROTO_LOG_TELL] = { take_log_tell, true },
	[PROTO_UPGRADE] = { take_upgrade, false },
};

static void
on_frame(struct conn *conn, const struct conn_frame *f, void *arg)
{
	struct peer *c = arg;
	(void)conn;
	bool known = f->type < ARRAY_LEN(takes) && takes[f->type].take;
	if (known && takes[f->type].calm)
		loop_calm(c->e->loop);
	else
		loop_stir(c->e->loop);
	if (f->type == PROTO_HELLO && !c->greeted)
		take_hello(c, f);
	else if (!c->greeted)
		refuse(c, "it did not greet first");
	else if (known)
		takes[f->type].take(c, f);
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
