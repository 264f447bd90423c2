#ifndef SBX_RCWRITE_H
#define SBX_RCWRITE_H

/*
 * Values as lines of an sbxrc, written so that the loader reads back what was
 * given.  What makes text appends it and gives 0 or -EMSGSIZE.
 */

#include <stdbool.h>
#include <sys/types.h>

struct buf;

/* What follows "cmd": a line of the shell that no rule of sbxrc touches, one
 * line as it is, others between <<WORD and WORD.  indent: of the line it
 * stands on. */
int	rcwrite_tail(struct buf *out, const char *indent, const char *text);

struct rcwrite_process {
	const char *name;	/* a valid one */
	const char *command;	/* of the shell; not empty */
	const char *argv;	/* words with \x1f between, instead; or NULL */
	const char *cwd;	/* as it is written; NULL or ".": no line */
	bool tty, pipe;		/* pipe: its stdin is one */
	int restart;		/* enum spec_restart */
};

/* "process NAME { ... }" */
int	rcwrite_process(struct buf *out, const struct rcwrite_process *p);

/* The bytes of a file that rcwrite_append() has put there. */
struct rcwrite_place {
	off_t from, to;
};

/* The text behind an empty line at the end of the file, which is open for
 * reading and appending.  0, or -errno and the file is as it was. */
int	rcwrite_append(int fd, const char *text, struct rcwrite_place *place);
/* The file without them; somebody else's lines behind them keep them. */
void	rcwrite_take_back(int fd, const struct rcwrite_place *place);

#endif
