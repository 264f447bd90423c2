#ifndef SBX_NEWPROC_H
#define SBX_NEWPROC_H

/*
 * Processes from lines of sbxrc that are in no file of the set: those of the
 * form, or a file of another program as sbxrc.  They are added as by hand and
 * those that start by themselves are started, all at once when all are there,
 * since some may wait for others.
 */

#include <stdbool.h>

struct err;
struct ui;

/*
 * The lines at path; paths in them start in the directory of the set.  keep:
 * the lines go to the end of its sbxrc too, once the processes are there; what
 * the file has is not touched.  0, or -1 with e for lines with mistakes, and
 * nothing is added; what goes wrong later is a toast.
 */
int	newproc_file(struct ui *ui, const char *path, bool keep,
		     struct err *e);
/* The lines to the end of the sbxrc, whatever they are; all, or none where it
 * could not be read with them. */
void	newproc_keep(struct ui *ui, const char *text);
int	newproc_text(struct ui *ui, const char *text, bool keep,
		     struct err *e);
/* Text as a file: its path, for as long as the descriptor is open that is
 * given, or -errno. */
enum { NEWPROC_PATH_MAX = 64 };
int	newproc_memory(const char *text, char path[NEWPROC_PATH_MAX]);

#endif
