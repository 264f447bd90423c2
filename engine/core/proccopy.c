#include "proccopy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "core.h"
#include "feed.h"
#include "helper.h"
#include "log/logfile.h"
#include "proc.h"
#include "procfiles.h"
#include "spec/replica.h"
#include "spec/spec.h"

enum { AGAIN_US = 1000 * 1000 };	/* after a failure, a full disk say */

struct copy {
	struct logfile *file;
	char *path;		/* what it is made from, to know another one */
	uint64_t rotate_bytes;
	unsigned keep;
	bool gzip;

	bool dirty;		/* there may be something to copy */
	bool told;		/* of the trouble it is in */
	uint64_t seen_gen;	/* growth of the log */
	uint64_t squeeze_slot;	/* of the child that compresses; 0: none */
	struct timer *again;
};

static void
on_again(struct timer *t, void *arg)
{
	struct proc *p = arg;
	(void)t;
	p->copy->dirty = true;
}

void
proccopy_free(struct proc *p)
{
	struct copy *c = p->copy;

	p->copy = NULL;
	if (!c)
		return;
	helper_cancel(p->e, c->squeeze_slot);
	logfile_free(c->file);
	timer_drop(c->again);
	free(c->path);
	free(c);
}

void
proccopy_take_spec(struct proc *p)
{
	const struct spec *s = p->spec;
	char *path = s->log_file ? replica_path(s, s->log_file) : NULL;
	struct copy *c = p->copy;

	if (c && path && strcmp(c->path, path) == 0 &&
	    c->rotate_bytes == s->log_rotate_bytes &&
	    c->keep == s->log_rotate_keep && c->gzip == s->log_rotate_gzip) {
		free(path);
		return;
	}
	/* It writes to a file of the same name until it is gone. */
	uint64_t squeeze_slot = c ? c->squeeze_slot : 0;
	proccopy_free(p);
	if (!path)
		return;
	struct logfile_conf conf = {
		.path = path, .rotate_bytes = s->log_rotate_bytes,
		.keep = s->log_rotate_keep, .gzip = s->log_rotate_gzip,
	};
	c = mem_alloc(sizeof *c);
	*c = (struct copy){
		.file = logfile_new(p->spool, &conf), .path = path,
		.rotate_bytes = s->log_rotate_bytes,
		.keep = s->log_rotate_keep, .gzip = s->log_rotate_gzip,
		.squeeze_slot = squeeze_slot, .dirty = true,
		.again = loop_timer(p->e->loop, on_again, p),
	};
	p->copy = c;
	procfiles_ignore(p->e, path);
}

/* Once, until it goes on. */
static void
tell_trouble(struct proc *p)
{
	const struct err *err = logfile_trouble(p->copy->file);
	char text[400];

	if (p->copy->told || !err)
		return;
	p->copy->told = true;
	snprintf(text, sizeof text, "%s: %.300s", p->spec->name, err->text);
	engine_note(p->e, p, EVENT_NOTE, CAUSE_ENGINE, "%s", text);
	feed_note(p->e, SPEC_LEVEL_WARN, text);
}

static void
squeeze(struct proc *p)
{
	struct copy *c = p->copy;
	struct buf command = BUF_INIT(64 << 10);

	if (!c->squeeze_slot && logfile_squeeze(c->file, &command)) {
		char *argv[] = { mem_str("/bin/sh"), mem_str("-c"),
				 mem_str(buf_str(&command)), NULL };
		if (helper_start_own(p->e, HELPER_CHORE, argv,
				     p->e->set.environ, "/", 0,
				     &c->squeeze_slot) < 0)
			logfile_squeezed(c->file, false);
		for (int i = 0; argv[i]; i++)
			free(argv[i]);
	}
	buf_fini(&command);
}

void
proccopy_squeezed(struct engine *e, const struct helper *h, bool fine)
{
	for (size_t i = 0; i < e->nproc; i++) {
		struct copy *c = e->procs[i]->copy;
		if (!c || c->squeeze_slot != h->slot)
			continue;
		c->squeeze_slot = 0;
		logfile_squeezed(c->file, fine);
		c->dirty = true;
		loop_again(e->loop);
	}
}

void
proccopy_settle(struct proc *p)
{
	struct copy *c = p->copy;

	if (!c)
		return;
	if (c->seen_gen != p->grow_gen) {
		c->seen_gen = p->grow_gen;
		c->dirty = true;
	}
	if (!c->dirty || timer_armed(c->again))
		return;
	int r = logfile_step(c->file);
	c->dirty = r > 0;
	if (r < 0) {
		tell_trouble(p);
		timer_arm(c->again, clock_us() + AGAIN_US);
		return;
	}
	c->told = false;
	squeeze(p);
	if (r > 0)
		loop_again(p->e->loop);
	else if (!proc_is_live(p))
		logfile_rest(c->file);
}

bool
proccopy_is_busy(const struct proc *p)
{
	return p->copy && p->copy->dirty && !timer_armed(p->copy->again);
}
