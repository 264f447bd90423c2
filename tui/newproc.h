#ifndef SBX_NEWPROC_H
#define SBX_NEWPROC_H

/*
 * Processes from lines of sbxrc that are in no file of the set: those of the
 * form, or a file of another program as sbxrc.  They are what they would be
 * behind the lines of the sbxrc, are added as by hand, and
 * those that start by themselves are started, all at once when all are there,
 * since some may wait for others.
 */

#include <stdbool.h>

struct err;
struct set;
struct ui;

/*
 * The lines at path; paths in them start in the directory of the set.  keep:
 * the lines go to the end of its sbxrc too, once the processes are there; what
 * the file has is not touched.  0, or -1 with e for lines with mistakes, and
 * nothing is added; what goes wrong later is a toast.
 */
int	newproc_file(struct ui *ui, const char *path, bool keep,
		     struct err *e);
/* The lines to the end of the sbxrc, whatever they are, or into a new one
 * where there is none; all, or none where it could not be read with them. */
void	newproc_keep(struct ui *ui, const char *text);
/* Is there an sbxrc?  One that was written since the set was started is its
 * own from now on. */
bool	newproc_has_sbxrc(struct ui *ui);
int	newproc_text(struct ui *ui, const char *text, bool keep,
		     struct err *e);
/* The set that these lines make, behind those of the sbxrc or for themselves;
 * NULL where there are mistakes.  Caller frees. */
struct set *newproc_read(const struct ui *ui, const char *lines,
			 bool behind_sbxrc);

#endif
