#include "feed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conn.h"
#include "base/loop.h"
#include "base/msg.h"
#include "base/signame.h"
#include "base/strv.h"
#include "core.h"
#include "log/fold.h"
#include "log/journal.h"
#include "log/logtold.h"
#include "log/spool.h"
#include "order.h"
#include "procio.h"
#include "procsched.h"
#include "proctty.h"
#include "procwatch.h"
#include "spec/spec.h"
#include "term/vt.h"

enum {
	GROW_US = 16000,
	PROMPT_US = 250,	/* for each, up to GROW_US, where asked for */
	PROMPT_BURST_US = 8000,	/* ... on the average of so long */
	SCREEN_US = 12000,
	VALUES_US = 100000,
	SYNC_US = 150000,	/* longest wait for a picture to be finished */
	LAGGING_US = 10000,	/* look again at a client that does not read */
	QUEUE_FULL = 256 << 10,	/* bytes; nothing new is added above */
};

static void
send_buf(struct peer *c, uint16_t type, uint32_t id, struct buf *b)
{
	conn_send(c->conn, type, id, b->data, b->len, NULL, 0);
	buf_clear(b);
}

static const char *
add_text(struct buf *scratch, const char *text)
{
	size_t at = scratch->len;
	buf_add(scratch, text, strlen(text) + 1);
	return (const char *)(uintptr_t)at;
}

static const char *const cond_words[] = {
	[SPEC_COND_AUTO] = "ready",
	[SPEC_COND_STARTED] = "started",
	[SPEC_COND_READY] = "ready",
	[SPEC_COND_DONE] = "done",
	[SPEC_COND_OK] = "ok",
};

/* Lists of words, one after the other in scratch; offsets until the end. */
static void
add_lists(const struct proc *p, struct proc_row *r, struct buf *scratch)
{
	const struct spec *s = p->spec;
	size_t at = scratch->len;

	for (size_t i = 0; i < s->dep_count; i++)
		buf_addf(scratch, "%s%s %s", i ? ", " : "", s->deps[i].name,
			 cond_words[s->deps[i].condition]);
	buf_addc(scratch, '\0');
	r->depends = (const char *)(uintptr_t)at;

	at = scratch->len;
	for (size_t i = 0; i < s->watch_count; i++)
		buf_addf(scratch, "%s%s", i ? " " : "", s->watches[i].name);
	buf_addc(scratch, '\0');
	r->watches = (const char *)(uintptr_t)at;

	at = scratch->len;
	for (size_t i = 0; s->groups && s->groups[i]; i++)
		buf_addf(scratch, "%s%s", i ? " " : "", s->groups[i]);
	buf_addc(scratch, '\0');
	r->group = (const char *)(uintptr_t)at;

	at = scratch->len;
	strv_join(s->argv, scratch);
	buf_addc(scratch, '\0');
	r->argv = (const char *)(uintptr_t)at;

	at = scratch->len;
	if (s->command)
		buf_adds(scratch, s->command);
	for (size_t i = 0; !s->command && s->argv && s->argv[i]; i++)
		buf_addf(scratch, "%s%s", i ? " " : "", s->argv[i]);
	buf_addc(scratch, '\0');
	r->command = (const char *)(uintptr_t)at;
	const struct life_policy *y = &procrun_see(p)->policy;
	char step[SIGNAME_MAX] = "";
	if (p->life.status == STATUS_STOPPING)
		signame_text(p->life.step < y->nladder ?
			      y->ladder[p->life.step].signo : SIGKILL,
			      step);
	r->stop_step = add_text(scratch, step);
}

static int64_t
deadline_wall(const struct proc *p)
{
	static const int by_status[STATUS_COUNT] = {
		[STATUS_STOPPING] = LIFE_AT_STEP + 1,
		[STATUS_BACKOFF] = LIFE_AT_BACKOFF + 1,
	};
	int which = by_status[p->life.status];
	if (p->life.status == STATUS_SCHEDULED)
		return procsched_next_wall_ms(p);
	uint64_t at = which ? p->life.at_us[which - 1] : 0;
	uint64_t now = clock_us();
	if (!at)
		return 0;
	return clock_wall_ms() + ((int64_t)at - (int64_t)now) / 1000;
}

/* Strings point into p and scratch; both must outlive the use of r. */
void
feed_make_row(const struct proc *p, struct proc_row *r, struct buf *scratch)
{
	const struct spec *s = p->spec;
	const struct life *l = &p->life;

	buf_clear(scratch);
	*r = (struct proc_row){
		.id = p->id, .name = s->name, .desc = s->desc,
		.cwd = s->cwd, .user = s->user, .url = s->url,
		.by = s->by ? s->by : s->source == SPEC_FROM_ADD ? "you" : "",
		.interactive = s->interactive || (!s->by &&
			(s->tty || s->stdin_kind == SPEC_STDIN_PIPE)),
		.own_cwd = s->own_cwd,
		.reason = l->reason, .waits = p->waits,
		.file = s->file, .line = s->line,
		.status = l->status, .ready = l->ready,
		.unready = l->unready, .paused = l->paused, .tty = s->tty,
		.hidden = s->hidden, .autostart = s->autostart,
		.has_exit = l->has_exit, .core = l->core,
		.has_ready_rule = order_has_ready(s),
		.any_holder = s->ready.any_holder,
		.stdin_open = p->out || p->in[LOG_PTY],
		.stopped = l->stopped,
		.going = order_is_going(p),
		.exit_code = l->exit_code, .exit_signal = l->exit_signal,
		.fail_step = p->fail_step, .fail_error = p->fail_error,
		.pid = (uint32_t)p->pid, .run = l->run,
		.restarts = l->restarts,
		.retries = life_retries(&procrun_see(p)->life,
					s->restart_within_ms * 1000,
					clock_us()),
		.restart_max = s->restart == SPEC_RESTART_NEVER ? 0 :
			s->restart_max,
		.created_at_ms = p->created_ms,
		.started_at_ms = p->started_ms, .ready_at_ms = p->ready_ms,
		.ended_at_ms = p->ended_ms,
		.deadline_at_ms = deadline_wall(p),
		.next_run_at_ms = procsched_next_wall_ms(p),
		.log_lines = fold_next_seq(p->fold) - 1,
		.dropped_bytes = spool_dropped(p->spool),
		.errors = p->errors, .warnings = p->warnings,
		.cpu_permille = p->cpu_permille, .rss_bytes = p->rss_bytes,
		.tree_count = p->tree_count, .left = p->left_count,
		.left_list = p->left_list ? p->left_list : "",
		.ports = procrun_see(p)->ports,
		.title = p->vt ? vt_title(p->vt) : "",
		.rows = p->vt ? (uint16_t)vt_rows(p->vt) : 0,
		.cols = p->vt ? (uint16_t)vt_cols(p->vt) : 0,
	};
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		r->log_bytes += spool_end(p->spool, (enum log_stream)i);
	for (size_t i = 0; i < p->e->nproc; i++)
		if (p->e->procs[i] == p)
			r->order = (uint32_t)i;
	add_lists(p, r, scratch);
	/* Only now does scratch stay where it is. */
	const char **lists[] = { &r->depends, &r->watches, &r->group,
				 &r->argv, &r->command, &r->stop_step };
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		*lists[i] = scratch->data + (uintptr_t)*lists[i];
}

/* What was queued since then may wait with what waits already. */
static void
wait_too(struct peer *c, size_t queued_before)
{
	if (c->late_bytes && c->late_bytes == queued_before)
		c->late_bytes = conn_queued(c->conn);
}

static void
send_rows(struct peer *c, struct buf *b, struct buf *scratch)
{
	struct engine *e = c->e;
	struct proc_row r;

	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p->row_gen <= c->rows_seen)
			continue;
		if (conn_queued(c->conn) > CONN_QUEUE_MAX / 2) {
			conn_uncork(c->conn);
			conn_cork(c->conn);
		}
		if (conn_queued(c->conn) > CONN_QUEUE_MAX / 2)
			return;		/* goes on when it has read */
		size_t before = conn_queued(c->conn);
		feed_make_row(p, &r, scratch);
		if (proto_put_row(b, &r) == 0)
			send_buf(c, PROTO_ROW, 0, b);
		buf_clear(b);
		if (p->life.spawning)
			wait_too(c, before);
	}
	c->rows_seen = e->gen;
	if (!c->synced) {
		c->synced = true;
		conn_send(c->conn, PROTO_SYNC, 0, NULL, 0, NULL, 0);
	}
}

/* Not before, if it was told so many now.  A few keys are not a flood. */
static uint64_t
next_growth(const struct peer *c, uint64_t now, uint64_t count)
{
	uint64_t at = now + GROW_US;

	if (c->subs & PROTO_SUB_PROMPT)
		at = SBX_MIN(at, SBX_MAX(c->at_grow_us, now - PROMPT_BURST_US) +
				 count * PROMPT_US);
	return at;
}

static void
send_growth(struct peer *c, struct buf *b)
{
	struct engine *e = c->e;
	struct proto_grow g;
	uint64_t count = 0, now = clock_us();

	for (struct list *n = e->grown.prev; n != &e->grown; n = n->prev) {
		struct proc *p = container_of(n, struct proc, grown_node);
		if (p->grow_gen <= c->grow_seen)
			break;
		if (p->told_to == c->no && p->told_gen == p->grow_gen)
			continue;
		size_t before = conn_queued(c->conn);
		procio_grow(p, &g);
		if (proto_put_grow(b, &g) == 0)
			send_buf(c, PROTO_GROW, 0, b);
		buf_clear(b);
		if (p->life.spawning)
			wait_too(c, before);
		count++;
	}
	c->grow_seen = e->gen;
	if (count)
		c->at_grow_us = next_growth(c, now, count);
}

void
feed_values(struct peer *c, uint32_t id, struct proc *p)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	procwatch_values(p, &b);
	send_buf(c, PROTO_VALUES, id, &b);
	buf_fini(&b);
}

static void
send_values(struct peer *c)
{
	for (size_t i = 0; i < c->e->nproc; i++) {
		struct proc *p = c->e->procs[i];
		if (p->spec->watch_count && p->value_gen > c->values_seen)
			feed_values(c, 0, p);
	}
	c->values_seen = c->e->gen;
	c->at_values_us = clock_us() + VALUES_US;
}

static void
send_events(struct peer *c, struct buf *b)
{
	uint64_t last = journal_last_seq(c->e->journal);
	if (last <= c->events_seen)
		return;
	size_t before = conn_queued(c->conn);
	c->events_seen = last;
	msg_put_u64(b, last);
	send_buf(c, PROTO_EVENTS, 0, b);
	wait_too(c, before);
}

static int
put_changed_rows(const struct screen_view *v, const struct vt *vt,
		 struct buf *rows, uint32_t *count)
{
	struct buf one = BUF_INIT(64 << 10);
	int r = 0;
	for (int y = 0; y < vt_rows(vt) && r == 0; y++) {
		if (!v->whole && vt_row_gen(vt, y) <= v->seen)
			continue;
		buf_clear(&one);
		r = vt_row_pack(vt, y, &one);
		if (r == 0)
			r = msg_put_u16(rows, (uint16_t)y);
		if (r == 0)
			r = msg_put_bytes(rows, one.data, one.len);
		(*count)++;
	}
	buf_fini(&one);
	return r;
}

static void
send_screen(struct peer *c, struct screen_view *v, struct proc *p,
	    struct buf *b)
{
	struct buf rows = BUF_INIT(CONN_FRAME_MAX - 4096);
	const struct vt *vt = p->vt;
	struct vt_cursor cur = vt_cursor(vt);
	struct proto_screen s = {
		.proc = p->id, .gen = vt_gen(vt),
		.rows = (uint16_t)vt_rows(vt), .cols = (uint16_t)vt_cols(vt),
		.cursor_row = (uint16_t)cur.row,
		.cursor_col = (uint16_t)cur.col,
		.cursor_visible = cur.visible,
		.cursor_shape = (uint8_t)cur.shape,
		.cursor_blink = cur.blink, .modes = vt_modes(vt),
		.shown = p->vt_off,
		.sb_first = vt_sb_first(vt), .sb_next = vt_sb_next(vt),
		.title = vt_title(vt),
	};
	/* A new size or a new terminal: nothing of the old picture counts. */
	if (s.gen < v->seen || s.rows != v->rows || s.cols != v->cols)
		v->whole = true;
	s.whole = v->whole;
	if (put_changed_rows(v, vt, &rows, &s.row_count) == 0) {
		proto_put_screen(b, &s);
		buf_add(b, rows.data ? rows.data : "", rows.len);
		send_buf(c, PROTO_SCREEN, 0, b);
	}
	buf_fini(&rows);
	v->seen = s.gen;
	v->rows = s.rows;
	v->cols = s.cols;
	v->whole = false;
	v->at_us = clock_us();
}

/* When the screen may be sent; UINT64_MAX if there is nothing new. */
static uint64_t
screen_due(const struct peer *c, const struct screen_view *v,
	   const struct proc *p)
{
	if (!v->whole && vt_gen(p->vt) == v->seen)
		return UINT64_MAX;
	uint64_t at = v->at_us + SCREEN_US;
	/* The answer to a key is never held back by the frame rate. */
	if (c->at_typed_us >= v->at_us || v->whole)
		at = 0;
	if (vt_modes(p->vt) & VT_MODE_SYNC)
		at = v->at_us + SYNC_US;
	return at;
}

static uint64_t
feed_screen(struct peer *c, struct screen_view *v, struct buf *b)
{
	struct proc *p = v->proc ? engine_find(c->e, v->proc) : NULL;
	uint64_t at = p && p->vt ? screen_due(c, v, p) : UINT64_MAX;

	if (at > clock_us())
		return at;
	send_screen(c, v, p, b);
	return UINT64_MAX;
}

/* Sends what is due; returns when something else will be. */
static uint64_t
feed_peer(struct peer *c, struct buf *b, struct buf *scratch)
{
	uint64_t now = clock_us(), next = UINT64_MAX;
	uint64_t gen = c->e->gen;

	if (conn_queued(c->conn) > QUEUE_FULL)
		return now + LAGGING_US;
	if (c->subs & PROTO_SUB_ROWS &&
	    (c->rows_seen < c->e->rows_gen || !c->synced))
		send_rows(c, b, scratch);
	/* Before what can wait: somebody types and looks. */
	next = feed_screen(c, &c->screen, b);
	for (size_t i = 0; i < c->also_count; i++)
		next = SBX_MIN(next, feed_screen(c, &c->also[i], b));
	if (c->subs & PROTO_SUB_EVENTS)
		send_events(c, b);
	if (c->subs & PROTO_SUB_GROWTH && c->grow_seen < gen) {
		if (now >= c->at_grow_us)
			send_growth(c, b);
		else
			next = SBX_MIN(next, c->at_grow_us);
	}
	if (c->subs & PROTO_SUB_VALUES && c->values_seen < gen) {
		if (now >= c->at_values_us)
			send_values(c);
		else
			next = SBX_MIN(next, c->at_values_us);
	}
	return next;
}

void
feed_clients(struct engine *e)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX), scratch;
	uint64_t next = UINT64_MAX;

	buf_init(&scratch, 1 << 20);
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (!c->greeted)
			continue;
		conn_cork(c->conn);
		next = SBX_MIN(next, feed_peer(c, &b, &scratch));
		if (c->late_bytes)
			next = SBX_MIN(next, c->at_late_us);
	}
	if (next != UINT64_MAX)
		timer_arm(e->feed_timer, next);
	else
		timer_stop(e->feed_timer);
	buf_fini(&b);
	buf_fini(&scratch);
}

/* Nothing is before it that has to wait for the end of the turn. */
static bool
is_free(const struct peer *c, uint64_t now)
{
	return c->greeted && (c->subs & PROTO_SUB_PROMPT) &&
	       now >= c->at_grow_us && !c->e->registry_dirty &&
	       conn_queued(c->conn) == c->late_bytes;
}

bool
feed_may_tell(const struct peer *c)
{
	return is_free(c, clock_us());
}

bool
feed_told(struct peer *c, const struct proc *p, const struct logtold *t)
{
	struct buf b = BUF_INIT(2 * sizeof *t);
	int r = msg_put_u32(&b, p->id);

	conn_cork(c->conn);
	if (r == 0)
		r = logtold_put(&b, t);
	if (r == 0)
		r = conn_send(c->conn, PROTO_TOLD, 0, b.data, b.len, NULL, 0);
	c->late_bytes = 0;
	conn_uncork(c->conn);
	c->at_grow_us = next_growth(c, clock_us(), 1);
	buf_fini(&b);
	return r == 0;
}

void
feed_growth(struct engine *e)
{
	struct buf b = BUF_INIT(CONN_FRAME_MAX);
	uint64_t now = clock_us();

	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (!is_free(c, now) || c->grow_seen >= e->gen)
			continue;
		conn_cork(c->conn);
		send_growth(c, &b);
		/* Of one that only begins even this may wait. */
		if (c->late_bytes && conn_queued(c->conn) == c->late_bytes)
			continue;
		c->late_bytes = 0;
		conn_uncork(c->conn);
	}
	buf_fini(&b);
}

bool
feed_flush(struct engine *e)
{
	bool all = true;
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		c->at_grow_us = c->at_values_us = 0;
		all &= conn_queued(c->conn) <= QUEUE_FULL;
	}
	feed_clients(e);
	return all;
}

static void
tell_all(struct engine *e, unsigned sub, uint16_t type, struct buf *b)
{
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		if (c->greeted && (c->subs & sub))
			conn_send(c->conn, type, 0, b->data, b->len, NULL, 0);
	}
	buf_fini(b);
}

void
feed_gone(struct engine *e, uint32_t id)
{
	struct buf b = BUF_INIT(16);
	msg_put_u32(&b, id);
	tell_all(e, PROTO_SUB_ROWS, PROTO_GONE, &b);
}

void
feed_note(struct engine *e, int level, const char *text)
{
	struct buf b = BUF_INIT(4096);
	msg_put_u8(&b, (uint8_t)level);
	msg_put_str(&b, text);
	tell_all(e, PROTO_SUB_EVENTS, PROTO_NOTE, &b);
}

void
feed_bell(struct engine *e, uint32_t id)
{
	struct buf b = BUF_INIT(16);
	msg_put_u32(&b, id);
	tell_all(e, PROTO_SUB_EVENTS, PROTO_BELL, &b);
}

/* A terminal has the size of the pane of who typed into it last. */
static bool
has_last_word(const struct peer *c, const struct proc *p)
{
	list_each(n, &c->e->peers) {
		const struct peer *o = container_of(n, struct peer, node);
		if (o->screen.proc == p->id && o->pane_rows &&
		    o->at_keys_us > c->at_keys_us)
			return false;
	}
	return true;
}

void
feed_sizes(struct engine *e)
{
	list_each(n, &e->peers) {
		struct peer *c = container_of(n, struct peer, node);
		struct proc *p = c->resized ? engine_find(e, c->screen.proc) :
					      NULL;
		c->resized = false;
		if (p && c->pane_rows && has_last_word(c, p))
			proctty_resize(p, c->pane_rows, c->pane_cols);
	}
}
