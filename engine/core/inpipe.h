#ifndef SBX_INPIPE_H
#define SBX_INPIPE_H

/*
 * The pipe of a stream, as seen by who empties it: how much of what it can
 * hold was there says whether its writer is quiet, or so fast that he waits.
 * The pipe of a fast one is made larger, out of a budget that all who are fast
 * share: the kernel allows a user 64 MiB of pipes and then makes every new one
 * of his tiny, also those of his shell.
 *
 * What is no pipe (a terminal) is never little nor much.  Borrows descriptors.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define INPIPE_BYTES	(1u << 20)	/* when it is large */
#define INPIPE_BUDGET	((size_t)24 << 20)

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
/* After n bytes: makes it larger if they were much. */
void	inpipe_took(struct inpipe *p, int fd, ssize_t n, size_t *budget);

#endif
