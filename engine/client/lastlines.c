#include "lastlines.h"

#include "base/base.h"
#include "life/status.h"
#include "log/logread.h"
#include "log/logseek.h"
#include "spec/proto.h"

uint64_t
lastlines_run(const struct proc_row *row)
{
	/* A start that has failed leaves the run of before in the row. */
	return row->status == STATUS_ERROR ? 0 : row->run;
}

void
lastlines_each(struct logread *lr, uint64_t run, unsigned count,
	       lastlines_fn *fn, void *arg)
{
	uint64_t first, end;
	struct logline l;

	(void)logread_refresh(lr);
	if (!run || !logseek_run(lr, run, &first, &end))
		return;
	first = SBX_MAX(first, logread_first_seq(lr));
	for (uint64_t seq = end > first + count ? end - count : first;
	     seq < end; seq++)
		if (logread_line(lr, seq, LASTLINES_BYTES, &l) == 1 &&
		    !(l.flags & LOGLINE_GAP))
			fn(arg, l.text ? l.text : "", l.len);
}
