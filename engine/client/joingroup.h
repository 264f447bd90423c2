#ifndef SBX_JOINGROUP_H
#define SBX_JOINGROUP_H

/*
 * A process that is added to a group of the sbxrc becomes a member as if the
 * file named it: the variables of set and group come before its own, the
 * directory of the group counts unless it has one.  The file is read again
 * for that, in the client.
 */

#include <stdbool.h>

struct buf;
struct err;
struct spec;

/*
 * rc_path is the engine's sbxrc ("": it has none), named: it was given by -f.
 * A group that the file does not have is a new one: a name.  0, or -1 with
 * what is wrong with the file in talk.
 */
int	joingroup(const char *rc_path, bool named, const char *group,
		  struct spec *s, bool own_cwd, struct buf *talk,
		  struct err *e);

#endif
