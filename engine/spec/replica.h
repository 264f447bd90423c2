#ifndef SBX_REPLICA_H
#define SBX_REPLICA_H

/*
 * `replicas N`: one definition that runs N times, as NAME.0, NAME.1 and so
 * on.  The loader makes the copies; `sbx scale` makes more of them from the
 * first one.  Each has ports of its own: a declared port, and a check and the
 * URL of that port, are moved on by the number of the replica.  Pure.
 */

#include <stdbool.h>
#include <stddef.h>

struct err;
struct spec;

#define REPLICAS_MAX 1000

/* A copy of a definition with replicas, or of one of its replicas.  NULL with
 * e where a name or a port cannot be. */
struct spec *replica_new(const struct spec *of, unsigned idx, struct err *e);
/* Is s what a person means by name: itself, or a replica of it? */
bool	replica_is_meant(const struct spec *s, const char *name);
/* "logs/worker.log" is logs/worker.0.log for a replica; free it. */
char	*replica_path(const struct spec *s, const char *path);

#endif
