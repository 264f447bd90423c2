#ifndef SBX_SERVE_H
#define SBX_SERVE_H

/*
 * The socket: who connects, what a frame of theirs asks for, and the end of
 * it.  A frame that is no frame ends its connection and nothing else.
 */

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct peer;
struct proc;

int	serve_open(struct engine *e, struct err *err);
/* Is the file of the socket there, and ours?  Else a new one. */
bool	serve_listens(const struct engine *e);
int	serve_listen(struct engine *e, struct err *err);
void	serve_close(struct engine *e, const char *why);

/* The process of that number; NULL after an error as the answer to a frame. */
struct proc *serve_find(struct peer *c, uint32_t frame_id, uint32_t proc);

#endif
