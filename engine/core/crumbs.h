#ifndef SBX_CRUMBS_H
#define SBX_CRUMBS_H

/*
 * What an engine that dies without warning still tells the next one: which
 * terminal it was feeding, whose bytes were on their way to a spool, and of
 * each process how far its terminal had come (so that queries which were
 * answered are not answered again), how many bytes were thrown away, how many
 * of its input were taken out, and the last signal that somebody had it sent;
 * and which processes have had the signal of which request, so that one which
 * is asked again reaches each once.  Mapped from a file of the run directory.
 *
 * Invariants: a process has one row, found by its id, and shares it with
 * nobody; a row is written before its id is, so that whenever the engine is
 * killed a row with an id is that process's own.  There are more rows than an
 * engine can have processes.  Rows of processes that are forgotten are used
 * again.  The file grows by pieces of 32 KiB; blocks are there before they
 * are touched, so that a full disk is no SIGBUS.
 */

#include <stdbool.h>
#include <stdint.h>
#include "log/transit.h"

struct crumb {
	uint32_t id;
	uint32_t lost_stream;
	uint64_t fed_off;	/* of its terminal's stream */
	uint64_t lost_bytes;	/* over all streams */
	uint64_t typed_bytes;	/* of input that were taken out */
	uint64_t sent_run;	/* which was sent it */
	uint32_t sent_signo;	/* 0: none */
	uint32_t sent_by;	/* enum cause */
};

/* Of a request to signal, by its key: that it was begun for this run of a
 * record, or that a process has had it. */
struct crumb_sent {
	uint64_t key;		/* 0: nothing */
	uint32_t pid;		/* 0: of a record */
	uint32_t which;		/* the record's id, the process's start */
	uint64_t run;
};

enum { CRUMB_ROWS = 1 << 15, CRUMB_PIECE = 1 << 10, CRUMB_SENT = 512 };
struct crumb_file {
	uint32_t version;
	uint32_t feeding;	/* process id, 0: none */
	struct transit_mark in_transit;
	uint32_t pieces;	/* a bit for each CRUMB_PIECE rows there are */
	uint32_t reach;		/* farthest that a row is from its place */
	struct crumb rows[CRUMB_ROWS];
	uint32_t sent_count;	/* ever; the next place is modulo the size */
	struct crumb_sent sent[CRUMB_SENT];
};

struct crumbs {
	struct crumb_file *file;	/* feeding, in_transit: as you like */
	int fd;
	struct crumb spare;	/* where the disk is full: told to nobody */
};

/* Those in run_dir, or empty ones; NULL and errno. */
struct crumbs *crumbs_open(const char *run_dir);
void	crumbs_close(struct crumbs *c);		/* NULL is fine */
/* Those of another life of the set tell of other processes. */
void	crumbs_clear(struct crumbs *c);

/* The row of a process (id > 0); NULL when it has none. */
const struct crumb *crumbs_find(const struct crumbs *c, uint32_t id);
/* The same, but gives it an empty one. */
struct crumb *crumbs_get(struct crumbs *c, uint32_t id);
void	crumbs_drop(struct crumbs *c, uint32_t id);
/* Drops the rows of all who are not known. */
typedef bool crumbs_known_fn(uint32_t id, void *arg);
void	crumbs_sweep(struct crumbs *c, crumbs_known_fn *known, void *arg);
/* The oldest one is forgotten; key 0: nothing is noted, and none is found. */
void	crumbs_put_sent(struct crumbs *c, uint64_t key, uint32_t pid,
			uint32_t which, uint64_t run);
/* which 0: whichever; NULL: there is none. */
const struct crumb_sent *crumbs_find_sent(const struct crumbs *c, uint64_t key,
					  uint32_t pid, uint32_t which);

#endif
