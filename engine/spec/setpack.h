#ifndef SBX_SETPACK_H
#define SBX_SETPACK_H

/*
 * A set as it goes from the client that read the sbxrc to the engine, and
 * into the registry.  The engine never parses configuration: it gets checked
 * values, the environment of whoever loaded them, and checks each spec again
 * as it unpacks it.
 */

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct spec;

struct setpack_group {
	char *name;
	char **members;		/* resolved names, NULL-terminated */
	char **env;		/* "K=V" and "-K" of the file, to be shown */
	char *cwd;		/* "": none; to be shown too */
};

struct setpack {
	char *name, *dir, *rc_path;	/* rc_path "" without a file */
	char **environ;			/* what every process starts from */
	char **settings;		/* "key value" lines for the engine */
	char **env;		/* of the set, to be shown: the specs have it */
	char **files;		/* every file that was read */
	struct setpack_group *groups;
	size_t group_count;
	struct spec **specs;
	size_t spec_count;
};

enum { SETPACK_SPECS_MAX = 10000, SETPACK_GROUPS_MAX = 1000 };

int	setpack_put(struct buf *b, const struct setpack *s);
/* Allocates *s; free with setpack_fini.  0, or -1 with e. */
int	setpack_get(const void *data, size_t len, struct setpack *s,
		    struct err *e);
void	setpack_fini(struct setpack *s);

#endif
