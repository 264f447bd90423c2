#ifndef SBX_REMEMBER_H
#define SBX_REMEMBER_H

/*
 * What a screen was like when it was left, for the next one over the same
 * set: folded groups, order, wrap, marks in logs, the last search; and, as
 * long as the same keeper lives, the selected process, filters and what
 * ":set" has changed of the screen.  A file "screen" in the state directory
 * of the set, of lines "WORD VALUE"; a line that means nothing is passed
 * over, and nothing is lost with the file.  The last screen that leaves wins.
 */

struct proto_hello;
struct ui;

/* At the first connection. */
void	remember_load(struct ui *ui, const struct proto_hello *h);
/* When the first rows are all there: what is about single processes. */
void	remember_apply(struct ui *ui);
void	remember_save(struct ui *ui);
void	remember_free(struct ui *ui);

#endif
