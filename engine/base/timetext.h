#ifndef SBX_TIMETEXT_H
#define SBX_TIMETEXT_H

/*
 * Points in time as people and scripts write them behind --since: RFC 3339
 * ("2026-03-01T12:03:22.5+01:00", also with a blank for the T and without a
 * zone, which is then local time), the time of this day ("12:03"), or a
 * duration back from now ("5m").
 */

#include <stdint.h>

struct err;

/* 0 with *wall_ms, or -1 with ERR_USAGE. */
int	timetext_parse(const char *text, int64_t now_ms, int64_t *wall_ms,
		       struct err *e);

#endif
