#include "filewatch_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "life/pathglob.h"

enum {
	SLICE_US = 2000,
	RETRY_US = 1000 * 1000,	/* of a base that is not there */
	RESCAN_US = 1000 * 1000,	/* at least between two of them */
	EVENTS_LEN = 64 * 1024,
};

/* --- what is told of ---------------------------------------------------- */

static void
arm(struct filewatch_set *s)
{
	uint64_t now = clock_us();
	uint64_t last;

	if (s->at_first_us == 0)
		s->at_first_us = now;
	last = s->at_first_us + SBX_MAX(s->debounce_us,
					FILEWATCH_WAIT_MAX_MS * 1000ull);
	timer_arm(s->timer, SBX_MIN(now + s->debounce_us, last));
}

void
filewatch_note(struct filewatch_set *s, const char *path)
{
	size_t len = strlen(s->cwd);

	if (strncmp(path, s->cwd, len) == 0 && path[len] == '/')
		path += len + 1;
	arm(s);
	for (size_t i = 0; i < s->path_count; i++)
		if (strcmp(s->paths[i], path) == 0)
			return;
	if (s->path_count < FILEWATCH_PATHS)
		s->paths[s->path_count++] = mem_str(path);
	else
		s->more++;
}

static void
note_file(const struct dir *d, const char *name)
{
	char path[PATH_MAX];

	if (filetree_path(d, name, path) && filetree_wants(d->set, path))
		filewatch_note(d->set, path);
}

/* Callbacks come from timers only, so that no walk sees its set go. */
void
filewatch_note_trouble(struct filewatch_set *s)
{
	if (s->in_trouble)
		return;
	s->in_trouble = true;
	timer_arm(s->timer, clock_us());
}

static void
free_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
}

static void
tell(struct timer *t, void *arg)
{
	struct filewatch_set *s = arg;
	uint64_t now = clock_us();

	(void)t;
	if (s->in_trouble && !s->trouble_told) {
		s->trouble_told = true;
		if (s->at_first_us)
			arm(s);
		if (s->ops->trouble)
			s->ops->trouble(s->arg, &s->trouble);
		return;
	}
	if (s->at_first_us == 0)
		return;
	/* What comes from a tree that is still arriving belongs together. */
	if (s->todo > 0 && (s->lost || now - s->at_first_us <
			    FILEWATCH_WAIT_MAX_MS * 1000ull)) {
		timer_arm(t, now + s->debounce_us);
		return;
	}
	char *paths[FILEWATCH_PATHS];
	struct filewatch_change c = {
		.paths = (const char *const *)paths, .count = s->path_count,
		.more = s->more, .lost = s->lost,
	};
	memcpy(paths, s->paths, sizeof paths);
	s->path_count = 0;
	s->more = 0;
	s->lost = false;
	s->at_first_us = 0;
	s->ops->changed(s->arg, &c);
	free_paths(paths, c.count);
}

static void
retry(struct timer *t, void *arg)
{
	struct filewatch *w = arg;

	list_each(pos, &w->sets) {
		struct filewatch_set *s = container_of(pos,
						struct filewatch_set, node);
		for (size_t i = 0; i < s->base_count; i++)
			if (!s->bases[i] &&
			    !filetree_enter_base(s, i, INT64_MIN))
				timer_arm(t, clock_us() + RETRY_US);
	}
	filetree_reap(w);
}

/* The kernel has lost events: everything anew. */
static void
rescan(struct timer *t, void *arg)
{
	struct filewatch *w = arg;

	(void)t;
	w->at_rescan_us = clock_us();
	list_each(pos, &w->sets) {
		struct filewatch_set *s = container_of(pos,
						struct filewatch_set, node);
		int64_t now_ms = clock_wall_ms();

		s->lost = true;
		arm(s);
		for (size_t i = 0; i < s->base_count; i++) {
			if (s->bases[i])
				filetree_bury(s->bases[i]);
			if (!filetree_enter_base(s, i, now_ms))
				timer_arm(w->retry_timer,
					  clock_us() + RETRY_US);
		}
	}
	filetree_reap(w);
}

/* --- events ------------------------------------------------------------- */

/* A file that was made shows up again when it is closed; a link never is. */
static bool
is_complete(const struct dir *d, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return filetree_path(d, name, path) && lstat(path, &st) == 0 &&
	       (S_ISLNK(st.st_mode) ||
		(S_ISREG(st.st_mode) && (st.st_nlink > 1 || st.st_size > 0)));
}

/* A base may come back. */
static void
bury(struct dir *d)
{
	if (!d->parent)
		timer_arm(d->set->w->retry_timer, clock_us() + RETRY_US);
	filetree_bury(d);
}

static void
take_dir_event(struct dir *d, uint32_t mask, const char *name)
{
	if (mask & (IN_CREATE | IN_MOVED_TO)) {
		filetree_enter(d, name, INT64_MIN);
		return;
	}
	struct dir *child = filetree_find(d, name);
	char path[PATH_MAX];
	if (!child)
		return;
	/* Files that are removed tell of themselves, moved ones do not. */
	if ((mask & IN_MOVED_FROM) && filetree_path(d, name, path))
		filewatch_note(d->set, path);
	bury(child);
}

static void
take_event(struct dir *d, uint32_t mask, const char *name)
{
	if (mask & IN_IGNORED) {
		filetree_forget_wd(d);
		bury(d);
	} else if (mask & IN_MOVE_SELF) {
		/* Others are told of by the directory that they left. */
		if (d->parent)
			return;
		filewatch_note(d->set, d->name);
		bury(d);
	} else if (!*name) {
		return;
	} else if (mask & IN_ISDIR) {
		take_dir_event(d, mask, name);
	} else if (!(mask & IN_CREATE) || is_complete(d, name)) {
		note_file(d, name);
	}
}

static void
dispatch(struct filewatch *w, const struct inotify_event *ev,
	 const char *name)
{
	if (ev->mask & IN_Q_OVERFLOW) {
		uint64_t soonest = w->at_rescan_us + RESCAN_US;
		if (!timer_armed(w->rescan_timer))
			timer_arm(w->rescan_timer,
				  SBX_MAX(clock_us(), soonest));
		return;
	}
	/* Those there are now: an event may make and bury others. */
	struct dir *few[16], **v = few;
	size_t count = filetree_with_wd(w, ev->wd, few, ARRAY_LEN(few));
	if (count > ARRAY_LEN(few)) {
		v = mem_array(count, sizeof *v);
		filetree_with_wd(w, ev->wd, v, count);
	}
	for (size_t i = 0; i < count; i++)
		if (!v[i]->dead)
			take_event(v[i], ev->mask, name);
	if (v != few)
		free(v);
	filetree_reap(w);
}

static void
on_events(struct source *src, unsigned events, void *arg)
{
	struct filewatch *w = arg;
	static _Alignas(struct inotify_event) char data[EVENTS_LEN];
	uint64_t until = clock_us() + SLICE_US;

	(void)events;
	/* One buffer at least; the rest keeps the source ready. */
	do {
		ssize_t n = sys_read(loop_fd(src), data, sizeof data);
		if (n <= 0)
			return;
		for (ssize_t at = 0; at < n;) {
			struct inotify_event *ev = (void *)(data + at);
			dispatch(w, ev, ev->len ? ev->name : "");
			at += (ssize_t)(sizeof *ev + ev->len);
		}
	} while (clock_us() < until);
}

/* --- sets --------------------------------------------------------------- */

static int
open_inotify(struct filewatch *w, struct err *e)
{
	if (w->source)
		return 0;
	int fd = sys_inotify();
	if (fd >= 0) {
		w->source = loop_add(w->loop, fd, LOOP_IN, "files", on_events,
				     w);
		if (w->source)
			return 0;
		sys_close(fd);
		return err_set(e, ERR_INTERNAL, "files: %s", strerror(errno));
	}
	err_set(e, ERR_INTERNAL, "files: nothing can be watched: %s",
		strerror(-fd));
	if (fd == -EMFILE)
		err_hint(e, "sysctl fs.inotify.max_user_instances=512");
	return -1;
}

struct filewatch *
filewatch_new(struct loop *l)
{
	struct filewatch *w = mem_alloc(sizeof *w);

	w->loop = l;
	list_init(&w->sets);
	filetree_init(w);
	w->scan_timer = loop_timer(l, filetree_scan, w);
	w->retry_timer = loop_timer(l, retry, w);
	w->rescan_timer = loop_timer(l, rescan, w);
	return w;
}

void
filewatch_free(struct filewatch *w)
{
	if (!w)
		return;
	while (!list_empty(&w->sets))
		filewatch_drop(container_of(w->sets.next,
					    struct filewatch_set, node));
	timer_drop(w->scan_timer);
	timer_drop(w->retry_timer);
	timer_drop(w->rescan_timer);
	free_paths(w->ignored, w->ignored_count);
	free(w->ignored);
	filetree_fini(w);
	free(w);
}

void
filewatch_ignore(struct filewatch *w, const char *path)
{
	for (size_t i = 0; i < w->ignored_count; i++)
		if (strcmp(w->ignored[i], path) == 0)
			return;
	w->ignored = mem_grow(w->ignored, w->ignored_count,
			      w->ignored_count + 1, sizeof *w->ignored);
	w->ignored[w->ignored_count++] = mem_str(path);
}

struct filewatch_set *
filewatch_add(struct filewatch *w, const char *cwd, char *const *globs,
	      uint64_t debounce_ms, const struct filewatch_ops *ops,
	      void *arg, struct err *e)
{
	const char *const *paths;
	struct pathglobs *g = pathglobs_new(cwd, globs, e);

	if (!g)
		return NULL;
	if (open_inotify(w, e) < 0) {
		pathglobs_free(g);
		return NULL;
	}
	struct filewatch_set *s = mem_alloc(sizeof *s);
	s->w = w;
	s->globs = g;
	s->cwd = mem_str(cwd);
	s->debounce_us = 1000 * (debounce_ms ? debounce_ms :
				 FILEWATCH_DEBOUNCE_MS);
	s->ops = ops;
	s->arg = arg;
	s->timer = loop_timer(w->loop, tell, s);
	s->base_count = pathglobs_bases(g, &paths);
	s->bases = mem_array(s->base_count, sizeof *s->bases);
	list_add_tail(&w->sets, &s->node);
	int64_t now_ms = clock_wall_ms();
	for (size_t i = 0; i < s->base_count; i++)
		if (!filetree_enter_base(s, i, now_ms))
			timer_arm(w->retry_timer, clock_us() + RETRY_US);
	filetree_reap(w);
	return s;
}

void
filewatch_drop(struct filewatch_set *s)
{
	if (!s)
		return;
	struct filewatch *w = s->w;

	for (size_t i = 0; i < s->base_count; i++)
		if (s->bases[i])
			filetree_bury(s->bases[i]);
	list_del(&s->node);
	timer_drop(s->timer);
	free_paths(s->paths, s->path_count);
	pathglobs_free(s->globs);
	free(s->bases);
	free(s->cwd);
	free(s);
	if (list_empty(&w->sets)) {
		/* Takes all watches with it. */
		loop_drop(w->source);
		w->source = NULL;
	}
	filetree_reap(w);
}

bool
filewatch_is_settled(const struct filewatch_set *s)
{
	return s->todo == 0;
}

size_t
filewatch_dirs(const struct filewatch *w)
{
	return w->dirs;
}
