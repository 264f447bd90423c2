#ifndef SBX_PANE_H
#define SBX_PANE_H

/*
 * What the screen remembers of one process: its log window, what was seen of
 * it, the scrollback of its terminal.  Hangs at model_proc->user and goes
 * with it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/client/model.h"
#include "engine/term/cell.h"

struct logview;
struct set;

enum { SCROLLBACK_ROWS = 512 };	/* asked for at once, kept at most */

/* A terminal pane that was scrolled back, and rows that were fetched. */
struct scrollback {
	bool on;
	uint64_t top;		/* line id of the first row of the pane */
	uint64_t first;		/* line id of cells' first row */
	uint32_t count;
	int cols;
	struct vt_cell *cells;	/* count × cols */
	unsigned *flags;	/* CELL_ROW_..., count */
	struct cell_pool *pool;
	bool asked;
	/* What there was when top was last right. */
	uint64_t known_first, known_next;
	int known_cols;
};

struct pane {
	struct logview *log;
	bool log_asked;		/* the engine was asked for the descriptor */
	bool log_stale;		/* it has grown, and is not on the screen */
	int left;		/* columns that are scrolled away */
	uint64_t mark_no;	/* marked as the so-manieth; 0: not */
	bool merge_hidden;	/* not in the merged log */
	uint64_t sort_key;	/* as of ui->list.sorted_ms */
	uint64_t seen_bytes, seen_bells, seen_run;
	uint32_t seen_errors;
	uint64_t in_sight_ms;	/* at its end on the screen since; 0: not */
	struct scrollback sb;
};

struct pane *pane_new(const struct set *set, const struct model_proc *p);
void	pane_free(struct pane *pa);			/* NULL is fine */
/* Everything printed up to now counts as seen. */
void	pane_seen(struct pane *pa, const struct model_proc *p);
bool	pane_has_output(const struct pane *pa, const struct model_proc *p);
uint32_t pane_errors(const struct pane *pa, const struct model_proc *p);
bool	pane_has_bell(const struct pane *pa, const struct model_proc *p);

#endif
