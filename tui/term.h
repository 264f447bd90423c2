#ifndef SBX_TERM_H
#define SBX_TERM_H

/*
 * The user's terminal: raw mode, the alternate screen, mouse, paste and
 * focus reports, and back again.  Whatever ends the program, the terminal is
 * left as it was: term_down() on the orderly ways, a signal handler with a
 * prepared string on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT.
 *
 * One terminal a program: the state is in this file.  Painting is in paint.h,
 * reading in input.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include "engine/conf/color.h"

struct err;

/* What set color says, in its order. */
enum term_color {
	TERM_COLOR_AUTO, TERM_COLOR_NEVER, TERM_COLOR_16, TERM_COLOR_256,
	TERM_COLOR_TRUE
};

struct term_options {
	enum term_color color;
	bool mouse;
};

/* Can $TERM show a full screen?  Nothing is changed yet.  0 or -1. */
int	term_check(struct err *e);
/* Checks too.  0 or -1. */
int	term_up(const struct term_options *o, struct err *e);
void	term_down(void);	/* safe when it is not up */
/* For SIGTSTP and programs in front: down and up again, same options. */
void	term_suspend(void);
int	term_resume(void);

enum term_depth term_depth(void);
/* Asks the kernel; at least 1x1. */
void	term_size(int *rows, int *cols);
/* Bytes the terminal has not taken yet, 0 if that is not known. */
int	term_backlog(void);

/* Bytes beside curses, in one write. */
void	term_write(const void *bytes, size_t len);
void	term_mouse(bool on);
void	term_motion(bool all);		/* report motion without a button */
void	term_cursor_shape(int shape);	/* vt_cursor.shape; -1: its own */
/* Does it understand, or at least swallow, what xterm does? */
bool	term_is_xterm_like(void);
/* Printable text; NULL: back to the old title. */
void	term_title(const char *text);
/* A notification of the desktop (OSC 9); what is no character is left out. */
void	term_notify(const char *text);
/* Sends the questions whose answers come through input.h. */
void	term_ask(void);

#endif
