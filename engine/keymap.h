#ifndef SBX_KEYMAP_H
#define SBX_KEYMAP_H

/*
 * Which key is which command, per mode.  Bindings are lines of the same
 * language as an sbxrc, "bind [MODE] KEY COMMAND"; the default ones are such
 * a text too, and a later line wins.  Without a mode a line is for list and
 * log.  Keys of a terminal pane are its program's, but for the leave key.
 */

#include <stdbool.h>
#include <stddef.h>
#include "keys.h"

struct err;
struct keymap;
struct set;

enum mode { MODE_LIST, MODE_LOG, MODE_TERM, MODE_COUNT };

const char *mode_name(enum mode m);		/* "list" */
/* enum mode, or -1; *later: there will be one of that name. */
int	mode_find(const char *name, bool *later);

struct keymap *keymap_new(void);		/* the default bindings */
void	keymap_free(struct keymap *k);		/* NULL is fine */
/* mode NULL: list and log; command NULL: unbind.  0 or -1. */
int	keymap_bind(struct keymap *k, const char *mode, const char *key,
		    const char *command, struct err *e);
/* The bind and unbind lines of a set, in order; the first mistake is told
 * and left out. */
int	keymap_add_set(struct keymap *k, const struct set *set,
		       struct err *e);

/* The command of a key, NULL if it has none. */
const char *keymap_find(const struct keymap *k, enum mode m, struct key key);
/* The first key of a command in that mode as text, NULL if it has none. */
const char *keymap_key(const struct keymap *k, enum mode m,
		       const char *command);
/* All of them: fn is called in order, defaults first. */
typedef void keymap_fn(const char *mode, const char *key,
		       const char *command, void *arg);
void	keymap_each(const struct keymap *k, keymap_fn *fn, void *arg);
/* The default lines, as text. */
const char *keymap_default(void);

#endif
