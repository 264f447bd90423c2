#ifndef SBX_SESSION_H
#define SBX_SESSION_H

/*
 * Which engine is meant and, where a command needs one, its start: the sbxrc
 * is read and checked here, in the client; a file with mistakes starts
 * nothing.  Found by -f, else SBX_SOCKET, else the sbxrc above the working
 * directory, else the directory itself.
 */

#include <stdbool.h>
#include "base/buf.h"
#include "base/conn.h"
#include "spec/rundir.h"

struct client;
struct client_hooks;
struct err;
struct loop;
struct rlimit;
struct set;

struct session {
	struct rundir dir;	/* all NULL when SBX_SOCKET names the engine */
	char *sock_path;
	char *rc_path;		/* absolute; NULL: there is none */
	bool named;		/* by -f */
	bool gone;		/* the file is, its set runs on */
	const char *program;	/* of engines; NULL: this one.  Borrowed */
	const struct rlimit *nofile;	/* that engines begin with; NULL: ours.
					 * Borrowed */
	const char *outcome;	/* of mistakes in the file; NULL: "nothing was
				 * started" */
	struct set *set;	/* NULL before session_load */
	bool guesses;		/* guess is wanted */
	struct set *guess;	/* what a file with mistakes seems to mean;
				 * NULL: that cannot be said */
	size_t mistakes;	/* that session_load() found */
	struct buf talk;	/* mistakes and warnings of the sbxrc */
};

enum {
	SESSION_MS = 5000,	/* for an engine to come up */
	/* Of a packed set, bytes; a frame has more with it. */
	SESSION_PACK_MAX = CONN_FRAME_MAX - 64,
};

/* Finds, reads nothing.  file: of -f, or NULL.  0 or -1. */
int	session_find(struct session *s, const char *file, struct err *e);
void	session_fini(struct session *s);
/* Reads the sbxrc into s->set (once); what it says is in s->talk.  Without
 * a file the set is empty.  0 or -1. */
int	session_load(struct session *s, struct err *e);

/* The running engine, greeted; NULL with ERR_NO_ENGINE if there is none. */
struct client *session_connect(struct session *s, struct loop *l,
			      const struct client_hooks *hooks, void *arg,
			      struct err *e);
/* The same, but starts one where there is none and gives it its set. */
struct client *session_start(struct session *s, struct loop *l,
			    const struct client_hooks *hooks, void *arg,
			    struct err *e);
/* Is there one that does not listen at present, but will?  Its keeper starts
 * one again that was killed. */
bool	session_is_coming_back(const struct session *s);
/* The process above all of the set, 0 if there is none.  SIGTERM ends the set
 * in order, whatever release it is. */
int	session_anchor(const struct session *s);
/* Packs s->set with our environment, for PROTO_LOAD.  0 or -1. */
int	session_pack(const struct session *s, struct buf *out, struct err *e);

#endif
