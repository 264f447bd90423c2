#include "autoname.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/units.h"
#include "core.h"

/* The file is ahead of what was given, so that not every name has to write
 * it: that would cost a fifth of a short life. */
enum { AHEAD = 64 };

#define FILE_NAME "names"
#define FILE_NEW "names.new"

/* The last number that the file knows; 0 if there is none. */
static uint32_t
last_kept(int dir)
{
	char text[16] = "";
	uint64_t n = 0;

	int fd = sys_openat(dir, FILE_NAME, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return 0;
	ssize_t len = sys_read(fd, text, sizeof text - 1);
	sys_close(fd);
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return units_uint(text, 0, UINT32_MAX / 2, &n) < 0 ? 0 : (uint32_t)n;
}

static void
keep(int dir, uint32_t n)
{
	char text[16];

	int fd = sys_openat(dir, FILE_NEW,
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	int len = snprintf(text, sizeof text, "%u\n", n);
	int r = sys_write_all(fd, text, (size_t)len);
	sys_close(fd);
	if (r == 0)
		sys_renameat(dir, FILE_NEW, FILE_NAME);
}

char *
autoname_take(struct engine *e)
{
	char *name = NULL;

	if (!e->next_auto)
		e->next_auto = last_kept(e->state_fd);
	do {
		free(name);
		name = mem_fmt("proc_%u", ++e->next_auto);
	} while (engine_find_name(e, name));
	if (e->next_auto > e->kept_auto) {
		e->kept_auto = e->next_auto + AHEAD;
		keep(e->state_fd, e->kept_auto);
	}
	return name;
}

void
autoname_end(struct engine *e)
{
	if (e->next_auto)
		keep(e->state_fd, e->next_auto);
}
