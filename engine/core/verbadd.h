#ifndef SBX_VERBADD_H
#define SBX_VERBADD_H

/*
 * What clients bring along: one process that is added to the set, or a whole
 * set for an engine that has none.  They come packed and checked, and are
 * checked again; what a process does not say itself is of the set, its group
 * or another process.
 */

#include <stddef.h>
#include <stdint.h>

struct peer;

void	verb_add(struct peer *c, uint32_t id, const char *data, size_t len);
void	verb_load(struct peer *c, uint32_t id, const char *data, size_t len);

#endif
