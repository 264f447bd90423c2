#ifndef SBX_MODEL_H
#define SBX_MODEL_H

/*
 * A client's picture of the engine: its processes in the order of the list,
 * how far their logs have come, their values, the screens that are watched.
 * Frames in, state out: no sockets, no clock.
 *
 * A model_proc lives until its GONE frame (or the end of a resynchronisation
 * that did not name it); whoever keeps one longer keeps its id instead.
 * Nothing that an engine sends can break the model: a bad frame is refused
 * and changes nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "spec/proto.h"
#include "term/cell.h"

struct conn_frame;
struct err;
struct logtold;
struct model;

enum { MODEL_PROCS_MAX = 20000 };

struct model_screen {
	struct proto_screen head;	/* title is ours, never NULL */
	struct cell_pool *pool;
	struct vt_cell *cells;		/* head.rows × head.cols */
	uint8_t *row_flags;		/* CELL_ROW_... */
	bool *dirty;			/* per row; the drawer clears it */
	bool moved;			/* size, cursor, modes or title */
};

struct model_proc {
	uint32_t id;
	const struct proc_row *row;	/* never NULL */
	struct proto_grow grow;		/* all zero before the first one */
	struct proto_value *values;	/* strings are ours */
	size_t value_count;
	struct model_screen *screen;	/* NULL: not watched */
	uint64_t bells;			/* since the start */
	uint64_t rev;			/* grows with each change of row */
	void *user;			/* of whoever shows it; see model_new */
	struct model_proc *next_hash;	/* the model's own */
	bool stale;
};

/* What a frame changed: bits of model_take. */
enum {
	MODEL_ROWS = 1, MODEL_ORDER = 2, MODEL_SYNC = 4, MODEL_GROW = 8,
	MODEL_VALUES = 16, MODEL_SCREEN = 32, MODEL_BELL = 64,
	MODEL_EVENTS = 128, MODEL_NOTE = 256, MODEL_BYE = 512,
	MODEL_TOLD = 1024,
};

typedef void model_gone_fn(struct model_proc *p, void *arg);

/* gone is called before a process goes (to free ->user); may be NULL. */
struct model *model_new(model_gone_fn *gone, void *arg);
void	model_free(struct model *m);		/* NULL is fine */

/*
 * Takes one frame of the engine.  Bits of what changed (0: nothing, or a
 * frame that does not belong here), -EPROTO when it is malformed.  *proc is
 * the process it was about or NULL (also for processes that are not known).
 */
int	model_take(struct model *m, const struct conn_frame *f,
		   struct model_proc **proc);

/* Before a new subscription (after a reconnect): what is not named again
 * until SYNC goes then. */
void	model_resync(struct model *m);
bool	model_synced(const struct model *m);

size_t	model_count(const struct model *m);
struct model_proc *model_at(struct model *m, size_t idx);  /* list order */
struct model_proc *model_find(struct model *m, uint32_t id);
struct model_proc *model_find_name(struct model *m, const char *name);

/* Forgets the screen of a process (it is not watched any more). */
void	model_drop_screen(struct model_proc *p);
/* The text of one screen row as UTF-8, into out (appended), without the
 * trailing blanks behind its first cols columns; 0 or -EMSGSIZE. */
struct buf;
int	model_screen_text(const struct model_screen *s, unsigned row,
			  unsigned cols, struct buf *out);

/* The newest NOTE: its level and text; "" before the first. */
const char *model_note(const struct model *m, unsigned *level);
/* The newest TOLD; NULL before the first. */
const struct logtold *model_told(const struct model *m);
uint64_t model_events(const struct model *m);	/* newest event number */
const char *model_bye(const struct model *m);	/* why it left, "" = not */

/*
 * Processes by the words of the command line (select.h): fills *out (caller
 * frees) with count pointers in list order.  Count, or -1.
 */
int	model_select(struct model *m, char *const *names, unsigned flags,
		     struct model_proc ***out, struct err *e);

#endif
