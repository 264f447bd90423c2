#include "setfile.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"

static const char *const names[] = { "sbxrc", ".sbxrc" };

static int
exists(const char *dir, const char *name)
{
	char *path = mem_fmt("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
	struct stat st;
	/* A dangling link is a file that cannot be read, not none. */
	int rc = lstat(path, &st) == 0;

	free(path);
	return rc;
}

/* The file of a set in one directory; NULL: there is none.  Caller frees. */
static char *
find_in(const char *dir, set_runs_fn *runs)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(names); i++) {
		const char *name = names[i % ARRAY_LEN(names)];
		bool gone = i >= ARRAY_LEN(names);
		char *path = mem_fmt("%s/%s", dir[1] ? dir : "", name);
		if (gone ? runs && runs(path) : exists(dir, name))
			return path;
		free(path);
	}
	return NULL;
}

bool
setfile_is_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

int
set_find_rc(const char *dir, const char *home, set_runs_fn *runs, char **path,
	    struct err *e)
{
	char *at;

	if (dir[0] != '/') {
		err_set(e, ERR_INTERNAL, "'%s' is not an absolute path", dir);
		return -EINVAL;
	}
	at = mem_str(dir);
	for (;;) {
		*path = find_in(at, runs);
		if (*path) {
			free(at);
			return 0;
		}
		char *slash = strrchr(at, '/');
		if (at[1] == '\0' || (home && strcmp(at, home) == 0) ||
		    exists(at, ".git"))
			break;
		slash[slash == at] = '\0';
	}
	free(at);
	err_set(e, ERR_USAGE, "no sbxrc in '%s' or above it", dir);
	err_hint(e, "'sbx init' writes one");
	return -ENOENT;
}

/*
 * Where every user has a group of the same name, files are often writable by
 * that group, and nobody else is in it.
 */
static bool
is_own_group(gid_t gid)
{
	const struct passwd *pw = getpwuid(geteuid());
	char *name = pw ? mem_str(pw->pw_name) : NULL;
	const struct group *gr = name ? getgrgid(gid) : NULL;
	bool own = gr && strcmp(gr->gr_name, name) == 0;

	for (char **m = own ? gr->gr_mem : NULL; m && *m; m++)
		own = own && strcmp(*m, name) == 0;
	free(name);
	return own;
}

static bool
is_foreign(const struct stat *st)
{
	return st->st_uid != geteuid() && st->st_uid != 0;
}

static bool
others_write(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) ||
	       ((st->st_mode & S_IWGRP) && st->st_gid != 0 &&
		!is_own_group(st->st_gid));
}

/* Whoever can rename files there decides which one has this name.  Where
 * everybody may write, the sticky bit leaves each to its owner. */
static int
distrust_dir(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_strn(path, SBX_MAX((size_t)(slash - path),
						   (size_t)1)) : mem_str(".");
	struct stat st;
	int rc = 0;

	if (stat(dir, &st) < 0)
		rc = -errno;
	else if (is_foreign(&st) ||
		 (others_write(&st) && !(st.st_mode & S_ISVTX)))
		rc = -EPERM;
	if (rc == -EPERM) {
		err_set(e, ERR_USAGE, "'%s' is in a directory that others can "
			"write to", path);
		err_hint(e, "read it, then: chmod go-w %s, or use it with "
			 "-f %s", dir, path);
	} else if (rc < 0) {
		err_set(e, ERR_USAGE, "cannot read '%s': %s", dir,
			strerror(-rc));
	}
	free(dir);
	return rc;
}

static int
distrust(const char *path, const struct stat *st, struct err *e)
{
	if (is_foreign(st)) {
		err_set(e, ERR_USAGE, "'%s' belongs to somebody else (uid %u)",
			path, (unsigned)st->st_uid);
		err_hint(e, "read it, then use it with -f %s", path);
		return -EPERM;
	}
	if (others_write(st)) {
		err_set(e, ERR_USAGE, "'%s' can be written by others (mode "
			"%03o)", path, (unsigned)st->st_mode & 0777);
		err_hint(e, "read it, then: chmod go-w %s", path);
		return -EPERM;
	}
	return distrust_dir(path, e);
}

static int
failed(const char *path, int rc, struct err *e)
{
	if (rc == -ELOOP) {
		err_set(e, ERR_USAGE, "'%s' is a symbolic link", path);
		err_hint(e, "look where it points, then use it with -f %s",
			 path);
		return -EPERM;
	}
	err_set(e, ERR_USAGE, "cannot read '%s': %s", path, strerror(-rc));
	return rc;
}

static int
read_all(int fd, const char *path, struct buf *b, struct err *e)
{
	for (;;) {
		size_t room = SBX_MIN(b->max - b->len, (size_t)65536);
		char last;
		ssize_t n;
		if (room == 0) {
			n = sys_read(fd, &last, 1);
			if (n > 0) {
				err_set(e, ERR_USAGE, "'%s' is larger than "
					"%zu KiB", path, b->max / 1024);
				return -EFBIG;
			}
			return n < 0 ? failed(path, (int)n, e) : 0;
		}
		char *to = buf_room(b, room);
		if (!to)
			return failed(path, -ENOMEM, e);
		n = sys_read(fd, to, room);
		if (n <= 0)
			return n < 0 ? failed(path, (int)n, e) : 0;
		buf_grew(b, (size_t)n);
	}
}

int
setfile_read(const char *path, unsigned flags, struct buf *b,
	     struct setfile_id *id, struct err *e)
{
	int open_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	int rc, fd;

	if (flags & SETFILE_REAL)
		open_flags |= O_NOFOLLOW;
	fd = sys_open(path, open_flags, 0);
	if (fd < 0)
		return failed(path, fd, e);
	rc = sys_fstat(fd, &st);
	if (rc < 0) {
		rc = failed(path, rc, e);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
		err_set(e, ERR_USAGE, "'%s' is %s", path,
			S_ISDIR(st.st_mode) ? "a directory" :
			"not a regular file");
		goto out;
	}
	if (flags & SETFILE_CHECK) {
		rc = distrust(path, &st, e);
		if (rc < 0)
			goto out;
	}
	if (id)
		*id = (struct setfile_id){ st.st_dev, st.st_ino };
	rc = read_all(fd, path, b, e);
out:
	sys_close(fd);
	return rc;
}

char *
setfile_path(const char *dir, const char *home, const char *text)
{
	if (text[0] == '/')
		return mem_str(text);
	if (home && text[0] == '~' && (text[1] == '/' || text[1] == '\0'))
		return mem_fmt("%s%s", home, text + 1);
	while (text[0] == '.' && text[1] == '/')
		text += 1 + strspn(text + 1, "/");
	if (text[0] == '\0' || strcmp(text, ".") == 0)
		return mem_str(dir);
	return mem_fmt("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, text);
}
