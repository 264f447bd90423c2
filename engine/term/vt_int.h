#ifndef SBX_VT_INT_H
#define SBX_VT_INT_H

/*
 * What the files of the terminal share: vt.c (life, libvterm), vt_ops.c
 * (sequences), vt_query.c (answers), vt_text.c and vt_snapshot.c (reading it
 * out), vt_encode.c (keys and mouse).  Nobody else includes this.
 *
 * libvterm is driven with a small language: LF, RI, CUP, ICH, DCH, ECH, IL,
 * DL, SU, SD, ED, EL and DECSTBM, each with one or two small numbers.  It
 * knows no mode but the margins, and sees no other byte.  Text goes into the
 * grid without it: a callback for each character would take most of the time
 * of a flood.  So its cursor is behind ours until it is told something that
 * depends on it.
 */

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "grid.h"
#include "scrollback.h"
#include "vt.h"
#include "vtguard.h"

/* Modes behind the public ones. */
enum {
	MODE_WRAP = 1 << 16,
	MODE_ORIGIN = 1 << 17,
	MODE_INSERT = 1 << 18,
	MODE_NEWLINE = 1 << 19,
	MODE_CURSOR = 1 << 20,
	MODE_BLINK = 1 << 21,	/* by DECSET 12 or DECSCUSR */
	MODE_MOUSE_URXVT = 1 << 22,
	MODE_AT_START = MODE_WRAP | MODE_CURSOR | MODE_BLINK |
			VT_MODE_ALTSCROLL,
	MODE_PUBLIC = MODE_WRAP - 1,
};

enum charset { CHARSET_ASCII, CHARSET_GRAPHICS, CHARSET_UK };

struct vt_charsets {
	uint8_t g[4];		/* enum charset */
	uint8_t gl;		/* which of them is in use */
	uint8_t single;		/* the one for the next character, or 0 */
};

/* What DECSC keeps, once for each screen. */
struct vt_saved {
	int row, col;
	bool pending;
	bool origin;
	struct vt_cell pen;
	struct vt_charsets charsets;
};

#define VT_KITTY_DEPTH 8
#define VT_TAB_BYTES (VT_COLS_MAX / 8)

struct vt {
	struct vtguard guard;
	struct VTerm *lib;
	int rows, cols;
	int row, col;			/* the cursor, always in the screen */
	int lib_row, lib_col;		/* where libvterm has it */
	bool pending;			/* the next character wraps first */
	int top, bottom;		/* scroll region, top <= row < bottom */
	unsigned modes;			/* VT_MODE_... and MODE_... */
	int shape;
	struct vt_cell pen;		/* looks only */
	struct vt_charsets charsets;
	struct vt_saved saved[2];	/* [1]: alternate screen */
	uint8_t tabs[VT_TAB_BYTES];
	uint32_t last;			/* character for REP, 0 if none */
	/* Stack of kitty keyboard flags of each screen. */
	uint8_t kitty[2][VT_KITTY_DEPTH];
	int kitty_depth[2];

	struct grid *grid;		/* the one shown */
	struct grid *primary;
	struct grid *alt;		/* NULL unless shown */
	struct scrollback *scrollback;
	struct cell_pool *pool;
	unsigned pool_wait;		/* clusters until the next sweep */
	struct buf packed;		/* one row on its way out */
	bool deleting;			/* DL scrolls, but not into history */
	uint64_t gen;

	char title[VT_TITLE_MAX];
	struct vt_hooks hooks;
	void *arg;
};

static inline int
vt_is_alt(const struct vt *vt)
{
	return vt->alt != NULL;
}

/* --- vt.c -------------------------------------------------------------- */

/* Controls and sequences; its cursor is put to ours before. */
void	vt_lib_write(struct vt *vt, const char *s, size_t len);
/* The cursor goes down, or the region up. */
void	vt_lib_line_feed(struct vt *vt);
/* CSI a ; b final; b < 0 leaves it out. */
void	vt_lib_csi(struct vt *vt, int a, int b, char final);
/* Tells libvterm the region; the cursor is at home afterwards. */
void	vt_lib_region(struct vt *vt, int top, int bottom);
void	vt_reply(struct vt *vt, const char *s, size_t len);
/* The glyph for a base with marks; sweeps the pool when it is full. */
uint32_t vt_glyph(struct vt *vt, const uint32_t *points, int count);

/* --- vt_ops.c ---------------------------------------------------------- */

extern const struct vtguard_ops vt_guard_ops;
void	vt_reset(struct vt *vt);		/* everything but the history */

/* --- vt_mode.c --------------------------------------------------------- */

struct vt_mode {
	int number;
	bool is_private;	/* CSI ? number h */
	unsigned bit;
	unsigned group;		/* bits of which at most one is set */
};

extern const struct vt_mode vt_mode_table[];
extern const size_t vt_mode_count;
void	vt_set_modes(struct vt *vt, const struct vtguard_csi *c);
void	vt_move(struct vt *vt, int row, int col);	/* clamps */
void	vt_home(struct vt *vt);
void	vt_save(struct vt *vt);
void	vt_restore(struct vt *vt);
/* The cursor is at home afterwards. */
void	vt_region(struct vt *vt, int top, int bottom);
/* Back to the primary screen; false if that is the one shown. */
bool	vt_alt_leave(struct vt *vt);
void	vt_clear(struct vt *vt);		/* the screen shown */
void	vt_sgr(struct vt *vt, const struct vtguard_csi *c);

/* --- vt_query.c -------------------------------------------------------- */

/* True if c was a question (and is answered). */
bool	vt_query_csi(struct vt *vt, const struct vtguard_csi *c);
void	vt_osc(struct vt *vt, const char *s, size_t len);
void	vt_dcs(struct vt *vt, const char *s, size_t len);

/* A place on a screen; pending as in struct vt. */
struct vt_place {
	int row, col;
	bool pending;
};

enum { VT_PLACES_MAX = 2 };

/* A row of g (primary or alternate screen) packed into vt->packed. */
int	vt_pack_row(struct vt *vt, const struct grid *g, int row);
/*
 * Wraps the lines of the scrollback and of the primary screen for that many
 * columns; the places (at most VT_PLACES_MAX, the cursor first) are where
 * they were in the text.  Blank rows below the cursor are used up before a
 * row leaves the screen at the top; rows come back only when there were none.
 */
void	vt_reflow(struct vt *vt, int cols, struct vt_place *places, int count);

#endif
