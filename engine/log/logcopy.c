#include "logcopy.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "base/base.h"
#include "logread.h"
#include "logseek.h"

enum { CHUNK = 64 * 1024, STEP_LINES = 20000 };

/* Up to `to` of a stream there is nothing any more. */
static void
pass(struct logcopy *c, unsigned s, uint64_t to)
{
	if (c->pos[s] >= to)
		return;
	if (c->streams & 1u << s)
		c->dropped_bytes += to - c->pos[s];
	c->pos[s] = to;
}

/* What is gone between where the copy begins and where the log does. */
static void
pass_dropped(struct logcopy *c, uint64_t number)
{
	const struct log_run *run = number ? logread_run(c->lr, number) : NULL;

	for (unsigned s = 0; s < LOG_STREAMS; s++) {
		uint64_t begin = logread_begin(c->lr, (enum log_stream)s);
		if (run && run->flags & LOG_RUN_ENDED)
			begin = SBX_MIN(begin, run->end[s]);
		c->pos[s] = run ? run->start[s] : 0;
		c->placed[s] = true;
		pass(c, s, begin);
	}
}

bool
logcopy_init(struct logcopy *c, struct logread *lr, unsigned streams,
	     uint64_t run, uint64_t seq)
{
	uint64_t first = 1, end = 0;

	*c = (struct logcopy){ .lr = lr, .streams = streams };
	if (run && !logseek_run(lr, run, &first, &end))
		return false;
	c->end_seq = run && end < logread_next_seq(lr) ? end : 0;
	c->seq = SBX_MAX(first, seq);
	if (seq <= first || seq < logread_first_seq(lr))
		pass_dropped(c, run);
	return true;
}

static int
copy_to(struct logcopy *c, enum log_stream s, uint64_t to, logcopy_fn *fn,
	void *arg)
{
	char data[CHUNK];

	if (!(c->streams & 1u << s)) {
		c->pos[s] = SBX_MAX(c->pos[s], to);
		return 0;
	}
	pass(c, s, logread_begin(c->lr, s));
	while (c->pos[s] < to) {
		size_t want = SBX_MIN(to - c->pos[s], (uint64_t)sizeof data);
		ssize_t n = logread_read(c->lr, s, c->pos[s], data, want);
		if (n == -ESTALE) /* the next refresh tells what is left */
			return 0;
		if (n <= 0)
			return (int)n;
		int r = fn(arg, s, data, (size_t)n);
		if (r < 0)
			return r;
		c->pos[s] += (uint64_t)n;
	}
	return 0;
}

/*
 * Lines of one stream that follow each other are one copy: a flood on one
 * stream costs a read per chunk and not one per line.
 */
static int
copy_lines(struct logcopy *c, uint64_t end, logcopy_fn *fn, void *arg)
{
	int run = -1;
	uint64_t to = 0;

	for (; c->seq < end; c->seq++) {
		struct logline l;
		int r = logread_place(c->lr, c->seq, &l);
		if (r == -ESTALE)
			continue;
		if (r < 0)
			return r;
		if (r == 0)
			break;
		bool gap = l.flags & LOGLINE_GAP;
		if (run >= 0 && (gap || run != (int)l.stream)) {
			r = copy_to(c, (enum log_stream)run, to, fn, arg);
			run = -1;
			if (r < 0)
				return r;
		}
		if (!c->placed[l.stream]) {
			c->pos[l.stream] = l.off;
			c->placed[l.stream] = true;
		}
		if (gap) {
			if (l.flags & LOGLINE_GONE)
				pass(c, l.stream, l.off + l.dropped_bytes);
			else if (c->streams & 1u << l.stream)
				c->dropped_bytes += l.dropped_bytes;
			continue;
		}
		run = (int)l.stream;
		to = l.off + l.full_len;
	}
	return run < 0 ? 0 : copy_to(c, (enum log_stream)run, to, fn, arg);
}

static int
copy_tails(struct logcopy *c, logcopy_fn *fn, void *arg)
{
	for (int s = 0; s < LOG_STREAMS; s++) {
		if (!c->placed[s]) {
			struct logline l;
			if (logread_tail(c->lr, (enum log_stream)s, 1,
					 &l) != 1)
				continue;
			c->pos[s] = l.off;
			c->placed[s] = true;
		}
		int r = copy_to(c, (enum log_stream)s,
				logread_end(c->lr, (enum log_stream)s), fn,
				arg);
		if (r < 0)
			return r;
	}
	return 0;
}

int
logcopy_step(struct logcopy *c, bool tails, logcopy_fn *fn, void *arg)
{
	uint64_t first = logread_first_seq(c->lr);
	uint64_t next = logread_next_seq(c->lr);

	if (c->end_seq && next > c->end_seq) {
		next = c->end_seq;
		tails = false;
	}
	if (c->seq < first)
		c->seq = first;
	uint64_t end = SBX_MIN(next, c->seq + STEP_LINES);
	int r = copy_lines(c, end, fn, arg);
	if (r < 0)
		return r;
	if (c->seq < next)
		return 1;
	return tails ? copy_tails(c, fn, arg) : 0;
}
