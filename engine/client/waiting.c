#include "waiting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "life/status.h"
#include "log/logread.h"
#include "model.h"
#include "probe/portowner.h"
#include "spec/proto.h"
#include "text/rowfmt.h"

enum {
	PROBE_EVERY_MS = 100,
	SCREEN_MAX = 8 << 20,
	SCREEN_GRACE_MS = 1000,	/* for the picture of an ended process */
};

struct waiting {
	struct loop *loop;
	struct waiting_conf conf;
	void (*wake)(void *arg);
	void *arg;
	struct logread *lr;
	struct regex *re;
	struct linewait *line;
	struct linewait_hit hit;
	struct regex_caps caps;
	struct buf screen;
	struct probe *probe;
	struct probe_result probed;
	bool probe_done;
	pid_t holder;		/* of the port, as found last */
	char note[160];
	uint64_t at_probe_ms, began_ms;
	uint64_t quiet_since_ms, bytes;
	bool looked;
};

struct waiting *
waiting_new(struct loop *l, const struct waiting_conf *conf,
	    struct logread *lr, void (*wake)(void *arg), void *arg,
	    struct err *e)
{
	struct waiting *w = mem_alloc(sizeof *w);

	*w = (struct waiting){ .loop = l, .conf = *conf, .wake = wake,
			       .arg = arg, .lr = lr,
			       .began_ms = clock_ms() };
	buf_init(&w->screen, SCREEN_MAX);
	if (conf->pattern) {
		/* A screen is one text of many lines. */
		unsigned flags = conf->pattern_flags |
			(conf->kind == WAITING_SCREEN ? REGEX_MULTILINE : 0);
		w->re = regex_new(conf->pattern, strlen(conf->pattern),
				  flags, e, NULL);
		if (!w->re)
			goto fail;
	}
	if (conf->kind == WAITING_LOG) {
		w->line = linewait_new(lr, w->re, conf->streams, conf->after);
		linewait_from(w->line, conf->from);
	}
	if (conf->kind == WAITING_PORT && probe_check(&conf->target, e) < 0)
		goto fail;
	return w;
fail:
	waiting_free(w);
	return NULL;
}

void
waiting_free(struct waiting *w)
{
	if (!w)
		return;
	probe_cancel(w->probe);
	linewait_free(w->line);
	regex_free(w->re);
	logread_free(w->lr);
	buf_fini(&w->screen);
	free(w);
}

const char *
waiting_note(const struct waiting *w)
{
	return w->note;
}

struct logread *
waiting_log(const struct waiting *w)
{
	return w->lr;
}

uint64_t
waiting_missed(const struct waiting *w, uint64_t *bytes)
{
	*bytes = 0;
	return w->line ? linewait_missed(w->line, bytes) : 0;
}

static enum waiting_end
step_log(struct waiting *w, const struct proc_row *row, uint64_t now_ms,
	 struct waiting_result *out, uint64_t *again_ms, struct err *e)
{
	/* The row is final only when the log is whole. */
	bool over = rowfmt_is_over(row);

	int r = linewait_step(w->line, now_ms, over, &w->hit, again_ms);

	if (r == 1) {
		out->hit = &w->hit;
		out->re = w->re;
		out->caps = &w->hit.caps;
		return WAITING_MET;
	}
	if (r == -ELOOP) {
		err_set(e, ERR_FAILED, "the pattern took too long on a line "
			"and was given up");
		err_hint(e, "nested repeats like (a+)+ are dangerous");
		return WAITING_WRONG;
	}
	if (r < 0) {
		err_set(e, ERR_FAILED, "reading the log: %s", strerror(-r));
		return WAITING_WRONG;
	}
	return over && *again_ms > 0 ? WAITING_ENDED : WAITING_NOT_YET;
}

/* cols: of the row of the cursor, blanks or not. */
static int
screen_text(struct waiting *w, const struct model_screen *s, unsigned cols)
{
	int r = 0;

	buf_clear(&w->screen);
	for (unsigned i = 0; i < s->head.rows && r == 0; i++) {
		r = model_screen_text(s, i, i == s->head.cursor_row ? cols : 0,
				      &w->screen);
		if (r == 0)
			r = buf_addc(&w->screen, '\n');
	}
	return r;
}

/* A prompt may end in a blank: then that is before the cursor. */
static bool
screen_matches(struct waiting *w, const struct model_screen *s)
{
	const unsigned cols[] = { 0, s->head.cursor_col };

	for (size_t i = 0; i < ARRAY_LEN(cols); i++)
		if (screen_text(w, s, cols[i]) == 0 &&
		    regex_match(w->re, buf_str(&w->screen), w->screen.len, 0,
				&w->caps) == REGEX_MATCH)
			return true;
	return false;
}

static enum waiting_end
step_screen(struct waiting *w, const struct proc_row *row,
	    const struct model_proc *p, uint64_t now_ms,
	    struct waiting_result *out, uint64_t *again_ms, struct err *e)
{
	if (!row->tty) {
		err_set(e, ERR_FAILED, "'%s' has no terminal", row->name);
		err_hint(e, "give it 'tty yes'");
		return WAITING_WRONG;
	}
	bool fresh = p && p->screen &&
		     (!w->conf.fresh ||
		      p->screen->head.shown > w->conf.from[LOG_PTY]);
	if (fresh && screen_matches(w, p->screen)) {
		out->re = w->re;
		out->caps = &w->caps;
		out->text = buf_str(&w->screen);
		out->text_len = w->screen.len;
		return WAITING_MET;
	}
	if (!rowfmt_is_over(row))
		return WAITING_NOT_YET;
	if (p && !p->screen && now_ms < w->began_ms + SCREEN_GRACE_MS) {
		*again_ms = w->began_ms + SCREEN_GRACE_MS - now_ms;
		return WAITING_NOT_YET;
	}
	return WAITING_ENDED;
}

static void
on_probe(struct probe *p, const struct probe_result *r, void *arg)
{
	struct waiting *w = arg;
	(void)p;

	w->probe = NULL;
	w->probed = *r;
	w->probed.body = NULL;
	w->probe_done = true;
	if (!r->ok)
		snprintf(w->note, sizeof w->note, "%s", r->text);
	w->wake(w->arg);
}

static bool
is_own(struct waiting *w, const struct proc_row *row)
{
	const struct probe_target *t = &w->conf.target;
	pid_t leader = (pid_t)row->pid;
	uint64_t tag = 0;

	w->note[0] = '\0';
	if (row->any_holder || !probe_is_local(t->host) ||
	    procfs_rttime(leader, &tag) < 0 ||
	    portowner_is_own(leader, tag, (uint16_t)t->port, &w->holder,
			     w->note, sizeof w->note))
		return true;
	w->probe_done = false;
	return false;
}

static enum waiting_end
step_port(struct waiting *w, const struct proc_row *row, uint64_t now_ms,
	  struct waiting_result *out, uint64_t *again_ms, struct err *e)
{
	if (rowfmt_is_over(row))
		return WAITING_ENDED;
	/* What answers now is somebody else. */
	if (!row->pid || row->status == STATUS_STOPPING) {
		probe_cancel(w->probe);
		w->probe = NULL;
		w->probe_done = false;
		return WAITING_NOT_YET;
	}
	if (w->probe_done && w->probed.ok && is_own(w, row)) {
		out->probe = w->probed;
		return WAITING_MET;
	}
	if (w->probe)
		return WAITING_NOT_YET;
	if (now_ms < w->at_probe_ms) {
		*again_ms = w->at_probe_ms - now_ms;
		return WAITING_NOT_YET;
	}
	w->at_probe_ms = now_ms + PROBE_EVERY_MS;
	w->probe_done = false;
	w->probe = probe_start(w->loop, &w->conf.target, on_probe, w, e);
	return w->probe ? WAITING_NOT_YET : WAITING_WRONG;
}

/* Bytes of the log tell of output without a newline too. */
static enum waiting_end
step_idle(struct waiting *w, const struct proc_row *row, uint64_t now_ms,
	  uint64_t *again_ms)
{
	uint64_t bytes = 0;

	logread_refresh(w->lr);
	for (int s = 0; s < LOG_STREAMS; s++)
		bytes += logread_end(w->lr, (enum log_stream)s);
	if (!w->looked || bytes != w->bytes)
		w->quiet_since_ms = now_ms;
	w->looked = true;
	w->bytes = bytes;
	if (rowfmt_is_over(row))
		return WAITING_ENDED;
	uint64_t quiet_ms = now_ms - w->quiet_since_ms;
	if (quiet_ms >= w->conf.idle_ms)
		return WAITING_MET;
	*again_ms = w->conf.idle_ms - quiet_ms;
	return WAITING_NOT_YET;
}

static enum waiting_end
step_row(const struct waiting *w, const struct proc_row *row,
	 uint64_t *again_ms)
{
	bool over = rowfmt_is_over(row);

	switch (w->conf.kind) {
	case WAITING_EXIT:
		/* Its last run is over, and the next one is another. */
		over |= row->status == STATUS_SCHEDULED && row->has_exit;
		return over ? WAITING_MET : WAITING_NOT_YET;
	case WAITING_UP:
		if (row->status == STATUS_COMPLETED)
			return WAITING_MET;
		if (over)
			return WAITING_ENDED;
		*again_ms = rowfmt_up_in_ms(row, clock_wall_ms());
		return *again_ms ? WAITING_NOT_YET : WAITING_MET;
	default:
		break;
	}
	if (row->ready && (row->status == STATUS_RUNNING ||
			   row->status == STATUS_COMPLETED))
		return WAITING_MET;
	return over ? WAITING_ENDED : WAITING_NOT_YET;
}

enum waiting_end
waiting_step(struct waiting *w, const struct proc_row *row,
	     const struct model_proc *p, uint64_t now_ms,
	     struct waiting_result *out, uint64_t *again_ms, struct err *e)
{
	*out = (struct waiting_result){ .hit = NULL };
	*again_ms = UINT64_MAX;
	switch (w->conf.kind) {
	case WAITING_LOG:
		return step_log(w, row, now_ms, out, again_ms, e);
	case WAITING_SCREEN:
		return step_screen(w, row, p, now_ms, out, again_ms, e);
	case WAITING_PORT:
		return step_port(w, row, now_ms, out, again_ms, e);
	case WAITING_IDLE:
		return step_idle(w, row, now_ms, again_ms);
	default:
		return step_row(w, row, again_ms);
	}
}
