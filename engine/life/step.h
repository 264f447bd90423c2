#ifndef SBX_STEP_H
#define SBX_STEP_H

/*
 * The moves that the cells of life.c are made of: one event on its way
 * through the matrix, and what can be done with it.  For life.c alone.
 *
 * A status changes in step_change and nowhere else, which takes the reason
 * with it; a spawn is asked for in one place, which asserts that nothing of
 * the last run is left.
 */

#include "life.h"

struct step {
	struct life *l;
	struct life_run *r;
	const struct life_policy *p;
	const struct life_input *in;
	struct life_output *out;
	unsigned fx;
};

/* The reason becomes the text of the journal too. */
void	step_change(struct step *s, enum status to, enum event_kind event,
		    enum cause cause, const char *fmt, ...)
	SBX_PRINTF(5, 6);
/* Something to tell that leaves status and reason as they are. */
void	step_note(struct step *s, enum event_kind event, enum cause cause,
		  const char *fmt, ...) SBX_PRINTF(4, 5);
/* "by you": the cause of the event with its detail; out of 96 bytes. */
const char *step_by(const struct step *s, char out[96]);
void	step_arm(struct step *s, enum life_timer t, uint64_t for_us);

bool	step_by_hand(const struct step *s);
/* Notes who wants it up; false where a stop by hand forbids it. */
bool	step_accept(struct step *s);
/* A stop by hand: from now on only a hand starts it. */
void	step_keep_down(struct step *s);

/* Nothing is left and nothing follows by itself. */
void	step_rest(struct step *s, enum status to, enum event_kind event,
		  enum cause cause, const char *fmt, ...) SBX_PRINTF(5, 6);
/* A new run, as far as the facts allow; asked for by this event. */
void	step_begin_by(struct step *s, const char *verb);
/* ... asked for earlier: l->start_* say by whom. */
void	step_begin(struct step *s);
/* The same, for after this run; and its beginning. */
void	step_again_by(struct step *s, const char *verb);
void	step_begin_again(struct step *s);
/* On with a start that waited. */
void	step_advance(struct step *s, unsigned facts);

/* Performs rung l->step and arms the time of the next one. */
void	step_rung(struct step *s);
/* Begins the ladder at a rung; verb "stopped", NULL: nobody asked for it. */
void	step_stop(struct step *s, unsigned rung, enum event_kind event,
		  const char *verb);
/* What outlives the leader has had the first step, and takes its time. */
void	step_left(struct step *s);
/* Backoff, or giving up at the limit. */
void	step_retry(struct step *s, const char *why);
/* Tree gone, output drained. */
void	step_finish(struct step *s);

/* What a cell of the matrix is called; NULL for an empty one. */
const char *step_cell(enum status st, enum life_event e);

#endif
