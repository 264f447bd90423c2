#ifndef SBX_CLI_STDIN_H
#define SBX_CLI_STDIN_H

/*
 * What the caller pipes into a command goes on to the process that it runs:
 * one piece at a time, the next one is read when the engine has taken the
 * last.  A process that does not read holds back this stdin and nothing else;
 * the end of the file is passed on; a process that has ended, or closed its
 * stdin, ends the passing on and is no error.
 */

#include <stdbool.h>
#include <stdint.h>

struct cli;
struct cli_stdin;

/* Is there something that could be passed on?  Not from a terminal, which is
 * a person's and may be wanted by a shell in front, nor /dev/null. */
bool	cli_stdin_is_given(void);
/* Begins, once the process runs.  NULL with c->err. */
struct cli_stdin *cli_stdin_new(struct cli *c, uint32_t proc);
void	cli_stdin_free(struct cli_stdin *in);		/* NULL is fine */
/* The connection is a new one: goes on there. */
void	cli_stdin_again(struct cli_stdin *in);

#endif
