#ifndef SBX_WAITING_H
#define SBX_WAITING_H

/*
 * Waiting for one thing of one process, in the client: a line of its log,
 * its screen, a port, being ready, silence, its end.  A wait is met, or it
 * ends because the process ended first; the caller adds its own time limit.
 *
 * The log is read and ports are asked here; rows and screens come from the
 * model.  A port counts only while the process is alive and where no other
 * program is known to hold it (portowner.h), so that a stranger is not taken
 * for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "log/linewait.h"
#include "probe/probe.h"

struct err;
struct loop;
struct logread;
struct model_proc;
struct proc_row;
struct waiting;

enum waiting_kind {
	WAITING_UP,		/* ready (rowfmt_up_in_ms), or ended well */
	WAITING_READY, WAITING_EXIT, WAITING_IDLE, WAITING_LOG,
	WAITING_SCREEN, WAITING_PORT,
};

struct waiting_conf {
	enum waiting_kind kind;
	const char *pattern;	/* LOG, SCREEN */
	unsigned pattern_flags;	/* REGEX_... */
	unsigned streams;	/* LOG: set of 1 << enum log_stream */
	uint64_t after;		/* LOG: lines with a higher number */
	bool fresh;		/* SCREEN: only a picture of more than from */
	uint64_t from[LOG_STREAMS];	/* LOG: what follows these offsets */
	struct probe_target target;	/* PORT */
	uint64_t idle_ms;	/* IDLE */
};

enum waiting_end { WAITING_NOT_YET, WAITING_MET, WAITING_ENDED,
	WAITING_WRONG };	/* WRONG: see the error */

struct waiting_result {
	const struct linewait_hit *hit;	/* LOG */
	struct regex *re;		/* LOG, SCREEN: for names of groups */
	const char *text;		/* SCREEN: what was matched */
	size_t text_len;
	const struct regex_caps *caps;	/* LOG, SCREEN */
	struct probe_result probe;	/* PORT */
};

/* What it saw last that was not enough, a phrase; "": nothing. */
const char *waiting_note(const struct waiting *w);
/* The log that it was given, or NULL. */
struct logread *waiting_log(const struct waiting *w);
/* LOG: what was dropped before it was seen: linewait_missed(). */
uint64_t waiting_missed(const struct waiting *w, uint64_t *bytes);

/*
 * lr is taken, needed for LOG and IDLE (else NULL).  wake is called when the
 * result may have changed without news from the engine.  conf's strings are
 * borrowed.  NULL with e.
 */
struct waiting *waiting_new(struct loop *l, const struct waiting_conf *conf,
			    struct logread *lr, void (*wake)(void *arg),
			    void *arg, struct err *e);
void	waiting_free(struct waiting *w);		/* NULL is fine */

/*
 * Looks; p is NULL when the process is gone from the model and row then its
 * last row.  *again_ms: look again after that time (UINT64_MAX: not before
 * there is news).  What *out points to lives until the next step.
 */
enum waiting_end waiting_step(struct waiting *w, const struct proc_row *row,
			      const struct model_proc *p, uint64_t now_ms,
			      struct waiting_result *out, uint64_t *again_ms,
			      struct err *e);

#endif
