#ifndef SBX_REGLOG_H
#define SBX_REGLOG_H

/*
 * Slices of bytes by key in a memfd, of which the newest of each key counts.
 * The writer puts all that there are at each save; only those that differ
 * from the last save are written, behind the others, and all of them become
 * valid with one word at the front: who reads after the writer was killed
 * sees a whole save.  Slices that are out of date take about as much room as
 * the others, at most; then a new file is begun.
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

enum { REGLOG_MAX = 256 << 20 };	/* bytes of a file */

struct reglog *reglog_new(uint32_t magic, uint32_t version);
void	reglog_free(struct reglog *g);		/* NULL is fine */

/* A save: begin, put or keep each slice, commit. */
void	reglog_begin(struct reglog *g);
void	reglog_put(struct reglog *g, uint64_t key, const void *data,
		   size_t len);
/* It is as it was; false: it is not in this file and has to be put. */
bool	reglog_keep(struct reglog *g, uint64_t key);
/* The descriptor of the file, which stays the log's, or -errno: what was
 * committed before still holds then, in the file of that time. */
int	reglog_commit(struct reglog *g);
void	reglog_abort(struct reglog *g);		/* or this */
/* The number of that file, from 1: another one after it was begun anew. */
uint64_t reglog_file(const struct reglog *g);

/* What a file holds.  Readers point into it. */
struct reglog_view;
struct reglog_view *reglog_open(int fd, uint32_t magic, uint32_t version,
				struct err *e);
void	reglog_close(struct reglog_view *v);	/* NULL is fine */
bool	reglog_get(const struct reglog_view *v, uint64_t key,
		   struct msg_reader *r);

#endif
