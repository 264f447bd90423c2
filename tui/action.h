#ifndef SBX_ACTION_H
#define SBX_ACTION_H

/*
 * What the screen itself can do: one function for each row of actions.h,
 * found by the keymap, by ':' and by the list of keys.  Verbs that change
 * processes are not here but in engine/cmd.h.
 */

#include "engine/conf/actions.h"

struct ui;

/* argv[0] is the name. */
void	action_run(struct ui *ui, const struct action_row *a, int argc,
		   char *const *argv);

/* The file at that line in the editor, then what a reload would do; a path
 * is from the directory of the set. */
void	action_edit(struct ui *ui, const char *file, unsigned line);
/* Any file; done gets the status of the editor. */
void	action_edit_file(struct ui *ui, const char *path, unsigned line,
			 void (*done)(struct ui *ui, int status));

#endif
