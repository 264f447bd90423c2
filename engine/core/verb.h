#ifndef SBX_VERB_H
#define SBX_VERB_H

/*
 * What clients ask for, as one row a verb.  Every request is answered at
 * once, with the processes it acts on; what then becomes of them is told by
 * their rows.
 */

#include <stdint.h>

struct peer;
struct proto_request;

void	verb_request(struct peer *c, uint32_t id, struct proto_request *q);

#endif
