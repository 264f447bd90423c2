/*
 * The journal: as a list, or as server-sent events from a place on, and what
 * it says about why a process is in its status.  It is read by its descriptor,
 * never through the engine.
 */
#include "http_ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conn.h"
#include "base/err.h"
#include "base/jsonout.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/msg.h"
#include "base/sys.h"
#include "base/units.h"
#include "client/client.h"
#include "client/model.h"
#include "client/whyof.h"
#include "http_api.h"
#include "http_json.h"
#include "http_link.h"
#include "http_request.h"
#include "http_server.h"
#include "log/journal.h"

enum { PING_US = 15 * 1000 * 1000, PENDING_MAX = 1 << 20 };

/* The directory's descriptor, which is ours then, and the newest event. */
static int
take_journal(struct http_request *r, const struct client_answer *a,
	     uint64_t *newest)
{
	const struct conn_frame *f = a->frame;
	struct msg_reader m;
	int fd = f->nfds > 0 ? f->fds[0] : -1;

	msg_open(&m, f->data, f->len);
	*newest = msg_u64(&m);
	if (fd >= 0)
		f->fds[0] = -1;
	else
		http_problem(r, HTTP_E_NO_ENGINE, "%s",
			     "the journal cannot be read");
	return fd;
}

static void
ask_journal(struct http_request *r, struct http_api *api, http_ext_fn *fn,
	    uint32_t proc)
{
	struct http_ext_call *c = http_ext_call(r, api, fn, proc);

	if (c)
		http_ext_asked(c, client_journal_open(
			http_link_client(api->link), http_link_answered,
			http_ext_ask(c)));
}

/* --- why --- */

static void
on_why(struct http_request *r, struct http_api *api,
       const struct client_answer *a, uint32_t id)
{
	struct model *m = http_link_model(api->link);
	struct model_proc *p = model_find(m, id);
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct jsonout j;
	uint64_t newest;

	if (!p) {
		http_no_process(r, http_param(r, "id"));
		return;
	}
	int dir = take_journal(r, a, &newest);
	if (dir < 0)
		return;
	struct whyof *w = whyof_read(m, p, dir);
	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	whyof_json(w, &j);
	jsonout_close(&j);
	http_ext_send(r, &j);
	whyof_free(w);
	sys_close(dir);
	buf_fini(&b);
}

void
http_ext_why(struct http_request *r, void *arg)
{
	struct model_proc *p = http_ext_proc(r, arg);

	if (p)
		ask_journal(r, arg, on_why, p->id);
}

/* --- events --- */

struct events {
	struct http_request *request;
	struct journal_reader *reader;
	int dir;
	char *process;			/* NULL: of everybody */
	uint64_t after;			/* as it was asked for */
	bool is_resume;			/* ... by somebody who saw that one */
	bool begun;			/* the first event was looked at */
	struct buf pending;		/* made, and not taken yet */
	size_t taken;			/* of it */
	struct link_watch *watch;
	struct timer *ping;
	bool ping_due;
};

static void
events_free(struct events *ev)
{
	http_link_unwatch(ev->watch);
	timer_drop(ev->ping);
	journal_close(ev->reader);
	sys_close(ev->dir);
	buf_fini(&ev->pending);
	free(ev->process);
	free(ev);
}

static void
on_end(struct http_request *r, void *arg)
{
	(void)r;
	events_free(arg);
}

/* What was between is not kept any more: it is said, with where it goes on. */
static void
put_dropped(struct events *ev, uint64_t resumes_at)
{
	buf_addf(&ev->pending, "event: dropped\ndata: {\"after\":%llu,"
		 "\"resumesAt\":%llu}\n\n", (unsigned long long)ev->after,
		 (unsigned long long)resumes_at);
}

static void
put_event(struct events *ev, const struct journal_event *e)
{
	struct jsonout j;

	if (!ev->begun && ev->is_resume && e->seq != ev->after + 1)
		put_dropped(ev, e->seq);
	ev->begun = true;
	if (ev->process && strcmp(ev->process, e->process) != 0)
		return;
	buf_addf(&ev->pending, "id: %llu\ndata: ",
		 (unsigned long long)e->seq);
	jsonout_begin_camel(&j, &ev->pending);
	journal_put_json(&j, e);
	buf_adds(&ev->pending, "\n\n");
}

static ssize_t
produce(struct http_request *r, char *out, size_t cap, void *arg)
{
	struct events *ev = arg;
	struct journal_event e;
	int rc = 1;
	(void)r;

	if (ev->taken == ev->pending.len) {
		buf_clear(&ev->pending);
		ev->taken = 0;
		while (ev->pending.len < cap &&
		       (rc = journal_next(ev->reader, &e)) == 1)
			put_event(ev, &e);
		if (rc < 0)
			return -1;
		if (ev->ping_due && ev->pending.len == 0)
			buf_adds(&ev->pending, ":\n\n");
		ev->ping_due = false;
	}
	size_t n = SBX_MIN(cap, ev->pending.len - ev->taken);
	if (n > 0)
		memcpy(out, ev->pending.data + ev->taken, n);
	ev->taken += n;
	return (ssize_t)n;
}

static void
on_news(struct model_proc *p, unsigned what, void *arg)
{
	struct events *ev = arg;
	(void)p;

	if (what & (LINK_EVENTS | LINK_BACK))
		http_stream_wake(ev->request);
}

static void
on_ping(struct timer *t, void *arg)
{
	struct events *ev = arg;

	ev->ping_due = true;
	http_stream_wake(ev->request);
	timer_arm(t, clock_us() + PING_US);
}

static void
follow(struct events *ev, struct http_api *api)
{
	http_on_end(ev->request, on_end, ev);
	ev->watch = http_link_watch(api->link, 0, on_news, ev);
	ev->ping = loop_timer(api->loop, on_ping, ev);
	timer_arm(ev->ping, clock_us() + PING_US);
	http_add_header(ev->request, "cache-control", "no-cache");
	http_stream(ev->request, 200, "text/event-stream", produce, ev);
}

static void
list(struct events *ev)
{
	struct buf b = BUF_INIT(HTTP_EXT_ANSWER_MAX);
	struct journal_event e;
	struct jsonout j;

	jsonout_begin_camel(&j, &b);
	jsonout_object(&j, NULL);
	jsonout_array(&j, "events");
	while (journal_next(ev->reader, &e) == 1)
		if (!ev->process || strcmp(ev->process, e.process) == 0)
			journal_put_json(&j, &e);
	jsonout_close(&j);
	jsonout_close(&j);
	http_ext_send(ev->request, &j);
	buf_fini(&b);
}

/* What the query and the headers say; taken apart again when the journal is
 * open.  0, or -1: it has been answered. */
struct place {
	bool follow, resumes, tails;
	uint64_t after, tail;
};

static int
take_place(struct http_request *r, struct place *at)
{
	const char *accept = http_header(r, "accept");
	const char *last = http_header(r, "last-event-id");
	bool after = false;

	*at = (struct place){ .follow = accept &&
			      strstr(accept, "text/event-stream") };
	if (http_query_bool(r, "follow", &at->follow) < 0 ||
	    http_query_uint(r, "after", INT64_MAX, &at->after, &after) < 0 ||
	    http_query_uint(r, "tail", UINT32_MAX, &at->tail,
			    &at->tails) < 0)
		return -1;
	at->resumes = after;
	/* Where it broke off says more than where it began. */
	if (last && units_uint(last, 0, INT64_MAX, &at->after) == 0)
		at->resumes = true;
	return 0;
}

static char *
process_name(struct http_request *r, struct http_api *api)
{
	const char *text = http_query(r, "process");
	uint32_t id = text ? http_api_id(text) : 0;
	struct model_proc *p = id ? model_find(http_link_model(api->link),
					       id) : NULL;

	/* One that is forgotten still has events, by its name. */
	return !text ? NULL : mem_str(p ? p->row->name : text);
}

static void
on_journal(struct http_request *r, struct http_api *api,
	   const struct client_answer *a, uint32_t proc)
{
	struct place at;
	uint64_t newest;
	(void)proc;

	if (take_place(r, &at) < 0)
		return;
	int dir = take_journal(r, a, &newest);
	if (dir < 0)
		return;
	struct events *ev = mem_alloc(sizeof *ev);
	*ev = (struct events){ .request = r, .dir = dir, .after = at.after,
			       .is_resume = at.resumes,
			       .process = process_name(r, api),
			       .pending = BUF_INIT(PENDING_MAX) };
	uint64_t from = at.after;
	/* A number of another journal: nothing of this one was seen. */
	if (at.resumes && from > newest)
		from = 0;
	if (!at.resumes && at.tails)
		from = newest > at.tail ? newest - at.tail : 0;
	ev->reader = journal_open(dir, from);
	if (at.follow) {
		follow(ev, api);
		return;
	}
	list(ev);
	events_free(ev);
}

void
http_ext_events(struct http_request *r, void *arg)
{
	struct place at;

	if (take_place(r, &at) == 0)
		ask_journal(r, arg, on_journal, 0);
}
