#ifndef SBX_PTY_H
#define SBX_PTY_H

/*
 * Pseudo-terminals: the master is ours and never blocks, the slave is opened
 * by the child alone, so that the end of its last user is the end of file
 * (EIO on the master).  No emulation here.
 */

#include <stdint.h>

/* The master of a new terminal, non-blocking and close-on-exec, or -errno. */
int	pty_open(uint16_t rows, uint16_t cols);
/* The slave side, close-on-exec, not yet a controlling terminal; -errno. */
int	pty_slave(int master);
/* In a session leader without one: makes slave its controlling terminal. */
int	pty_claim(int slave);
/* Tells the programs only when the size is a new one (SIGWINCH). */
int	pty_resize(int master, uint16_t rows, uint16_t cols);

#endif
