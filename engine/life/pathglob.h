#ifndef SBX_PATHGLOB_H
#define SBX_PATHGLOB_H

/*
 * The globs of `files`: which files of a tree are meant, and which
 * directories can have such files.  Pure: no file is looked at.
 *
 *	src, src/	the file src, or everything below the directory
 *	**		any number of directories, or none
 *	*, ?, [a-z]	within a name; {js,ts}: one of these
 *	!build		not that, nor what is below it; without a slash: a
 *			file or directory of that name anywhere
 *
 * What is taken out stays out, whatever the order.  A wildcard matches no
 * name that begins with a dot, and none of what editors leave beside their
 * files (a~, #a#, 4913); a name that is written out is always meant.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct pathglobs;

enum {
	PATHGLOB_MAX = 256,	/* patterns, after braces */
	PATHGLOB_PARTS_MAX = 60,	/* names in a path */
};

/*
 * globs: NULL at the end, relative to cwd, an absolute path.  NULL with e
 * set: the pattern that is wrong, or nothing that is meant at all.
 */
struct pathglobs *pathglobs_new(const char *cwd, char *const *globs,
				struct err *e);
void	pathglobs_free(struct pathglobs *g);	/* NULL is fine */

/* Directories that everything meant is below of; none is below another. */
size_t	pathglobs_bases(const struct pathglobs *g, const char *const **out);

/* Absolute paths without "." and "..". */
bool	pathglobs_has_file(const struct pathglobs *g, const char *path);
bool	pathglobs_has_dir(const struct pathglobs *g, const char *path);

#endif
