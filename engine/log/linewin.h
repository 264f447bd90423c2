#ifndef SBX_LINEWIN_H
#define SBX_LINEWIN_H

/*
 * The window of a line: the part of it that is matched and shown when it is
 * longer than LOG_WINDOW.  That is its first LOG_WINDOW bytes; but a carriage
 * return behind them starts the window over with what follows, so that the
 * last state of an endless progress bar is seen.  Fed in any pieces it gives
 * the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct linewin {
	struct buf text;
	bool full;	/* bytes are being left out */
	bool cr;	/* the last one left out was a carriage return */
};

void	linewin_init(struct linewin *w);
void	linewin_fini(struct linewin *w);
void	linewin_clear(struct linewin *w);	/* keeps a little memory */
/* Bytes of the line, without its newline. */
void	linewin_add(struct linewin *w, const char *data, size_t len);

#endif
