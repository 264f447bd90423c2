#ifndef SBX_VALUEFMT_H
#define SBX_VALUEFMT_H

/*
 * The value of a watch (struct proto_value) as JSON, for the command line and
 * HTTP, and as a line of text.  Pure.  A value is named as its watch, those
 * of its groups "WATCH.GROUP".
 */

#include <stdbool.h>

struct buf;
struct jsonout;
struct proto_value;

/* An element of an array. */
void	valuefmt_json(struct jsonout *j, const struct proto_value *v);
/* Appends a line, harmless for a terminal; 0 or -EMSGSIZE. */
int	valuefmt_text(struct buf *b, const struct proto_value *v);
/* "latency" is the watch and the values of its groups, "latency.ms". */
bool	valuefmt_is_of(const char *name, const char *watch);

#endif
