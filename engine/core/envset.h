#ifndef SBX_ENVSET_H
#define SBX_ENVSET_H

/*
 * The environment as it was changed at run time ("sbx env"): for the whole set
 * or for a group, applied to runs that start later.  A group may have a
 * directory too, for processes that are added to it later without one.  What
 * is said of the set comes behind what its sbxrc says of the set, what is said
 * of a group behind what that says of groups; the variables of a process
 * itself win.
 *
 * A name is there once in each place: the last word counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct msg_reader;
struct spec;
struct spec_env;

struct envset_part {
	char *group;		/* "": the set */
	struct spec_env *env;
	size_t count;
	char *cwd;		/* NULL: nothing was said */
};

struct envset {
	struct envset_part *parts;
	size_t count;
};

enum {
	ENVSET_PARTS_MAX = 1000, ENVSET_WORDS_MAX = 1000,
	ENVSET_BYTES_MAX = 1 << 20,
};

struct envset *envset_new(void);
void	envset_free(struct envset *es);		/* NULL is fine */
struct envset *envset_dup(const struct envset *es);
/* "K=V" or "-K" for a group, "" is the set.  0, or -1 with nothing done. */
int	envset_add(struct envset *es, const char *group, const char *word,
		   struct err *e);
/* The group is there from now on, if only as a name.  0 or -1. */
int	envset_make(struct envset *es, const char *group, struct err *e);
bool	envset_has(const struct envset *es, const char *group);
/* Forgets what was said of the group. */
void	envset_drop(struct envset *es, const char *group);
/* cwd: absolute, or NULL for none.  0 or -1. */
int	envset_set_cwd(struct envset *es, const char *group, const char *cwd,
		       struct err *e);
/* The directory of the first of these groups that has one, or NULL. */
const char *envset_cwd(const struct envset *es, char *const *groups);
/* spec_environ() with these in their places; free with strv_free. */
char	**envset_environ(const struct envset *es, const struct spec *s,
			 char *const *base);
int	envset_pack(const struct envset *es, struct buf *b);
/* Into an empty one; -1: what could be read is there. */
int	envset_unpack(struct envset *es, struct msg_reader *r);

#endif
