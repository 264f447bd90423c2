#include "filewatch_int.h"

#include <errno.h>
#include <fcntl.h>
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
	SLICE_LOOK = 64,	/* entries between two looks at the clock */
	REAP_MAX = 500,		/* directories: each is a system call */
	RETRY_US = 1000 * 1000,	/* when there are no descriptors */
	BUCKETS_MIN = 64,
	MASK = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
	       IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
	       IN_EXCL_UNLINK,
};

/* --- the tables --------------------------------------------------------- */

static void
table_resize(struct table_of *t, size_t cap)
{
	struct list *old = t->buckets;
	size_t old_cap = t->cap;

	t->buckets = mem_array(cap, sizeof *t->buckets);
	t->cap = cap;
	for (size_t i = 0; i < cap; i++)
		list_init(&t->buckets[i]);
	for (size_t i = 0; i < old_cap; i++)
		list_each_safe(pos, tmp, &old[i]) {
			struct link *l = container_of(pos, struct link, node);
			list_del(pos);
			list_add_tail(&t->buckets[l->hash & (cap - 1)], pos);
		}
	free(old);
}

static void
link_add(struct table_of *t, struct link *l, uint64_t hash)
{
	if (t->count >= t->cap)
		table_resize(t, t->cap ? t->cap * 2 : BUCKETS_MIN);
	l->hash = hash;
	list_add_tail(&t->buckets[hash & (t->cap - 1)], &l->node);
	t->count++;
}

static void
link_drop(struct table_of *t, struct link *l)
{
	if (list_empty(&l->node))
		return;
	list_del(&l->node);
	t->count--;
}

static struct list *
bucket(const struct table_of *t, uint64_t hash)
{
	return &t->buckets[hash & (t->cap - 1)];
}

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	return h ^ h >> 29;
}

static uint64_t
name_hash(const struct dir *parent, const char *name)
{
	uint64_t h = (uint64_t)(uintptr_t)parent;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	return mix(h);
}

struct dir *
filetree_find(const struct dir *parent, const char *name)
{
	struct filewatch *w = parent->set->w;
	uint64_t hash = name_hash(parent, name);

	list_each(pos, bucket(&w->names, hash)) {
		struct dir *d = container_of(pos, struct dir, by_name.node);
		if (d->by_name.hash == hash && d->parent == parent &&
		    !d->dead && strcmp(d->name, name) == 0)
			return d;
	}
	return NULL;
}

/* --- paths -------------------------------------------------------------- */

/* The root's own name is the slash of what is in it. */
static bool
is_root(const struct dir *d)
{
	return !d->parent && !d->name[1];
}

bool
filetree_path(const struct dir *d, const char *name, char out[PATH_MAX])
{
	char tmp[PATH_MAX];
	size_t at = sizeof tmp - 1;

	tmp[at] = '\0';
	while (d || name) {
		const char *part = name ? name : d->name;
		const struct dir *above = name ? d : d->parent;
		size_t len = strlen(part);
		if (len + 1 > at)
			return false;
		at -= len;
		memcpy(tmp + at, part, len);
		if (above && !is_root(above))
			tmp[--at] = '/';
		name = NULL;
		d = above;
	}
	memcpy(out, tmp + at, sizeof tmp - at);
	return true;
}

static bool
is_ignored(const struct filewatch *w, const char *path)
{
	for (size_t i = 0; i < w->ignored_count; i++) {
		size_t len = strlen(w->ignored[i]);
		if (strncmp(path, w->ignored[i], len) == 0 &&
		    strchr("/.", path[len]))
			return true;
	}
	return false;
}

bool
filetree_wants(const struct filewatch_set *s, const char *path)
{
	return pathglobs_has_file(s->globs, path) && !is_ignored(s->w, path);
}

/* --- limits ------------------------------------------------------------- */

static void
say_full(struct filewatch_set *s)
{
	if (s->in_trouble)
		return;
	err_set(&s->trouble, ERR_FULL, "files: more than %d directories to "
		"watch", FILEWATCH_DIRS_MAX);
	err_hint(&s->trouble, "take some away, like !node_modules !build");
	filewatch_note_trouble(s);
}

static void
say_refused(struct filewatch_set *s)
{
	char text[16] = "?";

	if (s->in_trouble)
		return;
	int fd = sys_open("/proc/sys/fs/inotify/max_user_watches", O_RDONLY,
			  0);
	if (fd >= 0) {
		ssize_t n = sys_read(fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		sys_close(fd);
	}
	err_set(&s->trouble, ERR_FULL, "files: not all directories can be "
		"watched, the system allows %s of them to a user", text);
	err_hint(&s->trouble, "sysctl fs.inotify.max_user_watches=524288, or "
		 "take some away, like !node_modules");
	filewatch_note_trouble(s);
}

/* --- directories -------------------------------------------------------- */

static void
todo_drop(struct dir *d)
{
	struct filewatch *w = d->set->w;

	if (w->opened == d) {
		closedir(w->open);
		w->open = NULL;
		w->opened = NULL;
		d->set->todo--;
	} else if (!list_empty(&d->todo)) {
		list_del(&d->todo);
		d->set->todo--;
	}
}

/* Again from its first entry, if it is being looked through. */
static void
todo_add(struct dir *d, int64_t since_ms)
{
	struct filewatch *w = d->set->w;
	bool begun = w->opened == d || !list_empty(&d->todo);

	d->since_ms = begun ? SBX_MIN(d->since_ms, since_ms) : since_ms;
	todo_drop(d);
	list_add_tail(&w->todo, &d->todo);
	d->set->todo++;
	timer_arm(w->scan_timer, clock_us());
}

static void
set_wd(struct dir *d, int wd)
{
	struct filewatch *w = d->set->w;

	link_drop(&w->wds, &d->by_wd);
	d->wd = wd;
	if (wd >= 0)
		link_add(&w->wds, &d->by_wd, mix((uint64_t)wd));
}

void
filetree_bury(struct dir *d)
{
	if (d->dead)
		return;
	d->dead = true;
	todo_drop(d);
	list_add_tail(&d->set->w->dead, &d->todo);
	list_each(pos, &d->children)
		filetree_bury(container_of(pos, struct dir, sibling));
	for (size_t i = 0; !d->parent && i < d->set->base_count; i++)
		if (d->set->bases[i] == d)
			d->set->bases[i] = NULL;
}

void
filetree_forget_wd(struct dir *d)
{
	set_wd(d, -1);
}

/* Buried ones too: the last of them gives the watch back. */
static bool
has_wd(const struct filewatch *w, int wd)
{
	list_each(pos, bucket(&w->wds, mix((uint64_t)wd)))
		if (container_of(pos, struct dir, by_wd.node)->wd == wd)
			return true;
	return false;
}

size_t
filetree_with_wd(const struct filewatch *w, int wd, struct dir **out,
		 size_t cap)
{
	size_t count = 0;

	list_each(pos, bucket(&w->wds, mix((uint64_t)wd))) {
		struct dir *d = container_of(pos, struct dir, by_wd.node);
		if (d->wd != wd || d->dead)
			continue;
		if (count < cap)
			out[count] = d;
		count++;
	}
	return count;
}

/* Its set may be gone already. */
static void
free_dir(struct filewatch *w, struct dir *d)
{
	int wd = d->wd;

	list_del(&d->todo);
	list_del(&d->sibling);
	/* Children that are freed later have no list to leave. */
	list_each_safe(pos, tmp, &d->children)
		list_del(pos);
	link_drop(&w->names, &d->by_name);
	link_drop(&w->wds, &d->by_wd);
	if (wd >= 0 && w->source && !has_wd(w, wd))
		(void)sys_inotify_drop(loop_fd(w->source), wd);
	w->dirs--;
	free(d);
}

void
filetree_reap(struct filewatch *w)
{
	for (unsigned n = 0; n < REAP_MAX && !list_empty(&w->dead); n++)
		free_dir(w, container_of(w->dead.next, struct dir, todo));
	if (!list_empty(&w->dead))
		timer_arm(w->scan_timer, clock_us());
}

static struct dir *
dir_new(struct filewatch_set *s, struct dir *parent, const char *name)
{
	size_t len = strlen(name) + 1;
	struct dir *d = mem_alloc(sizeof *d + len);

	d->set = s;
	d->parent = parent;
	d->wd = -1;
	memcpy(d->name, name, len);
	list_init(&d->sibling);
	list_init(&d->children);
	list_init(&d->by_wd.node);
	list_init(&d->by_name.node);
	list_init(&d->todo);
	if (parent) {
		list_add_tail(&parent->children, &d->sibling);
		link_add(&s->w->names, &d->by_name, name_hash(parent, name));
	}
	s->w->dirs++;
	return d;
}

/* Watches it, or again what has taken its name: 0 or -errno. */
static int
dir_watch(struct dir *d)
{
	char path[PATH_MAX];
	uint32_t mask = MASK | (d->parent ? IN_DONT_FOLLOW : 0);

	if (!filetree_path(d, NULL, path))
		return -ENAMETOOLONG;
	int wd = sys_inotify_add(loop_fd(d->set->w->source), path, mask);
	if (wd < 0) {
		if (wd == -ENOSPC)
			say_refused(d->set);
		return wd;
	}
	if (wd != d->wd)
		set_wd(d, wd);
	return 0;
}

void
filetree_enter(struct dir *parent, const char *name, int64_t since_ms)
{
	struct filewatch_set *s = parent->set;
	struct dir *d = filetree_find(parent, name);
	char path[PATH_MAX];

	if (!d) {
		if (!filetree_path(parent, name, path) ||
		    !pathglobs_has_dir(s->globs, path) ||
		    is_ignored(s->w, path))
			return;
		if (s->w->dirs >= FILEWATCH_DIRS_MAX) {
			say_full(s);
			return;
		}
		d = dir_new(s, parent, name);
	}
	if (dir_watch(d) < 0)
		filetree_bury(d);
	else
		todo_add(d, since_ms);
}

bool
filetree_enter_base(struct filewatch_set *s, size_t idx, int64_t since_ms)
{
	const char *const *paths;

	pathglobs_bases(s->globs, &paths);
	struct dir *d = dir_new(s, NULL, paths[idx]);
	if (dir_watch(d) < 0) {
		filetree_bury(d);
		return false;
	}
	s->bases[idx] = d;
	todo_add(d, since_ms);
	return true;
}

/* --- looking through ---------------------------------------------------- */

static bool
changed_since(int fd, const char *name, int64_t since_ms)
{
	struct stat st;

	if (since_ms == INT64_MIN)
		return true;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return (int64_t)st.st_ctim.tv_sec * 1000 +
	       st.st_ctim.tv_nsec / 1000000 > since_ms;
}

static void
look_at(struct dir *d, int fd, const struct dirent *e)
{
	const char *name = e->d_name;
	unsigned type = e->d_type;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (type == DT_UNKNOWN) {
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return;
		type = IFTODT(st.st_mode);
	}
	if (type == DT_DIR) {
		filetree_enter(d, name, d->since_ms);
		return;
	}
	char path[PATH_MAX];
	if ((type == DT_REG || type == DT_LNK) &&
	    filetree_path(d, name, path) && filetree_wants(d->set, path) &&
	    changed_since(fd, name, d->since_ms))
		filewatch_note(d->set, path);
}

/* The next directory of the queue; false if it cannot be read. */
static bool
open_next(struct filewatch *w)
{
	struct dir *d = container_of(w->todo.next, struct dir, todo);
	char path[PATH_MAX];
	int fd = -ENAMETOOLONG;

	if (filetree_path(d, NULL, path))
		fd = sys_open(path, O_RDONLY | O_DIRECTORY |
			      (d->parent ? O_NOFOLLOW : 0), 0);
	if (fd == -EMFILE || fd == -ENFILE) {
		timer_arm(w->scan_timer, clock_us() + RETRY_US);
		return false;
	}
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	if (!open) {
		sys_close(fd);
		/* Gone again, or not for us to read. */
		todo_drop(d);
		return true;
	}
	list_del(&d->todo);
	w->open = open;
	w->opened = d;
	return true;
}

void
filetree_scan(struct timer *t, void *arg)
{
	struct filewatch *w = arg;
	uint64_t until = clock_us() + SLICE_US;

	for (unsigned n = 1; w->open || !list_empty(&w->todo); n++) {
		if (n % SLICE_LOOK == 0 && clock_us() > until) {
			timer_arm(t, clock_us());
			break;
		}
		if (!w->open && !open_next(w))
			break;
		if (!w->open)
			continue;
		struct dirent *e = readdir(w->open);
		if (e)
			look_at(w->opened, dirfd(w->open), e);
		else
			todo_drop(w->opened);
	}
	filetree_reap(w);
}

void
filetree_init(struct filewatch *w)
{
	list_init(&w->todo);
	list_init(&w->dead);
	table_resize(&w->names, BUCKETS_MIN);
	table_resize(&w->wds, BUCKETS_MIN);
}

void
filetree_fini(struct filewatch *w)
{
	while (!list_empty(&w->dead))
		free_dir(w, container_of(w->dead.next, struct dir, todo));
	free(w->names.buckets);
	free(w->wds.buckets);
}
