#ifndef SBX_SET_H
#define SBX_SET_H

/*
 * What the configuration files of one project define: processes, groups,
 * settings, keys, colours.  Built by set_load() (rcload.h) and then only
 * read; a reload builds another one and compares.  Owns everything in it.
 */

#include <stdbool.h>
#include <stddef.h>

struct options;
struct spec;
struct spec_env;

#define SET_PROCESSES_MAX 10000

struct set_group {
	char *name;
	char **members;		/* names of processes, globs resolved */
	char *cwd;		/* absolute, or NULL */
	struct spec_env *env;
	size_t env_count;
	char *file;
	unsigned line;
};

/* bind and unbind, in the order of the files. */
struct set_bind {
	char *mode;		/* NULL = every mode */
	char *key;		/* as written: "C-k" */
	char *command;		/* NULL = unbind */
	char *file;
	unsigned line;
	bool preset;		/* of a "set keys" line */
};

struct set_color {
	char *role;
	char **words;		/* NULL-terminated: FG [BG] [bold ...] */
	char *file;
	unsigned line;
};

struct set {
	char *name;		/* of the session */
	char *dir;		/* absolute: relative paths start here */
	char *path;		/* the project's sbxrc, NULL if there is none */
	struct options *options;
	struct spec **specs;	/* in the order of the file */
	size_t spec_count;
	struct set_group *groups;
	size_t group_count;
	struct spec_env *env;	/* of the set, "path" included */
	size_t env_count;
	struct set_bind *binds;
	size_t bind_count;
	struct set_color *colors;
	size_t color_count;
	char **files;		/* NULL-terminated: every file that was read */
};

void	set_bind_fini(struct set_bind *b);
void	set_free(struct set *set);		/* NULL is fine */
const struct spec *set_find(const struct set *set, const char *name);
/* Of "worker.2" that of "worker", where it has none of its own; NULL. */
const struct spec *set_spec_of(const struct set *set, const char *process);
const struct set_group *set_find_group(const struct set *set,
				       const char *name);

#endif
