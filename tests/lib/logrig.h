#ifndef SBX_TEST_LOGRIG_H
#define SBX_TEST_LOGRIG_H

/*
 * The log of one process in a directory of its own: written through the
 * spool, its lines indexed by a fold that tells nobody of them.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/log/fold.h"
#include "engine/log/spool.h"

struct logrig {
	char path[64];
	int dir;
	struct spool *sp;
	struct fold_scratch *scratch;
	struct fold *f;
};

/* Another spool and fold over what is in the directory. */
static inline void
logrig_open(struct logrig *r, uint64_t keep, int64_t wall_ms)
{
	static const struct fold_ops no_ops;

	r->sp = spool_open(r->dir, keep, wall_ms, NULL);
	r->f = fold_new(r->sp, r->scratch, &no_ops, NULL, 0);
}

static inline void
logrig_close(struct logrig *r)
{
	fold_free(r->f);
	spool_free(r->sp);
}

static inline void
logrig_init(struct logrig *r, uint64_t keep)
{
	strcpy(r->path, "/tmp/sbx-log-XXXXXX");
	if (!mkdtemp(r->path))
		abort();
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	clock_fake(0, 1000);
	r->scratch = fold_scratch_new();
	logrig_open(r, keep, 1000);
}

static inline void
logrig_fini(struct logrig *r)
{
	logrig_close(r);
	fold_scratch_free(r->scratch);
	spool_wipe(r->dir);
	close(r->dir);
	rmdir(r->path);
}

static inline void
logrig_fold(struct logrig *r, int64_t wall_ms)
{
	while (fold_step(r->f, 1 << 20, wall_ms, 0) == 1)
		;
}

static inline void
logrig_say(struct logrig *r, enum log_stream s, const char *text,
	   int64_t wall_ms)
{
	spool_append(r->sp, s, text, strlen(text));
	logrig_fold(r, wall_ms);
}

#endif
