#ifndef SBX_REPLY_H
#define SBX_REPLY_H

/*
 * Answers to requests.  One that tells of a change leaves when the change is
 * in the registry, so that no engine has promised what the next one does not
 * know; one to a request with a key is there with it, for a client that has
 * to ask again.  If the registry cannot be saved in time, an error that says
 * so leaves in its place; of what is carried out all the same (a stop), the
 * answer itself, with a hint that says so.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct err;
struct peer;

/* err NULL: it is done.  text may be NULL, ids too when count is 0. */
void	reply_send(struct peer *c, uint32_t id, const struct err *err,
		   const char *text, const uint32_t *ids, size_t count);
/* Of what is only looked at: it waits for nothing. */
void	reply_tell(struct peer *c, uint32_t id, const struct err *err,
		   const char *text, const uint32_t *ids, size_t count);
/* What is answered. */
struct reply_to {
	uint32_t id;
	uint64_t key;		/* 0: none */
	bool anyway;		/* carried out, recorded or not */
};

/* The same as reply_send for a request with a key. */
void	reply_send_keyed(struct peer *c, const struct reply_to *to,
			 const struct err *err, const char *text,
			 const uint32_t *ids, size_t count);
/* What it will be answered once what it asks for is recorded. */
void	reply_keep(struct engine *e, uint64_t key, const char *text,
		   const uint32_t *ids, size_t count);
/* It was answered already, and is answered so once more? */
bool	reply_repeats(struct peer *c, uint32_t id, uint64_t key);
/* Nothing is queued or waits for it but what may wait. */
bool	reply_is_alone(const struct peer *c);
/* Of a corked peer: what is queued for it leaves with the next news. */
void	reply_may_wait(struct peer *c);
/* Those that wait are on their way; saved: of registry_settle(). */
void	reply_settle(struct engine *e, int saved);
/* After that and feed_clients(): answers and news leave. */
void	reply_let_go(struct engine *e);

#endif
