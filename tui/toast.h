#ifndef SBX_TOAST_H
#define SBX_TOAST_H

/*
 * Messages of the status row: one is shown at a time, and none that arrives
 * takes another one's place unread.  The worst goes first, then the order in
 * which they came.  An information is shown for 3 s, a warning for 6, an
 * error until the next key; where others wait, a third of that.
 * At most TOASTS_MAX wait or are shown; those that find no place, and those
 * that became stale behind an error, are only in what was told.
 *
 * Times are clock_ms()'s; no clock is asked here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum toast_level { TOAST_NONE, TOAST_INFO, TOAST_WARN, TOAST_ERROR };

enum { TOASTS_MAX = 3, TOASTS_TOLD = 64, TOAST_BYTES = 256 };

struct toast {
	enum toast_level level;
	const char *kind;
	char text[TOAST_BYTES];
	uint64_t born_ms;
};

struct toast_told {
	int64_t wall_ms;
	char text[TOAST_BYTES];
};

struct toasts {
	struct toast list[TOASTS_MAX];	/* the first one is shown ... */
	size_t count;
	uint64_t since_ms;		/* ... since then */
	struct toast_told told[TOASTS_TOLD];
	unsigned told_count;		/* ever */
};

/* One of a kind takes the place of another of it: "wrap on", "wrap off".
 * kind is compared by its address; NULL: like no other. */
void	toasts_add(struct toasts *t, enum toast_level level, const char *kind,
		   const char *text, uint64_t now_ms, int64_t wall_ms);
/* NULL: none. */
const struct toast *toasts_shown(const struct toasts *t);
/* How many come after it. */
size_t	toasts_waiting(const struct toasts *t);
/* A key was pressed, time has passed: true when another one, or none, is to
 * be shown now. */
bool	toasts_key(struct toasts *t, uint64_t now_ms);
bool	toasts_tick(struct toasts *t, uint64_t now_ms);
/* When toasts_tick() has something to do; UINT64_MAX: not before a key. */
uint64_t toasts_due_ms(const struct toasts *t);
/* None of that level, or a lesser one, is true any more. */
void	toasts_drop(struct toasts *t, enum toast_level upto, uint64_t now_ms);
/* What was told, the newest is 0; NULL: no more is known. */
const struct toast_told *toasts_told(const struct toasts *t, unsigned back);

#endif
