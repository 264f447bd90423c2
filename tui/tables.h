#ifndef SBX_TABLES_H
#define SBX_TABLES_H

/*
 * The program's own tables, printed for whoever writes them down: the
 * generated parts of the manuals and the tests that compare them.  "sbx
 * __table NAME FORMAT" is no command of sbx: it is in no help and may change
 * at any time.
 */

#include <stdbool.h>

/* Is this such a call? */
bool	tables_asked(int argc, char **argv);
/* Prints it; the exit status. */
int	tables_main(int argc, char **argv);

#endif
