#ifndef SBX_TARGET_H
#define SBX_TARGET_H

/*
 * The log that searches and filters are for: the merged one while it is
 * shown, else that of the selected process.
 */

#include <stdbool.h>

struct err;
struct filters;
struct ui;

/* NULL when nothing is selected; so are the rest then of no effect. */
struct filters *target_filters(struct ui *ui);
const char *target_pattern(struct ui *ui);		/* "": none */
/* Only shows what matches; NULL or "" for none.  0 or -1. */
int	target_highlight(struct ui *ui, const char *pattern, struct err *e);
/* To the nearest hit of what is highlighted. */
void	target_search(struct ui *ui);
void	target_next(struct ui *ui, int direction);
void	target_next_error(struct ui *ui, int direction);
bool	target_following(struct ui *ui);
void	target_follow(struct ui *ui, bool on);
/* The log of a process instead of the picture of its terminal. */
void	target_show(struct ui *ui);

#endif
