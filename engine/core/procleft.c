#include "procleft.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/procfs.h"
#include "child/tree.h"
#include "core.h"
#include "proc.h"

enum {
	WAIT_US = 1000 * 1000,		/* while a record waits for it */
	COMMAND_MAX = 100,
};

static void
drop_tag(struct proc *p, size_t idx)
{
	for (; idx + 1 < p->left_tag_count; idx++)
		p->left_tags[idx] = p->left_tags[idx + 1];
	p->left_tag_count--;
	p->e->registry_dirty = true;
}

/* The first of them with their commands, as its row has them; "" if none. */
static char *
make_list(const struct proc *p)
{
	struct buf out = BUF_INIT(LEFT_SHOWN * 128), cmd = BUF_INIT(1 << 20);
	size_t shown = 0;

	for (size_t i = 0; i < p->left_tag_count; i++) {
		size_t n;
		const struct tree_proc *m =
			tree_members(p->e->tree, p->left_tags[i], &n);
		for (size_t k = 0; k < n && shown < LEFT_SHOWN; k++, shown++) {
			procfs_command(&m[k].st, COMMAND_MAX, &cmd);
			for (size_t at = 0; at < cmd.len; at++)
				if ((unsigned char)cmd.data[at] < ' ')
					cmd.data[at] = ' ';
			buf_addf(&out, "%d %s\x1f", (int)m[k].st.pid,
				 buf_str(&cmd));
		}
	}
	buf_fini(&cmd);
	return buf_take(&out);
}

/* Of the last scan.  False when it is not sure that what is missing in it is
 * gone. */
static bool
count(struct proc *p)
{
	bool proved = tree_proves(p->e->tree), sure = true;
	uint32_t left = 0;

	for (size_t i = p->left_tag_count; i-- > 0;) {
		size_t n = tree_count(p->e->tree, p->left_tags[i]);
		if (n == 0 && proved)
			drop_tag(p, i);
		sure &= n > 0 || proved;
		left += (uint32_t)n;
	}
	if (!sure)
		return false;
	if (p->left_tag_count == 0)
		p->at_left_kill_us = 0;
	char *list = make_list(p);
	bool same = left == p->left_count && p->left_list &&
		    strcmp(list, p->left_list) == 0;
	free(p->left_list);
	p->left_list = list;
	if (same)
		return true;
	p->left_count = left;
	proc_touch(p);
	return true;
}

void
procleft_take(struct proc *p, bool *looked)
{
	struct engine *e = p->e;

	(void)tree_scan_once(e->tree, looked);
	if (tree_count(e->tree, p->tag) == 0)
		return;
	if (p->left_tag_count == LEFT_MAX) {
		engine_note(e, p, EVENT_NOTE, CAUSE_LIMIT, "more than %d runs "
			    "have left something: what the oldest one has "
			    "left is ended", LEFT_MAX);
		tree_kill(e->tree, p->left_tags[0]);
		drop_tag(p, 0);
	}
	p->left_tags[p->left_tag_count++] = p->tag;
	e->registry_dirty = true;
	(void)count(p);
}

static bool
is_left(const struct engine *e, uint64_t tag)
{
	for (size_t i = 0; i < e->nproc; i++)
		for (size_t k = 0; k < e->procs[i]->left_tag_count; k++)
			if (e->procs[i]->left_tags[k] == tag)
				return true;
	return false;
}

bool
procleft_adopt(struct engine *e, const struct keep_slot *s)
{
	struct keep_fds fds = s->fds;

	if (s->state != KEEP_ENDED || !is_left(e, s->tag))
		return false;
	keep_fds_close(&fds, ~0u);
	keeplink_release(e->link, s->slot);
	return true;
}

void
procleft_look(struct engine *e, bool scan)
{
	bool scanned = !scan, exact = false;

	for (size_t i = 0; i < e->nproc; i++) {
		if (e->procs[i]->left_tag_count == 0)
			continue;
		if (!scanned)
			tree_scan(e->tree, TREE_QUICK);
		scanned = true;
		if (count(e->procs[i]))
			continue;
		/* Figures may be of a quick look, an end may not. */
		(void)tree_scan_once(e->tree, &exact);
		(void)count(e->procs[i]);
	}
}

static void
send_all(struct proc *p, int signo)
{
	for (size_t i = 0; i < p->left_tag_count; i++)
		tree_signal(p->e->tree, p->left_tags[i], signo, 0);
}

void
procleft_end(struct proc *p, enum cause cause, bool now, bool *looked)
{
	struct engine *e = p->e;

	if (p->left_tag_count == 0)
		return;
	(void)tree_scan_once(e->tree, looked);
	if (!now) {
		send_all(p, SIGTERM);
		send_all(p, SIGCONT);
	}
	(void)count(p);
	engine_note(e, p, now ? EVENT_KILL : EVENT_STOP, cause,
		    "%u process%s that it has left: %s", p->left_count,
		    p->left_count == 1 ? "" : "es",
		    now ? "KILL" : "TERM, then KILL in 5s");
	p->at_left_kill_us = clock_us() + (now ? 0 : END_GRACE_US);
	e->tree_dirty = e->registry_dirty = true;
	engine_turn_at(e, clock_us());
}

uint64_t
procleft_settle(struct proc *p, bool *looked)
{
	struct engine *e = p->e;
	uint64_t now = clock_us();

	if (p->left_tag_count == 0 || !(p->at_left_kill_us || p->removing))
		return UINT64_MAX;
	bool kill = p->at_left_kill_us && p->at_left_kill_us <= now;
	(void)tree_scan_once(e->tree, looked);
	for (size_t i = 0; kill && i < p->left_tag_count; i++)
		tree_kill(e->tree, p->left_tags[i]);
	(void)count(p);
	if (p->left_tag_count == 0)
		return UINT64_MAX;
	return now + (p->at_left_kill_us ? END_LOOK_US : WAIT_US);
}

int
procleft_pack(const struct proc *p, struct buf *b)
{
	int r = msg_put_u8(b, (uint8_t)p->left_tag_count);

	for (size_t i = 0; i < p->left_tag_count; i++)
		r |= msg_put_u64(b, p->left_tags[i]);
	return r | msg_put_u64(b, p->at_left_kill_us);
}

void
procleft_unpack(struct proc *p, struct msg_reader *r)
{
	size_t n = msg_u8(r);

	for (size_t i = 0; i < n && !r->bad; i++) {
		uint64_t tag = msg_u64(r);
		if (i < LEFT_MAX && !r->bad)
			p->left_tags[p->left_tag_count++] = tag;
	}
	p->at_left_kill_us = msg_u64(r);
	p->e->tree_dirty |= p->at_left_kill_us != 0;
}
