#ifndef SBX_WHYOF_H
#define SBX_WHYOF_H

/*
 * Why a process is in its status, gathered by a client: its row, the rows of
 * those that it waits for, and what the journal has of them.  The sentences
 * are made by why.h; here is what they are made of.
 *
 * The journal is read once, from its oldest event on; memory is bounded by
 * the newest events that matter.
 */

struct buf;
struct jsonout;
struct model;
struct model_proc;
struct log_run;
struct whyof;

/* p is one of m; dir is the descriptor of the journal, borrowed.  What it
 * keeps are copies of events and p's row: use it before the loop turns. */
struct whyof *whyof_read(struct model *m, struct model_proc *p, int dir);
/* Of one of its former runs, borrowed. */
struct whyof *whyof_read_run(struct model_proc *p, const struct log_run *run,
			     int dir);
void	whyof_free(struct whyof *w);			/* NULL is fine */
/* The sentences, without a newline, appended; 0 or -EMSGSIZE. */
int	whyof_text(const struct whyof *w, struct buf *out);
/* Keys of an object that is open: name, status, why, its last events. */
int	whyof_json(const struct whyof *w, struct jsonout *j);

#endif
