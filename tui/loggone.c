#include "loggone.h"

#include <stdio.h>

#include "engine/base/base.h"
#include "engine/log/logread.h"

bool
loggone_is_above(struct logread *lr, uint64_t seq, bool *torn)
{
	struct logline l;

	*torn = false;
	if (seq != logread_first_seq(lr) ||
	    logread_dropped_bytes(lr) == 0)
		return false;
	if (logread_place(lr, seq, &l) == 1)
		*torn = l.flags & LOGLINE_GONE ||
			logline_is_torn(&l, logread_begin(lr, l.stream));
	return true;
}

void
loggone_put(struct logread *lr, bool torn, struct logline *l)
{
	uint64_t gone = logread_dropped_bytes(lr);
	uint64_t from = SBX_MAX(l->off, logread_begin(lr, l->stream));

	if (torn)
		gone += l->off + l->full_len + l->dropped_bytes - from;
	*l = (struct logline){ .seq = l->seq, .wall_ms = l->wall_ms, .text = "",
			       .flags = LOGLINE_GAP, .dropped_bytes = gone,
			       .dropped_to = logread_first_seq(lr) - !torn };
}

size_t
loggone_text(const struct logline *l, char out[LOGGONE_TEXT_MAX])
{
	int n = snprintf(out, LOGGONE_TEXT_MAX, "%llu bytes are missing here",
			 (unsigned long long)l->dropped_bytes);

	if (l->dropped_to)
		n += snprintf(out + n, LOGGONE_TEXT_MAX - (size_t)n,
			      ", up to line %llu",
			      (unsigned long long)l->dropped_to);
	return (size_t)n;
}
