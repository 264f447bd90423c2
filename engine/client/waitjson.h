#ifndef SBX_WAITJSON_H
#define SBX_WAITJSON_H

/*
 * What came of a wait (waiting.h) as the keys of a JSON object that is open:
 * the same ones on the command line and over HTTP.  Either "met":true with
 * the line, its captures and the cursor after it, the port or the exit; or
 * "met":false with why: "timeout", "ended", "no_process".
 */

#include <stdint.h>

struct jsonout;
struct logread;
struct proc_row;
struct waiting_conf;
struct waiting_result;

void	waitjson_met(struct jsonout *j, const struct proc_row *row,
		     const struct waiting_conf *conf,
		     const struct waiting_result *r);
/* row: how the process stands then; NULL where there is none. */
void	waitjson_not_met(struct jsonout *j, const char *why,
			 const struct proc_row *row);
/* Of one that has ended: what it said last (lastlines.h), without escapes. */
void	waitjson_last_lines(struct jsonout *j, uint64_t run,
			    struct logread *lr);
/* What was dropped before it could be looked at; zeros give no key. */
void	waitjson_missed(struct jsonout *j, uint64_t lines,
			uint64_t dropped_bytes);

#endif
