#ifndef SBX_ACTION_H
#define SBX_ACTION_H

/*
 * What the screen itself can do: one row each, found by the keymap, by ':'
 * and by the list of keys.  Verbs that change processes are not here but in
 * engine/cmd.h.
 */

#include <stddef.h>
#include "engine/table.h"

struct ui;

typedef void action_fn(struct ui *ui, int argc, char *const *argv);

struct action {
	struct row row;
	const char *section;	/* of the list of keys */
	action_fn *fn;		/* argv[0] is the name */
};

extern const struct table action_table;

#endif
