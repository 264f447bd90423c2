#ifndef SBX_SETFILE_H
#define SBX_SETFILE_H

/*
 * Configuration files on disk: finding the project's sbxrc, deciding whether
 * a file may be believed, reading it whole.  A file is opened without ever
 * blocking (it may be a FIFO), must be a regular one and has a maximum.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;

/* Does the set of this file run?  It is asked of files that are not there. */
typedef bool set_runs_fn(const char *path);

/*
 * sbxrc or .sbxrc in dir or above it, up to $HOME or the root of the
 * repository; one that is gone counts if its set runs (NULL: never).  0 and
 * *path (caller frees), or -ENOENT, or another -errno with e set.  dir is
 * absolute, home may be NULL.
 */
int	set_find_rc(const char *dir, const char *home, set_runs_fn *runs,
		    char **path, struct err *e);

/* Is a file of that name the sbxrc of its directory? */
bool	setfile_is_name(const char *path);

struct setfile_id {
	dev_t dev;
	ino_t ino;
};

#define SETFILE_CHECK 1		/* mine or root's, written by nobody else, in
				 * a directory of which the same is true */
#define SETFILE_REAL  2		/* not a symbolic link */

/*
 * The content into b, up to its maximum.  0, or -errno with e set; -EPERM for
 * a file that may not be believed.  id may be NULL.
 */
int	setfile_read(const char *path, unsigned flags, struct buf *b,
		     struct setfile_id *id, struct err *e);

/* Absolute form of a path as written: "~/" is home, the rest under dir. */
char	*setfile_path(const char *dir, const char *home, const char *text);

#endif
