#ifndef SBX_COMMAND_H
#define SBX_COMMAND_H

/*
 * Commands of the screen: what a key is bound to, what ':' takes, what a
 * hint runs.  A line is first looked up among the actions of the screen
 * (action.h), then among the verbs of the command line (engine/cmd.h); a
 * verb that needs a NAME and has none means the selected process.
 */

#include <stdbool.h>
#include <stddef.h>

struct ui;

struct spec_args;

/* Runs a line; what goes wrong becomes a toast.  What would hit several
 * processes is asked first. */
void	command_run(struct ui *ui, const char *line);
/* After the question was answered: no further question. */
void	command_sure(struct ui *ui, const char *line);
/* Adds a process and starts it; restart is an enum spec_restart. */
void	command_add(struct ui *ui, const struct spec_args *a, int restart);

/* One way to go on from what is typed. */
struct completion {
	char *text;		/* replaces the line from `from` on */
	char *help;		/* one phrase */
	size_t from;
};

/* Those that fit, at most max; caller frees with completion_free. */
size_t	command_complete(struct ui *ui, const char *line,
			 struct completion *out, size_t max);
void	completion_free(struct completion *c, size_t count);

#endif
