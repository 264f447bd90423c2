#include "logcap.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/sys.h"
#include "conf/option.h"
#include "core.h"
#include "log/spool.h"
#include "proc.h"

enum { LOOK_EVERY_US = 250 * 1000 };

static uint64_t
sum(const struct engine *e)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < e->nproc; i++)
		bytes += spool_total(e->procs[i]->spool);
	return bytes;
}

static struct proc *
find_oldest(const struct engine *e)
{
	struct proc *oldest = NULL;
	int64_t best_ms = INT64_MAX;

	for (size_t i = 0; i < e->nproc; i++) {
		int64_t ms = spool_oldest_ms(e->procs[i]->spool);
		if (ms < best_ms) {
			best_ms = ms;
			oldest = e->procs[i];
		}
	}
	return oldest;
}

static struct proc *
find_largest(const struct engine *e)
{
	struct proc *largest = e->procs[0];

	for (size_t i = 1; i < e->nproc; i++)
		if (spool_total(e->procs[i]->spool) >
		    spool_total(largest->spool))
			largest = e->procs[i];
	return largest;
}

void
logcap_settle(struct engine *e)
{
	uint64_t now = clock_us(), bytes;
	uint64_t limit = options_number(e->options, OPTION_LIMIT_LOGS);

	if (!e->logs_grew || e->nproc == 0)
		return;
	if (now < e->at_logcap_us) {
		engine_turn_at(e, e->at_logcap_us);
		return;
	}
	e->logs_grew = false;
	e->at_logcap_us = now + LOOK_EVERY_US;
	for (bytes = sum(e); bytes > limit;) {
		struct proc *p = find_oldest(e);
		if (!p) {
			p = find_largest(e);
			if (spool_rotate(p->spool, clock_wall_ms()) < 0)
				return;
		}
		uint64_t before = spool_total(p->spool);
		if (spool_drop_oldest(p->spool) < 0)
			return;
		bytes -= SBX_MIN(bytes, before - spool_total(p->spool));
		proc_grew(p);
		proc_touch(p);
	}
}

void
logcap_remove_unknown(struct engine *e)
{
	DIR *d;
	if (sys_list_dir(e->log_fd, &d) < 0)
		return;
	for (struct dirent *de; (de = readdir(d));) {
		if (de->d_name[0] == '.' || engine_find_name(e, de->d_name))
			continue;
		int dir = sys_openat(e->log_fd, de->d_name,
				     O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (dir < 0)
			continue;
		spool_wipe(dir);
		sys_close(dir);
		sys_unlinkat(e->log_fd, de->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}
