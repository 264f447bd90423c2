#include "procmember.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/msg.h"
#include "base/procfs.h"
#include "base/signame.h"
#include "child/tree.h"
#include "core.h"
#include "life/select.h"
#include "procleft.h"
#include "proclife.h"
#include "spec/spec.h"

enum { COMMAND_MAX = 80 };

/* Of the last scan; NULL: not of p. */
static const struct tree_proc *
find(const struct proc *p, pid_t pid)
{
	for (size_t i = 0; i <= p->left_tag_count; i++) {
		size_t count;
		uint64_t tag = i == p->left_tag_count ? p->tag
						      : p->left_tags[i];
		const struct tree_proc *m =
			tree_members(p->e->tree, tag, &count);
		for (size_t k = 0; tag && k < count; k++)
			if (m[k].st.pid == pid)
				return &m[k];
	}
	return NULL;
}

static const struct tree_proc *
find_or_say(struct proc *p, pid_t pid, struct err *err)
{
	const struct tree_proc *m = find(p, pid);

	if (!m) {
		err_set(err, ERR_NO_PROCESS, "'%s' has no process %d",
			p->spec->name, (int)pid);
		err_hint(err, "'sbx show %s' lists those it has",
			 p->spec->name);
	}
	return m;
}

static void
note(struct proc *p, const struct tree_proc *m, enum cause cause,
     const char *what)
{
	struct buf cmd = BUF_INIT(1 << 20);

	procfs_command(&m->st, COMMAND_MAX, &cmd);
	engine_note(p->e, p, EVENT_SIGNAL, cause, "%s to its process %d (%s)",
		    what, (int)m->st.pid, buf_str(&cmd));
	buf_fini(&cmd);
}

struct proc *
procmember_parse(const struct engine *e, const char *word, pid_t *pid)
{
	char name[SPEC_NAME_MAX + 1];
	unsigned no;
	size_t len = select_member(word, &no);

	if (len == 0 || len > SPEC_NAME_MAX)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)len, word);
	*pid = (pid_t)no;
	return engine_find_name(e, name);
}

int
procmember_look(struct engine *e, struct err *err)
{
	int r = tree_scan(e->tree, TREE_EXACT);

	return r == 0 ? 0 : err_set(err, ERR_FAILED, "cannot look at "
				    "processes: %s", strerror(-r));
}

/* Of one that is being ended. */
static struct member_end *
find_end(struct proc *p, pid_t pid)
{
	struct run *r = p->run;

	for (size_t i = 0; r && i < r->end_count; i++)
		if (r->ends[i].pid == pid)
			return &r->ends[i];
	return NULL;
}

int
procmember_check(struct proc *p, pid_t pid, struct err *err)
{
	return find_or_say(p, pid, err) ? 0 : -1;
}

int
procmember_check_end(struct proc *p, pid_t pid, size_t before, bool now,
		     struct err *err)
{
	if (!find_or_say(p, pid, err))
		return -1;
	if (pid == p->pid) {
		err_set(err, ERR_USAGE, "%d is '%s' itself", (int)pid,
			p->spec->name);
		return err_hint(err, "sbx %s %s", now ? "kill" : "stop",
				p->spec->name);
	}
	if (procrun_see(p)->end_count + before >= ENDS_MAX && !find_end(p, pid))
		return err_set(err, ERR_FULL, "%d processes of '%s' are being "
			       "ended already", ENDS_MAX, p->spec->name);
	return 0;
}

/*
 * If the run ends by it, that is its cause.  The next engine hears of the end
 * when this one is killed right behind the signal, so it is told before.
 */
static void
remember(struct proc *p, int signo, enum cause by)
{
	struct crumb *c = crumbs_get(p->e->crumbs, p->id);

	p->sent_signo = signo;
	p->sent_by = by;
	c->sent_signo = 0;
	atomic_signal_fence(memory_order_seq_cst);
	c->sent_run = p->life.run;
	c->sent_by = by;
	atomic_signal_fence(memory_order_seq_cst);
	c->sent_signo = (uint32_t)signo;
}

void
procmember_find_sent(struct proc *p)
{
	const struct crumb *c = crumbs_find(p->e->crumbs, p->id);

	if (!c || !c->sent_signo || c->sent_run != p->life.run)
		return;
	p->sent_signo = (int)c->sent_signo;
	p->sent_by = (enum cause)c->sent_by;
}

static int
send_once(struct proc *p, const struct tree_proc *m, int signo, uint64_t key)
{
	struct crumbs *c = p->e->crumbs;
	uint32_t pid = (uint32_t)m->st.pid, start = (uint32_t)m->st.start_ticks;

	if (crumbs_find_sent(c, key, pid, start))
		return 0;
	int r = tree_signal_one(m, signo);
	crumbs_put_sent(c, key, pid, start, 0);
	return r;
}

static void
send_to_tree(struct proc *p, uint64_t tag, int signo, uint64_t key)
{
	struct tree *t = p->e->tree;
	size_t count;
	const struct tree_proc *v = tree_members(t, tag, &count);

	/* A second KILL is no other than the first one. */
	if (signo == SIGKILL)
		tree_signal(t, tag, signo, 0);
	for (size_t i = 0; signo != SIGKILL && i < count; i++)
		(void)send_once(p, &v[i], signo, key);
}

bool
procmember_had(const struct proc *p, pid_t pid, uint64_t key)
{
	return crumbs_find_sent(p->e->crumbs, key, (uint32_t)pid, 0);
}

bool
procmember_all_had(const struct proc *p, uint64_t key)
{
	const struct crumb_sent *s = crumbs_find_sent(p->e->crumbs, key, 0,
						      p->id);

	return s && (s->run != p->life.run ||
		     (!p->pid && p->left_tag_count == 0));
}

void
procmember_signal_all(struct proc *p, int signo, enum cause cause, uint64_t key)
{
	if (!crumbs_find_sent(p->e->crumbs, key, 0, p->id))
		crumbs_put_sent(p->e->crumbs, key, 0, p->id, p->life.run);
	if (p->pid) {
		remember(p, signo, cause);
		send_to_tree(p, p->tag, signo, key);
	}
	for (size_t i = 0; i < p->left_tag_count; i++)
		send_to_tree(p, p->left_tags[i], signo, key);
}

void
procmember_paused(struct proc *p, bool paused)
{
	int signo = p->sent_signo;
	bool sent = paused ? signo == SIGSTOP || signo == SIGTSTP ||
			     signo == SIGTTIN || signo == SIGTTOU :
			     signo == SIGCONT;

	proc_tell(p, paused ? LIFE_EV_PAUSED : LIFE_EV_CONTINUED,
		  sent ? p->sent_by : CAUSE_NONE, NULL);
	if (sent)
		remember(p, 0, CAUSE_NONE);
}

int
procmember_signal(struct proc *p, pid_t pid, int signo, enum cause cause,
		  uint64_t key, struct err *err)
{
	const struct tree_proc *m = find_or_say(p, pid, err);
	char name[SIGNAME_MAX];

	if (!m)
		return -1;
	note(p, m, cause, signame_text(signo, name));
	if (pid == p->pid)
		remember(p, signo, cause);
	int r = send_once(p, m, signo, key);
	if (r < 0)
		return err_set(err, ERR_FAILED, "%d: %s", (int)pid,
			       strerror(-r));
	p->e->tree_dirty = true;
	engine_turn_at(p->e, clock_us());
	return 0;
}

int
procmember_end(struct proc *p, pid_t pid, enum cause cause, bool now,
	       struct err *err)
{
	const struct tree_proc *m = find_or_say(p, pid, err);

	if (!m)
		return -1;
	struct member_end *end = find_end(p, pid);
	struct run *r = procrun_get(p);
	if (!end) {
		assert(r->end_count < ENDS_MAX);
		end = &r->ends[r->end_count++];
	}
	note(p, m, cause, now ? "KILL" : "TERM");
	*end = (struct member_end){
		.pid = pid, .start_ticks = m->st.start_ticks,
		.at_kill_us = clock_us() + (now ? 0 : END_GRACE_US),
	};
	tree_signal_one(m, now ? SIGKILL : SIGTERM);
	tree_signal_one(m, SIGCONT);
	p->e->tree_dirty = p->e->registry_dirty = true;
	engine_turn_at(p->e, clock_us());
	return 0;
}

/* Is it gone?  If it is late, it is killed. */
static bool
is_over(const struct proc *p, const struct member_end *end, uint64_t now)
{
	const struct tree_proc *m = find(p, end->pid);

	if (!m)
		return tree_proves(p->e->tree);
	if (m->st.start_ticks != end->start_ticks)
		return true;
	if (end->at_kill_us <= now)
		tree_signal_one(m, SIGKILL);
	return false;
}

uint64_t
procmember_settle(struct proc *p, bool *looked)
{
	struct engine *e = p->e;
	uint64_t now = clock_us();
	struct run *r = p->run;
	size_t before = r ? r->end_count : 0, n = 0;

	if (before == 0)
		return UINT64_MAX;
	if (!tree_scan_once(e->tree, looked))
		return now + END_LOOK_US;
	for (size_t i = 0; i < before; i++)
		if (!is_over(p, &r->ends[i], now))
			r->ends[n++] = r->ends[i];
	r->end_count = (uint8_t)n;
	if (n < before) {
		e->registry_dirty = true;
		procleft_look(e, false);
	}
	return n ? now + END_LOOK_US : UINT64_MAX;
}

int
procmember_pack(const struct proc *p, struct buf *b)
{
	const struct run *run = procrun_see(p);
	int r = msg_put_u8(b, run->end_count);

	for (size_t i = 0; i < run->end_count; i++) {
		r |= msg_put_u32(b, (uint32_t)run->ends[i].pid);
		r |= msg_put_u64(b, run->ends[i].start_ticks);
		r |= msg_put_u64(b, run->ends[i].at_kill_us);
	}
	return r;
}

void
procmember_unpack(struct proc *p, struct msg_reader *r)
{
	size_t n = msg_u8(r);

	for (size_t i = 0; i < n && !r->bad; i++) {
		struct member_end end = { .pid = (pid_t)msg_u32(r) };
		end.start_ticks = msg_u64(r);
		end.at_kill_us = msg_u64(r);
		if (i >= ENDS_MAX || r->bad)
			continue;
		struct run *run = procrun_get(p);
		run->ends[run->end_count++] = end;
		p->e->tree_dirty = true;
	}
}
