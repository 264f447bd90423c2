#ifndef SBX_RUNTIME_H
#define SBX_RUNTIME_H

/*
 * What can be changed while the set runs: settings that act in the engine,
 * and variables for runs to come.  It outlives the engine with the registry
 * and gives way to the file at the next reload.
 */

#include <stdbool.h>
#include "life/event.h"

struct buf;
struct engine;
struct err;
struct proto_request;
struct spec;

/* "KEY VALUE" lines, all or none. */
int	runtime_set(struct engine *e, enum cause cause, const char *lines,
		    struct err *err);
/* What runs beside the set is as the settings say. */
void	runtime_follow(struct engine *e);
int	runtime_get(const struct engine *e, const char *key, struct buf *out,
		    struct err *err);
/* Do a new process and its groups have names that mean one thing?  0 or -1. */
int	runtime_check_names(const struct engine *e, const struct spec *s,
			    struct err *err);
/* What PROTO_V_ENV says; where that changes nothing it is read. */
bool	runtime_env_reads(const struct proto_request *q);
int	runtime_env(struct engine *e, enum cause by,
		    const struct proto_request *q, struct buf *out,
		    struct err *err);

#endif
