#ifndef SBX_LINESCAN_H
#define SBX_LINESCAN_H

/*
 * Where lines end in the bytes of one stream, fed in any pieces.  Of a pty
 * the alternate screen (DECSET 47, 1047, 1049) is left out: entering it cuts
 * the line, leaving it starts one.  A state can be made anew at the start of
 * a line (`off`, and `alt` if that is within a full screen) and gives the
 * same lines.  No memory, no window: text is the caller's affair.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct linescan {
	uint64_t start;		/* of the present line (or sequence) */
	uint64_t off;		/* of the next byte to feed */
	uint64_t escape;	/* where the present sequence began */
	bool pty;
	bool alt;		/* in the alternate screen: no lines */
	bool ink;		/* something visible since start (pty) */
	uint8_t state;
	bool private;		/* CSI ? */
	bool alt_asked;		/* a parameter was 47, 1047 or 1049 */
	uint32_t param;
};

struct linescan_line {
	uint64_t start, end;	/* newline included */
	bool partial;		/* there is none */
};

void	linescan_init(struct linescan *ls, bool pty, uint64_t off, bool alt);
/* Looks at data until its end or until max lines are found; returns how many
 * bytes it took, and the lines in out[*count]. */
size_t	linescan_feed(struct linescan *ls, const char *data, size_t len,
		struct linescan_line *out, size_t max, size_t *count);
/* Ends the line here (a run has ended, bytes are missing): true if there was
 * something to cut, then *out is it.  The alternate screen is over. */
bool	linescan_cut(struct linescan *ls, struct linescan_line *out);
/* Goes on at off, having lost what is between. */
void	linescan_jump(struct linescan *ls, uint64_t off);

#endif
