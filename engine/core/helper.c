#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/strv.h"
#include "base/sys.h"
#include "child/spawn.h"
#include "child/tree.h"
#include "core.h"
#include "launch.h"
#include "listen.h"
#include "proccheck.h"
#include "proccopy.h"
#include "prochook.h"
#include "procstop.h"
#include "spec/spec.h"

enum { LOOK_US = 50 * 1000 };	/* at what does not die at once */

struct helper *
helper_find(const struct engine *e, uint64_t slot)
{
	list_each(n, &e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		if (h->slot == slot)
			return h;
	}
	return NULL;
}

static void
helper_free(struct engine *e, struct helper *h)
{
	tree_forget(e->tree, h->tag);
	loop_drop(h->source);
	list_del(&h->node);
	free(h->name);
	free(h->command);
	strv_free(h->env);
	free(h);
}

void
helper_close(struct engine *e)
{
	while (!list_empty(&e->helpers))
		helper_free(e, container_of(e->helpers.next, struct helper,
					    node));
}

/* Nothing of it is left. */
static void
let_go(struct engine *e, struct helper *h)
{
	if (h->planned) {
		h->over = e->registry_dirty = true;
		h->at_kill_us = 0;
		loop_again(e->loop);
		return;
	}
	keeplink_release(e->link, h->slot);
	helper_free(e, h);
}

/* text NULL: it ended well. */
static void
tell(struct engine *e, const struct helper *h, const char *text)
{
	struct proc *p = engine_find(e, h->proc);

	if (p && h->kind == HELPER_HOOK)
		prochook_ended(p, h, text);
	else if (p && h->kind == HELPER_STOP)
		procstop_ended(p, h, text);
	else if (h->kind == HELPER_CHORE)
		proccopy_squeezed(e, h, !text);
	else if (h->kind == HELPER_LISTEN)
		listen_ended(e, h, text);
	else if (p)
		proccheck_ended(p, h, text);
}

static void
look_soon(struct engine *e, struct helper *h)
{
	h->at_kill_us = clock_us();
	e->tree_dirty = true;
	loop_again(e->loop);
}

static void
follow(struct engine *e, struct helper *h, uint64_t max_us)
{
	h->at_kill_us = max_us ? clock_us() + max_us : 0;
	e->tree_dirty = true;
	list_add_tail(&e->helpers, &h->node);
	loop_again(e->loop);
}

static struct helper *
helper_new(enum helper_kind kind, const char *name)
{
	struct helper *h = mem_alloc(sizeof *h);

	list_init(&h->node);
	h->kind = kind;
	h->name = mem_str(name);
	return h;
}

int
helper_start(struct proc *p, enum helper_kind kind, const char *name,
	     const char *command, char **more_env, uint64_t max_us,
	     uint64_t *slot)
{
	struct engine *e = p->e;
	struct helper *h = helper_new(kind, name);

	h->proc = p->id;
	int r = launch_helper(e, h, p, command, more_env);
	if (r < 0) {
		free(h->name);
		free(h);
		return r;
	}
	follow(e, h, max_us);
	if (slot)
		*slot = h->slot;
	return 0;
}

int
helper_start_own(struct engine *e, enum helper_kind kind, char *const *argv,
		 char *const *env, const char *cwd, uint64_t max_us,
		 uint64_t *slot)
{
	struct helper *h = helper_new(kind, "");
	struct spawn_req q;

	h->slot = launch_slot(e, &h->tag);
	spawn_req_init(&q);
	q.slot = h->slot;
	q.tag = h->tag;
	q.argv = (char **)(uintptr_t)argv;
	q.envp = (char **)(uintptr_t)env;
	q.cwd = (char *)(uintptr_t)cwd;
	int r = keeplink_spawn(e->link, &q);
	if (r < 0) {
		free(h->name);
		free(h);
		return r;
	}
	follow(e, h, max_us);
	*slot = h->slot;
	return 0;
}

void
helper_plan(struct proc *p, enum helper_kind kind, const char *name,
	    const char *command, char **more_env, uint64_t max_us)
{
	struct engine *e = p->e;
	struct helper *h = helper_new(kind, name);

	h->proc = p->id;
	h->slot = launch_slot(e, &h->tag);
	h->planned = h->wanted = true;
	h->max_us = max_us;
	h->command = mem_str(command);
	h->env = more_env;
	list_add_tail(&e->helpers, &h->node);
	e->registry_dirty = true;
	loop_again(e->loop);
}

static void
send_planned(struct engine *e, struct helper *h)
{
	struct proc *p = engine_find(e, h->proc);
	int r = p ? launch_helper(e, h, p, h->command, h->env) : -ESRCH;
	char text[100];

	if (r < 0) {
		snprintf(text, sizeof text, "cannot be started: %s",
			 strerror(-r));
		tell(e, h, text);
		e->registry_dirty = true;
		return;		/* unknown: it is forgotten */
	}
	h->wanted = false;
	h->known = true;
	free(h->command);
	strv_free(h->env);
	h->command = NULL;
	h->env = NULL;
	h->at_kill_us = h->max_us ? clock_us() + h->max_us : 0;
	e->tree_dirty = true;
}

void
helper_settle_planned(struct engine *e, int saved)
{
	list_each_safe(n, after, &e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		if (saved < 0 || !h->planned)
			continue;
		if (h->wanted)
			send_planned(e, h);
		else if (h->over)
			keeplink_release(e->link, h->slot);
		/* Of one that was sent the keeper has a slot. */
		if (h->over || !h->known)
			helper_free(e, h);
	}
}

int
helper_pack(const struct engine *e, struct buf *b)
{
	uint32_t count = 0;
	int r = 0;

	list_each(n, &e->helpers) {
		const struct helper *h = container_of(n, struct helper, node);
		count += h->planned && !h->over;
	}
	r |= msg_put_u32(b, count);
	list_each(n, &e->helpers) {
		const struct helper *h = container_of(n, struct helper, node);
		if (!h->planned || h->over)
			continue;
		r |= msg_put_u64(b, h->slot);
		r |= msg_put_u64(b, h->tag);
		r |= msg_put_u32(b, h->proc);
		r |= msg_put_u8(b, (uint8_t)h->kind);
		r |= msg_put_str(b, h->name);
		r |= msg_put_u8(b, h->wanted);
		r |= msg_put_str(b, h->command ? h->command : "");
		r |= msg_put_strv(b, h->env);
		r |= msg_put_u64(b, h->max_us);
		r |= msg_put_u64(b, h->at_kill_us);
	}
	return r;
}

void
helper_unpack(struct engine *e, struct msg_reader *r)
{
	uint32_t count = msg_u32(r);

	for (uint32_t i = 0; i < count && !r->bad; i++) {
		uint64_t slot = msg_u64(r), tag = msg_u64(r);
		uint32_t proc = msg_u32(r);
		enum helper_kind kind = (enum helper_kind)msg_u8(r);
		struct helper *h = helper_new(kind, msg_str_nn(r));
		h->planned = true;
		h->slot = slot;
		h->tag = tag;
		h->proc = proc;
		h->wanted = msg_u8(r) != 0;
		h->command = mem_str(msg_str_nn(r));
		h->env = msg_strv(r, SPEC_LIST_MAX);
		h->max_us = msg_u64(r);
		h->at_kill_us = msg_u64(r);
		list_add_tail(&e->helpers, &h->node);
	}
}

size_t
helper_count(const struct proc *p, enum helper_kind kind)
{
	size_t count = 0;

	list_each(n, &p->e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		count += h->proc == p->id && h->kind == kind && !h->ended;
	}
	return count;
}

struct helper *
helper_of_pid(const struct proc *p, enum helper_kind kind, pid_t pid)
{
	uint64_t tag = helper_count(p, kind) ?
			tree_tag_of(p->e->dir.hash, pid) : 0;

	list_each(n, &p->e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		if (tag && h->tag == tag && h->kind == kind &&
		    h->proc == p->id)
			return h;
	}
	return NULL;
}

void
helper_cancel(struct engine *e, uint64_t slot)
{
	struct helper *h = helper_find(e, slot);

	if (h)
		look_soon(e, h);
}

uint64_t
helper_settle(struct engine *e, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	bool scanned = false;

	list_each_safe(n, after, &e->helpers) {
		struct helper *h = container_of(n, struct helper, node);
		if (!h->at_kill_us)
			continue;
		if (h->at_kill_us <= now) {
			if (!scanned)
				(void)tree_scan(e->tree, TREE_EXACT);
			scanned = true;
			size_t left = tree_count(e->tree, h->tag);
			if (left == 0 && h->ended) {
				let_go(e, h);
				continue;
			}
			tree_kill(e->tree, h->tag);
			/* Before exec only the keeper knows its pid. */
			if (!h->ended)
				(void)keeplink_signal(e->link, h->slot,
						      SIGKILL, true);
			h->at_kill_us = now + LOOK_US;
		}
		next = SBX_MIN(next, h->at_kill_us);
	}
	return next;
}

void
helper_end(struct engine *e, uint64_t slot, uint64_t for_us)
{
	struct helper *h = helper_find(e, slot);

	if (!h || h->at_kill_us)
		return;
	tree_scan(e->tree, TREE_EXACT);
	tree_signal(e->tree, h->tag, SIGTERM, 0);
	h->at_kill_us = clock_us() + for_us;
	e->tree_dirty = true;
	loop_again(e->loop);
}

/* All of it is thrown away but the end, which says why it ends. */
static void
take_end(struct helper *h, const char *data, size_t len)
{
	size_t cap = sizeof h->said, n = SBX_MIN(len, cap);
	size_t keep = SBX_MIN(h->said_len, cap - n);

	memmove(h->said, h->said + h->said_len - keep, keep);
	memcpy(h->said + keep, data + len - n, n);
	h->said_len = keep + n;
}

static void
discard(struct source *s, unsigned events, void *arg)
{
	struct helper *h = arg;
	char data[4096];

	(void)events;
	ssize_t n = sys_read(loop_fd(s), data, sizeof data);
	if (n > 0)
		take_end(h, data, (size_t)n);
	if (n == 0 || (n < 0 && n != -EAGAIN)) {
		loop_drop(s);
		h->source = NULL;
	}
}

static void
attach(struct engine *e, struct helper *h, const struct keep_fds *given,
       pid_t pid)
{
	struct keep_fds fds = *given;
	int out = fds.fd[KEEP_FD_STDOUT];

	fds.fd[KEEP_FD_STDOUT] = -1;
	keep_fds_close(&fds, ~0u);
	h->pid = pid;
	tree_leader(e->tree, h->tag, pid);
	if (out >= 0 && sys_set_nonblock(out, true) == 0)
		h->source = loop_add(e->loop, out, LOOP_IN, "helper", discard,
				     h);
	if (!h->source)
		sys_close(out);
}

bool
helper_started(struct engine *e, const struct keep_start *s)
{
	struct helper *h = helper_find(e, s->slot);

	if (h)
		attach(e, h, &s->fds, s->pid);
	return h;
}

bool
helper_failed(struct engine *e, uint64_t slot, int error)
{
	struct helper *h = helper_find(e, slot);

	if (!h)
		return false;
	tell(e, h, strerror(error));
	let_go(e, h);
	return true;
}

bool
helper_exited(struct engine *e, uint64_t slot, const struct keep_exit *x)
{
	struct helper *h = helper_find(e, slot);
	bool normal = WIFEXITED(x->status);
	char text[64];

	if (!h)
		return false;
	if (h->source)
		discard(h->source, LOOP_IN, h);
	snprintf(text, sizeof text, "%s %d",
		 normal ? "has exit code" : "was ended by signal",
		 normal ? WEXITSTATUS(x->status) : WTERMSIG(x->status));
	h->ended = true;
	tell(e, h, normal && WEXITSTATUS(x->status) == 0 ? NULL : text);
	/* The keeper's word saves looking for what it has left. */
	if (x->orphans == 0)
		let_go(e, h);
	else
		look_soon(e, h);
	return true;
}

/* As if it had just been told: what it does goes on. */
static void
take_planned(struct engine *e, struct helper *h, const struct keep_slot *s)
{
	h->known = true;
	if (h->wanted && h->max_us)
		h->at_kill_us = clock_us() + h->max_us;
	h->wanted = false;
	if (s->state == KEEP_NEVER)
		helper_failed(e, s->slot, s->error);
	else if (s->state != KEEP_SPAWNING)
		attach(e, h, &s->fds, s->pid);
	if (s->state == KEEP_ENDED)
		helper_exited(e, s->slot, &s->exit);
}

void
helper_adopt(struct engine *e, const struct keep_slot *s)
{
	struct helper *h = helper_find(e, s->slot);
	bool goes_on = listen_owns(e, s);
	struct keep_fds fds = s->fds;

	if (h) {
		take_planned(e, h, s);
		return;
	}
	h = helper_new(goes_on ? HELPER_LISTEN : HELPER_LEFT, "");
	h->slot = s->slot;
	h->tag = s->tag;
	h->ended = s->state == KEEP_ENDED || s->state == KEEP_NEVER;
	list_add_tail(&e->helpers, &h->node);
	if (goes_on && s->state != KEEP_SPAWNING)
		attach(e, h, &fds, s->pid);
	if (goes_on)
		return;
	keep_fds_close(&fds, ~0u);
	/* One that is not through exec yet may have no tag, but has a pid. */
	if (!h->ended)
		tree_leader(e->tree, h->tag, s->pid);
	look_soon(e, h);
}
