#include "tips.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "engine/base/base.h"
#include "engine/base/sys.h"
#include "statefile.h"

/* Short enough for a list of 26 columns. */
static const char *const tips[] = {
	"tip: ? lists all keys",
	"tip: ! goes to failures",
	"tip: A merges the logs",
};

const char *
tips_next(void)
{
	char *path = statefile_path("tips"), text[16] = "";
	int fd = path ? sys_open(path, O_RDWR | O_CREAT, 0600) : -1;

	free(path);
	if (fd < 0)
		return NULL;
	ssize_t n = sys_pread(fd, text, sizeof(text) - 1, 0);
	unsigned long no = n > 0 ? strtoul(text, NULL, 10) : 0;
	int len = snprintf(text, sizeof(text), "%lu\n", no + 1);
	bool kept = no < ARRAY_LEN(tips) &&
		    sys_pwrite(fd, text, (size_t)len, 0) == len;
	sys_close(fd);
	return kept ? tips[no] : NULL;
}
