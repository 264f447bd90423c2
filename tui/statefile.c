#include "statefile.h"

#include <stdlib.h>
#include "engine/base/mem.h"
#include "engine/base/sys.h"

char *
statefile_path(const char *name)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *dir = NULL, *path = NULL;

	if (state && *state == '/')
		dir = mem_fmt("%s/sbx", state);
	else if (home)
		dir = mem_fmt("%s/.local/state/sbx", home);
	int fd = dir ? sys_private_dir(dir) : -1;
	if (fd >= 0) {
		path = mem_fmt("%s/%s", dir, name);
		sys_close(fd);
	}
	free(dir);
	return path;
}
