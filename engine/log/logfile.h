#ifndef SBX_LOGFILE_H
#define SBX_LOGFILE_H

/*
 * `log.file`: a copy of a process's log as plain text, for other programs.
 * Follows the spool as one more fold, at its own pace: nothing waits for it,
 * and a full disk only makes it late.  What the spool has dropped meanwhile
 * is a line that says how many bytes.
 *
 * Whole lines of all streams in their order; of a terminal without escapes,
 * redrawn ones in their last state; others byte by byte.  A line without an
 * end (of a run that is over) gets one.
 *
 * How far it is stands in the file `copy` of the log's directory, written
 * before each write to the copy: with the copy's length that tells a new
 * engine to the byte what is there.  The copy may be renamed or cut by
 * others at any time; a new one is made.
 *
 * Rotation: path becomes path.1, path.1 path.2 and so on between two lines.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct logfile;
struct spool;

#define LOGFILE_KEEP_DEFAULT	5
#define LOGFILE_CHUNK		(128 * 1024)	/* bytes of a step at most */

struct logfile_conf {
	const char *path;	/* absolute; its directory is not made */
	uint64_t rotate_bytes;	/* 0: never */
	unsigned keep;		/* rotated files; 0: the default */
	bool gzip;		/* rotated files become .gz */
};

/* sp is borrowed as long as it lives, only for its directory.  Opens nothing
 * yet. */
struct logfile *logfile_new(struct spool *sp, const struct logfile_conf *conf);
void	logfile_free(struct logfile *f);		/* NULL is fine */

/*
 * Copies a piece.  1: there is more, 0: that was all, -errno: it cannot go
 * on at present, the reason is in logfile_trouble(); try again in a second
 * or so.  Never waits but for the disk.
 */
int	logfile_step(struct logfile *f);
/* NULL while all is well. */
const struct err *logfile_trouble(const struct logfile *f);
/* Closes all files until they are needed again. */
void	logfile_rest(struct logfile *f);

/*
 * A rotated file is to be compressed: true, with a command for /bin/sh -c
 * appended to out.  Nothing else is given until its end is told.
 */
bool	logfile_squeeze(struct logfile *f, struct buf *out);
void	logfile_squeezed(struct logfile *f, bool ok);

#endif
