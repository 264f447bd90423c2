#ifndef SBX_EXEPATH_H
#define SBX_EXEPATH_H

/*
 * Where this program's own file is, by the kernel's word: links are resolved,
 * and a file that was replaced or moved meanwhile is told of by the name that
 * it had.  What comes with sbx is looked for from there, so that an installed
 * tree can be moved as a whole.
 */

#include <stddef.h>

enum { EXEPATH_MAX = 4096 };

/* Its path, "" if it cannot be told. */
void	exepath(char out[EXEPATH_MAX]);
/* The directory it is in, without a slash at the end; "" likewise. */
void	exepath_dir(char out[EXEPATH_MAX]);
/* The first of places, which start from that directory, that is a program;
 * NULL if none is.  Caller frees. */
char	*exepath_find(const char *const *places, size_t count);

#endif
