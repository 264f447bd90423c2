#ifndef SBX_BAR_H
#define SBX_BAR_H

/*
 * Rows that are made of pieces, as many as fit: what titles, the status row
 * and the hint row share.
 */

#include <stdbool.h>
#include "ui.h"

enum { BAR_NARROW = 60, BAR_ROOMY = 100 };	/* columns of the screen */

/* Pieces of a row, gap blanks between them. */
struct pieces {
	const struct ui *ui;
	struct pen pen;
	int y, x, end;		/* end: first column that is not free */
	int gap;
};

/* False, and nothing is drawn, when it does not fit. */
bool	bar_piece(struct pieces *p, enum role role, const char *text);

#endif
