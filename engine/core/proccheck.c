#include "proccheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoport.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/regex.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "core.h"
#include "helper.h"
#include "probe/probe.h"
#include "proclife.h"
#include "procport.h"
#include "spec/spec.h"
#include "term/vt.h"

enum {
	HELPER_MAX_US = 10 * 1000 * 1000,	/* one check by command */
	HANGS_US = 1000 * 1000,			/* that is not just slow */
	SCREEN_TEXT_MAX = 4 << 20,
};

#define NO_PICTURE "its screen does not match"

static bool
is_live(const struct check *c)
{
	return c == &c->p->run->checks[CHECK_LIVE];
}

static const struct spec_probe *
rule(const struct check *c)
{
	return is_live(c) ? &c->p->spec->live : &c->p->spec->ready;
}

static void
again(struct check *c)
{
	const struct spec *s = c->p->spec;

	timer_arm(c->timer, clock_us() + 1000 * (is_live(c) ?
						 s->live_every_ms :
						 s->ready_every_ms));
}

static void
live_is_over(struct check *c, bool ok, const char *text)
{
	struct proc *p = c->p;
	char why[200];

	if (ok && !p->life.ready)
		proc_tell(p, LIFE_EV_READY, CAUSE_PROBE, text);
	c->fails = ok ? 0 : c->fails + 1;
	again(c);
	if (c->fails < SBX_MAX(p->spec->live_fails, 1u))
		return;
	snprintf(why, sizeof why, "%u time%s, %s", c->fails,
		 c->fails == 1 ? "" : "s", text);
	c->fails = 0;
	proc_tell(p, LIFE_EV_UNREADY, CAUSE_PROBE, why);
}

static void
keep_result(struct check *c, bool ok, const char *text)
{
	if (!c->results)
		c->results = mem_array(RESULTS_MAX, sizeof *c->results);
	struct check_result *r =
		&c->results[c->result_count++ % RESULTS_MAX];
	*r = (struct check_result){
		.at_ms = clock_wall_ms(), .run = c->p->life.run, .ok = ok,
		.for_us = clock_us() - c->at_begun_us,
	};
	snprintf(r->text, sizeof r->text, "%s", text);
	c->saved = false;
	c->p->e->registry_stale = true;
}

bool
proccheck_has_results(const struct proc *p)
{
	const struct check *c = procrun_see(p)->checks;

	return c[CHECK_READY].results || c[CHECK_LIVE].results;
}

bool
proccheck_is_saved(const struct proc *p)
{
	const struct check *c = procrun_see(p)->checks;

	for (size_t i = 0; i < CHECKS; i++)
		if (!c[i].saved && c[i].results)
			return false;
	return true;
}

/* Oldest first.  One that fails says the same again and again: a text is
 * there where it is another one than that before it. */
int
proccheck_pack(struct proc *p, struct buf *b)
{
	int r = 0;

	for (size_t i = 0; i < CHECKS; i++) {
		struct check *c = &procrun_get(p)->checks[i];
		uint64_t n = SBX_MIN(c->result_count, (uint64_t)RESULTS_MAX);
		const char *last = "";
		r |= msg_put_u32(b, (uint32_t)n);
		for (uint64_t k = c->result_count - n; k < c->result_count;
		     k++) {
			const struct check_result *v =
				&c->results[k % RESULTS_MAX];
			bool same = strcmp(last, v->text) == 0;
			r |= msg_put_i64(b, v->at_ms);
			r |= msg_put_u64(b, v->for_us);
			r |= msg_put_u64(b, v->run);
			r |= msg_put_u8(b, (uint8_t)(v->ok | !same << 1));
			r |= same ? 0 : msg_put_str(b, v->text);
			last = v->text;
		}
		c->saved = true;
	}
	return r;
}

void
proccheck_unpack(struct proc *p, struct msg_reader *r)
{
	for (size_t i = 0; i < CHECKS; i++) {
		struct check *c = &procrun_get(p)->checks[i];
		uint32_t n = msg_u32(r);
		const char *last = "";
		if (n > RESULTS_MAX)
			return;
		if (n > 0)
			c->results = mem_array(RESULTS_MAX, sizeof *c->results);
		for (uint32_t k = 0; k < n; k++) {
			struct check_result v = { .at_ms = msg_i64(r) };
			v.for_us = msg_u64(r);
			v.run = msg_u64(r);
			unsigned flags = msg_u8(r);
			if (flags & 2)
				last = msg_str_nn(r);
			if (r->bad)
				return;
			v.ok = flags & 1;
			snprintf(v.text, sizeof v.text, "%s", last);
			c->results[c->result_count++] = v;
		}
	}
}

/* One attempt is over; text says how. */
static void
is_over(struct check *c, bool ok, const char *text)
{
	char how[sizeof c->text];

	/* The caller may have written it to where it belongs. */
	snprintf(how, sizeof how, "%s", text);
	keep_result(c, ok, how);
	snprintf(c->text, sizeof c->text, "%s", ok ? "" : how);
	if (is_live(c))
		live_is_over(c, ok, how);
	else if (ok)
		proc_tell(c->p, LIFE_EV_READY, CAUSE_PROBE, how);
	else
		again(c);
}

static struct regex *
compile(const struct spec_pattern *want, unsigned flags, char *why, size_t cap)
{
	struct err err = ERR_INIT;
	struct regex *re = regex_new(want->text, strlen(want->text),
				     want->flags | flags, &err, NULL);

	if (!re)
		snprintf(why, cap, "pattern: %.120s", err.text);
	return re;
}

/* Does the body of the answer match, where one has to?  If not, why says so.
 * The pattern is compiled for each answer: ten times a second at most, and
 * nothing has to be kept in step with the definition. */
static bool
body_fits(const struct spec_pattern *want, const struct probe_result *r,
	  char *why, size_t cap)
{
	if (!want->text)
		return true;
	struct regex *re = compile(want, 0, why, cap);
	if (!re)
		return false;
	int found = regex_match(re, r->body ? r->body : "", r->body_len, 0,
				NULL);
	regex_free(re);
	if (found == REGEX_LIMIT)
		snprintf(why, cap, "%.100s, but its body is too hard for the "
			 "pattern", r->text);
	else if (found != REGEX_MATCH)
		snprintf(why, cap, "%.100s, but its body does not match",
			 r->text);
	return found == REGEX_MATCH;
}

static void
on_probe(struct probe *probe, const struct probe_result *r, void *arg)
{
	struct check *c = arg;
	struct proc *p = c->p;
	char why[160];

	(void)probe;
	c->probe = NULL;
	if (!r->ok) {
		is_over(c, false, r->text);
	} else if (!body_fits(&rule(c)->pattern, r, why, sizeof why)) {
		is_over(c, false, why);
	} else if (is_live(c) || procport_is_own(p, why, sizeof why)) {
		is_over(c, true, r->text);
	} else {
		proc_tell(p, LIFE_EV_UNREADY, CAUSE_PROBE, why);
		is_over(c, false, why);
	}
}

static void
try_socket(struct check *c, enum probe_kind kind)
{
	const struct spec_probe *s = rule(c);
	struct err err = ERR_INIT;
	bool inside = kind == PROBE_UNIX && s->host[0] != '/';
	char *host = inside ? mem_fmt("%s/%s", c->p->spec->cwd, s->host) :
			      mem_str(s->host ? s->host : "localhost");
	struct probe_target t = {
		.kind = kind, .host = host,
		.port = s->port ? s->port : autoport_first(c->p),
		.path = s->path, .status_min = s->status_min,
		.status_max = s->status_max,
		.headers = s->headers,
		.want_body = s->pattern.text != NULL,
	};

	c->probe = probe_start(c->p->e->loop, &t, on_probe, c, &err);
	free(host);
	if (!c->probe)
		is_over(c, false, err.text);
}

static void
try_command(struct check *c)
{
	enum helper_kind kind = is_live(c) ? HELPER_LIVE : HELPER_READY;
	char why[120];

	int r = helper_start(c->p, kind, "", rule(c)->command, NULL,
			     HELPER_MAX_US, &c->helper_slot);
	if (r == 0)
		return;
	snprintf(why, sizeof why, "cannot start the check: %s", strerror(-r));
	is_over(c, false, why);
}

void
proccheck_ended(struct proc *p, const struct helper *h, const char *text)
{
	struct check *c = &procrun_get(p)->checks[h->kind == HELPER_LIVE ?
						  CHECK_LIVE : CHECK_READY];
	char why[120];

	if (c->helper_slot != h->slot)
		return;
	c->helper_slot = 0;
	snprintf(why, sizeof why, "the check %s", text ? text : "");
	is_over(c, !text, text ? why : "its check has exit code 0");
}

/* The row of the cursor with the blanks before it: a prompt may end in one. */
static int
cursor_text(const struct vt *vt, struct buf *out)
{
	struct vt_cursor at = vt_cursor(vt);
	uint64_t row = vt_sb_next(vt) + (uint64_t)at.row;
	int r = vt_text(vt, row, row + 1, 0, out);

	if (r == 0 && out->len)
		buf_cut(out, out->len - 1);
	int width = r == 0 ? utf8_columns(buf_str(out), out->len) : 0;
	for (; width < at.col && r == 0; width++)
		r = buf_addc(out, ' ');
	return r;
}

/* 1, 0 or -1 with why: does a line of the picture match? */
static int
screen_matches(struct check *c, char *why, size_t cap)
{
	struct vt *vt = c->p->vt;
	struct buf text = BUF_INIT(SCREEN_TEXT_MAX);
	struct regex *re = compile(&rule(c)->pattern, REGEX_MULTILINE, why,
				   cap);
	int found = -1;

	if (re && vt_text(vt, vt_sb_next(vt), UINT64_MAX, VT_TEXT_UNWRAP,
			  &text) == 0)
		found = regex_match(re, buf_str(&text), text.len, 0, NULL) ==
			REGEX_MATCH;
	buf_clear(&text);
	if (found == 0 && cursor_text(vt, &text) == 0)
		found = regex_match(re, buf_str(&text), text.len, 0, NULL) ==
			REGEX_MATCH;
	regex_free(re);
	buf_fini(&text);
	return found;
}

static void
try_screen(struct check *c)
{
	char why[160] = NO_PICTURE;

	if (!c->p->vt) {
		is_over(c, false, "it has no screen");
		return;
	}
	/* A picture that was looked at gives the same answer again. */
	if (!is_live(c) && vt_gen(c->p->vt) == c->screen_gen) {
		again(c);
		return;
	}
	c->screen_gen = vt_gen(c->p->vt);
	bool ok = screen_matches(c, why, sizeof why) == 1;
	is_over(c, ok, ok ? "its screen matches" : why);
}

/* Something has to be heard from one look to the next. */
static void
try_beat(struct check *c, const char *silence)
{
	bool heard = c->beat;

	c->beat = false;
	is_over(c, heard, heard ? "it was heard" : silence);
}

static void
attempt(struct check *c)
{
	const struct spec_probe *s = rule(c);

	c->at_begun_us = clock_us();
	switch (s->kind) {
	case SPEC_PROBE_PORT:
		try_socket(c, PROBE_TCP);
		break;
	case SPEC_PROBE_HTTP:
		try_socket(c, PROBE_HTTP);
		break;
	case SPEC_PROBE_UNIX:
		try_socket(c, PROBE_UNIX);
		break;
	case SPEC_PROBE_EXEC:
		try_command(c);
		break;
	case SPEC_PROBE_SCREEN:
		try_screen(c);
		break;
	case SPEC_PROBE_DELAY:
		is_over(c, true, "its delay has passed");
		break;
	case SPEC_PROBE_LOG:
		try_beat(c, "no line of its log matched");
		break;
	case SPEC_PROBE_NOTIFY:
		try_beat(c, "it did not notify");
		break;
	default:
		break;		/* exit: its end */
	}
}

static void
on_timer(struct timer *t, void *arg)
{
	struct check *c = arg;
	const struct life *l = &c->p->life;

	(void)t;
	/* Until it is ready the other rule speaks; one that it has failed
	 * goes on, to see it recover.  Before the keeper has handed all over
	 * no command can be started, which says nothing of the process. */
	if (!c->p->e->adopted || (is_live(c) && !l->ready && !l->unready))
		again(c);
	else
		attempt(c);
}

const char *
proccheck_missing(const struct proc *p, char *out, size_t cap)
{
	const struct check *c = &procrun_see(p)->checks[CHECK_READY];
	const struct spec_probe *s = &p->spec->ready;
	bool hangs = c->helper_slot && clock_us() - c->at_begun_us > HANGS_US;

	if (c->text[0] && !hangs) {
		snprintf(out, cap, "%s", c->text);
		return out;
	}
	switch (s->kind) {
	case SPEC_PROBE_EXEC:
		snprintf(out, cap, "'%.50s' has not ended", s->command);
		break;
	case SPEC_PROBE_PORT:
	case SPEC_PROBE_HTTP:
		snprintf(out, cap, "port %u has not answered",
			 s->port ? s->port : autoport_first(p));
		break;
	case SPEC_PROBE_UNIX:
		snprintf(out, cap, "%.50s has not answered", s->host);
		break;
	case SPEC_PROBE_LOG:
		snprintf(out, cap, "no line has matched /%.50s/",
			 s->pattern.text);
		break;
	case SPEC_PROBE_SCREEN:
		snprintf(out, cap, NO_PICTURE);
		break;
	case SPEC_PROBE_NOTIFY:
		snprintf(out, cap, "it has not notified");
		break;
	case SPEC_PROBE_DELAY:
		snprintf(out, cap, "its delay is longer");
		break;
	case SPEC_PROBE_EXIT:
		snprintf(out, cap, "it has not ended");
		break;
	case SPEC_PROBE_NONE:
		snprintf(out, cap, "no watch has called it ready");
		break;
	}
	return out;
}

void
proccheck_beat(struct proc *p)
{
	procrun_get(p)->checks[CHECK_LIVE].beat = true;
}

static bool
take_line(char *line, void *arg)
{
	struct proc *p = arg;
	char how[160];

	proccheck_beat(p);
	snprintf(how, sizeof how, "it says '%.120s'", line);
	if (p->spec->ready.kind == SPEC_PROBE_NOTIFY && !p->life.ready)
		proc_tell(p, LIFE_EV_READY, CAUSE_PROBE, how);
	return true;
}

static void
on_notify(struct source *src, unsigned events, void *arg)
{
	struct proc *p = arg;
	char data[NOTIFY_LINE_MAX / 4];

	(void)events;
	ssize_t n = sys_read(loop_fd(src), data, sizeof data);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		loop_drop(src);
		p->notify = NULL;
		return;
	}
	/* A line that does not end is no message. */
	struct buf *line = &procrun_get(p)->notify_line;
	if (buf_add(line, data, (size_t)n) < 0)
		buf_clear(line);
	buf_each_line(line, take_line, p);
}

void
proccheck_notify(struct proc *p, int fd)
{
	if (fd < 0)
		return;
	sys_set_nonblock(fd, true);
	loop_drop(p->notify);
	buf_clear(&procrun_get(p)->notify_line);
	p->notify = loop_add(p->e->loop, fd, LOOP_IN, "notify", on_notify, p);
	if (!p->notify)
		sys_close(fd);
}

/* Rules that others speak for: a watch, the descriptor, the end of the run. */
static bool
is_asked(const struct spec_probe *s, bool live)
{
	switch (s->kind) {
	case SPEC_PROBE_NONE:
	case SPEC_PROBE_EXIT:
		return false;
	case SPEC_PROBE_LOG:
	case SPEC_PROBE_NOTIFY:
		return live;
	default:
		return true;
	}
}

static void
start(struct check *c, uint64_t delay_ms)
{
	c->text[0] = '\0';
	c->fails = 0;
	c->beat = false;
	c->screen_gen = UINT64_MAX;
	if (!is_asked(rule(c), is_live(c)))
		return;
	if (!c->timer)
		c->timer = loop_timer(c->p->e->loop, on_timer, c);
	timer_arm(c->timer, clock_us() + delay_ms * 1000);
}

void
proccheck_start(struct proc *p)
{
	const struct spec_probe *s = &p->spec->ready;
	struct run *r = procrun_get(p);

	p->port_holder = 0;
	if (!p->life.ready)
		start(&r->checks[CHECK_READY],
		      s->kind == SPEC_PROBE_DELAY ? s->delay_ms : 0);
	start(&r->checks[CHECK_LIVE], p->spec->live_every_ms);
}

void
proccheck_stop(struct proc *p)
{
	for (size_t i = 0; p->run && i < CHECKS; i++) {
		struct check *c = &p->run->checks[i];
		probe_cancel(c->probe);
		c->probe = NULL;
		if (c->timer)
			timer_stop(c->timer);
		helper_cancel(p->e, c->helper_slot);
		c->helper_slot = 0;
	}
	loop_drop(p->notify);
	p->notify = NULL;
}
