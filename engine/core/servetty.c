#include "servetty.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/msg.h"
#include "core.h"
#include "feed.h"
#include "procinput.h"
#include "procio.h"
#include "proctty.h"
#include "registry.h"
#include "reply.h"
#include "serve.h"
#include "spec/spec.h"
#include "term/keys.h"
#include "term/vt.h"

void
servetty_screen_watch(struct peer *c, const struct conn_frame *f)
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

void
servetty_screen_also(struct peer *c, const struct conn_frame *f)
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
	    !serve_find(c, f->id, id))
		return;
	c->also = mem_grow(c->also, c->also_count, c->also_count + 1,
			   sizeof *c->also);
	c->also[c->also_count++] = (struct screen_view){ .proc = id,
							  .whole = true };
}

void
servetty_scrollback_get(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
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

void
servetty_snapshot_get(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	msg_open(&r, f->data, f->len);
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
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

void
servetty_resize(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	struct err err = ERR_INIT;
	msg_open(&r, f->data, f->len);
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
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
		procinput_flush(p, err);
	} else if (procinput_waiting(p) > 0 || p->input_eof) {
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
		flags |= PROCINPUT_HELD;
	if (len && procinput_add(p, data, len, flags, &err) < 0 && !id)
		feed_note(c->e, SPEC_LEVEL_WARN, err.text);
	if (id)
		reply_input(c, id, key, p, &mark, &err);
}

void
servetty_key(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	char out[VT_KEY_MAX];
	msg_open(&r, f->data, f->len);
	uint32_t id = msg_u32(&r);
	struct proc *p = f->id ? serve_find(c, f->id, id) :
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
void
servetty_paste(struct peer *c, const struct conn_frame *f)
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
		type(c, p, 0, 0, PROCINPUT_PASTE, buf_str(&b), b.len);
	else if (p)
		feed_note(c->e, SPEC_LEVEL_WARN, p->vt ? "the paste is too "
			  "long; nothing was pasted" : "it has no terminal");
	buf_fini(&b);
	buf_fini(&c->paste);
	c->paste_over = false;
}

void
servetty_mouse(struct peer *c, const struct conn_frame *f)
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

void
servetty_focus(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	char out[VT_KEY_MAX];
	msg_open(&r, f->data, f->len);
	struct proc *p = engine_find(c->e, msg_u32(&r));
	bool in = msg_u8(&r) != 0;
	size_t len = p && p->vt ? vt_focus(p->vt, in, out, sizeof out) : 0;
	if (len && p->pid)
		procinput_answer(p, out, len);
}

void
servetty_input(struct peer *c, const struct conn_frame *f)
{
	struct msg_reader r;
	struct proto_mark mark = { .off = { 0 } };
	struct err err = ERR_INIT;
	size_t len;
	msg_open(&r, f->data, f->len);
	struct proc *p = serve_find(c, f->id, msg_u32(&r));
	unsigned flags = msg_u8(&r);
	unsigned how = flags & PROTO_INPUT_EOF ? PROCINPUT_EOF : 0;
	uint64_t key = msg_u64(&r);
	const char *data = msg_bytes(&r, &len);
	if (!p || reply_repeats(c, f->id, key))
		return;
	if (!(flags & PROTO_INPUT_LATE))
		procio_mark(p, &mark);
	if (key)
		how |= PROCINPUT_HELD;
	procinput_add(p, data, len, how, &err);
	bool late = flags & PROTO_INPUT_LATE && !err.code && reply_is_alone(c);
	if (late)
		conn_cork(c->conn);
	reply_input(c, f->id, key, p, &mark, &err);
	if (late)
		reply_may_wait(c);
}
