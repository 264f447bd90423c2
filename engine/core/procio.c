#include "procio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/sys.h"
#include "conf/option.h"
#include "core.h"
#include "log/fold.h"
#include "log/spool.h"
#include "proc.h"
#include "procagain.h"
#include "proccheck.h"
#include "procfold.h"
#include "procinput.h"
#include "proctold.h"
#include "proctty.h"
#include "procwatch.h"
#include "spec/spec.h"

enum {
	DRAIN_MAX = 1 << 20,	/* from one stream in one go */
	MARK_DRAINS = 8,
	FOLD_SLICE = 128 << 10,	/* bytes */
	/*
	 * For all processes, in one turn: folding may lag behind, draining may
	 * not, or the child of a flood waits for its watches.
	 */
	FOLD_TURN_US = 400,
	/*
	 * Much at a time means that the child is about as fast as we are: for
	 * so long nothing but draining is done for it.
	 */
	BURST_US = 250 * 1000,
	/*
	 * Waking up for each write() of a chatty child costs more than the
	 * bytes: a stream that came back this soon with so little is left alone
	 * for a while, during which its pipe fills.
	 */
	SOON_US = 500,
	PACE_US = 300,
	TTY_SHORT = 1024,	/* bytes; the kernel gives up to 4095 at once */
	HITS_US = 50 * 1000,
	LAG_MAX = 128 << 20,	/* bytes that folding may be behind */
	API_KEEP_MIN = 64 << 10,
	RETRY_US = 1000 * 1000,	/* of an index that could not be written */
	/* For output whose writers are gone, or are strangers. */
	LAST_DRAIN_US = 1000 * 1000,
};

void
procio_fold_later(struct proc *p)
{
	if (p->fold_dirty)
		return;
	p->fold_dirty = true;
	list_add_tail(&p->e->to_fold, &p->fold_node);
}

static void
stream_ended(struct proc *p, enum log_stream s)
{
	inpipe_fini(&p->pipes[s], &p->e->pipe_budget);
	loop_drop(p->in[s]);
	p->in[s] = NULL;
	p->paced[s] = false;
}

static void
close_streams(struct proc *p)
{
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (p->in[s])
			stream_ended(p, (enum log_stream)s);
}

bool
procio_is_open(const struct proc *p)
{
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		if (p->in[s])
			return true;
	return false;
}

static ssize_t
move(struct proc *p, enum log_stream s, size_t max)
{
	return proctold_move(p, s, loop_fd(p->in[s]), max);
}

static ssize_t
drain_tty(struct proc *p, size_t max)
{
	ssize_t total = 0, n = 0;

	while ((size_t)total < max) {
		if (proctty_lag(p) > TTY_LAG_MAX)
			return total ? total : -EBUSY;
		n = move(p, LOG_PTY, TTY_CHUNK * 4);
		if (n <= 0)
			break;
		total += n;
		/* So little was all: the next look is the loop's affair. */
		if (n < TTY_SHORT)
			break;
	}
	/* Nobody holds the other side any more: the terminal's way of EOF. */
	if (n == -EIO)
		n = 0;
	return total ? total : n;
}

/* What is made through the API has a log as that promises; one whose record
 * goes with its end is read by whoever made it, as fast as that can. */
static uint64_t
keep_bytes(const struct proc *p)
{
	uint64_t limit = options_number(p->e->options, OPTION_LIMIT_LOG);
	uint64_t api = options_number(p->e->options, OPTION_LIMIT_API_LOG);
	uint64_t own = p->spec->by && p->spec->keep ?
		SBX_MAX(api, (uint64_t)API_KEEP_MIN) :
		p->spec->log_keep_bytes;

	return limit ? SBX_MIN(own, limit) : own;
}

/*
 * What retention drops before it was folded, no watch would ever see: only a
 * flood that is far faster than its watches has to wait for them.  Bytes that
 * may still come, if that part of what may wait is for what waits: going on
 * asks for more room than stopping left, so that it does not stop at once
 * again.
 */
static size_t
room(const struct proc *p, unsigned part)
{
	uint64_t max = SBX_MIN(keep_bytes(p) / 2, (uint64_t)LAG_MAX);

	return fold_room(p->fold, max / part);
}

static void
note_lost(struct proc *p, enum log_stream s)
{
	uint64_t bytes = spool_gap_bytes(p->spool);
	if (bytes == p->lost_noted_bytes)
		return;
	p->lost_noted_bytes = bytes;
	struct crumb *c = crumbs_get(p->e->crumbs, p->id);
	c->lost_stream = s;
	c->lost_bytes = bytes;
}

void
procio_find_lost(struct proc *p)
{
	const struct crumb *c = crumbs_find(p->e->crumbs, p->id);
	uint64_t known = spool_gap_bytes(p->spool);

	if (!c || c->lost_bytes <= known || c->lost_stream >= LOG_STREAMS)
		return;
	enum log_stream s = (enum log_stream)c->lost_stream;
	struct spool_gap g = { .stream = (uint8_t)s,
			       .off = spool_end(p->spool, s),
			       .bytes = c->lost_bytes - known };
	spool_restore_gap(p->spool, &g);
}

/* Who follows it wakes up for it. */
static void
note_growth(struct proc *p)
{
	uint64_t sum = procfold_growth(p);

	if (sum == p->grown)
		return;
	p->grown = sum;
	proc_grew(p);
	if (sum <= p->told_sum)
		p->told_gen = p->grow_gen;
}

/* Bytes moved, 0 at the end, or -errno (-EAGAIN: nothing now). */
static ssize_t
drain(struct proc *p, enum log_stream s)
{
	size_t max = SBX_MIN(room(p, 1), (size_t)DRAIN_MAX);
	if (max == 0)
		return -EBUSY;
	ssize_t n = s == LOG_PTY ? drain_tty(p, max) : move(p, s, max);
	if (n > 0) {
		p->at_drained_us[s] = clock_us();
		if (!p->fold_dirty)
			p->at_behind_us = p->at_drained_us[s];
		procio_fold_later(p);
		p->burst |= inpipe_is_much(&p->pipes[s], n);
		inpipe_took(&p->pipes[s], loop_fd(p->in[s]), n,
			    &p->e->pipe_budget);
		fold_arrived(p->fold, s, (size_t)n);
		procfold_note(p, 0, clock_wall_ms());
		/* Who copies it takes part in the turn. */
		if (p->copy)
			loop_stir(p->e->loop);
		p->e->logs_grew = true;
		p->drain_owed_bytes -= SBX_MIN(p->drain_owed_bytes,
					       (uint64_t)n);
		note_lost(p, s);
		/* The bytes are all of it; of pipes it is the lines. */
		if (s == LOG_PTY) {
			note_growth(p);
			p->e->ttys_grew = true;
		}
	} else if (n == 0 || (n != -EAGAIN && n != -EBUSY)) {
		stream_ended(p, s);
		procio_fold_later(p);
		loop_stir(p->e->loop);
	}
	return n;
}

static void
pace_again(struct engine *e)
{
	if (!timer_armed(e->pace))
		timer_arm(e->pace, clock_us() + PACE_US);
}

static void
on_readable(struct source *src, unsigned events, void *arg)
{
	struct proc *p = arg;
	enum log_stream s = src == p->in[LOG_OUT] ? LOG_OUT :
			    src == p->in[LOG_ERR] ? LOG_ERR : LOG_PTY;
	if ((events & LOOP_OUT) && s == LOG_PTY && procinput_waiting(p) > 0)
		procinput_push(p);
	if (!(events & LOOP_IN) || !p->in[s])
		return;
	loop_calm(p->e->loop);
	uint64_t last = p->at_drained_us[s], now = clock_us();
	ssize_t n = drain(p, s);
	if (!p->in[s])
		return;
	if (n == -EBUSY) {
		/* Emulator or watches are behind: back-pressure. */
		loop_want(src, loop_wanted(src) & ~(unsigned)LOOP_IN);
	} else if (inpipe_is_little(&p->pipes[s], n) &&
		   now - last < SOON_US) {
		loop_want(src, 0);
		p->paced[s] = true;
		pace_again(p->e);
	}
}

void
procio_pace(struct engine *e)
{
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		for (unsigned s = 0; s < LOG_STREAMS; s++) {
			if (!p->paced[s] || !p->in[s])
				continue;
			ssize_t n = drain(p, (enum log_stream)s);
			if (!p->in[s])
				continue;
			if (inpipe_is_little(&p->pipes[s], n)) {
				pace_again(e);
			} else {
				p->paced[s] = false;
				loop_want(p->in[s], LOOP_IN);
			}
		}
	}
}

/* What lagged has caught up: output that was held back may come again. */
static void
resume(struct proc *p)
{
	if (room(p, 2) == 0)
		return;
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		struct source *s = p->in[i];
		if (!s || p->paced[i] || loop_wanted(s) & LOOP_IN ||
		    (i == LOG_PTY && proctty_lag(p) > TTY_LAG_MAX / 2))
			continue;
		loop_want(s, loop_wanted(s) | LOOP_IN);
	}
}

/* A flood of hits changes the row of a process so often, not more. */
static void
tell_hits(struct proc *p)
{
	uint64_t now = clock_us();
	if (!p->hits_untold || now < p->at_told_us + HITS_US)
		return;
	p->hits_untold = false;
	p->at_told_us = now;
	proc_touch(p);
}

static void
arm_partial(struct proc *p)
{
	uint64_t at = fold_deadline(p->fold);
	at = SBX_MIN(at, procwatch_deadline(p));
	if (at != UINT64_MAX)
		at *= 1000;
	if (p->hits_untold)
		at = SBX_MIN(at, p->at_told_us + HITS_US);
	if (p->at_retry_us)
		at = SBX_MIN(at, p->at_retry_us);
	if (at == UINT64_MAX)
		timer_stop(p->partial_timer);
	else
		timer_arm(p->partial_timer, at);
}

static void
on_partial_timer(struct timer *t, void *arg)
{
	struct proc *p = arg;
	(void)t;
	fold_idle(p->fold, clock_ms());
	procwatch_tick(p);
	tell_hits(p);
	if (p->at_retry_us && clock_us() >= p->at_retry_us) {
		p->at_retry_us = 0;
		procio_fold_later(p);
	}
	proc_grew(p);
	arm_partial(p);
}

/* True when more is left for another slice. */
static bool
fold_slice(struct proc *p)
{
	bool more = false;
	if (p->vt)
		more = proctty_feed(p);
	int r = procfold_step(p, FOLD_SLICE);
	more |= r > 0;
	/* The index cannot be written at present: the disk may recover. */
	p->at_retry_us = r < 0 ? clock_us() + RETRY_US : 0;
	note_growth(p);
	p->e->registry_stale = true;
	tell_hits(p);
	if (!more) {
		p->fold_dirty = false;
		list_del(&p->fold_node);
		if (!proc_is_live(p))
			spool_rest(p->spool);
		arm_partial(p);
	}
	resume(p);
	return more;
}

/* Lines can wait for a moment, a child with a full pipe cannot. */
static bool
is_flooded(struct proc *p, uint64_t now)
{
	bool burst = p->burst;

	p->burst = false;
	return burst && now - p->at_behind_us < BURST_US;
}

void
procio_fold_all(struct engine *e)
{
	uint64_t start = clock_us();
	struct list left;

	list_init(&left);
	while (!list_empty(&e->to_fold)) {
		struct proc *p = container_of(e->to_fold.next, struct proc,
					      fold_node);
		uint64_t now = clock_us();
		if (now - start > FOLD_TURN_US)
			break;
		/* Who has more goes last: nobody's flood starves others. */
		if (is_flooded(p, now) || fold_slice(p)) {
			list_del(&p->fold_node);
			list_add_tail(&left, &p->fold_node);
		}
	}
	while (!list_empty(&left)) {
		struct list *n = left.next;
		list_del(n);
		list_add_tail(&e->to_fold, n);
	}
	if (!list_empty(&e->to_fold))
		loop_again(e->loop);
}

/* Written, and not read yet. */
static uint64_t
unread(const struct proc *p, unsigned s)
{
	int n = 0;
	if (p->in[s] && ioctl(loop_fd(p->in[s]), FIONREAD, &n) < 0)
		return 0;
	return (uint64_t)SBX_MAX(n, 0);
}

static uint64_t
waiting_bytes(const struct proc *p)
{
	uint64_t sum = 0;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		sum += unread(p, s);
	return sum;
}

/*
 * A terminal does not tell all that it holds: what lies before its line
 * discipline is not counted, and only a read that finds nothing brings it on.
 */
void
procio_mark(struct proc *p, struct proto_mark *m)
{
	for (int i = 0; i < MARK_DRAINS && p->in[LOG_PTY]; i++)
		if (drain(p, LOG_PTY) <= 0)
			break;
	for (unsigned s = 0; s < LOG_STREAMS; s++)
		m->off[s] = spool_end(p->spool, (enum log_stream)s) +
			    unread(p, s);
}

/*
 * The tree is gone.  What it has written is taken to the last byte; whoever
 * else holds the other end (a descriptor passed on to a stranger) is not
 * waited for, and not listened to for ever.
 */
static bool
drain_last(struct proc *p)
{
	uint64_t now = clock_us();
	bool open = false;

	if (!p->at_drain_end_us) {
		p->at_drain_end_us = now + LAST_DRAIN_US;
		p->drain_owed_bytes = waiting_bytes(p);
	}
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		if (!p->in[s])
			continue;
		ssize_t n = drain(p, (enum log_stream)s);
		open |= n > 0 || n == -EBUSY;
	}
	if (open && (p->drain_owed_bytes || now < p->at_drain_end_us))
		return false;
	/* What may go on goes on writing. */
	if (!p->spec->tree_keep)
		close_streams(p);
	return true;
}

bool
procio_drained(struct proc *p)
{
	if (procagain_waits(p) || (!p->run_cut && !drain_last(p)))
		return false;
	if (!p->run_cut) {
		int status = p->life.exit_signal ? p->life.exit_signal :
						   p->life.exit_code << 8;
		spool_run_end(p->spool, status, p->ended_ms);
		p->run_cut = true;
		procio_fold_later(p);
	}
	if (p->fold_dirty)
		fold_slice(p);
	return !p->fold_dirty;
}

static struct source *
add_stream(struct proc *p, enum log_stream in, int fd, const char *name)
{
	if (fd < 0)
		return NULL;
	inpipe_init(&p->pipes[in], fd);
	sys_set_nonblock(fd, true);
	struct source *s = loop_add(p->e->loop, fd, LOOP_IN, name,
				    on_readable, p);
	if (!s)
		sys_close(fd);
	return s;
}

void
procio_attach(struct proc *p, struct keep_fds *f)
{
	int *fd = f->fd;
	p->in[LOG_OUT] = add_stream(p, LOG_OUT, fd[KEEP_FD_STDOUT], "stdout");
	p->in[LOG_ERR] = add_stream(p, LOG_ERR, fd[KEEP_FD_STDERR], "stderr");
	p->in[LOG_PTY] = add_stream(p, LOG_PTY, fd[KEEP_FD_PTY], "pty");
	proccheck_notify(p, fd[KEEP_FD_NOTIFY]);
	procinput_attach(p, fd[KEEP_FD_STDIN]);
	keep_fds_init(f);
	procio_fold_later(p);
}

void
procio_close(struct proc *p)
{
	close_streams(p);
	procinput_close(p);
	p->fds_owed = false;
}

/*
 * Another process of the set has older output than this one: when the disk
 * is full the oldest goes first, whosever it is.
 */
static bool
make_room(void *arg)
{
	struct proc *self = arg, *oldest = NULL;
	struct engine *e = self->e;
	for (size_t i = 0; i < e->nproc; i++) {
		struct proc *p = e->procs[i];
		if (p == self || !p->spool)
			continue;
		if (!oldest || spool_oldest_ms(p->spool) <
			       spool_oldest_ms(oldest->spool))
			oldest = p;
	}
	if (!oldest || spool_oldest_ms(oldest->spool) >=
		       spool_oldest_ms(self->spool))
		return false;
	return spool_drop_oldest(oldest->spool) == 0;
}

static int
open_dir(void *arg)
{
	const struct proc *p = arg;

	return sys_openat(p->e->log_fd, p->dirname,
			  O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

void
procio_set_keep(struct proc *p)
{
	spool_set_keep(p->spool, keep_bytes(p));
}

static int
make_log_dir(void *arg)
{
	const struct proc *p = arg;
	int r = sys_mkdirat(p->e->log_fd, p->dirname, 0700);

	return r == 0 || r == -EEXIST ? open_dir(arg) : r;
}

/*
 * What is added to a running set hardly lives, and often says nothing: it
 * costs the disk no directory then.  The number of the last run of what is in
 * an sbxrc is to be found by the next engine.
 */
static struct spool *
open_spool(struct proc *p, struct err *err)
{
	bool added = p->spec->source == SPEC_FROM_ADD;
	int dir = added ? open_dir(p) : make_log_dir(p);

	if (dir == -ENOENT && added)
		return spool_plan(keep_bytes(p), make_log_dir, p);
	if (dir < 0) {
		err_set(err, ERR_FAILED, "the log of '%s': %s",
			p->spec->name, strerror(-dir));
		return NULL;
	}
	struct spool *sp = spool_open(dir, keep_bytes(p), clock_wall_ms(),
				      err);
	sys_close(dir);
	if (sp)
		spool_on_dir(sp, open_dir, p);
	return sp;
}

int
procio_open_log(struct proc *p, struct err *err)
{
	struct engine *e = p->e;

	p->spool = open_spool(p, err);
	if (!p->spool)
		return -1;
	spool_on_full(p->spool, make_room, p);
	p->fold = fold_new(p->spool, e->scratch, &procwatch_ops, p,
			   p->from_seq);
	p->partial_timer = loop_timer(e->loop, on_partial_timer, p);
	procio_fold_later(p);
	return 0;
}

void
procio_grow(const struct proc *p, struct proto_grow *g)
{
	struct fold_tail tail;
	*g = (struct proto_grow){
		.proc = p->id,
		.next_seq = fold_next_seq(p->fold),
		.dropped_bytes = spool_dropped(p->spool),
		.ended = p->log_ended,
		.run = p->life.run,
	};
	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		g->bytes[s] = spool_end(p->spool, (enum log_stream)s);
		if (fold_tail(p->fold, (enum log_stream)s, &tail, clock_ms()))
			g->partial |= tail.quiet_ms >= FOLD_IDLE_MS;
	}
}
