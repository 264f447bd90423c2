#ifndef SBX_RECONF_H
#define SBX_RECONF_H

/*
 * The set and its settings, while it runs.  A reload changes everything it
 * changes within one turn and has it recorded before it is answered: an
 * engine that is killed has either not begun or is followed by one that goes
 * on (order_settle() tells what is left to do from the records alone).
 */

#include <stddef.h>
#include <stdint.h>

struct options;
struct peer;

void	reconf_take_settings(struct options *o, char *const *lines);
/* A client read the file again: the plan, or the plan and what it says. */
void	reconf_reload(struct peer *c, uint32_t id, const char *data,
		      size_t len);

#endif
