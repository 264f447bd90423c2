#include "listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/strv.h"
#include "conf/option.h"
#include "core.h"
#include "helper.h"
#include "launch.h"

enum {
	PAUSE_MIN_US = 1000 * 1000, PAUSE_MAX_US = 30 * 1000 * 1000,
	END_US = 1000 * 1000,
	GOOD_US = 10 * 1000 * 1000,	/* up: the pause is short again */
};

struct listen {
	struct engine *e;
	uint64_t slot;		/* 0: it does not run */
	char *where, *token_file;	/* what that one was given */
	bool leaving;		/* ... which is not wanted any more */
	struct timer *again;
	uint64_t pause_us, at_started_us;
	unsigned restarts;
	char why[200];		/* of the last end; "": it has not ended */
};

static void
on_again(struct timer *t, void *arg)
{
	struct listen *l = arg;

	(void)t;
	listen_update(l->e);
}

struct listen *
listen_new(struct engine *e)
{
	struct listen *l = mem_alloc(sizeof *l);

	l->e = e;
	l->where = mem_str("");
	l->token_file = mem_str("");
	l->again = loop_timer(e->loop, on_again, l);
	l->pause_us = PAUSE_MIN_US;
	return l;
}

void
listen_free(struct listen *l)
{
	if (!l)
		return;
	timer_drop(l->again);
	free(l->where);
	free(l->token_file);
	free(l);
}

static void
failed(struct listen *l, const char *why)
{
	uint64_t now = clock_us();

	if (l->at_started_us && now - l->at_started_us > GOOD_US)
		l->pause_us = PAUSE_MIN_US;
	/* Each reason is told once, not at each new try. */
	if (strcmp(why, l->why) != 0)
		engine_note(l->e, NULL, EVENT_NOTE, CAUSE_ENGINE,
			    "sbx serve on %s: %s", l->where, why);
	snprintf(l->why, sizeof l->why, "%s", why);
	timer_arm(l->again, now + l->pause_us);
	l->pause_us = SBX_MIN(2 * l->pause_us, (uint64_t)PAUSE_MAX_US);
	l->restarts++;
}

/* Of this engine's own binary, which knows where the program is. */
static void
start(struct listen *l)
{
	struct engine *e = l->e;
	bool path = strncmp(l->where, "unix:", 5) == 0;
	bool secret = strcmp(l->token_file, "none") != 0;
	char exe[64], text[100];
	char *argv[] = {
		exe, "serve", path ? "--unix" : "--listen",
		path ? l->where + 5 : l->where,
		secret ? "--token-file" : NULL, l->token_file, NULL,
	};
	char **env = e->set.environ ? strv_dup(e->set.environ) :
				      mem_array(1, sizeof *env);

	snprintf(exe, sizeof exe, "/proc/%d/exe", (int)getpid());
	env = launch_env_put(env, mem_fmt("SBX_SOCKET=%s", e->dir.sock_path));
	l->at_started_us = clock_us();
	int r = helper_start_own(e, HELPER_LISTEN, argv, env, e->set.dir, 0,
				 &l->slot);
	strv_free(env);
	if (r < 0) {
		l->slot = 0;
		snprintf(text, sizeof text, "cannot start: %s", strerror(-r));
		failed(l, text);
	}
	/* The next engine is to know whose slot it is. */
	e->registry_dirty = true;
}

static void
take(char **to, const char *text)
{
	if (strcmp(*to, text) == 0)
		return;
	free(*to);
	*to = mem_str(text);
}

/* How it went before. */
static void
forget(struct listen *l)
{
	l->pause_us = PAUSE_MIN_US;
	l->restarts = 0;
	l->why[0] = '\0';
}

void
listen_update(struct engine *e)
{
	struct listen *l = e->listen;
	e->set_saved = false;
	const char *where = options_text(e->options, OPTION_LISTEN);
	const char *token_file = options_text(e->options,
					      OPTION_LISTEN_TOKEN_FILE);
	bool wanted = e->adopted && e->loaded_ms && !e->going_down &&
		      strcmp(where, "off") != 0;
	/* It ended while there was no engine. */
	if (e->adopted && l->slot && !helper_find(e, l->slot))
		l->slot = 0;
	bool same = strcmp(where, l->where) == 0 &&
		    strcmp(token_file, l->token_file) == 0;

	if (l->slot && (!wanted || !same)) {
		l->leaving = true;
		helper_end(e, l->slot, END_US);
		return;		/* and again when it has ended */
	}
	if (!wanted || l->slot) {
		timer_stop(l->again);
		if (!wanted)
			forget(l);
		return;
	}
	if (!same) {
		take(&l->where, where);
		take(&l->token_file, token_file);
		forget(l);
	} else if (timer_armed(l->again)) {
		return;
	}
	timer_stop(l->again);
	start(l);
}

/* Where it listens, which it tells when all is well. */
static bool
is_place(const char *line)
{
	return strncmp(line, "http://", 7) == 0 ||
	       strncmp(line, "unix:", 5) == 0;
}

/*
 * What it printed last says more than its exit code: its last line, or, when
 * that is the advice that goes with an error, the error.
 */
static void
reason(const struct helper *h, const char *text, char *out, size_t cap)
{
	char said[sizeof h->said + 1];
	char *line = said, *last = NULL, *save = NULL;

	memcpy(said, h->said, h->said_len);
	said[h->said_len] = '\0';
	for (; (line = strtok_r(line, "\r\n", &save)); line = NULL)
		if (line[0] != ' ' && !is_place(line))
			last = line;
	if (last && strncmp(last, "sbx: ", 5) == 0)
		last += 5;
	snprintf(out, cap, "%s", last ? last : text ? text : "it ended");
}

void
listen_ended(struct engine *e, const struct helper *h, const char *text)
{
	struct listen *l = e->listen;
	char why[200];

	if (h->slot != l->slot)
		return;
	l->slot = 0;
	e->registry_dirty = true;
	e->set_saved = false;
	if (l->leaving) {
		l->leaving = false;
		listen_update(e);
	} else {
		reason(h, text, why, sizeof why);
		failed(l, why);
	}
	loop_again(e->loop);
}

bool
listen_owns(const struct engine *e, const struct keep_slot *s)
{
	return s->slot && s->slot == e->listen->slot &&
	       s->state != KEEP_ENDED && s->state != KEEP_NEVER;
}

bool
listen_is_over(const struct engine *e)
{
	return !e->listen->slot;
}

int
listen_pack(const struct listen *l, struct buf *b)
{
	int r = msg_put_u64(b, l->slot);

	r |= msg_put_str(b, l->where);
	r |= msg_put_str(b, l->token_file);
	r |= msg_put_u32(b, l->restarts);
	return r;
}

void
listen_unpack(struct listen *l, struct msg_reader *r)
{
	l->slot = msg_u64(r);
	take(&l->where, msg_str_nn(r));
	take(&l->token_file, msg_str_nn(r));
	l->restarts = msg_u32(r);
}

void
listen_facts(const struct engine *e, struct buf *out)
{
	const struct listen *l = e->listen;
	const struct helper *h = helper_find(e, l->slot);
	const char *where = options_text(e->options, OPTION_LISTEN);

	buf_addf(out, "listen %s\n", where);
	if (h)
		buf_addf(out, "listen_pid %d\n", (int)h->pid);
	if (l->restarts)
		buf_addf(out, "listen_restarts %u\n", l->restarts);
	if (l->why[0])
		buf_addf(out, "listen_error %s\n", l->why);
}
