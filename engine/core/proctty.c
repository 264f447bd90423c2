#include "proctty.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/msg.h"
#include "core.h"
#include "feed.h"
#include "log/spool.h"
#include "proc.h"
#include "procinput.h"
#include "spec/spec.h"
#include "term/vt.h"

enum {
	FEED_US = 2000,		/* one terminal's share of a turn */
	TAIL_MAX = 256 << 10,	/* bytes that follow on a snapshot */
	FALLS_MAX = 2,		/* then the terminal goes on without a screen */
	SIZE_PARTS = 3,		/* after a size so much more time for others */
	SIZE_MAX_US = 100 * 1000,
};

static void
on_reply(void *arg, const char *bytes, size_t len)
{
	struct proc *p = arg;
	if (!p->vt_replaying)
		procinput_answer(p, bytes, len);
}

static void
on_bell(void *arg)
{
	struct proc *p = arg;
	if (!p->vt_replaying)
		feed_bell(p->e, p->id);
}

static void
on_title(void *arg, const char *title)
{
	(void)title;
	proc_touch(arg);
}

static const struct vt_hooks hooks = {
	.reply = on_reply,
	.bell = on_bell,
	.title = on_title,
};

static void
save_history(struct proc *p)
{
	uint64_t next = vt_sb_next(p->vt), id = vt_sb_first(p->vt);
	if (next - id > HISTORY_ROWS)
		id = next - HISTORY_ROWS;
	buf_clear(&p->base_history);
	p->base_history_id = id;
	for (; id < next; id++) {
		size_t len;
		const char *row = vt_sb_packed(p->vt, id, &len);
		if (!row || msg_put_bytes(&p->base_history, row, len) < 0)
			break;
	}
}

static void
load_history(struct proc *p)
{
	struct msg_reader r;
	msg_open(&r, buf_str(&p->base_history), p->base_history.len);
	vt_sb_start(p->vt, p->base_history_id);
	while (r.off < r.len) {
		size_t len;
		const char *row = msg_bytes(&r, &len);
		if (r.bad || vt_sb_add(p->vt, row, len) < 0)
			break;
	}
}

/* The old base stays when a new one cannot be made. */
static void
save_base(struct proc *p)
{
	struct buf shot = BUF_INIT(p->base.max);
	if (vt_snapshot(p->vt, &shot) < 0) {
		buf_fini(&shot);
		return;
	}
	buf_fini(&p->base);
	p->base = shot;
	p->base_off = p->vt_off;
	p->base_rows = (uint16_t)vt_rows(p->vt);
	p->base_cols = (uint16_t)vt_cols(p->vt);
	save_history(p);
}

void
proctty_snapshot(const struct proc *p, struct buf *out, uint64_t *off)
{
	const struct log_run *run = spool_run(p->spool);

	*off = p->vt_off;
	if (p->vt_off - p->base_off > TAIL_MAX ||
	    p->base_off < spool_begin(p->spool, LOG_PTY)) {
		vt_snapshot(p->vt, out);
		return;
	}
	*off = p->base_off;
	if (!run || run->start[LOG_PTY] != p->base_off)
		buf_add(out, buf_str(&p->base), p->base.len);
}

void
proctty_open(struct proc *p)
{
	int rows = (int)p->spec->rows, cols = (int)p->spec->cols;
	if (p->vt) {
		/* The size that its viewer gave it outlives the run. */
		rows = vt_rows(p->vt);
		cols = vt_cols(p->vt);
		vt_free(p->vt);
	}
	p->vt = vt_new(rows, cols, SCROLLBACK_ROWS, &hooks, p);
	const struct log_run *run = spool_run(p->spool);
	p->vt_off = run ? run->start[LOG_PTY] : spool_end(p->spool, LOG_PTY);
	p->vt_falls = 0;
	/* One of the time between two runs was owed to nobody. */
	p->e->sizes_owed |= p->size_owed;
	save_base(p);
}

uint64_t
proctty_lag(const struct proc *p)
{
	uint64_t end = spool_end(p->spool, LOG_PTY);
	return p->vt && end > p->vt_off ? end - p->vt_off : 0;
}

/* 0 at the end, or what was fed. */
static size_t
feed_some(struct proc *p, uint64_t until)
{
	struct engine *e = p->e;
	size_t want = TTY_CHUNK;
	if (until - p->vt_off < want)
		want = (size_t)(until - p->vt_off);
	ssize_t n = want ? spool_read(p->spool, LOG_PTY, p->vt_off, e->tty_buf,
				      want) : 0;
	if (n == -ESTALE) {
		p->vt_off = spool_begin(p->spool, LOG_PTY);
		return 1;
	}
	if (n < 0) {
		/* A hole in the picture is better than a child held up. */
		p->vt_off = until;
		return 1;
	}
	if (n == 0)
		return 0;
	e->crumbs->file->feeding = p->id;
	vt_feed(p->vt, e->tty_buf, (size_t)n);
	e->crumbs->file->feeding = 0;
	p->vt_off += (uint64_t)n;
	crumbs_get(e->crumbs, p->id)->fed_off = p->vt_off;
	return (size_t)n;
}

bool
proctty_feed(struct proc *p)
{
	uint64_t start = clock_us(), end = spool_end(p->spool, LOG_PTY);

	while (p->vt_off < end && feed_some(p, end) > 0)
		if (clock_us() - start > FEED_US)
			break;
	if (p->vt_off - p->base_off > SNAPSHOT_EVERY) {
		save_base(p);
		p->e->registry_dirty = true;
	}
	return p->vt_off < end;
}

/* The next size may come one pause early: who makes a pane larger and then the
 * window is not to look at the first of them meanwhile. */
static uint64_t
next_size_us(const struct proc *p)
{
	return p->at_size_us - p->size_pause_us;
}

void
proctty_settle_size(struct proc *p, bool now)
{
	uint64_t start = clock_us();

	if (!p->vt || !p->want_rows || (!now && start < next_size_us(p)))
		return;
	vt_resize(p->vt, p->want_rows, p->want_cols);
	p->want_rows = p->want_cols = 0;
	/* Replayed bytes must never meet another size than they were for. */
	save_base(p);
	p->size_owed = true;
	uint64_t end = clock_us();
	p->size_pause_us = SIZE_PARTS * SBX_MIN(end - start,
						(uint64_t)SIZE_MAX_US);
	p->at_size_us = SBX_MAX(p->at_size_us, end) + p->size_pause_us;
	p->e->registry_dirty = true;
	proc_touch(p);
}

void
proctty_resize(struct proc *p, int rows, int cols)
{
	int has_rows, has_cols;

	if (!p->vt || rows < 1 || cols < 1)
		return;
	rows = SBX_MIN(rows, VT_ROWS_MAX);
	cols = SBX_MIN(cols, VT_COLS_MAX);
	has_rows = p->want_rows ? p->want_rows : vt_rows(p->vt);
	has_cols = p->want_rows ? p->want_cols : vt_cols(p->vt);
	if (rows == has_rows && cols == has_cols)
		return;
	p->want_rows = (uint16_t)rows;
	p->want_cols = (uint16_t)cols;
	p->e->sizes_owed = p->e->registry_dirty = true;
	proctty_settle_size(p, false);
}

bool
proctty_owes_size(const struct proc *p)
{
	return p->vt && (p->want_rows || p->size_owed);
}

void
proctty_settle_sizes(struct engine *e)
{
	for (size_t i = 0; e->sizes_owed && i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		proctty_settle_size(p, false);
		if (p->vt && p->want_rows)
			engine_turn_at(e, next_size_us(p));
	}
}

void
proctty_tell_sizes(struct engine *e)
{
	bool more = false;

	for (size_t i = 0; e->sizes_owed && i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (!p->vt)
			continue;
		bool has_tty = p->in[LOG_PTY];
		more |= p->want_rows ||
			(p->size_owed && !has_tty && proc_is_live(p));
		if (!p->size_owed || !has_tty)
			continue;
		struct winsize ws = {
			.ws_row = (unsigned short)vt_rows(p->vt),
			.ws_col = (unsigned short)vt_cols(p->vt),
		};
		p->size_owed = false;
		/* The kernel sends SIGWINCH to the foreground group. */
		ioctl(loop_fd(p->in[LOG_PTY]), TIOCSWINSZ, &ws);
		if (procinput_waiting(p) > 0)
			procinput_flush(p, NULL);
	}
	e->sizes_owed = more;
}

/*
 * After a change of engines: the history, the snapshot, then the bytes that
 * came after it.  What the former engine had fed was answered by it.
 */
void
proctty_rebuild(struct proc *p)
{
	struct engine *e = p->e;
	uint64_t end = spool_end(p->spool, LOG_PTY);
	uint64_t answered = p->base_off;

	if (e->crumbs->file->feeding == p->id)
		p->vt_falls++;
	if (p->vt_falls >= FALLS_MAX) {
		engine_note(e, p, EVENT_SCREEN_OFF, CAUSE_ENGINE,
			    "its output has ended the engine %u times: the "
			    "log goes on, the screen does not", p->vt_falls);
		return;
	}
	const struct crumb *c = crumbs_find(e->crumbs, p->id);
	if (c)
		answered = SBX_MAX(answered, c->fed_off);
	answered = SBX_MIN(answered, end);
	p->vt = vt_new(p->base_rows ? p->base_rows : 24,
		       p->base_cols ? p->base_cols : 80, SCROLLBACK_ROWS,
		       &hooks, p);
	p->vt_replaying = true;
	load_history(p);
	vt_feed(p->vt, buf_str(&p->base), p->base.len);
	p->vt_off = SBX_MIN(p->base_off, end);
	while (p->vt_off < answered && feed_some(p, answered) > 0)
		;
	p->vt_replaying = false;
	while (p->vt_off < end && feed_some(p, end) > 0)
		;
}
