#ifndef SBX_TUI_H
#define SBX_TUI_H

/*
 * The full screen: the loop that ties the terminal, the engine's socket and
 * struct ui together.  One paint a frame: at once when nothing was painted
 * for a while, then at most 60 a second, 30 under a flood, and none while the
 * terminal has not taken the last one.  Input is read before output is
 * drawn.
 */

struct cli_open;

/* Until it is left; the exit status. */
int	tui_open(const struct cli_open *o);

#endif
