#ifndef SBX_KEYS_H
#define SBX_KEYS_H

/*
 * Keys by name: "a", "C-]", "M-1", "S-Tab", "F5", "C-M-Left".  A key is a
 * Unicode code point or one of the symbols below, with modifiers.  Names
 * exist in one table, key_table, from which help and completion come.
 * (The symbols are not called KEY_..., curses owns these.)
 *
 * One key has one form: Ctrl-A to Ctrl-Z are the small letter with KEY_CTRL,
 * a shifted letter is the capital without KEY_SHIFT, a code point below 32
 * never occurs in sym.  Tab, Enter, Esc, BS and Space are symbols or, for
 * Space, U+0020.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/table.h"

struct err;

enum key_sym {
	SYM_FIRST = 0x110000,	/* one above the last code point */
	SYM_ENTER = SYM_FIRST,
	SYM_TAB,
	SYM_ESC,
	SYM_BS,
	SYM_UP,
	SYM_DOWN,
	SYM_RIGHT,
	SYM_LEFT,
	SYM_HOME,
	SYM_END,
	SYM_PGUP,
	SYM_PGDN,
	SYM_INS,
	SYM_DEL,
	SYM_F1,			/* SYM_F1 + n - 1 is Fn */
	SYM_F20 = SYM_F1 + 19,
	SYM_LAST,
};

enum {
	KEY_SHIFT = 1,		/* in the order of the xterm parameter */
	KEY_ALT = 2,
	KEY_CTRL = 4,
};

struct key {
	uint32_t sym;		/* code point or enum key_sym; 0 is no key */
	unsigned mods;		/* KEY_CTRL | ... */
};

struct key_name {
	struct row row;
	uint32_t sym;
};

extern const struct table key_table;	/* of struct key_name */

#define KEY_NAME_MAX 32

/* The whole of text[len] must be one key.  0, or -1 with err set. */
int	key_parse(const char *text, size_t len, struct key *out,
		  struct err *err);
/* Canonical name into out[KEY_NAME_MAX]; returns its length. */
size_t	key_print(struct key k, char *out);
/* The one form of a key; of a control character too (C-i is Tab). */
struct key key_canonical(struct key k);
/* What is typed where text is. */
bool	key_is_text(struct key k);

/* A list "C-c Enter 'some text' Up": keys in order, quoted text ('...' as it
 * is, "..." with \\ \" \n \t \e) as one key a character; C-' and "'" are the
 * quote itself.  At most max keys.
 * Returns the count or -1 with err set. */
#define KEY_LIST_MAX 4096
int	key_parse_list(const char *text, struct key *out, size_t max,
		       struct err *err);

#endif
