#ifndef SBX_DETAILS_H
#define SBX_DETAILS_H

/*
 * What only the engine knows of a process, for the sheet of the screen that
 * tells everything: records (detailrow.h).
 *
 *	"env set" (or removed, or inherited), NAME, VALUE
 *	tree, "PID PPID", "CPU_US RSS_BYTES PORT...", COMMAND
 *	left, the same		of runs that are over (tree keep)
 *	front, PID, COMMAND	what a shell has in front of its terminal
 *	why, NAME, TEXT		sentences
 *	rule, WORD, TEXT	as in sbxrc
 *	check, "ready" or "live", "AT_MS FOR_US OK RUN", TEXT
 *				how an attempt ended, newest first
 */

struct buf;
struct proc;

void	details_text(struct buf *out, const struct proc *p);

#endif
