/*
 * serve: a program of its own answers, so that the libraries it needs are in
 * no other process of ours.
 */

#include "cli_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/exepath.h"
#include "base/mem.h"
#include "base/sys.h"

#define PROGRAM "sbx-serve"

/* Beside this one, or where it is installed. */
static const char *const places[] = { PROGRAM, "../libexec/sbx/" PROGRAM };

/* The words of the command line are the kernel's to show: the token goes on
 * in a file without a name, and is wiped out here. */
static char *
hidden_token(struct cli *c)
{
	char *token = (char *)(uintptr_t)cli_arg(c, CMD_OPT_TOKEN)->text;
	int fd = sys_memfd("token");
	int r = fd < 0 ? fd : sys_write_all(fd, token, strlen(token));

	memset(token, '*', strlen(token));
	if (r >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		r = sys_set_cloexec(fd, false);
	if (r >= 0)
		return mem_fmt("/dev/fd/%d", fd);
	sys_close(fd);
	err_set(&c->err, ERR_INTERNAL, "handing the token on: %s",
		strerror(-r));
	return NULL;
}

/* The same options, one word each. */
static char **
make_words(struct cli *c)
{
	const struct verb_row *v = c->cmd->verb;
	size_t n = 0, max = 8 + CMD_OPT_COUNT +
			    cli_arg(c, CMD_OPT_ALLOW_ORIGIN)->list_count;
	char **words = mem_array(max, sizeof *words);

	words[n++] = mem_str(PROGRAM);
	if (cli_given(c, CMD_OPT_FILE))
		words[n++] = mem_fmt("--file=%s",
				     cli_arg(c, CMD_OPT_FILE)->text);
	for (size_t i = 0; v->options[i] != CMD_OPT_COUNT; i++) {
		const struct cmd_arg *a = cli_arg(c, v->options[i]);
		const char *name = cmd_option(v->options[i])->row.name;
		if (!a->given)
			continue;
		if (v->options[i] == CMD_OPT_TOKEN) {
			char *path = hidden_token(c);
			words[n++] = mem_fmt("--token-file=%s",
					     path ? path : "");
			free(path);
			continue;
		}
		for (size_t k = 0; k < a->list_count; k++)
			words[n++] = mem_fmt("--%s=%s", name, a->list[k]);
		if (!a->list_count)
			words[n++] = mem_fmt("--%s=%s", name, a->text);
	}
	return words;
}

int
cli_serve(struct cli *c)
{
	char *program = exepath_find(places, ARRAY_LEN(places));

	if (!program) {
		err_set(&c->err, ERR_FAILED,
			"this sbx was built without HTTP: there is no '%s'",
			PROGRAM);
		err_hint(&c->err, "make WITH_HTTP=1, with libmicrohttpd");
		return cli_fail(c);
	}
	char **words = make_words(c);
	if (c->err.code == ERR_NONE) {
		execv(program, words);
		err_set(&c->err, ERR_INTERNAL, "'%.300s': %s", program,
			strerror(errno));
	}
	for (size_t i = 0; words[i]; i++)
		free(words[i]);
	free(words);
	free(program);
	return cli_fail(c);
}
