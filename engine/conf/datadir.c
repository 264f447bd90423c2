#include "datadir.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/exepath.h"
#include "base/mem.h"
#include "base/table.h"

enum { DIRS_MAX = 5, NAMES_MAX = 256 };

/* Nearest first; caller frees each. */
static size_t
list_dirs(const char *kind, char *out[DIRS_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char dir[EXEPATH_MAX];
	size_t n = 0;

	if (config && *config == '/')
		out[n++] = mem_fmt("%s/sbx/%s", config, kind);
	else if (home)
		out[n++] = mem_fmt("%s/.config/sbx/%s", home, kind);
	/* In the source tree the program is in build/, its files beside;
	 * an installed tree may have been moved as a whole. */
	exepath_dir(dir);
	if (dir[0]) {
		out[n++] = mem_fmt("%s/../%s", dir, kind);
		out[n++] = mem_fmt("%s/../tui/%s", dir, kind);
		out[n++] = mem_fmt("%s/../share/sbx/%s", dir, kind);
	}
	out[n++] = mem_fmt(SBX_DATADIR "/%s", kind);
	return n;
}

char *
datadir_find(const char *kind, const char *name, const char *suffix)
{
	char *dirs[DIRS_MAX], *path = NULL;

	if (strchr(name, '/') || !*name || *name == '.')
		return NULL;
	size_t n = list_dirs(kind, dirs);
	for (size_t i = 0; i < n; i++) {
		if (!path) {
			path = mem_fmt("%s/%s%s", dirs[i], name, suffix);
			if (access(path, R_OK) < 0) {
				free(path);
				path = NULL;
			}
		}
		free(dirs[i]);
	}
	return path;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_name(char **names, size_t *count, const char *name, size_t len)
{
	for (size_t i = 0; i < *count; i++)
		if (!strncmp(names[i], name, len) && !names[i][len])
			return;
	if (*count < NAMES_MAX)
		names[(*count)++] = mem_strn(name, len);
}

char **
datadir_names(const char *kind, const char *suffix, const char *const *own)
{
	char **names = mem_array(NAMES_MAX + 1, sizeof(*names));
	char *dirs[DIRS_MAX];
	size_t count = 0, n = list_dirs(kind, dirs), tail = strlen(suffix);

	for (; *own; own++)
		add_name(names, &count, *own, strlen(*own));
	for (size_t i = 0; i < n; i++) {
		DIR *d = opendir(dirs[i]);
		struct dirent *de;
		while (d && (de = readdir(d))) {
			size_t len = strlen(de->d_name);
			if (de->d_name[0] != '.' && de->d_type != DT_DIR &&
			    len > tail &&
			    !strcmp(de->d_name + len - tail, suffix))
				add_name(names, &count, de->d_name,
					 len - tail);
		}
		if (d)
			closedir(d);
		free(dirs[i]);
	}
	qsort(names, count, sizeof(*names), compare_names);
	return names;
}

int
datadir_hint(char *const *names, const char *name, struct err *e)
{
	struct buf all = BUF_INIT(sizeof(e->hint));
	size_t count = 0;

	for (; names[count]; count++)
		(void)buf_addf(&all, "%s%s", count ? ", " : "",
			       names[count]);
	const char *near = table_nearest(name, (const char *const *)names,
					 count);
	if (near)
		err_hint(e, "did you mean '%s'?", near);
	else
		err_hint(e, "one of: %s", buf_str(&all));
	buf_fini(&all);
	return -1;
}
