#ifndef SBX_FUZZ_H
#define SBX_FUZZ_H

/*
 * What the targets share that load an sbxrc: a directory of their own, which
 * is gone at the end, beside what all share (must.h).
 */

#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "must.h"

static char dir[] = "/tmp/sbx-fuzz.XXXXXX";

static void
clean_up(void)
{
	unlink("sbxrc");
	unlink("env");
	if (chdir("/") == 0)
		rmdir(dir);
}

/* Goes there, with the first input. */
static void
begin(void)
{
	static int begun;

	if (begun++)
		return;
	setlocale(LC_ALL, "C.UTF-8");
	umask(022);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		abort();
	atexit(clean_up);
}

/* One of the names that clean_up knows. */
static void
write_file(const char *name, const void *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif
