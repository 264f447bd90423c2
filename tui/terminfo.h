#ifndef SBX_TERMINFO_H
#define SBX_TERMINFO_H

/*
 * What the terminal can do, and one change to it.  ncurses can write exact
 * 16, 256 and 24-bit colours at the same time, but no entry says so; so the
 * entry of $TERM is read, given colours of 25 bits (0 to 255 the palette,
 * bit 24 set: RGB) and handed back as text for $TERMINFO.
 */

#include <stdbool.h>
#include "engine/base/err.h"

struct buf;

struct terminfo {
	bool can_move;		/* has cup: a full screen is possible */
	bool cursor_shapes;	/* has Ss */
	int colors;		/* <= 0: none */
	bool rgb;		/* the terminal is said to take 24 bits */
};

#define TERMINFO_RGB 0x1000000	/* marks a colour number as RGB */

/* Looks $TERM up.  0, or -1 when there is no such entry. */
int	terminfo_read(struct terminfo *ti, struct err *e);
/* After terminfo_read: "hex:...", caller frees; NULL if it cannot be made. */
char	*terminfo_direct(void);
/* What brings the screen back when everything else is broken. */
const char *terminfo_string(const char *capability);	/* "" if none */
/* "key value" lines about the terminal, for doctor. */
void	terminfo_doctor(struct buf *out);

#endif
