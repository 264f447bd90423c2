#ifndef SBX_IMPORT_FIND_H
#define SBX_IMPORT_FIND_H

/*
 * Files of other programs in a directory: which are there, and what an sbxrc
 * could be made from.  Files are looked at and read, nothing is run or
 * written.
 */

#include <stddef.h>
#include "import.h"

struct err;

struct import_found {
	enum import_format format;
	const char *file;	/* name in the directory; a constant */
};

/* At most one of each format, the one to suggest first comes first. */
size_t	import_find(int dir, struct import_found out[IMPORT_FORMATS]);
/* The first that is there as a sentence: "'sbx init --from procfile' makes
 * one of the Procfile here".  NULL if there is none; caller frees. */
char	*import_suggest(int dir);

/* What runs scripts here by its lock file, in dir or above it; NULL = npm. */
const char *import_runner(const char *dir);
/* Reads and parses a file.  NULL with *m, which has no line when the file
 * could not be read. */
struct import *import_read(enum import_format f, const char *path,
			   struct import_mistake *m);
/* The format of a file by its name; -1 if it goes by none of them. */
int	import_format_of(const char *path);

#endif
