/* init: an sbxrc from the file of another program, or one to begin with. */

#include "cli_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/sys.h"
#include "conf/import_find.h"
#include "conf/rcload.h"
#include "conf/set.h"
#include "text/rowfmt.h"

enum { FILE_MAX = 4 << 20 };

extern char **environ;

struct init {
	struct cli *c;
	const char *out;	/* the sbxrc */
	int format;
	char *file;		/* to import; NULL: none */
	struct import *im;
	struct buf text;
};

/* A file that has no process is no beginning. */
static const char start[] =
	"# sbxrc - what 'sbx' runs in this directory.\n"
	"# 'sbx check' explains mistakes, 'man 5 sbxrc' lists every word.\n"
	"\n"
	"process shell {\n"
	"    desc      a terminal; Enter to use it, Ctrl-] to come back\n"
	"    argv      ${SHELL:-/bin/sh}\n"
	"    tty       yes\n"
	"}\n"
	"\n"
	"# One line for each command of the project:\n"
	"#process web npm run dev\n"
	"\n"
	"# Or a block, where there is more to say:\n"
	"#process api {\n"
	"#    cmd       ./server --port 8080\n"
	"#    cwd       ./api\n"
	"#    env       LOG_LEVEL=debug\n"
	"#    ready     port 8080\n"
	"#    restart   on-failure\n"
	"#}\n"
	"#process worker {\n"
	"#    cmd       ./worker\n"
	"#    depends   api ready\n"
	"#}\n";

/* Which format and file, from the options and from what is here. */
static int
choose(struct init *in)
{
	struct cli *c = in->c;
	const char *from = cli_arg(c, CMD_OPT_FROM)->text;
	const char *word = c->cmd->words[0];
	struct import_found found[IMPORT_FORMATS];
	size_t n = import_find(AT_FDCWD, found);

	in->format = from ? import_format_find(from) :
		word ? import_format_of(word) : -1;
	if (from && in->format < 0) {
		const struct row *r = table_suggest(&import_table, from);
		err_set(&c->err, ERR_USAGE, "'%.60s' is not a format", from);
		if (r)
			return err_hint(&c->err, "did you mean '%s'?",
					r->name);
		return err_hint(&c->err, "'sbx help formats' lists them");
	}
	if (word && in->format < 0) {
		err_set(&c->err, ERR_USAGE, "what format '%.200s' has is not "
			"clear from its name", word);
		return err_hint(&c->err, "say it with --from; 'sbx help "
				"formats' lists them");
	}
	for (size_t i = 0; !c->cmd->words[0] && i < n; i++)
		if (in->format < 0 || (int)found[i].format == in->format) {
			in->format = (int)found[i].format;
			word = found[i].file;
		} else if (!from) {
			cli_say(c, "there is a %s too: sbx init --from %s",
				found[i].file,
				import_row(found[i].format)->row.name);
		}
	if (from && !word) {
		err_set(&c->err, ERR_USAGE, "there is no %s here",
			import_row(in->format)->files[0]);
		return err_hint(&c->err, "name the file: sbx init --from %s "
				"FILE", from);
	}
	in->file = mem_str(word);
	return 0;
}

static void
quote(struct init *in, unsigned line, const char *key, const char *why)
{
	struct buf b = BUF_INIT(8192);

	buf_addf(&b, "%s:", in->file);
	if (line)
		buf_addf(&b, "%u:", line);
	buf_addf(&b, " %s%s%s", key, key[0] ? ": not translated: " : "", why);
	struct buf plain = BUF_INIT(4 * 8192);
	rowfmt_plain(&plain, buf_str(&b));
	fprintf(stderr, "%s\n", buf_str(&plain));
	buf_fini(&plain);
	buf_fini(&b);
}

/* The directory of the imported file, from that of the sbxrc; NULL if they
 * are the same.  Caller frees. */
static char *
dir_between(const char *out, const char *file)
{
	char *to = mem_str(out), *from = mem_str(file);
	char *slash = strrchr(to, '/'), *rest = NULL;

	if (slash)
		slash[slash == to] = '\0';
	char *a = realpath(slash ? to : ".", NULL);
	slash = strrchr(from, '/');
	if (slash)
		slash[slash == from] = '\0';
	char *b = realpath(slash ? from : ".", NULL);
	size_t len = a ? strlen(a) : 0;
	if (a && b && strcmp(a, b) != 0)
		rest = strncmp(a, b, len) == 0 && b[len] == '/' ?
			mem_fmt("./%s", b + len + 1) : mem_str(b);
	free(a);
	free(b);
	free(to);
	free(from);
	return rest;
}

static int
translate(struct init *in)
{
	struct cli *c = in->c;
	struct import_mistake m;
	char *dir;

	in->im = import_read((enum import_format)in->format, in->file, &m);
	if (!in->im) {
		if (m.line)
			err_set(&c->err, ERR_USAGE, "%.200s:%u: %s", in->file,
				m.line, m.text);
		else
			err_set(&c->err, ERR_USAGE, "%.200s: %s", in->file,
				m.text);
		return err_hint(&c->err, "nothing was written");
	}
	dir = dir_between(in->out, in->file);
	int r = import_write(in->im, in->file, dir, &in->text);
	free(dir);
	if (r < 0)
		return err_set(&c->err, ERR_FAILED, "%.200s: what it unfolds "
			       "to is too large", in->file);
	for (size_t i = 0; i < in->im->note_count; i++) {
		const struct import_note *n = &in->im->notes[i];
		bool alone = n->proc && !strchr(n->key, '.') &&
			strcmp(n->proc->said, n->key) != 0;
		char *key = mem_fmt("%s%s%s", alone ? n->proc->said : "",
				    alone ? "." : "", n->key);
		quote(in, n->line, key, n->why);
		free(key);
	}
	return 0;
}

/* Written beside and renamed, so that there is all of it or nothing. */
static int
put_file(struct init *in)
{
	struct cli *c = in->c;
	bool force = cli_given(c, CMD_OPT_FORCE);
	char *part = mem_fmt("%s.part", in->out);
	int fd = sys_open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
			  0644), r = fd;

	if (fd >= 0) {
		r = sys_write_all(fd, buf_str(&in->text), in->text.len);
		sys_close(fd);
	}
	/* A link, unlike a rename, is refused by a file that is there. */
	if (r >= 0 && force)
		r = sys_rename(part, in->out);
	else if (r >= 0 && link(part, in->out) < 0)
		r = -errno;
	if (fd >= 0)
		unlink(part);
	free(part);
	if (r >= 0)
		return 0;
	if (r == -EEXIST) {
		err_set(&c->err, ERR_FAILED, "there is a '%.200s' already",
			in->out);
		return err_hint(&c->err, "--force writes over it");
	}
	return err_set(&c->err, ERR_FAILED, "cannot write '%.200s': %s",
		       in->out, strerror(-r));
}

/* What is still wrong is in other files, or in what was taken over. */
static bool
check(struct init *in, size_t *count)
{
	struct buf b = BUF_INIT(1 << 20);
	struct diags *ds = diags_new();
	struct set *set = NULL;
	struct set_request rq = { .path = in->out, .trusted = true,
				  .environment = environ };
	bool ok = set_load(&rq, &set, ds) == 0;

	diags_print(ds, in->out, "look at it before you start it", &b);
	fputs(buf_str(&b), stderr);
	*count = set ? set->spec_count : 0;
	set_free(set);
	diags_free(ds);
	buf_fini(&b);
	return ok;
}

int
cli_init(struct cli *c)
{
	const char *file = cli_arg(c, CMD_OPT_FILE)->text;
	struct init in = { .c = c, .out = file ? file : "sbxrc",
			   .text = BUF_INIT(FILE_MAX) };
	struct stat st;
	size_t count;
	int rc = -1;

	if (!cli_given(c, CMD_OPT_FORCE) && lstat(in.out, &st) == 0) {
		err_set(&c->err, ERR_FAILED, "there is a '%.200s' already",
			in.out);
		err_hint(&c->err, "--force writes over it");
		goto out;
	}
	if (choose(&in) < 0)
		goto out;
	if (in.file ? translate(&in) < 0 : buf_adds(&in.text, start) < 0)
		goto out;
	if (put_file(&in) < 0)
		goto out;
	rc = check(&in, &count) ? 0 : err_exit_code(ERR_USAGE);
	if (rc == 0 && in.file && count == 0)
		printf("%s: nothing of %s runs without a container; see the "
		       "lines to uncomment\n", in.out, in.file);
	else if (rc == 0 && in.file)
		printf("%s: %zu process%s of %s; 'sbx' shows them\n", in.out,
		       count, count == 1 ? "" : "es", in.file);
	else if (rc == 0)
		printf("%s: one process to begin with; edit it\n", in.out);
out:
	free(in.file);
	import_free(in.im);
	buf_fini(&in.text);
	return rc < 0 ? cli_fail(c) : rc;
}
