#ifndef SBX_STATEFILE_H
#define SBX_STATEFILE_H

/*
 * Small files of the screen itself, beside the directories of the sets: what
 * was typed, how often it was there.  Nothing is lost with them.
 */

/* The path of NAME, NULL when there is no place for it; caller frees.  The
 * directory is made, private, if it is missing. */
char	*statefile_path(const char *name);

#endif
