#ifndef SBX_CLI_TREE_H
#define SBX_CLI_TREE_H

/*
 * The members of a process's tree, and of what its former runs have left, as
 * the engine has just seen them (details.c).
 */

#include <stddef.h>

struct buf;
struct cli;
struct jsonout;

struct cli_tree {
	char *text;		/* the answer, taken apart in place */
	struct detailrow_member *v;
	size_t count;
};

/* 0, or -1 with c->err; then nothing has to be freed. */
int	cli_tree_ask(struct cli *c, const char *name, struct cli_tree *t);
void	cli_tree_fini(struct cli_tree *t);

/* Lines of show.  0 or -EMSGSIZE. */
int	cli_tree_text(struct buf *out, const struct cli_tree *t);
/* "tree":[{"pid","ppid","cpu_ms","rss","command","left"}...]; none: nothing. */
void	cli_tree_json(struct jsonout *j, const struct cli_tree *t);

#endif
