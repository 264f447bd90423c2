#include "exepath.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

void
exepath(char out[EXEPATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, EXEPATH_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
}

void
exepath_dir(char out[EXEPATH_MAX])
{
	exepath(out);
	char *slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
}

char *
exepath_find(const char *const *places, size_t count)
{
	char dir[EXEPATH_MAX], *found = NULL;

	exepath_dir(dir);
	for (size_t i = 0; dir[0] && i < count && !found; i++) {
		char *path = mem_fmt("%s/%s", dir, places[i]);
		found = realpath(path, NULL);
		free(path);
		if (found && access(found, X_OK) < 0) {
			free(found);
			found = NULL;
		}
	}
	return found;
}
