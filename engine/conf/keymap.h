#ifndef SBX_KEYMAP_H
#define SBX_KEYMAP_H

/*
 * Which key is which command, per mode.  Bindings are lines of the same
 * language as an sbxrc, "bind [MODE] KEY COMMAND"; the default ones are such
 * a text too, and a later line wins.  Without a mode a line is for list and
 * log.  Keys of a terminal pane are its program's, but for the leave key and
 * those that are bound for it.  Prompts and sheets have keys of their own,
 * which a binding for their mode goes before; where text is typed, only keys
 * that are no text can be bound.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/table.h"
#include "term/keys.h"

struct err;
struct keymap;
struct set;

/* The three of the panes, those of sheets, and what is for all but a terminal.
 * X(enum, name, text is typed there, help) */
#define MODE_TABLE(X)                                                          \
	X(LIST, "list", false, "the list of processes")                        \
	X(LOG, "log", false, "a log, or several")                              \
	X(TERM, "term", false, "a terminal, whose program gets all other keys")\
	X(SELECT, "select", false, "selecting text")                           \
	X(COMMAND, "command", true, "the command line")                        \
	X(FIND, "find", true, "what to find")                                  \
	X(FILTER, "filter", true, "a filter")                                  \
	X(FORM, "form", true, "the form for a new process")                    \
	X(CONFIRM, "confirm", false, "questions")                              \
	X(HELP, "help", true, "the list of keys")                              \
	X(DETAIL, "detail", false, "details of a process")                     \
	X(ALL, "all", false, "all of them, and other sheets, but no terminal")

enum mode {
#define X(e, name, text, help) MODE_##e,
	MODE_TABLE(X)
#undef X
	KEYMAP_MODES,
	MODE_COUNT = MODE_SELECT	/* that a pane can be in */
};

extern const struct table mode_table;
/* Their names, for hints. */
#define MODE_WORD(e, name, text, help) " " name
#define MODES_HINT "one of:" MODE_TABLE(MODE_WORD)

const char *mode_name(enum mode m);		/* "list" */
int	mode_find(const char *name);		/* enum mode, or -1 */

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
/* Is there a line about the key, be it an unbind?  m is that of a sheet, ALL
 * for one without a mode of its own; *command is NULL for an unbind. */
bool	keymap_has(const struct keymap *k, enum mode m, struct key key,
		   const char **command);
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
