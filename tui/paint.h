#ifndef SBX_PAINT_H
#define SBX_PAINT_H

/*
 * A canvas to the terminal, through curses, which sends what differs.  The
 * only file that adds text to a curses window.  Colours are exact where the
 * terminal has them and the nearest of 256, 16 or 8 otherwise.
 *
 * Curses' colour pairs are few: they are kept in an own table from (fg, bg)
 * to number, which starts over when it is full.
 */

#include <stdbool.h>

struct canvas;

/* After term_up and after each change of the size. */
void	paint_resize(int rows, int cols);
/* sync: frame the update with mode 2026. */
void	paint_frame(const struct canvas *c, bool sync);
/* The next frame sends everything. */
void	paint_all(void);

#endif
