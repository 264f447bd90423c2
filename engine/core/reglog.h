#ifndef SBX_REGLOG_H
#define SBX_REGLOG_H

/*
 * Slices of bytes by key in a file, of which the newest of each key counts.
 * The writer puts all that there are at each save; only those that differ
 * from the last save are written, behind the others, and all of them become
 * valid with one word at the front: who reads after the writer was killed
 * sees a whole save.  Slices that are out of date take about as much room as
 * the others, at most; then all is written to the other one of two files, and
 * that counts, because it has the higher number, from the same word on.
 *
 * It does not know what is in a slice, and not which keys exist: a slice whose
 * key is not asked for does not count.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct msg_reader;
struct reglog;

enum {
	REGLOG_MAX = 256 << 20,	/* bytes of a file */
	REGLOG_FILES = 2,
};

/* Takes the files.  What they hold stays until the first commit. */
struct reglog *reglog_new(uint32_t magic, uint32_t version,
			  const int files[REGLOG_FILES]);
/* No save has ever been made there. */
bool	reglog_is_empty(const struct reglog *g);
void	reglog_free(struct reglog *g);		/* NULL is fine */

/* A save: begin, put or keep each slice, commit. */
void	reglog_begin(struct reglog *g);
void	reglog_put(struct reglog *g, uint64_t key, const void *data,
		   size_t len);
/* Would putting it change nothing? */
bool	reglog_has(const struct reglog *g, uint64_t key, const void *data,
		   size_t len);
/* It is as it was; false: it is not in this file and has to be put. */
bool	reglog_keep(struct reglog *g, uint64_t key);
/* 0 or -errno: what was committed before still holds then. */
int	reglog_commit(struct reglog *g);
void	reglog_abort(struct reglog *g);		/* or this */

/* What was committed last.  Readers point into it; they are tolerant (msg.h),
 * but one of a slice that is not there gives nothing at all. */
struct reglog_view;
struct reglog_view *reglog_open(const struct reglog *g, struct err *e);
void	reglog_close(struct reglog_view *v);	/* NULL is fine */
bool	reglog_get(const struct reglog_view *v, uint64_t key,
		   struct msg_reader *r);

#endif
