#ifndef SBX_INPIPE_H
#define SBX_INPIPE_H

/*
 * The pipe of a stream, as seen by who empties it: how much of what it can
 * hold was there says whether its writer is quiet, or so fast that he waits.
 * The pipe of one who waits is made larger, out of a budget that all share,
 * for the kernel counts the pipes of a user.
 *
 * What is no pipe (a terminal) is never little nor much.  Borrows descriptors.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INPIPE_BYTES	(1u << 20)	/* when it is large */
#define INPIPE_BUDGET	((size_t)16 << 20)

struct inpipe {
	uint32_t bytes;		/* it can hold; 0: it is no pipe */
	uint32_t taken;		/* of the budget */
	bool asked;		/* once: it was made larger, or refused */
};

void	inpipe_init(struct inpipe *p, int fd);
/* Gives back what it took; its descriptor is about to be closed. */
void	inpipe_fini(struct inpipe *p, size_t *budget);

/* Were n bytes, all that was there, little or much? */
bool	inpipe_is_little(const struct inpipe *p, ssize_t n);
bool	inpipe_is_much(const struct inpipe *p, ssize_t n);
/* After n bytes: makes it larger if it was full. */
void	inpipe_took(struct inpipe *p, int fd, ssize_t n, size_t *budget);

#endif
