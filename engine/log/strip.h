#ifndef SBX_STRIP_H
#define SBX_STRIP_H

/*
 * What a line of output says, without what it does to a terminal.
 *
 * strip_text() is for matching: escape sequences are gone, a carriage return
 * starts the line over (the last state stays), a backspace takes a character
 * back; all other bytes are as they are, invalid UTF-8 included.
 *
 * strip_display() is for showing: its text is valid UTF-8 that moves no
 * cursor and switches nothing, whatever came in: C0 and C1 controls as ^X
 * and ^[X, tabs as spaces to the next multiple of 8, invalid bytes as \xHH,
 * characters that turn the direction of text or do not show at all as
 * <U+202E>.  Colours come out beside it as runs of attributes.  Stripping a
 * stripped text changes nothing.
 *
 * No newline is expected in a line; one is a control like others.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Does the text have anything that strip_text() would change? */
bool	strip_needed(const char *text, size_t len);
/*
 * The matched form of one line into out, which has room for len bytes (out
 * may be text itself).  Returns its length.
 */
size_t	strip_text(const char *text, size_t len, char *out);
/*
 * A whole block of lines ending in '\n': each one stripped, newlines kept.
 * ends (count of them, as in struct fold_block) are adjusted in place.
 */
size_t	strip_lines(const char *text, uint32_t *ends, size_t count, char *out);

/* Attributes and colours as in engine/term/cell.h: VT_BOLD ..., 0 = default. */
struct strip_run {
	uint32_t off;		/* starts at this byte of the text */
	uint32_t fg, bg;
	uint16_t attrs;
	bool control;		/* made up by us: ^X, \xHH, <U+202E> */
};

/* The looks that a line begins with, for lines that leave colours on. */
struct strip_state {
	uint32_t fg, bg;
	uint16_t attrs;
};

/*
 * Text and runs for the screen.  out is cleared; text that does not fit into
 * its maximum is cut at a character.  runs (may be NULL) gets at most
 * *run_count runs, ascending, none empty; *run_count is then their number
 * (those that do not fit are left out: the last looks go on).  state (may be
 * NULL: default) is read and updated.
 */
void	strip_display(const char *text, size_t len, struct buf *out,
		struct strip_run *runs, size_t *run_count,
		struct strip_state *state);

#endif
