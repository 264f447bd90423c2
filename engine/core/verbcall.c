#include "verbcall.h"

#include <stdlib.h>

#include "base/conn.h"
#include "base/mem.h"
#include "base/strv.h"
#include "core.h"
#include "life/select.h"
#include "procmember.h"
#include "spec/spec.h"

static bool
is_failed(const struct proc *p)
{
	enum status s = p->life.status;
	return s == STATUS_FAILED || s == STATUS_ERROR ||
	       s == STATUS_TIMED_OUT || s == STATUS_BACKOFF ||
	       (s == STATUS_KILLED && !p->life.stopped);
}

/* A command of exec: somebody waits for what it does once.  Only who names
 * it can mean that it is done again. */
static bool
is_left_alone(const struct verbcall *c, const struct proc *p)
{
	return c->q->verb == PROTO_V_RESTART &&
	       (p->follower || p->at_unfollowed_us);
}

void
verbcall_init(struct verbcall *c, struct peer *peer, struct proto_request *q)
{
	*c = (struct verbcall){ .peer = peer, .e = peer->e, .q = q,
				.text = BUF_INIT(CONN_FRAME_MAX / 2),
				.err = ERR_INIT };
	verbcall_clear(c);
}

void
verbcall_fini(struct verbcall *c)
{
	buf_fini(&c->text);
	free(c->hit);
	free(c->ids);
	free(c->members);
}

void
verbcall_clear(struct verbcall *c)
{
	size_t count = c->e->nproc;

	free(c->hit);
	free(c->ids);
	c->hit = mem_array(count + 1, sizeof *c->hit);
	/* One may be started and ended by the same request. */
	c->ids = mem_array(2 * count + 1, sizeof *c->ids);
	c->id_count = 0;
}

int
verbcall_select(struct verbcall *c)
{
	struct engine *e = c->e;
	struct select_item *items = mem_array(e->nproc + 1, sizeof *items);
	char **groups = mem_array(e->nproc + 1, sizeof *groups);
	unsigned flags = (c->q->flags & PROTO_F_ALL ? SELECT_ALL : 0) |
			 (c->q->flags & PROTO_F_FAILED ? SELECT_FAILED : 0);

	for (size_t i = 0; i < e->nproc; i++) {
		const struct spec *s = e->procs[i]->spec;
		struct buf b = BUF_INIT(64 << 10);
		for (size_t k = 0; s->groups && s->groups[k]; k++)
			buf_addf(&b, "%s%s", k ? " " : "", s->groups[k]);
		groups[i] = buf_take(&b);
		items[i] = (struct select_item){
			.name = s->name, .groups = groups[i],
			.failed = is_failed(e->procs[i]),
			.hidden = s->hidden ||
				  is_left_alone(c, e->procs[i]),
		};
	}
	int n = select_match(items, e->nproc, c->q->names, flags, c->hit,
			     &c->err);
	for (size_t i = 0; i < e->nproc; i++)
		free(groups[i]);
	free(groups);
	free(items);
	return n < 0 ? -1 : 0;
}

void
verbcall_take_members(struct verbcall *c)
{
	char **names = c->q->names;
	size_t count = strv_count(names), kept = 0;
	pid_t pid;

	c->members = mem_array(count + 1, sizeof *c->members);
	for (size_t i = 0; i < count; i++) {
		struct proc *p = procmember_parse(c->e, names[i], &pid);
		if (!p) {
			char *word = names[kept];
			names[kept++] = names[i];
			names[i] = word;
			continue;
		}
		c->members[c->member_count].p = p;
		c->members[c->member_count++].pid = pid;
	}
	if (c->member_count == 0)
		return;
	for (size_t i = kept; i < count; i++) {
		free(names[i]);
		names[i] = NULL;
	}
}

void
verbcall_acted_on(struct verbcall *c, const struct proc *p)
{
	c->ids[c->id_count++] = p->id;
}
