#ifndef SBX_DATADIR_H
#define SBX_DATADIR_H

/*
 * Files of a kind ("themes", "keys") that come with sbx or are the person's
 * own.  They are looked for in the configuration, then beside the program (the
 * source tree, or an installed one that was moved as a whole), then where it
 * was installed.  A name is one word without a slash; nothing is read here.
 */

/* The path of NAME + suffix, NULL if there is none; caller frees. */
char	*datadir_find(const char *kind, const char *name, const char *suffix);
/* Names of all of them and of own (NULL-terminated), sorted, each once;
 * NULL-terminated, caller frees all. */
char	**datadir_names(const char *kind, const char *suffix,
			const char *const *own);
/* "did you mean 'X'?", or a list of names; always -1. */
struct err;
int	datadir_hint(char *const *names, const char *name, struct err *e);

#endif
