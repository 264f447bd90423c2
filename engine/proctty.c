#include "core.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "clock.h"
#include "journal.h"
#include "loop.h"
#include "spec.h"
#include "spool.h"
#include "vt.h"

enum {
	FEED_US = 2000,		/* one terminal's share of a turn */
	FALLS_MAX = 2,		/* then the terminal goes on without a screen */
};

static void
on_reply(void *arg, const char *bytes, size_t len)
{
	struct proc *p = arg;
	if (!p->vt_replaying)
		procio_answer(p, bytes, len);
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
save_base(struct proc *p)
{
	buf_clear(&p->base);
	if (vt_snapshot(p->vt, &p->base) < 0)
		return;
	p->base_off = p->vt_off;
	p->base_rows = (uint16_t)vt_rows(p->vt);
	p->base_cols = (uint16_t)vt_cols(p->vt);
	p->nresizes = 0;
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
	save_base(p);
	p->screen_gen = ++p->e->gen;
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
	if (n <= 0)
		return 0;
	e->crumbs->feeding = p->id;
	vt_feed(p->vt, e->tty_buf, (size_t)n);
	e->crumbs->feeding = 0;
	p->vt_off += (uint64_t)n;
	e->crumbs->fed[p->id % CRUMBS_MAX].id = p->id;
	e->crumbs->fed[p->id % CRUMBS_MAX].off = p->vt_off;
	return (size_t)n;
}

bool
proctty_feed(struct proc *p)
{
	uint64_t start = clock_us(), end = spool_end(p->spool, LOG_PTY);
	uint64_t from = p->vt_off;

	while (p->vt_off < end && feed_some(p, end) > 0)
		if (clock_us() - start > FEED_US)
			break;
	if (p->vt_off != from)
		p->screen_gen = ++p->e->gen;
	if (p->vt_off - p->base_off > SNAPSHOT_EVERY) {
		save_base(p);
		p->e->registry_dirty = true;
	}
	return p->vt_off < end;
}

void
proctty_resize(struct proc *p, int rows, int cols)
{
	if (!p->vt || rows < 1 || cols < 1 ||
	    (rows == vt_rows(p->vt) && cols == vt_cols(p->vt)))
		return;
	vt_resize(p->vt, rows, cols);
	if (p->nresizes == RESIZES_MAX)
		save_base(p);
	else
		p->resizes[p->nresizes++] = (struct resize_note){
			.off = p->vt_off,
			.rows = (uint16_t)vt_rows(p->vt),
			.cols = (uint16_t)vt_cols(p->vt),
		};
	if (p->in[LOG_PTY]) {
		struct winsize ws = {
			.ws_row = (unsigned short)vt_rows(p->vt),
			.ws_col = (unsigned short)vt_cols(p->vt),
		};
		/* The kernel sends SIGWINCH to the foreground group. */
		ioctl(loop_fd(p->in[LOG_PTY]), TIOCSWINSZ, &ws);
	}
	p->screen_gen = ++p->e->gen;
	p->e->registry_dirty = true;
	proc_touch(p);
}

/*
 * After a change of engines: the snapshot, then the bytes that came after it
 * with the size changes where they happened.  What the former engine had fed
 * was answered by it.
 */
void
proctty_rebuild(struct proc *p)
{
	struct engine *e = p->e;
	uint64_t end = spool_end(p->spool, LOG_PTY);
	uint64_t answered = p->base_off;

	if (e->crumbs->feeding == p->id)
		p->vt_falls++;
	if (p->vt_falls >= FALLS_MAX) {
		engine_note(e, p, EVENT_SCREEN_OFF, CAUSE_ENGINE,
			    "its output has ended the engine %u times: the "
			    "log goes on, the screen does not", p->vt_falls);
		return;
	}
	if (e->crumbs->fed[p->id % CRUMBS_MAX].id == p->id)
		answered = e->crumbs->fed[p->id % CRUMBS_MAX].off;
	answered = SBX_MIN(answered, end);
	p->vt = vt_new(p->base_rows ? p->base_rows : 24,
		       p->base_cols ? p->base_cols : 80, SCROLLBACK_ROWS,
		       &hooks, p);
	p->vt_replaying = true;
	vt_feed(p->vt, p->base.data ? p->base.data : "", p->base.len);
	p->vt_off = SBX_MIN(p->base_off, end);
	for (unsigned i = 0; i <= p->nresizes; i++) {
		bool last = i == p->nresizes;
		uint64_t until = last ? end : p->resizes[i].off;
		until = SBX_MIN(until, end);
		while (p->vt_off < until) {
			bool replay = p->vt_off < answered;
			p->vt_replaying = replay;
			uint64_t stop = replay ? SBX_MIN(until, answered) :
						 until;
			if (feed_some(p, stop) == 0)
				break;
		}
		if (!last)
			vt_resize(p->vt, p->resizes[i].rows,
				  p->resizes[i].cols);
	}
	p->vt_replaying = false;
	p->screen_gen = ++e->gen;
}
