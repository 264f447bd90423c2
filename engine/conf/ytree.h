#ifndef SBX_YTREE_H
#define SBX_YTREE_H

/*
 * A YAML file as a tree of values that know their lines.  The one file that
 * knows libyaml is ytree.c.  Aliases share the value that they name, "<<" is
 * resolved, so a reader sees plain maps; what all aliases together unfold to
 * is counted and has a maximum, as have depth and bytes, so no file can make
 * a reader of the tree slow.  A key that stands twice in one map, a second
 * document and a key that is no text are mistakes.
 *
 * Scalars keep their text: "yes" and 08080 are what the reader makes of them.
 */

#include <stdbool.h>
#include <stddef.h>

#define YTREE_BYTES_MAX	 (1u << 20)
#define YTREE_VALUES_MAX 50000	/* unfolded */
#define YTREE_DEPTH_MAX	 64

enum ytree_kind { YTREE_SCALAR, YTREE_SEQ, YTREE_MAP };

struct ytree;

struct ytree_node {
	enum ytree_kind kind;
	unsigned line, col;	/* from 1 */
	char *text;		/* of a scalar, UTF-8 without NUL */
	bool plain;		/* a scalar without quotes */
	/* Of a map: key, value, key, value, ... */
	const struct ytree_node **items;
	size_t count;		/* items of a sequence, pairs of a map */
	size_t values;		/* unfolded, itself included */
	unsigned depth;
};

/* Why there is no tree. */
struct ytree_mistake {
	unsigned line, col;	/* 0: of the file as a whole */
	char text[200];
};

/* NULL with *m.  An empty file is a scalar that is null. */
struct ytree *ytree_new(const char *text, size_t len, struct ytree_mistake *m);
void	ytree_free(struct ytree *t);		/* NULL is fine */
const struct ytree_node *ytree_root(const struct ytree *t);

/* The value of a key; NULL if there is none, or n is no map or NULL. */
const struct ytree_node *ytree_get(const struct ytree_node *n,
				   const char *key);
const struct ytree_node *ytree_key_at(const struct ytree_node *map, size_t i);
const struct ytree_node *ytree_value_at(const struct ytree_node *map,
					size_t i);
bool	ytree_is_map(const struct ytree_node *n);	/* NULL is none */
bool	ytree_is_seq(const struct ytree_node *n);
bool	ytree_is_null(const struct ytree_node *n);	/* NULL is one */
/* The text of a scalar that is not null, or NULL. */
const char *ytree_text(const struct ytree_node *n);
/* true, yes, on and their opposites; false if it is neither. */
bool	ytree_bool(const struct ytree_node *n, bool *out);

#endif
