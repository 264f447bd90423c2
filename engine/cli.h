#ifndef SBX_CLI_H
#define SBX_CLI_H

/*
 * The command line: everything "sbx" does without its full screen.  stdout
 * is the answer, stderr the talk; nothing is asked, nothing waits for a key.
 */

#include <stdbool.h>

struct buf;

enum { CLI_OPEN_SCREEN = -1 };

/* What the screen is to show; filled for CLI_OPEN_SCREEN. */
struct cli_open {
	char *file;		/* of -f, or NULL */
	char **names;		/* of [NAME...]: NULL-terminated, or NULL */
	char *attach;		/* "sbx attach NAME", or NULL */
};

struct cli_hooks {
	/* Appends "key value" lines about the terminal, for doctor. */
	void (*terminal)(struct buf *lines);
};

/* The exit status, or CLI_OPEN_SCREEN.  hooks may be NULL. */
int	cli_main(int argc, char **argv, const struct cli_hooks *hooks,
		 struct cli_open *open);
void	cli_open_fini(struct cli_open *o);

#endif
