#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core.h"
#include "registry.h"
#include "serve.h"

enum {
	AGAIN_US = 200 * 1000,	/* when it cannot be put back yet */
	WATCHED = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE |
		  IN_DELETE_SELF | IN_MOVE_SELF,
};

static void
on_watch(struct source *s, unsigned events, void *arg);

/* The descriptor of a file in the runtime directory, or -errno. */
static int
open_there(const struct engine *e, const char *name, int flags)
{
	char *path = mem_fmt("%s/%s", e->dir.run_dir, name);
	int fd = sys_open(path, flags | O_CREAT | O_NOFOLLOW, 0600);
	free(path);
	return fd;
}

static bool
has_lock(const struct engine *e)
{
	struct stat here, there;
	char *path = mem_fmt("%s/engine.lock", e->dir.run_dir);
	bool same = sys_fstat(e->lock_fd, &here) == 0 &&
		    lstat(path, &there) == 0 && here.st_dev == there.st_dev &&
		    here.st_ino == there.st_ino;
	free(path);
	return same;
}

int
hold_lock(struct engine *e)
{
	int fd = open_there(e, "engine.lock", O_RDWR);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		sys_close(fd);
		return -EBUSY;
	}
	sys_close(e->lock_fd);
	e->lock_fd = fd;
	return 0;
}

/*
 * In the state directory, as long as something of the set may be left: only
 * then is every process of the machine looked at before the first start.
 * When the mark cannot be put or read, it counts as found.
 */
bool
hold_mark(struct engine *e)
{
	int fd = sys_openat(e->state_fd, "unended",
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	sys_close(fd);
	return fd < 0;
}

void
hold_unmark(struct engine *e)
{
	sys_unlinkat(e->state_fd, "unended", 0);
}

/* By this file clients know that an engine is there or will be again. */
static int
put_anchor(struct engine *e)
{
	char *path = mem_fmt("%s/anchor", e->dir.run_dir);
	struct stat st;
	int fd = -1, r = 0;

	if (lstat(path, &st) < 0) {
		fd = open_there(e, "anchor", O_WRONLY | O_TRUNC);
		if (fd < 0 || dprintf(fd, "%d\n", e->anchor_pid) < 0)
			r = fd < 0 ? fd : -EIO;
		sys_close(fd);
	}
	free(path);
	return r;
}

/*
 * The directories as they are now: those of a former look may be gone.  One
 * descriptor for all looks, as closing it waits for every processor's grace
 * period, which is 10 ms and more.
 */
static void
watch(struct engine *e)
{
	int fd = e->hold ? loop_fd(e->hold) : sys_inotify();

	if (fd < 0)
		return;
	if (!e->hold)
		e->hold = loop_add(e->loop, fd, LOOP_IN, "directory",
				   on_watch, e);
	if (!e->hold) {
		sys_close(fd);
		return;
	}
	(void)sys_inotify_add(fd, e->dir.run_dir, WATCHED);
	/* The name of an open directory goes: only its parent is told. */
	(void)sys_inotify_add(fd, e->dir.state_dir, IN_DELETE | IN_MOVED_FROM);
}

static bool
has_logs(const struct engine *e)
{
	struct stat st;
	return sys_fstat(e->log_fd, &st) < 0 || st.st_nlink > 0;
}

/* 0 when all is in its place again. */
static int
put_back(struct engine *e, struct err *err)
{
	int r;

	if (rundir_make(&e->dir, err) < 0)
		return -1;
	watch(e);
	/* The lock first: under it nobody else puts a socket there. */
	if (!has_lock(e)) {
		r = hold_lock(e);
		if (r == -EBUSY) {
			engine_note(e, NULL, EVENT_NOTE, CAUSE_ENGINE,
				    "another engine has the place of this "
				    "one");
			engine_down(e, CAUSE_ENGINE, 0);
			return 0;
		}
		if (r < 0)
			return err_set(err, ERR_FAILED, "engine.lock: %s",
				       strerror(-r));
	}
	r = put_anchor(e);
	if (r < 0)
		return err_set(err, ERR_FAILED, "anchor: %s", strerror(-r));
	if (serve_listens(e))
		return 0;
	if (serve_listen(e, err) < 0)
		return -1;
	engine_note(e, NULL, EVENT_NOTE, CAUSE_ENGINE,
		    "the socket was gone and is there again");
	return 0;
}

static void
look(struct engine *e)
{
	struct err err = ERR_INIT;

	if (e->going_down || !e->listener)
		return;
	if (!has_logs(e)) {
		if (registry_save(e) < 0)
			timer_arm(e->hold_timer, clock_us() + AGAIN_US);
		else
			loop_stop(e->loop);
		return;
	}
	if (put_back(e, &err) < 0)
		timer_arm(e->hold_timer, clock_us() + AGAIN_US);
}

static void
on_watch(struct source *s, unsigned events, void *arg)
{
	_Alignas(struct inotify_event) char data[4096];
	(void)events;

	/* What exactly happened does not matter: what is there is looked at. */
	while (sys_read(loop_fd(s), data, sizeof data) > 0)
		;
	look(arg);
}

static void
on_hold_timer(struct timer *t, void *arg)
{
	(void)t;
	look(arg);
}

void
hold_start(struct engine *e)
{
	e->hold_timer = loop_timer(e->loop, on_hold_timer, e);
	watch(e);
	/* What was removed while no engine was there. */
	look(e);
}

void
hold_stop(struct engine *e)
{
	loop_drop(e->hold);
	e->hold = NULL;
	timer_drop(e->hold_timer);
	e->hold_timer = NULL;
}
