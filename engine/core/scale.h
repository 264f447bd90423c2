#ifndef SBX_SCALE_H
#define SBX_SCALE_H

/*
 * `sbx scale NAME N`: more or fewer replicas than the file says, until the
 * set is down or the number in the file changes.  The ones with the highest
 * numbers go; what is left keeps its name, so NAME.0 is always there.
 */

#include <stddef.h>

struct engine;
struct err;
struct proc;
struct spec;

/* Those that were missing, to be started; added has room for count. -1: err. */
int	scale_up(struct engine *e, const char *name, unsigned count,
		 struct proc **added, struct err *err);
/* specs are those of a file that was read again: where its number of replicas
 * is that of before, they become as many as there are now. */
int	scale_keep(struct engine *e, struct spec ***specs, size_t *count,
		   struct err *err);
/* Those that are too many, to be stopped; they are forgotten then. */
int	scale_down(struct engine *e, const char *name, unsigned count,
		   struct proc **leaving);

#endif
