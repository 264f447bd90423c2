#ifndef SBX_SPOOLIDX_H
#define SBX_SPOOLIDX_H

/*
 * The part of a spool that is for its fold alone: the table of segments, the
 * index files, gaps and marks that are not in the index yet.  Pointers into
 * the table are good until the next call that writes or drops.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "logseg.h"
#include "spool.h"

struct logsegs *spool_table(struct spool *sp);

/* Indexing reaches this segment: 0 or -errno. */
int	spool_index_begin(struct spool *sp, struct logseg *g,
		uint64_t first_seq, const uint64_t *start, uint32_t flags);
/* Publishes entries at the end of the segment's index: how many (all, or
 * those that fitted), or -errno. */
ssize_t	spool_index_add(struct spool *sp, struct logseg *g,
		const struct log_entry *e, size_t count);

/* The first gap of the stream that is not in the index yet. */
bool	spool_gap_find(const struct spool *sp, enum log_stream s,
		struct spool_gap *out);
void	spool_gap_done(struct spool *sp, enum log_stream s);

/* The next start or end of a run; NULL if all are known. */
const uint64_t *spool_mark(const struct spool *sp, bool *is_end);
void	spool_mark_done(struct spool *sp, uint64_t seq);

#endif
