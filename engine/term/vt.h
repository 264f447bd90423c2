#ifndef SBX_VT_H
#define SBX_VT_H

/*
 * A terminal: bytes of a program in, a grid of cells out.  A guard parser
 * stands in front of libvterm, which only ever sees complete, known sequences
 * with checked parameters; text goes past it into the picture, which is our
 * own grid; the history is our own scrollback.  Any bytes in any pieces at any
 * size from 1x1 are safe, and the pieces make no difference.
 *
 * Rows and columns count from 0.  Lines have ids: scrollback rows are
 * vt_sb_first() to vt_sb_next() - 1, row r of the screen is vt_sb_next() + r.
 * Ids grow as rows scroll off; when a resize pulls rows back or the program
 * clears the history, vt_sb_gen() changes and ids must be asked anew.
 *
 * Nothing here reads, writes or waits.  Hooks are called inside vt_feed and
 * must not call back into the same vt.  Keys, mouse and paste are encoded
 * here (vt_encode.c) because only the terminal knows the program's modes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cell.h"
#include "keys.h"

struct buf;
struct err;
struct vt;

#define VT_ROWS_MAX 1024
#define VT_COLS_MAX 1024
#define VT_TITLE_MAX 256	/* bytes with the NUL */

struct vt_hooks {		/* any of them may be NULL */
	/* Answers to the program's queries: write them to its input. */
	void (*reply)(void *arg, const char *bytes, size_t len);
	void (*bell)(void *arg);
	void (*title)(void *arg, const char *utf8);
	/* OSC 52 set, decoded.  Reading the clipboard is never answered. */
	void (*clipboard)(void *arg, const char *bytes, size_t len);
};

struct vt_cursor {
	int row, col;
	bool visible;
	int shape;		/* 0 block, 1 underline, 2 bar */
	bool blink;
};

enum {
	VT_MODE_ALTSCREEN = 1 << 0,
	VT_MODE_MOUSE_CLICK = 1 << 1,	/* presses and releases */
	VT_MODE_MOUSE_DRAG = 1 << 2,	/* and motion with a button */
	VT_MODE_MOUSE_MOVE = 1 << 3,	/* and all motion */
	VT_MODE_MOUSE_SGR = 1 << 4,	/* coding 1006 */
	VT_MODE_MOUSE_X10 = 1 << 5,	/* presses only */
	VT_MODE_FOCUS = 1 << 6,
	VT_MODE_PASTE = 1 << 7,		/* bracketed */
	VT_MODE_APPCURSOR = 1 << 8,
	VT_MODE_APPKEYPAD = 1 << 9,
	VT_MODE_SYNC = 1 << 10,		/* 2026: picture not finished; the
					 * reader gives up after 150 ms */
	VT_MODE_REVERSE = 1 << 11,	/* whole screen reversed */
	VT_MODE_ALTSCROLL = 1 << 12,	/* wheel means arrows, 1007 */
	VT_MODE_MOUSE_ANY = VT_MODE_MOUSE_CLICK | VT_MODE_MOUSE_DRAG |
			    VT_MODE_MOUSE_MOVE | VT_MODE_MOUSE_X10,
};

/* Refuses a libvterm whose ABI is not the one this was built with: both
 * generations share one soname.  0 or -1. */
int	vt_check_library(struct err *err);
/* That it was built with: "0.1". */
const char *vt_library_version(void);

/* hooks are copied, arg is passed to them.  Sizes are clamped. */
struct vt *vt_new(int rows, int cols, size_t scrollback_rows_max,
		  const struct vt_hooks *hooks, void *arg);
void	vt_free(struct vt *vt);				/* NULL is fine */

void	vt_feed(struct vt *vt, const void *bytes, size_t len);
/* Fewer rows push some off the top when the cursor needs it, more pull them
 * back.  With other columns the lines of the scrollback and of the primary
 * screen are wrapped anew; ids of the scrollback then begin anew above the
 * old ones. */
void	vt_resize(struct vt *vt, int rows, int cols);

int	vt_rows(const struct vt *vt);
int	vt_cols(const struct vt *vt);
/* Grows with every visible change; a row's grows when that row changes. */
uint64_t vt_gen(const struct vt *vt);
uint64_t vt_row_gen(const struct vt *vt, int row);
/* vt_cols() cells, valid until the next call that changes vt. */
const struct vt_cell *vt_row(const struct vt *vt, int row);
const struct cell_pool *vt_pool(const struct vt *vt);
struct vt_cursor vt_cursor(const struct vt *vt);
unsigned vt_modes(const struct vt *vt);			/* VT_MODE_... */
const char *vt_title(const struct vt *vt);		/* "" if none */

/* Scrollback: ids first <= id < next; the alternate screen has none of its
 * own but the primary one's stays readable. */
uint64_t vt_sb_first(const struct vt *vt);
uint64_t vt_sb_next(const struct vt *vt);
uint64_t vt_sb_gen(const struct vt *vt);
/* Fills out[cols] with the row, blank-padded or cut.  0 or -ENOENT. */
int	vt_sb_row(const struct vt *vt, uint64_t id, struct vt_cell *out,
		  int cols);
/* The packed row (cell_unpack), valid until the next change; or NULL. */
const char *vt_sb_packed(const struct vt *vt, uint64_t id, size_t *len);
/* Appends a packed row, for rebuilding.  0 or -EBADMSG. */
int	vt_sb_add(struct vt *vt, const char *packed, size_t len);
/* Sets the id of the next row when the scrollback is empty. */
void	vt_sb_start(struct vt *vt, uint64_t id);

/* A screen row for the wire; see cell_unpack.  0 or -EMSGSIZE. */
int	vt_row_pack(const struct vt *vt, int row, struct buf *out);

enum {
	VT_TEXT_ANSI = 1,	/* with colours and attributes */
	VT_TEXT_UNWRAP = 2,	/* join rows that the terminal wrapped */
	VT_TEXT_TRIM = 4,	/* leave out blank lines at the end */
};

/* Lines from <= id < to as UTF-8, blanks at the end cut, each with \n.  The
 * screen is from = vt_sb_next(vt), to = UINT64_MAX.  0 or -EMSGSIZE. */
int	vt_text(const struct vt *vt, uint64_t from, uint64_t to,
		unsigned flags, struct buf *out);

/* Bytes that make a fresh vt of the same size look and behave like this one
 * (all but the scrollback, which vt_sb_packed and vt_sb_add carry).  Queries
 * nothing, so it may go to a real terminal too.  0 or -EMSGSIZE. */
int	vt_snapshot(const struct vt *vt, struct buf *out);

/* --- vt_encode.c ------------------------------------------------------- */

#define VT_KEY_MAX 32		/* bytes a key can become */

enum vt_mouse_kind { VT_MOUSE_PRESS, VT_MOUSE_RELEASE, VT_MOUSE_MOTION };

enum {
	VT_BUTTON_LEFT = 0,
	VT_BUTTON_MIDDLE = 1,
	VT_BUTTON_RIGHT = 2,
	VT_BUTTON_NONE = 3,	/* motion without a button */
	VT_BUTTON_WHEEL_UP = 64,
	VT_BUTTON_WHEEL_DOWN = 65,
	VT_BUTTON_WHEEL_LEFT = 66,
	VT_BUTTON_WHEEL_RIGHT = 67,
};

struct vt_mouse {
	enum vt_mouse_kind kind;
	int button;
	int row, col;
	unsigned mods;		/* KEY_SHIFT ... */
};

/* Each writes at most cap bytes (VT_KEY_MAX is always enough) and returns
 * how many; 0 when the program wants nothing of the kind. */
size_t	vt_key(const struct vt *vt, struct key k, char *out, size_t cap);
size_t	vt_mouse(const struct vt *vt, struct vt_mouse m, char *out,
		 size_t cap);
size_t	vt_focus(const struct vt *vt, bool in, char *out, size_t cap);
/* Bracketed when the program asked for it; controls but tab and newline are
 * left out, so a paste cannot end its own bracket.  0 or -EMSGSIZE. */
int	vt_paste(const struct vt *vt, const char *text, size_t len,
		 struct buf *out);

#endif
