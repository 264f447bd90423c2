#ifndef SBX_COLOR_H
#define SBX_COLOR_H

/*
 * Colours and attributes by name, and what a terminal without enough of them
 * shows instead.  A colour is a number as in cell.h: 0 is the terminal's
 * own, VT_INDEXED | n one of its palette, VT_RGB | 0xrrggbb an exact one.
 * Pure: no terminal is known here.
 */

#include <stdbool.h>
#include <stdint.h>

/* How many colours a terminal has. */
enum term_depth {
	TERM_MONO,		/* attributes only */
	TERM_8,
	TERM_16,
	TERM_256,
	TERM_RGB,
};

/* Looks of a piece of text. */
struct style {
	uint32_t fg, bg;
	uint16_t attrs;		/* VT_BOLD ... */
};

/* Each is true if the text is such a colour, and then *out is it. */
bool	color_hex(const char *s, uint32_t *out);	/* "#rrggbb" */
bool	color_ansi(const char *s, uint32_t *out);	/* "red", "default" */
bool	color_index(const char *s, uint32_t *out);	/* "0" to "255" */
/* "bold", "dim", "italic", "underline", "reverse": adds the bit. */
bool	color_attr(const char *s, uint16_t *attrs);
/* The name of a colour or an attribute that is like s, or NULL. */
const char *color_suggest(const char *s);

/* Nearest of the first count (8, 16, 256) palette colours to 0xrrggbb. */
int	color_nearest(uint32_t rgb, int count);
/*
 * How well one can be read on the other, 1 to 21, as WCAG 2 has it; 0 when
 * one of them is the terminal's own or one of its sixteen, which nobody but
 * the terminal knows.
 */
double	color_contrast(uint32_t a, uint32_t b);
/* As it is written in a theme ("#d8dee9", "red", "131", "default"). */
#define COLOR_TEXT_MAX 16
const char *color_text(uint32_t color, char out[COLOR_TEXT_MAX]);
/* 0xrrggbb of a palette colour, 0 to 255, where nobody changed it. */
uint32_t color_rgb(int index);

#endif
