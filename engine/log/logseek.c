#include "logseek.h"

#include <stddef.h>

#include "base/base.h"
#include "logread.h"

/* A line that cannot be read is as good as one of later. */
static bool
is_before(struct logread *lr, uint64_t seq, int64_t wall_ms)
{
	struct logline l;
	return logread_place(lr, seq, &l) == 1 && l.wall_ms < wall_ms;
}

uint64_t
logseek_time(struct logread *lr, int64_t wall_ms)
{
	uint64_t lo = logread_first_seq(lr), hi = logread_next_seq(lr);
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		if (is_before(lr, mid, wall_ms))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The nearest line of the stream at or below seq that is not below lo; 0. */
static uint64_t
below(struct logread *lr, enum log_stream s, uint64_t seq, uint64_t lo,
      struct logline *out)
{
	for (; seq >= lo; seq--)
		if (logread_place(lr, seq, out) == 1 && out->stream == s)
			return seq;
	return 0;
}

uint64_t
logseek_byte(struct logread *lr, enum log_stream s, uint64_t off)
{
	/* The last line of the stream that begins at or before off. */
	uint64_t lo = SBX_MAX(logread_first_seq(lr), 1u);
	uint64_t hi = logread_next_seq(lr), found = 0;
	struct logline l;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		uint64_t seq = below(lr, s, mid, lo, &l);
		if (seq == 0) {
			lo = mid + 1;
		} else if (l.off <= off) {
			found = off - l.off < l.full_len ? seq : found;
			lo = mid + 1;
		} else {
			hi = seq;
		}
	}
	return found;
}

bool
logseek_run(const struct logread *lr, uint64_t number, uint64_t *first,
	    uint64_t *end)
{
	const struct log_run *r = logread_run(lr, number);
	uint64_t next = logread_next_seq(lr);

	if (!r)
		return false;
	*first = r->flags & LOG_RUN_SEQ ? r->first_seq : next;
	*end = r->flags & LOG_RUN_SEQ_END ? r->end_seq : next;
	return true;
}
