#include "rundir.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"

/* FNV-1a, 64 bits: only has to tell the sets of one user apart. */
static uint64_t
hash_of(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *s; s++) {
		h ^= (unsigned char)*s;
		h *= 0x100000001b3u;
	}
	return h;
}

/* A directory name that needs no quoting anywhere, at most 24 bytes. */
static char *
printable_name(const char *dir)
{
	const char *base = strrchr(dir, '/');
	base = base && base[1] ? base + 1 : "root";
	char *name = mem_strn(base, strnlen(base, 24));
	for (char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			*p = '_';
	}
	return name;
}

static char *
runtime_base(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	if (xdg && xdg[0] == '/')
		return mem_fmt("%s/sbx", xdg);
	char *user = mem_fmt("/run/user/%u", (unsigned)geteuid());
	struct stat st;
	if (lstat(user, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid()) {
		char *path = mem_fmt("%s/sbx", user);
		free(user);
		return path;
	}
	free(user);
	return mem_fmt("/tmp/sbx-%u", (unsigned)geteuid());
}

static char *
state_base(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (xdg && xdg[0] == '/')
		return mem_fmt("%s/sbx", xdg);
	if (home && home[0] == '/')
		return mem_fmt("%s/.local/state/sbx", home);
	return mem_fmt("/tmp/sbx-%u/state", (unsigned)geteuid());
}

int
rundir_of_key(struct rundir *r, bool has_rc, const char *key, struct err *e)
{
	*r = (struct rundir){ .key = mem_str(key) };
	r->rc_path = mem_str(has_rc ? r->key : "");
	r->dir = mem_str(r->key);
	char *slash = strrchr(r->dir, '/');
	if (has_rc && slash)
		slash[slash == r->dir] = '\0';
	r->name = printable_name(r->dir);

	uint64_t h = hash_of(r->key);
	r->hash = (uint32_t)(h ^ h >> 32) & 0x7fffffff;
	char *run = runtime_base(), *state = state_base();
	r->run_dir = mem_fmt("%s/%s-%08x", run, r->name, r->hash);
	r->state_dir = mem_fmt("%s/%s-%08x", state, r->name, r->hash);
	r->sock_path = mem_fmt("%s/sock", r->run_dir);
	free(run);
	free(state);
	struct sockaddr_un addr;
	if (strlen(r->sock_path) >= sizeof addr.sun_path) {
		err_set(e, ERR_FAILED, "the socket path '%.200s' is too long",
			r->sock_path);
		err_hint(e, "point XDG_RUNTIME_DIR at a shorter directory");
		rundir_fini(r);
		return -1;
	}
	return 0;
}

int
rundir_init(struct rundir *r, const char *rc_path, const char *dir,
	    struct err *e)
{
	char *key = realpath(rc_path ? rc_path : dir, NULL);

	*r = (struct rundir){ .key = NULL };
	if (!key)
		return err_set(e, ERR_USAGE, "'%s': %s",
			       rc_path ? rc_path : dir, strerror(errno));
	int rc = rundir_of_key(r, rc_path, key, e);
	free(key);
	return rc;
}

/*
 * What is below has nothing to do with each other, so ext4 is to look for a
 * place of its own for each, instead of one beside all the rest of a home or
 * of /tmp: to make a file there it may have to pass over all that were ever
 * removed.
 */
static void
set_apart(int fd)
{
	int flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL))
		return;
	flags |= FS_TOPDIR_FL;
	/* Few others know it, and none needs it. */
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* are_sets: what is below are directories of sets. */
static int
make_private(const char *path, bool are_sets, struct err *e)
{
	int fd = sys_private_dir(path);
	if (fd >= 0) {
		if (are_sets)
			set_apart(fd);
		sys_close(fd);
		return 0;
	}
	if (fd == -EPERM)
		err_set(e, ERR_FAILED, "'%.300s' belongs to somebody else or "
			"others may write to it", path);
	else if (fd == -ELOOP)
		err_set(e, ERR_FAILED, "'%.300s' is not a directory of our "
			"own but a link or a file", path);
	else
		err_set(e, ERR_FAILED, "'%.300s': %s", path, strerror(-fd));
	return err_hint(e, "see XDG_RUNTIME_DIR and XDG_STATE_HOME in sbx(1)");
}

static int
make_parent_private(const char *path, bool are_sets, struct err *e)
{
	char *parent = mem_strn(path, (size_t)(strrchr(path, '/') - path));
	int rc = make_private(parent, are_sets, e);

	free(parent);
	return rc;
}

int
rundir_make(const struct rundir *r, struct err *e)
{
	char *tmp = mem_fmt("/tmp/sbx-%u/", (unsigned)geteuid());
	bool in_tmp = strncmp(r->state_dir, tmp, strlen(tmp)) == 0;
	int rc = 0;

	/* The parents too: who owns one could put another in our place. */
	if (in_tmp)
		rc = make_parent_private(tmp, false, e);
	if (rc == 0)
		rc = make_parent_private(r->state_dir, true, e);
	if (rc == 0)
		rc = make_parent_private(r->run_dir, false, e);
	if (rc == 0)
		rc = make_private(r->run_dir, false, e);
	if (rc == 0)
		rc = make_private(r->state_dir, false, e);
	free(tmp);
	return rc;
}

void
rundir_fini(struct rundir *r)
{
	free(r->key);
	free(r->name);
	free(r->dir);
	free(r->rc_path);
	free(r->run_dir);
	free(r->state_dir);
	free(r->sock_path);
	*r = (struct rundir){ .key = NULL };
}
