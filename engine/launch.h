#ifndef SBX_LAUNCH_H
#define SBX_LAUNCH_H

/*
 * Which engine is meant and, where a command needs one, its start: the sbxrc
 * is read and checked here, in the client; a file with mistakes starts
 * nothing.  Found by -f, else SBX_SOCKET, else the sbxrc above the working
 * directory, else the directory itself.
 */

#include <stdbool.h>
#include "buf.h"
#include "rundir.h"

struct client;
struct client_hooks;
struct err;
struct loop;
struct set;

struct launch {
	struct rundir dir;	/* all NULL when SBX_SOCKET names the engine */
	char *sock_path;
	char *rc_path;		/* absolute; NULL: there is none */
	bool named;		/* by -f */
	struct set *set;	/* NULL before launch_load */
	struct buf talk;	/* mistakes and warnings of the sbxrc */
};

enum { LAUNCH_MS = 5000 };	/* for an engine to come up */

/* Finds, reads nothing.  file: of -f, or NULL.  0 or -1. */
int	launch_find(struct launch *la, const char *file, struct err *e);
void	launch_fini(struct launch *la);
/* Reads the sbxrc into la->set (once); what it says is in la->talk.  Without
 * a file the set is empty.  0 or -1. */
int	launch_load(struct launch *la, struct err *e);

/* The running engine, greeted; NULL with ERR_NO_ENGINE if there is none. */
struct client *launch_connect(struct launch *la, struct loop *l,
			      const struct client_hooks *hooks, void *arg,
			      struct err *e);
/* The same, but starts one where there is none and gives it its set. */
struct client *launch_start(struct launch *la, struct loop *l,
			    const struct client_hooks *hooks, void *arg,
			    struct err *e);
/* Packs la->set with our environment, for PROTO_LOAD.  0 or -1. */
int	launch_pack(const struct launch *la, struct buf *out, struct err *e);

#endif
