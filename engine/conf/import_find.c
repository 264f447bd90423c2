#include "import_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "setfile.h"

#define LEVELS_MAX 16		/* of directories above a package.json */

/* Files that were written for running processes go before those that have
 * other purposes too. */
static const enum import_format order[IMPORT_FORMATS] = {
	IMPORT_PROCFILE, IMPORT_PCOMPOSE, IMPORT_MPROCS, IMPORT_NPM,
	IMPORT_COMPOSE,
};

size_t
import_find(int dir, struct import_found out[IMPORT_FORMATS])
{
	size_t n = 0;

	for (size_t i = 0; i < IMPORT_FORMATS; i++) {
		const char *const *name = import_row(order[i])->files;
		struct stat st;
		while (*name && (fstatat(dir, *name, &st, 0) < 0 ||
				 !S_ISREG(st.st_mode)))
			name++;
		if (*name)
			out[n++] = (struct import_found){ order[i], *name };
	}
	return n;
}

char *
import_suggest(int dir)
{
	struct import_found found[IMPORT_FORMATS];

	if (import_find(dir, found) == 0)
		return NULL;
	return mem_fmt("'sbx init --from %s' makes one of the %s here",
		       import_row(found[0].format)->row.name, found[0].file);
}

const char *
import_runner(const char *dir)
{
	static const struct {
		const char *file, *runner;
	} locks[] = {
		{ "pnpm-lock.yaml", "pnpm" }, { "yarn.lock", "yarn" },
		{ "bun.lock", "bun" }, { "bun.lockb", "bun" },
		{ "package-lock.json", "npm" },
	};
	char *at = mem_str(dir);
	const char *runner = NULL;
	bool top = false;

	for (int level = 0; level < LEVELS_MAX && !runner && !top; level++) {
		for (size_t i = 0; i < ARRAY_LEN(locks) && !runner; i++) {
			char *path = mem_fmt("%s/%s", at, locks[i].file);
			if (access(path, F_OK) == 0)
				runner = locks[i].runner;
			free(path);
		}
		/* The packages of a repository share the lock file above. */
		char *git = mem_fmt("%s/.git", at);
		top = access(git, F_OK) == 0;
		free(git);
		char *above = mem_fmt("%s/..", at);
		free(at);
		at = above;
	}
	free(at);
	return runner;
}

/* The PORT of a .env file; the usual one without. */
static unsigned
port_beside(const char *dir)
{
	struct buf text = BUF_INIT(IMPORT_BYTES_MAX);
	struct err e = ERR_INIT;
	char *path = mem_fmt("%s/.env", dir);
	unsigned port = IMPORT_PORT, n;

	if (setfile_read(path, 0, &text, NULL, &e) == 0)
		for (const char *at = buf_str(&text); at && *at;) {
			if (sscanf(at, "PORT=%5u", &n) == 1 ||
			    sscanf(at, "export PORT=%5u", &n) == 1)
				port = n;
			at = strchr(at, '\n');
			at += at != NULL;
		}
	free(path);
	buf_fini(&text);
	return port >= 1 && port <= 65535 ? port : IMPORT_PORT;
}

/* foreman counts from there. */
static void
move_ports(struct import *im, unsigned base)
{
	for (size_t i = 0; i < im->proc_count; i++) {
		struct import_proc *p = im->procs[i];
		unsigned port = p->port + base - IMPORT_PORT;
		if (p->port)
			p->port = port <= 65535 ? port : 0;
	}
}

struct import *
import_read(enum import_format f, const char *path, struct import_mistake *m)
{
	struct buf text = BUF_INIT(IMPORT_BYTES_MAX);
	struct err e = ERR_INIT;
	const char *slash = strrchr(path, '/');
	char *dir = slash ? mem_strn(path, (size_t)(slash + 1 - path)) :
		mem_str(".");
	struct import *im = NULL;

	if (setfile_read(path, 0, &text, NULL, &e) < 0)
		import_wrong(m, 0, 0, "%s", e.text);
	else
		im = import_parse(f, buf_str(&text), text.len,
				  f == IMPORT_NPM ? import_runner(dir) : NULL,
				  m);
	if (im && f == IMPORT_PROCFILE)
		move_ports(im, port_beside(dir));
	free(dir);
	buf_fini(&text);
	return im;
}

int
import_format_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	for (int f = 0; f < IMPORT_FORMATS; f++)
		for (const char *const *name = import_row(f)->files; *name;
		     name++)
			if (strcmp(*name, file) == 0)
				return f;
	return strncmp(file, "Procfile", 8) == 0 ? IMPORT_PROCFILE : -1;
}
