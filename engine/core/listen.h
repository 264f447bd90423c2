#ifndef SBX_LISTEN_H
#define SBX_LISTEN_H

/*
 * set listen: the program that offers the set over HTTP runs as long as the
 * set, outside of the list.  It is a client like any other, so the engine
 * knows nothing of HTTP: it starts the program, starts it again when it ends,
 * ends it with the set.  The next engine takes it over, and its connections
 * last.
 */

#include <stdbool.h>

struct buf;
struct engine;
struct helper;
struct keep_slot;
struct listen;
struct msg_reader;

struct listen *listen_new(struct engine *e);
void	listen_free(struct listen *l);			/* NULL is fine */
/* It runs where, and only where, the settings want it. */
void	listen_update(struct engine *e);
void	listen_ended(struct engine *e, const struct helper *h,
		     const char *text);
/* Is it the slot of one that is to go on? */
bool	listen_owns(const struct engine *e, const struct keep_slot *s);
bool	listen_is_over(const struct engine *e);
int	listen_pack(const struct listen *l, struct buf *b);
void	listen_unpack(struct listen *l, struct msg_reader *r);
void	listen_facts(const struct engine *e, struct buf *out);

#endif
