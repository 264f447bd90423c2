#ifndef SBX_CLI_H
#define SBX_CLI_H

/*
 * The command line: everything "sbx" does without its full screen.  stdout
 * is the answer, stderr the talk; nothing is asked, nothing waits for a key.
 */

#include <stdbool.h>

struct buf;
struct err;
struct set;

enum { CLI_OPEN_SCREEN = -1 };

/* What the screen is to show; filled for CLI_OPEN_SCREEN. */
struct cli_open {
	char *file;		/* of -f, or NULL */
	char **names;		/* of [NAME...]: NULL-terminated, or NULL */
	char *attach;		/* "sbx attach NAME", or NULL */
	bool ascii;		/* --ascii */
	int color;		/* of --color, as set color has it; 0: auto */
};

struct cli_hooks {
	/* Appends "key value" lines about the terminal, for doctor. */
	void (*terminal)(struct buf *lines);
	/* Appends the key bindings; set may be NULL.  0, or -1 with a mistake
	 * in one. */
	int (*keys)(const struct set *set, bool json, struct buf *out,
		    struct err *e);
};

/* The exit status, or CLI_OPEN_SCREEN.  hooks may be NULL. */
int	cli_main(int argc, char **argv, const struct cli_hooks *hooks,
		 struct cli_open *open);
void	cli_open_fini(struct cli_open *o);

#endif
