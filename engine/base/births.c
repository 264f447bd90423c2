#include "births.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "sys.h"

/*
 * A number is given out a moment before its process can be seen: so many may
 * have been under way when the list was read.
 */
enum { UNBORN = 64 };

/* A number from a file of /proc, the last one on its line; 0 if none. */
static long
last_number(const char *path)
{
	char text[128];

	int fd = sys_open(path, 0, 0);
	if (fd < 0)
		return 0;
	ssize_t n = sys_read(fd, text, sizeof text - 1);
	sys_close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	char *p = strrchr(text, ' ');
	return strtol(p ? p + 1 : text, NULL, 10);
}

/* That was given out; 0: not known. */
static long
last_pid(void)
{
	long no = last_number("/proc/sys/kernel/ns_last_pid");

	/* A container may show a loadavg that is not the kernel's. */
	return no ? no : last_number("/proc/loadavg");
}

void
births_begin(struct births *b)
{
	b->from = last_pid();
	b->start = SBX_MAX(b->from - UNBORN, 0L);
}

bool
births_look(struct births *b, procfs_pid_fn *fn, void *arg)
{
	if (b->from == 0)
		return true;
	long to = last_pid();
	if (to == 0)
		return false;
	long end = to < b->start ? last_number("/proc/sys/kernel/pid_max") : 0;
	for (long no = b->start; no != to;) {
		no = end && no + 1 >= end ? 1 : no + 1;
		fn((pid_t)no, arg);
	}
	b->start = b->from;
	return last_pid() == to;
}
