#ifndef SBX_FEED_H
#define SBX_FEED_H

/*
 * What clients are told without asking.  All of it is state: a client that
 * lags gets the newest one when it has read what it has, and what came
 * between is skipped.  The first change goes out at once, then no faster
 * than a screen can show.
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct engine;
struct logtold;
struct peer;
struct proc;
struct proc_row;

/* What is due is queued; reply_let_go() sends it. */
void	feed_clients(struct engine *e);
/*
 * Ahead of the rest of a turn in which nothing but logs has changed: what has
 * grown is in their files.  Sends to who wants it at once, with the answers
 * that waited for news.
 */
void	feed_growth(struct engine *e);
/* What a log is going to have: may it leave now, and it does; false: it could
 * not be sent. */
bool	feed_may_tell(const struct peer *c);
bool	feed_told(struct peer *c, const struct proc *p,
		  const struct logtold *t);
/* All that is known is queued now; false: somebody does not read. */
bool	feed_flush(struct engine *e);
/* Terminals are as large as they were last asked to be: each size in between
 * would cost a new fold of the whole scrollback. */
void	feed_sizes(struct engine *e);
void	feed_gone(struct engine *e, uint32_t id);
void	feed_note(struct engine *e, int level, const char *text);
void	feed_bell(struct engine *e, uint32_t id);
void	feed_make_row(const struct proc *p, struct proc_row *r,
		      struct buf *scratch);
void	feed_values(struct peer *c, uint32_t id, struct proc *p);

#endif
