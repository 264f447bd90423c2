#ifndef SBX_ENVSET_H
#define SBX_ENVSET_H

/*
 * The environment as it was changed at run time ("sbx env"): for the whole
 * set or for a group, applied to runs that start later.  What is said of the
 * set comes behind what its sbxrc says of the set, what is said of a group
 * behind what that says of groups; the variables of a process itself win.
 *
 * A name is there once in each place: the last word counts.
 */

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
};

struct envset {
	struct envset_part *parts;
	size_t count;
};

enum { ENVSET_WORDS_MAX = 1000, ENVSET_BYTES_MAX = 1 << 20 };

struct envset *envset_new(void);
void	envset_free(struct envset *es);		/* NULL is fine */
struct envset *envset_dup(const struct envset *es);
/* "K=V" or "-K" for a group, "" is the set.  0, or -1 with nothing done. */
int	envset_add(struct envset *es, const char *group, const char *word,
		   struct err *e);
size_t	envset_words(const struct envset *es);
/* spec_environ() with these in their places; free with msg_strv_free. */
char	**envset_environ(const struct envset *es, const struct spec *s,
			 char *const *base);
int	envset_pack(const struct envset *es, struct buf *b);
/* Into an empty one; -1: what could be read is there. */
int	envset_unpack(struct envset *es, struct msg_reader *r);

#endif
