#include "http_link.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "client/client.h"
#include "client/model.h"
#include "client/session.h"
#include "log/logread.h"
#include "spec/proto.h"

enum {
	RETRY_MS = 5,
	COMING_BACK_MS = 20000,	/* the keeper pauses for up to 5 s */
	WATCH_HASH = 256,	/* a power of two */
	WANTED = PROTO_SUB_ROWS | PROTO_SUB_GROWTH | PROTO_SUB_EVENTS |
		 PROTO_SUB_VALUES | PROTO_SUB_PROMPT,
};

struct http_link {
	struct loop *loop;
	struct session *session;
	enum link_state state;
	struct client *client;		/* NULL: not connected */
	struct model *model;
	struct timer *retry;
	uint64_t at_give_up_ms;
	struct err why;
	struct source *starter;		/* says how the start of one went */
	pid_t starter_pid;
	struct buf starter_talk;
	struct list waits, asks, screens;
	struct list watches[WATCH_HASH];
	unsigned calling;		/* watches that are being called */
	bool swept;			/* some of them were cancelled */
	bool ended;
};

struct link_screen {
	struct list node;
	struct http_link *link;
	uint32_t proc;
};

struct link_wait {
	struct list node;
	link_settled_fn *fn;
	void *arg;
};

struct link_watch {
	struct list node;
	struct http_link *link;
	uint32_t proc;
	link_watch_fn *fn;		/* NULL: cancelled */
	void *arg;
};

struct link_ask {
	struct list node;
	struct http_link *link;
	link_answer_fn *fn;		/* NULL: cancelled */
	link_log_fn *log;
	void *arg;
};

/* --- watches --- */

static void
sweep(struct http_link *k)
{
	if (k->calling || !k->swept)
		return;
	k->swept = false;
	for (size_t i = 0; i < WATCH_HASH; i++)
		list_each_safe(n, tmp, &k->watches[i]) {
			struct link_watch *w =
				container_of(n, struct link_watch, node);
			if (w->fn)
				continue;
			list_del(n);
			free(w);
		}
}

static void
tell(struct http_link *k, size_t slot, uint32_t proc, struct model_proc *p,
     unsigned what)
{
	k->calling++;
	list_each(n, &k->watches[slot]) {
		struct link_watch *w = container_of(n, struct link_watch,
						    node);
		if (w->fn && w->proc == proc)
			w->fn(p, what, w->arg);
	}
	k->calling--;
}

static void
tell_of(struct http_link *k, struct model_proc *p, unsigned what)
{
	tell(k, p->id & (WATCH_HASH - 1), p->id, p, what);
	tell(k, 0, 0, p, what);
	sweep(k);
}

static void
tell_all(struct http_link *k, unsigned what)
{
	k->calling++;
	for (size_t i = 0; i < WATCH_HASH; i++)
		list_each(n, &k->watches[i]) {
			struct link_watch *w =
				container_of(n, struct link_watch, node);
			if (w->fn)
				w->fn(NULL, what, w->arg);
		}
	k->calling--;
	sweep(k);
}

struct link_watch *
http_link_watch(struct http_link *k, uint32_t proc, link_watch_fn *fn,
		void *arg)
{
	struct link_watch *w = mem_alloc(sizeof *w);

	*w = (struct link_watch){ .link = k, .proc = proc, .fn = fn,
				  .arg = arg };
	list_add_tail(&k->watches[proc & (WATCH_HASH - 1)], &w->node);
	return w;
}

void
http_link_unwatch(struct link_watch *w)
{
	if (!w)
		return;
	w->fn = NULL;
	w->link->swept = true;
	sweep(w->link);
}

/* --- states --- */

static void
settle(struct http_link *k, enum link_state state)
{
	k->state = state;
	while (!list_empty(&k->waits) && k->state != LINK_LOST) {
		struct link_wait *w = container_of(k->waits.next,
						   struct link_wait, node);
		link_settled_fn *fn = w->fn;
		void *arg = w->arg;
		list_del(&w->node);
		free(w);
		fn(arg);
	}
}

static void
on_gone(struct model_proc *p, void *arg)
{
	struct http_link *k = arg;

	if (!k->ended)
		tell_of(k, p, LINK_GONE);
}

/* Nobody is there: what was known is not so any more. */
static void
none(struct http_link *k)
{
	struct model *old = k->model;

	timer_stop(k->retry);
	k->model = model_new(on_gone, k);
	model_free(old);
	settle(k, LINK_NONE);
}

/* --- screens --- */

static bool
is_shown(const struct http_link *k, uint32_t proc)
{
	list_each(n, &k->screens)
		if (container_of(n, struct link_screen, node)->proc == proc)
			return true;
	return false;
}

/* All that are left: the engine forgets them all or none. */
static void
ask_screens(struct http_link *k)
{
	list_each(n, &k->screens)
		client_screen_also(k->client,
			container_of(n, struct link_screen, node)->proc);
}

struct link_screen *
http_link_screen(struct http_link *k, uint32_t proc)
{
	struct link_screen *s = mem_alloc(sizeof *s);

	if (k->client && !is_shown(k, proc))
		client_screen_also(k->client, proc);
	*s = (struct link_screen){ .link = k, .proc = proc };
	list_add_tail(&k->screens, &s->node);
	return s;
}

void
http_link_screen_drop(struct link_screen *s)
{
	if (!s)
		return;
	struct http_link *k = s->link;
	uint32_t proc = s->proc;
	struct model_proc *p = model_find(k->model, proc);

	list_del(&s->node);
	free(s);
	if (is_shown(k, proc))
		return;
	if (k->client) {
		client_screen_also(k->client, 0);
		ask_screens(k);
	}
	if (p)
		model_drop_screen(p);
}

/* --- frames and connections --- */

static void
take_frame(struct client *c, const struct conn_frame *f, void *arg)
{
	static const struct { int bit; unsigned what; } news[] = {
		{ MODEL_ROWS, LINK_ROW }, { MODEL_GROW, LINK_GROW },
		{ MODEL_VALUES, LINK_VALUES },
		{ MODEL_SCREEN, LINK_SCREEN }, { MODEL_TOLD, LINK_TOLD },
	};
	struct http_link *k = arg;
	struct model_proc *p = NULL;
	int r = model_take(k->model, f, &p);
	unsigned what = 0;
	(void)c;

	if (r <= 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(news); i++)
		if (r & news[i].bit)
			what |= news[i].what;
	if (p && what)
		tell_of(k, p, what);
	if (r & MODEL_EVENTS)
		tell(k, 0, 0, NULL, LINK_EVENTS);
	sweep(k);
	if ((r & MODEL_SYNC) && k->state == LINK_LOST) {
		k->why = (struct err)ERR_INIT;
		settle(k, LINK_UP);
		tell_all(k, LINK_BACK);
	}
}

static void
on_closed(struct client *c, const struct err *why, void *arg)
{
	struct http_link *k = arg;

	client_free(c);
	k->client = NULL;
	if (k->ended)
		return;
	k->why = *why;
	if (why->code != ERR_NO_ENGINE) {
		none(k);	/* another sbx, or somebody else's */
		return;
	}
	k->state = LINK_LOST;
	k->at_give_up_ms = clock_ms() + COMING_BACK_MS;
	timer_arm(k->retry, clock_us() + RETRY_MS * 1000);
}

static void
connect_now(struct http_link *k)
{
	static const struct client_hooks hooks = {
		.on_frame = take_frame, .on_closed = on_closed, .who = "api",
	};
	struct err why = ERR_INIT;

	k->client = client_new(k->loop, k->session->sock_path, &hooks, k,
			       &why);
	if (k->client) {
		k->state = LINK_LOST;
		model_resync(k->model);
		client_subscribe(k->client, WANTED);
		ask_screens(k);
		return;
	}
	if (why.code == ERR_NO_ENGINE && session_is_coming_back(k->session) &&
	    clock_ms() < k->at_give_up_ms) {
		k->state = LINK_LOST;
		timer_arm(k->retry, clock_us() + RETRY_MS * 1000);
		return;
	}
	if (k->why.code != ERR_NO_ENGINE)
		err_set(&k->why, ERR_NO_ENGINE, "there is no engine");
	none(k);
}

static void
on_retry(struct timer *t, void *arg)
{
	(void)t;
	connect_now(arg);
}

/* --- starting one --- */

/* In a process of its own: it may take a while, and read any sbxrc. */
static void
start_and_exit(struct http_link *k, int fd)
{
	static const struct client_hooks hooks = { .on_frame = NULL };
	struct err why = ERR_INIT;
	struct loop *l = loop_new();

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	if (!l)
		err_set(&why, ERR_INTERNAL, "the loop: %s", strerror(errno));
	else if (session_start(k->session, l, &hooks, NULL, &why))
		_exit(0);
	sys_write_all(fd, why.text, strlen(why.text));
	_exit(1);
}

static void
on_starter(struct source *s, unsigned events, void *arg)
{
	struct http_link *k = arg;
	char text[256];
	ssize_t n = sys_read(loop_fd(s), text, sizeof text);
	(void)events;

	if (n > 0) {
		buf_add(&k->starter_talk, text, (size_t)n);
		return;
	}
	if (n == -EAGAIN)
		return;
	loop_drop(s);
	k->starter = NULL;
	/* It has closed the pipe by its end. */
	while (waitpid(k->starter_pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (k->starter_talk.len)
		err_set(&k->why, ERR_NO_ENGINE, "%s", k->starter_talk.data);
	buf_clear(&k->starter_talk);
	k->at_give_up_ms = clock_ms() + COMING_BACK_MS;
	if (!k->client)
		connect_now(k);
}

void
http_link_start(struct http_link *k)
{
	int fds[2], r;

	if (k->state != LINK_NONE || k->starter)
		return;
	k->why = (struct err)ERR_INIT;
	r = sys_pipe(fds, 0);
	if (r < 0)
		return;
	sys_set_nonblock(fds[0], true);
	k->starter_pid = sys_fork();
	if (k->starter_pid == 0)
		start_and_exit(k, fds[1]);
	sys_close(fds[1]);
	if (k->starter_pid > 0)
		k->starter = loop_add(k->loop, fds[0], LOOP_IN, "starter",
				      on_starter, k);
	if (k->starter)
		k->state = LINK_LOST;
	else
		sys_close(fds[0]);
}

void
http_link_look(struct http_link *k)
{
	if (k->state != LINK_NONE)
		return;
	k->at_give_up_ms = clock_ms() + COMING_BACK_MS;
	connect_now(k);
}

/* Those who had asked hear of it before we do. */
static bool
is_lost(const struct http_link *k)
{
	return k->client && client_closed(k->client);
}

/* --- waits and questions --- */

struct link_wait *
http_link_settle(struct http_link *k, link_settled_fn *fn, void *arg)
{
	if (k->state != LINK_LOST && !is_lost(k)) {
		fn(arg);
		return NULL;
	}
	struct link_wait *w = mem_alloc(sizeof *w);
	*w = (struct link_wait){ .fn = fn, .arg = arg };
	list_add_tail(&k->waits, &w->node);
	return w;
}

void
http_link_wait_cancel(struct link_wait *w)
{
	if (!w)
		return;
	list_del(&w->node);
	free(w);
}

struct link_ask *
http_link_ask(struct http_link *k, link_answer_fn *fn, void *arg)
{
	struct link_ask *a = mem_alloc(sizeof *a);

	*a = (struct link_ask){ .link = k, .fn = fn, .arg = arg };
	list_add_tail(&k->asks, &a->node);
	return a;
}

void
http_link_ask_drop(struct link_ask *a)
{
	list_del(&a->node);
	free(a);
}

/* Until the answer comes it is known to the client, so it stays. */
void
http_link_cancel(struct link_ask *a)
{
	if (!a)
		return;
	a->fn = NULL;
	a->log = NULL;
}

static void
give_log(struct link_ask *a, const struct client_answer *answer)
{
	struct proto_grow grow = { .proc = 0 };
	struct err why = ERR_INIT;
	struct logread *lr = NULL;

	if (answer->err)
		why = *answer->err;
	else if (answer->frame->nfds < 1 ||
		 proto_get_grow(answer->frame->data, answer->frame->len,
				&grow) < 0)
		err_set(&why, ERR_INTERNAL,
			"the engine's answer is malformed");
	else
		lr = logread_open(answer->frame->fds[0], &why);
	if (lr)
		logread_refresh(lr);
	a->log(lr, &grow, lr ? NULL : &why, a->arg);
}

void
http_link_answered(struct client *c, const struct client_answer *answer,
		   void *ask)
{
	struct link_ask *a = ask;
	(void)c;

	list_del(&a->node);
	if (a->log)
		give_log(a, answer);
	else if (a->fn)
		a->fn(answer, a->arg);
	free(a);
}

struct link_ask *
http_link_log(struct http_link *k, uint32_t proc, link_log_fn *fn, void *arg)
{
	if (!k->client)
		return NULL;
	struct link_ask *a = http_link_ask(k, NULL, arg);
	a->log = fn;
	if (client_log_open(k->client, proc, http_link_answered, a) == 0)
		return a;
	http_link_ask_drop(a);
	return NULL;
}

/* --- the link --- */

struct http_link *
http_link_new(struct loop *l, struct session *s)
{
	struct http_link *k = mem_alloc(sizeof *k);

	*k = (struct http_link){ .loop = l, .session = s,
				 .starter_talk = BUF_INIT(400) };
	list_init(&k->waits);
	list_init(&k->asks);
	list_init(&k->screens);
	for (size_t i = 0; i < WATCH_HASH; i++)
		list_init(&k->watches[i]);
	k->model = model_new(on_gone, k);
	k->retry = loop_timer(l, on_retry, k);
	k->at_give_up_ms = clock_ms() + COMING_BACK_MS;
	connect_now(k);
	return k;
}

void
http_link_free(struct http_link *k)
{
	if (!k)
		return;
	k->ended = true;
	client_free(k->client);
	loop_drop(k->starter);
	timer_drop(k->retry);
	model_free(k->model);
	buf_fini(&k->starter_talk);
	list_each_safe(n, tmp, &k->asks)
		free(container_of(n, struct link_ask, node));
	list_each_safe(n, tmp, &k->waits)
		free(container_of(n, struct link_wait, node));
	for (size_t i = 0; i < WATCH_HASH; i++)
		list_each_safe(n, tmp, &k->watches[i])
			free(container_of(n, struct link_watch, node));
	free(k);
}

enum link_state
http_link_state(const struct http_link *k)
{
	return is_lost(k) ? LINK_LOST : k->state;
}

struct client *
http_link_client(const struct http_link *k)
{
	return k->state == LINK_UP && !is_lost(k) ? k->client : NULL;
}

struct model *
http_link_model(const struct http_link *k)
{
	return k->model;
}

const char *
http_link_dir(const struct http_link *k)
{
	const struct proto_hello *h = k->client ? client_hello(k->client) :
						  NULL;

	return h && h->set_dir[0] ? h->set_dir : "/";
}

const struct err *
http_link_error(const struct http_link *k)
{
	return &k->why;
}
