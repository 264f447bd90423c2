#include "procinput.h"

#include <errno.h>
#include <termios.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/sys.h"
#include "conf/option.h"
#include "core.h"
#include "log/transit.h"
#include "proc.h"
#include "proctty.h"
#include "spec/spec.h"

enum { FLUSH_MAX = 1 << 20 };	/* bytes in one go */

size_t
procinput_waiting(const struct proc *p)
{
	const struct run *r = procrun_see(p);

	return r->input.len - r->input_off;
}

/* A new engine must neither send these again nor leave out what follows. */
static void
take_input(struct proc *p, size_t len)
{
	struct run *r = procrun_get(p);

	/* In large steps: what is behind it is moved. */
	r->input_off += len;
	if (r->input_off > r->input.len / 2) {
		buf_skip(&r->input, r->input_off);
		r->input_off = 0;
	}
	if (r->input.len == 0 && r->input.cap > FLUSH_MAX)
		buf_fini(&r->input);
	p->input_taken += len;
	crumbs_get(p->e->crumbs, p->id)->typed_bytes = p->input_taken;
}

void
procinput_restore(struct proc *p, const char *data, size_t len)
{
	const struct crumb *c = crumbs_find(p->e->crumbs, p->id);
	uint64_t skip = 0;

	if (c && c->typed_bytes > p->input_taken)
		skip = c->typed_bytes - p->input_taken;
	p->input_taken += skip;
	if (skip < len)
		buf_add(&procrun_get(p)->input, data + skip, len - skip);
}

static void
close_stdin(struct proc *p)
{
	loop_drop(p->out);
	p->out = NULL;
	take_input(p, procinput_waiting(p));
	p->input_eof = false;
	/* The keeper's copy is what keeps the child from seeing the end. */
	keeplink_close(p->e->link, p->slot, 1u << KEEP_FD_STDIN);
	proc_touch(p);
}

void
procinput_close(struct proc *p)
{
	loop_drop(p->out);
	p->out = NULL;
	p->input_eof = false;
	if (!p->run)
		return;
	buf_fini(&p->run->input);
	p->run->input_off = 0;
}

bool
procinput_push(struct proc *p)
{
	struct source *s = p->out ? p->out : p->in[LOG_PTY];
	if (!s)
		return false;
	/* What is typed behind a size meets that size. */
	bool held = !p->out && proctty_owes_size(p);
	size_t most = held ? 0 : FLUSH_MAX;
	struct run *r = procrun_get(p);
	uint64_t *typed = &crumbs_get(p->e->crumbs, p->id)->typed_bytes;
	for (size_t done = 0; procinput_waiting(p) > 0 && done < most;) {
		ssize_t n = transit_send(p->e->transit, p->id, p->input_taken,
					 loop_fd(s),
					 r->input.data + r->input_off,
					 SBX_MIN(procinput_waiting(p),
						 (size_t)65536), typed);
		if (n == -EAGAIN)
			break;
		if (n < 0) {
			take_input(p, procinput_waiting(p));
			if (p->out)
				close_stdin(p);
			return false;
		}
		take_input(p, (size_t)n);
		done += (size_t)n;
	}
	unsigned keep = loop_wanted(s) & ~(unsigned)LOOP_OUT;
	loop_want(s, keep | (procinput_waiting(p) && !held ? LOOP_OUT : 0));
	if (p->out && p->input_eof && procinput_waiting(p) == 0)
		close_stdin(p);
	return true;
}

static void
on_stdin_writable(struct source *s, unsigned events, void *arg)
{
	(void)s;
	(void)events;
	procinput_push(arg);
}

void
procinput_attach(struct proc *p, int fd)
{
	if (fd >= 0) {
		sys_set_nonblock(fd, true);
		p->out = loop_add(p->e->loop, fd, 0, "stdin",
				  on_stdin_writable, p);
		if (!p->out)
			sys_close(fd);
	}
	if (procinput_waiting(p) > 0 || p->input_eof)
		procinput_push(p);
}

/* 0 or -ENOSPC.  What is taken is taken whole. */
static int
queue_input(struct proc *p, const char *data, size_t len, bool paste)
{
	size_t waiting = procinput_waiting(p);

	if (waiting > INPUT_MAX || (!paste && len > INPUT_MAX - waiting))
		return -ENOSPC;
	struct run *r = procrun_get(p);
	buf_skip(&r->input, r->input_off);
	r->input_off = 0;
	return buf_add(&r->input, data, len);
}

void
procinput_answer(struct proc *p, const char *data, size_t len)
{
	if (p->in[LOG_PTY] && queue_input(p, data, len, false) == 0)
		procinput_push(p);
}

int
procinput_add(struct proc *p, const char *data, size_t len, unsigned flags,
	     struct err *err)
{
	const char *name = p->spec->name;
	uint64_t limit = options_number(p->e->options, OPTION_LIMIT_INPUT);
	bool eof = flags & PROCINPUT_EOF, paste = flags & PROCINPUT_PASTE;

	if (!proc_is_live(p) || !p->pid)
		return err_set(err, ERR_FAILED, "'%s' is not running", name);
	if (!p->out && !p->in[LOG_PTY]) {
		err_set(err, ERR_FAILED, "the stdin of '%s' is closed", name);
		if (!p->spec->tty && p->spec->stdin_kind == SPEC_STDIN_NULL)
			err_hint(err, "give it 'stdin pipe' or 'tty yes'");
		return -1;
	}
	if (p->input_eof)
		return err_set(err, ERR_FAILED,
			       "the stdin of '%s' is being closed", name);
	if (len > limit && !paste)
		return err_set(err, ERR_TOO_LARGE, "%zu bytes are more than "
			       "limit.input (%llu)", len,
			       (unsigned long long)limit);
	if (queue_input(p, data, len, paste) < 0)
		return err_set(err, ERR_FULL, "%s'%s' does not read its "
			       "input: %zu bytes are waiting (%d at most)",
			       paste ? "nothing was pasted: " : "", name,
			       procinput_waiting(p), INPUT_MAX);
	if (eof && p->out) {
		p->input_eof = true;
	} else if (eof) {
		struct termios t;
		char c = 4;
		if (tcgetattr(loop_fd(p->in[LOG_PTY]), &t) == 0)
			c = (char)t.c_cc[VEOF];
		buf_addc(&procrun_get(p)->input, c);
	}
	return flags & PROCINPUT_HELD ? 0 : procinput_flush(p, err);
}

int
procinput_flush(struct proc *p, struct err *err)
{
	if (!procinput_push(p))
		return err_set(err, ERR_FAILED, "the stdin of '%s' is closed",
			       p->spec->name);
	/* Who sent it is told that it was taken. */
	if (procinput_waiting(p) > 0 || p->input_eof)
		p->e->registry_dirty = true;
	return 0;
}
