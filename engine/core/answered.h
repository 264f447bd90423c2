#ifndef SBX_ANSWERED_H
#define SBX_ANSWERED_H

/*
 * The newest answers to requests that have a key.  A client whose engine died
 * before it answered cannot know whether its request was carried out; it asks
 * the next engine with the same key, and is given the answer instead of being
 * obeyed twice.  They are in the registry with what they tell of, each in a
 * place of its own, for one may be long: that of a reload names thousands of
 * processes.  The newest one is kept whatever its length.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answered;
struct buf;
struct msg_reader;

enum {
	ANSWERED_MAX = 80,
	ANSWERED_BYTES_MAX = 4 << 20,	/* of all but the newest */
};

struct answered *answered_new(void);
void	answered_free(struct answered *a);		/* NULL is fine */

/* key is not 0; the oldest one is forgotten.  Copies. */
void	answered_put(struct answered *a, uint64_t key, const void *data,
		     size_t len);
/* Its bytes, valid until the next one is put; NULL: none of that key. */
const char *answered_find(const struct answered *a, uint64_t key, size_t *len);

/*
 * What is in a place, from 0 to ANSWERED_MAX - 1; it counts as saved then, as
 * long as it is the same.
 */
bool	answered_is_saved(const struct answered *a, size_t place);
int	answered_pack(struct answered *a, size_t place, struct buf *b);
/* What is malformed is left out. */
void	answered_unpack(struct answered *a, size_t place,
			struct msg_reader *r);

#endif
