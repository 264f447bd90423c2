#ifndef SBX_HTTP_QUIET_H
#define SBX_HTTP_QUIET_H

/*
 * The bytes of a program for a terminal that only watches: as they are, but
 * without what asks the terminal for an answer (where is the cursor, what are
 * you, which colour is this).  The engine has answered already; a second
 * answer would be typed into the program.
 *
 * Pieces make no difference: a sequence that is not over yet is kept until
 * the rest comes.  Memory is what the struct has; what is longer is no
 * question, and passes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUIET_MAX = 256 };	/* bytes that are kept */

struct quiet {
	uint8_t state;
	size_t len;
	char held[QUIET_MAX];
};

void	quiet_init(struct quiet *q);
/* out has room for len + QUIET_MAX bytes; returns how many it is. */
size_t	quiet_feed(struct quiet *q, const char *data, size_t len, char *out);

#endif
